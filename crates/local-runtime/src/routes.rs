//! Routes: which component answers a path.
//!
//! A pattern is made of exact segments, `:name` for any one segment, and perhaps `/...` at its end for everything below. Of
//! several patterns that match, the one decides which is more exact in the first segment where they differ: a word before
//! `:name` before `/...`. Slashes at the start and the end of a path do not matter; within it an empty segment is one, which nothing but `/...`
//! matches.

use std::cmp::Ordering;

use anyhow::{Result, ensure};

/// A pattern, parsed.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Pattern {
    segments: Vec<Segment>,
    /// Whether it ends in `/...`.
    wildcard: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Segment {
    Exact(String),
    Named(String),
}

/// A route of the table.
#[derive(Debug)]
pub struct RouteEntry {
    pattern: Pattern,
    /// The pattern as it was written.
    pub route: String,
    /// The component's name.
    pub component: String,
}

/// The public routes of an application, most exact first.
#[derive(Debug, Default)]
pub struct Routes(Vec<RouteEntry>);

/// A path that a route matches.
#[derive(Debug)]
pub struct Match<'a> {
    /// The route.
    pub entry: &'a RouteEntry,
    /// What `/...` stood for, with its slash in front; empty for routes without.
    pub rest: String,
    /// What each `:name` stood for.
    pub named: Vec<(&'a str, String)>,
}

impl RouteEntry {
    /// The pattern without `/...` at its end.
    pub fn prefix(&self) -> &str {
        self.route.strip_suffix("/...").unwrap_or(&self.route)
    }
}

impl Routes {
    /// Adds a route; two routes that match the same paths are an error.
    pub fn add(&mut self, route: &str, component: &str) -> Result<()> {
        let pattern = Pattern::parse(route)?;
        if let Some(other) =
            self.0.iter().find(|other| other.pattern.compare(&pattern) == Ordering::Equal && other.pattern.same_paths(&pattern))
        {
            anyhow::bail!("the routes `{}` ({}) and `{route}` ({component}) are the same", other.route, other.component);
        }
        self.0.push(RouteEntry { pattern, route: route.to_owned(), component: component.to_owned() });
        self.0.sort_by(|a, b| a.pattern.compare(&b.pattern));
        Ok(())
    }

    /// Finds the route of a path.
    pub fn find(&self, path: &str) -> Option<Match<'_>> {
        let parts: Vec<&str> = segments_of(path).collect();
        let entry = self.0.iter().find(|entry| entry.pattern.matches(&parts))?;
        let named = entry.pattern.named_values(&parts);
        let rest = if entry.pattern.wildcard { rest_of(path, entry.pattern.segments.len()) } else { String::new() };
        Some(Match { entry, rest, named })
    }

    /// The routes, most exact first.
    pub fn iter(&self) -> impl Iterator<Item = &RouteEntry> {
        self.0.iter()
    }
}

/// The parts between slashes.
fn segments_of(path: &str) -> impl Iterator<Item = &str> {
    let path = path.trim_matches('/');
    path.split('/').filter(move |_| !path.is_empty())
}

/// What follows the first segments of a path, with a slash in front unless it is empty.
fn rest_of(path: &str, skip: usize) -> String {
    let mut rest = path;
    for _ in 0..skip {
        rest = rest.trim_start_matches('/');
        rest = rest.find('/').map_or("", |slash| &rest[slash..]);
    }
    if rest.is_empty() || rest.starts_with('/') { rest.to_owned() } else { format!("/{rest}") }
}

impl Pattern {
    fn parse(route: &str) -> Result<Self> {
        ensure!(route.starts_with('/'), "route `{route}`: must start with /");
        let mut parts: Vec<&str> = segments_of(route).collect();
        let wildcard = parts.last() == Some(&"...");
        if wildcard {
            parts.pop();
        }
        let segments = parts.into_iter().map(|part| Segment::parse(route, part)).collect::<Result<_>>()?;
        Ok(Self { segments, wildcard })
    }

    fn matches(&self, parts: &[&str]) -> bool {
        let lengths_fit = if self.wildcard { parts.len() >= self.segments.len() } else { parts.len() == self.segments.len() };
        lengths_fit && self.segments.iter().zip(parts).all(|(segment, part)| segment.matches(part))
    }

    fn named_values(&self, parts: &[&str]) -> Vec<(&str, String)> {
        let pairs = self.segments.iter().zip(parts);
        pairs
            .filter_map(|(segment, part)| if let Segment::Named(name) = segment { Some((name.as_str(), (*part).to_owned())) } else { None })
            .collect()
    }

