//! A description, as it is written. Expressions are texts here: [`Language`] reads them.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::kinds::{AssetKind, FindingKind, Severity};
use crate::language::{Language, Maps};
use crate::table::{Archive, Syntax};

/// A description.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Description {
    /// The scanner's name, for people.
    pub scanner: String,
    /// Other names by which it may be asked for.
    #[serde(default)]
    pub aliases: Vec<String>,
    /// What the report is, and how it is made.
    pub about: String,
    /// What its reports are written in.
    pub syntax: Syntax,
    /// A module of that name reads it.
    #[serde(default)]
    pub code: bool,
    /// What that module makes of a report, for people: of other formats it can be seen in their records.
    #[serde(default)]
    pub becomes: Vec<String>,
    /// What tells the format: one of these.
    #[serde(default)]
    pub detect: Vec<Detection>,
    /// Definitions elsewhere in the report, by name.
    #[serde(default)]
    pub definitions: BTreeMap<String, Definition>,
    /// Words and what they become.
    #[serde(default)]
    pub maps: Maps,
    /// What all records have in common.
    #[serde(default)]
    pub fields: Fields,
    #[serde(default, rename = "records")]
    records: Vec<OwnFields>,
    /// What becomes of lines of plain text.
    #[serde(default)]
    pub lines: Vec<LineText>,
    /// Columns that have a row for each of their values.
    #[serde(default)]
    pub spread: Many<String>,
    /// The scanner writes nothing at all where it finds nothing.
    #[serde(default)]
    pub empty: bool,
    /// How archives with such reports are made.
    #[serde(default)]
    pub archive: Archive,
}

/// A kind of record, with its own fields.
#[derive(Debug, Deserialize)]
struct OwnFields {
    at: Many<String>,
    #[serde(flatten)]
    fields: toml::Table,
}

/// A kind of record.
#[derive(Clone, Debug)]
pub struct RecordText {
    /// Where it is: one of these.
    pub at: Vec<String>,
    /// Its fields, and for what it does not say, those of all records.
    pub fields: Fields,
}

impl Description {
    /// The description in a text. An error says where it is wrong.
    pub fn read(text: &str) -> Result<Self, String> {
        toml::from_str(text).map_err(|error| error.to_string())
    }

    /// How its expressions are read.
    pub fn language(&self) -> Language<'_> {
        Language { maps: &self.maps, repeats: self.syntax.repeats() }
    }

    /// Whether it says what is made of records.
    pub(crate) fn has_records(&self) -> bool {
        !self.records.is_empty()
    }

    /// Its kinds of records.
    pub fn records(&self) -> Result<Vec<RecordText>, String> {
        let record = |own: &OwnFields| {
            let at = own.at.as_slice().to_vec();
            let fields = merged(&self.fields, &own.fields).map_err(|error| format!("the record at {:?}: {error}", at.join(", ")))?;
            Ok(RecordText { at, fields })
        };
        self.records.iter().map(record).collect()
    }
}

/// A record's fields, and for what it does not say, those of all records.
fn merged(common: &Fields, own: &toml::Table) -> Result<Fields, String> {
    let mut fields: Fields = toml::Value::Table(own.clone()).try_into().map_err(|error: toml::de::Error| error.message().to_owned())?;
    macro_rules! inherit {
        ($($field:ident),*) => { $(if !own.contains_key(stringify!($field)) { fields.$field = common.$field.clone(); })* };
    }
    // What tells of a failure is no finding, so it needs none of what makes one.
    if let Some(failure) = fields.failure.clone() {
        (fields.rule, fields.title, fields.kind) = (Some(failure.clone()), Some(failure), Some(FindingKind::Host));
        fields.severity = Some(SeverityText::default());
        return Ok(fields);
    }
    inherit!(each, only, except, tool, kind, rule, title, severity, status, description, solution, evidence, ids, cwes, references);
    inherit!(cvss, component, asset, location, secret, fingerprint, identity);
    for (name, value) in &common.attributes {
        fields.attributes.entry(name.clone()).or_insert_with(|| value.clone());
    }
    Ok(fields)
}

/// What becomes of lines of plain text that fit a pattern: one of `begin`, `add`, `set`, `end`, `ignore`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LineText {
    /// The patterns.
    pub is: Many<String>,
    /// Such a line begins the record of this name.
    pub begin: Option<String>,
    /// It belongs to the record of this name.
    pub add: Option<String>,
    /// As a part of this name.
    pub part: Option<String>,
    /// What it holds goes for the lines that follow.
    pub set: bool,
    /// These values no longer go then.
    pub clear: Many<String>,
    /// It ends the open record.
    pub end: bool,
    /// It is passed over.
    pub ignore: bool,
}

