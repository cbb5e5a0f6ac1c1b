//! Faults of the process that the app is.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use stack::runtime::Runtime;
use tokio_postgres::Client;

use super::{Scene, Struck, calls};

/// The lease that a halted app outlasts, in seconds.
pub(super) const LEASE: u64 = 2;
const LEASE_TIME: Duration = Duration::from_secs(LEASE);
/// An app that holds an import gives a sign of life sooner than this, unless it is halted.
const SILENCE: Duration = Duration::from_millis(400);
/// Time for another app to take over.
const TAKE_OVER: Duration = Duration::from_secs(1);

/// Whether an import's lease has less than this left, in seconds.
const SILENT: &str = "select exists (select from spillway.import_queue where claimed and available_at < now() + make_interval(secs => $1))";
/// Imports whose lease has run out, and the number of their last claim.
const ABANDONED: &str = "select import_id::text, attempt from spillway.import_queue where claimed and available_at <= now()";
/// Whether an import was claimed once more.
const TAKEN_OVER: &str = "select 1 from spillway.imports where id = $1::text::uuid and attempt > $2";

/// Kills the app, or one of two, in the middle of whatever it does, and starts it again.
pub(super) async fn kill(scene: &mut Scene<'_>) -> Result<Struck> {
    let [app, _] = in_any_order(scene)?;
    let Some(app) = app else { return Ok(Struck::default()) };
    app.kill();
    let struck = Struck::now(1);
    app.restart().await?;
    Ok(struck)
}

/// Halts an app that works until its leases have run out and the other app has taken over what it worked on. Then it goes on, and does
/// not know of that: both work on the same imports. What counts is what was taken over.
pub(super) async fn outlast_leases(scene: &mut Scene<'_>) -> Result<Struck> {
    let database = scene.stack.database.connect().await?;
    let token = scene.drain_token;
    let [Some(one), Some(other)] = in_any_order(scene)? else { return Ok(Struck::default()) };
    let first = halt(&database, one, &other.url(), token).await?;
    if first.count > 0 { Ok(first) } else { halt(&database, other, &one.url(), token).await }
}

/// Halts an app; not for long where it held no import.
async fn halt(database: &Client, halted: &mut Runtime, other: &str, token: &str) -> Result<Struck> {
    let moment = Instant::now();
    halted.pause();
    tokio::time::sleep(SILENCE).await;
    let taken_over = match database.query_one(SILENT, &[&LEASE_TIME.saturating_sub(SILENCE).as_secs_f64()]).await {
        Ok(row) if !row.get::<_, bool>(0) => Ok(0),
        Ok(_) => take_over(database, other, token).await,
        Err(error) => Err(error.into()),
    };
    halted.resume();
    Ok(Struck::at(taken_over?, moment))
}

/// Waits until leases have run out, and wakes an app until it holds those imports; gives how many it does.
async fn take_over(database: &Client, app: &str, token: &str) -> Result<u64> {
    tokio::time::sleep(LEASE_TIME.saturating_sub(SILENCE) + Duration::from_millis(200)).await;
    let abandoned = database.query(ABANDONED, &[]).await?;
    calls::leave_crowd(app, token);
    let (started, mut taken_over) = (Instant::now(), 0);
    // Not longer than it takes: the one that goes on is to meet the other at work.
    while taken_over < abandoned.len() && started.elapsed() < TAKE_OVER {
        tokio::time::sleep(Duration::from_millis(10)).await;
        taken_over = 0;
        for import in &abandoned {
            let (id, attempt): (String, i32) = (import.get(0), import.get(1));
            taken_over += usize::from(database.query_opt(TAKEN_OVER, &[&id, &attempt]).await?.is_some());
        }
    }
    Ok(taken_over as u64)
}

/// The apps, which of them comes first being drawn. One may be the only one.
fn in_any_order<'a>(scene: &'a mut Scene<'_>) -> Result<[Option<&'a mut Runtime>; 2]> {
    let swap = scene.replica.is_some() && scene.dice.percent(50);
    let first = Some(scene.stack.runtime.as_mut().context("the app is somebody else's")?);
    let second = scene.replica.as_mut();
    Ok(if swap { [second, first] } else { [first, second] })
}
