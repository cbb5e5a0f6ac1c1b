//! Days, times and points in time: read as ISO 8601 or as formats say, and written so that no setting of the database reads them otherwise.

use super::{CastOptions, Fault, Pattern, numbers};
use crate::calendar::{self, Day, MICROS_PER_DAY, MICROS_PER_MINUTE};
use crate::{Cell, Type};

/// Text that is no time at all: which one was wanted is known further out.
pub(super) const SYNTAX: Fault = Fault::invalid("not a time");
const NOT_DATE: Fault = Fault::invalid("not a date such as 2024-03-05");
const NOT_TIME: Fault = Fault::invalid("not a time such as 12:30:05");
const NOT_TIMESTAMP: Fault = Fault::invalid("not a day and time such as 2024-03-05 12:30:05");
const NOT_INSTANT: Fault = Fault::invalid("not a point in time such as 2024-03-05T12:30:05Z");
const FORMATS: Fault = Fault::invalid("not in any of the formats");
pub(super) const NO_SUCH: Fault = Fault::out_of_range("there is no such day or time from year 1 to 9999");
const OFFSET: Fault = Fault { code: "offset", message: "it has an offset from UTC, which only timestamptz keeps" };
const TIME: Fault = Fault { code: "time", message: "it has a time, which a date would lose" };
const DAY: Fault = Fault { code: "day", message: "it has a day, which a time would lose" };

/// Hours and minutes of the largest offset that PostgreSQL takes.
const OFFSET_HOURS: u32 = 15;
const OFFSET_MINUTES: u32 = 59;
const MINUTES_PER_HOUR: u32 = 60;
const YEAR_DIGITS: usize = 4;
/// Digits of a fraction of a second that are kept, and that are read.
const MICRO_DIGITS: usize = 6;
const FRACTION_DIGITS: usize = 9;
const RADIX: u32 = 10;
const YEARS_PER_CENTURY: u32 = 100;
/// With so many digits a text begins with a year, not with an hour.
const HOUR_AND_MORE: usize = 3;

/// What a text or cell says of a time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Moment {
    pub(super) day: Option<Day>,
    /// Microseconds from midnight.
    pub(super) time: Option<i64>,
    /// Minutes east of UTC.
    pub(super) offset: Option<i64>,
}

impl Moment {
    /// Microseconds since 1970-01-01 00:00 UTC, where the offset is known.
    pub(super) fn instant(self) -> Option<i64> {
        Some(self.day?.days() * MICROS_PER_DAY + self.time? - self.offset? * MICROS_PER_MINUTE)
    }

    fn of_micros(micros: i64, offset: Option<i64>) -> Result<Self, Fault> {
        let day = Day::from_days(micros.div_euclid(MICROS_PER_DAY)).ok_or(NO_SUCH)?;
        Ok(Self { day: Some(day), time: Some(micros.rem_euclid(MICROS_PER_DAY)), offset })
    }

    /// What a cell says that the file itself types.
    fn of_cell(cell: Cell<'_>) -> Result<Self, Fault> {
        match cell {
            Cell::Date(days) => Ok(Self { day: Some(Day::from_days(days.into()).ok_or(NO_SUCH)?), ..Self::default() }),
            Cell::Time(micros) if (0..MICROS_PER_DAY).contains(&micros) => Ok(Self { time: Some(micros), ..Self::default() }),
            Cell::Time(_) => Err(NO_SUCH),
            Cell::Timestamp(micros) => Self::of_micros(micros, None),
            Cell::Instant(micros) => Self::of_micros(micros, Some(0)),
            _ => Err(Fault::TYPE),
        }
    }
}

/// Appends a value of one of the four types.
#[inline]
pub(super) fn append(kind: Type, cell: Cell<'_>, options: &CastOptions, to: &mut String) -> Result<(), Fault> {
    let moment = match cell {
        Cell::Text(text) if options.formats.is_empty() && append_plain(kind, text, to).is_some() => return Ok(()),
        Cell::Text(text) => read(kind, text.trim_ascii(), &options.formats)?,
        // A number is a time only where somebody says how it is written.
        Cell::Number(text) if !options.formats.is_empty() => read(kind, text, &options.formats)?,
        Cell::Integer(number) if !options.formats.is_empty() => {
            let start = to.len();
            numbers::integer(number, to)?;
            let moment = read(kind, to.get(start..).unwrap_or_default(), &options.formats)?;
            to.truncate(start);
            moment
        }
        _ => Moment::of_cell(cell)?,
    };
    write(kind, moment, options.timezone.as_deref(), to)
}

/// Appends a date, or a day and time without a fraction, that is written as the database writes it, as nearly all are.
#[inline]
fn append_plain(kind: Type, text: &str, to: &mut String) -> Option<()> {
    let mut scan = Scan(text.as_bytes());
    let (year, month, day) = scan.plain_day()?;
    Day::new(year, month, day)?;
    match kind {
        Type::Date if scan.is_empty() => to.push_str(text),
        Type::Timestamp if scan.takes(b' ') || scan.takes(b'T') => {
            let time = scan.0.len();
            let (hour, minute, second) = scan.plain_time()?;
            calendar::time(hour, minute, second, 0)?;
            if !scan.is_empty() {
                return None;
            }
            let (day, time) = text.split_at_checked(text.len() - time)?;
            to.push_str(day.get(..day.len() - 1)?);
            to.push(' ');
            to.push_str(time);
        }
        _ => return None,
    }
    Some(())
}

