//! Limits of files of rows.

/// Columns of a file, and of a dataset; the database takes 1,600 in all.
pub const COLUMNS: usize = 1000;

/// Bytes of a column's name in a dataset: what PostgreSQL keeps of one.
pub const NAME: usize = 63;

/// Bytes of a row of a file.
pub const ROW: usize = 16 * 1024 * 1024;

/// Bytes of a place that is saved: what the database takes of a checkpoint.
pub const CHECKPOINT: usize = 64 * 1024;

/// Bytes of a row that are kept with its error.
pub const RAW: usize = 64 * 1024;

/// Bytes of all names of a file's columns: they are part of a place.
pub const NAMES: usize = 48 * 1024;

/// Bytes of a mapping's document.
pub const MAPPING: usize = 256 * 1024;

/// Steps of a column, and fields that a column or a step is read from.
pub const STEPS: usize = 32;

/// Values of a list in a mapping.
pub const VALUES: usize = 10_000;

/// Conditions for rows, and checks of a run.
pub const CONDITIONS: usize = 100;

/// Characters of a regular expression.
pub const EXPRESSION: usize = 1000;

/// Bytes of a regular expression as it is compiled: ordinary ones take 2 to 4 KiB. With [`EXPRESSION_INPUT`] it bounds the work of a value, at worst 40 ms.
pub const EXPRESSION_SIZE: usize = 32 * 1024;

/// Bytes of a text in which a regular expression looks.
pub const EXPRESSION_INPUT: usize = 8 * 1024;

/// Characters to which a text is padded.
pub const PAD: u32 = 1000;

/// Levels of objects that are made fields, and of a JSON pointer.
pub const LEVELS: usize = 16;

/// Bytes of the name of a field that was a member of an object.
pub const FIELD_NAME: usize = 1000;

/// Elements of an array that become rows. An offset times this, and the element's number, is the offset of its row.
pub const ELEMENTS: usize = 1 << 16;

/// Digits of a number before its point, and behind it, as it would be written without an exponent: the database's numeric takes more of both.
pub const DIGITS: usize = 1000;

/// Objects and arrays within one another in a JSON value.
pub const JSON_DEPTH: usize = 128;

/// Bytes of a format of dates and times.
pub const FORMAT: usize = 64;

/// Bytes of a time zone's name.
pub const TIMEZONE: usize = 64;

/// Bytes of the start of a file that are looked at to tell what it is.
pub const START: usize = 1024 * 1024;

/// Bytes and rows of a file's start from which its dialect and the types of its columns are proposed.
pub const SAMPLE: usize = 8 * 1024 * 1024;
/// See [`SAMPLE`].
pub const SAMPLE_ROWS: usize = 10_000;

/// Bytes of the directory of a workbook (XLSX), of which some hundred are a part.
pub const XLSX_DIRECTORY: usize = 4 * 1024 * 1024;

/// Unpacked bytes of a workbook's part that says how the others are read: its sheets, relationships, formats.
pub const XLSX_PART: u64 = 16 * 1024 * 1024;

/// Sheets, relationships of a part, and cell formats of a workbook, each; Excel has at most 64,000 formats.
pub const XLSX_ENTRIES: usize = 65_536;

/// Bytes of the names of a workbook's sheets and parts, together.
pub const XLSX_NAMES: usize = 1024 * 1024;

/// Bytes of the texts that the cells of a workbook share, and of their index: they are held while a sheet is read.
pub const XLSX_TEXTS: usize = 32 * 1024 * 1024;

/// Unpacked bytes of the part that has these texts.
pub const XLSX_TEXTS_PART: u64 = 256 * 1024 * 1024;

/// Unpacked bytes of a sheet. Whoever resumes one unpacks it from its start.
pub const XLSX_SHEET: u64 = 2 * 1024 * 1024 * 1024;
