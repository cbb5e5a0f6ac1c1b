//! JSON (RFC 8259) as tokens, from bytes in pieces of any size.
//!
//! Why not a kept tokenizer: those at hand (json-event-parser, actson, serde_json) hold every string whole, refuse a lone surrogate, or
//! cannot be put down and taken up. Reports embed files of 100 MB as one string. So the layer here only finds where tokens begin and
//! end, and keeps what its caller asks for, still escaped; serde_json decodes the escapes.
//!
//! Every byte is looked at once, and that of a string that a piece's end or an escape interrupts at most twice: nearly all strings are kept where
//! they stand in the buffer, what is kept of the others lies beside it. What a caller
//! [skips](Tokenizer::skip) costs no memory, and only its nesting is checked, not its commas, numbers and escapes.
//!
//! Milder than the standard in two points: strings may hold raw control characters (several scanners write tabs), and half a
//! surrogate pair becomes U+FFFD.

use std::borrow::Cow;
use std::fmt;

use serde::de::Visitor;
use serde::{Deserialize, Deserializer as _, Serialize};

use crate::decode::{Broken, Input, Position};
use crate::{ReadError, ReadErrorKind, TakesBytes, limits};

mod collect;
mod scalars;
mod shape;

pub use collect::{Collected, Collector};
pub use shape::Shape;

/// What [`Tokenizer::next`] found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Token {
    /// `{`
    BeginObject,
    /// `}`
    EndObject,
    /// `[`
    BeginArray,
    /// `]`
    EndArray,
    /// The name of a member: [`Tokenizer::text`].
    Key,
    /// A string: [`Tokenizer::text`].
    String,
    /// A number: [`Tokenizer::raw`].
    Number,
    /// `true` or `false`.
    Bool(bool),
    /// `null`
    Null,
    /// A value that was [skipped](Tokenizer::skip), or the [rest](Tokenizer::skip_to_depth) of one.
    Skipped,
    /// The end of the report, after its one value.
    End,
}

/// An open object or array.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Open {
    array: bool,
    line: u64,
}

/// What may come next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Expect {
    Value,
    ValueOrEnd,
    Key,
    KeyOrEnd,
    Colon,
    CommaOrEnd,
    Nothing,
}

impl Expect {
    fn words(self, array: bool) -> &'static str {
        match self {
            Self::Value => "a value",
            Self::ValueOrEnd => "a value or ']'",
            Self::Key => "a member's name in quotes",
            Self::KeyOrEnd => "a member's name in quotes or '}'",
            Self::Colon => "':'",
            Self::CommaOrEnd if array => "',' or ']'",
            Self::CommaOrEnd => "',' or '}'",
            Self::Nothing => "the end of the report",
        }
    }
}

/// A place between two tokens: all that is needed to go on from there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    #[serde(flatten)]
    position: Position,
    open: Vec<Open>,
    expect: Expect,
}

impl Place {
    /// The start of a report.
    pub fn start() -> Self {
        Self { position: Position::START, open: Vec::new(), expect: Expect::Value }
    }

    /// In bytes from the report's start.
    #[inline]
    pub fn offset(&self) -> u64 {
        self.position.offset
    }

    /// The value that begins or has just ended at this place's nesting, found at that offset and line.
    #[must_use]
    pub fn value_at(&self, offset: u64, line: u64) -> Self {
        Self { position: self.position.moved_to(offset, line), open: self.open.clone(), expect: Expect::Value }
    }
}

/// A token that has begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Partial {
    None,
    String(Escape),
    Word,
}

/// Where in an escape sequence a string stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Escape {
    No,
    Backslash,
    /// `\u` and so many of its digits.
    Digits(u8),
}

/// Turns bytes into tokens.
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own about the input or the token that has begun")]
pub struct Tokenizer {
    input: Input<String>,
    open: Vec<Open>,
    /// Which of them have no line yet, and where in the buffer they begin: most are closed before anybody asks.
    unlined: Vec<(usize, usize)>,
    expect: Expect,
    partial: Partial,
    /// The string is a member's name.
    key: bool,
    /// The next value is to be skipped.
    skip: bool,
    /// Everything is skipped until so few objects and arrays are open.
    leave: Option<usize>,
    /// Where in the buffer the last string stands, if it is kept as it is there.
    plain: Option<(usize, usize)>,
    /// There are escapes in what is kept.
    escaped: bool,
    /// What is kept of any other string or number, escaped.
    text: String,
    limit: usize,
    clipped: bool,
    /// Values follow each other until the end, as in JSON lines.
    many: bool,
    /// Whether the report begins with an assignment does not show yet.
    undecided: bool,
    digits: [u8; 4],
    /// The first half of a surrogate pair, waiting for the second.
    surrogate: Option<[u8; 4]>,
    token_start: u64,
}

