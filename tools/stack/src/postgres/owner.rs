//! The user that PostgreSQL runs as: it refuses to run as root.

use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use crate::{install, paths};

/// An unprivileged user.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Owner {
    user: u32,
    group: u32,
}

impl Owner {
    /// Nobody else where this process is not root; else the user `postgres` or, where there is none, `nobody`.
    pub(crate) fn needed() -> Result<Option<Self>> {
        if !install::is_root() {
            return Ok(None);
        }
        let passwd = paths::read(Path::new("/etc/passwd"))?;
        let Some(owner) = find(&passwd, "postgres").or_else(|| find(&passwd, "nobody")) else {
            bail!("PostgreSQL does not run as root, and there is no user `postgres` or `nobody` to run it as");
        };
        Ok(Some(owner))
    }

    /// Makes a command run as this user. Being root's until then, it loses root's further groups, too.
    pub(crate) fn run(self, command: &mut Command) {
        command.uid(self.user).gid(self.group);
    }

    /// Makes a file or folder this user's.
    pub(crate) fn take_over(self, path: &Path) -> Result<()> {
        std::os::unix::fs::chown(path, Some(self.user), Some(self.group)).with_context(|| format!("cannot give {} away", path.display()))
    }

    /// Whether this user gets into a folder: not into one below another user's home.
    fn reaches(self, dir: &Path) -> bool {
        let mut test = Command::new("test");
        test.arg("-x").arg(dir);
        self.run(&mut test);
        test.status().is_ok_and(|status| status.success())
    }

    /// `wanted`, or a folder under /var/tmp where this user does not get there.
    pub(crate) fn reachable(self, wanted: &Path) -> Result<PathBuf> {
        if self.reaches(wanted) {
            return Ok(wanted.to_owned());
        }
        let name = |path: &Path| format!("spillway{}", path.display().to_string().replace('/', "-"));
        let parent = Path::new("/var/tmp");
        paths::remove_leftovers(parent, &format!("{}-", name(wanted.parent().unwrap_or(wanted))));
        let elsewhere = parent.join(name(wanted));
        paths::create_dir(&elsewhere)?;
        self.take_over(&elsewhere)?;
        Ok(elsewhere)
    }
}

fn find(passwd: &str, name: &str) -> Option<Owner> {
    let fields = passwd.lines().map(|line| line.split(':').collect::<Vec<_>>()).find(|fields| fields[0] == name)?;
    Some(Owner { user: fields.get(2)?.parse().ok()?, group: fields.get(3)?.parse().ok()? })
}
