//! How many requests a key has left, as the database says it and HTTP tells it.

use std::str::FromStr;

use http::{HeaderMap, HeaderName, HeaderValue};
use serde::Deserialize;

const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
const LIMIT: HeaderName = HeaderName::from_static("ratelimit");

/// What is left of a key's requests: `spillway.rate_text`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Rate {
    /// Requests at once.
    quota: u32,
    /// Seconds in which as many come back.
    window: u32,
    /// Requests that are left.
    available: u32,
    /// Seconds until all are there again.
    reset: u32,
}

impl FromStr for Rate {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let numbers = text.split(' ').map(str::parse).collect::<Result<Vec<u32>, _>>();
        match numbers.as_deref() {
            Ok([quota, window, available, reset]) => Ok(Self { quota: *quota, window: *window, available: *available, reset: *reset }),
            _ => Err(format!("four numbers are expected, not {text:?}")),
        }
    }
}

impl TryFrom<String> for Rate {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl Rate {
    /// Tells the caller, in the fields of draft-ietf-httpapi-ratelimit-headers-10, sections 3 and 4.
    pub fn set_on(&self, headers: &mut HeaderMap) {
        let Self { quota, window, available, reset } = self;
        let fields = [(POLICY, format!("\"requests\";q={quota};w={window}")), (LIMIT, format!("\"requests\";r={available};t={reset}"))];
        headers.extend(fields.into_iter().filter_map(|(name, value)| Some((name, HeaderValue::from_str(&value).ok()?))));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn four_numbers_become_two_fields() {
        let mut headers = HeaderMap::new();
        "1000 10 998 1".parse::<Rate>().expect("a rate").set_on(&mut headers);
        assert_eq!(headers["ratelimit-policy"], "\"requests\";q=1000;w=10");
        assert_eq!(headers["ratelimit"], "\"requests\";r=998;t=1");
    }

    #[test]
    fn anything_else_is_no_rate() {
        for text in ["", "1 2 3", "1 2 3 4 5", "1 2 3 -4", "1 2 3 x"] {
            assert!(text.parse::<Rate>().is_err(), "{text}");
        }
    }
}
