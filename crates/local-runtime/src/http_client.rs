//! Requests that guests send: checked against the rules of their component, over kept connections.
//!
//! As in Spin, the time to the first byte of an answer counts from the start: finding the server, connecting, TLS and sending are in it, and
//! so is the limit for the connection.
//!
//! Two kinds never leave the runtime: those to `http://NAME.spin.internal` go to the component NAME, and those without a host
//! (or to `self.alt`) to the application's own address.

use std::collections::HashMap;
use std::error::Error as _;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;
use std::pin::{Pin, pin};
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};
use std::time::Duration;

use anyhow::Context as _;
use bytes::Bytes;
use http::uri::{Authority, Scheme};
use http::{Request, Response, Uri};
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::{HttpConnector, capture_connection};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use tokio::runtime::Handle;
use tokio::time::Sleep;
use wasmtime_wasi_http::{Error, RequestOptions, WasiBody, WasiHttpHooks};

use crate::guest::Component;
use crate::instances::{Handler, Unanswered};
use crate::outbound::default_port;
use crate::runtime_config::ClientTls;
use crate::threads::within;

/// Each of the three time-outs of a request, where the guest sets none.
const DEFAULT_TIMEOUT: Duration = Duration::from_mins(10);

/// What a request counts as that another component sends.
const OWN: IpAddr = IpAddr::V4(Ipv4Addr::UNSPECIFIED);

/// The domain whose names stand for components.
const CHAINING_DOMAIN: &str = ".spin.internal";

type Done = Box<dyn Future<Output = Result<(), Error>> + Send>;
type Answer = Result<(Response<WasiBody>, Done), Error>;

type Connections = Client<HttpsConnector<HttpConnector>, WasiBody>;

/// The HTTP client that all components share.
pub struct HttpClient {
    usual: Connections,
    /// Those that trust further authorities.
    trusting: Vec<(ClientTls, Connections)>,
    own_address: OnceLock<SocketAddr>,
    components: OnceLock<HashMap<String, Handler>>,
    /// The threads of the connections.
    io: Handle,
}

/// Connections that trust the web's authorities and those of a file.
fn connections(authorities: Option<&Path>, nodelay: bool) -> anyhow::Result<Connections> {
    let read = |file: &Path| std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()));
    let authorities = authorities.map(read).transpose()?;
    let mut connector = HttpConnector::new();
    connector.set_nodelay(nodelay);
    connector.enforce_http(false);
    let tls = HttpsConnectorBuilder::new().with_tls_config(tls_client::web_and(authorities.as_deref())?);
    let connector = tls.https_or_http().enable_http1().wrap_connector(connector);
    Ok(Client::builder(TokioExecutor::new()).pool_timer(TokioTimer::new()).build(connector))
}

impl HttpClient {
    /// A client; `nodelay` sends small pieces at once (TCP_NODELAY), which Spin's does not.
    pub fn new(client_tls: &[ClientTls], nodelay: bool, io: Handle) -> anyhow::Result<Self> {
        let trusting = client_tls.iter().map(|tls| Ok((tls.clone(), connections(Some(&tls.ca_roots_file), nodelay)?)));
        Ok(Self {
            usual: connections(None, nodelay)?,
            trusting: trusting.collect::<anyhow::Result<_>>()?,
            own_address: OnceLock::new(),
            components: OnceLock::new(),
            io,
        })
    }

    /// Tells the client where the application itself listens.
    pub fn set_own_address(&self, address: SocketAddr) {
        let _ = self.own_address.set(address);
    }

    /// Tells the client the components that requests may be chained to.
    pub fn set_components(&self, components: HashMap<String, Handler>) {
        let _ = self.components.set(components);
    }

    async fn send(&self, component: &str, request: Request<WasiBody>, options: Option<RequestOptions>) -> Answer {
        match self.chained(request.uri()) {
            Some(handler) => chain(handler, request).await,
            None => within(&self.io, self.send_out(component, request, options)).await,
        }
    }

