//! HTTP both ways: answers with problem documents (RFC 9457), entity tags and page tokens; requests with time limits.

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::fmt::Display;
use std::str::FromStr;
use std::time::Duration;

use anyhow::{Result, anyhow};
use axum::body::Body;
use axum::extract::{FromRequestParts, Query};
use axum::response::IntoResponse;
use bytes::Bytes;
use cursors::PAGE_NAMES;
use futures::Stream;
use futures::stream::{empty, unfold};
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, ETAG, IF_NONE_MATCH, RETRY_AFTER, WWW_AUTHENTICATE};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode, Uri};
use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use spin_sdk::http::body::IncomingBodyExt;
use spin_sdk::wasip3::http::client;
use spin_sdk::wasip3::http::types::{ErrorCode, RequestOptions};
use spin_sdk::wasip3::http_compat::{
    IncomingBody, IncomingMessage, IncomingResponseBody, RequestOptionsExtension, http_from_wasi_response, http_into_wasi_request,
};
use spin_sdk::wasip3::wit_bindgen::{StreamResult, yield_async};
use spin_sdk::wasip3::wit_future;
use texts::TextError;
use uuid::Uuid;

use crate::export::{Export, Fetching, Form};
use crate::rate::Rate;

/// The media type of problems.
pub const PROBLEM: &str = "application/problem+json";
/// Entries of a page where the caller asks for no number.
pub const PAGE: i32 = 50;
/// Entries of a page at most.
pub const MAX_PAGE: i32 = 200;
/// Bytes of a document in a request.
pub const MAX_DOCUMENT: usize = 64 * 1024;
/// Bytes of a piece of a long body: more than a host gets from a connection at once, since it hands on what does not fit byte by byte.
const PIECE: usize = 512 * 1024;

/// What a handler gives.
pub type Answer = Result<Response<Body>, Problem>;

/// An error as the caller sees it, and what the log keeps of it.
#[derive(Debug)]
pub struct Problem {
    status: StatusCode,
    /// The last part of the problem's `type`: stable, for programs.
    code: &'static str,
    title: &'static str,
    detail: String,
    /// What a SQL function refused with, instead of code and title.
    refusal: Option<Box<Refusal>>,
    /// For the log only: what outside parts said, which may hold addresses or user names.
    cause: Option<anyhow::Error>,
}

impl Problem {
    /// Any problem; the other constructors are its common cases.
    pub fn new(status: StatusCode, code: &'static str, title: &'static str, detail: impl Into<String>) -> Self {
        Self { status, code, title, detail: detail.into(), refusal: None, cause: None }
    }

    /// What a SQL function refused with a word of its own.
    pub fn refused(status: StatusCode, refusal: Option<Box<Refusal>>, detail: String) -> Self {
        Self { refusal, ..Self::new(status, "refused", "The request was refused", detail) }
    }

    /// 400: the request cannot be understood.
    pub fn bad_request(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "bad-request", "The request cannot be understood", detail)
    }

    /// 401: no valid API key.
    pub fn unauthorized(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "unauthorized", "A valid API key is needed", detail)
    }

    /// 403: the key is valid, and may do other things.
    pub fn forbidden(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "forbidden", "The API key may not do this", detail)
    }

    /// 404: there is no such thing, or it is another workspace's.
    pub fn not_found(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not-found", "There is no such thing", detail)
    }

    /// 408: the rest of the request did not come in time.
    pub fn too_slow(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::REQUEST_TIMEOUT, "too-slow", "The request came too slowly", detail)
    }

    /// 409: not in this state.
    pub fn conflict(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, "conflict", "This is not possible in the present state", detail)
    }

    /// 413: over a limit.
    pub fn too_large(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "too-large", "The body is too large", detail)
    }

    /// 422: understood, but it cannot be taken.
    pub fn unprocessable(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "unprocessable", "The request cannot be taken", detail)
    }

    /// 503: a part that Spillway needs is away.
    pub fn unavailable(what: &'static str, cause: anyhow::Error) -> Self {
        let detail = format!("{what} cannot be reached; try again in a moment");
        Self { cause: Some(cause), ..Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", "A part of the service is away", detail) }
    }

    /// 503: over the time that the database gives to one request.
    pub fn took_too_long(cause: anyhow::Error) -> Self {
        let detail = "the database gives no request as much time as this one needed, or had to wait for others, and nothing was changed; \
            try again in a moment, or ask for less";
        Self { cause: Some(cause), ..Self::new(StatusCode::SERVICE_UNAVAILABLE, "took-too-long", "The request took too long", detail) }
    }

    /// 500: our own fault.
    pub fn internal(cause: anyhow::Error) -> Self {
        let detail = "the request failed for a reason that is in the server's log";
        Self { cause: Some(cause), ..Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "Something went wrong here", detail) }
    }
}

