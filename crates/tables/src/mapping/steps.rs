//! Steps: what is done with the text of a value before it is read as its type.

use foldhash::{HashMap, HashMapExt};
use regex_lite::{CaptureLocations, Regex, RegexBuilder};
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};

use super::MappingError;
use super::document::{self, Else, Side, Unit};
use super::rescued::hexadecimal;
use super::target::{Flaw, Nulls};
use super::unfold::{members, text_of_json};
use crate::{Cast, Cell, Decimal, Type, limits};

/// A step, ready to be done. Fields are numbers of slots.
#[derive(Debug)]
pub(super) enum Step {
    Trim,
    Upper,
    Lower,
    Replace { from: String, to: String },
    Extract { pattern: Regex, found: CaptureLocations, group: usize },
    Split { by: String, index: i32 },
    Pad { side: Side, width: usize, with: char },
    Map { values: HashMap<String, Option<String>>, other: Other },
    Default(String),
    Coalesce(Vec<usize>),
    Concat { from: Vec<usize>, with: String },
    Constant(String),
    Hash,
    Number { decimal: char, group: Option<char> },
    UnixTime(Unit),
    Pointer(Vec<String>),
}

/// What becomes of a text that a map does not have.
#[derive(Debug)]
pub(super) enum Other {
    Keep,
    Error,
    Value(Option<String>),
}

/// A value on its way through the steps. Its buffers are used for one value after the other.
#[derive(Debug, Default)]
pub(super) struct Work {
    /// The text, where there is a value.
    pub(super) text: String,
    /// What a step writes, which then takes the text's place.
    spare: String,
    pub(super) null: bool,
    /// Whether the text is written as its type is by default, and not as the file writes texts of the type: numbers that the file has as such, values of the
    /// mapping.
    pub(super) is_plain: bool,
    /// The value, where it is no text any more.
    instant: Option<i64>,
}

/// A regular expression within its limits.
pub(super) fn pattern(text: &str, path: &str) -> Result<Regex, MappingError> {
    if text.chars().count() > limits::EXPRESSION {
        return Err(MappingError::new(path, format!("the expression is longer than {} characters", limits::EXPRESSION)));
    }
    RegexBuilder::new(text).size_limit(limits::EXPRESSION_SIZE).build().map_err(|error| MappingError::new(path, error.to_string()))
}

/// How a decimal sign is written.
pub(super) fn decimal_sign(decimal: Decimal) -> char {
    match decimal {
        Decimal::Point => '.',
        Decimal::Comma => ',',
    }
}

impl Step {
    /// Of the document; `slot` gives the number of a field.
    pub(super) fn of(step: &document::Step, path: &str, slot: &mut impl FnMut(&str) -> usize) -> Result<Self, MappingError> {
        let mut slots = |names: &[String]| names.iter().map(|name| slot(name)).collect();
        Ok(match step {
            document::Step::Trim {} => Self::Trim,
            document::Step::Upper {} => Self::Upper,
            document::Step::Lower {} => Self::Lower,
            document::Step::Replace { from, to } => Self::Replace { from: from.clone(), to: to.clone() },
            document::Step::RegexExtract { pattern: text, group } => {
                let pattern = pattern(text, &format!("{path}/pattern"))?;
                Self::Extract { found: pattern.capture_locations(), group: usize::try_from(*group).unwrap_or(usize::MAX), pattern }
            }
            document::Step::Split { by, index } => Self::Split { by: by.clone(), index: *index },
            document::Step::Pad { side, width, with } => {
                Self::Pad { side: *side, width: usize::try_from(*width).unwrap_or_default(), with: with.chars().next().unwrap_or(' ') }
            }
            document::Step::Map { values, other } => {
                let mut map = HashMap::with_capacity(values.len());
                map.extend(values.iter().map(|(from, to)| (from.clone(), to.as_ref().map(document::Scalar::text))));
                Self::Map { values: map, other: Other::of(other) }
            }
            document::Step::Default { value } => Self::Default(value.text()),
            document::Step::Coalesce { from } => Self::Coalesce(slots(from)),
            document::Step::Concat { from, with } => Self::Concat { from: slots(from), with: with.clone() },
            document::Step::Constant { value } => Self::Constant(value.text()),
            document::Step::Hash {} => Self::Hash,
            document::Step::ParseNumber { decimal, group } => {
                Self::Number { decimal: decimal_sign(*decimal), group: group.as_ref().and_then(|group| group.chars().next()) }
            }
            document::Step::UnixTime { unit } => Self::UnixTime(*unit),
            document::Step::JsonPointer { pointer } => {
                Self::Pointer(pointer.split('/').skip(1).map(|token| token.replace("~1", "/").replace("~0", "~")).collect())
            }
        })
    }

