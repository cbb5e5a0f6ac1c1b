//! Text as lines, from bytes in pieces of any size.
//!
//! A line is what a terminal shows of it: without colours, and of what was overwritten only the last. One that is no UTF-8 is Windows-1252.

use std::borrow::Cow;

use memchr::{memchr, memrchr};
use serde::{Deserialize, Serialize};

use crate::decode::{Input, Position, utf8_or_windows_1252};
use crate::{TakesBytes, limits};

/// A place before a line, or within one that is over its limit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    #[serde(rename = "at")]
    pub(super) position: Position,
    /// The rest of the line is passed over.
    passing: bool,
    /// The page has ended; it may go on all the same.
    #[serde(default)]
    pub(super) closed: bool,
}

/// What [`LineSource::next`] found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Token {
    /// A line: [`LineSource::line`].
    Line,
    /// A line of more than [`limits::LINE`] bytes begins here; its rest is passed over.
    TooLong,
    /// It wants the bytes at [`TakesBytes::position`], or to hear that there are none.
    NeedInput,
    /// The end, and there should be more.
    Cut,
    /// The text is read to its end.
    End,
}

/// What turns bytes into lines: of text or of a page.
pub trait LineSource: TakesBytes + Send {
    /// The place before the next line.
    fn place(&self) -> Place;
    /// The place before the last line.
    fn began(&self) -> Place;
    /// The last line.
    fn line(&self) -> Cow<'_, str>;
    /// The next line.
    fn next(&mut self) -> Token;
}

/// Turns bytes into lines.
pub struct Tokenizer {
    input: Input<Vec<u8>>,
    /// Bytes of what is not taken in which there is no line end.
    seen: usize,
    place: Place,
    /// The last line, and where it began.
    line: Vec<u8>,
    began: Place,
}

impl Tokenizer {
    /// A tokenizer at a place.
    pub fn new(place: Place) -> Self {
        Self { input: Input::at(place.position), seen: 0, line: Vec::new(), began: place.clone(), place }
    }

    /// Passes over a long line; false when more of it may follow.
    fn pass(&mut self) -> bool {
        let rest = self.input.untaken();
        let end = memchr(b'\n', rest);
        self.place.passing = end.is_none();
        self.advance(end.map_or(rest.len(), |end| end + 1));
        end.is_some()
    }

    fn nothing(&self) -> Token {
        if self.input.is_ended() { Token::End } else { Token::NeedInput }
    }

    fn advance(&mut self, length: usize) {
        self.input.take(length);
        self.place.position = self.input.position();
        self.seen = 0;
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
        self.place.clone()
    }

    fn began(&self) -> Place {
        self.began.clone()
    }

    fn line(&self) -> Cow<'_, str> {
        shown(&self.line)
    }

    fn next(&mut self) -> Token {
        // The first line begins behind the byte order mark.
        self.place.position = self.input.position();
        if self.place.passing && !self.pass() {
            return self.nothing();
        }
        let rest = self.input.untaken();
        let end = memchr(b'\n', &rest[self.seen..]).map(|end| self.seen + end);
        let (length, looked) = (end.unwrap_or(rest.len()), end.unwrap_or(rest.len()) - self.seen);
        self.input.looked(looked);
        if length > limits::LINE {
            self.began = self.place.clone();
            self.place.passing = true;
            return Token::TooLong;
        }
        if end.is_none() && (!self.input.is_ended() || rest.is_empty()) {
            self.seen = rest.len();
            return self.nothing();
        }
        self.line.clear();
        self.line.extend_from_slice(&rest[..length]);
        self.began = self.place.clone();
        self.advance(length + usize::from(end.is_some()));
        Token::Line
    }
}

impl Place {
    /// The start of a text.
    pub const START: Self = Self { position: Position::START, passing: false, closed: false };

    /// Its offset.
    pub fn offset(&self) -> u64 {
        self.position.offset
    }

    /// The number of its line.
    pub fn line(&self) -> u64 {
        self.position.line
    }
}

