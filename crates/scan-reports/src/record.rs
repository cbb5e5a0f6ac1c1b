//! What a report says, in one shape for all scanners.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::limits;
use crate::{AssetKind, FindingKind, Identity, Severity, Status};

/// One thing that a decoder read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Record {
    /// A finding at a place.
    Occurrence(Box<Occurrence>),
    /// An asset without a finding, or what was learnt about it after its findings.
    Asset(Asset),
    /// A scanner whose results the report holds, also where there are none: what it no longer reports is gone.
    Tool {
        /// As in [`Finding::tool`].
        name: String,
    },
    /// A record of the report that could not be used; the rest of the report goes on.
    Problem(Problem),
}

/// A finding, and where it was seen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Occurrence {
    /// What is wrong.
    pub finding: Finding,
    /// On what.
    pub asset: Asset,
    /// Where on it.
    pub location: Location,
    /// What the scanner says of this place: plugin output, code, message.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub evidence: String,
    /// Offset of the record in the report, in bytes. It orders the records of one report.
    pub offset: u64,
    /// Line of the report, counted from 1.
    pub line: u64,
}

/// What is wrong, independent of where it was seen.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// What makes two findings the same; see [`Identity`].
    pub identity: Identity,
    /// The scanner's name, lower case: `nessus`, `nmap`, `codeql`.
    pub tool: String,
    /// What kind of thing is wrong.
    pub kind: FindingKind,
    /// The scanner's own name of the check, such as a plugin id.
    pub rule_id: String,
    /// One line for a person.
    pub title: String,
    /// How bad it is.
    pub severity: Severity,
    /// What the scanner or a person in it says of the finding's state.
    pub status: Status,
    /// What it is and why it matters.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// What to do.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub solution: String,
    /// CVE, GHSA and similar ids, in the report's order, each once.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub vulnerability_ids: Vec<String>,
    /// Numbers of the Common Weakness Enumeration.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cwes: Vec<u32>,
    /// Scores, newest version first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cvss: Vec<Cvss>,
    /// Links for reading on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub references: Vec<String>,
    /// The package that is affected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub component: Option<Component>,
    /// Further facts by name: plugin family, exploit facts, tags.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub attributes: BTreeMap<String, String>,
}

/// A score of the Common Vulnerability Scoring System.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Cvss {
    /// `2.0`, `3.0`, `3.1` or `4.0`.
    pub version: String,
    /// The vector as the scanner wrote it, or empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub vector: String,
    /// The scanner's score, or else the vector's, 0 to 10.
    pub score: f64,
}

/// A package.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Component {
    /// Its name.
    pub name: String,
    /// Its version, or empty.
    #[serde(default)]
    pub version: String,
    /// Its package URL.
    #[serde(default)]
    pub purl: Option<String>,
}

/// What was scanned.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Asset {
    /// What kind of thing it is.
    pub kind: AssetKind,
    /// What makes it the same asset next time: an address, a URL's origin, a repository, an image.
    pub identity: String,
    /// Its DNS name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hostname: Option<String>,
    /// Further facts by name: operating system, MAC address.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub attributes: BTreeMap<String, String>,
}

/// Where on its asset a finding was seen. What does not apply is `None`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Location {
    /// Name or address.
    #[serde(default)]
    pub host: Option<String>,
    /// Port; 0 is never used.
    #[serde(default)]
    pub port: Option<u16>,
    /// Transport protocol, lower case.
    #[serde(default)]
    pub protocol: Option<String>,
    /// Name of the service on the port.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    /// URL.
    #[serde(default)]
    pub url: Option<String>,
    /// Parameter of the request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parameter: Option<String>,
    /// Path of a file, as the report writes it.
    #[serde(default)]
    pub path: Option<String>,
    /// Line in the file, counted from 1.
    #[serde(default)]
    pub line: Option<u64>,
}

/// A record of the report that could not be used.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Problem {
    /// What is wrong with it.
    pub code: ProblemCode,
    /// The same for a person: what was looked for and what was found.
    pub message: String,
    /// Where the record begins, in bytes.
    pub offset: u64,
    /// Its line, counted from 1.
    pub line: u64,
    /// The record, or its start, as far as it is text.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub excerpt: String,
}

/// Why a record could not be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProblemCode {
    /// A field without which the record says nothing is missing.
    MissingField,
    /// A field holds what it cannot hold.
    InvalidField,
    /// The record or one of its parts is over a limit.
    TooLarge,
}

/// Cuts a text to a limit in bytes at a character's boundary and marks the cut; NUL, which PostgreSQL cannot store, becomes U+FFFD.
fn bound(text: &mut String, limit: usize) {
    const MARK: &str = "…";
    if text.len() > limit {
        text.truncate(text.floor_char_boundary(limit - MARK.len()));
        text.push_str(MARK);
    }
    if memchr::memchr(0, text.as_bytes()).is_some() {
        *text = text.replace('\0', "\u{fffd}");
    }
}

impl Record {
    /// Bytes of its texts.
    pub fn size(&self) -> usize {
        match self {
            Self::Occurrence(o) => o.finding.size() + o.asset.size() + o.location.size() + o.evidence.len(),
            Self::Asset(a) => a.size(),
            Self::Tool { name } => name.len(),
            Self::Problem(p) => p.message.len() + p.excerpt.len(),
        }
    }

