//! Imports: upload, list, look at, cancel, retry, and the errors of one.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, Request as UploadRequest};
use axum::routing::{get, post};
use futures::FutureExt as _;
use http::{HeaderMap, HeaderValue, Response, StatusCode};
use platform::auth::Caller;
use platform::db::Db;
use platform::http::{
    Answer, List, Nothing, Parameters, Params, document_response, entity_tag, known_version, not_modified, one_of, parse_id, pieces,
    place_as, set_tag,
};
use platform::serving::serve;
use scan_reports::Format;
use serde::Deserialize;
use serde_json::{Value, json};
use spin_sdk::http::{IntoResponse, Request};
use spin_sdk::http_service;
use spin_sdk::wasip3;

mod body;
mod report;
mod retry;
mod storing;
mod table;
mod upload;

#[http_service]
async fn handle(request: Request) -> impl IntoResponse {
    let routes = Router::new()
        .route("/api/v1/formats", get(formats))
        .route("/api/v1/imports", get(list).post(create))
        .route("/api/v1/imports/{id}", get(show).delete(remove))
        .route("/api/v1/imports/{id}/cancel", post(cancel))
        .route("/api/v1/imports/{id}/retry", post(retry))
        .route("/api/v1/imports/{id}/report", get(report::answer))
        .route("/api/v1/imports/{id}/errors", get(errors))
        .route("/api/v1/imports/{id}/errors/retry", post(retry::answer));
    serve(routes, request.map(|body| Body::from_stream(pieces(body)))).await
}

/// Takes a report, and answers before it is read: 202, where to look, and when.
async fn create(caller: Caller, request: UploadRequest) -> Answer {
    let (import, rate) = upload::accept(caller, request).await?;
    let mut response = accepted(&import);
    rate.set_on(response.headers_mut());
    Ok(response)
}

/// 202: where to look, and when.
fn accepted(import: &Value) -> Response<Body> {
    wake_drain();
    let location = import["links"]["status"].as_str().and_then(|path| HeaderValue::from_str(path).ok());
    let mut response = document_response(StatusCode::ACCEPTED, import.to_string());
    let headers = response.headers_mut();
    headers.extend(location.map(|path| (http::header::LOCATION, path)));
    headers.insert(http::header::RETRY_AFTER, HeaderValue::from_static("1"));
    response
}

/// The formats that are read: `{"items": [{"name": "nessus", "aliases": […], "scanner": …, "about": …, "detected_on": […]}]}`. Anybody may
/// know.
async fn formats(_: Params<Nothing>) -> Answer {
    let format = |format: Format| json!({"name": format.name(), "aliases": format.aliases(), "scanner": format.scanner(), "about": format.about(), "detected_on": format.detected_on()});
    Ok(document_response(StatusCode::OK, json!({"items": Vec::from(Format::ALL.map(format))}).to_string()))
}

const STATES: [&str; 5] = ["queued", "running", "completed", "failed", "cancelled"];

#[derive(Deserialize)]
struct OfState {
    state: Option<String>,
}

impl Parameters for OfState {
    const NAMES: &'static [&'static str] = &["state"];
}

/// Imports, newest first, of one state or of all.
async fn list(caller: Caller, list: List<OfState>) -> Answer {
    one_of("state", list.filter.state.as_deref(), &STATES)?;
    let (db, state): (_, Option<Arc<str>>) = (Arc::new(Db::open().await?), list.filter.state.as_deref().map(Arc::from));
    list.answer_from(move |after, limit| {
        let (db, state) = (Arc::clone(&db), state.clone());
        async move { Ok(db.list_imports(caller, place_as(after.as_deref())?, limit, state.as_deref()).await?) }.boxed()
    })
    .await
}

async fn show(caller: Caller, Path(id): Path<String>, _: Params<Nothing>, headers: HeaderMap) -> Answer {
    let id = parse_id(&id)?;
    let (version, document) = Db::open().await?.import_status(caller, id, known_version(&headers, id)).await?;
    let tag = entity_tag(id, version);
    let Some(document) = document else { return Ok(not_modified(&tag)) };
    let mut response = document_response(StatusCode::OK, document);
    set_tag(&mut response, &tag);
    Ok(response)
}

async fn cancel(caller: Caller, Path(id): Path<String>, _: Params<Nothing>) -> Answer {
    let id = parse_id(&id)?;
    let import = Db::open().await?.cancel_import(caller, id).await?;
    Ok(document_response(StatusCode::OK, import.to_string()))
}

/// Takes an import back as if it had not been: 204 where all of it is gone, else 202 and how far it is. Who asks again is told again.
async fn remove(caller: Caller, Path(id): Path<String>, _: Params<Nothing>) -> Answer {
    let id = parse_id(&id)?;
    let removal = Db::open().await?.remove_import(caller, id).await?;
    // Also for what it has left in the store.
    wake_drain();
    if removal["state"] == "removed" {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::NO_CONTENT;
        return Ok(response);
    }
    let mut response = document_response(StatusCode::ACCEPTED, removal.to_string());
    response.headers_mut().insert(http::header::RETRY_AFTER, HeaderValue::from_static("1"));
    Ok(response)
}

async fn retry(caller: Caller, Path(id): Path<String>, _: Params<Nothing>) -> Answer {
    let id = parse_id(&id)?;
    Ok(accepted(&Db::open().await?.retry_import(caller, id).await?))
}

async fn errors(caller: Caller, Path(id): Path<String>, list: List<Nothing>) -> Answer {
    let id = parse_id(&id)?;
    let db = Arc::new(Db::open().await?);
    list.answer_from(move |after, limit| {
        let db = Arc::clone(&db);
        async move { Ok(db.list_import_errors(caller, id, place_as(after.as_deref())?, limit).await?) }.boxed()
    })
    .await
}

/// Wakes the drain after the answer. If that fails, the schedule finds the import.
fn wake_drain() {
    wasip3::spawn(async {
        if let Err(error) = platform::wake::wake_drain().await {
            eprintln!("the drain could not be woken, the schedule will: {error:#}");
        }
    });
}
