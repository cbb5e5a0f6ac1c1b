//! The drain: claims imports and works on them for as long as its budget lasts. Started by uploads, by itself, and by the schedule.

use std::time::{Duration, Instant};

use axum::body::Body;
use axum::response::IntoResponse as _;
use bytes::Bytes;
use engine::{Ended, Next, Shift};
use futures::channel::oneshot;
use futures::stream::once;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue, Method, Response};
use platform::auth::DrainTokens;
use platform::config;
use platform::db::{Claimed, Db, DbError, ImportState};
use platform::http::{Answer, Problem, no_such_method, no_such_path};
use platform::objects::Store;
use platform::serving::complete;
use platform::wake::DRAIN;
use serde_json::{Value, json};
use spin_sdk::http::{IntoResponse, Request};
use spin_sdk::http_service;
use spin_sdk::time::sleep;
use spin_sdk::wasip3;
use spin_sdk::wasip3::wit_bindgen::{backpressure_dec, backpressure_inc};

mod report;
mod segments;
mod source;
mod table;
mod times;
mod work;

use times::Times;
use work::{Job, Known};

/// Reports and broken uploads that one drain removes, each.
const LEFTOVERS: i32 = 25;

/// Findings that are indexed with one statement: 0.2 s.
const INDEXED: i32 = 2000;
/// How long a drain indexes whose budget is spent: were it not for that, who imports without a pause would find nothing.
const INDEXING: Duration = Duration::from_secs(2);

#[http_service]
async fn handle(request: Request) -> impl IntoResponse {
    let headers = request.headers();
    complete(headers, answer(request.method(), request.uri().path(), headers).await.unwrap_or_else(Problem::into_response))
}

/// `POST /internal/drain`: claims something, answers, and works. The head of the answer comes before the work and shows whoever only wakes the
/// drain that it does: that needs no more patience than any request. What was done is told in the body, at the end.
async fn answer(method: &Method, path: &str, headers: &HeaderMap) -> Answer {
    if path != "/internal/drain" {
        return Err(no_such_path().await);
    }
    if method != Method::POST {
        return Err(no_such_method().await);
    }
    if !drain_tokens().await.map_err(Problem::internal)?.open_to(headers) {
        return Err(Problem::unauthorized("send the drain's token as \"Authorization: Bearer …\""));
    }
    let drain = Drain::start().await?;
    let (report, told) = oneshot::channel();
    // Before the answer: from then on the host takes this instance for free.
    let alone = Alone::now();
    // Not in the body itself, which goes when the caller does.
    wasip3::spawn(async move {
        // Nobody may be there any more to be told.
        let _ = report.send(Bytes::from(drain.work().await.to_string()));
        drop(alone);
    });
    let mut response = Response::new(Body::from_stream(once(told)));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response.headers_mut().insert(DRAIN, HeaderValue::from_static("at work"));
    Ok(response)
}

async fn drain_tokens() -> anyhow::Result<DrainTokens> {
    let (token, old) = (config::text("drain_token").await?, config::text("drain_token_old").await?);
    DrainTokens::new(token, old).map_err(anyhow::Error::msg)
}

/// While there is one, the host gives this instance no other request: its memory is this drain's, and so is the time that it computes.
struct Alone;

impl Alone {
    fn now() -> Self {
        backpressure_inc();
        Self
    }
}

impl Drop for Alone {
    fn drop(&mut self) {
        backpressure_dec();
    }
}

/// What a drain did.
#[derive(Default)]
struct Done {
    completed: u32,
    yielded: u32,
    failed: u32,
    times: Times,
}

impl Done {
    /// For whoever waited: `{"completed": 1, …, "times_ms": {"store": …}}`, and why it ended before its time, if it did.
    fn document(&self, error: Option<&'static str>) -> Value {
        let Self { completed, yielded, failed, times } = self;
        json!({"completed": completed, "yielded": yielded, "failed": failed, "error": error, "times_ms": times.document()})
    }
}

/// How drains work: the component's variables.
struct DrainSettings {
    budget: Duration,
    lease: Duration,
    parallelism: i32,
    segment_bytes: u64,
    report_days: i32,
    import_days: i32,
}

impl DrainSettings {
    async fn read() -> anyhow::Result<Self> {
        Ok(Self {
            budget: Duration::from_millis(config::number("drain_budget_ms").await?),
            lease: Duration::from_secs(config::number("drain_lease_seconds").await?),
            parallelism: config::number("drain_parallelism").await?.try_into()?,
            segment_bytes: config::number("drain_segment_bytes").await?,
            report_days: config::number("report_retention_days").await?.try_into()?,
            import_days: config::number("import_retention_days").await?.try_into()?,
        })
    }
}

