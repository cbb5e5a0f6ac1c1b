//! Sessions: a page shows its key once, and from then on the cookie that it gets for it, which no script can read.

use std::time::Duration;

use axum::body::Body;
use http::header::SET_COOKIE;
use http::request::Parts;
use http::{HeaderValue, StatusCode};
use platform::auth::{COOKIE_NAME, Caller, Secret};
use platform::db::Db;
use platform::http::{Answer, Nothing, Params, Problem, document_response, json_body};
use platform::serving::check_origin;
use serde::Deserialize;
use serde_json::Value;

/// For how long a session is valid, if its key is.
const SESSION: Duration = Duration::from_hours(12);

/// What a session is made of.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LogIn {
    key: String,
}

/// Makes a session. Also this is refused to pages of other origins: their visitors would work in a workspace that is not theirs.
pub(crate) async fn create(_: Params<Nothing>, parts: Parts, body: Body) -> Answer {
    check_origin(&parts).await?;
    let log_in: Option<LogIn> = json_body(body).await?;
    let LogIn { key } = log_in.ok_or_else(|| Problem::bad_request("the body has the key: {\"key\": \"spw_…\"}"))?;
    let token = Secret::new("")?;
    let made = Db::open().await?.create_session(Caller::of_key(&key), token.hash, SESSION).await?;
    with_cookie(StatusCode::CREATED, &made, &token.text, SESSION)
}

/// Who calls.
pub(crate) async fn show(caller: Caller, _: Params<Nothing>) -> Answer {
    Ok(document_response(StatusCode::OK, Db::open().await?.get_session(caller).await?.to_string()))
}

/// Ends the session of the caller, and takes the cookie back.
pub(crate) async fn end(caller: Caller, _: Params<Nothing>) -> Answer {
    let ended = Db::open().await?.end_session(caller).await?;
    with_cookie(StatusCode::OK, &ended, "", Duration::ZERO)
}

/// An answer that gives the browser a cookie: over TLS only, for no script, and sent with requests of pages of the same site only.
fn with_cookie(status: StatusCode, document: &Value, token: &str, valid_for: Duration) -> Answer {
    let mut response = document_response(status, document.to_string());
    let seconds = valid_for.as_secs();
    let cookie = format!("{COOKIE_NAME}={token}; Path=/; Max-Age={seconds}; HttpOnly; Secure; SameSite=Strict");
    let cookie = HeaderValue::from_str(&cookie).map_err(|error| Problem::internal(error.into()))?;
    response.headers_mut().insert(SET_COOKIE, cookie);
    Ok(response)
}
