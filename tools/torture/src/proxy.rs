//! A proxy between the app and the store that does wrong on purpose: it answers with errors, late, cut short, or not at all.
//!
//! Written here rather than taken from a package, as what is to go wrong lies in HTTP: a status, a body that is shorter than its
//! length says, a connection reset in the middle of an answer. microburst (PyPI), the one proxy of that kind at hand, answers the S3 API
//! itself or passes bytes on; it cannot cut a body at a drawn place, and takes a rule that it does not know for one that does nothing.
//!
//! A signature covers the header Host: it is passed on as the app sent it, and the store checks the signature against that.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use bytes::Bytes;
use futures::future::BoxFuture;
use futures::stream::{self, StreamExt as _};
use generate::dice::Dice;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::header::{CONNECTION, CONTENT_LENGTH, HeaderMap, TRANSFER_ENCODING};
use hyper::http::response;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use stack::ports;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::task::JoinHandle;

type Body = UnsyncBoxBody<Bytes, std::io::Error>;

/// What can go wrong with an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wrong {
    /// It is 500 or 503, before or after the store did what it was asked for.
    Error,
    /// It comes late and slowly.
    Slow,
    /// Its body ends early: the connection is closed in it, or its length is one that the report does not have.
    Truncate,
    /// The connection is reset, before the answer or in it.
    Reset,
}

/// The running proxy. Until it is told otherwise it only passes on.
#[derive(Debug)]
pub(super) struct Proxy {
    address: SocketAddr,
    inner: Arc<Inner>,
    task: JoinHandle<()>,
}

#[derive(Debug)]
struct Inner {
    store: OnceLock<String>,
    http: reqwest::Client,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    wrongs: &'static [Wrong],
    /// The share of answers that go wrong, of a hundred.
    share: u32,
    dice: Dice,
    done: Done,
}

/// What went wrong so far.
#[derive(Clone, Copy, Debug)]
pub(super) struct Done {
    /// How many answers.
    pub(super) count: u64,
    /// The last of them.
    pub(super) last: Instant,
}

impl Proxy {
    /// Starts it.
    pub(super) async fn start() -> Result<Self> {
        let listener = TcpListener::bind(ports::free_address()?).await.context("cannot listen for the proxy of the store")?;
        let done = Done { count: 0, last: Instant::now() };
        let state = State { wrongs: &[], share: 0, dice: Dice::new(0), done };
        let inner = Inner { store: OnceLock::new(), http: reqwest::Client::new(), state: Mutex::new(state) };
        let (address, inner) = (listener.local_addr()?, Arc::new(inner));
        let task = tokio::spawn(accept(listener, Arc::clone(&inner)));
        Ok(Self { address, inner, task })
    }

    /// Its URL, for the app.
    pub(super) fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Says where the store is.
    pub(super) fn pass_on_to(&self, store: &str) {
        // Once: a stack has one store.
        let _ = self.inner.store.set(store.to_owned());
    }

    /// From now on so many of a hundred answers go wrong in one of these ways.
    pub(super) fn do_wrong(&self, wrongs: &'static [Wrong], share: u32, seed: u64) {
        let mut state = self.inner.state();
        (state.wrongs, state.share, state.dice) = (wrongs, share, Dice::new(seed));
    }

    /// From now on nothing goes wrong.
    pub(super) fn do_right(&self) {
        self.do_wrong(&[], 0, 0);
    }

