//! Numbers: read in the notation of a file, and written as digits, point and exponent.

use std::fmt::Write;

use serde::{Deserialize, Serialize};

use super::Fault;
use crate::{Cell, limits};

/// What separates the whole of a number from its fraction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Decimal {
    /// `1234.5`
    #[default]
    #[serde(rename = ".")]
    Point,
    /// `1234,5`
    #[serde(rename = ",")]
    Comma,
}

/// How numbers are written.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Notation {
    pub(super) decimal: Decimal,
    pub(super) grouped: bool,
}

/// What may be between groups of digits whatever the decimal sign is.
const SEPARATORS: [&str; 4] = [" ", "\u{a0}", "\u{202f}", "'"];
/// Digits of a group.
const GROUP: usize = 3;
/// So many digits surely fit into 64 bits.
const SHORT: usize = 18;
/// Digits before the point or behind it with which a number surely is in the range of float8.
const FLOAT_DIGITS: usize = 300;
/// Numbers from here to there are written without an exponent.
const PLAIN_FLOATS: std::ops::Range<f64> = 1e-5..1e16;
/// 2 to the power of 63.
const BEYOND_BIGINT: f64 = 9_223_372_036_854_775_808.0;
const RADIX: u64 = 10;

const NOT_A_NUMBER: Fault = Fault::invalid("not a number");
const GROUPS: Fault = Fault::invalid("not a number: its digits are not in groups of three");
const TOO_LONG: Fault = Fault { code: "too_long", message: "a number of more than 1000 digits before or behind its point" };
const FRACTION: Fault = Fault { code: "fraction", message: "not a whole number: its fraction would be lost" };
const BIGINT: Fault = Fault::out_of_range("a whole number beyond 64 bits, which numeric takes");
const FLOAT8: Fault = Fault::out_of_range("a number beyond the range of float8, which numeric takes");
const INFINITE: Fault = Fault::out_of_range("infinity is none of numeric's values, but of float8's");

pub(super) fn bigint(cell: Cell<'_>, notation: Notation, to: &mut String) -> Result<(), Fault> {
    match cell {
        Cell::Text(text) => bigint_text(text.trim_ascii(), notation, to),
        Cell::Number(text) => bigint_text(text, Notation::default(), to),
        Cell::Integer(number) => integer(number, to),
        Cell::Float(number) => integer(whole_float(number)?, to),
        _ => Err(Fault::TYPE),
    }
}

pub(super) fn numeric(cell: Cell<'_>, notation: Notation, to: &mut String) -> Result<(), Fault> {
    match cell {
        Cell::Text(text) => numeric_text(text.trim_ascii(), notation, to),
        Cell::Number(text) => numeric_text(text, Notation::default(), to),
        Cell::Integer(number) => integer(number, to),
        Cell::Float(number) if number.is_infinite() => Err(INFINITE),
        Cell::Float(number) => float(number, to),
        _ => Err(Fault::TYPE),
    }
}

pub(super) fn float8(cell: Cell<'_>, notation: Notation, to: &mut String) -> Result<(), Fault> {
    match cell {
        Cell::Text(text) => float8_text(text.trim_ascii(), notation, to),
        Cell::Number(text) => float8_text(text, Notation::default(), to),
        Cell::Integer(number) => integer(number, to),
        Cell::Float(number) => float(number, to),
        _ => Err(Fault::TYPE),
    }
}

pub(super) fn integer(number: i64, to: &mut String) -> Result<(), Fault> {
    write!(to, "{number}").map_err(|_| NOT_A_NUMBER)
}

/// Appends the shortest text that is read as this number.
pub(super) fn float(number: f64, to: &mut String) -> Result<(), Fault> {
    let written = if number.is_nan() {
        write!(to, "NaN")
    } else if number.is_infinite() {
        write!(to, "{}", if number < 0.0 { "-Infinity" } else { "Infinity" })
    } else if number == 0.0 || PLAIN_FLOATS.contains(&number.abs()) {
        write!(to, "{number}")
    } else {
        write!(to, "{number:e}")
    };
    written.map_err(|_| NOT_A_NUMBER)
}

