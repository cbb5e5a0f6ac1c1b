//! One JSON value of a report, trimmed to what its reader needs, as a [tree](Tree).
//!
//! A [`Shape`] says which members are needed and what they should be; everything else is skipped where it stands, so that code flows,
//! graphs and embedded files count against no limit. What is of another kind than its shape is turned into it where that loses nothing
//! (a number where a text was expected), or left out. So a struct whose fields are all optional always fits what was collected.

use std::borrow::Cow;

use super::{Shape, Token, Tokenizer};
use crate::ReadError;
use crate::tree::{NodeIndex, Span, Tree, ValueKind};

/// How a value was collected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Collected {
    /// [`Collector::tree`] is the value.
    Value,
    /// It is of another kind than its shape.
    OtherKind,
    /// What is needed of it is over the limit.
    TooLarge,
    /// There is none: the array ended.
    End,
}

/// An object or array that is being collected.
#[derive(Debug)]
struct Level {
    shape: &'static Shape,
    array: bool,
    at: NodeIndex,
}

/// Collects one value after the other; it may pause wherever the tokenizer needs bytes.
#[derive(Debug)]
pub struct Collector {
    shape: &'static Shape,
    limit: usize,
    tree: Tree,
    open: Vec<Level>,
    /// The shape of the member's value.
    wanted: Option<&'static Shape>,
    /// The name of the value, or of the member.
    name: Span,
    /// Depth of the tokenizer outside of the value.
    depth: usize,
    outcome: Option<Collected>,
    offset: u64,
    line: u64,
}

impl Default for Collector {
    fn default() -> Self {
        Self {
            shape: &Shape::Any(0),
            limit: 0,
            tree: Tree::default(),
            open: Vec::new(),
            wanted: None,
            name: Span::default(),
            depth: 0,
            outcome: None,
            offset: 0,
            line: 0,
        }
    }
}

impl Collector {
    /// Begins with the next value of `tokens`, which stands before it; of that name, and at most that many [bytes](Tree::size).
    pub fn begin(&mut self, shape: &'static Shape, limit: usize, tokens: &Tokenizer, name: &str) {
        self.tree.clear();
        self.open.clear();
        (self.shape, self.limit, self.name) = (shape, limit, self.tree.keep(name));
        (self.wanted, self.outcome, self.depth) = (None, None, tokens.depth());
        (self.offset, self.line) = (0, 0);
    }

    /// Offset of the value's first byte.
    #[inline]
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// Line of the value's first byte.
    #[inline]
    pub fn line(&self) -> u64 {
        self.line
    }

    /// The value, trimmed.
    #[inline]
    pub fn tree(&self) -> &Tree {
        &self.tree
    }

    /// Takes the value out, and another tree for the next one.
    pub fn replace(&mut self, other: Tree) -> Tree {
        std::mem::replace(&mut self.tree, other)
    }

