//! Builds what a stack runs: the components, and the runtime that runs them.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context as _, Result, bail};
use clap::Args;
use serde::Deserialize;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::Command;
use tokio::sync::OnceCell;

use crate::runtime::processors;
use crate::{paths, progress, tool};

/// The target of the components.
pub const TARGET: &str = "wasm32-wasip2";

/// The components: folders of `functions/`.
pub const FUNCTIONS: [&str; 7] = ["imports", "drain", "tick", "status", "findings", "datasets", "access"];

/// The component that is measured, of no app: a folder of `tools/`.
pub const DECODING: &str = "decoding";

/// Minutes of processor time that a first build takes, so that nobody wonders.
const COMPONENTS_TAKE: usize = 9;
const RUNTIME_TAKES: usize = 12;

/// Builds what the app needs: the components, and the runtime. Cargo shows its own progress.
pub async fn all() -> Result<()> {
    components().await?;
    runtime().await.map(drop)
}

/// Builds the components, once in a process.
pub async fn components() -> Result<()> {
    static BUILT: OnceCell<()> = OnceCell::const_new();
    let build = || {
        let mut build = cargo();
        build.arg("build");
        for function in FUNCTIONS {
            build.args(["--package", function]);
        }
        progress::note(&format!("building the components{}", first_time(&components_dir().join("drain.wasm"), COMPONENTS_TAKE)));
        component("the components", build)
    };
    BUILT.get_or_try_init(build).await.copied()
}

/// Builds the component that is measured. For everybody else it is an ordinary library.
pub async fn decoding() -> Result<()> {
    let mut build = cargo();
    build.args(["rustc", "--package", DECODING, "--crate-type", "cdylib"]);
    progress::note("building the component to measure …");
    component("the component to measure", build).await
}

/// Builds components to where their manifest looks for them, wherever else cargo has been told to build.
async fn component(what: &str, mut build: Command) -> Result<()> {
    add_target().await?;
    build.args(["--release", "--target", TARGET, "--target-dir"]).arg(target_dir());
    tool::run(&mut build).await.with_context(|| format!("{what} cannot be built"))
}

/// Where cargo builds, and tools put what they make anew when it is missing.
pub fn target_dir() -> PathBuf {
    paths::root().join("target")
}

fn components_dir() -> PathBuf {
    target_dir().join(TARGET).join("release")
}

/// How long it takes to build what is not there yet.
fn first_time(file: &Path, minutes: usize) -> String {
    match minutes / processors() {
        _ if file.exists() => " …".to_owned(),
        minutes => format!(", which takes about {} min the first time …", minutes.max(1)),
    }
}

/// Adds the compiler's target of the components where it is missing.
pub async fn add_target() -> Result<()> {
    let sysroot = tool::output(tool::command("rustc").args(["--print", "sysroot"]).current_dir(paths::root())).await?;
    if Path::new(sysroot.trim()).join("lib/rustlib").join(TARGET).join("lib").exists() {
        return Ok(());
    }
    let step = progress::Step::begin(format!("adding the compiler's target {TARGET}"));
    let added = tool::output(tool::command("rustup").args(["target", "add", TARGET]).current_dir(paths::root())).await;
    added.with_context(|| format!("the components need the compiler's target {TARGET}: `rustup target add {TARGET}`"))?;
    step.done();
    Ok(())
}

