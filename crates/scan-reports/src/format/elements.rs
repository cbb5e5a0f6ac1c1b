//! What the formats in XML have in common: the way from events to records, with the places to suspend at.

use std::fmt::Write as _;

use foldhash::HashMap;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokens::TakesBytes;
use tokens::xml::{CutFinder, Event, EventKind, Mark, Place, StartTag, Token, Tokenizer, local_name};

use super::texts::prefix;
use super::{Cuts, Parser};
use crate::budget::{Source, Wanted};
use crate::{CheckpointError, Identity, KnownFindings, ReadError, ReadErrorKind, Record, Step, limits};

/// A format in XML: from elements to records.
///
/// An element that [`start`](Self::start) calls a record is read again from its start tag after a suspension within it. So until such
/// an element ends, its reader keeps everything about it outside of the context.
pub(super) trait Elements: Default + Send {
    /// Name of the root element.
    const ROOT: &'static str;
    /// The scanner that writes this format.
    const TOOL: &'static str;
    /// What the reader knows between two records: about the host that it is in. At most [`CONTEXT`] bytes of text.
    type Context: Serialize + DeserializeOwned + Default;
    /// The element of which a report holds many, and its depth (the root has 1): before any of them the context is the default one, so that
    /// the report can be cut there.
    const UNIT: (&'static str, usize);

    /// An element begins. Of a known finding, nothing but the identity need be read.
    fn start(&mut self, element: &StartTag<'_>, event: &Event<'_>, known: &KnownFindings) -> Begin;
    /// What is needed of the open element, if not all.
    fn needs(&self) -> Option<Needs> {
        None
    }
    /// A piece of text of the innermost element.
    fn text(&mut self, text: &str, depth: usize);
    /// An element ends. Where the record that it gives repeats what the element around it says, it asks whether there is
    /// [room](crate::budget::Budget::has_room) for that.
    fn end(&mut self, name: &str, event: &Event<'_>, wanted: &mut Wanted<'_>) -> Option<Record>;
    /// Whether the element that has just ended turned out to be of another finding than the known one that it was taken for: it is read again, and
    /// then whole.
    fn was_mistaken(&mut self) -> bool {
        false
    }
    fn context(&self) -> &Self::Context;
    fn restore(&mut self, context: Self::Context);
}

/// Bytes of text in a reader's context: six times as long when every character has to be escaped, it is within a checkpoint.
pub(super) const CONTEXT: usize = 6 * 1024;

/// Where an element begins or ends.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct At {
    pub(super) offset: u64,
    pub(super) line: u64,
}

impl At {
    /// The place of an event. Its line is counted from the last one that was asked for: in a long way that is faster than in many short ones.
    pub(super) fn of(event: &Event<'_>) -> Self {
        Self { offset: event.offset, line: event.line() }
    }
}

/// Which children of an element are needed: leaves that are not are passed over.
pub(super) struct Needs {
    /// Of the element; the root has 1.
    pub(super) depth: usize,
    /// Whether children of that name are needed.
    pub(super) is_needed: fn(&str) -> bool,
}

/// What an element is that begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Begin {
    /// One from which records are made: all up to its end are made of what is in it and of the context.
    Record,
    Other,
}

/// A report in XML.
pub(super) struct XmlReport<R> {
    xml: Tokenizer,
    /// Bytes that were looked at by tokenizers before it.
    before: u64,
    reader: R,
    /// The element from which records are being made.
    mark: Option<Mark>,
    /// Records made since the mark, and how many of the next ones were given before a suspension.
    made: u64,
    skip: u64,
    /// The next record is to be read whole, whatever is known. It was passed over already, up to this offset.
    again: Option<u64>,
}

#[derive(Serialize, Deserialize)]
struct Suspended {
    place: Place,
    skip: u64,
    context: Value,
}

impl<R: Elements> XmlReport<R> {
    pub(super) fn new() -> Self {
        Self { xml: Tokenizer::new(), before: 0, reader: R::default(), mark: None, made: 0, skip: 0, again: None }
    }
}

impl<R: Elements> Parser for XmlReport<R> {
    fn position(&self) -> u64 {
        self.xml.position()
    }

    fn progress(&self) -> u64 {
        self.again.unwrap_or_default().max(self.xml.progress())
    }

    fn feed(&mut self, bytes: &[u8]) {
        self.xml.feed(bytes);
    }

    fn end_of_input(&mut self) {
        self.xml.end_of_input();
    }

    fn work(&self) -> u64 {
        self.before + self.xml.work()
    }

