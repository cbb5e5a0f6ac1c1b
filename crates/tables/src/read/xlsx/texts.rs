//! Texts in workbooks: those that cells share (ECMA-376 part 1, 18.4.9) and those in cells.

use tokens::xml::{Event, EventKind, local_name};

use super::{Failure, too_large};
use crate::limits;

/// Where the list has its texts.
const ITEM: usize = 2;
/// Bytes of the index for a text.
const INDEXED: usize = size_of::<u32>();
/// For how many bytes there is room at first: it doubles up to the limit, and not beyond it.
const ROOM: usize = 64 * 1024;
/// A character that XML cannot hold: `_x0007_` (22.9.2.19).
const ESCAPE: usize = "_x0007_".len();

/// The texts that cells share, one after the other.
#[derive(Debug, Default)]
pub(super) struct SharedTexts {
    texts: String,
    ends: Vec<u32>,
    pieces: Pieces,
}

impl SharedTexts {
    /// Takes what the part says. Its own count is not asked.
    pub(super) fn take(&mut self, event: &Event<'_>) -> Result<(), Failure> {
        let length = if let EventKind::Text(text) = &event.kind { text.len() } else { INDEXED };
        if self.texts.len() + (self.ends.len() * INDEXED) + length > limits::XLSX_TEXTS {
            return Err(too_large(&format!("the texts of its cells have more than {} bytes", limits::XLSX_TEXTS)));
        }
        if self.texts.capacity() == 0 {
            self.texts.reserve_exact(ROOM);
            self.ends.reserve_exact(ROOM / INDEXED);
        }
        match &event.kind {
            EventKind::End(name) if event.depth == ITEM && local_name(name) == "si" => {
                self.ends.push(u32::try_from(self.texts.len()).unwrap_or(u32::MAX));
                self.pieces = Pieces::default();
            }
            _ if event.depth > ITEM => self.pieces.take(&event.kind, &mut self.texts),
            _ => {}
        }
        Ok(())
    }

    /// Makes what is held as small as it can be.
    pub(super) fn settle(&mut self) {
        self.texts.shrink_to_fit();
        self.ends.shrink_to_fit();
    }

    /// The text of a number.
    #[inline]
    pub(super) fn get(&self, index: u32) -> Option<&str> {
        let index = usize::try_from(index).ok()?;
        let end = *self.ends.get(index)?;
        let start = index.checked_sub(1).map_or(Some(0), |before| self.ends.get(before).copied())?;
        self.texts.get(start as usize..end as usize)
    }
}

/// A text of pieces, without what is only said of its pronunciation.
#[derive(Debug, Default)]
pub(super) struct Pieces {
    /// Where the piece in work begins, and whether blanks around it count.
    piece: Option<(usize, bool)>,
    is_spoken: bool,
}

impl Pieces {
    pub(super) fn take(&mut self, event: &EventKind<'_>, out: &mut String) {
        match event {
            EventKind::Start(tag) => match local_name(tag.name) {
                "rPh" => self.is_spoken = true,
                "t" if !self.is_spoken => self.piece = Some((out.len(), tag.get("xml:space") == Some("preserve"))),
                _ => {}
            },
            EventKind::Text(text) if self.piece.is_some() => out.push_str(text),
            EventKind::Text(_) => {}
            EventKind::End(name) => match local_name(name) {
                "rPh" => self.is_spoken = false,
                "t" => self.end_piece(out),
                _ => {}
            },
        }
    }

    fn end_piece(&mut self, out: &mut String) {
        let Some((start, keeps_blanks)) = self.piece.take() else { return };
        if !keeps_blanks {
            const BLANKS: [char; 4] = [' ', '\t', '\r', '\n'];
            let piece = out.get(start..).unwrap_or_default();
            let (end, blank) = (piece.trim_end_matches(BLANKS).len(), piece.len() - piece.trim_start_matches(BLANKS).len());
            out.truncate(start + end);
            drop(out.drain(start..start + blank.min(end)));
        }
        unescape(out, start);
    }
}

/// Replaces each escape from `start` on by its character, or by U+FFFD where it is half of one.
pub(super) fn unescape(out: &mut String, start: usize) {
    if !out.get(start..).is_some_and(|text| text.contains("_x")) {
        return;
    }
    let escaped = out.split_off(start);
    let mut text = escaped.as_str();
    while let Some(at) = text.find("_x") {
        let (before, rest) = text.split_at(at);
        out.push_str(before);
        let code = rest.get(2..ESCAPE - 1).filter(|code| rest.as_bytes().get(ESCAPE - 1) == Some(&b'_') && is_hex(code));
        let length = if let Some(code) = code.and_then(|code| u32::from_str_radix(code, 16).ok()) {
            out.push(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
            ESCAPE
        } else {
            out.push_str("_x");
            2
        };
        text = rest.get(length..).unwrap_or_default();
    }
    out.push_str(text);
}

fn is_hex(code: &str) -> bool {
    code.bytes().all(|byte| byte.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_stand_for_characters() {
        for (text, meant) in [
            ("a_x000D_\n", "a\r\n"),
            ("_x005F_x000D_", "_x000D_"),
            ("a_x00", "a_x00"),
            ("_xg000_ü_x", "_xg000_ü_x"),
            ("_xD83D_", "\u{fffd}"),
            ("_x000Ü", "_x000Ü"),
        ] {
            let mut out = format!("_x0041_{text}");
            unescape(&mut out, ESCAPE);
            assert_eq!(out, format!("_x0041_{meant}"));
        }
    }
}
