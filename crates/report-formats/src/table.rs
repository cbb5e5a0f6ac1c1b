//! A described format as tables: what its readers go by.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::kinds::{AssetKind, FindingKind, Severity, Status};

pub use crate::expression::{Alternative, Expression, Part, Path, Source, Start, Step, Text, Transform};

/// A format: what it is, and what tells its reports from others.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub struct Table {
    /// Its name: that of its description.
    pub name: Text,
    /// Other names by which it may be asked for.
    pub aliases: Box<[Text]>,
    /// The scanner's name, for people.
    pub scanner: Text,
    /// What the report is, and how it is made.
    pub about: Text,
    /// What its reports are written in.
    pub syntax: Syntax,
    /// What tells them: one of these has to hold.
    pub detect: Box<[Detect]>,
    /// The scanner writes nothing at all where it finds nothing.
    pub empty: bool,
    /// How archives with such reports are made.
    pub archive: Archive,
}

/// What a report is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Syntax {
    /// JSON, or JSON lines.
    Json,
    /// XML.
    Xml,
    /// Rows of columns, with a header.
    Csv,
    /// Plain text.
    Lines,
    /// A web page.
    Html,
}

impl Syntax {
    /// Whether it is read line by line.
    pub fn has_lines(self) -> bool {
        matches!(self, Self::Lines | Self::Html)
    }

    /// Whether a name may stand several times without being in an array.
    pub fn repeats(self) -> bool {
        self == Self::Xml || self.has_lines()
    }
}

/// How archives are made that a scanner puts its reports into.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Archive {
    /// The other files of an archive with such a report tell of it: none of them is a report.
    pub sole: bool,
    /// Names of folders in which no file is a report.
    pub skip: Box<[Text]>,
}

/// What tells a format: facts about the start of the report, such as `Results[].Target`, that all hold.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub struct Detect {
    /// These are there.
    pub has: Box<[Text]>,
    /// Their value is one of these. A `*` at the start or end stands for anything.
    pub is: Box<[(Text, Box<[Text]>)]>,
    /// These are not there.
    pub lacks: Box<[Text]>,
    /// Nothing else stands at the top of the report.
    pub alone: bool,
    /// The file's name is like one of these: only where several formats fit.
    pub file: Box<[Text]>,
    /// What tells plain text and web pages.
    pub lines: LineFacts,
}

/// What tells plain text and web pages: patterns of lines of its start.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub struct LineFacts {
    /// Each fits some line.
    pub has: Box<[Pattern]>,
    /// None fits any line.
    pub lacks: Box<[Pattern]>,
    /// Every line that is not blank fits one of them.
    pub all: Box<[Pattern]>,
}

/// A line: literal text and what is taken from between it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pattern(pub Box<[Piece]>);

/// A part of a pattern.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Piece {
    /// A text that stands for itself.
    Text(Text),
    /// What stands between two texts, under this name; empty for what is not kept.
    Take(Text, Class),
    /// The same, as long as possible.
    TakeLongest(Text, Class),
}

/// What may be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Class {
    /// Anything, or nothing.
    Anything,
    /// No blanks.
    OneWord,
    /// A name as in most programming languages.
    Identifier,
    /// Decimal digits.
    Digits,
    /// Hexadecimal digits.
    HexDigits,
}

/// What becomes of the lines that fit one of the patterns.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub struct LineRule {
    /// The patterns.
    pub is: Box<[Pattern]>,
    /// What becomes of a line that fits one.
    pub act: Act,
}

/// What becomes of a line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Act {
    /// It begins a record: that of this node. Whether further lines may belong to it.
    BeginRecord(u16, bool),
    /// It belongs to the record of that node, if it is open; as a part of this name, or directly.
    AddTo(u16, Text),
    /// What it holds goes for the lines that follow: names and their slots. The other slots are emptied.
    SetContext(Box<[(Text, u8)]>, Box<[u8]>),
    /// It ends the record that is open.
    EndRecord,
    /// Nothing.
    Ignore,
}

/// How a format is read.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub struct Reading {
    /// Of the way: an older checkpoint is of no use when it changes.
    pub version: u32,
    /// The way to the records, the first is the root.
    pub nodes: Box<[Node]>,
    /// The values around the records that are kept.
    pub slots: Box<[Slot]>,
    /// What is made of each kind of record.
    pub records: Box<[Record]>,
    /// What becomes of each line of plain text: the first rule that fits counts.
    pub lines: Box<[LineRule]>,
    /// Columns that have a row for each of their values: rows that follow each other and differ in nothing else are one record.
    pub spread: Box<[Text]>,
}

/// A value on the way to the records.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub struct Node {
    /// Members, children or attributes that lead on.
    pub members: Box<[(Text, u16)]>,
    /// Where all the others lead.
    pub any: Option<u16>,
    /// Where elements of the array lead.
    pub elements: Option<u16>,
    /// It is a record of these kinds.
    pub records: Box<[u8]>,
    /// Its value is kept.
    pub slot: Option<u8>,
    /// Its name is kept.
    pub key: Option<u8>,
    /// What is needed of it, where it is a record or kept.
    pub needed: Option<Needed>,
    /// The slots that hold from its start to its end.
    pub owns: Box<[u8]>,
    /// Whether records are below it.
    pub bears: bool,
}

