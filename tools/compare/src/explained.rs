//! Differences that are right.

use anyhow::{Context as _, Result};
use serde::Deserialize;

use crate::verdict::Verdict;

/// Differences that are known, with their reasons.
const FILE: &str = include_str!("../explained.toml");

/// Which files differ, and why.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Explained {
    differences: Vec<Difference>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Difference {
    /// Names of files from the folder on, in which `*` stands for anything.
    files: Vec<String>,
    /// Whether it is that they are not read; else that they are read as something else.
    #[serde(default)]
    refused: bool,
    /// Why.
    reason: String,
}

impl Explained {
    pub(crate) fn load() -> Result<Self> {
        toml::from_str(FILE).context("tools/compare/explained.toml cannot be used")
    }

    /// Why this may come of a file; none where it may not.
    pub(crate) fn reason(&self, name: &str, verdict: &Verdict) -> Option<&str> {
        let is_it = |pattern: &String| matches(pattern, name);
        let mut known = self.differences.iter().filter(|difference| difference.refused == (*verdict == Verdict::RefusedByUs));
        known.find(|difference| difference.files.iter().any(is_it)).map(|difference| difference.reason.as_str())
    }
}

/// Whether the end of a name is as the pattern says.
fn matches(pattern: &str, name: &str) -> bool {
    let mut rest = name;
    for (number, part) in pattern.rsplit('*').enumerate() {
        let found = if number == 0 { rest.ends_with(part).then(|| rest.len() - part.len()) } else { rest.rfind(part) };
        let Some(at) = found else { return false };
        rest = &rest[..at];
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_are_of_the_ends_of_names() {
        for (pattern, name, expected) in [
            ("a.csv", "x/a.csv", true),
            ("*.xls", "x/a.xls", true),
            ("*.xls", "x/a.xlsx", false),
            ("x/*.csv", "y/x/a.csv", true),
            ("x/*.csv", "y/a.csv", false),
        ] {
            assert_eq!(matches(pattern, name), expected, "{pattern} {name}");
        }
    }

    #[test]
    fn the_list_can_be_read() {
        assert!(Explained::load().is_ok());
    }
}
