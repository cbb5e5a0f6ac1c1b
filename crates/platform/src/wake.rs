//! Waking the drain: a hint that there is work. When it is lost, the schedule finds the work a little later.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use http::Request;
use http_body_util::Full;

use crate::config;
use crate::http::{Patience, send};

/// The header by which an answer shows that a drain gave it, and not whatever else may be reached at the address.
pub const DRAIN: &str = "spillway-drain";

/// Time for the head of the drain's answer, which it sends before it works: far more than a way around the world with TLS takes. It needs a
/// connection to the database first.
const PATIENCE: Patience = Patience { connect: Duration::from_secs(10), answer: Duration::from_secs(10) };

/// The drain's address, below that of the app.
pub fn drain_url(app_url: &str) -> String {
    format!("{}/internal/drain", app_url.trim_end_matches('/'))
}

/// Asks the drain to start. It has when this succeeds; its work is not waited for. Hosts let a handler run to its end when the caller has gone
/// (Spin does).
pub async fn wake_drain() -> Result<()> {
    let url = drain_url(&config::text("app_url").await?);
    let request = Request::post(&url)
        .header("authorization", format!("Bearer {}", config::text("drain_token").await?))
        .header("content-length", 0)
        .body(Full::new(Bytes::new()))?;
    let answer = send(request, PATIENCE).await.with_context(|| format!("no answer from {url}"))?;
    ensure!(answer.status().is_success(), "{url} answered {}", answer.status());
    ensure!(answer.headers().contains_key(DRAIN), "what answered at {url} is no drain: app_url leads elsewhere");
    Ok(())
}
