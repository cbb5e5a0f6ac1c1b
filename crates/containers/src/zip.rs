//! ZIP archives (APPNOTE.TXT 6.3.10 by PKWARE), entry by entry as they come: by the local headers, without the central directory at the end.
//!
//! Read are stored and deflated entries, with sizes in the header or in a data descriptor behind the data, with the sizes of ZIP64. What
//! can only be read from the end (stored entries without a size), encrypted and split archives are refused.

use flate2::{Crc, Decompress, FlushDecompress, Status};

use crate::{Error, limits};

/// Signatures (4.3): they all begin with `PK`.
pub(crate) const LOCAL_HEADER: [u8; 4] = *b"PK\x03\x04";
const DESCRIPTOR: [u8; 4] = *b"PK\x07\x08";
const SPLIT: [u8; 4] = DESCRIPTOR;
/// Stands before an archive that was to be split and was not (8.5.4).
const NOT_SPLIT: [u8; 4] = *b"PK00";
/// What stands behind the last entry: directory, its end, that of ZIP64, extra data, signature.
const BEHIND: [[u8; 4]; 5] = [*b"PK\x01\x02", *b"PK\x05\x06", *b"PK\x06\x06", *b"PK\x06\x08", *b"PK\x05\x05"];
/// A local header without name and extra fields.
const HEADER: usize = 30;
/// What is unpacked at a time.
const CHUNK: usize = 32 * 1024;

