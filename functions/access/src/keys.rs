//! API keys: made here, shown once, and known by their SHA-256 afterwards.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::Path;
use futures::FutureExt as _;
use http::{Response, StatusCode};
use platform::auth::{Caller, Secret};
use platform::db::Db;
use platform::http::{Answer, List, Nothing, Params, Problem, document_response, json_body, one_of, parse_id, place_as};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use texts::Text;
use uuid::Uuid;

/// Characters of the name of a key or a member.
pub(crate) const NAME: usize = 200;

/// What a key may do.
const SCOPES: [&str; 4] = ["upload", "read", "triage", "admin"];

/// By which people and programs tell a key from other texts.
const PREFIX: &str = "spw_";

/// A key as callers make it.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewKey {
    name: String,
    scopes: Vec<String>,
    expires_at: Option<String>,
    /// Whose it is; a program's without.
    member_id: Option<Uuid>,
}

/// What may be said of a key that takes another's place.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Rotation {
    expires_at: Option<String>,
}

/// Keys, newest first, also those that are no longer valid.
pub(crate) async fn list(caller: Caller, list: List<Nothing>) -> Answer {
    let db = Arc::new(Db::open().await?);
    list.answer_from(move |after, limit| {
        let db = Arc::clone(&db);
        async move { Ok(db.list_keys(caller, place_as(after.as_deref())?, limit).await?) }.boxed()
    })
    .await
}

/// Makes a key, and shows it this once.
pub(crate) async fn create(caller: Caller, _: Params<Nothing>, body: Body) -> Answer {
    let new: Option<NewKey> = json_body(body).await?;
    let new = new.ok_or_else(|| Problem::bad_request("the body says what the key is: its name and scopes"))?;
    Text::<NAME>::line("name", &new.name)?;
    check_scopes(&new.scopes)?;
    let secret = Secret::new(PREFIX)?;
    let made = Db::open().await?.create_key(caller, secret.hash, json!(new).to_string().into_bytes()).await?;
    Ok(shown(made, &secret))
}

/// Makes a key that takes the place of another, which is valid for a day more.
pub(crate) async fn rotate(caller: Caller, Path(id): Path<String>, _: Params<Nothing>, body: Body) -> Answer {
    let id = parse_id(&id)?;
    let Rotation { expires_at } = json_body(body).await?.unwrap_or_default();
    let secret = Secret::new(PREFIX)?;
    let made = Db::open().await?.rotate_key(caller, id, secret.hash, expires_at.as_deref()).await?;
    Ok(shown(made, &secret))
}

/// Ends a key at once.
pub(crate) async fn revoke(caller: Caller, Path(id): Path<String>, _: Params<Nothing>) -> Answer {
    let id = parse_id(&id)?;
    Ok(document_response(StatusCode::OK, Db::open().await?.revoke_key(caller, id).await?.to_string()))
}

/// 201: a new key with its document.
fn shown(mut document: Value, secret: &Secret) -> Response<Body> {
    document["key"] = json!(secret.text);
    document_response(StatusCode::CREATED, document.to_string())
}

/// 400 where there is no scope, one that there is not, or one twice.
pub(crate) fn check_scopes(scopes: &[String]) -> Result<(), Problem> {
    scopes.iter().try_for_each(|scope| one_of("scopes", Some(scope), &SCOPES))?;
    if scopes.is_empty() || scopes.iter().collect::<BTreeSet<_>>().len() < scopes.len() {
        return Err(Problem::bad_request(format!("scopes has one or more of {}, each once", SCOPES.join(", "))));
    }
    Ok(())
}