    /// Does it. `cells` are the fields by their slots.
    pub(super) fn apply(&mut self, work: &mut Work, cells: &[Cell<'_>], nulls: &Nulls) -> Result<(), Flaw> {
        match self {
            Self::Default(value) if work.null => work.set(value),
            Self::Coalesce(from) if work.null => return values(from, cells, nulls).next().map_or(Ok(()), |cell| work.begin(cell)),
            Self::Concat { from, with } => return work.concat(values(from, cells, nulls), with),
            Self::Constant(value) => work.set(value),
            _ if work.null => {}
            _ => return self.apply_to_text(work),
        }
        Ok(())
    }

    /// Does it with a text that is there.
    fn apply_to_text(&mut self, work: &mut Work) -> Result<(), Flaw> {
        match self {
            Self::Trim => work.part(|text| Some(text.trim())),
            Self::Upper => work.letters(str::make_ascii_uppercase, str::to_uppercase),
            Self::Lower => work.letters(str::make_ascii_lowercase, str::to_lowercase),
            Self::Replace { from, to } => return work.replace(from, to),
            Self::Extract { pattern, found, group } => {
                short_enough(&work.text)?;
                let matched = pattern.captures_read(found, &work.text).and_then(|_| found.get(*group));
                work.part(|text| matched.and_then(|(start, end)| text.get(start..end)));
            }
            Self::Split { by, index } => {
                let count = usize::try_from(index.unsigned_abs()).unwrap_or(usize::MAX);
                let from_end = *index < 0;
                work.part(|text| if from_end { text.rsplit(by.as_str()).nth(count - 1) } else { text.split(by.as_str()).nth(count) });
            }
            Self::Pad { side, width, with } => work.pad(*side, *width, *with),
            Self::Map { values, other } => match (values.get(&work.text), &*other) {
                (Some(value), _) | (None, Other::Value(value)) => work.set_option(value.as_deref()),
                (None, Other::Keep) => {}
                (None, Other::Error) => return Err(Flaw::new("map", "the value is not one of those that are mapped")),
            },
            Self::Hash => work.hash(),
            Self::Number { decimal, group } => return work.number(*decimal, *group),
            Self::UnixTime(unit) => work.instant = Some(instant(&work.text, *unit)?),
            Self::Pointer(tokens) => return work.pointer(tokens),
            Self::Default(_) | Self::Coalesce(_) | Self::Concat { .. } | Self::Constant(_) => {}
        }
        Ok(())
    }
}

impl Other {
    fn of(other: &Else) -> Self {
        match other {
            Else::Keep => Self::Keep,
            Else::Null => Self::Value(None),
            Else::Error => Self::Error,
            Else::Value(value) => Self::Value(Some(value.text())),
        }
    }
}

impl Work {
    /// Begins with a cell.
    pub(super) fn begin(&mut self, cell: Cell<'_>) -> Result<(), Flaw> {
        self.text.clear();
        self.instant = None;
        self.null = cell.is_null();
        self.is_plain = !matches!(cell, Cell::Text(_));
        append(cell, &mut self.text)
    }

    /// What came of the steps.
    pub(super) fn cell(&self) -> Cell<'_> {
        match self.instant {
            _ if self.null => Cell::Null,
            Some(instant) => Cell::Instant(instant),
            None => Cell::Text(&self.text),
        }
    }

