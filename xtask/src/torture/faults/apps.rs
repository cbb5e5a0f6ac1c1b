//! Faults of the process that the app is.

use std::time::Duration;

use anyhow::{Context as _, Result};
use tokio_postgres::Client;
use xtask::runtime::Runtime;

use super::{Scene, Struck, calls};

/// The lease that a halted app outlasts, in seconds.
pub(super) const LEASE: u64 = 2;
/// Time for another app to take over.
const TAKE_OVER: Duration = Duration::from_millis(1500);

/// Imports whose lease has run out, and the number of their last claim.
const ABANDONED: &str = "select import_id::text, attempt from spillway.import_queue where claimed and available_at <= now()";
/// Whether an import was claimed once more.
const TAKEN_OVER: &str = "select 1 from spillway.imports where id = $1::text::uuid and attempt > $2";

/// Kills the app, or one of two, in the middle of whatever it does, and starts it again.
pub(super) async fn kill(scene: &mut Scene<'_>) -> Result<Struck> {
    let [app, _] = in_any_order(scene)?;
    let Some(app) = app else { return Ok(Struck::now(0)) };
    app.kill();
    let struck = Struck::now(1);
    app.restart().await?;
    Ok(struck)
}

/// Halts one of two apps until its leases have run out and the other app has taken over what it worked on. Then it goes on, and does not
/// know of that. What counts is what was taken over.
pub(super) async fn outlast_leases(scene: &mut Scene<'_>) -> Result<Struck> {
    let Ok(database) = scene.stack.database.connect().await else { return Ok(Struck::now(0)) };
    let token = scene.drain_token;
    let [Some(halted), Some(other)] = in_any_order(scene)? else { return Ok(Struck::now(0)) };
    halted.pause();
    let struck = Struck::now(0);
    tokio::time::sleep(Duration::from_secs(LEASE) + Duration::from_millis(200)).await;
    let abandoned = database.query(ABANDONED, &[]).await;
    calls::wake(&other.url(), token);
    tokio::time::sleep(TAKE_OVER).await;
    halted.resume();
    let mut count = 0;
    for import in abandoned.unwrap_or_default() {
        count += u64::from(is_taken_over(&database, &import).await);
    }
    Ok(Struck { count, ..struck })
}

async fn is_taken_over(database: &Client, import: &tokio_postgres::Row) -> bool {
    let (id, attempt): (String, i32) = (import.get(0), import.get(1));
    database.query_opt(TAKEN_OVER, &[&id, &attempt]).await.is_ok_and(|row| row.is_some())
}

/// The apps, which of them comes first being drawn. One may be the only one.
fn in_any_order<'a>(scene: &'a mut Scene<'_>) -> Result<[Option<&'a mut Runtime>; 2]> {
    let swap = scene.replica.is_some() && scene.dice.percent(50);
    let first = Some(scene.stack.runtime.as_mut().context("the app is somebody else's")?);
    let second = scene.replica.as_mut();
    Ok(if swap { [second, first] } else { [first, second] })
}
