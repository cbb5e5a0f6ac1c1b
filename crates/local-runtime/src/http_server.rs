//! The HTTP server: routes requests to components and tells them what Spin tells.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use bytes::Bytes;
use http::header::{CONTENT_TYPE, HOST};
use http::uri::{Authority, Scheme};
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response, StatusCode, Uri};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};
use wasmtime_wasi_http::{Error, WasiBody};

use crate::app::App;
use crate::metrics;
use crate::routes::Match;

/// How long open requests may go on after the signal to stop.
const STOP_LIMIT: Duration = Duration::from_secs(3);

/// The paths that Spin and the runtime answer themselves.
/// Waited after a connection that could not be accepted: mostly too many files are open.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

const HEALTH_PATH: &str = "/.well-known/spin/health";
const INFO_PATH: &str = "/.well-known/spin/info";
const METRICS_PATH: &str = "/.well-known/local-runtime/metrics";

/// Serves until `stop` is there, then lets open requests end for a moment.
pub async fn serve(listener: TcpListener, app: Arc<App>, stop: impl Future<Output = ()>) {
    let connections = GracefulShutdown::new();
    let mut stop = std::pin::pin!(stop);
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, client)) => start_connection(stream, client, &app, &connections),
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

fn start_connection(stream: TcpStream, client: SocketAddr, app: &Arc<App>, connections: &GracefulShutdown) {
    // Spin does not, which costs 44 ms for each response without content-length on a kept connection.
    if app.tuned {
        let _ = stream.set_nodelay(true);
    }
    let app = Arc::clone(app);
    let service = service_fn(move |request| {
        let app = Arc::clone(&app);
        async move { respond(&app, request, client).await }
    });
    let builder = Builder::new(TokioExecutor::new());
    let connection = connections.watch(builder.serve_connection(TokioIo::new(stream), service).into_owned());
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::debug!("connection of {client}: {error}");
        }
    });
}

/// An error ends the connection without an answer: that is what Spin does with requests that name no host, or two.
async fn respond(app: &App, mut request: Request<Incoming>, client: SocketAddr) -> anyhow::Result<Response<WasiBody>> {
    *request.uri_mut() = absolute(request.uri(), request.headers().get(HOST))?;
    Ok(match request.uri().path() {
        HEALTH_PATH => answer("text/plain", "OK".to_owned()),
        INFO_PATH => answer("application/json", app.info()),
        METRICS_PATH => answer("application/json", metrics::to_json(app.components())),
        _ => respond_by_component(app, request, client).await,
    })
}

async fn respond_by_component(app: &App, request: Request<Incoming>, client: SocketAddr) -> Response<WasiBody> {
    let Some(found) = app.routes.find(request.uri().path()) else { return empty(StatusCode::NOT_FOUND) };
    let Some(handler) = app.handlers.get(&found.entry.component) else { return empty(StatusCode::NOT_FOUND) };
    let name = &found.entry.component;
    let request = match for_guest(request, &found, client) {
        Ok(request) => request,
        Err(error) => {
            tracing::error!("component {name}: the request cannot be passed on: {error}");
            return empty(StatusCode::INTERNAL_SERVER_ERROR);
        }
    };
    handler.state().component.metrics.requests.fetch_add(1, Relaxed);
    match handler.handle((), request).await {
        Ok(response) => response,
        Err(error) => {
            tracing::error!("component {name}: no response: {error}");
            empty(StatusCode::INTERNAL_SERVER_ERROR)
        }
    }
}

/// The request as the guest sees it: with Spin's headers. Those of the client must be UTF-8.
fn for_guest(request: Request<Incoming>, found: &Match<'_>, client: SocketAddr) -> anyhow::Result<Request<WasiBody>> {
    let (mut parts, body) = request.into_parts();
    for value in parts.headers.values() {
        std::str::from_utf8(value.as_bytes())?;
    }
    add_spin_headers(&mut parts.headers, &parts.uri, found, client)?;
    Ok(Request::from_parts(parts, body.map_err(Error::from).boxed_unsync()))
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

fn empty(status: StatusCode) -> Response<WasiBody> {
    let mut response = Response::new(body(String::new()));
    *response.status_mut() = status;
    response
}

fn answer(content_type: &'static str, text: String) -> Response<WasiBody> {
    let mut response = Response::new(body(text));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

fn body(text: String) -> WasiBody {
    Full::new(Bytes::from(text)).map_err(Error::from).boxed_unsync()
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
