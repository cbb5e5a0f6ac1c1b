//! Tables of separated values (RFC 4180) as rows, from bytes in pieces of any size.
//!
//! The kernel is csv-core's reader. It cannot be put down in the middle of a row; but a row is bounded, so a place is a
//! [`Position`] between two rows, and a new reader goes on from there. It looks at every byte by itself, so a row that is there whole and written as the standard says,
//! as nearly all are, is read without it, from quote to quote.
//!
//! A field that is no UTF-8 is Windows-1252.
//!
//! Tables that are written otherwise than the standard says have another [`Dialect`].

use std::borrow::Cow;

use csv_core::{ReadRecordResult, Reader, ReaderBuilder};
use memchr::{memchr2, memchr3};
use serde::{Deserialize, Serialize};

use crate::decode::{Input, Position, utf8_or_windows_1252};
use crate::{ReadError, ReadErrorKind, TakesBytes, limits};

/// Bytes and fields of a row for which there is room at first.
const FIELDS: usize = 4096;
const ENDS: usize = 64;

/// What [`Tokenizer::next`] found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Token {
    /// A row: [`Tokenizer::field`].
    Row,
    /// A row that is over its limit, which was passed.
    TooLarge,
    /// It wants the bytes at [`TakesBytes::position`], or to hear that there are none.
    NeedInput,
    /// The table is read to its end.
    End,
}

/// How the fields of a table are told apart. All characters are of ASCII.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dialect {
    /// Between two fields.
    pub delimiter: u8,
    /// Around a field that may have delimiters and line ends in it; it counts only where a field begins with it. None: no field has.
    pub quote: Option<u8>,
    /// Before a quote that is one of a quoted field. One that is written twice is one in any case.
    pub escape: Option<u8>,
}

impl Dialect {
    /// Of RFC 4180, but for the delimiter.
    pub const fn separated_by(delimiter: u8) -> Self {
        Self { delimiter, quote: Some(b'"'), escape: None }
    }
}

/// Where a row is that is not read in one go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Within {
    #[default]
    FieldStart,
    Plain,
    Quotes,
    /// Behind an escape in quotes.
    Escaped,
    /// Behind a quote in quotes, which may be the last.
    Quote,
}

impl Within {
    fn after(self, byte: u8, dialect: Dialect) -> Self {
        let is_quote = dialect.quote == Some(byte);
        match self {
            Self::FieldStart | Self::Quote if is_quote => Self::Quotes,
            Self::Quotes if is_quote => Self::Quote,
            Self::Quotes if dialect.escape == Some(byte) => Self::Escaped,
            Self::Quotes | Self::Escaped => Self::Quotes,
            _ if byte == dialect.delimiter => Self::FieldStart,
            Self::FieldStart | Self::Plain | Self::Quote => Self::Plain,
        }
    }
}

/// Turns bytes into rows.
pub struct Tokenizer {
    dialect: Dialect,
    reader: Reader,
    input: Input<Vec<u8>>,
    /// Where the next row begins, or the one that is being read.
    place: Position,
    fields: Vec<u8>,
    ends: Vec<usize>,
    written: usize,
    count: usize,
    inside: bool,
    too_large: bool,
    within: Within,
    /// Where the last row began.
    row: Position,
}

impl Tokenizer {
    /// A tokenizer of a standard table at a place.
    pub fn new(delimiter: u8, place: Position) -> Self {
        Self::of(Dialect::separated_by(delimiter), place)
    }

    /// A tokenizer at a place.
    pub fn of(dialect: Dialect, place: Position) -> Self {
        let Dialect { delimiter, quote, escape } = dialect;
        let mut reader =
            ReaderBuilder::new().delimiter(delimiter).quoting(quote.is_some()).quote(quote.unwrap_or(b'"')).escape(escape).build();
        // A new reader passes over a byte order mark, and this is no start of a table.
        reader.read_record(b"\n", &mut [0], &mut [0]);
        Self {
            dialect,
            reader,
            input: Input::at(place),
            place,
            fields: vec![0; FIELDS],
            ends: vec![0; ENDS],
            written: 0,
            count: 0,
            inside: false,
            too_large: false,
            within: Within::default(),
            row: place,
        }
    }

    /// The place before the next row, or before the one that is not yet read whole.
    #[inline]
    pub fn place(&self) -> Position {
        self.place
    }

