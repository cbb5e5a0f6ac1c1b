//! A file of any format that is read, from the first bytes on.

use tokens::csv::Dialect;
use tokens::{Look, ReadError, ReadErrorKind, TakesBytes, look};

use super::{Cut, RowStep, Rows, broken_checkpoint, csv, json, parquet, xlsx};
use crate::Cell;
use crate::mapping::{Fields, Format, Input};

/// Reads the rows of a file.
pub enum Reader {
    /// CSV and what is like it.
    Csv(Box<csv::Reader>),
    /// JSON and JSON Lines.
    Json(Box<json::Reader>),
    /// Workbooks.
    Xlsx(Box<xlsx::Reader>),
    /// Parquet.
    Parquet(Box<parquet::Reader>),
}

/// Bytes of a workbook that are asked for at once: its parts are read in a few jumps, and then one of them from byte to byte.
const XLSX_PIECE: u64 = 4 * 1024 * 1024;

/// What is known of a file before it is read.
#[derive(Clone, Copy, Debug)]
pub struct Hints<'a> {
    /// Its name.
    pub name: &'a str,
    /// What whoever sends it says of it.
    pub input: Option<&'a Input>,
    /// Its length in bytes.
    pub size: u64,
}

/// Does the same with whichever reader it is.
macro_rules! each {
    ($reader:expr, $inner:ident => $what:expr) => {
        match $reader {
            Reader::Csv($inner) => $what,
            Reader::Json($inner) => $what,
            Reader::Xlsx($inner) => $what,
            Reader::Parquet($inner) => $what,
        }
    };
}

impl Reader {
    /// The reader of a file that begins so, at its start. `start` has [`START`](limits::START) bytes, or all of the file (`complete`).
    pub fn open(start: &[u8], complete: bool, hints: Hints<'_>) -> Result<Self, ReadError> {
        let input = hints.input.cloned().unwrap_or_default();
        let format = match input.format {
            Some(format) => format,
            None => told(start, complete, hints.name)?,
        };
        Ok(match format {
            Format::Csv | Format::Tsv => Self::Csv(Box::new(csv::Reader::new(csv_options(start, complete, format, &input)?))),
            Format::Jsonl => Self::Json(Box::new(json::Reader::new(json::Layout::Lines))),
            Format::Json => Self::Json(Box::new(json::Reader::new(layout(start, complete, &input)?))),
            Format::Parquet => Self::Parquet(Box::new(parquet::Reader::new(hints.size))),
            Format::Xlsx => Self::Xlsx(Box::new(xlsx::Reader::new(hints.size, sheet_of(&input)))),
        })
    }

    /// From a checkpoint.
    pub fn resume(checkpoint: &[u8], hints: Hints<'_>) -> Result<Self, String> {
        match checkpoint.split_first() {
            Some((b'c', rest)) => csv::Reader::resume(rest).map(|reader| Self::Csv(Box::new(reader))),
            Some((b'j', rest)) => json::Reader::resume(rest).map(|reader| Self::Json(Box::new(reader))),
            Some((b'x', rest)) => {
                let reader = xlsx::Reader::resume(hints.size, sheet_of(&hints.input.cloned().unwrap_or_default()), rest);
                reader.map(|reader| Self::Xlsx(Box::new(reader))).ok_or_else(|| broken_checkpoint("of a workbook"))
            }
            Some((b'p', rest)) => {
                let reader = parquet::Reader::resume(hints.size, rest).map_err(broken_checkpoint);
                reader.map(|reader| Self::Parquet(Box::new(reader)))
            }
            _ => Err(broken_checkpoint("no format")),
        }
    }

