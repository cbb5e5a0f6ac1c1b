//! The table at the end: a line for each attack, with what it cost whom.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use crate::attacks::Attack;
use crate::verdict::Outcome;

/// What came of all rounds so far. That without an attack comes first.
#[derive(Debug, Default)]
pub(super) struct Table(BTreeMap<Option<Attack>, Line>);

/// Sums of the attacker's, and the worst of the others'.
#[derive(Debug, Default)]
struct Line {
    sent: u64,
    taken: u64,
    refused: u64,
    cut: u64,
    failed: u64,
    app_time: Duration,
    app_memory: u64,
    database_time: Duration,
    database_memory: u64,
    p50: Duration,
    p95: Duration,
    import: Duration,
    has_faults: bool,
}

/// The groups of columns: what the attacker sent and was told, what that took of processors and memory, how long the other tenant waited.
const GROUPS: &str = "                   ---------- the attacker --------- --- app ---- - database  - the other, ms -\n";
const HEAD: &str = "attack             MB sent taken refused  cut failed      s   MiB     s   MiB  p50   p95 import\n";

impl Table {
    /// Adds what the other tenant has alone.
    pub(super) fn add_idle(&mut self, outcome: &Outcome) {
        self.0.entry(None).or_default().add(outcome);
    }

    /// Adds an attack.
    pub(super) fn add(&mut self, attack: Attack, outcome: &Outcome) {
        self.0.entry(Some(attack)).or_default().add(outcome);
    }

    /// Attacks that harmed somebody.
    pub(super) fn failed(&self) -> Vec<String> {
        self.0.iter().filter(|(_, line)| line.has_faults).filter_map(|(attack, _)| attack.map(Attack::name)).collect()
    }

    /// The table as text.
    pub(super) fn text(&self) -> String {
        let mut text = String::from(GROUPS) + HEAD;
        for (attack, line) in &self.0 {
            line.write(&attack.map_or_else(|| "(none)".to_owned(), Attack::name), &mut text);
        }
        text
    }
}

impl Line {
    fn add(&mut self, outcome: &Outcome) {
        let Outcome { seen, ends, other, usage, .. } = outcome;
        let answers = |of: fn(u16) -> bool| seen.answers.iter().filter(|(status, _)| of(**status)).map(|(_, count)| count).sum::<u64>();
        self.sent += seen.sent;
        self.taken += answers(|status| status < 400);
        self.refused += answers(|status| status >= 400);
        self.cut += seen.cut;
        self.failed += ends.ended.iter().filter(|((state, _), _)| state == "failed").map(|(_, count)| count).sum::<u64>();
        self.app_time = self.app_time.max(usage.app.time);
        self.app_memory = self.app_memory.max(usage.app.memory);
        self.database_time = self.database_time.max(usage.database.time);
        self.database_memory = self.database_memory.max(usage.database.memory);
        self.p50 = self.p50.max(other.pages().median());
        self.p95 = self.p95.max(other.pages().percentile(95));
        self.import = self.import.max(other.import());
        self.has_faults |= !outcome.faults.is_empty();
    }

    fn write(&self, name: &str, text: &mut String) {
        let Self { taken, refused, cut, failed, .. } = self;
        // Tenths, without a float that would have to be made of it.
        let megabytes = format!("{}.{}", self.sent / 1_000_000, self.sent / 100_000 % 10);
        let [app, database] = [self.app_time, self.database_time].map(|time| time.as_secs_f64());
        let [app_memory, database_memory] = [self.app_memory, self.database_memory].map(|bytes| bytes >> 20);
        let [p50, p95, import] = [self.p50, self.p95, self.import].map(|time| time.as_millis());
        let mark = if self.has_faults { '✗' } else { '✓' };
        let _ = writeln!(
            text,
            "{name:18} {megabytes:>7} {taken:>5} {refused:>7} {cut:>4} {failed:>6} {app:>6.1} {app_memory:>5} {database:>5.1} \
             {database_memory:>5} {p50:>4} {p95:>5} {import:>6} {mark}"
        );
    }
}

#[cfg(test)]
mod tests {
    use clap::ValueEnum as _;

    use super::*;

    /// Columns of a terminal that it fits into.
    const WIDTH: usize = 100;

    #[test]
    fn it_fits_100_columns() {
        let mut table = Table::default();
        for attack in Attack::value_variants() {
            let line = Line {
                sent: 99_999_900_000,
                taken: 99_999,
                refused: 999_999,
                cut: 9_999,
                failed: 9_999,
                app_time: Duration::from_secs(9_999),
                app_memory: 99_999 << 20,
                database_time: Duration::from_secs(999),
                database_memory: 99_999 << 20,
                p50: Duration::from_millis(9_999),
                p95: Duration::from_millis(99_999),
                import: Duration::from_millis(999_999),
                has_faults: true,
            };
            table.0.insert(Some(*attack), line);
        }
        let text = table.text();
        let widths: Vec<_> = text.lines().map(|line| line.chars().count()).collect();
        assert!(widths.iter().all(|width| *width <= WIDTH), "{text}");
        assert!(widths[2..].iter().all(|width| *width == widths[1] + 2), "{text}");
    }

    #[test]
    fn of_several_rounds_the_worst_is_told() {
        let mut table = Table::default();
        let mut outcome = Outcome::default();
        outcome.seen.answers = [(202, 2), (429, 1)].into();
        table.add(Attack::Writes, &outcome);
        outcome.faults.push("something".to_owned());
        table.add(Attack::Writes, &outcome);
        table.add(Attack::Reads, &Outcome::default());
        assert_eq!(table.failed(), ["writes"]);
        let line = table.text().lines().last().map(|line| line.split_whitespace().take(4).collect::<Vec<_>>().join(" "));
        assert_eq!(line.as_deref(), Some("writes 0.0 4 2"));
    }
}
