//! What every answer has, whoever gives it: headers for browsers and caches, and those by which pages of other origins may read it (CORS).

use std::sync::OnceLock;

use anyhow::{Result, ensure};
use axum::body::Body;
use axum::response::IntoResponse;
use axum::{BoxError, Router};
use bytes::Bytes;
use http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_METHOD, CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH,
    ORIGIN, VARY, X_CONTENT_TYPE_OPTIONS,
};
use http::request::Parts;
use http::uri::Authority;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode, Uri};
use tower_service::Service;
use uuid::Uuid;

use crate::config;
use crate::http::{Cause, PROBLEM, Problem, no_such_method, no_such_path, not_modified};

/// What pages of other origins may send. A key goes in a header that a page has to set itself; the cookie of a session goes by itself, so that what is done
/// with it has to be marked as a page's own will.
const PREFLIGHT: [(HeaderName, &str); 3] = [
    (ACCESS_CONTROL_ALLOW_METHODS, "GET, POST, PATCH, DELETE"),
    (
        ACCESS_CONTROL_ALLOW_HEADERS,
        "authorization, content-type, content-encoding, idempotency-key, if-none-match, spillway-request, x-file-name",
    ),
    // Seconds for which a browser need not ask again.
    (ACCESS_CONTROL_MAX_AGE, "600"),
];

/// The header by which a page says that it means what its request does: no form can send it, and a browser asks before another origin's page may.
const MARK: HeaderName = HeaderName::from_static("spillway-request");

/// Headers of answers that they may read beside those that every page may.
const EXPOSED: &str = "etag, location, retry-after, ratelimit, ratelimit-policy, x-request-id";

/// By what a request is found in the log.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// Characters of one at most.
const REQUEST_ID_LENGTH: usize = 64;

/// Beside letters and digits, what names and addresses in origins have.
const OF_NAMES: [char; 6] = ['-', '.', '_', ':', '[', ']'];

/// The ports that browsers leave out of origins.
const LEFT_OUT: [(&str, u16); 2] = [("http", 80), ("https", 443)];

/// Answers a request by the routes of a component. What no route knows is a problem, too.
pub async fn serve<B>(routes: Router, request: Request<B>) -> Response<Body>
where
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    match Origins::of_component().await {
        Ok(origins) => origins.serve(routes, request).await,
        Err(error) => complete(request.headers(), Problem::internal(error).into_response()),
    }
}

/// Sets the headers that every answer has, and writes into the log what is to be known of the request. An answer with an entity tag may be kept, if it is asked for again
/// each time; all others are kept nowhere.
pub fn complete(request: &HeaderMap, mut response: Response<Body>) -> Response<Body> {
    let id = request_id(request);
    if let Some(Cause(cause)) = response.extensions().get() {
        eprintln!("request {}: {cause}", id.to_str().unwrap_or_default());
    }
    response.headers_mut().insert(REQUEST_ID, id);
    let headers = response.headers_mut();
    let kept = if headers.contains_key(ETAG) { "private, no-cache" } else { "no-store" };
    headers.insert(CACHE_CONTROL, HeaderValue::from_static(kept));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(VARY, HeaderValue::from_static("authorization, cookie, origin"));
    response
}

/// By what a request is found in the log: as a proxy or the caller has named it, or a random one.
fn request_id(headers: &HeaderMap) -> HeaderValue {
    let is_one = |id: &&HeaderValue| {
        (1..=REQUEST_ID_LENGTH).contains(&id.len())
            && id.as_bytes().iter().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(byte))
    };
    let made = || HeaderValue::from_str(&Uuid::new_v4().simple().to_string()).unwrap_or_else(|_| HeaderValue::from_static("unknown"));
    headers.get(REQUEST_ID).filter(is_one).cloned().unwrap_or_else(made)
}

