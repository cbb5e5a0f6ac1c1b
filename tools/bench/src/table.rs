//! What was measured: a row a figure, beside its reference, with its target where there is one.

use std::fmt;
use std::time::Duration;

/// The head of the table.
pub(super) const HEAD: [&str; COLUMNS] = ["row", "measured", "figure", "beside it", "ratio", "target", ""];
const COLUMNS: usize = 7;

/// A number with its unit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Figure {
    pub(super) value: f64,
    pub(super) unit: &'static str,
}

impl Figure {
    pub(super) fn new(value: f64, unit: &'static str) -> Self {
        Self { value, unit }
    }

    pub(super) fn seconds(time: Duration) -> Self {
        Self::new(time.as_secs_f64(), "s")
    }

    pub(super) fn milliseconds(time: Duration) -> Self {
        Self::new(time.as_secs_f64() * 1000.0, "ms")
    }

    pub(super) fn count(count: u64, unit: &'static str) -> Self {
        Self::new(float(count), unit)
    }

    /// So many in a time.
    pub(super) fn rate(count: u64, time: Duration, unit: &'static str) -> Self {
        Self::new(float(count) / time.as_secs_f64().max(1e-9), unit)
    }

    pub(super) fn records_per_second(records: u64, time: Duration) -> Self {
        Self::rate(records, time, "records/s")
    }

    pub(super) fn megabytes_per_second(bytes: u64, time: Duration) -> Self {
        Self::new(float(bytes) / 1e6 / time.as_secs_f64().max(1e-9), "MB/s")
    }

    /// A part of a whole.
    pub(super) fn share(part: f64, whole: f64) -> Self {
        Self::new(100.0 * part / whole.max(1e-9), "%")
    }

    pub(super) fn mebibytes(bytes: u64) -> Self {
        Self::new(float(bytes) / 1024.0 / 1024.0, "MiB")
    }
}

impl fmt::Display for Figure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", number(self.value), self.unit)
    }
}

/// Counts in a benchmark are far below 2^52.
#[expect(clippy::cast_precision_loss, reason = "for a person to read")]
pub(super) fn float(count: u64) -> f64 {
    count as f64
}

/// About three digits that count, thousands apart; whole numbers as they are.
pub(super) fn number(value: f64) -> String {
    let decimals = match value.abs() {
        _ if value.fract() == 0.0 => 0,
        100.0.. => 0,
        10.0.. => 1,
        1.0.. => 2,
        _ => 3,
    };
    let text = format!("{value:.decimals$}");
    let whole = text.find('.').unwrap_or(text.len());
    let mut spaced = String::new();
    for (place, digit) in text.char_indices() {
        if place > 0 && place < whole && (whole - place) % 3 == 0 && digit.is_ascii_digit() && !spaced.ends_with('-') {
            spaced.push(',');
        }
        spaced.push(digit);
    }
    spaced
}

/// So many of something: "1 drain", "1,000 clients".
pub(super) fn count_of(count: usize, what: &str) -> String {
    format!("{} {what}{}", number(float(count as u64)), if count == 1 { "" } else { "s" })
}

/// What a figure, or its ratio to the reference, is to be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Target {
    AtMost(f64),
    AtLeast(f64),
    RatioAtMost(f64),
    RatioAtLeast(f64),
}

/// One measurement.
#[derive(Clone, Debug)]
pub(super) struct Row {
    pub(super) subject: &'static str,
    pub(super) what: String,
    pub(super) figure: Figure,
    reference: Option<(String, Figure)>,
    target: Option<Target>,
}

impl Row {
    pub(super) fn new(subject: &'static str, what: impl Into<String>, figure: Figure) -> Self {
        Self { subject, what: what.into(), figure, reference: None, target: None }
    }

    /// Says of a row that it is of another host than the one of all other rows, which alone has targets.
    pub(super) fn on(self, host: &str) -> Self {
        Self { what: format!("{host}: {}", self.what), target: None, ..self }
    }

