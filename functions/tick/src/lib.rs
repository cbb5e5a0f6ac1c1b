//! The schedule: wakes the drain, in case a wake-up was lost. Nothing here knows what a drain does.
//!
//! The cron trigger's export is synchronous, so this component uses WASI 0.2 and Spin's synchronous variables.

use anyhow::{Context, Result, anyhow, bail, ensure};
use wasi::http::outgoing_handler;
use wasi::http::types::{ErrorCode, Fields, Method, OutgoingBody, OutgoingRequest, RequestOptions, Scheme};

#[expect(unreachable_pub, unsafe_code, clippy::pedantic, reason = "generated")]
mod bindings {
    wit_bindgen::generate!({
        inline: "
            package spillway:tick;
            world tick {
                include fermyon:spin-cron/spin-cron@2.0.0;
                import fermyon:spin/variables@2.0.0;
            }
        ",
        path: ["wit/cron.wit", "wit/variables.wit"],
        world: "spillway:tick/tick",
        generate_all,
    });
    export!(Tick with_types_in self);

    pub struct Tick;
}

use bindings::fermyon::spin::variables;
use bindings::{Error, Guest, Metadata, Tick};

/// Nanoseconds to reach the drain.
const CONNECT: u64 = 5_000_000_000;
/// Nanoseconds that the drain has to refuse: nobody waits here for its work.
const ANSWER: u64 = 100_000_000;

impl Guest for Tick {
    fn handle_cron_event(_metadata: Metadata) -> Result<(), Error> {
        wake_drain().map_err(|error| Error::Other(format!("{error:#}")))
    }
}

/// Asks the drain to start, and does not wait for its work.
fn wake_drain() -> Result<()> {
    let url = variable("drain_url")?;
    let token = variable("drain_token")?;
    let (scheme, authority, path) = split(&url).with_context(|| format!("drain_url is no http address: {url}"))?;
    let headers = Fields::from_list(&[
        ("authorization".to_owned(), format!("Bearer {token}").into_bytes()),
        ("content-length".to_owned(), b"0".to_vec()),
    ])?;
    let request = OutgoingRequest::new(headers);
    let accepted = request.set_method(&Method::Post).is_ok()
        && request.set_scheme(Some(&scheme)).is_ok()
        && request.set_authority(Some(authority)).is_ok()
        && request.set_path_with_query(Some(path)).is_ok();
    ensure!(accepted, "drain_url is not taken: {url}");
    match send(request)? {
        None => Ok(()),
        Some(status) if (200..300).contains(&status) => Ok(()),
        Some(status) => bail!("the drain answered {status}"),
    }
}

/// Sends a request without a body and gives the status of its answer, or none when the server is at work on it.
fn send(request: OutgoingRequest) -> Result<Option<u16>> {
    let body = request.body().map_err(|()| anyhow!("the request has no body"))?;
    let options = RequestOptions::new();
    let limited = options.set_connect_timeout(Some(CONNECT)).is_ok() && options.set_first_byte_timeout(Some(ANSWER)).is_ok();
    ensure!(limited, "the host knows no time limits");
    let answer = outgoing_handler::handle(request, Some(options))?;
    OutgoingBody::finish(body, None)?;
    answer.subscribe().block();
    match answer.get().context("no answer")?.map_err(|()| anyhow!("the answer was taken already"))? {
        Ok(response) => Ok(Some(response.status())),
        Err(ErrorCode::ConnectionReadTimeout | ErrorCode::HttpResponseTimeout) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

fn variable(name: &str) -> Result<String> {
    variables::get(name).map_err(|error| anyhow!("the variable {name} cannot be read: {error:?}"))
}

/// Scheme, authority, and path of an http address.
fn split(url: &str) -> Option<(Scheme, &str, &str)> {
    let (scheme, rest) = match url.split_once("://")? {
        ("http", rest) => (Scheme::Http, rest),
        ("https", rest) => (Scheme::Https, rest),
        _ => return None,
    };
    let end = rest.find('/').unwrap_or(rest.len());
    Some((scheme, &rest[..end], if end == rest.len() { "/" } else { &rest[end..] }))
}
