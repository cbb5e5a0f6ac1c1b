//! `local-runtime`: runs a Spin application natively. See the library for what it does.

use std::io::{IsTerminal, Write};
use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use clap::Parser;
use local_runtime::app::{App, Options};
use local_runtime::guest::{InstanceLimits, NO_TIMEOUT};
use local_runtime::http_server::Content;
use local_runtime::limits::Limits;
use local_runtime::runtime_config::RuntimeConfig;
use local_runtime::threads::Threads;
use local_runtime::{cron, http_server};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::runtime::Runtime;
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// Runs a Spin application (spin.toml, manifest version 2) for development and tests. Options have the names and defaults of `spin up`
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    /// The manifest
    #[arg(long, short, default_value = "spin.toml", value_name = "FILE")]
    from: PathBuf,
    /// Where to listen; port 0 takes a free one
    #[arg(long, default_value = "127.0.0.1:3000", value_name = "ADDRESS")]
    listen: SocketAddr,
    /// A variable's value: name=value, name=@file, or @file.toml / @file.json with many
    #[arg(long, value_name = "NAME=VALUE")]
    variable: Vec<String>,
    /// Where to tell metrics, at the path /metrics: nowhere without it
    #[arg(long, value_name = "ADDRESS")]
    metrics_listen: Option<SocketAddr>,
    /// A limit of what callers may take, as NAME=NUMBER; see the library's documentation
    #[arg(long, value_name = "NAME=NUMBER")]
    limit: Vec<String>,
    /// Keeps logs/<component>_{stdout,stderr}.txt and compiled components in this folder
    #[arg(long, value_name = "DIR")]
    state_dir: Option<PathBuf>,
    /// Further settings: [outbound_pg] max_connections, and [[client_tls]] with component_ids, hosts and ca_roots_file
    #[arg(long, value_name = "FILE")]
    runtime_config_file: Option<PathBuf>,
    /// Linear memory of an instance; without it as much as it can address
    #[arg(long, value_name = "BYTES")]
    max_instance_memory: Option<usize>,
    /// Requests that an instance answers before it is dropped
    #[arg(long, default_value_t = REUSES, value_name = "N")]
    max_instance_reuse_count: usize,
    /// Requests that an instance answers at the same time
    #[arg(long, default_value_t = CONCURRENT_REUSES, value_name = "N")]
    max_instance_concurrent_reuse_count: usize,
    /// Time until a response, and again for what follows it, as seconds or as 90s; without it there is no limit
    #[arg(long, value_parser = seconds, value_name = "SECONDS")]
    request_timeout: Option<Duration>,
    /// Instances of all components at a time
    #[arg(long, env = "SPIN_MAX_INSTANCE_COUNT", default_value_t = INSTANCES, value_name = "N")]
    max_instance_count: u32,
    /// Faster than Spin where Spin could be, too: see the library's documentation
    #[arg(long)]
    tuned: bool,
    /// What is logged, as level or target=level,…
    #[arg(long, env = "RUST_LOG", default_value = "info", value_name = "FILTER")]
    log: Targets,
}

fn seconds(text: &str) -> Result<Duration, std::num::ParseIntError> {
    text.strip_suffix('s').unwrap_or(text).parse().map(Duration::from_secs)
}

/// Threads of guests for each processor, where nobody says otherwise. A guest that computes keeps its thread: with more threads
/// than processors the system's scheduler shares these out, and prefers who has slept, which is who has an answer to give.
const THREADS_PER_PROCESSOR: usize = 8;

/// Threads of connections, which never compute for long, at least: while one of them works, another sees what comes.
const LEAST_IO_THREADS: usize = 2;

/// What Spin takes where it is told nothing.
const REUSES: usize = 128;
const CONCURRENT_REUSES: usize = 16;
const INSTANCES: u32 = 1000;

fn main() {
    let arguments = Arguments::parse();
    let format =
        tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_ansi(std::io::stderr().is_terminal()).with_target(false);
    tracing_subscriber::registry().with(format).with(arguments.log.clone()).init();
    let outcome = start(arguments);
    if let Err(error) = outcome {
        eprintln!("error: {error:#}");
        std::process::exit(1);
    }
}

