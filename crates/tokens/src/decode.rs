//! Bytes to text, in one place for every tokenizer: encodings, offsets and lines.
//!
//! The first bytes tell the encoding: a byte order mark (UTF-8, UTF-16), a NUL in the first or second of them (UTF-16: what is read begins with a
//! character of ASCII), or an XML declaration (whatever takes one byte a character). All else is UTF-8. Bytes that are no text in their encoding end
//! what is read of XML and JSON; a field or line that is no UTF-8 is Windows-1252.
//!
//! Offsets are those of the file as it is stored and fed, whatever its encoding. A character that is cut by the end of a piece waits for the rest of it.
//! Text in UTF-8 is checked and kept as it is, and its offsets are those of the text: nothing else is done for each byte.

use std::borrow::Cow;
use std::cell::Cell;

use encoding_rs::{Decoder, Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};
use memchr::{memchr_iter, memmem};
use serde::{Deserialize, Serialize};

mod buffer;

pub(crate) use buffer::Buffer;

/// Length of the longest XML declaration that is looked at, in bytes.
const DECLARATION: usize = 1024;

/// Where a byte stands in a file, and how the text behind it is encoded: enough to go on from there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    /// In bytes from the start of the file as it is stored.
    pub offset: u64,
    /// In lines, counted from 1.
    pub line: u64,
    /// Absent for UTF-8, and at the start of the file, of which the first bytes tell it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    encoding: Option<Encoded>,
}

impl Position {
    /// The start of a file.
    pub const START: Self = Self { offset: 0, line: 1, encoding: None };

    /// Another position in the same file.
    #[must_use]
    pub fn moved_to(self, offset: u64, line: u64) -> Self {
        // Whoever begins at the start reads the byte order mark again.
        Self { offset, line, encoding: self.encoding.filter(|_| offset > 0) }
    }
}

impl Position {
    /// Whether the characters of ASCII are their bytes from here on.
    pub(crate) fn is_ascii_compatible(self) -> bool {
        self.encoding.is_none_or(|Encoded(encoding)| encoding == UTF_8 || encoding.is_single_byte())
    }
}

/// An encoding, written as its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "&'static str")]
struct Encoded(&'static Encoding);

impl From<Encoded> for &'static str {
    fn from(Encoded(encoding): Encoded) -> Self {
        encoding.name()
    }
}

impl TryFrom<String> for Encoded {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        let encoding = Encoding::for_label(name.as_bytes()).filter(|encoding| is_read(encoding));
        encoding.map(Self).ok_or_else(|| format!("encoding {name:?} is not read"))
    }
}

/// The text of a file: what was fed and not yet taken, decoded. In a [`String`] all of it is text; in bytes, what is no UTF-8 is left to
/// [`utf8_or_windows_1252`].
pub(crate) struct Input<B> {
    /// UTF-8. Up to `head` it is taken; at least until the next [`feed`](Self::feed) it is held all the same.
    pub(crate) buffer: B,
    pub(crate) head: usize,
    decoding: Decoding,
    /// Offset of the buffer's first byte.
    base: u64,
    /// An index in the buffer and its offset, from where offsets are counted on where they are not those of the text.
    counted: Cell<(usize, u64)>,
    /// An index in the buffer and its line, from where lines are counted on: of most of what is taken nobody asks for it.
    lines: Cell<(usize, u64)>,
    /// Offset of the next byte to be fed.
    fed: u64,
    ended: bool,
    broken: Option<Broken>,
    /// See [`TakesBytes::work`](crate::TakesBytes::work).
    work: Cell<u64>,
}

/// How bytes become text.
enum Decoding {
    /// The first bytes are kept until they tell.
    Start(Vec<u8>),
    /// UTF-8, and the character that the last piece cut.
    Utf8(Vec<u8>),
    Other(Decoder),
}

