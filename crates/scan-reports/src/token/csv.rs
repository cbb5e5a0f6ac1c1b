//! Tables of separated values (RFC 4180) as rows, from bytes in pieces of any size.
//!
//! The kernel is csv-core's reader. It cannot be put down in the middle of a row; but a row is bounded, so a [`Place`] is between two
//! rows, and a new reader goes on from there. It looks at every byte by itself, so a row that is there whole and written as the standard says,
//! as nearly all are, is read without it, from quote to quote.
//!
//! Text is UTF-8, or, where it is no UTF-8, Windows-1252, decided for each field; with a byte order mark also UTF-16.

use std::borrow::Cow;

use csv_core::{ReadRecordResult, Reader, ReaderBuilder};
use encoding_rs::{Decoder, Encoding, UTF_16BE, UTF_16LE, WINDOWS_1252};
use memchr::{memchr, memchr_iter, memchr3};
use serde::{Deserialize, Serialize};

use crate::{ReadError, ReadErrorKind, limits};

/// Bytes and fields of a row for which there is room at first.
const FIELDS: usize = 4096;
const ENDS: usize = 64;

/// A place between two rows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Place {
    pub(crate) offset: u64,
    pub(crate) line: u64,
    /// Where it is not one that has ASCII's bytes.
    encoding: Option<String>,
}

/// What [`Tokenizer::next`] found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Token {
    /// A row: [`Tokenizer::field`].
    Row,
    /// A row that is over its limit, which was passed.
    TooLarge,
    NeedInput,
    End,
}

/// Turns bytes into rows.
pub(crate) struct Tokenizer {
    delimiter: u8,
    reader: Reader,
    /// What was fed and not yet read, as UTF-8 where it was UTF-16.
    buffer: Vec<u8>,
    head: usize,
    decoder: Option<Decoder>,
    /// Offset of the next byte to be fed.
    fed: u64,
    ended: bool,
    /// Where the next row begins, or the one that is being read.
    place: Place,
    /// The place behind what is read.
    reached: Place,
    fields: Vec<u8>,
    ends: Vec<usize>,
    written: usize,
    count: usize,
    inside: bool,
    too_large: bool,
    quotes: usize,
    /// Where the last row began.
    row: (u64, u64),
}

impl Tokenizer {
    /// A tokenizer at a place.
    pub(crate) fn new(delimiter: u8, place: Place) -> Self {
        let mut reader = ReaderBuilder::new().delimiter(delimiter).build();
        // A new reader passes over a byte order mark, and this is no start of a table.
        reader.read_record(b"\n", &mut [0], &mut [0]);
        Self {
            delimiter,
            reader,
            buffer: Vec::new(),
            head: 0,
            decoder: place.decoder(),
            fed: place.offset,
            ended: false,
            reached: place.clone(),
            place,
            fields: vec![0; FIELDS],
            ends: vec![0; ENDS],
            written: 0,
            count: 0,
            inside: false,
            too_large: false,
            quotes: 0,
            row: (0, 0),
        }
    }

    /// Offset of the bytes that [`feed`](Self::feed) wants.
    pub(crate) fn position(&self) -> u64 {
        self.fed
    }

    /// How far it has read.
    pub(crate) fn progress(&self) -> u64 {
        self.reached.offset
    }

    /// The place before the next row, or before the one that is not yet read whole.
    pub(crate) fn place(&self) -> Place {
        self.place.clone()
    }

    pub(crate) fn feed(&mut self, bytes: &[u8]) {
        self.buffer.drain(..self.head);
        self.head = 0;
        self.fed += bytes.len() as u64;
        match &mut self.decoder {
            Some(decoder) => decode(decoder, bytes, &mut self.buffer),
            None => self.buffer.extend_from_slice(bytes),
        }
    }

    pub(crate) fn end_of_input(&mut self) {
        self.ended = true;
    }

    /// The next row.
    pub(crate) fn next(&mut self) -> Result<Token, ReadError> {
        if !self.inside {
            if !self.begin_row() {
                return Ok(if self.ended { self.end() } else { Token::NeedInput });
            }
            if let Some(length) = self.plain_row() {
                self.advance(length);
                return self.end_row(false);
            }
        }
        loop {
            let rest = &self.buffer[self.head..];
            if rest.is_empty() && !self.ended {
                return Ok(Token::NeedInput);
            }
            let (fields, ends) = (&mut self.fields[self.written..], &mut self.ends[self.count..]);
            let (result, read, written, ended) = self.reader.read_record(rest, fields, ends);
            self.quotes += memchr_iter(b'"', &rest[..read]).count();
            self.advance(read);
            self.written += written;
            self.count += ended;
            match result {
                ReadRecordResult::InputEmpty => {}
                ReadRecordResult::OutputFull => self.grow(true),
                ReadRecordResult::OutputEndsFull => self.grow(false),
                // The end of the table ends a row without having a byte.
                ReadRecordResult::Record => return self.end_row(read == 0),
                ReadRecordResult::End => return Ok(self.end()),
            }
        }
    }

