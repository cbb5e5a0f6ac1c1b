//! Every limit of unpacking, in bytes unless the name says otherwise. What goes over is refused with an error that names the limit.

/// Packed in each other: an archive, and a packed file in it. A count.
pub const DEPTH: usize = 2;
/// What so many bytes become at most, for one that came in. Deflate does not get over 1,032, and no report near it.
pub const RATIO: u64 = 1000;
/// What is unpacked before [`RATIO`] counts: small files of blanks are no danger.
pub const FREE: u64 = 1024 * 1024;
/// Bytes that are unpacked in one go, so that what they become can be held.
pub const PIECE: usize = 16 * 1024;
/// What one piece may become: what the memory has to have room for.
pub const BURST: u64 = 17 * 1024 * 1024;
/// Window of a zstd frame. RFC 8878 (3.1.1.1.2) asks every decoder for 8 MiB; `zstd -19` needs that, `--ultra` and `--long` may need more.
pub const WINDOW: u64 = 16 * 1024 * 1024;
/// Entries of all archives of an upload. A count.
pub const ENTRIES: usize = 10_000;
/// Reports in one upload: each has a place in the queue. A count.
pub const REPORTS: usize = 1000;
/// Characters that are kept of an entry's name.
pub const NAME: usize = 200;
/// A workbook as it comes: it is held whole, since what is in it stands at its end.
pub const WORKBOOK: usize = 16 * 1024 * 1024;
/// All parts of a workbook unpacked: its texts are held whole.
pub const WORKBOOK_PARTS: u64 = 128 * 1024 * 1024;
/// Texts that the cells of a workbook share: they are held while its sheets are read.
pub const WORKBOOK_TEXTS: u64 = 24 * 1024 * 1024;