/// What a SQL function says of a refusal beside its text: `spillway.refuse`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Refusal {
    code: String,
    title: String,
    /// Further members of the problem's document.
    #[serde(default)]
    members: Map<String, Value>,
    /// Seconds after which it may be tried again.
    retry_after: Option<u32>,
    rate: Option<Rate>,
}

/// The `type` of a problem: our own, but for those that are registered.
fn problem_type(code: &str) -> String {
    match code {
        // draft-ietf-httpapi-ratelimit-headers-10, section 5.1
        "quota-exceeded" => format!("https://iana.org/assignments/http-problem-types#{code}"),
        _ => format!("urn:spillway:problem:{code}"),
    }
}

/// For the log, with the id of the request: what an answer has to do with.
#[derive(Clone)]
pub(crate) struct Cause(pub(crate) String);

impl IntoResponse for Problem {
    fn into_response(self) -> Response<Body> {
        let (code, title) = self.refusal.as_ref().map_or((self.code, self.title), |refusal| (&refusal.code, &refusal.title));
        let mut document = self.refusal.as_ref().map(|refusal| refusal.members.clone()).unwrap_or_default();
        for (name, value) in [
            ("type", json!(problem_type(code))),
            ("title", json!(title)),
            ("status", json!(self.status.as_u16())),
            ("detail", json!(self.detail)),
        ] {
            document.insert(name.to_owned(), value);
        }
        let mut response = document_response(self.status, Value::Object(document).to_string());
        if let Some(cause) = &self.cause {
            response.extensions_mut().insert(Cause(format!("{}: {cause:#}", self.code)));
        }
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(PROBLEM));
        match self.status {
            StatusCode::UNAUTHORIZED => {
                headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
            }
            StatusCode::SERVICE_UNAVAILABLE => {
                headers.insert(RETRY_AFTER, HeaderValue::from_static("5"));
            }
            _ => {}
        }
        if let Some(seconds) = self.refusal.as_ref().and_then(|refusal| refusal.retry_after) {
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        if let Some(rate) = self.refusal.as_ref().and_then(|refusal| refusal.rate) {
            rate.set_on(headers);
        }
        response
    }
}

impl From<TextError> for Problem {
    fn from(error: TextError) -> Self {
        Self::bad_request(error.to_string())
    }
}

/// A JSON document as answer. It sets Content-Length: without it a host sends the body in chunks, and each request on a kept connection
/// costs 40 ms more.
pub fn document_response(status: StatusCode, document: impl Into<Vec<u8>>) -> Response<Body> {
    let document = document.into();
    let length = document.len();
    let mut response = Response::new(Body::from(document));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
    response
}

/// The router's answer to a path that it does not know.
pub async fn no_such_path() -> Problem {
    Problem::not_found("no resource has this path")
}

/// The router's answer to a method that a path does not know.
pub async fn no_such_method() -> Problem {
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method-not-allowed", "The resource does not know this method", "see the Allow header")
}

/// The weak entity tag of one version of a thing (RFC 9110, section 8.8.3).
pub fn entity_tag(id: Uuid, version: i64) -> String {
    tag_of(&id.simple().to_string(), version)
}

/// The version that the caller has of a thing, by its If-None-Match. Of several tags the first of this thing counts.
pub fn known_version(headers: &HeaderMap, id: Uuid) -> Option<i64> {
    known_tag(headers, &id.simple().to_string())?.parse().ok()
}

