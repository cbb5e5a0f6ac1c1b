//! The table at the end: a line for each fault.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use crate::faults::Fault;
use crate::round::Verdict;

/// What came of all rounds so far. Those without a fault come first.
#[derive(Debug, Default)]
pub(super) struct Table(BTreeMap<Option<Fault>, Line>);

#[derive(Debug, Default)]
struct Line {
    rounds: usize,
    struck: u64,
    /// Strikes while tables were imported, and looks at rows that were replaced.
    at_tables: usize,
    reads: usize,
    retried: usize,
    differences: usize,
    recovery: Duration,
    time: Duration,
}

impl Table {
    /// Adds a round, which took so long.
    pub(super) fn add(&mut self, fault: Option<Fault>, verdict: &Verdict, time: Duration) {
        let line = self.0.entry(fault).or_default();
        line.rounds += 1;
        line.struck += verdict.struck.count;
        line.at_tables += verdict.at_tables;
        line.reads += verdict.reads;
        line.retried += verdict.retried;
        line.differences += verdict.differences.len();
        line.recovery = line.recovery.max(verdict.recovery);
        line.time = line.time.max(time);
    }

    /// How often a fault went off while tables were imported.
    pub(super) fn at_tables(&self) -> usize {
        self.0.values().map(|line| line.at_tables).sum()
    }

    /// The faults that never went off: their rounds show nothing.
    pub(super) fn missed(&self) -> Vec<String> {
        let missed = self.0.iter().filter(|(_, line)| line.struck == 0);
        missed.filter_map(|(fault, _)| fault.map(Fault::name)).collect()
    }

    /// Differences in all rounds.
    pub(super) fn differences(&self) -> usize {
        self.0.values().map(|line| line.differences).sum()
    }

    /// Looks at rows that were replaced, in all rounds.
    pub(super) fn reads(&self) -> usize {
        self.0.values().map(|line| line.reads).sum()
    }

    /// The table as text.
    pub(super) fn text(&self) -> String {
        let mut text =
            String::from("fault            rounds  injected  at tables  reads  retried  differences  slowest recovery  slowest round\n");
        for (fault, Line { rounds, struck, at_tables, reads, retried, differences, recovery, time }) in &self.0 {
            let name = fault.map_or_else(|| "(none)".to_owned(), Fault::name);
            let (recovery, time) = (recovery.as_secs_f64(), time.as_secs_f64());
            let _ = writeln!(
                text,
                "{name:15}  {rounds:>6}  {struck:>8}  {at_tables:>9}  {reads:>5}  {retried:>7}  {differences:>11}  {recovery:>14.1} s  {time:>11.1} s"
            );
        }
        text
    }
}
