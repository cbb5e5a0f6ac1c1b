//! gzip (RFC 1952): one member or several, one after the other.

use std::io::{self, Write as _};

use flate2::write::GzDecoder;

use crate::{Error, limits};

/// What is unpacked in one go: it becomes at most a thousand times as much, which is held until it is counted.
const STEP: usize = 1024;

/// Unpacks a gzip file that comes in pieces.
#[derive(Debug)]
pub(crate) struct Gzip {
    /// Of the member in work.
    decoder: GzDecoder<Vec<u8>>,
    offset: u64,
    members: u64,
    unpacked: u64,
}

impl Gzip {
    pub(crate) fn new() -> Self {
        Self { decoder: GzDecoder::new(Vec::new()), offset: 0, members: 1, unpacked: 0 }
    }

    pub(crate) fn feed(&mut self, bytes: &[u8], out: &mut dyn FnMut(&[u8]) -> Result<(), Error>) -> Result<(), Error> {
        for piece in bytes.chunks(STEP) {
            // The error is of one of these bytes: what was unpacked before it does not count any more.
            self.write(piece)?;
            self.offset += piece.len() as u64;
            self.hand_on(out)?;
        }
        Ok(())
    }

    pub(crate) fn finish(&mut self, out: &mut dyn FnMut(&[u8]) -> Result<(), Error>) -> Result<(), Error> {
        self.decoder.try_finish().map_err(|error| self.broken(&error))?;
        self.hand_on(out)
    }

    fn write(&mut self, mut bytes: &[u8]) -> Result<(), Error> {
        while !bytes.is_empty() {
            match self.decoder.write(bytes).map_err(|error| self.broken(&error))? {
                0 => self.begin_member()?,
                taken => bytes = &bytes[taken..],
            }
        }
        Ok(())
    }

    /// The member in work has its end, and something follows it.
    fn begin_member(&mut self) -> Result<(), Error> {
        self.decoder.try_finish().map_err(|error| self.broken(&error))?;
        let unpacked = std::mem::take(self.decoder.get_mut());
        self.decoder = GzDecoder::new(unpacked);
        self.members += 1;
        if self.members > limits::MEMBERS + self.unpacked / limits::MEMBER {
            return Err(Error::too_large(format!(
                "the gzip file has {} members of less than {} bytes on average: pack it as one",
                self.members,
                limits::MEMBER
            )));
        }
        Ok(())
    }

    fn hand_on(&mut self, out: &mut dyn FnMut(&[u8]) -> Result<(), Error>) -> Result<(), Error> {
        let unpacked = self.decoder.get_mut();
        if !unpacked.is_empty() {
            self.unpacked += unpacked.len() as u64;
            out(unpacked)?;
            unpacked.clear();
        }
        Ok(())
    }

    fn broken(&self, error: &io::Error) -> Error {
        match error.kind() {
            io::ErrorKind::UnexpectedEof => Error::broken(format!("the gzip file ends in the middle, after {} bytes", self.offset)),
            _ => Error::broken(format!("the gzip file is broken behind offset {}: {error}", self.offset)),
        }
    }
}
