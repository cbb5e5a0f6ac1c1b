//! Debian packages that are missing, where this process may install them.

use std::io::{IsTerminal as _, stdin};
use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use tokio::process::Command;

use crate::progress::{self, Step};
use crate::{paths, tool};

/// Whether packages can be installed without asking anybody: Debian's tools, and root or a sudo that wants no password.
pub async fn is_possible() -> bool {
    tool::find("apt-get").is_some() && (is_root() || has_sudo().await)
}

/// Says which packages are about to be installed and, where somebody is there, waits until they want it so.
pub async fn ask(names: &[&str]) -> Result<()> {
    let who = if is_root() { "apt-get" } else { "sudo apt-get" };
    progress::note(&format!("about to install {} and what that needs, with `{who}`", names.join(", ")));
    if !(stdin().is_terminal() && std::io::stderr().is_terminal()) {
        return Ok(());
    }
    progress::note("Enter goes on, Ctrl-C ends it");
    let (answer, answered) = tokio::sync::oneshot::channel();
    // A thread of its own: the runtime would wait for one of its threads that still reads, and Ctrl-C would not end it.
    std::thread::spawn(move || answer.send(stdin().read_line(&mut String::new())));
    ensure!(answered.await?.context("cannot read the answer")? > 0, "nothing was installed, since the input has ended");
    Ok(())
}

/// Installs Debian packages; [`ask`] before.
pub async fn packages(names: &[&str]) -> Result<()> {
    let step = Step::begin(format!("installing {} (Debian packages)", names.join(", ")));
    let _ = tool::output(apt_get().args(["update"])).await;
    let mut install = apt_get();
    install.args(["install", "--yes", "--no-install-recommends"]).args(names);
    tool::output(&mut install).await.with_context(|| format!("cannot install {}", names.join(", ")))?;
    step.done();
    Ok(())
}

/// Unpacks a Debian package into a folder, and installs nothing.
pub async fn unpack(name: &str, dir: &Path) -> Result<()> {
    paths::create_dir(dir)?;
    let download = async || tool::output(tool::command("apt-get").args(["--quiet", "download", name]).current_dir(dir)).await;
    if download().await.is_err() {
        // The lists of packages may be missing, or old.
        ensure!(is_possible().await, "{name} cannot be fetched: `apt-get update` may help");
        let _ = tool::output(apt_get().args(["update"])).await;
        download().await.with_context(|| format!("cannot fetch {name}"))?;
    }
    for package in paths::files(dir)?.iter().filter(|file| file.extension().is_some_and(|extension| extension == "deb")) {
        tool::output(tool::command("dpkg-deb").arg("--extract").arg(package).arg(dir)).await?;
    }
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
