//! The work on one claimed segment, batch by batch.

use std::time::{Duration, Instant};

use crate::filling::BatchEnd;
use crate::limits::{BATCH_RECORDS, LEAST_RECORDS, LOOK, SLOW_BATCH, TRIAL_RECORDS};

/// What is set for all drains.
#[derive(Clone, Copy, Debug)]
pub struct TurnSettings {
    /// How many drains work at once.
    pub parallelism: usize,
    /// Bytes of a segment.
    pub segment_bytes: u64,
    /// When the budget is spent.
    pub deadline: Instant,
}

/// Decides what is done next with a claimed segment. `S` is why it cannot be read any further, `B` what is stored at once.
#[derive(Debug)]
pub struct Turn<B, S> {
    settings: TurnSettings,
    /// Records that are left of the trial: those of the first batch.
    trial: usize,
    /// Whether the batch that is in work is that of the trial.
    on_trial: bool,
    /// Records of the next batch.
    most: usize,
    /// When to look next whether others want a part; never again where none can be cut off.
    look_at: Option<Instant>,
    looked: bool,
    filled: Option<Filled<B, S>>,
    stored: Option<SentBatch<S>>,
    /// What is to be done whatever else there is.
    decided: Option<Task<B, S>>,
}

/// A batch that was filled.
#[derive(Debug)]
pub struct Filled<B, S> {
    /// What is stored.
    pub unit: Unit<B>,
    /// Why it is not longer.
    pub end: BatchEnd<S>,
}

/// What is known of the batch that was sent last.
#[derive(Debug)]
struct SentBatch<S> {
    end: BatchEnd<S>,
    /// Whether time was left after it.
    more: bool,
    checkpoint: Vec<u8>,
}

/// What is stored at once: a batch, and where it goes on after it.
#[derive(Debug)]
pub struct Unit<B> {
    /// What is stored.
    pub batch: B,
    /// Records in it.
    pub records: usize,
    /// The place after it.
    pub checkpoint: Vec<u8>,
    /// How far it is read with it, in bytes.
    pub bytes_read: u64,
}

/// What is to be done.
#[derive(Debug)]
pub enum Task<B, S> {
    /// Find out whether others want a part of what is left, and cut it off: [`Turn::looked`].
    Look,
    /// Fill a batch of at most so many records: [`Turn::filled`].
    Fill(usize),
    /// Store a batch: [`Turn::stored`].
    Store {
        /// The batch.
        unit: Unit<B>,
        /// Fill the next, of at most so many records, while the database is at work: [`Turn::filled`], before that.
        meanwhile: Option<usize>,
    },
    /// The next batch may rely on what was refused: go back to this checkpoint and rely on nothing.
    StartOver(Vec<u8>),
    /// Give the segment back, its place is saved. Nothing comes after that: [`Verdict::ends`].
    Release,
    /// Say that the segment is read to its end. Nothing comes after that: [`Verdict::ends`].
    Finish,
    /// Nothing: this is how it ended.
    End(Ended<S>),
}

/// How the work on a segment ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ended<S> {
    /// It is read to its end.
    Completed,
    /// The budget is spent; the place is saved and the segment given back.
    Yielded,
    /// The attempt failed; the database knows whether there is another.
    Failed,
    /// Somebody cancelled the import, or another drain holds it: nothing more is to be done.
    Lost,
    /// It cannot be read any further. What came before is stored.
    Stopped(S),
}

/// What the database says of a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It holds.
    Holds,
    /// The import has failed for good.
    Failed,
    /// The attempt is over, or what was written before is lost. Nothing was written.
    Lost,
}

impl Verdict {
    /// How a segment ended whose last write this is said of, where that write would end it well.
    pub fn ends<S>(self, well: Ended<S>) -> Ended<S> {
        match self {
            Self::Holds => well,
            Self::Failed => Ended::Failed,
            Self::Lost => Ended::Lost,
        }
    }
}

/// What came of looking whether others want a part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Looked {
    /// It has no place to be cut at.
    Uncuttable,
    /// Nobody wants one now.
    Unwanted,
    /// A part was cut off, with this verdict.
    Cut(Verdict),
}

