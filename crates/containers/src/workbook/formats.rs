//! Which cells show dates, by the formats of their numbers (ECMA-376 part 1, 18.8).

use std::collections::BTreeMap;

use tokens::xml::{EventKind, StartTag, local_name};

use super::{Place, read_events};
use crate::{Error, limits};

/// Days from the first that is counted to 1970: from 1899-12-30, as if 1900 had been a leap year, or from 1904-01-01.
const DAYS_TO_1970: [i64; 2] = [25_569, 24_107];
/// Up to this day of 1900 dates are counted right.
const FALSE_LEAP_DAY: i64 = 60;
/// The day after 9999-12-31, where dates end.
const DAYS: f64 = 2_958_466.0;
const SECONDS_OF_DAY: i64 = 86_400;
const MILLISECONDS_OF_DAY: f64 = 86_400_000.0;
const MILLISECONDS: i64 = 1_000;

/// What the cell formats of a workbook show.
#[derive(Debug, Default)]
pub(super) struct CellFormats {
    /// Which number formats of its own show dates.
    own: BTreeMap<u32, bool>,
    /// Which cell formats do.
    shows_date: Vec<bool>,
    /// Whether what is read is their list.
    in_list: bool,
    is_1904: bool,
}

impl CellFormats {
    pub(super) fn read(file: &[u8], place: &Place, is_1904: bool) -> Result<Self, Error> {
        let mut formats = Self { is_1904, ..Self::default() };
        read_events(file, place, &mut |event| match event {
            EventKind::Start(tag) => formats.take_tag(tag),
            EventKind::End(name) => {
                formats.in_list &= local_name(name) != "cellXfs";
                Ok(())
            }
            EventKind::Text(_) => Ok(()),
        })?;
        Ok(formats)
    }

    fn take_tag(&mut self, tag: &StartTag<'_>) -> Result<(), Error> {
        let id = || tag.get("numFmtId").and_then(|id| id.parse().ok()).unwrap_or_default();
        match local_name(tag.name) {
            "numFmt" => drop(self.own.insert(id(), shows_date(tag.get("formatCode").unwrap_or_default()))),
            "cellXfs" => self.in_list = true,
            "xf" if self.in_list => self.shows_date.push(self.own.get(&id()).copied().unwrap_or_else(|| is_builtin_date(id()))),
            _ => {}
        }
        if self.own.len().max(self.shows_date.len()) > limits::CELL_FORMATS {
            return Err(Error::too_large(format!(
                "the workbook has more than {} cell formats: send its sheets as CSV",
                limits::CELL_FORMATS
            )));
        }
        Ok(())
    }

    /// A number as the format shows it: as a date where it shows dates and the number is one.
    pub(super) fn text_of(&self, number: f64, format: usize) -> String {
        let shows_date = self.shows_date.get(format).copied().unwrap_or_default();
        if shows_date && (0.0..DAYS).contains(&number) { self.date(number) } else { number.to_string() }
    }

    /// A number of days as date and time.
    fn date(&self, number: f64) -> String {
        #[expect(clippy::cast_possible_truncation, reason = "a number of days below ten million, and a part of one day")]
        let (days, milliseconds) = (number.floor() as i64, (number.fract() * MILLISECONDS_OF_DAY).round() as i64);
        let counted_late = i64::from(!self.is_1904 && days < FALSE_LEAP_DAY);
        let seconds = milliseconds / MILLISECONDS;
        let day = days + counted_late - DAYS_TO_1970[usize::from(self.is_1904)] + seconds / SECONDS_OF_DAY;
        let ((year, month, day), seconds) = (civil(day), seconds % SECONDS_OF_DAY);
        let (hour, minute, second) = (seconds / 60 / 60, seconds / 60 % 60, seconds % 60);
        format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}")
    }
}

