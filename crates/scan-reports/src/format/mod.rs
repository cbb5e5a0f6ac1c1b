//! One module for each report format: events in, records out. Nothing here knows how bytes were cut.

use crate::{CheckpointError, ReadError, Step};

mod detect;
mod elements;
pub use detect::{Detection, detect};

mod nessus;
mod nmap;
mod sarif;

/// What a format implements; see [`Decoder`](crate::Decoder) for the contract, which it takes over word by word.
pub(crate) trait Parser: Send {
    fn position(&self) -> u64;
    fn progress(&self) -> u64;
    fn feed(&mut self, bytes: &[u8]);
    fn end_of_input(&mut self);
    fn next(&mut self) -> Result<Step, ReadError>;
    /// The place after the last record.
    fn suspend(&self) -> serde_json::Value;
    /// Takes up the place that `suspend` gave. Called once, on a new parser.
    fn restore(&mut self, state: serde_json::Value) -> Result<(), CheckpointError>;
}

/// The report formats.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Nessus `.nessus`, version 2 (`NessusClientData_v2`).
    Nessus,
    /// Nmap's XML output (`nmaprun`).
    Nmap,
    /// SARIF 2.1.0 (OASIS).
    Sarif,
}

impl Format {
    /// Every format, in alphabetical order.
    pub const ALL: [Self; 3] = [Self::Nessus, Self::Nmap, Self::Sarif];

    /// Its name in the API, on the command line and in the database.
    pub fn name(self) -> &'static str {
        match self {
            Self::Nessus => "nessus",
            Self::Nmap => "nmap",
            Self::Sarif => "sarif",
        }
    }

    /// The format of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.name() == name)
    }

    /// Changes whenever an older checkpoint can no longer be taken up.
    pub(crate) fn checkpoint_version(self) -> u32 {
        match self {
            Self::Nessus | Self::Nmap | Self::Sarif => 1,
        }
    }

    pub(crate) fn parser(self) -> Box<dyn Parser> {
        match self {
            Self::Nessus => Box::new(nessus::parser()),
            Self::Nmap => Box::new(nmap::parser()),
            Self::Sarif => Box::new(sarif::parser()),
        }
    }
}
