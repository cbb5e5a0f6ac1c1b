//! Reads the rows of a described format in CSV, whatever its delimiter.
//!
//! The header is the first row, within [`limits::PREAMBLE`] lines, that has the columns by which the format is detected; the delimiter
//! is the one with which it has them. Some reports begin with lines about the scan. The columns that are needed are in the checkpoint.
//!
//! Where a record is spread over rows, it is held until a row comes that is none of its own; a checkpoint is never between its rows.

use report_formats::table::{Detect, Table, Text};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokens::csv::{Token, Tokenizer};
use tokens::tree::{NodeIndex, Tree};
use tokens::{Position, Start, TakesBytes};

use super::Reading;
use super::giving::{Flow, Giving, Reader};
use super::make::Item;
use super::scope::Slots;
use crate::budget::Wanted;
use crate::format::Parser;
use crate::{CheckpointError, ProblemCode, ReadError, ReadErrorKind, Step, limits};

/// What may separate columns.
const DELIMITERS: [u8; 4] = [b',', b';', b'\t', b'|'];

/// The node of a row's tree that holds its values.
const ROOT: NodeIndex = 0;

/// The header of a table.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Header {
    delimiter: u8,
    /// Index and name of those that are needed.
    columns: Vec<(usize, String)>,
}

#[derive(Serialize, Deserialize)]
struct Saved {
    header: Option<Header>,
    place: Position,
    given: usize,
}

/// A record to which further rows may belong.
struct Open {
    item: Item,
    /// The place before it.
    place: Position,
    /// Values of its first row: those that follow are of the others.
    values: usize,
}

/// A report in CSV.
pub(super) struct CsvReport {
    table: &'static Table,
    reading: &'static Reading,
    rows: Start<Box<Tokenizer>>,
    header: Option<Header>,
    slots: Slots,
    /// A record to which further rows may belong, and the place before it.
    open: Option<Open>,
    /// Why there are no rows behind it.
    broken: Option<ReadError>,
    giving: Giving,
    spare: Tree,
    /// The checkpoint's place: before the record whose occurrences are given.
    place: Position,
}

impl CsvReport {
    pub(super) fn new(table: &'static Table, reading: &'static Reading) -> Self {
        Self {
            table,
            reading,
            rows: Start::default(),
            header: None,
            slots: Slots::default(),
            open: None,
            broken: None,
            giving: Giving::default(),
            spare: Tree::default(),
            place: Position::START,
        }
    }
}

impl Parser for CsvReport {
    fn position(&self) -> u64 {
        self.rows.position()
    }

    fn progress(&self) -> u64 {
        self.rows.progress()
    }

    fn feed(&mut self, piece: &[u8]) {
        self.rows.feed(piece);
    }

    fn end_of_input(&mut self) {
        self.rows.end_of_input();
    }

    fn work(&self) -> u64 {
        self.rows.work()
    }

    fn next_beyond(&mut self, wanted: Wanted<'_>) -> Result<Step, ReadError> {
        self.next(wanted)
    }

    fn has_list(&self) -> bool {
        self.header.is_some()
    }

    fn suspend(&self) -> Value {
        let saved = Saved { header: self.header.clone(), place: self.place, given: self.giving.given() };
        serde_json::to_value(saved).unwrap_or_default()
    }

    fn restore(&mut self, state: Value) -> Result<(), CheckpointError> {
        let saved: Saved = serde_json::from_value(state).map_err(|_| CheckpointError::Unreadable)?;
        if let Some(header) = &saved.header {
            self.rows.read_with(Box::new(Tokenizer::new(header.delimiter, saved.place)));
        }
        self.giving.resume(saved.given);
        (self.header, self.place) = (saved.header, saved.place);
        Ok(())
    }
}

impl Reader for CsvReport {
    fn giving(&mut self) -> (&mut Giving, &'static Reading, &Slots) {
        (&mut self.giving, self.reading, &self.slots)
    }

    fn given_all(&mut self, tree: Tree) {
        self.spare = tree;
        self.rest();
    }

    fn advance(&mut self) -> Result<Flow, ReadError> {
        let Start::Known(tokens) = &mut self.rows else { return self.begin() };
        if let Some(error) = self.broken.take() {
            return Err(error);
        }
        let before = tokens.place();
        let token = match tokens.next() {
            // What was read whole is given first.
            Err(error) if self.open.is_some() => {
                self.broken = Some(error);
                Token::End
            }
            token => token?,
        };
        match token {
            Token::NeedInput => {
                self.rest();
                return Ok(Flow::NeedsInput);
            }
            Token::End => {
                let Some(Open { item, place, .. }) = self.open.take() else {
                    self.rest();
                    return Ok(Flow::Ended);
                };
                self.giving.begin(item);
                self.place = place;
            }
            Token::TooLarge => {
                let Position { offset, line, .. } = tokens.row_start();
                let message = format!("a row of more than {} bytes or {} columns", limits::ROW, limits::COLUMNS);
                self.take(Item::problem(ProblemCode::TooLarge, message, offset, line), before);
            }
            Token::Row => self.row(before),
        }
        Ok(Flow::Goes)
    }
}

impl CsvReport {
    /// Takes a record: at once, or, where further rows may belong to it, when the next one comes.
    fn take(&mut self, item: Item, before: Position) {
        if self.reading.spread.is_empty() {
            self.giving.begin(item);
        } else {
            let values = values(&item.tree).count();
            if let Some(Open { item, place, .. }) = self.open.replace(Open { item, place: before, values }) {
                self.giving.begin(item);
                self.place = place;
            }
        }
    }