    /// Number of fields of the row.
    pub(crate) fn len(&self) -> usize {
        self.count
    }

    /// A field of the row.
    pub(crate) fn field(&self, index: usize) -> Option<Cow<'_, str>> {
        let start = index.checked_sub(1).map_or(Some(0), |before| self.ends[..self.count].get(before).copied())?;
        Some(text(self.fields.get(start..*self.ends[..self.count].get(index)?)?))
    }

    /// Offset and line of the row's start.
    pub(crate) fn row(&self) -> (u64, u64) {
        self.row
    }

    /// Passes over line ends; false when nothing follows.
    fn begin_row(&mut self) -> bool {
        let blank = self.buffer[self.head..].iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
        self.advance(blank);
        self.place.clone_from(&self.reached);
        if self.head == self.buffer.len() {
            return false;
        }
        self.row = (self.reached.offset, self.reached.line);
        (self.written, self.count, self.quotes) = (0, 0, 0);
        (self.inside, self.too_large) = (true, false);
        true
    }

    /// Reads the row that begins here, and gives its length with its line end: none where the reader has to see to it.
    fn plain_row(&mut self) -> Option<usize> {
        let rest = &self.buffer[self.head..];
        let (mut at, mut written, mut count) = (0, 0, 0);
        let mut keep = |part: &[u8]| {
            // As the reader, it wants a byte more than there are.
            let room = self.fields.get_mut(written..=written + part.len())?;
            room[..part.len()].copy_from_slice(part);
            written += part.len();
            Some(written)
        };
        loop {
            let mut end = at;
            let field = if rest.get(at) == Some(&b'"') {
                loop {
                    let start = end + 1;
                    end = start + memchr(b'"', &rest[start..])? + 1;
                    // Two quotes are one, and the field goes on.
                    if rest.get(end) != Some(&b'"') {
                        break keep(&rest[start..end - 1])?;
                    }
                    keep(&rest[start..end])?;
                }
            } else {
                end += memchr3(self.delimiter, b'\r', b'\n', &rest[at..])?;
                keep(&rest[at..end])?
            };
            *self.ends.get_mut(count)? = field;
            count += 1;
            at = end + 1;
            match *rest.get(end)? {
                b'\r' | b'\n' => break,
                delimiter if delimiter == self.delimiter => {}
                _ => return None,
            }
        }
        (self.written, self.count) = (written, count);
        Some(at)
    }

    fn end(&mut self) -> Token {
        // Also half a character, where the table ends with that.
        self.reached.offset = self.fed;
        Token::End
    }

    fn end_row(&mut self, cut: bool) -> Result<Token, ReadError> {
        self.inside = false;
        if cut && self.quotes % 2 == 1 {
            let Place { offset, line, .. } = self.reached;
            let message = format!("the table ends within quotes, in the row that begins in line {}", self.row.1);
            return Err(ReadError { kind: ReadErrorKind::Truncated, message, offset, line });
        }
        self.place.clone_from(&self.reached);
        Ok(if self.too_large { Token::TooLarge } else { Token::Row })
    }

    /// Makes room for fields or for more of them; over the limit, drops what there is.
    fn grow(&mut self, bytes: bool) {
        let full = self.fields.len() >= limits::RECORD || self.ends.len() >= limits::COLUMNS;
        if full {
            self.too_large = true;
            (self.written, self.count) = (0, 0);
        } else if bytes {
            self.fields.resize(self.fields.len() * 2, 0);
        } else {
            self.ends.resize(self.ends.len() * 2, 0);
        }
    }

    fn advance(&mut self, length: usize) {
        self.reached.advance(&self.buffer[self.head..self.head + length]);
        self.head += length;
    }
}

impl Place {
    /// The place behind the byte order mark of a table's start, if it has one.
    pub(crate) fn start(bytes: &[u8]) -> Self {
        match Encoding::for_bom(bytes) {
            Some((encoding, mark)) => {
                let wide = encoding == UTF_16LE || encoding == UTF_16BE;
                Self { offset: mark as u64, line: 1, encoding: wide.then(|| encoding.name().to_owned()) }
            }
            None => Self { offset: 0, line: 1, encoding: None },
        }
    }

