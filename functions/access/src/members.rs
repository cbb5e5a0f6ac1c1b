//! Members: the people of a workspace, whose keys may do no more than they.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::Path;
use futures::FutureExt as _;
use http::StatusCode;
use platform::auth::Caller;
use platform::db::Db;
use platform::http::{Answer, List, Nothing, Params, Problem, document_response, json_body, parse_id, place_as};
use serde::{Deserialize, Serialize};
use serde_json::json;
use texts::Text;

use crate::keys::{NAME, check_scopes};

/// Characters of an address (RFC 5321, 4.5.3.1.3, without its brackets).
const EMAIL: usize = 254;

/// A member as callers make them.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct NewMember {
    name: String,
    email: String,
    scopes: Vec<String>,
}

/// What can be changed of a member.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Change {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    email: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    scopes: Option<Vec<String>>,
}

/// Members, newest first.
pub(crate) async fn list(caller: Caller, list: List<Nothing>) -> Answer {
    let db = Arc::new(Db::open().await?);
    list.answer_from(move |after, limit| {
        let db = Arc::clone(&db);
        async move { Ok(db.list_members(caller, place_as(after.as_deref())?, limit).await?) }.boxed()
    })
    .await
}

/// Makes a member.
pub(crate) async fn create(caller: Caller, _: Params<Nothing>, body: Body) -> Answer {
    let new: Option<NewMember> = json_body(body).await?;
    let new = new.ok_or_else(|| Problem::bad_request("the body says who the member is: name, email and scopes"))?;
    check(Some(&new.name), Some(&new.email), Some(&new.scopes))?;
    let made = Db::open().await?.create_member(caller, json!(new).to_string().into_bytes()).await?;
    Ok(document_response(StatusCode::CREATED, made.to_string()))
}

/// Changes what is said of a member; keys of theirs lose what they no longer may.
pub(crate) async fn change(caller: Caller, Path(id): Path<String>, _: Params<Nothing>, body: Body) -> Answer {
    let id = parse_id(&id)?;
    let change: Option<Change> = json_body(body).await?;
    let change = change.ok_or_else(|| Problem::bad_request("the body says what is to be changed: name, email, scopes"))?;
    check(change.name.as_deref(), change.email.as_deref(), change.scopes.as_deref())?;
    let changed = Db::open().await?.change_member(caller, id, json!(change).to_string().into_bytes()).await?;
    Ok(document_response(StatusCode::OK, changed.to_string()))
}

/// Removes a member, with their keys and sessions.
pub(crate) async fn remove(caller: Caller, Path(id): Path<String>, _: Params<Nothing>) -> Answer {
    let id = parse_id(&id)?;
    Ok(document_response(StatusCode::OK, Db::open().await?.remove_member(caller, id).await?.to_string()))
}

/// 400 where something that is said of a member cannot be.
fn check(name: Option<&str>, email: Option<&str>, scopes: Option<&[String]>) -> Result<(), Problem> {
    name.map(|name| Text::<NAME>::line("name", name)).transpose()?;
    email.map(check_email).transpose()?;
    scopes.map(check_scopes).transpose()?;
    Ok(())
}

/// Nothing but that it looks like an address: whether mail arrives there only mail can tell.
fn check_email(email: &str) -> Result<(), Problem> {
    Text::<EMAIL>::line("email", email)?;
    let parts = email.split_once('@').filter(|(name, host)| !name.is_empty() && !host.is_empty() && !host.contains('@'));
    if parts.is_none() || email.contains(char::is_whitespace) {
        return Err(Problem::bad_request("email is an address, as ann@example.com"));
    }
    Ok(())
}
