//! The read side: findings, the assets that they are on, and the occurrences that connect the two. And what a person decides of a finding.

use axum::Router;
use axum::body::Body;
use axum::extract::Path;
use axum::routing::{get, post};
use http::StatusCode;
use platform::auth::Caller;
use platform::db::{Db, FindingFilter, NewDecision};
use platform::http::{Answer, List, Nothing, Parameters, Params, Problem, document_response, invalid_cursor, json_body, one_of, parse_id};
use platform::serving::serve;
use serde::Deserialize;
use spin_sdk::http::{IntoResponse, Request};
use spin_sdk::http_service;
use texts::Text;
use uuid::Uuid;

mod decisions;

/// Characters of a reason: the table's.
const REASON: usize = 2000;

/// Why a person decides what they do, in as many lines as it takes.
type Reason = Text<REASON>;

const SEVERITIES: [&str; 5] = ["info", "low", "medium", "high", "critical"];
const STATUSES: [&str; 4] = ["open", "closed", "false_positive", "accepted_risk"];

#[http_service]
async fn handle(request: Request) -> impl IntoResponse {
    let routes = Router::new()
        .route("/api/v1/findings", get(list_findings))
        .route("/api/v1/findings/decisions", get(decisions::list).post(decisions::decide))
        .route("/api/v1/findings/decisions/{id}/undo", post(decisions::undo))
        .route("/api/v1/findings/{id}", get(one_finding).patch(decide))
        .route("/api/v1/assets", get(list_assets))
        .route("/api/v1/occurrences", get(list_occurrences));
    serve(routes, request).await
}

/// Findings, worst first.
async fn list_findings(caller: Caller, list: List<FindingFilter>) -> Answer {
    one_of("severity", list.filter.severity.as_deref(), &SEVERITIES)?;
    one_of("status", list.filter.status.as_deref(), &STATUSES)?;
    let after = list.after.as_deref().map(severity_and_id).transpose()?;
    list.answer(&Db::open().await?.list_findings(caller, after, list.limit, &list.filter).await?)
}

async fn one_finding(caller: Caller, Path(id): Path<String>, _: Params<Nothing>) -> Answer {
    let id = parse_id(&id)?;
    Ok(document_response(StatusCode::OK, Db::open().await?.get_finding(caller, id).await?.to_string()))
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

async fn list_assets(caller: Caller, list: List<Nothing>) -> Answer {
    list.answer(&Db::open().await?.list_assets(caller, list.after_as()?, list.limit).await?)
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
    list.answer(&Db::open().await?.list_occurrences(caller, list.filter.finding_id, list.after_as()?, list.limit).await?)
}

/// The place in a list that is ordered by severity, then id.
fn severity_and_id(place: &str) -> Result<(&str, Uuid), Problem> {
    let (severity, id) = place.split_once(' ').filter(|(severity, _)| SEVERITIES.contains(severity)).ok_or_else(invalid_cursor)?;
    Ok((severity, Uuid::parse_str(id).map_err(|_| invalid_cursor())?))
}