/// Why there is no text after what was decoded.
#[derive(Clone, Debug)]
pub(crate) enum Broken {
    /// Bytes that are no text in this encoding.
    Invalid(&'static Encoding),
    /// The bytes end within a character.
    Cut,
    /// The declaration names an encoding that is not read.
    Encoding(String),
}

impl<B: Buffer> Input<B> {
    /// The input from a position on. At the start of a file its first bytes tell the encoding.
    pub(crate) fn at(position: Position) -> Self {
        let Position { offset, line, encoding } = position;
        let decoding = if offset == 0 && encoding.is_none() {
            Decoding::Start(Vec::new())
        } else {
            Decoding::of(encoding.map_or(UTF_8, |Encoded(encoding)| encoding))
        };
        let (counted, lines) = (Cell::new((0, offset)), Cell::new((0, line)));
        Self {
            buffer: B::default(),
            head: 0,
            decoding,
            base: offset,
            counted,
            lines,
            fed: offset,
            ended: false,
            broken: None,
            work: Cell::new(0),
        }
    }

    /// Takes the bytes at [`fed`](Self::fed). Indexes are those of another buffer then.
    pub(crate) fn feed(&mut self, bytes: &[u8]) {
        if self.ended {
            return;
        }
        self.drop_taken();
        self.looked(bytes.len());
        self.fed += bytes.len() as u64;
        match &mut self.decoding {
            Decoding::Start(held) => {
                held.extend_from_slice(bytes);
                self.begin();
            }
            Decoding::Utf8(_) | Decoding::Other(_) => self.decode(bytes, false),
        }
    }

    /// Says that the bytes end at [`fed`](Self::fed).
    pub(crate) fn end(&mut self) {
        if self.ended {
            return;
        }
        self.ended = true;
        self.begin();
        self.decode(&[], true);
    }

    /// Drops what is taken, once it is more than what is not: that is moved, and so in all no more is moved than was taken.
    fn drop_taken(&mut self) {
        let untaken = self.untaken().len();
        if self.head < untaken {
            return;
        }
        self.looked(untaken);
        let (offset, line) = (self.offset(), self.line());
        self.buffer.drop_start(self.head);
        (self.head, self.base) = (0, offset);
        self.counted.set((0, offset));
        self.lines.set((0, line));
    }

    /// Finds the encoding in the first bytes, if they suffice, and decodes them.
    fn begin(&mut self) {
        let Decoding::Start(held) = &mut self.decoding else { return };
        let Some(Opening { encoding, mark, unread }) = opening(held, self.ended) else { return };
        let held = std::mem::take(held);
        self.decoding = Decoding::of(encoding);
        self.broken = unread.filter(|_| B::STRICT).map(Broken::Encoding);
        self.base += mark as u64;
        self.counted.set((0, self.base));
        self.decode(&held[mark..], false);
    }

    fn decode(&mut self, bytes: &[u8], last: bool) {
        if self.broken.is_some() {
            return;
        }
        let is_text = match &mut self.decoding {
            Decoding::Start(_) => true,
            Decoding::Utf8(cut) if last => cut.is_empty(),
            Decoding::Utf8(cut) => self.buffer.push_utf8(cut, bytes),
            Decoding::Other(decoder) => self.buffer.push_decoded(decoder, bytes, last),
        };
        if !is_text {
            // The last call has no bytes: what is no text then is a character that was begun.
            self.broken = Some(if last { Broken::Cut } else { Broken::Invalid(self.encoding().unwrap_or(UTF_8)) });
        }
    }

    /// Offset of the next byte to be fed.
    pub(crate) fn fed(&self) -> u64 {
        self.fed
    }

    /// How far the file is read: at its end also over the half of a character with which it ends.
    pub(crate) fn progress(&self) -> u64 {
        if self.ended && self.untaken().is_empty() { self.fed } else { self.offset() }
    }

    /// Whether the bytes end with what was fed.
    pub(crate) fn is_ended(&self) -> bool {
        self.ended
    }

    /// Whether nothing comes after what is held, be it that the bytes end or that they are no text.
    pub(crate) fn is_over(&self) -> bool {
        self.ended || self.broken.is_some()
    }

    /// Why nothing comes after what is held, if it is not its end.
    pub(crate) fn broken(&self) -> Option<&Broken> {
        self.broken.as_ref()
    }