/// What an archive gives.
#[derive(Debug)]
pub(crate) enum Part<'a> {
    /// An entry begins: its name, and where its header stands.
    Entry { name: &'a str, at: u64 },
    /// Bytes of it.
    Bytes(&'a [u8]),
    /// It is whole.
    End,
}

type Sink<'a> = &'a mut dyn FnMut(Part<'_>) -> Result<(), Error>;

/// Unpacks a ZIP archive that comes in pieces.
#[derive(Debug)]
pub(crate) struct Zip {
    state: ZipState,
    /// What there is of a header or descriptor.
    held: Vec<u8>,
    offset: u64,
    /// Where the header stands that is held.
    header_at: u64,
    chunk: Vec<u8>,
}

#[derive(Debug)]
enum ZipState {
    Header,
    Data(ZipEntry),
    Descriptor(ZipEntry),
    /// Behind the entries. What the directory says of them is not needed.
    Directory,
}

#[derive(Debug)]
struct ZipEntry {
    name: String,
    data: Data,
    /// Sizes and checksum stand behind the data.
    described: bool,
    zip64: bool,
    stated: Sums,
    packed: u64,
    crc: Crc,
    unpacked: u64,
}

#[derive(Debug)]
enum Data {
    Stored,
    Deflated(Box<Decompress>),
}

/// What an archive says of an entry.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Sums {
    crc: u32,
    packed: u64,
    unpacked: u64,
}

impl Zip {
    pub(crate) fn new() -> Self {
        Self { state: ZipState::Header, held: Vec::new(), offset: 0, header_at: 0, chunk: vec![0; CHUNK] }
    }

    pub(crate) fn feed(&mut self, mut bytes: &[u8], sink: Sink<'_>) -> Result<(), Error> {
        while !bytes.is_empty() {
            let before = bytes.len();
            match std::mem::replace(&mut self.state, ZipState::Header) {
                ZipState::Header => self.header(&mut bytes, sink)?,
                ZipState::Data(entry) => self.data(entry, &mut bytes, sink)?,
                ZipState::Descriptor(entry) => self.descriptor(entry, &mut bytes, sink)?,
                ZipState::Directory => {
                    self.state = ZipState::Directory;
                    bytes = &[];
                }
            }
            self.offset += (before - bytes.len()) as u64;
        }
        Ok(())
    }

    pub(crate) fn finish(&self) -> Result<(), Error> {
        let inside = match &self.state {
            ZipState::Directory => return Ok(()),
            ZipState::Header => "before its directory".to_owned(),
            ZipState::Data(entry) | ZipState::Descriptor(entry) => format!("in {:?}", entry.name),
        };
        Err(Error::broken(format!("the ZIP archive ends {inside}, after {} bytes: it was cut off", self.offset)))
    }

    /// Holds so many bytes; whether they are there.
    fn hold(&mut self, bytes: &mut &[u8], length: usize) -> bool {
        let missing = length.saturating_sub(self.held.len()).min(bytes.len());
        self.held.extend_from_slice(&bytes[..missing]);
        *bytes = &bytes[missing..];
        self.held.len() >= length
    }

    fn header(&mut self, bytes: &mut &[u8], sink: Sink<'_>) -> Result<(), Error> {
        if self.held.is_empty() {
            self.header_at = self.offset;
        }
        if !self.hold(bytes, 4) {
            return Ok(());
        }
        match self.held.first_chunk::<4>() {
            Some(&LOCAL_HEADER) => {}
            Some(signature) if BEHIND.contains(signature) => {
                self.state = ZipState::Directory;
                return Ok(());
            }
            Some(&NOT_SPLIT) => {
                self.held.clear();
                return Ok(());
            }
            Some(&SPLIT) => return Err(Error::unsupported("the ZIP archive is split into several files: make one of them (`zip -s 0`)")),
            _ => return Err(self.broken("expected an entry or the directory")),
        }
        if !self.hold(bytes, HEADER) || !self.hold(bytes, HEADER + usize::from(self.u16(26)) + usize::from(self.u16(28))) {
            return Ok(());
        }
        let entry = self.entry()?;
        self.held.clear();
        sink(Part::Entry { name: &entry.name, at: self.header_at })?;
        // Nothing more comes of it.
        if matches!(entry.data, Data::Stored) && entry.stated.packed == 0 {
            return self.data_ended(entry, sink);
        }
        self.state = ZipState::Data(entry);
        Ok(())
    }

    /// Reads the local header (4.3.7) that is held.
    fn entry(&self) -> Result<ZipEntry, Error> {
        let (flags, method) = (self.u16(6), self.u16(8));
        let name_end = HEADER + usize::from(self.u16(26));
        let name = clean_name(&String::from_utf8_lossy(&self.held[HEADER..name_end]));
        if flags & 0x2041 != 0 {
            return Err(Error::unsupported(format!("{name:?} in the ZIP archive is encrypted: send the archive without a password")));
        }
        let data = match method {
            0 => Data::Stored,
            8 => Data::Deflated(Box::new(Decompress::new(false))),
            other => {
                let method = method_name(other);
                let message = format!("{name:?} in the ZIP archive is packed by {method}, only deflate is read: pack it with `zip`");
                return Err(Error::unsupported(message));
            }
        };
        let stated = Sums { crc: self.u32(14), packed: self.u32(18).into(), unpacked: self.u32(22).into() };
        let extra = zip64_sizes(&self.held[name_end..], stated);
        let (zip64, stated) = (extra.is_some(), extra.unwrap_or(stated));
        let described = flags & 8 != 0;
        if described && method == 0 && stated.packed == 0 && !name.ends_with('/') {
            return Err(Error::unsupported(format!(
                "{name:?} in the ZIP archive is stored without a size, where its end cannot be told: pack it with deflate"
            )));
        }
        Ok(ZipEntry { name, data, described, zip64, stated, packed: 0, crc: Crc::new(), unpacked: 0 })
    }

    fn data(&mut self, mut entry: ZipEntry, bytes: &mut &[u8], sink: Sink<'_>) -> Result<(), Error> {
        let ended = match &mut entry.data {
            Data::Stored => {
                let left = usize::try_from(entry.stated.packed - entry.packed).unwrap_or(usize::MAX);
                let (now, rest) = bytes.split_at(left.min(bytes.len()));
                *bytes = rest;
                entry.packed += now.len() as u64;
                entry.unpacked += now.len() as u64;
                entry.crc.update(now);
                sink(Part::Bytes(now))?;
                entry.packed == entry.stated.packed
            }
            Data::Deflated(inflate) => loop {
                let (packed, unpacked) = (inflate.total_in(), inflate.total_out());
                let status = inflate.decompress(bytes, &mut self.chunk, FlushDecompress::None);
                let status = status.map_err(|error| broken_entry(&entry.name, self.offset, &error.to_string()))?;
                let taken = usize::try_from(inflate.total_in() - packed).unwrap_or(usize::MAX);
                let given = usize::try_from(inflate.total_out() - unpacked).unwrap_or(usize::MAX);
                *bytes = bytes.get(taken..).unwrap_or_default();
                entry.packed = inflate.total_in();
                entry.unpacked = inflate.total_out();
                let chunk = self.chunk.get(..given).unwrap_or_default();
                entry.crc.update(chunk);
                if given > 0 {
                    sink(Part::Bytes(chunk))?;
                }
                if status == Status::StreamEnd {
                    break true;
                }
                if taken == 0 && given == 0 {
                    if !bytes.is_empty() {
                        return Err(broken_entry(&entry.name, self.offset, "what follows is no deflated data"));
                    }
                    break false;
                }
            },
        };
        if ended {
            return self.data_ended(entry, sink);
        }
        self.state = ZipState::Data(entry);
        Ok(())
    }

    fn data_ended(&mut self, entry: ZipEntry, sink: Sink<'_>) -> Result<(), Error> {
        if entry.described {
            self.state = ZipState::Descriptor(entry);
            return Ok(());
        }
        self.entry_ended(&entry, entry.stated, sink)
    }

    /// The data descriptor (4.3.9): with or without a signature, with sizes of 4 bytes or of 8 where the entry's header is one of ZIP64.
    /// Some writers leave that out of the header, so sizes of 8 are taken where those of 4 are wrong.
    fn descriptor(&mut self, entry: ZipEntry, bytes: &mut &[u8], sink: Sink<'_>) -> Result<(), Error> {
        self.state = ZipState::Descriptor(entry);
        if !self.hold(bytes, 4) {
            return Ok(());
        }
        let start = if self.held.first_chunk::<4>() == Some(&DESCRIPTOR) { 4 } else { 0 };
        if !self.hold(bytes, start + 12) {
            return Ok(());
        }
        let short = Sums { crc: self.u32(start), packed: self.u32(start + 4).into(), unpacked: self.u32(start + 8).into() };
        let ZipState::Descriptor(entry) = &self.state else { return Ok(()) };
        let is_short = !entry.zip64 && (short.packed, short.unpacked) == (entry.packed & 0xffff_ffff, entry.unpacked & 0xffff_ffff);
        let length = if is_short { 12 } else { 20 };
        if !self.hold(bytes, start + length) {
            return Ok(());
        }
        let long = || Sums { crc: self.u32(start), packed: self.u64(start + 4), unpacked: self.u64(start + 12) };
        let stated = if is_short { short } else { long() };
        let ZipState::Descriptor(entry) = std::mem::replace(&mut self.state, ZipState::Header) else { return Ok(()) };
        self.held.clear();
        self.entry_ended(&entry, stated, sink)
    }

    fn entry_ended(&mut self, entry: &ZipEntry, stated: Sums, sink: Sink<'_>) -> Result<(), Error> {
        let found = Sums { crc: entry.crc.sum(), packed: entry.packed, unpacked: entry.unpacked };
        // Sizes of 4 bytes without ZIP64 may have run over.
        let same = |stated: u64, found: u64| stated == found || stated == found & 0xffff_ffff;
        if stated.crc != found.crc || !same(stated.packed, found.packed) || !same(stated.unpacked, found.unpacked) {
            let what = format!(
                "it says {} bytes with checksum {:08x}, but has {} with {:08x}",
                stated.unpacked, stated.crc, found.unpacked, found.crc
            );
            return Err(broken_entry(&entry.name, self.offset, &what));
        }
        self.state = ZipState::Header;
        sink(Part::End)
    }

    fn u16(&self, at: usize) -> u16 {
        number(&self.held, at).map_or(0, u16::from_le_bytes)
    }

    fn u32(&self, at: usize) -> u32 {
        number(&self.held, at).map_or(0, u32::from_le_bytes)
    }

    fn u64(&self, at: usize) -> u64 {
        number(&self.held, at).map_or(0, u64::from_le_bytes)
    }

    fn broken(&self, what: &str) -> Error {
        let found = &self.held[..self.held.len().min(4)];
        Error::broken(format!("the ZIP archive is broken near offset {}: {what}, found the bytes {found:02x?}", self.offset))
    }
}

fn broken_entry(name: &str, offset: u64, what: &str) -> Error {
    Error::broken(format!("{name:?} in the ZIP archive is broken near offset {offset}: {what}"))
}

fn number<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..)?.first_chunk().copied()
}

