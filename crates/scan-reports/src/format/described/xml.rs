//! Reads the records of a described format in XML.
//!
//! The way to the records is as in [JSON](super::json), over elements by their local names and attributes by `@name`. A record is an
//! element; it is collected whole, trimmed to what its description needs. Values around the records are those that stand before them:
//! an element's attributes, and what comes first in it. XML's writers follow a schema, so that order is the same in every report.
//!
//! Definitions may follow the records. Where a format has some the report is read twice: once over everything for the definitions, whose
//! places are noted, then for the records. A resumed parser reads the noted places again.

use report_formats::table::{Node, Table};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokens::TakesBytes as _;
use tokens::json::Shape;
use tokens::tree::{NodeIndex, Tree};
use tokens::xml::{EventKind, Mark, Place, StartTag, Token, Tokenizer, local_name};

use super::Reading;
use super::giving::{Flow, Giving, Reader};
use super::make::Item;
use super::scope::{Kept, Slots, fits_checkpoint};
use crate::budget::Wanted;
use crate::format::Parser;
use crate::format::texts::{prefix, prefix_in_checkpoint};
use crate::{CheckpointError, ReadError, ReadErrorKind, Step, limits};

/// The node of elements that lead nowhere.
const NOWHERE: u16 = u16::MAX;

/// What the parser goes over the report for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Pass {
    Definitions,
    /// One list of definitions again, after a checkpoint.
    Again,
    Records,
}

#[derive(Serialize, Deserialize)]
struct Saved {
    pass: Pass,
    place: Place,
    /// Nodes of the open elements.
    nodes: Vec<u16>,
    kept: Vec<Value>,
    definitions: Vec<(u8, Place)>,
    given: usize,
    /// Length of the report, once it was gone over.
    length: Option<u64>,
}

/// An element that is collected.
#[derive(Debug)]
struct Collecting {
    tree: Tree,
    open: Vec<Open>,
    /// Texts of the open elements, one after the other.
    text: String,
    /// Depth of an element that is not needed, while in it.
    unneeded: Option<usize>,
    depth: usize,
    room: Room,
    too_large: bool,
    goal: Goal,
    offset: u64,
    line: u64,
}

#[derive(Clone, Copy, Debug)]
enum Goal {
    Record(u16),
    Slot(u8),
}

/// Bytes that are collected of an element, and of each text in it.
#[derive(Clone, Copy, Debug)]
struct Room {
    all: usize,
    text: usize,
}

impl Room {
    const OF_RECORD: Self = Self { all: limits::RECORD, text: limits::TEXT };
    const OF_DEFINITIONS: Self = Self { all: limits::DEFINITIONS, text: limits::TEXT };
    const OF_KEPT: Self = Self { all: limits::KEPT, text: limits::NAME };

    fn of(goal: Goal, reading: &Reading) -> Self {
        match goal {
            Goal::Record(_) => Self::OF_RECORD,
            Goal::Slot(slot) if reading.defines(slot) => Self::OF_DEFINITIONS,
            Goal::Slot(_) => Self::OF_KEPT,
        }
    }
}

#[derive(Debug)]
struct Open {
    at: NodeIndex,
    shape: &'static Shape,
    /// Where in the text its own begins.
    start: usize,
}

/// A report in XML.
pub(super) struct XmlRecords {
    table: &'static Table,
    reading: &'static Reading,
    xml: Tokenizer,
    /// Bytes that were looked at in earlier passes.
    before: u64,
    pass: Pass,
    nodes: Vec<u16>,
    slots: Slots,
    definitions: Vec<(u8, Place)>,
    again: Vec<(u8, Place)>,
    collecting: Option<Collecting>,
    mark: Option<Mark>,
    giving: Giving,
    spare: Tree,
    /// Where to go on once the definitions are read again, the nodes of the elements that are open there, and what for.
    resume: Option<(Place, Vec<u16>, Pass)>,
    length: Option<u64>,
}