    /// What is not taken yet.
    pub(crate) fn untaken(&self) -> &[u8] {
        &self.buffer.as_bytes()[self.head..]
    }

    /// Takes so many bytes of what is not taken yet.
    #[inline]
    pub(crate) fn take(&mut self, length: usize) {
        self.head += length;
        self.looked(length);
    }

    /// Notes that so many bytes were looked at. Those that are [taken](Self::take) are noted then.
    #[inline]
    pub(crate) fn looked(&self, length: usize) {
        self.work.set(self.work.get() + length as u64);
    }

    /// Bytes that were looked at.
    #[inline]
    pub(crate) fn work(&self) -> u64 {
        self.work.get()
    }

    /// The position of what is not taken yet.
    pub(crate) fn position(&self) -> Position {
        self.position_at(self.head)
    }

    /// The position of an index in the buffer.
    pub(crate) fn position_at(&self, index: usize) -> Position {
        Position { encoding: self.encoding().map(Encoded), ..Position::START }.moved_to(self.offset_at(index), self.line_at(index))
    }

    /// The offset of what is not taken yet.
    pub(crate) fn offset(&self) -> u64 {
        self.offset_at(self.head)
    }

    /// The offset of an index in the buffer.
    #[inline]
    pub(crate) fn offset_at(&self, index: usize) -> u64 {
        match &self.decoding {
            Decoding::Start(_) | Decoding::Utf8(_) => self.base + index as u64,
            Decoding::Other(decoder) => self.count_to(index, decoder),
        }
    }

    /// The offset of an index in text that is not as long as its bytes.
    #[cold]
    fn count_to(&self, index: usize, decoder: &Decoder) -> u64 {
        let (known, mut offset) = self.counted.get();
        let bytes = self.buffer.as_bytes();
        if index >= known {
            offset += width(decoder.encoding(), &bytes[known..index]);
        } else {
            offset -= width(decoder.encoding(), &bytes[index..known]);
        }
        self.counted.set((index, offset));
        offset
    }

    /// The line of what is not taken yet.
    pub(crate) fn line(&self) -> u64 {
        self.line_at(self.head)
    }

    /// The line of an index in the buffer.
    pub(crate) fn line_at(&self, index: usize) -> u64 {
        let (known, mut line) = self.lines.get();
        let bytes = self.buffer.as_bytes();
        if index >= known {
            line += line_ends(&bytes[known..index]);
        } else {
            line -= line_ends(&bytes[index..known]);
        }
        self.lines.set((index, line));
        line
    }

    /// Goes to a position of this file; false where it is not held, which changes nothing.
    pub(crate) fn go_to(&mut self, position: Position) -> bool {
        let Some(index) = self.index_of(position.offset) else { return false };
        self.head = index;
        self.lines.set((index, position.line));
        true
    }

    fn index_of(&self, offset: u64) -> Option<usize> {
        let mut left = usize::try_from(offset.checked_sub(self.base)?).ok()?;
        let bytes = self.buffer.as_bytes();
        let Decoding::Other(decoder) = &self.decoding else { return Some(left).filter(|index| *index <= bytes.len()) };
        let mut index = 0;
        while left > 0 {
            let character = bytes[index..].first()?.leading_ones().max(1) as usize;
            left = left.checked_sub(usize::try_from(width(decoder.encoding(), bytes.get(index..index + character)?)).ok()?)?;
            index += character;
        }
        Some(index)
    }

    /// The encoding, where it is known and another one than UTF-8.
    fn encoding(&self) -> Option<&'static Encoding> {
        match &self.decoding {
            Decoding::Start(_) | Decoding::Utf8(_) => None,
            Decoding::Other(decoder) => Some(decoder.encoding()),
        }
    }
}

impl Input<String> {
    /// The text that is not taken yet.
    pub(crate) fn untaken_text(&self) -> &str {
        &self.buffer[self.head..]
    }
}

