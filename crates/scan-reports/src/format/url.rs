//! Parts of URLs.

/// The parts of a URL, as they stand in it. One without a scheme is taken as host and what follows it.
pub(super) struct Url<'a> {
    pub(super) scheme: Option<&'a str>,
    /// Scheme and authority.
    pub(super) origin: &'a str,
    pub(super) host: &'a str,
    pub(super) port: Option<&'a str>,
    pub(super) path: &'a str,
    /// All behind the user and its password, or else behind the scheme.
    from_host: &'a str,
}

impl<'a> Url<'a> {
    /// None where there is no host.
    pub(super) fn of(text: &'a str) -> Option<Self> {
        let scheme = scheme(text);
        let start = scheme.map_or(0, |scheme| scheme.len() + 3);
        let end = text[start..].find(['/', '?', '#']).map_or(text.len(), |at| start + at);
        let user = text[start..end].rfind('@').map_or(0, |at| at + 1);
        let authority = &text[start + user..end];
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => (host, Some(port)),
            _ => (authority, None),
        };
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let path = text[end..].split(['?', '#']).next().unwrap_or_default();
        let url = Self { scheme, origin: &text[..end], host, port, path, from_host: &text[start + user..] };
        (!host.is_empty()).then_some(url)
    }

    /// Whether it is one of the web.
    pub(super) fn is_web(&self) -> bool {
        self.scheme.is_some_and(|scheme| scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https"))
    }

    /// The URL without user and password.
    pub(super) fn without_user(&self) -> String {
        self.scheme.map_or_else(|| self.from_host.to_owned(), |scheme| format!("{scheme}://{}", self.from_host))
    }
}

/// The scheme of a URL, also of one without a host.
pub(super) fn scheme(text: &str) -> Option<&str> {
    text.split_once("://").map(|(scheme, _)| scheme)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_has_parts() {
        let parts = Url::of("https://user@example.org:8443/a/b?c=d").expect("a URL");
        assert_eq!((parts.scheme, parts.origin, parts.host), (Some("https"), "https://user@example.org:8443", "example.org"));
        assert_eq!((parts.port, parts.path), (Some("8443"), "/a/b"));
        assert_eq!(parts.without_user(), "https://example.org:8443/a/b?c=d");
        assert!(Url::of("/a/b").is_none());
    }
}
