//! The read side: findings, the assets that they are on, and the occurrences that connect the two. And what a person decides of a finding.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::Path;
use axum::routing::{get, post};
use filter::{AssetFilter, Filter};
use futures::FutureExt as _;
use http::StatusCode;
use platform::auth::Caller;
use platform::db::{Db, NewDecision};
use platform::http::{
    Answer, List, Nothing, Parameters, Params, Problem, document_response, invalid_cursor, json_body, one_of, parse_id, place_as,
};
use platform::serving::serve;
use serde::Deserialize;
use serde_json::json;
use spin_sdk::http::{IntoResponse, Request};
use spin_sdk::http_service;
use texts::Text;
use uuid::Uuid;

mod decisions;
mod filter;

/// Characters of a reason: the table's.
const REASON: usize = 2000;

/// Why a person decides what they do, in as many lines as it takes.
type Reason = Text<REASON>;

/// Days of which the findings are told where nothing is said, and at most: so many are kept.
const DAYS: i32 = 30;
const MOST_DAYS: i32 = 400;

const SEVERITIES: [&str; 5] = ["info", "low", "medium", "high", "critical"];
const STATUSES: [&str; 4] = ["open", "closed", "false_positive", "accepted_risk"];

#[http_service]
async fn handle(request: Request) -> impl IntoResponse {
    let routes = Router::new()
        .route("/api/v1/findings", get(list_findings))
        .route("/api/v1/findings/decisions", get(decisions::list).post(decisions::decide))
        .route("/api/v1/findings/decisions/{id}/undo", post(decisions::undo))
        .route("/api/v1/findings/{id}", get(one_finding).patch(decide))
        .route("/api/v1/findings/days", get(finding_days))
        .route("/api/v1/assets", get(list_assets))
        .route("/api/v1/assets/{id}", get(one_asset))
        .route("/api/v1/occurrences", get(list_occurrences));
    serve(routes, request).await
}

/// Findings, worst first.
async fn list_findings(caller: Caller, mut list: List<Filter>) -> Answer {
    let filter: Arc<str> = std::mem::take(&mut list.filter).checked()?.to_string().into();
    let db = Arc::new(Db::open().await?);
    list.answer_from(move |after, limit| {
        let (db, filter) = (Arc::clone(&db), Arc::clone(&filter));
        async move { Ok(db.list_findings(caller, &filter, after.as_deref().map(severity_and_id).transpose()?, limit).await?) }.boxed()
    })
    .await
}

async fn one_finding(caller: Caller, Path(id): Path<String>, _: Params<Nothing>) -> Answer {
    let id = parse_id(&id)?;
    let mut finding = Db::open().await?.get_finding(caller, id).await?;
    // The rest of its occurrences are pages of their list.
    if let Some(occurrences) = finding["occurrences"].as_object_mut() {
        let next = occurrences.remove("next").unwrap_or_default();
        let scope = cursors::scope("/api/v1/occurrences", &format!("finding_id={id}"));
        occurrences.insert("next_cursor".to_owned(), json!(next.as_str().map(|place| cursors::encode(&scope, place))));
    }
    Ok(document_response(StatusCode::OK, finding.to_string()))
}

/// What a person may change of a finding.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Decision {
    status: String,
    reason: Option<String>,
    ends_at: Option<String>,
}

/// Sets the status of a finding, with a reason: no import overwrites `false_positive` and `accepted_risk`, `open` leaves it to the imports again. The
/// risk may be accepted until some time.
async fn decide(caller: Caller, Path(id): Path<String>, _: Params<Nothing>, body: Body) -> Answer {
    let id = parse_id(&id)?;
    let decision: Option<Decision> = json_body(body).await?;
    let Decision { status, reason, ends_at } =
        decision.ok_or_else(|| Problem::bad_request("the body says which status the finding has"))?;
    one_of("status", Some(&status), &STATUSES)?;
    let reason = reason.as_deref().map(|reason| Reason::lines("reason", reason)).transpose()?;
    let decision = NewDecision { status: &status, reason: reason.as_ref().map(Reason::as_str), ends_at: ends_at.as_deref() };
    Ok(document_response(StatusCode::OK, Db::open().await?.decide_finding(caller, id, &decision).await?.to_string()))
}

async fn list_assets(caller: Caller, mut list: List<AssetFilter>) -> Answer {
    let filter: Arc<str> = std::mem::take(&mut list.filter).checked()?.to_string().into();
    let db = Arc::new(Db::open().await?);
    list.answer_from(move |after, limit| {
        let (db, filter) = (Arc::clone(&db), Arc::clone(&filter));
        async move { Ok(db.list_assets(caller, &filter, place_as(after.as_deref())?, limit).await?) }.boxed()
    })
    .await
}

async fn one_asset(caller: Caller, Path(id): Path<String>, _: Params<Nothing>) -> Answer {
    let id = parse_id(&id)?;
    Ok(document_response(StatusCode::OK, Db::open().await?.get_asset(caller, id).await?.to_string()))
}

#[derive(Deserialize)]
struct Days {
    days: Option<i32>,
}

impl Parameters for Days {
    const NAMES: &'static [&'static str] = &["days"];
}

/// How many findings there were at the end of each of the last days, by severity, status and tool.
async fn finding_days(caller: Caller, Params(Days { days }): Params<Days>) -> Answer {
    let days = days.unwrap_or(DAYS);
    if !(1..=MOST_DAYS).contains(&days) {
        return Err(Problem::bad_request(format!("days is {days}, it can be 1 to {MOST_DAYS}")));
    }
    Ok(document_response(StatusCode::OK, Db::open().await?.get_finding_days(caller, days).await?.to_string()))
}

#[derive(Deserialize)]
struct OfFinding {
    finding_id: Option<Uuid>,
}

impl Parameters for OfFinding {
    const NAMES: &'static [&'static str] = &["finding_id"];
}

/// Occurrences, of one finding or of all.
async fn list_occurrences(caller: Caller, list: List<OfFinding>) -> Answer {
    let (db, finding) = (Arc::new(Db::open().await?), list.filter.finding_id);
    list.answer_from(move |after, limit| {
        let db = Arc::clone(&db);
        async move { Ok(db.list_occurrences(caller, finding, place_as(after.as_deref())?, limit).await?) }.boxed()
    })
    .await
}

/// The place in a list that is ordered by severity, then id.
fn severity_and_id(place: &str) -> Result<(&str, Uuid), Problem> {
    let (severity, id) = place.split_once(' ').filter(|(severity, _)| SEVERITIES.contains(severity)).ok_or_else(invalid_cursor)?;
    Ok((severity, Uuid::parse_str(id).map_err(|_| invalid_cursor())?))
}
