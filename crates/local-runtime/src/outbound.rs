//! Which hosts a component may connect to: the rules of `allowed_outbound_hosts`.
//!
//! A rule is `scheme://host[:port]`. Schemes and hosts are compared as they are written: `localhost` is not `127.0.0.1`.

use std::net::IpAddr;

use anyhow::{Context, Result, bail, ensure};
use ipnet::IpNet;

/// What comes after the last port.
const PORTS_END: u32 = 1 << 16;

/// The rules of one component.
#[derive(Debug, Clone, Default)]
pub struct AllowedHosts(Vec<Rule>);

#[derive(Debug, Clone)]
struct Rule {
    /// `None` is any.
    scheme: Option<String>,
    host: HostRule,
    port: PortRule,
}

#[derive(Debug, Clone, PartialEq)]
enum HostRule {
    Any,
    /// The application itself, for requests without a host.
    Own,
    Exact(String),
    /// `*.example.com`, kept as `.example.com`.
    Suffix(String),
    Network(IpNet),
}

#[derive(Debug, Clone, PartialEq)]
enum PortRule {
    Any,
    /// First and the one after the last; a single port is a range of one.
    Range(u32, u32),
}

impl AllowedHosts {
    /// Parses the rules of a component, after their templates were filled in.
    pub fn parse(rules: &[String]) -> Result<Self> {
        rules
            .iter()
            .map(|rule| Rule::parse(rule).with_context(|| format!("allowed_outbound_hosts: `{rule}`")))
            .collect::<Result<_>>()
            .map(Self)
    }

    /// Whether a connection may be made.
    pub fn allows(&self, scheme: &str, host: &str, port: u16) -> bool {
        self.0.iter().any(|rule| rule.allows_scheme(scheme) && rule.host.allows(host) && rule.port.allows(port))
    }

    /// Whether the component may send requests to its own application.
    pub fn allows_own(&self, scheme: &str) -> bool {
        self.0.iter().any(|rule| rule.allows_scheme(scheme) && matches!(rule.host, HostRule::Own | HostRule::Any))
    }
}

impl Rule {
    fn parse(text: &str) -> Result<Self> {
        let (scheme, rest) = text.split_once("://").context("expected scheme://host[:port]")?;
        ensure!(!scheme.is_empty() && !scheme.contains(','), "expected one scheme, or *");
        let scheme = (scheme != "*").then(|| scheme.to_owned());
        let (host, port) = split_port(without_final_slash(rest)?)?;
        let host = HostRule::parse(host)?;
        let port = match (port, &host) {
            (Some(port), _) => PortRule::parse(port)?,
            (None, HostRule::Own) => PortRule::Any,
            (None, _) => PortRule::default_of(scheme.as_deref())?,
        };
        Ok(Self { scheme, host, port })
    }

    fn allows_scheme(&self, scheme: &str) -> bool {
        self.scheme.as_deref().is_none_or(|allowed| allowed == scheme)
    }
}

/// The part after `scheme://` may end in a slash, but may hold a path only where that is the length of a network.
fn without_final_slash(rest: &str) -> Result<&str> {
    let rest = rest.strip_suffix('/').unwrap_or(rest);
    ensure!(!rest.contains(['?', '#', '@']), "only a host and a port may be given");
    Ok(rest)
}

fn split_port(rest: &str) -> Result<(&str, Option<&str>)> {
    if let Some(bracketed) = rest.strip_prefix('[') {
        let (host, after) = bracketed.split_once(']').context("[ without ]")?;
        // A network keeps its length outside or inside of the brackets; only the inside is supported.
        return match after {
            "" => Ok((host, None)),
            _ => Ok((host, Some(after.strip_prefix(':').context("expected :port after ]")?))),
        };
    }
    Ok(match rest.rsplit_once(':') {
        Some((host, port)) => (host, Some(port)),
        None => (rest, None),
    })
}

impl HostRule {
    fn parse(host: &str) -> Result<Self> {
        Ok(match host {
            "" => bail!("no host"),
            "*" => Self::Any,
            "self" | "self.alt" => Self::Own,
            _ if host.contains('/') => Self::Network(host.parse().context("expected a network such as 10.0.0.0/8")?),
            _ => match host.strip_prefix('*') {
                Some(suffix) if suffix.starts_with('.') && !suffix.contains('*') => Self::Suffix(suffix.to_owned()),
                None if !host.contains(['*', '{', '}', ',']) => Self::Exact(host.to_owned()),
                _ => bail!("* may stand for a whole host or its first labels only"),
            },
        })
    }

