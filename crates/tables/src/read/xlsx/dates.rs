//! Days that are counted from 1900 or 1904, and dates as text (ECMA-376 part 1, 18.17.4).

use std::fmt::Write as _;

use super::formats::Shown;
use super::row::Value;
use crate::calendar::{civil, days_from_civil, write_time};

/// Days from the first that is counted to 1970: from 1899-12-30, as if 1900 had been a leap year, or from 1904-01-01.
const DAYS_TO_1970: [i64; 2] = [25_569, 24_107];
/// Up to this day of 1900 dates are counted right.
const FALSE_LEAP_DAY: i64 = 60;
/// The day after 9999-12-31, where dates end.
const DAYS: f64 = 2_958_466.0;
const MILLISECONDS_OF_DAY: i64 = 86_400_000;
const PARTS_OF_DAY: f64 = 86_400_000.0;
/// In microseconds.
const MILLISECOND: i64 = 1_000;
const SECOND: i64 = 1_000_000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// A number of days as the date or time that it is shown as, rounded to milliseconds, which is what spreadsheet programs count in. `None` where it is
/// none: before the first day, or behind the last.
pub(super) fn of_serial(serial: f64, shown: Shown, is_1904: bool) -> Option<Value> {
    if !(0.0..DAYS).contains(&serial) {
        return None;
    }
    #[expect(clippy::cast_possible_truncation, reason = "a number of days below ten million, and a part of one day")]
    let (day, part) = (serial.floor() as i64, (serial.fract() * PARTS_OF_DAY).round() as i64);
    let (day, part) = (day + part / MILLISECONDS_OF_DAY, part % MILLISECONDS_OF_DAY);
    // The first day of 1904 is a day; that of 1900 is none.
    let is_day_alone = is_1904 && shown == Shown::Date;
    if day == 0 && !is_day_alone {
        return Some(Value::Time(part * MILLISECOND));
    }
    let counted_late = i64::from(!is_1904 && day < FALSE_LEAP_DAY);
    let day = day + counted_late - DAYS_TO_1970[usize::from(is_1904)];
    match shown {
        Shown::Date if part == 0 => Some(Value::Date(i32::try_from(day).ok()?)),
        _ => Some(Value::Timestamp(day * DAY + part * MILLISECOND)),
    }
}

/// A date, time or both as ISO 8601 writes them: `2024-02-29`, `12:30:00.5`, `2024-02-29T12:30`. `None` where it is something else.
pub(super) fn of_iso(text: &str) -> Option<Value> {
    if let Some((date, time)) = text.split_once(['T', ' ']) {
        return Some(Value::Timestamp(iso_day(date)? * DAY + iso_time(time)?));
    }
    match iso_day(text) {
        Some(day) => Some(Value::Date(i32::try_from(day).ok()?)),
        None => iso_time(text).map(Value::Time),
    }
}

fn iso_day(text: &str) -> Option<i64> {
    const LONGEST: i64 = 31;
    let mut parts = text.split('-');
    let (year, month, day) = (digits(parts.next()?, 4)?, digits(parts.next()?, 2)?, digits(parts.next()?, 2)?);
    let counted = days_from_civil(year, month, day);
    let is_day = (1..=12).contains(&month) && (1..=LONGEST).contains(&day) && civil(counted) == (year, month, day);
    (is_day && parts.next().is_none()).then_some(counted)
}

/// Microseconds from midnight.
fn iso_time(text: &str) -> Option<i64> {
    const DIGITS: usize = 6;
    let (text, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let mut parts = text.split(':');
    let (hour, minute) = (digits(parts.next()?, 2)?, digits(parts.next()?, 2)?);
    let second = parts.next().map_or(Some(0), |second| digits(second, 2))?;
    let is_time = hour < 24 && minute < 60 && second < 60 && parts.next().is_none();
    let is_fraction = !fraction.is_empty() && fraction.bytes().all(|byte| byte.is_ascii_digit());
    if !is_time || !is_fraction {
        return None;
    }
    let micros = fraction.bytes().chain(std::iter::repeat(b'0')).take(DIGITS).fold(0, |sum, digit| sum * 10 + i64::from(digit - b'0'));
    Some(hour * HOUR + minute * MINUTE + second * SECOND + micros)
}

fn digits(text: &str, count: usize) -> Option<i64> {
    (text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit())).then(|| text.parse().ok())?
}