/// What is needed of a value.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Needed {
    /// Its text.
    pub text: bool,
    /// Its name, whatever it is.
    pub name: bool,
    /// These members, and what of each.
    pub members: BTreeMap<Text, Needed>,
    /// All members, and what of each.
    pub any: Option<Box<Needed>>,
    /// Its elements, and what of each.
    pub elements: Option<Box<Needed>>,
}

/// A value around the records that is kept.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub struct Slot {
    /// It is a list of definitions: where they are, and the way from each to its key.
    pub definitions: Option<Definitions>,
    /// Where one of these slots holds a text, nobody asks for this one.
    pub spared: Box<[u8]>,
}

/// A list of definitions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Definitions {
    /// The slot whose value holds the list, if not this one.
    pub within: Option<u8>,
    /// The way from that value to the definitions.
    pub entries: Box<[Step]>,
    /// The way from a definition to what it is found by.
    pub key: Box<[Step]>,
    /// The way from a definition to further ones within it; empty for none.
    pub nested: Box<[Step]>,
}

/// What is made of a record.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// Where it is, as it is written.
    pub at: Text,
    /// An occurrence is made of each of these.
    pub each: Option<Path>,
    /// It is one where all of these hold.
    pub only: Box<[Condition]>,
    /// It is none where one of these holds.
    pub except: Box<[Condition]>,
    /// It is no finding but the scanner's word that it could not do its work: nothing is to be read then.
    pub failure: Option<Expression>,
    /// The scanner.
    pub tool: Expression,
    /// What kind of finding it is.
    pub kind: FindingKind,
    /// The scanner's own name of the check.
    pub rule: Expression,
    /// One line for a person.
    pub title: Expression,
    /// How bad it is.
    pub severity: Severities,
    /// The first state whose conditions hold; else it is open.
    pub status: Box<[(Status, Box<[Condition]>)]>,
    /// Paragraphs.
    pub description: Box<[Expression]>,
    /// Paragraphs.
    pub solution: Box<[Expression]>,
    /// Paragraphs.
    pub evidence: Box<[Expression]>,
    /// Ids of vulnerabilities.
    pub ids: Box<[Expression]>,
    /// Texts with numbers of the Common Weakness Enumeration.
    pub cwes: Box<[Expression]>,
    /// Links.
    pub references: Box<[Expression]>,
    /// Scores.
    pub cvss: Box<[Scores]>,
    /// The package that is affected.
    pub component: Option<Package>,
    /// What was scanned.
    pub asset: Assets,
    /// Where on it.
    pub location: Places,
    /// Further facts by name.
    pub attributes: Box<[(Text, Expression)]>,
    /// A secret that is in none of the texts.
    pub secret: Option<Expression>,
    /// The tool's own mark of the finding.
    pub fingerprint: Box<[Expression]>,
    /// What makes two findings the same, instead of what is usual for the kind.
    pub identity: Option<Box<[Expression]>>,
}

/// An expression has one of these values; without values: it has one at all, or has none.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub struct Condition {
    /// The expression.
    pub value: Expression,
    /// The values.
    pub values: Box<[Text]>,
    /// Without values: whether it has one.
    pub present: bool,
}

/// How bad a finding is.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub struct Severities {
    /// A word.
    pub word: Option<Expression>,
    /// What words stand for beyond the usual ones. Lower case.
    pub map: Box<[(Text, Severity)]>,
    /// A CVSS score.
    pub score: Option<Expression>,
    /// The score counts before the word.
    pub score_first: bool,
    /// Where there is neither.
    pub default: Severity,
}

/// A CVSS score.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub struct Scores {
    /// The number.
    pub score: Option<Expression>,
    /// The vector.
    pub vector: Option<Expression>,
    /// The version, where the vector does not say it.
    pub version: Text,
}

/// A package.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub struct Package {
    /// Its name.
    pub name: Expression,
    /// Its version.
    pub version: Option<Expression>,
    /// Its package URL.
    pub purl: Option<Expression>,
    /// The type of a package URL that is made when there is none.
    pub kind: Option<Expression>,
}

/// What was scanned.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub struct Assets {
    /// What kind of thing it is.
    pub kind: AssetKind,
    /// The first kind whose conditions hold, instead of `kind`.
    pub kinds: Box<[(AssetKind, Box<[Condition]>)]>,
    /// What makes it the same asset next time.
    pub identity: Expression,
    /// Its DNS name.
    pub hostname: Option<Expression>,
    /// Further facts by name.
    pub attributes: Box<[(Text, Expression)]>,
}

/// Where on its asset a finding is.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub struct Places {
    /// Name or address.
    pub host: Option<Expression>,
    /// Port.
    pub port: Option<Expression>,
    /// Transport protocol.
    pub protocol: Option<Expression>,
    /// Name of the service on the port.
    pub service: Option<Expression>,
    /// URL.
    pub url: Option<Expression>,
    /// Parameter of the request.
    pub parameter: Option<Expression>,
    /// Path of a file.
    pub path: Option<Expression>,
    /// Line in the file.
    pub line: Option<Expression>,
}
