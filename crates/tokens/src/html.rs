//! Web pages as lines: one for each block that has text of its own, from bytes in pieces of any size.
//!
//! A line is the block's name and classes, a tab, and its text: `h2.title⇥Some words`. A row of a table is one line, each cell behind a tab:
//! `tr⇥one⇥two`, or `th⇥…` where it begins with a heading; so is a term and what it stands for: `dt⇥term⇥text`. Text behind a block, in the one around it, has no name. A table within a cell
//! ends the row around it: what is behind it there is text without a name.
//!
//! Pages are read as they are, not as a browser mends them: nothing but comments, tags, and the texts of scripts and styles is told apart.
//! Only one that ends without `</html>` is cut off. The state between two blocks is a place: nothing of what is open needs to be known.

use std::borrow::Cow;

use memchr::memchr;

use crate::decode::{Input, utf8_or_windows_1252};
use crate::lines::{LineSource, Place, Token};
use crate::{TakesBytes, limits};

mod references;
mod unclosed;

pub use references::{reference, without_references};
use unclosed::Unclosed;

/// Elements that are a text of their own.
const BLOCKS: [&str; 40] = [
    "address",
    "article",
    "aside",
    "blockquote",
    "body",
    "caption",
    "center",
    "dd",
    "details",
    "dialog",
    "div",
    "dl",
    "dt",
    "fieldset",
    "figcaption",
    "figure",
    "footer",
    "form",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "head",
    "header",
    "hr",
    "html",
    "li",
    "main",
    "nav",
    "ol",
    "p",
    "pre",
    "section",
    "summary",
    "table",
    "title",
    "tr",
    "ul",
];

/// Elements whose text is none of the page.
const RAW: [&str; 2] = ["script", "style"];

/// Turns bytes into lines.
pub struct Tokenizer {
    input: Input<Vec<u8>>,
    unclosed: Unclosed,
    reached: Place,
    /// The element whose text is passed over.
    raw: Option<&'static str>,
    block: Option<Block>,
    /// The last line, and where it began.
    line: String,
    began: Place,
}

/// A block that is open.
struct Block {
    began: Place,
    name: String,
    kind: BlockKind,
    /// Its text, with single blanks, as it is written.
    text: Vec<u8>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum BlockKind {
    Plain,
    /// A row of a table.
    Row,
    /// A term and what it stands for.
    Term,
}

/// What stands at a `<`.
enum Markup {
    /// A tag of that name and length.
    Tag {
        length: usize,
        name: String,
        end: bool,
    },
    /// A comment or the like.
    Other(usize),
    /// Nothing: it is text.
    Text,
    NeedInput,
}

impl Tokenizer {
    /// A tokenizer at a place.
    pub fn new(place: Place) -> Self {
        Self {
            input: Input::at(place.position),
            unclosed: Unclosed::default(),
            raw: None,
            block: None,
            line: String::new(),
            began: place.clone(),
            reached: place,
        }
    }

    /// Passes over a script or style; false when more of it may follow.
    fn pass(&mut self, name: &str) -> bool {
        let rest = self.input.untaken();
        let end = rest.windows(name.len() + 2).position(|part| part.starts_with(b"</") && part[2..].eq_ignore_ascii_case(name.as_bytes()));
        match end {
            Some(end) => {
                self.raw = None;
                self.advance(end);
            }
            None if self.input.is_ended() => self.advance(rest.len()),
            None => self.advance(rest.len().saturating_sub(name.len() + 1)),
        }
        end.is_some() || self.input.is_ended()
    }

    /// Takes text up to the next `<`, which is not before the second byte.
    fn text(&mut self) {
        let rest = self.input.untaken();
        let length = memchr(b'<', &rest[1..]).map_or(rest.len(), |at| 1 + at);
        let text = rest[..length].to_vec();
        // A block without a tag of its own begins with its first word, wherever the bytes were cut.
        let blank = if self.block.is_some() { 0 } else { length - text.trim_ascii_start().len() };
        self.advance(blank);
        if blank < length {
            self.block.get_or_insert_with(|| Block::new(self.reached.clone(), String::new(), BlockKind::Plain)).add(&text[blank..]);
            self.advance(length - blank);
        }
    }