fn start(arguments: Arguments) -> Result<()> {
    let io = runtime("io", processors().max(LEAST_IO_THREADS))?;
    let guests = runtime("guests", guest_threads()?)?;
    let outcome = io.block_on(run(arguments, Threads::of(&io, &guests)));
    // The process ends with its instances as they are: dropped one by one, each would be reported as broken.
    std::mem::forget((io, guests));
    outcome
}

/// The limits of the server. Each connection is a file, of which systems let a process have few unless it asks: of those that it gets, half are for
/// callers, half of these for one address, and the others for what answering them takes.
fn limits(given: &[String]) -> Result<Limits> {
    let limits = Limits::parse(given)?;
    let files = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: files.maximum, ..files }).context("cannot have more files open")?;
    let files = files.maximum.and_then(|most| usize::try_from(most).ok()).unwrap_or(usize::MAX);
    let (connections, connections_of_address) = (limits.connections.min(files / 2), limits.connections_of_address.min(files / 4));
    Ok(Limits { connections, connections_of_address, ..limits })
}

fn runtime(name: &str, threads: usize) -> Result<Runtime> {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    // After each turn of a task it is looked who else has been woken, and whose time has come.
    builder.global_queue_interval(1).event_interval(1);
    builder.thread_name(name).worker_threads(threads).enable_all().build().with_context(|| format!("cannot start {threads} threads"))
}

/// As many as the environment's `TOKIO_WORKER_THREADS` says, where it says something.
fn guest_threads() -> Result<usize> {
    match std::env::var("TOKIO_WORKER_THREADS") {
        Ok(threads) => threads.parse().map(NonZeroUsize::get).context("TOKIO_WORKER_THREADS is no number of threads"),
        Err(_) => Ok(THREADS_PER_PROCESSOR * processors()),
    }
}

fn processors() -> usize {
    std::thread::available_parallelism().map_or(1, NonZeroUsize::get)
}

async fn run(arguments: Arguments, threads: Threads) -> Result<()> {
    let listener = http_server::listen(arguments.listen)?;
    let metrics = arguments.metrics_listen.map(http_server::listen).transpose()?;
    let address = listener.local_addr()?;
    let app = Arc::new(App::load(options(arguments)?, address, &threads).await?);
    print_ready(&app)?;
    for (schedule, component) in &app.schedules {
        tokio::spawn(cron::run(schedule.clone(), Arc::clone(component), threads.guests.clone()));
    }
    if let Some(metrics) = metrics {
        tokio::spawn(http_server::serve(metrics, Content::Metrics, Arc::clone(&app), std::future::pending()));
    }
    http_server::serve(listener, Content::App, app, stop_signal()?).await;
    Ok(())
}

fn options(arguments: Arguments) -> Result<Options> {
    let config = arguments.runtime_config_file.as_deref().map(RuntimeConfig::read).transpose()?.unwrap_or_default();
    Ok(Options {
        manifest: arguments.from,
        variables: arguments.variable,
        state_dir: arguments.state_dir,
        config,
        limits: limits(&arguments.limit)?,
        instance_limits: InstanceLimits {
            memory: arguments.max_instance_memory.unwrap_or(usize::MAX),
            requests: arguments.max_instance_reuse_count,
            requests_at_once: arguments.max_instance_concurrent_reuse_count,
            request_timeout: arguments.request_timeout.unwrap_or(NO_TIMEOUT),
        },
        max_instance_count: arguments.max_instance_count,
        tuned: arguments.tuned,
    })
}

/// Prints where the application listens and what it answers. Whoever started the process waits for these lines.
fn print_ready(app: &App) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "listening on http://{}", app.address)?;
    for route in app.routes.iter() {
        writeln!(out, "  {} -> {}", route.route, route.component)?;
    }
    for (schedule, component) in &app.schedules {
        writeln!(out, "  cron {schedule} -> {}", component.component.name)?;
    }
    out.flush()
}

/// Ends with the first SIGINT or SIGTERM.
fn stop_signal() -> Result<impl Future<Output = ()>> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}
