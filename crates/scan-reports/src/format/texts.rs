//! Texts and lists of records.

use std::borrow::Cow;

use crate::limits;

/// The start of a text, at most so many bytes.
pub(super) fn prefix(text: &str, bytes: usize) -> &str {
    &text[..text.floor_char_boundary(bytes)]
}

/// The start of a text that takes at most so many bytes in a checkpoint.
pub(super) fn prefix_in_checkpoint(text: &str, bytes: usize) -> &str {
    if text.len() <= bytes / ESCAPE {
        return text;
    }
    let mut taken = 0;
    let end = text.char_indices().find(|(_, c)| {
        taken += bytes_in_json(*c);
        taken > bytes
    });
    end.map_or(text, |(at, _)| &text[..at])
}

/// Bytes that JSON takes for one of a text at most (RFC 8259, section 7).
pub(super) const ESCAPE: usize = 6;

fn bytes_in_json(c: char) -> usize {
    match c {
        '"' | '\\' | '\n' | '\r' | '\t' | '\u{8}' | '\u{c}' => 2,
        '\0'..='\u{1f}' => ESCAPE,
        c => c.len_utf8(),
    }
}

/// Adds to a text that may have so many bytes. A few bytes more are kept, so that the record's own limit sees that it is cut.
pub(super) fn push_within(text: &mut String, piece: &str, limit: usize) {
    let room = (limit + BEYOND).saturating_sub(text.len());
    if room > 0 {
        text.push_str(prefix(piece, room));
    }
}

/// Bytes that show that a text is longer than its limit: of the longest character.
const BEYOND: usize = 4;

/// A text that is gathered from pieces up to a limit.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    text: String,
    limit: usize,
}

impl Gathered {
    /// Begins a text of that limit.
    pub(super) fn begin(&mut self, limit: usize) {
        self.text.clear();
        self.limit = limit;
    }

    pub(super) fn push(&mut self, piece: &str) {
        push_within(&mut self.text, piece, self.limit);
    }

    /// The text without the blanks around it, but for those that indent its first line.
    pub(super) fn get(&self) -> &str {
        block(&self.text)
    }
}

/// A text without blank lines before it and blanks after it.
pub(super) fn block(text: &str) -> &str {
    let text = text.trim_end();
    let indented = text.len() - text.trim_start().len();
    let start = text[..indented].rfind('\n').map_or(0, |line_end| line_end + 1);
    &text[start..]
}

/// A text with single blanks. Of a long one the words up to the first that goes over so many bytes: whoever keeps it cuts it.
pub(super) fn one_line(text: Cow<'_, str>, limit: usize) -> String {
    if text.len() <= limit && is_one_line(&text) {
        return text.into_owned();
    }
    let mut line = String::with_capacity(text.len().min(limit));
    for word in text.split_whitespace() {
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
        if line.len() > limit {
            break;
        }
    }
    line
}

/// Whether a text has no blanks but single ones within it, and nothing that would have to be looked at closer.
fn is_one_line(text: &str) -> bool {
    let mut last = b' ';
    let single = text.bytes().all(|byte| {
        let before = std::mem::replace(&mut last, byte);
        matches!(byte, b'!'..=b'~') || byte == b' ' && before != b' '
    });
    single && last != b' '
}

/// Adds to a list what is not in it yet, up to the number of entries that a record may have.
pub(super) fn add_once<T: PartialEq>(list: &mut Vec<T>, entry: T) {
    if list.len() < limits::LIST && !list.contains(&entry) {
        list.push(entry);
    }
}

/// The same of a text, if it is one.
pub(super) fn add_text_once(list: &mut Vec<String>, text: &str) {
    if !text.is_empty() && list.len() < limits::LIST && !list.iter().any(|known| known == text) {
        add_once(list, text.to_owned());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_keeps_the_indent_of_its_first_line() {
        assert_eq!(block(" \n\n  a\n  b\n "), "  a\n  b");
        assert_eq!(block("  a"), "  a");
        assert_eq!(block(" \n "), "");
    }

    #[test]
    fn a_line_has_single_blanks_and_an_end() {
        let line = |text: &'static str| one_line(Cow::Borrowed(text), 5);
        assert_eq!((line("a b"), line(" a\n\tb "), line("a b cdef g")), ("a b".to_owned(), "a b".to_owned(), "a b cdef".to_owned()));
    }
}
