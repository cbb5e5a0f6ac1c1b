//! gzip (RFC 1952): one member or several, one after the other.

use std::io::{self, Write as _};

use flate2::write::MultiGzDecoder;

use crate::{Error, limits};

/// Unpacks a gzip file that comes in pieces.
#[derive(Debug)]
pub(crate) struct Gzip {
    decoder: MultiGzDecoder<Vec<u8>>,
    offset: u64,
}

impl Gzip {
    pub(crate) fn new() -> Self {
        Self { decoder: MultiGzDecoder::new(Vec::new()), offset: 0 }
    }

    pub(crate) fn feed(&mut self, bytes: &[u8], out: &mut dyn FnMut(&[u8]) -> Result<(), Error>) -> Result<(), Error> {
        // What was unpacked of something else may be long, and become a thousand times as much before anybody counts it.
        for piece in bytes.chunks(limits::PIECE) {
            // The error is of one of these bytes: what was unpacked before it does not count any more.
            self.decoder.write_all(piece).map_err(|error| self.broken(&error))?;
            self.offset += piece.len() as u64;
            self.hand_on(out)?;
        }
        Ok(())
    }

    pub(crate) fn finish(&mut self, out: &mut dyn FnMut(&[u8]) -> Result<(), Error>) -> Result<(), Error> {
        self.decoder.try_finish().map_err(|error| self.broken(&error))?;
        self.hand_on(out)
    }

    fn hand_on(&mut self, out: &mut dyn FnMut(&[u8]) -> Result<(), Error>) -> Result<(), Error> {
        let unpacked = self.decoder.get_mut();
        if !unpacked.is_empty() {
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
