//! Calls that come at the wrong time.

use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use futures::future::join_all;
use reqwest::{Method, StatusCode};
use stack::client::drain;

use super::{Scene, Struck};

/// Drains that are woken at once.
const DRAINS: usize = 8;
/// How long a crowd is waited for.
const PATIENCE: Duration = Duration::from_secs(5);

/// Wakes many drains at once. What counts is who worked.
pub(super) async fn crowd(scene: &mut Scene<'_>) -> Result<Struck> {
    let answers = join_all((0..DRAINS).map(|_| drain(scene.stack.url(), scene.drain_token).timeout(PATIENCE).send())).await;
    let worked = answers.into_iter().filter(|answer| answer.as_ref().is_ok_and(|answer| answer.status().is_success())).count();
    Ok(Struck::now(worked))
}

/// Wakes many drains at once and lets them work.
pub(super) fn leave_crowd(url: &str, token: &str) {
    for _ in 0..DRAINS {
        tokio::spawn(drain(url, token).send());
    }
}

/// Cancels an import that is not completed, or has it tried again; now and then the one that its state does not allow, which 409 says. What
/// counts is what was allowed.
pub(super) async fn cancel_or_retry(scene: &mut Scene<'_>) -> Result<Struck> {
    let mut imports = scene.watch.imports();
    imports.retain(|(_, import)| import.state != "completed");
    if imports.is_empty() {
        return Ok(Struck::default());
    }
    let ((workspace, name), import) = imports.swap_remove(scene.dice.below(u32::try_from(imports.len())?) as usize);
    let what = if import.has_ended() == scene.dice.percent(85) { "retry" } else { "cancel" };
    let workspace = scene.workspaces.iter().find(|known| known.name == workspace).context("a workspace of another round")?;
    let answer = workspace.client.request(Method::POST, &format!("/api/v1/imports/{}/{what}", import.id)).send().await;
    let Ok(answer) = answer else { return Ok(Struck::default()) };
    match answer.status() {
        status if status.is_success() => Ok(Struck::now(1)),
        StatusCode::CONFLICT | StatusCode::SERVICE_UNAVAILABLE => Ok(Struck::default()),
        status => bail!("{what} of {name} was answered with {status}: {}", answer.text().await.unwrap_or_default()),
    }
}
