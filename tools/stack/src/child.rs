//! A server that runs beside this process and never outlives it.

use std::fs::File;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use rustix::process::{Pid, Signal, kill_process_group};

/// How long a server may take to end by itself before it is killed.
const PATIENCE: Duration = Duration::from_secs(15);

/// How a server is asked to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// SIGTERM.
    Terminate,
    /// SIGINT, PostgreSQL's "fast": open transactions are rolled back.
    Interrupt,
    /// SIGKILL, for what takes too long otherwise and keeps nothing of worth.
    Kill,
}

impl Ending {
    fn signal(self) -> Signal {
        match self {
            Self::Terminate => Signal::TERM,
            Self::Interrupt => Signal::INT,
            Self::Kill => Signal::KILL,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Terminate => "TERM",
            Self::Interrupt => "INT",
            Self::Kill => "KILL",
        }
    }
}

/// A running server, with its output in a log file. It leads a process group of its own, so that Ctrl-C reaches only this process,
/// which then stops its servers in order. It is stopped on `Drop`; should this process be killed, a watchdog stops it.
#[derive(Debug)]
pub struct Child {
    name: String,
    inner: std::process::Child,
    watchdog: std::process::Child,
    ending: Ending,
    log: PathBuf,
    status: Option<ExitStatus>,
}

impl Child {
    /// Starts it.
    pub fn spawn(name: &str, command: &mut Command, ending: Ending, log: &Path) -> Result<Self> {
        let output = File::options().create(true).append(true).open(log).with_context(|| format!("cannot write {}", log.display()))?;
        let errors = output.try_clone().context("cannot share the log file")?;
        command.process_group(0).stdin(Stdio::null()).stdout(output).stderr(errors);
        let mut inner = command.spawn().with_context(|| format!("cannot start {name} ({})", command.get_program().display()))?;
        let watchdog = match watchdog(inner.id(), ending) {
            Ok(watchdog) => watchdog,
            Err(error) => {
                let _ = inner.kill();
                let _ = inner.wait();
                return Err(error);
            }
        };
        Ok(Self { name: name.to_owned(), inner, watchdog, ending, log: log.to_owned(), status: None })
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.inner.id()
    }

    /// An error with the end of its log, when it no longer runs.
    pub fn check(&mut self) -> Result<()> {
        let Some(status) = self.poll() else { return Ok(()) };
        bail!("{} ended ({status}); the end of {}:\n{}", self.name, self.log.display(), last_lines(&self.log, 15));
    }

    /// Waits until `ready` says so.
    pub async fn wait_until_ready(&mut self, limit: Duration, mut ready: impl AsyncFnMut() -> bool) -> Result<()> {
        let started = Instant::now();
        while !ready().await {
            self.check()?;
            if started.elapsed() > limit {
                let end = last_lines(&self.log, 15);
                bail!("{} did not get ready within {} s; the end of {}:\n{end}", self.name, limit.as_secs(), self.log.display());
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Ok(())
    }

    /// Ends it at once, in the middle of whatever it does (SIGKILL).
    pub fn kill(&mut self) {
        self.signal(Signal::KILL);
        self.reap();
    }

    /// Halts it where it is, without its knowing (SIGSTOP).
    pub fn pause(&mut self) {
        self.signal(Signal::STOP);
    }

    /// Lets it go on after a [`pause`](Self::pause).
    pub fn resume(&mut self) {
        self.signal(Signal::CONT);
    }

    /// Asks it to end, and kills it when it does not.
    pub fn stop(&mut self) {
        self.end_by(self.ending.signal());
    }

    /// Has it end at once together with its own children, whom [`kill`](Self::kill) leaves alone (SIGQUIT, PostgreSQL's "immediate").
    pub fn quit(&mut self) {
        self.end_by(Signal::QUIT);
    }

    fn end_by(&mut self, signal: Signal) {
        self.signal(signal);
        // A halted process does not hear anything else.
        self.resume();
        let asked = Instant::now();
        while self.poll().is_none() && asked.elapsed() < PATIENCE {
            std::thread::sleep(Duration::from_millis(5));
        }
        self.kill();
    }

    fn poll(&mut self) -> Option<ExitStatus> {
        if self.status.is_none() {
            self.status = self.inner.try_wait().ok().flatten();
        }
        self.status
    }

    /// A process that has been waited for has no id any more: only one that has not gets the signal.
    fn signal(&mut self, signal: Signal) {
        if self.poll().is_none() {
            let _ = kill_process_group(Pid::from_child(&self.inner), signal);
        }
    }

    fn reap(&mut self) {
        // First the watchdog: it must not signal an id that may soon belong to somebody else.
        let _ = self.watchdog.kill();
        let _ = self.watchdog.wait();
        if self.status.is_none() {
            self.status = self.inner.wait().ok();
        }
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        self.stop();
    }
}

/// A shell that waits until its standard input closes, which happens when this process ends for whatever reason, and then signals
/// the server's process group.
fn watchdog(id: u32, ending: Ending) -> Result<std::process::Child> {
    Command::new("sh")
        .args(["-c", r#"read -r _; kill -s "$1" -- "-$2"; kill -s CONT -- "-$2""#, "watchdog", ending.name(), &id.to_string()])
        .process_group(0)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .context("cannot start the shell `sh`")
}

/// The last lines of a log file.
pub fn last_lines(log: &Path, count: usize) -> String {
    let bytes = std::fs::read(log).unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes);
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(count)..].join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sleeper(log: &Path) -> Child {
        Child::spawn("sleeper", Command::new("sh").args(["-c", "sleep 60 & wait"]), Ending::Terminate, log).expect("sh starts")
    }

    #[test]
    fn a_child_and_its_children_end_with_the_value() {
        let dir = crate::paths::TemporaryDir::new("child").expect("a folder");
        let child = sleeper(&dir.path().join("log"));
        let group = Pid::from_child(&child.inner);
        drop(child);
        let gone = || rustix::process::test_kill_process_group(group).is_err();
        let started = Instant::now();
        while !gone() && started.elapsed() < Duration::from_secs(5) {
            std::thread::sleep(Duration::from_millis(5));
        }
        assert!(gone(), "the group of the child is still there");
    }

    #[test]
    fn a_paused_child_is_stopped_at_once() {
        let dir = crate::paths::TemporaryDir::new("paused").expect("a folder");
        let mut child = sleeper(&dir.path().join("log"));
        child.pause();
        let started = Instant::now();
        child.stop();
        assert!(started.elapsed() < PATIENCE, "it had to be killed");
    }

    #[test]
    fn the_watchdog_ends_a_child_whose_parent_is_gone() {
        let dir = crate::paths::TemporaryDir::new("watchdog").expect("a folder");
        let mut child = sleeper(&dir.path().join("log"));
        drop(child.watchdog.stdin.take());
        let started = Instant::now();
        while child.poll().is_none() && started.elapsed() < Duration::from_secs(5) {
            std::thread::sleep(Duration::from_millis(5));
        }
        assert!(child.poll().is_some(), "the child still runs");
    }
}