#[expect(clippy::cast_possible_truncation, reason = "it is whole and in range")]
fn whole_float(number: f64) -> Result<i64, Fault> {
    if !(-BEYOND_BIGINT..BEYOND_BIGINT).contains(&number) {
        return Err(BIGINT);
    }
    if number.fract() == 0.0 { Ok(number as i64) } else { Err(FRACTION) }
}

#[inline]
fn bigint_text(text: &str, notation: Notation, to: &mut String) -> Result<(), Fault> {
    let digits = text.strip_prefix('-').unwrap_or(text).as_bytes();
    let is_plain = matches!(digits, [b'1'..=b'9', ..] | b"0") && digits.len() <= SHORT && digits.iter().all(u8::is_ascii_digit);
    if is_plain && text != "-0" {
        to.push_str(text);
        return Ok(());
    }
    let start = to.len();
    append(text, notation, to)?;
    let number = whole(to.get(start..).unwrap_or_default())?;
    to.truncate(start);
    integer(number, to)
}

#[inline]
fn numeric_text(text: &str, notation: Notation, to: &mut String) -> Result<(), Fault> {
    if is_plain(text, notation) {
        to.push_str(text);
        return Ok(());
    }
    if text.eq_ignore_ascii_case("nan") {
        to.push_str("NaN");
        return Ok(());
    }
    append(text, notation, to).map(|_| ())
}

#[inline]
fn float8_text(text: &str, notation: Notation, to: &mut String) -> Result<(), Fault> {
    if is_plain(text, notation) && text.len() <= FLOAT_DIGITS {
        to.push_str(text);
        return Ok(());
    }
    if let Some(special) = special_float(text) {
        return float(special, to);
    }
    let start = to.len();
    let shape = append(text, notation, to)?;
    if shape.exponent == 0 && shape.whole <= FLOAT_DIGITS && shape.fraction <= FLOAT_DIGITS {
        return Ok(());
    }
    let written = to.get(start..).unwrap_or_default();
    let number: f64 = written.parse().map_err(|_| NOT_A_NUMBER)?;
    let is_zero = || !written.bytes().take_while(|byte| *byte != b'e').any(|byte| matches!(byte, b'1'..=b'9'));
    if number.is_infinite() || number == 0.0 && !is_zero() { Err(FLOAT8) } else { Ok(()) }
}

/// The values of float8 that are words.
pub(crate) fn special_float(text: &str) -> Option<f64> {
    let (sign, word) = match text.strip_prefix('-') {
        Some(word) => (-1.0, word),
        None => (1.0, text.strip_prefix('+').unwrap_or(text)),
    };
    if text.eq_ignore_ascii_case("nan") {
        return Some(f64::NAN);
    }
    (word.eq_ignore_ascii_case("inf") || word.eq_ignore_ascii_case("infinity")).then_some(sign * f64::INFINITY)
}

/// Whether the text is written just so: sign, digits, and a point with digits.
#[inline]
fn is_plain(text: &str, notation: Notation) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text).as_bytes();
    let mut points = 0;
    let all = digits.iter().all(|byte| {
        points += usize::from(*byte == b'.');
        byte.is_ascii_digit() || *byte == b'.'
    });
    let ends = matches!(digits, [b'1'..=b'9', .., b'0'..=b'9'] | [b'0', b'.', .., b'0'..=b'9'] | [b'0'..=b'9']);
    all && ends && digits.len() <= limits::DIGITS && (points == 0 || points == 1 && notation.decimal == Decimal::Point)
}

/// What a number is like that was appended.
#[derive(Clone, Copy)]
struct Shape {
    /// Digits before the point, without zeros that say nothing.
    whole: usize,
    /// Digits behind the point.
    fraction: usize,
    exponent: i32,
}