/// 304 for whoever has what there is (RFC 9110, 13.1.2): any of it (`*`), or this version. Handlers say it themselves where it saves them work.
fn unless_known(request: &Parts, response: Response<Body>) -> Response<Body> {
    let (Some(tag), true) = (response.headers().get(ETAG).and_then(|tag| tag.to_str().ok()), response.status() == StatusCode::OK) else {
        return response;
    };
    let strong = tag.trim_start_matches("W/");
    let given = request.headers.get_all(IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    let is_known =
        given.flat_map(|list| list.split(',')).map(str::trim).any(|known| known == "*" || known.trim_start_matches("W/") == strong);
    let reads = matches!(request.method, Method::GET | Method::HEAD);
    if is_known && reads { not_modified(tag) } else { response }
}

/// 403 where a request that a session is to be used for may not be what its page wants: one without the header of ours, or without the origin of a page
/// that may call.
pub(crate) async fn check_page(parts: &Parts) -> Result<(), Problem> {
    if !parts.headers.contains_key(ORIGIN) || !parts.headers.contains_key(MARK) {
        return Err(forbidden_origin(
            "with the cookie of a session, what changes something has the headers Origin and \"spillway-request: 1\"",
        ));
    }
    check_origin(parts).await
}

/// 403 for a page of an origin that is neither the request's own nor one of those whose pages may call. What is no page names none.
pub async fn check_origin(parts: &Parts) -> Result<(), Problem> {
    let mut given = parts.headers.get_all(ORIGIN).iter();
    let Some(origin) = given.next() else { return Ok(()) };
    let own = origin.to_str().is_ok_and(|origin| parts.uri.authority().is_some_and(|host| is_of_host(origin, host)));
    if given.next().is_none() && (own || Origins::of_component().await.map_err(Problem::internal)?.known(&parts.headers).is_some()) {
        return Ok(());
    }
    Err(forbidden_origin("pages of this origin may not do this: of another than the app's own the operator has to name it (cors_origins)"))
}

fn forbidden_origin(detail: &str) -> Problem {
    Problem::new(StatusCode::FORBIDDEN, "forbidden-origin", "No page of this origin may do this", detail)
}

/// Whether an origin is that of the host that was asked. Behind a proxy nobody knows how it was reached, so that the port that an origin leaves out is the
/// usual one of its own scheme.
fn is_of_host(origin: &str, host: &Authority) -> bool {
    let Some(uri) = origin.parse().ok().filter(|uri| origin_of(uri).is_some_and(|as_sent| as_sent == origin)) else { return false };
    let usual = LEFT_OUT.iter().find(|(scheme, _)| uri.scheme_str() == Some(scheme)).map(|(_, port)| *port);
    let same_name = uri.host().is_some_and(|name| name.eq_ignore_ascii_case(host.host()));
    same_name && uri.port_u16().or(usual) == host.port_u16().or(usual)
}

/// The origins whose pages may call: the component's variable `cors_origins`.
#[derive(Debug)]
struct Origins(Vec<HeaderValue>);

impl Origins {
    async fn of_component() -> Result<&'static Self> {
        // Once for an instance, as what is known of the database.
        static ORIGINS: OnceLock<Origins> = OnceLock::new();
        if let Some(origins) = ORIGINS.get() {
            return Ok(origins);
        }
        let origins = Self::parse(&config::text("cors_origins").await?)?;
        Ok(ORIGINS.get_or_init(|| origins))
    }

    /// Reads a list with commas; an empty one has none.
    fn parse(list: &str) -> Result<Self> {
        list.split(',').map(str::trim).filter(|origin| !origin.is_empty()).map(parse_origin).collect::<Result<_>>().map(Self)
    }

    async fn serve<B>(&self, routes: Router, request: Request<B>) -> Response<Body>
    where
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        let (parts, body) = request.into_parts();
        let origin = self.known(&parts.headers);
        let mut response = match origin {
            Some(_) if is_preflight(&parts) => preflight(),
            _ => unless_known(&parts, routed(routes, Request::from_parts(parts.clone(), body)).await),
        };
        if let Some(origin) = origin {
            let headers = response.headers_mut();
            headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
            headers.insert(ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
            headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(EXPOSED));
        }
        complete(&parts.headers, response)
    }

    /// The origin of a request, if it is one of them. Of others nothing is said: a browser keeps the answer from them then.
    fn known(&self, headers: &HeaderMap) -> Option<&HeaderValue> {
        let given = headers.get(ORIGIN)?;
        self.0.iter().find(|origin| *origin == given)
    }
}

async fn routed<B>(routes: Router, request: Request<B>) -> Response<Body>
where
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    let Ok(response) = routes.fallback(no_such_path).method_not_allowed_fallback(no_such_method).call(request).await;
    // The router's own refusals are sentences for developers.
    let is_ours = !response.status().is_client_error() || response.headers().get(CONTENT_TYPE).is_some_and(|kind| kind == PROBLEM);
    if is_ours {
        response
    } else {
        Problem::bad_request("the path cannot be read: what stands for bytes in it (%…) is no UTF-8").into_response()
    }
}

