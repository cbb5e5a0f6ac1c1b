//! Workbooks (XLSX, ECMA-376): each sheet becomes a table as CSV text.
//!
//! A workbook is held as it comes, since its directory stands at its end, and read at the end by a kept crate, which holds the texts that
//! cells share. So that this cannot be more than expected, its parts are unpacked and counted while they come, and the directory must name
//! exactly these parts.

use std::collections::BTreeMap;
use std::io::Cursor;

use calamine::{Data, DataRef, Reader as _, Xlsx, XlsxError};

use crate::budget::Budget;
use crate::content::{Event, Flow};
use crate::zip::{Part, Zip, number};
use crate::{Error, limits};

/// The end of a directory (APPNOTE.TXT 4.3.16) without a comment.
const DIRECTORY_END: usize = 22;
/// An entry of a directory (4.3.12) without name, extra field and comment.
const DIRECTORY_ENTRY: usize = 46;
/// The part with the texts that cells share.
const TEXTS: &str = "xl/sharedStrings.xml";

/// A workbook on its way in.
pub(crate) struct Workbook {
    held: Vec<u8>,
    zip: Zip,
    parts: Parts,
}

/// What came: where each part's header stands, and how it is compressed; and how much they hold.
#[derive(Default)]
struct Parts {
    methods: BTreeMap<u64, u16>,
    bytes: u64,
    texts: u64,
    in_texts: bool,
}

impl Workbook {
    pub(crate) fn new() -> Self {
        Self { held: Vec::new(), zip: Zip::new(), parts: Parts::default() }
    }

    pub(crate) fn feed(&mut self, bytes: &[u8], depth: usize, budget: &mut Budget) -> Result<(), Error> {
        if self.held.len() + bytes.len() > limits::WORKBOOK {
            return Err(Error::too_large(format!("the workbook has more than {} bytes: send its sheets as CSV", limits::WORKBOOK)));
        }
        self.held.extend_from_slice(bytes);
        let parts = &mut self.parts;
        self.zip.feed(bytes, &mut |part| parts.count(&part, depth, budget))
    }

    /// Gives each sheet as a file.
    pub(crate) fn finish(&mut self, depth: usize, flow: &mut Flow<'_>) -> Result<(), Error> {
        self.zip.finish()?;
        self.parts.check_directory(&self.held)?;
        let mut workbook = Xlsx::new(Cursor::new(std::mem::take(&mut self.held))).map_err(|error| unreadable(&error))?;
        for name in workbook.sheet_names() {
            (flow.sink)(Event::Begin { name: &format!("{name}.csv"), depth: depth + 1, listed: true })?;
            write_sheet(&mut workbook, &name, depth, flow)?;
            (flow.sink)(Event::End)?;
        }
        Ok(())
    }
}

impl Parts {
    fn count(&mut self, part: &Part<'_>, depth: usize, budget: &mut Budget) -> Result<(), Error> {
        match part {
            Part::Entry { name, at, method } => {
                self.methods.insert(*at, *method);
                self.in_texts = name.eq_ignore_ascii_case(TEXTS);
                budget.entry()
            }
            Part::Bytes(bytes) => {
                budget.unpacked(depth, bytes.len())?;
                self.bytes += bytes.len() as u64;
                self.texts += if self.in_texts { bytes.len() as u64 } else { 0 };
                if self.bytes > limits::WORKBOOK_PARTS || self.texts > limits::WORKBOOK_TEXTS {
                    return Err(Error::too_large(format!(
                        "unpacked, the workbook has more than {} bytes, or {} of texts: send its sheets as CSV",
                        limits::WORKBOOK_PARTS,
                        limits::WORKBOOK_TEXTS
                    )));
                }
                Ok(())
            }
            Part::End => Ok(()),
        }
    }