    /// Sets what the figure is to be compared with.
    pub(super) fn beside(self, name: impl Into<String>, figure: Figure) -> Self {
        Self { reference: Some((name.into(), figure)), ..self }
    }

    /// Sets what is asked of it.
    pub(super) fn target(self, target: Target) -> Self {
        Self { target: Some(target), ..self }
    }

    /// The figure as so many times the reference, where both are in the same unit.
    fn ratio(&self) -> Option<f64> {
        let (_, reference) = self.reference.as_ref()?;
        (reference.unit == self.figure.unit && reference.value > 0.0).then(|| self.figure.value / reference.value)
    }

    /// Whether the target holds, where there is one.
    fn holds(&self) -> Option<bool> {
        let value = self.figure.value;
        Some(match self.target? {
            Target::AtMost(most) => value <= most,
            Target::AtLeast(least) => value >= least,
            Target::RatioAtMost(most) => self.ratio()? <= most,
            Target::RatioAtLeast(least) => self.ratio()? >= least,
        })
    }

    /// As a line of the table.
    pub(super) fn cells(&self) -> [String; COLUMNS] {
        let reference = self.reference.as_ref().map(|(name, figure)| format!("{name}: {figure}"));
        let target = self.target.map(|target| match target {
            Target::AtMost(most) => format!("at most {}", Figure { value: most, ..self.figure }),
            Target::AtLeast(least) => format!("at least {}", Figure { value: least, ..self.figure }),
            Target::RatioAtMost(most) => format!("ratio at most {}", number(most)),
            Target::RatioAtLeast(least) => format!("ratio at least {}", number(least)),
        });
        [
            self.subject.to_owned(),
            self.what.clone(),
            self.figure.to_string(),
            reference.unwrap_or_default(),
            self.ratio().map(number).unwrap_or_default(),
            target.unwrap_or_default(),
            self.holds().map_or("", |holds| if holds { "✓" } else { "✗" }).to_owned(),
        ]
    }
}

/// The table as a terminal shows it.
pub(super) fn plain(rows: &[Row]) -> String {
    let lines: Vec<_> = std::iter::once(HEAD.map(str::to_owned)).chain(rows.iter().map(Row::cells)).collect();
    let width = |column: usize| lines.iter().map(|line| line[column].chars().count()).max().unwrap_or_default();
    let widths: [usize; COLUMNS] = std::array::from_fn(width);
    let mut text = String::new();
    for line in &lines {
        let cells = line.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}"));
        text.push_str(cells.collect::<Vec<_>>().join("  ").trim_end());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short_and_their_thousands_apart() {
        let numbers = [0.0, 0.1234, 1.25, 12.34, 999.6, 1000.0, 51_234.5, 2_000_000.0, -1234.5];
        assert_eq!(numbers.map(number), ["0", "0.123", "1.25", "12.3", "1,000", "1,000", "51,234", "2,000,000", "-1,234"]);
    }

    #[test]
    fn one_is_one() {
        assert_eq!([count_of(1, "drain"), count_of(1000, "client")], ["1 drain", "1,000 clients"]);
    }

    #[test]
    fn a_target_is_of_the_figure_or_of_its_ratio_to_the_reference() {
        let row = Row::new("drain", "time", Figure::new(5.0, "s")).beside("floor", Figure::new(4.0, "s"));
        let holds = |target| row.clone().target(target).holds();
        assert_eq!(holds(Target::RatioAtMost(1.25)), Some(true));
        assert_eq!(holds(Target::RatioAtLeast(1.26)), Some(false));
        assert_eq!(holds(Target::AtMost(4.9)), Some(false));
        assert_eq!(holds(Target::AtLeast(5.0)), Some(true));
        assert_eq!(row.holds(), None);
    }

    #[test]
    fn columns_stand_below_each_other() {
        let rows = [Row::new("a", "short", Figure::new(1.0, "s")), Row::new("b", "a longer one", Figure::new(1.0, "ms"))];
        assert_eq!(plain(&rows).lines().nth(2), Some("b    a longer one  1 ms"));
    }
}
