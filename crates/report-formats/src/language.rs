//! Paths and expressions of a description, from text. Part of the build script; see `formats/README.md` for the language.

use super::table::{Alternative, Class, Expr, List, Part, Path, Pattern, Piece, Source, Start, Step, Transform};

/// What a description knows when an expression is read: where paths that begin with `/` and lookups lead.
pub(crate) trait Names {
    /// The start and the further steps of a path from the report's root.
    fn slot(&mut self, path: &str, steps: Vec<Step>) -> Result<Path, String>;
    /// The steps from the root to the object that is so many levels around the record.
    fn around(&self, levels: usize) -> Result<Vec<Step>, String>;
    /// The slot of the definitions of that name.
    fn definitions(&mut self, name: &str) -> Result<u8, String>;
    /// Notes that a value is needed, unless one of these slots holds a text.
    fn needed(&mut self, path: &Path, unless: &[u8]);
    /// The words of a map.
    fn map(&self, name: &str) -> Option<List<(&'static str, &'static str)>>;
    /// A name may stand several times without being in an array.
    fn repeats(&self) -> bool;
}

pub(crate) fn list<T>(items: Vec<T>) -> List<T> {
    List(Vec::leak(items))
}

pub(crate) fn leak(text: &str) -> &'static str {
    Box::leak(text.to_owned().into_boxed_str())
}

/// `alternative | alternative`: see the module.
pub(crate) fn expression(text: &str, names: &mut impl Names) -> Result<Expr, String> {
    // Kept values that are the expression's, if they hold a text.
    let mut earlier = Vec::new();
    let mut alternatives = Vec::new();
    for text in split(text, '|')? {
        let alternative = alternative(text, &earlier, names)?;
        if let Source::Value(Path { start: Start::Kept(slot), steps: List([]) }) = alternative.source
            && alternative.transforms.is_empty()
        {
            earlier.push(slot);
        }
        alternatives.push(alternative);
    }
    Ok(Expr(list(alternatives)))
}

fn alternative(text: &str, earlier: &[u8], names: &mut impl Names) -> Result<Alternative, String> {
    let parts = split(text, '>')?;
    let (source, transforms) = parts.split_first().ok_or("an empty expression")?;
    let source = match source.strip_prefix('\'') {
        Some(rest) => Source::Template(template(rest.strip_suffix('\'').ok_or("a template without its closing quote")?, names)?),
        None => Source::Value(needed_path(source, earlier, names)?),
    };
    let transforms = transforms.iter().map(|text| transform(text, names)).collect::<Result<_, _>>()?;
    Ok(Alternative { source, transforms: list(transforms) })
}

fn needed_path(text: &str, unless: &[u8], names: &mut impl Names) -> Result<Path, String> {
    let path = path(text, names)?;
    names.needed(&path, unless);
    Ok(path)
}

fn template(text: &str, names: &mut impl Names) -> Result<List<Part>, String> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some(open) = rest.find('{') {
        let close = rest[open..].find('}').map(|at| open + at).ok_or_else(|| format!("'{{' without '}}' in '{text}'"))?;
        if open > 0 {
            parts.push(Part::Literal(leak(&rest[..open])));
        }
        let inner = &rest[open + 1..close];
        parts.push(match inner.strip_suffix('?') {
            Some(inner) => Part::Optional(expression(inner, names)?),
            None => Part::Needed(expression(inner, names)?),
        });
        rest = &rest[close + 1..];
    }
    if !rest.is_empty() {
        parts.push(Part::Literal(leak(rest)));
    }
    Ok(list(parts))
}