    /// The format's name, as callers know it.
    pub fn format(&self) -> &'static str {
        match self {
            Self::Csv(_) => "csv",
            Self::Json(reader) => reader.format(),
            Self::Xlsx(_) => "xlsx",
            Self::Parquet(_) => "parquet",
        }
    }

    /// What its fields are.
    pub fn fields(&self) -> Fields {
        Fields::of_format(self.format())
    }

    /// It ends at this offset, at which it was cut: what comes after is another's. Those that read on from byte to byte hear it when there are no more.
    pub fn end_at(&mut self, offset: u64) {
        if let Self::Parquet(reader) = self {
            reader.end_at(offset);
        }
    }

    /// Where the bytes end that are of use at its position, of a format that is not read from byte to byte.
    pub fn reach(&self) -> Option<u64> {
        match self {
            Self::Csv(_) | Self::Json(_) => None,
            Self::Xlsx(reader) => Some(reader.position() + XLSX_PIECE),
            Self::Parquet(reader) => Some(reader.wanted().end),
        }
    }

    fn tag(&self) -> u8 {
        match self {
            Self::Csv(_) => b'c',
            Self::Json(_) => b'j',
            Self::Xlsx(_) => b'x',
            Self::Parquet(_) => b'p',
        }
    }

    /// What finds the places at which what is left can be cut, each at least so many bytes behind the one before; none where there are none, or none is known
    /// yet.
    pub fn cutter(&self, spacing: u64) -> Option<Cutter> {
        let tag = self.tag();
        match self {
            Self::Csv(reader) => reader.cutter(spacing).map(|cutter| Cutter { tag, kind: CutterKind::Csv(Box::new(cutter)) }),
            Self::Json(reader) => reader.cutter(spacing).map(|cutter| Cutter { tag, kind: CutterKind::Json(cutter) }),
            // Its rows are in one stream that is packed.
            Self::Xlsx(_) => None,
            Self::Parquet(reader) => reader.cut(spacing).map(|(offset, checkpoint)| {
                let cut = Some(Cut { offset, checkpoint });
                Cutter { tag, kind: CutterKind::Known { position: reader.progress(), cut } }
            }),
        }
    }
}

impl TakesBytes for Reader {
    fn position(&self) -> u64 {
        each!(self, reader => reader.position())
    }

    fn progress(&self) -> u64 {
        each!(self, reader => reader.progress())
    }

    fn feed(&mut self, bytes: &[u8]) {
        each!(self, reader => reader.feed(bytes));
    }

    fn end_of_input(&mut self) {
        each!(self, reader => reader.end_of_input());
    }

    fn work(&self) -> u64 {
        each!(self, reader => reader.work())
    }
}

impl Rows for Reader {
    fn next(&mut self) -> Result<RowStep, ReadError> {
        each!(self, reader => reader.next())
    }

    fn names(&self) -> &[String] {
        each!(self, reader => reader.names())
    }

    fn cells<'a>(&'a self, take: impl FnMut(usize, Cell<'a>)) {
        each!(self, reader => reader.cells(take));
    }

    fn offset(&self) -> u64 {
        each!(self, reader => reader.offset())
    }

    fn line(&self) -> u64 {
        each!(self, reader => reader.line())
    }

    fn raw(&self) -> String {
        each!(self, reader => reader.raw())
    }

    fn checkpoint(&self) -> Vec<u8> {
        tagged(self.tag(), &each!(self, reader => reader.checkpoint()))
    }
}

fn tagged(tag: u8, checkpoint: &[u8]) -> Vec<u8> {
    [&[tag], checkpoint].concat()
}

/// Finds places at which a file can be cut.
pub struct Cutter {
    tag: u8,
    kind: CutterKind,
}

enum CutterKind {
    Csv(Box<csv::Cutter>),
    Json(json::Cutter),
    /// It is known without a look at the bytes.
    Known {
        position: u64,
        cut: Option<Cut>,
    },
}

impl Cutter {
    /// Offset of what [`feed`](Self::feed) wants next.
    pub fn position(&self) -> u64 {
        match &self.kind {
            CutterKind::Csv(cutter) => cutter.position(),
            CutterKind::Json(cutter) => cutter.position(),
            CutterKind::Known { position, .. } => *position,
        }
    }

    /// Takes the bytes at [`position`](Self::position), and gives the cuts in them, in order.
    pub fn feed(&mut self, bytes: &[u8]) -> Vec<Cut> {
        let mut cuts = match &mut self.kind {
            CutterKind::Csv(cutter) => cutter.feed(bytes),
            CutterKind::Json(cutter) => cutter.feed(bytes),
            CutterKind::Known { position, cut } => {
                *position += bytes.len() as u64;
                cut.take().into_iter().collect()
            }
        };
        for cut in &mut cuts {
            cut.checkpoint = tagged(self.tag, &cut.checkpoint);
        }
        cuts
    }
}

fn sheet_of(input: &Input) -> xlsx::Options {
    xlsx::Options { sheet: input.sheet.clone(), header_row: input.header_row }
}

fn unreadable(message: impl Into<String>) -> ReadError {
    ReadError { kind: ReadErrorKind::NotThisFormat, message: message.into(), offset: 0, line: 1 }
}