impl<B, S> Turn<B, S> {
    /// Begins with a segment of an import of which so many records are stored.
    pub fn new(settings: TurnSettings, items: u64, now: Instant) -> Self {
        Self {
            settings,
            trial: TRIAL_RECORDS.saturating_sub(usize::try_from(items).unwrap_or(usize::MAX)),
            on_trial: false,
            most: BATCH_RECORDS,
            look_at: Some(now),
            looked: false,
            filled: None,
            stored: None,
            decided: None,
        }
    }

    /// What is to be done, where so many bytes of the segment are not yet read.
    pub fn next(&mut self, left: u64, now: Instant) -> Task<B, S> {
        if let Some(task) = self.decided.take() {
            return task;
        }
        if self.stored.is_some() {
            return self.after_storing();
        }
        let goes_on = self.filled.as_ref().is_none_or(|filled| matches!(filled.end, BatchEnd::Full));
        if !std::mem::replace(&mut self.looked, true)
            && self.trial == 0
            && goes_on
            && self.is_worth_sharing(left)
            && self.look_at.is_some_and(|at| now >= at)
        {
            return Task::Look;
        }
        if let Some(filled) = self.filled.take() {
            return self.store(filled, left, now);
        }
        self.on_trial = self.trial > 0;
        Task::Fill(if self.on_trial { std::mem::take(&mut self.trial) } else { self.most })
    }

    /// Whether what is left of a segment can be two, if it can be cut at all.
    fn is_worth_sharing(&self, left: u64) -> bool {
        self.settings.parallelism > 1 && left / 2 >= self.settings.segment_bytes
    }

    fn store(&mut self, filled: Filled<B, S>, left: u64, now: Instant) -> Task<B, S> {
        let Filled { unit, end } = filled;
        let more = match end {
            BatchEnd::Full => now < self.settings.deadline,
            BatchEnd::Unmoved => true,
            BatchEnd::Segment | BatchEnd::Stop(_) => false,
        };
        // A big report is not read any further before it was first thought of cutting it.
        let meanwhile = (more && !(self.on_trial && self.is_worth_sharing(left))).then_some(self.most);
        self.stored = Some(SentBatch { end, more, checkpoint: unit.checkpoint.clone() });
        Task::Store { unit, meanwhile }
    }

    /// What follows a batch that holds.
    fn after_storing(&mut self) -> Task<B, S> {
        match self.stored.take().map(|stored| stored.end) {
            Some(BatchEnd::Segment) => Task::Finish,
            Some(BatchEnd::Stop(stop)) => Task::End(Ended::Stopped(stop)),
            Some(BatchEnd::Full | BatchEnd::Unmoved) | None => Task::Release,
        }
    }

    /// Takes what came of [`Task::Look`].
    pub fn looked(&mut self, looked: Looked, now: Instant) {
        self.look_at = (looked != Looked::Uncuttable).then(|| now + LOOK);
        match looked {
            Looked::Cut(Verdict::Lost) => self.decided = Some(Task::End(Ended::Lost)),
            Looked::Cut(Verdict::Failed) => self.decided = Some(Task::End(Ended::Failed)),
            Looked::Uncuttable | Looked::Unwanted | Looked::Cut(Verdict::Holds) => {}
        }
    }

    /// Takes a batch that was filled.
    pub fn filled(&mut self, filled: Filled<B, S>) {
        self.filled = Some(filled);
    }

