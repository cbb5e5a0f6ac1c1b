//! Where the time of a drain goes, for whoever measures it.

use std::time::Duration;

use serde_json::{Value, json};

/// Parts of a drain's time that do not overlap. What is left of the whole went into claims, ends of imports, and cleaning up.
#[derive(Debug, Default)]
pub(crate) struct Times {
    /// Waiting for bytes of reports, whether or not the database was at work meanwhile.
    pub(crate) store: Duration,
    /// Decoding records, and writing batches.
    pub(crate) decode: Duration,
    /// Waiting for batches to be stored, with nothing left to read meanwhile.
    pub(crate) database: Duration,
}

impl Times {
    /// What went into getting batches from reports.
    pub(crate) fn reading(&self) -> Duration {
        self.store + self.decode
    }

    /// In milliseconds, as it is told.
    pub(crate) fn document(&self) -> Value {
        let ms = |time: Duration| time.as_secs_f64() * 1000.0;
        json!({"store": ms(self.store), "decode": ms(self.decode), "database": ms(self.database)})
    }
}
