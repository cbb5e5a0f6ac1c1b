//! What the server says itself where no component answers.

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER, X_CONTENT_TYPE_OPTIONS};
use http::{HeaderValue, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use wasmtime_wasi_http::{Error, WasiBody};

/// Seconds after which a caller may try again.
pub(crate) const RETRY_AFTER_SECONDS: u16 = 5;

/// No body.
pub fn empty(status: StatusCode) -> Response<WasiBody> {
    let mut response = with_body(String::new());
    *response.status_mut() = status;
    response
}

/// A text.
pub fn answer(content_type: &'static str, text: String) -> Response<WasiBody> {
    let mut response = with_body(text);
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

/// Why a request is not answered: there is too much to do at the moment, or it cannot be passed on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    status: StatusCode,
    why: String,
}

impl Refusal {
    /// For everybody: 503.
    pub fn for_all(why: impl Into<String>) -> Self {
        Self { status: StatusCode::SERVICE_UNAVAILABLE, why: why.into() }
    }

    /// For one caller: 429.
    pub fn for_one(why: impl Into<String>) -> Self {
        Self { status: StatusCode::TOO_MANY_REQUESTS, why: why.into() }
    }

    /// For good: 400.
    pub fn of_request(why: impl Into<String>) -> Self {
        Self { status: StatusCode::BAD_REQUEST, why: why.into() }
    }

    /// As a problem document (RFC 9457).
    pub fn response(&self) -> Response<WasiBody> {
        let Self { status, why } = self;
        let passes = *status != StatusCode::BAD_REQUEST;
        let (title, detail) = (status.canonical_reason(), if passes { format!("{why}; try again in a few seconds") } else { why.clone() });
        let document = serde_json::json!({"type": "about:blank", "title": title, "status": status.as_u16(), "detail": detail});
        let mut response = answer("application/problem+json", document.to_string());
        *response.status_mut() = *status;
        if passes {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(RETRY_AFTER_SECONDS));
        }
        response
    }
}

/// With the headers that all of these have: they are true for now only.
fn with_body(text: String) -> Response<WasiBody> {
    let mut response = Response::new(Full::new(Bytes::from(text)).map_err(Error::from).boxed_unsync());
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_server_says_itself_is_kept_nowhere_and_is_what_it_says() {
        for response in [
            empty(StatusCode::NOT_FOUND),
            answer("text/plain", "OK".to_owned()),
            Refusal::for_all("it is full").response(),
            Refusal::for_one("you have all").response(),
        ] {
            assert_eq!(response.headers()[CACHE_CONTROL], "no-store");
            assert_eq!(response.headers()[X_CONTENT_TYPE_OPTIONS], "nosniff");
        }
    }
}
