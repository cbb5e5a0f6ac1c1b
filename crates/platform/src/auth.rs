//! Who calls: by an API key, `Authorization: Bearer spw_…`, or by a session that was made with one, whose token is in a cookie. Both are 256 random bits, of
//! which only the SHA-256 is ever sent to the database.

use axum::extract::FromRequestParts;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::header::{AUTHORIZATION, COOKIE};
use http::request::Parts;
use http::{HeaderMap, HeaderValue};
use sha2::{Digest, Sha256};

use crate::http::Problem;
use crate::serving::check_page;

/// Characters of a key or a token. Keys have 47, and nobody makes up a longer token.
const TOKEN: usize = 1024;

/// Bytes of all cookies of a request: browsers send some of other applications of the same host, too.
const COOKIES: usize = 16 * 1024;

/// The cookie of a session. Browsers take one of such a name only for one host, over TLS, and of all its paths.
pub const COOKIE_NAME: &str = "__Host-spillway";

/// Who calls, as the database knows them: by a SHA-256.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Caller {
    /// Of an API key.
    Key([u8; 32]),
    /// Of a session's token.
    Session([u8; 32]),
}

impl Caller {
    /// Takes the key from a request, or else the session. Whether it is valid only the database knows. A browser adds the cookie whoever made the
    /// request: what changes something has to come from a page that may.
    pub async fn of(parts: &Parts) -> Result<Self, Problem> {
        if parts.headers.contains_key(AUTHORIZATION) {
            return bearer(&parts.headers).map(Self::of_key).ok_or_else(missing);
        }
        let token = session_token(&parts.headers)?.ok_or_else(missing)?;
        if !parts.method.is_safe() {
            check_page(parts).await?;
        }
        Ok(Self::Session(Sha256::digest(token).into()))
    }

    /// Whoever shows this key.
    pub fn of_key(key: &str) -> Self {
        Self::Key(Sha256::digest(key).into())
    }

    /// As the database is told: a session has a byte more, so that nobody is taken for the other.
    pub fn to_bytes(self) -> Vec<u8> {
        match self {
            Self::Key(hash) => hash.to_vec(),
            Self::Session(hash) => [&[0][..], &hash].concat(),
        }
    }
}

fn missing() -> Problem {
    Problem::unauthorized(format!(
        "send an API key of at most {TOKEN} characters as \"Authorization: Bearer spw_…\", or the cookie of a session (POST /api/v1/session)"
    ))
}

/// A new key or token: what nobody guesses, and what the database knows it by.
pub struct Secret {
    /// For its owner, who is shown it once.
    pub text: String,
    /// Its SHA-256.
    pub hash: [u8; 32],
}

impl Secret {
    /// 256 bits of the host's random source, as text behind a prefix, which may be empty.
    pub fn new(prefix: &str) -> Result<Self, Problem> {
        let mut random = [0; 32];
        getrandom::fill(&mut random).map_err(|error| Problem::internal(error.into()))?;
        let text = format!("{prefix}{}", URL_SAFE_NO_PAD.encode(random));
        let hash = Sha256::digest(&text).into();
        Ok(Self { text, hash })
    }
}

/// Before all else that is wanted of a request: who has no key is told that, and not what else is wrong.
impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        Self::of(parts).await
    }
}

/// The token in the cookie of a session; none where there is no such cookie.
fn session_token(headers: &HeaderMap) -> Result<Option<&[u8]>, Problem> {
    let cookies = || headers.get_all(COOKIE).iter().map(HeaderValue::as_bytes);
    if cookies().map(<[u8]>::len).sum::<usize>() > COOKIES {
        return Err(Problem::bad_request(format!("the cookies have more than {COOKIES} bytes: remove some")));
    }
    let pairs = cookies().flat_map(|line| line.split(|byte| *byte == b';')).map(<[u8]>::trim_ascii);
    let mut tokens = pairs.filter_map(|pair| pair.strip_prefix(COOKIE_NAME.as_bytes())?.strip_prefix(b"="));
    let token = tokens.next();
    if tokens.next().is_some() {
        return Err(Problem::bad_request(format!("the cookie {COOKIE_NAME} is there twice: one of them is not ours")));
    }
    Ok(token.filter(|token| token.len() <= TOKEN))
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
    use futures::executor::block_on;
    use http::{HeaderName, Request};

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
        assert!(!tokens(&long, "").unwrap().open_to(&headers) && caller(&[(AUTHORIZATION, &format!("Bearer {long}"))]).is_err());
    }

    fn caller(headers: &[(HeaderName, &str)]) -> Result<Caller, Problem> {
        let request = headers.iter().fold(Request::get("/"), |request, (name, value)| request.header(name, *value));
        block_on(Caller::of(&request.body(()).expect("a request").into_parts().0))
    }

    #[test]
    fn a_key_counts_before_a_session_and_neither_is_the_other() {
        let (key, session) = ((AUTHORIZATION, "Bearer one"), (COOKIE, "a=b; __Host-spillway=one ;c"));
        let Ok(Caller::Key(hash)) = caller(&[session.clone(), key]) else { panic!("no key") };
        assert_eq!(caller(&[session]).unwrap(), Caller::Session(hash));
        assert_ne!(Caller::Key(hash).to_bytes(), Caller::Session(hash).to_bytes());
        assert!(
            caller(&[(AUTHORIZATION, "Basic one"), (COOKIE, "__Host-spillway=one")]).is_err(),
            "a header that is none is not passed over"
        );
    }

    #[test]
    fn cookies_that_are_none_of_ours_are_no_session() {
        for cookies in ["", "spillway=one", "__Host-spillway", "__host-spillway=one", "x__Host-spillway=one", "__Host-spillway =one"] {
            assert!(caller(&[(COOKIE, cookies)]).is_err(), "{cookies}");
        }
        for twice in [
            &[(COOKIE, "__Host-spillway=one; __Host-spillway=two")][..],
            &[(COOKIE, "__Host-spillway=one"), (COOKIE, "__Host-spillway=one")],
        ] {
            let said = format!("{:?}", caller(twice).unwrap_err());
            assert!(said.contains("is there twice"), "{said}");
        }
        let many = format!("__Host-spillway=one; x={}", "x".repeat(COOKIES));
        assert!(format!("{:?}", caller(&[(COOKIE, &many)]).unwrap_err()).contains("more than 16384 bytes"));
    }
}
