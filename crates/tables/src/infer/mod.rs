//! What type a column of a file seems to have: proposed to people, who decide.
//!
//! A type is proposed where its cast takes every value that was observed. What can be read in two ways is text, and the reason is said.

use serde::Serialize;

use crate::{Cast, Cell, Type};

mod reading;

use reading::{HALF_DAY_TIMES, ORDERS, Reading, SUFFIXES};

/// Values that are shown.
const EXAMPLES: usize = 3;
/// Characters of each.
const EXAMPLE: usize = 80;
/// Digits of a group of a large number.
const GROUP: usize = 3;
/// Days spread wider than years: so many days or more, and so many times as many as years.
const DAYS: u32 = 4;
const DAYS_PER_YEAR: u32 = 2;

/// What is proposed for a column.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Proposal {
    /// Its type.
    pub kind: Type,
    /// Its formats, where it is a date or time that is not written as ISO 8601 has it: a [`Pattern`](crate::Pattern) each.
    pub formats: Vec<String>,
    /// Whether its numbers have a decimal comma.
    pub decimal_comma: bool,
    /// Rows without a value.
    pub nulls: u64,
    /// Rows with one.
    pub values: u64,
    /// Some of them, shortened.
    pub examples: Vec<String>,
    /// Why it is text and not what it looks like.
    pub ambiguous: Option<String>,
}

/// Observes the values of a column. Which texts stand for no value is for whoever reads the file to say: they are to be given as [`Cell::Null`].
#[derive(Clone, Debug)]
pub struct Inference {
    nulls: u64,
    values: u64,
    examples: Vec<String>,
    /// What it may be by all that was observed.
    readings: Vec<Reading>,
    seen: Seen,
    scratch: String,
}

/// What of the values tells between readings that all may be.
#[derive(Clone, Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is seen or not")]
struct Seen {
    /// Indexes of what followed days, as bits.
    suffixes: u8,
    /// Truth values: words, T and F.
    words: bool,
    letters: [bool; 2],
    json: bool,
    /// Timestamps that the file itself types.
    timestamps: bool,
    /// A comma that can only be a decimal sign, and one that may be between thousands.
    comma: bool,
    undecided_comma: bool,
    /// The first and last number of two digits of dates, as bits.
    first: u128,
    last: u128,
}

impl Default for Inference {
    fn default() -> Self {
        let (examples, scratch) = (Vec::new(), String::new());
        Self { nulls: 0, values: 0, examples, readings: Reading::all(), seen: Seen::default(), scratch }
    }
}

impl Inference {
    /// Takes a value of the column.
    pub fn observe(&mut self, cell: Cell<'_>) {
        if cell.is_null() {
            self.nulls += 1;
            return;
        }
        self.values += 1;
        self.keep_example(cell);
        if self.readings.is_empty() {
            return;
        }
        let scratch = &mut self.scratch;
        self.readings.retain(|reading| reading.takes(cell, scratch));
        match cell {
            Cell::Text(text) => self.see(text.trim_ascii()),
            Cell::Json(_) => self.seen.json = true,
            Cell::Boolean(_) => self.seen.words = true,
            Cell::Timestamp(_) => self.seen.timestamps = true,
            _ => {}
        }
    }

    fn keep_example(&mut self, cell: Cell<'_>) {
        if self.examples.len() >= EXAMPLES {
            return;
        }
        let shortened: String = match cell {
            Cell::Text(text) | Cell::Number(text) | Cell::Json(text) => text.chars().take(EXAMPLE).collect(),
            _ => {
                self.scratch.clear();
                // What the file types and no text can be, such as a day in year 20000, is no example.
                if Cast::new(Type::Text).write(cell, &mut self.scratch).is_err() {
                    return;
                }
                self.scratch.chars().take(EXAMPLE).collect()
            }
        };
        if !self.examples.contains(&shortened) {
            self.examples.push(shortened);
        }
    }

