//! Debian packages that are missing, where this process may install them.

use anyhow::{Context as _, Result};
use tokio::process::Command;

use crate::progress::Step;
use crate::tool;

/// Whether packages can be installed without asking anybody: Debian's tools, and root or a sudo that wants no password.
pub async fn is_possible() -> bool {
    tool::find("apt-get").is_some() && (is_root() || has_sudo().await)
}

/// Installs Debian packages.
pub async fn packages(names: &[&str]) -> Result<()> {
    let step = Step::begin(format!("installing {} (Debian packages)", names.join(", ")));
    let _ = tool::output(apt_get().args(["update"])).await;
    let mut install = apt_get();
    install.args(["install", "--yes", "--no-install-recommends"]).args(names);
    tool::output(&mut install).await.with_context(|| format!("cannot install {}", names.join(", ")))?;
    step.done();
    Ok(())
}

/// `apt-get` that asks nothing and waits for other package managers to finish.
fn apt_get() -> Command {
    let mut command = as_root("env");
    command.args(["DEBIAN_FRONTEND=noninteractive", "apt-get", "--quiet", "--option", "DPkg::Lock::Timeout=120"]);
    command
}

/// A command with the rights of root.
pub(crate) fn as_root(program: &str) -> Command {
    if is_root() {
        return tool::command(program);
    }
    let mut command = tool::command("sudo");
    command.args(["-n", program]);
    command
}

/// Whether this process is root's.
pub fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

async fn has_sudo() -> bool {
    tool::find("sudo").is_some() && tool::output(tool::command("sudo").args(["-n", "true"])).await.is_ok()
}
