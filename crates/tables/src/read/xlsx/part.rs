//! A part of the file, unpacked piece by piece.

use flate2::{Crc, Decompress, FlushDecompress, Status};

use super::input::Input;
use super::zip::{self, Entry};
use super::{Failure, damaged, shortened, too_large};

/// What is unpacked at once.
const CHUNK: usize = 32 * 1024;

const STORED: u16 = 0;
const DEFLATED: u16 = 8;

/// A part that is being unpacked.
pub(super) struct Part {
    name: String,
    entry: Entry,
    /// Where its bytes begin in the file, once its header was read.
    data: Option<u64>,
    /// How many of them were taken.
    taken: u64,
    inflate: Decompress,
    chunk: Vec<u8>,
    unpacked: u64,
    crc: Crc,
    over: bool,
    /// What is wrong behind the bytes that were unpacked last.
    failure: Option<Failure>,
}

/// What [`Part::step`] did.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// It unpacked some bytes, or none yet: [`Part::chunk`].
    Unpacked,
    /// It wants more of the file.
    NeedInput,
    /// The part is unpacked to its end, and all of it is as it says.
    End,
}

impl Part {
    /// Wants the bytes of a part that may have so many bytes when unpacked.
    pub(super) fn begin(name: &str, entry: Entry, limit: u64, input: &mut Input) -> Result<Self, Failure> {
        let name = shortened(name);
        if entry.is_encrypted {
            return Err(damaged(&format!("its part {name:?} is encrypted")));
        }
        if !matches!(entry.method, STORED | DEFLATED) {
            return Err(damaged(&format!("its part {name:?} is compressed by method {}, only deflate is read", entry.method)));
        }
        if entry.method == STORED && entry.packed != entry.unpacked {
            return Err(damaged(&format!("its part {name:?} has two sizes")));
        }
        if entry.unpacked > limit {
            return Err(too_large(&format!("its part {name:?} has {} bytes unpacked, more than {limit}", entry.unpacked)));
        }
        input.begin(entry.at, entry.packed.saturating_add(zip::LONGEST_LOCAL));
        let (inflate, chunk, crc) = (Decompress::new(false), Vec::with_capacity(CHUNK), Crc::new());
        Ok(Self { name, entry, data: None, taken: 0, inflate, chunk, unpacked: 0, crc, over: false, failure: None })
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// The bytes that the last step unpacked.
    pub(super) fn chunk(&self) -> &[u8] {
        &self.chunk
    }

    /// How many bytes are unpacked.
    pub(super) fn unpacked(&self) -> u64 {
        self.unpacked
    }

    /// Up to where in the file it is read.
    pub(super) fn reached(&self) -> u64 {
        self.data.unwrap_or(self.entry.at).saturating_add(self.taken)
    }

    /// Where it begins in the file.
    pub(super) fn offset(&self) -> u64 {
        self.entry.at
    }

    pub(super) fn step(&mut self, input: &mut Input) -> Result<Step, Failure> {
        if let Some(failure) = self.failure.take() {
            return Err(failure);
        }
        if self.data.is_none() && !self.read_header(input)? {
            return Ok(Step::NeedInput);
        }
        if self.over {
            return self.check_end();
        }
        self.chunk.clear();
        let used = if self.entry.method == STORED { self.copy(input) } else { self.inflate(input) };
        input.take(used);
        self.taken += used as u64;
        self.cut_at_said_size();
        self.unpacked += self.chunk.len() as u64;
        self.crc.update(&self.chunk);
        self.over |= self.entry.method == STORED && self.taken == self.entry.packed;
        if !self.chunk.is_empty() {
            return Ok(Step::Unpacked);
        }
        if let Some(failure) = self.failure.take() {
            return Err(failure);
        }
        if self.over {
            return self.check_end();
        }
        if self.taken == self.entry.packed {
            return Err(damaged(&format!("its part {:?} ends in the middle", self.name)));
        }
        if input.held().is_empty() {
            return Ok(Step::NeedInput);
        }
        // What was taken may be no more than a block's header.
        if used > 0 { Ok(Step::Unpacked) } else { Err(damaged(&format!("its part {:?} does not go on", self.name))) }
    }

    /// Whether the local header is there; what follows it is the part.
    fn read_header(&mut self, input: &mut Input) -> Result<bool, Failure> {
        let held = input.held();
        if held.len() < zip::LOCAL {
            return Ok(false);
        }
        let length = zip::local_length(held).ok_or_else(|| damaged(&format!("its part {:?} is not where it should be", self.name)))?;
        if held.len() < length {
            return Ok(false);
        }
        input.take(length);
        let data = self.entry.at + length as u64;
        input.end_at(data.saturating_add(self.entry.packed));
        self.data = Some(data);
        Ok(true)
    }

    fn copy(&mut self, input: &Input) -> usize {
        let held = input.held();
        let piece = &held[..held.len().min(CHUNK)];
        self.chunk.extend_from_slice(piece);
        piece.len()
    }

    fn inflate(&mut self, input: &Input) -> usize {
        let before = self.inflate.total_in();
        match self.inflate.decompress_vec(input.held(), &mut self.chunk, FlushDecompress::None) {
            Ok(status) => self.over = status == Status::StreamEnd,
            Err(_) => self.failure = Some(damaged(&format!("its part {:?} cannot be decompressed", self.name))),
        }
        usize::try_from(self.inflate.total_in() - before).unwrap_or(usize::MAX)
    }

    /// Keeps as many of the bytes as the part says that it has: what comes before an error is read, however the file was cut.
    fn cut_at_said_size(&mut self) {
        let room = usize::try_from(self.entry.unpacked - self.unpacked).unwrap_or(usize::MAX);
        if self.chunk.len() > room {
            self.chunk.truncate(room);
            self.failure =
                Some(damaged(&format!("its part {:?} is larger than the {} bytes that it says", self.name, self.entry.unpacked)));
        }
    }

    fn check_end(&self) -> Result<Step, Failure> {
        if self.unpacked != self.entry.unpacked || self.crc.sum() != self.entry.crc {
            return Err(damaged(&format!("its part {:?} is damaged: size or checksum are not what they should be", self.name)));
        }
        Ok(Step::End)
    }
}
