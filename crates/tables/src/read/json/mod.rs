//! JSON Lines, and JSON documents with an array of records, as rows.
//!
//! Where a record ends its nesting and quotes tell; then serde_json takes it apart, whose names and values are ranges of the record. A record is held whole:
//! it is a row, and bounded as one.

use std::fmt;
use std::ops::Range;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;
use tokens::{ReadError, TakesBytes};

use super::{Cut, RowStep, Rows, broken_checkpoint, cut};
use crate::{Cell, limits};

mod frames;
mod names;

use frames::{Frame, Frames, Framing, Inside};
use names::Names;

/// The name of the only column of records that are no objects.
const VALUE: &str = "value";

/// How the records of a file follow each other.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Layout {
    /// Each is a line.
    Lines,
    /// They are the elements of the document's array.
    Array,
    /// They are the elements of the array to which these names lead, from object to object.
    At(Vec<String>),
    /// They follow each other, with blanks between them or without: a document that is one object is one record.
    Values,
}

/// Reads one.
pub struct Reader {
    frames: Frames,
    names: Names,
    record: Range<usize>,
    fields: Vec<Field>,
    /// Texts whose escapes are decoded.
    decoded: String,
    offset: u64,
    line: u64,
}

/// A member of the record.
#[derive(Clone, Debug)]
struct Field {
    column: usize,
    kind: Kind,
    range: Range<usize>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Null,
    Boolean(bool),
    Number,
    Text,
    /// In the decoded texts.
    Decoded,
    Json,
}

/// The place, as it is saved.
#[derive(serde::Serialize, serde::Deserialize)]
struct Checkpoint {
    framing: Framing,
    offset: u64,
    line: u64,
}

impl Reader {
    /// From the start of a file.
    pub fn new(layout: Layout) -> Self {
        Self::at(Checkpoint { framing: layout.into(), offset: 0, line: 1 })
    }

    /// From a checkpoint.
    pub fn resume(checkpoint: &[u8]) -> Result<Self, String> {
        postcard::from_bytes(checkpoint).map(Self::at).map_err(broken_checkpoint)
    }

    /// Of one record that lies there in its file.
    pub(crate) fn of_record(record: &[u8], offset: u64, line: u64) -> Self {
        let mut reader = Self::at(Checkpoint { framing: Framing::Values, offset, line });
        reader.feed(record);
        reader.end_of_input();
        reader
    }

    /// `jsonl` or `json`.
    pub fn format(&self) -> &'static str {
        if self.frames.framing == Framing::Lines { "jsonl" } else { "json" }
    }

    fn at(Checkpoint { framing, offset, line }: Checkpoint) -> Self {
        let frames = Frames::at(framing, offset, line);
        Self { frames, names: Names::default(), record: 0..0, fields: Vec::new(), decoded: String::new(), offset, line }
    }

    /// What finds the records behind which what is left can be cut, each at least so many bytes behind the one before. None before the first.
    pub fn cutter(&self, spacing: u64) -> Option<Cutter> {
        let framing = self.frames.framing.clone();
        let can_be_cut = matches!(framing, Framing::Lines | Framing::Elements { .. } | Framing::Values);
        can_be_cut.then(|| {
            let place = self.frames.place();
            let line = self.next_line();
            // Not in what this reader has already.
            Cutter { frames: Frames::at(framing, place, line), spacing, next: self.frames.fed().max(place + spacing) }
        })
    }

    /// The line in which the next record is looked for.
    fn next_line(&self) -> u64 {
        self.line + memchr::memchr_iter(b'\n', self.frames.between(self.offset)).count() as u64
    }

    fn take_record(&mut self, record: Range<usize>) -> RowStep {
        self.offset = self.frames.offset_of(record.start);
        self.line = self.frames.line_at(record.start);
        self.record = record.clone();
        self.fields.clear();
        self.decoded.clear();
        self.names.begin_record();
        let Ok(text) = std::str::from_utf8(self.frames.bytes(record)) else {
            return RowStep::Bad { code: "encoding", message: "the record is no UTF-8" };
        };
        let mut apart = Taker { text, names: &mut self.names, fields: &mut self.fields, decoded: &mut self.decoded, full: false };
        let taken = if text.trim_start().starts_with('{') { apart.take_object() } else { apart.take_value() };
        match (taken, apart.full) {
            (_, true) => self.bad("too_many_columns", "the records have more than 1,000 names in all"),
            (Ok(()), false) => RowStep::Row,
            (Err(_), false) => self.bad("json", "the record is no JSON (RFC 8259), or has names or texts with half a surrogate pair"),
        }
    }

    fn bad(&mut self, code: &'static str, message: &'static str) -> RowStep {
        self.fields.clear();
        RowStep::Bad { code, message }
    }
}

impl From<Layout> for Framing {
    fn from(layout: Layout) -> Self {
        match layout {
            Layout::Lines => Self::Lines,
            Layout::Array => Self::Within { path: Vec::new(), found: 0, state: Inside::Value },
            Layout::At(path) => Self::Within { path, found: 0, state: Inside::Value },
            Layout::Values => Self::Values,
        }
    }
}

impl TakesBytes for Reader {
    fn position(&self) -> u64 {
        self.frames.fed()
    }

    fn progress(&self) -> u64 {
        self.frames.place()
    }

    fn feed(&mut self, bytes: &[u8]) {
        self.frames.feed(bytes);
    }

    fn end_of_input(&mut self) {
        self.frames.end();
    }

    fn work(&self) -> u64 {
        self.frames.work()
    }
}