    fn allows(&self, host: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Own => false,
            Self::Exact(allowed) => allowed == host,
            Self::Suffix(suffix) => host.ends_with(suffix.as_str()),
            Self::Network(network) => host.parse::<IpAddr>().is_ok_and(|address| network.contains(&address)),
        }
    }
}

impl PortRule {
    fn parse(port: &str) -> Result<Self> {
        if port == "*" {
            return Ok(Self::Any);
        }
        let Some((first, end)) = port.split_once("..") else {
            let port = u32::from(port.parse::<u16>().context("the port is no number")?);
            return Ok(Self::Range(port, port + 1));
        };
        let bound = |text: &str| text.parse::<u32>().ok().filter(|&port| port <= PORTS_END).context("expected ports as first..end");
        Ok(Self::Range(bound(first)?, bound(end)?))
    }

    fn default_of(scheme: Option<&str>) -> Result<Self> {
        let port = default_port(scheme.unwrap_or("*")).context("this scheme has no usual port: give one, or :*")?;
        Ok(Self::Range(port.into(), u32::from(port) + 1))
    }

    fn allows(&self, port: u16) -> bool {
        match *self {
            Self::Any => true,
            Self::Range(first, end) => (first..end).contains(&port.into()),
        }
    }
}

/// The port that a scheme stands for.
pub fn default_port(scheme: &str) -> Option<u16> {
    Some(match scheme {
        "http" => 80,
        "https" => 443,
        "postgres" => 5432,
        "mysql" => 3306,
        "redis" => 6379,
        "mqtt" => 1883,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowed(rule: &str) -> AllowedHosts {
        AllowedHosts::parse(&[rule.to_owned()]).unwrap()
    }

    #[test]
    fn hosts_and_schemes_are_compared_as_written() {
        let hosts = allowed("postgres://localhost:5432");
        assert!(hosts.allows("postgres", "localhost", 5432));
        assert!(!hosts.allows("postgres", "127.0.0.1", 5432));
        assert!(!hosts.allows("http", "localhost", 5432));
    }

    #[test]
    fn a_rule_without_port_means_the_port_of_its_scheme() {
        assert!(allowed("https://example.com").allows("https", "example.com", 443));
        assert!(!allowed("https://example.com/").allows("https", "example.com", 444));
        assert!(AllowedHosts::parse(&["tcp://example.com".to_owned()]).is_err());
    }

    #[test]
    fn the_end_of_a_port_range_is_not_in_it() {
        let hosts = allowed("http://localhost:9000..9002");
        assert!(hosts.allows("http", "localhost", 9001));
        assert!(!hosts.allows("http", "localhost", 9002));
        assert!(allowed("http://localhost:*").allows("http", "localhost", 1));
    }

    #[test]
    fn suffixes_match_hosts_below_them_only() {
        let hosts = allowed("https://*.example.com");
        assert!(hosts.allows("https", "a.b.example.com", 443));
        assert!(!hosts.allows("https", "example.com", 443));
        assert!(!hosts.allows("https", "badexample.com", 443));
    }

    #[test]
    fn networks_match_addresses_only() {
        let hosts = allowed("tcp://10.0.0.0/8:6379");
        assert!(hosts.allows("tcp", "10.1.2.3", 6379));
        assert!(!hosts.allows("tcp", "11.1.2.3", 6379));
        assert!(!hosts.allows("tcp", "ten.example.com", 6379));
        assert!(allowed("tcp://[::1]:80").allows("tcp", "::1", 80));
    }

    #[test]
    fn anything_is_allowed_where_all_parts_are_stars() {
        let hosts = allowed("*://*:*");
        assert!(hosts.allows("postgres", "db", 1));
        assert!(hosts.allows_own("http"));
        assert!(!AllowedHosts::default().allows("http", "localhost", 80));
    }

    #[test]
    fn the_own_application_is_a_rule_of_its_own() {
        let hosts = allowed("http://self");
        assert!(hosts.allows_own("http"));
        assert!(!hosts.allows_own("https"));
        assert!(!hosts.allows("http", "self", 80));
    }

    #[test]
    fn malformed_rules_are_errors() {
        for rule in ["example.com", "http://", "http://a,b", "http://*a.com", "http://a:x", "http://10.0.0.0/99:1"] {
            assert!(AllowedHosts::parse(&[rule.to_owned()]).is_err(), "{rule}");
        }
    }
}
