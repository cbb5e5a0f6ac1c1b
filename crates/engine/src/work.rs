//! What is worked on.

use std::error::Error;

use crate::search::Cutter;

/// Something that is read record by record, and stored batch by batch.
pub trait Work {
    /// What is stored at once.
    type Batch;
    /// Why it cannot be read any further.
    type Error;
    /// What finds the places at which it can be cut.
    type Cutter: Cutter;

    /// Offset of the bytes that [`feed`](Self::feed) wants next.
    fn position(&self) -> u64;

    /// How far it is read, in bytes.
    fn progress(&self) -> u64;

    /// The place right after the last record.
    fn checkpoint(&self) -> Vec<u8>;

    /// Takes the bytes at [`position`](Self::position); none: it ends there.
    fn feed(&mut self, bytes: &[u8]);

    /// Reads one more record into the batch.
    fn step(&mut self) -> Result<WorkStep, Self::Error>;

    /// Records in the batch.
    fn records(&self) -> usize;

    /// Bytes of the batch, about.
    fn bytes(&self) -> usize;

    /// The batch in the database's form; the next one begins.
    fn take_batch(&mut self) -> Self::Batch;

    /// Whether a batch may rely on what earlier ones held.
    fn remembers(&self) -> bool;

    /// Finds places at which what is left can be cut, each at least so many bytes behind the one before; none where it has none.
    fn cutter(&self, spacing: u64) -> Option<Self::Cutter>;

    /// Ends at this offset, at which it was or is cut: what comes after is another's.
    fn end_at(&mut self, offset: u64);

    /// Where the bytes end that it wants at its position, of a work that jumps about in its file, beyond its end, too, and knows itself where it is done. None
    /// of one that reads on from there to its end.
    fn reach(&self) -> Option<u64>;

    /// Goes back to a [`checkpoint`](Self::checkpoint) of its own, and from there on relies on nothing that was sent before.
    fn start_over(&mut self, checkpoint: &[u8]) -> Result<(), Box<dyn Error + Send + Sync>>;
}

/// What a [`step`](Work::step) gave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WorkStep {
    /// One more record is in the batch.
    Record,
    /// More bytes are wanted.
    NeedInput,
    /// Nothing yet, after as much work as one step may take.
    Working,
    /// It is read to its end.
    End,
}
