//! When a part that is needed is away.

use std::sync::Arc;

use anyhow::{Context as _, Result};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use stack::Stack;
use stack::postgres::Cluster;

use crate::fixture::{World, alone, drain, nessus, stack_without_wake_ups, temporary, world_in};

#[tokio::test]
#[cfg_attr(external_app, ignore = "needs an app of its own")]
async fn without_a_store_an_upload_is_refused_and_an_import_waits() -> Result<()> {
    let mut world = world_in(stack_without_wake_ups(&[]).await?.into()).await?;
    let upload = world.upload("a.nessus", nessus(10, 1)?).await?;
    let endpoint = world.stack.store.endpoint.clone();
    point_store_to(alone(&mut world)?, "http://127.0.0.1:1").await?;

    let refused = world.client.request(Method::POST, "/api/v1/imports").body("x").send().await?;
    assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert!(refused.headers().contains_key("retry-after"));
    let problem: Value = refused.json().await?;
    assert_eq!(problem["detail"], "the object store cannot be reached; try again in a moment");
    assert_eq!(world.client.list("imports", "").await?.len(), 1, "and leaves no row");

    assert_eq!(drain(&world.stack).await?["failed"], 1);
    assert_eq!(world.client.status(&upload.id).await?["state"], "running", "it is tried again later");
    point_store_to(alone(&mut world)?, &endpoint).await?;
    drain_until_completed(&world).await?;
    assert_eq!(world.client.status(&upload.id).await?["counts"]["occurrences"]["new"], 10);
    Ok(())
}

/// Lets the drain work until it has completed an import, which waits for its next attempt.
async fn drain_until_completed(world: &World) -> Result<()> {
    while drain(&world.stack).await?["completed"] == 0 {
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    }
    Ok(())
}

async fn point_store_to(stack: &mut Stack, endpoint: &str) -> Result<()> {
    let runtime = stack.runtime.as_mut().context("no runtime")?;
    runtime.settings_mut().variables.insert("s3_endpoint".into(), endpoint.into());
    runtime.restart().await
}

#[tokio::test]
#[cfg_attr(external_app, ignore = "needs an app of its own")]
async fn a_report_that_is_gone_from_the_store_fails_its_import() -> Result<()> {
    let world = world_in(stack_without_wake_ups(&[]).await?.into()).await?;
    let upload = world.upload("a.nessus", nessus(10, 1)?).await?;
    let lose = "update spillway.imports set object_key = 'imports/nothing' where id = $1::text::uuid";
    world.stack.database.connect().await?.execute(lose, &[&upload.id]).await?;
    assert_eq!(drain(&world.stack).await?["failed"], 1);
    let status = world.client.status(&upload.id).await?;
    assert_eq!((&status["state"], &status["error"]["code"]), (&json!("failed"), &json!("report_missing")));
    Ok(())
}

#[tokio::test]
#[cfg_attr(external_app, ignore = "needs an app of its own")]
async fn an_import_waits_while_the_database_has_functions_of_another_version() -> Result<()> {
    let world = world_in(stack_without_wake_ups(&[]).await?.into()).await?;
    let upload = world.upload("a.nessus", nessus(10, 1)?).await?;
    let database = world.stack.database.connect().await?;
    database.batch_execute("alter function spillway.ingest_batch rename to ingest_batch_of_tomorrow").await?;
    assert_eq!(drain(&world.stack).await?["failed"], 1);
    assert_eq!(world.client.status(&upload.id).await?["state"], "running", "it is tried again later");
    database.batch_execute("alter function spillway.ingest_batch_of_tomorrow rename to ingest_batch").await?;
    drain_until_completed(&world).await?;
    assert_eq!(world.client.status(&upload.id).await?["counts"]["occurrences"]["new"], 10);
    Ok(())
}

#[tokio::test]
#[cfg_attr(external_app, ignore = "needs an app of its own")]
async fn without_a_database_every_request_says_so_and_then_goes_on() -> Result<()> {
    let mut options = temporary(&[]);
    options.cluster = Some(Arc::new(Cluster::start_temporary().await?));
    let world = world_in(Stack::temporary(options).await?.into()).await?;
    let before = world.import("a.nessus", nessus(10, 1)?).await?;
    let cluster = world.stack.cluster.clone().context("no cluster")?;
    cluster.stop();
    for (method, path) in [(Method::POST, "/api/v1/imports"), (Method::GET, "/api/v1/findings"), (Method::GET, "/api/v1/notifications")] {
        let answer = world.client.request(method.clone(), path).body("x").send().await?;
        assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE, "{method} {path}");
        let problem: Value = answer.json().await?;
        assert_eq!(problem["detail"], "the database cannot be reached; try again in a moment", "nothing of its address is told");
    }
    cluster.restart().await?;
    assert_eq!(world.client.status(before["id"].as_str().context("id")?).await?["state"], "completed");
    assert_eq!(world.import("b.nessus", nessus(10, 1)?).await?["counts"]["occurrences"]["unchanged"], 10);
    Ok(())
}
