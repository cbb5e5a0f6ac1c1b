//! Where the records of a file of JSON begin and end: lines, the elements of an array, or one value after the other.

use std::ops::Range;

use memchr::{memchr, memchr_iter, memchr2};
use serde::{Deserialize, Serialize};
use tokens::{ReadError, ReadErrorKind};

use crate::limits;

/// Levels of arrays and objects in a record.
const DEPTH: u32 = 120;

/// How records follow each other.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Framing {
    /// Each is a line.
    Lines,
    /// Somewhere in this document they are the elements of an array: what leads to it (RFC 6901, without its escapes), and how many names of that were found.
    Within { path: Vec<String>, found: usize, state: Inside },
    /// They are the elements of this array. Whether a comma or the array's end comes next.
    Elements { behind: bool },
    /// They are what is left, one after the other.
    Values,
    /// The array has ended: blanks and the rest of the document may follow.
    Ended,
}

/// Where one is on the way to the records.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Inside {
    /// Before a value.
    Value,
    /// In an object, before a name or its end.
    Name,
    /// Behind a value in an object.
    Behind,
}

/// What comes next.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Frame {
    /// A record, in [`Frames::bytes`].
    Record(Range<usize>),
    /// One of more bytes than a row may have, which was passed.
    TooLarge,
    NeedInput,
    End,
}

/// How far a value is looked at that is not there whole.
#[derive(Clone, Copy, Debug, Default)]
struct Scan {
    /// Bytes of it that were looked at.
    seen: usize,
    depth: u32,
    in_string: bool,
    escaped: bool,
    /// It was too large, and its first bytes are gone.
    dropped: bool,
}

/// Finds records.
pub(super) struct Frames {
    pub(super) framing: Framing,
    buffer: Vec<u8>,
    /// Up to here the buffer was taken.
    head: usize,
    /// Offset of the buffer's first byte, and its line.
    base: u64,
    line: u64,
    /// Up to here in the buffer the lines are counted.
    counted: usize,
    ended: bool,
    scan: Scan,
    work: u64,
}

impl Frames {
    pub(super) fn at(framing: Framing, offset: u64, line: u64) -> Self {
        Self { framing, buffer: Vec::new(), head: 0, base: offset, line, counted: 0, ended: false, scan: Scan::default(), work: 0 }
    }

    pub(super) fn bytes(&self, range: Range<usize>) -> &[u8] {
        self.buffer.get(range).unwrap_or_default()
    }

    pub(super) fn offset_of(&self, index: usize) -> u64 {
        self.base + index as u64
    }

    /// The bytes from an offset to where the next record is looked for.
    pub(super) fn between(&self, offset: u64) -> &[u8] {
        let start = usize::try_from(offset.saturating_sub(self.base)).unwrap_or(usize::MAX);
        self.bytes(start..self.head)
    }

    /// The line of an index that lies behind those that were asked for before.
    pub(super) fn line_at(&mut self, index: usize) -> u64 {
        if index > self.counted {
            self.line += memchr_iter(b'\n', self.buffer.get(self.counted..index).unwrap_or_default()).count() as u64;
            self.counted = index;
        }
        self.line
    }

    /// Where the next record is looked for.
    pub(super) fn place(&self) -> u64 {
        self.offset_of(self.head)
    }

    pub(super) fn place_line(&mut self) -> u64 {
        self.line_at(self.head)
    }

    pub(super) fn fed(&self) -> u64 {
        self.offset_of(self.buffer.len())
    }

    pub(super) fn work(&self) -> u64 {
        self.work
    }

    pub(super) fn feed(&mut self, bytes: &[u8]) {
        self.line_at(self.head);
        let taken = self.head;
        self.buffer.drain(..taken);
        (self.base, self.head) = (self.base + taken as u64, 0);
        self.counted -= taken.min(self.counted);
        self.buffer.extend_from_slice(bytes);
    }

    pub(super) fn end(&mut self) {
        self.ended = true;
    }

    pub(super) fn next(&mut self) -> Result<Frame, ReadError> {
        if self.offset_of(self.head) == 0 {
            if !self.ended && self.buffer.len() < 3 {
                return Ok(Frame::NeedInput);
            }
            self.take_mark()?;
        }
        loop {
            match self.framing.clone() {
                Framing::Lines => return Ok(self.line_frame()),
                Framing::Values => return self.value_frame(true),
                Framing::Ended => return Ok(self.rest()),
                Framing::Elements { behind } => {
                    if let Some(frame) = self.element(behind)? {
                        return Ok(frame);
                    }
                }
                Framing::Within { path, found, state } => {
                    if let Some(frame) = self.go_inside(&path, found, state)? {
                        return Ok(frame);
                    }
                }
            }
        }
    }

