//! API keys: `Authorization: Bearer spw_…`, 256 random bits, of which only the SHA-256 is ever sent to the database.

use axum::extract::FromRequestParts;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::HeaderMap;
use http::header::AUTHORIZATION;
use http::request::Parts;
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

/// A new key: what nobody guesses, and what the database knows it by.
pub struct Secret {
    /// For its owner, who is shown it once.
    pub text: String,
    /// Its SHA-256.
    pub hash: [u8; 32],
}

impl Secret {
    /// 256 bits of the host's random source, as text behind a prefix.
    pub fn new(prefix: &str) -> Result<Self, Problem> {
        let mut random = [0; 32];
        getrandom::fill(&mut random).map_err(|error| Problem::internal(error.into()))?;
        let text = format!("{prefix}{}", URL_SAFE_NO_PAD.encode(random));
        let hash = Sha256::digest(&text).into();
        Ok(Self { text, hash })
    }
}

/// Before all else that is wanted of a request: who has no key is told that, and not what else is wrong.
impl<S: Send + Sync> FromRequestParts<S> for KeyHash {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        key_of(&parts.headers)
    }
}

/// Characters of a drain's token at least: what nobody guesses, where each has 4 bits or more.
pub const DRAIN_TOKEN: usize = 32;

/// The tokens by which the drain is woken: two while one takes the other's place.
#[derive(Debug)]
pub struct DrainTokens(Vec<String>);

impl DrainTokens {
    /// The values of `drain_token` and of `drain_token_old`, which may be empty. An error names the variable, never a value.
    pub fn new(token: String, old: String) -> Result<Self, String> {
        let old = Some(old).filter(|old| !old.is_empty()).map(|old| ("drain_token_old", old));
        let tokens = [("drain_token", token)].into_iter().chain(old);
        let long_enough = |(name, token): (&str, String)| match token.chars().count() {
            DRAIN_TOKEN.. => Ok(token),
            length => Err(format!("the variable {name} has {length} characters, and needs at least {DRAIN_TOKEN}: take a random text")),
        };
        tokens.map(long_enough).collect::<Result<_, _>>().map(Self)
    }

    /// Whether a request carries one of them. All are hashed first, so that the time taken tells nothing of them.
    pub fn open_to(&self, headers: &HeaderMap) -> bool {
        bearer(headers).is_some_and(|given| self.0.iter().any(|token| Sha256::digest(given) == Sha256::digest(token)))
    }
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim()).filter(|token| token.len() <= TOKEN)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(authorization: &str) -> HeaderMap {
        HeaderMap::from_iter([(AUTHORIZATION, authorization.parse().expect("a header"))])
    }

    const NEW: &str = "new-0123456789abcdef0123456789ab";
    const OLD: &str = "old-0123456789abcdef0123456789ab";

    fn tokens(token: &str, old: &str) -> Result<DrainTokens, String> {
        DrainTokens::new(token.to_owned(), old.to_owned())
    }

    #[test]
    fn the_scheme_is_case_insensitive() {
        let tokens = tokens(NEW, "").unwrap();
        assert!(tokens.open_to(&headers("bearer new-0123456789abcdef0123456789ab")));
        assert!(tokens.open_to(&headers("Bearer new-0123456789abcdef0123456789ab")));
    }

    #[test]
    fn another_scheme_another_token_and_an_empty_one_are_refused() {
        let tokens = tokens(NEW, "").unwrap();
        for other in ["Basic new-0123456789abcdef0123456789ab", "Bearer new-0123456789abcdef0123456789abc", "Bearer ", "Bearer"] {
            assert!(!tokens.open_to(&headers(other)), "{other}");
        }
        assert!(!tokens.open_to(&HeaderMap::new()));
    }

    #[test]
    fn two_tokens_are_taken_while_one_takes_the_others_place() {
        let old = headers("Bearer old-0123456789abcdef0123456789ab");
        assert!(tokens(NEW, OLD).unwrap().open_to(&old));
        assert!(tokens(OLD, NEW).unwrap().open_to(&old));
        assert!(!tokens(NEW, "").unwrap().open_to(&old));
    }

    #[test]
    fn a_short_token_is_refused_by_the_name_of_its_variable() {
        for (token, old, variable) in
            [("", "", "drain_token has 0 "), (&NEW[1..], OLD, "drain_token has 31 "), (NEW, "x", "drain_token_old has 1 ")]
        {
            let error = tokens(token, old).unwrap_err();
            assert!(error.contains(variable) && error.contains("at least 32"), "{error}");
        }
    }

    #[test]
    fn what_is_too_long_is_not_even_compared() {
        let long = "a".repeat(TOKEN + 1);
        let headers = headers(&format!("Bearer {long}"));
        assert!(!tokens(&long, "").unwrap().open_to(&headers) && key_of(&headers).is_err());
    }
}
