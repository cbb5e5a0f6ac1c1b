//! Parquet: files of columns as rows, page by page.
//!
//! The footer at the end of the file says where the columns of each row group are. Of every column one page is held, and the dictionary that it refers to;
//! where a page is used up, the reader asks for the bytes of the next one. So it reads row groups of any size, within a budget for pages.
//!
//! Nothing that a file says is believed: sizes are checked before anything is allocated, and values are decoded one by one from the bytes that are there. The
//! `parquet` crate is not used to read: it allocates by what the footer and pages claim, and panics where they lie.
//!
//! - What is at the top and not nested is a cell of its type. Unsigned numbers over `i64` and decimals are numbers with every digit. Times are in
//!   microseconds, nanoseconds are cut off. `INT96` is a timestamp without time zone. Text that is no UTF-8 is bytes; bytes without a type are bytes.
//! - What is nested is JSON: lists are arrays, maps are objects where their keys are text and required, else arrays of objects with `key` and `value`.
//! - Encrypted files, columns in other files and LZO are refused. Checksums of pages are not looked at.

mod bits;
mod codec;
mod decimal;
mod delta;
mod error;
mod footer;
mod json;
mod kind;
mod leaf;
mod nested;
mod page;
mod schema;
#[cfg(test)]
mod tests;
mod thrift;
mod values;

use std::ops::Range;

use serde::{Deserialize, Serialize};
use tokens::{ReadError, ReadErrorKind, TakesBytes};

use self::codec::Codecs;
use self::error::{Fault, Result};
use self::footer::{END, Footer, Group};
use self::leaf::{Advance, Leaf, Load, Shared, TIGHT};
use self::schema::{Node, Schema, Shape};
use super::{RowStep, Rows};
use crate::{Cell, limits};

/// Bytes of the end of the file that are read first: most footers are shorter.
const TAIL: u64 = 64 * 1024;
/// Bytes of pages that one step decompresses, and levels that it reads.
const STEP_BYTES: u64 = 1024 * 1024;
const STEP_LEVELS: u32 = 64 * 1024;
/// Bytes that are kept behind a page, of all columns together and of each: small pages then do not need a request each.
const AHEAD_ALL: usize = 4 * 1024 * 1024;
const AHEAD: usize = 256 * 1024;

/// A part of the file that is cut off where a row group begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RowGroup {
    /// Its first row, counted from 0 in the file.
    pub first_row: u64,
    /// Its rows.
    pub rows: u64,
    /// Where its first bytes are.
    pub start: u64,
    /// Bytes that it takes in the file.
    pub bytes: u64,
}

/// Where it is: what a checkpoint holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Place {
    /// The row group, and rows of it that are done.
    group: u32,
    done: u64,
    /// The row group before which it ends.
    last: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// The bytes from there to the end of the file are wanted: the end of the footer at least.
    Tail {
        from: u64,
    },
    /// Between two row groups.
    Between,
    /// In a row group.
    Inside,
    End,
}

/// Reads a Parquet file.
pub struct Reader {
    size: u64,
    stage: Stage,
    ended: bool,
    tail: Vec<u8>,
    groups: Vec<Group>,
    fields: Vec<Node>,
    names: Vec<String>,
    leaves: Vec<Leaf>,
    /// Which field is nested, by its leaf.
    is_nested: Vec<bool>,
    /// The row's nested columns as JSON, by field.
    nested: Vec<String>,
    codecs: Codecs,
    place: Place,
    /// See [`end_at`](Self::end_at).
    end: Option<u64>,
    /// Of the row group: its first row, and the bytes of the ones before it.
    first_row: u64,
    before: u64,
    /// The leaf that is at the next row next, and what that row may still take.
    leaf: usize,
    room: usize,
    work: u64,
    tight: usize,
}

impl Reader {
    /// Reads a file of this size.
    pub fn new(file_size: u64) -> Self {
        Self::of_groups(file_size, 0..u32::MAX)
    }

    /// Reads some row groups of a file of this size. See [`row_groups`](Self::row_groups).
    pub fn of_groups(file_size: u64, groups: Range<u32>) -> Self {
        Self::at(file_size, Place { group: groups.start, done: 0, last: groups.end })
    }