    /// Takes a value of the mapping.
    fn set(&mut self, value: &str) {
        self.is_plain = true;
        self.null = false;
        self.text.clear();
        self.text.push_str(value);
    }

    fn set_option(&mut self, value: Option<&str>) {
        self.set(value.unwrap_or_default());
        self.null = value.is_none();
    }

    /// Takes what was written in the text's place.
    fn swap(&mut self) {
        std::mem::swap(&mut self.text, &mut self.spare);
    }

    /// Takes a part of the text, or no value.
    fn part(&mut self, part: impl for<'a> FnOnce(&'a str) -> Option<&'a str>) {
        match part(&self.text) {
            Some(part) if part.len() == self.text.len() => {}
            Some(part) => {
                self.spare.clear();
                self.spare.push_str(part);
                self.swap();
            }
            None => self.null = true,
        }
    }

    fn letters(&mut self, ascii: impl FnOnce(&mut str), all: impl FnOnce(&str) -> String) {
        if self.text.is_ascii() {
            ascii(&mut self.text);
        } else {
            self.text = all(&self.text);
        }
    }

    fn replace(&mut self, from: &str, to: &str) -> Result<(), Flaw> {
        self.spare.clear();
        let mut rest = self.text.as_str();
        while let Some((before, after)) = rest.split_once(from) {
            self.spare.push_str(before);
            self.spare.push_str(to);
            not_too_large(&self.spare)?;
            rest = after;
        }
        self.spare.push_str(rest);
        self.swap();
        Ok(())
    }

    fn pad(&mut self, side: Side, width: usize, sign: char) {
        // Texts that are long are not counted to their end.
        let missing = width - self.text.chars().take(width).count();
        let at = if side == Side::Left { 0 } else { self.text.len() };
        if missing > 0 {
            self.spare.clear();
            self.spare.push_str(self.text.get(..at).unwrap_or_default());
            self.spare.extend(std::iter::repeat_n(sign, missing));
            self.spare.push_str(self.text.get(at..).unwrap_or_default());
            self.swap();
        }
    }

    fn concat<'a>(&mut self, values: impl Iterator<Item = Cell<'a>>, with: &str) -> Result<(), Flaw> {
        self.text.clear();
        (self.null, self.is_plain) = (true, false);
        for cell in values {
            if !self.null {
                self.text.push_str(with);
            }
            self.null = false;
            append(cell, &mut self.text)?;
            not_too_large(&self.text)?;
        }
        Ok(())
    }

    fn hash(&mut self) {
        let hash = Sha256::digest(self.text.as_bytes());
        self.text.clear();
        hash.iter().for_each(|byte| hexadecimal(*byte, &mut self.text));
    }

    /// `1.234,50-` and the like as `-1234.50`.
    fn number(&mut self, decimal: char, group: Option<char>) -> Result<(), Flaw> {
        let bad = || Flaw::new("number", "this is no number as the step parse_number reads it");
        let text = self.text.trim();
        let (sign, digits) = match (text.strip_prefix(MINUS), text.strip_suffix('-')) {
            (Some(digits), _) | (None, Some(digits)) => ("-", digits),
            (None, None) => ("", text.strip_prefix('+').unwrap_or(text)),
        };
        self.spare.clear();
        self.spare.push_str(sign);
        let (mut any, mut whole, mut before) = (false, true, None);
        for next in digits.chars() {
            if next.is_ascii_digit() {
                self.spare.push(next);
                any = true;
            } else if next == decimal && whole {
                self.spare.push('.');
                whole = false;
            } else if !(whole
                && group.is_some_and(|group| is_group(next, group))
                && before.is_some_and(|before: char| before.is_ascii_digit()))
            {
                return Err(bad());
            }
            before = Some(next);
        }
        if !any || !before.is_some_and(|before| before.is_ascii_digit() || before == decimal) {
            return Err(bad());
        }
        self.is_plain = true;
        self.swap();
        Ok(())
    }

    fn pointer(&mut self, tokens: &[String]) -> Result<(), Flaw> {
        let not_json = |_| Flaw::new("json", "the value is no JSON");
        let mut found = Some(self.text.trim());
        for token in tokens {
            let Some(json) = found else { break };
            found = member(json, token).map_err(not_json)?;
        }
        let json = found.unwrap_or("null");
        if tokens.is_empty() {
            serde_json::from_str::<&RawValue>(json).map_err(not_json)?;
        }
        self.spare.clear();
        self.is_plain = !json.starts_with('"');
        self.null = !text_of_json(json, &mut self.spare).map_err(not_json)?;
        self.swap();
        Ok(())
    }
}

