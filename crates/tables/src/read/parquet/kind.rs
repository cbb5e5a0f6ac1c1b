//! What values mean: from the bytes of a page to a cell.

#![expect(clippy::cast_possible_truncation, reason = "numbers of fewer bits than they are stored in")]

use super::decimal;
use super::error::{Fault, Result};
use super::footer::Unit;
use crate::{Cell, limits};

const MICROS_OF_MILLIS: i64 = 1000;
const NANOS_OF_MICROS: i64 = 1000;
const MICROS_OF_DAY: i64 = 86_400_000_000;
/// The Julian day that begins on 1970-01-01, as old writers count days.
const JULIAN_OF_1970: i64 = 2_440_588;

/// How values are stored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Physical {
    #[default]
    Boolean,
    Int32,
    Int64,
    Int96,
    Float,
    Double,
    Bytes,
    Fixed(u32),
}

impl Physical {
    pub(super) fn new(number: i32, length: i32) -> Result<Self> {
        let physical = match number {
            0 => Self::Boolean,
            1 => Self::Int32,
            2 => Self::Int64,
            3 => Self::Int96,
            4 => Self::Float,
            5 => Self::Double,
            6 => Self::Bytes,
            7 => match u32::try_from(length) {
                Ok(length) if length as usize <= limits::ROW => Self::Fixed(length),
                _ => return Err(Fault::syntax(format!("values of {length} bytes each"))),
            },
            _ => return Err(Fault::refused(format!("type {number} is not known"))),
        };
        Ok(physical)
    }

    /// Bytes of a value, where all have the same.
    #[inline]
    pub(super) fn width(self) -> Option<usize> {
        match self {
            Self::Boolean | Self::Bytes => None,
            Self::Int32 | Self::Float => Some(size_of::<i32>()),
            Self::Int64 | Self::Double => Some(size_of::<i64>()),
            Self::Int96 => Some(size_of::<[i32; 3]>()),
            Self::Fixed(length) => usize::try_from(length).ok(),
        }
    }

    /// Bits of a whole number.
    pub(super) fn bits(self) -> u32 {
        if self == Self::Int64 { i64::BITS } else { i32::BITS }
    }
}

/// What values mean.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Kind {
    #[default]
    Null,
    Boolean,
    Integer {
        bits: i32,
        signed: bool,
    },
    Decimal {
        scale: u32,
    },
    Date,
    Time(Unit),
    Timestamp {
        utc: bool,
        unit: Unit,
    },
    Int96,
    Float,
    Double,
    Float16,
    Text,
    Json,
    Uuid,
    Interval,
    Bytes,
}

impl Kind {
    /// Bytes of these kinds.
    pub(super) const UUID: u32 = 16;
    pub(super) const INTERVAL: u32 = 12;

    pub(super) fn decimal(scale: i32) -> Result<Self> {
        let scale = u32::try_from(scale).ok().filter(|scale| *scale <= decimal::SCALE);
        let scale = scale.ok_or_else(|| {
            Fault::syntax(format!("decimals with more than {} digits behind the point, or fewer than none", decimal::SCALE))
        })?;
        Ok(Self::Decimal { scale })
    }
}

/// Whose bytes are meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Source {
    Page,
    Dictionary,
    Scratch,
}

/// Bytes that lie somewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Slice {
    pub(super) source: Source,
    pub(super) from: u32,
    pub(super) to: u32,
}

impl Slice {
    /// Pages and dictionaries are far below 4 GiB.
    #[inline]
    pub(super) fn new(source: Source, from: usize, to: usize) -> Self {
        Self { source, from: from as u32, to: to as u32 }
    }

    pub(super) fn length(self) -> usize {
        (self.to - self.from) as usize
    }
}

/// What slices lie in.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sources<'a> {
    pub(super) page: &'a [u8],
    pub(super) dictionary: &'a [u8],
    pub(super) scratch: &'a [u8],
}

impl<'a> Sources<'a> {
    #[inline]
    fn bytes(&self, slice: Slice) -> &'a [u8] {
        let bytes = match slice.source {
            Source::Page => self.page,
            Source::Dictionary => self.dictionary,
            Source::Scratch => self.scratch,
        };
        bytes.get(slice.from as usize..slice.to as usize).unwrap_or_default()
    }
}