    fn next_beyond(&mut self, mut wanted: Wanted<'_>) -> Result<Step, ReadError> {
        let most = self.work() + limits::STEP;
        loop {
            if self.work() > most {
                return Ok(Step::Working);
            }
            if let Some(Needs { depth, is_needed }) = self.reader.needs() {
                self.xml.pass_leaves(depth, is_needed);
            }
            let event = match self.xml.next()? {
                Token::Event(event) => event,
                Token::NeedInput => return Ok(Step::NeedInput),
                Token::End => return Ok(Step::End),
            };
            let record = match &event.kind {
                EventKind::Text(text) => {
                    self.reader.text(text, event.depth);
                    continue;
                }
                EventKind::Start(element) => {
                    if event.depth == 1 && local_name(element.name) != R::ROOT {
                        return Err(other_root::<R>(&event, element.name));
                    }
                    let begin = match self.again {
                        Some(_) => self.reader.start(element, &event, &KnownFindings::nothing()),
                        None => self.reader.start(element, &event, wanted.known),
                    };
                    if begin == Begin::Record && self.mark.is_none() {
                        (self.mark, self.made) = (Some(event.mark()), 0);
                    }
                    if event.depth == 1 {
                        return Ok(Step::Record(Record::Tool { name: R::TOOL.to_owned() }));
                    }
                    continue;
                }
                EventKind::End(name) => self.reader.end(name, &event, &mut wanted),
            };
            let (depth, offset) = (event.depth, event.offset);
            if self.reader.was_mistaken() {
                self.read_again();
                continue;
            }
            if let Some(record) = record {
                self.made += 1;
                if self.skip == 0 {
                    wanted.budget.give(&record, Source { offset, line: record.line(), length: 0 })?;
                    self.close(depth);
                    return Ok(Step::Record(record));
                }
                self.skip -= 1;
            }
            self.close(depth);
        }
    }

    fn suspend(&self) -> Value {
        let (place, made) = match self.mark {
            Some(mark) => (self.xml.suspend_at(mark), self.made),
            None => (self.xml.suspend(), 0),
        };
        json!(Suspended { place, skip: self.skip + made, context: json!(self.reader.context()) })
    }

    fn restore(&mut self, state: Value) -> Result<(), CheckpointError> {
        let state: Suspended = serde_json::from_value(state).map_err(|_| CheckpointError::Unreadable)?;
        self.xml = Tokenizer::resume(state.place).ok_or(CheckpointError::Unreadable)?;
        self.reader.restore(serde_json::from_value(state.context).map_err(|_| CheckpointError::Unreadable)?);
        self.skip = state.skip;
        Ok(())
    }

    fn cuts(&self, spacing: u64) -> Option<Box<dyn Cuts>> {
        let place = self.mark.map_or_else(|| self.xml.suspend(), |mark| self.xml.suspend_at(mark));
        let (element, depth) = R::UNIT;
        let finder = CutFinder::new(place, self.xml.position(), element, depth, spacing)?;
        Some(Box::new(UnitCuts { finder, context: json!(R::Context::default()) }))
    }
}

/// The cuts before the units of a report.
struct UnitCuts {
    finder: CutFinder,
    context: Value,
}

impl Cuts for UnitCuts {
    fn position(&self) -> u64 {
        self.finder.position()
    }

    fn work(&self) -> u64 {
        self.finder.work()
    }

    fn feed(&mut self, bytes: &[u8]) -> Vec<(u64, Value)> {
        let state = |place: Place| (place.offset(), json!(Suspended { place, skip: 0, context: self.context.clone() }));
        self.finder.feed(bytes).into_iter().map(state).collect()
    }
}

impl<R> XmlReport<R> {
    /// Takes back the mark where its element ended.
    fn close(&mut self, depth: usize) {
        if self.mark.is_some_and(|mark| mark.depth() + 1 == depth) {
            (self.mark, self.again) = (None, None);
        }
    }

    /// Goes back to the start of the element that records are being made from.
    fn read_again(&mut self) {
        if let Some(mark) = self.mark.take() {
            self.again = Some(self.xml.progress());
            // A place that this tokenizer gave is one that it takes.
            self.before += self.xml.work();
            self.xml = Tokenizer::resume(self.xml.suspend_at(mark)).unwrap_or_default();
        }
    }
}

fn other_root<R: Elements>(event: &Event<'_>, name: &str) -> ReadError {
    let message = format!("expected the root element <{}>, found <{}>", R::ROOT, prefix(name, 40));
    ReadError { kind: ReadErrorKind::NotThisFormat, message, offset: event.offset, line: event.line() }
}

/// The identities of the findings of rules, by what tells the rules apart: to make one takes as long as to read a record.
#[derive(Default)]
pub(super) struct Identities(HashMap<String, Identity>);

impl Identities {
    /// Those that are kept: there are more rules, but not in a report.
    const MOST: usize = 20_000;

    pub(super) fn of(&mut self, rule: &str, make: impl FnOnce() -> Identity) -> Identity {
        if let Some(known) = self.0.get(rule) {
            return known.clone();
        }
        if self.0.len() >= Self::MOST {
            self.0.clear();
        }
        let identity = make();
        self.0.insert(rule.to_owned(), identity.clone());
        identity
    }
}

/// The start tag as text, to show where a record could not be used.
pub(super) fn excerpt(element: &StartTag<'_>) -> String {
    let mut text = format!("<{}", element.name);
    for (name, value) in element.iter() {
        if text.len() > limits::NAME {
            break;
        }
        let _ = write!(text, " {name}=\"{}\"", prefix(value, limits::EXCERPT_VALUE));
    }
    text.push('>');
    text
}

#[cfg(test)]
mod tests {
    use crate::{Decoder, Format, ReadErrorKind};

    #[test]
    fn another_root_is_not_this_format() {
        let mut decoder = Decoder::new(Format::Nessus);
        decoder.feed(b"<?xml version='1.0'?>\n<NessusClientData/>");
        let error = decoder.next().expect_err("another root");
        assert_eq!((error.kind, error.offset, error.line), (ReadErrorKind::NotThisFormat, 22, 2));
        assert_eq!(error.message, "expected the root element <NessusClientData_v2>, found <NessusClientData>");
        assert_eq!(decoder.next(), Err(error), "an error stays");
    }
}