    /// Passes over a byte order mark.
    fn take_mark(&mut self) -> Result<(), ReadError> {
        if self.buffer.starts_with(b"\xef\xbb\xbf") {
            self.head = 3;
        } else if self.buffer.starts_with(b"\xff\xfe")
            || self.buffer.starts_with(b"\xfe\xff")
            || self.buffer.iter().take(2).any(|byte| *byte == 0)
        {
            return Err(self.syntax("JSON is UTF-8 (RFC 8259, section 8.1), and this is UTF-16: save it as UTF-8"));
        }
        Ok(())
    }

    fn line_frame(&mut self) -> Frame {
        loop {
            let from = self.head + self.scan.seen;
            let rest = self.buffer.get(from..).unwrap_or_default();
            let found = memchr(b'\n', rest);
            self.work += found.map_or(rest.len(), |end| end + 1) as u64;
            let Some(end) = found.map(|end| from + end).or_else(|| self.ended.then_some(self.buffer.len())) else {
                self.scan.seen = self.buffer.len() - self.head;
                self.drop_what_is_too_large();
                return Frame::NeedInput;
            };
            let (start, dropped) = (self.head, self.scan.dropped);
            self.scan = Scan::default();
            self.head = self.buffer.len().min(end + 1);
            let line = start..end;
            if dropped || line.len() > limits::ROW {
                return Frame::TooLarge;
            }
            if !self.bytes(line.clone()).trim_ascii().is_empty() {
                return Frame::Record(line);
            }
            if self.head == self.buffer.len() {
                return if self.ended { Frame::End } else { Frame::NeedInput };
            }
        }
    }

    /// Of what is too large for a row nothing is kept.
    fn drop_what_is_too_large(&mut self) {
        if self.scan.seen > limits::ROW {
            self.scan.dropped = true;
            self.head += self.scan.seen;
            self.scan.seen = 0;
        }
    }

