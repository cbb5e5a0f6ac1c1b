//! Streaming, resumable parsers for the reports of security scanners: bytes in, records out.
//!
//! A [`Decoder`] takes the bytes of one report in pieces of any size and gives [`Record`]s. It never reads, waits, looks at a clock or
//! holds the report. Its whole place in the report fits into a [checkpoint](Decoder::checkpoint) of at most [`limits::CHECKPOINT`] bytes.
//! Four laws hold for every format, and are tested over every sample:
//!
//! 1. *Cut anywhere*: the records do not depend on how the bytes were cut.
//! 2. *Suspend anywhere*: nor on where the decoder was dropped and resumed from its checkpoint.
//! 3. *Bounded*: the checkpoint stays within its limit, and the memory does not grow with the report.
//! 4. *In proportion*: what reading takes, and what comes of it, grow with the bytes of the report and no faster.
//!
//! [`tokens`] turns bytes into events and knows no scanner; [`format`](mod@format) turns events into records and knows no bytes.

pub mod limits;

pub use report_formats::kinds::{AssetKind, FindingKind, Severity, Status};

mod record;
pub use record::{Asset, Component, Cvss, Finding, Location, Occurrence, Problem, ProblemCode, Record};

mod budget;

mod identity;
pub use identity::{Id, Identity};

mod decoder;
pub use decoder::{CheckpointError, Cut, Cutter, Decoder, Step};
pub use tokens::{ReadError, ReadErrorKind};

pub mod format;
pub use format::{Detection, Format, detect};

mod columns;
pub use columns::{Column, Columns, FindingColumns, OccurrenceColumns, Words};

mod batch;
pub use batch::{Batch, BatchRows, KnownFindings};

#[cfg(any(test, feature = "fuzzing"))]
pub mod fuzzing;

mod output;
pub use output::output_line;
