//! `local-runtime` as a process: an app on a port of this machine.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result};

use crate::child::{Child, Ending};
use crate::progress::Step;
use crate::{build, paths, ports};

/// How it is started, every time.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The app's manifest, from the repository's root on. Its components are built.
    pub manifest: &'static str,
    /// Where it listens.
    pub listen: SocketAddr,
    /// The app's variables.
    pub variables: BTreeMap<String, String>,
    /// The limit of a component's memory, in bytes; the runtime has its own default.
    pub max_instance_memory: Option<u64>,
    /// The limit of a request's time, in seconds; the runtime has its own default.
    pub request_timeout: Option<u64>,
    /// Where it keeps its state, and where its log goes.
    pub dir: PathBuf,
}

/// The running app, stopped on `Drop`.
#[derive(Debug)]
pub struct Runtime {
    settings: Settings,
    child: Option<Child>,
}

impl Runtime {
    /// Starts it and waits until it answers.
    pub async fn start(settings: Settings) -> Result<Self> {
        let mut runtime = Self { settings, child: None };
        runtime.restart().await?;
        Ok(runtime)
    }

    /// Its URL, without a path.
    pub fn url(&self) -> String {
        format!("http://{}", self.settings.listen)
    }

    /// What it was started with. A change counts from the next [`restart`](Self::restart) on.
    pub fn settings_mut(&mut self) -> &mut Settings {
        &mut self.settings
    }

    /// Its process id, while it runs.
    pub fn id(&self) -> Option<u32> {
        self.child.as_ref().map(Child::id)
    }

    /// What it and the components have logged.
    pub fn log_file(&self) -> PathBuf {
        self.settings.dir.join("runtime.log")
    }

    /// An error when it has ended by itself.
    pub fn check(&mut self) -> Result<()> {
        self.child.as_mut().map_or(Ok(()), Child::check)
    }

    /// Ends it in the middle of whatever it does (SIGKILL).
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill();
        }
    }

    /// Halts it where it is, without its knowing, as a machine that is short of time does.
    pub fn pause(&mut self) {
        if let Some(child) = &mut self.child {
            child.pause();
        }
    }

    /// Lets it go on after a [`pause`](Self::pause).
    pub fn resume(&mut self) {
        if let Some(child) = &mut self.child {
            child.resume();
        }
    }

    /// Starts another one over the same database and store, as a platform does that runs several: on a port and with a log of its own.
    pub async fn start_replica(&self) -> Result<Self> {
        let mut settings = self.settings.clone();
        settings.listen = ports::free_address()?;
        settings.variables.insert("app_url".into(), format!("http://{}", settings.listen));
        settings.dir = settings.dir.join("replica");
        Self::start(settings).await
    }

    /// Stops it in order.
    pub fn stop(&mut self) {
        self.child = None;
    }

    /// Starts it (again, after it was stopped or killed) on the same port, and waits until it answers.
    pub async fn restart(&mut self) -> Result<()> {
        self.stop();
        let program = build::runtime().await?;
        self.create_state_dir()?;
        let step = Step::begin("starting the app");
        let mut child = Child::spawn("local-runtime", &mut self.command(program), Ending::Terminate, &self.log_file())?;
        let health = format!("{}/.well-known/spin/health", self.url());
        let client = reqwest::Client::new();
        let is_healthy = async || client.get(&health).send().await.is_ok_and(|answer| answer.status().is_success());
        child.wait_until_ready(Duration::from_mins(2), is_healthy).await.context("the app does not start")?;
        self.child = Some(child);
        step.done();
        Ok(())
    }

    /// Compiled components are kept for all runs; the rest of the state is this run's.
    fn create_state_dir(&self) -> Result<()> {
        let (state, cache) = (self.state_dir(), paths::data_dir().join("compiled"));
        paths::create_dir(&state)?;
        paths::create_dir(&cache)?;
        let link = state.join("cache");
        if link.exists() {
            return Ok(());
        }
        std::os::unix::fs::symlink(&cache, &link).with_context(|| format!("cannot create {}", link.display()))
    }

    fn state_dir(&self) -> PathBuf {
        self.settings.dir.join("state")
    }

    /// Variables go in through the environment: other users of the machine can read a command line.
    fn command(&self, program: &Path) -> Command {
        let Settings { manifest, listen, variables, max_instance_memory, request_timeout, .. } = &self.settings;
        let mut command = Command::new(program);
        command.current_dir(paths::root()).args(["--from", manifest, "--listen", &listen.to_string()]);
        command.arg("--state-dir").arg(self.state_dir());
        if let Some(bytes) = max_instance_memory {
            command.args(["--max-instance-memory", &bytes.to_string()]);
        }
        if let Some(seconds) = request_timeout {
            command.args(["--request-timeout", &seconds.to_string()]);
        }
        for (name, value) in variables {
            command.env(format!("SPIN_VARIABLE_{}", name.to_uppercase()), value);
        }
        command
    }
}