    /// Takes what the database says of a batch, after it kept everybody waiting for so long: whether some of it was refused, where that matters to
    /// later batches.
    pub fn stored(&mut self, verdict: Verdict, refused: bool, waited: Duration) {
        self.most = if waited > SLOW_BATCH { (self.most / 2).max(LEAST_RECORDS) } else { (self.most * 2).min(BATCH_RECORDS) };
        self.on_trial = false;
        self.looked = false;
        match verdict {
            Verdict::Lost => self.decided = Some(Task::End(Ended::Lost)),
            Verdict::Failed => self.decided = Some(Task::End(Ended::Failed)),
            Verdict::Holds => {
                if let Some(SentBatch { checkpoint, .. }) = self.stored.take_if(|stored| stored.more)
                    && refused
                {
                    self.filled = None;
                    self.decided = Some(Task::StartOver(checkpoint));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SEGMENT: u64 = 1000;
    const LARGE: u64 = 2 * SEGMENT;
    const SMALL: u64 = LARGE - 1;
    const QUICK: Duration = Duration::from_millis(1);

    type OfText = Turn<&'static str, &'static str>;

    struct Table {
        turn: OfText,
        began: Instant,
        now: Instant,
        left: u64,
    }

    /// A turn on an import of which so many records are stored, with a second of budget.
    fn turn(items: u64) -> Table {
        let now = Instant::now();
        let settings = TurnSettings { parallelism: 4, segment_bytes: SEGMENT, deadline: now + Duration::from_secs(1) };
        Table { turn: Turn::new(settings, items, now), began: now, now, left: SMALL }
    }

    fn filled(batch: &'static str, end: BatchEnd<&'static str>) -> Filled<&'static str, &'static str> {
        let unit = Unit { batch, records: 1, checkpoint: format!("after {batch}").into_bytes(), bytes_read: 1 };
        Filled { unit, end }
    }

    impl Table {
        /// What is to be done, in short.
        fn next(&mut self) -> String {
            match self.turn.next(self.left, self.now) {
                Task::Look => "look".to_owned(),
                Task::Fill(records) => format!("fill {records}"),
                Task::Store { unit, meanwhile: None } => format!("store {}", unit.batch),
                Task::Store { unit, meanwhile: Some(records) } => format!("store {} and fill {records}", unit.batch),
                Task::StartOver(checkpoint) => format!("start over {}", String::from_utf8_lossy(&checkpoint)),
                Task::Release => "release".to_owned(),
                Task::Finish => "finish".to_owned(),
                Task::End(ended) => format!("end {ended:?}"),
            }
        }

        fn filled(&mut self, batch: &'static str, end: BatchEnd<&'static str>) -> String {
            self.turn.filled(filled(batch, end));
            self.next()
        }

        fn holds(&mut self, waited: Duration) -> String {
            self.turn.stored(Verdict::Holds, false, waited);
            self.next()
        }

        fn spend_budget(&mut self) {
            self.now = self.began + Duration::from_secs(1);
        }
    }

    /// A turn that has stored its first batch and filled the second meanwhile.
    fn under_way() -> Table {
        let mut table = turn(1000);
        assert_eq!(table.next(), "fill 2000");
        assert_eq!(table.filled("a", BatchEnd::Full), "store a and fill 2000");
        table.turn.filled(filled("b", BatchEnd::Full));
        table
    }

    #[test]
    fn the_first_batch_is_the_trial_and_what_was_stored_counts() {
        let mut new = turn(0);
        assert_eq!(new.next(), "fill 1000");
        assert_eq!(new.filled("a", BatchEnd::Full), "store a and fill 2000");
        assert_eq!(turn(400).next(), "fill 600");
        assert_eq!(turn(1000).next(), "fill 2000");
    }

    #[test]
    fn a_batch_is_stored_while_the_next_is_filled() {
        let mut table = under_way();
        assert_eq!(table.holds(QUICK), "store b and fill 2000");
        table.turn.filled(filled("c", BatchEnd::Segment));
        assert_eq!(table.holds(QUICK), "store c");
        assert_eq!(table.holds(QUICK), "finish");
    }

    #[test]
    fn a_big_report_on_trial_is_read_no_further_before_somebody_looked() {
        let mut table = turn(0);
        table.left = LARGE;
        assert_eq!(table.next(), "fill 1000", "nobody wants a part of what may fail");
        assert_eq!(table.filled("a", BatchEnd::Full), "store a");
        assert_eq!(table.holds(QUICK), "look");
        table.turn.looked(Looked::Unwanted, table.now);
        assert_eq!(table.next(), "fill 2000");
    }

    #[test]
    fn slow_batches_are_halved_and_grow_again() {
        let mut table = under_way();
        let slow = SLOW_BATCH + QUICK;
        for records in [1000, 500, 250, 250] {
            assert_eq!(table.holds(slow), format!("store b and fill {records}"));
            table.turn.filled(filled("b", BatchEnd::Full));
        }
        for records in [500, 1000, 2000, 2000] {
            assert_eq!(table.holds(SLOW_BATCH), format!("store b and fill {records}"));
            table.turn.filled(filled("b", BatchEnd::Full));
        }
    }

    #[test]
    fn when_the_budget_is_spent_the_last_batch_is_stored_and_the_segment_given_back() {
        let mut table = under_way();
        table.spend_budget();
        assert_eq!(table.holds(QUICK), "store b");
        assert_eq!(table.holds(QUICK), "release");
    }

    #[test]
    fn who_is_no_further_when_the_budget_is_spent_goes_on_and_hears_of_its_end() {
        let mut table = turn(1000);
        table.next();
        table.spend_budget();
        assert_eq!(table.filled("nothing", BatchEnd::Unmoved), "store nothing and fill 2000");
        table.turn.filled(filled("a", BatchEnd::Full));
        assert_eq!(table.holds(QUICK), "store a");
        assert_eq!(table.holds(QUICK), "release");
        let mut table = turn(1000);
        table.next();
        assert_eq!(table.filled("nothing", BatchEnd::Unmoved), "store nothing and fill 2000");
        table.turn.stored(Verdict::Lost, false, QUICK);
        assert_eq!(table.next(), "end Lost");
    }

    #[test]
    fn how_it_ended_the_database_says() {
        let ends = |verdict: Verdict| verdict.ends(Ended::<()>::Yielded);
        assert_eq!(ends(Verdict::Holds), Ended::Yielded);
        assert_eq!(ends(Verdict::Failed), Ended::Failed, "it got no further");
        assert_eq!(ends(Verdict::Lost), Ended::Lost);
    }

    #[test]
    fn after_a_refusal_it_starts_over_behind_what_was_stored() {
        let mut table = under_way();
        table.turn.stored(Verdict::Holds, true, QUICK);
        assert_eq!(table.next(), "start over after a");
        assert_eq!(table.next(), "fill 2000", "what was filled relied on what was refused");
    }

    #[test]
    fn a_refusal_in_the_last_batch_changes_nothing() {
        let mut table = turn(1000);
        table.next();
        assert_eq!(table.filled("a", BatchEnd::Segment), "store a");
        table.turn.stored(Verdict::Holds, true, QUICK);
        assert_eq!(table.next(), "finish");
    }

    #[test]
    fn a_lost_fence_ends_it_at_once() {
        let mut table = under_way();
        table.turn.stored(Verdict::Lost, false, QUICK);
        assert_eq!(table.next(), "end Lost");
    }

    #[test]
    fn a_failed_trial_ends_it() {
        let mut table = turn(0);
        table.next();
        table.filled("a", BatchEnd::Full);
        table.turn.stored(Verdict::Failed, false, QUICK);
        assert_eq!(table.next(), "end Failed");
    }

    #[test]
    fn what_came_before_an_unreadable_place_is_stored() {
        let mut table = under_way();
        table.turn.filled(filled("b", BatchEnd::Stop("broken")));
        assert_eq!(table.holds(QUICK), "store b");
        assert_eq!(table.holds(QUICK), "end Stopped(\"broken\")");
    }

    #[test]
    fn a_part_is_cut_off_where_it_is_worth_it_and_not_all_the_time() {
        let mut table = turn(1000);
        table.left = LARGE;
        assert_eq!(table.next(), "look");
        table.turn.looked(Looked::Cut(Verdict::Holds), table.now);
        assert_eq!(table.next(), "fill 2000");
        assert_eq!(table.filled("a", BatchEnd::Full), "store a and fill 2000");
        table.turn.filled(filled("b", BatchEnd::Full));
        assert_eq!(table.holds(QUICK), "store b and fill 2000", "it is too soon to look again");
        table.turn.filled(filled("c", BatchEnd::Full));
        table.now += LOOK;
        assert_eq!(table.holds(QUICK), "look");
        table.turn.looked(Looked::Cut(Verdict::Lost), table.now);
        assert_eq!(table.next(), "end Lost");
    }

    #[test]
    fn who_cannot_be_cut_is_not_asked_again() {
        let mut table = turn(1000);
        table.left = LARGE;
        assert_eq!(table.next(), "look");
        table.turn.looked(Looked::Uncuttable, table.now);
        table.now += LOOK;
        assert_eq!(table.next(), "fill 2000");
        table.filled("a", BatchEnd::Full);
        assert_eq!(table.holds(QUICK), "fill 2000");
    }

    #[test]
    fn one_drain_alone_never_looks() {
        let now = Instant::now();
        let settings = TurnSettings { parallelism: 1, segment_bytes: SEGMENT, deadline: now + SLOW_BATCH };
        assert!(matches!(OfText::new(settings, 1000, now).next(LARGE, now), Task::Fill(_)));
    }
}
