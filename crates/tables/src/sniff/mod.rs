//! How a table of separated values seems to be written: proposed from its start, by what makes the most consistent table of it.

use std::borrow::Cow;

use csv_core::{Reader, ReaderBuilder};
use encoding_rs::{UTF_16BE, UTF_16LE};
use memchr::memmem;
use serde::{Deserialize, Serialize};

use crate::limits;

mod header;
mod names;
mod sample;

pub use names::clean_names;

use sample::Sample;

/// Delimiters, the likeliest first.
const DELIMITERS: [u8; 5] = [b',', b';', b'\t', b'|', b':'];
const QUOTES: [u8; 2] = [b'"', b'\''];
const BACKSLASH: u8 = b'\\';
/// Bytes of a file's start that are read in every way that comes into question.
const LOOKED_AT: usize = 1024 * 1024;
/// What a table of one column scores, if it is consistent: less than one of two columns where nearly every row has both.
const SINGLE: f64 = 0.25;
/// Colons are within times, too.
const COLON: f64 = 0.6;
/// Rows that show that what came before them was no part of the table.
const ROWS_AFTER_PREAMBLE: usize = 2;
/// So many rows in one with wrong quotes, and the quotes are none.
const ROWS_PER_WRONG_QUOTE: f64 = 10.0;
/// Scores are compared to this part.
const PRECISION: f64 = 1000.0;

/// How a table of separated values is written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dialect {
    /// What separates the fields of a row: one of `, ; | :` and the tabulator.
    pub delimiter: u8,
    /// What may be around a field: a quotation mark or apostrophe. Where there is none, they are characters as others.
    pub quote: Option<u8>,
    /// What stands before a quote within quotes: a backslash. A quote that is written twice is one in any case.
    pub escape: Option<u8>,
    /// The row with the columns' names, counted from 1 among those that are not empty. None where no row has them.
    pub header_row: Option<u32>,
    /// Rows before the first one with values, without that of the names: titles, comments and whatever is no part of the table.
    pub preamble_rows: u32,
    /// Columns of most of the rows.
    pub columns: usize,
    /// Names of the columns as a dataset has them: see [`clean_names`].
    pub names: Vec<String>,
}

impl Default for Dialect {
    fn default() -> Self {
        let way = Way::DEFAULT;
        Self {
            delimiter: way.delimiter,
            quote: way.quote,
            escape: way.escape,
            header_row: None,
            preamble_rows: 0,
            columns: 0,
            names: Vec::new(),
        }
    }
}

/// What makes rows of bytes.
#[derive(Clone, Copy, Debug)]
struct Way {
    delimiter: u8,
    quote: Option<u8>,
    escape: Option<u8>,
}

impl Way {
    const DEFAULT: Self = Self { delimiter: b',', quote: Some(b'"'), escape: None };

    fn reader(self) -> Reader {
        let mut builder = ReaderBuilder::new();
        builder.delimiter(self.delimiter).escape(self.escape);
        match self.quote {
            Some(quote) => builder.quote(quote),
            None => builder.quoting(false),
        };
        builder.build()
    }

    /// Those that come into question: what does not occur separates nothing, and quotes nothing.
    fn all(text: &[u8]) -> Vec<Self> {
        let occurs = |byte: &u8| memchr::memchr(*byte, text).is_some();
        let absent = DELIMITERS.into_iter().find(|delimiter| !occurs(delimiter));
        let mut quotings = vec![(Some(b'"'), None)];
        for quote in QUOTES.into_iter().filter(occurs) {
            if quote != b'"' {
                quotings.push((Some(quote), None));
            }
            if memmem::find(text, &[BACKSLASH, quote]).is_some() {
                quotings.push((Some(quote), Some(BACKSLASH)));
            }
            if quote == b'"' {
                quotings.push((None, None));
            }
        }
        let delimiters = DELIMITERS.into_iter().filter(|delimiter| Some(*delimiter) == absent || occurs(delimiter));
        delimiters
            .flat_map(|delimiter| quotings.iter().map(move |(quote, escape)| Self { delimiter, quote: *quote, escape: *escape }))
            .collect()
    }
}