impl Decoding {
    fn of(encoding: &'static Encoding) -> Self {
        if encoding == UTF_8 { Self::Utf8(Vec::new()) } else { Self::Other(encoding.new_decoder_without_bom_handling()) }
    }
}

/// A text that is UTF-8, or else Windows-1252.
pub(crate) fn utf8_or_windows_1252(bytes: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => WINDOWS_1252.decode_without_bom_handling(bytes).0,
    }
}

/// What the first bytes of a file tell.
#[derive(Debug, PartialEq)]
struct Opening {
    encoding: &'static Encoding,
    /// Length of the byte order mark.
    mark: usize,
    /// The declaration names this encoding, which is not read.
    unread: Option<String>,
}

/// The encoding of a file that begins like this (XML 1.0, appendix F, and RFC 4627, section 3). `None` asks for more bytes.
fn opening(start: &[u8], ended: bool) -> Option<Opening> {
    const XML: &[u8] = b"<?xml";
    let of = |encoding, mark| Some(Opening { encoding, mark, unread: None });
    match start {
        [0xEF, 0xBB, 0xBF, ..] => of(UTF_8, 3),
        [0xFF, 0xFE, ..] => of(UTF_16LE, 2),
        [0xFE, 0xFF, ..] => of(UTF_16BE, 2),
        [] | [_] | [0xEF, 0xBB] if !ended => None,
        [first, 0, ..] if *first != 0 => of(UTF_16LE, 0),
        [0, second, ..] if *second != 0 => of(UTF_16BE, 0),
        begun if XML.starts_with(begun) && !ended => None,
        declaration if declaration.starts_with(XML) => match memmem::find(&start[..start.len().min(DECLARATION)], b"?>") {
            Some(end) => Some(declared(&start[..end])),
            None if !ended && start.len() < DECLARATION => None,
            None => of(UTF_8, 0),
        },
        _ => of(UTF_8, 0),
    }
}

/// The encoding that an XML declaration names. One that is written in single bytes cannot be UTF-16, whatever it says.
fn declared(declaration: &[u8]) -> Opening {
    let label = declared_label(declaration).unwrap_or(b"UTF-8");
    let named = Encoding::for_label(label).filter(|encoding| is_read(encoding));
    Opening {
        encoding: named.filter(|encoding| encoding.is_single_byte()).unwrap_or(UTF_8),
        mark: 0,
        unread: named.is_none().then(|| String::from_utf8_lossy(label).into_owned()),
    }
}

fn declared_label(declaration: &[u8]) -> Option<&[u8]> {
    let after = &declaration[memmem::find(declaration, b"encoding")? + "encoding".len()..];
    let value = after.trim_ascii_start().strip_prefix(b"=")?.trim_ascii_start();
    let (quote, value) = value.split_first()?;
    let end = value.iter().position(|byte| byte == quote)?;
    Some(&value[..end])
}

/// Whether text in this encoding is read: those of which the width of each character shows in its UTF-8.
fn is_read(encoding: &'static Encoding) -> bool {
    encoding == UTF_8 || encoding == UTF_16LE || encoding == UTF_16BE || encoding.is_single_byte()
}

/// How many bytes of a file a text in UTF-8 was, in an encoding of one byte a character or UTF-16.
fn width(encoding: &'static Encoding, text: &[u8]) -> u64 {
    let characters = text.iter().filter(|byte| **byte & 0xC0 != 0x80).count();
    // Those that take four bytes in UTF-8 are the surrogate pairs.
    let pairs = || text.iter().filter(|byte| **byte >= 0xF0).count();
    let width = if encoding.is_single_byte() { characters } else { 2 * (characters + pairs()) };
    width as u64
}

/// The number of line ends.
#[expect(clippy::naive_bytecount, reason = "most of what is taken at once is a short tag: vectors begin to pay beyond that")]
fn line_ends(text: &[u8]) -> u64 {
    let count = if text.len() < 32 { text.iter().filter(|byte| **byte == b'\n').count() } else { memchr_iter(b'\n', text).count() };
    count as u64
}

#[cfg(test)]
mod tests;
