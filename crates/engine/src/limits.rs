//! Limits of the work on a segment.

use std::time::Duration;

/// Records of a batch. Measured (100,000 Nessus occurrences): 1,000 to 8,000 take the database the same time.
pub const BATCH_RECORDS: usize = 2000;

/// Where a batch takes the database longer than this, the next is half as large, down to [`LEAST_RECORDS`]: cancels and leases stay in time.
pub const SLOW_BATCH: Duration = Duration::from_secs(2);

/// Records of the smallest batch.
pub const LEAST_RECORDS: usize = 250;

/// Records of the first batch: the number of SQL's `trial_records()`, after which a report that is mostly unusable fails.
pub const TRIAL_RECORDS: usize = 1000;

/// Bytes of a batch's document, roughly.
pub const BATCH_BYTES: usize = 4 * 1024 * 1024;

/// After so many records the host has a turn, which does nothing for anybody else while a component computes: it brings what the database
/// is sent, and what it answers. A turn costs some microseconds.
pub const RECORDS_IN_A_ROW: usize = 20;

/// The place is saved at least so often, even where the report holds no records for a while: well within the lease.
pub const BATCH_TIME: Duration = Duration::from_secs(5);

/// How often somebody who reads a big report looks whether others want a part of it.
pub const LOOK: Duration = Duration::from_millis(250);

/// Bytes that are asked for beyond a segment's length when its end is looked for: what mostly is as long as one unit of a report.
pub const BEYOND: u64 = 1024 * 1024;

/// Segments' lengths that are looked at for a cut: what has none up to there is read first.
pub const SEARCHED_SEGMENTS: u64 = 4;

/// How long a drain waits for the next segment of a report, [`WAITS`] times at most.
pub const WAIT: Duration = Duration::from_millis(10);

/// See [`WAIT`].
pub const WAITS: u32 = 4;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_database_counts_the_same_trial() {
        let sql = include_str!("../../../sql/functions/queue/private/trial_records.sql");
        assert!(sql.contains(&format!("$$ select {TRIAL_RECORDS} $$")), "trial_records.sql and TRIAL_RECORDS differ: {sql}");
    }
}