    /// What turns the bytes from here on into UTF-8, where they are not.
    pub(super) fn decoder(&self) -> Option<Decoder> {
        let encoding = Encoding::for_label(self.encoding.as_ref()?.as_bytes())?;
        Some(encoding.new_decoder_without_bom_handling())
    }

    /// Goes on behind what was read, as UTF-8.
    pub(super) fn advance(&mut self, taken: &[u8]) {
        self.offset += if self.encoding.is_some() { utf16_width(taken) } else { taken.len() as u64 };
        self.line += memchr_iter(b'\n', taken).count() as u64;
    }
}

pub(super) fn decode(decoder: &mut Decoder, bytes: &[u8], out: &mut Vec<u8>) {
    let mut text = String::with_capacity(decoder.max_utf8_buffer_length(bytes.len()).unwrap_or(bytes.len() * 3));
    let _ = decoder.decode_to_string(bytes, &mut text, false);
    out.extend_from_slice(text.as_bytes());
}

/// How many bytes a text was in UTF-16.
fn utf16_width(text: &[u8]) -> u64 {
    let units = text.iter().filter(|byte| **byte & 0xC0 != 0x80).count() + text.iter().filter(|byte| **byte >= 0xF0).count();
    2 * units as u64
}

pub(super) fn text(bytes: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => WINDOWS_1252.decode_without_bom_handling(bytes).0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Offset, line and fields.
    type Row = (u64, u64, Vec<String>);

    fn rows(table: &[u8], size: usize) -> (Vec<Row>, Option<ReadErrorKind>) {
        let mut tokens = Tokenizer::new(b',', Place::start(table));
        let mut rows = Vec::new();
        loop {
            match tokens.next() {
                Ok(Token::Row) => {
                    let fields = (0..tokens.len()).filter_map(|index| Some(tokens.field(index)?.into_owned())).collect();
                    rows.push((tokens.row().0, tokens.row().1, fields));
                    tokens = resumed(&tokens);
                }
                Ok(Token::NeedInput) => {
                    let at = usize::try_from(tokens.position()).expect("small");
                    match &table[at..table.len().min(at + size)] {
                        [] => tokens.end_of_input(),
                        piece => tokens.feed(piece),
                    }
                }
                Ok(_) => return (rows, None),
                Err(error) => return (rows, Some(error.kind)),
            }
        }
    }

    fn resumed(tokens: &Tokenizer) -> Tokenizer {
        Tokenizer::new(b',', tokens.place())
    }

    #[test]
    fn rows_are_the_same_however_they_are_cut() {
        let table = "a,b\r\n\"x, \"\"y\"\"\r\nz\",é\n\nlast,1";
        let (whole, error) = rows(table.as_bytes(), 1000);
        assert_eq!(error, None);
        assert_eq!(whole[1], (5, 2, vec!["x, \"y\"\r\nz".to_owned(), "é".to_owned()]));
        assert_eq!(whole[2].1, 5);
        for size in 1..10 {
            assert_eq!(rows(table.as_bytes(), size).0, whole, "{size}");
        }
    }

    #[test]
    fn a_row_is_the_same_whether_it_is_there_whole_or_not() {
        let table = "\"a\"b,\"\",\n\u{feff}x,a\"b\", \"\"\n\"\"\"\",\"\n\"\"\",\r\n,\nend,1,2";
        let (whole, _) = rows(table.as_bytes(), 1000);
        let fields: Vec<_> = whole.iter().map(|(_, _, fields)| fields.join("|")).collect();
        assert_eq!(fields, ["ab||", "\u{feff}x|a\"b\"| \"\"", "\"|\n\"|", "|", "end|1|2"]);
        for size in 1..30 {
            assert_eq!(rows(table.as_bytes(), size).0, whole, "{size}");
        }
    }

    #[test]
    fn encodings_are_told_by_marks_or_by_fields() {
        let utf16: Vec<u8> = "\u{feff}a,b\r\né,😀\r\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
        for size in [1, 3, 100] {
            let (rows, _) = rows(&utf16, size);
            assert_eq!(rows[1], (12, 2, vec!["é".to_owned(), "😀".to_owned()]));
        }
        assert_eq!(rows(b"a,b\n\xe9,\xc3\xa9\n", 2).0[1].2, ["é", "é"]);
        assert_eq!(rows(b"\xef\xbb\xbfa\n", 2).0[0].2, ["a"]);
    }

    #[test]
    fn a_table_that_ends_within_quotes_is_truncated() {
        assert_eq!(rows(b"a,b\n1,\"2\n", 3).1, Some(ReadErrorKind::Truncated));
    }
}
