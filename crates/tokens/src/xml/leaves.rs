//! Passing over elements of which nothing is needed.

use memchr::memchr2;

use super::plain_name;

/// The references that may stand in any document (XML 1.0, section 4.6).
const PREDEFINED: [&[u8]; 5] = [b"&lt;", b"&gt;", b"&amp;", b"&quot;", b"&apos;"];

/// The length of the leaves that the text begins with, with the blanks before each: `<name>text</name>` without attributes, where nobody needs what
/// stands under that name. Whatever else comes, and what is not there whole, the tokenizer looks at more closely.
pub(super) fn length_of_leaves(text: &str, is_needed: impl Fn(&str) -> bool) -> usize {
    let mut length = 0;
    while let Some(leaf) = length_of_leaf(&text[length..], &is_needed) {
        length += leaf;
    }
    length
}

fn length_of_leaf(text: &str, is_needed: impl Fn(&str) -> bool) -> Option<usize> {
    let bytes = text.as_bytes();
    let start = 1 + bytes.iter().position(|byte| !matches!(byte, b'\n' | b'\r' | b'\t' | b' '))?;
    if bytes[start - 1] != b'<' {
        return None;
    }
    let end = start + plain_name(&bytes[start..]);
    let name = &text[start..end];
    if name.is_empty() || bytes.get(end) != Some(&b'>') || is_needed(name) {
        return None;
    }
    let close = end + 1 + length_of_text(&bytes[end + 1..])?;
    let after = bytes[close..].strip_prefix(b"</")?.strip_prefix(name.as_bytes())?.strip_prefix(b">")?;
    Some(bytes.len() - after.len())
}

/// The length of a text up to a tag, if all its references are predefined ones.
fn length_of_text(bytes: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        at += memchr2(b'<', b'&', &bytes[at..])?;
        if bytes[at] == b'<' {
            return Some(at);
        }
        at += PREDEFINED.iter().find(|reference| bytes[at..].starts_with(reference))?.len();
    }
}