    async fn send_out(&self, component: &str, mut request: Request<WasiBody>, options: Option<RequestOptions>) -> Answer {
        let timeouts = Timeouts::new(options);
        let mut connected = capture_connection(&mut request);
        let answer = self.connections(component, request.uri()).request(request);
        let mut answer = pin!(tokio::time::timeout(timeouts.first_byte, answer));
        let early = tokio::select! {
            early = &mut answer => Some(early),
            _ = connected.wait_for_connection_metadata() => None,
            () = tokio::time::sleep(timeouts.connect) => return Err(Error::ConnectionTimeout),
        };
        let answer = match early {
            Some(answer) => answer,
            None => answer.await,
        };
        let response = answer.map_err(|_| Error::ConnectionReadTimeout)?.map_err(|error| convert_error(&error))?;
        Ok((response.map(|body| TimedBody::new(body, timeouts.between_bytes).boxed_unsync()), Box::new(async { Ok(()) })))
    }

    fn connections(&self, component: &str, uri: &Uri) -> &Connections {
        let host = uri.host().unwrap_or_default();
        self.trusting.iter().find(|(tls, _)| tls.is_for(component, host)).map_or(&self.usual, |(_, connections)| connections)
    }

    fn chained(&self, uri: &Uri) -> Option<&Handler> {
        let name = uri.host()?.strip_suffix(CHAINING_DOMAIN)?;
        self.components.get()?.get(name)
    }

    /// Replaces a missing host by the application's own address.
    fn own_uri(&self, uri: &Uri) -> Result<Uri, Error> {
        let address = self.own_address.get().ok_or(Error::DestinationUnavailable)?;
        let mut parts = uri.clone().into_parts();
        parts.scheme = Some(Scheme::HTTP);
        parts.authority = Some(Authority::try_from(address.to_string()).map_err(|_| Error::HttpRequestUriInvalid)?);
        Uri::from_parts(parts).map_err(|_| Error::HttpRequestUriInvalid)
    }
}

/// Hands a request to another component, without the network.
async fn chain(handler: &Handler, request: Request<WasiBody>) -> Answer {
    let response = match handler.handle(request, OWN).await {
        Ok(response) => response,
        Err(Unanswered::Busy(refusal)) => refusal.response(),
        Err(Unanswered::Failed(error)) => return Err(Error::InternalError(Some(error.to_string()))),
    };
    Ok((response, Box::new(async { Ok(()) })))
}

/// The client reports one error with its causes inside; the guest's interface wants to know what went wrong where.
fn convert_error(error: &hyper_util::client::legacy::Error) -> Error {
    let mut cause = error.source();
    while let Some(inner) = cause {
        if let Some(io) = inner.downcast_ref::<std::io::Error>() {
            let io = std::io::Error::new(io.kind(), io.to_string());
            return if error.is_connect() { Error::Connect(io) } else { Error::ConnectionTerminated };
        }
        if let Some(hyper) = inner.downcast_ref::<hyper::Error>()
            && (hyper.is_incomplete_message() || hyper.is_closed() || hyper.is_canceled())
        {
            return Error::ConnectionTerminated;
        }
        cause = inner.source();
    }
    if error.is_connect() { Error::DestinationUnavailable } else { Error::HttpProtocolError }
}

struct Timeouts {
    connect: Duration,
    first_byte: Duration,
    between_bytes: Duration,
}

impl Timeouts {
    fn new(options: Option<RequestOptions>) -> Self {
        let connect = options.and_then(|options| options.connect_timeout).unwrap_or(DEFAULT_TIMEOUT);
        let first_byte = options.and_then(|options| options.first_byte_timeout).unwrap_or(DEFAULT_TIMEOUT);
        let between_bytes = options.and_then(|options| options.between_bytes_timeout).unwrap_or(DEFAULT_TIMEOUT);
        Self { connect, first_byte, between_bytes }
    }
}

/// A response body that fails when nothing comes for too long.
struct TimedBody {
    body: Incoming,
    timeout: Duration,
    sleep: Pin<Box<Sleep>>,
}

