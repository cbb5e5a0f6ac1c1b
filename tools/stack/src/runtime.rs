//! A host as a process: an app on a port of this machine. It is `local-runtime`, or a program that takes the same arguments.

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
pub struct RuntimeSettings {
    /// The app's manifest, from the repository's root on. Its components are built.
    pub manifest: &'static str,
    /// Where it listens.
    pub listen: SocketAddr,
    /// The app's variables.
    pub variables: BTreeMap<String, String>,
    /// How the host is to be.
    pub host: Host,
    /// Where it keeps its state, and where its log goes.
    pub dir: PathBuf,
}

/// How a host is to be: as the README says that it should, unless one wants it otherwise.
#[derive(Clone, Debug)]
pub struct Host {
    /// Faster than Spin, where that is `local-runtime`'s to be.
    pub tuned: bool,
    /// The limit of an instance's memory, in bytes.
    pub max_instance_memory: u64,
    /// The limit of a request's time, in seconds, where there is one.
    pub request_timeout: Option<u64>,
    /// Threads that run guests and everything else.
    pub worker_threads: usize,
    /// Settings beside the manifest, where there are any.
    pub runtime_config: Option<PathBuf>,
    /// Where it tells its metrics, if anywhere, and limits other than usual: for `local-runtime` only.
    pub metrics: Option<SocketAddr>,
    /// See there.
    pub limits: BTreeMap<&'static str, u64>,
    /// Further variables of its environment.
    pub environment: BTreeMap<String, String>,
}

impl Default for Host {
    fn default() -> Self {
        Self {
            tuned: false,
            max_instance_memory: MEMORY,
            request_timeout: None,
            worker_threads: THREADS_PER_PROCESSOR * processors(),
            runtime_config: Some(paths::root().join("runtime-config.toml")),
            metrics: None,
            limits: BTreeMap::new(),
            environment: BTreeMap::new(),
        }
    }
}

impl Host {
    /// As fast as `local-runtime` can be.
    pub fn tuned() -> Self {
        Self { tuned: true, runtime_config: None, ..Self::default() }
    }
}

/// Bytes of an instance's memory that serverless platforms give.
const MEMORY: u64 = 128 * 1024 * 1024;

/// A guest that computes keeps its thread: with more threads than processors others get their turn.
const THREADS_PER_PROCESSOR: usize = 8;

/// How many processors there are.
pub fn processors() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// The running app, stopped on `Drop`.
#[derive(Debug)]
pub struct Runtime {
    settings: RuntimeSettings,
    child: Option<Child>,
}

impl Runtime {
    /// Starts it and waits until it answers.
    pub async fn start(settings: RuntimeSettings) -> Result<Self> {
        let mut runtime = Self { settings, child: None };
        runtime.restart().await?;
        Ok(runtime)
    }

    /// Its URL, without a path.
    pub fn url(&self) -> String {
        format!("http://{}", self.settings.listen)
    }

    /// What it was started with. A change counts from the next [`restart`](Self::restart) on.
    pub fn settings_mut(&mut self) -> &mut RuntimeSettings {
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

    /// What a component has written to its standard error, in all runs so far.
    pub fn component_log(&self, component: &str) -> String {
        let file = self.state_dir().join(format!("logs/{component}_stderr.txt"));
        String::from_utf8_lossy(&std::fs::read(file).unwrap_or_default()).into_owned()
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
        let mut child = Child::spawn("the runtime", &mut self.command(program), Ending::Terminate, &self.log_file())?;
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
        let RuntimeSettings { manifest, listen, variables, host, .. } = &self.settings;
        let mut command = Command::new(program);
        command.current_dir(paths::root()).args(["--from", manifest, "--listen", &listen.to_string()]);
        command.arg("--state-dir").arg(self.state_dir());
        command.args(["--max-instance-memory", &host.max_instance_memory.to_string(), "--max-instance-concurrent-reuse-count", "1"]);
        if let Some(file) = &host.runtime_config {
            command.arg("--runtime-config-file").arg(file);
        }
        if let Some(seconds) = host.request_timeout {
            command.args(["--request-timeout", &format!("{seconds}s")]);
        }
        if host.tuned {
            command.arg("--tuned");
        }
        if let Some(address) = host.metrics {
            command.args(["--metrics-listen", &address.to_string()]);
        }
        for (name, number) in &host.limits {
            command.args(["--limit", &format!("{name}={number}")]);
        }
        command.env("TOKIO_WORKER_THREADS", host.worker_threads.to_string()).envs(&host.environment);
        for (name, value) in variables {
            command.env(format!("SPIN_VARIABLE_{}", name.to_uppercase()), value);
        }
        command
    }
}
