//! Paths, expressions and patterns of a description, from text. `crates/scan-reports/formats/README.md` is the reference of the language.

use std::collections::BTreeMap;

use crate::expression::{Alternative, Expression, Part, Path, Source, Step, Text, Transform};
use crate::table::{Class, Pattern, Piece};

/// Where a path begins, as it is written.
#[derive(Clone, Debug, PartialEq)]
pub enum Start {
    /// At the record.
    InRecord,
    /// `$`: at the element of the record's `each`.
    Element,
    /// `^`: at the object or element that is so many levels around the record.
    Around(usize),
    /// `/`: at the report's root.
    Root,
    /// `name(key)`: at the definition of that name with that key.
    Definition(Text, Box<Path<Start>>),
}

/// Words and what they become, by the name of the map.
pub type Maps = BTreeMap<String, BTreeMap<String, String>>;

/// What of a description decides how its expressions are read.
#[derive(Clone, Copy, Debug)]
pub struct Language<'a> {
    /// The maps.
    pub maps: &'a Maps,
    /// A name may stand several times without being in an array.
    pub repeats: bool,
}

impl Language<'_> {
    /// `alternative | alternative`.
    pub fn expression(self, text: &str) -> Result<Expression<Start>, String> {
        let alternatives = split(text, '|')?.into_iter().map(|text| self.alternative(text));
        Ok(Expression(alternatives.collect::<Result<_, _>>()?))
    }

    /// `path > transform`, `'template' > transform`.
    fn alternative(self, text: &str) -> Result<Alternative<Start>, String> {
        let parts = split(text, '>')?;
        let (source, transforms) = parts.split_first().ok_or("an empty expression")?;
        let source = match source.strip_prefix('\'') {
            Some(rest) => Source::Template(self.template(rest.strip_suffix('\'').ok_or("a template without its closing quote")?)?),
            None => Source::Value(self.path(source)?),
        };
        let transforms = transforms.iter().map(|text| self.transform(text)).collect::<Result<_, _>>()?;
        Ok(Alternative { source, transforms })
    }

    fn template(self, text: &str) -> Result<Box<[Part<Start>]>, String> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some(open) = rest.find('{') {
            let close = rest[open..].find('}').map(|at| open + at).ok_or_else(|| format!("'{{' without '}}' in '{text}'"))?;
            if open > 0 {
                parts.push(Part::Literal(rest[..open].into()));
            }
            let inner = &rest[open + 1..close];
            parts.push(match inner.strip_suffix('?') {
                Some(inner) => Part::Optional(self.expression(inner)?),
                None => Part::Needed(self.expression(inner)?),
            });
            rest = &rest[close + 1..];
        }
        if !rest.is_empty() {
            parts.push(Part::Literal(rest.into()));
        }
        Ok(parts.into())
    }

    /// A path.
    pub fn path(self, text: &str) -> Result<Path<Start>, String> {
        let text = text.trim();
        if text.is_empty() {
            return Err("expected a path, found nothing".to_owned());
        }
        let (start, rest) = if let Some(rest) = text.strip_prefix('/') {
            (Start::Root, rest)
        } else if text.starts_with('^') {
            let rest = text.trim_start_matches('^');
            (Start::Around(text.len() - rest.len()), rest)
        } else if let Some(rest) = text.strip_prefix('$') {
            (Start::Element, rest)
        } else if let Some((name, rest)) = lookup(text) {
            let (key, rest) = rest.split_once(')').ok_or_else(|| format!("'(' without ')' in {text:?}"))?;
            (Start::Definition(name.into(), Box::new(self.path(key)?)), rest)
        } else {
            (Start::InRecord, if text == "." { "" } else { text })
        };
        let rest = if matches!(start, Start::InRecord | Start::Root) { rest } else { rest.strip_prefix('.').unwrap_or(rest) };
        Ok(Path { start, steps: self.steps(rest)?.into() })
    }

    /// `a.b[].c`, `a[type=x].*`, `` `a.b` ``, `#`.
    pub fn steps(self, text: &str) -> Result<Vec<Step>, String> {
        let mut steps = Vec::new();
        if text.is_empty() {
            return Ok(steps);
        }
        for segment in split(text, '.')? {
            let (name, suffix) = name_of(segment)?;
            match name {
                "*" => steps.push(Step::AnyMember),
                "" => {}
                name => steps.push(Step::Member(name.into())),
            }
            self.suffixes(suffix, &mut steps).map_err(|error| format!("{error} in {text:?}"))?;
            if name.is_empty() && suffix.is_empty() {
                return Err(format!("an empty name in {text:?}"));
            }
        }
        Ok(steps)
    }

    fn suffixes(self, text: &str, steps: &mut Vec<Step>) -> Result<(), String> {
        let mut rest = text;
        while !rest.is_empty() {
            if let Some(after) = rest.strip_prefix('#') {
                steps.push(Step::Name);
                rest = after;
                continue;
            }
            let inner = rest.strip_prefix('[').and_then(|rest| rest.split_once(']'));
            let (inner, after) = inner.ok_or_else(|| format!("expected '[…]' or '#', found {rest:?}"))?;
            steps.push(match (inner, inner.split_once('=')) {
                ("", _) if self.repeats => {
                    return Err("'[]' is for JSON: in XML a name stands for all elements that have it".to_owned());
                }
                ("", _) => Step::Elements,
                (_, Some((name, value))) => Step::Where(name.trim().into(), value.trim().into()),
                (number, None) => {
                    Step::Nth(number.parse().map_err(|_| format!("expected '[]', '[3]' or '[name=value]', found [{number}]"))?)
                }
            });
            rest = after;
        }
        Ok(())
    }

    fn transform(self, text: &str) -> Result<Transform, String> {
        let (word, argument) = text.split_once(' ').map_or((text, None), |(word, rest)| (word, Some(rest.trim())));
        if let (None, Some(plain)) = (argument, plain_transform(word)) {
            return Ok(plain);
        }
        if let Some(with_text) = transform_with_text(word) {
            let inner = argument.and_then(|text| text.strip_prefix('\'')?.strip_suffix('\''));
            return Ok(with_text(inner.ok_or_else(|| format!("expected {word} 'text', found {text:?}"))?.into()));
        }
        let number = || {
            let number = argument.and_then(|text| text.parse().ok()).filter(|number| *number != 0.0);
            number.ok_or_else(|| format!("expected {word} and a number, found {text:?}"))
        };
        Ok(match word {
            "divide" => Transform::Divide(number()?),
            "risk" => Transform::Risk(number()?),
            "map" => {
                let name = argument.unwrap_or_default();
                let map = self.maps.get(name).ok_or_else(|| format!("there is no [maps.{name}]"))?;
                Transform::Map(map.iter().map(|(from, to)| (from.as_str().into(), to.as_str().into())).collect())
            }
            _ => return Err(format!("no transform is called {word:?}")),
        })
    }
}

