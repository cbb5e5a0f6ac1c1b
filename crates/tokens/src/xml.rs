//! XML as events: a push tokenizer that holds one tag or piece of text at a time.
//!
//! It reads documents of XML 1.0 (W3C Recommendation, fifth edition) without what lies outside of them: the declarations of a DTD are
//! skipped, no entity is expanded or fetched but the five predefined ones and character references. Milder than the
//! recommendation it is in characters that XML does not allow (they are kept) and in repeated attributes (the first counts).

use std::ops::Range;

use memchr::{memchr, memchr2, memchr3, memmem, memrchr};
use quick_xml::escape::resolve_xml_entity;
use quick_xml::events::attributes::Attributes as RawAttributes;
use quick_xml::parser::{ElementParser, Parser as _};
use serde::{Deserialize, Serialize};

use crate::decode::{Broken, Input, Position};
use crate::{ReadError, ReadErrorKind, TakesBytes, limits};

mod cut;
mod leaves;
mod skip;

pub use cut::CutFinder;

use leaves::length_of_leaves;
use skip::Skip;

/// The longest reference, from `&` to `;`, in bytes.
const REFERENCE: usize = 64;

/// The name without its namespace prefix: which one that is, programs choose.
pub fn local_name(name: &str) -> &str {
    name.bytes().rposition(|byte| byte == b':').map_or(name, |colon| &name[colon + 1..])
}

/// What the tokenizer says when asked for the next event.
pub enum Token<'a> {
    /// An event.
    Event(Event<'a>),
    /// It wants the bytes at [`TakesBytes::position`], or to hear that there are none.
    NeedInput,
    /// The document is read to its end.
    End,
}

/// A part of the document.
pub struct Event<'a> {
    /// What it is.
    pub kind: EventKind<'a>,
    /// Where it begins, in bytes of the document as it was fed.
    pub offset: u64,
    input: &'a Input<String>,
    index: usize,
    /// Of the element that begins or ends here or holds the text; the root has 1.
    pub depth: usize,
}

/// What an [`Event`] is.
#[derive(Debug)]
pub enum EventKind<'a> {
    /// The start of an element.
    Start(StartTag<'a>),
    /// A piece of text, references and line ends replaced. Where a text is cut into pieces depends on how it was fed.
    Text(&'a str),
    /// The end of the element of that name; empty elements have one too.
    End(&'a str),
}

/// A start tag.
#[derive(Debug)]
pub struct StartTag<'a> {
    /// Of the element, with its prefix.
    pub name: &'a str,
    text: &'a str,
    scratch: &'a str,
    attributes: &'a [Attribute],
}

/// Where the name and the value of an attribute stand.
#[derive(Debug)]
struct Attribute {
    name: Range<usize>,
    value: Range<usize>,
    /// In the scratch buffer, since something in it was replaced; otherwise in the text.
    replaced: bool,
}

impl<'a> StartTag<'a> {
    /// Whether it has any.
    #[inline]
    pub fn has_attributes(&self) -> bool {
        !self.attributes.is_empty()
    }

    /// The value of an attribute, references replaced.
    #[inline]
    pub fn get(&self, name: &str) -> Option<&'a str> {
        let is_named = |attribute: &&Attribute| attribute.name.len() == name.len() && self.part(attribute, &attribute.name) == name;
        self.attributes.iter().find(is_named).map(|attribute| self.part(attribute, &attribute.value))
    }

    /// All attributes in the document's order.
    #[inline]
    pub fn iter(&self) -> impl Iterator<Item = (&'a str, &'a str)> + use<'_, 'a> {
        self.attributes.iter().map(|attribute| (self.part(attribute, &attribute.name), self.part(attribute, &attribute.value)))
    }

    #[inline]
    fn part(&self, attribute: &Attribute, range: &Range<usize>) -> &'a str {
        if attribute.replaced { &self.scratch[range.clone()] } else { &self.text[range.clone()] }
    }
}

/// A place between two events: what [`Tokenizer::resume`] takes up. At most [`limits::OPEN_NAMES`] bytes of names, and as many entries
/// as [`limits::DEPTH`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Place {
    #[serde(flatten)]
    position: Position,
    /// Names and lines of the open elements, outermost first.
    open: Vec<(String, u64)>,
    phase: Phase,
    /// Whether the end of an empty element comes next.
    ends: bool,
}

