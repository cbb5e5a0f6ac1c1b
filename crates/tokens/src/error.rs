//! Why a file cannot be read.

use serde::{Deserialize, Serialize};

/// Why the rest of a report cannot be read. The message says what was expected, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message} (offset {offset}, line {line})")]
pub struct ReadError {
    /// What the caller may make of it.
    pub kind: ReadErrorKind,
    /// What was expected, and what was found.
    pub message: String,
    /// Where, in bytes from the report's start.
    pub offset: u64,
    /// Where, in lines counted from 1.
    pub line: u64,
}

/// What the caller may make of a [`ReadError`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReadErrorKind {
    /// The report ends in the middle.
    Truncated,
    /// The bytes are no XML, JSON, or text in the encoding that they claim.
    Syntax,
    /// They are, but not what the reader expects in them. No tokenizer says this.
    NotThisFormat,
    /// A structural limit is exceeded: see [`limits`](crate::limits).
    LimitExceeded,
}
