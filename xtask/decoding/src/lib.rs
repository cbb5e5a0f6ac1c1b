//! Decoding as the drain does it (`functions/drain/src/work.rs`), batch by batch, but without a store to read from and a database to
//! write to: `cargo xtask bench parse` measures it natively and, [as a component](component), in the runtime.

use std::hint::black_box;
use std::time::{Duration, Instant};

use scan_reports::{Batch, Decoder, Format, ReadError, Step};
use serde::{Deserialize, Serialize};

#[cfg(target_family = "wasm")]
mod component;

/// Bytes that are fed at a time.
pub const PIECE: usize = 64 * 1024;

/// Records of a batch: a limit of the drain.
pub const RECORDS: usize = 2000;
/// Bytes of a batch, roughly: a limit of the drain.
pub const BYTES: usize = 4 * 1024 * 1024;

/// A report that is being decoded.
pub struct Decoding {
    decoder: Decoder,
    batch: Batch,
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
        Self { decoder: Decoder::new(format), batch: Batch::default(), decoded: Decoded::default() }
    }

    /// Offset in the report of the bytes that are wanted next.
    pub fn position(&self) -> u64 {
        self.decoder.position()
    }

    /// Decodes the bytes that are [wanted](Self::position); none where the report ends before. Whether it is read to its end then.
    pub fn feed(&mut self, bytes: &[u8]) -> Result<bool, ReadError> {
        let began = Instant::now();
        if bytes.is_empty() {
            self.decoder.end_of_input();
        } else {
            self.decoder.feed(bytes);
        }
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
            match self.decoder.next_beyond(self.batch.known())? {
                Step::Record(record) => self.batch.push(record),
                Step::NeedInput => return Ok(false),
                Step::End => {
                    self.end_batch();
                    return Ok(true);
                }
            }
            if self.batch.len() >= RECORDS || self.batch.size() >= BYTES {
                self.end_batch();
            }
        }
    }

    /// Makes of a batch what the database would get.
    fn end_batch(&mut self) {
        let batch = std::mem::take(&mut self.batch);
        self.decoded.records += batch.len() as u64;
        let (document, occurrences, known) = batch.into_parts();
        black_box((document, occurrences, self.decoder.checkpoint()));
        self.batch = Batch::after(known);
    }
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
