//! The report formats: events in, records out. Nothing here knows how bytes were cut.
//!
//! Each format is a file in `formats`: its description, or, where that does not suffice, how it is detected and the name of a module
//! here that reads it.

use crate::budget::Wanted;
use crate::{CheckpointError, ReadError, Step};

mod claim;
mod cvss;
mod described;
mod detect;
mod elements;
mod ids;
mod purl;
mod registry;
mod texts;
mod url;
pub(crate) use claim::{Claim, Evidence};
pub use detect::{Detection, detect};
pub use registry::Format;

mod nessus;
mod nmap;
mod sarif;

/// What a format implements; see [`Decoder`](crate::Decoder) for the contract, which it takes over word by word.
pub(crate) trait Parser: Send {
    fn position(&self) -> u64;
    /// How far the report is read. It may go back: the decoder sees that what it tells grows only.
    fn progress(&self) -> u64;
    fn feed(&mut self, bytes: &[u8]);
    fn end_of_input(&mut self);
    /// Bytes that were looked at so far.
    fn work(&self) -> u64;
    /// Of known findings perhaps no more than their identities. Not called again after an error.
    fn next_beyond(&mut self, wanted: Wanted<'_>) -> Result<Step, ReadError>;
    /// Whether what was read speaks for the format though no record was given: its list of records, which is empty, or a record that is no finding.
    fn has_list(&self) -> bool {
        false
    }
    /// The place after the last record.
    fn suspend(&self) -> serde_json::Value;
    /// Takes up the place that `suspend` gave. Called once, on a new parser.
    fn restore(&mut self, state: serde_json::Value) -> Result<(), CheckpointError>;
    /// What finds the places where the report can be cut, at least `spacing` bytes apart, from here on.
    fn cuts(&self, _spacing: u64) -> Option<Box<dyn Cuts>> {
        None
    }
}

/// Finds the places where a report can be cut; see [`Cutter`](crate::Cutter).
pub(crate) trait Cuts: Send {
    fn position(&self) -> u64;
    /// The offsets of the cuts in these bytes, each with the state of a parser there.
    fn feed(&mut self, bytes: &[u8]) -> Vec<(u64, serde_json::Value)>;
    /// Bytes that were looked at so far.
    fn work(&self) -> u64;
}

/// Version of the checkpoints of the formats that have a module of their own.
const CODE_VERSION: u32 = 1;

impl Format {
    /// Its name in the API, on the command line and in the database.
    pub fn name(self) -> &'static str {
        &self.table().name
    }

    /// Other names by which it may be asked for: what else it is widely called.
    pub fn aliases(self) -> &'static [Box<str>] {
        &self.table().aliases
    }

    /// The scanner whose reports it is, for people.
    pub fn scanner(self) -> &'static str {
        &self.table().scanner
    }

    /// What a report of this format is, and how it is made.
    pub fn about(self) -> &'static str {
        &self.table().about
    }

    /// What it is detected on, one entry for each of its shapes: `Results[].Target, SchemaVersion = 2`.
    pub fn detected_on(self) -> Vec<String> {
        self.table().detect.iter().map(detect::described).collect()
    }

    /// The format of that name or alias.
    pub fn from_name(name: &str) -> Option<Self> {
        let named = Self::ALL.into_iter().find(|format| format.name() == name);
        named.or_else(|| Self::ALL.into_iter().find(|format| format.aliases().iter().any(|alias| **alias == *name)))
    }

    /// Whether the other files of an archive with such a report tell of it, and none of them is a report.
    pub fn is_sole(self) -> bool {
        self.table().archive.sole
    }

    /// Whether no file in a folder of this name is a report of any format: what is there belongs to one.
    pub fn is_skipped(folder: &str) -> bool {
        Self::ALL.into_iter().any(|format| format.table().archive.skip.iter().any(|skipped| **skipped == *folder))
    }

    /// Whether a report without a byte is one without findings.
    pub(crate) fn may_be_empty(self) -> bool {
        self.table().empty
    }

    /// Changes whenever an older checkpoint can no longer be taken up.
    pub(crate) fn checkpoint_version(self) -> u32 {
        self.reading().map_or(CODE_VERSION, described::Reading::checkpoint_version)
    }

    pub(crate) fn parser(self) -> Box<dyn Parser> {
        let described = self.reading().map(|reading| described::parser(self.table(), reading));
        described.or_else(|| registry::code(self)).unwrap_or_else(|| unreachable!("the build script sees to it"))
    }

    /// The scanners that all reports of a described format come from. Where the report names them, its records do.
    pub(crate) fn tools(self) -> Vec<&'static str> {
        let records = self.reading().map_or(&[][..], |reading| &reading.records);
        let mut tools: Vec<_> = records.iter().filter_map(|record| record.tool.literal()).collect();
        tools.dedup();
        tools
    }
}
