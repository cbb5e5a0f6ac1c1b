//! Expressions: where a value comes from, and what becomes of it.
//!
//! Where paths begin is `S`: as it is [written](crate::language::Start), or as the readers find it ([`Start`]).

use serde::{Deserialize, Serialize};

/// A text of a table.
pub type Text = Box<str>;

/// The first alternative that gives anything.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Expression<S = Start>(pub Box<[Alternative<S>]>);

impl<S> Expression<S> {
    /// Its text, where that is the same for every record.
    pub fn literal(&self) -> Option<&str> {
        if let [only] = &*self.0 { only.literal() } else { None }
    }
}

/// A source, and what becomes of its texts, one after the other.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Alternative<S = Start> {
    /// Where the texts come from.
    pub source: Source<S>,
    /// What becomes of them.
    pub transforms: Box<[Transform]>,
}

impl<S> Alternative<S> {
    /// Its text, where that is the same for every record.
    pub fn literal(&self) -> Option<&str> {
        match &self.source {
            Source::Template(parts) if self.transforms.is_empty() => match &**parts {
                [Part::Literal(text)] => Some(text),
                _ => None,
            },
            _ => None,
        }
    }
}

/// Where texts come from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Source<S = Start> {
    /// The values at a path.
    Value(Path<S>),
    /// A text with values in it.
    Template(Box<[Part<S>]>),
}

/// A part of a template.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Part<S = Start> {
    /// A text that stands for itself.
    Literal(Text),
    /// A value without which there is no text at all.
    Needed(Expression<S>),
    /// A value, or nothing.
    Optional(Expression<S>),
}

/// A way to values.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Path<S = Start> {
    /// Where it begins.
    pub start: S,
    /// How it goes on.
    pub steps: Box<[Step]>,
}

/// Where a path begins.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Start {
    /// At the record.
    InRecord,
    /// At the element of the record's `each`.
    Element,
    /// At the value in a slot.
    Kept(u8),
    /// At the definition in a slot whose key is this path's value.
    Defined(u8, Box<Path>),
}

/// A step of a path.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Step {
    /// To the members, children, attributes or columns of this name.
    Member(Text),
    /// To all members.
    AnyMember,
    /// To all elements of an array; a value that is in none is as good as an array of one.
    Elements,
    /// To one element, counted from 0.
    Nth(usize),
    /// To the elements of which the member of the first name has the second as value.
    Where(Text, Text),
    /// To the name, instead of the value.
    Name,
}

/// What becomes of a text; of several, of each.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Transform {
    /// Lower case.
    Lower,
    /// Upper case.
    Upper,
    /// Without blanks around it.
    Trim,
    /// What is before the first of these; all of it where there is none.
    Before(Text),
    /// What is after the first of these; nothing where there is none.
    After(Text),
    /// What is before the last of these; all of it where there is none.
    BeforeLast(Text),
    /// What is after the last of these; all of it where there is none.
    AfterLast(Text),
    /// With this before it.
    Prefix(Text),
    /// With this behind it.
    Suffix(Text),
    /// Without this at its start.
    Strip(Text),
    /// The parts between these.
    Split(Text),
    /// All texts as one, with this between them.
    Join(Text),
    /// Only the last of several.
    Last,
    /// Only texts like this; a `*` at the start or end stands for anything.
    Like(Text),
    /// Only texts that are not.
    Unlike(Text),
    /// The first number in it.
    Number,
    /// The ids of vulnerabilities in it.
    Ids,
    /// Web addresses in it, also those in HTML's attributes.
    Links,
    /// Base64 as text.
    Base64,
    /// Text without HTML's tags and references.
    Plain,
    /// Scheme and authority of a URL.
    Origin,
    /// Host of a URL.
    Host,
    /// Port of a URL, where it is written.
    Port,
    /// Path of a URL.
    UrlPath,
    /// Scheme of a URL.
    Scheme,
    /// Another word for each; others stay.
    Map(Box<[(Text, Text)]>),
    /// The first number in it, divided.
    Divide(f64),
    /// SHA-256, in hex.
    Hash,
    /// The severity of numbers from 0 to this one. The first is the impact; the product of the others, on the same scale, is the likelihood.
    Risk(f64),
}
