//! An import that is removed is as if it had not been.

use std::time::Instant;

use anyhow::{Context as _, Result, bail, ensure};
use reqwest::{Method, StatusCode};

use crate::fixture::{PATIENCE, World, assert_same, nessus, world};

/// A report by mistake: what the right one shows in other words, and more.
fn wrong() -> Result<Vec<u8>> {
    Ok(String::from_utf8(nessus(1_800, 30)?)?.replace("The remote service", "The service").into_bytes())
}

/// Removes an import, and waits until all of it is taken back.
async fn remove(world: &World, import: &str) -> Result<()> {
    let ruler = world.stack.ruler(&world.workspace).await?;
    let (path, started) = (format!("/api/v1/imports/{import}"), Instant::now());
    loop {
        let answer = ruler.request(Method::DELETE, &path).send().await?;
        match answer.status() {
            StatusCode::NO_CONTENT => return Ok(()),
            StatusCode::ACCEPTED => ensure!(started.elapsed() < PATIENCE, "the removal does not end: {}", answer.text().await?),
            status => bail!("{status}: {}", answer.text().await?),
        }
        assert_eq!(world.answer(Method::GET, &path).await?.status(), StatusCode::NOT_FOUND, "it is gone at once");
    }
}

#[tokio::test]
async fn an_import_that_is_removed_is_as_if_it_had_not_been() -> Result<()> {
    let world = world().await?;
    world.import("right.nessus", nessus(600, 10)?).await?;
    let before = (world.contents().await?, world.client.get("/api/v1/workspace").await?["used"].clone());
    let wrong = world.import("wrong.nessus", wrong()?).await?;
    assert_ne!(before.0, world.contents().await?);
    remove(&world, wrong["id"].as_str().context("id")?).await?;
    assert_same(&before.0, &world.contents().await?);
    assert_eq!(before.1, world.client.get("/api/v1/workspace").await?["used"]);
    let again = world.import("right.nessus", nessus(600, 10)?).await?;
    let findings = &again["counts"]["findings"];
    assert_eq!((&findings["new"], &findings["updated"]), (&0.into(), &0.into()), "{findings}");
    Ok(())
}