impl Place {
    /// Offset of the first byte behind it.
    pub fn offset(&self) -> u64 {
        self.position.offset
    }
}

/// A place just before the start tag of an element, without the names of those around it: these stay open until the element ends.
#[derive(Clone, Copy, Debug)]
pub struct Mark {
    offset: u64,
    line: u64,
    depth: usize,
}

impl Event<'_> {
    /// Its line, counted from 1.
    #[inline]
    pub fn line(&self) -> u64 {
        self.input.line_at(self.index)
    }

    /// The place before this start tag.
    #[inline]
    pub fn mark(&self) -> Mark {
        Mark { offset: self.offset, line: self.line(), depth: self.depth - 1 }
    }
}

impl Mark {
    /// The depth of the elements around it.
    #[inline]
    pub fn depth(&self) -> usize {
        self.depth
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Phase {
    BeforeRoot,
    Content,
    /// In a CDATA section.
    Cdata,
    AfterRoot,
}

/// The tokenizer. After an error it stays with that answer.
pub struct Tokenizer {
    input: Input<String>,
    open: Open,
    phase: Phase,
    ends: bool,
    /// Of the tag at the start of the input: how far it was searched for its end, and with what result.
    tag: (ElementParser, usize),
    skip: Option<(Skip, u64)>,
    /// Where the last event ended.
    boundary: (Boundary, Phase),
    /// Attributes or a text with references replaced.
    scratch: String,
    attributes: Vec<Attribute>,
    failed: Option<ReadError>,
}

type SkipFrom = fn() -> Skip;

/// What was found, by indexes: an event without its borrow.
enum Found {
    Start(Range<usize>),
    Text(Range<usize>),
    /// A text in the scratch buffer.
    Replaced,
    End,
    NeedInput,
    Over,
}

impl Default for Tokenizer {
    fn default() -> Self {
        Self::new()
    }
}

impl Tokenizer {
    /// A tokenizer at the start of a document.
    pub fn new() -> Self {
        Self::with(Input::at(Position::START), Open::default(), Phase::BeforeRoot, false)
    }

    /// The tokenizer at a place that [`suspend`](Self::suspend) gave; `None` where it can be none.
    pub fn resume(place: Place) -> Option<Self> {
        let Place { position, open: names, phase, ends } = place;
        let mut open = Open::default();
        for (name, line) in &names {
            open.push(name, Spot::Line(*line)).ok()?;
        }
        Some(Self::with(Input::at(position), open, phase, ends))
    }

    fn with(input: Input<String>, open: Open, phase: Phase, ends: bool) -> Self {
        let boundary = (Boundary::Held(input.head), phase);
        let (scratch, attributes) = (String::new(), Vec::new());
        let tag = (ElementParser::Outside, 0);
        Self { input, open, phase, ends, tag, skip: None, boundary, scratch, attributes, failed: None }
    }

    /// The place after the last event.
    pub fn suspend(&self) -> Place {
        let (boundary, phase) = self.boundary;
        let Position { offset, line, .. } = boundary.position(&self.input);
        self.place(offset, line, self.open.depth(), phase, self.ends)
    }

    /// The place of a mark whose element is not yet at its end.
    pub fn suspend_at(&self, mark: Mark) -> Place {
        let phase = if mark.depth == 0 { Phase::BeforeRoot } else { Phase::Content };
        self.place(mark.offset, mark.line, mark.depth, phase, false)
    }

    fn place(&self, offset: u64, line: u64, depth: usize, phase: Phase, ends: bool) -> Place {
        let open = self.open.iter().take(depth).map(|(name, spot)| (name.to_owned(), spot.line(&self.input))).collect();
        Place { position: self.input.position().moved_to(offset, line), open, phase, ends }
    }

    /// The next event, or what is needed for it.
    #[expect(clippy::should_implement_trait, reason = "an iterator cannot ask for input")]
    pub fn next(&mut self) -> Result<Token<'_>, ReadError> {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        let (found, (offset, index)) = match self.find() {
            Ok(found) => found,
            Err(error) => {
                self.failed = Some(error.clone());
                return Err(error);
            }
        };
        let depth = self.open.depth();
        let (kind, depth) = match found {
            Found::NeedInput => return Ok(Token::NeedInput),
            Found::Over => return Ok(Token::End),
            Found::Start(name) => {
                let text = &self.input.buffer;
                (EventKind::Start(StartTag { name: &text[name], text, scratch: &self.scratch, attributes: &self.attributes }), depth)
            }
            Found::Text(range) => (EventKind::Text(&self.input.buffer[range]), depth),
            Found::Replaced => (EventKind::Text(&self.scratch), depth),
            Found::End => (EventKind::End(self.open.ended()), depth + 1),
        };
        self.boundary = (Boundary::Held(self.input.head), self.phase);
        Ok(Token::Event(Event { kind, offset, input: &self.input, index, depth }))
    }

