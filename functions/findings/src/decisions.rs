//! What a person decides of many findings at once, and how it is taken back.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::Path;
use futures::FutureExt as _;
use http::StatusCode;
use platform::auth::Caller;
use platform::db::Db;
use platform::http::{Answer, List, Nothing, Params, Problem, document_response, invalid_cursor, json_body, one_of, parse_id, place_as};
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::filter::Filter;
use crate::{Reason, STATUSES};

/// Findings that are named one by one.
const IDS: usize = 1000;

/// What cursors of decisions are of.
const SCOPE: &str = "/api/v1/findings/decisions";

/// What is decided, and of which findings.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Decisions {
    status: String,
    reason: Option<String>,
    ends_at: Option<String>,
    ids: Option<Vec<Uuid>>,
    filter: Option<Filter>,
    expected: Option<u32>,
    cursor: Option<String>,
}

/// Sets the status of the findings that are named, or that pass a filter, at most 10,000 in one request: `{"id", "changed", "cursor"}`. Where there are more,
/// the same request with the cursor goes on.
pub(crate) async fn decide(caller: Caller, _: Params<Nothing>, body: Body) -> Answer {
    let asked: Option<Decisions> = json_body(body).await?;
    let asked = asked.ok_or_else(|| Problem::bad_request("the body says which status which findings have"))?.checked()?;
    let mut decided: Value = Db::open().await?.decide_findings(caller, asked.to_string().into_bytes()).await?;
    let place = decided.get_mut("place").map(Value::take).unwrap_or_default();
    let cursor = (!place.is_null()).then(|| cursors::encode(SCOPE, &json!({"decision": decided["id"], "after": place}).to_string()));
    let answer = json!({"id": decided["id"], "changed": decided["changed"], "cursor": cursor});
    Ok(document_response(StatusCode::OK, answer.to_string()))
}

impl Decisions {
    /// As the database is asked.
    fn checked(self) -> Result<Value, Problem> {
        let Self { status, reason, ends_at, ids, filter, expected, cursor } = self;
        one_of("status", Some(&status), &STATUSES)?;
        let reason = reason.as_deref().map(|reason| Reason::lines("reason", reason)).transpose()?;
        let mut asked = json!({"status": status, "reason": reason.as_ref().map(Reason::as_str), "ends_at": ends_at});
        match (ids, filter, expected, &cursor) {
            (Some(ids), None, None, None) if (1..=IDS).contains(&ids.len()) => asked["ids"] = json!(ids),
            (Some(_), None, None, None) => return Err(Problem::bad_request(format!("ids has 1 to {IDS} ids; of more, give a filter"))),
            (None, Some(filter), Some(expected), _) => {
                asked["filter"] = filter.checked()?;
                asked["expected"] = json!(expected);
            }
            _ => {
                return Err(Problem::bad_request("which findings it is of is said by ids, or by filter with expected: how many there are"));
            }
        }
        if let Some(cursor) = cursor {
            let place = cursors::decode(SCOPE, &cursor).ok_or_else(invalid_cursor)?;
            let place: Value = serde_json::from_str(&place).map_err(|_| invalid_cursor())?;
            asked["decision"] = place["decision"].clone();
            asked["after"] = place["after"].clone();
        }
        Ok(asked)
    }
}

/// What was decided of many findings at once, newest first.
pub(crate) async fn list(caller: Caller, list: List<Nothing>) -> Answer {
    let db = Arc::new(Db::open().await?);
    list.answer_from(move |after, limit| {
        let db = Arc::clone(&db);
        async move { Ok(db.list_decisions(caller, place_as(after.as_deref())?, limit).await?) }.boxed()
    })
    .await
}

/// Gives the findings of a decision what they had before, at most 10,000 in one request: `{"id", "changed", "left"}`.
pub(crate) async fn undo(caller: Caller, Path(id): Path<String>, _: Params<Nothing>) -> Answer {
    let id = parse_id(&id)?;
    Ok(document_response(StatusCode::OK, Db::open().await?.undo_decision(caller, id).await?.to_string()))
}
