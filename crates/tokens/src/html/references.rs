//! Character references: what `&lt;` and `&#233;` stand for.

use std::borrow::Cow;

/// A text of HTML without tags: references become what they stand for.
pub fn without_references(html: &str) -> String {
    let mut text = String::with_capacity(html.len());
    let mut rest = html;
    while let Some(at) = rest.find('&') {
        let (replaced, length) = reference(&rest[at..]);
        text.push_str(&rest[..at]);
        text.push_str(&replaced);
        rest = &rest[at + length..];
    }
    text.push_str(rest);
    text
}

/// What the reference stands for that begins at the text's `&`, and its length. One that is unknown is no more than the `&`.
pub fn reference(text: &str) -> (Cow<'static, str>, usize) {
    const LONGEST: usize = 10;
    let Some(end) = text.bytes().take(LONGEST).position(|byte| byte == b';') else { return (Cow::Borrowed("&"), 1) };
    let name = &text[1..end];
    let code = match name.strip_prefix('#') {
        Some(hex) if hex.starts_with(['x', 'X']) => u32::from_str_radix(&hex[1..], 16).ok(),
        Some(decimal) => decimal.parse().ok(),
        None => None,
    };
    let replaced = match (name, code.and_then(char::from_u32)) {
        (_, Some(c)) => Cow::Owned(c.to_string()),
        ("lt", _) => Cow::Borrowed("<"),
        ("gt", _) => Cow::Borrowed(">"),
        ("amp", _) => Cow::Borrowed("&"),
        ("quot", _) => Cow::Borrowed("\""),
        ("apos", _) => Cow::Borrowed("'"),
        ("nbsp", _) => Cow::Borrowed(" "),
        _ => return (Cow::Borrowed("&"), 1),
    };
    (replaced, end + 1)
}