/// Appends a number with nothing in it that PostgreSQL would not read.
fn append(text: &str, notation: Notation, to: &mut String) -> Result<Shape, Fault> {
    let rest = text.strip_prefix(['-', '+']).unwrap_or(text);
    if text.starts_with('-') {
        to.push('-');
    }
    let (any, whole, rest) = append_whole(rest, notation, to)?;
    let point = if notation.decimal == Decimal::Comma { ',' } else { '.' };
    let (fraction, rest) = rest.strip_prefix(point).map_or(("", rest), split_digits);
    if !any && fraction.is_empty() {
        return Err(NOT_A_NUMBER);
    }
    if !fraction.is_empty() {
        to.push('.');
        to.push_str(fraction);
    }
    let exponent = match rest.strip_prefix(['e', 'E']) {
        Some(digits) => exponent_of(digits)?,
        None if rest.is_empty() => 0,
        None => return Err(NOT_A_NUMBER),
    };
    if exponent != 0 {
        write!(to, "e{exponent}").map_err(|_| NOT_A_NUMBER)?;
    }
    let size = exponent.unsigned_abs() as usize;
    let (before, behind) = if exponent < 0 { (whole, fraction.len() + size) } else { (whole + size, fraction.len()) };
    if before > limits::DIGITS || behind > limits::DIGITS {
        return Err(TOO_LONG);
    }
    Ok(Shape { whole, fraction: fraction.len(), exponent })
}

/// Appends the digits before the point. Gives whether there are any, how many say something, and what follows.
fn append_whole<'a>(text: &'a str, notation: Notation, to: &mut String) -> Result<(bool, usize, &'a str), Fault> {
    let (digits, mut rest) = split_digits(text);
    let start = to.len();
    match digits.trim_start_matches('0') {
        "" => to.push('0'),
        significant => to.push_str(significant),
    }
    let mut count = digits.trim_start_matches('0').len();
    let separator = separator(rest, notation).filter(|_| (1..=GROUP).contains(&digits.len()) && !digits.starts_with('0'));
    while let Some(group) = separator.and_then(|separator| rest.strip_prefix(separator)) {
        let (digits, after) = split_digits(group);
        if digits.len() != GROUP {
            return Err(GROUPS);
        }
        to.push_str(digits);
        (rest, count) = (after, to.len() - start);
    }
    Ok((!digits.is_empty(), count, rest))
}

/// What separates the groups of digits, of which the first ends here.
fn separator(rest: &str, notation: Notation) -> Option<&'static str> {
    let own = match notation.decimal {
        Decimal::Comma => ".",
        Decimal::Point if notation.grouped => ",",
        Decimal::Point => return None,
    };
    SEPARATORS.into_iter().chain([own]).find(|separator| rest.starts_with(separator))
}

/// The digits with which a text begins, and what follows them.
fn split_digits(text: &str) -> (&str, &str) {
    text.split_at(text.bytes().take_while(u8::is_ascii_digit).count())
}

fn exponent_of(text: &str) -> Result<i32, Fault> {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(NOT_A_NUMBER);
    }
    text.parse().map_err(|_| TOO_LONG)
}

/// A number's parts: its sign, digits before and behind the point, and exponent, of a text that was written here.
pub(super) fn parts(text: &str) -> Option<(bool, &str, &str, i32)> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (digits, exponent) =
        digits.split_once('e').map_or(Some((digits, 0)), |(digits, exponent)| Some((digits, exponent.parse().ok()?)))?;
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let is_number = whole.bytes().chain(fraction.bytes()).all(|byte| byte.is_ascii_digit());
    is_number.then_some((text.starts_with('-'), whole, fraction, exponent))
}

/// The whole number that a text is which was written here.
fn whole(text: &str) -> Result<i64, Fault> {
    let (negative, whole, fraction, exponent) = parts(text).ok_or(NOT_A_NUMBER)?;
    let places = i64::from(exponent) + i64::try_from(whole.len()).map_err(|_| TOO_LONG)?;
    let places = usize::try_from(places).unwrap_or_default();
    let mut digits = whole.bytes().chain(fraction.bytes()).map(|byte| u64::from(byte - b'0'));
    let mut size = 0_u64;
    for _ in 0..places {
        let digit = digits.next().unwrap_or_default();
        size = size.checked_mul(RADIX).and_then(|size| size.checked_add(digit)).ok_or(BIGINT)?;
    }
    if digits.any(|digit| digit != 0) {
        return Err(FRACTION);
    }
    let size = i128::from(size);
    i64::try_from(if negative { -size } else { size }).map_err(|_| BIGINT)
}
