//! The cells of a sheet as a table (ECMA-376 part 1, 18.3.1).

use tokens::xml::{EventKind, StartTag, local_name};

use super::formats::CellFormats;
use super::texts::{SharedTexts, Text, append, unescape};
use super::{Place, read_events, unreadable};
use crate::content::{Event, Flow};
use crate::{Error, limits};

/// What is gathered of a table before it is given on.
const PIECE: usize = 32 * 1024;
/// Letters of the alphabet, of which the names of columns are made.
const LETTERS: u32 = 26;

/// What is needed beside the sheet.
pub(super) struct Beside<'a> {
    pub(super) texts: &'a SharedTexts,
    pub(super) formats: &'a CellFormats,
    /// Bytes of the tables before it.
    pub(super) written: u64,
    pub(super) depth: usize,
}

/// Writes the cells of a sheet row by row, and gives how many bytes the workbook's tables have with it. Rows without any are left out.
pub(super) fn write(file: &[u8], place: &Place, beside: Beside<'_>, flow: &mut Flow<'_>) -> Result<u64, Error> {
    let table = Table { flow, depth: beside.depth, written: beside.written, held: Vec::new(), at: None };
    let mut sheet = Sheet { beside, table, row: 0, column: 0, cell: None, in_data: false };
    read_events(file, place, &mut |event| sheet.take(event))?;
    sheet.table.end()
}

struct Sheet<'a, 'f, 'b> {
    beside: Beside<'a>,
    table: Table<'f, 'b>,
    /// Of the last cell, from 1 on.
    row: u32,
    column: u32,
    cell: Option<Cell>,
    in_data: bool,
}

/// A cell as far as it was read.
#[derive(Default)]
struct Cell {
    kind: CellKind,
    format: usize,
    value: String,
    in_value: bool,
    /// A text that stands in the cell.
    inline: Text,
}

/// What a cell's value is (18.18.11).
#[derive(Clone, Copy, Default, PartialEq)]
enum CellKind {
    #[default]
    Number,
    Shared,
    Inline,
    Bool,
    Error,
    Text,
}

impl Sheet<'_, '_, '_> {
    fn take(&mut self, event: &EventKind<'_>) -> Result<(), Error> {
        match event {
            EventKind::Start(tag) if local_name(tag.name) == "sheetData" => self.in_data = true,
            EventKind::End(name) if local_name(name) == "sheetData" => self.in_data = false,
            _ if !self.in_data => {}
            EventKind::Start(tag) if self.cell.is_none() => self.begin(tag)?,
            EventKind::End(name) if local_name(name) == "c" => self.end_cell()?,
            event => {
                if let Some(cell) = &mut self.cell {
                    cell.take(event)?;
                }
            }
        }
        Ok(())
    }

    /// A row or a cell begins, where it says, or else behind the one before.
    fn begin(&mut self, tag: &StartTag<'_>) -> Result<(), Error> {
        let name = tag.get("r");
        match local_name(tag.name) {
            "row" => (self.row, self.column) = (name.map_or(Some(self.row + 1), |row| row.trim().parse().ok()).unwrap_or_default(), 0),
            "c" => {
                let behind = (self.column + 1, self.row.max(1));
                (self.column, self.row) = name.map_or(Some(behind), place_of).unwrap_or_default();
                let format = tag.get("s").and_then(|format| format.parse().ok()).unwrap_or_default();
                self.cell = Some(Cell { kind: CellKind::of(tag.get("t")), format, ..Cell::default() });
            }
            _ => return Ok(()),
        }
        if (1..=limits::WORKBOOK_ROWS).contains(&self.row) && self.column <= limits::WORKBOOK_COLUMNS {
            return Ok(());
        }
        let name: String = name.unwrap_or("one more").chars().take(limits::NAME).collect();
        let (columns, rows) = (limits::WORKBOOK_COLUMNS, limits::WORKBOOK_ROWS);
        Err(unreadable(&format!("{name:?} is no place in a sheet, which has {columns} columns and {rows} rows")))
    }

    fn end_cell(&mut self) -> Result<(), Error> {
        let Some(cell) = self.cell.take() else { return Ok(()) };
        let (Beside { texts, formats, .. }, table) = (&self.beside, &mut self.table);
        let (row, column, value) = (self.row, self.column, cell.value.as_str());
        match cell.kind {
            _ if !cell.inline.as_str().is_empty() => table.put(row, column, cell.inline.as_str()),
            CellKind::Inline | CellKind::Error => Ok(()),
            _ if value.is_empty() => Ok(()),
            CellKind::Shared => table.put(row, column, texts.get(value)?),
            CellKind::Bool => table.put(row, column, if matches!(value.trim(), "0" | "false") { "false" } else { "true" }),
            CellKind::Number => match value.trim().parse().ok().filter(|number: &f64| number.is_finite()) {
                Some(number) => table.put(row, column, &formats.text_of(number, cell.format)),
                None => table.put(row, column, value),
            },
            CellKind::Text => {
                let mut text = String::new();
                unescape(value, &mut text);
                table.put(row, column, &text)
            }
        }
    }
}