/// The member of an object, or the element of an array, as JSON. What is neither has none.
fn member<'a>(json: &'a str, token: &str) -> Result<Option<&'a str>, serde_json::Error> {
    let mut found = None;
    let index = if token == "0" || !token.starts_with('0') { token.parse::<usize>().ok() } else { None };
    // The last one counts of members of the same name, as it does in the database.
    members(json, |key, at, value| {
        if key.map_or(Some(at) == index, |key| key == token) {
            found = Some(value);
        }
    })?;
    Ok(found)
}

/// Those of some fields that are values.
fn values<'a>(from: &[usize], cells: &[Cell<'a>], nulls: &Nulls) -> impl Iterator<Item = Cell<'a>> {
    from.iter().filter_map(|slot| cells.get(*slot).copied()).filter(|cell| !nulls.has(*cell))
}

/// The text of a cell, whatever its type.
fn append(cell: Cell<'_>, to: &mut String) -> Result<(), Flaw> {
    match cell {
        Cell::Missing | Cell::Null => {}
        Cell::Text(text) | Cell::Number(text) | Cell::Json(text) => to.push_str(text),
        _ => drop(Cast::new(Type::Text).write(cell, to)?),
    }
    Ok(())
}

/// Before a number that is less than 0: the hyphen, and the sign that is made for it.
const MINUS: [char; 2] = ['-', '\u{2212}'];

/// Blanks between digits are of several kinds, and look alike: one that does not break, a narrow one of that kind, a thin one.
const BLANKS: [char; 3] = ['\u{a0}', '\u{202f}', '\u{2009}'];

fn is_group(sign: char, group: char) -> bool {
    sign == group || (group == ' ' && BLANKS.contains(&sign))
}

/// Digits of a number of units that is not surely out of range.
const INSTANT_DIGITS: usize = 24;
const TEN: i128 = 10;
const NANOS_OF_A_MICRO: i128 = 1000;

/// Decimals of a number of units that make nanoseconds of it.
fn decimals_to_nanos(unit: Unit) -> usize {
    match unit {
        Unit::S => 9,
        Unit::Ms => 6,
        Unit::Us => 3,
        Unit::Ns => 0,
    }
}

/// A number of units since 1970 in microseconds.
fn instant(text: &str, unit: Unit) -> Result<i64, Flaw> {
    let bad = || Flaw::new("unix_time", "this is no number of units since 1970");
    let text = text.trim();
    let (negative, digits) = text.strip_prefix('-').map_or((false, text), |digits| (true, digits));
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let is_number =
        !whole.is_empty() && whole.len() <= INSTANT_DIGITS && whole.bytes().chain(fraction.bytes()).all(|byte| byte.is_ascii_digit());
    if !is_number {
        return Err(bad());
    }
    let mut value = whole.parse::<i128>().map_err(|_| bad())?;
    let mut rest = fraction.bytes();
    for _ in 0..decimals_to_nanos(unit) {
        value = value * TEN + i128::from(rest.next().map_or(0, |byte| byte - b'0'));
    }
    i64::try_from((if negative { -value } else { value }).div_euclid(NANOS_OF_A_MICRO)).map_err(|_| bad())
}

