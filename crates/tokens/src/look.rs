//! What a file looks like, from its first bytes: which tokenizer reads it.

use crate::decode::{Input, Position};
use crate::json::assignment;

/// What a file is that begins like this.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// More of it has to be seen.
    NeedMore,
    /// It has no bytes.
    Empty,
    /// It has nothing but blanks.
    Blank,
    /// It begins with a `<`: [XML](crate::xml), or [HTML](crate::html).
    Markup,
    /// It begins like [JSON](crate::json): with an object, an array, or a script's variable that is one.
    Json,
    /// A table or [lines](crate::lines) of text.
    Text,
    /// None of the texts that are read, but this, for a person.
    Binary(&'static str),
}

/// Files that begin with these bytes are no text.
const BINARY: [(&[u8], &str); 6] = [
    (b"PK\x03\x04", "a ZIP archive"),
    (b"\x1f\x8b", "a gzip file"),
    (b"%PDF", "a PDF document"),
    (b"SQLite format 3", "an SQLite database"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
    (b"BZh", "a bzip2 file"),
];

/// Looks at the start of a file, which may be all of it (`complete`). Whatever its encoding, it is the first character that counts.
pub fn look(start: &[u8], complete: bool) -> Look {
    if let Some((_, what)) = BINARY.iter().find(|(magic, _)| start.starts_with(magic)) {
        return Look::Binary(what);
    }
    let mut input = Input::<Vec<u8>>::at(Position::START);
    input.feed(start);
    if complete {
        input.end();
    }
    let text = input.untaken();
    match text.iter().find(|byte| **byte != 0 && !byte.is_ascii_whitespace()) {
        None if !complete => Look::NeedMore,
        None if start.is_empty() => Look::Empty,
        None => Look::Blank,
        Some(b'<') => Look::Markup,
        Some(b'{' | b'[') => Look::Json,
        Some(_) if assignment(text).is_some_and(|length| length > 0) => Look::Json,
        Some(_) => Look::Text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_character_tells_in_any_encoding() {
        for (text, expected) in
            [("\n<a/>", Look::Markup), (" [1]", Look::Json), ("x = {}", Look::Json), ("x y = {}", Look::Text), (" \n", Look::Blank)]
        {
            let marked = format!("\u{feff}{text}");
            for text in [text, &marked] {
                assert_eq!(look(text.as_bytes(), true), expected, "{text:?}");
                for to_bytes in [u16::to_le_bytes, u16::to_be_bytes] {
                    assert_eq!(look(&text.encode_utf16().flat_map(to_bytes).collect::<Vec<u8>>(), true), expected, "{text:?}");
                }
            }
        }
        assert_eq!(look(b"", true), Look::Empty);
        assert_eq!(look(b" ", false), Look::NeedMore);
        assert_eq!(look(b"PK\x03\x04", false), Look::Binary("a ZIP archive"));
    }
}