/// Proposes how a table is written that begins like this: with all of it, if it is complete.
pub fn sniff(start: &[u8], complete: bool) -> Dialect {
    let is_cut = start.len() > LOOKED_AT;
    let text = decoded(start.get(..LOOKED_AT).unwrap_or(start));
    let complete = complete && !is_cut;
    let read: Vec<_> = Way::all(&text).into_iter().map(|way| (way, Sample::read(&text, way, complete))).collect();
    // The first of the best: the others are rarer.
    let best = read.into_iter().reduce(|best, next| if is_better(&next, &best) { next } else { best });
    let Some((way, sample)) = best.filter(|(_, sample)| !sample.counts.is_empty()) else { return Dialect::default() };
    let shape = sample.shape;
    let rows = sample::rows(&text, way, complete, shape.preamble.saturating_sub(1), header::ROWS);
    let found = header::find(&rows, shape.preamble, shape.columns);
    let columns = shape.columns.max(found.names.len()).min(limits::COLUMNS);
    let mut names = found.names;
    names.resize(columns, String::new());
    Dialect {
        delimiter: way.delimiter,
        quote: way.quote,
        escape: way.escape,
        header_row: found.row.and_then(|row| u32::try_from(row + 1).ok()),
        preamble_rows: u32::try_from(found.preamble).unwrap_or(u32::MAX),
        columns,
        names: clean_names(&names),
    }
}

fn is_better(next: &(Way, Sample), best: &(Way, Sample)) -> bool {
    let rank = |(way, sample): &(Way, Sample)| (score(*way, sample) * PRECISION).round();
    let (a, b) = (rank(next), rank(best));
    a > b || a.total_cmp(&b).is_eq() && next.0.delimiter == best.0.delimiter && next.1.quoted > best.1.quoted
}

/// How good a table is, from 0 to 1.
fn score(way: Way, sample: &Sample) -> f64 {
    let shape = sample.shape;
    let rows = sample.counts.len() - shape.preamble;
    let consistency = ratio(shape.matching, rows);
    let quotes = (1.0 - ROWS_PER_WRONG_QUOTE * ratio(sample.misquoted, sample.counts.len())).max(0.0);
    let clean = 1.0 - ratio(sample.unclean, sample.fields);
    let read = quotes * sample.covered * clean * clean * consistency;
    if shape.columns < 2 {
        return SINGLE * read;
    }
    if shape.preamble > 0 && shape.matching < ROWS_AFTER_PREAMBLE {
        return 0.0;
    }
    let whole = 1.0 - ratio(shape.preamble, sample.counts.len()) / 2.0;
    let columns = ratio(shape.columns - 1, shape.columns);
    let colon = match way.delimiter {
        b':' if sample.is_typed => 0.0,
        b':' => COLON,
        _ => 1.0,
    };
    read * whole * columns * colon
}

/// A part of a whole, of which both are small.
fn ratio(part: usize, whole: usize) -> f64 {
    let number = |count: usize| f64::from(u32::try_from(count).unwrap_or(u32::MAX));
    if whole == 0 { 0.0 } else { number(part) / number(whole) }
}

/// The text as bytes in UTF-8, or in an encoding of which the characters of ASCII are the same.
fn decoded(start: &[u8]) -> Cow<'_, [u8]> {
    let utf16 = |encoding: &'static encoding_rs::Encoding, text| match encoding.decode_without_bom_handling(text).0 {
        Cow::Borrowed(text) => Cow::Borrowed(text.as_bytes()),
        Cow::Owned(text) => Cow::Owned(text.into_bytes()),
    };
    match start {
        [0xEF, 0xBB, 0xBF, text @ ..] => Cow::Borrowed(text),
        [0xFF, 0xFE, text @ ..] => utf16(UTF_16LE, text),
        [0xFE, 0xFF, text @ ..] => utf16(UTF_16BE, text),
        [first, 0, ..] if *first != 0 => utf16(UTF_16LE, start),
        [0, second, ..] if *second != 0 => utf16(UTF_16BE, start),
        _ => Cow::Borrowed(start),
    }
}

#[cfg(test)]
mod tests;
