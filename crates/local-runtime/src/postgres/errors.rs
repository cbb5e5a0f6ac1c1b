//! Errors as guests see them.

use tokio_postgres::error::{DbError, ErrorPosition};

use crate::bindings::spin::postgres::postgres::{DbError as GuestDbError, Error, QueryError};

/// A statement failed: with PostgreSQL's own report where there is one.
pub(super) fn query_failed(error: &tokio_postgres::Error) -> Error {
    let as_text = format!("{error:?}");
    Error::QueryFailed(match error.as_db_error() {
        None => QueryError::Text(as_text),
        Some(report) => QueryError::DbError(guest_report(as_text, report)),
    })
}

/// A row cannot be given to the guest.
pub(super) fn row_failed(message: String) -> Error {
    Error::QueryFailed(QueryError::Text(message))
}

fn guest_report(as_text: String, report: &DbError) -> GuestDbError {
    GuestDbError {
        as_text,
        severity: report.severity().to_owned(),
        code: report.code().code().to_owned(),
        message: report.message().to_owned(),
        detail: report.detail().map(str::to_owned),
        extras: extras(report),
    }
}

fn extras(report: &DbError) -> Vec<(String, String)> {
    let position = report.position().map(|position| match position {
        ErrorPosition::Original(position) | ErrorPosition::Internal { position, .. } => position.to_string(),
    });
    let line = report.line().map(|line| line.to_string());
    let fields = [
        ("hint", report.hint()),
        ("position", position.as_deref()),
        ("where", report.where_()),
        ("schema", report.schema()),
        ("table", report.table()),
        ("column", report.column()),
        ("datatype", report.datatype()),
        ("constraint", report.constraint()),
        ("file", report.file()),
        ("line", line.as_deref()),
        ("routine", report.routine()),
    ];
    fields.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?.to_owned()))).collect()
}
