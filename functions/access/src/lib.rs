//! Who may call for a workspace: its members, its keys, and the sessions that pages make with them.

use axum::Router;
use axum::routing::{delete, get, patch, post};
use platform::serving::serve;
use spin_sdk::http::{IntoResponse, Request};
use spin_sdk::http_service;

mod keys;
mod members;
mod session;

#[http_service]
async fn handle(request: Request) -> impl IntoResponse {
    let routes = Router::new()
        .route("/api/v1/session", get(session::show).post(session::create).delete(session::end))
        .route("/api/v1/members", get(members::list).post(members::create))
        .route("/api/v1/members/{id}", patch(members::change).delete(members::remove))
        .route("/api/v1/keys", get(keys::list).post(keys::create))
        .route("/api/v1/keys/{id}", delete(keys::revoke))
        .route("/api/v1/keys/{id}/rotate", post(keys::rotate));
    serve(routes, request).await
}