/// A value as it is stored.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Value {
    Boolean(bool),
    Integer(i64),
    Float(f32),
    Double(f64),
    Bytes(Slice),
}

/// A cell whose text and bytes lie elsewhere.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) enum Ready {
    #[default]
    Null,
    Boolean(bool),
    Integer(i64),
    Float(f64),
    Date(i32),
    Time(i64),
    Timestamp(i64),
    Instant(i64),
    Uuid([u8; 16]),
    Text(Slice),
    Json(Slice),
    Bytes(Slice),
    /// A number, or a text, that was written for it.
    Number,
    Written,
}

impl Ready {
    /// Bytes that lie elsewhere.
    pub(super) fn length(self) -> usize {
        match self {
            Self::Text(slice) | Self::Json(slice) | Self::Bytes(slice) => slice.length(),
            _ => 0,
        }
    }

    /// The cell. Text that is no UTF-8 is bytes, and JSON that is none is text: so whoever reads it sees what is there.
    #[inline]
    pub(super) fn cell<'a>(self, sources: &Sources<'a>, written: &'a str) -> Cell<'a> {
        match self {
            Self::Null => Cell::Null,
            Self::Boolean(value) => Cell::Boolean(value),
            Self::Integer(value) => Cell::Integer(value),
            Self::Float(value) => Cell::Float(value),
            Self::Date(value) => Cell::Date(value),
            Self::Time(value) => Cell::Time(value),
            Self::Timestamp(value) => Cell::Timestamp(value),
            Self::Instant(value) => Cell::Instant(value),
            Self::Uuid(value) => Cell::Uuid(value),
            Self::Number => Cell::Number(written),
            Self::Written => Cell::Text(written),
            Self::Bytes(slice) => Cell::Bytes(sources.bytes(slice)),
            Self::Text(slice) => text(sources.bytes(slice)),
            Self::Json(slice) => match text(sources.bytes(slice)) {
                Cell::Text(json) if is_object_or_array(json) => Cell::Json(json),
                cell => cell,
            },
        }
    }
}

#[inline]
fn text(bytes: &[u8]) -> Cell<'_> {
    std::str::from_utf8(bytes).map_or(Cell::Bytes(bytes), Cell::Text)
}

fn is_object_or_array(json: &str) -> bool {
    json.trim_start().starts_with(['{', '[']) && serde_json::from_str::<serde::de::IgnoredAny>(json).is_ok()
}

impl Kind {
    /// What a value means. `written` takes what has to be written for it.
    #[inline]
    pub(super) fn ready(self, value: Value, sources: &Sources<'_>, written: &mut String) -> Ready {
        match (self, value) {
            (Self::Null, _) => Ready::Null,
            (Self::Integer { bits, signed }, Value::Integer(value)) => integer(value, bits, signed, written),
            (Self::Text, Value::Bytes(slice)) => Ready::Text(slice),
            (Self::Date, Value::Integer(value)) => i32::try_from(value).map_or(Ready::Integer(value), Ready::Date),
            (Self::Time(unit), Value::Integer(value)) => instant(value, unit, Ready::Time, written),
            (Self::Timestamp { utc, unit }, Value::Integer(value)) => {
                instant(value, unit, if utc { Ready::Instant } else { Ready::Timestamp }, written)
            }
            (Self::Decimal { scale }, Value::Integer(value)) => {
                written.clear();
                decimal::write(i128::from(value), scale, written);
                Ready::Number
            }
            (Self::Decimal { scale }, Value::Bytes(slice)) => {
                written.clear();
                if decimal::write_bytes(sources.bytes(slice), scale, written) { Ready::Number } else { Ready::Bytes(slice) }
            }
            (Self::Json, Value::Bytes(slice)) => Ready::Json(slice),
            (Self::Uuid, Value::Bytes(slice)) => sources.bytes(slice).try_into().map_or(Ready::Bytes(slice), Ready::Uuid),
            (Self::Int96, Value::Bytes(slice)) => int96(sources.bytes(slice)).map_or(Ready::Bytes(slice), Ready::Timestamp),
            (Self::Float16, Value::Bytes(slice)) => {
                sources.bytes(slice).try_into().map_or(Ready::Bytes(slice), |two| Ready::Float(half(u16::from_le_bytes(two))))
            }
            (Self::Interval, Value::Bytes(slice)) => {
                written.clear();
                if write_interval(sources.bytes(slice), written).is_some() { Ready::Written } else { Ready::Bytes(slice) }
            }
            (_, Value::Boolean(value)) => Ready::Boolean(value),
            (_, Value::Integer(value)) => Ready::Integer(value),
            (_, Value::Float(value)) => Ready::Float(f64::from(value)),
            (_, Value::Double(value)) => Ready::Float(value),
            (_, Value::Bytes(slice)) => Ready::Bytes(slice),
        }
    }
}