/// Cargo, in the repository. It does not see what the cargo that runs this process says of this package: build scripts take that for
/// a change, and half of the dependencies would be built again.
pub fn cargo() -> Command {
    let mut cargo = tool::command(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    for (name, _) in std::env::vars_os() {
        if name.to_str().is_some_and(|name| name == "OUT_DIR" || ["CARGO_PKG_", "CARGO_MANIFEST_"].iter().any(|of| name.starts_with(of))) {
            cargo.env_remove(name);
        }
    }
    cargo.current_dir(paths::root());
    cargo
}

/// Runs a tool that is a program of its own, built where it is not. No --package, for the reason in [`program`].
pub fn tool(name: &str) -> Command {
    let mut tool = cargo();
    tool.args(["run", "--bin", name, "--"]);
    tool
}

/// Names the program of another host in its environment.
pub const OTHER_RUNTIME: &str = "SPILLWAY_RUNTIME";

static RUNTIME: OnceCell<PathBuf> = OnceCell::const_new();

/// Builds the runtime, once in a process, and gives its program. Where the environment's [`OTHER_RUNTIME`] names another, it is that one.
pub async fn runtime() -> Result<&'static Path> {
    let find = async || match std::env::var_os(OTHER_RUNTIME) {
        Some(program) => Ok(PathBuf::from(program)),
        None => build_runtime().await,
    };
    RUNTIME.get_or_try_init(find).await.map(PathBuf::as_path)
}

/// Which host runs the app.
#[derive(Args, Debug, Default)]
pub struct OtherRuntime {
    /// Starts this program in place of local-runtime: it takes the same arguments, which are those of `spin up`
    #[arg(long = "runtime", value_name = "PROGRAM")]
    program: Option<PathBuf>,
}

impl OtherRuntime {
    /// Has everything that is started from here on use it.
    pub fn choose(&self) -> Result<()> {
        self.program.as_deref().map_or(Ok(()), set_runtime)
    }
}

/// From now on this program is the runtime.
fn set_runtime(program: &Path) -> Result<()> {
    let program = program.canonicalize().with_context(|| format!("there is no program {}", program.display()))?;
    RUNTIME.set(program).context("the runtime is running already")
}

async fn build_runtime() -> Result<PathBuf> {
    progress::note(&format!("building the runtime{}", first_time(&target_dir().join("debug/local-runtime"), RUNTIME_TAKES)));
    program("local-runtime").await
}

/// Builds a program of the workspace, and says where it is.
pub async fn program(name: &str) -> Result<PathBuf> {
    let mut build = cargo();
    // No --package: with it, cargo would choose other features of the dependencies than `cargo test` does, and build wasmtime twice.
    build.args(["build", "--bin", name, "--message-format", "json-render-diagnostics"]).stdout(Stdio::piped());
    let mut child = build.spawn().context("cannot run cargo")?;
    let program = executable(child.stdout.take()).await?;
    if !child.wait().await?.success() {
        bail!("{name} does not build");
    }
    program.with_context(|| format!("cargo built no program `{name}`"))
}

/// The part of cargo's messages that says where a program is.
#[derive(Deserialize)]
struct Message {
    executable: Option<PathBuf>,
}

async fn executable(messages: Option<tokio::process::ChildStdout>) -> Result<Option<PathBuf>> {
    let Some(messages) = messages else { return Ok(None) };
    let mut lines = BufReader::new(messages).lines();
    let mut program = None;
    while let Some(line) = lines.next_line().await? {
        program = serde_json::from_str::<Message>(&line).ok().and_then(|message| message.executable).or(program);
    }
    Ok(program)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// What `spin build` runs.
    fn commands() -> BTreeSet<String> {
        let manifest: toml::Table = paths::read(&paths::root().join("spin.toml")).expect("it is there").parse().expect("it is TOML");
        let components = manifest["component"].as_table().expect("components").values();
        components.filter_map(|component| component["build"]["command"].as_str()).map(str::to_owned).collect()
    }

    fn built() -> Vec<Vec<u8>> {
        let file = |function| components_dir().join(format!("{function}.wasm"));
        FUNCTIONS.map(|function| std::fs::read(file(function)).expect("it is built")).into()
    }

    #[tokio::test]
    async fn spin_builds_the_same_components() -> Result<()> {
        components().await?;
        let (ours, commands) = (built(), commands());
        assert!(!commands.is_empty(), "spin.toml says how its components are built");
        for command in commands {
            let mut spin = cargo();
            spin.args(command.strip_prefix("cargo ").expect("a command of cargo").split(' ')).env_remove("CARGO_TARGET_DIR");
            tool::run(&mut spin).await?;
            assert!(built() == ours, "another component comes of `{command}`");
        }
        Ok(())
    }
}