/// Appends what a cell says that the file itself types.
pub(super) fn text(cell: Cell<'_>, to: &mut String) -> Result<(), Fault> {
    let moment = Moment::of_cell(cell)?;
    let kind = match moment {
        Moment { time: None, .. } => Type::Date,
        Moment { day: None, .. } => Type::Time,
        Moment { offset: None, .. } => Type::Timestamp,
        _ => Type::Timestamptz,
    };
    write(kind, moment, None, to)
}

/// That it is no value of that type.
fn wanted(kind: Type) -> Fault {
    match kind {
        Type::Date => NOT_DATE,
        Type::Time => NOT_TIME,
        Type::Timestamp => NOT_TIMESTAMP,
        _ => NOT_INSTANT,
    }
}

fn read(kind: Type, text: &str, formats: &[Pattern]) -> Result<Moment, Fault> {
    let wanted = if formats.is_empty() { wanted(kind) } else { FORMATS };
    let or_wanted = |fault| if fault == SYNTAX { wanted } else { fault };
    let Some((first, others)) = formats.split_first() else { return iso(text).map_err(or_wanted) };
    let mut found = first.read(text);
    for pattern in others {
        // That there is no such day says more than that it is none.
        found = found.or_else(|fault| pattern.read(text).map_err(|other| if fault == SYNTAX { other } else { fault }));
    }
    found.map_err(or_wanted)
}

fn write(kind: Type, moment: Moment, timezone: Option<&str>, to: &mut String) -> Result<(), Fault> {
    let Moment { day, time, offset } = moment;
    match kind {
        Type::Time if day.is_some() => return Err(DAY),
        Type::Timestamptz => {}
        _ if offset.is_some() => return Err(OFFSET),
        _ => {}
    }
    if kind == Type::Time {
        calendar::write_time(time.ok_or(NOT_TIME)?, to);
        return Ok(());
    }
    let day = day.ok_or(wanted(kind))?;
    if kind == Type::Date && time.is_some_and(|time| time != 0) {
        return Err(TIME);
    }
    day.write(to);
    if kind != Type::Date {
        to.push(' ');
        calendar::write_time(time.unwrap_or_default(), to);
    }
    if kind == Type::Timestamptz {
        match (offset, timezone) {
            (None, Some(name)) => {
                to.push(' ');
                to.push_str(name);
            }
            _ => calendar::write_offset(offset.unwrap_or_default(), to),
        }
    }
    Ok(())
}

/// A text as ISO 8601 or RFC 3339 has it: a day, a time, or both with an offset or without.
pub(super) fn iso(text: &str) -> Result<Moment, Fault> {
    let mut scan = Scan(text.as_bytes());
    let mut moment = Moment::default();
    let mut is_basic = false;
    if scan.0.iter().take(HOUR_AND_MORE).all(u8::is_ascii_digit) {
        let (day, basic) = match scan.plain_day() {
            Some((year, month, day)) => (Day::new(year, month, day).ok_or(NO_SUCH)?, false),
            None => iso_day(&mut scan)?,
        };
        (moment.day, is_basic) = (Some(day), basic);
        if scan.is_empty() {
            return Ok(moment);
        }
        if !(scan.takes(b'T') || scan.takes(b' ') || scan.takes(b't')) {
            return Err(SYNTAX);
        }
    }
    moment.time = Some(iso_time(&mut scan, is_basic)?);
    if !scan.is_empty() {
        scan.takes(b' ');
        moment.offset = Some(scan.offset()?);
    }
    if scan.is_empty() { Ok(moment) } else { Err(SYNTAX) }
}

/// A day, and whether it is written in digits only.
fn iso_day(scan: &mut Scan<'_>) -> Result<(Day, bool), Fault> {
    let year = scan.digits(YEAR_DIGITS, YEAR_DIGITS)?;
    let separator = [b'-', b'/'].into_iter().find(|separator| scan.takes(*separator));
    let (month, day) = match separator {
        Some(separator) => {
            let month = scan.digits(1, 2)?;
            if !scan.takes(separator) {
                return Err(SYNTAX);
            }
            (month, scan.digits(1, 2)?)
        }
        None => (scan.digits(2, 2)?, scan.digits(2, 2)?),
    };
    // A longer number is no day, and what it begins with need not be one either.
    if scan.0.first().is_some_and(u8::is_ascii_digit) {
        return Err(SYNTAX);
    }
    Ok((Day::new(year, month, day).ok_or(NO_SUCH)?, separator.is_none()))
}

