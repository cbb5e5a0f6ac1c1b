//! Programs that are run to their end: cargo, apt-get, pip, initdb.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context as _, Result, bail};
use tokio::process::Command;

/// Looks a program up in `PATH`.
pub fn find(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|dir| dir.join(program)).find(|file| is_executable(file))
}

/// Whether a file can be run.
pub fn is_executable(file: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::metadata(file).is_ok_and(|file| file.is_file() && file.permissions().mode() & 0o111 != 0)
}

/// A command that ends with this process, and reads nothing.
pub fn command(program: impl AsRef<std::ffi::OsStr>) -> Command {
    let mut command = Command::new(program);
    command.stdin(Stdio::null()).kill_on_drop(true);
    command
}

/// Runs a command whose output a person wants to see.
pub async fn run(command: &mut Command) -> Result<()> {
    let name = text(command);
    let status = command.status().await.with_context(|| format!("cannot run {name}"))?;
    if !status.success() {
        bail!("`{name}` failed ({status})");
    }
    Ok(())
}

/// Runs a command that is to be quiet, and gives what it printed. When it fails, its last words are in the error.
pub async fn output(command: &mut Command) -> Result<String> {
    let name = text(command);
    let output = command.output().await.with_context(|| format!("cannot run {name}"))?;
    if !output.status.success() {
        let mut words = String::from_utf8_lossy(&output.stdout).into_owned();
        words.push_str(&String::from_utf8_lossy(&output.stderr));
        let lines: Vec<&str> = words.trim().lines().collect();
        bail!("`{name}` failed ({}):\n{}", output.status, lines[lines.len().saturating_sub(12)..].join("\n"));
    }
    String::from_utf8(output.stdout).with_context(|| format!("{name} printed no text"))
}

/// The command as a person would type it.
fn text(command: &Command) -> String {
    let command = command.as_std();
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}
