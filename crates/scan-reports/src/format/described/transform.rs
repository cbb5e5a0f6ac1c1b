//! What becomes of texts on their way into a record.

use std::borrow::Cow;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use report_formats::table::Transform;
use sha2::{Digest, Sha256};
use tokens::html::reference;

use super::scope::Texts;
use crate::format::ids;
use crate::format::texts::push_within;
use crate::format::url::{Url, scheme};
use crate::limits;

/// The texts after a transform.
pub(super) fn apply<'a>(transform: &Transform, texts: Texts<'a>) -> Texts<'a> {
    match transform {
        Transform::Split(separator) => texts.iter().flat_map(|text| split(text, separator)).collect(),
        Transform::Join(separator) if !texts.is_empty() => vec![Cow::Owned(join(&texts, separator))],
        Transform::Last => texts.into_iter().next_back().into_iter().collect(),
        Transform::Ids => texts.iter().flat_map(|text| ids::vulnerability_ids(text)).map(Cow::Owned).collect(),
        Transform::Links => texts.iter().flat_map(|text| links(text)).collect(),
        Transform::Like(pattern) => texts.into_iter().filter(|text| like(pattern, text)).collect(),
        Transform::Unlike(pattern) => texts.into_iter().filter(|text| !like(pattern, text)).collect(),
        one => texts.into_iter().filter_map(|text| apply_to_one(one, text)).collect(),
    }
}

/// The texts as one, up to the limit of texts.
fn join(texts: &[Cow<'_, str>], separator: &str) -> String {
    let mut joined = String::new();
    for (number, text) in texts.iter().enumerate() {
        if number > 0 {
            push_within(&mut joined, separator, limits::TEXT);
        }
        push_within(&mut joined, text, limits::TEXT);
        if joined.len() > limits::TEXT {
            break;
        }
    }
    joined
}

fn split(text: &str, separator: &str) -> Vec<Cow<'static, str>> {
    let parts: Vec<&str> = if separator == " " { text.split_whitespace().collect() } else { text.split(separator).collect() };
    parts.into_iter().map(str::trim).filter(|part| !part.is_empty()).map(|part| Cow::Owned(part.to_owned())).collect()
}

fn links(text: &str) -> Vec<Cow<'static, str>> {
    let ends = |c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '<' | '>' | ')' | ']');
    let links = text.split(ends).filter_map(|word| word.find("http").map(|at| &word[at..]));
    let whole = links.filter(|link| link.starts_with("http://") || link.starts_with("https://"));
    whole.map(|link| Cow::Owned(link.trim_end_matches(['.', ',', ';']).to_owned())).collect()
}

/// Whether a text is like a pattern: a `*` at its start or end stands for anything; the case of ASCII's letters does not count.
pub(in crate::format) fn like(pattern: &str, text: &str) -> bool {
    let word = pattern.trim_matches('*');
    let is_word = |part: &str| part.eq_ignore_ascii_case(word);
    match (pattern.starts_with('*'), pattern.ends_with('*')) {
        (true, true) => text.to_ascii_lowercase().contains(&word.to_ascii_lowercase()),
        (true, false) => text.len().checked_sub(word.len()).and_then(|start| text.get(start..)).is_some_and(is_word),
        (false, true) => text.get(..word.len()).is_some_and(is_word),
        (false, false) => is_word(text),
    }
}

fn apply_to_one<'a>(transform: &Transform, text: Cow<'a, str>) -> Option<Cow<'a, str>> {
    let changed = match transform {
        Transform::Lower => text.to_lowercase(),
        Transform::Upper => text.to_uppercase(),
        Transform::Prefix(prefix) => format!("{prefix}{text}"),
        Transform::Suffix(suffix) => format!("{text}{suffix}"),
        Transform::Number => number(&text)?.to_owned(),
        Transform::Base64 => String::from_utf8_lossy(&BASE64_STANDARD.decode(text.trim()).ok()?).into_owned(),
        Transform::Plain => plain(&text),
        Transform::Hash => hash(&text),
        Transform::Map(map) => match map.iter().find(|(from, _)| from.eq_ignore_ascii_case(&text)) {
            Some((_, to)) => to.to_string(),
            None => return Some(text),
        },
        Transform::Divide(by) => (number(&text)?.parse::<f64>().ok()? / by).to_string(),
        Transform::Risk(scale) => risk(&text, *scale)?.to_owned(),
        part => return part_of(part, text),
    };
    Some(Cow::Owned(changed))
}

/// Transforms that give a part of the text.
fn part_of<'a>(transform: &Transform, text: Cow<'a, str>) -> Option<Cow<'a, str>> {
    let part = |text: &str| -> Option<std::ops::Range<usize>> {
        let part = match transform {
            Transform::Before(at) => text.split_once(&**at).map_or(text, |(before, _)| before),
            Transform::After(at) => text.split_once(&**at)?.1,
            Transform::BeforeLast(at) => text.rsplit_once(&**at).map_or(text, |(before, _)| before),
            Transform::AfterLast(at) => text.rsplit_once(&**at).map_or(text, |(_, after)| after),
            Transform::Strip(start) => text.strip_prefix(&**start).unwrap_or(text),
            Transform::Origin => Url::of(text)?.origin,
            Transform::Host => Url::of(text)?.host,
            Transform::Port => Url::of(text)?.port.filter(|port| !port.is_empty())?,
            Transform::UrlPath => Url::of(text)?.path,
            Transform::Scheme => scheme(text)?,
            _ => text,
        };
        let part = part.trim();
        let start = part.as_ptr().addr() - text.as_ptr().addr();
        Some(start..start + part.len())
    };
    let range = part(&text)?;
    Some(match text {
        Cow::Borrowed(text) => Cow::Borrowed(text.get(range)?),
        Cow::Owned(text) => Cow::Owned(text.get(range)?.to_owned()),
    })
}