fn iso_time(scan: &mut Scan<'_>, is_basic: bool) -> Result<i64, Fault> {
    if let Some((hour, minute, second)) = scan.plain_time() {
        return calendar::time(hour, minute, second, 0).ok_or(NO_SUCH);
    }
    let hour = scan.digits(if is_basic { 2 } else { 1 }, 2)?;
    let is_basic = !scan.takes(b':') && is_basic;
    let minute = scan.digits(2, 2)?;
    let has_second = if is_basic { scan.0.first().is_some_and(u8::is_ascii_digit) } else { scan.takes(b':') };
    let (mut second, mut micros) = (0, 0);
    if has_second {
        second = scan.digits(2, 2)?;
        if scan.takes(b'.') || scan.takes(b',') {
            micros = scan.fraction()?;
        }
    }
    calendar::time(hour, minute, second, micros).ok_or(NO_SUCH)
}

/// What is left of a text.
pub(super) struct Scan<'a>(pub(super) &'a [u8]);

impl Scan<'_> {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Takes that byte, if it is next.
    #[inline]
    pub(super) fn takes(&mut self, byte: u8) -> bool {
        match self.0.split_first() {
            Some((first, rest)) if *first == byte => {
                self.0 = rest;
                true
            }
            _ => false,
        }
    }

    /// Takes a day as nearly all are written, if it is next and no digit follows: `2024-03-05`.
    #[inline]
    fn plain_day(&mut self) -> Option<(u32, u32, u32)> {
        let [y0, y1, y2, y3, b'-', m0, m1, b'-', d0, d1, rest @ ..] = self.0 else { return None };
        let (century, year) = (pair(*y0, *y1)?, pair(*y2, *y3)?);
        let (month, day) = (pair(*m0, *m1)?, pair(*d0, *d1)?);
        if rest.first().is_some_and(u8::is_ascii_digit) {
            return None;
        }
        self.0 = rest;
        Some((century * YEARS_PER_CENTURY + year, month, day))
    }

    /// Takes a time as nearly all are written, if it is next and neither digit nor fraction follows: `12:30:05`.
    #[inline]
    fn plain_time(&mut self) -> Option<(u32, u32, u32)> {
        let [h0, h1, b':', m0, m1, b':', s0, s1, rest @ ..] = self.0 else { return None };
        let (hour, minute, second) = (pair(*h0, *h1)?, pair(*m0, *m1)?, pair(*s0, *s1)?);
        if rest.first().is_some_and(|byte| matches!(byte, b'0'..=b'9' | b'.' | b',')) {
            return None;
        }
        self.0 = rest;
        Some((hour, minute, second))
    }

    /// Takes that word, in any case, if it is next.
    pub(super) fn takes_word(&mut self, word: &str) -> bool {
        match self.0.split_at_checked(word.len()) {
            Some((first, rest)) if first.eq_ignore_ascii_case(word.as_bytes()) => {
                self.0 = rest;
                true
            }
            _ => false,
        }
    }

    /// Takes a number of so many digits, at most nine.
    #[inline]
    pub(super) fn digits(&mut self, least: usize, most: usize) -> Result<u32, Fault> {
        let (mut number, mut count) = (0, 0);
        while count < most
            && let Some((digit @ b'0'..=b'9', rest)) = self.0.split_first()
        {
            number = number * RADIX + u32::from(digit - b'0');
            count += 1;
            self.0 = rest;
        }
        if count < least { Err(SYNTAX) } else { Ok(number) }
    }

    /// Takes the fraction of a second, in microseconds.
    pub(super) fn fraction(&mut self) -> Result<u32, Fault> {
        let before = self.0.len();
        let micros = self.digits(1, MICRO_DIGITS)?;
        let count = before - self.0.len();
        self.digits(0, FRACTION_DIGITS - MICRO_DIGITS)?;
        Ok((count..MICRO_DIGITS).fold(micros, |micros, _| micros * RADIX))
    }

    /// Takes an offset from UTC, in minutes.
    pub(super) fn offset(&mut self) -> Result<i64, Fault> {
        if self.takes(b'Z') || self.takes(b'z') || self.takes_word("UTC") || self.takes_word("GMT") {
            return Ok(0);
        }
        let is_negative = self.takes(b'-');
        if !is_negative && !self.takes(b'+') {
            return Err(SYNTAX);
        }
        let hours = self.digits(2, 2)?;
        let has_minutes = self.takes(b':') || self.0.first().is_some_and(u8::is_ascii_digit);
        let minutes = if has_minutes { self.digits(2, 2)? } else { 0 };
        if hours > OFFSET_HOURS || minutes > OFFSET_MINUTES {
            return Err(NO_SUCH);
        }
        let offset = i64::from(hours * MINUTES_PER_HOUR + minutes);
        Ok(if is_negative { -offset } else { offset })
    }
}

/// The number that two digits are.
#[inline]
fn pair(tens: u8, ones: u8) -> Option<u32> {
    (tens.is_ascii_digit() && ones.is_ascii_digit()).then(|| u32::from(tens - b'0') * RADIX + u32::from(ones - b'0'))
}
