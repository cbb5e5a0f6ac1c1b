//! The directory of a ZIP file (APPNOTE.TXT, 6.3.10), and what it says of the entries.

/// What the end of the directory is looked for in: it, the longest comment, and where the end of a ZIP64 directory is.
pub(super) const TAIL: u64 = (END + u16::MAX as usize + LOCATOR) as u64;
/// Length of the end of a ZIP64 directory as far as it is needed.
pub(super) const END_64: usize = 56;
/// Length of a local header without the two fields of any length.
pub(super) const LOCAL: usize = 30;
/// What a local header has at most.
pub(super) const LONGEST_LOCAL: u64 = (LOCAL + 2 * u16::MAX as usize) as u64;

const END: usize = 22;
const LOCATOR: usize = 20;
const CENTRAL: usize = 46;

const END_SIGNATURE: &[u8] = b"PK\x05\x06";
const END_64_SIGNATURE: &[u8] = b"PK\x06\x06";
const LOCATOR_SIGNATURE: &[u8] = b"PK\x06\x07";
const CENTRAL_SIGNATURE: &[u8] = b"PK\x01\x02";
pub(super) const LOCAL_SIGNATURE: &[u8] = b"PK\x03\x04";

/// A field of 32 bits that says "see ZIP64".
const ELSEWHERE: u64 = u32::MAX as u64;
/// Of the extra field that has the values of ZIP64.
const EXTRA_64: u16 = 1;

/// Offsets of fields.
mod field {
    pub(super) const END_SIZE: usize = 12;
    pub(super) const END_OFFSET: usize = 16;
    pub(super) const END_COMMENT: usize = 20;
    pub(super) const LOCATOR_OFFSET: usize = 8;
    pub(super) const END_64_SIZE: usize = 40;
    pub(super) const END_64_OFFSET: usize = 48;
    pub(super) const FLAGS: usize = 8;
    pub(super) const METHOD: usize = 10;
    pub(super) const CRC: usize = 16;
    pub(super) const PACKED: usize = 20;
    pub(super) const UNPACKED: usize = 24;
    pub(super) const NAME: usize = 28;
    pub(super) const EXTRA: usize = 30;
    pub(super) const COMMENT: usize = 32;
    pub(super) const OFFSET: usize = 42;
    pub(super) const LOCAL_NAME: usize = 26;
    pub(super) const LOCAL_EXTRA: usize = 28;
}

/// Where the directory is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// At an offset, with a length.
    Directory(u64, u64),
    /// That is said by the end of a ZIP64 directory, at an offset.
    Zip64(u64),
}

impl End {
    /// Finds the end of the directory in the last bytes of a file. One whose comment ends with the file is preferred to the last.
    pub(super) fn find(tail: &[u8]) -> Option<Self> {
        let last = tail.len().checked_sub(END)?;
        let length = |at: usize| Some(END + usize::from(u16_at(tail, at + field::END_COMMENT)?));
        let ends = || (0..=last).rev().filter(|at| tail[*at..].starts_with(END_SIGNATURE));
        let at = ends().find(|at| length(*at) == Some(tail.len() - at)).or_else(|| ends().next())?;
        let (offset, size) = (u32_at(tail, at + field::END_OFFSET)?, u32_at(tail, at + field::END_SIZE)?);
        let locator = at.checked_sub(LOCATOR).and_then(|locator| tail.get(locator..)).filter(|rest| rest.starts_with(LOCATOR_SIGNATURE));
        match locator {
            Some(locator) => Some(Self::Zip64(u64_at(locator, field::LOCATOR_OFFSET)?)),
            None => Some(Self::Directory(offset, size)),
        }
    }

    /// Reads the end of a ZIP64 directory.
    pub(super) fn read_64(bytes: &[u8]) -> Option<Self> {
        let bytes = bytes.starts_with(END_64_SIGNATURE).then_some(bytes)?;
        Some(Self::Directory(u64_at(bytes, field::END_64_OFFSET)?, u64_at(bytes, field::END_64_SIZE)?))
    }
}

/// The directory as it stands in the file: of its entries few are looked for.
#[derive(Debug, Default)]
pub(super) struct Directory(Vec<u8>);

/// What the directory says of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    /// Offset of its local header.
    pub(super) at: u64,
    pub(super) packed: u64,
    pub(super) unpacked: u64,
    pub(super) method: u16,
    pub(super) is_encrypted: bool,
    pub(super) crc: u32,
}

impl Directory {
    /// A directory that holds whole entries only.
    pub(super) fn new(bytes: Vec<u8>) -> Option<Self> {
        let mut rest = bytes.as_slice();
        while !rest.is_empty() {
            (_, _, rest) = next_entry(rest)?;
        }
        Some(Self(bytes))
    }

    /// The last entry of a name, whatever the case of its letters (ECMA-376 part 2, 6.2.2.3) and the slashes in it.
    pub(super) fn find(&self, name: &str) -> Option<Entry> {
        let mut rest = self.0.as_slice();
        let mut found = None;
        while let Some((of, entry, behind)) = next_entry(rest) {
            if is_name(of, name) {
                found = Some(entry);
            }
            rest = behind;
        }
        found
    }
}

