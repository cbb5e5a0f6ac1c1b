//! One claim after the other, until none is left or the budget is spent.

use std::time::{Duration, Instant};

use crate::limits::{WAIT, WAITS};

/// What a drain does from its start to its end.
#[derive(Debug)]
pub struct Shift {
    deadline: Instant,
    waits: u32,
}

/// What comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// Claim something.
    Claim,
    /// Work on what was claimed.
    Work {
        /// Wake another drain beside it: it would find work, too.
        wake: bool,
    },
    /// Claim again, after this time.
    Wait(Duration),
    /// Go home.
    End {
        /// Wake another drain first: there may be more to do. Whoever finds nothing ends.
        wake: bool,
    },
}

impl Shift {
    /// Until about then.
    pub fn new(deadline: Instant) -> Self {
        Self { deadline, waits: WAITS }
    }

    /// After a claim: whether there was something, whether there is more for others, and whether this drain remembers a part of a report.
    pub fn claimed(&mut self, found: bool, more: bool, remembers: bool, now: Instant) -> Next {
        if found {
            self.waits = WAITS;
            return Next::Work { wake: more };
        }
        // Who goes on with the report that was worked on here last is about to leave a part of it, and its findings are known here.
        if remembers && self.waits > 0 {
            self.waits -= 1;
            return Next::Wait(WAIT);
        }
        Next::End { wake: now >= self.deadline }
    }

    /// After the work on a claim.
    pub fn worked(&self, now: Instant) -> Next {
        if now >= self.deadline { Next::End { wake: true } } else { Next::Claim }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shift() -> (Shift, Instant) {
        let now = Instant::now();
        (Shift::new(now + Duration::from_secs(1)), now)
    }

    #[test]
    fn who_finds_nothing_goes_home_and_wakes_nobody() {
        let (mut shift, now) = shift();
        assert_eq!(shift.claimed(false, false, false, now), Next::End { wake: false });
    }

    #[test]
    fn another_is_woken_for_what_is_left() {
        let (mut shift, now) = shift();
        assert_eq!(shift.claimed(true, true, false, now), Next::Work { wake: true });
        assert_eq!(shift.claimed(true, false, false, now), Next::Work { wake: false });
    }

    #[test]
    fn at_the_end_of_the_budget_another_goes_on() {
        let (shift, now) = shift();
        assert_eq!(shift.worked(now), Next::Claim);
        assert_eq!(shift.worked(now + Duration::from_secs(1)), Next::End { wake: true });
    }

    #[test]
    fn who_knows_a_report_waits_a_little_for_its_next_part() {
        let (mut shift, now) = shift();
        for _ in 0..WAITS {
            assert_eq!(shift.claimed(false, false, true, now), Next::Wait(WAIT));
        }
        assert_eq!(shift.claimed(false, false, true, now), Next::End { wake: false });
        shift.claimed(true, false, true, now);
        assert_eq!(shift.claimed(false, false, true, now), Next::Wait(WAIT), "after some work it waits again");
    }
}