/// Of numbers of fewer bits than they are stored in, the lower ones count, as in all readers.
#[inline]
fn integer(value: i64, bits: i32, signed: bool, written: &mut String) -> Ready {
    Ready::Integer(match (bits, signed) {
        (8, true) => i64::from(value as i8),
        (16, true) => i64::from(value as i16),
        (8, false) => value & i64::from(u8::MAX),
        (16, false) => value & i64::from(u16::MAX),
        (32, false) => value & i64::from(u32::MAX),
        (64, false) if value < 0 => {
            written.clear();
            decimal::write(i128::from(value.cast_unsigned()), 0, written);
            return Ready::Number;
        }
        _ => value,
    })
}

/// In microseconds, down to the whole one. What is too far away is said in its own unit: no date can be made of it.
#[inline]
fn instant(value: i64, unit: Unit, make: impl Fn(i64) -> Ready, written: &mut String) -> Ready {
    match unit {
        Unit::Micros => make(value),
        Unit::Nanos => make(value.div_euclid(NANOS_OF_MICROS)),
        Unit::Millis => value.checked_mul(MICROS_OF_MILLIS).map_or_else(
            || {
                written.clear();
                decimal::write(i128::from(value), 0, written);
                written.push_str(" ms since 1970-01-01");
                Ready::Written
            },
            make,
        ),
    }
}

/// Nanoseconds of a day and a Julian day, to microseconds from 1970 on.
fn int96(bytes: &[u8]) -> Option<i64> {
    let (nanos, day) = bytes.split_first_chunk::<{ size_of::<i64>() }>()?;
    let day = i64::from(i32::from_le_bytes(day.try_into().ok()?)) - JULIAN_OF_1970;
    day.checked_mul(MICROS_OF_DAY)?.checked_add(i64::from_le_bytes(*nanos).div_euclid(NANOS_OF_MICROS))
}

/// A floating-point number of 16 bits.
fn half(bits: u16) -> f64 {
    const FRACTION: u32 = 10;
    const EXPONENT: u16 = 0x1f;
    const BIAS: i32 = 15;
    let fraction = f64::from(bits & ((1 << FRACTION) - 1)) / f64::from(1 << FRACTION);
    let magnitude = match (bits >> FRACTION) & EXPONENT {
        0 => fraction * 2_f64.powi(1 - BIAS),
        EXPONENT if fraction == 0.0 => f64::INFINITY,
        EXPONENT => f64::NAN,
        exponent => (1.0 + fraction) * 2_f64.powi(i32::from(exponent) - BIAS),
    };
    if bits >> (u16::BITS - 1) == 1 { -magnitude } else { magnitude }
}

