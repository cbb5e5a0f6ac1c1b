//! A described format as static tables: what the build script makes of `formats/<name>.toml`, and what the readers go by.
//!
//! The tables print themselves as Rust (`{:?}`): that is how the build script writes them.

use std::fmt;

use super::Shape;
use crate::kinds::{AssetKind, FindingKind, Severity, Status};

/// A list that lives as long as the program.
pub(crate) struct List<T: 'static>(pub(crate) &'static [T]);

impl<T> Clone for List<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for List<T> {}

impl<T> std::ops::Deref for List<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        self.0
    }
}

impl<T: fmt::Debug> fmt::Debug for List<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "List(&{:?})", self.0)
    }
}

/// A value of one of the crate's enums.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Word<T>(pub(crate) T);

impl<T: fmt::Debug> fmt::Debug for Word<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = std::any::type_name::<T>();
        write!(f, "Word({}::{:?})", name.rsplit("::").next().unwrap_or(name), self.0)
    }
}

/// A format.
#[derive(Debug)]
pub(crate) struct Table {
    pub(crate) name: &'static str,
    /// Other names by which it may be asked for.
    pub(crate) aliases: List<&'static str>,
    /// The scanner's name, for people.
    pub(crate) scanner: &'static str,
    /// What the report is, and how it is made.
    pub(crate) about: &'static str,
    pub(crate) syntax: Syntax,
    /// One of them has to hold.
    pub(crate) detect: List<Detect>,
    /// How it is read; none where a module of its own does.
    pub(crate) reading: Option<Reading>,
    /// The scanner writes nothing at all where it finds nothing.
    pub(crate) empty: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Syntax {
    Json,
    Xml,
    Csv,
    Lines,
    Html,
}

/// What tells a format: facts about the start of the report, such as `Results[].Target`, that all hold.
#[derive(Debug)]
pub(crate) struct Detect {
    pub(crate) has: List<&'static str>,
    /// A value is one of these. A `*` at the start or end stands for anything.
    pub(crate) is: List<(&'static str, List<&'static str>)>,
    pub(crate) lacks: List<&'static str>,
    /// Nothing else stands at the top of the report.
    pub(crate) alone: bool,
    /// The file's name ends like this: only where several formats fit.
    pub(crate) file: List<&'static str>,
    /// What tells plain text and web pages.
    pub(crate) lines: LineFacts,
}

/// What tells plain text and web pages: patterns of lines of its start.
#[derive(Debug)]
pub(crate) struct LineFacts {
    /// Each fits some line.
    pub(crate) has: List<Pattern>,
    /// None fits any line.
    pub(crate) lacks: List<Pattern>,
    /// Every line that is not blank fits one of them.
    pub(crate) all: List<Pattern>,
}

/// A line: literal text and what is taken from between it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pattern(pub(crate) List<Piece>);

/// A part of a pattern.
#[derive(Debug)]
pub(crate) enum Piece {
    Text(&'static str),
    /// What stands between two texts, under this name; empty for what is not kept.
    Take(&'static str, Class),
    /// The same, as long as possible.
    TakeLongest(&'static str, Class),
}

/// What may be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Class {
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
#[derive(Debug)]
pub(crate) struct LineRule {
    pub(crate) is: List<Pattern>,
    pub(crate) act: Act,
}

/// What becomes of a line.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Act {
    /// It begins a record: that of this node. Whether further lines may belong to it.
    BeginRecord(u16, bool),
    /// It belongs to the record of that node, if it is open; as a part of this name, or directly.
    AddTo(u16, &'static str),
    /// What it holds goes for the lines that follow: names and their slots. The other slots are emptied.
    SetContext(List<(&'static str, u8)>, List<u8>),
    /// It ends the record that is open.
    EndRecord,
    /// Nothing.
    Ignore,
}

/// How a format is read.
#[derive(Debug)]
pub(crate) struct Reading {
    /// Of the way: an older checkpoint is of no use when it changes.
    pub(crate) version: u32,
    /// The way to the records, the first is the root.
    pub(crate) nodes: List<Node>,
    /// The values around the records that are kept.
    pub(crate) slots: List<Slot>,
    pub(crate) records: List<Record>,
    /// What becomes of each line of plain text: the first rule that fits counts.
    pub(crate) lines: List<LineRule>,
    /// Columns that have a row for each of their values: rows that follow each other and differ in nothing else are one record.
    pub(crate) spread: List<&'static str>,
}

/// A value on the way to the records.
#[derive(Debug)]
pub(crate) struct Node {
    /// Members, children or attributes that lead on.
    pub(crate) members: List<(&'static str, u16)>,
    /// Where all the others lead.
    pub(crate) any: Option<u16>,
    /// Where elements of the array lead.
    pub(crate) elements: Option<u16>,
    /// It is a record of these kinds.
    pub(crate) records: List<u8>,
    /// Its value is kept.
    pub(crate) slot: Option<u8>,
    /// Its name is kept.
    pub(crate) key: Option<u8>,
    /// What is needed of it, where it is a record or kept.
    pub(crate) shape: Option<Shape>,
    /// The slots that hold from its start to its end.
    pub(crate) owns: List<u8>,
    /// Whether records are below it.
    pub(crate) bears: bool,
}

/// A value around the records that is kept.
#[derive(Debug)]
pub(crate) struct Slot {
    /// It is a list of definitions, found by this.
    pub(crate) key: Option<Path>,
    /// The slot whose value holds that list.
    pub(crate) within: Option<u8>,
    /// Where definitions hold further ones.
    pub(crate) nested: List<Step>,
    /// Where one of these slots holds a text, nobody asks for this one.
    pub(crate) spared: List<u8>,
}

/// What is made of a record.
#[derive(Debug)]
pub(crate) struct Record {
    pub(crate) at: &'static str,
    /// An occurrence is made of each of these.
    pub(crate) each: Option<Path>,
    pub(crate) only: List<Condition>,
    pub(crate) except: List<Condition>,
    /// It is no finding but the scanner's word that it could not do its work: nothing is to be read then.
    pub(crate) failure: Option<Expr>,
    pub(crate) tool: Expr,
    pub(crate) kind: Word<FindingKind>,
    pub(crate) rule: Expr,
    pub(crate) title: Expr,
    pub(crate) severity: Severities,
    pub(crate) status: List<(Word<Status>, List<Condition>)>,
    pub(crate) description: List<Expr>,
    pub(crate) solution: List<Expr>,
    pub(crate) evidence: List<Expr>,
    pub(crate) ids: List<Expr>,
    pub(crate) cwes: List<Expr>,
    pub(crate) references: List<Expr>,
    pub(crate) cvss: List<Scores>,
    pub(crate) component: Option<Package>,
    pub(crate) asset: Assets,
    pub(crate) location: Places,
    pub(crate) attributes: List<(&'static str, Expr)>,
    pub(crate) secret: Option<Expr>,
    /// The tool's own mark of the finding.
    pub(crate) fingerprint: List<Expr>,
    /// What makes two findings the same, instead of what is usual for the kind.
    pub(crate) identity: Option<List<Expr>>,
}

/// An expression has one of these values; without values: it has one at all, or has none.
#[derive(Debug)]
pub(crate) struct Condition {
    pub(crate) value: Expr,
    pub(crate) values: List<&'static str>,
    pub(crate) present: bool,
}

#[derive(Debug)]
pub(crate) struct Severities {
    pub(crate) word: Option<Expr>,
    /// Beyond the usual words. Lower case.
    pub(crate) map: List<(&'static str, Word<Severity>)>,
    pub(crate) score: Option<Expr>,
    pub(crate) score_first: bool,
    pub(crate) default: Word<Severity>,
}

#[derive(Debug)]
pub(crate) struct Scores {
    pub(crate) score: Option<Expr>,
    pub(crate) vector: Option<Expr>,
    /// Where the vector does not say it.
    pub(crate) version: &'static str,
}

#[derive(Debug)]
pub(crate) struct Package {
    pub(crate) name: Expr,
    pub(crate) version: Option<Expr>,
    pub(crate) purl: Option<Expr>,
    /// The type of a package URL that is made when there is none.
    pub(crate) kind: Option<Expr>,
}

#[derive(Debug)]
pub(crate) struct Assets {
    pub(crate) kind: Word<AssetKind>,
    /// The first kind whose condition holds, instead of `kind`.
    pub(crate) kinds: List<(Word<AssetKind>, List<Condition>)>,
    pub(crate) identity: Expr,
    pub(crate) hostname: Option<Expr>,
    pub(crate) attributes: List<(&'static str, Expr)>,
}

#[derive(Debug)]
pub(crate) struct Places {
    pub(crate) host: Option<Expr>,
    pub(crate) port: Option<Expr>,
    pub(crate) protocol: Option<Expr>,
    pub(crate) service: Option<Expr>,
    pub(crate) url: Option<Expr>,
    pub(crate) parameter: Option<Expr>,
    pub(crate) path: Option<Expr>,
    pub(crate) line: Option<Expr>,
}

/// The first alternative that gives anything.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Expr(pub(crate) List<Alternative>);

impl Expr {
    /// Its text, where that is the same for every record.
    pub(crate) fn literal(&self) -> Option<&'static str> {
        match self.0.0 {
            [Alternative { source: Source::Template(List([Part::Literal(text)])), transforms: List([]) }] => Some(text),
            _ => None,
        }
    }
}

#[derive(Debug)]
pub(crate) struct Alternative {
    pub(crate) source: Source,
    pub(crate) transforms: List<Transform>,
}

#[derive(Debug)]
pub(crate) enum Source {
    Value(Path),
    Template(List<Part>),
}

/// A part of a template.
#[derive(Debug)]
pub(crate) enum Part {
    Literal(&'static str),
    /// Without it there is no text at all.
    Needed(Expr),
    Optional(Expr),
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Path {
    pub(crate) start: Start,
    pub(crate) steps: List<Step>,
}

/// Where a path begins.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Start {
    InRecord,
    Element,
    Kept(u8),
    /// The definition in a slot whose key is this path's value.
    Defined(u8, List<Path>),
}

#[allow(dead_code, reason = "a word of the language that no format may use at present")]
#[derive(Clone, Debug)]
pub(crate) enum Step {
    Member(&'static str),
    AnyMember,
    Elements,
    Nth(usize),
    /// Those elements whose member has the value.
    Where(&'static str, &'static str),
    /// The name, instead of the value.
    Name,
}

/// What becomes of a text.
#[allow(dead_code, reason = "a word of the language that no format may use at present")]
#[derive(Clone, Copy, Debug)]
pub(crate) enum Transform {
    Lower,
    Upper,
    Trim,
    /// Up to the first.
    Before(&'static str),
    After(&'static str),
    BeforeLast(&'static str),
    AfterLast(&'static str),
    Prefix(&'static str),
    Suffix(&'static str),
    /// Without this at its start.
    Strip(&'static str),
    Split(&'static str),
    Join(&'static str),
    /// Only the last of several.
    Last,
    /// Only texts like this; a `*` at the start or end stands for anything.
    Like(&'static str),
    Unlike(&'static str),
    /// The first number in it.
    Number,
    /// The words that are ids of vulnerabilities.
    Ids,
    /// Web addresses in it, also those in HTML's attributes.
    Links,
    /// Base64 as text.
    Base64,
    /// Text without HTML's tags and references.
    Plain,
    Origin,
    Host,
    Port,
    UrlPath,
    Scheme,
    /// Another word for each; others stay.
    Map(List<(&'static str, &'static str)>),
    /// The sum of numbers, or its parts divided.
    Divide(f64),
    /// SHA-256, in hex.
    Hash,
    /// Fortify's severity of four numbers.
    FortifyRisk,
}