fn is_preflight(request: &Parts) -> bool {
    request.method == Method::OPTIONS && request.headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD)
}

fn preflight() -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    response.headers_mut().extend(PREFLIGHT.map(|(name, value)| (name, HeaderValue::from_static(value))));
    response
}

fn parse_origin(text: &str) -> Result<HeaderValue> {
    let as_sent = text.parse().ok().and_then(|uri| origin_of(&uri));
    ensure!(
        as_sent.is_some_and(|origin| origin == text),
        "the variable cors_origins has {text:?}; it takes origins as browsers send them, with commas in between: \
        http or https, name, and port unless it is the usual one, as in https://a.example, http://localhost:5173. \
        There is no * for all: name whose pages may call"
    );
    Ok(HeaderValue::from_str(text)?)
}

/// The origin of an address as browsers send it (RFC 6454, 6.2).
fn origin_of(uri: &Uri) -> Option<String> {
    let (scheme, host) = (uri.scheme_str()?, uri.host()?.to_lowercase());
    if !host.chars().all(|c| c.is_ascii_alphanumeric() || OF_NAMES.contains(&c)) {
        return None;
    }
    let (_, left_out) = LEFT_OUT.iter().find(|(known, _)| *known == scheme)?;
    let port = uri.port_u16().filter(|port| port != left_out).map(|port| format!(":{port}"));
    Some(format!("{scheme}://{host}{}", port.unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use axum::routing::get;
    use futures::executor::block_on;

    use super::*;
    use crate::http::{Answer, document_response, not_modified, set_tag};

    const OURS: &str = "https://a.example";

    async fn tagged() -> Answer {
        let mut response = document_response(StatusCode::OK, "{}");
        set_tag(&mut response, "W/\"1\"");
        Ok(response)
    }

    fn routes() -> Router {
        Router::new()
            .route("/document", get(async || document_response(StatusCode::OK, "{}")))
            .route("/tagged", get(tagged))
            .route("/known", get(async || not_modified("W/\"1\"")))
            .route("/problem", get(async || Problem::unavailable("a part", anyhow::anyhow!("it is away"))))
    }

    fn answer(method: &str, path: &str, headers: &[(HeaderName, &str)]) -> Response<Body> {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(name, *value);
        }
        let origins = Origins::parse("https://a.example, http://localhost:5173").unwrap();
        block_on(origins.serve(routes(), request.body(Body::empty()).unwrap()))
    }

    fn header(response: &Response<Body>, name: HeaderName) -> Option<&str> {
        response.headers().get(name).map(|value| value.to_str().unwrap())
    }

    #[test]
    fn every_answer_has_its_headers_and_only_those_with_a_tag_are_kept() {
        for (method, path, status, kept) in [
            ("GET", "/document", 200, "no-store"),
            ("GET", "/tagged", 200, "private, no-cache"),
            ("GET", "/known", 304, "private, no-cache"),
            ("GET", "/problem", 503, "no-store"),
            ("GET", "/nothing", 404, "no-store"),
            ("POST", "/document", 405, "no-store"),
        ] {
            let response = answer(method, path, &[]);
            assert_eq!(response.status().as_u16(), status, "{path}");
            assert_eq!(header(&response, CACHE_CONTROL), Some(kept), "{path}");
            assert_eq!(header(&response, X_CONTENT_TYPE_OPTIONS), Some("nosniff"), "{path}");
            assert_eq!(header(&response, VARY), Some("authorization, cookie, origin"), "{path}");
            assert_eq!(header(&response, ACCESS_CONTROL_ALLOW_ORIGIN), None, "{path}");
        }
        assert_eq!(header(&answer("GET", "/known", &[]), http::header::CONTENT_LENGTH), None);
    }

    #[test]
    fn who_has_what_there_is_gets_nothing() {
        for (known, status) in
            [("*", 304), ("W/\"1\"", 304), ("\"1\"", 304), ("\"0\", W/\"1\"", 304), ("\"2\"", 200), ("1", 200), ("", 200)]
        {
            let response = answer("GET", "/tagged", &[(IF_NONE_MATCH, known)]);
            assert_eq!((response.status().as_u16(), header(&response, ETAG)), (status, Some("W/\"1\"")), "{known}");
            assert_eq!(answer("GET", "/document", &[(IF_NONE_MATCH, known)]).status(), StatusCode::OK, "{known}");
        }
    }

    #[test]
    fn a_request_has_an_id() {
        assert_eq!(header(&answer("GET", "/problem", &[(REQUEST_ID, "a-1_b.2")]), REQUEST_ID), Some("a-1_b.2"));
        let long = "x".repeat(REQUEST_ID_LENGTH + 1);
        for id in ["", "a b", "<script>", &long] {
            let response = answer("GET", "/document", &[(REQUEST_ID, id)]);
            assert!(header(&response, REQUEST_ID).is_some_and(|made| made.len() == 32 && made != id), "{id}");
        }
    }

    #[test]
    fn a_known_origin_may_ask_and_read() {
        let asked = answer("OPTIONS", "/document", &[(ORIGIN, OURS), (ACCESS_CONTROL_REQUEST_METHOD, "POST")]);
        assert_eq!(asked.status(), StatusCode::NO_CONTENT);
        assert_eq!(header(&asked, ACCESS_CONTROL_ALLOW_ORIGIN), Some(OURS));
        assert_eq!(header(&asked, ACCESS_CONTROL_MAX_AGE), Some("600"));
        assert!(header(&asked, ACCESS_CONTROL_ALLOW_HEADERS).is_some_and(|names| names.contains("authorization")));
        for path in ["/document", "/nothing", "/problem"] {
            let read = answer("GET", path, &[(ORIGIN, OURS)]);
            assert_eq!(header(&read, ACCESS_CONTROL_ALLOW_ORIGIN), Some(OURS), "{path}");
            assert_eq!(header(&read, ACCESS_CONTROL_EXPOSE_HEADERS), Some(EXPOSED), "{path}");
        }
        let options = answer("OPTIONS", "/document", &[(ORIGIN, OURS)]);
        assert_eq!(options.status(), StatusCode::METHOD_NOT_ALLOWED, "that is no preflight");
    }

    #[test]
    fn others_are_answered_as_if_there_were_no_origins() {
        for origin in ["https://b.example", "http://a.example", "https://a.example:444", "https://a.example.evil", "null", "*", ""] {
            let preflight = answer("OPTIONS", "/document", &[(ORIGIN, origin), (ACCESS_CONTROL_REQUEST_METHOD, "GET")]);
            assert_eq!(preflight.status(), StatusCode::METHOD_NOT_ALLOWED, "{origin}");
            let read = answer("GET", "/document", &[(ORIGIN, origin)]);
            assert_eq!((read.status(), header(&read, ACCESS_CONTROL_ALLOW_ORIGIN)), (StatusCode::OK, None), "{origin}");
        }
    }

    #[test]
    fn an_origin_is_that_of_the_host_whatever_the_scheme() {
        for (origin, host) in [
            ("https://a.example", "a.example"),
            ("https://a.example", "A.example:443"),
            ("http://a.example", "a.example:80"),
            ("http://a.example:8080", "a.example:8080"),
            ("http://[::1]:3000", "[::1]:3000"),
        ] {
            assert!(is_of_host(origin, &host.parse().unwrap()), "{origin} {host}");
        }
        for (origin, host) in [
            ("https://b.example", "a.example"),
            ("https://a.example:444", "a.example"),
            ("https://a.example", "a.example:80"),
            ("https://a.example/", "a.example"),
            ("https://ann@a.example", "a.example"),
            ("https://a.example.b.example", "a.example"),
            ("ftp://a.example", "a.example"),
            ("a.example", "a.example"),
            ("null", "null"),
            ("", "a.example"),
        ] {
            assert!(!is_of_host(origin, &host.parse().unwrap()), "{origin} {host}");
        }
    }

    #[test]
    fn the_variable_has_origins_as_browsers_send_them() {
        assert!(Origins::parse("").unwrap().0.is_empty() && Origins::parse(" , ").unwrap().0.is_empty());
        assert_eq!(Origins::parse("https://a.example,http://[::1]:8080 ,http://10.0.0.1").unwrap().0.len(), 3);
        for wrong in ["*", "a.example", "https://a.example/", "https://A.example", "https://a.example:443", "https://*.example", "null"] {
            let Err(error) = Origins::parse(&format!("https://good.example, {wrong}")) else { panic!("{wrong} is taken") };
            let error = error.to_string();
            assert!(error.contains(&format!("cors_origins has {wrong:?}")) && error.contains("no * for all"), "{error}");
        }
        assert!(Origins::parse("ftp://a.example").is_err() && Origins::parse("https://ann@a.example").is_err());
    }
}
