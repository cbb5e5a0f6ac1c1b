//! Days and points in time, as they are written.

use std::fmt;

/// A day, counted from 1970-01-01. It is written as ISO 8601 has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Day(pub(super) i32);

/// Seconds from 1970-01-01 00:00 UTC. It is written as RFC 3339 has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Instant(pub(super) i64);

pub(super) const SECONDS_OF_A_DAY: i64 = 86_400;
/// Days of 400 years, of a century and of four years, each without the leap day at its end.
const DAYS_OF_400_YEARS: i32 = 146_097;
/// From 0000-03-01 to 1970-01-01: counted from March, a leap day is the last of its year.
const DAYS_BEFORE_1970: i32 = 719_468;

impl Day {
    /// Year, month and day of the Gregorian calendar (Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", `civil_from_days`), from the year 0 on.
    fn civil(self) -> (i32, i32, i32) {
        let days = self.0 + DAYS_BEFORE_1970;
        let (era, day_of_era) = (days / DAYS_OF_400_YEARS, days % DAYS_OF_400_YEARS);
        let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let month_from_march = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
        let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
        (era * 400 + year_of_era + i32::from(month <= 2), month, day)
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = self.civil();
        write!(f, "{year:04}-{month:02}-{day:02}")
    }
}

impl Instant {
    pub(super) fn day(self) -> Day {
        Day(i32::try_from(self.0.div_euclid(SECONDS_OF_A_DAY)).unwrap_or(i32::MAX))
    }

    pub(super) fn second_of_day(self) -> i64 {
        self.0.rem_euclid(SECONDS_OF_A_DAY)
    }
}

impl fmt::Display for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let second = self.second_of_day();
        write!(f, "{}T{:02}:{:02}:{:02}Z", self.day(), second / 3600, second / 60 % 60, second % 60)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_those_of_the_calendar() {
        let days = [0, 59, 11_016, 19_782, 20_088].map(|day| Day(day).to_string());
        assert_eq!(days, ["1970-01-01", "1970-03-01", "2000-02-29", "2024-02-29", "2024-12-31"]);
        assert_eq!(Instant(1_735_689_599).to_string(), "2024-12-31T23:59:59Z");
    }
}