/// The value of the weak entity tag of a kind of document that the caller has, by its If-None-Match: see [`tag_of`].
pub fn known_tag(headers: &HeaderMap, kind: &str) -> Option<String> {
    let tags = headers.get_all(IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    let prefix = format!("\"{kind}-");
    tags.flat_map(|list| list.split(','))
        .find_map(|tag| Some(tag.trim().trim_start_matches("W/").strip_prefix(&prefix)?.strip_suffix('"')?.to_owned()))
}

/// The weak entity tag of a document of which there is one a workspace.
pub fn tag_of(kind: &str, value: impl Display) -> String {
    format!("W/\"{kind}-{value}\"")
}

/// 304: the caller has the present version.
pub fn not_modified(tag: &str) -> Response<Body> {
    // Of unknown length: of a body that is known to be empty the router says so, and Content-Length would be that of the document (RFC 9110, 8.6).
    let mut response = Response::new(Body::from_stream(empty::<Result<Bytes, Infallible>>()));
    *response.status_mut() = StatusCode::NOT_MODIFIED;
    set_tag(&mut response, tag);
    response
}

/// Sets the entity tag of an answer.
pub fn set_tag(response: &mut Response<Body>, tag: &str) {
    if let Ok(value) = HeaderValue::from_str(tag) {
        response.headers_mut().insert(ETAG, value);
    }
}

/// Reads an id from a path. What is no id names nothing.
pub fn parse_id(text: &str) -> Result<Uuid, Problem> {
    Uuid::parse_str(text).map_err(|_| Problem::not_found("no resource has this id"))
}

/// What the query of a request may hold.
pub trait Parameters: serde::de::DeserializeOwned {
    /// The names of all that it may hold. Others are refused: who misspells a filter must not take what comes for filtered.
    const NAMES: &'static [&'static str];
    /// Those of them that may be there several times: lists, in JSON's terms, where all others are texts. With them it is read as a JSON object.
    const REPEATED: &'static [&'static str] = &[];
}

/// The parameters of a query; what is wrong with them is told as a problem.
#[derive(Debug)]
pub struct Params<T>(pub T);

/// No parameters.
#[derive(Debug, serde::Deserialize)]
pub struct Nothing {}

impl Parameters for Nothing {
    const NAMES: &'static [&'static str] = &[];
}

impl<T: Parameters, S: Send + Sync> FromRequestParts<S> for Params<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        parameters(&parts.uri).map(Self)
    }
}

/// Reads the parameters of a query.
pub fn parameters<T: Parameters>(uri: &Uri) -> Result<T, Problem> {
    parameters_beside(uri, &[])
}

/// Reads the parameters of a query and of a form's fields, as if all were in the query.
pub fn parameters_and<T: Parameters>(uri: &Uri, fields: &[(String, String)]) -> Result<T, Problem> {
    if fields.is_empty() {
        return parameters(uri);
    }
    let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs(uri)).extend_pairs(fields).finish();
    let uri = Uri::try_from(format!("/?{query}"));
    parameters(
        &uri.map_err(|_| Problem::bad_request("the query and the fields of the form are too long: send what is longer in the file"))?,
    )
}

/// The same of a query that also may hold others.
fn parameters_beside<T: Parameters>(uri: &Uri, beside: &[&str]) -> Result<T, Problem> {
    let known = [T::NAMES, beside].concat();
    let mut seen = BTreeSet::new();
    for (name, _) in pairs(uri) {
        if !known.contains(&&*name) {
            let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
            return Err(Problem::bad_request(format!("the parameter {name:?} is not known here; known are: {known}")));
        }
        if !T::REPEATED.contains(&&*name) && !seen.insert(name.clone()) {
            return Err(Problem::bad_request(format!("the parameter {name} is there twice")));
        }
    }
    if !T::REPEATED.is_empty() {
        let grouped = grouped::<T>(uri, beside);
        return serde_json::from_value(grouped).map_err(|error| Problem::bad_request(format!("the query is not as expected: {error}")));
    }
    let Query(parameters) = Query::try_from_uri(uri).map_err(|rejection| Problem::bad_request(rejection.body_text()))?;
    Ok(parameters)
}

