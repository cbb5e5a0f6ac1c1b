//! Passing over elements of which nothing is needed.

use memchr::memchr2;

use super::plain_name;

/// The references that may stand in any document (XML 1.0, section 4.6).
const PREDEFINED: [&[u8]; 5] = [b"&lt;", b"&gt;", b"&amp;", b"&quot;", b"&apos;"];

/// The length of the leaves that the text begins with, with the blanks before each: `<name>text</name>` without attributes, where nobody needs what
/// stands under that name. Whatever else comes, and what is not there whole, the tokenizer looks at more closely: how many bytes behind the leaves
/// were looked at for nothing.
pub(super) fn length_of_leaves(text: &str, is_needed: impl Fn(&str) -> bool) -> (usize, usize) {
    let mut length = 0;
    loop {
        match length_of_leaf(&text[length..], &is_needed) {
            Ok(leaf) => length += leaf,
            Err(looked) => return (length, looked),
        }
    }
}

/// The length of a leaf, or how many bytes were looked at where there is none.
fn length_of_leaf(text: &str, is_needed: impl Fn(&str) -> bool) -> Result<usize, usize> {
    let bytes = text.as_bytes();
    let start = 1 + bytes.iter().position(|byte| !matches!(byte, b'\n' | b'\r' | b'\t' | b' ')).ok_or(bytes.len())?;
    if bytes[start - 1] != b'<' {
        return Err(start);
    }
    let end = start + plain_name(&bytes[start..]);
    let name = &text[start..end];
    if name.is_empty() || bytes.get(end) != Some(&b'>') || is_needed(name) {
        return Err(end);
    }
    let close = end + 1 + length_of_text(&bytes[end + 1..]).map_err(|looked| end + 1 + looked)?;
    let is_closed = |after: &[u8]| Some(after.strip_prefix(b"</")?.strip_prefix(name.as_bytes())?.starts_with(b">"));
    if is_closed(&bytes[close..]) == Some(true) { Ok(close + name.len() + "</>".len()) } else { Err(close) }
}

/// The length of a text up to a tag, if all its references are predefined ones; or how many bytes were looked at.
fn length_of_text(bytes: &[u8]) -> Result<usize, usize> {
    let mut at = 0;
    loop {
        at += memchr2(b'<', b'&', &bytes[at..]).ok_or(bytes.len())?;
        if bytes[at] == b'<' {
            return Ok(at);
        }
        at += PREDEFINED.iter().find(|reference| bytes[at..].starts_with(reference)).ok_or(at)?.len();
    }
}
