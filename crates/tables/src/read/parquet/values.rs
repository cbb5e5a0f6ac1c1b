//! The values of a page, one by one, in whatever way they are written.
//!
//! Nothing is decoded ahead: what is held of a page is its bytes and a place in them, however many values it says it has.

#![expect(clippy::cast_possible_truncation, reason = "numbers of 32 bits")]

use super::bits::{Hybrid, read_bits};
use super::delta::Delta;
use super::error::{Fault, Result};
use super::kind::{Physical, Slice, Source, Value};

/// Encodings by their numbers in the format.
mod encoding {
    pub(super) const PLAIN: i32 = 0;
    pub(super) const PLAIN_DICTIONARY: i32 = 2;
    pub(super) const RLE: i32 = 3;
    pub(super) const DELTA_BINARY_PACKED: i32 = 5;
    pub(super) const DELTA_LENGTH_BYTE_ARRAY: i32 = 6;
    pub(super) const DELTA_BYTE_ARRAY: i32 = 7;
    pub(super) const RLE_DICTIONARY: i32 = 8;
    pub(super) const BYTE_STREAM_SPLIT: i32 = 9;
}

/// Bytes of a length that is written before a value, or before runs.
pub(super) const LENGTH: usize = 4;
/// Bits of an index into a dictionary, at most.
const INDEX: u8 = 32;
/// Values whose lengths are written before them, in one page.
const LENGTHS: u64 = 32 * 1024 * 1024;

/// Whether values of this encoding are in the dictionary.
pub(super) fn is_dictionary(encoding: i32) -> bool {
    matches!(encoding, encoding::PLAIN_DICTIONARY | encoding::RLE_DICTIONARY)
}

/// The values that a chunk's pages refer to.
#[derive(Debug, Default)]
pub(super) struct Dictionary {
    pub(super) bytes: Vec<u8>,
    /// Where each begins, of values whose lengths differ.
    starts: Vec<u32>,
    there: bool,
}

impl Dictionary {
    /// Forgets the values and keeps the room.
    pub(super) fn clear(&mut self) {
        self.bytes.clear();
        self.starts.clear();
        self.there = false;
    }

    /// Finds the values in its bytes.
    pub(super) fn index(&mut self, physical: Physical, values: u32) -> Result<()> {
        self.starts.clear();
        self.there = true;
        let short = || Fault::syntax(format!("the dictionary ends before its {values} values"));
        let Some(width) = physical.width() else {
            let mut at = 0;
            for _ in 0..values {
                self.starts.push(u32::try_from(at).unwrap_or(u32::MAX));
                at = length_prefixed(&self.bytes, at, self.bytes.len()).ok_or_else(short)?.1;
            }
            return Ok(());
        };
        let needed = u64::from(values).saturating_mul(width as u64);
        if needed > self.bytes.len() as u64 { Err(short()) } else { Ok(()) }
    }

    pub(super) fn is_there(&self) -> bool {
        self.there
    }

    /// Bytes that it holds.
    pub(super) fn held(&self) -> usize {
        self.bytes.capacity() + self.starts.capacity() * size_of::<u32>()
    }

    /// A value as it is written where there is no dictionary.
    fn plain(&self, index: u32, physical: Physical) -> Option<&[u8]> {
        let index = usize::try_from(index).ok()?;
        let Some(width) = physical.width() else {
            let from = usize::try_from(*self.starts.get(index)?).ok()?;
            return self.bytes.get(from..length_prefixed(&self.bytes, from, self.bytes.len())?.1);
        };
        let from = index.checked_mul(width)?;
        self.bytes.get(from..from.checked_add(width)?)
    }

    #[inline]
    fn value(&self, index: u32, physical: Physical) -> Option<Value> {
        let index = usize::try_from(index).ok()?;
        if let Some(width) = physical.width() {
            return fixed(&self.bytes, index.checked_mul(width)?, self.bytes.len(), physical, Source::Dictionary);
        }
        let at = usize::try_from(*self.starts.get(index)?).ok()?;
        let (from, to) = length_prefixed(&self.bytes, at, self.bytes.len())?;
        Some(Value::Bytes(Slice::new(Source::Dictionary, from, to)))
    }
}

