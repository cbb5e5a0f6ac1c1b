//! What unpacking may give.

use crate::{Error, limits};

/// Counts what comes in and what is made of it, at each depth, and refuses what has gone too far.
#[derive(Debug)]
pub(crate) struct Budget {
    /// All that came in, and what was unpacked by then: at each depth, and last of what was packed only for the way.
    packed: u64,
    unpacked: [u64; limits::DEPTH + 1],
    /// What the piece in work has become, at all depths.
    burst: u64,
    entries: usize,
    max_bytes: u64,
}

impl Budget {
    pub(crate) fn new(max_bytes: u64) -> Self {
        Self { packed: 0, unpacked: [0; limits::DEPTH + 1], burst: 0, entries: 0, max_bytes }
    }

    /// A piece came in.
    pub(crate) fn piece(&mut self, length: usize) {
        self.packed += length as u64;
        self.burst = 0;
    }

    /// Something was unpacked at a depth.
    pub(crate) fn unpacked(&mut self, depth: usize, length: usize) -> Result<(), Error> {
        let Some(unpacked) = self.unpacked.get_mut(depth) else { return Ok(()) };
        *unpacked += length as u64;
        self.burst += length as u64;
        if *unpacked > self.max_bytes {
            return Err(Error::too_large(format!("unpacked, it has more than {} bytes, the most that is taken", self.max_bytes)));
        }
        if self.burst > limits::BURST {
            return Err(Error::too_large(format!(
                "{} bytes unpack to more than {} at once: no report does; send it unpacked if it is one",
                limits::PIECE,
                limits::BURST
            )));
        }
        if *unpacked > (self.packed * limits::RATIO).max(limits::FREE) {
            return Err(Error::too_large(format!(
                "the first {} bytes unpack to over {unpacked} bytes, more than {} times as many: no report does; send it unpacked if it is one",
                self.packed,
                limits::RATIO,
            )));
        }
        Ok(())
    }

    /// An archive has one more entry.
    pub(crate) fn entry(&mut self) -> Result<(), Error> {
        self.entries += 1;
        if self.entries > limits::ENTRIES {
            return Err(Error::too_large(format!("the archive has more than {} entries: send it in parts", limits::ENTRIES)));
        }
        Ok(())
    }
}