    /// Goes on; `None` when the tokenizer needs bytes.
    pub fn advance(&mut self, tokens: &mut Tokenizer) -> Result<Option<Collected>, ReadError> {
        loop {
            tokens.set_string_limit(self.expected().limit());
            let Some(token) = tokens.next()? else { return Ok(None) };
            if self.line == 0 {
                (self.offset, self.line) = (tokens.token_start(), tokens.line());
            }
            if let Some(collected) = self.take_token(token, tokens) {
                return Ok(Some(collected));
            }
            if self.tree.size() > self.limit && token != Token::Key && self.outcome.is_none() && tokens.depth() > self.depth {
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

    fn take_token(&mut self, token: Token, tokens: &mut Tokenizer) -> Option<Collected> {
        match token {
            Token::Key => self.key(tokens),
            Token::BeginObject => self.begin_parts(false, tokens),
            Token::BeginArray => self.begin_parts(true, tokens),
            Token::EndObject | Token::EndArray if self.open.is_empty() => return Some(Collected::End),
            Token::EndObject | Token::EndArray => {
                if let Some(level) = self.open.pop() {
                    self.tree.end(level.at, "");
                }
            }
            Token::Skipped | Token::End => {}
            Token::String | Token::Number | Token::Bool(_) | Token::Null => self.scalar(token, tokens),
        }
        let ended = tokens.depth() == self.depth && self.open.is_empty();
        ended.then(|| self.outcome.unwrap_or(Collected::Value))
    }

    fn key(&mut self, tokens: &mut Tokenizer) {
        let shape = self.open.last().map(|level| level.shape);
        self.wanted = shape.and_then(|shape| shape.member(&tokens.text()));
        if self.wanted.is_none() {
            tokens.skip();
            return;
        }
        self.name = self.tree.write(|kept| tokens.write_text(kept));
    }

    fn begin_parts(&mut self, array: bool, tokens: &mut Tokenizer) {
        let shape = self.expected();
        let fits = if array { shape.element().is_some() } else { shape.is_object() };
        if fits {
            let kind = if array { ValueKind::Array } else { ValueKind::Object };
            let at = self.tree.begin_named(self.name(), kind);
            self.open.push(Level { shape, array, at });
        } else {
            tokens.skip_to_depth(tokens.depth() - 1);
            self.other_kind(shape);
        }
    }

    fn scalar(&mut self, token: Token, tokens: &Tokenizer) {
        let shape = self.expected().one();
        let kind = match (shape, token) {
            (Shape::Text(_) | Shape::Either(_), Token::String | Token::Number | Token::Bool(_)) | (Shape::Any(_), Token::String) => {
                ValueKind::Text
            }
            (Shape::Any(_) | Shape::Number, Token::Number) => ValueKind::Number,
            (Shape::Number, Token::String) if super::scalars::is_number(tokens.raw().as_bytes()) => ValueKind::Number,
            (Shape::Any(_), Token::Bool(_)) => ValueKind::Word,
            _ => return self.other_kind(shape),
        };
        let name = self.name();
        self.tree.leaf_named(name, kind, |text| match (kind, token) {
            (ValueKind::Number, _) => text.push_str(&canonical(&tokens.text())),
            (_, Token::Bool(word)) => text.push_str(if word { "true" } else { "false" }),
            _ => tokens.write_text(text),
        });
    }

    /// The name of a value, which elements do not have.
    fn name(&self) -> Span {
        if self.open.last().is_some_and(|level| level.array) { Span::default() } else { self.name }
    }

    /// Leaves a member out; puts the empty value in the place of an element.
    fn other_kind(&mut self, shape: &'static Shape) {
        match self.open.last() {
            None => self.outcome = Some(Collected::OtherKind),
            Some(level) if level.array => {
                let (kind, text) = empty(shape);
                self.tree.leaf_named(Span::default(), kind, |kept| kept.push_str(text));
            }
            Some(_) => {}
        }
    }

    /// Passes over the rest of the value.
    fn abandon(&mut self, outcome: Collected, tokens: &mut Tokenizer) {
        self.outcome = Some(outcome);
        self.open.clear();
        self.tree = Tree::default();
        tokens.skip_to_depth(self.depth);
    }
}

/// The kind and text of the value that stands for one of another kind.
fn empty(shape: &'static Shape) -> (ValueKind, &'static str) {
    match shape.one() {
        Shape::Text(_) => (ValueKind::Text, ""),
        Shape::Number => (ValueKind::Number, "0"),
        Shape::Object(_) | Shape::Either(_) | Shape::Map(_) => (ValueKind::Object, ""),
        Shape::List(_) => (ValueKind::Array, ""),
        Shape::Any(_) | Shape::OneOrMany(_) => (ValueKind::Null, ""),
    }
}

/// The longest number that is written without an exponent: `1e308` would be 309 digits.
const PLAIN_NUMBER: f64 = 1e21;

/// A number as all write it, so that it is the same text whoever wrote it: `7.50` and `7.5` are.
fn canonical(number: &str) -> Cow<'_, str> {
    let is_whole = number.parse::<u64>().is_ok() || (number != "-0" && number.parse::<i64>().is_ok());
    if is_whole {
        return Cow::Borrowed(number);
    }
    let finite = number.parse::<f64>().ok().filter(|number| number.is_finite());
    finite.map_or(Cow::Borrowed(number), |number| Cow::Owned(written(number)))
}

fn written(number: f64) -> String {
    let is_plain = number == 0.0 || (PLAIN_NUMBER.recip()..PLAIN_NUMBER).contains(&number.abs());
    if is_plain { number.to_string() } else { format!("{number:e}") }
}

#[cfg(test)]
mod tests {
    use super::canonical;

    #[test]
    fn a_number_is_one_text_and_not_longer_than_it_has_to_be() {
        for (written, expected) in
            [("7.50", "7.5"), ("75e-1", "7.5"), ("1e3", "1000"), ("-0", "-0"), ("1e308", "1e308"), ("10e-300", "1e-299")]
        {
            assert_eq!(canonical(written), expected, "{written}");
        }
    }
}
