//! The drain: claims imports and works on them for as long as its budget lasts. Started by uploads, by itself, and by the schedule.

use std::time::{Duration, Instant};

use axum::response::IntoResponse as _;
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use platform::auth::carries_token;
use platform::config;
use platform::db::{Claims, Db};
use platform::http::{Answer, Problem, document_response, no_such_method, no_such_path};
use platform::objects::Store;
use serde_json::json;
use spin_sdk::http::{IntoResponse, Request};
use spin_sdk::http_service;
use spin_sdk::time::sleep;
use spin_sdk::wasip3;

mod segments;
mod source;
mod times;
mod work;

use times::Times;
use work::{Outcome, Turn};

/// How long a drain waits for the next segment of a report, so many times at most.
const WAIT: Duration = Duration::from_millis(10);
const WAITS: u32 = 4;

/// Reports and broken uploads that one drain removes, each.
const LEFTOVERS: i32 = 25;

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
    let mut response = document_response(StatusCode::OK, document.to_string());
    if let Ok(times) = HeaderValue::from_str(&done.times.to_string()) {
        response.headers_mut().insert("server-timing", times);
    }
    Ok(response)
}

/// What a drain did.
#[derive(Default)]
struct Done {
    completed: u32,
    yielded: u32,
    failed: u32,
    times: Times,
}

/// How drains work: the component's variables.
struct Settings {
    budget: Duration,
    lease: Duration,
    parallelism: i32,
    segment_bytes: u64,
    report_days: i32,
}

impl Settings {
    async fn read() -> anyhow::Result<Self> {
        Ok(Self {
            budget: Duration::from_millis(config::number("drain_budget_ms").await?),
            lease: Duration::from_secs(config::number("drain_lease_seconds").await?),
            parallelism: config::number("drain_parallelism").await?.try_into()?,
            segment_bytes: config::number("drain_segment_bytes").await?,
            report_days: config::number("report_retention_days").await?.try_into()?,
        })
    }
}

/// Claims one import after the other and works on it, until none is left or the budget is spent.
async fn drain() -> anyhow::Result<Done> {
    let settings = Settings::read().await?;
    let deadline = Instant::now() + settings.budget;
    let (mut db, store) = (Db::open().await?, Store::open().await?);
    let mut done = Done::default();
    let (mut memory, mut waits) = (None, 0..WAITS);
    loop {
        let Claims { claims, more } = claim(&mut db, &settings).await?;
        let Some(claim) = claims.into_iter().next() else {
            // Who goes on with the report that was worked on here last is about to leave a part of it, and its findings are known here.
            if memory.is_some() && waits.next().is_some() {
                sleep(WAIT).await;
                continue;
            }
            break;
        };
        waits = 0..WAITS;
        if more {
            // Beside the work: reaching somebody takes longer than many a small import.
            wasip3::spawn(wake_next());
        }
        let turn = Turn { db: &db, store: &store, claim: &claim, settings: &settings, deadline };
        match turn.work(&mut memory, &mut done.times).await? {
            Outcome::Completed => done.completed += 1,
            Outcome::Failed => done.failed += 1,
            Outcome::Lost => {}
            Outcome::Yielded => done.yielded += 1,
        }
        if Instant::now() >= deadline {
            break;
        }
    }
    // There may be more to do; whoever finds nothing ends here.
    if Instant::now() >= deadline {
        wake_next().await;
    }
    if let Err(error) = remove_leftovers(&db, &store, settings.report_days).await {
        eprintln!("the clean-up was not finished: {error:#}");
    }
    Ok(done)
}

/// Takes the next import. Where the connection is broken, tries a new one: that the last import lost it says nothing about the next.
async fn claim(db: &mut Db, settings: &Settings) -> anyhow::Result<Claims> {
    match db.claim_imports(1, settings.lease, settings.parallelism).await {
        Err(error) if error.may_pass() => {
            *db = Db::open().await?;
            Ok(db.claim_imports(1, settings.lease, settings.parallelism).await?)
        }
        claims => Ok(claims?),
    }
}

async fn wake_next() {
    if let Err(error) = platform::wake::wake_drain().await {
        eprintln!("the next drain could not be woken, the schedule will: {error:#}");
    }
}

/// Removes what nobody needs any more, a little at a time. What fails is found again.
async fn remove_leftovers(db: &Db, store: &Store, report_days: i32) -> anyhow::Result<()> {
    let mut removed = Vec::new();
    for leftover in db.claim_leftovers(report_days, LEFTOVERS).await? {
        // Stores differ in how they refuse an upload that was completed or thrown away already.
        if let Some(parts) = &leftover.parts_id
            && let Err(error) = store.abort_upload(&leftover.object_key, parts).await
        {
            eprintln!("no parts of {} were removed: {error:#}", leftover.object_key);
        }
        match store.delete(&leftover.object_key).await {
            Ok(()) => removed.push(leftover.id),
            Err(error) => eprintln!("{} stays in the store: {error:#}", leftover.object_key),
        }
    }
    if !removed.is_empty() {
        db.forget_leftovers(&removed).await?;
    }
    Ok(())
}
