//! Thrift's compact protocol, as far as the footer and the headers of pages need it.
//!
//! It allocates nothing: what a list says of its length is worth no more than the bytes that are there.

/// Types of values on the wire.
pub(super) mod kind {
    pub(in super::super) const TRUE: u8 = 1;
    pub(in super::super) const FALSE: u8 = 2;
    pub(in super::super) const BYTE: u8 = 3;
    pub(in super::super) const I16: u8 = 4;
    pub(in super::super) const I32: u8 = 5;
    pub(in super::super) const I64: u8 = 6;
    pub(in super::super) const DOUBLE: u8 = 7;
    pub(in super::super) const BINARY: u8 = 8;
    pub(in super::super) const LIST: u8 = 9;
    pub(in super::super) const SET: u8 = 10;
    pub(in super::super) const MAP: u8 = 11;
    pub(in super::super) const STRUCT: u8 = 12;
    pub(in super::super) const UUID: u8 = 13;
}

/// Structures within one another that are skipped.
const DEPTH: usize = 32;
const DOUBLE: usize = 8;
const UUID: usize = 16;
/// A number of 64 bits takes ten bytes of seven bits each.
const VARINT: u32 = 10;
const SEVEN: u32 = 7;
const MORE: u8 = 0x80;
const NIBBLE: u8 = 0x0f;
const NIBBLE_BITS: u32 = 4;

/// Why nothing more can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stop {
    /// The bytes end in the middle.
    Incomplete,
    /// They are no such thing.
    Wrong(&'static str),
    /// There are more of them than are read.
    TooMany(&'static str),
}

pub(super) type Taken<T> = Result<T, Stop>;

/// Bytes that are read from the front.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bytes<'a> {
    rest: &'a [u8],
    length: usize,
}

