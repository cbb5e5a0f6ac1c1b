//! Headers of pages, and what they may claim.

use super::bits::{Hybrid, Levels};
use super::codec::Codecs;
use super::error::{Fault, Result};
use super::kind::{Physical, Sources, Value};
use super::thrift::{Bytes, Stop, Taken, kind};
use super::values::{Dictionary, LENGTH, Values, is_dictionary};

/// Bytes of a page before compression, and as it is in the file.
pub(super) const PAGE: usize = 32 * 1024 * 1024;
/// Bytes of the header of a page. Statistics with long values make it long.
pub(super) const HEADER: usize = 1024 * 1024;

const BIT_PACKED: i32 = 4;
/// Values of a page that are taken out of the dictionary at once.
const TAKEN: u32 = 1 << 20;
/// Room that is kept where less is needed.
const KEPT: usize = 64 * 1024;

/// What a page holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Holds {
    #[default]
    Other,
    Dictionary,
    /// Values, with the encodings of the levels.
    Version1 {
        def: i32,
        rep: i32,
    },
    /// Values, with the bytes of the levels, which are not compressed.
    Version2 {
        rows: u32,
        def: u32,
        rep: u32,
        compressed: bool,
    },
}

/// The header of a page.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Header {
    /// Bytes of the header itself.
    pub(super) length: usize,
    /// Bytes of the page before compression, and in the file.
    pub(super) size: usize,
    pub(super) compressed: usize,
    pub(super) holds: Holds,
    pub(super) values: u32,
    pub(super) encoding: i32,
}

impl Header {
    /// The header at the start of these bytes, if all of it is there.
    pub(super) fn read(bytes: &[u8]) -> Result<Option<Self>> {
        let mut input = Bytes::new(bytes);
        match Self::take(&mut input) {
            Ok(header) => header.checked(input.taken()).map(Some),
            Err(Stop::Incomplete) if bytes.len() < HEADER => Ok(None),
            Err(Stop::Incomplete | Stop::TooMany(_)) => Err(Fault::limit(format!("the header of a page has more than {HEADER} bytes"))),
            Err(Stop::Wrong(what)) => Err(Fault::syntax(format!("the header of a page has {what}"))),
        }
    }

    /// Whether its values are in the dictionary.
    pub(super) fn refers_to_dictionary(&self) -> bool {
        matches!(self.holds, Holds::Version1 { .. } | Holds::Version2 { .. }) && is_dictionary(self.encoding)
    }

    fn take(bytes: &mut Bytes<'_>) -> Taken<Self> {
        let mut header = Self::default();
        let mut which = None;
        bytes.structure(kind::STRUCT, |bytes, id, of| {
            match id {
                1 => which = Some(bytes.int(of)?),
                2 => header.size = bytes.small_count(of)? as usize,
                3 => header.compressed = bytes.small_count(of)? as usize,
                5 => header.take_version_1(bytes, of)?,
                7 => header.take_dictionary(bytes, of)?,
                8 => header.take_version_2(bytes, of)?,
                _ => bytes.skip(of)?,
            }
            Ok(())
        })?;
        match (which, header.holds) {
            (Some(0), Holds::Version1 { .. }) | (Some(2), Holds::Dictionary) | (Some(3), Holds::Version2 { .. }) => Ok(header),
            // An index, or what is not known yet.
            (Some(1 | 4..), _) => Ok(Self { holds: Holds::Other, ..header }),
            _ => Err(Stop::Wrong("no type, or another than its page")),
        }
    }

    fn take_version_1(&mut self, bytes: &mut Bytes<'_>, of: u8) -> Taken<()> {
        let (mut def, mut rep) = (0, 0);
        bytes.structure(of, |bytes, id, of| {
            match id {
                1 => self.values = bytes.small_count(of)?,
                2 => self.encoding = bytes.int(of)?,
                3 => def = bytes.int(of)?,
                4 => rep = bytes.int(of)?,
                _ => bytes.skip(of)?,
            }
            Ok(())
        })?;
        self.holds = Holds::Version1 { def, rep };
        Ok(())
    }

