//! What may be made of a report: in proportion to what was read of it.
//!
//! Records repeat what they have in common, each text for each place at which a finding was seen. A report can be written so that this is a thousand
//! times as much as the report itself. So what is made is counted. Over the limit, records go on without their long texts and lists, which is said in a
//! problem of each record; far over it, the reading ends. Whatever a checkpoint is made of goes on counting where it stood.

use serde::{Deserialize, Serialize};

use crate::{KnownFindings, Problem, ProblemCode, ReadError, ReadErrorKind, Record, limits};

/// What somebody wants of the next record.
pub(crate) struct Wanted<'w> {
    /// Of these findings no more than the identity.
    pub(crate) known: &'w KnownFindings,
    /// What may be made.
    pub(crate) budget: &'w mut Budget,
}

/// Where a record is, and how much was read with it.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Source {
    pub(crate) offset: u64,
    pub(crate) line: u64,
    /// Bytes that it takes, about.
    pub(crate) length: usize,
}

/// What was made of a report so far.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Budget {
    counted: Counted,
    /// The same at the place that a checkpoint is made of.
    saved: Counted,
}

/// What is counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Counted {
    /// Offset from which on it is counted: where a segment begins.
    since: u64,
    /// Bytes of records.
    output: u64,
    /// Values and bytes that were looked at to make them.
    work: u64,
    /// The record of which something was left out last, and its line where that is not said yet.
    short: Option<u64>,
    unsaid: Option<u64>,
}

impl Budget {
    /// At the start of a report, or of a segment.
    pub(crate) fn since(offset: u64) -> Self {
        Self::of(Counted { since: offset, ..Counted::default() })
    }

    /// At the place of a checkpoint.
    pub(crate) fn of(counted: Counted) -> Self {
        Self { counted, saved: counted }
    }

    /// For a checkpoint.
    pub(crate) fn saved(&self) -> Counted {
        self.saved
    }

    /// The place that a checkpoint would be made of is here.
    pub(crate) fn save(&mut self) {
        self.saved = self.counted;
    }

    /// What was made so far.
    pub(crate) fn work(&self) -> u64 {
        self.counted.work + self.counted.output
    }

    fn room(&self, at: Source) -> u64 {
        let read = at.offset.saturating_sub(self.counted.since) + at.length as u64;
        limits::OUTPUT + limits::OUTPUT_PER_BYTE * read
    }

    /// Whether long texts and lists still fit in. If not, that is noted.
    pub(crate) fn has_room(&mut self, at: Source) -> bool {
        let has_room = self.counted.output <= self.room(at);
        if !has_room && self.counted.short != Some(at.offset) {
            (self.counted.short, self.counted.unsaid) = (Some(at.offset), Some(at.line));
        }
        has_room
    }

    /// Counts values and bytes that were looked at.
    pub(crate) fn look(&mut self, work: u64, at: Source) -> Result<(), ReadError> {
        self.counted.work += work;
        if self.counted.work > limits::WORK_FACTOR * self.room(at) { Err(too_much("to read its records takes", at)) } else { Ok(()) }
    }

    /// Counts a record that is given.
    pub(crate) fn give(&mut self, record: &Record, at: Source) -> Result<(), ReadError> {
        self.counted.output += record.size() as u64;
        if self.counted.output > 2 * self.room(at) {
            return Err(too_much("its records are", at));
        }
        self.save();
        Ok(())
    }

    /// What is still to be said of a record of which something was left out.
    pub(crate) fn note(&mut self) -> Option<Problem> {
        let line = self.counted.unsaid.take()?;
        self.save();
        let message = format!(
            "evidence, descriptions and lists of this record are left out of further occurrences: they would be more than {} bytes, and {} for each byte \
             of the report (limits::OUTPUT)",
            limits::OUTPUT,
            limits::OUTPUT_PER_BYTE
        );
        let offset = self.counted.short.unwrap_or_default();
        Some(Problem { code: ProblemCode::TooLarge, message, offset, line, excerpt: String::new() })
    }
}

fn too_much(what: &str, Source { offset, line, .. }: Source) -> ReadError {
    let message = format!(
        "the report repeats itself too often: {what} many times as much as {} bytes, and {} for each of its bytes (limits::OUTPUT)",
        limits::OUTPUT,
        limits::OUTPUT_PER_BYTE
    );
    ReadError { kind: ReadErrorKind::LimitExceeded, message, offset, line }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(length: usize) -> Record {
        Record::Tool { name: "x".repeat(length) }
    }

    #[test]
    fn what_is_over_the_limit_is_noted_once_a_record_and_ends_at_twice_of_it() {
        let mut budget = Budget::since(100);
        let at = |offset| Source { offset, line: 7, length: 0 };
        let limit = usize::try_from(limits::OUTPUT).expect("small");
        budget.give(&record(limit + 1), at(100)).expect("less than twice the limit");
        assert!(budget.has_room(at(101)), "more was read");
        assert_eq!(budget.note(), None);
        assert!(!budget.has_room(at(100)));
        assert!(!budget.has_room(at(100)));
        assert_eq!(budget.note().map(|problem| (problem.offset, problem.line)), Some((100, 7)));
        assert_eq!(budget.note(), None, "it is said");
        assert_eq!(budget.give(&record(limit), at(100)).expect_err("over twice the limit").kind, ReadErrorKind::LimitExceeded);
    }

    #[test]
    fn a_checkpoint_counts_what_was_given_and_not_what_was_looked_at_behind_it() {
        let mut budget = Budget::since(0);
        budget.look(5, Source::default()).expect("little");
        budget.give(&record(3), Source::default()).expect("little");
        budget.look(100, Source::default()).expect("little");
        assert_eq!(Budget::of(budget.saved()).work(), 8);
        let much = limits::WORK_FACTOR * limits::OUTPUT;
        assert_eq!(budget.look(much, Source::default()).expect_err("too much").kind, ReadErrorKind::LimitExceeded);
    }
}
