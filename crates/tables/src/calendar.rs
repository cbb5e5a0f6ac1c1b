//! Days of the proleptic Gregorian calendar and times of a day, and how they are written (ISO 8601).

pub(crate) const MICROS_PER_SECOND: i64 = 1_000_000;
pub(crate) const MICROS_PER_MINUTE: i64 = SECONDS_PER_MINUTE * MICROS_PER_SECOND;
const SECONDS_PER_MINUTE: i64 = 60;
const MINUTES_PER_HOUR: i64 = 60;
const HOURS_PER_DAY: i64 = 24;
pub(crate) const MICROS_PER_DAY: i64 = HOURS_PER_DAY * MINUTES_PER_HOUR * MICROS_PER_MINUTE;

const YEARS_PER_ERA: i64 = 400;
const DAYS_PER_ERA: i64 = 146_097;
const DAYS_PER_CENTURY: i64 = 36_524;
const DAYS_PER_FOUR_YEARS: i64 = 1460;
const DAYS_PER_YEAR: i64 = 365;
/// Days from 0000-03-01, with which an era begins, to 1970-01-01.
const EPOCH: i64 = 719_468;
/// The months from March on have 153 days in each five of them.
const FIVE_MONTHS: i64 = 5;
const DAYS_PER_FIVE_MONTHS: i64 = 153;
const MONTHS: u32 = 12;
const MARCH: i64 = 3;
const MONTHS_TO_MARCH_NEXT: i64 = 9;
const LAST_YEAR: u32 = 9999;

/// By what digits, minutes and seconds are counted.
const TEN: u32 = 10;
const HUNDRED: u32 = 100;
const SIXTY: u32 = 60;

/// A day from 0001-01-01 to 9999-12-31.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Day {
    year: u32,
    month: u32,
    of_month: u32,
}

impl Day {
    /// Where the calendar has that day.
    pub(crate) fn new(year: u32, month: u32, day: u32) -> Option<Self> {
        let is_there = (1..=LAST_YEAR).contains(&year) && (1..=MONTHS).contains(&month) && day >= 1 && day <= days_of_month(year, month);
        is_there.then_some(Self { year, month, of_month: day })
    }

    /// From days since 1970-01-01.
    pub(crate) fn from_days(days: i64) -> Option<Self> {
        days.checked_add(EPOCH)?;
        let (year, month, day) = civil(days);
        Self::new(u32::try_from(year).ok()?, u32::try_from(month).ok()?, u32::try_from(day).ok()?)
    }

    /// Days since 1970-01-01.
    pub(crate) fn days(self) -> i64 {
        days_from_civil(i64::from(self.year), i64::from(self.month), i64::from(self.of_month))
    }

    /// Appends `2024-03-05`.
    pub(crate) fn write(self, to: &mut String) {
        let (centuries, years) = (self.year / HUNDRED, self.year % HUNDRED);
        let [c0, c1] = two_digits(centuries);
        let [y0, y1] = two_digits(years);
        let [m0, m1] = two_digits(self.month);
        let [d0, d1] = two_digits(self.of_month);
        push(&[c0, c1, y0, y1, b'-', m0, m1, b'-', d0, d1], to);
    }
}

/// Year, month and day of a day that is counted from 1970 on, also beyond the years that a [`Day`] has (Howard Hinnant, "chrono-compatible low-level date
/// algorithms"): years are counted from March on, so that the leap day is the last of one.
pub(crate) fn civil(days: i64) -> (i64, i64, i64) {
    let days = days + EPOCH;
    let (era, of_era) = (days.div_euclid(DAYS_PER_ERA), days.rem_euclid(DAYS_PER_ERA));
    let leaps = of_era - of_era / DAYS_PER_FOUR_YEARS + of_era / DAYS_PER_CENTURY - of_era / (DAYS_PER_ERA - 1);
    let year = leaps / DAYS_PER_YEAR;
    let of_year = of_era - days_before(year);
    let month = (FIVE_MONTHS * of_year + 2) / DAYS_PER_FIVE_MONTHS;
    let day = of_year - (DAYS_PER_FIVE_MONTHS * month + 2) / FIVE_MONTHS + 1;
    let (month, next) = if month > MONTHS_TO_MARCH_NEXT { (month - MONTHS_TO_MARCH_NEXT, 1) } else { (month + MARCH, 0) };
    (era * YEARS_PER_ERA + year + next, month, day)
}

/// The day of a date, counted from 1970 on.
pub(crate) fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let (year, month) = if month < MARCH { (year - 1, month + MONTHS_TO_MARCH_NEXT) } else { (year, month - MARCH) };
    let (era, of_era) = (year.div_euclid(YEARS_PER_ERA), year.rem_euclid(YEARS_PER_ERA));
    let of_year = (DAYS_PER_FIVE_MONTHS * month + 2) / FIVE_MONTHS + day - 1;
    era * DAYS_PER_ERA + days_before(of_era) + of_year - EPOCH
}

