//! Every limit of the parsers, in bytes unless the name says otherwise. What goes over is cut and marked (texts), counted as a
//! [`Problem`](crate::Problem) (records) or ends the reading with an error that names the limit (structure).

pub use tokens::limits::{COLUMNS, DEPTH, LINE, OPEN_NAMES, ROW, STRING, TOKEN};

/// A checkpoint.
pub const CHECKPOINT: usize = 64 * 1024;
/// Start of the report that [`detect`](crate::detect) may look at.
pub const DETECTION: usize = 64 * 1024;
/// A title, name, identity or rule id of a record.
pub const NAME: usize = 1024;
/// A description, solution, or piece of evidence of a record.
pub const TEXT: usize = 64 * 1024;
/// A URL, path or reference.
pub const URL: usize = 4096;
/// A value of an attribute in an excerpt of the report.
pub const EXCERPT_VALUE: usize = 200;
/// Entries of one list of a record: references, CVEs, CWEs, scores. A count.
pub const LIST: usize = 200;
/// The greatest number of a CWE: they have up to four digits so far. What is greater is none, and the database could not take it.
pub const CWE: u32 = 99_999;
/// The greatest line of a file: what is greater is none.
pub const FILE_LINE: u64 = i64::MAX as u64;
/// Further facts of a finding or an asset. A count.
pub const ATTRIBUTES: usize = 64;
/// Text of all definitions (rules, artifacts) that a two-part format keeps in memory for one run.
pub const DEFINITIONS: usize = 24 * 1024 * 1024;
/// What is needed of one record of a described format: it is held while its occurrences are made.
pub const RECORD: usize = 4 * 1024 * 1024;
/// One value around the records that a described format keeps, as it stands in a checkpoint, escaped: all of them are part of it.
pub const KEPT: usize = 2 * 1024;
/// Facts about the start of a report that its format is told by. A count.
pub const FACTS: usize = 2_000;
/// Lines before the header of a table. A count.
pub const PREAMBLE: usize = 40;

/// What one step of a [decoder](crate::Decoder) looks at before it says that it is still [working](crate::Step::Working): a few milliseconds. What is
/// fed at once is looked at in one step all the same.
pub const STEP: u64 = 1024 * 1024;
/// Bytes of records that any report may give. What is over this and [`OUTPUT_PER_BYTE`] is left out, where that can be: long texts and lists. Where it
/// cannot, the reading ends at twice as much.
pub const OUTPUT: u64 = 8 * 1024 * 1024;
/// The same, for each byte of the report. Tests hold samples and reports of real scanners to a quarter of both.
pub const OUTPUT_PER_BYTE: u64 = 64;
/// To make records, so many times as many values and bytes are looked at. A factor.
pub const WORK_FACTOR: u64 = 16;

/// Findings that [`KnownFindings`](crate::KnownFindings) remembers: 16 bytes each, and as much again for the table.
pub const KNOWN_FINDINGS: usize = 200_000;
