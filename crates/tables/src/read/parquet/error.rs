//! Why a file is not read on.

use tokens::ReadErrorKind;

/// What is wrong, without the place: whoever reads knows that.
#[derive(Debug, PartialEq)]
pub(super) struct Fault {
    pub(super) kind: ReadErrorKind,
    pub(super) message: String,
}

pub(super) type Result<T> = std::result::Result<T, Fault>;

impl Fault {
    pub(super) fn syntax(message: impl Into<String>) -> Self {
        Self { kind: ReadErrorKind::Syntax, message: message.into() }
    }

    pub(super) fn limit(message: impl Into<String>) -> Self {
        Self { kind: ReadErrorKind::LimitExceeded, message: message.into() }
    }

    pub(super) fn truncated(message: impl Into<String>) -> Self {
        Self { kind: ReadErrorKind::Truncated, message: message.into() }
    }

    pub(super) fn refused(message: impl Into<String>) -> Self {
        Self { kind: ReadErrorKind::NotThisFormat, message: message.into() }
    }

    /// Names the column in which it was found.
    pub(super) fn in_column(self, column: &str) -> Self {
        Self { message: format!("column {column}: {}", self.message), ..self }
    }
}
