//! The rows of a sheet (ECMA-376 part 1, 18.3.1), event by event.

use tokens::xml::{Event, EventKind, Mark, StartTag, local_name};

use super::formats::{Formats, Shown};
use super::row::{NO_SUCH_CELL, NO_SUCH_TEXT, Row, TOO_LARGE, Value, index_in_row};
use super::texts::{Pieces, SharedTexts, unescape};
use super::{Failure, damaged, dates, shortened};
use crate::limits;

/// Letters of the alphabet, of which the names of columns are made.
const LETTERS: u32 = 26;

/// How deep elements stand.
mod depth {
    pub(super) const DATA: usize = 2;
    pub(super) const ROW: usize = 3;
    pub(super) const CELL: usize = 4;
    pub(super) const VALUE: usize = 5;
}

/// What is needed beside the sheet.
#[derive(Debug, Default)]
pub(super) struct Beside {
    pub(super) texts: SharedTexts,
    pub(super) formats: Formats,
    pub(super) is_1904: bool,
}

/// What came of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Taken {
    Nothing,
    /// A row is there, which may be empty.
    Row,
    /// No more rows come.
    Over,
}

/// A sheet that is being read.
#[derive(Debug)]
pub(super) struct Sheet {
    inside: Inside,
    pub(super) row: Row,
    /// Where the row in work begins, and the number of the one before it.
    before: Option<(Mark, u32)>,
    /// Whether the row's number was said.
    is_numbered: bool,
    cell: CellInWork,
}

/// In what the next event is, innermost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Inside {
    Nothing,
    Data,
    Row,
    Cell,
    Value,
    Inline,
}

/// A cell as far as it was read.
#[derive(Debug, Default)]
struct CellInWork {
    kind: Kind,
    format: usize,
    /// Counted from 0; before the first cell, none.
    column: Option<u32>,
    value: String,
    has_value: bool,
    has_formula: bool,
    has_inline: bool,
    /// Where the text that stands in it begins in the row's.
    start: usize,
    pieces: Pieces,
}

/// What a cell's value is (18.18.11).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Kind {
    #[default]
    Number,
    Shared,
    Inline,
    Boolean,
    Date,
    /// A text, or an error.
    Text,
}

impl Sheet {
    /// A sheet from its start.
    pub(super) fn new() -> Self {
        Self { inside: Inside::Nothing, row: Row::new(0), before: None, is_numbered: false, cell: CellInWork::default() }
    }

    /// Goes on behind a row of a number.
    pub(super) fn go_on_behind(&mut self, number: u32) {
        *self = Self { inside: Inside::Data, row: Row::new(number), ..Self::new() };
    }

    /// Where the row in work begins, and the number of the one before it; none between rows.
    pub(super) fn before(&self) -> Option<(Mark, u32)> {
        self.before
    }

    pub(super) fn take(&mut self, event: &Event<'_>, beside: &Beside) -> Result<Taken, Failure> {
        match &event.kind {
            EventKind::Start(tag) => self.begin(tag, event)?,
            EventKind::Text(text) if self.inside == Inside::Value && event.depth == depth::VALUE => {
                if self.cell.value.len() + text.len() > limits::ROW {
                    self.row.refuse(TOO_LARGE);
                } else {
                    self.cell.value.push_str(text);
                }
            }
            EventKind::Text(text) if self.inside == Inside::Inline => {
                if self.row.texts.len() + text.len() > limits::ROW {
                    self.row.refuse(TOO_LARGE);
                } else {
                    self.cell.pieces.take(&event.kind, &mut self.row.texts);
                }
            }
            EventKind::Text(_) => {}
            EventKind::End(_) => return Ok(self.end(event, beside)),
        }
        Ok(Taken::Nothing)
    }

    fn begin(&mut self, tag: &StartTag<'_>, event: &Event<'_>) -> Result<(), Failure> {
        match (self.inside, event.depth) {
            (Inside::Row, depth::CELL) if is(tag.name, "c") => self.begin_cell(tag),
            (Inside::Cell, depth::VALUE) => match local_name(tag.name) {
                "v" => (self.inside, self.cell.has_value) = (Inside::Value, true),
                "f" => self.cell.has_formula = true,
                "is" => (self.inside, self.cell.has_inline) = (Inside::Inline, true),
                _ => {}
            },
            (Inside::Inline, _) => self.cell.pieces.take(&event.kind, &mut self.row.texts),
            (Inside::Data, depth::ROW) if is(tag.name, "row") => {
                self.before = Some((event.mark(), self.row.number));
                self.begin_row(tag.get("r"))?;
            }
            (Inside::Nothing, depth::DATA) if is(tag.name, "sheetData") => self.inside = Inside::Data,
            _ => {}
        }
        Ok(())
    }

