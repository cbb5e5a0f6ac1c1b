//! Compression of pages. What comes out is never more than the page's header says, which is bounded.

use std::io::Read;

use ruzstd::decoding::FrameDecoder;

use super::error::{Fault, Result};
use super::page::PAGE;

/// Codecs by their numbers in the format.
mod number {
    pub(super) const UNCOMPRESSED: i32 = 0;
    pub(super) const SNAPPY: i32 = 1;
    pub(super) const GZIP: i32 = 2;
    pub(super) const LZO: i32 = 3;
    pub(super) const BROTLI: i32 = 4;
    pub(super) const LZ4: i32 = 5;
    pub(super) const ZSTD: i32 = 6;
    pub(super) const LZ4_RAW: i32 = 7;
}

/// Bytes of a length in the frames of Hadoop's LZ4.
const LENGTH: usize = 4;
/// A decoder of zstd keeps its window: one of a page that is larger than this is not kept.
const KEPT: usize = 1024 * 1024;
/// What Brotli reads at once.
const BROTLI_INPUT: usize = 4096;

/// Decoders that are used again.
#[derive(Default)]
pub(super) struct Codecs {
    zstd: Option<Box<FrameDecoder>>,
}

/// Says whether a codec is known, before anything is read.
pub(super) fn check(codec: i32) -> Result<()> {
    match codec {
        number::UNCOMPRESSED | number::SNAPPY | number::GZIP | number::BROTLI | number::LZ4 | number::ZSTD | number::LZ4_RAW => Ok(()),
        number::LZO => Err(Fault::refused("compressed with LZO, which is not read: write it with zstd or Snappy")),
        _ => Err(Fault::refused(format!("compressed with codec {codec}, which is not known"))),
    }
}

impl Codecs {
    /// Appends what `from` holds to `to`: `size` bytes, neither more nor fewer.
    pub(super) fn decompress(&mut self, codec: i32, from: &[u8], size: usize, to: &mut Vec<u8>) -> Result<()> {
        let start = to.len();
        let broken = || Fault::syntax("the compressed bytes of a page are broken, or not of the size that its header says");
        let written = match codec {
            number::UNCOMPRESSED => {
                to.extend_from_slice(from);
                from.len()
            }
            number::GZIP => read(flate2::read::MultiGzDecoder::new(from), size, to).ok_or_else(broken)?,
            number::BROTLI => read(brotli_decompressor::Decompressor::new(from, BROTLI_INPUT), size, to).ok_or_else(broken)?,
            _ => {
                to.resize(start + size, 0);
                let room = to.get_mut(start..).unwrap_or_default();
                match codec {
                    number::SNAPPY => snap::raw::Decoder::new().decompress(from, room).ok(),
                    number::ZSTD => self.zstd(from, room),
                    number::LZ4 => hadoop(from, room).or_else(|| lz4_flex::block::decompress_into(from, room).ok()),
                    number::LZ4_RAW => lz4_flex::block::decompress_into(from, room).ok(),
                    _ => return check(codec),
                }
                .ok_or_else(broken)?
            }
        };
        if written == size { Ok(()) } else { Err(broken()) }
    }

    fn zstd(&mut self, from: &[u8], to: &mut [u8]) -> Option<usize> {
        let mut decoder = self.zstd.take().unwrap_or_else(|| {
            let mut decoder = Box::new(FrameDecoder::new());
            decoder.set_max_window_size(PAGE as u64);
            decoder
        });
        let written = decoder.decode_all(from, to).ok()?;
        if to.len() <= KEPT {
            self.zstd = Some(decoder);
        }
        Some(written)
    }
}

/// One byte more than there may be tells that there are too many.
fn read(from: impl Read, size: usize, to: &mut Vec<u8>) -> Option<usize> {
    to.reserve_exact(size + 1);
    from.take(size as u64 + 1).read_to_end(to).ok()
}

/// Frames of a length before and one after compression, in big-endian bytes, each before a block.
fn hadoop(mut from: &[u8], to: &mut [u8]) -> Option<usize> {
    let mut written = 0;
    while !from.is_empty() {
        let (size, rest) = from.split_first_chunk::<LENGTH>()?;
        let (length, rest) = rest.split_first_chunk::<LENGTH>()?;
        let (block, rest) = rest.split_at_checked(usize::try_from(u32::from_be_bytes(*length)).ok()?)?;
        let size = usize::try_from(u32::from_be_bytes(*size)).ok()?;
        let room = to.get_mut(written..)?.get_mut(..size)?;
        if lz4_flex::block::decompress_into(block, room).ok()? != size {
            return None;
        }
        written += size;
        from = rest;
    }
    Some(written)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    /// `spillway spillway spillway`, by the reference encoder.
    const BROTLI: &[u8] = &[27, 25, 0, 0, 0xc4, 0x63, 0x6c, 0x5d, 0xfb, 0x9a, 0xca, 0x50, 0x86, 0x84, 0x3e, 0xc1, 0xbc, 0x91, 0x3d, 0x1e];

    fn gzip(text: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(text).expect("memory");
        encoder.finish().expect("memory")
    }

    #[test]
    fn each_codec_gives_what_was_compressed_and_nothing_of_another_size() {
        let text = b"spillway ".repeat(100);
        let lz4 = lz4_flex::block::compress(&text);
        let length = |bytes: &[u8]| u32::try_from(bytes.len()).expect("few bytes").to_be_bytes();
        let framed = |block: &[u8]| [&length(&text)[..], &length(block), block].concat();
        let zstd = ruzstd::encoding::compress_to_vec(text.as_slice(), ruzstd::encoding::CompressionLevel::Fastest);
        let snappy = snap::raw::Encoder::new().compress_vec(&text).expect("memory");
        let mut codecs = Codecs::default();
        for (codec, bytes) in [
            (number::UNCOMPRESSED, text.clone()),
            (number::SNAPPY, snappy),
            (number::GZIP, gzip(&text)),
            (number::GZIP, [gzip(&text[..300]), gzip(&text[300..])].concat()),
            (number::LZ4, framed(&lz4)),
            (number::LZ4, lz4.clone()),
            (number::LZ4_RAW, lz4),
            (number::ZSTD, zstd),
        ] {
            let mut to = b"before".to_vec();
            assert_eq!(codecs.decompress(codec, &bytes, text.len(), &mut to), Ok(()), "{codec}");
            assert_eq!(to, [b"before", text.as_slice()].concat(), "{codec}");
            for size in [0, text.len() - 1, text.len() + 1] {
                assert!(codecs.decompress(codec, &bytes, size, &mut Vec::new()).is_err(), "{codec} {size}");
            }
            for end in 0..bytes.len().min(60) {
                assert!(codecs.decompress(codec, &bytes[..end], text.len(), &mut Vec::new()).is_err(), "{codec} {end}");
            }
            assert_eq!(check(codec), Ok(()));
        }
        assert!(check(number::LZO).is_err());
    }

    #[test]
    fn brotli_gives_what_was_compressed() {
        let text = b"spillway spillway spillway";
        let mut to = Vec::new();
        assert_eq!(Codecs::default().decompress(number::BROTLI, BROTLI, text.len(), &mut to), Ok(()));
        assert_eq!(to, text);
        for (bytes, size) in [(BROTLI, text.len() - 1), (BROTLI, text.len() + 1), (&BROTLI[..15], text.len())] {
            assert!(Codecs::default().decompress(number::BROTLI, bytes, size, &mut Vec::new()).is_err());
        }
    }
}
