//! Truth values, text, bytes and UUIDs.

use memchr::memchr;

use super::{Fault, numbers, times};
use crate::Cell;

const WORDS: [(&str, bool); 12] = [
    ("true", true),
    ("false", false),
    ("t", true),
    ("f", false),
    ("1", true),
    ("0", false),
    ("yes", true),
    ("no", false),
    ("y", true),
    ("n", false),
    ("on", true),
    ("off", false),
];
const HEX: &[u8; 16] = b"0123456789abcdef";
const HEX_RADIX: u32 = 16;
/// Bytes of a UUID.
const UUID: usize = 16;
/// Bytes of a UUID behind which it has a hyphen.
const HYPHENS: [usize; 4] = [4, 6, 8, 10];

const NOT_BOOLEAN: Fault = Fault::invalid("not a truth value: none of true, false, t, f, yes, no, y, n, on, off, 1 and 0");
const NOT_UUID: Fault = Fault::invalid("not a UUID: no 32 hexadecimal digits, with hyphens or without");

pub(super) fn boolean(cell: Cell<'_>, to: &mut String) -> Result<(), Fault> {
    let value = match cell {
        Cell::Boolean(value) => value,
        Cell::Integer(0) | Cell::Float(0.0) => false,
        Cell::Integer(1) | Cell::Float(1.0) => true,
        Cell::Text(text) | Cell::Number(text) => {
            let text = text.trim_ascii();
            WORDS.iter().find(|(word, _)| word.eq_ignore_ascii_case(text)).ok_or(NOT_BOOLEAN)?.1
        }
        Cell::Integer(_) | Cell::Float(_) => return Err(NOT_BOOLEAN),
        _ => return Err(Fault::TYPE),
    };
    to.push_str(if value { "true" } else { "false" });
    Ok(())
}

pub(super) fn text(cell: Cell<'_>, to: &mut String) -> Result<(), Fault> {
    match cell {
        Cell::Text(text) | Cell::Number(text) | Cell::Json(text) => {
            if memchr(0, text.as_bytes()).is_some() {
                return Err(Fault::NUL);
            }
            to.push_str(text);
            Ok(())
        }
        Cell::Missing | Cell::Null => Ok(()),
        Cell::Integer(number) => numbers::integer(number, to),
        Cell::Float(number) => numbers::float(number, to),
        Cell::Boolean(_) => boolean(cell, to),
        Cell::Date(_) | Cell::Time(_) | Cell::Timestamp(_) | Cell::Instant(_) => times::text(cell, to),
        Cell::Bytes(_) => bytea(cell, to),
        Cell::Uuid(_) => uuid(cell, to),
    }
}

pub(super) fn bytea(cell: Cell<'_>, to: &mut String) -> Result<(), Fault> {
    to.push_str("\\x");
    match cell {
        Cell::Bytes(bytes) => hex(bytes, to),
        Cell::Uuid(bytes) => hex(&bytes, to),
        Cell::Json(text) => hex(text.as_bytes(), to),
        Cell::Text(text) => match hex_digits(text.trim_ascii()) {
            Some(digits) => to.extend(digits.chars().map(|digit| digit.to_ascii_lowercase())),
            None => hex(text.as_bytes(), to),
        },
        _ => return Err(Fault::TYPE),
    }
    Ok(())
}

/// The digits of bytes that are written in hexadecimal.
fn hex_digits(text: &str) -> Option<&str> {
    let digits = text.strip_prefix("\\x").or_else(|| text.strip_prefix("0x"))?;
    (digits.len().is_multiple_of(2) && digits.bytes().all(|byte| byte.is_ascii_hexdigit())).then_some(digits)
}

fn hex(bytes: &[u8], to: &mut String) {
    to.reserve(bytes.len() * 2);
    let digit = |half: u8| HEX.get(usize::from(half)).map_or('0', |digit| char::from(*digit));
    to.extend(bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 0xF)]));
}

pub(super) fn uuid(cell: Cell<'_>, to: &mut String) -> Result<(), Fault> {
    let bytes = match cell {
        Cell::Uuid(bytes) => bytes,
        Cell::Bytes(bytes) => bytes.try_into().map_err(|_| NOT_UUID)?,
        Cell::Text(text) => uuid_of(text.trim_ascii()).ok_or(NOT_UUID)?,
        _ => return Err(Fault::TYPE),
    };
    let mut from = 0;
    for end in HYPHENS {
        hex(bytes.get(from..end).unwrap_or_default(), to);
        to.push('-');
        from = end;
    }
    hex(bytes.get(from..).unwrap_or_default(), to);
    Ok(())
}

/// The bytes of a UUID in text, with its hyphens or without, in braces or not.
pub(crate) fn uuid_of(text: &str) -> Option<[u8; UUID]> {
    let text = text.strip_prefix('{').map_or(Some(text), |text| text.strip_suffix('}'))?;
    let mut digits = text.bytes();
    let hyphens = text.len() == 2 * UUID + HYPHENS.len();
    let mut bytes = [0; UUID];
    for (index, byte) in bytes.iter_mut().enumerate() {
        if hyphens && HYPHENS.contains(&index) && digits.next() != Some(b'-') {
            return None;
        }
        let high = char::from(digits.next()?).to_digit(HEX_RADIX)?;
        let low = char::from(digits.next()?).to_digit(HEX_RADIX)?;
        *byte = u8::try_from(high << 4 | low).ok()?;
    }
    digits.next().is_none().then_some(bytes)
}
