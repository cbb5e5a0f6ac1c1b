//! The drain: claims imports and works on them for as long as its budget lasts. Started by uploads, by itself, and by the schedule.

use std::time::{Duration, Instant};

use axum::response::IntoResponse as _;
use http::{HeaderMap, Method, StatusCode};
use platform::auth::carries_token;
use platform::config;
use platform::db::Db;
use platform::http::{Answer, Problem, document_response, no_such_method, no_such_path};
use platform::objects::Store;
use serde_json::json;
use spin_sdk::http::{IntoResponse, Request};
use spin_sdk::http_service;
use spin_sdk::wasip3;

mod source;
mod work;

use work::Outcome;

#[http_service]
async fn handle(request: Request) -> impl IntoResponse {
    answer(request.method(), request.uri().path(), request.headers()).await.unwrap_or_else(Problem::into_response)
}

/// `POST /internal/drain`: works and tells what was done, or with `Prefer: respond-async` answers at once and works then.
async fn answer(method: &Method, path: &str, headers: &HeaderMap) -> Answer {
    if path != "/internal/drain" {
        return Err(no_such_path().await);
    }
    if method != Method::POST {
        return Err(no_such_method().await);
    }
    let token = config::text("drain_token").await.map_err(Problem::internal)?;
    if !carries_token(headers, &token) {
        return Err(Problem::unauthorized("send the drain's token as \"Authorization: Bearer …\""));
    }
    if prefers_async(headers) {
        wasip3::spawn(async {
            if let Err(error) = drain().await {
                eprintln!("{error:#}");
            }
        });
        return Ok(document_response(StatusCode::ACCEPTED, b"{}".to_vec()));
    }
    let done = drain().await.map_err(Problem::internal)?;
    let document = json!({"completed": done.completed, "yielded": done.yielded, "failed": done.failed});
    Ok(document_response(StatusCode::OK, document.to_string().into_bytes()))
}

/// RFC 7240, section 4.1.
fn prefers_async(headers: &HeaderMap) -> bool {
    let values = headers.get_all("prefer").iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|list| list.split(',')).any(|preference| preference.trim().eq_ignore_ascii_case("respond-async"))
}

/// What a drain did.
#[derive(Default)]
struct Done {
    completed: u32,
    yielded: u32,
    failed: u32,
}

/// Claims one import after the other and works on it, until none is left or the budget is spent.
async fn drain() -> anyhow::Result<Done> {
    let budget = Duration::from_millis(config::number("drain_budget_ms").await?);
    let lease = Duration::from_secs(config::number("drain_lease_seconds").await?);
    let deadline = Instant::now() + budget;
    let (db, store) = (Db::open().await?, Store::open().await?);
    let mut done = Done::default();
    loop {
        let Some(claim) = db.claim_imports(1, lease).await?.into_iter().next() else { break };
        match work::on(&db, &store, &claim, lease, deadline).await? {
            Outcome::Completed => done.completed += 1,
            Outcome::Failed => done.failed += 1,
            Outcome::Lost => {}
            Outcome::Yielded => {
                done.yielded += 1;
                break;
            }
        }
        if Instant::now() >= deadline {
            break;
        }
    }
    // There may be more to do; whoever finds nothing ends here.
    if Instant::now() >= deadline
        && let Err(error) = platform::wake::wake_drain().await
    {
        eprintln!("the next drain could not be woken, the schedule will: {error:#}");
    }
    Ok(done)
}
