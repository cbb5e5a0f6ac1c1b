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