/// A pattern of a line: text with `{name}`, `{name:class}`, `{name*}`, `{}`.
pub(crate) fn pattern(text: &str) -> Result<Pattern, String> {
    let (mut pieces, mut longest, mut rest) = (Vec::new(), 0, text);
    while let Some(open) = rest.find('{') {
        let close = rest[open..].find('}').map(|at| open + at).ok_or_else(|| format!("'{{' without '}}' in {text:?}"))?;
        if open > 0 {
            pieces.push(Piece::Text(leak(&rest[..open])));
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
        pieces.push(Piece::Text(leak(rest)));
    }
    Ok(Pattern(list(pieces)))
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
    Ok(if longest { Piece::TakeLongest(leak(name), class) } else { Piece::Take(leak(name), class) })
}

/// A path: see the module.
pub(crate) fn path(text: &str, names: &mut impl Names) -> Result<Path, String> {
    let text = text.trim();
    if text.is_empty() {
        return Err("expected a path, found nothing".to_owned());
    }
    if let Some(rest) = text.strip_prefix('/') {
        return names.slot(text, steps(rest, names.repeats())?);
    }
    if text.starts_with('^') {
        let rest = text.trim_start_matches('^');
        let mut way = names.around(text.len() - rest.len())?;
        way.extend(steps(rest.strip_prefix('.').unwrap_or(rest), names.repeats())?);
        return names.slot(text, way);
    }
    if let Some(rest) = text.strip_prefix('$') {
        let rest = rest.strip_prefix('.').unwrap_or(rest);
        return Ok(Path { start: Start::Element, steps: list(steps(rest, names.repeats())?) });
    }
    if let Some((name, rest)) = lookup(text) {
        let (key, rest) = rest.split_once(')').ok_or_else(|| format!("'(' without ')' in {text:?}"))?;
        let slot = names.definitions(name)?;
        let key = needed_path(key, &[], names)?;
        let steps = list(steps(rest.strip_prefix('.').unwrap_or(rest), names.repeats())?);
        return Ok(Path { start: Start::Defined(slot, list(vec![key])), steps });
    }
    let text = if text == "." { "" } else { text };
    Ok(Path { start: Start::InRecord, steps: list(steps(text, names.repeats())?) })
}

fn lookup(text: &str) -> Option<(&str, &str)> {
    let (name, rest) = text.split_once('(')?;
    name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_').then_some((name, rest))
}

/// `a.b[].c`, `a[type=x].*`, `` `a.b` ``, `#`.
pub(crate) fn steps(text: &str, repeats: bool) -> Result<Vec<Step>, String> {
    let mut steps = Vec::new();
    if text.is_empty() {
        return Ok(steps);
    }
    for segment in split(text, '.')? {
        let (name, suffix) = name_of(segment)?;
        match name {
            "*" => steps.push(Step::AnyMember),
            "" => {}
            name => steps.push(Step::Member(leak(name))),
        }
        suffixes(suffix, &mut steps, repeats).map_err(|error| format!("{error} in {text:?}"))?;
        if name.is_empty() && suffix.is_empty() {
            return Err(format!("an empty name in {text:?}"));
        }
    }
    Ok(steps)
}

fn name_of(segment: &str) -> Result<(&str, &str), String> {
    let segment = segment.trim();
    if let Some(rest) = segment.strip_prefix('`') {
        return rest.split_once('`').ok_or_else(|| format!("'`' without a second one in {segment:?}"));
    }
    let end = segment.find(['[', '#']).unwrap_or(segment.len());
    Ok((segment[..end].trim_end(), &segment[end..]))
}

fn suffixes(text: &str, steps: &mut Vec<Step>, repeats: bool) -> Result<(), String> {
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
            ("", _) if repeats => return Err("'[]' is for JSON: in XML a name stands for all elements that have it".to_owned()),
            ("", _) => Step::Elements,
            (_, Some((name, value))) => Step::Where(leak(name.trim()), leak(value.trim())),
            (number, None) => Step::Nth(number.parse().map_err(|_| format!("expected '[]', '[3]' or '[name=value]', found [{number}]"))?),
        });
        rest = after;
    }
    Ok(())
}

fn transform(text: &str, names: &impl Names) -> Result<Transform, String> {
    let (word, argument) = text.split_once(' ').map_or((text, None), |(word, rest)| (word, Some(rest.trim())));
    let quoted = |argument: Option<&str>| {
        let inner = argument.and_then(|text| text.strip_prefix('\'')?.strip_suffix('\''));
        inner.map(leak).ok_or_else(|| format!("expected {word} 'text', found {text:?}"))
    };
    if let (None, Some(plain)) = (argument, plain_transform(word)) {
        return Ok(plain);
    }
    Ok(match word {
        "before" => Transform::Before(quoted(argument)?),
        "after" => Transform::After(quoted(argument)?),
        "before_last" => Transform::BeforeLast(quoted(argument)?),
        "after_last" => Transform::AfterLast(quoted(argument)?),
        "prefix" => Transform::Prefix(quoted(argument)?),
        "suffix" => Transform::Suffix(quoted(argument)?),
        "strip" => Transform::Strip(quoted(argument)?),
        "split" => Transform::Split(quoted(argument)?),
        "join" => Transform::Join(quoted(argument)?),
        "like" => Transform::Like(quoted(argument)?),
        "unlike" => Transform::Unlike(quoted(argument)?),
        "divide" => {
            let number = argument.and_then(|text| text.parse().ok()).filter(|number| *number != 0.0);
            Transform::Divide(number.ok_or_else(|| format!("expected divide and a number, found {text:?}"))?)
        }
        "map" => {
            let name = argument.unwrap_or_default();
            Transform::Map(names.map(name).ok_or_else(|| format!("there is no [maps.{name}]"))?)
        }
        _ => return Err(format!("no transform is called {word:?}")),
    })
}

fn plain_transform(word: &str) -> Option<Transform> {
    Some(match word {
        "lower" => Transform::Lower,
        "upper" => Transform::Upper,
        "trim" => Transform::Trim,
        "lines" => Transform::Split("\n"),
        "words" => Transform::Split(" "),
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
        "fortify_risk" => Transform::FortifyRisk,
        _ => return None,
    })
}

/// Splits at a character outside of quotes, backticks, brackets and parentheses, and trims the parts.
pub(crate) fn split(text: &str, at: char) -> Result<Vec<&str>, String> {
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