    fn end(&mut self, event: &Event<'_>, beside: &Beside) -> Taken {
        match (self.inside, event.depth) {
            (Inside::Value | Inside::Inline, depth::VALUE) => self.inside = Inside::Cell,
            (Inside::Inline, _) => self.cell.pieces.take(&event.kind, &mut self.row.texts),
            (Inside::Cell, depth::CELL) => {
                self.inside = Inside::Row;
                self.end_cell(beside);
            }
            (Inside::Row, depth::ROW) => {
                (self.inside, self.before) = (Inside::Data, None);
                return Taken::Row;
            }
            (Inside::Data, depth::DATA) => return Taken::Over,
            _ => {}
        }
        Taken::Nothing
    }

    /// A row begins, with the number that it says, or else behind the one before.
    fn begin_row(&mut self, number: Option<&str>) -> Result<(), Failure> {
        let before = self.row.number;
        self.row.clear();
        self.inside = Inside::Row;
        (self.is_numbered, self.cell.column) = (number.is_some(), None);
        let behind = before.checked_add(1).ok_or_else(|| damaged("it has more rows than can be counted"))?;
        let Some(number) = number else {
            self.row.number = behind;
            return Ok(());
        };
        let shown = shortened(number);
        self.row.number =
            number.trim().parse().map_err(|_| damaged(&format!("behind row {before} of the sheet, {shown:?} is no number of a row")))?;
        if self.row.number <= before {
            return Err(damaged(&format!("row {shown} of the sheet comes behind row {before}")));
        }
        Ok(())
    }

    /// A cell begins, where it says, or else behind the one before.
    fn begin_cell(&mut self, tag: &StartTag<'_>) {
        let cell = &mut self.cell;
        (cell.kind, cell.format) = (Kind::Number, 0);
        (cell.has_value, cell.has_formula, cell.has_inline) = (false, false, false);
        cell.value.clear();
        cell.start = self.row.texts.len();
        self.inside = Inside::Cell;
        let mut place = None;
        for (name, value) in tag.iter() {
            match name {
                "r" => place = Some(place_of(value)),
                "s" => cell.format = value.parse().unwrap_or_default(),
                "t" => cell.kind = Kind::of(value),
                _ => {}
            }
        }
        let behind = cell.column.map_or(0, |column| column.saturating_add(1));
        let Some(Some((column, row))) = place else {
            cell.column = Some(behind);
            if place.is_some() {
                self.row.refuse(NO_SUCH_CELL);
            }
            return;
        };
        cell.column = Some(column);
        if row != self.row.number {
            // A row that has no number has that of its first cell.
            if self.is_numbered || self.before.is_none_or(|(_, before)| row <= before) {
                return self.row.refuse(NO_SUCH_CELL);
            }
            self.row.number = row;
        }
        self.is_numbered = true;
    }

    fn end_cell(&mut self, beside: &Beside) {
        let (cell, row) = (&mut self.cell, &mut self.row);
        let Some(column) = cell.column else { return };
        cell.pieces = Pieces::default();
        let is_inline = cell.has_inline && (cell.kind == Kind::Inline || row.texts.len() > cell.start);
        if is_inline {
            let text = Value::Text(index_in_row(cell.start), index_in_row(row.texts.len()));
            return row.put(column, text, 0);
        }
        if !cell.has_value || cell.kind == Kind::Inline {
            if cell.has_formula {
                row.put(column, Value::Null, 0);
            }
            return;
        }
        match cell.kind {
            Kind::Shared => match index_of(&cell.value).and_then(|index| Some((index, beside.texts.get(index)?))) {
                Some((index, text)) => row.put(column, Value::Shared(index), text.len()),
                None if cell.value.trim().is_empty() => {}
                None => row.refuse(NO_SUCH_TEXT),
            },
            Kind::Number => put_number(row, column, &cell.value, beside.formats.shown(cell.format), beside.is_1904),
            Kind::Boolean => match cell.value.trim() {
                "" => {}
                value => row.put(column, Value::Boolean(!matches!(value, "0" | "false")), 0),
            },
            Kind::Date => match dates::of_iso(cell.value.trim()) {
                Some(date) => row.put(column, date, 0),
                None => put_text(row, column, &cell.value),
            },
            Kind::Text | Kind::Inline => put_text(row, column, &cell.value),
        }
    }
}