/// Where a value lies that has its length before it.
#[inline]
fn length_prefixed(bytes: &[u8], at: usize, end: usize) -> Option<(usize, usize)> {
    let from = at.checked_add(LENGTH)?;
    let length = u32::from_le_bytes(bytes.get(at..from)?.try_into().ok()?);
    let to = from.checked_add(usize::try_from(length).ok()?)?;
    (to <= end && to <= bytes.len()).then_some((from, to))
}

/// A value of a fixed length.
#[inline]
fn fixed(bytes: &[u8], at: usize, end: usize, physical: Physical, source: Source) -> Option<Value> {
    let bytes = bytes.get(..end)?.get(at..)?;
    match physical {
        Physical::Int32 => bytes.first_chunk().map(|four| Value::Integer(i64::from(i32::from_le_bytes(*four)))),
        Physical::Int64 => bytes.first_chunk().map(|eight| Value::Integer(i64::from_le_bytes(*eight))),
        Physical::Float => bytes.first_chunk().map(|four| Value::Float(f32::from_le_bytes(*four))),
        Physical::Double => bytes.first_chunk().map(|eight| Value::Double(f64::from_le_bytes(*eight))),
        Physical::Boolean | Physical::Bytes => None,
        Physical::Int96 | Physical::Fixed(_) => {
            let width = physical.width()?;
            (bytes.len() >= width).then(|| Value::Bytes(Slice::new(source, at, at + width)))
        }
    }
}

/// How values are written, and where the next one is.
#[derive(Clone, Copy, Debug, Default)]
pub(super) enum Values {
    #[default]
    Nothing,
    Plain {
        at: usize,
        end: usize,
    },
    Bits {
        bit: usize,
        end: usize,
    },
    Runs(Hybrid),
    Dictionary(Hybrid),
    Delta(Delta),
    Lengths {
        lengths: Delta,
        at: usize,
        end: usize,
    },
    Prefixes {
        prefixes: Delta,
        suffixes: Delta,
        at: usize,
        end: usize,
    },
    Split {
        at: usize,
        end: usize,
        count: usize,
        index: usize,
    },
}

impl Values {
    /// The values between two places of a page that has so many.
    pub(super) fn new(encoding: i32, physical: Physical, page: &[u8], at: usize, count: u64, dictionary: &Dictionary) -> Result<Self> {
        let end = page.len();
        let broken = |what: &str| Fault::syntax(format!("the {what} of a page are broken"));
        let values = match (encoding, physical) {
            // All of them are null.
            _ if at == end && count == 0 => Self::Nothing,
            (encoding::PLAIN, Physical::Boolean) => Self::Bits { bit: at * u8::BITS as usize, end },
            (encoding::PLAIN, _) => Self::Plain { at, end },
            _ if is_dictionary(encoding) => {
                let width = page.get(at).copied().unwrap_or_default();
                if !dictionary.there && at + 1 < end {
                    return Err(Fault::syntax("a page refers to a dictionary that is not there"));
                }
                if width > INDEX {
                    return Err(broken("indexes"));
                }
                Self::Dictionary(Hybrid::new(at + 1, end, width))
            }
            (encoding::RLE, Physical::Boolean) => {
                let (from, to) = length_prefixed(page, at, end).ok_or_else(|| broken("runs"))?;
                Self::Runs(Hybrid::new(from, to, 1))
            }
            (encoding::DELTA_BINARY_PACKED, Physical::Int32 | Physical::Int64) => {
                Self::Delta(Delta::new(page, at, end).ok_or_else(|| broken("deltas"))?)
            }
            (encoding::DELTA_LENGTH_BYTE_ARRAY, Physical::Bytes) => {
                let (lengths, at) = lengths(page, at, end, count).ok_or_else(|| broken("lengths"))?;
                Self::Lengths { lengths, at, end }
            }
            (encoding::DELTA_BYTE_ARRAY, Physical::Bytes | Physical::Fixed(_)) => {
                let (prefixes, behind) = lengths(page, at, end, count).ok_or_else(|| broken("prefixes"))?;
                let (suffixes, at) = lengths(page, behind, end, count).ok_or_else(|| broken("suffixes"))?;
                Self::Prefixes { prefixes, suffixes, at, end }
            }
            (encoding::BYTE_STREAM_SPLIT, _) if !matches!(physical, Physical::Boolean | Physical::Bytes | Physical::Int96) => {
                let count = physical.width().and_then(|width| (end - at).checked_div(width)).unwrap_or_default();
                Self::Split { at, end, count, index: 0 }
            }
            _ => return Err(Fault::refused(format!("encoding {encoding} of {physical:?} is not read"))),
        };
        Ok(values)
    }

