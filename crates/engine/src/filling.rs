//! One batch, record by record.

use std::time::Instant;

use crate::limits::{BATCH_BYTES, BATCH_TIME, RECORDS_IN_A_ROW};
use crate::work::{Work, WorkStep};

/// A batch that is being filled.
#[derive(Debug)]
pub struct Filling {
    records: usize,
    pause: Instant,
    /// When it ends even where it got no further.
    sign: Instant,
    place: Vec<u8>,
    /// Records at which the host had its last turn.
    breath: usize,
}

/// What a batch that is being filled needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// The bytes at the work's position.
    Bytes,
    /// A turn of the host: see [`RECORDS_IN_A_ROW`].
    Breath,
    /// A sign of life: nothing came of what was read for a while, and the place is still the same.
    Sign,
    /// Nothing: it is as full as it gets. Whether that is the end of the work.
    Nothing {
        /// The work is read to its end.
        ended: bool,
    },
}

/// Why a batch is not longer.
#[derive(Debug)]
pub enum BatchEnd<S> {
    /// A limit of the batch, or the time.
    Full,
    /// The time, though it is no further: it is stored so that the lease is longer, and whoever cancelled is heard. It goes on however short the budget is,
    /// since whoever came after would begin at the same place.
    Unmoved,
    /// The segment's end, which mostly is the report's.
    Segment,
    /// Nothing more can be read. What was read before is stored first.
    Stop(S),
}

/// Whether a batch of so many records and bytes takes no more, where it may have `most` records.
pub fn is_full(records: usize, bytes: usize, most: usize) -> bool {
    records >= most || bytes >= BATCH_BYTES
}

impl Filling {
    /// Begins with a batch of at most so many records, until about then.
    pub fn new(work: &impl Work, records: usize, now: Instant, deadline: Instant) -> Self {
        let sign = now + BATCH_TIME;
        Self { records, pause: deadline.min(sign), sign, place: work.checkpoint(), breath: 0 }
    }

    /// Reads on.
    pub fn fill<W: Work>(&mut self, work: &mut W, now: impl Fn() -> Instant) -> Result<Need, W::Error> {
        while !is_full(work.records(), work.bytes(), self.records) {
            if work.records() >= self.breath + RECORDS_IN_A_ROW {
                self.breath = work.records();
                return Ok(Need::Breath);
            }
            let need = match work.step()? {
                WorkStep::Record => continue,
                WorkStep::End => return Ok(Need::Nothing { ended: true }),
                WorkStep::NeedInput => Need::Bytes,
                WorkStep::Working => Need::Breath,
            };
            let now = now();
            if now < self.pause {
                return Ok(need);
            }
            // Time is up only where it was of use: however short the budget, each turn gets further.
            if work.checkpoint() != self.place {
                break;
            }
            return Ok(if now < self.sign { need } else { Need::Sign });
        }
        Ok(Need::Nothing { ended: false })
    }
}

#[cfg(test)]
mod tests {
    use std::error::Error;
    use std::time::Duration;

    use super::*;

    /// Records of one byte each; a blank is none, and a `.` takes a step without getting further. At `!` it cannot be read any further.
    #[derive(Default)]
    struct Bytes {
        read: Vec<u8>,
        at: usize,
        ended: bool,
        batch: usize,
        length: usize,
        dots: usize,
    }

    impl Work for Bytes {
        type Batch = usize;
        type Error = usize;
        type Cutter = scan_reports::Cutter;

        fn position(&self) -> u64 {
            self.read.len() as u64
        }

        fn progress(&self) -> u64 {
            self.at as u64
        }

        fn checkpoint(&self) -> Vec<u8> {
            self.at.to_le_bytes().to_vec()
        }

        fn feed(&mut self, bytes: &[u8]) {
            self.ended |= bytes.is_empty();
            self.read.extend(bytes);
        }

        fn step(&mut self) -> Result<WorkStep, usize> {
            while let Some(byte) = self.read.get(self.at) {
                if *byte == b'!' {
                    return Err(self.at);
                }
                if *byte == b'.' && self.dots < self.read.len() {
                    self.dots += 1;
                    return Ok(WorkStep::Working);
                }
                self.at += 1;
                if *byte != b' ' {
                    self.batch += 1;
                    return Ok(WorkStep::Record);
                }
            }
            Ok(if self.ended { WorkStep::End } else { WorkStep::NeedInput })
        }