    /// Moves the checkpoint's place behind all records that were given.
    fn rest(&mut self) {
        if let Start::Known(tokens) = &self.rows {
            self.place = self.open.as_ref().map_or_else(|| tokens.place(), |open| open.place);
        }
    }

    /// Finds the header, once there is enough of the report.
    fn begin(&mut self) -> Result<Flow, ReadError> {
        let Some((start, _)) = self.rows.first(limits::DETECTION) else { return Ok(Flow::NeedsInput) };
        let Some((header, place)) = header(self.table, self.reading, start) else {
            let columns: Vec<String> = self.table.detect.iter().map(|detect| detect.has.join(", ")).collect();
            let message = format!("expected a table with the columns {}", columns.join("; or "));
            return Err(ReadError { kind: ReadErrorKind::NotThisFormat, message, offset: 0, line: 1 });
        };
        self.rows.read_with(Box::new(Tokenizer::new(header.delimiter, place)));
        (self.header, self.place) = (Some(header), place);
        Ok(Flow::Goes)
    }

    fn row(&mut self, before: Position) {
        let (Start::Known(tokens), Some(header)) = (&self.rows, &self.header) else { return };
        let mut tree = std::mem::take(&mut self.spare);
        tree.clear();
        let root = tree.begin("row");
        let (mut filled, mut repeats) = (false, true);
        for (index, name) in &header.columns {
            if let Some(text) = tokens.field(*index).filter(|text| !text.trim().is_empty()) {
                filled = true;
                repeats &= text.trim().eq_ignore_ascii_case(name);
                tree.leaf(name, &text);
            }
        }
        tree.end(root, "");
        // Blank rows, and headers that stand again where tables were put together.
        if !filled || repeats {
            self.spare = tree;
            self.rest();
            return;
        }
        let Position { offset, line, .. } = tokens.row_start();
        if let Some(open) = &mut self.open
            && continues(open, &tree, &self.reading.spread)
        {
            add(&mut open.item.tree, &tree, &self.reading.spread);
            self.spare = tree;
            return;
        }
        self.take(Item::new(tree, self.reading.kinds(0), offset, line), before);
    }
}

/// Whether a row belongs to the record before it, which is not over its limit.
fn continues(Open { item: Item { tree, .. }, values: first, .. }: &Open, row: &Tree, spread: &[Text]) -> bool {
    let others = |(name, _): &(&str, &str)| !is_in(spread, name);
    !tree.is_empty() && tree.size() < limits::RECORD && values(tree).take(*first).filter(others).eq(values(row).filter(others))
}

fn is_in(spread: &[Text], name: &str) -> bool {
    spread.iter().any(|column| **column == *name)
}

/// Adds a row's own values to the record that it belongs to.
fn add(record: &mut Tree, row: &Tree, spread: &[Text]) {
    for (name, text) in values(row).filter(|(name, _)| is_in(spread, name)) {
        record.leaf(name, text);
    }
    record.end(ROOT, "");
}

/// Columns and what stands in them.
fn values(row: &Tree) -> impl Iterator<Item = (&str, &str)> {
    row.parts(ROOT).map(|part| (row.name(part), row.text(part)))
}

/// The header of a report of this format, and the place behind it.
fn header(table: &Table, reading: &Reading, start: &[u8]) -> Option<(Header, Position)> {
    let needed = &reading.nodes.first()?.needed.as_ref()?.members;
    let mut found: Option<(u64, Header, Position)> = None;
    for delimiter in DELIMITERS {
        each_row(start, delimiter, |fields, at, place| {
            let fits = table.detect.iter().any(|detect| has_columns(detect, fields));
            if !fits || found.as_ref().is_some_and(|(known, ..)| *known <= at) {
                return !fits;
            }
            let index = |name: &str| fields.iter().position(|field| field.eq_ignore_ascii_case(name));
            let columns = needed.keys().filter_map(|name| Some((index(name)?, name.to_string()))).collect();
            found = Some((at, Header { delimiter, columns }, place));
            false
        });
    }
    found.map(|(_, header, place)| (header, place))
}

fn has_columns(detect: &Detect, fields: &[String]) -> bool {
    let has = |name: &Text| fields.iter().any(|field| field.eq_ignore_ascii_case(name));
    detect.has.iter().all(&has) && !detect.lacks.iter().any(has)
}

/// Gives the fields of the first rows, the offset of each and the place behind it, until `take` has enough.
pub(in crate::format) fn each_row(start: &[u8], delimiter: u8, mut take: impl FnMut(&[String], u64, Position) -> bool) {
    let mut tokens = Tokenizer::new(delimiter, Position::START);
    tokens.feed(start);
    tokens.end_of_input();
    for _ in 0..limits::PREAMBLE {
        let Ok(Token::Row) = tokens.next() else { return };
        let fields: Vec<String> = tokens.fields().map(|field| field.trim().to_owned()).collect();
        if !take(&fields, tokens.row_start().offset, tokens.place()) {
            return;
        }
    }
}

/// The rows of a table's start that may be its header, with each delimiter.
pub(in crate::format) fn headers(start: &[u8]) -> Vec<Vec<String>> {
    let mut headers = Vec::new();
    for delimiter in DELIMITERS {
        each_row(start, delimiter, |fields, _, _| {
            if fields.len() > 1 {
                headers.push(fields.to_vec());
            }
            true
        });
    }
    headers
}
