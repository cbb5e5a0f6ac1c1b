//! What the server lets callers take: every limit, by name. Each has a default here, and can be set (`--limit NAME=NUMBER`).

use std::time::Duration;

use anyhow::{Context, Result};
use serde::{Deserialize, Deserializer};

/// Declares the limits, each once: what it is, its name, its type and its default.
macro_rules! limits {
    ($($(#[$attribute:meta])+ const $name:ident: $type:ty = $default:expr;)+) => {
        /// The limits of a server.
        #[derive(Debug, Clone, PartialEq, Deserialize)]
        #[serde(default, deny_unknown_fields)]
        pub struct Limits {
            $($(#[$attribute])+ pub $name: $type,)+
        }

        impl Default for Limits {
            fn default() -> Self {
                Self { $($name: $default,)+ }
            }
        }
    };
}

limits! {
    /// Open connections, of all callers; fewer where the system lets the process have fewer than twice as many files open.
    const connections: usize = 1000;

    /// The same of one address: half, so that nobody keeps all others out. A proxy in front is one address.
    const connections_of_address: usize = 500;

    /// For the whole head of a request, and for its first byte where the connection is kept.
    #[serde(rename = "head_ms", deserialize_with = "milliseconds")]
    const head: Duration = Duration::from_secs(20);

    /// Bytes of a request's head. More of them, or more than 100 headers, are answered with 431.
    const head_bytes: usize = 64 * 1024;

    /// Bytes a second, on the average of a window, that a caller sends of a body and takes of an answer: a slow mobile connection has ten times as many.
    const least_rate: u64 = 1024;

    /// A window of that rate for bodies, in time that the caller is waited for to send.
    #[serde(rename = "send_window_ms", deserialize_with = "milliseconds")]
    const send_window: Duration = Duration::from_secs(20);

    /// The same for answers, in time that the caller is waited for to take one. A system tells in large steps that more is taken.
    #[serde(rename = "take_window_ms", deserialize_with = "milliseconds")]
    const take_window: Duration = Duration::from_mins(1);

    /// Requests that a component answers at a time. All components of an app together have a thousand instances.
    const requests: usize = 256;

    /// The same of one address, so that nobody keeps all others waiting.
    const requests_of_address: usize = 192;

    /// How long a request waits for its turn.
    #[serde(rename = "request_wait_ms", deserialize_with = "milliseconds")]
    const request_wait: Duration = Duration::from_secs(5);

    /// Of the requests of a component those whose body is still on its way: uploads may take hours, and leave room for others.
    const bodies: usize = 160;

    /// The same of one address, so that nobody keeps others from uploading.
    const bodies_of_address: usize = 96;

    /// How long a component waits for a connection to a database, with all that it takes.
    #[serde(rename = "database_wait_ms", deserialize_with = "milliseconds")]
    const database_wait: Duration = Duration::from_secs(10);
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