/// Year, month and day of a day that is counted from 1970 on. Years are counted from March on, so that the leap day is the last of one (Howard
/// Hinnant, "chrono-compatible low-level date algorithms").
fn civil(day: i64) -> (i64, i64, i64) {
    const TO_1970: i64 = 719_468;
    const OF_YEAR: i64 = 365;
    const OF_4_YEARS: i64 = 4 * OF_YEAR + 1;
    const OF_100_YEARS: i64 = 25 * OF_4_YEARS - 1;
    const OF_400_YEARS: i64 = 4 * OF_100_YEARS + 1;
    const OF_5_MONTHS: i64 = 153;
    const YEARS: i64 = 400;
    let day = day + TO_1970;
    let (cycle, day) = (day.div_euclid(OF_400_YEARS), day.rem_euclid(OF_400_YEARS));
    let year = (day - day / (OF_4_YEARS - 1) + day / OF_100_YEARS - day / (OF_400_YEARS - 1)) / OF_YEAR;
    let day = day - (OF_YEAR * year + year / 4 - year / 100);
    let month = (5 * day + 2) / OF_5_MONTHS;
    let (day, month) = (day - (OF_5_MONTHS * month + 2) / 5 + 1, if month < 10 { month + 3 } else { month - 9 });
    (cycle * YEARS + year + i64::from(month <= 2), month, day)
}

/// Whether a number format that every program knows shows a date or a time of day (18.8.30), but not how long something took.
fn is_builtin_date(id: u32) -> bool {
    matches!(id, 14..=22 | 27..=36 | 45 | 47 | 50..=58)
}

/// Whether the format of positive numbers shows a date or a time of day: outside of quotes and brackets it has a letter of one (18.8.31).
fn shows_date(code: &str) -> bool {
    let mut rest = code.chars();
    while let Some(letter) = rest.next() {
        match letter {
            // The next character stands for itself, is only as wide, or fills the cell.
            '\\' | '_' | '*' => drop(rest.next()),
            '"' => while rest.next().is_some_and(|letter| letter != '"') {},
            '[' => {
                let (inside, behind) = rest.as_str().split_once(']').unwrap_or_default();
                let is_duration =
                    !inside.is_empty() && ["h", "m", "s"].iter().any(|unit| inside.to_ascii_lowercase().replace(unit, "").is_empty());
                if is_duration {
                    return false;
                }
                rest = behind.chars();
            }
            ';' => return false,
            'd' | 'D' | 'm' | 'M' | 'y' | 'Y' | 'h' | 'H' | 's' | 'S' => return true,
            _ => {}
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_of_dates_are_told_from_others() {
        for code in ["DD/MM/YY", "H:MM:SS;@", "m\"M\"d\"D\";@", "[$-404]e\"\\xfc\"m\"\\xfc\"d", "*-yyyy-mm-dd", "ha/p\\\\m", "[Red]d"] {
            assert!(shows_date(code), "{code}");
        }
        for code in [
            "",
            "General",
            "0.00",
            "[h]:mm:ss",
            "[SS]",
            "#,##0\\ [$\\u20bd-46D]",
            "\"Y: \"0.00\"m\";d",
            "0_d;[Red]",
            "#,##0*y",
            "\"d",
            "[d",
        ] {
            assert!(!shows_date(code), "{code}");
        }
    }

    #[test]
    fn days_are_counted_as_programs_do() {
        let text = |number, is_1904| CellFormats { shows_date: vec![true], is_1904, ..CellFormats::default() }.text_of(number, 0);
        for (number, date) in [
            (1.0, "1900-01-01T00:00:00"),
            (59.0, "1900-02-28T00:00:00"),
            (61.0, "1900-03-01T00:00:00"),
            (45_943.541, "2025-10-13T12:59:02"),
            (45_350.999_999_999, "2024-02-29T00:00:00"),
            (2_958_465.5, "9999-12-31T12:00:00"),
        ] {
            assert_eq!(text(number, false), date);
        }
        assert_eq!(text(0.0, true), "1904-01-01T00:00:00");
        for number in [-1.0, 2_958_466.0, 1e300, f64::NAN, f64::INFINITY] {
            assert_eq!(text(number, false), number.to_string());
        }
        assert_eq!(CellFormats::default().text_of(45_943.5, 7), "45943.5");
    }
}