    /// Passes over what comes next as far as it is leaves in the innermost element of which nobody needs what is in them: no events come of them.
    ///
    /// That what is passed over is well-formed is seen here, too: which errors a document has does not depend on what is needed of it.
    pub fn pass_leaves(&mut self, depth: usize, is_needed: impl Fn(&str) -> bool) {
        let is_between = self.skip.is_none() && self.tag.1 == 0 && !self.ends && self.failed.is_none();
        if !is_between || self.phase != Phase::Content || self.open.depth() != depth {
            return;
        }
        let room = limits::OPEN_NAMES - self.open.length();
        let (length, beyond) = length_of_leaves(self.input.untaken_text(), |name| name.len() > room || is_needed(name));
        self.input.looked(beyond);
        if length > 0 {
            self.input.take(length);
            self.boundary = (Boundary::Held(self.input.head), self.phase);
        }
    }

    /// The next event, and its offset and index.
    fn find(&mut self) -> Result<(Found, (u64, usize)), ReadError> {
        loop {
            let at = (self.input.offset(), self.input.head);
            if self.ends {
                self.close();
                return Ok((Found::End, at));
            }
            let found = match &mut self.skip {
                Some((skip, _)) => {
                    let (taken, done) = skip.feed(self.input.untaken_text());
                    self.input.take(taken);
                    if done {
                        self.skip = None;
                        continue;
                    }
                    None
                }
                None if self.phase == Phase::Cdata => self.cdata(),
                None if self.input.untaken_text().starts_with('<') => self.markup()?,
                None => self.text()?,
            };
            match found {
                Some(Found::Over) => {}
                Some(found) => return Ok((found, at)),
                None if self.input.is_over() => return self.over().map(|found| (found, at)),
                None => return Ok((Found::NeedInput, at)),
            }
        }
    }

    /// Text up to the next markup: [`Found::Over`] where there was none worth an event, `None` where more input is needed.
    fn text(&mut self) -> Result<Option<Found>, ReadError> {
        let (start, rest) = (self.input.head, self.input.untaken_text());
        // Most texts have nothing to replace: they are looked at once only.
        let first = memchr3(b'<', b'&', b'\r', rest.as_bytes());
        if let Some(length) = first.filter(|at| rest.as_bytes()[*at] == b'<' && self.phase == Phase::Content) {
            self.input.take(length);
            return Ok(Some(Found::Text(start..start + length)));
        }
        let end = first.and_then(|at| Some(at + memchr(b'<', &rest.as_bytes()[at..])?));
        let piece = &rest[..end.unwrap_or(rest.len())];
        if piece.is_empty() {
            return Ok(None);
        }
        if self.phase == Phase::Content {
            let length = if end.is_some() { piece.len() } else { complete(piece) };
            return if length == 0 { Ok(None) } else { self.take_text(length).map(Some) };
        }
        let (length, blank) = (piece.len(), piece.len() - piece.trim_ascii_start().len());
        self.input.take(blank);
        if blank == length { Ok(Some(Found::Over)) } else { Err(self.outside("text")) }
    }

