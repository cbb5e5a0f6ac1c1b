//! What came of an attack, and whether anybody was harmed.

use std::time::Duration;

use crate::attacker::{Ends, Seen};
use crate::other::Observed;
use crate::usage::Usage;

/// How much longer than alone the other tenant may wait for a page, and what it may wait besides: where an attacker computes as long as it may, everybody on
/// a machine of few processors waits for a turn, and this tool computes on the same ones.
const SLOWER: u32 = 2;
const FLOOR: Duration = Duration::from_millis(50);
/// How long the other tenant may wait for a small import: a turn of the attacker's (20 s), and the schedule's next look (10 s).
const IMPORT: Duration = Duration::from_secs(30);
/// Memory of the app: as many instances of 128 MiB as may work on imports, and a part of each upload that one address may have open.
const APP_MEMORY: u64 = 2 << 30;
/// Memory of the database: what its processes share (256 MiB), and what a statement may take in each of the app's connections.
const DATABASE_MEMORY: u64 = 2 << 30;

/// What came of an attack.
#[derive(Clone, Debug, Default)]
pub(super) struct Outcome {
    pub(super) seen: Seen,
    pub(super) ends: Ends,
    pub(super) other: Observed,
    pub(super) usage: Usage,
    /// What was answered, and how imports ended, in words.
    pub(super) told: String,
    /// Everything that is not as it should be.
    pub(super) faults: Vec<String>,
}

impl Outcome {
    pub(super) fn new(seen: Seen, ends: Ends, other: Observed, usage: Usage) -> Self {
        let told = told(&seen, &ends);
        let faults = [seen.faults.clone(), ends.faults(), other.faults.clone()].concat();
        Self { seen, ends, other, usage, told, faults }
    }

    /// Where nobody attacked.
    pub(super) fn idle(other: Observed, usage: Usage) -> Self {
        Self::new(Seen::default(), Ends::default(), other, usage)
    }

    /// Holds that memory is bounded and, where times are judged, that the other tenant hardly noticed.
    pub(super) fn judge(&mut self, idle: &Observed, is_timed: bool) {
        for (whose, memory, most) in [("app", self.usage.app.memory, APP_MEMORY), ("database", self.usage.database.memory, DATABASE_MEMORY)]
        {
            if memory > most {
                self.faults.push(format!("the {whose} takes {} MiB of memory, more than {} MiB", memory >> 20, most >> 20));
            }
        }
        let (p95, most) = (self.other.pages().percentile(95), SLOWER * idle.pages().percentile(95) + FLOOR);
        if is_timed && p95 > most {
            let [p95, most, floor] = [p95, most, FLOOR].map(|time| time.as_millis());
            self.faults.push(format!(
                "the other tenant waits {p95} ms for a page (p95), more than {SLOWER} times as long as alone and {floor} ms: {most} ms"
            ));
        }
        if is_timed && self.other.import() > IMPORT {
            let (import, most) = (self.other.import().as_secs(), IMPORT.as_secs());
            self.faults.push(format!("the other tenant waits {import} s for a small import, more than {most} s"));
        }
    }

    /// Notes instances that ended in a trap.
    pub(super) fn note_traps(&mut self, traps: u64) {
        if traps > 0 {
            self.faults.push(format!("{traps} instances ended in a trap: the log of the app says why"));
        }
    }

    /// ✓ or ✗.
    pub(super) fn mark(&self) -> &'static str {
        if self.faults.is_empty() { "✓" } else { "✗" }
    }
}

fn told(seen: &Seen, ends: &Ends) -> String {
    let answers = seen.answers.iter().map(|(status, count)| format!("{count} × {status}"));
    let cut = (seen.cut > 0).then(|| format!("{} × cut", seen.cut));
    let ended = ends.ended.iter().map(|((state, code), count)| {
        let code = if code.is_empty() { String::new() } else { format!(" ({code})") };
        format!("{count} {state}{code}")
    });
    let (answers, ended) = (answers.chain(cut).collect::<Vec<_>>().join(", "), ended.collect::<Vec<_>>().join(", "));
    if ended.is_empty() { answers } else { format!("{answers}; imports: {ended}") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::usage::Took;

    fn observed(milliseconds: u64) -> Observed {
        Observed { pages: vec![Duration::from_millis(milliseconds); 20], ..Observed::default() }
    }

    fn judged(outcome: Outcome, is_timed: bool) -> Vec<String> {
        let mut outcome = outcome;
        outcome.judge(&observed(10), is_timed);
        outcome.faults
    }

    #[test]
    fn who_waits_twice_as_long_and_a_little_is_not_harmed() {
        let of = |milliseconds| Outcome::idle(observed(milliseconds), Usage::default());
        assert!(judged(of(70), true).is_empty());
        assert_eq!(judged(of(71), true).len(), 1);
        assert!(judged(of(71), false).is_empty(), "in a test no time is judged");
        let mut slow = of(1);
        slow.other.imports = vec![Duration::from_secs(1), Duration::from_secs(31)];
        assert_eq!(judged(slow, true), ["the other tenant waits 31 s for a small import, more than 30 s"]);
    }

    #[test]
    fn memory_is_always_judged() {
        let app = Took { memory: (2 << 30) + 1, ..Took::default() };
        let usage = Usage { app, ..Usage::default() };
        assert_eq!(judged(Outcome::idle(observed(1), usage), false).len(), 1);
    }

    #[test]
    fn answers_and_ends_are_told_in_a_line() {
        let seen = Seen { answers: [(202, 3), (429, 1)].into(), cut: 2, ..Seen::default() };
        let ends = Ends { ended: [(("failed".to_owned(), "syntax".to_owned()), 3)].into(), active: 0 };
        let outcome = Outcome::new(seen, ends, Observed::default(), Usage::default());
        assert_eq!((outcome.told.as_str(), outcome.mark()), ("3 × 202, 1 × 429, 2 × cut; imports: 3 failed (syntax)", "✓"));
    }
}
