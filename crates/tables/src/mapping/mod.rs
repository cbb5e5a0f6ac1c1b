//! How a row of a file becomes a row of a dataset: by a [document](Mapping) of rules, and by what [applies](Mapper) it.
//!
//! A field of the file that a column reads is null where its text is one of those that stand for no value. Else it goes through the column's steps, as text;
//! what comes of them is read as the column's type, and the value is checked. What does not fit goes where the column, or the mapping, says: into the row's
//! `_rescued`, with the row into the list of errors, nowhere, or it ends the run. A row is stored whole or not at all.
//!
//! Objects can be made fields first, and elements of an array rows: both are said once for the file and not as steps of a column, since they change what
//! fields and rows there are.

use serde::{Deserialize, Serialize};

use crate::Type;

mod document;
pub use document::{
    Check, ColumnRule, Condition, Else, Explode, Flatten, Format, From, Input, Mapping, MaxRejects, OnError, Range, RunCheck, Scalar, Side,
    Step, Unit, UnknownColumns, VERSION, Write,
};

mod validate;

mod schema;
pub use schema::SCHEMA;

mod steps;

mod conditions;

mod rescued;

mod target;

mod unfold;

mod mapper;
pub use mapper::{Fields, Mapper};

/// A column of a dataset.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// Its type.
    #[serde(rename = "type")]
    pub kind: Type,
    /// Whether a row without a value for it is rejected, whatever the mapping says.
    #[serde(default)]
    pub required: bool,
}

/// Why a mapping cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, Serialize)]
#[error("{path}: {message}")]
pub struct MappingError {
    /// Where in the document, as a JSON pointer.
    pub path: String,
    /// For people.
    pub message: String,
}

impl MappingError {
    pub(crate) fn new(path: impl Into<String>, message: impl Into<String>) -> Self {
        Self { path: path.into(), message: message.into() }
    }
}

/// What became of a row of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mapped {
    /// So many rows were stored, one where no array was exploded.
    Stored(usize),
    /// A condition does not hold.
    Filtered,
    /// The row was rejected, and the run goes on.
    Rejected(Problem),
    /// The run fails.
    Fail(Problem),
}

/// Why a row was not stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// Stable, for programs.
    pub code: String,
    /// For people, without the value.
    pub message: String,
    /// Where the row begins in the file.
    pub offset: u64,
    /// The line in which it begins.
    pub line: u64,
    /// The dataset's column, or the file's field, that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<String>,
    /// The row as the file has it.
    pub raw: String,
    /// The row's fields as a JSON object that the database takes, to be mapped [again](crate::Again) once the mapping is another; none of a row that is
    /// longer than what is kept of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub record: Option<String>,
}

/// What became of rows: those that were read are those that were stored, filtered and rejected.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Rows of the file; where an array was exploded, one for each element.
    pub read: u64,
    /// Rows that were stored.
    pub stored: u64,
    /// Rows for which a condition does not hold.
    pub filtered: u64,
    /// Rows that were rejected, or that ended the run; of a row whose array was exploded, all at once, as one.
    pub rejected: u64,
    /// Values of stored rows that are in `_rescued` because they do not fit.
    pub rescued_values: u64,
    /// Values of stored rows that were dropped because they do not fit.
    pub nulled: u64,
}
