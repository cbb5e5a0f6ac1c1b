//! Reads the records of a described format in JSON or JSON lines.
//!
//! # The way to the records
//!
//! The format's [nodes](Node) say where members and elements lead. What leads nowhere is skipped where it stands. Objects
//! and arrays on the way are [frames](Frame); a record is collected whole, trimmed to what its description needs, and at most
//! [`limits::RECORD`] bytes of that.
//!
//! # Values around the records
//!
//! A description may need values of the objects around its records, or definitions elsewhere in the report, and the members of an object
//! come in any order. So when records begin before all such values of an object are known, the object is *surveyed*: its records are
//! skipped, its end is found, and the parser jumps back to where the survey began ([`Decoder::position`](crate::Decoder::position)
//! changes). A value that all expressions have only behind another one is not looked for where that one is known. The order of the members
//! never makes a difference; an object that is cut off while it is surveyed gives an error instead of records.
//!
//! A checkpoint holds the kept values, each at most [`limits::KEPT`] bytes in it. Of definitions, at most [`limits::DEFINITIONS`] bytes, it
//! holds only where they stand: a resumed parser asks for those places first.

use report_formats::table::{Node, Table};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokens::TakesBytes;
use tokens::json::{Collected, Collector, Place, Token, Tokenizer};
use tokens::tree::Tree;

use super::Reading;
use super::giving::{Flow, Giving, Reader};
use super::make::Item;
use super::scope::{Kept, Slots, fits_checkpoint};
use crate::budget::Wanted;
use crate::format::Parser;
use crate::format::texts::{prefix, prefix_in_checkpoint};
use crate::{CheckpointError, ProblemCode, ReadError, ReadErrorKind, Step, limits};

/// An object or array on the way to the records.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Frame {
    node: u16,
    array: bool,
    survey: Survey,
    /// Of an array: its name, which is that of its elements.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    name: String,
    /// It is a list of records, or of what has them, that is known by its name, and nothing of it was read.
    #[serde(default)]
    empty: bool,
}

/// Whether the values that hold for an object were looked for.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
enum Survey {
    #[default]
    NotNeeded,
    /// Under way: back to this place at the object's end.
    From(Place),
    Done,
}

/// What comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    /// A value of that node.
    Value(u16),
    /// A member or element of the innermost frame, or its end.
    Part,
    /// The end of a value that is skipped.
    Skipped,
    /// The record of that node, which is collected.
    Record(u16),
    /// A value that is kept.
    Slot(u8),
    /// Definitions again, after a checkpoint.
    Again(u8),
    End,
}

/// The parser's place: the checkpoint.
#[derive(Serialize, Deserialize)]
struct Saved {
    place: Place,
    frames: Vec<Frame>,
    /// Slots whose value is known, or known to be absent.
    known: u32,
    kept: Vec<Value>,
    definitions: Vec<(u8, Place)>,
    given: usize,
    surveyed: Option<(u64, u64)>,
    ended: bool,
}

/// The parser.
pub(super) struct JsonReport {
    table: &'static Table,
    reading: &'static Reading,
    tokens: Tokenizer,
    next: Next,
    frames: Vec<Frame>,
    slots: Slots,
    known: u32,
    /// Where the definitions in a slot stand.
    definitions: Vec<(u8, Place)>,
    /// Of those, the ones to be read again.
    again: Vec<(u8, Place)>,
    collector: Collector,
    /// The name of the member that is being read, or of the array around it.
    name: String,
    giving: Giving,
    place: Place,
    /// Start and end of the outermost object that was surveyed.
    surveyed: Option<(u64, u64)>,
}

impl JsonReport {
    pub(super) fn new(table: &'static Table, reading: &'static Reading) -> Self {
        let mut report = Self {
            table,
            reading,
            tokens: Tokenizer::default(),
            next: Next::Value(0),
            frames: Vec::new(),
            slots: Slots((0..reading.slots.len()).map(|_| Kept::default()).collect()),
            known: 0,
            definitions: Vec::new(),
            again: Vec::new(),
            collector: Collector::default(),
            name: String::new(),
            giving: Giving::default(),
            place: Place::start(),
            surveyed: None,
        };
        if report.is_lines() {
            report.tokens.expect_many();
            report.place = report.tokens.place();
        }
        report
    }

