//! API keys: `Authorization: Bearer spw_…`, 256 random bits, of which only the SHA-256 is ever sent to the database.

use http::HeaderMap;
use http::header::AUTHORIZATION;
use sha2::{Digest, Sha256};

use crate::http::Problem;

/// Characters of a key or a token. Keys have 68, and nobody makes up a longer token.
const TOKEN: usize = 1024;

/// The SHA-256 of a caller's API key: what the database knows it by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyHash(pub [u8; 32]);

/// Takes the API key from a request. Whether it is valid only the database knows.
pub fn key_of(headers: &HeaderMap) -> Result<KeyHash, Problem> {
    let token = bearer(headers).ok_or_else(|| {
        Problem::unauthorized(format!("send an API key of at most {TOKEN} characters as \"Authorization: Bearer spw_…\""))
    })?;
    Ok(KeyHash(Sha256::digest(token).into()))
}

/// Whether a request carries this token. Both are hashed first, so that the time taken tells nothing of the token.
pub fn carries_token(headers: &HeaderMap, token: &str) -> bool {
    !token.is_empty() && bearer(headers).is_some_and(|given| Sha256::digest(given) == Sha256::digest(token))
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim()).filter(|token| token.len() <= TOKEN)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(authorization: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(AUTHORIZATION, http::HeaderValue::from_static(authorization))])
    }

    #[test]
    fn the_scheme_is_case_insensitive() {
        assert!(carries_token(&headers("bearer abc"), "abc"));
        assert!(carries_token(&headers("Bearer abc"), "abc"));
    }

    #[test]
    fn another_scheme_another_token_and_an_empty_one_are_refused() {
        assert!(!carries_token(&headers("Basic abc"), "abc"));
        assert!(!carries_token(&headers("Bearer abcd"), "abc"));
        assert!(!carries_token(&headers("Bearer "), ""));
        assert!(!carries_token(&HeaderMap::new(), "abc"));
        let long = "a".repeat(TOKEN + 1);
        let headers = HeaderMap::from_iter([(AUTHORIZATION, format!("Bearer {long}").parse().expect("a header"))]);
        assert!(!carries_token(&headers, &long) && key_of(&headers).is_err());
    }
}
