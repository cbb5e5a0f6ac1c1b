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

/// Digits of a number before its point, and behind it, as it would be written without an exponent: the database's numeric takes more of both.
pub const DIGITS: usize = 1000;

/// Objects and arrays within one another in a JSON value.
pub const DEPTH: usize = 128;

/// Bytes of a format of dates and times.
pub const PATTERN: usize = 64;

/// Bytes of a time zone's name.
pub const TIMEZONE: usize = 64;

/// Bytes and rows of a file's start from which its dialect and the types of its columns are proposed.
pub const SAMPLE: usize = 8 * 1024 * 1024;
/// See [`SAMPLE`].
pub const SAMPLE_ROWS: usize = 10_000;
