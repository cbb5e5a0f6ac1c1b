//! The text of a document: bytes in its encoding become UTF-8, offsets stay those of the bytes.

use std::cell::Cell;

use encoding_rs::{Decoder, DecoderResult, Encoding, UTF_8, UTF_16BE, UTF_16LE};
use memchr::{memchr_iter, memmem};

/// Length of the longest XML declaration that is looked at, in bytes.
const DECLARATION: usize = 1024;

/// Decoded text that is not taken yet, and where in the bytes it begins.
pub(super) struct Input {
    text: String,
    start: usize,
    /// Offset of `text[start]` in the bytes.
    offset: u64,
    /// An index in `text` and its line, from where lines are counted on: most of what is taken nobody asks for.
    counted: Cell<(usize, u64)>,
    source: Source,
    /// Offset of the next byte to be fed.
    fed: u64,
    ended: bool,
    broken: Option<Broken>,
}

enum Source {
    /// The first bytes, kept until they tell the encoding.
    Undecided(Vec<u8>),
    Decided(Decoder),
}

/// Why there is no text after what was decoded.
#[derive(Clone)]
pub(super) enum Broken {
    /// Bytes that are no text in this encoding.
    Invalid(&'static Encoding),
    /// The bytes end within a character.
    Cut,
    /// The declaration names an encoding that is not read.
    Encoding(String),
}

/// A place whose line is counted only when somebody asks.
#[derive(Clone, Copy, Debug)]
pub(super) enum Spot {
    /// An index in [`Input::text`]; until the next [`Input::feed`].
    Held(usize),
    Line(u64),
}

impl Input {
    pub(super) fn new() -> Self {
        Self::with(Source::Undecided(Vec::new()), 0, 1)
    }

    /// The input from `offset` on, where a character in that encoding begins.
    pub(super) fn at(encoding: &'static Encoding, offset: u64, line: u64) -> Self {
        Self::with(Source::Decided(encoding.new_decoder_without_bom_handling()), offset, line)
    }

    fn with(source: Source, offset: u64, line: u64) -> Self {
        Self { text: String::new(), start: 0, offset, counted: Cell::new((0, line)), source, fed: offset, ended: false, broken: None }
    }

    /// The encoding, once it is known.
    pub(super) fn encoding(&self) -> Option<&'static Encoding> {
        match &self.source {
            Source::Undecided(_) => None,
            Source::Decided(decoder) => Some(decoder.encoding()),
        }
    }

    pub(super) fn feed(&mut self, bytes: &[u8]) {
        if self.ended {
            return;
        }
        self.fed += bytes.len() as u64;
        let line = self.line();
        self.text.drain(..self.start);
        self.start = 0;
        self.counted.set((0, line));
        match &mut self.source {
            Source::Undecided(held) => {
                held.extend_from_slice(bytes);
                self.decide();
            }
            Source::Decided(_) => self.decode(bytes, false),
        }
    }

    pub(super) fn end(&mut self) {
        if self.ended {
            return;
        }
        self.ended = true;
        self.decide();
        self.decode(&[], true);
    }

    /// The text that is not taken yet.
    pub(super) fn rest(&self) -> &str {
        &self.text[self.start..]
    }

    /// Index in [`text`](Self::text) of what is not taken yet.
    pub(super) fn start(&self) -> usize {
        self.start
    }

