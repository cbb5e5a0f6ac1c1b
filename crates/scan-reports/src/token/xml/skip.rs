//! What is read over: comments, processing instructions and the document type declaration.

use memchr::memchr;
use quick_xml::parser::{CommentParser, Parser as _, PiParser};

/// A part of the document that is no event, behind its first characters.
pub(super) enum Skip {
    Comment(CommentParser),
    Instruction(PiParser),
    Doctype(Doctype),
}

/// A document type declaration (XML 1.0, section 2.8).
#[derive(Default)]
pub(super) struct Doctype {
    /// Within the brackets of its internal subset.
    subset: bool,
    quote: Option<u8>,
    /// A comment or instruction of the subset: they may hold any quote and bracket.
    inner: Option<Box<Skip>>,
}

impl Skip {
    pub(super) fn comment() -> Self {
        Self::Comment(CommentParser::default())
    }

    pub(super) fn instruction() -> Self {
        Self::Instruction(PiParser::default())
    }

    pub(super) fn doctype() -> Self {
        Self::Doctype(Doctype::default())
    }

    pub(super) fn what(&self) -> &'static str {
        match self {
            Self::Comment(_) => "a comment",
            Self::Instruction(_) => "a processing instruction",
            Self::Doctype(_) => "<!DOCTYPE",
        }
    }

    /// Reads on in the text: how much of it is read over, and whether that was the end. What is left is needed again, with more.
    pub(super) fn feed(&mut self, text: &str) -> (usize, bool) {
        if text.is_empty() {
            // The parser of instructions would forget the `?` before.
            return (0, false);
        }
        let found = match self {
            Self::Comment(parser) => parser.feed(text.as_bytes()),
            // Its answer is the place of the `>`, not that after it.
            Self::Instruction(parser) => parser.feed(text.as_bytes()).map(|end| end + 1),
            Self::Doctype(doctype) => return doctype.feed(text),
        };
        // The parsers look for ASCII characters, but may stop anywhere: only the end is a place to cut at.
        found.map_or((text.len(), false), |end| (end, true))
    }
}

impl Doctype {
    fn feed(&mut self, text: &str) -> (usize, bool) {
        let mut at = 0;
        while at < text.len() {
            let rest = &text[at..];
            if let Some(inner) = &mut self.inner {
                let (taken, done) = inner.feed(rest);
                at += taken;
                if done {
                    self.inner = None;
                }
            } else if let Some(quote) = self.quote {
                let Some(end) = memchr(quote, rest.as_bytes()) else { return (text.len(), false) };
                at += end + 1;
                self.quote = None;
            } else {
                let Some(next) = rest.bytes().position(|b| matches!(b, b'"' | b'\'' | b'[' | b']' | b'<' | b'>')) else {
                    return (text.len(), false);
                };
                match self.step(&rest[next..]) {
                    Some(0) => return (at + next + 1, true),
                    Some(taken) => at += next + taken,
                    None => return (at + next, false),
                }
            }
        }
        (at, false)
    }

    /// How much to go over at a character that means something: 0 at the end, `None` when more has to be seen.
    fn step(&mut self, rest: &str) -> Option<usize> {
        match rest.as_bytes()[0] {
            quote @ (b'"' | b'\'') => self.quote = Some(quote),
            b'[' => self.subset = true,
            b']' => self.subset = false,
            b'>' if !self.subset => return Some(0),
            b'<' => {
                for (opening, skip) in [("<!--", Skip::comment as fn() -> Skip), ("<?", Skip::instruction)] {
                    if rest.starts_with(opening) {
                        self.inner = Some(Box::new(skip()));
                        return Some(opening.len());
                    }
                    if opening.starts_with(rest) {
                        return None;
                    }
                }
            }
            _ => {}
        }
        Some(1)
    }
}
