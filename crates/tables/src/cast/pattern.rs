//! Formats of dates and times, after those of strftime: a closed list.

use super::Fault;
use super::times::{Moment, NO_SUCH, SYNTAX, Scan};
use crate::calendar::{self, Day};
use crate::{Type, limits};

const MONTHS: [&str; 12] =
    ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"];
/// Letters of a month's name that suffice.
const SHORT_NAME: usize = 3;
const YEAR_DIGITS: usize = 4;
/// Years of two digits are those of the 20th century from this one on, as POSIX has it.
const PIVOT: u32 = 69;
const CENTURY_20: u32 = 1900;
const CENTURY_21: u32 = 2000;
const NOON: u32 = 12;

/// What a format may say, with its letter.
const KNOWN: [(u8, Item); 13] = [
    (b'Y', Item::Year),
    (b'y', Item::ShortYear),
    (b'm', Item::Month),
    (b'd', Item::Day),
    (b'b', Item::MonthName),
    (b'B', Item::MonthName),
    (b'H', Item::Hour),
    (b'I', Item::HalfDayHour),
    (b'p', Item::HalfDay),
    (b'M', Item::Minute),
    (b'S', Item::Second),
    (b'f', Item::Fraction),
    (b'z', Item::Offset),
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Item {
    /// A byte that stands for itself.
    Literal(u8),
    Year,
    ShortYear,
    Month,
    MonthName,
    Day,
    Hour,
    HalfDayHour,
    HalfDay,
    Minute,
    Second,
    Fraction,
    Offset,
}

/// A format of dates, times or both.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    items: Vec<Item>,
}

impl Pattern {
    /// Reads a format such as `%d.%m.%Y %H:%M`. It has `%Y` (four digits) or `%y` (two), `%m`, or `%b` and `%B` (English names, short or in full), `%d`;
    /// `%H`, or `%I` and `%p` (AM, PM), `%M`, `%S`, `%f` (a fraction of one to nine digits), `%z` (`+0100`, `+01:00`, `+01`, `Z`), and `%%`; all else stands
    /// for itself. Days, months and hours may have one digit or two.
    pub fn parse(format: &str) -> Result<Self, String> {
        if format.len() > limits::FORMAT {
            return Err(format!("a format has at most {} bytes, and this one {}", limits::FORMAT, format.len()));
        }
        let mut items = Vec::with_capacity(format.len());
        let mut bytes = format.bytes();
        while let Some(byte) = bytes.next() {
            let item = if byte == b'%' { specifier(bytes.next(), format)? } else { Item::Literal(byte) };
            if !matches!(item, Item::Literal(_)) && items.contains(&item) {
                return Err(format!("format {format:?} says the same twice"));
            }
            items.push(item);
        }
        let pattern = Self { items };
        pattern.check().map_err(|reason| format!("format {format:?} {reason}"))?;
        Ok(pattern)
    }

    fn has(&self, item: Item) -> bool {
        self.items.contains(&item)
    }

    fn has_day(&self) -> bool {
        self.has(Item::Day)
    }

    fn has_time(&self) -> bool {
        self.has(Item::Hour) || self.has(Item::HalfDayHour)
    }

    /// Whether it says a whole day, a whole time, or both, and each once.
    fn check(&self) -> Result<(), &'static str> {
        use Item::{Day, Fraction, HalfDay, HalfDayHour, Hour, Minute, Month, MonthName, Offset, Second, ShortYear, Year};
        let has = |item| self.has(item);
        let years = usize::from(has(Year)) + usize::from(has(ShortYear));
        let months = usize::from(has(Month)) + usize::from(has(MonthName));
        let days = usize::from(has(Day));
        if years != days || months != days {
            return Err("needs one each of %Y or %y, %m or %b, and %d, or none of them");
        }
        if has(HalfDayHour) != has(HalfDay) || has(Hour) && has(HalfDayHour) {
            return Err("needs %H, or %I with %p");
        }
        if has(Minute) && !self.has_time() || has(Second) && !has(Minute) || has(Fraction) && !has(Second) {
            return Err("has a part of a time without the larger one before it: %H, %M, %S, %f");
        }
        if has(Offset) && !(self.has_time() && self.has_day()) {
            return Err("has %z without a day and a time");
        }
        if self.has_day() || self.has_time() { Ok(()) } else { Err("has neither a day nor a time, as %Y-%m-%d or %H:%M have") }
    }

    /// Whether a column of the type can be written so.
    pub(super) fn fits(&self, kind: Type) -> Result<(), String> {
        let fits = match kind {
            Type::Date | Type::Timestamp => self.has_day() && !self.has(Item::Offset),
            Type::Timestamptz => self.has_day(),
            Type::Time => !self.has_day(),
            _ => return Err(format!("formats are for date, timestamp, timestamptz and time, not for {kind}")),
        };
        if fits { Ok(()) } else { Err(format!("a format does not say what {kind} is, or more than it keeps")) }
    }

    /// What a text says that is written so.
    pub(super) fn read(&self, text: &str) -> Result<Moment, Fault> {
        let mut scan = Scan(text.as_bytes());
        let mut parts = Parts::default();
        for item in &self.items {
            parts.take(*item, &mut scan)?;
        }
        if !scan.is_empty() {
            return Err(SYNTAX);
        }
        let Parts { year, month, day, hour, minute, second, micros, offset, half } = parts;
        let hour = match half {
            Some(_) if !(1..=NOON).contains(&hour) => return Err(NO_SUCH),
            Some(is_afternoon) => hour % NOON + if is_afternoon { NOON } else { 0 },
            None => hour,
        };
        let day = self.has_day().then(|| Day::new(year, month, day).ok_or(NO_SUCH)).transpose()?;
        let time = self.has_time().then(|| calendar::time(hour, minute, second, micros).ok_or(NO_SUCH)).transpose()?;
        Ok(Moment { day, time, offset })
    }
}