/// Appends a day, counted from 1970.
pub(super) fn write_date(out: &mut String, day: i64) {
    let (year, month, day) = civil(day);
    // A string takes all that is written.
    let _ = write!(out, "{year:04}-{month:02}-{day:02}");
}

/// Appends a day and a time, in microseconds from 1970.
pub(super) fn write_timestamp(out: &mut String, micros: i64) {
    write_date(out, micros.div_euclid(DAY));
    out.push('T');
    write_time(micros.rem_euclid(DAY), out);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(serial: f64, shown: Shown, is_1904: bool) -> String {
        of_serial(serial, shown, is_1904).map(|value| text(&value)).unwrap_or_default()
    }

    fn text(value: &Value) -> String {
        let mut out = String::new();
        match *value {
            Value::Date(day) => write_date(&mut out, day.into()),
            Value::Time(micros) => write_time(micros, &mut out),
            Value::Timestamp(micros) => write_timestamp(&mut out, micros),
            _ => {}
        }
        out
    }

    #[test]
    fn days_are_counted_as_programs_do() {
        for (serial, of, date) in [
            (1.0, Shown::Date, "1900-01-01"),
            (59.0, Shown::Date, "1900-02-28"),
            (60.0, Shown::Date, "1900-02-28"),
            (61.0, Shown::Date, "1900-03-01"),
            (61.0, Shown::DateTime, "1900-03-01T00:00:00"),
            (45_943.541, Shown::DateTime, "2025-10-13T12:59:02.4"),
            (45_943.541, Shown::Date, "2025-10-13T12:59:02.4"),
            (45_351.999_999_999_9, Shown::Date, "2024-03-01"),
            (0.999_999_999_9, Shown::Time, "1900-01-01T00:00:00"),
            (2_958_465.5, Shown::DateTime, "9999-12-31T12:00:00"),
            (0.0, Shown::Date, "00:00:00"),
            (0.25, Shown::Time, "06:00:00"),
            (1.25, Shown::Time, "1900-01-01T06:00:00"),
            (-1.0, Shown::Date, ""),
            (2_958_466.0, Shown::Date, ""),
            (f64::NAN, Shown::Date, ""),
        ] {
            assert_eq!(shown(serial, of, false), date, "{serial}");
        }
        for (serial, of, date) in [
            (0.0, Shown::Date, "1904-01-01"),
            (0.5, Shown::Time, "12:00:00"),
            (1.0, Shown::Date, "1904-01-02"),
            (60.5, Shown::DateTime, "1904-03-01T12:00:00"),
        ] {
            assert_eq!(shown(serial, of, true), date, "{serial}");
        }
    }

    #[test]
    fn dates_of_iso_are_read_and_others_are_not() {
        for (iso, date) in [
            ("2024-02-29", "2024-02-29"),
            ("0001-01-01", "0001-01-01"),
            ("2021-01-01T10:10:10", "2021-01-01T10:10:10"),
            ("1969-12-31T23:59:59.123456789", "1969-12-31T23:59:59.123456"),
            ("10:10", "10:10:00"),
        ] {
            assert_eq!(of_iso(iso).map(|value| text(&value)).as_deref(), Some(date), "{iso}");
        }
        for iso in ["", "2023-02-29", "2023-13-01", "23-01-01", "24:00", "10:10:10Z", "PT1H", "2021-01-01T", "10:00:00.", "2021-01-01-01"] {
            assert!(of_iso(iso).is_none(), "{iso}");
        }
    }
}