impl<'a> Bytes<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes, length: bytes.len() }
    }

    /// Bytes that were taken.
    pub(super) fn taken(&self) -> usize {
        self.length - self.rest.len()
    }

    fn byte(&mut self) -> Taken<u8> {
        let (first, rest) = self.rest.split_first().ok_or(Stop::Incomplete)?;
        self.rest = rest;
        Ok(*first)
    }

    fn take(&mut self, length: usize) -> Taken<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(length).ok_or(Stop::Incomplete)?;
        self.rest = rest;
        Ok(taken)
    }

    fn varint(&mut self) -> Taken<u64> {
        let mut value = 0;
        for index in 0..VARINT {
            let byte = self.byte()?;
            value |= u64::from(byte & !MORE).wrapping_shl(index * SEVEN);
            if byte & MORE == 0 {
                return Ok(value);
            }
        }
        Err(Stop::Wrong("a number that is too long"))
    }

    /// A number of any width.
    pub(super) fn integer(&mut self, of: u8) -> Taken<i64> {
        match of {
            kind::BYTE => Ok(i64::from(self.byte()?.cast_signed())),
            kind::I16 | kind::I32 | kind::I64 => {
                let value = self.varint()?;
                Ok((value >> 1).cast_signed() ^ -(value & 1).cast_signed())
            }
            _ => Err(Stop::Wrong("no number where one belongs")),
        }
    }

    pub(super) fn int(&mut self, of: u8) -> Taken<i32> {
        i32::try_from(self.integer(of)?).map_err(|_| Stop::Wrong("a number of more than 32 bits"))
    }

    /// A count or a size.
    pub(super) fn count(&mut self, of: u8) -> Taken<u64> {
        u64::try_from(self.integer(of)?).map_err(|_| Stop::Wrong("a negative count"))
    }

    /// A count of 31 bits.
    pub(super) fn small_count(&mut self, of: u8) -> Taken<u32> {
        u32::try_from(self.int(of)?).map_err(|_| Stop::Wrong("a negative count"))
    }

    pub(super) fn boolean(of: u8) -> Taken<bool> {
        match of {
            kind::TRUE => Ok(true),
            kind::FALSE => Ok(false),
            _ => Err(Stop::Wrong("no boolean where one belongs")),
        }
    }

    pub(super) fn text(&mut self, of: u8) -> Taken<&'a str> {
        if of != kind::BINARY {
            return Err(Stop::Wrong("no text where one belongs"));
        }
        let length = usize::try_from(self.varint()?).unwrap_or(usize::MAX);
        std::str::from_utf8(self.take(length)?).map_err(|_| Stop::Wrong("a name that is no UTF-8"))
    }

    /// Gives each field of a structure to `take`, with its number and type. It has to read the field, or to [skip](Self::skip) it.
    pub(super) fn structure(&mut self, of: u8, mut take: impl FnMut(&mut Self, i64, u8) -> Taken<()>) -> Taken<()> {
        if of != kind::STRUCT {
            return Err(Stop::Wrong("no structure where one belongs"));
        }
        let mut id = 0_i64;
        loop {
            let byte = self.byte()?;
            let of = byte & NIBBLE;
            if of == 0 {
                return Ok(());
            }
            id = match byte >> NIBBLE_BITS {
                0 => self.integer(kind::I16)?,
                delta => id.wrapping_add(i64::from(delta)),
            };
            take(self, id, of)?;
        }
    }

    /// The type of a list's elements, and how many there are.
    fn list_header(&mut self) -> Taken<(u8, u64)> {
        let byte = self.byte()?;
        let length = match byte >> NIBBLE_BITS {
            NIBBLE => self.varint()?,
            length => u64::from(length),
        };
        Ok((byte & NIBBLE, length))
    }

    /// Gives each element of a list to `take`, which has to read it.
    pub(super) fn list(&mut self, of: u8, mut take: impl FnMut(&mut Self, u8) -> Taken<()>) -> Taken<()> {
        if of != kind::LIST {
            return Err(Stop::Wrong("no list where one belongs"));
        }
        let (of, length) = self.list_header()?;
        for _ in 0..length {
            take(self, of)?;
        }
        Ok(())
    }

    /// Skips a field's value.
    pub(super) fn skip(&mut self, of: u8) -> Taken<()> {
        self.skip_within(of, DEPTH)
    }

    fn skip_within(&mut self, of: u8, depth: usize) -> Taken<()> {
        let Some(depth) = depth.checked_sub(1) else { return Err(Stop::Wrong("structures within one another, too deep")) };
        match of {
            kind::TRUE | kind::FALSE => Ok(()),
            kind::BYTE => self.byte().map(drop),
            kind::I16 | kind::I32 | kind::I64 => self.varint().map(drop),
            kind::DOUBLE => self.take(DOUBLE).map(drop),
            kind::UUID => self.take(UUID).map(drop),
            kind::BINARY => {
                let length = usize::try_from(self.varint()?).unwrap_or(usize::MAX);
                self.take(length).map(drop)
            }
            kind::LIST | kind::SET => {
                let (of, length) = self.list_header()?;
                (0..length).try_for_each(|_| self.skip_element(of, depth))
            }
            kind::MAP => self.skip_map(depth),
            kind::STRUCT => self.structure(of, |bytes, _, of| bytes.skip_within(of, depth)),
            _ => Err(Stop::Wrong("a value of an unknown type")),
        }
    }

    fn skip_map(&mut self, depth: usize) -> Taken<()> {
        let length = self.varint()?;
        if length == 0 {
            return Ok(());
        }
        let of = self.byte()?;
        (0..length).try_for_each(|_| {
            self.skip_element(of >> NIBBLE_BITS, depth)?;
            self.skip_element(of & NIBBLE, depth)
        })
    }

    /// A boolean has a byte of its own where it is an element: so every element has one at least.
    fn skip_element(&mut self, of: u8, depth: usize) -> Taken<()> {
        match of {
            kind::TRUE | kind::FALSE => self.byte().map(drop),
            of => self.skip_within(of, depth),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Field 1: i32 -3; field 2: list of two texts; field 20 (long form): struct with a bool; stop.
    const STRUCTURE: &[u8] = &[0x15, 5, 0x19, 0x28, 1, b'a', 2, b'b', b'c', 0x0c, 40, 0x11, 0, 0];

    fn read(bytes: &mut Bytes<'_>) -> Taken<(i32, Vec<String>, bool)> {
        let (mut number, mut texts, mut truth) = (0, Vec::new(), false);
        bytes.structure(kind::STRUCT, |bytes, id, of| {
            match id {
                1 => number = bytes.int(of)?,
                2 => bytes.list(of, |bytes, of| {
                    texts.push(bytes.text(of)?.to_owned());
                    Ok(())
                })?,
                20 => bytes.structure(of, |_, _, of| {
                    truth = Bytes::boolean(of)?;
                    Ok(())
                })?,
                _ => bytes.skip(of)?,
            }
            Ok(())
        })?;
        Ok((number, texts, truth))
    }

    #[test]
    fn fields_are_given_by_number_and_what_is_cut_is_incomplete() {
        let mut bytes = Bytes::new(STRUCTURE);
        assert_eq!(read(&mut bytes), Ok((-3, vec!["a".into(), "bc".into()], true)));
        assert_eq!(bytes.taken(), STRUCTURE.len());
        for length in 0..STRUCTURE.len() {
            assert_eq!(read(&mut Bytes::new(&STRUCTURE[..length])), Err(Stop::Incomplete), "{length}");
            assert_eq!(Bytes::new(&STRUCTURE[..length]).skip(kind::STRUCT), Err(Stop::Incomplete), "{length}");
        }
        assert_eq!(Bytes::new(STRUCTURE).skip(kind::STRUCT), Ok(()));
    }

    #[test]
    fn lengths_that_are_not_there_cost_nothing() {
        let endless = [0xf1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f];
        assert_eq!(Bytes::new(&endless).skip(kind::LIST), Err(Stop::Incomplete));
        assert_eq!(Bytes::new(&endless[1..]).skip(kind::BINARY), Err(Stop::Incomplete));
        let deep = [0x1c; 10_000];
        assert_eq!(Bytes::new(&deep).skip(kind::STRUCT), Err(Stop::Wrong("structures within one another, too deep")));
        assert_eq!(Bytes::new(&[0xff; 11]).integer(kind::I64), Err(Stop::Wrong("a number that is too long")));
    }
}
