//! What one segment teaches of the next.

use std::mem::take;

/// Where something was learnt, or may be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportPlace<I> {
    /// The import.
    pub import: I,
    /// Offset in the object at which the report begins.
    pub report: u64,
    /// Offset in the report.
    pub offset: u64,
}

/// What a drain sent while it read a segment to its end: need not be sent, nor its texts be read, once more by a later segment of the same report.
/// Not by an earlier one, since of a finding's records the one that comes first in the report counts.
#[derive(Debug)]
pub struct Memory<I, T>(Option<(ReportPlace<I>, T)>);

impl<I: PartialEq, T: Default> Memory<I, T> {
    /// Of nothing.
    pub fn none() -> Self {
        Self(None)
    }

    /// Whether it holds anything.
    pub fn is_some(&self) -> bool {
        self.0.is_some()
    }

    /// What was learnt before this place of the same report, else nothing. It is forgotten here.
    pub fn recall(&mut self, at: &ReportPlace<I>) -> T {
        let fits = |(place, _): &(ReportPlace<I>, T)| place.import == at.import && place.report == at.report && place.offset <= at.offset;
        take(&mut self.0).filter(fits).map(|(_, learnt)| learnt).unwrap_or_default()
    }

    /// Keeps what was learnt until this place.
    pub fn keep(&mut self, place: ReportPlace<I>, learnt: T) {
        self.0 = Some((place, learnt));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(import: u32, report: u64, offset: u64) -> ReportPlace<u32> {
        ReportPlace { import, report, offset }
    }

    #[test]
    fn what_is_known_is_known_later_in_the_same_report_and_only_once() {
        let recall = |place: ReportPlace<u32>| {
            let mut memory = Memory::none();
            memory.keep(at(1, 10, 100), "known");
            let known = memory.recall(&place);
            assert!(!memory.is_some());
            known
        };
        assert_eq!([at(1, 10, 100), at(1, 10, 200)].map(recall), ["known"; 2]);
        assert_eq!([at(1, 10, 99), at(1, 11, 200), at(2, 10, 200)].map(recall), [""; 3], "earlier, another report, another import");
        assert_eq!(Memory::<u32, String>::none().recall(&at(1, 10, 0)), "");
    }
}
