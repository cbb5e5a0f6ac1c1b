//! Cells as JSON: what nested columns become, and rows that a person reads.

use std::fmt::Write;

use crate::Cell;
use crate::calendar::civil;

const MICROS: i64 = 1_000_000;
const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;
const HEX: &[u8; 16] = b"0123456789abcdef";
const NIBBLE_BITS: u32 = 4;
const NIBBLE: u8 = 0x0f;

/// Appends a cell. What JSON has no form for is text: ISO 8601, bytes as `\x` and hexadecimal digits (as PostgreSQL writes them), numbers that are none.
pub(super) fn write_cell(cell: Cell<'_>, out: &mut String) {
    // Writing to a string does not fail.
    let _ = match cell {
        Cell::Missing | Cell::Null => out.write_str("null"),
        Cell::Text(text) => {
            write_text(text, out);
            Ok(())
        }
        Cell::Number(text) | Cell::Json(text) => out.write_str(text),
        Cell::Integer(value) => write!(out, "{value}"),
        Cell::Float(value) if value.is_finite() => write_float(value, out),
        Cell::Float(value) => write!(
            out,
            "\"{}\"",
            if value.is_nan() {
                "NaN"
            } else if value > 0.0 {
                "Infinity"
            } else {
                "-Infinity"
            }
        ),
        Cell::Boolean(value) => write!(out, "{value}"),
        Cell::Date(day) => quoted(out, |out| write_date(i64::from(day), out)),
        Cell::Time(micros) => quoted(out, |out| write_time(micros, out)),
        Cell::Timestamp(micros) => quoted(out, |out| write_timestamp(micros, out)),
        Cell::Instant(micros) => quoted(out, |out| {
            write_timestamp(micros, out)?;
            out.write_char('Z')
        }),
        Cell::Bytes(bytes) => {
            out.push_str("\"\\\\x");
            write_hex(bytes, out);
            out.write_char('"')
        }
        Cell::Uuid(bytes) => quoted(out, |out| write_uuid(&bytes, out)),
    };
}

/// Appends a string of JSON.
pub(super) fn write_text(text: &str, out: &mut String) {
    out.push('"');
    let mut rest = text;
    while let Some(at) = rest.find(|char: char| char < ' ' || matches!(char, '"' | '\\')) {
        let (plain, special) = rest.split_at(at);
        out.push_str(plain);
        let mut chars = special.chars();
        match chars.next() {
            Some('\n') => out.push_str("\\n"),
            Some('\r') => out.push_str("\\r"),
            Some('\t') => out.push_str("\\t"),
            Some(char @ ('"' | '\\')) => out.extend(['\\', char]),
            Some(char) => {
                let _ = write!(out, "\\u{:04x}", u32::from(char));
            }
            None => {}
        }
        rest = chars.as_str();
    }
    out.push_str(rest);
    out.push('"');
}

/// The shortest digits that give the same number, and not 300 zeros.
fn write_float(value: f64, out: &mut String) -> std::fmt::Result {
    const PLAIN: std::ops::Range<f64> = 1e-5..1e16;
    if value == 0.0 || PLAIN.contains(&value.abs()) { write!(out, "{value:?}") } else { write!(out, "{value:e}") }
}

fn quoted(out: &mut String, write: impl FnOnce(&mut String) -> std::fmt::Result) -> std::fmt::Result {
    out.push('"');
    write(out)?;
    out.write_char('"')
}

fn write_hex(bytes: &[u8], out: &mut String) {
    for byte in bytes {
        for nibble in [byte >> NIBBLE_BITS, byte & NIBBLE] {
            out.extend(HEX.get(usize::from(nibble)).copied().map(char::from));
        }
    }
}

fn write_uuid(bytes: &[u8; 16], out: &mut String) -> std::fmt::Result {
    /// Bytes of the groups between the hyphens.
    const GROUPS: [usize; 5] = [4, 2, 2, 2, 6];
    let mut rest = bytes.as_slice();
    for length in GROUPS {
        let (group, behind) = rest.split_at_checked(length).unwrap_or_default();
        if rest.len() < bytes.len() {
            out.write_char('-')?;
        }
        write_hex(group, out);
        rest = behind;
    }
    Ok(())
}

fn write_timestamp(micros: i64, out: &mut String) -> std::fmt::Result {
    let day = micros.div_euclid(DAY * MICROS);
    write_date(day, out)?;
    out.write_char('T')?;
    write_time(micros.rem_euclid(DAY * MICROS), out)
}

fn write_time(micros: i64, out: &mut String) -> std::fmt::Result {
    let (seconds, fraction) = (micros.div_euclid(MICROS), micros.rem_euclid(MICROS));
    write!(out, "{:02}:{:02}:{:02}", seconds / HOUR, seconds % HOUR / MINUTE, seconds % MINUTE)?;
    if fraction > 0 { write!(out, ".{fraction:06}") } else { Ok(()) }
}

fn write_date(day: i64, out: &mut String) -> std::fmt::Result {
    let (year, month, of_month) = civil(day);
    if year < 0 { write!(out, "-{:04}-{month:02}-{of_month:02}", -year) } else { write!(out, "{year:04}-{month:02}-{of_month:02}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cell_is_json() {
        let uuid = *b"\x12\x34\x56\x78\x9a\xbc\xde\xf0\x12\x34\x56\x78\x9a\xbc\xde\xf0";
        for (cell, expected) in [
            (Cell::Null, "null"),
            (Cell::Text("a\"\\\n\u{1}ü"), r#""a\"\\\n\u0001ü""#),
            (Cell::Number("-1.50"), "-1.50"),
            (Cell::Integer(i64::MIN), "-9223372036854775808"),
            (Cell::Float(0.1), "0.1"),
            (Cell::Float(-0.0), "-0.0"),
            (Cell::Float(1e300), "1e300"),
            (Cell::Float(1.5e-300), "1.5e-300"),
            (Cell::Float(f64::NAN), "\"NaN\""),
            (Cell::Float(f64::NEG_INFINITY), "\"-Infinity\""),
            (Cell::Boolean(true), "true"),
            (Cell::Date(0), "\"1970-01-01\""),
            (Cell::Date(-719_529), "\"-0001-12-31\""),
            (Cell::Date(19_782), "\"2024-02-29\""),
            (Cell::Date(2_932_897), "\"10000-01-01\""),
            (Cell::Time(86_399_999_999), "\"23:59:59.999999\""),
            (Cell::Timestamp(-1), "\"1969-12-31T23:59:59.999999\""),
            (Cell::Instant(0), "\"1970-01-01T00:00:00Z\""),
            (Cell::Timestamp(i64::MIN), "\"-290308-12-21T19:59:05.224192\""),
            (Cell::Json("[1]"), "[1]"),
            (Cell::Bytes(b"\x00\xfe"), r#""\\x00fe""#),
            (Cell::Uuid(uuid), "\"12345678-9abc-def0-1234-56789abcdef0\""),
        ] {
            let mut out = String::new();
            write_cell(cell, &mut out);
            assert_eq!(out, expected, "{cell:?}");
            serde_json::from_str::<serde_json::Value>(&out).expect("JSON");
        }
    }
}