impl Rows for Reader {
    fn next(&mut self) -> Result<RowStep, ReadError> {
        Ok(match self.frames.next()? {
            Frame::Record(record) => self.take_record(record),
            Frame::TooLarge => {
                self.record = 0..0;
                self.offset = self.frames.place() - 1;
                self.line = self.frames.place_line();
                self.bad("row_too_large", "the record has more than 16 MiB")
            }
            Frame::NeedInput => RowStep::NeedInput,
            Frame::End => RowStep::End,
        })
    }

    fn names(&self) -> &[String] {
        self.names.all()
    }

    fn cells<'a>(&'a self, mut take: impl FnMut(usize, Cell<'a>)) {
        let text = std::str::from_utf8(self.frames.bytes(self.record.clone())).unwrap_or_default();
        for Field { column, kind, range } in &self.fields {
            let part = |of: &'a str| of.get(range.clone()).unwrap_or_default();
            take(
                *column,
                match kind {
                    Kind::Null => Cell::Null,
                    Kind::Boolean(value) => Cell::Boolean(*value),
                    Kind::Number => Cell::Number(part(text)),
                    Kind::Text => Cell::Text(part(text)),
                    Kind::Decoded => Cell::Text(part(&self.decoded)),
                    Kind::Json => Cell::Json(part(text)),
                },
            );
        }
    }

    fn offset(&self) -> u64 {
        self.offset
    }

    fn line(&self) -> u64 {
        self.line
    }

    fn raw(&self) -> String {
        let bytes = self.frames.bytes(self.record.clone());
        cut(String::from_utf8_lossy(&bytes[..bytes.len().min(limits::RAW)]).into_owned())
    }

    fn checkpoint(&self) -> Vec<u8> {
        let place = Checkpoint { framing: self.frames.framing.clone(), offset: self.frames.place(), line: self.next_line() };
        postcard::to_stdvec(&place).unwrap_or_default()
    }
}

/// Takes a record apart.
struct Taker<'a> {
    text: &'a str,
    names: &'a mut Names,
    fields: &'a mut Vec<Field>,
    decoded: &'a mut String,
    /// There are too many names.
    full: bool,
}

/// A name, mostly where it stands.
struct Name<'de>(std::borrow::Cow<'de, str>);

impl<'de> Deserialize<'de> for Name<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OfName;
        impl<'de> Visitor<'de> for OfName {
            type Value = Name<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a name")
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Name(text.into()))
            }

            fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Name(text.to_owned().into()))
            }
        }
        deserializer.deserialize_str(OfName)
    }
}

impl Taker<'_> {
    fn take_object(&mut self) -> serde_json::Result<()> {
        let mut deserializer = serde_json::Deserializer::from_str(self.text);
        deserializer.deserialize_map(&mut *self)?;
        deserializer.end()
    }

    /// A record that is no object is the value of one column.
    fn take_value(&mut self) -> serde_json::Result<()> {
        let value: &RawValue = serde_json::from_str(self.text)?;
        self.take_field(VALUE, value)
    }

    fn take_field(&mut self, name: &str, value: &RawValue) -> serde_json::Result<()> {
        let Some(column) = self.names.index_of(name) else {
            self.full = true;
            return Ok(());
        };
        let raw = value.get();
        let start = (raw.as_ptr() as usize).saturating_sub(self.text.as_ptr() as usize);
        let (kind, range) = match raw.as_bytes() {
            [b'n', ..] => (Kind::Null, 0..0),
            [b't', ..] => (Kind::Boolean(true), 0..0),
            [b'f', ..] => (Kind::Boolean(false), 0..0),
            [b'{' | b'[', ..] => {
                // RawValue does not look into escapes, and what is kept is read by the database.
                serde_json::from_str::<IgnoredAny>(raw)?;
                (Kind::Json, start..start + raw.len())
            }
            [b'"', ..] if memchr::memchr(b'\\', raw.as_bytes()).is_none() => (Kind::Text, start + 1..start + raw.len() - 1),
            [b'"', ..] => {
                let before = self.decoded.len();
                self.decoded.push_str(&serde_json::from_str::<String>(raw)?);
                (Kind::Decoded, before..self.decoded.len())
            }
            _ => (Kind::Number, start..start + raw.len()),
        };
        // Of several members of one name the last counts.
        if self.names.met_before(column) {
            self.fields.retain(|field| field.column != column);
        }
        self.fields.push(Field { column, kind, range });
        Ok(())
    }
}

impl<'de> Visitor<'de> for &mut Taker<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        while let Some(Name(name)) = members.next_key()? {
            let value: &'de RawValue = members.next_value()?;
            self.take_field(&name, value).map_err(serde::de::Error::custom)?;
        }
        Ok(())
    }
}

/// Finds the places behind records at which a file can be cut.
pub struct Cutter {
    frames: Frames,
    spacing: u64,
    next: u64,
}

impl Cutter {
    /// Offset of what [`feed`](Self::feed) wants next.
    pub fn position(&self) -> u64 {
        self.frames.fed()
    }

    /// Takes the bytes at [`position`](Self::position), and gives the cuts in them, in order.
    pub fn feed(&mut self, bytes: &[u8]) -> Vec<Cut> {
        self.frames.feed(bytes);
        let mut cuts = Vec::new();
        while let Ok(Frame::Record(_) | Frame::TooLarge) = self.frames.next() {
            let offset = self.frames.place();
            if offset >= self.next {
                self.next = offset + self.spacing;
                let place = Checkpoint { framing: self.frames.framing.clone(), offset, line: self.frames.place_line() };
                cuts.push(Cut { offset, checkpoint: postcard::to_stdvec(&place).unwrap_or_default() });
            }
        }
        cuts
    }
}

#[cfg(test)]
mod tests;
