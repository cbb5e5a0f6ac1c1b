//! Reads the lines of a described format in plain text, or in HTML.
//!
//! Each line goes to the first rule that fits it. A record is one line, or one and those that belong to it: it ends where another
//! begins, where context is set, at a line that ends it, and with the report. A checkpoint is before the record that is open, so none
//! of it has to be kept; the context, which only changes where no record is open, is part of it.

use report_formats::Taken;
use report_formats::table::{Act, Syntax, Table};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokens::html;
use tokens::lines::{LineSource, Place, Token, Tokenizer, read_all};
use tokens::tree::{NodeIndex, Tree};
use tokens::{Start, TakesBytes};

use super::Reading;
use super::giving::{Flow, Giving, Reader};
use super::make::Item;
use super::scope::{Kept, Slots};
use crate::budget::Wanted;
use crate::format::Parser;
use crate::format::texts::prefix_in_checkpoint;
use crate::{CheckpointError, ProblemCode, ReadError, ReadErrorKind, Step, limits};

#[derive(Serialize, Deserialize)]
struct Saved {
    /// None before the start of the report is looked at.
    place: Option<Place>,
    given: usize,
    context: Vec<String>,
}

/// A record that may go on.
struct Open {
    node: u16,
    tree: Tree,
    root: NodeIndex,
    offset: u64,
    line: u64,
}

/// The line that is looked at.
enum Line {
    /// None: the next is wanted.
    Done,
    Text(String),
    TooLong,
}

/// A report in plain text.
pub(super) struct LineReport {
    table: &'static Table,
    reading: &'static Reading,
    lines: Start<Box<dyn LineSource>>,
    line: Line,
    open: Option<Open>,
    slots: Slots,
    giving: Giving,
    spare: Tree,
    /// The checkpoint's place: before the record that is open, or whose occurrences are given.
    place: Option<Place>,
}

impl LineReport {
    pub(super) fn new(table: &'static Table, reading: &'static Reading) -> Self {
        Self {
            table,
            reading,
            lines: Start::default(),
            line: Line::Done,
            open: None,
            slots: Slots(reading.slots.iter().map(|_| Kept::default()).collect()),
            giving: Giving::default(),
            spare: Tree::default(),
            place: None,
        }
    }
}

impl Parser for LineReport {
    fn position(&self) -> u64 {
        self.lines.position()
    }

    fn progress(&self) -> u64 {
        self.lines.progress()
    }

    fn feed(&mut self, piece: &[u8]) {
        self.lines.feed(piece);
    }

    fn end_of_input(&mut self) {
        self.lines.end_of_input();
    }

    fn work(&self) -> u64 {
        self.lines.work()
    }

    fn next_beyond(&mut self, wanted: Wanted<'_>) -> Result<Step, ReadError> {
        self.next(wanted)
    }

    fn has_list(&self) -> bool {
        self.place.is_some()
    }

    fn suspend(&self) -> Value {
        let context = self.slots.0.iter().map(|kept| kept.tree.text(0).to_owned()).collect();
        let saved = Saved { place: self.place.clone(), given: self.giving.given(), context };
        serde_json::to_value(saved).unwrap_or_default()
    }

    fn restore(&mut self, state: Value) -> Result<(), CheckpointError> {
        let saved: Saved = serde_json::from_value(state).map_err(|_| CheckpointError::Unreadable)?;
        if let Some(place) = &saved.place {
            self.lines.read_with(source(self.table.syntax, place.clone()));
        }
        for (slot, text) in saved.context.iter().enumerate() {
            self.set(slot, text);
        }
        self.giving.resume(saved.given);
        self.place = saved.place;
        Ok(())
    }
}

impl Reader for LineReport {
    fn giving(&mut self) -> (&mut Giving, &'static Reading, &Slots) {
        (&mut self.giving, self.reading, &self.slots)
    }

    fn given_all(&mut self, tree: Tree) {
        self.spare = tree;
        self.here();
    }

    fn advance(&mut self) -> Result<Flow, ReadError> {
        let Start::Known(tokens) = &mut self.lines else { return self.begin() };
        if let Line::Done = self.line {
            match tokens.next() {
                Token::Line => self.line = Line::Text(tokens.line().into_owned()),
                Token::TooLong => self.line = Line::TooLong,
                Token::NeedInput => {
                    self.here();
                    return Ok(Flow::NeedsInput);
                }
                Token::End | Token::Cut if self.open.is_some() => {
                    self.close();
                    return Ok(Flow::Goes);
                }
                Token::Cut => {
                    let (offset, line) = (tokens.progress(), tokens.place().line());
                    let message = "the page ends without </html>".to_owned();
                    return Err(ReadError { kind: ReadErrorKind::Truncated, message, offset, line });
                }
                Token::End => {
                    self.here();
                    return Ok(Flow::Ended);
                }
            }
        }
        self.look();
        Ok(Flow::Goes)
    }
}

impl LineReport {
    /// Takes up the place behind what is read, if no record is open.
    fn here(&mut self) {
        if let (None, Start::Known(tokens)) = (&self.open, &self.lines) {
            // A line that waits for the record before it to be given is not yet read.
            self.place = Some(if matches!(self.line, Line::Done) { tokens.place() } else { tokens.began() });
        }
    }