impl XmlRecords {
    pub(super) fn new(table: &'static Table, reading: &'static Reading) -> Self {
        let defines = reading.slots.iter().any(|slot| slot.definitions.is_some());
        Self {
            table,
            reading,
            xml: Tokenizer::new(),
            before: 0,
            pass: if defines { Pass::Definitions } else { Pass::Records },
            nodes: Vec::new(),
            slots: Slots((0..reading.slots.len()).map(|_| Kept::default()).collect()),
            definitions: Vec::new(),
            again: Vec::new(),
            collecting: None,
            mark: None,
            giving: Giving::default(),
            spare: Tree::default(),
            resume: None,
            length: None,
        }
    }
}

impl Parser for XmlRecords {
    fn position(&self) -> u64 {
        self.xml.position()
    }

    /// The pass for definitions counts for a quarter.
    fn progress(&self) -> u64 {
        let (at, pass) = match &self.resume {
            Some((place, _, pass)) => (place.offset(), *pass),
            None => (self.xml.progress(), self.pass),
        };
        match (pass, self.length) {
            (Pass::Definitions, _) => at / 4,
            (_, Some(length)) if at < length => length / 4 + at / 4 * 3,
            _ => at,
        }
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

    fn next_beyond(&mut self, wanted: Wanted<'_>) -> Result<Step, ReadError> {
        self.next(wanted)
    }

    fn has_list(&self) -> bool {
        self.giving.has_list()
    }

    fn suspend(&self) -> Value {
        let nodes = |depth| self.nodes.iter().take(depth).copied().collect();
        let (place, nodes, pass) = match (&self.resume, self.mark) {
            (Some((place, nodes, pass)), _) => (place.clone(), nodes.clone(), *pass),
            (None, Some(mark)) => (self.xml.suspend_at(mark), nodes(mark.depth()), self.pass),
            (None, None) => (self.xml.suspend(), nodes(self.nodes.len()), self.pass),
        };
        let kept = self.slots.save(&self.reading.slots);
        let (definitions, given) = (self.definitions.clone(), self.giving.given());
        serde_json::to_value(Saved { pass, place, nodes, kept, definitions, given, length: self.length }).unwrap_or_default()
    }

    fn restore(&mut self, state: Value) -> Result<(), CheckpointError> {
        let saved: Saved = serde_json::from_value(state).map_err(|_| CheckpointError::Unreadable)?;
        self.slots.load(&saved.kept).ok_or(CheckpointError::Unreadable)?;
        self.xml = Tokenizer::resume(saved.place.clone()).ok_or(CheckpointError::Unreadable)?;
        self.giving.resume(saved.given);
        (self.pass, self.nodes, self.length) = (saved.pass, saved.nodes, saved.length);
        self.again.clone_from(&saved.definitions);
        self.definitions = saved.definitions;
        if !self.again.is_empty() {
            self.resume = Some((saved.place, std::mem::take(&mut self.nodes), self.pass));
            self.pass = Pass::Again;
            self.read_again();
        }
        Ok(())
    }
}

impl Reader for XmlRecords {
    fn giving(&mut self) -> (&mut Giving, &'static Reading, &Slots) {
        (&mut self.giving, self.reading, &self.slots)
    }

    fn given_all(&mut self, tree: Tree) {
        (self.spare, self.mark) = (tree, None);
    }