    /// Takes a piece of text that is followed by markup or ends where it may be cut.
    fn take_text(&mut self, length: usize) -> Result<Found, ReadError> {
        let start = self.input.head;
        let piece = &self.input.untaken_text()[..length];
        if memchr2(b'&', b'\r', piece.as_bytes()).is_none() {
            self.input.take(length);
            return Ok(Found::Text(start..start + length));
        }
        self.scratch.clear();
        let replaced = replace_references(piece, &mut self.scratch);
        if let Err((at, message)) = replaced {
            return Err(self.error_ahead(at, message));
        }
        unify_line_ends(&mut self.scratch, 0);
        self.input.take(length);
        Ok(Found::Replaced)
    }

    /// Text of a CDATA section, or its end.
    fn cdata(&mut self) -> Option<Found> {
        let start = self.input.head;
        let rest = self.input.untaken_text();
        let length = match memmem::find(rest.as_bytes(), b"]]>") {
            Some(0) => {
                self.input.take(3);
                self.phase = Phase::Content;
                return Some(Found::Over);
            }
            Some(end) => end,
            // What may be the start of the end, or of a line's end, waits for the rest of it.
            None => rest.len() - ["]]", "]", "\r"].iter().find(|end| rest.ends_with(**end)).map_or(0, |end| end.len()),
        };
        if length == 0 {
            return None;
        }
        let piece = &rest[..length];
        let plain = memchr(b'\r', piece.as_bytes()).is_none();
        if !plain {
            self.scratch.clear();
            self.scratch.push_str(piece);
            unify_line_ends(&mut self.scratch, 0);
        }
        self.input.take(length);
        Some(if plain { Found::Text(start..start + length) } else { Found::Replaced })
    }

    /// A tag, or what is not an event: comment, instruction, declaration.
    fn markup(&mut self) -> Result<Option<Found>, ReadError> {
        const OPENINGS: [(&str, SkipFrom); 3] = [("<!--", Skip::comment), ("<?", Skip::instruction), ("<!DOCTYPE", Skip::doctype)];
        const CDATA: &str = "<![CDATA[";
        let rest = self.input.untaken_text();
        if !rest.starts_with("<!") && !rest.starts_with("<?") {
            return if rest.len() < 2 { Ok(None) } else { self.tag() };
        }
        for (opening, skip) in OPENINGS {
            if rest.starts_with(opening) {
                if opening == "<!DOCTYPE" && self.phase != Phase::BeforeRoot {
                    return Err(self.error(ReadErrorKind::Syntax, "<!DOCTYPE after the start of the root element".to_owned()));
                }
                self.skip = Some((skip(), self.input.line()));
                self.input.take(opening.len());
                return Ok(Some(Found::Over));
            }
        }
        if rest.starts_with(CDATA) {
            if self.phase != Phase::Content {
                return Err(self.outside("a CDATA section"));
            }
            self.phase = Phase::Cdata;
            self.input.take(CDATA.len());
            return Ok(Some(Found::Over));
        }
        if CDATA.starts_with(rest) || OPENINGS.iter().any(|(opening, _)| opening.starts_with(rest)) {
            return Ok(None);
        }
        Err(self.error(ReadErrorKind::Syntax, "expected a comment, CDATA section or DOCTYPE after \"<!\"".to_owned()))
    }

    /// A start or end tag, once it is there whole.
    fn tag(&mut self) -> Result<Option<Found>, ReadError> {
        // A tag that is not there whole is looked at once only.
        if self.tag.1 == 0
            && let Some(found) = self.plain_tag()?
        {
            return Ok(Some(found));
        }
        let rest = self.input.untaken_text();
        let (parser, searched) = &mut self.tag;
        let from = (*searched).max(1);
        let found = parser.feed(&rest.as_bytes()[from..]).map(|end| from + end + 1);
        self.input.looked(found.unwrap_or(rest.len()) - from);
        *searched = rest.len();
        if found.unwrap_or(rest.len()) > limits::TOKEN {
            let message = format!("{} is longer than {} bytes", tag_name(rest), limits::TOKEN);
            return Err(self.error(ReadErrorKind::LimitExceeded, message));
        }
        let Some(length) = found else { return Ok(None) };
        self.tag = (ElementParser::Outside, 0);
        if rest.as_bytes()[1] == b'/' { self.end_tag(length).map(Some) } else { self.start_tag(length).map(Some) }
    }