/// Months, days and milliseconds as ISO 8601 writes them.
fn write_interval(bytes: &[u8], written: &mut String) -> Option<()> {
    use std::fmt::Write;
    let (months, rest) = bytes.split_first_chunk::<{ size_of::<u32>() }>()?;
    let (days, millis) = rest.split_first_chunk::<{ size_of::<u32>() }>()?;
    let [months, days, millis] = [*months, *days, millis.try_into().ok()?].map(u32::from_le_bytes);
    let (seconds, millis) = (millis / MICROS_OF_MILLIS as u32, millis % MICROS_OF_MILLIS as u32);
    write!(written, "P{months}M{days}DT{seconds}.{millis:03}S").ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cell(kind: Kind, value: Value, page: &[u8]) -> String {
        let sources = Sources { page, dictionary: &[], scratch: &[] };
        let mut written = String::new();
        let ready = kind.ready(value, &sources, &mut written);
        format!("{:?}", ready.cell(&sources, &written))
    }

    #[test]
    fn numbers_are_what_their_types_say() {
        let integer = |bits, signed, value| cell(Kind::Integer { bits, signed }, Value::Integer(value), &[]);
        assert_eq!(integer(8, false, -1), "Integer(255)");
        assert_eq!(integer(8, true, 255), "Integer(-1)");
        assert_eq!(integer(16, false, -1), "Integer(65535)");
        assert_eq!(integer(16, true, 65535), "Integer(-1)");
        assert_eq!(integer(32, false, -1), "Integer(4294967295)");
        assert_eq!(integer(32, true, -1), "Integer(-1)");
        assert_eq!(integer(64, false, 7), "Integer(7)");
        assert_eq!(integer(64, false, -1), "Number(\"18446744073709551615\")");
        assert_eq!(integer(64, true, i64::MIN), "Integer(-9223372036854775808)");
    }

    #[test]
    fn times_are_in_microseconds_down_to_the_whole_one() {
        let timestamp = |utc, unit, value| cell(Kind::Timestamp { utc, unit }, Value::Integer(value), &[]);
        assert_eq!(timestamp(true, Unit::Millis, -1), "Instant(-1000)");
        assert_eq!(timestamp(false, Unit::Micros, 5), "Timestamp(5)");
        assert_eq!(timestamp(false, Unit::Nanos, -1), "Timestamp(-1)");
        assert_eq!(timestamp(false, Unit::Nanos, 1999), "Timestamp(1)");
        assert_eq!(timestamp(true, Unit::Millis, i64::MAX), "Text(\"9223372036854775807 ms since 1970-01-01\")");
        assert_eq!(cell(Kind::Time(Unit::Millis), Value::Integer(1), &[]), "Time(1000)");
        assert_eq!(cell(Kind::Date, Value::Integer(-1), &[]), "Date(-1)");
    }

    #[test]
    fn bytes_are_what_their_types_say() {
        let bytes = |kind, page: &[u8]| cell(kind, Value::Bytes(Slice::new(Source::Page, 0, page.len())), page);
        assert_eq!(bytes(Kind::Text, b"a\xc3\xbc"), "Text(\"aü\")");
        assert_eq!(bytes(Kind::Text, b"\xff"), "Bytes([255])");
        assert_eq!(bytes(Kind::Bytes, b"a"), "Bytes([97])");
        assert_eq!(bytes(Kind::Json, b" {\"a\":[1]}"), "Json(\" {\\\"a\\\":[1]}\")");
        assert_eq!(bytes(Kind::Json, b"{"), "Text(\"{\")");
        assert_eq!(bytes(Kind::Json, b"1"), "Text(\"1\")");
        assert_eq!(bytes(Kind::Uuid, &[7; 16]), format!("Uuid({:?})", [7; 16]));
        assert_eq!(bytes(Kind::Interval, &[1, 0, 0, 0, 2, 0, 0, 0, 0xdc, 5, 0, 0]), "Text(\"P1M2DT1.500S\")");
        assert_eq!(bytes(Kind::Decimal { scale: 2 }, &[0xff, 0x00]), "Number(\"-2.56\")");
        assert_eq!(bytes(Kind::Int96, &[0xe8, 3, 0, 0, 0, 0, 0, 0, 0x8d, 0x3d, 0x25, 0]), "Timestamp(86400000001)");
        assert_eq!(bytes(Kind::Null, b"a"), "Null");
    }

    #[test]
    fn halves_are_numbers() {
        for (bits, expected) in [
            (0, 0.0),
            (0x3c00, 1.0),
            (0xc000, -2.0),
            (0x7bff, 65504.0),
            (1, 5.960_464_477_539_063e-8),
            (0x7c00, f64::INFINITY),
            (0xfc00, -f64::INFINITY),
        ] {
            assert_eq!(half(bits).to_bits(), f64::to_bits(expected), "{bits:x}");
        }
        assert!(half(0x7e00).is_nan());
    }
}