/// The parameters as a JSON object: those that may be repeated are lists.
fn grouped<T: Parameters>(uri: &Uri, beside: &[&str]) -> Value {
    let mut object = Map::new();
    for (name, value) in pairs(uri).filter(|(name, _)| !beside.contains(&&**name)) {
        if T::REPEATED.contains(&&*name) {
            let list = object.entry(name.into_owned()).or_insert_with(|| json!([]));
            list.as_array_mut().into_iter().for_each(|list| list.push(json!(value)));
        } else {
            object.insert(name.into_owned(), json!(value));
        }
    }
    Value::Object(object)
}

fn pairs(uri: &Uri) -> form_urlencoded::Parse<'_> {
    form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes())
}

/// The JSON document in a request, of at most [`MAX_DOCUMENT`] bytes; none where the body is empty or null.
pub async fn json_body<T: serde::de::DeserializeOwned>(body: Body) -> Result<Option<T>, Problem> {
    json_body_of(body, MAX_DOCUMENT).await
}

/// The same of at most so many bytes.
pub async fn json_body_of<T: serde::de::DeserializeOwned>(body: Body, most: usize) -> Result<Option<T>, Problem> {
    let bytes = Limited::new(body, most).collect().await.map_err(|error| match error.downcast::<LengthLimitError>() {
        Ok(_) => Problem::too_large(format!("the document has more than {most} bytes")),
        Err(error) => broken_off("the document ended before its time", &*error),
    })?;
    let bytes = bytes.to_bytes();
    if bytes.is_empty() {
        return Ok(None);
    }
    // An array would be taken for the members of an object in their order.
    if !matches!(bytes.iter().find(|byte| !byte.is_ascii_whitespace()), Some(b'{' | b'n')) {
        return Err(Problem::bad_request("the body is to be a JSON object"));
    }
    serde_json::from_slice(&bytes).map_err(|error| Problem::bad_request(format!("the body is not as expected: {error}")))
}

/// 400 where a parameter has a value that is none of the known ones.
pub fn one_of(name: &str, value: Option<&str>, known: &[&str]) -> Result<(), Problem> {
    match value {
        Some(value) if !known.contains(&value) => Err(Problem::bad_request(format!("{name} can be {}", known.join(", ")))),
        _ => Ok(()),
    }
}

/// What is asked of a list: filters, and which page.
#[derive(Debug)]
pub struct List<F> {
    /// The list's own parameters.
    pub filter: F,
    /// Entries wanted.
    pub limit: i32,
    /// The place that the page before ended with, as the database named it.
    pub after: Option<String>,
    /// All that there is from that place on, written in this form, and not a page.
    pub form: Option<Form>,
    /// Which list it is.
    scope: String,
}

/// A page as the database gives it: its items as a JSON array, and the place after which the next page begins.
#[derive(Debug)]
pub struct PageOfItems {
    /// A JSON array.
    pub items: String,
    /// None where there is no more.
    pub next: Option<String>,
}

impl<F: Parameters, S: Send + Sync> FromRequestParts<S> for List<F> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let filter = parameters_beside(&parts.uri, &PAGE_NAMES)?;
        let scope = cursors::scope(parts.uri.path(), parts.uri.query().unwrap_or_default());
        let value = |wanted: &str| pairs(&parts.uri).find(|(name, _)| name == wanted).map(|(_, value)| value);
        let after = value("cursor").map(|cursor| cursors::decode(&scope, &cursor).ok_or_else(invalid_cursor)).transpose()?;
        let form = match value("format").as_deref() {
            None | Some("json") => None,
            Some("csv") => Some(Form::Csv),
            Some("jsonl") => Some(Form::JsonLines),
            Some(_) => return Err(Problem::bad_request("format can be json, csv, jsonl")),
        };
        Ok(Self { filter, limit: limit(value("limit").as_deref())?, after, form, scope })
    }
}