impl Default for Tokenizer {
    fn default() -> Self {
        Self::new(Place::start())
    }
}

/// Bytes that are looked at for an assignment: half of them may be its name, the others blanks.
const LONGEST_ASSIGNMENT: usize = 128;

/// The length of an assignment's left side (`results =`) at the start of a text; 0 where there is none, nothing where more has to be seen.
pub(crate) fn assignment(start: &[u8]) -> Option<usize> {
    const LONGEST: usize = LONGEST_ASSIGNMENT / 2;
    let begins = |byte: &u8| byte.is_ascii_alphabetic() || matches!(byte, b'_' | b'$');
    let name = start.iter().take(LONGEST + 1).take_while(|byte| begins(byte) || byte.is_ascii_digit()).count();
    if name > LONGEST || !start.first().is_none_or(begins) {
        return Some(0);
    }
    let blanks = start[name..].iter().take(LONGEST + 1).take_while(|byte| matches!(byte, b' ' | b'\t')).count();
    match start.get(name + blanks) {
        Some(b'=') if name > 0 => Some(name + blanks + 1),
        Some(_) => Some(0),
        None => (blanks > LONGEST).then_some(0),
    }
}

/// Reading.
impl Tokenizer {
    /// A tokenizer at a place, which wants the bytes there.
    pub fn new(place: Place) -> Self {
        Self {
            undecided: place.offset() == 0,
            token_start: place.offset(),
            input: Input::at(place.position),
            open: place.open,
            unlined: Vec::new(),
            expect: place.expect,
            partial: Partial::None,
            key: false,
            skip: false,
            leave: None,
            plain: None,
            escaped: false,
            text: String::new(),
            limit: limits::STRING,
            clipped: false,
            many: false,
            digits: [0; 4],
            surrogate: None,
        }
    }

    /// Goes to a place. Costs no new bytes where they are still held.
    pub fn jump(&mut self, place: Place) {
        if !self.input.go_to(place.position) {
            let work = usize::try_from(self.input.work()).unwrap_or(usize::MAX);
            *self = Self { many: self.many, ..Self::new(place) };
            self.input.looked(work);
            return;
        }
        (self.undecided, self.token_start) = (place.offset() == 0, place.offset());
        (self.open, self.expect) = (place.open, place.expect);
        (self.partial, self.skip, self.leave) = (Partial::None, false, None);
        self.plain = None;
        self.unlined.clear();
    }

    /// Reads values that follow each other, as in JSON lines, instead of one.
    pub fn expect_many(&mut self) {
        self.many = true;
        if self.open.is_empty() {
            self.expect = Expect::ValueOrEnd;
        }
    }

    /// The first byte of what comes next, behind blanks, colons and commas: of a value, a name, or a closing bracket. Only between two
    /// tokens. `None` where [`next`](Self::next) has the answer.
    pub fn peek_first_byte(&mut self) -> Option<u8> {
        loop {
            let from = self.input.head;
            self.blanks();
            self.input.looked(self.input.head - from);
            let byte = self.peek()?;
            match (self.expect, byte) {
                (Expect::Colon, b':') => self.expect = Expect::Value,
                (Expect::CommaOrEnd, b',') => self.expect = if self.in_array() { Expect::Value } else { Expect::Key },
                _ => return Some(byte),
            }
            self.input.head += 1;
        }
    }

    /// The place after the last token. Only there: not when a token has begun.
    pub fn place(&mut self) -> Place {
        Place { position: self.reached(), open: self.open.clone(), expect: self.expect }
    }

    /// Makes a place the one after the last token; the same as [`place`](Self::place) without a new list of what is open.
    pub fn write_place(&mut self, place: &mut Place) {
        (place.position, place.expect) = (self.reached(), self.expect);
        place.open.clone_from(&self.open);
    }

