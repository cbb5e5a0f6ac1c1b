//! What is printed: a line for each file, and counts at the end.

use std::collections::BTreeMap;

use crate::others::Theirs;
use crate::ours::Ours;
use crate::verdict::Verdict;

/// Files so far.
#[derive(Debug, Default)]
pub(crate) struct Table {
    counts: BTreeMap<&'static str, usize>,
    unexplained: usize,
    skipped: usize,
}

impl Table {
    /// Passes over a file that nobody reads.
    pub(crate) fn skip(&mut self) {
        self.skipped += 1;
    }

    /// Prints a file.
    pub(crate) fn add(&mut self, name: &str, ours: &Ours, theirs: &Theirs, verdict: Verdict, reason: Option<&str>) {
        let (kind, text) = match (verdict, reason) {
            (Verdict::Same, _) => ("same", "same".to_owned()),
            (Verdict::Refused, _) => ("refused by both", "refused by both".to_owned()),
            (Verdict::Alone, _) => ("read by us alone", "read by us alone".to_owned()),
            (Verdict::RefusedByUs, Some(reason)) => ("refused for a reason", format!("refused: {reason}")),
            (Verdict::RefusedByUs, None) => {
                self.unexplained += 1;
                ("REFUSED", "REFUSED, and the other reads it".to_owned())
            }
            (Verdict::Differs(_), Some(reason)) => ("differ for a reason", format!("differs: {reason}")),
            (Verdict::Broken(what), _) => {
                self.unexplained += 1;
                ("BROKEN", format!("BROKEN: {what}"))
            }
            (Verdict::Differs(what), None) => {
                self.unexplained += 1;
                let dialect = if ours.dialect.is_empty() { String::new() } else { format!(" ({})", ours.dialect) };
                ("DIFFER", format!("DIFFERS: {what}{dialect}"))
            }
        };
        if self.counts.is_empty() {
            println!("file | ours | other | verdict");
        }
        *self.counts.entry(kind).or_default() += 1;
        println!("{name} | {} | {} | {text}", of_ours(ours), of_theirs(theirs));
    }

    /// Prints the counts.
    pub(crate) fn end(&self) {
        let counts: Vec<_> = self.counts.iter().map(|(kind, count)| format!("{count} {kind}")).collect();
        println!("\n{}; {} files of other kinds", counts.join(", "), self.skipped);
    }

    /// Files that differ for no reason that is known.
    pub(crate) fn unexplained(&self) -> usize {
        self.unexplained
    }
}

fn of_ours(ours: &Ours) -> String {
    match &ours.error {
        Some(error) if ours.rows.is_empty() => format!("refused: {error}"),
        Some(error) => format!("{} rows, then: {error}", ours.rows.len()),
        None => format!("{} rows, {} columns{}", ours.rows.len() - ours.bad(), ours.names.len(), of_bad(ours.bad())),
    }
}

fn of_bad(bad: usize) -> String {
    if bad == 0 { String::new() } else { format!(", {bad} bad") }
}

fn of_theirs(theirs: &Theirs) -> String {
    let Theirs { by, header, rows, records, error } = theirs;
    match error {
        Some(error) => format!("{by} refuses: {error}"),
        None if rows.is_empty() => format!("{by}: {} records", records.len()),
        None => {
            let columns = rows.iter().map(Vec::len).max().unwrap_or_default();
            format!("{by}: {} rows, {columns} columns", rows.len() - usize::from(*header == Some(true)))
        }
    }
}
