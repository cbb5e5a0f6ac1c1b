//! The report of a claimed import, read from the store piece by piece from wherever the decoder wants it.

use std::collections::VecDeque;
use std::time::Instant;

use anyhow::{Result, bail};
use bytes::{Buf as _, Bytes};
use platform::db::Claim;
use platform::objects::{ObjectReader, Store};

use crate::times::Times;

/// How often in a row a connection may break without a byte.
const BREAKS: u32 = 3;

/// Bytes at most that are kept for the decoder when they were looked at before it: a segment of the usual length with what lies around its end.
const AHEAD: usize = 24 * 1024 * 1024;

/// A reader of one object that can jump, and goes on by itself where a connection broke.
pub(crate) struct ReportSource<'a> {
    store: &'a Store,
    claim: &'a Claim,
    /// Offset of what comes from the store next. Offsets count from where the report begins in the object.
    offset: u64,
    /// Offset of the segment's end: nothing is read from there on.
    end: u64,
    reader: Option<Reader>,
    /// What came from the store and was only looked at: the bytes before `offset`.
    ahead: VecDeque<Bytes>,
    pub(crate) times: &'a mut Times,
}

/// An answer of the store, and the offset of its end.
struct Reader {
    object: ObjectReader,
    end: u64,
}

impl<'a> ReportSource<'a> {
    pub(crate) fn new(store: &'a Store, claim: &'a Claim, times: &'a mut Times) -> Self {
        let end = claim.ends_at.unwrap_or(claim.entry_ends_at) - claim.entry_starts_at;
        Self { store, claim, offset: 0, end, reader: None, ahead: VecDeque::new(), times }
    }

    /// Offset of the end of what is to be read.
    pub(crate) fn end(&self) -> u64 {
        self.end
    }

    /// Whether that is the report's end, too.
    pub(crate) fn ends_with_report(&self) -> bool {
        self.end == self.claim.entry_ends_at - self.claim.entry_starts_at
    }

    /// From now on, less is to be read.
    pub(crate) fn cut(&mut self, end: u64) {
        self.end = end;
    }

    /// The next bytes at an offset; empty at the end. Where it is said how far they are of use (`reach`), they may lie beyond the end, too, but not beyond the
    /// report's.
    pub(crate) async fn read_at(&mut self, offset: u64, reach: Option<u64>) -> Result<Bytes> {
        let asked = Instant::now();
        self.skip_to(offset);
        let end = if reach.is_some() { self.claim.entry_ends_at - self.claim.entry_starts_at } else { self.end };
        let bytes = match self.ahead.pop_front() {
            Some(bytes) => Ok(within(end, offset, bytes)),
            None => self.fetch(reach.unwrap_or(end), end).await,
        };
        self.times.store += asked.elapsed();
        bytes
    }

    /// The next bytes at an offset, which can still be read afterwards; empty at the end. The store is asked for bytes up to `bound`, as
    /// long as it is not reached.
    pub(crate) async fn peek_at(&mut self, offset: u64, bound: u64) -> Result<Bytes> {
        let asked = Instant::now();
        if offset != self.offset {
            self.jump(offset);
        }
        let bytes = self.fetch(bound, self.end).await;
        self.times.store += asked.elapsed();
        let bytes = bytes?;
        // What is too much is fetched once more.
        if self.ahead_bytes() + bytes.len() > AHEAD {
            self.ahead.clear();
        }
        self.ahead.push_back(bytes.clone());
        Ok(bytes)
    }

    fn ahead_bytes(&self) -> usize {
        self.ahead.iter().map(Bytes::len).sum()
    }

    /// Makes the bytes at an offset the next.
    fn skip_to(&mut self, offset: u64) {
        let start = self.offset - self.ahead_bytes() as u64;
        if !(start..=self.offset).contains(&offset) {
            return self.jump(offset);
        }
        let mut skipped = usize::try_from(offset - start).unwrap_or(usize::MAX);
        while let Some(first) = self.ahead.front_mut() {
            if first.len() > skipped {
                first.advance(skipped);
                return;
            }
            skipped -= first.len();
            self.ahead.pop_front();
        }
    }

    fn jump(&mut self, offset: u64) {
        self.ahead.clear();
        self.reader = None;
        self.offset = offset;
    }

    /// The next piece from the store, which is asked for bytes up to `bound` as long as that is not reached, and for none beyond `end`.
    async fn fetch(&mut self, bound: u64, end: u64) -> Result<Bytes> {
        let mut breaks = 0;
        while self.offset < end {
            match self.read(bound, end).await {
                Ok(Some(bytes)) => {
                    let bytes = within(end, self.offset, bytes);
                    self.offset += bytes.len() as u64;
                    return Ok(bytes);
                }
                // Some hosts show a broken connection as an early end.
                Ok(None) if breaks < BREAKS => eprintln!("the store ended {} early at {}", self.claim.object_key, self.offset),
                Err(error) if breaks < BREAKS => eprintln!("{} at {}: {error:#}", self.claim.object_key, self.offset),
                Ok(None) => {
                    bail!("the store ends the object after {} of {} bytes", self.claim.entry_starts_at + self.offset, self.claim.size_bytes)
                }
                Err(error) => return Err(error),
            }
            breaks += 1;
            self.reader = None;
        }
        Ok(Bytes::new())
    }

    async fn read(&mut self, bound: u64, end: u64) -> Result<Option<Bytes>> {
        let reader = match &mut self.reader {
            Some(reader) if reader.end > self.offset => reader,
            missing => {
                let start = self.claim.entry_starts_at;
                let end = if bound > self.offset { bound.min(end) } else { end };
                let object = self.store.read(&self.claim.object_key, start + self.offset..start + end).await?;
                missing.insert(Reader { object, end })
            }
        };
        loop {
            match reader.object.next().await? {
                Some(bytes) if bytes.is_empty() => {}
                piece => return Ok(piece),
            }
        }
    }
}

/// What of a piece at an offset lies before an end.
fn within(end: u64, offset: u64, mut bytes: Bytes) -> Bytes {
    bytes.truncate(usize::try_from(end.saturating_sub(offset)).unwrap_or(usize::MAX));
    bytes
}