    /// Gives the next token; `None` when it needs more bytes, or to hear that there are none.
    #[expect(clippy::should_implement_trait, reason = "an iterator cannot ask for input")]
    pub fn next(&mut self) -> Result<Option<Token>, ReadError> {
        let from = self.input.head;
        let token = self.find();
        self.input.looked(self.input.head - from);
        match token? {
            Some(token) => Ok(Some(token)),
            None => self.starved(),
        }
    }

    #[inline]
    fn find(&mut self) -> Result<Option<Token>, ReadError> {
        match (self.leave, self.partial) {
            (Some(depth), _) => self.pass_to_depth(depth),
            (None, Partial::String(escape)) => self.string(escape),
            (None, Partial::Word) => self.word(),
            (None, Partial::None) => self.structure(),
        }
    }

    /// Passes over the next value, for which [`next`](Self::next) then gives [`Token::Skipped`].
    #[inline]
    pub fn skip(&mut self) {
        self.skip = true;
    }

    /// Passes over what is left until only `depth` objects and arrays are open; then [`next`](Self::next) gives [`Token::Skipped`].
    #[inline]
    pub fn skip_to_depth(&mut self, depth: usize) {
        self.leave = Some(depth);
    }

    /// How much of the coming strings is kept, in bytes of their escaped form; what is over is dropped and marked with an ellipsis.
    #[inline]
    pub fn set_string_limit(&mut self, limit: usize) {
        self.limit = limit;
    }

    /// The last key, string or number as the report writes it, between its quotes. It is valid inside a JSON string, even where the
    /// report's own was not (see the module's text).
    #[inline]
    pub fn raw(&self) -> &str {
        self.plain.and_then(|(from, to)| self.input.buffer.get(from..to)).unwrap_or(&self.text)
    }

    /// The last key or string.
    pub fn text(&self) -> Cow<'_, str> {
        if !self.escaped {
            return Cow::Borrowed(self.raw());
        }
        let mut text = String::new();
        self.write_text(&mut text);
        Cow::Owned(text)
    }

    /// The same, added to a text.
    pub fn write_text(&self, text: &mut String) {
        if !self.escaped {
            text.push_str(self.raw());
            return;
        }
        // A string that stands in the buffer has its quotes around it there.
        let in_place = self.plain.and_then(|(from, to)| self.input.buffer.get(from.checked_sub(1)?..=to));
        let quoted = in_place.map_or_else(|| Cow::Owned(["\"", self.raw(), "\""].concat()), Cow::Borrowed);
        // What is kept is valid: see `raw`.
        let _ = serde_json::Deserializer::from_str(&quoted).deserialize_str(Unescaped(text));
    }

    /// Number of open objects and arrays.
    #[inline]
    pub fn depth(&self) -> usize {
        self.open.len()
    }

    /// Offset after the last token, or of the first byte that is not consumed.
    #[inline]
    pub fn offset(&self) -> u64 {
        self.input.offset()
    }

    /// Offset of the last token's first byte.
    #[inline]
    pub fn token_start(&self) -> u64 {
        self.token_start
    }

    /// The line of [`offset`](Self::offset), counted from 1.
    pub fn line(&mut self) -> u64 {
        self.settle_lines();
        self.input.line()
    }

    /// An error at [`offset`](Self::offset).
    pub fn error(&mut self, kind: ReadErrorKind, message: impl Into<String>) -> ReadError {
        ReadError { kind, message: message.into(), offset: self.offset(), line: self.line() }
    }
}

impl TakesBytes for Tokenizer {
    fn position(&self) -> u64 {
        self.input.fed()
    }

    fn progress(&self) -> u64 {
        self.offset()
    }

    fn feed(&mut self, bytes: &[u8]) {
        self.plain = None;
        self.settle_lines();
        self.input.feed(bytes);
    }

    fn end_of_input(&mut self) {
        self.input.end();
    }

    fn work(&self) -> u64 {
        self.input.work()
    }
}

/// Adds the string that serde_json reads to a text.
struct Unescaped<'t>(&'t mut String);

impl Visitor<'_> for Unescaped<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_str<E>(self, text: &str) -> Result<(), E> {
        self.0.push_str(text);
        Ok(())
    }
}