    /// Whether the directory at the end says of the parts what their own headers said.
    fn check_directory(&self, file: &[u8]) -> Result<(), Error> {
        let same = self.directory_is_theirs(file).unwrap_or(false);
        same.then_some(())
            .ok_or_else(|| Error::broken("the workbook's directory is not that of its parts: save it again with a spreadsheet program"))
    }

    fn directory_is_theirs(&self, file: &[u8]) -> Option<bool> {
        let end = file.len().checked_sub(DIRECTORY_END)?;
        let start = u32::from_le_bytes(number(file, end + 16)?) as usize;
        let mut directory = file.get(start..end).filter(|_| file[end..].starts_with(b"PK\x05\x06"))?;
        while !directory.is_empty() {
            let length = |at| number(directory, at).map(|bytes| usize::from(u16::from_le_bytes(bytes)));
            let length = DIRECTORY_ENTRY + length(28)? + length(30)? + length(32)?;
            let method = u16::from_le_bytes(number(directory, 10)?);
            let at = u32::from_le_bytes(number(directory, 42)?);
            if !directory.starts_with(b"PK\x01\x02") || self.methods.get(&u64::from(at)) != Some(&method) {
                return Some(false);
            }
            directory = directory.get(length..)?;
        }
        Some(true)
    }
}

/// Writes the cells of a sheet row by row. Rows without any are left out.
fn write_sheet(workbook: &mut Xlsx<Cursor<Vec<u8>>>, name: &str, depth: usize, flow: &mut Flow<'_>) -> Result<(), Error> {
    let mut cells = match workbook.worksheet_cells_reader(name) {
        Ok(cells) => cells,
        // A sheet that is a chart has no cells.
        Err(XlsxError::NotAWorksheet(_)) => return Ok(()),
        Err(error) => return Err(unreadable(&error)),
    };
    let (mut row, mut width, mut line) = (0, 0, String::new());
    while let Some(cell) = cells.next_cell().map_err(|error| unreadable(&error))? {
        let text = text_of(cell.get_value());
        if text.is_empty() {
            continue;
        }
        let (cell_row, column) = cell.get_position();
        if cell_row != row {
            write_line(&mut line, depth, flow)?;
            (row, width) = (cell_row, 0);
        }
        while width < column {
            line.push(',');
            width += 1;
        }
        write_field(&mut line, &text);
    }
    write_line(&mut line, depth, flow)
}

fn write_line(line: &mut String, depth: usize, flow: &mut Flow<'_>) -> Result<(), Error> {
    if !line.is_empty() {
        line.push('\n');
        flow.budget.unpacked(depth, line.len())?;
        (flow.sink)(Event::Bytes(line.as_bytes()))?;
        line.clear();
    }
    Ok(())
}

/// A field of CSV (RFC 4180), in quotes where it needs them.
fn write_field(line: &mut String, text: &str) {
    if text.contains([',', '"', '\n', '\r']) {
        line.push('"');
        line.push_str(&text.replace('"', "\"\""));
        line.push('"');
    } else {
        line.push_str(text);
    }
}

/// A cell as text; an error in it is none.
fn text_of(cell: &DataRef<'_>) -> String {
    match Data::from(cell.clone()) {
        Data::Int(number) => number.to_string(),
        Data::Float(number) => number.to_string(),
        Data::String(text) | Data::DateTimeIso(text) | Data::DurationIso(text) => text,
        Data::Bool(value) => value.to_string(),
        Data::DateTime(time) if time.is_datetime() => {
            let (year, month, day, hour, minute, second, _) = time.to_ymd_hms_milli();
            format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}")
        }
        Data::DateTime(time) => time.as_f64().to_string(),
        Data::Error(_) | Data::Empty => String::new(),
    }
}

fn unreadable(error: &XlsxError) -> Error {
    match error {
        XlsxError::Password => Error::unsupported("the workbook is encrypted: save it without a password"),
        error => Error::broken(format!("the workbook cannot be read: {error}")),
    }
}
