//! JSON: what the database's jsonb takes of it.

use memchr::memchr2;
use serde::de::IgnoredAny;

use super::{Fault, numbers, plain};
use crate::{Cell, limits};

const NOT_JSON: Fault = Fault::invalid("not JSON");
const NUL: Fault = Fault { code: "nul", message: "a string in the JSON has a NUL character, which the database does not take" };
const SURROGATE: Fault = Fault { code: "surrogate", message: "a string in the JSON has half of a surrogate pair, which is no character" };
const TOO_DEEP: Fault = Fault { code: "too_deep", message: "JSON with more than 128 objects and arrays within one another" };
const TOO_LONG: Fault = Fault { code: "too_long", message: "a number in the JSON has more than 1000 digits, or an exponent beyond that" };

const HIGH_SURROGATES: std::ops::RangeInclusive<u16> = 0xD800..=0xDBFF;
const LOW_SURROGATES: std::ops::RangeInclusive<u16> = 0xDC00..=0xDFFF;
/// Bytes of `\u0000`.
const ESCAPE: usize = 6;
const HEX_RADIX: u32 = 16;

pub(super) fn jsonb(cell: Cell<'_>, to: &mut String) -> Result<(), Fault> {
    match cell {
        Cell::Text(text) => {
            let text = text.trim_ascii();
            serde_json::from_str::<IgnoredAny>(text).map_err(|_| NOT_JSON)?;
            stored(text, to)
        }
        Cell::Json(text) | Cell::Number(text) => stored(text, to),
        Cell::Integer(number) => numbers::integer(number, to),
        Cell::Float(number) if number.is_finite() => numbers::float(number, to),
        Cell::Boolean(_) => plain::boolean(cell, to),
        _ => {
            // The text of these has nothing to escape but the backslash of bytes.
            to.push_str(if matches!(cell, Cell::Bytes(_)) { "\"\\" } else { "\"" });
            plain::text(cell, to)?;
            to.push('"');
            Ok(())
        }
    }
}

/// Appends valid JSON where jsonb, which knows more limits than JSON, takes it.
fn stored(json: &str, to: &mut String) -> Result<(), Fault> {
    let bytes = json.as_bytes();
    let (mut at, mut depth) = (0, 0_usize);
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => at = string_end(bytes, at + 1)?,
            b'{' | b'[' if depth == limits::JSON_DEPTH => return Err(TOO_DEEP),
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.saturating_sub(1),
            b'-' | b'0'..=b'9' => at = number_end(json, at)?,
            _ => {}
        }
        at += 1;
    }
    to.push_str(json);
    Ok(())
}

/// Index of the quote that ends a string.
fn string_end(bytes: &[u8], start: usize) -> Result<usize, Fault> {
    let mut at = start;
    loop {
        let rest = bytes.get(at..).ok_or(NOT_JSON)?;
        at += memchr2(b'"', b'\\', rest).ok_or(NOT_JSON)?;
        if bytes.get(at) == Some(&b'"') {
            return Ok(at);
        }
        at += match escaped(bytes, at) {
            None => 2,
            Some(0) => return Err(NUL),
            Some(unit) if LOW_SURROGATES.contains(&unit) => return Err(SURROGATE),
            Some(unit) if HIGH_SURROGATES.contains(&unit) => {
                escaped(bytes, at + ESCAPE).filter(|unit| LOW_SURROGATES.contains(unit)).ok_or(SURROGATE)?;
                2 * ESCAPE
            }
            Some(_) => ESCAPE,
        };
    }
}

/// The unit of UTF-16 that is written as an escape here.
fn escaped(bytes: &[u8], at: usize) -> Option<u16> {
    let digits = bytes.get(at..at + ESCAPE)?.strip_prefix(b"\\u")?;
    u16::from_str_radix(std::str::from_utf8(digits).ok()?, HEX_RADIX).ok()
}

/// Index of the last byte of a number.
fn number_end(json: &str, start: usize) -> Result<usize, Fault> {
    let rest = json.get(start..).unwrap_or_default();
    let length = rest.bytes().take_while(|byte| matches!(byte, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E')).count();
    let number = rest.get(..length).unwrap_or_default();
    let (digits, exponent) = number.split_once(['e', 'E']).unwrap_or((number, "0"));
    let is_small = exponent.parse().is_ok_and(|exponent: i32| exponent.unsigned_abs() as usize <= limits::DIGITS);
    if is_small && digits.len() <= limits::DIGITS { Ok(start + length - 1) } else { Err(TOO_LONG) }
}