/// A place where it is made of something else.
pub fn place_as<T: FromStr>(place: Option<&str>) -> Result<Option<T>, Problem> {
    place.map(|place| place.parse().map_err(|_| invalid_cursor())).transpose()
}

impl<F> List<F> {
    /// The place where it is made of something else.
    pub fn after_as<T: FromStr>(&self) -> Result<Option<T>, Problem> {
        place_as(self.after.as_deref())
    }

    /// The answer: a page, or all that there is from its place on. `fetch` gives the page after a place, of so many entries at most.
    pub async fn answer_from(&self, mut fetch: impl FnMut(Option<String>, i32) -> Fetching + Send + 'static) -> Answer {
        match self.form {
            None => self.answer(&fetch(self.after.clone(), self.limit).await?),
            Some(form) => Export::of_list(form, self.after.clone(), fetch).answer().await,
        }
    }

    /// A page as answer.
    pub fn answer(&self, page: &PageOfItems) -> Answer {
        self.answer_with(page, "")
    }

    /// The same with further members (`"unread":3,`) of the document.
    pub fn answer_with(&self, page: &PageOfItems, members: &str) -> Answer {
        let cursor = json!(page.next.as_ref().map(|place| cursors::encode(&self.scope, place)));
        Ok(document_response(StatusCode::OK, format!("{{\"items\":{},{members}\"next_cursor\":{cursor}}}", page.items)))
    }
}

fn limit(given: Option<&str>) -> Result<i32, Problem> {
    match given.map_or(Ok(PAGE), str::parse) {
        Ok(limit @ 1..=MAX_PAGE) => Ok(limit),
        _ => Err(Problem::bad_request(format!("limit is {:?}, it can be 1 to {MAX_PAGE}", given.unwrap_or_default()))),
    }
}

/// 400: a cursor that this list never gave.
pub fn invalid_cursor() -> Problem {
    Problem::bad_request("the cursor is not one that this list gave with these filters; begin without one")
}

/// Limits on the waits for a server.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// For a connection.
    pub connect: Duration,
    /// For the head of the answer, from the start on (Spin counts finding the server, connecting, TLS and sending, too), and then for each piece of
    /// its body.
    pub answer: Duration,
}

/// Sends a request and gives the response as soon as its head is there. An error of the host is its `ErrorCode`.
pub async fn send(mut request: Request<Full<Bytes>>, patience: Patience) -> Result<Response<IncomingResponseBody>> {
    let nanos = |limit: Duration| u64::try_from(limit.as_nanos()).ok();
    let options = RequestOptions::new();
    options.set_connect_timeout(nanos(patience.connect)).map_err(|e| anyhow!("connect timeout: {e:?}"))?;
    options.set_first_byte_timeout(nanos(patience.answer)).map_err(|e| anyhow!("first byte timeout: {e:?}"))?;
    options.set_between_bytes_timeout(nanos(patience.answer)).map_err(|e| anyhow!("between bytes timeout: {e:?}"))?;
    request.extensions_mut().insert(RequestOptionsExtension(options));
    let request = http_into_wasi_request(request)?;
    // So that the body's first piece is there when the host asks for it: head and body are one packet then. Spin's client does not set TCP_NODELAY,
    // and what follows a first packet would wait 40 ms for its acknowledgement: small uploads took 53 ms instead of 12 (`bench upload`, strict host).
    yield_async().await;
    Ok(http_from_wasi_response(client::send(request).await?)?)
}

/// A long body, piece by piece as it comes in. Nothing has been read of it before. As an `http_body::Body` it would come in pieces of 16 KiB,
/// each with a change between host and component, and what the host holds beyond them is copied byte by byte: with larger pieces here and in
/// the store of `cargo xtask`, a drain waits for its report 7 % of its time, not 16 % (`bench drain`, Nessus).
pub fn pieces<T: IncomingMessage + Send + 'static>(mut body: IncomingBody<T>) -> impl Stream<Item = Result<Bytes, ErrorCode>> + Send {
    let reading = body.take_unstarted().map(|message| {
        let (result, when_read) = wit_future::new(|| Ok(()));
        let (stream, trailers) = message.consume_body(when_read);
        (stream, trailers, result)
    });
    unfold(reading, async |reading| {
        let (mut stream, trailers, result) = reading?;
        match stream.read(Vec::with_capacity(PIECE)).await {
            (StreamResult::Complete(_), piece) => Some((Ok(piece.into()), Some((stream, trailers, result)))),
            // Why it ended stands in the trailers.
            _ => trailers.await.err().map(|error| (Err(error), None)),
        }
    })
}