/// What a format says at a percent sign.
fn specifier(letter: Option<u8>, format: &str) -> Result<Item, String> {
    if letter == Some(b'%') {
        return Ok(Item::Literal(b'%'));
    }
    let known = KNOWN.into_iter().find(|(known, _)| Some(*known) == letter);
    known.map(|(_, item)| item).ok_or_else(|| {
        let list: Vec<_> = KNOWN.iter().map(|(letter, _)| format!("%{}", char::from(*letter))).collect();
        format!("format {format:?} has a % with something else than what is known: {}, %%", list.join(", "))
    })
}

/// What was read of a text so far.
#[derive(Default)]
struct Parts {
    year: u32,
    month: u32,
    day: u32,
    hour: u32,
    minute: u32,
    second: u32,
    micros: u32,
    offset: Option<i64>,
    /// Whether it is the second half of the day.
    half: Option<bool>,
}

impl Parts {
    fn take(&mut self, item: Item, scan: &mut Scan<'_>) -> Result<(), Fault> {
        match item {
            Item::Literal(byte) if scan.takes(byte) => {}
            Item::Year => self.year = scan.digits(YEAR_DIGITS, YEAR_DIGITS)?,
            Item::ShortYear => {
                let year = scan.digits(2, 2)?;
                self.year = year + if year < PIVOT { CENTURY_21 } else { CENTURY_20 };
            }
            Item::Month => self.month = scan.digits(1, 2)?,
            Item::MonthName => self.month = month_name(scan)?,
            Item::Day => self.day = scan.digits(1, 2)?,
            Item::Hour | Item::HalfDayHour => self.hour = scan.digits(1, 2)?,
            Item::HalfDay if scan.takes_word("AM") => self.half = Some(false),
            Item::HalfDay if scan.takes_word("PM") => self.half = Some(true),
            Item::Literal(_) | Item::HalfDay => return Err(SYNTAX),
            Item::Minute => self.minute = scan.digits(2, 2)?,
            Item::Second => self.second = scan.digits(2, 2)?,
            Item::Fraction => self.micros = scan.fraction()?,
            Item::Offset => self.offset = Some(scan.offset()?),
        }
        Ok(())
    }
}

/// Takes a month's name, in full or its first letters.
fn month_name(scan: &mut Scan<'_>) -> Result<u32, Fault> {
    for (number, name) in (1..).zip(MONTHS) {
        let short = name.get(..SHORT_NAME).unwrap_or(name);
        if scan.takes_word(name) || scan.takes_word(short) {
            return Ok(number);
        }
    }
    Err(SYNTAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_format_that_says_too_little_or_something_unknown_is_refused() {
        let long = "-".repeat(limits::FORMAT + 1);
        for format in
            ["", "x", "%d.%m", "%Y-%m-%d %M", "%H:%S", "%I:%M", "%H %p", "%Y %y-%m-%d", "%d/%d/%Y", "%Q", "%", "%H:%M %z", "%f", &long]
        {
            assert!(Pattern::parse(format).is_err(), "{format}");
        }
        let message = Pattern::parse("%j").expect_err("unknown");
        assert!(message.contains("%Y, %y, %m, %d, %b, %B, %H, %I, %p, %M, %S, %f, %z, %%"), "{message}");
    }

    #[test]
    fn a_format_fits_the_types_of_what_it_says() {
        let fits = |format| -> Vec<_> {
            let pattern = Pattern::parse(format).expect("a format");
            Type::ALL.into_iter().filter(|kind| pattern.fits(*kind).is_ok()).map(Type::name).collect()
        };
        assert_eq!(fits("%d/%m/%y"), ["date", "timestamp", "timestamptz"]);
        assert_eq!(fits("%Y%m%dT%H%M%S%z"), ["timestamptz"]);
        assert_eq!(fits("%I:%M %p"), ["time"]);
    }
}
