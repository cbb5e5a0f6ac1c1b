//! The schedule: wakes the drain, in case a wake-up was lost, and says in the log when nobody works though there is work. Nothing here knows what a
//! drain does.
//!
//! The cron trigger's export is synchronous, so this component uses WASI 0.2 and Spin's synchronous variables and database.

use anyhow::{Context, Result, anyhow, ensure};
use platform::address::{Address, advice};
use platform::wake::{DRAIN, drain_url};
use spin_sdk::pg::wit::postgres::{Connection, ConnectionBuilder, DbValue, Error as PgError, QueryError};
use texts::said_by_database;
use wasi::clocks::monotonic_clock::subscribe_duration;
use wasi::http::outgoing_handler;
use wasi::http::types::{ErrorCode, Fields, IncomingResponse, Method, OutgoingBody, OutgoingRequest, RequestOptions, Scheme};

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

const SECOND: u64 = 1_000_000_000;
/// Nanoseconds until the head of the drain's answer, which it sends before it works.
const PATIENCE: u64 = 10 * SECOND;
/// How often the drain is tried where nobody listens yet, and nanoseconds in between: the schedule of a host may run before its server does.
const TRIES: u32 = 5;
const PAUSE: u64 = SECOND;
/// Seconds of unattended work that are worth a line: several periods of the schedule, and more than a drain works at a time.
const UNATTENDED: f64 = 45.0;

impl Guest for Tick {
    fn handle_cron_event(_metadata: Metadata) -> Result<(), Error> {
        let woken = wake_patiently();
        match unattended_seconds() {
            Ok(Some(seconds)) if seconds > UNATTENDED => eprintln!("imports have waited for {seconds:.0} s, and no drain works on any"),
            Ok(_) => {}
            Err(error) => eprintln!("the queue cannot be looked at: {error:#}"),
        }
        woken.map_err(|error| Error::Other(format!("the drain could not be woken: {error:#}")))
    }
}

/// Wakes the drain, or gives the reason why it could not be woken.
fn wake_patiently() -> Result<()> {
    let mut tries = 1;
    loop {
        match wake_drain() {
            Err(error) if tries < TRIES && matches!(error.downcast_ref(), Some(ErrorCode::ConnectionRefused)) => {
                subscribe_duration(PAUSE).block();
                tries += 1;
            }
            woken => return woken,
        }
    }
}

/// Asks the drain to start, and does not wait for its work.
fn wake_drain() -> Result<()> {
    let url = drain_url(&variable("app_url")?);
    let token = variable("drain_token")?;
    let (scheme, authority, path) = split(&url).with_context(|| format!("app_url leads to no http address: {url}"))?;
    let headers = Fields::from_list(&[
        ("authorization".to_owned(), format!("Bearer {token}").into_bytes()),
        ("content-length".to_owned(), b"0".to_vec()),
    ])?;
    let request = OutgoingRequest::new(headers);
    let accepted = request.set_method(&Method::Post).is_ok()
        && request.set_scheme(Some(&scheme)).is_ok()
        && request.set_authority(Some(authority)).is_ok()
        && request.set_path_with_query(Some(path)).is_ok();
    ensure!(accepted, "app_url is not taken: {url}");
    let answer = send(request).with_context(|| format!("no answer from {url}"))?;
    let status = answer.status();
    ensure!((200..300).contains(&status), "{url} answered {status}");
    ensure!(answer.headers().has(DRAIN), "what answered at {url} is no drain: app_url leads elsewhere");
    Ok(())
}

/// Sends a request without a body and gives the head of its answer.
fn send(request: OutgoingRequest) -> Result<IncomingResponse> {
    let body = request.body().map_err(|()| anyhow!("the request has no body"))?;
    let options = RequestOptions::new();
    let limited = options.set_connect_timeout(Some(PATIENCE)).is_ok() && options.set_first_byte_timeout(Some(PATIENCE)).is_ok();
    ensure!(limited, "the host knows no time limits");
    let answer = outgoing_handler::handle(request, Some(options))?;
    OutgoingBody::finish(body, None)?;
    answer.subscribe().block();
    Ok(answer.get().context("no answer")?.map_err(|()| anyhow!("the answer was taken already"))??)
}

/// For how long imports have waited though nobody works on any; none where nobody waits.
fn unattended_seconds() -> Result<Option<f64>> {
    let connection = connect()?;
    let found = connection.query("select spillway.unattended_seconds()", &[]).map_err(said)?;
    match found.rows.first().and_then(|row| row.first()) {
        Some(DbValue::Floating64(seconds)) => Ok(Some(*seconds)),
        Some(DbValue::DbNull) => Ok(None),
        _ => Err(anyhow!("the database gave no number")),
    }
}

/// What a statement failed with, without anything of a row.
fn said(error: PgError) -> anyhow::Error {
    match error {
        PgError::QueryFailed(QueryError::DbError(error)) => anyhow!(said_by_database(&error.code, &error.message)),
        error => anyhow!("{error:?}"),
    }
}

fn connect() -> Result<Connection> {
    let idle = variable("database_idle_seconds")?;
    let address = Address {
        host: variable("database_host")?,
        port: variable("database_port")?,
        name: variable("database_name")?,
        user: variable("database_user")?,
        password: variable("database_password")?,
        sslmode: variable("database_sslmode")?,
        idle_seconds: idle.trim().parse().context("the variable database_idle_seconds is not a whole number")?,
    };
    let builder = ConnectionBuilder::new(&address.to_text().map_err(anyhow::Error::msg)?);
    let authority = variable("database_ca")?;
    let connection = if authority.trim().is_empty() { Ok(()) } else { builder.set_ca_root(&authority) };
    connection.and_then(|()| builder.build()).map_err(|error| {
        let error = format!("{error:?}");
        advice(&error).map_or_else(|| anyhow!("{error}"), |advice| anyhow!("{advice}: {error}"))
    })
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
