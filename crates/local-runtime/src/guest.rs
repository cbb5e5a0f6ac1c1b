//! A component as the host sees it, and the state of one running instance of it.

use std::sync::Arc;
use std::time::Duration;

use wasmtime::component::{HasData, ResourceTable};
use wasmtime::{Engine, Store};
use wasmtime_wasi::sockets::SocketAddrUse;
use wasmtime_wasi::{WasiCtx, WasiCtxBuilder, WasiCtxView, WasiView};
use wasmtime_wasi_http::{WasiHttpCtx, WasiHttpCtxView, WasiHttpView};

use crate::http_client::{HttpClient, OutgoingRequests};
use crate::logs::GuestLog;
use crate::memory::MemoryLimiter;
use crate::metrics::Metrics;
use crate::outbound::AllowedHosts;
use crate::postgres::Pools;
use crate::variables::Values;

/// What all instances of a component have in common.
pub struct Component {
    /// Its name in the manifest.
    pub name: String,
    /// WASI environment variables.
    pub environment: Vec<(String, String)>,
    /// The values of its variables.
    pub variables: Values,
    /// Where it may connect to.
    pub allowed_hosts: AllowedHosts,
    /// Its standard output.
    pub stdout: GuestLog,
    /// Its standard error.
    pub stderr: GuestLog,
    /// Its counters.
    pub metrics: Metrics,
    /// Its database connections.
    pub pools: Pools,
    /// The HTTP client of the runtime.
    pub http: Arc<HttpClient>,
    /// Limits of each instance.
    pub limits: InstanceLimits,
    /// Whether the runtime is faster with the database than Spin: see [`crate::postgres`].
    pub tuned: bool,
}

/// As good as no limit of time, and still a moment that can be counted to.
pub const NO_TIMEOUT: Duration = Duration::from_hours(24 * 365);

/// Limits of an instance.
#[derive(Debug, Clone, Copy)]
pub struct InstanceLimits {
    /// Linear memory in bytes.
    pub memory: usize,
    /// Requests that it answers before it is dropped.
    pub requests: usize,
    /// Requests that it answers at the same time.
    pub requests_at_once: usize,
    /// Time until the response, and again for what the guest does after it.
    pub request_timeout: Duration,
}

impl std::fmt::Debug for Component {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Component").field("name", &self.name).finish_non_exhaustive()
    }
}

/// The state of one instance.
pub struct Guest {
    /// Which component it is an instance of.
    pub component: Arc<Component>,
    /// The resources it holds.
    pub table: ResourceTable,
    wasi: WasiCtx,
    http: WasiHttpCtx,
    outgoing: OutgoingRequests,
    memory: MemoryLimiter,
}

impl Guest {
    /// Prepares a store for a new instance, with its limits set.
    pub fn new_store(engine: &Engine, component: &Arc<Component>) -> Store<Self> {
        let mut store = Store::new(engine, Self::new(component));
        store.limiter(|guest| &mut guest.memory);
        // Nobody is interrupted for good: who computes lets others go on, and goes on himself.
        store.set_epoch_deadline(1);
        store.epoch_deadline_async_yield_and_update(1);
        store
    }

    fn new(component: &Arc<Component>) -> Self {
        Self {
            component: Arc::clone(component),
            table: ResourceTable::new(),
            wasi: wasi_context(component),
            http: WasiHttpCtx::new(),
            outgoing: OutgoingRequests::new(component),
            memory: MemoryLimiter::new(Arc::clone(component), component.limits.memory),
        }
    }
}

/// No arguments, no files; TCP only where the manifest allows it, and no name look-ups.
fn wasi_context(component: &Arc<Component>) -> WasiCtx {
    let mut wasi = WasiCtxBuilder::new();
    wasi.stdout(component.stdout.clone()).stderr(component.stderr.clone());
    wasi.envs(&component.environment).allow_ip_name_lookup(false).allow_udp(false);
    let allowed = Arc::clone(component);
    wasi.socket_addr_check(move |address, purpose| {
        let allows =
            matches!(purpose, SocketAddrUse::TcpConnect) && allowed.allowed_hosts.allows("tcp", &address.ip().to_string(), address.port());
        Box::pin(async move { allows })
    });
    wasi.build()
}

/// Tells the generated bindings that Spin's interfaces are implemented on [`Guest`] itself.
pub struct SpinInterfaces;

impl HasData for SpinInterfaces {
    type Data<'a> = &'a mut Guest;
}

impl WasiView for Guest {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

impl WasiHttpView for Guest {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView { hooks: &mut self.outgoing, table: &mut self.table, ctx: &mut self.http }
    }
}