/// What a file is whose uploader does not say it: its first bytes tell, and where they leave it open its name.
fn told(start: &[u8], complete: bool, name: &str) -> Result<Format, ReadError> {
    // With the second one, its footer is encrypted, which the reader says.
    if start.starts_with(b"PAR1") || start.starts_with(b"PARE") {
        return Ok(Format::Parquet);
    }
    // Of old and encrypted workbooks the reader says what to do with them.
    if start.starts_with(b"PK\x03\x04") || start.starts_with(xlsx::COMPOUND_FILE) {
        return Ok(Format::Xlsx);
    }
    let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending).to_ascii_lowercase();
    match look(start, complete) {
        Look::Empty | Look::Blank => Err(unreadable("the file is empty")),
        Look::Binary(what) => Err(unreadable(format!("this is {what}, and no table of a known format"))),
        Look::Markup => Err(unreadable("this is XML or HTML; tables are read of CSV, JSON, JSON Lines, Parquet and workbooks")),
        Look::Json if matches!(ending.as_str(), "jsonl" | "ndjson") || is_json_line(start) => Ok(Format::Jsonl),
        Look::Json if matches!(ending.as_str(), "csv" | "tsv" | "txt") => Ok(Format::Csv),
        Look::Json => Ok(Format::Json),
        Look::Text | Look::NeedMore if is_no_text(start) => {
            Err(unreadable("this is no text; tables are read of CSV, JSON, JSON Lines, Parquet and XLSX workbooks"))
        }
        Look::Text if matches!(ending.as_str(), "jsonl" | "ndjson") => Ok(Format::Jsonl),
        Look::Text if ending == "json" => Ok(Format::Json),
        Look::Text if ending == "tsv" => Ok(Format::Tsv),
        Look::Text | Look::NeedMore => Ok(Format::Csv),
    }
}

/// Whether there are so many characters in it that no text has that it is none; but UTF-16 may be full of zeros.
fn is_no_text(start: &[u8]) -> bool {
    const LOOKED_AT: usize = 4096;
    const FEW: usize = 10;
    const SHARE: usize = 10;
    let start = start.get(..LOOKED_AT).unwrap_or(start);
    let is_utf_16 = matches!(start, [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..]) || matches!(start, [0, other, ..] | [other, 0, ..] if *other != 0);
    let is_control = |byte: &&u8| byte.is_ascii_control() && !byte.is_ascii_whitespace();
    let count = start.iter().filter(is_control).count();
    !is_utf_16 && count > FEW && count * SHARE > start.len()
}

/// Whether the first line is an object, and another line follows.
fn is_json_line(start: &[u8]) -> bool {
    let Some(end) = memchr::memchr(b'\n', start) else { return false };
    let (line, rest) = start.split_at(end);
    line.trim_ascii().starts_with(b"{")
        && !rest.trim_ascii().is_empty()
        && serde_json::from_slice::<serde::de::IgnoredAny>(line.trim_ascii()).is_ok()
}

fn layout(start: &[u8], complete: bool, input: &Input) -> Result<json::Layout, ReadError> {
    let Some(pointer) = input.records.as_deref().filter(|pointer| !pointer.is_empty()) else {
        let text = start.strip_prefix(b"\xef\xbb\xbf").unwrap_or(start).trim_ascii_start();
        if text.is_empty() && complete {
            return Err(unreadable("the file is empty"));
        }
        return Ok(if text.starts_with(b"[") { json::Layout::Array } else { json::Layout::Values });
    };
    let names = pointer.strip_prefix('/').ok_or_else(|| unreadable("records is a JSON pointer (RFC 6901), which begins with /"))?;
    Ok(json::Layout::At(names.split('/').map(|name| name.replace("~1", "/").replace("~0", "~")).collect()))
}

/// How a table is written: as is said, and what is not said as its first rows show.
fn csv_options(start: &[u8], complete: bool, format: Format, input: &Input) -> Result<csv::Options, ReadError> {
    let sniffed = crate::sniff::sniff(start, complete);
    let character = |name: &str, text: &Option<String>| match text.as_deref().map(str::as_bytes) {
        None => Ok(None),
        Some([]) => Ok(Some(None)),
        Some([byte]) if byte.is_ascii() => Ok(Some(Some(*byte))),
        Some(_) => Err(unreadable(format!("{name} is one character of ASCII"))),
    };
    let delimiter = character("delimiter", &input.delimiter)?.flatten();
    let (quote, escape) = (character("quote", &input.quote)?, character("escape", &input.escape)?);
    let said = (format == Format::Tsv).then_some(b'\t');
    let dialect = Dialect {
        delimiter: delimiter.or(said).unwrap_or(sniffed.delimiter),
        quote: quote.unwrap_or(sniffed.quote),
        escape: escape.unwrap_or(sniffed.escape),
    };
    let (skip_rows, has_header) = match input.header_row {
        Some(0) => (0, false),
        Some(row) => (row - 1, true),
        None => (sniffed.header_row.map_or(sniffed.preamble_rows, |row| row - 1), sniffed.header_row.is_some()),
    };
    Ok(csv::Options { dialect, skip_rows, has_header, skip_after_header: input.skip_rows.unwrap_or_default() })
}