/// Days of an era before one of its years, which begin in March.
fn days_before(year: i64) -> i64 {
    const YEARS_PER_LEAP: i64 = 4;
    const YEARS_PER_CENTURY: i64 = 100;
    DAYS_PER_YEAR * year + year / YEARS_PER_LEAP - year / YEARS_PER_CENTURY
}

fn is_leap(year: u32) -> bool {
    const LEAP: u32 = 4;
    const NO_LEAP: u32 = HUNDRED;
    const LEAP_AGAIN: u32 = LEAP * HUNDRED;
    year.is_multiple_of(LEAP) && (!year.is_multiple_of(NO_LEAP) || year.is_multiple_of(LEAP_AGAIN))
}

fn days_of_month(year: u32, month: u32) -> u32 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// A time of a day, in microseconds from midnight, if there is such a time.
pub(crate) fn time(hour: u32, minute: u32, second: u32, micros: u32) -> Option<i64> {
    let (hour, minute, second) = (i64::from(hour), i64::from(minute), i64::from(second));
    let is_there = hour < HOURS_PER_DAY && minute < MINUTES_PER_HOUR && second < SECONDS_PER_MINUTE;
    is_there.then(|| ((hour * MINUTES_PER_HOUR + minute) * SECONDS_PER_MINUTE + second) * MICROS_PER_SECOND + i64::from(micros))
}

/// Appends a time of a day as `12:30:05` or `12:30:05.25`.
pub(crate) fn write_time(micros: i64, to: &mut String) {
    let seconds = u32::try_from(micros / MICROS_PER_SECOND).unwrap_or_default();
    let [h0, h1] = two_digits(seconds / SIXTY / SIXTY);
    let [m0, m1] = two_digits(seconds / SIXTY % SIXTY);
    let [s0, s1] = two_digits(seconds % SIXTY);
    push(&[h0, h1, b':', m0, m1, b':', s0, s1], to);
    let fraction = u32::try_from(micros % MICROS_PER_SECOND).unwrap_or_default();
    if fraction != 0 {
        let [f0, f1] = two_digits(fraction / HUNDRED / HUNDRED);
        let [f2, f3] = two_digits(fraction / HUNDRED % HUNDRED);
        let [f4, f5] = two_digits(fraction % HUNDRED);
        push(&[b'.', f0, f1, f2, f3, f4, f5], to);
        to.truncate(to.trim_end_matches('0').len());
    }
}

/// Appends an offset from UTC in minutes as `+00` or `-03:30`.
pub(crate) fn write_offset(minutes: i64, to: &mut String) {
    if minutes == 0 {
        return to.push_str("+00");
    }
    let size = u32::try_from(minutes.abs()).unwrap_or_default();
    let sign = if minutes < 0 { b'-' } else { b'+' };
    let [h0, h1] = two_digits(size / SIXTY);
    let [m0, m1] = two_digits(size % SIXTY);
    push(&[sign, h0, h1, b':', m0, m1], to);
}

fn two_digits(number: u32) -> [u8; 2] {
    let [tens, ..] = (number / TEN).to_le_bytes();
    let [ones, ..] = (number % TEN).to_le_bytes();
    [b'0'.wrapping_add(tens), b'0' + ones]
}

fn push(digits: &[u8], to: &mut String) {
    if let Ok(text) = std::str::from_utf8(digits) {
        to.push_str(text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_counted_both_ways() {
        let first = Day::new(1, 1, 1).expect("a day").days();
        let last = Day::new(9999, 12, 31).expect("a day").days();
        assert_eq!((first, last), (-719_162, 2_932_896));
        assert_eq!(Day::new(1970, 1, 1).map(Day::days), Some(0));
        for days in first..=last {
            assert_eq!(Day::from_days(days).map(Day::days), Some(days));
        }
        assert_eq!((Day::from_days(first - 1), Day::from_days(last + 1)), (None, None));
        assert_eq!((Day::from_days(i64::MAX), Day::from_days(i64::MIN)), (None, None));
    }

    #[test]
    fn days_that_the_calendar_does_not_have_are_none() {
        for (year, month, day) in
            [(2023, 2, 29), (1900, 2, 29), (2024, 4, 31), (2024, 0, 1), (2024, 13, 1), (2024, 1, 0), (0, 1, 1), (10_000, 1, 1)]
        {
            assert_eq!(Day::new(year, month, day), None, "{year}-{month}-{day}");
        }
        assert!(Day::new(2000, 2, 29).is_some() && Day::new(2024, 2, 29).is_some());
    }

    #[test]
    fn times_are_written_without_zeros_at_the_end() {
        let mut text = String::new();
        for micros in [0, 1, 250_000, MICROS_PER_DAY - 1] {
            write_time(micros, &mut text);
            text.push(' ');
        }
        for minutes in [0, 60, -210] {
            write_offset(minutes, &mut text);
            text.push(' ');
        }
        assert_eq!(text, "00:00:00 00:00:00.000001 00:00:00.25 23:59:59.999999 +00 +01:00 -03:30 ");
    }
}