    /// Whether values of their own are records.
    fn is_lines(&self) -> bool {
        self.reading.nodes.first().is_some_and(|root| !root.records.is_empty())
    }

    fn node(&self, node: u16) -> &'static Node {
        &self.reading.nodes[usize::from(node)]
    }
}

impl Parser for JsonReport {
    fn position(&self) -> u64 {
        self.tokens.position()
    }

    /// The first survey counts for a quarter of what it goes over, the reading for the rest. What is surveyed within counts nothing.
    fn progress(&self) -> u64 {
        let at = if matches!(self.next, Next::Again(_)) { self.place.offset() } else { self.tokens.offset() };
        let Some((start, end)) = self.surveyed else { return at };
        if end == 0 {
            return start + at.saturating_sub(start) / 4;
        }
        let at = match self.frames.iter().find_map(|frame| if let Survey::From(place) = &frame.survey { Some(place) } else { None }) {
            Some(place) => place.offset(),
            None => at,
        };
        if at >= end { at } else { start + (end - start) / 4 + at.saturating_sub(start) / 4 * 3 }
    }

    fn feed(&mut self, bytes: &[u8]) {
        self.tokens.feed(bytes);
    }

    fn end_of_input(&mut self) {
        self.tokens.end_of_input();
    }

    fn work(&self) -> u64 {
        self.tokens.work()
    }

    fn next_beyond(&mut self, wanted: Wanted<'_>) -> Result<Step, ReadError> {
        self.next(wanted)
    }

    /// Lines of JSON may be anybody's.
    fn has_list(&self) -> bool {
        !self.is_lines() && self.giving.has_list()
    }

    fn suspend(&self) -> Value {
        let saved = Saved {
            place: self.place.clone(),
            frames: self.frames.clone(),
            known: self.known,
            kept: self.slots.save(&self.reading.slots),
            definitions: self.definitions.clone(),
            given: self.giving.given(),
            surveyed: self.surveyed,
            ended: self.next == Next::End,
        };
        serde_json::to_value(saved).unwrap_or_default()
    }

    fn restore(&mut self, state: Value) -> Result<(), CheckpointError> {
        let saved: Saved = serde_json::from_value(state).map_err(|_| CheckpointError::Unreadable)?;
        if saved.frames.iter().any(|frame| usize::from(frame.node) >= self.reading.nodes.len()) {
            return Err(CheckpointError::Unreadable);
        }
        self.slots.load(&saved.kept).ok_or(CheckpointError::Unreadable)?;
        self.tokens = Tokenizer::new(saved.place.clone());
        if self.is_lines() {
            self.tokens.expect_many();
        }
        // The outermost value may itself be a record, of which some occurrences were given: then it begins again.
        let outermost = saved.frames.is_empty() && (self.is_lines() || saved.place.offset() == 0);
        self.next = match (saved.ended, outermost) {
            (true, _) => Next::End,
            (false, true) => Next::Value(0),
            (false, false) => Next::Part,
        };
        self.giving.resume(saved.given);
        (self.frames, self.known) = (saved.frames, saved.known);
        (self.place, self.surveyed) = (saved.place, saved.surveyed);
        self.again.clone_from(&saved.definitions);
        self.definitions = saved.definitions;
        if !saved.ended {
            self.read_again();
        }
        Ok(())
    }
}

impl Reader for JsonReport {
    fn giving(&mut self) -> (&mut Giving, &'static Reading, &Slots) {
        (&mut self.giving, self.reading, &self.slots)
    }

    fn given_all(&mut self, tree: Tree) {
        // To be used again.
        self.collector.replace(tree);
        self.save();
    }

    fn advance(&mut self) -> Result<Flow, ReadError> {
        match self.next {
            Next::Value(node) => self.value(node),
            Next::Part => self.part(),
            Next::Skipped => self.skipped(),
            Next::Record(node) => self.record(node),
            Next::Slot(slot) => self.slot(slot),
            Next::Again(slot) => self.definitions_again(slot),
            Next::End => Ok(Flow::Ended),
        }
    }
}

