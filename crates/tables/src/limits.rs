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
