//! The HTTP server: routes requests to components and tells them what Spin tells.

use std::io::Write as _;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use http::header::HOST;
use http::uri::{Authority, Scheme};
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response, StatusCode, Uri};
use http_body::Body as _;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use wasmtime_wasi_http::WasiBody;

use crate::app::App;
use crate::instances::Unanswered;
use crate::limits::Limits;
use crate::metrics;
use crate::pace::{LeastPace, PacedBody, PacedStream};
use crate::refusals::{RETRY_AFTER_SECONDS, Refusal, answer, empty};
use crate::routes::Match;
use crate::shares::{Share, Shares};

/// How long open requests may go on after the signal to stop.
const STOP_LIMIT: Duration = Duration::from_secs(3);

/// Waited after a connection that could not be accepted: mostly too many files are open.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Connections that wait until they are accepted, where the system lets there be as many. Of a caller that finds no room the system drops what he sends: he
/// tries again after a second, or believes for good that he is connected.
const BACKLOG: u32 = 4096;

// The paths that Spin answers itself.
const HEALTH_PATH: &str = "/.well-known/spin/health";
const INFO_PATH: &str = "/.well-known/spin/info";

/// Where the metrics are, at an address of their own.
pub const METRICS_PATH: &str = "/metrics";

/// What a server answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Content {
    /// The application.
    App,
    /// How it gets on: not for everybody.
    Metrics,
}

/// Listens there, with room for many who come at once.
pub fn listen(address: SocketAddr) -> anyhow::Result<TcpListener> {
    let listen = || {
        let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
        socket.set_reuseaddr(true)?;
        socket.bind(address)?;
        socket.listen(BACKLOG)
    };
    listen().with_context(|| format!("cannot listen at {address}"))
}

/// Serves until `stop` is there, then lets open requests end for a moment.
pub async fn serve(listener: TcpListener, content: Content, app: Arc<App>, stop: impl Future<Output = ()>) {
    let connections = GracefulShutdown::new();
    let places = Shares::new(app.limits.connections, app.limits.connections_of_address);
    let mut stop = std::pin::pin!(stop);
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, client)) => match places.take(client.ip(), Duration::ZERO).await {
                    Ok(place) => start_connection(stream, client, content, &app, &connections, place),
                    Err(_) => refuse_connection(stream, client),
                },
                Err(error) => {
                    tracing::warn!("cannot accept a connection: {error}");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            },
            () = &mut stop => break,
        }
    }
    drop(listener);
    if tokio::time::timeout(STOP_LIMIT, connections.shutdown()).await.is_err() {
        tracing::warn!("stopped with requests open");
    }
}

/// Says so to whoever listens, and keeps nothing of it: neither time nor an open connection.
fn refuse_connection(stream: TcpStream, client: SocketAddr) {
    tracing::debug!("connection of {client}: there are too many");
    let headers = format!("retry-after: {RETRY_AFTER_SECONDS}\r\ncache-control: no-store\r\nx-content-type-options: nosniff\r\n");
    let answer = format!("HTTP/1.1 503 Service Unavailable\r\n{headers}connection: close\r\ncontent-length: 0\r\n\r\n");
    // Who has not even room for that does without.
    let _ = stream.into_std().and_then(|mut stream| stream.write(answer.as_bytes()));
}

fn start_connection(stream: TcpStream, client: SocketAddr, content: Content, app: &Arc<App>, connections: &GracefulShutdown, place: Share) {
    // Spin does not, which costs 44 ms for each response without content-length on a kept connection.
    if app.tuned {
        let _ = stream.set_nodelay(true);
    }
    let Limits { head, head_bytes, least_rate, take_window, .. } = app.limits;
    let stream = PacedStream::new(stream, LeastPace { rate: least_rate, window: take_window });
    let app = Arc::clone(app);
    let service = service_fn(move |request| {
        let app = Arc::clone(&app);
        async move { respond(&app, content, request, client).await }
    });
    let mut server = http1::Builder::new();
    server.timer(TokioTimer::new()).header_read_timeout(head).max_header_size(head_bytes);
    let connection = connections.watch(server.serve_connection(TokioIo::new(stream), service));
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::debug!("connection of {client}: {error}");
        }
        drop(place);
    });
}

/// An error ends the connection without an answer: that is what Spin does with requests that name no host, or two.
async fn respond(app: &App, content: Content, mut request: Request<Incoming>, client: SocketAddr) -> anyhow::Result<Response<WasiBody>> {
    *request.uri_mut() = absolute(request.uri(), request.headers().get(HOST))?;
    Ok(match (content, request.uri().path()) {
        (_, HEALTH_PATH) => answer("text/plain", "OK".to_owned()),
        (Content::App, INFO_PATH) => answer("application/json", app.info()),
        (Content::App, _) => respond_by_component(app, request, client).await,
        (Content::Metrics, METRICS_PATH) => answer("application/json", metrics::to_json(app.components())),
        (Content::Metrics, _) => empty(StatusCode::NOT_FOUND),
    })
}

async fn respond_by_component(app: &App, request: Request<Incoming>, client: SocketAddr) -> Response<WasiBody> {
    let Some(found) = app.routes.find(request.uri().path()) else { return empty(StatusCode::NOT_FOUND) };
    let Some(handler) = app.handlers.get(&found.entry.component) else { return empty(StatusCode::NOT_FOUND) };
    let name = &found.entry.component;
    let place = if request.body().is_end_stream() {
        None
    } else {
        match handler.place_of_body(client.ip()).await {
            Ok(place) => Some(place),
            Err(refusal) => return refusal.response(),
        }
    };
    let least = LeastPace { rate: app.limits.least_rate, window: app.limits.send_window };
    let request = match for_guest(request.map(|body| PacedBody::new(body, least, place).boxed_unsync()), &found, client) {
        Ok(request) => request,
        Err(error) => {
            tracing::debug!("component {name}: the request cannot be passed on: {error}");
            return Refusal::of_request("a header of the request is no UTF-8").response();
        }
    };
    match handler.handle(request, client.ip()).await {
        Ok(response) => response,
        Err(Unanswered::Busy(refusal)) => refusal.response(),
        Err(Unanswered::Failed(error)) => {
            tracing::error!("component {name}: no response: {error}");
            empty(StatusCode::INTERNAL_SERVER_ERROR)
        }
    }
}

