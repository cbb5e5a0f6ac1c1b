//! One JSON value of a report, trimmed to what its reader needs, for serde_json to turn into a typed struct.
//!
//! A [`Shape`] says which members are needed and what they should be; everything else is skipped where it stands, so that code flows,
//! graphs and embedded files count against no limit. What is of another kind than its shape is turned into it where that loses nothing
//! (a number where a text was expected), or left out. So a struct whose fields are all optional always fits what was collected.

use super::{Token, Tokenizer};
use crate::ReadError;

pub(crate) use super::shape::Shape;

/// How a value was collected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Collected {
    /// [`Collector::bytes`] is the value.
    Value,
    /// It is of another kind than its shape.
    OtherKind,
    /// What is needed of it is over the limit.
    TooLarge,
    /// There is none: the array ended.
    End,
}

/// An object or array that is being written.
#[derive(Debug)]
struct Level {
    shape: &'static Shape,
    array: bool,
}

/// Collects one value; it may pause wherever the tokenizer needs bytes.
#[derive(Debug)]
pub(crate) struct Collector {
    shape: &'static Shape,
    limit: usize,
    bytes: Vec<u8>,
    open: Vec<Level>,
    /// The shape of the member's value, and where in `bytes` the member begins.
    wanted: Option<&'static Shape>,
    member: usize,
    /// Depth of the tokenizer outside of the value.
    depth: usize,
    outcome: Option<Collected>,
    offset: u64,
    line: u64,
}

impl Collector {
    /// Collects the next value of `tokens`, which stands before it.
    pub(crate) fn new(shape: &'static Shape, limit: usize, tokens: &Tokenizer) -> Self {
        Self {
            shape,
            limit,
            bytes: Vec::with_capacity(1024),
            open: Vec::with_capacity(8),
            wanted: None,
            member: 0,
            depth: tokens.depth(),
            outcome: None,
            offset: 0,
            line: 0,
        }
    }

    /// Offset of the value's first byte.
    pub(crate) fn offset(&self) -> u64 {
        self.offset
    }

    /// Line of the value's first byte.
    pub(crate) fn line(&self) -> u64 {
        self.line
    }

    /// The value as JSON, trimmed.
    pub(crate) fn json(&self) -> &str {
        // Tokens are UTF-8, and cut between characters.
        std::str::from_utf8(&self.bytes).unwrap_or_default()
    }

    /// Goes on; `None` when the tokenizer needs bytes.
    pub(crate) fn advance(&mut self, tokens: &mut Tokenizer) -> Result<Option<Collected>, ReadError> {
        loop {
            tokens.keep(self.expected().limit());
            let Some(token) = tokens.next()? else { return Ok(None) };
            if self.line == 0 {
                (self.offset, self.line) = (tokens.token_start(), tokens.line());
            }
            if let Some(collected) = self.take(token, tokens) {
                return Ok(Some(collected));
            }
            if self.bytes.len() > self.limit && token != Token::Key && self.outcome.is_none() && tokens.depth() > self.depth {
                self.abandon(Collected::TooLarge, tokens);
            }
        }
    }

    /// The shape of the next value.
    fn expected(&self) -> &'static Shape {
        match self.open.last() {
            None => self.shape,
            Some(level) if level.array => level.shape.element().unwrap_or(self.shape),
            Some(level) => self.wanted.unwrap_or(level.shape),
        }
    }

    fn take(&mut self, token: Token, tokens: &mut Tokenizer) -> Option<Collected> {
        match token {
            Token::Key => self.key(tokens),
            Token::BeginObject => self.begin(false, tokens),
            Token::BeginArray => self.begin(true, tokens),
            Token::EndObject | Token::EndArray if self.open.is_empty() => return Some(Collected::End),
            Token::EndObject | Token::EndArray => {
                self.open.pop();
                self.bytes.push(if token == Token::EndArray { b']' } else { b'}' });
            }
            Token::Skipped | Token::End => {}
            Token::String | Token::Number | Token::Bool(_) | Token::Null => self.scalar(token, tokens),
        }
        let ended = tokens.depth() == self.depth && self.open.is_empty();
        ended.then(|| self.outcome.unwrap_or(Collected::Value))
    }

    fn key(&mut self, tokens: &mut Tokenizer) {
        let shape = self.open.last().map(|level| level.shape);
        self.wanted = match tokens.raw() {
            name if !name.contains(&b'\\') => shape.and_then(|shape| shape.member(name)),
            _ => shape.and_then(|shape| shape.member(tokens.text().as_bytes())),
        };
        if self.wanted.is_none() {
            tokens.skip();
            return;
        }
        self.member = self.bytes.len();
        self.comma();
        self.text(tokens.raw());
        self.bytes.push(b':');
    }

    fn begin(&mut self, array: bool, tokens: &mut Tokenizer) {
        let shape = self.expected();
        let fits = if array { shape.element().is_some() } else { shape.is_object() };
        if fits {
            self.element();
            self.bytes.push(if array { b'[' } else { b'{' });
            self.open.push(Level { shape, array });
        } else {
            tokens.leave(tokens.depth() - 1);
            self.other_kind(shape);
        }
    }

    fn scalar(&mut self, token: Token, tokens: &Tokenizer) {
        let shape = self.expected().one();
        let raw = tokens.raw();
        let (quoted, text): (bool, &[u8]) = match (shape, token) {
            (Shape::Text(_) | Shape::Either(_), Token::String | Token::Number) | (Shape::Any(_), Token::String) => (true, raw),
            (Shape::Any(_) | Shape::Number, Token::Number) => (false, raw),
            (Shape::Number, Token::String) if super::scalars::is_number(raw) => (false, raw),
            (Shape::Text(_) | Shape::Either(_), Token::Bool(true)) => (true, b"true"),
            (Shape::Text(_) | Shape::Either(_), Token::Bool(false)) => (true, b"false"),
            (Shape::Any(_), Token::Bool(true)) => (false, b"true"),
            (Shape::Any(_), Token::Bool(false)) => (false, b"false"),
            _ => return self.other_kind(shape),
        };
        self.element();
        if quoted {
            self.text(text);
        } else {
            self.bytes.extend_from_slice(text);
        }
    }

    fn text(&mut self, text: &[u8]) {
        self.bytes.reserve(text.len() + 2);
        self.bytes.push(b'"');
        self.bytes.extend_from_slice(text);
        self.bytes.push(b'"');
    }

    /// Leaves a member out; puts the empty value in the place of an element.
    fn other_kind(&mut self, shape: &'static Shape) {
        match self.open.last() {
            None => self.outcome = Some(Collected::OtherKind),
            Some(level) if level.array => {
                self.element();
                self.bytes.extend_from_slice(shape.empty());
            }
            Some(_) => self.bytes.truncate(self.member),
        }
    }

    /// Writes what comes before a value, if it is an element.
    fn element(&mut self) {
        if self.open.last().is_some_and(|level| level.array) {
            self.comma();
        }
    }

    fn comma(&mut self) {
        if !matches!(self.bytes.last(), None | Some(b'[' | b'{')) {
            self.bytes.push(b',');
        }
    }

    /// Passes over the rest of the value.
    fn abandon(&mut self, outcome: Collected, tokens: &mut Tokenizer) {
        self.outcome = Some(outcome);
        self.open.clear();
        self.bytes = Vec::new();
        tokens.leave(self.depth);
    }
}