    /// Reads on from a [checkpoint](Rows::checkpoint).
    pub fn resume(file_size: u64, checkpoint: &[u8]) -> std::result::Result<Self, ReadError> {
        let place = postcard::from_bytes(checkpoint).map_err(|_| ReadError {
            kind: ReadErrorKind::NotThisFormat,
            message: "the checkpoint is not one of this reader".to_owned(),
            offset: 0,
            line: 1,
        })?;
        Ok(Self::at(file_size, place))
    }

    fn at(size: u64, place: Place) -> Self {
        Self {
            size,
            stage: Stage::Tail { from: size.saturating_sub(TAIL) },
            ended: false,
            tail: Vec::new(),
            groups: Vec::new(),
            fields: Vec::new(),
            names: Vec::new(),
            leaves: Vec::new(),
            is_nested: Vec::new(),
            nested: Vec::new(),
            codecs: Codecs::default(),
            place,
            end: None,
            first_row: 0,
            before: 0,
            leaf: 0,
            room: limits::ROW,
            work: 0,
            tight: TIGHT,
        }
    }

    /// The row groups of the whole file, as soon as the footer is read.
    pub fn row_groups(&self) -> Option<Vec<RowGroup>> {
        if matches!(self.stage, Stage::Tail { .. }) {
            return None;
        }
        let mut first_row = 0;
        let groups = self.groups.iter().map(|group| {
            let first = first_row;
            first_row += group.rows;
            RowGroup { first_row: first, rows: group.rows, start: group.start(), bytes: group.bytes() }
        });
        Some(groups.collect())
    }

    /// It ends where so many compressed bytes of row groups were read, which is where one begins: what comes after is another's.
    pub fn end_at(&mut self, progress: u64) {
        self.end = Some(progress);
        self.apply_end();
    }

    fn apply_end(&mut self) {
        let Some(end) = self.end.filter(|_| !matches!(self.stage, Stage::Tail { .. })) else { return };
        let mut before = 0_u64;
        let last = self.groups.iter().take_while(|group| {
            let is_before = before < end;
            before = before.saturating_add(group.bytes());
            is_before
        });
        let last = u32::try_from(last.count()).unwrap_or(u32::MAX);
        self.place.last = self.place.last.min(last);
    }

    /// The next place between two row groups at which what is left can be cut, so many compressed bytes from here: how many are before it, and the checkpoint of
    /// a reader there. None before the footer is read, and where there is none.
    pub fn cut(&self, spacing: u64) -> Option<(u64, Vec<u8>)> {
        if matches!(self.stage, Stage::Tail { .. }) {
            return None;
        }
        let (wanted, mut before) = (self.progress().saturating_add(spacing), self.before);
        for (index, group) in self.groups.iter().enumerate().skip(self.place.group as usize) {
            let index = u32::try_from(index).ok().filter(|index| *index < self.place.last)?;
            if index > self.place.group && before >= wanted {
                let place = Place { group: index, done: 0, last: self.place.last };
                return postcard::to_stdvec(&place).ok().map(|checkpoint| (before, checkpoint));
            }
            before = before.saturating_add(group.bytes());
        }
        None
    }

    /// The bytes that it wants: from [`position`](TakesBytes::position) to where it can use them now. It takes fewer, and drops what is more.
    pub fn wanted(&self) -> Range<u64> {
        let position = self.position();
        let end = match self.stage {
            Stage::Inside => self.leaves.get(self.leaf).map_or(position, |leaf| leaf.wanted(self.ahead())),
            _ => self.size,
        };
        position..end.clamp(position, self.size.max(position))
    }

    fn ahead(&self) -> usize {
        (AHEAD_ALL / self.leaves.len().max(1)).min(AHEAD)
    }

    fn step(&mut self) -> Result<RowStep> {
        loop {
            match self.stage {
                Stage::Tail { from } => {
                    if !self.read_tail(from)? {
                        return Ok(RowStep::NeedInput);
                    }
                }
                Stage::Between => self.open()?,
                Stage::Inside => return self.row(),
                Stage::End => return Ok(RowStep::End),
            }
        }
    }

    /// Reads the footer; false where bytes are missing.
    fn read_tail(&mut self, from: u64) -> Result<bool> {
        if from + (self.tail.len() as u64) < self.size {
            return if self.ended { Err(self.truncated()) } else { Ok(false) };
        }
        let length = footer::footer_length(&self.tail, self.size)?;
        let start = self.size - END as u64 - length;
        if start < from {
            // More is asked for than the footer has behind what is there: it is read once more, as one piece.
            self.tail.clear();
            self.stage = Stage::Tail { from: start };
            return Ok(false);
        }
        let footer = usize::try_from(start - from).ok().and_then(|at| self.tail.get(at..self.tail.len().checked_sub(END)?));
        let footer = Footer::read(footer.unwrap_or_default())?;
        self.work += length;
        self.tail = Vec::new();
        self.begin(footer)?;
        Ok(true)
    }