    /// Does what a tag says; true when it ends a line, which is then the last.
    fn tag(&mut self, length: usize, name: &str, end: bool) -> bool {
        let kind = self.block.as_ref().map_or(BlockKind::Plain, |block| block.kind);
        if kind.ends_at(name, end) {
            if self.finish() {
                return true;
            }
            self.reached.closed |= end && name == "html";
            if !end {
                let tag = String::from_utf8_lossy(&self.input.untaken()[..length]).into_owned();
                self.block = Some(Block::new(self.reached.clone(), with_classes(name, &tag), BlockKind::of(name)));
            }
        } else if !end && RAW.contains(&name) {
            self.raw = RAW.into_iter().find(|raw| *raw == name);
            // Whoever goes on from here begins before it.
            self.block.get_or_insert_with(|| Block::new(self.reached.clone(), String::new(), BlockKind::Plain));
        } else if let Some(block) = &mut self.block {
            block.tag(name, end);
        }
        self.advance(length);
        false
    }

    /// Ends the open block; whether it is a line.
    fn finish(&mut self) -> bool {
        let Some(block) = self.block.take() else { return false };
        let text = without_references(&utf8_or_windows_1252(&block.text));
        let separator = if block.kind == BlockKind::Plain { "\t" } else { "" };
        self.line = format!("{}{separator}{}", block.name, text.trim_end_matches(' '));
        self.began = block.began;
        !text.trim().is_empty()
    }

    /// What stands at the start of the rest, which is not empty.
    fn markup(&mut self) -> Markup {
        const COMMENT: &[u8] = b"<!--";
        let (rest, ended) = (self.input.untaken(), self.input.is_ended());
        if rest[0] != b'<' {
            return Markup::Text;
        }
        if rest.len() < COMMENT.len() && !ended {
            return Markup::NeedInput;
        }
        let missing = if ended || rest.len() > limits::TOKEN { Markup::Text } else { Markup::NeedInput };
        let within = &rest[..rest.len().min(limits::TOKEN)];
        let end = within.get(1) == Some(&b'/');
        let name = &within[1 + usize::from(end)..];
        let (found, looked) = if within.starts_with(COMMENT) {
            let (found, looked) = self.unclosed.comment_end(within, COMMENT.len());
            (found.map(|at| Markup::Other(at + "-->".len())), looked)
        } else if within.starts_with(b"<!") || within.starts_with(b"<?") {
            let (found, looked) = self.unclosed.declaration_end(within);
            (found.map(|at| Markup::Other(at + 1)), looked)
        } else if name.first().is_some_and(u8::is_ascii_alphabetic) {
            let (found, looked) = self.unclosed.tag_end(within);
            (found.map(|at| Markup::Tag { length: at + 1, name: lowercase_name(name), end }), looked)
        } else {
            (Some(Markup::Text), 0)
        };
        self.input.looked(looked);
        found.unwrap_or(missing)
    }

    fn advance(&mut self, length: usize) {
        self.unclosed.pass(&self.input.untaken()[..length]);
        self.input.take(length);
        self.reached.position = self.input.position();
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

impl LineSource for Tokenizer {
    fn place(&self) -> Place {
        self.block.as_ref().map_or_else(|| self.reached.clone(), |block| block.began.clone())
    }

    fn began(&self) -> Place {
        self.began.clone()
    }

    fn line(&self) -> Cow<'_, str> {
        Cow::Borrowed(&self.line)
    }

    fn next(&mut self) -> Token {
        // The first block begins behind the byte order mark.
        self.reached.position = self.input.position();
        loop {
            if let Some(name) = self.raw
                && !self.pass(name)
            {
                return Token::NeedInput;
            }
            if self.input.untaken().is_empty() {
                let last = self.input.is_ended() && self.finish();
                return match (last, self.input.is_ended(), self.reached.closed) {
                    (true, ..) => Token::Line,
                    (_, false, _) => Token::NeedInput,
                    (_, _, false) => Token::Cut,
                    _ => Token::End,
                };
            }
            match self.markup() {
                Markup::NeedInput => return Token::NeedInput,
                Markup::Other(length) => self.advance(length),
                Markup::Text => self.text(),
                Markup::Tag { length, name, end } => {
                    if self.tag(length, &name, end) {
                        return Token::Line;
                    }
                }
            }
        }
    }
}

impl BlockKind {
    fn of(name: &str) -> Self {
        match name {
            "tr" => Self::Row,
            "dt" => Self::Term,
            _ => Self::Plain,
        }
    }

    /// Whether a block of this kind ends before the tag.
    fn ends_at(self, name: &str, end: bool) -> bool {
        match self {
            Self::Row => matches!(name, "tr" | "table" | "tbody" | "thead" | "tfoot" | "body" | "html"),
            Self::Term => matches!(name, "dl" | "body" | "html") || name == "dt" && !end,
            Self::Plain => matches!(name, "td" | "th") || BLOCKS.contains(&name),
        }
    }
}

impl Block {
    fn new(began: Place, name: String, kind: BlockKind) -> Self {
        let text = if kind == BlockKind::Term { b"\t".to_vec() } else { Vec::new() };
        Self { began, name, kind, text }
    }