    /// A tag as nearly all are written: `</name>` and `<name one="value" two='value'>`. Whatever else it is, [`tag`](Self::tag) finds out.
    fn plain_tag(&mut self) -> Result<Option<Found>, ReadError> {
        let rest = self.input.untaken_text().as_bytes();
        if rest[1] == b'/' {
            let name = self.open.innermost().map_or("", |(name, _)| name).as_bytes();
            if name.is_empty() || rest.get(2 + name.len()) != Some(&b'>') || !rest[2..].starts_with(name) {
                return Ok(None);
            }
            let length = name.len() + 3;
            self.input.take(length);
            self.close();
            return Ok(Some(Found::End));
        }
        let name = plain_name(&rest[1..]);
        if name == 0 || self.phase != Phase::Content {
            return Ok(None);
        }
        match self.plain_attributes(1 + name) {
            Ok((length, empty)) if length <= limits::TOKEN => self.open_element(1 + name, length, empty).map(Some),
            Ok((looked, _)) | Err(looked) => {
                self.input.looked(looked);
                Ok(None)
            }
        }
    }

    /// Reads the attributes of a tag whose name ends at `end`, and gives the tag's length, and whether its element is empty. A value is copied
    /// only where something in it has to be replaced, which one look at the whole tag tells of most tags. Where it is none of those, the bytes that
    /// were looked at.
    fn plain_attributes(&mut self, end: usize) -> Result<(usize, bool), usize> {
        self.attributes.clear();
        let mut reached = end;
        let (length, empty) = self.find_attributes(&mut reached).ok_or(reached)?;
        let start = self.input.head;
        let special = |range: Range<usize>| memchr3(b'&', b'<', b'\r', &self.input.buffer.as_bytes()[range]).is_some();
        if !self.attributes.is_empty() && special(start + end..start + length) {
            self.scratch.clear();
            for attribute in self.attributes.iter_mut().filter(|attribute| special(attribute.value.clone())) {
                let text = &self.input.buffer;
                let replaced = replaced(&text[attribute.name.clone()], &text[attribute.value.clone()], &mut self.scratch);
                *attribute = replaced.map_err(|_| length)?;
            }
        }
        Ok((length, empty))
    }