    /// The next row.
    #[expect(clippy::should_implement_trait, reason = "an iterator cannot ask for input")]
    pub fn next(&mut self) -> Result<Token, ReadError> {
        if !self.inside {
            if !self.begin_row() {
                return Ok(if self.input.is_ended() { Token::End } else { Token::NeedInput });
            }
            if let Some(length) = self.plain_row() {
                self.input.take(length);
                return self.end_row(false);
            }
        }
        loop {
            let rest = self.input.untaken();
            if rest.is_empty() && !self.input.is_ended() {
                return Ok(Token::NeedInput);
            }
            let (fields, ends) = (&mut self.fields[self.written..], &mut self.ends[self.count..]);
            let (result, read, written, ended) = self.reader.read_record(rest, fields, ends);
            self.within = rest[..read].iter().fold(self.within, |within, byte| within.after(*byte, self.dialect));
            self.input.take(read);
            self.written += written;
            self.count += ended;
            match result {
                ReadRecordResult::InputEmpty => {}
                ReadRecordResult::OutputFull => self.grow(true),
                ReadRecordResult::OutputEndsFull => self.grow(false),
                // The end of the table ends a row without having a byte.
                ReadRecordResult::Record => return self.end_row(read == 0),
                ReadRecordResult::End => return Ok(Token::End),
            }
        }
    }

    /// The fields of the row.
    pub fn fields(&self) -> impl Iterator<Item = Cow<'_, str>> {
        (0..self.count).filter_map(|index| self.field(index))
    }

    /// A field of the row.
    #[inline]
    pub fn field(&self, index: usize) -> Option<Cow<'_, str>> {
        let start = index.checked_sub(1).map_or(Some(0), |before| self.ends[..self.count].get(before).copied())?;
        Some(utf8_or_windows_1252(self.fields.get(start..*self.ends[..self.count].get(index)?)?))
    }

    /// How many fields the row has.
    #[inline]
    pub fn count(&self) -> usize {
        self.count
    }

    /// Makes text of all fields of the row, for [`text`](Self::text).
    pub fn make_text(&mut self) {
        let ends = &mut self.ends[..self.count];
        if std::str::from_utf8(&self.fields[..self.written]).is_ok_and(|text| ends.iter().all(|end| text.is_char_boundary(*end))) {
            return;
        }
        let (mut decoded, mut start) = (Vec::with_capacity(self.written * 2), 0);
        for end in ends {
            decoded.extend_from_slice(utf8_or_windows_1252(&self.fields[start..*end]).as_bytes());
            start = std::mem::replace(end, decoded.len());
        }
        self.written = decoded.len();
        decoded.resize(decoded.len().max(self.fields.len()), 0);
        self.fields = decoded;
    }

    /// The fields of the row, one after the other, and where each ends: checked once, for all of them. Only after [`make_text`](Self::make_text).
    #[inline]
    pub fn text(&self) -> (&str, &[usize]) {
        (std::str::from_utf8(&self.fields[..self.written]).unwrap_or_default(), &self.ends[..self.count])
    }

    /// Where the row begins.
    #[inline]
    pub fn row_start(&self) -> Position {
        self.row
    }

    /// Passes over line ends; false when nothing follows.
    fn begin_row(&mut self) -> bool {
        let blank = self.input.untaken().iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
        self.input.take(blank);
        self.place = self.input.position();
        if self.input.untaken().is_empty() {
            return false;
        }
        self.row = self.place;
        (self.written, self.count, self.within) = (0, 0, Within::default());
        (self.inside, self.too_large) = (true, false);
        true
    }

    /// Reads the row that begins here, and gives its length with its line end: none where the reader has to see to it.
    fn plain_row(&mut self) -> Option<usize> {
        let rest = self.input.untaken();
        let Dialect { delimiter, quote, escape } = self.dialect;
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
            let field = if let Some(quote) = quote.filter(|quote| rest.get(at) == Some(quote)) {
                loop {
                    let start = end + 1;
                    end = start + memchr2(quote, escape.unwrap_or(quote), &rest[start..])? + 1;
                    if rest[end - 1] != quote {
                        return None;
                    }
                    // Two quotes are one, and the field goes on.
                    if rest.get(end) != Some(&quote) {
                        break keep(&rest[start..end - 1])?;
                    }
                    keep(&rest[start..end])?;
                }
            } else {
                end += memchr3(delimiter, b'\r', b'\n', &rest[at..])?;
                keep(&rest[at..end])?
            };
            *self.ends.get_mut(count)? = field;
            count += 1;
            at = end + 1;
            match *rest.get(end)? {
                b'\r' | b'\n' => break,
                byte if byte == delimiter => {}
                _ => return None,
            }
        }
        (self.written, self.count) = (written, count);
        Some(at)
    }

    fn end_row(&mut self, cut: bool) -> Result<Token, ReadError> {
        self.inside = false;
        if cut && matches!(self.within, Within::Quotes | Within::Escaped) {
            let Position { offset, line, .. } = self.input.position();
            let message = format!("the table ends within quotes, in the row that begins in line {}", self.row.line);
            return Err(ReadError { kind: ReadErrorKind::Truncated, message, offset, line });
        }
        self.place = self.input.position();
        Ok(if self.too_large { Token::TooLarge } else { Token::Row })
    }

    /// Makes room for fields or for more of them; over the limit, drops what there is.
    fn grow(&mut self, bytes: bool) {
        let full = self.fields.len() >= limits::ROW || self.ends.len() >= limits::COLUMNS;
        if full {
            self.too_large = true;
            (self.written, self.count) = (0, 0);
        } else if bytes {
            self.fields.resize(self.fields.len() * 2, 0);
        } else {
            self.ends.resize(self.ends.len() * 2, 0);
        }
    }
}

