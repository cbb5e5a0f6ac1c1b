//! The report of a claimed import, read from the store piece by piece from wherever the decoder wants it.

use std::time::Instant;

use anyhow::{Result, bail};
use bytes::Bytes;
use platform::db::Claim;
use platform::objects::{ObjectReader, Store};

use crate::times::Times;

/// How often in a row a connection may break without a byte.
const BREAKS: u32 = 3;

/// A reader of one object that can jump, and goes on by itself where a connection broke.
pub(crate) struct Source<'a> {
    store: &'a Store,
    claim: &'a Claim,
    /// Offsets count from where the report begins in the object.
    offset: u64,
    /// Offset of the segment's end: nothing is read from there on.
    end: u64,
    reader: Option<ObjectReader>,
    pub(crate) times: &'a mut Times,
}

impl<'a> Source<'a> {
    pub(crate) fn new(store: &'a Store, claim: &'a Claim, times: &'a mut Times) -> Self {
        Self { store, claim, offset: 0, end: claim.ends_at.unwrap_or(claim.entry_ends_at) - claim.entry_starts_at, reader: None, times }
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

    /// The next bytes at an offset; empty at the end.
    pub(crate) async fn read_at(&mut self, offset: u64) -> Result<Bytes> {
        let asked = Instant::now();
        let bytes = self.next_at(offset).await;
        self.times.store += asked.elapsed();
        bytes
    }

    async fn next_at(&mut self, offset: u64) -> Result<Bytes> {
        if offset != self.offset {
            self.offset = offset;
            self.reader = None;
        }
        let mut breaks = 0;
        while self.offset < self.end {
            match self.read().await {
                Ok(Some(mut bytes)) => {
                    bytes.truncate(usize::try_from(self.end - self.offset).unwrap_or(usize::MAX));
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

    async fn read(&mut self) -> Result<Option<Bytes>> {
        let reader = match &mut self.reader {
            Some(reader) => reader,
            none => none.insert(self.store.read_from(&self.claim.object_key, self.claim.entry_starts_at + self.offset).await?),
        };
        loop {
            match reader.next().await? {
                Some(bytes) if bytes.is_empty() => {}
                piece => return Ok(piece),
            }
        }
    }
}