impl JsonReport {
    /// Makes the tokenizer's place the checkpoint's.
    fn save(&mut self) {
        self.tokens.write_place(&mut self.place);
    }

    fn is_surveying(&self) -> bool {
        self.frames.iter().any(|frame| matches!(frame.survey, Survey::From(_)))
    }

    /// A value of that node begins.
    fn value(&mut self, id: u16) -> Result<Flow, ReadError> {
        let Some(byte) = self.tokens.peek_first_byte() else {
            return match self.tokens.next()? {
                Some(Token::End) => Ok(self.ended()),
                _ => Ok(Flow::NeedsInput),
            };
        };
        let node = self.node(id);
        match byte {
            b'{' if !node.records.is_empty() => self.begin_record(id),
            b'{' | b'[' if node.slot.is_some() => self.begin_slot(id),
            b'{' if !node.members.is_empty() || node.any.is_some() => return self.enter(id, false),
            b'[' if node.elements.is_some() => return self.enter(id, true),
            b'{' if node.elements.is_some() => self.next = Next::Value(node.elements.unwrap_or_default()),
            _ if self.frames.is_empty() && byte != b'n' && !(self.is_lines() && byte != b'[') => return Err(self.other_root()),
            // Nothing instead of a list is an empty one; instead of the whole of another report it is a failed export.
            b'n' => {
                if node.elements.is_some() && self.is_named(id) {
                    self.giving.saw_list();
                }
                self.skip_value();
            }
            _ if !node.records.is_empty() => self.begin_record(id),
            _ if node.slot.is_some() => self.begin_slot(id),
            _ => self.skip_value(),
        }
        Ok(Flow::Goes)
    }

    fn other_root(&mut self) -> ReadError {
        let known: Vec<&str> = self.reading.records.iter().map(|record| &*record.at).collect();
        let message = format!("expected {} ({}) with records at {}", self.table.name, self.table.about, known.join(", "));
        self.tokens.error(ReadErrorKind::NotThisFormat, message)
    }

    fn skip_value(&mut self) {
        self.tokens.skip();
        self.next = Next::Skipped;
    }

    fn skipped(&mut self) -> Result<Flow, ReadError> {
        if self.tokens.next()?.is_none() {
            return Ok(Flow::NeedsInput);
        }
        Ok(self.value_ended())
    }

    /// A value is read: the place behind it is one to suspend at.
    fn value_ended(&mut self) -> Flow {
        self.next = if self.frames.is_empty() && self.is_lines() { Next::Value(0) } else { Next::Part };
        self.save();
        Flow::Goes
    }

    fn enter(&mut self, id: u16, array: bool) -> Result<Flow, ReadError> {
        if self.tokens.next()?.is_none() {
            return Ok(Flow::NeedsInput);
        }
        if !self.is_surveying() {
            self.forget(id);
        }
        if let Some(slot) = self.node(id).key.filter(|_| !self.is_surveying()) {
            self.keep_name(slot);
        }
        // An object whose members have names of their own may have none.
        let empty = (array || self.node(id).any.is_some()) && self.is_named(id);
        let name = if array { self.name.clone() } else { String::new() };
        self.frames.push(Frame { node: id, array, survey: Survey::default(), name, empty });
        self.next = Next::Part;
        self.save();
        Ok(Flow::Goes)
    }

    /// The values that hold for an object are no longer those of the one before.
    fn forget(&mut self, id: u16) {
        let node = self.node(id);
        for slot in node.owns.iter().filter(|slot| node.key != Some(**slot)) {
            self.known &= !(1 << slot);
            if let Some(kept) = self.slots.0.get_mut(usize::from(*slot)) {
                *kept = Kept::default();
            }
        }
    }

    fn keep_name(&mut self, slot: u8) {
        let mut tree = Tree::default();
        tree.leaf("", prefix(&self.name, limits::NAME));
        self.keep(slot, tree);
    }

    fn keep(&mut self, slot: u8, tree: Tree) {
        self.known |= 1 << slot;
        if let Some(kept) = self.slots.0.get_mut(usize::from(slot)) {
            kept.tree = tree;
        }
    }

