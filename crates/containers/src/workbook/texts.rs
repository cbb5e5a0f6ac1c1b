//! Texts in workbooks: those that cells share (ECMA-376 part 1, 18.4.9) and those in cells.

use tokens::xml::{EventKind, local_name};

use super::{Place, read_events, unreadable};
use crate::{Error, limits};

/// The shortest text that is not empty. So it is known of how many texts a part can be.
const SHORTEST: usize = "<si><t>x</t></si>".len();
/// Texts of a workbook at most.
const MOST: usize = limits::WORKBOOK_TEXTS / SHORTEST;
/// A character that XML cannot hold: `_x0007_` (22.9.2.19).
const ESCAPE: usize = "_x0007_".len();

/// The texts that cells share, one after the other.
#[derive(Debug, Default)]
pub(super) struct SharedTexts {
    texts: String,
    ends: Vec<usize>,
}

impl SharedTexts {
    /// Reads them. The part's own count of them is not asked.
    pub(super) fn read(file: &[u8], place: &Place) -> Result<Self, Error> {
        let length = usize::try_from(place.unpacked).ok().filter(|length| *length <= limits::WORKBOOK_TEXTS).ok_or_else(too_many)?;
        let mut shared = Self { texts: String::with_capacity(length), ends: Vec::with_capacity(length / SHORTEST) };
        let mut text = Text::default();
        read_events(file, place, &mut |event| {
            text.take(event)?;
            match event {
                EventKind::Start(tag) if local_name(tag.name) == "si" => text.clear(),
                EventKind::End(name) if local_name(name) == "si" => shared.push(text.as_str())?,
                _ => {}
            }
            Ok(())
        })?;
        Ok(shared)
    }

    fn push(&mut self, text: &str) -> Result<(), Error> {
        if self.texts.len() + text.len() > limits::WORKBOOK_TEXTS || self.ends.len() == MOST {
            return Err(too_many());
        }
        self.texts.push_str(text);
        self.ends.push(self.texts.len());
        Ok(())
    }

    pub(super) fn get(&self, number: &str) -> Result<&str, Error> {
        let none = || unreadable(&format!("a cell has the shared text {number:?}, of which there is none"));
        let index: usize = number.trim().parse().map_err(|_| none())?;
        let end = *self.ends.get(index).ok_or_else(none)?;
        let start = index.checked_sub(1).map_or(0, |before| self.ends[before]);
        Ok(&self.texts[start..end])
    }
}

fn too_many() -> Error {
    Error::too_large(format!(
        "the workbook has more than {} bytes of texts, or more than {MOST} of them: send its sheets as CSV",
        limits::WORKBOOK_TEXTS
    ))
}

/// A text of pieces, without what is only said of its pronunciation.
#[derive(Debug, Default)]
pub(super) struct Text {
    held: String,
    /// Where the piece in work begins, and whether blanks around it count.
    piece: Option<(usize, bool)>,
    is_spoken: bool,
}

impl Text {
    pub(super) fn clear(&mut self) {
        *self = Self { held: std::mem::take(&mut self.held), ..Self::default() };
        self.held.clear();
    }

    pub(super) fn as_str(&self) -> &str {
        &self.held
    }

    pub(super) fn take(&mut self, event: &EventKind<'_>) -> Result<(), Error> {
        match event {
            EventKind::Start(tag) => match local_name(tag.name) {
                "rPh" => self.is_spoken = true,
                "t" if !self.is_spoken => self.piece = Some((self.held.len(), tag.get("xml:space") == Some("preserve"))),
                _ => {}
            },
            EventKind::Text(text) if self.piece.is_some() => append(&mut self.held, text)?,
            EventKind::Text(_) => {}
            EventKind::End(name) => match local_name(name) {
                "rPh" => self.is_spoken = false,
                "t" => self.end_piece(),
                _ => {}
            },
        }
        Ok(())
    }

    fn end_piece(&mut self) {
        let Some((start, keeps_blanks)) = self.piece.take() else { return };
        let piece = self.held.split_off(start);
        let piece = if keeps_blanks { &piece } else { piece.trim_matches([' ', '\t', '\r', '\n']) };
        unescape(piece, &mut self.held);
    }
}

/// Appends to what one cell holds.
pub(super) fn append(text: &mut String, piece: &str) -> Result<(), Error> {
    if text.len() + piece.len() > limits::CELL {
        return Err(Error::too_large(format!("a cell of the workbook has more than {} bytes: send its sheet as CSV", limits::CELL)));
    }
    text.push_str(piece);
    Ok(())
}

/// Appends a text, each escape replaced by its character, or by U+FFFD where it is half of one.
pub(super) fn unescape(mut text: &str, out: &mut String) {
    while let Some(at) = text.find("_x") {
        let (before, rest) = text.split_at(at);
        out.push_str(before);
        let code = rest
            .get(2..ESCAPE - 1)
            .filter(|code| rest.as_bytes().get(ESCAPE - 1) == Some(&b'_') && code.bytes().all(|c| c.is_ascii_hexdigit()));
        let length = if let Some(code) = code.and_then(|code| u32::from_str_radix(code, 16).ok()) {
            out.push(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
            ESCAPE
        } else {
            out.push_str("_x");
            2
        };
        text = &rest[length..];
    }
    out.push_str(text);
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
        ] {
            let mut out = String::new();
            unescape(text, &mut out);
            assert_eq!(out, meant);
        }
    }
}