/// The steps to the object that is so many levels around the record at the end of these.
pub fn around(at: &[Step], levels: usize) -> Result<&[Step], String> {
    let mut steps = at;
    for _ in 0..levels {
        while let [rest @ .., Step::Elements] = steps {
            steps = rest;
        }
        steps = steps.split_last().ok_or("'^' leads out of the report")?.1;
    }
    Ok(steps)
}

/// A pattern of a line: text with `{name}`, `{name:class}`, `{name*}`, `{}`.
pub fn pattern(text: &str) -> Result<Pattern, String> {
    let (mut pieces, mut longest, mut rest) = (Vec::new(), 0, text);
    while let Some(open) = rest.find('{') {
        let close = rest[open..].find('}').map(|at| open + at).ok_or_else(|| format!("'{{' without '}}' in {text:?}"))?;
        if open > 0 {
            pieces.push(Piece::Text(rest[..open].into()));
        } else if !pieces.is_empty() {
            return Err(format!("expected text between two '{{…}}' in {text:?}"));
        }
        let piece = take(&rest[open + 1..close])?;
        longest += usize::from(matches!(piece, Piece::TakeLongest(..)));
        pieces.push(piece);
        rest = &rest[close + 1..];
    }
    if longest > 1 {
        return Err(format!("more than one '*' in {text:?}"));
    }
    if !rest.is_empty() {
        pieces.push(Piece::Text(rest.into()));
    }
    Ok(Pattern(pieces.into()))
}

