//! Finds PostgreSQL's programs, and installs them where they are missing.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

use crate::{install, progress, tool};

/// The oldest version that Spillway runs on.
const OLDEST: u32 = 15;

/// PostgreSQL's server programs.
#[derive(Clone, Debug)]
pub struct Binaries {
    dir: PathBuf,
    major: u32,
}

impl Binaries {
    /// Finds the newest, or the one of a given version; installs Debian's where there is none.
    pub async fn find(major: Option<u32>) -> Result<Self> {
        if let Some(found) = Self::installed(major).await {
            return Ok(found);
        }
        let missing = match major {
            Some(major) => format!("PostgreSQL {major}, which the data in .spillway was made with, is not here"),
            None => format!("PostgreSQL {OLDEST} or newer is not here"),
        };
        if !install::is_possible().await {
            bail!("{missing}: install it (Debian: `apt-get install postgresql`), or name a server that runs with --database-url");
        }
        progress::note(&missing);
        install_without_cluster(major).await?;
        Self::installed(major).await.with_context(|| format!("{missing}, and the system's package is older"))
    }

    async fn installed(major: Option<u32>) -> Option<Self> {
        let mut found = Vec::new();
        for dir in candidates().await {
            found.extend(Self::in_dir(&dir).await);
        }
        found.into_iter().filter(|found| major.is_none_or(|major| found.major == major)).max_by_key(|found| found.major)
    }

    async fn in_dir(dir: &Path) -> Option<Self> {
        // A name in PATH may be a link into the folder that holds the rest.
        let dir = dir.join("postgres").canonicalize().ok()?.parent()?.to_owned();
        let complete = ["postgres", "initdb"].iter().all(|name| tool::is_executable(&dir.join(name)));
        let major = major(&tool::output(tool::command(dir.join("postgres")).arg("--version")).await.ok()?)?;
        (complete && major >= OLDEST).then_some(Self { dir, major })
    }

    /// The major version.
    pub fn major(&self) -> u32 {
        self.major
    }

    /// One of the programs.
    pub fn program(&self, name: &str) -> PathBuf {
        let beside = self.dir.join(name);
        if beside.exists() { beside } else { tool::find(name).unwrap_or(beside) }
    }

    /// Whether the server can preload a library.
    pub(crate) fn has_library(&self, name: &str) -> bool {
        let file = format!("{name}.so");
        ["../lib", "../lib/postgresql"].iter().any(|lib| self.dir.join(lib).join(&file).exists())
    }
}

/// The folders that may hold the programs.
async fn candidates() -> Vec<PathBuf> {
    let mut dirs: Vec<PathBuf> = tool::find("postgres").and_then(|file| Some(file.parent()?.to_owned())).into_iter().collect();
    let debian = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    dirs.extend(debian.map(|version| version.path().join("bin")));
    if let Ok(dir) = tool::output(tool::command("pg_config").arg("--bindir")).await {
        dirs.push(PathBuf::from(dir.trim()));
    }
    dirs
}

/// The major version in "postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)".
fn major(version: &str) -> Option<u32> {
    let number = version.split(") ").nth(1)?;
    number.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

/// Debian's package would also make a cluster and start it on port 5432, which nobody asked for.
async fn install_without_cluster(major: Option<u32>) -> Result<()> {
    const SETTING: &str = "/etc/postgresql-common/createcluster.d/no-cluster.conf";
    let package = major.map_or_else(|| "postgresql".to_owned(), |major| format!("postgresql-{major}"));
    install::ask(&[&package]).await?;
    let script = format!("mkdir -p \"${{0%/*}}\" && echo 'create_main_cluster = false' > {SETTING}");
    tool::output(install::as_root("sh").args(["-c", &script, SETTING])).await?;
    let installed = install::packages(&[&package]).await;
    tool::output(install::as_root("rm").args(["-f", SETTING])).await?;
    installed
}

#[cfg(test)]
mod tests {
    use super::major;

    #[test]
    fn the_major_version_is_read_from_what_postgres_prints() {
        assert_eq!(major("postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n"), Some(15));
        assert_eq!(major("postgres (PostgreSQL) 19beta1\n"), Some(19));
        assert_eq!(major("something else\n"), None);
    }
}