/// Structure.
impl Tokenizer {
    /// Consumes blanks and punctuation up to the next token.
    fn structure(&mut self) -> Result<Option<Token>, ReadError> {
        loop {
            self.blanks();
            let Some(byte) = self.peek() else { return Ok(None) };
            self.token_start = self.offset();
            match (self.expect, byte) {
                (Expect::Colon, b':') => self.expect = Expect::Value,
                (Expect::CommaOrEnd, b',') => self.expect = if self.in_array() { Expect::Value } else { Expect::Key },
                (Expect::CommaOrEnd | Expect::ValueOrEnd, b']') if self.in_array() => return Ok(Some(self.close())),
                (Expect::CommaOrEnd | Expect::KeyOrEnd, b'}') if !self.in_array() => return Ok(Some(self.close())),
                (Expect::Key | Expect::KeyOrEnd, b'"') => return self.begin_string(true),
                (Expect::Value | Expect::ValueOrEnd, _) => return self.begin_value(byte),
                _ => return Err(self.unexpected(byte)),
            }
            self.input.head += 1;
        }
    }

    fn begin_value(&mut self, byte: u8) -> Result<Option<Token>, ReadError> {
        match byte {
            b'{' | b'[' => {
                let skip = std::mem::take(&mut self.skip);
                let depth = self.depth();
                let token = self.open(byte == b'[')?;
                if skip {
                    self.leave = Some(depth);
                    return self.pass_to_depth(depth);
                }
                Ok(Some(token))
            }
            b'"' => self.begin_string(false),
            b'-' | b'0'..=b'9' | b't' | b'f' | b'n' => {
                self.partial = Partial::Word;
                (self.plain, self.escaped) = (None, false);
                self.text.clear();
                self.word()
            }
            other => Err(self.unexpected(other)),
        }
    }

    fn open(&mut self, array: bool) -> Result<Token, ReadError> {
        if self.open.len() == limits::DEPTH {
            return Err(
                self.error(ReadErrorKind::LimitExceeded, format!("more than {} nested objects and arrays (limits::DEPTH)", limits::DEPTH))
            );
        }
        self.unlined.push((self.open.len(), self.input.head));
        self.open.push(Open { array, line: 0 });
        self.input.head += 1;
        self.expect = if array { Expect::ValueOrEnd } else { Expect::KeyOrEnd };
        Ok(if array { Token::BeginArray } else { Token::BeginObject })
    }

    fn close(&mut self) -> Token {
        let array = self.in_array();
        self.skip = false;
        self.open.pop();
        self.unlined.pop_if(|(level, _)| *level == self.open.len());
        self.input.head += 1;
        self.value_ended();
        if array { Token::EndArray } else { Token::EndObject }
    }

    fn value_ended(&mut self) {
        self.expect = match (self.open.is_empty(), self.many) {
            (true, true) => Expect::ValueOrEnd,
            (true, false) => Expect::Nothing,
            (false, _) => Expect::CommaOrEnd,
        };
    }

    fn in_array(&self) -> bool {
        self.open.last().is_some_and(|open| open.array)
    }

    /// Passes over bytes until only `depth` objects and arrays are open.
    fn pass_to_depth(&mut self, depth: usize) -> Result<Option<Token>, ReadError> {
        if let Partial::String(escape) = self.partial
            && !self.pass_string(escape)
        {
            return Ok(None);
        }
        self.partial = Partial::None;
        while self.open.len() > depth {
            let Some(byte) = self.pass_to_bracket() else { return Ok(None) };
            match byte {
                b'{' | b'[' => {
                    self.open(byte == b'[')?;
                }
                _ if self.in_array() == (byte == b']') => {
                    self.close();
                }
                _ => {
                    self.expect = Expect::CommaOrEnd;
                    return Err(self.unexpected(byte));
                }
            }
        }
        self.leave = None;
        Ok(Some(Token::Skipped))
    }

    /// Passes over strings and whatever else stands before the next bracket; none where the bytes end first.
    fn pass_to_bracket(&mut self) -> Option<u8> {
        let bytes = self.input.buffer.as_bytes();
        let mut at = self.input.head;
        loop {
            match bytes.get(at) {
                Some(b'"') => match scalars::string_length(&bytes[at + 1..]) {
                    Ok(length) => at += length + 2,
                    Err(escape) => {
                        (self.partial, self.input.head) = (Partial::String(escape), self.input.buffer.len());
                        return None;
                    }
                },
                Some(byte @ (b'{' | b'}' | b'[' | b']')) => {
                    self.input.head = at;
                    return Some(*byte);
                }
                Some(_) => at += 1,
                None => {
                    self.input.head = self.input.buffer.len();
                    return None;
                }
            }
        }
    }

