//! Every limit of the tokenizers, in bytes unless the name says otherwise. What goes over ends the reading with an error that names the limit
//! (structure), or is passed over and said (rows, lines).

/// Depth of elements, objects and arrays. A count.
pub const DEPTH: usize = 256;
/// Names of all XML elements that are open at a place: they are part of it.
pub const OPEN_NAMES: usize = 16 * 1024;
/// One tag with its attributes, one number, one key: what has to be held whole to be understood.
pub const TOKEN: usize = 1024 * 1024;
/// What is kept of a string of JSON unless the reader says otherwise.
pub const STRING: usize = 64 * 1024;
/// A line of plain text.
pub const LINE: usize = 64 * 1024;
/// A row of a table.
pub const ROW: usize = 4 * 1024 * 1024;
/// Columns of a table. A count.
pub const COLUMNS: usize = 4096;
