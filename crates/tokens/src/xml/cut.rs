//! Where a document can be cut, so that several readers can go on from there: before the start tags of one element at one depth.
//!
//! This looks at no more of the markup than it takes to know the depth, and so is several times as fast as reading. It relies on what XML
//! guarantees: outside of comments, instructions and CDATA sections a `<` begins a tag. Where a document breaks that, a reader of the
//! parts fails as one of the whole does.

use memchr::{memchr, memchr_iter, memmem};
use quick_xml::parser::{ElementParser, Parser as _};

use super::{Phase, Place};
use crate::decode::Position;

/// Bytes after a `<` that tell what it begins; element names that are looked for are shorter.
const LOOKAHEAD: usize = 32;

/// What stands between `<` and the end that is given here is no element.
const OTHERS: [(&[u8], &[u8]); 3] = [(b"<!--", b"-->"), (b"<![CDATA[", b"]]>"), (b"<?", b"?>")];

/// Finds the cuts of a document from some place on.
pub struct CutFinder {
    /// What every cut has in common: all of a place but its offset and line.
    around: Place,
    element: &'static str,
    depth: usize,
    spacing: u64,
    /// No cut lies before this offset.
    next: u64,
    inside: Inside,
    open: usize,
    /// Bytes that were fed and are still needed, the offset of the first of them, and its line.
    held: Vec<u8>,
    offset: u64,
    line: u64,
    /// Bytes that were looked at.
    work: u64,
}

enum Inside {
    Text,
    /// Something of [`OTHERS`] up to its end.
    Other(&'static [u8]),
    /// A tag, and the last byte of it that was seen.
    Tag {
        parser: ElementParser,
        closes: bool,
        last: u8,
    },
    /// The element around those that are looked for is over.
    Nothing,
}

impl CutFinder {
    /// A finder of the start tags of `element` at `depth` (the root has 1), from a place within the element around them, behind what was fed
    /// already; `None` where it is not known what is around the place, and where bytes are no characters.
    pub fn new(mut around: Place, fed: u64, element: &'static str, depth: usize, spacing: u64) -> Option<Self> {
        let open = around.open.len();
        if around.phase != Phase::Content || around.ends || open + 1 < depth || !around.position.is_ascii_compatible() {
            return None;
        }
        around.open.truncate(depth - 1);
        let Position { offset, line, .. } = around.position;
        let next = fed.max(offset + spacing);
        Some(Self { around, element, depth, spacing, next, inside: Inside::Text, open, held: Vec::new(), offset, line, work: 0 })
    }

    /// Offset of the next byte to be fed.
    pub fn position(&self) -> u64 {
        self.offset + self.held.len() as u64
    }

    /// Takes the bytes at [`position`](Self::position), and gives the cuts in them.
    pub fn feed(&mut self, bytes: &[u8]) -> Vec<Place> {
        let mut held = std::mem::take(&mut self.held);
        held.extend_from_slice(bytes);
        // Up to `passed` its lines are counted.
        let (mut cuts, mut at, mut passed) = (Vec::new(), 0, 0);
        while let Some(length) = self.step(&held[at..]) {
            if self.is_cut(&held[at..], at - passed) {
                self.pass(&held[passed..at]);
                passed = at;
                self.next = self.offset + self.spacing;
                cuts.push(Place { position: self.around.position.moved_to(self.offset, self.line), ..self.around.clone() });
            }
            at += length;
        }
        self.pass(&held[passed..at]);
        held.drain(..at);
        self.work += bytes.len() as u64 + at as u64;
        self.held = held;
        cuts
    }

    /// Bytes that were looked at so far.
    pub fn work(&self) -> u64 {
        self.work
    }

    /// Whether one of the elements begins where this rest does, `ahead` bytes behind what was taken.
    fn is_cut(&self, rest: &[u8], ahead: usize) -> bool {
        self.open + 1 == self.depth
            && self.offset + ahead as u64 >= self.next
            && matches!(self.inside, Inside::Tag { closes: false, .. })
            && rest
                .strip_prefix(b"<")
                .and_then(|rest| rest.strip_prefix(self.element.as_bytes()))
                .is_some_and(|rest| rest.first().is_some_and(|byte| byte.is_ascii_whitespace() || matches!(byte, b'>' | b'/')))
    }

    /// Goes on over the start of the rest; gives how many bytes that was, or `None` where it takes more of them to tell.
    fn step(&mut self, rest: &[u8]) -> Option<usize> {
        if rest.is_empty() {
            return None;
        }
        match &mut self.inside {
            Inside::Nothing => Some(rest.len()),
            Inside::Text if rest[0] != b'<' => Some(memchr(b'<', rest).unwrap_or(rest.len())),
            Inside::Text if rest.len() < LOOKAHEAD => None,
            Inside::Text => {
                let other = OTHERS.into_iter().find(|(start, _)| rest.starts_with(start));
                let tag = || Inside::Tag { parser: ElementParser::Outside, closes: rest[1] == b'/', last: b'<' };
                self.inside = other.map_or_else(tag, |(_, end)| Inside::Other(end));
                Some(other.map_or(1, |(start, _)| start.len()))
            }
            Inside::Other(end) => {
                let end = *end;
                if let Some(at) = memmem::find(rest, end) {
                    self.inside = Inside::Text;
                    return Some(at + end.len());
                }
                // What may be the start of the end waits for the rest of it.
                Some(rest.len().saturating_sub(end.len() - 1)).filter(|length| *length > 0)
            }
            Inside::Tag { parser, closes, last } => {
                let Some(end) = parser.feed(rest) else {
                    *last = rest[rest.len() - 1];
                    return Some(rest.len());
                };
                let empty = end.checked_sub(1).map_or(*last, |before| rest[before]) == b'/';
                match (*closes, empty) {
                    (true, _) => self.open = self.open.saturating_sub(1),
                    (false, false) => self.open += 1,
                    (false, true) => {}
                }
                self.inside = if self.open + 1 < self.depth { Inside::Nothing } else { Inside::Text };
                Some(end + 1)
            }
        }
    }

    fn pass(&mut self, bytes: &[u8]) {
        self.offset += bytes.len() as u64;
        self.line += memchr_iter(b'\n', bytes).count() as u64;
    }
}
