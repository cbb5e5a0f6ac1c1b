//! Which cells show dates, by the formats of their numbers (ECMA-376 part 1, 18.8).

use std::collections::BTreeMap;

use tokens::xml::{Event, EventKind, StartTag, local_name};

use super::{Failure, too_large};
use crate::limits;

/// What a format shows a number as.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Shown {
    /// As a number, or as how long something took.
    #[default]
    Number,
    /// As a day.
    Date,
    /// As a time of a day.
    Time,
    /// As both.
    DateTime,
}

/// What the cell formats of a workbook show.
#[derive(Debug, Default)]
pub(super) struct Formats {
    /// What the workbook's own number formats show.
    own: BTreeMap<u32, Shown>,
    /// What its cell formats do.
    shown: Vec<Shown>,
    /// Whether what is read is their list.
    in_list: bool,
}

impl Formats {
    /// What the cell format of a number shows.
    pub(super) fn shown(&self, format: usize) -> Shown {
        self.shown.get(format).copied().unwrap_or_default()
    }

    pub(super) fn take(&mut self, event: &Event<'_>) -> Result<(), Failure> {
        match &event.kind {
            EventKind::Start(tag) => self.take_tag(tag),
            EventKind::End(name) => self.in_list &= local_name(name) != "cellXfs",
            EventKind::Text(_) => {}
        }
        if self.own.len().max(self.shown.len()) > limits::XLSX_ENTRIES {
            return Err(too_large(&format!("it has more than {} formats", limits::XLSX_ENTRIES)));
        }
        Ok(())
    }

    fn take_tag(&mut self, tag: &StartTag<'_>) {
        let id = || tag.get("numFmtId").and_then(|id| id.trim().parse().ok()).unwrap_or_default();
        match local_name(tag.name) {
            "numFmt" => drop(self.own.insert(id(), shown_by(tag.get("formatCode").unwrap_or_default()))),
            "cellXfs" => self.in_list = true,
            "xf" if self.in_list => self.shown.push(self.own.get(&id()).copied().unwrap_or_else(|| shown_by_builtin(id()))),
            _ => {}
        }
    }
}

/// What the number formats show that every program knows (18.8.30). 46 shows how long something took.
fn shown_by_builtin(id: u32) -> Shown {
    match id {
        14..=17 | 27..=31 | 36 | 50..=54 | 57 | 58 => Shown::Date,
        18..=21 | 32..=35 | 45 | 47 | 55 | 56 => Shown::Time,
        22 => Shown::DateTime,
        _ => Shown::Number,
    }
}

/// What the format of positive numbers shows: outside of quotes and brackets, a date or time has letters (18.8.31). Minutes are only shown beside hours
/// or seconds: without these, `m` is a month.
fn shown_by(code: &str) -> Shown {
    let (mut rest, mut has_date, mut has_time, mut has_m) = (code.chars(), false, false, false);
    while let Some(letter) = rest.next() {
        match letter {
            // The next character stands for itself, is only as wide, or fills the cell.
            '\\' | '_' | '*' => drop(rest.next()),
            '"' => while rest.next().is_some_and(|letter| letter != '"') {},
            '[' => {
                let (inside, behind) = rest.as_str().split_once(']').unwrap_or_default();
                if is_duration(inside) {
                    return Shown::Number;
                }
                rest = behind.chars();
            }
            ';' => break,
            'd' | 'D' | 'y' | 'Y' => has_date = true,
            'h' | 'H' | 's' | 'S' => has_time = true,
            'm' | 'M' => has_m = true,
            _ => {}
        }
    }
    match (has_date || has_m && !has_time, has_time) {
        (true, true) => Shown::DateTime,
        (true, false) => Shown::Date,
        (false, true) => Shown::Time,
        (false, false) => Shown::Number,
    }
}

fn is_duration(inside: &str) -> bool {
    let is_unit = |unit: u8| inside.bytes().all(|letter| letter.eq_ignore_ascii_case(&unit));
    !inside.is_empty() && b"hms".iter().any(|unit| is_unit(*unit))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_of_dates_are_told_from_others() {
        for (code, shown) in [
            ("DD/MM/YY", Shown::Date),
            ("H:MM:SS;@", Shown::Time),
            ("m\"M\"d\"D\";@", Shown::Date),
            ("[$-404]e\"\\xfc\"m\"\\xfc\"d", Shown::Date),
            ("*-yyyy-mm-dd", Shown::Date),
            ("ha/p\\\\m", Shown::Time),
            ("mm:ss.0", Shown::Time),
            ("mmm", Shown::Date),
            ("[Red]d", Shown::Date),
            ("[$-409]m/d/yy h:mm AM/PM;@", Shown::DateTime),
            ("", Shown::Number),
            ("General", Shown::Number),
            ("0.00", Shown::Number),
            ("[h]:mm:ss", Shown::Number),
            ("[SS]", Shown::Number),
            ("#,##0\\ [$\\u20bd-46D]", Shown::Number),
            ("\"Y: \"0.00\"m\";d", Shown::Number),
            ("0_d;[Red]", Shown::Number),
            ("#,##0*y", Shown::Number),
            ("\"d", Shown::Number),
            ("[d", Shown::Number),
            ("0.00E+00", Shown::Number),
        ] {
            assert_eq!(shown_by(code), shown, "{code}");
        }
    }
}
