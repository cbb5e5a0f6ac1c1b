//! The start of a table, read in one of the ways in which it may be written.

use std::collections::BTreeMap;

use csv_core::ReadFieldResult;
use encoding_rs::WINDOWS_1252;
use memchr::{memchr, memchr3};

use super::Way;
use super::header::is_typed;
use crate::limits;

/// Bytes of a field that are looked at.
const FIELD: usize = 4096;

/// What was seen of a table.
#[derive(Debug, Default)]
pub(super) struct Sample {
    /// Fields of each row.
    pub(super) counts: Vec<usize>,
    pub(super) shape: Shape,
    pub(super) fields: usize,
    /// Fields within quotes, and those of which the quotes are wrong.
    pub(super) quoted: usize,
    pub(super) misquoted: usize,
    /// Fields with what rather separates or surrounds them: tabulator, semicolon, bar or quotation mark.
    pub(super) unclean: usize,
    /// The part of the bytes that whole rows are made of.
    pub(super) covered: f64,
    /// Whether most of the lines are numbers or times as a whole.
    pub(super) is_typed: bool,
}

/// Where the table is among the rows.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Shape {
    pub(super) columns: usize,
    /// Rows before the first one that has all columns.
    pub(super) preamble: usize,
    /// Rows that have all columns.
    pub(super) matching: usize,
}

impl Sample {
    pub(super) fn read(text: &[u8], way: Way, complete: bool) -> Self {
        let mut sample = Self::default();
        let mut count = 0;
        let whole = each_field(text, way, complete, |field| {
            count += 1;
            sample.see(field, way);
            if field.ends_row {
                sample.counts.push(count);
                count = 0;
            }
            sample.counts.len() < limits::SAMPLE_ROWS
        });
        sample.shape = Shape::of(&sample.counts);
        sample.covered = super::ratio(whole, text.len());
        let lines = || text.split(|byte| matches!(byte, b'\r' | b'\n')).filter(|line| !line.is_empty()).take(limits::SAMPLE_ROWS);
        sample.is_typed = way.delimiter == b':' && 2 * lines().filter(|line| is_typed(&text_of(line))).count() >= lines().count();
        sample
    }

    fn see(&mut self, field: &Field<'_>, way: Way) {
        self.fields += 1;
        if way.quote.is_some() && field.raw.first() == way.quote.as_ref() {
            if is_well_quoted(field.raw, way) { self.quoted += 1 } else { self.misquoted += 1 }
        } else if memchr3(b'\t', b';', b'|', field.raw).is_some() || memchr(b'"', field.raw).is_some() {
            self.unclean += 1;
        }
    }
}

impl Shape {
    /// A table is as wide as most of the rows of the second half, where nothing comes before it.
    fn of(counts: &[usize]) -> Self {
        let half = counts.len() / 2;
        let mut widths: BTreeMap<usize, (usize, usize)> = BTreeMap::new();
        for (index, count) in counts.iter().enumerate() {
            let (tail, all) = widths.entry(*count).or_default();
            *tail += usize::from(index >= half);
            *all += 1;
        }
        let (columns, (_, matching)) = widths.into_iter().max_by_key(|(_, frequency)| *frequency).unwrap_or_default();
        let preamble = if columns < 2 { 0 } else { counts.iter().position(|count| *count == columns).unwrap_or_default() };
        Self { columns, preamble, matching }
    }
}

/// A field as the file has it, and its text.
struct Field<'a> {
    raw: &'a [u8],
    text: &'a [u8],
    ends_row: bool,
}

/// Gives each field, as long as more are wanted. Gives how many of the bytes were whole rows.
fn each_field(text: &[u8], way: Way, complete: bool, mut take: impl FnMut(&Field<'_>) -> bool) -> usize {
    let mut reader = way.reader();
    let mut buffer = [0; FIELD];
    let (mut at, mut whole, mut start) = (0, 0, 0);
    let (mut filled, mut begins_row) = (0, true);
    loop {
        let rest = text.get(at..).unwrap_or_default();
        // Without input it ends the last row, which is whole only where the file ends.
        if rest.is_empty() && !complete {
            return whole;
        }
        let room = buffer.get_mut(filled..).unwrap_or_default();
        let (result, read, written) = reader.read_field(rest, room);
        at += read;
        filled += written;
        match result {
            // What a long field has beyond that is not looked at.
            ReadFieldResult::OutputFull => filled = 0,
            ReadFieldResult::InputEmpty => {}
            ReadFieldResult::End => return text.len(),
            ReadFieldResult::Field { record_end } => {
                let raw = raw_field(text.get(start..at).unwrap_or_default(), way.delimiter, begins_row, record_end);
                let field = Field { raw, text: buffer.get(..filled).unwrap_or_default(), ends_row: record_end };
                let wants_more = take(&field);
                (start, filled, begins_row) = (at, 0, record_end);
                if record_end {
                    whole = at;
                }
                if !wants_more {
                    return text.len();
                }
            }
        }
    }
}

/// The field without what ended it and the line ends before it.
fn raw_field(raw: &[u8], delimiter: u8, begins_row: bool, ends_row: bool) -> &[u8] {
    let is_line_end = |byte: &u8| matches!(byte, b'\r' | b'\n');
    let raw = match raw.split_last() {
        Some((last, field)) if ends_row && is_line_end(last) || !ends_row && *last == delimiter => field,
        _ => raw,
    };
    let line_ends = if begins_row { raw.iter().take_while(|byte| is_line_end(byte)).count() } else { 0 };
    raw.get(line_ends..).unwrap_or_default()
}

/// Whether the quotes around a field end where it ends.
fn is_well_quoted(raw: &[u8], way: Way) -> bool {
    let (Some(quote), [_, inner @ .., last]) = (way.quote, raw) else { return false };
    let mut bytes = inner.iter();
    while let Some(byte) = bytes.next() {
        let is_escape = Some(*byte) == way.escape;
        if (is_escape || *byte == quote) && bytes.next().is_none_or(|next| !is_escape && *next != quote) {
            return false;
        }
    }
    *last == quote
}

/// So many rows from an index on, with their texts.
pub(super) fn rows(text: &[u8], way: Way, complete: bool, first: usize, count: usize) -> Vec<Vec<String>> {
    let mut rows = Vec::new();
    let mut row = Vec::new();
    let mut index = 0;
    each_field(text, way, complete, |field| {
        if index >= first && row.len() < limits::COLUMNS {
            row.push(text_of(field.text));
        }
        if field.ends_row {
            if index >= first {
                rows.push(std::mem::take(&mut row));
            }
            index += 1;
        }
        rows.len() < count
    });
    rows
}

/// A text that is UTF-8, or else Windows-1252.
fn text_of(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => WINDOWS_1252.decode_without_bom_handling(bytes).0.into_owned(),
    }
}