    fn take_dictionary(&mut self, bytes: &mut Bytes<'_>, of: u8) -> Taken<()> {
        bytes.structure(of, |bytes, id, of| {
            match id {
                1 => self.values = bytes.small_count(of)?,
                2 => self.encoding = bytes.int(of)?,
                _ => bytes.skip(of)?,
            }
            Ok(())
        })?;
        self.holds = Holds::Dictionary;
        Ok(())
    }

    fn take_version_2(&mut self, bytes: &mut Bytes<'_>, of: u8) -> Taken<()> {
        let (mut rows, mut def, mut rep, mut compressed) = (0, 0, 0, true);
        bytes.structure(of, |bytes, id, of| {
            match id {
                1 => self.values = bytes.small_count(of)?,
                3 => rows = bytes.small_count(of)?,
                4 => self.encoding = bytes.int(of)?,
                5 => def = bytes.small_count(of)?,
                6 => rep = bytes.small_count(of)?,
                7 => compressed = Bytes::boolean(of)?,
                _ => bytes.skip(of)?,
            }
            Ok(())
        })?;
        self.holds = Holds::Version2 { rows, def, rep, compressed };
        Ok(())
    }

    /// Nothing of a page is read before what it claims is known to be bounded.
    fn checked(self, length: usize) -> Result<Self> {
        let largest = self.size.max(self.compressed);
        if largest > PAGE {
            return Err(Fault::limit(format!(
                "it has a page of {largest} bytes, at most {PAGE} are read: write the file with smaller pages"
            )));
        }
        if let Holds::Version2 { def, rep, .. } = self.holds
            && u64::from(def) + u64::from(rep) > self.size.min(self.compressed) as u64
        {
            return Err(Fault::syntax("the levels of a page are longer than the page"));
        }
        Ok(Self { length, ..self })
    }
}

/// A page whose values are read one by one.
#[derive(Debug, Default)]
pub(super) struct Page {
    bytes: Vec<u8>,
    def: Levels,
    rep: Levels,
    values: Values,
    values_at: usize,
    /// Levels that are left: values, and what stands for those that are not there.
    left: u32,
    scratch: Vec<u8>,
}

impl Page {
    /// Levels that are left.
    #[inline]
    pub(super) fn left(&self) -> u32 {
        self.left
    }

    /// Bytes that it holds.
    pub(super) fn held(&self) -> usize {
        self.bytes.capacity() + self.scratch.capacity()
    }

    /// There is nothing in it any more; the room is kept.
    pub(super) fn clear(&mut self) {
        self.left = 0;
    }

    /// Gives up the room of pages that are larger than this.
    pub(super) fn shrink(&mut self, most: usize) {
        if self.left == 0 {
            self.bytes.clear();
            self.bytes.shrink_to(most);
        }
        self.scratch.shrink_to(most);
    }

    /// Takes a page of values.
    pub(super) fn load(
        &mut self,
        header: &Header,
        column: &Layout,
        file: &[u8],
        dictionary: &Dictionary,
        codecs: &mut Codecs,
    ) -> Result<()> {
        self.bytes.clear();
        self.left = 0;
        let at = match header.holds {
            Holds::Version1 { def, rep } => {
                if !(file.is_empty() && header.size == 0) {
                    codecs.decompress(column.codec, file, header.size, &mut self.bytes)?;
                }
                let mut at = 0;
                self.rep = self.levels_1(&mut at, rep, column.rep, header.values)?;
                self.def = self.levels_1(&mut at, def, column.def, header.values)?;
                at
            }
            Holds::Version2 { def, rep, compressed, .. } => {
                let (rep, def) = (rep as usize, rep as usize + def as usize);
                let (levels, values) = file.split_at_checked(def).unwrap_or_default();
                self.bytes.extend_from_slice(levels);
                let size = header.size - levels.len();
                match (values.is_empty() && size == 0, compressed) {
                    (true, _) => {}
                    (false, true) => codecs.decompress(column.codec, values, size, &mut self.bytes)?,
                    (false, false) => codecs.decompress(0, values, size, &mut self.bytes)?,
                }
                self.rep = levels_2(0, rep, column.rep);
                self.def = levels_2(rep, def, column.def);
                def
            }
            Holds::Other | Holds::Dictionary => return Ok(()),
        };
        let may_be_null = column.def > 0;
        let count = if may_be_null && at == self.bytes.len() { 0 } else { u64::from(header.values) };
        self.values = Values::new(header.encoding, column.physical, &self.bytes, at, count, dictionary)?;
        self.values_at = at;
        self.scratch.clear();
        self.left = header.values;
        Ok(())
    }

