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
    /// The base score, 0 to 10.
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
pub(crate) fn bounded(mut text: String, limit: usize) -> String {
    const MARK: &str = "…";
    if text.len() > limit {
        let mut end = limit - MARK.len();
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        text.truncate(end);
        text.push_str(MARK);
    }
    if memchr::memchr(0, text.as_bytes()).is_some() { text.replace('\0', "\u{fffd}") } else { text }
}

impl Record {
    /// Brings every text and list of the record within its limit.
    pub(crate) fn bound(self) -> Self {
        match self {
            Self::Occurrence(o) => Self::Occurrence(Box::new(o.bound())),
            Self::Asset(a) => Self::Asset(a.bound()),
            Self::Tool { name } => Self::Tool { name: bounded(name, limits::NAME) },
            Self::Problem(mut p) => {
                p.message = bounded(p.message, limits::NAME);
                p.excerpt = bounded(p.excerpt, limits::NAME);
                Self::Problem(p)
            }
        }
    }
}

impl Occurrence {
    fn bound(mut self) -> Self {
        self.finding = self.finding.bound();
        self.asset = self.asset.bound();
        self.location = self.location.bound();
        self.evidence = bounded(self.evidence, limits::TEXT);
        self
    }
}

impl Finding {
    fn bound(mut self) -> Self {
        self.tool = bounded(self.tool, limits::NAME);
        self.rule_id = bounded(self.rule_id, limits::NAME);
        self.title = bounded(self.title, limits::NAME);
        self.description = bounded(self.description, limits::TEXT);
        self.solution = bounded(self.solution, limits::TEXT);
        self.vulnerability_ids = bounded_list(self.vulnerability_ids, limits::NAME);
        self.references = bounded_list(self.references, limits::URL);
        self.cwes.truncate(limits::LIST);
        self.cvss.truncate(limits::LIST);
        for cvss in &mut self.cvss {
            cvss.vector = bounded(std::mem::take(&mut cvss.vector), limits::NAME);
        }
        self.component = self.component.map(|c| Component {
            name: bounded(c.name, limits::NAME),
            version: bounded(c.version, limits::NAME),
            purl: c.purl.map(|p| bounded(p, limits::URL)),
        });
        self.attributes = bounded_attributes(self.attributes);
        self
    }
}

impl Asset {
    fn bound(mut self) -> Self {
        self.identity = bounded(self.identity, limits::NAME);
        self.hostname = self.hostname.map(|h| bounded(h, limits::NAME));
        self.attributes = bounded_attributes(self.attributes);
        self
    }
}

impl Location {
    fn bound(mut self) -> Self {
        for (field, limit) in [
            (&mut self.host, limits::NAME),
            (&mut self.protocol, limits::NAME),
            (&mut self.service, limits::NAME),
            (&mut self.url, limits::URL),
            (&mut self.parameter, limits::NAME),
            (&mut self.path, limits::URL),
        ] {
            *field = field.take().map(|text| bounded(text, limit));
        }
        self
    }
}

fn bounded_list(list: Vec<String>, limit: usize) -> Vec<String> {
    list.into_iter().take(limits::LIST).map(|text| bounded(text, limit)).collect()
}

fn bounded_attributes(attributes: BTreeMap<String, String>) -> BTreeMap<String, String> {
    let bound = |(name, value)| (bounded(name, limits::NAME), bounded(value, limits::URL));
    attributes.into_iter().take(limits::ATTRIBUTES).map(bound).collect()
}
