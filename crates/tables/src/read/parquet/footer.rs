//! The footer: what is in the file, and where.

use super::error::{Fault, Result};
use super::thrift::{Bytes, Stop, Taken, kind};

/// Bytes of the magic, and of the length and the magic at the end.
pub(super) const MAGIC: &[u8] = b"PAR1";
const MAGIC_ENCRYPTED: &[u8] = b"PARE";
pub(super) const END: usize = 8;
const LENGTH: usize = 4;

/// Bytes of a footer. It holds about a hundred bytes for each column of each row group.
pub(super) const FOOTER: u64 = 16 * 1024 * 1024;

/// Fields of a schema, groups among them.
const ELEMENTS: usize = 20_000;
/// Row groups.
const GROUPS: usize = 100_000;
/// Columns of all row groups together.
const CHUNKS: usize = 500_000;

/// The length of the footer, from the last bytes of the file.
pub(super) fn footer_length(end: &[u8], file_size: u64) -> Result<u64> {
    let no_parquet = || Fault::refused("no Parquet file: it does not end with PAR1");
    let end = end.len().checked_sub(LENGTH + MAGIC.len()).and_then(|from| end.get(from..)).ok_or_else(no_parquet)?;
    let (length, magic) = end.split_at(LENGTH);
    if magic == MAGIC_ENCRYPTED {
        return Err(Fault::refused("the Parquet file is encrypted: write it without encryption"));
    }
    let length = length.try_into().map(u32::from_le_bytes).map_err(|_| no_parquet())?;
    let length = u64::from(length);
    if magic != MAGIC || length + END as u64 > file_size {
        return Err(no_parquet());
    }
    if length > FOOTER {
        return Err(Fault::limit(format!("the footer has {length} bytes, at most {FOOTER} are read: write fewer and larger row groups")));
    }
    Ok(length)
}

/// A row group.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Group {
    pub(super) rows: u64,
    pub(super) chunks: Vec<Chunk>,
}

impl Group {
    /// Where its first bytes are.
    pub(super) fn start(&self) -> u64 {
        self.chunks.iter().map(|chunk| chunk.start).min().unwrap_or_default()
    }

    /// Bytes that it takes in the file, as far as the footer is right.
    pub(super) fn bytes(&self) -> u64 {
        self.chunks.iter().fold(0, |sum, chunk| sum.saturating_add(chunk.bytes))
    }
}

/// A column within a row group.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Chunk {
    pub(super) codec: i32,
    pub(super) values: u64,
    pub(super) start: u64,
    pub(super) bytes: u64,
}

/// A field of the schema, as it is in the footer: a tree, written from the root on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Element {
    pub(super) name: String,
    pub(super) physical: Option<i32>,
    pub(super) length: i32,
    pub(super) repetition: Option<i32>,
    pub(super) children: u32,
    pub(super) converted: Option<i32>,
    pub(super) scale: i32,
    pub(super) logical: Option<Logical>,
}

/// What a logical type says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Logical {
    String,
    Map,
    List,
    Enum,
    Decimal {
        scale: i32,
    },
    Date,
    Time {
        unit: Unit,
    },
    Timestamp {
        utc: bool,
        unit: Unit,
    },
    Integer {
        bits: i32,
        signed: bool,
    },
    Unknown,
    Json,
    Uuid,
    Float16,
    /// One whose values are bytes to us.
    Other,
}

/// Units of times.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Unit {
    Millis,
    #[default]
    Micros,
    Nanos,
}

/// What is used of the footer.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Footer {
    pub(super) elements: Vec<Element>,
    pub(super) groups: Vec<Group>,
}

