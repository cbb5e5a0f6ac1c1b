//! Takes reports out of what they are packed in while they come in: gzip, zstd, ZIP archives (among them Fortify's `.fpr`) and XLSX
//! workbooks; and before that out of browsers' forms. Bytes in, bytes of reports out; no IO, nothing held whole but workbooks.
//!
//! [`Reports`] takes an upload in pieces and appends what is to be stored: a plain report as it is, of a packed one the reports in it, one
//! after the other. At the end it says where each begins. So whoever reads the stored bytes needs no state of a decompressor: it can
//! jump, cut, and go on anywhere.
//!
//! What a file is packed with is told by its first bytes. A packed file in a packed file is unpacked too (a `.json.gz` in a ZIP archive),
//! [`limits::DEPTH`] deep. Names in archives are only text: nothing is written to a path.

pub mod limits;

mod form;
pub use form::{Form, FormEvent};

mod budget;
mod content;
mod gzip;
mod workbook;
mod zip;
mod zstd;

pub use content::is_packed;

mod reports;
pub use reports::{Contents, ReportEntry, Reports};

#[cfg(any(test, feature = "fuzzing"))]
pub mod fuzzing;

/// Why a file cannot be unpacked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Error {
    /// What the caller may make of it.
    pub kind: ErrorKind,
    /// For people: what was expected, what was found, where, and what may help.
    pub message: String,
}

/// What the caller may make of an [`Error`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// The bytes are not what their start says, or end too early.
    Broken,
    /// Packed in a way that is not read.
    Unsupported,
    /// A limit of [`limits`], or the caller's, is exceeded.
    TooLarge,
    /// An archive without a report of a known format.
    NoReport,
}

impl Error {
    fn broken(message: impl Into<String>) -> Self {
        Self { kind: ErrorKind::Broken, message: message.into() }
    }

    fn unsupported(message: impl Into<String>) -> Self {
        Self { kind: ErrorKind::Unsupported, message: message.into() }
    }

    fn too_large(message: impl Into<String>) -> Self {
        Self { kind: ErrorKind::TooLarge, message: message.into() }
    }
}

#[cfg(test)]
mod tests;