    /// The same, with the attributes as they stand, from `reached` on, which is moved over what is looked at.
    fn find_attributes(&mut self, reached: &mut usize) -> Option<(usize, bool)> {
        let (bytes, start) = (self.input.untaken_text().as_bytes(), self.input.head);
        let mut at = *reached;
        loop {
            let blanks = bytes[at..].iter().take_while(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n')).count();
            at += blanks;
            *reached = at;
            match bytes.get(at)? {
                b'>' => return Some((at + 1, false)),
                b'/' => return (bytes.get(at + 1) == Some(&b'>')).then_some((at + 2, true)),
                _ if blanks == 0 => return None,
                _ => {}
            }
            let name = at..at + plain_name(&bytes[at..]);
            *reached = name.end;
            let quote = *bytes.get(name.end + 1)?;
            if name.is_empty() || bytes[name.end] != b'=' || !matches!(quote, b'"' | b'\'') {
                return None;
            }
            let value = name.end + 2;
            *reached = bytes.len();
            let value = value..value + memchr(quote, &bytes[value..])?;
            at = value.end + 1;
            let place = |range: Range<usize>| start + range.start..start + range.end;
            self.attributes.push(Attribute { name: place(name), value: place(value), replaced: false });
        }
    }

    fn start_tag(&mut self, length: usize) -> Result<Found, ReadError> {
        let body = &self.input.untaken_text()[1..length - 1];
        let (body, empty) = body.strip_suffix('/').map_or((body, false), |body| (body, true));
        let end = body.bytes().position(|byte| byte.is_ascii_whitespace()).unwrap_or(body.len());
        let name = &body[..end];
        if !is_name(name) {
            return Err(self.error(ReadErrorKind::Syntax, format!("expected the name of an element after \"<\", found {}", quoted(name))));
        }
        if self.phase == Phase::AfterRoot {
            return Err(self.outside(&format!("<{name}>")));
        }
        self.attributes.clear();
        self.scratch.clear();
        if end < body.len()
            && let Err(message) = read_attributes(body, end, &mut self.scratch, &mut self.attributes)
        {
            let message = format!("in {}: {message}", tag_name(self.input.untaken_text()));
            return Err(self.error(ReadErrorKind::Syntax, message));
        }
        self.open_element(1 + end, length, empty)
    }

    /// Opens the element whose name ends at `end` of its tag.
    fn open_element(&mut self, end: usize, length: usize, empty: bool) -> Result<Found, ReadError> {
        let start = self.input.head;
        if let Err(message) = self.open.push(&self.input.untaken_text()[1..end], Spot::Held(start)) {
            return Err(self.error(ReadErrorKind::LimitExceeded, message));
        }
        self.input.take(length);
        self.phase = Phase::Content;
        self.ends = empty;
        Ok(Found::Start(start + 1..start + end))
    }

    fn end_tag(&mut self, length: usize) -> Result<Found, ReadError> {
        let name = self.input.untaken_text()[2..length - 1].trim_ascii_end();
        match self.open.innermost() {
            Some((open, _)) if open == name => {}
            Some((open, spot)) => {
                let line = spot.line(&self.input);
                let message = format!("expected </{open}>, which begins in line {line}, found </{}>", quoted(name).trim_matches('"'));
                return Err(self.error(ReadErrorKind::Syntax, message));
            }
            None => return Err(self.outside(&format!("</{}>", quoted(name).trim_matches('"')))),
        }
        self.input.take(length);
        self.close();
        Ok(Found::End)
    }

    fn close(&mut self) {
        self.ends = false;
        self.open.pop();
        if self.open.depth() == 0 {
            self.phase = Phase::AfterRoot;
        }
    }

    /// What it means that no input comes after the rest.
    fn over(&self) -> Result<Found, ReadError> {
        let rest = self.input.untaken_text();
        let (offset, line) = self.ahead(rest.len());
        let error = |kind, message| Err(ReadError { kind, message, offset, line });
        match self.input.broken() {
            Some(Broken::Invalid(encoding)) => return error(ReadErrorKind::Syntax, format!("the bytes are no {} text", encoding.name())),
            Some(Broken::Encoding(name)) => {
                let message = format!("encoding {} is not read, only UTF-8, UTF-16 and those of one byte a character", quoted(name));
                return error(ReadErrorKind::Syntax, message);
            }
            Some(Broken::Cut) => return error(ReadErrorKind::Truncated, "the document ends within a character".to_owned()),
            None => {}
        }
        let message = match (&self.skip, self.open.innermost()) {
            (Some((skip, line)), _) => format!("the document ends within {}, which begins in line {line}", skip.what()),
            (None, Some((name, spot))) => {
                format!("the document ends within <{name}>, which begins in line {}", spot.line(&self.input))
            }
            (None, None) if !rest.is_empty() => format!("the document ends within {}", tag_name(rest)),
            (None, None) if self.phase == Phase::BeforeRoot => "the document ends before its root element".to_owned(),
            (None, None) => return Ok(Found::Over),
        };
        error(ReadErrorKind::Truncated, message)
    }

    fn outside(&self, what: &str) -> ReadError {
        let message = match self.phase {
            Phase::AfterRoot => format!("expected the end of the document after the root element, found {what}"),
            _ => format!("expected the root element, found {what}"),
        };
        self.error(ReadErrorKind::Syntax, message)
    }

    fn error(&self, kind: ReadErrorKind, message: String) -> ReadError {
        ReadError { kind, message, offset: self.input.offset(), line: self.input.line() }
    }

    /// Offset and line of what is `length` bytes ahead in the text.
    fn ahead(&self, length: usize) -> (u64, u64) {
        let Position { offset, line, .. } = self.input.position_at(self.input.head + length);
        (offset, line)
    }

    /// A syntax error `length` bytes ahead in the text.
    fn error_ahead(&self, length: usize, message: String) -> ReadError {
        let (offset, line) = self.ahead(length);
        ReadError { kind: ReadErrorKind::Syntax, message, offset, line }
    }
}

impl TakesBytes for Tokenizer {
    fn position(&self) -> u64 {
        self.input.fed()
    }

    fn progress(&self) -> u64 {
        self.input.offset()
    }

    fn feed(&mut self, bytes: &[u8]) {
        // What was taken goes: the last moment to count its lines.
        self.boundary.0 = Boundary::Left(self.boundary.0.position(&self.input));
        self.open.settle(&self.input);
        self.input.feed(bytes);
    }