fn is_name(stored: &[u8], name: &str) -> bool {
    let slash = |byte: &u8| if *byte == b'\\' { b'/' } else { byte.to_ascii_lowercase() };
    let stored = stored.iter().map(slash).skip_while(|byte| *byte == b'/');
    stored.eq(name.bytes().map(|byte| byte.to_ascii_lowercase()))
}

/// The name of the entry that the bytes begin with, what is said of it, and the bytes behind it.
fn next_entry(bytes: &[u8]) -> Option<(&[u8], Entry, &[u8])> {
    if !bytes.starts_with(CENTRAL_SIGNATURE) {
        return None;
    }
    let length = |at| Some(usize::from(u16_at(bytes, at)?));
    let (name, rest) = bytes.get(CENTRAL..)?.split_at_checked(length(field::NAME)?)?;
    let (extra, rest) = rest.split_at_checked(length(field::EXTRA)?)?;
    let rest = rest.get(length(field::COMMENT)?..)?;
    let mut of_64 = extra_64(extra);
    let mut value = |at| {
        let value = u32_at(bytes, at)?;
        if value < ELSEWHERE {
            return Some(value);
        }
        let (first, behind) = of_64.split_at_checked(size_of::<u64>())?;
        of_64 = behind;
        u64_at(first, 0)
    };
    // The order of the fields of ZIP64 is this one.
    let (unpacked, packed, at) = (value(field::UNPACKED)?, value(field::PACKED)?, value(field::OFFSET)?);
    let is_encrypted = u16_at(bytes, field::FLAGS)? & 1 == 1;
    let crc = u32::try_from(u32_at(bytes, field::CRC)?).ok()?;
    Some((name, Entry { at, packed, unpacked, method: u16_at(bytes, field::METHOD)?, is_encrypted, crc }, rest))
}

/// The extra field of ZIP64; empty where there is none.
fn extra_64(mut extra: &[u8]) -> &[u8] {
    const HEADER: usize = 4;
    while let (Some(id), Some(length)) = (u16_at(extra, 0), u16_at(extra, 2)) {
        let Some((data, rest)) = extra.get(HEADER..).and_then(|rest| rest.split_at_checked(length.into())) else { break };
        if id == EXTRA_64 {
            return data;
        }
        extra = rest;
    }
    &[]
}

/// The length of a local header.
pub(super) fn local_length(header: &[u8]) -> Option<usize> {
    let header = header.starts_with(LOCAL_SIGNATURE).then_some(header)?;
    Some(LOCAL + usize::from(u16_at(header, field::LOCAL_NAME)?) + usize::from(u16_at(header, field::LOCAL_EXTRA)?))
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u32::from_le_bytes(*bytes.get(at..)?.first_chunk()?).into())
}

fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The end of a directory at 7 of 9 bytes.
    fn end(comment: &[u8]) -> Vec<u8> {
        let mut end = END_SIGNATURE.to_vec();
        end.extend([0, 0, 0, 0, 1, 0, 1, 0, 9, 0, 0, 0, 7, 0, 0, 0]);
        end.extend(u16::try_from(comment.len()).expect("a short comment").to_le_bytes());
        end.extend(comment);
        end
    }

    #[test]
    fn the_end_is_found_before_a_comment_that_looks_like_one() {
        assert_eq!(End::find(&end(b"")), Some(End::Directory(7, 9)));
        assert_eq!(End::find(&end(&end(b"x")[..END])), Some(End::Directory(7, 9)));
        assert_eq!(End::find(&[end(b"").as_slice(), b"behind"].concat()), Some(End::Directory(7, 9)));
        assert_eq!((End::find(b"PK\x05\x06"), End::find(&[0; 100]), End::find(b"")), (None, None, None));
    }

    #[test]
    fn a_locator_leads_to_the_directory_of_zip64() {
        let mut tail = LOCATOR_SIGNATURE.to_vec();
        tail.extend([0, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0]);
        tail.extend(end(b""));
        assert_eq!(End::find(&tail), Some(End::Zip64(5)));
        let mut of_64 = END_64_SIGNATURE.to_vec();
        of_64.resize(END_64, 0);
        (of_64[field::END_64_SIZE], of_64[field::END_64_OFFSET]) = (3, 4);
        assert_eq!(End::read_64(&of_64), Some(End::Directory(4, 3)));
        assert_eq!((End::read_64(&of_64[..END_64 - 1]), End::read_64(&[0; END_64])), (None, None));
    }

    #[test]
    fn entries_are_found_by_name_and_take_what_does_not_fit_from_zip64() {
        let mut entry = CENTRAL_SIGNATURE.to_vec();
        entry.resize(CENTRAL, 0);
        entry[field::UNPACKED..field::UNPACKED + 4].fill(u8::MAX);
        (entry[field::NAME], entry[field::EXTRA], entry[field::OFFSET]) = (4, 17, 6);
        entry.extend(b"\\A/b\x09\x00\x01\x00x\x01\x00\x08\x00\x00\x00\x00\x00\x01\x00\x00\x00");
        let directory = Directory::new(entry.clone()).expect("one entry");
        let found = directory.find("a/B").expect("the entry");
        assert_eq!((found.at, found.packed, found.unpacked), (6, 0, 1 << 32));
        assert_eq!(directory.find("a"), None);
        for cut in 1..entry.len() {
            assert!(Directory::new(entry[..cut].to_vec()).is_none(), "{cut}");
        }
    }
}