    /// More exact first. Patterns of which one is the beginning of the other: the longer first, and `/...` last.
    fn compare(&self, other: &Self) -> Ordering {
        let by_segment = self.segments.iter().zip(&other.segments).map(|(a, b)| a.rank().cmp(&b.rank()));
        by_segment
            .chain([other.segments.len().cmp(&self.segments.len()), self.wildcard.cmp(&other.wildcard)])
            .find(|order| *order != Ordering::Equal)
            .unwrap_or(Ordering::Equal)
    }

    fn same_paths(&self, other: &Self) -> bool {
        self.segments.iter().zip(&other.segments).all(|(a, b)| a == b || a.rank() == 1 && b.rank() == 1)
    }
}

impl Segment {
    fn parse(route: &str, part: &str) -> Result<Self> {
        ensure!(part != "...", "route `{route}`: /... may stand at the end only");
        ensure!(!part.contains('*'), "route `{route}`: the wildcard is written ...");
        Ok(match part.strip_prefix(':') {
            Some(name) => {
                ensure!(!name.is_empty(), "route `{route}`: a : needs a name");
                Self::Named(name.to_owned())
            }
            None => Self::Exact(part.to_owned()),
        })
    }

    fn matches(&self, part: &str) -> bool {
        match self {
            Self::Exact(word) => word == part,
            Self::Named(_) => !part.is_empty(),
        }
    }

    fn rank(&self) -> u8 {
        match self {
            Self::Exact(_) => 0,
            Self::Named(_) => 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn routes(patterns: &[&str]) -> Routes {
        let mut routes = Routes::default();
        for pattern in patterns {
            routes.add(pattern, pattern).unwrap();
        }
        routes
    }

    fn component<'a>(routes: &'a Routes, path: &str) -> Option<&'a str> {
        routes.find(path).map(|found| found.entry.component.as_str())
    }

    #[test]
    fn exact_routes_come_before_wildcards_and_longer_prefixes_first() {
        let routes = routes(&["/...", "/a/...", "/a/b/...", "/a/b"]);
        assert_eq!(component(&routes, "/a/b"), Some("/a/b"));
        assert_eq!(component(&routes, "/a/b/c"), Some("/a/b/..."));
        assert_eq!(component(&routes, "/a/c"), Some("/a/..."));
        assert_eq!(component(&routes, "/x"), Some("/..."));
        assert_eq!(component(&routes, "/"), Some("/..."));
    }

    #[test]
    fn a_named_segment_is_less_exact_than_a_word_and_more_than_a_wildcard() {
        let routes = routes(&["/things/...", "/things/:id", "/things/new", "/things/:id/status"]);
        assert_eq!(component(&routes, "/things/new"), Some("/things/new"));
        assert_eq!(component(&routes, "/things/7"), Some("/things/:id"));
        assert_eq!(component(&routes, "/things/7/status"), Some("/things/:id/status"));
        assert_eq!(component(&routes, "/things/7/other"), Some("/things/..."));
        assert_eq!(component(&routes, "/things"), Some("/things/..."));
    }

    #[test]
    fn no_route_no_match() {
        let routes = routes(&["/a", "/b/:x"]);
        assert_eq!(component(&routes, "/c"), None);
        assert_eq!(component(&routes, "/b"), None);
        assert_eq!(component(&routes, "/a/c"), None);
        assert_eq!(component(&routes, "/a/"), Some("/a"));
    }

    #[test]
    fn two_slashes_are_not_one() {
        let routes = routes(&["/a/b", "/c/:x/d", "/e/..."]);
        assert_eq!(component(&routes, "//a/b//"), Some("/a/b"));
        assert_eq!(component(&routes, "/a//b"), None);
        assert_eq!(component(&routes, "/c//d"), None);
        assert_eq!(component(&routes, "/e//x"), Some("/e/..."));
    }

    #[test]
    fn a_match_tells_the_rest_and_the_names() {
        let routes = routes(&["/things/:id/..."]);
        let found = routes.find("/things/7/x/y/").unwrap();
        assert_eq!(found.rest, "/x/y/");
        assert_eq!(found.named, [("id", "7".to_owned())]);
        assert_eq!(found.entry.prefix(), "/things/:id");
        assert_eq!(routes.find("/things/7").unwrap().rest, "");
    }

    #[test]
    fn the_same_route_twice_is_an_error() {
        let mut routes = routes(&["/a/:x"]);
        assert!(routes.add("/a/:y", "other").is_err());
        assert!(routes.add("/a/b", "other").is_ok());
        assert!(routes.add("/.../a", "other").is_err());
    }
}
