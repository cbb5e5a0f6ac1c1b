//! What our readers make of a file: whole, in pieces, and put down and taken up again.

use std::any::Any;
use std::fs;
use std::io::Read as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use anyhow::{Context as _, Result};
use laws::Cuts;
use serde_json::Value;
use tables::mapping::{Fields, Input};
use tables::read::{Hints, Reader, RowStep, Rows as _};
use tables::{Preview, PreviewStep, limits};
use tokens::TakesBytes as _;

use crate::values;

/// Bytes of a piece at most, and of a file that is read in such pieces.
const PIECES: [(usize, usize); 3] = [(1, 16 * 1024), (50, 256 * 1024), (4096, usize::MAX)];
/// Bytes that are read again in all where a reader is put down after rows.
const READ_AGAIN: usize = 200 * 1024 * 1024;
/// Bytes that a piece has where it does not matter.
const PIECE: usize = 64 * 1024;

/// What kind of file it is by its ending, which says who else reads it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// Texts in rows.
    Texts,
    /// Values with types in rows.
    Typed,
    /// A sheet, whose rows are as long as they are.
    Sheet,
    /// Records, which have names of their own.
    Records,
}

impl Form {
    /// None where nobody reads it.
    pub(crate) fn of(file: &Path) -> Option<Self> {
        let ending = file.extension()?.to_str()?.to_ascii_lowercase();
        match ending.as_str() {
            "csv" | "tsv" | "gz" => Some(Self::Texts),
            "json" | "jsonl" | "ndjson" => Some(Self::Records),
            "parquet" | "encrypted" => Some(Self::Typed),
            "xlsx" | "xlsm" | "xls" | "xlsb" | "ods" => Some(Self::Sheet),
            _ => None,
        }
    }
}

/// What was read.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Ours {
    /// The names of all columns, in the order in which they came.
    pub(crate) names: Vec<String>,
    pub(crate) rows: Vec<Row>,
    /// Why reading ended before the end.
    pub(crate) error: Option<String>,
    /// Which law of readers does not hold.
    pub(crate) broken: Option<String>,
    /// How it is written, as the sniffer thinks, for people.
    pub(crate) dialect: String,
}

/// A row.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Row {
    /// Its place, and its values with the numbers of their columns and their names.
    Cells { offset: u64, line: u64, cells: Vec<(usize, String, Value)> },
    /// Why it is none.
    Bad(String),
}

impl Ours {
    /// Reads a file.
    pub(crate) fn read(path: &Path, form: Form) -> Result<Self> {
        let mut bytes = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
        let mut name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if let Some(inner) = name.strip_suffix(".gz") {
            // As an upload is unpacked before anything reads it.
            let mut unpacked = Vec::new();
            flate2::read::MultiGzDecoder::new(bytes.as_slice()).read_to_end(&mut unpacked)?;
            (name, bytes) = (inner.to_owned(), unpacked);
        }
        let file = File { bytes: &bytes, name: &name, form };
        Ok(catch_unwind(AssertUnwindSafe(|| file.read_lawfully())).unwrap_or_else(|panic| Self::panicked(&*panic)))
    }

    fn panicked(panic: &(dyn Any + Send)) -> Self {
        let text = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
        Self { broken: Some(format!("it panics: {}", text.unwrap_or("?"))), ..Self::default() }
    }

    /// Rows that cannot be used.
    pub(crate) fn bad(&self) -> usize {
        self.rows.iter().filter(|row| matches!(row, Row::Bad(_))).count()
    }

    /// The rows, each with a value for each column that it has.
    pub(crate) fn grid(&self) -> Vec<Vec<Value>> {
        let cells = self.rows.iter().filter_map(|row| match row {
            Row::Cells { cells, .. } => Some(cells),
            Row::Bad(_) => None,
        });
        cells
            .map(|cells| {
                let width = cells.iter().map(|(column, ..)| column + 1).max().unwrap_or_default();
                let mut row = vec![Value::Null; width];
                for (column, _, value) in cells {
                    row[*column] = value.clone();
                }
                row
            })
            .collect()
    }

    /// Whether the columns have names of the file's.
    pub(crate) fn has_header(&self) -> bool {
        self.names.iter().enumerate().any(|(index, name)| *name != format!("column_{}", index + 1))
    }
}

/// A file in memory.
struct File<'a> {
    bytes: &'a [u8],
    name: &'a str,
    form: Form,
}