/// What is wrong with a request whose body broke off: the host does not wait for ever for one.
pub fn broken_off(what: &str, error: &(dyn std::error::Error + 'static)) -> Problem {
    let mut causes = std::iter::successors(Some(error), |error| error.source());
    if causes.any(|cause| matches!(cause.downcast_ref(), Some(ErrorCode::ConnectionReadTimeout))) {
        return Problem::too_slow("the body came too slowly; send it again on a better connection, or compress it");
    }
    Problem::bad_request(format!("{what}: {error}"))
}

/// Reads a body that is known to be short.
pub async fn short_body(response: Response<IncomingResponseBody>) -> Result<Bytes> {
    Ok(response.into_body().bytes().await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, serde::Deserialize)]
    struct Filter {
        severity: Option<String>,
    }

    impl Parameters for Filter {
        const NAMES: &'static [&'static str] = &["severity"];
    }

    fn list(uri: &str) -> Result<List<Filter>, Problem> {
        let (mut parts, ()) = Request::get(uri).body(()).expect("a request").into_parts();
        futures::executor::block_on(List::from_request_parts(&mut parts, &()))
    }

    #[test]
    fn what_a_list_does_not_know_is_refused_with_what_it_does() {
        for uri in ["/a?cve=CVE-1", "/a?severity=low&Severity=low", "/a?=", "/a?severity=low&cursor=&x"] {
            let problem = list(uri).expect_err(uri);
            assert!(problem.detail.contains("known are: severity, cursor, limit, format"), "{uri}: {}", problem.detail);
        }
        assert!(list("/a?severity=low&severity=high").expect_err("twice").detail.contains("twice"));
        assert_eq!(list("/a?severity=low").expect("a filter").filter.severity.as_deref(), Some("low"));
    }

    #[test]
    fn a_limit_is_a_number_that_a_page_can_have() {
        assert_eq!(list("/a").expect("no limit").limit, PAGE);
        assert_eq!(list("/a?limit=200").expect("the most").limit, 200);
        for limit in ["0", "-1", "201", "many", "", "1.5", "99999999999999999999"] {
            let problem = list(&format!("/a?limit={limit}")).expect_err(limit);
            assert!(problem.detail.ends_with("it can be 1 to 200"), "{limit}: {}", problem.detail);
        }
    }

    #[test]
    fn a_cursor_is_of_one_list_and_its_filters_and_whole() {
        let first = list("/a?severity=low").expect("a list");
        let cursor = cursors::encode(&first.scope, "low 7");
        let after = |uri: String| list(&uri).map(|list| list.after);
        assert_eq!(after(format!("/a?limit=3&severity=low&cursor={cursor}")).expect("its own"), Some("low 7".to_owned()));
        for uri in [format!("/b?severity=low&cursor={cursor}"), format!("/a?cursor={cursor}"), format!("/a?severity=high&cursor={cursor}")]
        {
            assert!(after(uri.clone()).is_err(), "{uri}");
        }
        let mut tampered = cursor.clone().into_bytes();
        for index in 0..tampered.len() {
            tampered[index] = if tampered[index] == b'A' { b'B' } else { b'A' };
            let text = String::from_utf8(tampered.clone()).expect("ASCII");
            assert!(after(format!("/a?severity=low&cursor={text}")).is_err(), "{text}");
            tampered[index] = cursor.as_bytes()[index];
        }
        assert!(after("/a?severity=low&cursor=".to_owned()).is_err());
        assert!(first.after_as::<Uuid>().expect("none").is_none());
        assert!(list(&format!("/a?severity=low&cursor={cursor}")).expect("its own").after_as::<Uuid>().is_err(), "no id");
    }
}