    /// What went wrong so far.
    pub(super) fn done(&self) -> Done {
        self.inner.state().done
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Inner {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Draws what becomes of an answer.
    fn draw(&self) -> Option<Draw> {
        let mut state = self.state();
        let (wrongs, share) = (state.wrongs, state.share);
        if wrongs.is_empty() || !state.dice.percent(share) {
            return None;
        }
        let dice = &mut state.dice;
        let wrong = wrongs[dice.below(u32::try_from(wrongs.len()).unwrap_or(1)) as usize];
        Some(Draw { wrong, either: dice.percent(50), part: dice.below(100), pause: Duration::from_millis(dice.between(20, 100).into()) })
    }

    fn count(&self) {
        let mut state = self.state();
        state.done = Done { count: state.done.count + 1, last: Instant::now() };
    }

    /// Asks the store, and holds its whole answer.
    async fn ask(&self, request: Request<Incoming>) -> Result<(response::Parts, Bytes)> {
        let (parts, body) = request.into_parts();
        let body = body.collect().await?.to_bytes();
        let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
        let url = format!("{}{path}", self.store.get().context("the store is not known yet")?);
        let answer = self.http.request(parts.method, url).headers(end_to_end(parts.headers)).body(body).send().await?;
        let mut head = Response::builder().status(answer.status()).body(())?.into_parts().0;
        head.headers = end_to_end(answer.headers().clone());
        Ok((head, answer.bytes().await?))
    }
}

/// The headers without those that are of one connection, or that hyper writes.
fn end_to_end(mut headers: HeaderMap) -> HeaderMap {
    for name in [CONNECTION, TRANSFER_ENCODING, CONTENT_LENGTH] {
        headers.remove(name);
    }
    headers
}

/// How an answer goes wrong.
#[derive(Clone, Copy)]
struct Draw {
    wrong: Wrong,
    /// Which of the two ways to do it.
    either: bool,
    /// How much of the body comes, of a hundred.
    part: u32,
    pause: Duration,
}

async fn accept(listener: TcpListener, inner: Arc<Inner>) {
    loop {
        if let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve(stream, Arc::clone(&inner)));
        }
    }
}

/// Serves a connection until it ends or an answer is to be a reset.
async fn serve(stream: TcpStream, inner: Arc<Inner>) {
    let reset = Arc::new(Notify::new());
    let service =
        |request| -> BoxFuture<'static, Result<Response<Body>>> { Box::pin(answer(Arc::clone(&inner), request, Arc::clone(&reset))) };
    let mut connection = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service_fn(service));
    tokio::select! {
        _ = &mut connection => {}
        () = reset.notified() => {
            // Closed at once, what is not sent yet is dropped, and the other side gets RST.
            let _ = connection.into_parts().io.into_inner().set_zero_linger();
        }
    }
}

async fn answer(inner: Arc<Inner>, request: Request<Incoming>, reset: Arc<Notify>) -> Result<Response<Body>> {
    let draw = inner.draw();
    match draw {
        Some(Draw { wrong: Wrong::Error, either: true, part, .. }) => {
            inner.count();
            return Ok(error(part));
        }
        Some(Draw { wrong: Wrong::Reset, either: true, .. }) => {
            inner.count();
            reset.notify_one();
            futures::future::pending::<()>().await;
        }
        _ => {}
    }
    let (head, body) = inner.ask(request).await?;
    let Some(draw) = draw else { return Ok(Response::from_parts(head, whole(body))) };
    if draw.wrong == Wrong::Truncate && body.is_empty() {
        return Ok(Response::from_parts(head, whole(body)));
    }
    inner.count();
    Ok(match draw.wrong {
        Wrong::Error => error(draw.part),
        Wrong::Slow => slow(head, body, draw).await,
        Wrong::Truncate => truncated(head, body, draw),
        Wrong::Reset => breaking_off(head, body, draw, reset),
    })
}

/// An error as S3 tells of it.
fn error(drawn: u32) -> Response<Body> {
    let (status, code) = match drawn {
        0..50 => (StatusCode::INTERNAL_SERVER_ERROR, "InternalError"),
        _ => (StatusCode::SERVICE_UNAVAILABLE, "SlowDown"),
    };
    let mut response = Response::new(whole(format!("<?xml version=\"1.0\"?>\n<Error><Code>{code}</Code></Error>").into()));
    *response.status_mut() = status;
    response
}