    fn advance(&mut self) -> Result<Flow, ReadError> {
        let event = match self.xml.next()? {
            Token::Event(event) => event,
            Token::NeedInput => return Ok(Flow::NeedsInput),
            Token::End if self.pass == Pass::Definitions => {
                self.length = Some(self.xml.progress());
                self.pass = Pass::Records;
                self.go_on_with(Tokenizer::new(), Vec::new());
                return Ok(Flow::Goes);
            }
            Token::End => return Ok(Flow::Ended),
        };
        let (offset, depth) = (event.offset, event.depth);
        match &event.kind {
            EventKind::Text(text) => {
                if let Some(collecting) = &mut self.collecting {
                    collecting.text(text);
                }
            }
            EventKind::Start(element) => {
                if let Some(collecting) = &mut self.collecting {
                    collecting.start(element, depth);
                    return Ok(Flow::Goes);
                }
                let around = self.nodes.last().copied().unwrap_or(0);
                let next = leads(self.reading, around, local_name(element.name));
                if depth == 1 && next == NOWHERE {
                    let found = prefix(element.name, 40);
                    let message = format!("expected {} ({}), found the root element <{found}>", self.table.name, self.table.about);
                    return Err(ReadError { kind: ReadErrorKind::NotThisFormat, message, offset, line: event.line() });
                }
                let Some(node) = self.reading.nodes.get(usize::from(next)) else {
                    self.nodes.push(NOWHERE);
                    return Ok(Flow::Goes);
                };
                let goal = goal(node, next, self.pass, self.reading);
                if let (Some(goal), Some(shape)) = (goal, self.reading.shape(next)) {
                    self.mark = Some(event.mark());
                    let (tree, room) = (std::mem::take(&mut self.spare), Room::of(goal, self.reading));
                    let mut collecting = Collecting::new(tree, goal, depth, room, (offset, event.line()));
                    collecting.begin(element, shape);
                    self.collecting = Some(collecting);
                    return Ok(Flow::Goes);
                }
                keep_attributes(&mut self.slots, self.reading, node, element);
                self.nodes.push(next);
            }
            EventKind::End(_) => match &mut self.collecting {
                Some(collecting) => {
                    if collecting.end(depth) {
                        self.collected()?;
                    }
                }
                None => {
                    self.nodes.pop();
                }
            },
        }
        Ok(Flow::Goes)
    }
}

impl XmlRecords {
    /// An element is collected.
    fn collected(&mut self) -> Result<(), ReadError> {
        let Some(Collecting { tree, goal, offset, line, too_large, .. }) = self.collecting.take() else { return Ok(()) };
        match goal {
            Goal::Record(_) if too_large => self.giving.begin(Item::too_large(offset, line)),
            Goal::Record(node) => self.giving.begin(Item::new(tree, self.reading.kinds(node), offset, line)),
            Goal::Slot(slot) => self.keep(slot, tree, too_large, offset, line)?,
        }
        Ok(())
    }

    fn keep(&mut self, slot: u8, tree: Tree, too_large: bool, offset: u64, line: u64) -> Result<(), ReadError> {
        let index = usize::from(slot);
        let place = self.mark.take().map(|mark| self.xml.suspend_at(mark));
        let (Some(kept), Some(description)) = (self.slots.0.get_mut(index), self.reading.slots.get(index)) else { return Ok(()) };
        let Some(definitions) = &description.definitions else {
            if !too_large && fits_checkpoint(&tree) {
                kept.tree = tree;
            }
            return Ok(());
        };
        if too_large {
            let message = format!("more than {} bytes of definitions (limits::DEFINITIONS)", limits::DEFINITIONS);
            return Err(ReadError { kind: ReadErrorKind::LimitExceeded, message, offset, line });
        }
        for (other, description) in self.slots.0.iter_mut().zip(self.reading.slots.iter()) {
            if let Some(definitions) = description.definitions.as_ref().filter(|definitions| definitions.within == Some(slot)) {
                other.index_within(&tree, definitions);
            }
        }
        let Some(kept) = self.slots.0.get_mut(index) else { return Ok(()) };
        kept.tree = tree;
        kept.index(definitions);
        if self.pass == Pass::Again {
            self.read_again();
        } else if let Some(place) = place {
            self.definitions.push((slot, place));
        }
        Ok(())
    }

    /// Goes on at another place.
    fn go_on_with(&mut self, xml: Tokenizer, nodes: Vec<u16>) {
        self.before += self.xml.work();
        (self.xml, self.nodes) = (xml, nodes);
    }

