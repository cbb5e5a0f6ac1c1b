//! Waking the drain: a hint that there is work. When it is lost, the schedule finds the work a little later.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use http::Request;
use http_body_util::Full;

use crate::config;
use crate::http::send;

/// Long enough for an answer "accepted", short enough that nothing hangs on a drain that is away.
const PATIENCE: Duration = Duration::from_secs(5);

/// Asks the drain to start, and does not wait for its work (`Prefer: respond-async`, RFC 7240 section 4.1).
pub async fn wake_drain() -> Result<()> {
    let request = Request::post(config::text("drain_url").await?)
        .header("authorization", format!("Bearer {}", config::text("drain_token").await?))
        .header("prefer", "respond-async")
        .body(Full::new(Bytes::new()))?;
    let response = send(request, PATIENCE).await.context("the drain cannot be reached")?;
    ensure!(response.status().is_success(), "the drain answered {}", response.status());
    Ok(())
}