    /// A member or element of the innermost frame, or its end.
    fn part(&mut self) -> Result<Flow, ReadError> {
        let Some(frame) = self.frames.last() else { return self.after_root() };
        let node = self.node(frame.node);
        if frame.array {
            if self.tokens.peek_first_byte().is_some_and(|byte| byte != b']') {
                // The element before may have had names of its own, and a resumed parser has read none.
                self.name.clone_from(&frame.name);
                self.next = Next::Value(node.elements.unwrap_or_default());
                self.has_part();
                return Ok(Flow::Goes);
            }
            return match self.tokens.next()? {
                None => Ok(Flow::NeedsInput),
                Some(_) => Ok(self.leave()),
            };
        }
        match self.tokens.next()? {
            None => Ok(Flow::NeedsInput),
            Some(Token::Key) => {
                self.has_part();
                self.member(node);
                Ok(Flow::Goes)
            }
            Some(_) => Ok(self.object_ended()),
        }
    }

    /// The innermost frame is not empty.
    fn has_part(&mut self) {
        if let Some(frame) = self.frames.last_mut() {
            frame.empty = false;
        }
    }

    /// Whether the value of a node has records, and is known by a name that is the format's own, not the report's.
    fn is_named(&self, id: u16) -> bool {
        self.node(id).bears && self.frames.last().is_none_or(|frame| self.node(frame.node).any != Some(id))
    }

    fn member(&mut self, node: &'static Node) {
        let name = self.tokens.text();
        let known = node.members.iter().find(|(known, _)| **known == *name).map(|(_, next)| *next);
        let Some(next) = known.or(node.any) else { return self.skip_value() };
        // What it names may be suspended in: the same is known of it then.
        prefix_in_checkpoint(&name, limits::KEPT).clone_into(&mut self.name);
        let leads = self.node(next);
        let missing = leads.bears && node.owns.iter().any(|slot| self.is_missing(*slot));
        let surveying = self.is_surveying();
        let Some(frame) = self.frames.last_mut() else { return };
        match &frame.survey {
            Survey::NotNeeded if missing && !surveying => {
                if self.surveyed.is_none() {
                    self.surveyed = Some((self.place.offset(), 0));
                }
                frame.survey = Survey::From(self.place.clone());
            }
            _ => {}
        }
        self.next = Next::Value(next);
    }

    /// Whether a value may still come that the records need.
    fn is_missing(&self, slot: u8) -> bool {
        let is_known = |slot: u8| self.known & (1 << slot) != 0;
        let spared = self.reading.slots.get(usize::from(slot)).map_or(&[][..], |slot| &slot.spared);
        let has_text = |slot: u8| is_known(slot) && self.slots.0.get(usize::from(slot)).is_some_and(Kept::has_text);
        !is_known(slot) && !spared.iter().any(|slot| has_text(*slot))
    }

    fn object_ended(&mut self) -> Flow {
        let surveying = self.frames.last().map(|frame| frame.survey.clone());
        let Some(Survey::From(place)) = surveying else { return self.leave() };
        let node = self.frames.last().map_or(0, |frame| frame.node);
        for slot in &self.node(node).owns {
            self.known |= 1 << slot;
        }
        if let Some((_, end @ 0)) = &mut self.surveyed {
            *end = self.tokens.offset();
        }
        if let Some(frame) = self.frames.last_mut() {
            frame.survey = Survey::Done;
        }
        self.tokens.jump(place);
        self.next = Next::Part;
        self.save();
        Flow::Goes
    }

    fn leave(&mut self) -> Flow {
        if self.frames.pop().is_some_and(|frame| frame.empty) {
            self.giving.saw_list();
        }
        self.value_ended()
    }

    fn after_root(&mut self) -> Result<Flow, ReadError> {
        match self.tokens.next()? {
            None => Ok(Flow::NeedsInput),
            Some(_) => Ok(self.ended()),
        }
    }

    fn ended(&mut self) -> Flow {
        self.next = Next::End;
        self.save();
        Flow::Goes
    }
}

/// Values that are collected.
impl JsonReport {
    fn begin_record(&mut self, id: u16) {
        match self.reading.shape(id) {
            Some(shape) if !self.is_surveying() => {
                self.collector.begin(shape, limits::RECORD, &self.tokens, &self.name);
                self.next = Next::Record(id);
            }
            _ => self.skip_value(),
        }
    }