    /// Goes to definitions that a checkpoint does not hold, and then on.
    fn read_again(&mut self) {
        let (place, nodes) = match (self.again.pop(), self.resume.take()) {
            (Some((slot, place)), resume) => {
                self.resume = resume;
                // Their element is found from the one around it, as it was the first time.
                (Some(place), vec![around(self.reading, slot)])
            }
            (None, Some((place, nodes, pass))) => {
                self.pass = pass;
                (Some(place), nodes)
            }
            (None, None) => (None, Vec::new()),
        };
        if let Some(xml) = place.and_then(Tokenizer::resume) {
            self.go_on_with(xml, nodes);
        }
    }
}

/// Where an element of that name leads from a node.
fn leads(reading: &'static Reading, from: u16, name: &str) -> u16 {
    let Some(node) = reading.nodes.get(usize::from(from)) else { return NOWHERE };
    node.members.iter().find(|(known, _)| **known == *name).map(|(_, next)| *next).or(node.any).unwrap_or(NOWHERE)
}

/// The node around that of a slot.
fn around(reading: &'static Reading, slot: u8) -> u16 {
    let is_slot = |node: u16| reading.nodes.get(usize::from(node)).is_some_and(|node| node.slot == Some(slot));
    let at = reading.nodes.iter().position(|node| node.members.iter().any(|(_, next)| is_slot(*next)));
    at.and_then(|at| u16::try_from(at).ok()).unwrap_or(NOWHERE)
}

/// What an element is collected for.
fn goal(node: &Node, id: u16, pass: Pass, reading: &Reading) -> Option<Goal> {
    match (node.slot, pass) {
        (Some(slot), Pass::Records) if !reading.defines(slot) => Some(Goal::Slot(slot)),
        (Some(slot), Pass::Definitions | Pass::Again) if reading.defines(slot) => Some(Goal::Slot(slot)),
        (None, Pass::Records) if !node.records.is_empty() => Some(Goal::Record(id)),
        _ => None,
    }
}

/// An element on the way to the records begins: the values that held in the one before it are no longer those, and its attributes are.
fn keep_attributes(slots: &mut Slots, reading: &'static Reading, node: &'static Node, element: &StartTag<'_>) {
    for slot in &node.owns {
        if let Some(kept) = slots.0.get_mut(usize::from(*slot)).filter(|_| !reading.defines(*slot)) {
            *kept = Kept::default();
        }
    }
    for (name, next) in &node.members {
        let slot = reading.nodes.get(usize::from(*next)).and_then(|node| node.slot);
        let value = name.strip_prefix('@').and_then(|name| element.get(name));
        if let (Some(slot), Some(value)) = (slot, value)
            && let Some(kept) = slots.0.get_mut(usize::from(slot))
        {
            let value = prefix_in_checkpoint(prefix(value, limits::NAME), limits::KEPT);
            kept.tree.clear();
            kept.tree.leaf("", value);
        }
    }
}

impl Collecting {
    fn new(mut tree: Tree, goal: Goal, depth: usize, room: Room, (offset, line): (u64, u64)) -> Self {
        tree.clear();
        let (open, text) = (Vec::with_capacity(8), String::new());
        Self { tree, open, text, unneeded: None, depth, room, too_large: false, goal, offset, line }
    }

    fn start(&mut self, element: &StartTag<'_>, depth: usize) {
        if self.unneeded.is_some() || self.too_large {
            return;
        }
        match self.open.last().and_then(|open| open.shape.one().member(local_name(element.name))) {
            Some(shape) => self.begin(element, shape),
            None => self.unneeded = Some(depth),
        }
    }

    fn begin(&mut self, element: &StartTag<'_>, shape: &'static Shape) {
        let at = self.tree.begin(local_name(element.name));
        if let Shape::Object(members) = shape.one()
            && element.has_attributes()
        {
            let attributes = members.iter().filter_map(|(member, _)| Some((*member, element.get(member.strip_prefix('@')?)?)));
            attributes.for_each(|(name, value)| self.tree.leaf(name, value));
        }
        self.open.push(Open { at, shape, start: self.text.len() });
        if self.tree.size() + self.text.len() > self.room.all {
            self.too_large = true;
            (self.tree, self.text) = (Tree::default(), String::new());
        }
    }

    /// Of an element that is not needed the text counts where the element around it is a text.
    fn text(&mut self, text: &str) {
        let Some(open) = self.open.last().filter(|_| !self.too_large) else { return };
        if self.unneeded.is_none() || matches!(open.shape.one(), Shape::Text(_)) {
            let room = (self.room.text + 4).saturating_sub(self.text.len() - open.start);
            self.text.push_str(prefix(text, room));
        }
    }

    /// An element ends: true for the one that is collected.
    fn end(&mut self, depth: usize) -> bool {
        if self.too_large {
            return depth == self.depth;
        }
        if self.unneeded.is_some() {
            self.unneeded = self.unneeded.filter(|unneeded| *unneeded != depth);
            return false;
        }
        if let Some(open) = self.open.pop() {
            self.tree.end(open.at, &self.text[open.start..]);
            self.text.truncate(open.start);
        }
        self.open.is_empty()
    }
}
