//! What the server lets callers take: every limit, by name. Each has a default here, and can be set (`--limit NAME=NUMBER`).

use std::time::Duration;

use anyhow::{Context, Result};
use serde::{Deserialize, Deserializer};

/// Open connections, of all callers; fewer where the system lets the process have fewer than twice as many files open.
const CONNECTIONS: usize = 1000;

/// The same of one address: half, so that nobody keeps all others out. A proxy in front is one address.
const CONNECTIONS_OF_ADDRESS: usize = 500;

/// For the whole head of a request, and for its first byte where the connection is kept.
const HEAD: Duration = Duration::from_secs(20);

/// Bytes of a request's head. More of them, or more than 100 headers, are answered with 431.
const HEAD_BYTES: usize = 64 * 1024;

/// Bytes a second, on the average of a window, that a caller sends of a body and takes of an answer: a slow mobile connection has ten times as many.
const LEAST_RATE: u64 = 1024;

/// A window of [`LEAST_RATE`], in time that the caller is waited for to send.
const SEND_WINDOW: Duration = Duration::from_secs(20);

/// The same in time that the caller is waited for to take an answer. A system tells in large steps that more is taken.
const TAKE_WINDOW: Duration = Duration::from_mins(1);

/// Requests that a component answers at a time. All components of an app together have a thousand instances.
const REQUESTS: usize = 256;

/// The same of one address, so that nobody keeps all others waiting.
const REQUESTS_OF_ADDRESS: usize = 192;

/// How long a request waits for its turn.
const REQUEST_WAIT: Duration = Duration::from_secs(5);

/// Of the requests of a component those whose body is still on its way: uploads may take hours, and leave room for others.
const BODIES: usize = 160;

/// The same of one address, so that nobody keeps others from uploading.
const BODIES_OF_ADDRESS: usize = 96;

/// How long a component waits for a connection to a database, with all that it takes.
const DATABASE_WAIT: Duration = Duration::from_secs(10);

/// The limits of a server.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Open connections, of all callers.
    pub connections: usize,
    /// Open connections of one address.
    pub connections_of_address: usize,
    /// For the whole head of a request, and for its first byte where the connection is kept.
    #[serde(rename = "head_ms", deserialize_with = "milliseconds")]
    pub head: Duration,
    /// Bytes of a request's head.
    pub head_bytes: usize,
    /// Bytes a second that a caller sends of a body and takes of an answer.
    pub least_rate: u64,
    /// A window of that rate for bodies, in time that the caller is waited for.
    #[serde(rename = "send_window_ms", deserialize_with = "milliseconds")]
    pub send_window: Duration,
    /// A window of that rate for answers, in time that the caller is waited for.
    #[serde(rename = "take_window_ms", deserialize_with = "milliseconds")]
    pub take_window: Duration,
    /// Requests that a component answers at a time.
    pub requests: usize,
    /// The same of one address.
    pub requests_of_address: usize,
    /// How long a request waits for its turn.
    #[serde(rename = "request_wait_ms", deserialize_with = "milliseconds")]
    pub request_wait: Duration,
    /// Requests of a component whose body is still on its way.
    pub bodies: usize,
    /// The same of one address.
    pub bodies_of_address: usize,
    /// How long a component waits for a connection to a database.
    #[serde(rename = "database_wait_ms", deserialize_with = "milliseconds")]
    pub database_wait: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: CONNECTIONS,
            connections_of_address: CONNECTIONS_OF_ADDRESS,
            head: HEAD,
            head_bytes: HEAD_BYTES,
            least_rate: LEAST_RATE,
            send_window: SEND_WINDOW,
            take_window: TAKE_WINDOW,
            requests: REQUESTS,
            requests_of_address: REQUESTS_OF_ADDRESS,
            request_wait: REQUEST_WAIT,
            bodies: BODIES,
            bodies_of_address: BODIES_OF_ADDRESS,
            database_wait: DATABASE_WAIT,
        }
    }
}

impl Limits {
    /// Those that are given as `name=number`, and the others as they are by default.
    pub fn parse(given: &[String]) -> Result<Self> {
        toml::from_str(&given.join("\n")).with_context(|| format!("--limit {}: expected NAME=NUMBER", given.join(" --limit ")))
    }
}

fn milliseconds<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
    u64::deserialize(from).map(Duration::from_millis)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(given: &[&str]) -> Result<Limits> {
        Limits::parse(&given.iter().map(|&text| text.to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn what_is_not_given_is_as_usual() {
        let limits = parse(&["head_ms=250", "bodies=3"]).unwrap();
        assert_eq!(limits, Limits { head: Duration::from_millis(250), bodies: 3, ..Limits::default() });
        assert_eq!(parse(&[]).unwrap(), Limits::default());
    }

    #[test]
    fn what_is_no_limit_is_named() {
        for given in [&["heads=1"][..], &["bodies=many"], &["bodies"], &["bodies=1", "bodies=2"], &["bodies=-1"]] {
            let error = format!("{:#}", parse(given).unwrap_err());
            assert!(error.contains(given[0]), "{error}");
        }
    }
}