impl TimedBody {
    fn new(body: Incoming, timeout: Duration) -> Self {
        Self { body, timeout, sleep: Box::pin(tokio::time::sleep(timeout)) }
    }
}

impl Body for TimedBody {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        if let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(cx) {
            let deadline = tokio::time::Instant::now() + self.timeout;
            self.sleep.as_mut().reset(deadline);
            return Poll::Ready(frame.map(|frame| frame.map_err(Error::from)));
        }
        self.sleep.as_mut().poll(cx).map(|()| Some(Err(Error::ConnectionReadTimeout)))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// The requests of one instance.
pub struct OutgoingRequests {
    component: Arc<Component>,
}

impl OutgoingRequests {
    /// For an instance of a component.
    pub fn new(component: &Arc<Component>) -> Self {
        Self { component: Arc::clone(component) }
    }
}

impl WasiHttpHooks for OutgoingRequests {
    fn send_request(
        &mut self,
        request: Request<WasiBody>,
        options: Option<RequestOptions>,
        _result: Done,
    ) -> Box<dyn Future<Output = Answer> + Send> {
        let component = Arc::clone(&self.component);
        Box::new(async move {
            let request = permitted(&component, request)?;
            component.http.send(&component.name, request, options).await
        })
    }
}

/// Checks a request against the rules of its component, and gives it a host if it has none.
fn permitted(component: &Component, mut request: Request<WasiBody>) -> Result<Request<WasiBody>, Error> {
    let uri = request.uri();
    let scheme = uri.scheme_str().unwrap_or("http");
    let allows = match uri.host() {
        None | Some("self.alt") => component.allowed_hosts.allows_own(scheme),
        Some(host) => {
            let port = uri.port_u16().or_else(|| default_port(scheme)).ok_or(Error::HttpRequestUriInvalid)?;
            component.allowed_hosts.allows(scheme, host.trim_matches(['[', ']']), port)
        }
    };
    if !allows {
        let host = uri.authority().map_or("self", Authority::as_str);
        tracing::error!("component {}: {scheme}://{host} is not in its allowed_outbound_hosts", component.name);
        return Err(Error::HttpRequestDenied);
    }
    if matches!(uri.host(), None | Some("self.alt")) {
        *request.uri_mut() = component.http.own_uri(uri)?;
        request.headers_mut().remove(http::header::HOST);
    }
    Ok(request)
}

#[cfg(test)]
mod tests {
    use http_body_util::Empty;

    use super::*;

    async fn outcome(uri: String, connect: Duration, first_byte: Duration) -> Answer {
        let request = Request::get(uri).body(Empty::new().map_err(Error::from).boxed_unsync()).unwrap();
        let options = RequestOptions { connect_timeout: Some(connect), first_byte_timeout: Some(first_byte), between_bytes_timeout: None };
        HttpClient::new(&[], false, Handle::current()).unwrap().send("any", request, Some(options)).await
    }

    #[tokio::test]
    async fn who_is_silent_has_the_time_to_the_first_byte() {
        let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let uri = format!("http://{}/", silent.local_addr().unwrap());
        let answer = outcome(uri, Duration::from_hours(1), Duration::from_millis(10)).await;
        assert!(matches!(answer, Err(Error::ConnectionReadTimeout)));
    }

    /// A server that never says a word of TLS: the connection stands, but is not one yet for whoever wants TLS.
    #[tokio::test]
    async fn the_time_to_connect_counts_as_time_to_the_first_byte() {
        let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let uri = format!("https://{}/", silent.local_addr().unwrap());
        let answer = outcome(uri.clone(), Duration::from_hours(1), Duration::from_millis(10)).await;
        assert!(matches!(answer, Err(Error::ConnectionReadTimeout)));
        let answer = outcome(uri, Duration::from_millis(10), Duration::from_hours(1)).await;
        assert!(matches!(answer, Err(Error::ConnectionTimeout)));
    }
}
