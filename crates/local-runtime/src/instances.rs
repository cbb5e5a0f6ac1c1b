//! Instances of HTTP components: when one is made, which requests it gets, and when it ends.
//!
//! An instance answers so many requests at a time and is used again for some more, unless it holds them off itself (the component model's
//! backpressure). It runs in a task of its own, so neither a client that goes away nor the end of the response stops what the guest still does.

use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{Request, Response};
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt;
use tokio::runtime::Handle;
use tokio::time::Sleep;
use wasmtime::component::GuestTaskId;
use wasmtime::{Engine, Store, StoreContextMut};
use wasmtime_wasi_http::handler::{
    HandlerState, Instance, InstantiationError, ProxyHandler, ProxyPre, ShouldAccept, WorkerExpiration, WorkerState, WorkerStatus,
};
use wasmtime_wasi_http::{Error, WasiBody, WasiHttpView};

use crate::guest::{Component, Guest};
use crate::limits::Limits;
use crate::refusals::Refusal;
use crate::shares::{NoShare, Share, Shares};
use crate::threads::within;

/// How long an instance waits for its next request, as in Spin.
const IDLE_LIMIT: Duration = Duration::from_secs(1);

/// Grace for the orderly way to notice that a request takes too long, before the instance is dropped.
const GRACE: Duration = Duration::from_millis(50);

/// Gives requests to instances of one component, on the threads of guests: so many at a time.
#[derive(Clone)]
pub struct Handler {
    instances: ProxyHandler<HttpComponent>,
    requests: Arc<Shares>,
    /// For requests whose body is still on its way.
    bodies: Arc<Shares>,
    limits: Limits,
    guests: Handle,
}

/// Why there is no answer.
pub enum Unanswered {
    /// There is no room for the request now: what the caller is told.
    Busy(Refusal),
    /// The instance failed.
    Failed(wasmtime::Error),
}

impl Handler {
    /// With these limits, on the threads of guests.
    pub fn new(component: HttpComponent, limits: &Limits, guests: Handle) -> Self {
        let requests = Shares::new(limits.requests, limits.requests_of_address);
        let bodies = Shares::new(limits.bodies, limits.bodies_of_address);
        Self { instances: ProxyHandler::new(component), requests, bodies, limits: limits.clone(), guests }
    }

    /// What it is that answers.
    pub fn component(&self) -> &Arc<Component> {
        &self.instances.state().component
    }

    /// Waits for a place for a body that is still on its way. There are fewer of them than requests that are answered at a time.
    pub async fn place_of_body(&self, from: IpAddr) -> Result<Share, Refusal> {
        self.place(&self.bodies, from, "bodies on their way").await
    }

    /// An instance's answer to a request from an address, after a wait for its turn.
    pub async fn handle(&self, request: Request<WasiBody>, from: IpAddr) -> Result<Response<WasiBody>, Unanswered> {
        let place = self.place(&self.requests, from, "requests being answered").await.map_err(Unanswered::Busy)?;
        self.component().metrics.requests.fetch_add(1, Relaxed);
        // A new instance becomes a task of the threads that ask for it.
        let (instances, guests) = (self.instances.clone(), self.guests.clone());
        let answering = async move { (within(&guests, instances.handle((), request)).await, place) };
        // A task of its own: an instance works to its end though the caller has gone, and takes its place until then.
        let (answer, place) = tokio::spawn(answering).await.map_err(|error| Unanswered::Failed(wasmtime::Error::new(error)))?;
        match answer {
            Ok(answer) if answer.body().is_end_stream() => Ok(answer),
            Ok(answer) => Ok(answer.map(|body| Placed { body, place: Some(place) }.boxed_unsync())),
            Err(error) if error.is::<InstantiationError<()>>() => {
                tracing::error!("component {}: {error}", self.component().name);
                Err(Unanswered::Busy(Refusal::for_all("there are as many instances as there may be")))
            }
            Err(error) => Err(Unanswered::Failed(error)),
        }
    }

    async fn place(&self, places: &Arc<Shares>, from: IpAddr, of: &str) -> Result<Share, Refusal> {
        places.take(from, self.limits.request_wait).await.map_err(|none| match none {
            NoShare::All(most) => Refusal::for_all(format!("there are {most} {of} already, the most at a time")),
            NoShare::Address(most) => Refusal::for_one(format!("there are {most} {of} from this address already, the most at a time")),
        })
    }
}

/// An answer's body with the place that it takes.
struct Placed {
    body: WasiBody,
    place: Option<Share>,
}

impl Body for Placed {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(cx));
        if !matches!(frame, Some(Ok(_))) {
            self.place = None;
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

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