    /// Takes the values out of the dictionary: so many, if they have no more than `most` bytes.
    pub(super) fn take_from(self, dictionary: &Dictionary, physical: Physical, page: &[u8], count: usize, most: usize) -> Option<Vec<u8>> {
        let Self::Dictionary(mut indexes) = self else { return None };
        let mut plain = Vec::new();
        for _ in 0..count {
            plain.extend_from_slice(dictionary.plain(indexes.next(page)?, physical)?);
            if plain.len() > most {
                return None;
            }
        }
        plain.shrink_to_fit();
        Some(plain)
    }

    /// The next value.
    #[inline]
    pub(super) fn next(&mut self, physical: Physical, page: &[u8], dictionary: &Dictionary, scratch: &mut Vec<u8>) -> Option<Value> {
        match self {
            Self::Dictionary(indexes) => dictionary.value(indexes.next(page)?, physical),
            Self::Plain { at, end } => {
                if let Some(width) = physical.width() {
                    let value = fixed(page, *at, *end, physical, Source::Page)?;
                    *at += width;
                    return Some(value);
                }
                let (from, to) = length_prefixed(page, *at, *end)?;
                *at = to;
                Some(Value::Bytes(Slice::new(Source::Page, from, to)))
            }
            Self::Nothing => None,
            Self::Bits { bit, end } => {
                let there = *bit < *end * u8::BITS as usize;
                let value = read_bits(page, *bit, 1);
                *bit += 1;
                there.then_some(Value::Boolean(value == 1))
            }
            Self::Runs(runs) => runs.next(page).map(|value| Value::Boolean(value == 1)),
            Self::Delta(delta) => {
                let value = delta.next(page)?;
                Some(Value::Integer(if physical == Physical::Int32 { i64::from(value as i32) } else { value }))
            }
            Self::Lengths { lengths, at, end } => {
                let (from, to) = behind(lengths, page, *at, *end)?;
                *at = to;
                Some(Value::Bytes(Slice::new(Source::Page, from, to)))
            }
            Self::Prefixes { prefixes, suffixes, at, end } => {
                let prefix = usize::try_from(prefixes.next(page)?).ok().filter(|prefix| *prefix <= scratch.len())?;
                let (from, to) = behind(suffixes, page, *at, *end)?;
                *at = to;
                scratch.truncate(prefix);
                scratch.extend_from_slice(page.get(from..to)?);
                Some(Value::Bytes(Slice::new(Source::Scratch, 0, scratch.len())))
            }
            Self::Split { at, end, count, index } => {
                if *index >= *count {
                    return None;
                }
                let streams = page.get(*at + *index..*end)?;
                *index += 1;
                scratch.clear();
                scratch.extend(streams.iter().step_by(*count).take(physical.width()?));
                fixed(scratch, 0, scratch.len(), physical, Source::Scratch)
            }
        }
    }
}

/// Lengths, and where what has them begins.
fn lengths(page: &[u8], at: usize, end: usize, count: u64) -> Option<(Delta, usize)> {
    let lengths = Delta::new(page, at, end)?;
    Some((lengths, lengths.behind(page, count.min(LENGTHS))?))
}