        fn records(&self) -> usize {
            self.batch
        }

        fn bytes(&self) -> usize {
            self.batch * self.length
        }

        fn take_batch(&mut self) -> usize {
            std::mem::take(&mut self.batch)
        }

        fn remembers(&self) -> bool {
            false
        }

        fn cutter(&self, _: u64) -> Option<Self::Cutter> {
            None
        }

        fn end_at(&mut self, _: u64) {}

        fn reach(&self) -> Option<u64> {
            None
        }

        fn start_over(&mut self, _: &[u8]) -> Result<(), Box<dyn Error + Send + Sync>> {
            Ok(())
        }
    }

    fn begin(work: &Bytes, records: usize) -> (Filling, Instant) {
        let now = Instant::now();
        (Filling::new(work, records, now, now + Duration::from_secs(1)), now)
    }

    #[test]
    fn the_host_has_a_turn_every_few_records_and_a_batch_ends_with_its_last() {
        let mut work = Bytes { read: vec![b'x'; 100], ..Bytes::default() };
        let (mut filling, now) = begin(&work, 2 * RECORDS_IN_A_ROW);
        assert_eq!(filling.fill(&mut work, || now), Ok(Need::Breath));
        assert_eq!(work.records(), RECORDS_IN_A_ROW);
        assert_eq!(filling.fill(&mut work, || now), Ok(Need::Nothing { ended: false }), "no turn right at the end");
        assert_eq!(work.take_batch(), 2 * RECORDS_IN_A_ROW);
    }

    #[test]
    fn a_batch_ends_with_its_bytes() {
        let mut work = Bytes { read: vec![b'x'; 100], length: BATCH_BYTES / 2, ..Bytes::default() };
        let (mut filling, now) = begin(&work, 100);
        assert_eq!(filling.fill(&mut work, || now), Ok(Need::Nothing { ended: false }));
        assert_eq!(work.records(), 2);
    }

    #[test]
    fn it_wants_bytes_until_the_end() {
        let mut work = Bytes::default();
        let (mut filling, now) = begin(&work, 100);
        assert_eq!(filling.fill(&mut work, || now), Ok(Need::Bytes));
        work.feed(b"xx");
        assert_eq!(filling.fill(&mut work, || now), Ok(Need::Bytes));
        work.feed(b"");
        assert_eq!(filling.fill(&mut work, || now), Ok(Need::Nothing { ended: true }));
        assert_eq!(work.records(), 2);
    }

    #[test]
    fn when_time_is_up_it_ends_but_not_before_it_got_further() {
        let mut work = Bytes::default();
        let (mut filling, now) = begin(&work, 100);
        let late = || now + Duration::from_secs(1);
        assert_eq!(filling.fill(&mut work, late), Ok(Need::Bytes));
        work.feed(b" ");
        assert_eq!(filling.fill(&mut work, late), Ok(Need::Nothing { ended: false }), "a blank is further");
    }

    #[test]
    fn who_gets_no_further_for_long_gives_a_sign_and_the_host_its_turns() {
        let mut work = Bytes { read: vec![b'.'; 9], ..Bytes::default() };
        let (mut filling, now) = begin(&work, 100);
        assert_eq!(filling.fill(&mut work, || now), Ok(Need::Breath));
        assert_eq!(filling.fill(&mut work, || now + Duration::from_secs(2)), Ok(Need::Breath), "the budget is spent, but it is no further");
        assert_eq!(filling.fill(&mut work, || now + BATCH_TIME), Ok(Need::Sign));
        assert_eq!(work.records(), 0);
    }

    #[test]
    fn a_long_budget_ends_no_later_than_a_batch_may_take() {
        let mut work = Bytes { read: b" ".to_vec(), ..Bytes::default() };
        let now = Instant::now();
        let mut filling = Filling::new(&work, 100, now, now + Duration::from_hours(1));
        assert_eq!(filling.fill(&mut work, || now + BATCH_TIME), Ok(Need::Nothing { ended: false }));
    }

    #[test]
    fn records_before_an_unreadable_place_are_in_the_batch() {
        let mut work = Bytes { read: b"xx!".to_vec(), ..Bytes::default() };
        let (mut filling, now) = begin(&work, 100);
        assert_eq!(filling.fill(&mut work, || now), Err(2));
        assert_eq!(work.records(), 2);
    }
}