/// Facts about the start of a report that all hold: see [`Detect`](crate::table::Detect).
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Detection {
    /// Paths, or patterns of lines, that are there.
    pub has: Vec<String>,
    /// Paths whose value is one of these.
    pub is: BTreeMap<String, Many<String>>,
    /// Paths, or patterns of lines, that are not there.
    pub lacks: Vec<String>,
    /// Patterns of which each line fits one.
    pub all: Vec<String>,
    /// Nothing else stands at the top.
    pub alone: bool,
    /// Patterns of the file's name.
    pub file: Vec<String>,
}

/// Definitions elsewhere in the report.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Definition {
    /// Where they are, from the root.
    pub at: String,
    /// What one is found by.
    pub key: String,
    /// Where definitions hold further ones.
    pub nested: Option<String>,
}

/// What becomes what: see [`Record`](crate::table::Record).
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Fields {
    /// An occurrence is made of each of these.
    pub each: Option<String>,
    /// It is a record where all of these hold.
    pub only: Conditions,
    /// It is none where one of these holds.
    pub except: Conditions,
    /// The scanner's word that it could not do its work.
    pub failure: Option<String>,
    /// The scanner.
    pub tool: Option<String>,
    /// What kind of finding it is.
    pub kind: Option<FindingKind>,
    /// The scanner's own name of the check.
    pub rule: Option<String>,
    /// One line for a person.
    pub title: Option<String>,
    /// How bad it is.
    pub severity: Option<SeverityText>,
    /// States, and when each of them holds.
    pub status: BTreeMap<String, Conditions>,
    /// Paragraphs.
    pub description: Many<String>,
    /// Paragraphs.
    pub solution: Many<String>,
    /// Paragraphs.
    pub evidence: Many<String>,
    /// Ids of vulnerabilities.
    pub ids: Many<String>,
    /// Texts with numbers of the Common Weakness Enumeration.
    pub cwes: Many<String>,
    /// Links.
    pub references: Many<String>,
    /// Scores.
    pub cvss: Many<ScoreText>,
    /// The package that is affected.
    pub component: Option<PackageText>,
    /// What was scanned.
    pub asset: Option<AssetText>,
    /// Where on it.
    pub location: PlaceText,
    /// Further facts by name.
    pub attributes: BTreeMap<String, String>,
    /// A secret that is in none of the texts.
    pub secret: Option<String>,
    /// The tool's own mark of the finding.
    pub fingerprint: Many<String>,
    /// What makes two findings the same, instead of what is usual for the kind.
    pub identity: Option<Many<String>>,
}

/// Expressions, and what each has to be.
pub type Conditions = BTreeMap<String, Accepted>;

/// What an expression has to be.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub enum Accepted {
    /// There, or not.
    Present(bool),
    /// One of these.
    Values(Many<String>),
}

/// One, or a list of several.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub enum Many<T> {
    /// One.
    One(T),
    /// Several.
    List(Vec<T>),
}

impl<T> Default for Many<T> {
    fn default() -> Self {
        Self::List(Vec::new())
    }
}

impl<T> Many<T> {
    /// All of them.
    pub fn as_slice(&self) -> &[T] {
        match self {
            Self::One(item) => std::slice::from_ref(item),
            Self::List(items) => items,
        }
    }
}

/// How bad a finding is.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SeverityText {
    /// A word.
    pub word: Option<String>,
    /// What words stand for beyond the usual ones.
    pub map: BTreeMap<String, Severity>,
    /// A CVSS score.
    pub score: Option<String>,
    /// Which of both counts first.
    pub prefer: Option<Prefer>,
    /// Where there is neither.
    pub default: Severity,
}

/// Which counts first.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum Prefer {
    /// The word.
    Word,
    /// The score.
    Score,
}

/// A CVSS score.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ScoreText {
    /// The number.
    pub score: Option<String>,
    /// The vector.
    pub vector: Option<String>,
    /// The version, where the vector does not say it.
    pub version: Option<String>,
}

/// A package.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PackageText {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: Option<String>,
    /// Its package URL.
    pub purl: Option<String>,
    /// The type of a package URL that is made when there is none.
    #[serde(rename = "type")]
    pub kind: Option<String>,
}

/// What was scanned.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AssetText {
    /// What kind of thing it is.
    pub kind: AssetKind,
    /// Other kinds, and when each of them holds.
    #[serde(default)]
    pub kinds: BTreeMap<String, Conditions>,
    /// What makes it the same asset next time; the tool's name when there is none.
    #[serde(default)]
    pub identity: Option<String>,
    /// Its DNS name.
    pub hostname: Option<String>,
    /// Further facts by name.
    #[serde(default)]
    pub attributes: BTreeMap<String, String>,
}

/// Where on its asset a finding is.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PlaceText {
    /// Name or address.
    pub host: Option<String>,
    /// Port.
    pub port: Option<String>,
    /// Transport protocol.
    pub protocol: Option<String>,
    /// Name of the service on the port.
    pub service: Option<String>,
    /// URL.
    pub url: Option<String>,
    /// Parameter of the request.
    pub parameter: Option<String>,
    /// Path of a file.
    pub path: Option<String>,
    /// Line in the file.
    pub line: Option<String>,
}