    /// The text that indexes refer to: until the next [`feed`](Self::feed) it also holds what was taken.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    pub(super) fn offset(&self) -> u64 {
        self.offset
    }

    pub(super) fn line(&self) -> u64 {
        self.line_at(self.start)
    }

    pub(super) fn line_of(&self, spot: Spot) -> u64 {
        match spot {
            Spot::Held(index) => self.line_at(index),
            Spot::Line(line) => line,
        }
    }

    /// The line of an index in [`text`](Self::text).
    pub(super) fn line_at(&self, index: usize) -> u64 {
        let (at, mut line) = self.counted.get();
        let text = self.text.as_bytes();
        if index >= at {
            line += line_ends(&text[at..index]);
        } else {
            line -= line_ends(&text[index..at]);
        }
        self.counted.set((index, line));
        line
    }

    pub(super) fn fed(&self) -> u64 {
        self.fed
    }

    /// Whether nothing comes after the rest, be it that the bytes end or that they are no text.
    pub(super) fn is_over(&self) -> bool {
        self.ended || self.broken.is_some()
    }

    pub(super) fn broken(&self) -> Option<&Broken> {
        self.broken.as_ref()
    }

    /// Takes `length` bytes of the text.
    pub(super) fn advance(&mut self, length: usize) {
        self.offset += self.width(&self.text.as_bytes()[self.start..self.start + length]);
        self.start += length;
    }

    /// Offset and line of what follows the next `length` bytes of the text.
    pub(super) fn ahead(&self, length: usize) -> (u64, u64) {
        let taken = &self.text.as_bytes()[self.start..self.start + length];
        (self.offset + self.width(taken), self.line_at(self.start + length))
    }

    /// How many bytes of the input a text is.
    fn width(&self, text: &[u8]) -> u64 {
        let characters = || text.iter().filter(|byte| **byte & 0xC0 != 0x80).count();
        let width = match self.encoding() {
            // Nearly all reports are.
            None => text.len(),
            Some(encoding) if encoding == UTF_8 => text.len(),
            Some(encoding) if encoding.is_single_byte() => characters(),
            // Those that take four bytes in UTF-8 are the surrogate pairs.
            Some(_) => 2 * (characters() + text.iter().filter(|byte| **byte >= 0xF0).count()),
        };
        width as u64
    }

    /// Finds the encoding in the first bytes, if they suffice, and decodes them.
    fn decide(&mut self) {
        let Source::Undecided(held) = &mut self.source else { return };
        let Some(decision) = sniff(held, self.ended) else { return };
        let held = std::mem::take(held);
        match decision {
            Ok((encoding, mark)) => {
                self.offset += mark as u64;
                self.source = Source::Decided(encoding.new_decoder_without_bom_handling());
                self.decode(&held[mark..], false);
            }
            Err(name) => {
                self.source = Source::Decided(UTF_8.new_decoder_without_bom_handling());
                self.broken = Some(Broken::Encoding(name));
            }
        }
    }

    fn decode(&mut self, bytes: &[u8], last: bool) {
        let Source::Decided(decoder) = &mut self.source else { return };
        if self.broken.is_some() {
            return;
        }
        let mut read = 0;
        loop {
            self.text.reserve(decoder.max_utf8_buffer_length_without_replacement(bytes.len() - read).unwrap_or(bytes.len()));
            let (result, taken) = decoder.decode_to_string_without_replacement(&bytes[read..], &mut self.text, last);
            read += taken;
            match result {
                DecoderResult::InputEmpty => return,
                DecoderResult::OutputFull => {}
                DecoderResult::Malformed(..) => {
                    // The last call has no bytes: what is malformed then is a character that was begun.
                    self.broken = Some(if last { Broken::Cut } else { Broken::Invalid(decoder.encoding()) });
                    return;
                }
            }
        }
    }
}

/// The number of line ends.
#[expect(clippy::naive_bytecount, reason = "most of what is taken at once is a short tag: vectors begin to pay beyond that")]
fn line_ends(text: &[u8]) -> u64 {
    let count = if text.len() < 32 { text.iter().filter(|byte| **byte == b'\n').count() } else { memchr_iter(b'\n', text).count() };
    count as u64
}

/// The encoding and the length of the byte order mark (XML 1.0, appendix F), or the name of an encoding that is not read. `None` asks
/// for more bytes.
fn sniff(start: &[u8], ended: bool) -> Option<Result<(&'static Encoding, usize), String>> {
    if start.len() < 4 && !ended {
        return None;
    }
    if let Some((encoding, mark)) = Encoding::for_bom(start) {
        return Some(Ok((encoding, mark)));
    }
    match start {
        [b'<', 0, ..] => Some(Ok((UTF_16LE, 0))),
        [0, b'<', ..] => Some(Ok((UTF_16BE, 0))),
        [b'<', b'?', ..] => match memmem::find(&start[..start.len().min(DECLARATION)], b"?>") {
            Some(end) => Some(declared(&start[..end])),
            None if !ended && start.len() < DECLARATION => None,
            None => Some(Ok((UTF_8, 0))),
        },
        _ => Some(Ok((UTF_8, 0))),
    }
}

/// The encoding that an XML declaration names. One that is written in single bytes cannot be UTF-16, whatever it says.
fn declared(declaration: &[u8]) -> Result<(&'static Encoding, usize), String> {
    let Some(label) = declared_label(declaration) else { return Ok((UTF_8, 0)) };
    match Encoding::for_label(label) {
        Some(encoding) if encoding == UTF_8 || encoding.is_single_byte() => Ok((encoding, 0)),
        Some(encoding) if encoding == UTF_16LE || encoding == UTF_16BE => Ok((UTF_8, 0)),
        _ => Err(String::from_utf8_lossy(label).into_owned()),
    }
}

fn declared_label(declaration: &[u8]) -> Option<&[u8]> {
    let after = &declaration[memmem::find(declaration, b"encoding")? + "encoding".len()..];
    let value = after.trim_ascii_start().strip_prefix(b"=")?.trim_ascii_start();
    let (quote, value) = value.split_first()?;
    let end = value.iter().position(|byte| byte == quote)?;
    Some(&value[..end])
}