/// A drain that has what it needs, and looked for work once.
struct Drain {
    settings: DrainSettings,
    deadline: Instant,
    db: Db,
    store: Store,
    first: Claimed,
}

impl Drain {
    /// Without a database there is no drain: 503, and a line in the log. Whoever wakes it tries again, at the latest the schedule.
    async fn start() -> Result<Self, Problem> {
        let settings = DrainSettings::read().await.map_err(Problem::internal)?;
        let deadline = Instant::now() + settings.budget;
        let store = Store::open().await.map_err(Problem::internal)?;
        // It rests while a part of a report is read. Whoever takes longer than a lease has lost the import anyway.
        let mut db = Db::open_with_rests(settings.lease).await?;
        let first = claim(&mut db, &settings).await?;
        Ok(Self { settings, deadline, db, store, first })
    }

    async fn work(mut self) -> Value {
        let mut done = Done::default();
        match self.drain(&mut done).await {
            Ok(()) => done.document(None),
            Err(error) => {
                eprintln!("the drain broke off, the schedule starts the next: {error:#}");
                done.document(Some("the database cannot be reached"))
            }
        }
    }

    /// Works on one import after the other, until none is left or the budget is spent.
    async fn drain(&mut self, done: &mut Done) -> Result<(), DbError> {
        let Self { settings, deadline, db, store, first } = self;
        let (mut shift, mut memory) = (Shift::new(*deadline), Known::none());
        let mut next = Some(std::mem::take(first));
        let wake = loop {
            let Claimed { claim, more } = match next.take() {
                Some(claimed) => claimed,
                None => claim(db, settings).await?,
            };
            let mut next = shift.claimed(claim.is_some(), more, memory.is_some(), Instant::now());
            if let (Some(claim), Next::Work { wake }) = (claim, next) {
                if wake {
                    // Beside the work: reaching somebody takes longer than many a small import.
                    wasip3::spawn(wake_next());
                }
                let job = Job { db, store, claim: &claim, settings, deadline: *deadline };
                match job.work(&mut memory, &mut done.times).await {
                    Ended::Completed => done.completed += 1,
                    Ended::Yielded => done.yielded += 1,
                    Ended::Failed => done.failed += 1,
                    Ended::Lost => {}
                    Ended::Stopped(stop) => done.failed += u32::from(stop.note(db, &claim).await? != ImportState::Stale),
                }
                next = shift.worked(Instant::now());
            }
            match next {
                Next::Wait(time) => sleep(time).await,
                Next::End { wake } => break wake,
                Next::Claim | Next::Work { .. } => {}
            }
        };
        let more = take_back(db, *deadline).await.unwrap_or_else(|error| {
            eprintln!("the removal of an import goes on in the next turn: {error:#}");
            false
        });
        if wake || more {
            wake_next().await;
        }
        match index(db, (*deadline).max(Instant::now() + INDEXING)).await {
            // Whoever was woken goes on with it.
            Ok(left) if left && !(wake || more) => wake_next().await,
            Ok(_) => {}
            Err(error) => eprintln!("what was imported is found with the next drain: {error:#}"),
        }
        if let Err(error) = clean_up(db, store, settings).await {
            eprintln!("the clean-up was not finished: {error:#}");
        }
        Ok(())
    }
}

/// Takes the next import. Where the connection is broken, tries a new one: that the last import lost it says nothing about the next.
async fn claim(db: &mut Db, settings: &DrainSettings) -> Result<Claimed, DbError> {
    match db.claim_import(settings.lease, settings.parallelism).await {
        Err(error) if error.may_pass() => {
            db.reopen().await?;
            db.claim_import(settings.lease, settings.parallelism).await
        }
        claimed => claimed,
    }
}

async fn wake_next() {
    if let Err(error) = platform::wake::wake_drain().await {
        eprintln!("the next drain could not be woken, the schedule will: {error:#}");
    }
}

/// Has what imports brought be found by those who look for it. Gives whether some is left at the deadline.
async fn index(db: &Db, deadline: Instant) -> Result<bool, DbError> {
    while db.index_findings(INDEXED).await? > 0 {
        if Instant::now() > deadline {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Goes on with removals of imports, step by step, until none is left or the time is up; gives whether something is left.
async fn take_back(db: &Db, deadline: Instant) -> Result<bool, DbError> {
    while db.take_back_imports().await? {
        if Instant::now() >= deadline {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Removes what nobody needs any more, a little at a time, and counts what there is. What fails is found again.
async fn clean_up(db: &Db, store: &Store, settings: &DrainSettings) -> anyhow::Result<()> {
    db.clean_up(settings.import_days, LEFTOVERS).await?;
    db.count_findings_of_day().await?;
    remove_leftovers(db, store, settings.report_days).await
}

/// Removes from the store what is left over in it.
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
