//! Decoding as the drain does it, batch by batch, but without a store to read from and a database to
//! write to: `cargo xtask bench parse` measures it natively and, [as a component](component), in the runtime.

use std::hint::black_box;
use std::time::{Duration, Instant};

use engine::limits::{BATCH_RECORDS, BATCH_TIME};
use engine::{Filling, Need, Report, Work as _};
use scan_reports::{Format, ReadError};
use serde::{Deserialize, Serialize};

#[cfg(target_family = "wasm")]
mod component;

/// Bytes that are fed at a time.
pub const PIECE: usize = 64 * 1024;

/// A report that is being decoded.
pub struct Decoding {
    report: Report,
    filling: Filling,
    decoded: Decoded,
}

/// What was decoded, and in how much time: without that in which the report's next bytes were waited for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decoded {
    /// Records, as the drain counts them: without the names of tools.
    pub records: u64,
    /// The time.
    pub time: Duration,
    /// The component's memory at the end, in bytes. It never shrinks, so that was the most. Zero where there is no component.
    pub memory: u64,
}

impl Decoding {
    /// Begins with a report.
    pub fn new(format: Format) -> Self {
        let report = Report::new(format);
        Self { filling: next_batch(&report), report, decoded: Decoded::default() }
    }

    /// Offset in the report of the bytes that are wanted next.
    pub fn position(&self) -> u64 {
        self.report.position()
    }

    /// Decodes the bytes that are [wanted](Self::position); none where the report ends before. Whether it is read to its end then.
    pub fn feed(&mut self, bytes: &[u8]) -> Result<bool, ReadError> {
        let began = Instant::now();
        self.report.feed(bytes);
        let read = self.read();
        self.decoded.time += began.elapsed();
        read
    }

    /// What was decoded so far.
    pub fn decoded(self) -> Decoded {
        self.decoded
    }

    fn read(&mut self) -> Result<bool, ReadError> {
        loop {
            match self.filling.fill(&mut self.report, Instant::now)? {
                Need::Breath => {}
                Need::Bytes => return Ok(false),
                Need::Sign => self.end_batch(),
                Need::Nothing { ended } => {
                    self.end_batch();
                    if ended {
                        return Ok(true);
                    }
                }
            }
        }
    }

    /// Makes of a batch what the database would get.
    fn end_batch(&mut self) {
        self.decoded.records += self.report.records() as u64;
        black_box((self.report.take_batch(), self.report.checkpoint()));
        self.filling = next_batch(&self.report);
    }
}

fn next_batch(report: &Report) -> Filling {
    let now = Instant::now();
    Filling::new(report, BATCH_RECORDS, now, now + BATCH_TIME)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_records_count_however_the_report_is_cut() {
        let report = "[".to_owned() + &vec![r#"{"RuleID":"r","Description":"d","File":"f","StartLine":1}"#; 5000].join(",") + "]";
        for piece in [100, PIECE] {
            let mut decoding = Decoding::new(Format::from_name("gitleaks").expect("a known format"));
            let mut pieces = report.as_bytes().chunks(piece);
            while !decoding.feed(pieces.next().unwrap_or_default()).expect("a report") {}
            assert_eq!(decoding.decoded().records, 5000);
        }
    }
}
