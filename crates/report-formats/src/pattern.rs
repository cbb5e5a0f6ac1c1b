//! Patterns of lines: literal text, and what stands between it.
//!
//! What is taken is as short as possible, but for the one that is to be as long as possible, or else the last. So texts are looked for
//! from the line's start up to that one, and from its end back to it: the matching is linear and never goes back.

use crate::table::{Class, LineFacts, Pattern, Piece};

/// What a pattern took: names and values.
pub type Taken<'p, 'l> = Vec<(&'p str, &'l str)>;

impl Pattern {
    /// What it takes of a line; none where the line does not fit.
    pub fn take<'p, 'l>(&'p self, line: &'l str) -> Option<Taken<'p, 'l>> {
        let pieces = &*self.0;
        let longest = pieces.iter().position(|piece| matches!(piece, Piece::TakeLongest(..)));
        let Some(middle) = longest.or_else(|| pieces.iter().rposition(|piece| matches!(piece, Piece::Take(..)))) else {
            return literal(pieces, line).then(Vec::new);
        };
        let mut taken = Vec::new();
        let rest = from_start(&pieces[..middle], line, &mut taken)?;
        let rest = from_end(&pieces[middle + 1..], rest, &mut taken)?;
        keep(&pieces[middle], rest, &mut taken)?;
        Some(taken)
    }

    /// Whether a line fits.
    pub fn fits(&self, line: &str) -> bool {
        self.take(line).is_some()
    }
}

/// Whether a pattern that takes nothing is the line. One without pieces is the blank line.
fn literal(pieces: &[Piece], line: &str) -> bool {
    match pieces {
        [Piece::Text(text)] => line == &**text,
        _ => line.is_empty(),
    }
}

/// What is left of a line behind the pieces.
fn from_start<'p, 'l>(pieces: &'p [Piece], line: &'l str, taken: &mut Taken<'p, 'l>) -> Option<&'l str> {
    let (mut rest, mut open) = (line, None);
    for piece in pieces {
        let Piece::Text(text) = piece else {
            open = Some(piece);
            continue;
        };
        let at = if open.is_some() { rest.find(&**text)? } else { rest.starts_with(&**text).then_some(0)? };
        if let Some(piece) = open.take() {
            keep(piece, &rest[..at], taken)?;
        }
        rest = &rest[at + text.len()..];
    }
    Some(rest)
}

/// What is left of a line before the pieces.
fn from_end<'p, 'l>(pieces: &'p [Piece], line: &'l str, taken: &mut Taken<'p, 'l>) -> Option<&'l str> {
    let (mut rest, mut open) = (line, None);
    for piece in pieces.iter().rev() {
        let Piece::Text(text) = piece else {
            open = Some(piece);
            continue;
        };
        let at = if open.is_some() { rest.rfind(&**text)? } else { rest.strip_suffix(&**text)?.len() };
        if let Some(piece) = open.take() {
            keep(piece, &rest[at + text.len()..], taken)?;
        }
        rest = &rest[..at];
    }
    Some(rest)
}

/// Notes what was taken, if it may be.
fn keep<'p, 'l>(piece: &'p Piece, text: &'l str, taken: &mut Taken<'p, 'l>) -> Option<()> {
    let (Piece::Take(name, class) | Piece::TakeLongest(name, class)) = piece else { return None };
    let text = text.trim_ascii();
    if !class.holds(text) {
        return None;
    }
    if !name.is_empty() && !text.is_empty() {
        taken.push((name, text));
    }
    Some(())
}

impl LineFacts {
    /// Whether the lines of a report's start are those of the format.
    pub fn hold(&self, lines: &[String]) -> bool {
        let some = |pattern: &Pattern| lines.iter().any(|line| pattern.fits(line));
        let written = || lines.iter().filter(|line| !line.is_empty());
        let every = || written().next().is_some() && written().all(|line| self.all.iter().any(|pattern| pattern.fits(line)));
        self.has.iter().all(some) && !self.lacks.iter().any(some) && (self.all.is_empty() || every())
    }
}

impl Class {
    fn holds(self, text: &str) -> bool {
        let all = |class: fn(&u8) -> bool| !text.is_empty() && text.bytes().all(|byte| class(&byte));
        match self {
            Self::Anything => true,
            Self::OneWord => all(|byte| !byte.is_ascii_whitespace()),
            Self::Identifier => {
                all(|byte| byte.is_ascii_alphanumeric() || *byte == b'_') && !text.starts_with(|c: char| c.is_ascii_digit())
            }
            Self::Digits => all(u8::is_ascii_digit),
            Self::HexDigits => all(u8::is_ascii_hexdigit),
        }
    }
}