/// The request as the guest sees it: with Spin's headers. Those of the client must be UTF-8.
fn for_guest(request: Request<WasiBody>, found: &Match<'_>, client: SocketAddr) -> anyhow::Result<Request<WasiBody>> {
    let (mut parts, body) = request.into_parts();
    for value in parts.headers.values() {
        std::str::from_utf8(value.as_bytes())?;
    }
    add_spin_headers(&mut parts.headers, &parts.uri, found, client)?;
    Ok(Request::from_parts(parts, body))
}

/// The whole address of a request, of which the line has the path only, or all.
fn absolute(uri: &Uri, host: Option<&HeaderValue>) -> anyhow::Result<Uri> {
    let host = host.map(|host| Authority::try_from(host.as_bytes())).transpose()?;
    let mut parts = uri.clone().into_parts();
    parts.scheme = Some(Scheme::HTTP);
    parts.authority = Some(match (parts.authority, host) {
        (Some(authority), Some(host)) => {
            ensure!(authority == host, "the request is for {authority} and for {host}");
            authority
        }
        // HTTP/2 needs no header beside the address.
        (authority, host) => authority.or(host).context("the request names no host")?,
    });
    Ok(Uri::from_parts(parts)?)
}

/// Adds Spin's headers after those of the same name that the client sent: guests must read the last one.
fn add_spin_headers(headers: &mut HeaderMap, uri: &Uri, found: &Match<'_>, client: SocketAddr) -> anyhow::Result<()> {
    let route = &found.entry.route;
    let fixed = [
        ("spin-path-info", found.rest.clone()),
        ("spin-full-url", uri.to_string()),
        ("spin-matched-route", route.clone()),
        ("spin-base-path", "/".to_owned()),
        ("spin-raw-component-route", route.clone()),
        ("spin-component-route", found.entry.prefix().to_owned()),
        ("spin-client-addr", client.to_string()),
    ];
    for (name, value) in fixed {
        headers.append(name, HeaderValue::try_from(value)?);
    }
    for (name, value) in &found.named {
        let name = HeaderName::try_from(format!("spin-path-match-{name}"))?;
        headers.append(name, HeaderValue::try_from(value)?);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::routes::Routes;

    fn headers(path: &'static str, mut headers: HeaderMap) -> HeaderMap {
        let mut routes = Routes::default();
        routes.add("/things/:id/...", "things").unwrap();
        let client = "10.0.0.1:5000".parse().unwrap();
        let uri = absolute(&Uri::from_static(path), Some(&HeaderValue::from_static("example.com"))).unwrap();
        add_spin_headers(&mut headers, &uri, &routes.find(uri.path()).unwrap(), client).unwrap();
        headers
    }

    #[tokio::test]
    async fn who_comes_with_many_others_finds_room() {
        let listener = listen((std::net::Ipv4Addr::LOCALHOST, 0).into()).unwrap();
        let address = listener.local_addr().unwrap();
        let connect = |_| std::net::TcpStream::connect_timeout(&address, Duration::from_secs(10)).unwrap();
        // None of them is accepted yet. Where there is no room for one, the system does not even let it try.
        let callers: Vec<_> = (0..300).map(connect).collect();
        assert_eq!(callers.len(), 300);
    }

    #[test]
    fn a_guest_is_told_what_matched() {
        let headers = headers("/things/7/x?y=z", HeaderMap::new());
        let expected = [
            ("spin-path-info", "/x"),
            ("spin-full-url", "http://example.com/things/7/x?y=z"),
            ("spin-matched-route", "/things/:id/..."),
            ("spin-raw-component-route", "/things/:id/..."),
            ("spin-component-route", "/things/:id"),
            ("spin-base-path", "/"),
            ("spin-path-match-id", "7"),
            ("spin-client-addr", "10.0.0.1:5000"),
        ];
        for (name, value) in expected {
            assert_eq!(headers[name], value, "{name}");
        }
    }

    #[test]
    fn a_forged_header_comes_before_the_true_one() {
        let forged = HeaderMap::from_iter([(HeaderName::from_static("spin-client-addr"), HeaderValue::from_static("forged"))]);
        let headers = headers("/things/7", forged);
        let values: Vec<_> = headers.get_all("spin-client-addr").iter().collect();
        assert_eq!(values, ["forged", "10.0.0.1:5000"]);
    }

    #[test]
    fn a_request_names_one_host() {
        let absolute = |uri, host| absolute(&Uri::from_static(uri), Option::map(host, HeaderValue::from_static).as_ref());
        assert_eq!(absolute("/a?b", Some("here:3000")).unwrap(), "http://here:3000/a?b");
        assert_eq!(absolute("http://here/a", Some("here")).unwrap(), "http://here/a");
        assert_eq!(absolute("http://here/a", None).unwrap(), "http://here/a");
        for (uri, host) in [("/a", None), ("/a", Some("he re")), ("/a", Some("")), ("http://here/a", Some("there"))] {
            assert!(absolute(uri, host).is_err(), "{uri} {host:?}");
        }
    }
}