    fn begin(&mut self, footer: Footer) -> Result<()> {
        let schema = Schema::new(&footer.elements)?;
        let leaves = schema.columns.len();
        let mut rows = 0_u64;
        for group in &footer.groups {
            rows = rows.checked_add(group.rows).ok_or_else(|| Fault::syntax("the footer has more rows than can be counted"))?;
            if group.chunks.len() != leaves {
                return Err(Fault::syntax(format!("a row group has {} columns, the schema {leaves}", group.chunks.len())));
            }
        }
        self.is_nested = vec![true; leaves];
        for field in &schema.fields {
            if let (Shape::Leaf, Some(nested)) = (&field.shape, self.is_nested.get_mut(field.leaves.start)) {
                *nested = false;
            }
        }
        self.names = schema.fields.iter().map(|field| field.name.clone()).collect();
        self.nested = vec![String::new(); schema.fields.len()];
        self.fields = schema.fields;
        self.leaves = schema.columns.into_iter().map(Leaf::new).collect();
        self.groups = footer.groups;
        let done = self.groups.iter().take(self.place.group as usize);
        (self.first_row, self.before) =
            done.fold((0, 0_u64), |(row, bytes), group| (row + group.rows, bytes.saturating_add(group.bytes())));
        self.stage = Stage::Between;
        self.apply_end();
        Ok(())
    }

    /// Opens the next row group.
    fn open(&mut self) -> Result<()> {
        let group = if self.place.group < self.place.last { self.groups.get(self.place.group as usize) } else { None };
        let Some(group) = group else {
            self.stage = Stage::End;
            return Ok(());
        };
        if self.place.done >= group.rows {
            self.first_row += group.rows;
            self.before = self.before.saturating_add(group.bytes());
            self.place.group += 1;
            self.place.done = 0;
            return Ok(());
        }
        for (leaf, chunk) in self.leaves.iter_mut().zip(&group.chunks) {
            leaf.open(chunk, self.place.done, self.size)?;
        }
        self.begin_row();
        self.stage = Stage::Inside;
        Ok(())
    }

    fn begin_row(&mut self) {
        self.leaf = 0;
        self.room = limits::ROW;
    }

    /// Goes on to the next row, leaf by leaf.
    fn row(&mut self) -> Result<RowStep> {
        let mut steps = STEP_LEVELS;
        let before = self.work;
        while let Some(leaf) = self.leaves.get_mut(self.leaf) {
            let nested = self.is_nested.get(self.leaf).copied().unwrap_or_default();
            let advance = if nested { leaf.advance_nested(&mut steps, &mut self.room)? } else { leaf.advance(&mut steps)? };
            match advance {
                Advance::Ready => self.leaf += 1,
                Advance::Working => return Ok(RowStep::Working),
                Advance::Page => match self.load()? {
                    Load::Input => return Ok(RowStep::NeedInput),
                    Load::Page if self.work - before > STEP_BYTES => return Ok(RowStep::Working),
                    Load::Page => {}
                },
            }
        }
        self.finish_row()
    }

    fn load(&mut self) -> Result<Load> {
        let held = self.leaves.iter().map(Leaf::held).sum();
        let mut shared = Shared { file_size: self.size, codecs: &mut self.codecs, held, tight: self.tight, work: 0 };
        let Some(leaf) = self.leaves.get_mut(self.leaf) else { return Ok(Load::Input) };
        let load = leaf.load(&mut shared)?;
        self.work += shared.work as u64;
        if load == Load::Input && self.ended { Err(self.truncated()) } else { Ok(load) }
    }

    /// All leaves are at the next row.
    fn finish_row(&mut self) -> Result<RowStep> {
        self.begin_row();
        self.place.done += 1;
        if self.groups.get(self.place.group as usize).is_none_or(|group| self.place.done >= group.rows) {
            self.leaves.iter().try_for_each(Leaf::end)?;
            self.stage = Stage::Between;
        }
        let mut length = 0;
        let mut fits = true;
        for (field, json) in self.fields.iter().zip(&mut self.nested) {
            if let Shape::Leaf = field.shape {
                length += self.leaves.get(field.leaves.start).map_or(0, Leaf::cell_length);
            } else {
                fits &= nested::write_field(field, &mut self.leaves, json)?;
                length += json.len();
            }
        }
        if fits && length <= limits::ROW {
            return Ok(RowStep::Row);
        }
        Ok(RowStep::Bad { code: "row_too_large", message: "the row is larger than 16 MiB" })
    }

