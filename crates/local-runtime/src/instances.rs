//! Instances of HTTP components: when one is made, which requests it gets, and when it ends.
//!
//! An instance answers so many requests at a time and is used again for some more, unless it holds them off itself (the component model's
//! backpressure). It runs in a task of its own, so neither a client that goes away nor the end of the response stops what the guest still does.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use tokio::time::Sleep;
use wasmtime::component::GuestTaskId;
use wasmtime::{Engine, Store, StoreContextMut};
use wasmtime_wasi_http::WasiHttpView;
use wasmtime_wasi_http::handler::{
    HandlerState, Instance, ProxyHandler, ProxyPre, ShouldAccept, WorkerExpiration, WorkerState, WorkerStatus,
};

use crate::guest::{Component, Guest};

/// How long an instance waits for its next request, as in Spin.
const IDLE_LIMIT: Duration = Duration::from_secs(1);

/// Grace for the orderly way to notice that a request takes too long, before the instance is dropped.
const GRACE: Duration = Duration::from_millis(50);

/// Gives requests to instances of one component.
pub type Handler = ProxyHandler<HttpComponent>;

/// A component that is ready to be instantiated for HTTP requests.
pub struct HttpComponent {
    /// The engine it was compiled for.
    pub engine: Engine,
    /// What it is.
    pub component: Arc<Component>,
    /// Its code, linked.
    pub code: ProxyPre<Guest>,
}

impl HandlerState for HttpComponent {
    type StoreData = Guest;
    type WorkerExpiration = Expiration;
    type WorkerState = Worker;

    async fn instantiate(&self) -> wasmtime::Result<Instance<Guest, Expiration, Worker>> {
        let mut store = Guest::new_store(&self.engine, &self.component);
        let proxy = self.code.instantiate_async(&mut store).await?;
        let timeout = self.component.limits.request_timeout;
        let late = Arc::new(AtomicBool::new(false));
        let expiration = Expiration { timeout, late: Arc::clone(&late), sleep: Box::pin(tokio::time::sleep(timeout)) };
        let state = Worker { component: Arc::clone(&self.component), late };
        Ok(Instance { store, proxy, view: Guest::http, expiration, state })
    }
}

/// Decides when an instance is dropped, whatever it does.
pub struct Expiration {
    timeout: Duration,
    /// Set when a request was not answered in time: then nothing is waited for any more.
    late: Arc<AtomicBool>,
    sleep: Pin<Box<Sleep>>,
}

impl Expiration {
    fn limit(&self, status: WorkerStatus) -> Duration {
        match status {
            WorkerStatus::Idle => IDLE_LIMIT,
            WorkerStatus::Requests => self.timeout + GRACE,
            WorkerStatus::PostReturn if self.late.load(Relaxed) => Duration::ZERO,
            WorkerStatus::PostReturn => self.timeout,
        }
    }
}

impl WorkerExpiration for Expiration {
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>, status: WorkerStatus, start: Instant) -> Poll<()> {
        let deadline = tokio::time::Instant::from_std(start + self.limit(status));
        if self.sleep.deadline() != deadline {
            self.sleep.as_mut().reset(deadline);
        }
        self.sleep.as_mut().poll(cx)
    }
}

/// One instance's side of the bookkeeping.
pub struct Worker {
    component: Arc<Component>,
    late: Arc<AtomicBool>,
}

impl WorkerState for Worker {
    type StoreData = Guest;
    type RequestData = ();

    fn should_accept_request(&self, concurrent_count: usize, total_count: usize) -> ShouldAccept {
        let limits = &self.component.limits;
        if total_count >= limits.requests {
            ShouldAccept::Never
        } else if concurrent_count < limits.requests_at_once {
            ShouldAccept::Yes
        } else {
            ShouldAccept::No
        }
    }

    fn on_request_start(&self, _: StoreContextMut<'_, Guest>, (): (), _: GuestTaskId) -> Pin<Box<dyn Future<Output = ()> + Send + Sync>> {
        let (timeout, late) = (self.component.limits.request_timeout, Arc::clone(&self.late));
        Box::pin(async move {
            tokio::time::sleep(timeout).await;
            late.store(true, Relaxed);
        })
    }

    fn drop(&self, store: Store<Guest>, result: Result<(), wasmtime::Error>) {
        drop(store);
        if let Err(error) = result {
            self.component.metrics.traps.fetch_add(1, Relaxed);
            tracing::error!("component {}: {error:?}", self.component.name);
        }
    }
}
