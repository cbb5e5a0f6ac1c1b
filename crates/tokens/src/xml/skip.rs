//! What is read over: comments, processing instructions and the document type declaration.

use memchr::{memchr, memmem};

/// A part of the document that is no event, behind its first characters.
pub(super) enum Skip {
    Comment,
    Instruction,
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
        Self::Comment
    }

    pub(super) fn instruction() -> Self {
        Self::Instruction
    }

    pub(super) fn doctype() -> Self {
        Self::Doctype(Doctype::default())
    }

    pub(super) fn what(&self) -> &'static str {
        match self {
            Self::Comment => "a comment",
            Self::Instruction => "a processing instruction",
            Self::Doctype(_) => "<!DOCTYPE",
        }
    }

    /// Reads on in the text: how much of it is read over, and whether that was the end. What is left is needed again, with more.
    pub(super) fn feed(&mut self, text: &str) -> (usize, bool) {
        match self {
            Self::Comment => up_to("-->", text),
            Self::Instruction => up_to("?>", text),
            Self::Doctype(doctype) => doctype.feed(text),
        }
    }
}

/// Goes behind the end, or to what may be its start.
fn up_to(end: &str, text: &str) -> (usize, bool) {
    match memmem::find(text.as_bytes(), end.as_bytes()) {
        Some(at) => (at + end.len(), true),
        None => (text.len() - (1..end.len()).rev().find(|begun| text.ends_with(&end[..*begun])).unwrap_or(0), false),
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
                if !done {
                    return (at, false);
                }
                self.inner = None;
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