    /// Passes over blanks, and gives what follows them.
    fn peek(&mut self) -> Option<u8> {
        let rest = self.buffer.get(self.head..).unwrap_or_default();
        let blanks = rest.iter().take_while(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n')).count();
        self.work += blanks as u64;
        self.head += blanks;
        self.buffer.get(self.head).copied()
    }

    fn nothing_more(&self, inside: bool) -> Result<Frame, ReadError> {
        match (self.ended, inside) {
            (false, _) => Ok(Frame::NeedInput),
            (true, false) => Ok(Frame::End),
            (true, true) => Err(ReadError { kind: ReadErrorKind::Truncated, ..self.syntax("the document ends in the middle") }),
        }
    }

    /// What follows the array is not looked at, whatever it is.
    fn rest(&mut self) -> Frame {
        self.head = self.buffer.len();
        if self.ended { Frame::End } else { Frame::NeedInput }
    }

    fn element(&mut self, behind: bool) -> Result<Option<Frame>, ReadError> {
        if self.scan.seen == 0 && !self.scan.dropped {
            let Some(byte) = self.peek() else { return self.nothing_more(true).map(Some) };
            match byte {
                b']' => {
                    self.head += 1;
                    self.framing = Framing::Ended;
                    return Ok(None);
                }
                b',' if behind => {
                    self.head += 1;
                    self.framing = Framing::Elements { behind: false };
                    return Ok(None);
                }
                _ if behind => return Err(self.syntax("a comma or the end of the array was expected")),
                _ => {}
            }
        }
        let frame = self.value_frame(false)?;
        if frame != Frame::NeedInput {
            self.framing = Framing::Elements { behind: true };
        }
        Ok(Some(frame))
    }

    /// The value that is next.
    fn value_frame(&mut self, may_end: bool) -> Result<Frame, ReadError> {
        if self.scan.seen == 0 && !self.scan.dropped && self.peek().is_none() {
            return self.nothing_more(!may_end);
        }
        let start = self.head;
        let Some(end) = self.scan_value()? else {
            self.drop_what_is_too_large();
            return if self.ended { self.nothing_more(true) } else { Ok(Frame::NeedInput) };
        };
        let dropped = self.scan.dropped;
        self.scan = Scan::default();
        self.head = end;
        Ok(if dropped || end - start > limits::ROW { Frame::TooLarge } else { Frame::Record(start..end) })
    }

    /// The end of the value that begins at the head, as far as its nesting and strings tell.
    fn scan_value(&mut self) -> Result<Option<usize>, ReadError> {
        let mut scan = self.scan;
        let from = self.head + scan.seen;
        let mut at = from;
        let end = loop {
            if scan.in_string {
                let rest = self.buffer.get(at..).unwrap_or_default();
                if scan.escaped && !rest.is_empty() {
                    scan.escaped = false;
                    at += 1;
                    continue;
                }
                let Some(found) = memchr2(b'"', b'\\', rest) else {
                    at = self.buffer.len();
                    break None;
                };
                scan.escaped = rest[found] == b'\\';
                scan.in_string = scan.escaped;
                at += found + 1;
                if scan.depth == 0 && !scan.in_string {
                    break Some(at);
                }
                continue;
            }
            let Some(byte) = self.buffer.get(at) else { break self.ended.then_some(at).filter(|_| scan.depth == 0 && at > self.head) };
            match byte {
                b'}' | b']' | b',' | b' ' | b'\t' | b'\r' | b'\n' if scan.depth == 0 => break Some(at),
                b'"' => scan.in_string = true,
                b'{' | b'[' => scan.depth += 1,
                b'}' | b']' => {
                    scan.depth -= 1;
                    if scan.depth == 0 {
                        break Some(at + 1);
                    }
                }
                _ => {}
            }
            if scan.depth > DEPTH {
                return Err(ReadError {
                    kind: ReadErrorKind::LimitExceeded,
                    ..self.syntax(&format!("a record has more than {DEPTH} levels of arrays and objects"))
                });
            }
            at += 1;
        };
        self.work += (end.unwrap_or(at) - from) as u64;
        scan.seen = at - self.head;
        self.scan = scan;
        match end {
            Some(end) if end == self.head && !scan.dropped => Err(self.syntax("a value was expected")),
            end => Ok(end),
        }
    }

    /// One step on the way to the array of the records.
    fn go_inside(&mut self, path: &[String], found: usize, state: Inside) -> Result<Option<Frame>, ReadError> {
        let within = |found, state| Framing::Within { path: path.to_vec(), found, state };
        if state == Inside::Behind && self.scan.seen > 0 || self.scan.dropped {
            return self.pass_value(within(found, Inside::Behind));
        }
        let Some(byte) = self.peek() else { return self.nothing_more(true).map(Some) };
        self.framing = match (state, byte) {
            (Inside::Value, b'[') if found == path.len() => Framing::Elements { behind: false },
            (Inside::Value, b'{') if found < path.len() => within(found, Inside::Name),
            (Inside::Value, _) | (Inside::Name | Inside::Behind, b'}') => return Err(self.no_records(path, found)),
            (Inside::Behind, b',') => within(found, Inside::Name),
            (Inside::Name, b'"') => return self.take_name(path, found),
            _ => return Err(self.syntax("a name or the end of the object was expected")),
        };
        self.head += 1;
        Ok(None)
    }

    /// A name of an object, and the value that it has unless that is on the way.
    fn take_name(&mut self, path: &[String], found: usize) -> Result<Option<Frame>, ReadError> {
        let Frame::Record(name) = self.value_frame(false)? else { return Ok(Some(Frame::NeedInput)) };
        let start = name.start;
        let is_next = serde_json::from_slice::<String>(self.bytes(name)).is_ok_and(|name| path.get(found) == Some(&name));
        match self.peek() {
            Some(b':') => self.head += 1,
            Some(_) => return Err(self.syntax("a colon was expected")),
            None => {
                // Once more when there is more.
                self.head = start;
                return self.nothing_more(true).map(Some);
            }
        }
        if is_next {
            self.framing = Framing::Within { path: path.to_vec(), found: found + 1, state: Inside::Value };
            return Ok(None);
        }
        if self.peek().is_none() {
            self.head = start;
            return self.nothing_more(true).map(Some);
        }
        self.pass_value(Framing::Within { path: path.to_vec(), found, state: Inside::Behind })
    }

    fn pass_value(&mut self, then: Framing) -> Result<Option<Frame>, ReadError> {
        self.framing = then;
        Ok(match self.value_frame(false)? {
            Frame::NeedInput => Some(Frame::NeedInput),
            _ => None,
        })
    }

    fn no_records(&self, path: &[String], found: usize) -> ReadError {
        let (whole, there) = (path.join("/"), path[..found].join("/"));
        ReadError {
            kind: ReadErrorKind::NotThisFormat,
            ..self.syntax(&format!("the records are to be an array at /{whole}, and what is at /{there} has none there"))
        }
    }

    fn syntax(&self, message: &str) -> ReadError {
        let lines = memchr_iter(b'\n', self.buffer.get(self.counted..self.head).unwrap_or_default()).count() as u64;
        ReadError { kind: ReadErrorKind::Syntax, message: message.to_owned(), offset: self.place(), line: self.line + lines }
    }
}