    /// Its line, where it has one.
    pub(crate) fn line(&self) -> u64 {
        match self {
            Self::Occurrence(o) => o.line,
            Self::Problem(p) => p.line,
            Self::Asset(_) | Self::Tool { .. } => 1,
        }
    }

    /// Brings every text, list and number of the record within its limit.
    pub(crate) fn bound(&mut self) {
        match self {
            Self::Occurrence(o) if o.asset.identity.is_empty() => *self = Self::Problem(o.without_asset()),
            Self::Occurrence(o) => o.bound(),
            Self::Asset(a) => a.bound(),
            Self::Tool { name } => bound(name, limits::NAME),
            Self::Problem(p) => {
                bound(&mut p.message, limits::NAME);
                bound(&mut p.excerpt, limits::NAME);
            }
        }
    }
}

impl Occurrence {
    /// The same where it is not said what it is on.
    fn without_asset(&self) -> Problem {
        let message = format!(
            "expected what the finding is on (host, site, repository, image), found nothing in the record of {:?}",
            self.finding.rule_id
        );
        let mut problem =
            Problem { code: ProblemCode::MissingField, message, offset: self.offset, line: self.line, excerpt: String::new() };
        bound(&mut problem.message, limits::NAME);
        problem
    }

    fn bound(&mut self) {
        self.finding.bound();
        self.asset.bound();
        self.location.bound();
        bound(&mut self.evidence, limits::TEXT);
    }
}

impl Finding {
    fn size(&self) -> usize {
        let texts = [&self.tool, &self.rule_id, &self.title, &self.description, &self.solution];
        let lists = self.vulnerability_ids.iter().chain(&self.references);
        let component = self.component.iter().map(|c| c.name.len() + c.version.len() + c.purl.as_ref().map_or(0, String::len));
        let cvss = self.cvss.iter().map(|cvss| cvss.version.len() + cvss.vector.len());
        texts.into_iter().chain(lists).map(String::len).chain(component).chain(cvss).sum::<usize>() + size_of_attributes(&self.attributes)
    }

    fn bound(&mut self) {
        bound(&mut self.tool, limits::NAME);
        bound(&mut self.rule_id, limits::NAME);
        bound(&mut self.title, limits::NAME);
        bound(&mut self.description, limits::TEXT);
        bound(&mut self.solution, limits::TEXT);
        bound_list(&mut self.vulnerability_ids, limits::NAME);
        bound_list(&mut self.references, limits::URL);
        self.cwes.retain(|cwe| (1..=limits::CWE).contains(cwe));
        self.cwes.truncate(limits::LIST);
        self.cvss.truncate(limits::LIST);
        self.cvss.retain(|cvss| (0.0..=10.0).contains(&cvss.score));
        for cvss in &mut self.cvss {
            bound(&mut cvss.version, limits::NAME);
            bound(&mut cvss.vector, limits::NAME);
        }
        if let Some(component) = &mut self.component {
            bound(&mut component.name, limits::NAME);
            bound(&mut component.version, limits::NAME);
            if let Some(purl) = &mut component.purl {
                bound(purl, limits::URL);
            }
        }
        bound_attributes(&mut self.attributes);
    }
}

impl Asset {
    fn size(&self) -> usize {
        self.identity.len() + self.hostname.as_ref().map_or(0, String::len) + size_of_attributes(&self.attributes)
    }

    fn bound(&mut self) {
        bound(&mut self.identity, limits::NAME);
        if let Some(hostname) = &mut self.hostname {
            bound(hostname, limits::NAME);
        }
        bound_attributes(&mut self.attributes);
    }
}

impl Location {
    fn size(&self) -> usize {
        [&self.host, &self.protocol, &self.service, &self.url, &self.parameter, &self.path].into_iter().flatten().map(String::len).sum()
    }

    fn bound(&mut self) {
        for (field, limit) in [
            (&mut self.host, limits::NAME),
            (&mut self.protocol, limits::NAME),
            (&mut self.service, limits::NAME),
            (&mut self.url, limits::URL),
            (&mut self.parameter, limits::NAME),
            (&mut self.path, limits::URL),
        ] {
            if let Some(text) = field {
                bound(text, limit);
            }
        }
        self.line = self.line.filter(|line| *line <= limits::FILE_LINE);
    }
}

fn size_of_attributes(attributes: &BTreeMap<String, String>) -> usize {
    attributes.iter().map(|(name, value)| name.len() + value.len()).sum()
}

fn bound_list(list: &mut Vec<String>, limit: usize) {
    list.truncate(limits::LIST);
    for text in list {
        bound(text, limit);
    }
}

fn bound_attributes(attributes: &mut BTreeMap<String, String>) {
    let is_bounded = |name: &String| name.len() <= limits::NAME && !name.contains('\0');
    if attributes.len() > limits::ATTRIBUTES || !attributes.keys().all(is_bounded) {
        let bound_name = |(mut name, value)| {
            bound(&mut name, limits::NAME);
            (name, value)
        };
        *attributes = std::mem::take(attributes).into_iter().take(limits::ATTRIBUTES).map(bound_name).collect();
    }
    for value in attributes.values_mut() {
        bound(value, limits::URL);
    }
}