    fn truncated(&self) -> Fault {
        Fault::truncated(format!("the file ends at {}, and it should have {} bytes", self.position(), self.size))
    }
}

impl TakesBytes for Reader {
    fn position(&self) -> u64 {
        match self.stage {
            Stage::Tail { from } => from + self.tail.len() as u64,
            Stage::Between | Stage::Inside => self.leaves.get(self.leaf).map_or(0, Leaf::position),
            Stage::End => self.size,
        }
    }

    fn progress(&self) -> u64 {
        let group = match self.stage {
            Stage::Tail { .. } => return 0,
            Stage::End => return self.size,
            Stage::Between | Stage::Inside => self.groups.get(self.place.group as usize),
        };
        let share = group.map_or(0, |group| {
            let share = u128::from(group.bytes()) * u128::from(self.place.done) / u128::from(group.rows.max(1));
            u64::try_from(share).unwrap_or(u64::MAX)
        });
        self.before.saturating_add(share).min(self.size)
    }

    fn feed(&mut self, bytes: &[u8]) {
        match self.stage {
            Stage::Tail { from } => {
                let left = (self.size - from).saturating_sub(self.tail.len() as u64);
                let left = usize::try_from(left).unwrap_or(usize::MAX);
                // No more than a footer: room for it is made once.
                self.tail.reserve_exact(left);
                self.tail.extend_from_slice(bytes.get(..left).unwrap_or(bytes));
            }
            Stage::Inside => {
                let ahead = self.ahead();
                if let Some(leaf) = self.leaves.get_mut(self.leaf) {
                    leaf.feed(bytes, ahead);
                }
            }
            Stage::Between | Stage::End => {}
        }
    }

    fn end_of_input(&mut self) {
        // That it ends where it has to is no news.
        self.ended |= self.position() < self.size;
    }

    fn work(&self) -> u64 {
        self.work
    }
}

impl Rows for Reader {
    fn next(&mut self) -> std::result::Result<RowStep, ReadError> {
        self.step().map_err(|fault| ReadError {
            kind: fault.kind,
            message: fault.message,
            offset: self.position(),
            line: self.first_row + self.place.done + 1,
        })
    }

    fn names(&self) -> &[String] {
        &self.names
    }

    fn cells<'a>(&'a self, mut take: impl FnMut(usize, Cell<'a>)) {
        for (index, (field, json)) in self.fields.iter().zip(&self.nested).enumerate() {
            let cell = match field.shape {
                Shape::Leaf => self.leaves.get(field.leaves.start).map_or(Cell::Null, Leaf::cell),
                _ if json == "null" => Cell::Null,
                _ => Cell::Json(json),
            };
            take(index, cell);
        }
    }

    fn offset(&self) -> u64 {
        (self.first_row + self.place.done).saturating_sub(1)
    }

    fn line(&self) -> u64 {
        self.offset() + 1
    }

    fn raw(&self) -> String {
        let mut row = String::from("{");
        self.cells(|index, cell| {
            if row.len() > limits::RAW {
                return;
            }
            if row.len() > 1 {
                row.push(',');
            }
            json::write_text(self.names.get(index).map_or("", String::as_str), &mut row);
            row.push(':');
            json::write_cell(cut(cell), &mut row);
        });
        row.push('}');
        row.truncate(row.floor_char_boundary(limits::RAW));
        row
    }

    fn checkpoint(&self) -> Vec<u8> {
        postcard::to_allocvec(&self.place).unwrap_or_default()
    }
}

/// Of what is long, no more than is shown.
fn cut(cell: Cell<'_>) -> Cell<'_> {
    match cell {
        Cell::Text(text) => Cell::Text(text.get(..text.floor_char_boundary(limits::RAW)).unwrap_or(text)),
        Cell::Json(text) => Cell::Json(text.get(..text.floor_char_boundary(limits::RAW)).unwrap_or(text)),
        Cell::Bytes(bytes) => Cell::Bytes(bytes.get(..limits::RAW).unwrap_or(bytes)),
        cell => cell,
    }
}