impl Kind {
    fn of(name: &str) -> Self {
        match name {
            "n" => Self::Number,
            "s" => Self::Shared,
            "inlineStr" => Self::Inline,
            "b" => Self::Boolean,
            "d" => Self::Date,
            _ => Self::Text,
        }
    }
}

fn put_text(row: &mut Row, column: u32, value: &str) {
    let Some((start, _)) = row.push(value) else { return };
    unescape(&mut row.texts, start as usize);
    row.put(column, Value::Text(start, index_in_row(row.texts.len())), 0);
}

/// Puts a number, or the date that it is shown as. Its digits stay those of the file.
fn put_number(row: &mut Row, column: u32, value: &str, shown: Shown, is_1904: bool) {
    let value = value.trim();
    if value.is_empty() {
        return;
    }
    if shown != Shown::Number {
        let date = value.parse().ok().and_then(|serial| dates::of_serial(serial, shown, is_1904));
        if let Some(date) = date {
            return row.put(column, date, 0);
        }
    }
    if is_number(value.as_bytes()) {
        let Some((start, end)) = row.push(value) else { return };
        return row.put(column, Value::Number(start, end), 0);
    }
    match value.parse().ok().filter(|number: &f64| number.is_finite()) {
        Some(number) => row.put(column, Value::Float(number), 0),
        None => put_text(row, column, value),
    }
}

/// Whether the text is a number of JSON (RFC 8259, section 6).
fn is_number(text: &[u8]) -> bool {
    let digits = |text: &[u8]| text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let text = text.strip_prefix(b"-").unwrap_or(text);
    let whole = digits(text);
    if whole == 0 || whole > 1 && text.first() == Some(&b'0') {
        return false;
    }
    let mut rest = &text[whole..];
    if let Some(fraction) = rest.strip_prefix(b".") {
        let length = digits(fraction);
        if length == 0 {
            return false;
        }
        rest = &fraction[length..];
    }
    let Some(exponent) = rest.strip_prefix(b"e").or_else(|| rest.strip_prefix(b"E")) else { return rest.is_empty() };
    let exponent = exponent.strip_prefix(b"+").or_else(|| exponent.strip_prefix(b"-")).unwrap_or(exponent);
    !exponent.is_empty() && digits(exponent) == exponent.len()
}

fn index_of(value: &str) -> Option<u32> {
    value.trim().parse().ok()
}

#[inline]
fn is(name: &str, local: &str) -> bool {
    name == local || local_name(name) == local
}

/// Column, from 0 on, and row, from 1 on, of a cell's reference: `B4`.
fn place_of(reference: &str) -> Option<(u32, u32)> {
    let bytes = reference.as_bytes();
    let (mut column, mut row, mut at) = (0_u32, 0_u32, 0);
    while let Some(letter) = bytes.get(at).filter(|byte| byte.is_ascii_alphabetic()) {
        column = column.checked_mul(LETTERS)?.checked_add(u32::from(letter.to_ascii_uppercase() - b'A') + 1)?;
        at += 1;
    }
    let digits = bytes.get(at..).filter(|digits| !digits.is_empty())?;
    for digit in digits {
        let digit = digit.is_ascii_digit().then(|| u32::from(digit - b'0'))?;
        row = row.checked_mul(10)?.checked_add(digit)?;
    }
    Some((column.checked_sub(1)?, row))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_places() {
        for (reference, place) in [
            ("A1", Some((0, 1))),
            ("z10", Some((25, 10))),
            ("AA2", Some((26, 2))),
            ("XFD1048576", Some((16_383, 1_048_576))),
            ("ZZZZZZZ1", None),
            ("A99999999999", None),
            ("A", None),
            ("1", None),
            ("A1B", None),
            ("", None),
        ] {
            assert_eq!(place_of(reference), place, "{reference}");
        }
    }

    #[test]
    fn numbers_are_told_by_the_grammar_of_json() {
        for number in ["0", "-1", "1.0000000000000001E-1", "10e+5", "0.5", "-0.25e9"] {
            assert!(is_number(number.as_bytes()), "{number}");
        }
        for text in ["", "-", "01", "1.", ".5", "+1", "1e", "1e+", "NaN", "1 2", "0x1"] {
            assert!(!is_number(text.as_bytes()), "{text}");
        }
    }
}
