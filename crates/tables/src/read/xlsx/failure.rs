//! Why a workbook cannot be read, before it is known where that was seen.

use tokens::ReadErrorKind;

use crate::limits;

/// What becomes a [`ReadError`](tokens::ReadError) with its place.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) kind: ReadErrorKind,
    pub(super) message: String,
}

/// What a workbook is not as it should be.
pub(super) fn damaged(why: &str) -> Failure {
    let message = format!("the workbook cannot be read: {why}; save it again with a spreadsheet program, or save the sheet as CSV");
    Failure { kind: ReadErrorKind::Syntax, message }
}

/// What of it is over a limit.
pub(super) fn too_large(why: &str) -> Failure {
    Failure { kind: ReadErrorKind::LimitExceeded, message: format!("the workbook is too large: {why}; save the sheet as CSV") }
}

/// What it is instead.
pub(super) fn no_workbook(message: &str) -> Failure {
    Failure { kind: ReadErrorKind::NotThisFormat, message: message.to_owned() }
}

/// The file ends before all of it was seen.
pub(super) fn truncated() -> Failure {
    let message = "the file ends before the workbook does; send it again".to_owned();
    Failure { kind: ReadErrorKind::Truncated, message }
}

/// A name as it is shown: not without end.
pub(super) fn shortened(name: &str) -> String {
    name.chars().take(limits::NAME).collect()
}