impl Cell {
    fn take(&mut self, event: &EventKind<'_>) -> Result<(), Error> {
        match event {
            EventKind::Start(tag) if local_name(tag.name) == "v" => self.in_value = true,
            EventKind::End(name) if local_name(name) == "v" => self.in_value = false,
            EventKind::Text(text) if self.in_value => append(&mut self.value, text)?,
            event => self.inline.take(event)?,
        }
        Ok(())
    }
}

impl CellKind {
    fn of(name: Option<&str>) -> Self {
        match name {
            None | Some("n") => Self::Number,
            Some("s") => Self::Shared,
            Some("inlineStr") => Self::Inline,
            Some("b") => Self::Bool,
            Some("e") => Self::Error,
            Some(_) => Self::Text,
        }
    }
}

/// Column and row of a cell's name, from 1 on: `B4`.
fn place_of(name: &str) -> Option<(u32, u32)> {
    let (letters, digits) = name.split_at(name.find(|c: char| c.is_ascii_digit())?);
    let column = letters.bytes().try_fold(0_u32, |column, letter| {
        let letter = letter.is_ascii_alphabetic().then(|| u32::from(letter.to_ascii_uppercase() - b'A') + 1)?;
        column.checked_mul(LETTERS)?.checked_add(letter)
    })?;
    Some((column, digits.parse().ok()?)).filter(|(column, _)| *column > 0)
}

/// CSV (RFC 4180) on its way out. What is written is counted before it is.
struct Table<'f, 'b> {
    flow: &'f mut Flow<'b>,
    depth: usize,
    written: u64,
    held: Vec<u8>,
    /// Row and column of the last field.
    at: Option<(u32, u32)>,
}

impl Table<'_, '_> {
    /// Writes a field, which is not empty, where it belongs.
    fn put(&mut self, row: u32, column: u32, text: &str) -> Result<(), Error> {
        if text.is_empty() {
            return Ok(());
        }
        let before = match self.at {
            Some((last, before)) if last == row && before < column => before,
            Some((last, _)) if last == row => return Err(unreadable(&format!("the cells of row {row} are not in order"))),
            Some(_) => {
                self.write(b"\n")?;
                1
            }
            None => 1,
        };
        for _ in before..column {
            self.write(b",")?;
        }
        self.at = Some((row, column));
        if !text.contains([',', '"', '\n', '\r']) {
            return self.write(text.as_bytes());
        }
        self.write(b"\"")?;
        for piece in text.split_inclusive('"') {
            self.write(piece.as_bytes())?;
            if piece.ends_with('"') {
                self.write(b"\"")?;
            }
        }
        self.write(b"\"")
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.written += bytes.len() as u64;
        if self.written > limits::WORKBOOK_TABLES {
            let most = limits::WORKBOOK_TABLES;
            return Err(Error::too_large(format!("as CSV, the workbook has more than {most} bytes: send its sheets as CSV")));
        }
        self.flow.budget.unpacked(self.depth, bytes.len())?;
        for piece in bytes.chunks(PIECE) {
            if self.held.len() + piece.len() > PIECE {
                self.give()?;
            }
            self.held.extend_from_slice(piece);
        }
        Ok(())
    }

    fn give(&mut self) -> Result<(), Error> {
        (self.flow.sink)(Event::Bytes(&self.held))?;
        self.held.clear();
        Ok(())
    }

    fn end(mut self) -> Result<u64, Error> {
        if self.at.is_some() {
            self.write(b"\n")?;
        }
        self.give()?;
        Ok(self.written)
    }
}
