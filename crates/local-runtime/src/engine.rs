//! The WebAssembly engine, its cache of compiled components, and the interfaces it links.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};
use wasmtime::component::Linker;
use wasmtime::{Cache, CacheConfig, Config, Engine, PoolingAllocationConfig};

use crate::bindings;
use crate::guest::{Guest, SpinInterfaces};

/// Memory that a pooled instance keeps between uses instead of giving it back to the system: what a small request touches.
const KEPT_MEMORY: usize = 512 * 1024;

/// Stacks of an instance, on which its calls wait. In Spin there is one for each instance, and whoever finds none traps; here it is the instances that
/// are too few, which is told.
const STACKS: u32 = 4;

/// How long a guest computes before another has its turn.
const TURN: Duration = Duration::from_millis(2);

/// Makes the engine. At most `max_instances` instances exist at a time; compiled components are kept below `state_dir`, or in
/// the user's cache folder.
///
/// A guest that computes lets others have their turn after a [`TURN`]. For that a check is compiled into every loop and function, as Spin does (epochs),
/// which takes 14 to 24 % of the time of decoding, whatever the format; a `tuned` engine goes without. That guests let each other live is the affair of
/// the system's scheduler then (`main.rs`).
pub fn build(max_instances: u32, tuned: bool, state_dir: Option<&Path>) -> Result<Engine> {
    let mut config = Config::new();
    config.wasm_component_model_async(true);
    config.epoch_interruption(!tuned);
    config.allocation_strategy(pool(max_instances));
    config.cache(Some(cache(state_dir)?));
    Engine::new(&config).map_err(anyhow::Error::from).context("cannot set up WebAssembly")
}

fn pool(max_instances: u32) -> PoolingAllocationConfig {
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(max_instances)
        .total_stacks(max_instances.saturating_mul(STACKS))
        .total_memories(max_instances)
        .total_tables(max_instances.saturating_mul(2))
        .total_core_instances(max_instances.saturating_mul(4))
        .linear_memory_keep_resident(KEPT_MEMORY);
    pool
}

fn cache(state_dir: Option<&Path>) -> Result<Cache> {
    let mut config = CacheConfig::new();
    if let Some(dir) = state_dir {
        config.with_directory(absolute(&dir.join("cache"))?);
    }
    Cache::new(config).map_err(anyhow::Error::from).context("cannot set up the cache of compiled components")
}

/// The cache insists on an absolute path that exists.
fn absolute(dir: &Path) -> Result<PathBuf> {
    std::fs::create_dir_all(dir).with_context(|| format!("cannot create {}", dir.display()))?;
    dir.canonicalize().with_context(|| format!("cannot open {}", dir.display()))
}

/// Counts turns, for ever: in a thread that nobody keeps from it.
pub fn count_turns(engine: &Engine) -> std::io::Result<()> {
    let engine = engine.weak();
    let count = move || {
        while let Some(engine) = engine.upgrade() {
            engine.increment_epoch();
            std::thread::sleep(TURN);
        }
    };
    std::thread::Builder::new().name("turns".to_owned()).spawn(count).map(drop)
}

/// Links everything a guest may import: WASI 0.2 and 0.3 with HTTP, and Spin's interfaces.
pub fn linker(engine: &Engine) -> wasmtime::Result<Linker<Guest>> {
    let mut linker = Linker::new(engine);
    wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;
    wasmtime_wasi::p3::add_to_linker(&mut linker)?;
    wasmtime_wasi_http::p2::add_only_http_to_linker_async(&mut linker)?;
    wasmtime_wasi_http::p3::add_to_linker(&mut linker)?;
    bindings::Host_::add_to_linker::<Guest, SpinInterfaces>(&mut linker, |guest| guest)?;
    Ok(linker)
}