impl TakesBytes for Tokenizer {
    fn position(&self) -> u64 {
        self.input.fed()
    }

    fn progress(&self) -> u64 {
        self.input.progress()
    }

    fn feed(&mut self, bytes: &[u8]) {
        self.input.feed(bytes);
    }

    fn end_of_input(&mut self) {
        self.input.end();
    }

    fn work(&self) -> u64 {
        self.input.work()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Offset, line and fields.
    type Row = (u64, u64, Vec<String>);

    fn rows(table: &[u8], size: usize) -> (Vec<Row>, Option<ReadErrorKind>) {
        let mut tokens = Tokenizer::new(b',', Position::START);
        let mut rows = Vec::new();
        loop {
            match tokens.next() {
                Ok(Token::Row) => {
                    let fields = tokens.fields().map(Cow::into_owned).collect();
                    rows.push((tokens.row_start().offset, tokens.row_start().line, fields));
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
        assert_eq!(
            rows(b"a,b\n1,5\" pipe", 3),
            (vec![(0, 1, strings(["a", "b"])), (4, 2, strings(["1", "5\" pipe"]))], None),
            "in a field it is text"
        );
    }

    fn strings<const N: usize>(texts: [&str; N]) -> Vec<String> {
        texts.map(str::to_owned).into()
    }

    #[test]
    fn a_dialect_says_what_quotes_and_escapes_are() {
        let fields = |dialect: Dialect, table: &str, size: usize| {
            let mut tokens = Tokenizer::of(dialect, Position::START);
            let mut rows = Vec::new();
            loop {
                match tokens.next() {
                    Ok(Token::Row) => rows.push(tokens.fields().collect::<Vec<_>>().join("·")),
                    Ok(Token::NeedInput) => match &table.as_bytes()[usize::try_from(tokens.position()).expect("small")..] {
                        [] => tokens.end_of_input(),
                        rest => tokens.feed(&rest[..rest.len().min(size)]),
                    },
                    Ok(_) => return rows,
                    Err(error) => panic!("{error}"),
                }
            }
        };
        let single = Dialect { delimiter: b';', quote: Some(b'\''), escape: None };
        let escaped = Dialect { delimiter: b',', quote: Some(b'"'), escape: Some(b'\\') };
        let none = Dialect { delimiter: b'|', quote: None, escape: None };
        for size in 1..20 {
            assert_eq!(fields(single, "'a;''b';\"c\n", size), ["a;'b·\"c"]);
            assert_eq!(fields(escaped, "\"a\\\"b\",\\c,\"\\\\\"\n\"x\"", size), ["a\"b·\\c·\\", "x"]);
            assert_eq!(fields(none, "\"a|b\"\n'c|", size), ["\"a·b\"", "'c·"]);
        }
    }
}