    fn end_of_input(&mut self) {
        self.input.end();
    }

    fn work(&self) -> u64 {
        self.input.work()
    }
}

/// Where the last event ended: counted only when somebody asks, since after most events nobody does.
#[derive(Clone, Copy, Debug)]
enum Boundary {
    /// An index in the input's buffer; until it is fed again.
    Held(usize),
    Left(Position),
}

impl Boundary {
    fn position(self, input: &Input<String>) -> Position {
        match self {
            Self::Held(index) => input.position_at(index),
            Self::Left(position) => position,
        }
    }
}

/// A place whose line is counted only when somebody asks.
#[derive(Clone, Copy, Debug)]
enum Spot {
    /// An index in the input's buffer; until it is fed again.
    Held(usize),
    Line(u64),
}

impl Spot {
    fn line(self, input: &Input<String>) -> u64 {
        match self {
            Self::Held(index) => input.line_at(index),
            Self::Line(line) => line,
        }
    }
}

/// The open elements. The name of the last one that ended stays readable.
#[derive(Default)]
struct Open {
    names: String,
    /// Where each name ends, and where its tag is.
    ends: Vec<(usize, Spot)>,
    ended: Range<usize>,
}

impl Open {
    fn depth(&self) -> usize {
        self.ends.len()
    }

    fn length(&self) -> usize {
        self.ends.last().map_or(0, |(end, _)| *end)
    }

    /// Counts the lines that are not known yet.
    fn settle(&mut self, input: &Input<String>) {
        for (_, spot) in &mut self.ends {
            *spot = Spot::Line(spot.line(input));
        }
    }

    fn push(&mut self, name: &str, spot: Spot) -> Result<(), String> {
        if self.ends.len() >= limits::DEPTH {
            return Err(format!("elements are nested deeper than {}", limits::DEPTH));
        }
        if self.length() + name.len() > limits::OPEN_NAMES {
            return Err(format!("the names of the open elements are longer than {} bytes", limits::OPEN_NAMES));
        }
        self.names.truncate(self.length());
        self.names.push_str(name);
        self.ends.push((self.names.len(), spot));
        Ok(())
    }

    fn pop(&mut self) {
        let end = self.length();
        self.ends.pop();
        self.ended = self.length()..end;
    }

    fn ended(&self) -> &str {
        &self.names[self.ended.clone()]
    }

    fn innermost(&self) -> Option<(&str, Spot)> {
        let (end, spot) = self.ends.last()?;
        let start = self.ends.len().checked_sub(2).map_or(0, |i| self.ends[i].0);
        Some((&self.names[start..*end], *spot))
    }

