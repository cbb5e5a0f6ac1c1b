//! The schedule: wakes the drain, in case a wake-up was lost. Nothing here knows what a drain does.
//!
//! The cron trigger's export is synchronous, so this component uses WASI 0.2 and Spin's synchronous variables.

use anyhow::{Context, Result, anyhow, ensure};
use wasi::http::outgoing_handler;
use wasi::http::types::{Fields, Method, OutgoingBody, OutgoingRequest, RequestOptions, Scheme};

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

/// Nanoseconds that the drain has for its "accepted".
const PATIENCE: u64 = 5_000_000_000;

impl Guest for Tick {
    fn handle_cron_event(_metadata: Metadata) -> Result<(), Error> {
        wake_drain().map_err(|error| Error::Other(format!("{error:#}")))
    }
}

/// Asks the drain to start, and does not wait for its work (`Prefer: respond-async`, RFC 7240 section 4.1).
fn wake_drain() -> Result<()> {
    let url = variable("drain_url")?;
    let token = variable("drain_token")?;
    let (scheme, authority, path) = split(&url).with_context(|| format!("drain_url is no http address: {url}"))?;
    let headers = Fields::from_list(&[
        ("authorization".to_owned(), format!("Bearer {token}").into_bytes()),
        ("prefer".to_owned(), b"respond-async".to_vec()),
        ("content-length".to_owned(), b"0".to_vec()),
    ])?;
    let request = OutgoingRequest::new(headers);
    let accepted = request.set_method(&Method::Post).is_ok()
        && request.set_scheme(Some(&scheme)).is_ok()
        && request.set_authority(Some(authority)).is_ok()
        && request.set_path_with_query(Some(path)).is_ok();
    ensure!(accepted, "drain_url is not taken: {url}");
    let status = send(request)?;
    ensure!((200..300).contains(&status), "the drain answered {status}");
    Ok(())
}

/// Sends a request without a body and waits for the status of its answer.
fn send(request: OutgoingRequest) -> Result<u16> {
    let body = request.body().map_err(|()| anyhow!("the request has no body"))?;
    let options = RequestOptions::new();
    let limited = options.set_connect_timeout(Some(PATIENCE)).is_ok() && options.set_first_byte_timeout(Some(PATIENCE)).is_ok();
    ensure!(limited, "the host knows no time limits");
    let answer = outgoing_handler::handle(request, Some(options))?;
    OutgoingBody::finish(body, None)?;
    answer.subscribe().block();
    let response = answer.get().context("no answer")?.map_err(|()| anyhow!("the answer was taken already"))??;
    Ok(response.status())
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
