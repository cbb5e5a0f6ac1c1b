//! What a page polls: the status of an import, notifications, and what its workspace uses of its limits. And what was done in it.

use std::sync::Arc;

use axum::Router;
use axum::extract::Path;
use axum::routing::{get, post};
use futures::FutureExt as _;
use http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, StatusCode};
use platform::auth::Caller;
use platform::db::Db;
use platform::http::{
    Answer, List, Nothing, Parameters, Params, document_response, entity_tag, known_tag, known_version, not_modified, parse_id, place_as,
    set_tag, tag_of,
};
use platform::serving::serve;
use serde::Deserialize;
use serde_json::json;
use spin_sdk::http::{IntoResponse, Request};
use spin_sdk::http_service;

/// What entity tags of activities begin with.
const ACTIVITY: &str = "activity";

#[http_service]
async fn handle(request: Request) -> impl IntoResponse {
    let routes = Router::new()
        .route("/api/v1/openapi.json", get(openapi))
        .route("/docs", get(reference))
        .route("/api/v1/activity", get(activity))
        .route("/api/v1/imports/{id}/status", get(import_status))
        .route("/api/v1/notifications", get(list_notifications))
        .route("/api/v1/notifications/unread", get(count_unread))
        .route("/api/v1/notifications/read", post(mark_all_read))
        .route("/api/v1/notifications/{id}/read", post(mark_one_read))
        .route("/api/v1/workspace", get(workspace))
        .route("/api/v1/events", get(list_events));
    serve(routes, request).await
}

/// The API in words that programs read: `docs/openapi.yaml`. Anybody may know.
async fn openapi(_: Params<Nothing>) -> Answer {
    Ok(document_response(StatusCode::OK, include_str!("../../../docs/openapi.json")))
}

/// The same for people. Nothing in it runs, and it needs no other host.
async fn reference(_: Params<Nothing>) -> Answer {
    let mut response = document_response(StatusCode::OK, include_str!("../../../docs/reference.html"));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers
        .insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"));
    Ok(response)
}

/// All that a page polls: the imports that are active and the last that have ended, unread notifications, the workspace, and when to ask again. 304 where
/// nothing of it has changed.
async fn activity(caller: Caller, _: Params<Nothing>, headers: HeaderMap) -> Answer {
    let known = known_tag(&headers, ACTIVITY);
    let (version, document) = Db::open().await?.activity(caller, known.as_deref()).await?;
    let tag = tag_of(ACTIVITY, version);
    let Some(document) = document else { return Ok(not_modified(&tag)) };
    let mut response = document_response(StatusCode::OK, document);
    set_tag(&mut response, &tag);
    Ok(response)
}

/// An import's status. 304 where the caller has the present version; Retry-After says when to look again, and is missing at the end.
async fn import_status(caller: Caller, Path(id): Path<String>, _: Params<Nothing>, headers: HeaderMap) -> Answer {
    let id = parse_id(&id)?;
    let known = known_version(&headers, id);
    let (version, document) = Db::open().await?.import_status(caller, id, known).await?;
    let tag = entity_tag(id, version);
    let Some(document) = document else { return Ok(not_modified(&tag)) };
    let ended = serde_json::from_slice::<Ended>(&document).is_ok_and(|status| status.poll_after_ms.is_none());
    let mut response = document_response(StatusCode::OK, document);
    set_tag(&mut response, &tag);
    if !ended {
        response.headers_mut().insert(http::header::RETRY_AFTER, HeaderValue::from_static("2"));
    }
    Ok(response)
}

#[derive(serde::Deserialize)]
struct Ended {
    poll_after_ms: Option<u32>,
}

/// Notifications, newest first, with the number of those that nobody has read.
async fn list_notifications(caller: Caller, list: List<Nothing>) -> Answer {
    let db = Arc::new(Db::open().await?);
    if list.form.is_some() {
        return list
            .answer_from(move |after, limit| {
                let db = Arc::clone(&db);
                async move { Ok(db.list_notifications(caller, place_as(after.as_deref())?, limit).await?.0) }.boxed()
            })
            .await;
    }
    let (page, unread) = db.list_notifications(caller, list.after_as()?, list.limit).await?;
    list.answer_with(&page, &format!("\"unread\":{unread},"))
}

/// For a badge: `{"unread": 3}`.
async fn count_unread(caller: Caller, _: Params<Nothing>) -> Answer {
    let unread = Db::open().await?.count_unread(caller).await?;
    Ok(document_response(StatusCode::OK, json!({"unread": unread}).to_string()))
}

async fn mark_all_read(caller: Caller, _: Params<Nothing>) -> Answer {
    let unread = Db::open().await?.mark_notifications_read(caller, None).await?;
    Ok(document_response(StatusCode::OK, unread.to_string()))
}

async fn mark_one_read(caller: Caller, Path(id): Path<String>, _: Params<Nothing>) -> Answer {
    let id = parse_id(&id)?;
    let unread = Db::open().await?.mark_notifications_read(caller, Some(id)).await?;
    Ok(document_response(StatusCode::OK, unread.to_string()))
}

/// The key's workspace: its limits, what it uses of them, and how many requests the key has left.
async fn workspace(caller: Caller, _: Params<Nothing>) -> Answer {
    let workspace = Db::open().await?.get_workspace(caller).await?;
    Ok(document_response(StatusCode::OK, workspace.to_string()))
}

#[derive(Default, Deserialize)]
struct OfObject {
    action: Option<String>,
    object_id: Option<String>,
}

impl Parameters for OfObject {
    const NAMES: &'static [&'static str] = &["action", "object_id"];
}

/// Who did what, newest first; of one action (`finding.decided`) or of all, to one thing or to all.
async fn list_events(caller: Caller, mut list: List<OfObject>) -> Answer {
    let (db, filter) = (Arc::new(Db::open().await?), Arc::new(std::mem::take(&mut list.filter)));
    list.answer_from(move |after, limit| {
        let (db, filter) = (Arc::clone(&db), Arc::clone(&filter));
        async move {
            let OfObject { action, object_id } = &*filter;
            Ok(db.list_events(caller, place_as(after.as_deref())?, limit, action.as_deref(), object_id.as_deref()).await?)
        }
        .boxed()
    })
    .await
}
