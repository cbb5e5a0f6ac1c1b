//! One upload: from the request to the import that is queued.

use axum::extract::Request;
use http::HeaderMap;
use http::header::CONTENT_LENGTH;
use platform::auth::key_of;
use platform::db::{Db, NewImport};
use platform::http::Problem;
use platform::ids::new_id;
use platform::objects::Store;
use serde_json::Value;

use crate::body::Report;
use crate::storing::{Stored, store_report};

/// Takes the report of a request into the store, writes the import down, and gives its document. The terms are checked before the body
/// is read. A broken upload leaves neither row nor object.
pub(crate) async fn take(request: Request) -> Result<Value, Problem> {
    let headers = request.headers();
    let key = key_of(headers)?;
    let idempotency_key = idempotency_key(headers)?;
    let length = content_length(headers)?;
    let db = Db::open().await?;
    let terms = db.open_upload(key, idempotency_key.as_deref(), length).await?;
    if let Some(existing) = terms.existing {
        return Ok(existing);
    }
    let mut report = Report::of(request).await?;
    let store = Store::open().await.map_err(Problem::internal)?;
    let id = new_id();
    let object_key = format!("imports/{}/{id}", terms.workspace_id);
    let Stored { size, sha256 } = store_report(&store, &object_key, &mut report, terms.max_bytes).await?;
    let import =
        NewImport { id, file_name: report.file_name(), object_key: &object_key, size, sha256, idempotency_key: idempotency_key.as_deref() };
    let created = db.create_import(terms.workspace_id, &import).await;
    // The row may belong to another request with the same Idempotency-Key, or there is none: then nobody needs the object.
    if !matches!(&created, Ok(document) if document["id"] == id.to_string()) {
        discard(&store, &object_key).await;
    }
    Ok(created?)
}

async fn discard(store: &Store, object_key: &str) {
    if let Err(error) = store.delete(object_key).await {
        eprintln!("{object_key} is left over in the store: {error:#}");
    }
}

/// The Idempotency-Key of the request (IETF draft "The Idempotency-Key HTTP Header Field"): 1 to 255 characters, with or without quotes.
fn idempotency_key(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let Some(value) = headers.get("idempotency-key") else { return Ok(None) };
    let key = value.to_str().unwrap_or_default().trim().trim_matches('"');
    match key.len() {
        1..=255 => Ok(Some(key.to_owned())),
        _ => Err(Problem::bad_request("Idempotency-Key has 1 to 255 ASCII characters")),
    }
}

fn content_length(headers: &HeaderMap) -> Result<Option<u64>, Problem> {
    let Some(value) = headers.get(CONTENT_LENGTH) else { return Ok(None) };
    let length = value.to_str().ok().and_then(|text| text.parse().ok());
    length.map(Some).ok_or_else(|| Problem::bad_request("Content-Length is not a whole number"))
}