    /// Takes the values of a page that was just loaded out of the dictionary, if they have no more than `most` bytes.
    pub(super) fn take_from(&mut self, dictionary: &Dictionary, layout: Layout, most: usize) -> bool {
        if self.left > TAKEN {
            return false;
        }
        let mut def = self.def;
        let mut count = 0;
        for _ in 0..self.left {
            match def.next(&self.bytes) {
                Some(level) => count += usize::from(level >= layout.def),
                None => return false,
            }
        }
        let Some(plain) = self.values.take_from(dictionary, layout.physical, &self.bytes, count, most) else { return false };
        // The levels are before the values.
        self.bytes.truncate(self.values_at);
        self.bytes.extend_from_slice(&plain);
        self.bytes.shrink_to(KEPT);
        self.values = Values::Plain { at: self.values_at, end: self.bytes.len() };
        true
    }

    /// Levels of a page of version 1.
    fn levels_1(&self, at: &mut usize, encoding: i32, most: u8, values: u32) -> Result<Levels> {
        if most == 0 {
            return Ok(Levels::Zero);
        }
        let width = Levels::width(most);
        let short = || Fault::syntax("the levels of a page are longer than the page");
        if encoding == BIT_PACKED {
            let from = *at;
            let bytes = (u64::from(values) * u64::from(width)).div_ceil(u64::from(u8::BITS));
            let end = usize::try_from(bytes)
                .ok()
                .and_then(|bytes| from.checked_add(bytes))
                .filter(|end| *end <= self.bytes.len())
                .ok_or_else(short)?;
            *at = end;
            return Ok(Levels::Packed { bit: from * u8::BITS as usize, end, width });
        }
        let (length, rest) = self.bytes.get(*at..).unwrap_or_default().split_first_chunk::<LENGTH>().ok_or_else(short)?;
        let length = usize::try_from(u32::from_le_bytes(*length)).ok().filter(|length| *length <= rest.len()).ok_or_else(short)?;
        let from = *at + LENGTH;
        *at = from + length;
        Ok(Levels::Hybrid(Hybrid::new(from, *at, width)))
    }

    /// The next repetition level.
    #[inline]
    pub(super) fn next_rep(&mut self) -> Option<u8> {
        self.rep.next(&self.bytes)
    }

    /// The next definition level, which counts as one of those that are left.
    #[inline]
    pub(super) fn next_def(&mut self) -> Option<u8> {
        self.left = self.left.checked_sub(1)?;
        self.def.next(&self.bytes)
    }

    /// The next value.
    #[inline]
    pub(super) fn next_value(&mut self, physical: Physical, dictionary: &Dictionary) -> Option<Value> {
        self.values.next(physical, &self.bytes, dictionary, &mut self.scratch)
    }

    /// What values refer to.
    #[inline]
    pub(super) fn sources<'a>(&'a self, dictionary: &'a Dictionary) -> Sources<'a> {
        Sources { page: &self.bytes, dictionary: &dictionary.bytes, scratch: &self.scratch }
    }
}

fn levels_2(from: usize, to: usize, most: u8) -> Levels {
    if most == 0 { Levels::Zero } else { Levels::Hybrid(Hybrid::new(from, to, Levels::width(most))) }
}

/// How the values of a chunk are written.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Layout {
    pub(super) physical: Physical,
    pub(super) codec: i32,
    pub(super) def: u8,
    pub(super) rep: u8,
}
