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

mod source;
mod work;

use work::Outcome;

#[http_service]
async fn handle(request: Request) -> impl IntoResponse {
    answer(request.method(), request.uri().path(), request.headers()).await.unwrap_or_else(Problem::into_response)
}

/// `POST /internal/drain`: works, and tells what was done. It does not answer before: the request in work is what keeps this instance, with
/// its memory, to this one drain. Whoever only wakes it need not wait for the answer.
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
    let done = drain().await.map_err(Problem::internal)?;
    let document = json!({"completed": done.completed, "yielded": done.yielded, "failed": done.failed});
    Ok(document_response(StatusCode::OK, document.to_string()))
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