/// The first number in a text.
pub(super) fn number(text: &str) -> Option<&str> {
    let start = text.find(|c: char| c.is_ascii_digit())?;
    let rest = &text[start..];
    let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
    let number = rest[..end].trim_end_matches('.');
    let sign = usize::from(start == 1 && text.starts_with('-'));
    text.get(start - sign..start + number.len())
}

/// The severity of numbers from 0 to `scale`. The first is the impact; the product of the others, on the same scale, is the likelihood: critical
/// where both are at least half of the scale, high where only the impact is, medium where only the likelihood is.
fn risk(text: &str, scale: f64) -> Option<&'static str> {
    let numbers: Option<Vec<f64>> = text.split_whitespace().map(|word| word.parse().ok()).collect();
    let [impact, likely, others @ ..] = &numbers?[..] else { return None };
    let (product, unit) = others.iter().fold((*likely, 1.0), |(product, unit), number| (product * number, unit * scale));
    Some(match (*impact >= scale / 2.0, product / unit >= scale / 2.0) {
        (true, true) => "critical",
        (true, false) => "high",
        (false, true) => "medium",
        (false, false) => "low",
    })
}

fn hash(text: &str) -> String {
    hex::encode(Sha256::digest(text.as_bytes()))
}

/// HTML as text: blocks begin new lines, tags go, references become what they stand for.
fn plain(html: &str) -> String {
    let mut text = String::with_capacity(html.len());
    let mut rest = html;
    // Behind the last `>` there is no tag: without that, each `<` would be looked for its end.
    let last = html.rfind('>').map_or(html.len(), |at| html.len() - at);
    while let Some(at) = rest.find(['<', '&']) {
        text.push_str(&rest[..at]);
        rest = &rest[at..];
        let (replaced, length) = if !rest.starts_with('<') {
            reference(rest)
        } else if rest.len() > last {
            tag(rest)
        } else {
            (Cow::Borrowed("<"), 1)
        };
        text.push_str(&replaced);
        rest = &rest[length..];
    }
    text.push_str(rest);
    let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    let mut plain = String::with_capacity(text.len());
    for line in lines {
        if !line.is_empty() || !plain.ends_with("\n\n") {
            plain.push_str(line);
            plain.push('\n');
        }
    }
    plain.trim().to_owned()
}

/// What a tag becomes, and its length. A `<` that begins none stays.
fn tag(text: &str) -> (Cow<'static, str>, usize) {
    const BLOCKS: [&str; 12] = ["p", "br", "div", "li", "ul", "ol", "tr", "table", "h1", "h2", "h3", "pre"];
    let name = text[1..].trim_start_matches('/');
    if !name.starts_with(|c: char| c.is_ascii_alphabetic()) {
        return (Cow::Borrowed("<"), 1);
    }
    let Some(end) = text.find('>') else { return (Cow::Borrowed("<"), 1) };
    let name = name.split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or_default().to_ascii_lowercase();
    let replaced = match name.as_str() {
        "li" if !text.starts_with("</") => "\n- ",
        block if BLOCKS.contains(&block) => "\n",
        _ => "",
    };
    (Cow::Borrowed(replaced), end + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_found_in_texts() {
        assert_eq!(number("CWE-79"), Some("79"));
        assert_eq!(number("-1"), Some("-1"));
        assert_eq!(number("score 9.8."), Some("9.8"));
        assert_eq!(number("none"), None);
    }

    #[test]
    fn html_becomes_text() {
        assert_eq!(plain("<a>1<b 2 <c"), "1<b 2 <c");
        assert_eq!(plain("<p>a &lt; b</p><ul><li>one<li>two</ul>x < 1 &unknown;"), "a < b\n\n- one\n- two\nx < 1 &unknown;");
    }

    #[test]
    fn a_risk_is_impact_and_likelihood() {
        let of = |text| risk(text, 5.0);
        assert_eq!(
            (of("5.0 5.0 5.0 2.5"), of("5 5 5 2.4"), of("2 5 5 5"), of("2.4 1 5 1")),
            (Some("critical"), Some("high"), Some("medium"), Some("low"))
        );
        assert_eq!((of("5.0 2.4"), of("5.0 often"), of("5.0")), (Some("high"), None, None));
    }

    #[test]
    fn patterns_are_open_at_their_stars() {
        assert!(like("CVE-*", "cve-2024-1") && like("*.JSON", "a.json") && like("*b*", "abc") && like("a", "A"));
        assert!(!like("CVE-*", "GHSA-1") && !like("a", "ab"));
    }
}