    /// Goes to the end of a string of which nothing is kept; false when the bytes end first.
    fn pass_string(&mut self, escape: Escape) -> bool {
        let rest = &self.input.buffer.as_bytes()[self.input.head..];
        let escaped = usize::from(escape == Escape::Backslash);
        if rest.len() < escaped {
            return false;
        }
        let length = scalars::string_length(&rest[escaped..]);
        self.partial = length.map_or_else(Partial::String, |_| Partial::None);
        self.input.head = length.map_or(self.input.buffer.len(), |length| self.input.head + escaped + length + 1);
        length.is_ok()
    }

    /// Passes over blanks, and at the report's start over what may stand before the value.
    fn blanks(&mut self) {
        if self.undecided {
            self.begin();
        }
        if !self.undecided {
            self.input.head += scalars::blanks(&self.input.buffer.as_bytes()[self.input.head..]);
        }
    }

    /// An assignment: some reports are scripts that web pages read.
    fn begin(&mut self) {
        let assignment = assignment(self.input.untaken());
        self.input.looked(self.input.untaken().len().min(LONGEST_ASSIGNMENT));
        self.undecided = assignment.is_none() && !self.input.is_ended();
        self.input.head += assignment.unwrap_or(0);
    }

    /// Whether nothing is left of what was fed.
    fn is_consumed(&self) -> bool {
        self.input.untaken().is_empty() && self.input.broken().is_none()
    }

    fn peek(&self) -> Option<u8> {
        if self.undecided {
            return None;
        }
        self.input.buffer.as_bytes().get(self.input.head).copied()
    }

    /// Counts the lines of what is open, before the buffer is another one.
    fn settle_lines(&mut self) {
        for (level, at) in self.unlined.drain(..) {
            self.open[level].line = self.input.line_at(at);
        }
    }

    /// The position after the last token, which is the start of the report until it is known how it begins.
    fn reached(&mut self) -> Position {
        self.settle_lines();
        if self.undecided { Position::START } else { self.input.position() }
    }
}

/// Errors.
impl Tokenizer {
    fn starved(&mut self) -> Result<Option<Token>, ReadError> {
        if let (Some(Broken::Invalid(encoding)), []) = (self.input.broken(), self.input.untaken()) {
            let message = format!("expected {}, found other bytes", encoding.name());
            return Err(self.error(ReadErrorKind::Syntax, message));
        }
        if !self.input.is_ended() {
            return Ok(None);
        }
        let between = self.partial == Partial::None && self.open.is_empty() && self.expect == Expect::ValueOrEnd;
        if (self.expect == Expect::Nothing || between) && self.is_consumed() {
            return Ok(Some(Token::End));
        }
        Err(self.truncated())
    }

    fn truncated(&mut self) -> ReadError {
        let expected = match self.partial {
            Partial::String(_) => "the end of a string",
            _ => self.expect.words(self.in_array()),
        };
        self.settle_lines();
        let open = match self.open.last() {
            Some(Open { array: true, line }) => format!(" inside the array that begins in line {line}"),
            Some(Open { array: false, line }) => format!(" inside the object that begins in line {line}"),
            None => String::new(),
        };
        let message = format!("the report ends{open}, where {expected} was expected");
        self.input.head = self.input.buffer.len();
        self.error(ReadErrorKind::Truncated, message)
    }

    fn unexpected(&mut self, byte: u8) -> ReadError {
        let found = match self.input.buffer[self.input.head..].chars().next() {
            Some(c) => format!("{c:?}"),
            None => format!("byte {byte:#04x}"),
        };
        let expected = self.expect.words(self.in_array());
        self.error(ReadErrorKind::Syntax, format!("expected {expected}, found {found}"))
    }

    fn bad_word(&mut self) -> ReadError {
        let line = self.line();
        let message = format!("expected a value, found {:?}", &self.text[..self.text.floor_char_boundary(40)]);
        ReadError { kind: ReadErrorKind::Syntax, message, offset: self.token_start, line }
    }
}

#[cfg(test)]
mod tests;