/// All of it after a while, in pieces with pauses between them.
async fn slow(head: response::Parts, body: Bytes, draw: Draw) -> Response<Body> {
    tokio::time::sleep(draw.pause * 5).await;
    let piece = (body.len() / 10).max(16 * 1024);
    let pieces = stream::unfold(body, move |mut rest| async move {
        if rest.is_empty() {
            return None;
        }
        tokio::time::sleep(draw.pause).await;
        let next = rest.split_to(piece.min(rest.len()));
        Some((Ok(Frame::data(next)), rest))
    });
    Response::from_parts(head, StreamBody::new(pieces).boxed_unsync())
}

/// A part of it, with the length of the whole, so that the connection is closed in it; or as if it were all.
fn truncated(mut head: response::Parts, body: Bytes, draw: Draw) -> Response<Body> {
    let first = part(&body, draw.part);
    if draw.either {
        return Response::from_parts(head, whole(first));
    }
    head.headers.insert(CONTENT_LENGTH, body.len().into());
    Response::from_parts(head, StreamBody::new(stream::iter([Ok(Frame::data(first))])).boxed_unsync())
}

/// A part of it, and then a reset.
fn breaking_off(mut head: response::Parts, body: Bytes, draw: Draw, reset: Arc<Notify>) -> Response<Body> {
    head.headers.insert(CONTENT_LENGTH, body.len().into());
    let first = stream::iter([Ok(Frame::data(part(&body, draw.part)))]);
    let then = stream::once(async move {
        // What was sent is to arrive.
        tokio::time::sleep(draw.pause).await;
        reset.notify_one();
        futures::future::pending().await
    });
    Response::from_parts(head, StreamBody::new(first.chain(then)).boxed_unsync())
}

fn part(body: &Bytes, percent: u32) -> Bytes {
    body.slice(..body.len() / 100 * percent as usize)
}

fn whole(body: Bytes) -> Body {
    Full::new(body).map_err(|never| match never {}).boxed_unsync()
}

#[cfg(test)]
mod tests {
    use stack::store::{Server, Store, StoreKind};

    use super::*;

    /// A store seen through a proxy. What it signs is signed for the proxy's address.
    async fn proxied() -> Result<(Proxy, Store, Arc<Server>)> {
        let server = Server::shared(StoreKind::InProcess).await?;
        let store = server.bucket(&format!("proxied-{}", admin::random::hex(6)?)).await?;
        let proxy = Proxy::start().await?;
        proxy.pass_on_to(&store.endpoint);
        let store = Store { endpoint: proxy.endpoint(), ..store };
        Ok((proxy, store, server))
    }

    #[tokio::test]
    async fn what_it_passes_on_the_store_takes_for_signed() -> Result<()> {
        let (proxy, store, _server) = proxied().await?;
        assert_eq!(store.list_objects().await?, [""; 0]);
        assert_eq!(proxy.done().count, 0);
        Ok(())
    }

    /// What the store says to a stranger.
    async fn refusal(store: &Store) -> Result<(StatusCode, String), reqwest::Error> {
        let answer = reqwest::get(format!("{}/{}", store.endpoint, store.bucket)).await?;
        Ok((answer.status(), answer.text().await?))
    }

    #[tokio::test]
    async fn every_wrong_is_seen_and_counted_and_then_is_over() -> Result<()> {
        let (proxy, store, _server) = proxied().await?;
        let right = refusal(&store).await?;
        for wrongs in [&[Wrong::Error], &[Wrong::Truncate], &[Wrong::Reset]] {
            let before = proxy.done().count;
            proxy.do_wrong(wrongs, 100, 1);
            for _ in 0..8 {
                assert_ne!(refusal(&store).await.ok(), Some(right.clone()), "{wrongs:?} was not seen");
            }
            assert_eq!(proxy.done().count, before + 8);
            proxy.do_right();
            assert_eq!(refusal(&store).await?, right);
        }
        Ok(())
    }

    #[tokio::test]
    async fn a_slow_answer_is_whole() -> Result<()> {
        let (proxy, store, _server) = proxied().await?;
        proxy.do_wrong(&[Wrong::Slow], 100, 1);
        let started = Instant::now();
        store.list_objects().await?;
        assert!(started.elapsed() > Duration::from_millis(100));
        assert_eq!(proxy.done().count, 1);
        Ok(())
    }
}