    /// Adds text up to the limit; what is over it is left out.
    fn add(&mut self, text: &[u8]) {
        for byte in text {
            let blank = byte.is_ascii_whitespace();
            let doubled = blank && self.text.last().is_none_or(|last| matches!(last, b' ' | b'\t'));
            if self.text.len() < limits::LINE && !doubled {
                self.text.push(if blank { b' ' } else { *byte });
            }
        }
    }

    /// Takes note of a tag within it.
    fn tag(&mut self, name: &str, end: bool) {
        match (self.kind, name) {
            (BlockKind::Row, "td" | "th") | (BlockKind::Term, "dd") if !end => self.cell(name),
            _ if name == "br" || BLOCKS.contains(&name) => self.add(b" "),
            _ => {}
        }
    }

    /// Begins the next cell.
    fn cell(&mut self, name: &str) {
        if self.text.is_empty() && name == "th" {
            self.name = self.name.replacen("tr", "th", 1);
        }
        if self.text.last() == Some(&b' ') {
            self.text.pop();
        }
        if self.text.len() < limits::LINE {
            self.text.push(b'\t');
        }
    }
}

/// The name that this begins with.
fn lowercase_name(bytes: &[u8]) -> String {
    let length = bytes.iter().take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'-').count();
    String::from_utf8_lossy(&bytes[..length]).to_ascii_lowercase()
}

/// `div.one.two` of `<div class="one two">`; what is over the limit of a line is left out.
fn with_classes(name: &str, tag: &str) -> String {
    let blank_before = |at: &usize| tag[..*at].ends_with(|c: char| c.is_ascii_whitespace());
    let at = tag.match_indices("class=").map(|(at, _)| at).find(blank_before);
    let classes = at.map(|at| &tag[at + 6..]).and_then(|value| match value.as_bytes().first()? {
        b'"' | b'\'' => value[1..].split(['"', '\'']).next(),
        _ => value.split([' ', '>', '/']).next(),
    });
    let mut named = name.to_owned();
    for class in classes.unwrap_or_default().split_whitespace() {
        if named.len() + class.len() >= limits::LINE {
            break;
        }
        named.push('.');
        named.push_str(class);
    }
    named
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Offset and text of each line; a new tokenizer reads on behind it.
    fn read(page: &[u8], size: usize) -> Vec<(u64, String)> {
        let mut tokens = Tokenizer::new(Place::START);
        let mut lines = Vec::new();
        loop {
            match tokens.next() {
                Token::Line => {
                    lines.push((tokens.began().offset(), tokens.line().into_owned()));
                    tokens = Tokenizer::new(tokens.place());
                }
                Token::NeedInput => {
                    let at = usize::try_from(tokens.position()).expect("small");
                    match &page[at..page.len().min(at + size)] {
                        [] => tokens.end_of_input(),
                        piece => tokens.feed(piece),
                    }
                }
                Token::TooLong | Token::Cut | Token::End => {
                    assert_eq!(tokens.progress(), page.len() as u64);
                    return lines;
                }
            }
        }
    }

    fn texts(page: &str) -> Vec<String> {
        let whole = read(page.as_bytes(), usize::MAX / 2);
        for size in [1, 2, 3, 7, 50] {
            assert_eq!(read(page.as_bytes(), size), whole, "{size}");
        }
        whole.into_iter().map(|(_, text)| text).collect()
    }

    #[test]
    fn blocks_are_lines() {
        let page = "<!DOCTYPE html><html><head><style>p > a {}</style><title>T &amp; t</title></head><BODY class=x>\n<!-- <p>no</p> -->\n\
                    <h1 class='a  b'>One\n <b>two</b></h1> rest<br>of it <p>é 1 < 2<p>last <script>if (a</b) { '<p>' }</script >";
        assert_eq!(texts(page), ["title\tT & t", "h1.a.b\tOne two", "\trest of it", "p\té 1 < 2", "p\tlast"]);
    }

    #[test]
    fn rows_are_lines_of_cells() {
        let page = "<table><thead><tr><th>A<th>B</tr></thead><tr class=\"r\"><td> <a href='x>y'>1</a> </td><td></td><td><p>x</p><p>y</p></td></tr>\
                    <tr><td>a<table><tr><td>in</td></tr></table></td><td>b</td></tr></table><dl><dt>T<dd>1<dt>U</dt><dd><p>2</p></dd></dl>end <b";
        assert_eq!(texts(page), ["th\tA\tB", "tr.r\t1\t\tx y", "tr\ta", "tr\tin", "td\tb", "dt\tT\t1", "dt\tU\t2", "\tend <b"]);
    }
}