    /// Looks whether it is this format, once there is enough of the report.
    fn begin(&mut self) -> Result<Flow, ReadError> {
        let Some((start, complete)) = self.lines.first(limits::DETECTION) else { return Ok(Flow::NeedsInput) };
        let start = start_lines(self.table.syntax, start, complete);
        if !self.table.detect.iter().any(|detect| detect.lines.hold(&start)) {
            let message = format!("expected {} ({})", self.table.name, self.table.about);
            return Err(ReadError { kind: ReadErrorKind::NotThisFormat, message, offset: 0, line: 1 });
        }
        self.lines.read_with(source(self.table.syntax, Place::START));
        self.place = Some(Place::START);
        Ok(Flow::Goes)
    }

    /// Does what the first rule says that fits the line.
    fn look(&mut self) {
        let line = std::mem::replace(&mut self.line, Line::Done);
        let Line::Text(text) = &line else {
            return if self.open.is_some() { self.put_off(line) } else { self.too_long() };
        };
        let Some((act, taken)) = self.rule(text) else { return };
        match act {
            Act::BeginRecord(..) | Act::SetContext(..) if self.open.is_some() => self.put_off(line),
            Act::BeginRecord(node, goes_on) => self.begin_record(*node, *goes_on, &taken),
            Act::SetContext(slots, cleared) => self.set_context(slots, cleared, &taken),
            Act::AddTo(_, name) => self.add(name, &taken),
            Act::EndRecord => self.close(),
            Act::Ignore => {}
        }
    }

    fn rule<'l>(&self, line: &'l str) -> Option<(&'static Act, Taken<'static, 'l>)> {
        let open = self.open.as_ref().map(|open| open.node);
        let may = |act: &Act| !matches!(act, Act::AddTo(node, _) if open != Some(*node));
        let rules = self.reading.lines.iter().filter(|rule| may(&rule.act));
        rules
            .flat_map(|rule| rule.is.iter().map(|pattern| (&rule.act, pattern)))
            .find_map(|(act, pattern)| Some((act, pattern.take(line)?)))
    }

    /// Gives the open record first: the line is looked at again.
    fn put_off(&mut self, line: Line) {
        self.line = line;
        self.close();
    }

    fn begin_record(&mut self, node: u16, goes_on: bool, taken: &Taken<'_, '_>) {
        let Start::Known(tokens) = &self.lines else { return };
        self.place = Some(tokens.began());
        let (offset, line) = (tokens.began().offset(), tokens.began().line());
        let mut tree = std::mem::take(&mut self.spare);
        tree.clear();
        let root = tree.begin("");
        for (name, text) in taken {
            tree.leaf(name, text);
        }
        self.open = Some(Open { node, tree, root, offset, line });
        if !goes_on {
            self.close();
        }
    }

    fn add(&mut self, name: &str, taken: &Taken<'_, '_>) {
        let Some(open) = &mut self.open else { return };
        let part = (!name.is_empty()).then(|| open.tree.begin(name));
        for (name, text) in taken {
            open.tree.leaf(name, text);
        }
        if let Some(part) = part {
            open.tree.end(part, "");
        }
        if open.tree.size() > limits::RECORD {
            let message = format!("a record of more than {} bytes", limits::RECORD);
            self.giving.begin(Item::problem(ProblemCode::TooLarge, message, open.offset, open.line));
            self.open = None;
        }
    }

    /// Ends the open record: its occurrences are given next.
    fn close(&mut self) {
        let Some(Open { node, mut tree, root, offset, line }) = self.open.take() else { return };
        tree.end(root, "");
        self.giving.begin(Item::new(tree, self.reading.kinds(node), offset, line));
    }

    fn set_context(&mut self, slots: &[(Box<str>, u8)], cleared: &[u8], taken: &Taken<'_, '_>) {
        for slot in cleared {
            self.set(usize::from(*slot), "");
        }
        for (name, slot) in slots {
            let text = taken.iter().find(|(taken, _)| **taken == **name).map_or("", |(_, text)| text);
            self.set(usize::from(*slot), prefix_in_checkpoint(text, limits::KEPT));
        }
    }

    fn set(&mut self, slot: usize, text: &str) {
        let Some(kept) = self.slots.0.get_mut(slot) else { return };
        kept.tree.clear();
        let root = kept.tree.begin("");
        kept.tree.end(root, text);
    }

    fn too_long(&mut self) {
        let Start::Known(tokens) = &self.lines else { return };
        let (offset, line) = (tokens.began().offset(), tokens.began().line());
        let message = format!("a line of more than {} bytes", limits::LINE);
        self.giving.begin(Item::problem(ProblemCode::TooLarge, message, offset, line));
    }
}

fn source(syntax: Syntax, place: Place) -> Box<dyn LineSource> {
    if syntax == Syntax::Html { Box::new(html::Tokenizer::new(place)) } else { Box::new(Tokenizer::new(place)) }
}

/// The lines of a report's start.
pub(in crate::format) fn start_lines(syntax: Syntax, start: &[u8], complete: bool) -> Vec<String> {
    read_all(source(syntax, Place::START), start, complete)
}