/// The next of the values that lie behind their lengths.
#[inline]
fn behind(lengths: &mut Delta, page: &[u8], at: usize, end: usize) -> Option<(usize, usize)> {
    let to = at.checked_add(usize::try_from(lengths.next(page)?).ok()?)?;
    (to <= end).then_some((at, to))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(encoding: i32, physical: Physical, page: &[u8], dictionary: &Dictionary) -> Option<Vec<Vec<u8>>> {
        let mut values = Values::new(encoding, physical, page, 0, 100, dictionary).ok()?;
        let mut scratch = Vec::new();
        let mut read = Vec::new();
        while let Some(value) = values.next(physical, page, dictionary, &mut scratch) {
            read.push(match value {
                Value::Integer(value) => value.to_string().into_bytes(),
                Value::Boolean(value) => value.to_string().into_bytes(),
                Value::Float(value) => value.to_string().into_bytes(),
                Value::Double(value) => value.to_string().into_bytes(),
                Value::Bytes(Slice { source, from, to }) => {
                    let bytes = match source {
                        Source::Page => page,
                        Source::Dictionary => &dictionary.bytes,
                        Source::Scratch => &scratch,
                    };
                    bytes[from as usize..to as usize].to_vec()
                }
            });
        }
        Some(read)
    }

    #[test]
    fn each_encoding_gives_its_values_and_ends_where_its_bytes_end() {
        use encoding::*;
        let mut dictionary = Dictionary { bytes: b"\x01\0\0\0a\x02\0\0\0bc".to_vec(), ..Dictionary::default() };
        dictionary.index(Physical::Bytes, 2).expect("two values");
        // Lengths 1 and 2 (block of 128 values in 4 miniblocks), then the bytes.
        let lengths = [0x80, 1, 4, 2, 2, 2, 0, 0, 0, 0];
        let lengths_then_bytes = [lengths.as_slice(), b"abc"].concat();
        // Prefixes 0 and 1.
        let prefixed = [&[0x80, 1, 4, 2, 0, 2, 0, 0, 0, 0], lengths.as_slice(), b"xyz"].concat();
        for (encoding, physical, page, expected) in [
            (PLAIN, Physical::Int32, b"\x01\0\0\0\xff\xff\xff\xff\x07".as_slice(), vec!["1", "-1"]),
            (PLAIN, Physical::Bytes, b"\x01\0\0\0a\0\0\0\0\x09\0\0\0a", vec!["a", ""]),
            (PLAIN, Physical::Fixed(2), b"abcde", vec!["ab", "cd"]),
            (PLAIN, Physical::Boolean, b"\x05", vec!["true", "false", "true", "false", "false", "false", "false", "false"]),
            (PLAIN, Physical::Float, b"\0\0\x80\x3f", vec!["1"]),
            (RLE, Physical::Boolean, b"\x02\0\0\0\x04\x01", vec!["true", "true"]),
            (RLE_DICTIONARY, Physical::Bytes, b"\x01\x04\x01\x02\x00\x02\x01", vec!["bc", "bc", "a", "bc"]),
            (PLAIN_DICTIONARY, Physical::Bytes, b"\x08\x02\x00\x02\x02", vec!["a"]),
            (DELTA_BINARY_PACKED, Physical::Int64, &lengths, vec!["1", "2"]),
            (DELTA_LENGTH_BYTE_ARRAY, Physical::Bytes, &lengths_then_bytes, vec!["a", "bc"]),
            (DELTA_LENGTH_BYTE_ARRAY, Physical::Bytes, &lengths_then_bytes[..12], vec!["a"]),
            (DELTA_BYTE_ARRAY, Physical::Bytes, &prefixed, vec!["x", "xyz"]),
            (BYTE_STREAM_SPLIT, Physical::Int32, b"\x01\x02\0\0\0\0\0\0", vec!["1", "2"]),
            (BYTE_STREAM_SPLIT, Physical::Fixed(2), b"acbd", vec!["ab", "cd"]),
        ] {
            let values = read(encoding, physical, page, &dictionary).expect("an encoding that is read");
            assert_eq!(
                values,
                expected.iter().map(|text| text.as_bytes().to_vec()).collect::<Vec<_>>(),
                "{encoding} {physical:?} {page:?}"
            );
        }
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        use encoding::*;
        let none = Dictionary::default();
        for (encoding, physical, page) in [
            (RLE_DICTIONARY, Physical::Int32, b"\x01\x04\x01".as_slice()),
            (DELTA_BINARY_PACKED, Physical::Double, b"\x80\x01\x04\x02\x02"),
            (DELTA_LENGTH_BYTE_ARRAY, Physical::Bytes, b"\x80\x01"),
            (RLE, Physical::Boolean, b"\x09\0\0\0\x04\x01"),
            (BYTE_STREAM_SPLIT, Physical::Bytes, b"abcd"),
            (99, Physical::Int32, b"abcd"),
        ] {
            assert_eq!(read(encoding, physical, page, &none), None, "{encoding} {physical:?}");
        }
        let mut short = Dictionary { bytes: vec![1, 0, 0, 0, b'a', 9, 0, 0, 0], ..Dictionary::default() };
        assert!(short.index(Physical::Bytes, 2).is_err());
        assert!(short.index(Physical::Int64, u32::MAX).is_err());
    }
}