    fn record(&mut self, id: u16) -> Result<Flow, ReadError> {
        let Some(collected) = self.collector.advance(&mut self.tokens)? else { return Ok(Flow::NeedsInput) };
        let (offset, line) = (self.collector.offset(), self.collector.line());
        let item = match collected {
            Collected::Value => Item::new(self.collector.replace(Tree::default()), &self.node(id).records, offset, line),
            Collected::TooLarge => Item::too_large(offset, line),
            Collected::OtherKind | Collected::End => {
                Item::problem(ProblemCode::InvalidField, "expected a record, found another value".to_owned(), offset, line)
            }
        };
        self.giving.begin(item);
        self.next = if self.frames.is_empty() && self.is_lines() { Next::Value(0) } else { Next::Part };
        Ok(Flow::Goes)
    }

    /// Keeps a value where it is needed: not again in an object that was surveyed, and not of an object within one that is surveyed.
    fn begin_slot(&mut self, id: u16) {
        let node = self.node(id);
        let Some((slot, shape)) = node.slot.zip(self.reading.shape(id)) else { return self.skip_value() };
        let owner = self.frames.iter().find(|frame| self.node(frame.node).owns.contains(&slot));
        let wanted = match (owner.map(|frame| &frame.survey), self.is_surveying()) {
            (None | Some(Survey::Done), _) | (Some(Survey::NotNeeded), true) => false,
            (Some(Survey::From(_)), _) | (Some(Survey::NotNeeded), false) => self.known & (1 << slot) == 0,
        };
        if !wanted {
            return self.skip_value();
        }
        let limit = if self.reading.defines(slot) { limits::DEFINITIONS } else { limits::KEPT };
        self.collector.begin(shape, limit, &self.tokens, "");
        self.next = Next::Slot(slot);
    }

    fn slot(&mut self, slot: u8) -> Result<Flow, ReadError> {
        let Some(collected) = self.collector.advance(&mut self.tokens)? else { return Ok(Flow::NeedsInput) };
        match collected {
            Collected::Value if self.reading.defines(slot) => {
                let place = self.place.value_at(self.collector.offset(), self.collector.line());
                self.definitions.push((slot, place));
                self.define(slot);
            }
            Collected::Value => {
                let tree = self.collector.replace(Tree::default());
                if fits_checkpoint(&tree) {
                    self.keep(slot, tree);
                }
            }
            Collected::TooLarge if self.reading.defines(slot) => {
                let message = format!("more than {} bytes of definitions (limits::DEFINITIONS)", limits::DEFINITIONS);
                return Err(self.tokens.error(ReadErrorKind::LimitExceeded, message));
            }
            _ => {}
        }
        self.known |= 1 << slot;
        Ok(self.value_ended())
    }

    fn define(&mut self, slot: u8) {
        let description = self.reading.slots.get(usize::from(slot)).and_then(|slot| slot.definitions.as_ref());
        if let (Some(kept), Some(definitions)) = (self.slots.0.get_mut(usize::from(slot)), description) {
            kept.tree = self.collector.replace(Tree::default());
            kept.index(definitions);
        }
        self.known |= 1 << slot;
    }

    /// Goes to definitions that a checkpoint does not hold, and then on.
    fn read_again(&mut self) {
        let Some((slot, place)) = self.again.pop() else { return };
        let Some(shape) = self.reading.keeper(slot).and_then(|node| self.reading.shape(node)) else { return self.read_again() };
        self.tokens.jump(place);
        self.collector.begin(shape, limits::DEFINITIONS, &self.tokens, "");
        self.next = Next::Again(slot);
    }

    fn definitions_again(&mut self, slot: u8) -> Result<Flow, ReadError> {
        if self.collector.advance(&mut self.tokens)?.is_none() {
            return Ok(Flow::NeedsInput);
        }
        self.define(slot);
        self.next = Next::Part;
        self.read_again();
        if self.next == Next::Part {
            self.tokens.jump(self.place.clone());
        }
        Ok(Flow::Goes)
    }
}
