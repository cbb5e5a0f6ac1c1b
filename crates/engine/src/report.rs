//! Reports of security scanners.

use std::error::Error;
use std::mem::take;

use scan_reports::{Batch, BatchRows, CheckpointError, Decoder, Format, KnownFindings, ReadError};

use crate::search::{Cut, Cutter};
use crate::work::{Work, WorkStep};

/// A report that is being read.
pub struct Report {
    decoder: Decoder,
    batch: Batch,
}

impl Report {
    /// From its start.
    pub fn new(format: Format) -> Self {
        Self { decoder: Decoder::new(format), batch: Batch::default() }
    }

    /// From a checkpoint.
    pub fn resume(checkpoint: &[u8]) -> Result<Self, CheckpointError> {
        Ok(Self { decoder: Decoder::resume(checkpoint)?, batch: Batch::default() })
    }

    /// What it is written in.
    pub fn format(&self) -> Format {
        self.decoder.format()
    }

    /// Knows these findings already.
    pub fn know(&mut self, known: KnownFindings) {
        self.batch = Batch::after(known);
    }

    /// The findings that were sent.
    pub fn into_known(self) -> KnownFindings {
        self.batch.into_parts().1
    }
}

impl Cutter for scan_reports::Cutter {
    fn position(&self) -> u64 {
        self.position()
    }

    fn feed(&mut self, bytes: &[u8]) -> Vec<Cut> {
        self.feed(bytes).into_iter().map(|scan_reports::Cut { offset, checkpoint }| Cut { offset, checkpoint }).collect()
    }
}

impl Work for Report {
    type Batch = BatchRows;
    type Error = ReadError;
    type Cutter = scan_reports::Cutter;

    fn position(&self) -> u64 {
        self.decoder.position()
    }

    fn progress(&self) -> u64 {
        self.decoder.progress()
    }

    fn checkpoint(&self) -> Vec<u8> {
        self.decoder.checkpoint()
    }

    fn feed(&mut self, bytes: &[u8]) {
        if bytes.is_empty() {
            self.decoder.end_of_input();
        } else {
            self.decoder.feed(bytes);
        }
    }

    fn step(&mut self) -> Result<WorkStep, ReadError> {
        Ok(match self.decoder.next_beyond(self.batch.known())? {
            scan_reports::Step::Record(record) => {
                self.batch.push(record);
                WorkStep::Record
            }
            scan_reports::Step::NeedInput => WorkStep::NeedInput,
            scan_reports::Step::Working => WorkStep::Working,
            scan_reports::Step::End => WorkStep::End,
        })
    }

    fn records(&self) -> usize {
        self.batch.len()
    }

    fn bytes(&self) -> usize {
        self.batch.size()
    }

    fn take_batch(&mut self) -> Self::Batch {
        let (rows, known) = take(&mut self.batch).into_parts();
        self.batch = Batch::after(known);
        rows
    }

    fn remembers(&self) -> bool {
        self.batch.known().remembers()
    }

    fn cutter(&self, spacing: u64) -> Option<Self::Cutter> {
        self.decoder.cutter(spacing)
    }

    /// It hears when there are no more bytes.
    fn end_at(&mut self, _: u64) {}

    fn reach(&self) -> Option<u64> {
        None
    }

    fn start_over(&mut self, checkpoint: &[u8]) -> Result<(), Box<dyn Error + Send + Sync>> {
        *self = Self { decoder: Decoder::resume(checkpoint)?, batch: Batch::after(KnownFindings::nothing()) };
        Ok(())
    }
}