    /// Notes what tells between the readings that are left.
    fn see(&mut self, text: &str) {
        match text {
            "t" | "T" => self.seen.letters[0] = true,
            "f" | "F" => self.seen.letters[1] = true,
            _ => self.seen.words = true,
        }
        if self.has(Reading::Comma)
            && let Some((whole, fraction)) = text.split_once(',')
        {
            let whole = whole.trim_start_matches('-');
            let may_be_thousands = fraction.len() == GROUP && (1..=GROUP).contains(&whole.len()) && !whole.starts_with('0');
            self.seen.undecided_comma |= may_be_thousands;
            self.seen.comma |= !may_be_thousands;
        }
        let order = self.readings.iter().find(|reading| matches!(reading, Reading::Order(_)));
        if let Some(suffix) = order.and_then(|order| order.suffix(Cell::Text(text), &mut self.scratch)) {
            self.seen.suffixes |= 1 << suffix;
            self.seen_numbers(text);
        }
    }

    fn seen_numbers(&mut self, text: &str) {
        let day = text.split([' ', 'T']).next().unwrap_or_default();
        let bit = |number: Option<&str>| {
            number.and_then(|number| number.parse().ok()).map_or(0, |number: u32| 1_u128.checked_shl(number).unwrap_or(0))
        };
        self.seen.first |= bit(day.split(['/', '.', '-']).next());
        self.seen.last |= bit(day.rsplit(['/', '.', '-']).next());
    }

    fn has(&self, reading: Reading) -> bool {
        self.readings.contains(&reading)
    }

    /// What is proposed by all that was observed.
    pub fn proposal(&self) -> Proposal {
        let text = Proposal {
            kind: Type::Text,
            formats: Vec::new(),
            decimal_comma: false,
            nulls: self.nulls,
            values: self.values,
            examples: self.examples.clone(),
            ambiguous: None,
        };
        if self.values == 0 {
            return text;
        }
        let Some(reading) = self.readings.iter().copied().find(|reading| self.is_plausible(*reading)) else {
            return Proposal { ambiguous: self.undecided(), ..text };
        };
        match reading {
            Reading::Order(_) => self.dates(text),
            Reading::Mixed => Proposal { ambiguous: Some("some values have an offset from UTC and others have none".to_owned()), ..text },
            Reading::HalfDayTime => Proposal { kind: reading.kind(), formats: HALF_DAY_TIMES.map(str::to_owned).to_vec(), ..text },
            _ => Proposal { kind: reading.kind(), decimal_comma: reading == Reading::Comma, ..text },
        }
    }

    /// Whether a person would say so of all values together.
    fn is_plausible(&self, reading: Reading) -> bool {
        let Seen { words, letters, json, comma, .. } = self.seen;
        match reading {
            Reading::Boolean => words && letters == [false; 2] || !words && letters == [true; 2],
            Reading::Comma => comma,
            Reading::Jsonb => json || self.examples.iter().all(|example| example.trim_ascii_start().starts_with(['{', '['])),
            _ => true,
        }
    }

    fn undecided(&self) -> Option<String> {
        let is_undecided = self.has(Reading::Comma) && self.seen.undecided_comma;
        is_undecided.then(|| "the commas may be decimal signs or stand between thousands".to_owned())
    }

    /// The proposal of dates of which only the order is left to decide.
    fn dates(&self, text: Proposal) -> Proposal {
        let orders: Vec<_> = self.readings.iter().copied().filter_map(order).filter(|order| !self.is_refuted(order)).collect();
        let [order] = orders.as_slice() else {
            return Proposal { ambiguous: Some(format!("all values can be read as {}", orders.join(" and as "))), ..text };
        };
        let used = || SUFFIXES.iter().enumerate().filter(|(index, _)| self.seen.suffixes >> index & 1 == 1);
        let kind = if !self.seen.timestamps && used().all(|(_, suffix)| suffix.is_empty()) { Type::Date } else { Type::Timestamp };
        Proposal { kind, formats: used().map(|(_, suffix)| format!("{order}{suffix}")).collect(), ..text }
    }

    /// Whether the order has the days of a column where the numbers are those of its years.
    fn is_refuted(&self, order: &str) -> bool {
        let (first, last) = (self.seen.first.count_ones(), self.seen.last.count_ones());
        let is_spread = |days: u32, years: u32| days >= DAYS && days >= DAYS_PER_YEAR * years;
        order.starts_with("%y") && is_spread(first, last) || order.starts_with("%d") && order.ends_with("%y") && is_spread(last, first)
    }
}

fn order(reading: Reading) -> Option<&'static str> {
    if let Reading::Order(index) = reading { ORDERS.get(usize::from(index)).copied() } else { None }
}

#[cfg(test)]
mod tests;
