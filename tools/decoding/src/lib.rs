//! Decoding as the drain does it, batch by batch, but without a store to read from and a database to
//! write to: `cargo xtask bench parse` measures it natively and, [as a component](component), in the runtime.

use std::hint::black_box;
use std::time::{Duration, Instant};

use anyhow::Result;
use engine::limits::{BATCH_RECORDS, BATCH_TIME};
use engine::{Filling, Need, Origin, Report, Table, Work};
use scan_reports::{Format, ReadError};
use serde::{Deserialize, Serialize};
use tables::mapping::Column;
use tables::read::Reader;

#[cfg(target_family = "wasm")]
mod component;

/// Bytes that are fed at a time.
pub const PIECE: usize = 64 * 1024;

/// A report, or a file of rows, that is being decoded.
pub struct Decoding<W> {
    work: W,
    filling: Filling,
    decoded: Decoded,
}

/// What was decoded, and in how much time: without that in which the report's next bytes were waited for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decoded {
    /// Records, as the drain counts them: without the names of tools. Rows of a table.
    pub records: u64,
    /// The time.
    pub time: Duration,
    /// The component's memory at the end, in bytes. It never shrinks, so that was the most. Zero where there is no component.
    pub memory: u64,
}

/// A file of rows, before it is read.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct TableFile {
    /// Its name.
    pub name: String,
    /// Its length in bytes.
    pub size: u64,
    /// The columns of the dataset that it is for.
    pub columns: Vec<Column>,
}

impl Decoding<Report> {
    /// Begins with a report.
    pub fn of_report(format: Format) -> Self {
        Self::new(Report::new(format))
    }
}

impl Decoding<Table> {
    /// Begins with a file of rows, whose first bytes are these: as many as are looked at to tell what it is, or all.
    pub fn of_table(file: &TableFile, start: &[u8]) -> Result<Self> {
        let origin = Origin { name: file.name.clone(), size: file.size, ..Origin::default() };
        let reader = Reader::open(start, start.len() as u64 == file.size, origin.hints())?;
        Ok(Self::new(Table::new(reader, origin, None, &file.columns)?))
    }
}

impl<W: Work<Error = ReadError>> Decoding<W> {
    fn new(work: W) -> Self {
        Self { filling: next_batch(&work), work, decoded: Decoded::default() }
    }

    /// Offset in the file of the bytes that are wanted next.
    pub fn position(&self) -> u64 {
        self.work.position()
    }

    /// Decodes the bytes that are [wanted](Self::position); none where the file ends before. Whether it is read to its end then.
    pub fn feed(&mut self, bytes: &[u8]) -> Result<bool, ReadError> {
        let began = Instant::now();
        self.work.feed(bytes);
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
            match self.filling.fill(&mut self.work, Instant::now)? {
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
        self.decoded.records += self.work.records() as u64;
        black_box((self.work.take_batch(), self.work.checkpoint()));
        self.filling = next_batch(&self.work);
    }
}

fn next_batch(work: &impl Work) -> Filling {
    let now = Instant::now();
    Filling::new(work, BATCH_RECORDS, now, now + BATCH_TIME)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_records_count_however_the_report_is_cut() {
        let report = "[".to_owned() + &vec![r#"{"RuleID":"r","Description":"d","File":"f","StartLine":1}"#; 5000].join(",") + "]";
        for piece in [100, PIECE] {
            let mut decoding = Decoding::of_report(Format::from_name("gitleaks").expect("a known format"));
            let mut pieces = report.as_bytes().chunks(piece);
            while !decoding.feed(pieces.next().unwrap_or_default()).expect("a report") {}
            assert_eq!(decoding.decoded().records, 5000);
        }
    }
}
