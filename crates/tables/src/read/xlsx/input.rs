//! Which bytes of the file are wanted, and those of them that are there.

/// A range of the file on its way in.
#[derive(Debug, Default)]
pub(super) struct Input {
    /// Offset of the first byte held.
    at: u64,
    /// Where what is wanted ends.
    end: u64,
    held: Vec<u8>,
    /// How many of them were taken.
    taken: usize,
    /// The last bytes of the file and their offset: of a small file, all parts are there.
    tail: (u64, Vec<u8>),
    size: u64,
    is_cut: bool,
}

impl Input {
    pub(super) fn new(size: u64) -> Self {
        Self { tail: (size, Vec::new()), size, ..Self::default() }
    }

    /// Wants so many bytes from an offset on, or those that there are.
    pub(super) fn begin(&mut self, at: u64, length: u64) {
        self.held.clear();
        (self.at, self.end, self.taken) = (at, at.saturating_add(length).min(self.size), 0);
        let (from, tail) = &self.tail;
        let known = at.checked_sub(*from).and_then(|skipped| tail.get(usize::try_from(skipped).ok()?..));
        if let Some(known) = known {
            let wanted = usize::try_from(self.end.saturating_sub(at)).unwrap_or(usize::MAX);
            self.held.extend_from_slice(&known[..known.len().min(wanted)]);
        }
    }

    /// Wants none behind an offset.
    pub(super) fn end_at(&mut self, end: u64) {
        self.end = end.min(self.size);
        let length = usize::try_from(self.end.saturating_sub(self.at)).unwrap_or(usize::MAX);
        self.held.truncate(length.max(self.taken));
    }

    /// Keeps what is held as the last bytes of the file.
    pub(super) fn keep_tail(&mut self) {
        self.tail = (self.at, self.take_held());
    }

    /// Gives away what is held.
    pub(super) fn take_held(&mut self) -> Vec<u8> {
        self.taken = 0;
        std::mem::take(&mut self.held)
    }

    /// Offset of the next byte that is wanted.
    pub(super) fn position(&self) -> u64 {
        self.at + self.held.len() as u64
    }

    pub(super) fn feed(&mut self, bytes: &[u8]) -> usize {
        let wanted = usize::try_from(self.end.saturating_sub(self.position())).unwrap_or(usize::MAX);
        self.held.drain(..self.taken);
        self.at += self.taken as u64;
        self.taken = 0;
        let bytes = &bytes[..bytes.len().min(wanted)];
        self.held.extend_from_slice(bytes);
        bytes.len()
    }

    /// Hears that the file ends at the position.
    pub(super) fn cut(&mut self) {
        self.is_cut |= self.position() < self.size;
    }

    /// Whether what is wanted can still come.
    pub(super) fn may_come(&self) -> bool {
        !self.is_cut && self.position() < self.end
    }

    /// Whether all that is wanted is there.
    pub(super) fn is_whole(&self) -> bool {
        self.position() >= self.end
    }

    /// What is there and not taken.
    pub(super) fn held(&self) -> &[u8] {
        &self.held[self.taken..]
    }

    pub(super) fn take(&mut self, length: usize) {
        self.taken = (self.taken + length).min(self.held.len());
    }
}
