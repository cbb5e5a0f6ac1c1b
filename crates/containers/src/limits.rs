//! Every limit of unpacking and of forms, in bytes unless the name says otherwise. What goes over is refused with an error that names the limit.

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
/// Members of a gzip file that may be as small as they like. A count. Each costs a decoder of its own, however little is in it.
pub const MEMBERS: u64 = 1000;
/// What the others hold at least, on average.
pub const MEMBER: u64 = 256;
/// Entries of all archives of an upload. A count.
pub const ENTRIES: usize = 10_000;
/// Reports in one upload: each has a place in the queue. A count.
pub const REPORTS: usize = 1000;
/// Characters that are kept of an entry's name.
pub const NAME: usize = 200;
/// A workbook as it comes: it is held whole, since what is in it stands at its end.
pub const WORKBOOK: usize = 16 * 1024 * 1024;
/// All parts of a workbook unpacked: all of them come by before it is read.
pub const WORKBOOK_PARTS: u64 = 128 * 1024 * 1024;
/// Texts that the cells of a workbook share: they are held while its sheets are read.
pub const WORKBOOK_TEXTS: usize = 24 * 1024 * 1024;
/// All sheets of a workbook as CSV: what cells repeat counts each time. It comes at once, at the end of the workbook.
pub const WORKBOOK_TABLES: u64 = 16 * 1024 * 1024;
/// Columns and rows of a sheet, as ECMA-376 leaves it to programs and all have it: up to XFD1048576. A count.
pub const WORKBOOK_COLUMNS: u32 = 16_384;
/// See [`WORKBOOK_COLUMNS`].
pub const WORKBOOK_ROWS: u32 = 1_048_576;
/// What one cell of a workbook holds. Spreadsheet programs take 32,767 characters.
pub const CELL: usize = 1024 * 1024;
/// Formats of cells, and formats of numbers, in a workbook. A count; spreadsheet programs take 65,490.
pub const CELL_FORMATS: usize = 65_536;

/// Characters of a form's boundary (RFC 2046, 5.1.1).
pub const BOUNDARY: usize = 70;
/// All of a form before its file: preamble, other fields, and headers.
pub const FORM_LEAD: usize = 64 * 1024;