/// Whether a regular expression may look in it.
pub(super) fn short_enough(text: &str) -> Result<(), Flaw> {
    if text.len() > limits::EXPRESSION_INPUT {
        let message = format!("the text is longer than {} bytes, and a regular expression looks no further", limits::EXPRESSION_INPUT);
        return Err(Flaw::new("pattern", message));
    }
    Ok(())
}

fn not_too_large(text: &str) -> Result<(), Flaw> {
    if text.len() > limits::ROW {
        return Err(Flaw::new("too_large", format!("the steps make a text of more than {} bytes", limits::ROW)));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What comes of a text by steps, or the code of the error. Slots 0 to 2 have `x`, nothing and `y`.
    fn done(steps: &str, text: &str) -> Result<Option<String>, &'static str> {
        let steps: Vec<document::Step> = serde_json::from_str(steps).expect(steps);
        let mut work = Work::default();
        work.begin(if text == "(null)" { Cell::Null } else { Cell::Text(text) }).expect("a text");
        let cells = [Cell::Text("x"), Cell::Null, Cell::Text("y")];
        for step in &steps {
            let mut step = Step::of(step, "", &mut |name| name.parse().expect("a slot")).expect("a step");
            step.apply(&mut work, &cells, &Nulls::default()).map_err(|flaw| flaw.code)?;
        }
        Ok(match work.cell() {
            Cell::Text(text) => Some(text.to_owned()),
            Cell::Instant(instant) => Some(instant.to_string()),
            _ => None,
        })
    }

    #[test]
    fn steps_do_what_they_say() {
        for (steps, text, expected) in [
            (r#"[{"trim":{}}]"#, "\u{a0} a b \t", Some("a b")),
            (r#"[{"upper":{}}]"#, "straße a", Some("STRASSE A")),
            (r#"[{"lower":{}}]"#, "ABÇ", Some("abç")),
            (r#"[{"lower":{}}]"#, "ABC", Some("abc")),
            (r#"[{"replace":{"from":"aa","to":"b"}}]"#, "aaaac", Some("bbc")),
            (r#"[{"regex_extract":{"pattern":"([a-z]+)-(\\d+)","group":2}}]"#, "x ab-12", Some("12")),
            (r#"[{"regex_extract":{"pattern":"\\d+"}}]"#, "none", None),
            (r#"[{"split":{"by":", ","index":1}}]"#, "a, b, c", Some("b")),
            (r#"[{"split":{"by":", ","index":-1}}]"#, "a, b, c", Some("c")),
            (r#"[{"split":{"by":", ","index":3}}]"#, "a, b, c", None),
            (r#"[{"split":{"by":", ","index":-2147483648}}]"#, "a, b, c", None),
            (r#"[{"pad":{"side":"left","width":4,"with":"0"}}]"#, "é1", Some("00é1")),
            (r#"[{"pad":{"side":"right","width":3,"with":"é"}}]"#, "a", Some("aéé")),
            (r#"[{"pad":{"side":"left","width":1,"with":"0"}}]"#, "abc", Some("abc")),
            (r#"[{"map":{"values":{"a":1,"b":null}}}]"#, "a", Some("1")),
            (r#"[{"map":{"values":{"a":1,"b":null}}}]"#, "b", None),
            (r#"[{"map":{"values":{"a":1,"b":null}}}]"#, "c", Some("c")),
            (r#"[{"map":{"values":{"a":1},"else":"null"}}]"#, "c", None),
            (r#"[{"map":{"values":{"a":1},"else":{"value":"?"}}}]"#, "c", Some("?")),
            (r#"[{"default":{"value":7}}]"#, "(null)", Some("7")),
            (r#"[{"default":{"value":7}}]"#, "a", Some("a")),
            (r#"[{"trim":{}},{"hash":{}}]"#, "(null)", None),
            (r#"[{"coalesce":{"from":["1","2","0"]}}]"#, "(null)", Some("y")),
            (r#"[{"coalesce":{"from":["1"]}}]"#, "(null)", None),
            (r#"[{"concat":{"from":["0","1","2"],"with":"-"}}]"#, "gone", Some("x-y")),
            (r#"[{"concat":{"from":["1"]}}]"#, "gone", None),
            (r#"[{"constant":{"value":true}}]"#, "gone", Some("true")),
            (r#"[{"hash":{}}]"#, "abc", Some("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")),
            (r#"[{"json_pointer":{"pointer":"/a/1/b~1c"}}]"#, r#" {"a":[0,{"b/c":"q\"é\u0041"}]}"#, Some("q\"éA")),
            (r#"[{"json_pointer":{"pointer":"/a"}}]"#, r#"{"a":[1, 2.50]}"#, Some("[1, 2.50]")),
            (r#"[{"json_pointer":{"pointer":"/a"}}]"#, r#"{"a":null}"#, None),
            (r#"[{"json_pointer":{"pointer":"/a/b"}}]"#, r#"{"a":1}"#, None),
            (r#"[{"json_pointer":{"pointer":"/01"}}]"#, r"[1,2]", None),
            (r#"[{"json_pointer":{"pointer":""}}]"#, r"1.10", Some("1.10")),
        ] {
            assert_eq!(done(steps, text), Ok(expected.map(str::to_owned)), "{steps} of {text}");
        }
    }

    #[test]
    fn numbers_are_read_as_people_write_them() {
        let german = r#"[{"parse_number":{"decimal":",","group":"."}}]"#;
        let french = r#"[{"parse_number":{"decimal":",","group":" "}}]"#;
        for (steps, text, expected) in [
            (german, " 1.234.567,50 ", Ok("1234567.50")),
            (german, "-1,5", Ok("-1.5")),
            (german, "1,5-", Ok("-1.5")),
            (german, "+,5", Ok(".5")),
            (german, "5,", Ok("5.")),
            (german, "1,2,3", Err("number")),
            (german, "1,2.3", Err("number")),
            (german, ".5", Err("number")),
            (german, "1.", Err("number")),
            (german, "", Err("number")),
            (german, ",", Err("number")),
            (german, "-", Err("number")),
            (german, "1 €", Err("number")),
            (french, "1\u{202f}234\u{a0}567,5", Ok("1234567.5")),
            (r#"[{"parse_number":{}}]"#, "1,234", Err("number")),
        ] {
            assert_eq!(done(steps, text), expected.map(|text| Some(text.to_owned())), "{text}");
        }
    }

    #[test]
    fn units_since_1970_are_points_in_time() {
        for (unit, text, expected) in [
            ("s", "1700000000", Ok("1700000000000000")),
            ("s", "1700000000.1234567", Ok("1700000000123456")),
            ("s", "-0.0000001", Ok("-1")),
            ("ms", "1.5", Ok("1500")),
            ("us", "7", Ok("7")),
            ("ns", "1999", Ok("1")),
            ("s", "9999999999999999999", Err("unix_time")),
            ("s", "1e9", Err("unix_time")),
            ("s", "", Err("unix_time")),
            ("s", ".5", Err("unix_time")),
        ] {
            let found = done(&format!(r#"[{{"unix_time":{{"unit":"{unit}"}}}}]"#), text);
            assert_eq!(found, expected.map(|text| Some(text.to_owned())), "{text} {unit}");
        }
    }

    #[test]
    fn what_steps_cannot_read_or_make_is_an_error() {
        let long = "a".repeat(limits::EXPRESSION_INPUT + 1);
        let much = "a".repeat(100_000);
        let grow = format!(r#"[{{"replace":{{"from":"a","to":"{}"}}}}]"#, "b".repeat(1000));
        for (steps, text, code) in [
            (r#"[{"map":{"values":{"a":1},"else":"error"}}]"#, "b", "map"),
            (r#"[{"json_pointer":{"pointer":"/a"}}]"#, "{\"a\":1", "json"),
            (r#"[{"json_pointer":{"pointer":""}}]"#, "nope", "json"),
            (r#"[{"regex_extract":{"pattern":"a"}}]"#, &long, "pattern"),
            (&grow, &much, "too_large"),
        ] {
            assert_eq!(done(steps, text), Err(code), "{steps}");
        }
    }
}