/// The sizes of the extra field of ZIP64 (4.5.3): those that have no room in the header.
fn zip64_sizes(mut extra: &[u8], stated: Sums) -> Option<Sums> {
    loop {
        let id = u16::from_le_bytes(number(extra, 0)?);
        let length = usize::from(u16::from_le_bytes(number(extra, 2)?));
        let field = extra.get(4..4 + length)?;
        if id != 1 {
            extra = &extra[4 + length..];
            continue;
        }
        let mut sizes = field.chunks_exact(8).map(|bytes| number(bytes, 0).map_or(0, u64::from_le_bytes));
        let mut size = |short: u64| if short == 0xffff_ffff { sizes.next().unwrap_or(short) } else { short };
        return Some(Sums { unpacked: size(stated.unpacked), packed: size(stated.packed), ..stated });
    }
}

/// A compression method (4.4.5), for people.
fn method_name(method: u16) -> String {
    let name = match method {
        1 => "shrink",
        2..=5 => "reduce",
        6 => "implode",
        9 => "deflate64",
        12 => "bzip2",
        14 => "LZMA",
        93 => "zstd",
        95 => "XZ",
        98 => "PPMd",
        other => return format!("method {other}"),
    };
    name.to_owned()
}

/// An entry's name as text for people: without characters that nobody sees, its end kept where it is too long.
pub(crate) fn clean_name(name: &str) -> String {
    let clean = texts::cleaned(&name.replace('\\', "/"));
    let surplus = clean.chars().count().saturating_sub(limits::NAME);
    clean.chars().skip(surplus).collect()
}

/// The name of the entry that a local header begins, once it is there.
pub(crate) fn first_name(start: &[u8]) -> Option<&[u8]> {
    let length = usize::from(u16::from_le_bytes(number(start, 26)?));
    start.get(HEADER..HEADER + length)
}