impl Footer {
    pub(super) fn read(bytes: &[u8]) -> Result<Self> {
        let mut footer = Self::default();
        let mut state = State::default();
        let read = Bytes::new(bytes).structure(kind::STRUCT, |bytes, id, of| match id {
            2 => bytes.list(of, |bytes, of| push_bounded(&mut footer.elements, element(bytes, of)?, ELEMENTS, "fields")),
            4 => bytes.list(of, |bytes, of| push_bounded(&mut footer.groups, group(bytes, of, &mut state)?, GROUPS, "row groups")),
            8 => {
                state.encrypted = true;
                bytes.skip(of)
            }
            _ => bytes.skip(of),
        });
        match read {
            Ok(()) if state.encrypted => Err(Fault::refused("columns of the Parquet file are encrypted: write it without encryption")),
            Ok(()) => Ok(footer),
            Err(Stop::Incomplete) => Err(Fault::syntax("the footer ends in the middle")),
            Err(Stop::Wrong(what)) => Err(Fault::syntax(format!("the footer has {what}"))),
            Err(Stop::TooMany(what)) => {
                Err(Fault::limit(format!("the footer has more {what} than are read: write fewer and larger row groups")))
            }
        }
    }
}

/// What is found on the way.
#[derive(Default)]
struct State {
    encrypted: bool,
    chunks: usize,
}

/// Every item takes more room than bytes of the footer, so they are counted.
fn push_bounded<T>(items: &mut Vec<T>, item: T, most: usize, what: &'static str) -> Taken<()> {
    if items.len() == most {
        return Err(Stop::TooMany(what));
    }
    items.push(item);
    Ok(())
}

fn element(bytes: &mut Bytes<'_>, of: u8) -> Taken<Element> {
    let mut element = Element::default();
    bytes.structure(of, |bytes, id, of| {
        match id {
            1 => element.physical = Some(bytes.int(of)?),
            2 => element.length = bytes.int(of)?,
            3 => element.repetition = Some(bytes.int(of)?),
            4 => bytes.text(of)?.clone_into(&mut element.name),
            5 => element.children = bytes.small_count(of)?,
            6 => element.converted = Some(bytes.int(of)?),
            7 => element.scale = bytes.int(of)?,
            10 => element.logical = logical(bytes, of)?,
            _ => bytes.skip(of)?,
        }
        Ok(())
    })?;
    Ok(element)
}

fn logical(bytes: &mut Bytes<'_>, of: u8) -> Taken<Option<Logical>> {
    let mut logical = None;
    bytes.structure(of, |bytes, id, of| {
        let plain = match id {
            1 => Logical::String,
            2 => Logical::Map,
            3 => Logical::List,
            4 => Logical::Enum,
            5 => {
                let mut scale = 0;
                bytes.structure(of, |bytes, id, of| {
                    if id == 1 {
                        scale = bytes.int(of)?;
                        return Ok(());
                    }
                    bytes.skip(of)
                })?;
                logical = Some(Logical::Decimal { scale });
                return Ok(());
            }
            6 => Logical::Date,
            7 => {
                let (_, unit) = time(bytes, of)?;
                logical = Some(Logical::Time { unit });
                return Ok(());
            }
            8 => {
                let (utc, unit) = time(bytes, of)?;
                logical = Some(Logical::Timestamp { utc, unit });
                return Ok(());
            }
            10 => {
                logical = Some(integer(bytes, of)?);
                return Ok(());
            }
            11 => Logical::Unknown,
            12 => Logical::Json,
            14 => Logical::Uuid,
            15 => Logical::Float16,
            _ => Logical::Other,
        };
        logical = Some(plain);
        bytes.skip(of)
    })?;
    Ok(logical)
}

fn time(bytes: &mut Bytes<'_>, of: u8) -> Taken<(bool, Unit)> {
    let (mut utc, mut unit) = (false, Unit::default());
    bytes.structure(of, |bytes, id, of| match id {
        1 => {
            utc = Bytes::boolean(of)?;
            Ok(())
        }
        2 => bytes.structure(of, |bytes, id, of| {
            unit = match id {
                1 => Unit::Millis,
                2 => Unit::Micros,
                3 => Unit::Nanos,
                _ => return Err(Stop::Wrong("an unknown unit of time")),
            };
            bytes.skip(of)
        }),
        _ => bytes.skip(of),
    })?;
    Ok((utc, unit))
}

