//! Killed in the middle, an import ends as if it had not been.

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use crate::fixture::{PATIENCE, World, alone, assert_same, nessus, stack_with, world, world_in};

/// Waits until an import is between its start and its end.
async fn until_it_is_in_the_middle(world: &World, id: &str) -> Result<()> {
    let started = std::time::Instant::now();
    loop {
        let status = world.client.status(id).await?;
        match status["progress"]["percentage"].as_f64().unwrap_or_default() {
            percentage if percentage >= 90.0 => anyhow::bail!("it was too fast to be caught: {status}"),
            percentage if percentage > 10.0 => return Ok(()),
            _ => ensure!(started.elapsed() < PATIENCE, "no progress: {status}"),
        }
    }
}

#[tokio::test]
#[cfg_attr(external_app, ignore = "needs an app of its own")]
async fn an_import_whose_runtime_was_killed_ends_exactly_the_same() -> Result<()> {
    let report = nessus(30_000, 300)?;
    let undisturbed = world().await?;
    let expected = undisturbed.import("a.nessus", report.clone()).await?;
    // A short lease: the test need not wait for the usual one to run out.
    let mut world = world_in(stack_with(&[("drain_lease_seconds", "5")]).await?.into()).await?;
    let upload = world.upload("a.nessus", report).await?;
    until_it_is_in_the_middle(&world, &upload.id).await?;
    let runtime = alone(&mut world)?.runtime.as_mut().context("no runtime")?;
    runtime.kill();
    runtime.restart().await?;
    let status: Value = world.client.wait(&upload.id, PATIENCE, |_| ()).await?;
    assert_eq!(status["state"], "completed", "{status}");
    assert!(status["attempt"].as_u64() > Some(1), "it was not interrupted: {status}");
    assert_eq!(status["counts"], expected["counts"]);
    assert_eq!(status["progress"]["items"], expected["progress"]["items"]);
    assert_same(&undisturbed.contents().await?, &world.contents().await?);
    Ok(())
}

/// What is left of an import where the database has lost all that was written since the claim: a copy has taken over that did not have it yet.
const LOSE: &str = "
    begin;
    select from spillway.import_queue for update;
    delete from spillway.occurrences;
    delete from spillway.finding_scopes;
    delete from spillway.import_findings;
    delete from spillway.import_assets;
    delete from spillway.findings;
    delete from spillway.assets;
    update spillway.import_segments set checkpoint = null, bytes_read = 0;
    update spillway.imports set items = 0, bytes_read = 0, assets_new = 0, findings_new = 0, occurrences_new = 0, tools = '{}';
    update spillway.import_queue set fence = fence - 1;
    commit";

#[tokio::test]
#[cfg_attr(external_app, ignore = "needs an app of its own")]
async fn what_the_database_has_lost_is_read_again() -> Result<()> {
    let report = nessus(30_000, 300)?;
    let undisturbed = world().await?;
    let expected = undisturbed.import("a.nessus", report.clone()).await?;
    let world = world_in(stack_with(&[("drain_lease_seconds", "5"), ("drain_parallelism", "1")]).await?.into()).await?;
    let upload = world.upload("a.nessus", report).await?;
    until_it_is_in_the_middle(&world, &upload.id).await?;
    world.stack.database.connect().await?.batch_execute(LOSE).await?;
    let status: Value = world.client.wait(&upload.id, PATIENCE, |_| ()).await?;
    assert!(status["attempt"].as_u64() > Some(1), "whoever wrote what is lost went on: {status}");
    assert_eq!((&status["state"], &status["counts"]), (&expected["state"], &expected["counts"]));
    assert_same(&undisturbed.contents().await?, &world.contents().await?);
    Ok(())
}