fn take(text: &str) -> Result<Piece, String> {
    let (text, class) = text.split_once(':').map_or((text, None), |(text, class)| (text, Some(class)));
    let class = match class {
        None => Class::Anything,
        Some("word") => Class::OneWord,
        Some("name") => Class::Identifier,
        Some("number") => Class::Digits,
        Some("hex") => Class::HexDigits,
        Some(class) => return Err(format!("expected word, name, number or hex, found {class:?}")),
    };
    let (name, longest) = text.strip_suffix('*').map_or((text, false), |name| (name, true));
    if !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
        return Err(format!("expected a name, found {name:?}"));
    }
    Ok(if longest { Piece::TakeLongest(name.into(), class) } else { Piece::Take(name.into(), class) })
}

fn lookup(text: &str) -> Option<(&str, &str)> {
    let (name, rest) = text.split_once('(')?;
    name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_').then_some((name, rest))
}

fn name_of(segment: &str) -> Result<(&str, &str), String> {
    let segment = segment.trim();
    if let Some(rest) = segment.strip_prefix('`') {
        return rest.split_once('`').ok_or_else(|| format!("'`' without a second one in {segment:?}"));
    }
    let end = segment.find(['[', '#']).unwrap_or(segment.len());
    Ok((segment[..end].trim_end(), &segment[end..]))
}

fn plain_transform(word: &str) -> Option<Transform> {
    Some(match word {
        "lower" => Transform::Lower,
        "upper" => Transform::Upper,
        "trim" => Transform::Trim,
        "lines" => Transform::Split("\n".into()),
        "words" => Transform::Split(" ".into()),
        "last" => Transform::Last,
        "number" => Transform::Number,
        "ids" => Transform::Ids,
        "links" => Transform::Links,
        "base64" => Transform::Base64,
        "plain" => Transform::Plain,
        "origin" => Transform::Origin,
        "host" => Transform::Host,
        "port" => Transform::Port,
        "url_path" => Transform::UrlPath,
        "scheme" => Transform::Scheme,
        "hash" => Transform::Hash,
        _ => return None,
    })
}

fn transform_with_text(word: &str) -> Option<fn(Text) -> Transform> {
    Some(match word {
        "before" => Transform::Before,
        "after" => Transform::After,
        "before_last" => Transform::BeforeLast,
        "after_last" => Transform::AfterLast,
        "prefix" => Transform::Prefix,
        "suffix" => Transform::Suffix,
        "strip" => Transform::Strip,
        "split" => Transform::Split,
        "join" => Transform::Join,
        "like" => Transform::Like,
        "unlike" => Transform::Unlike,
        _ => return None,
    })
}

/// Splits at a character outside of quotes, backticks, brackets and parentheses, and trims the parts.
fn split(text: &str, at: char) -> Result<Vec<&str>, String> {
    let (mut parts, mut start, mut depth) = (Vec::new(), 0, 0_usize);
    let mut quote = None;
    for (index, c) in text.char_indices() {
        match (quote, c) {
            (Some(open), _) => quote = quote.filter(|_| c != open),
            (None, '\'' | '`') => quote = Some(c),
            (None, '[' | '(') => depth += 1,
            (None, ']' | ')') => depth = depth.checked_sub(1).ok_or_else(|| format!("{c:?} without its other half in {text:?}"))?,
            (None, _) if c == at && depth == 0 => {
                parts.push(text[start..index].trim());
                start = index + c.len_utf8();
            }
            (None, _) => {}
        }
    }
    if quote.is_some() || depth > 0 {
        return Err(format!("a quote or bracket is not closed in {text:?}"));
    }
    parts.push(text[start..].trim());
    Ok(parts)
}