fn integer(bytes: &mut Bytes<'_>, of: u8) -> Taken<Logical> {
    let (mut bits, mut signed) = (0, true);
    bytes.structure(of, |bytes, id, of| {
        match id {
            1 => bits = bytes.int(of)?,
            2 => signed = Bytes::boolean(of)?,
            _ => bytes.skip(of)?,
        }
        Ok(())
    })?;
    Ok(Logical::Integer { bits, signed })
}

fn group(bytes: &mut Bytes<'_>, of: u8, state: &mut State) -> Taken<Group> {
    let mut group = Group::default();
    bytes.structure(of, |bytes, id, of| {
        match id {
            1 => bytes.list(of, |bytes, of| push_bounded(&mut group.chunks, chunk(bytes, of, state)?, CHUNKS, "columns"))?,
            3 => group.rows = bytes.count(of)?,
            _ => bytes.skip(of)?,
        }
        Ok(())
    })?;
    Ok(group)
}

fn chunk(bytes: &mut Bytes<'_>, of: u8, state: &mut State) -> Taken<Chunk> {
    state.chunks += 1;
    if state.chunks > CHUNKS {
        return Err(Stop::TooMany("columns in row groups"));
    }
    let mut chunk = Chunk::default();
    let mut there = false;
    bytes.structure(of, |bytes, id, of| match id {
        1 if bytes.text(of)?.is_empty() => Ok(()),
        1 => Err(Stop::Wrong("columns that are in other files")),
        3 => {
            there = true;
            chunk_metadata(bytes, of, &mut chunk)
        }
        8 | 9 => {
            state.encrypted = true;
            bytes.skip(of)
        }
        _ => bytes.skip(of),
    })?;
    if there || state.encrypted { Ok(chunk) } else { Err(Stop::Wrong("a column without metadata")) }
}

fn chunk_metadata(bytes: &mut Bytes<'_>, of: u8, chunk: &mut Chunk) -> Taken<()> {
    let mut dictionary = 0;
    bytes.structure(of, |bytes, id, of| {
        match id {
            4 => chunk.codec = bytes.int(of)?,
            5 => chunk.values = bytes.count(of)?,
            7 => chunk.bytes = bytes.count(of)?,
            9 => chunk.start = bytes.count(of)?,
            11 => dictionary = bytes.count(of)?,
            _ => bytes.skip(of)?,
        }
        Ok(())
    })?;
    // Some writers give 0 where there is no dictionary.
    if dictionary >= MAGIC.len() as u64 && dictionary < chunk.start {
        chunk.start = dictionary;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use tokens::ReadErrorKind::{LimitExceeded, NotThisFormat, Syntax};

    use super::*;

    #[test]
    fn the_end_of_a_file_says_how_long_the_footer_is() {
        for (end, size, expected) in [
            (b"....\x05\0\0\0PAR1".as_slice(), 100, Ok(5)),
            (b"\x05\0\0\0PAR1", 12, Err(NotThisFormat)),
            (b"\x05\0\0\0PARE", 100, Err(NotThisFormat)),
            (b"\x05\0\0\0PAR2", 100, Err(NotThisFormat)),
            (b"PAR1", 4, Err(NotThisFormat)),
            (b"", 0, Err(NotThisFormat)),
            (b"\0\0\0\x02PAR1", u64::MAX, Err(LimitExceeded)),
        ] {
            assert_eq!(footer_length(end, size).map_err(|fault| fault.kind), expected, "{end:?}");
        }
    }

    #[test]
    fn lists_that_are_longer_than_the_footer_allocate_nothing() {
        // Field 2, a list of 2^34 structures.
        let footer = [0x29, 0xfc, 0xff, 0xff, 0xff, 0xff, 0x3f];
        assert_eq!(Footer::read(&footer).map_err(|fault| fault.kind), Err(Syntax));
    }
}
