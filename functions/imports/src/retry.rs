//! Errors of an import that are tried again.

use axum::body::Body;
use axum::extract::Path;
use http::StatusCode;
use platform::auth::Caller;
use platform::db::{ClaimedTable, Db, RemappedRows, RowsToRetry};
use platform::http::{Answer, Nothing, Params, Problem, document_response, json_body, parse_id};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tables::mapping::{Column, Fields, Mapping};
use tables::{Again, RejectedRow};

/// Which errors are tried again: all where none are named.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Retry {
    ids: Option<Vec<i64>>,
}

/// Tries again to store the records that the database refused, or the rows that were rejected, these by the newest mapping; at most 1,000 in one request:
/// `{"stored": 3, "refused": 0, "errors": 0, …}`.
pub(crate) async fn answer(caller: Caller, Path(id): Path<String>, _: Params<Nothing>, body: Body) -> Answer {
    let id = parse_id(&id)?;
    let which: Retry = json_body(body).await?.unwrap_or_default();
    let db = Db::open().await?;
    let mut result = db.retry_errors(caller, id, which.ids).await?;
    if let Some(table) = result.get_mut("table").map(Value::take) {
        let table: RowsToRetry = of_database(&table)?;
        result = db.retry_rows(caller, id, table.dataset.schema_version, mapped(&table)?).await?;
    }
    Ok(document_response(StatusCode::OK, result.to_string()))
}

fn mapped(table: &RowsToRetry) -> Result<RemappedRows, Problem> {
    let RowsToRetry { dataset: ClaimedTable { columns, mapping, .. }, format, rows } = table;
    let (columns, rows): (Vec<Column>, Vec<RejectedRow>) = (of_database(columns)?, of_database(rows)?);
    let mapping: Option<Mapping> = of_database(mapping)?;
    let fields = Fields::of_format(format.as_deref().unwrap_or_default());
    let Again { rows, ids, outcomes } = Again::map(mapping.as_ref(), &columns, fields, &rows)
        .map_err(|error| Problem::conflict(format!("the dataset's newest mapping cannot be used: {error}")))?;
    let outcomes = serde_json::to_vec(&outcomes).map_err(|error| Problem::internal(error.into()))?;
    Ok(RemappedRows { columns: rows.columns, offsets: rows.offsets, rescued: rows.rescued, ids, outcomes })
}

fn of_database<T: DeserializeOwned>(value: &Value) -> Result<T, Problem> {
    T::deserialize(value).map_err(|error| Problem::internal(error.into()))
}