impl File<'_> {
    /// Reads it in several ways, which all have to see the same.
    fn read_lawfully(&self) -> Ours {
        let mut whole = self.read(Cuts::none(), None);
        whole.dialect = self.dialect();
        let broken = |how: String, other: &Ours| {
            (!is_same(&whole, other)).then(|| format!("{how} it gives other rows: {}", first_of(&whole, other)))
        };
        let pieces = PIECES.iter().filter(|(_, most)| self.bytes.len() <= *most);
        let mut law = pieces
            .clone()
            .find_map(|(piece, _)| broken(format!("in pieces of up to {piece} bytes"), &self.read(Cuts::of(self.bytes, *piece), None)));
        let between = 1 + whole.rows.len().saturating_mul(self.bytes.len()) / READ_AGAIN;
        law =
            law.or_else(|| broken(format!("put down after every {between} rows"), &self.read(Cuts::of(self.bytes, PIECE), Some(between))));
        self.preview();
        whole.broken = law;
        whole
    }

    fn hints(&self) -> Hints<'_> {
        Hints { name: self.name, input: None, size: self.bytes.len() as u64 }
    }

    fn open(&self) -> Result<Reader, String> {
        let complete = self.bytes.len() <= limits::START;
        let start = if complete { self.bytes } else { &self.bytes[..limits::START] };
        Reader::open(start, complete, self.hints()).map_err(|error| error.message)
    }

    fn dialect(&self) -> String {
        if self.form != Form::Texts {
            return String::new();
        }
        let complete = self.bytes.len() <= limits::START;
        let dialect = tables::sniff(&self.bytes[..self.bytes.len().min(limits::START)], complete);
        let character = |byte: Option<u8>| byte.map_or_else(|| "none".to_owned(), |byte| format!("{:?}", char::from(byte)));
        let (quote, escape) = (character(dialect.quote), character(dialect.escape));
        format!(
            "delimiter {:?}, quote {quote}, escape {escape}, header {:?}, {} rows before",
            char::from(dialect.delimiter),
            dialect.header_row,
            dialect.preamble_rows
        )
    }

    /// Reads it, put down after so many rows where that is said.
    fn read(&self, mut cuts: Cuts, put_down: Option<usize>) -> Ours {
        let mut ours = Ours::default();
        let mut reader = match self.open() {
            Ok(reader) => reader,
            Err(error) => return Ours { error: Some(error), ..ours },
        };
        loop {
            match reader.next() {
                Ok(RowStep::Row) => ours.take(&reader),
                Ok(RowStep::Bad { code, .. }) => ours.rows.push(Row::Bad(format!("{code} in line {}", reader.line()))),
                Ok(RowStep::Working) => continue,
                Ok(RowStep::NeedInput) => {
                    match cuts.piece(self.bytes, reader.position()) {
                        [] => reader.end_of_input(),
                        piece => reader.feed(piece),
                    }
                    continue;
                }
                Ok(RowStep::End) => break,
                Err(error) => {
                    ours.error = Some(error.message);
                    break;
                }
            }
            if put_down.is_some_and(|rows| ours.rows.len().is_multiple_of(rows)) {
                ours.learn(&reader);
                reader = match Reader::resume(&reader.checkpoint(), self.hints()) {
                    Ok(reader) => reader,
                    Err(error) => return Ours { error: Some(error), ..ours },
                };
            }
        }
        ours.learn(&reader);
        ours
    }

    /// What would come of it must at least come without a panic.
    fn preview(&self) {
        let Ok(reader) = self.open() else { return };
        let mut preview = Preview::new(reader);
        while let Ok(PreviewStep::Bytes(at)) = preview.look() {
            let at = usize::try_from(at).unwrap_or(usize::MAX).min(self.bytes.len());
            preview.feed(&self.bytes[at..self.bytes.len().min(at + PIECE)]);
        }
        preview.finish(Input::default());
    }
}

impl Ours {
    fn take(&mut self, reader: &Reader) {
        let (names, is_text) = (reader.names(), reader.fields() == Fields::Texts);
        let mut cells = Vec::new();
        reader.cells(|column, cell| {
            if let Some(value) = values::of_cell(cell) {
                cells.push((column, names[column].clone(), value));
            }
        });
        // Where records name their fields, columns have other numbers after each time that a reader is taken up again.
        if is_text {
            cells.sort_by_key(|(column, ..)| *column);
        } else {
            cells.sort_by(|(_, a, _), (_, b, _)| a.cmp(b));
        }
        self.rows.push(Row::Cells { offset: reader.offset(), line: reader.line(), cells });
    }

    fn learn(&mut self, reader: &Reader) {
        if reader.names().len() > self.names.len() {
            self.names = reader.names().to_vec();
        }
    }
}

/// The same rows and end; numbers of columns that have names do not matter.
fn is_same(whole: &Ours, other: &Ours) -> bool {
    whole.error == other.error && whole.rows.len() == other.rows.len() && whole.rows.iter().zip(&other.rows).all(|(a, b)| is_same_row(a, b))
}

fn is_same_row(a: &Row, b: &Row) -> bool {
    match (a, b) {
        (Row::Bad(a), Row::Bad(b)) => a == b,
        (Row::Cells { offset, line, cells }, Row::Cells { offset: other_offset, line: other_line, cells: others }) => {
            let named =
                |cells: &[(usize, String, Value)]| cells.iter().map(|(_, name, value)| (name.clone(), value.clone())).collect::<Vec<_>>();
            offset == other_offset && line == other_line && named(cells) == named(others)
        }
        _ => false,
    }
}

/// The first difference, for people.
fn first_of(whole: &Ours, other: &Ours) -> String {
    let row = whole.rows.iter().zip(&other.rows).position(|(a, b)| !is_same_row(a, b));
    match row {
        Some(row) => format!("row {}: {:?}, not {:?}", row + 1, other.rows[row], whole.rows[row]),
        None => format!("{} rows and {:?}, not {} and {:?}", other.rows.len(), other.error, whole.rows.len(), whole.error),
    }
}
