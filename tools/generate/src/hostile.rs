//! What is built to harm whoever reads it: uploads that claim, repeat or nest something without measure ([`hostile`]), [reports](records) of which far more
//! comes than they are, and [requests].

use std::io::Write as _;

use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder};

mod archives;
mod forms;
pub mod records;
pub mod requests;
mod workbooks;

/// An upload.
#[derive(Clone, Debug)]
pub struct Hostile {
    /// What is in it.
    pub name: &'static str,
    /// What it is packed in.
    pub kind: HostileKind,
    /// Its Content-Type; empty for none.
    pub content_type: String,
    make: Make,
}

/// What uploads are packed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HostileKind {
    /// ZIP.
    Archive,
    /// gzip and zstd.
    Stream,
    /// The Content-Encoding gzip.
    OnTheWay,
    /// XLSX.
    Workbook,
    /// A browser's form.
    Form,
}

impl Hostile {
    /// Whether it goes with the Content-Encoding gzip.
    pub fn is_gzipped(&self) -> bool {
        self.kind == HostileKind::OnTheWay
    }

    /// Its bytes, made when they are asked for: some have many megabytes.
    pub fn body(&self) -> Vec<u8> {
        (self.make)()
    }
}

type Make = fn() -> Vec<u8>;

/// All of them.
pub fn hostile() -> impl Iterator<Item = Hostile> {
    let packed = [
        (HostileKind::Archive, archives::ZIP),
        (HostileKind::Stream, archives::STREAMS),
        (HostileKind::Workbook, workbooks::WORKBOOKS),
        (HostileKind::OnTheWay, archives::ON_THE_WAY),
    ];
    let packed = packed
        .into_iter()
        .flat_map(|(kind, uploads)| uploads.iter().map(move |&(name, make)| Hostile { name, kind, content_type: String::new(), make }));
    let forms = forms::FORMS.iter().map(|&(name, content_type, make)| Hostile {
        name,
        kind: HostileKind::Form,
        content_type: content_type(),
        make,
    });
    packed.chain(forms)
}

/// What a report begins with whose format is told by its content.
const REPORT: &[u8] = br#"[{"Description": "d", "StartLine": 1, "EndLine": 1, "StartColumn": 1, "EndColumn": 1, "Match": "m", "Secret": "s", "File": "f",
"SymlinkFile": "", "Commit": "", "Entropy": 1.5, "Author": "", "Email": "", "Date": "", "Message": "", "Tags": [], "RuleID": "r", "Fingerprint": "f:r:1"}]"#;

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).and_then(|()| encoder.finish()).unwrap_or_default()
}

fn deflate(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).and_then(|()| encoder.finish()).unwrap_or_default()
}

/// Letters that hardly pack: five bits each.
fn noise(length: usize) -> Vec<u8> {
    let mut state = 1_u32;
    let mut letter = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        b"abcdefghijklmnopqrstuvwxyzABCDEF"[(state >> 27) as usize]
    };
    (0..length).map(|_| letter()).collect()
}

/// A text that packs well, but not so well that it would be refused for that.
fn text(length: usize) -> String {
    const PIECE: usize = 20_000;
    let mut text = String::from_utf8(noise(PIECE)).unwrap_or_default().repeat(length / PIECE + 1);
    text.truncate(length);
    text
}

/// The method of an entry that is stored, and of one that is deflated.
const STORED: u16 = 0;
const DEFLATED: u16 = 8;

/// A local header (APPNOTE.TXT 4.3.7) that may lie.
#[derive(Clone, Default)]
struct Header<'a> {
    name: &'a [u8],
    extra: &'a [u8],
    method: u16,
    flags: u16,
    crc: u32,
    packed: u32,
    unpacked: u32,
}

impl Header<'_> {
    fn bytes(&self) -> Vec<u8> {
        let words = [20, self.flags, self.method, 0, 0].map(u16::to_le_bytes).concat();
        let sums = [self.crc, self.packed, self.unpacked].map(u32::to_le_bytes).concat();
        let lengths = [self.name, self.extra].map(|text| u16::try_from(text.len()).unwrap_or(u16::MAX).to_le_bytes()).concat();
        [b"PK\x03\x04".as_slice(), &words, &sums, &lengths, self.name, self.extra].concat()
    }
}

/// An archive of deflated entries, all true. Its directory is empty: whoever reads it as it comes needs none.
fn zip<'a>(entries: impl IntoIterator<Item = (&'a str, &'a [u8])>) -> Vec<u8> {
    let mut archive = Vec::new();
    for (name, bytes) in entries {
        archive.extend(entry(name, bytes));
    }
    archive.extend(DIRECTORY_END);
    archive
}

fn entry(name: &str, bytes: &[u8]) -> Vec<u8> {
    let packed = deflate(bytes);
    let mut crc = flate2::Crc::new();
    crc.update(bytes);
    let length = |length: usize| u32::try_from(length).unwrap_or(u32::MAX);
    let header = Header {
        name: name.as_bytes(),
        method: DEFLATED,
        crc: crc.sum(),
        packed: length(packed.len()),
        unpacked: length(bytes.len()),
        ..Header::default()
    };
    [header.bytes(), packed].concat()
}

/// The end of a directory without entries (4.3.16).
const DIRECTORY_END: &[u8] = b"PK\x05\x06\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0";