/// All lines of a text's start; the last, which may be cut off, only when the text is `complete`.
pub fn read_all(mut source: Box<dyn LineSource>, bytes: &[u8], complete: bool) -> Vec<String> {
    source.feed(bytes);
    if complete {
        source.end_of_input();
    }
    let mut lines = Vec::new();
    loop {
        match source.next() {
            Token::Line => lines.push(source.line().into_owned()),
            Token::TooLong => {}
            Token::NeedInput | Token::Cut | Token::End => return lines,
        }
    }
}

/// A line as a terminal shows it, without blanks at its end.
fn shown(line: &[u8]) -> Cow<'_, str> {
    let line = line.trim_ascii_end();
    // What was written over, such as the progress of a scan.
    let line = &line[memrchr(b'\r', line).map_or(0, |at| at + 1)..];
    match utf8_or_windows_1252(line) {
        plain if !plain.contains('\u{1b}') => plain,
        coloured => Cow::Owned(without_controls(&coloured)),
    }
}

/// Without the control sequences of terminals (ECMA-48): `ESC [`, parameters, and a letter.
fn without_controls(line: &str) -> String {
    let mut parts = line.split('\u{1b}');
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let rest = part.strip_prefix('[').map_or(part, |sequence| {
            let end = sequence.find(|c: char| ('\u{40}'..='\u{7e}').contains(&c));
            end.map_or("", |end| &sequence[end + 1..])
        });
        plain.push_str(rest);
    }
    plain.truncate(plain.trim_end().len());
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Offset, line number and text; a line that is too long has none. A new tokenizer reads on behind each.
    fn read(text: &[u8], size: usize) -> Vec<(u64, u64, Option<String>)> {
        let mut tokens = Tokenizer::new(Place::START);
        let mut lines = Vec::new();
        loop {
            let token = tokens.next();
            match token {
                Token::Line | Token::TooLong => {
                    let (offset, number) = (tokens.began().offset(), tokens.began().line());
                    lines.push((offset, number, (token == Token::Line).then(|| tokens.line().into_owned())));
                    tokens = Tokenizer::new(tokens.place());
                }
                Token::NeedInput => {
                    let at = usize::try_from(tokens.position()).expect("small");
                    match &text[at..text.len().min(at + size)] {
                        [] => tokens.end_of_input(),
                        piece => tokens.feed(piece),
                    }
                }
                Token::Cut | Token::End => {
                    assert_eq!(tokens.progress(), text.len() as u64);
                    return lines;
                }
            }
        }
    }

    #[test]
    fn lines_are_the_same_however_they_are_cut() {
        let text = "a \r\n\n  é\nlast";
        let whole = read(text.as_bytes(), 100);
        let line = |offset, number, text: &str| (offset, number, Some(text.to_owned()));
        assert_eq!(whole, [line(0, 1, "a"), line(4, 2, ""), line(5, 3, "  é"), line(10, 4, "last")]);
        for size in 1..10 {
            assert_eq!(read(text.as_bytes(), size), whole, "{size}");
        }
        assert_eq!(read(b"\xe9\n", 1)[0].2.as_deref(), Some("é"));
        let wide: Vec<u8> = "\u{feff}é\r\n😀\r\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(read(&wide, 3), [line(2, 1, "é"), line(8, 2, "😀")]);
    }

    #[test]
    fn a_long_line_is_passed_over() {
        let text = [b"a\n".as_slice(), &vec![b'x'; 3 * limits::LINE], b"\nb\n"].concat();
        for size in [1_000, 70_001, usize::MAX / 2] {
            let lines = read(&text, size);
            assert_eq!(lines[1], (2, 2, None));
            assert_eq!((lines[2].1, lines[2].2.as_deref()), (3, Some("b")));
        }
    }

    #[test]
    fn a_line_is_what_a_terminal_shows() {
        assert_eq!(shown(b"\x1b[31mred\x1b[0m rest \r"), "red rest");
        assert_eq!(shown(b"Progress: 1 / 10\r\x1b[2K/admin"), "/admin");
    }
}
