//! zstd (RFC 8878): frames one after the other, block by block.
//!
//! The decoder reads from a `Read`, so it is given whole blocks only; what is held is one block (128 KiB) and the window.

use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};

use crate::{Error, limits};

/// The first bytes of a frame, of whatever kind.
pub(crate) const MAGIC: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];
/// The first bytes of a frame of other data (3.1.2) but for the lowest four bits, which are free.
const SKIPPABLE: u32 = 0x184d_2a50;
/// Blocks are not longer, packed or not (3.1.1.2.4).
const BLOCK: usize = 128 * 1024;

/// Unpacks a zstd file that comes in pieces.
pub(crate) struct Zstd {
    decoder: FrameDecoder,
    state: ZstdState,
    held: Vec<u8>,
    offset: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ZstdState {
    Header,
    Block { checksum: bool },
    Skip { left: u64 },
}

impl Zstd {
    pub(crate) fn new() -> Self {
        let mut decoder = FrameDecoder::new();
        decoder.set_max_window_size(limits::WINDOW);
        Self { decoder, state: ZstdState::Header, held: Vec::new(), offset: 0 }
    }

    pub(crate) fn feed(&mut self, mut bytes: &[u8], out: &mut dyn FnMut(&[u8]) -> Result<(), Error>) -> Result<(), Error> {
        while !bytes.is_empty() {
            if let ZstdState::Skip { left } = self.state {
                let length = usize::try_from(left).unwrap_or(usize::MAX).min(bytes.len());
                bytes = &bytes[length..];
                self.offset += length as u64;
                let left = left - length as u64;
                self.state = if left == 0 { ZstdState::Header } else { ZstdState::Skip { left } };
                continue;
            }
            let wanted = self.wanted()?;
            let length = wanted.saturating_sub(self.held.len()).min(bytes.len());
            self.held.extend_from_slice(&bytes[..length]);
            bytes = &bytes[length..];
            // What is held may say that more is wanted.
            if self.held.len() == self.wanted()? {
                self.read_held(out)?;
            }
        }
        Ok(())
    }

    pub(crate) fn finish(&self) -> Result<(), Error> {
        match self.state {
            ZstdState::Header if self.held.is_empty() => Ok(()),
            _ => Err(Error::broken(format!("the zstd file ends in the middle, after {} bytes", self.offset + self.held.len() as u64))),
        }
    }

    /// How many bytes have to be held for the next step, as far as those that are held tell.
    fn wanted(&self) -> Result<usize, Error> {
        match self.state {
            ZstdState::Block { checksum } => match self.held[..] {
                [a, b, c, ..] => {
                    let header = u32::from_le_bytes([a, b, c, 0]);
                    // A repeated byte stands there once (3.1.1.2.2).
                    let size = if (header >> 1) & 3 == 1 { 1 } else { (header >> 3) as usize };
                    if size > BLOCK {
                        return Err(Error::broken(format!("the zstd file has a block of {size} bytes at offset {}", self.offset)));
                    }
                    Ok(3 + size + if header & 1 == 1 && checksum { 4 } else { 0 })
                }
                _ => Ok(3),
            },
            _ => Ok(self.header_length()),
        }
    }

    /// The length of a frame's header (3.1.1.1) or a skippable frame's (3.1.2), as far as it is there.
    fn header_length(&self) -> usize {
        let [a, b, c, d, descriptor, ..] = self.held[..] else { return 5 };
        if u32::from_le_bytes([a, b, c, d]) & !0xf == SKIPPABLE {
            return 8;
        }
        // No frame: there is no need to wait for more.
        if self.held[..4] != MAGIC {
            return 5;
        }
        let single_segment = descriptor & 0x20 != 0;
        let dictionary = [0, 1, 2, 4][usize::from(descriptor & 3)];
        let size = match descriptor >> 6 {
            0 => usize::from(single_segment),
            power => 1 << power,
        };
        5 + usize::from(!single_segment) + dictionary + size
    }

    /// Reads what is held: a header or a block.
    fn read_held(&mut self, out: &mut dyn FnMut(&[u8]) -> Result<(), Error>) -> Result<(), Error> {
        match self.state {
            ZstdState::Block { .. } => self.take_block(out)?,
            _ => self.take_header()?,
        }
        self.offset += self.held.len() as u64;
        self.held.clear();
        Ok(())
    }

    fn take_header(&mut self) -> Result<(), Error> {
        let (magic, rest) = self.held.split_first_chunk::<4>().ok_or_else(|| self.broken("has no header"))?;
        if u32::from_le_bytes(*magic) & !0xf == SKIPPABLE {
            let length = rest.first_chunk::<4>().map_or(0, |bytes| u32::from_le_bytes(*bytes));
            self.state = if length == 0 { ZstdState::Header } else { ZstdState::Skip { left: length.into() } };
            return Ok(());
        }
        if *magic != MAGIC {
            return Err(self.broken("goes on with something else"));
        }
        let checksum = rest[0] & 4 != 0;
        self.decoder.reset(self.held.as_slice()).map_err(|error| self.refused(&error))?;
        self.state = ZstdState::Block { checksum };
        Ok(())
    }

    fn take_block(&mut self, out: &mut dyn FnMut(&[u8]) -> Result<(), Error>) -> Result<(), Error> {
        let one = BlockDecodingStrategy::UptoBlocks(1);
        let ended = self.decoder.decode_blocks(self.held.as_slice(), one).map_err(|error| self.broken(&error.to_string()))?;
        if let Some(unpacked) = self.decoder.collect().filter(|unpacked| !unpacked.is_empty()) {
            out(&unpacked)?;
        }
        if ended {
            let stated = self.decoder.get_checksum_from_data();
            if stated.is_some() && stated != self.decoder.get_calculated_checksum() {
                return Err(self.broken("does not unpack to what its checksum says"));
            }
            self.state = ZstdState::Header;
        }
        Ok(())
    }

    /// Why a frame's header is not taken.
    fn refused(&self, error: &ruzstd::decoding::errors::FrameDecoderError) -> Error {
        use ruzstd::decoding::errors::FrameDecoderError as Why;
        match error {
            Why::WindowSizeTooBig { requested, max } => Error::unsupported(format!(
                "the zstd file needs a window of {requested} bytes, at most {max} are taken: pack it with level 19 or less, without --long"
            )),
            Why::DictNotProvided { .. } => Error::unsupported("the zstd file needs a dictionary: pack it without one"),
            error => self.broken(&error.to_string()),
        }
    }

    fn broken(&self, what: &str) -> Error {
        Error::broken(format!("the zstd file is broken at offset {}: {what}", self.offset))
    }
}