    fn iter(&self) -> impl Iterator<Item = (&str, Spot)> {
        let starts = std::iter::once(0).chain(self.ends.iter().map(|(end, _)| *end));
        starts.zip(&self.ends).map(|(start, (end, spot))| (&self.names[start..*end], *spot))
    }
}

/// How much of a piece of text is complete when more of it may follow: a reference and a line end are not cut.
fn complete(piece: &str) -> usize {
    let bytes = piece.as_bytes();
    let tail = bytes.len().saturating_sub(REFERENCE);
    match memrchr(b'&', &bytes[tail..]) {
        Some(at) if memchr(b';', &bytes[tail + at..]).is_none() => tail + at,
        _ => piece.strip_suffix('\r').unwrap_or(piece).len(),
    }
}

/// Appends the text with its references replaced. Fails with the place of a reference that cannot be, and why.
fn replace_references(raw: &str, out: &mut String) -> Result<(), (usize, String)> {
    let mut from = 0;
    while let Some(at) = memchr(b'&', &raw.as_bytes()[from..]).map(|at| from + at) {
        out.push_str(&raw[from..at]);
        let window = &raw.as_bytes()[at + 1..raw.len().min(at + REFERENCE)];
        let end = window.iter().position(|b| matches!(b, b';' | b'&') || b.is_ascii_whitespace());
        let end = end.filter(|end| window[*end] == b';');
        let end = end.ok_or_else(|| (at, "\"&\" begins a reference and has no \";\" after it".to_owned()))?;
        let name = &raw[at + 1..at + 1 + end];
        match name.strip_prefix('#') {
            Some(number) => out.push(character(number).ok_or_else(|| (at, format!("&{name}; is no character reference")))?),
            None => out.push_str(resolve_xml_entity(name).ok_or_else(|| {
                let name = quoted(name);
                (at, format!("entity &{}; is not defined; entities of a DTD are not expanded", name.trim_matches('"')))
            })?),
        }
        from = at + end + 2;
    }
    out.push_str(&raw[from..]);
    Ok(())
}

/// The character of a reference. Numbers that are none, such as halves of surrogate pairs, are U+FFFD.
fn character(number: &str) -> Option<char> {
    let (digits, radix) = number.strip_prefix('x').map_or((number, 10), |hex| (hex, 16));
    if digits.is_empty() || !digits.chars().all(|c| c.is_digit(radix)) {
        return None;
    }
    let code = u32::from_str_radix(digits, radix).ok();
    Some(code.and_then(char::from_u32).unwrap_or(char::REPLACEMENT_CHARACTER))
}

/// Makes every `\r\n` and `\r` after `from` a `\n` (XML 1.0, section 2.11).
fn unify_line_ends(text: &mut String, from: usize) {
    if memchr(b'\r', &text.as_bytes()[from..]).is_some() {
        let unified = text[from..].replace("\r\n", "\n").replace('\r', "\n");
        text.truncate(from);
        text.push_str(&unified);
    }
}

/// Reads the attributes of a tag, whose name ends at `end`.
fn read_attributes(body: &str, end: usize, out: &mut String, attributes: &mut Vec<Attribute>) -> Result<(), String> {
    let mut raw = RawAttributes::new(body, end);
    // The check compares each name with every other one: that is minutes in a tag of a megabyte.
    for attribute in raw.with_checks(false) {
        let attribute = attribute.map_err(|error| error.to_string())?;
        let name = attribute.key.as_ref();
        if !is_name(name) {
            return Err(format!("expected the name of an attribute, found {}", quoted(name)));
        }
        attributes.push(replaced(name, &attribute.value, out)?);
    }
    Ok(())
}

/// Appends an attribute with its references replaced.
fn replaced(name: &str, value: &str, out: &mut String) -> Result<Attribute, String> {
    if memchr(b'<', value.as_bytes()).is_some() {
        return Err(format!("the value of {name} holds a \"<\": its closing quote is missing"));
    }
    let name_start = out.len();
    out.push_str(name);
    let value_start = out.len();
    replace_references(value, out).map_err(|(_, message)| message)?;
    unify_line_ends(out, value_start);
    Ok(Attribute { name: name_start..value_start, value: value_start..out.len(), replaced: true })
}

/// The bytes of names in ASCII (XML 1.0, section 2.3). Each byte of each tag is looked up: a table made decoding of Nessus 5 % faster.
const IN_NAME: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 128_u8 {
        table[byte as usize] = byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b':');
        byte += 1;
    }
    table
};

/// The length of the name that the bytes begin with, if it is one of ASCII.
fn plain_name(bytes: &[u8]) -> usize {
    if !bytes.first().is_some_and(u8::is_ascii_alphabetic) {
        return 0;
    }
    bytes.iter().take_while(|byte| IN_NAME[usize::from(**byte)]).count()
}

/// Whether it can be a name (XML 1.0, section 2.3): exact in ASCII, everything beyond it is allowed.
fn is_name(name: &str) -> bool {
    let byte = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b':' | b'-' | b'.') || !b.is_ascii();
    name.bytes().all(byte) && name.bytes().next().is_some_and(|first| !first.is_ascii_digit() && first != b'-' && first != b'.')
}

/// What names a tag in a message.
fn tag_name(rest: &str) -> String {
    let name = rest.trim_start_matches(['<', '/']).split(|c: char| c.is_ascii_whitespace() || c == '>').next().unwrap_or_default();
    format!("the tag <{}>", quoted(name).trim_matches('"'))
}

/// A text in quotes for a message, at most its first 40 characters.
fn quoted(text: &str) -> String {
    let mut short: String = text.chars().take(40).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    format!("{short:?}")
}

#[cfg(test)]
mod tests;
