//! Waking the drain: a hint that there is work. When it is lost, the schedule finds the work a little later.

use std::time::Duration;

use anyhow::{Result, ensure};
use bytes::Bytes;
use http::Request;
use http_body_util::Full;
use spin_sdk::wasip3::http::types::ErrorCode;

use crate::config;
use crate::http::{Patience, send};

/// Time to reach the drain, and then only a moment for a refusal: whoever wakes it does not wait for its work. Hosts let a handler run to its
/// end when the caller has gone (Spin does), and keep an instance with a request in work to itself, which they do not for work that goes on
/// after an answer.
const PATIENCE: Patience = Patience { connect: Duration::from_secs(5), answer: Duration::from_millis(100) };

/// Asks the drain to start.
pub async fn wake_drain() -> Result<()> {
    let request = Request::post(config::text("drain_url").await?)
        .header("authorization", format!("Bearer {}", config::text("drain_token").await?))
        .header("content-length", 0)
        .body(Full::new(Bytes::new()))?;
    match send(request, PATIENCE).await {
        Ok(answer) => ensure!(answer.status().is_success(), "the drain answered {}", answer.status()),
        Err(error) if is_at_work(&error) => {}
        Err(error) => return Err(error.context("the drain cannot be reached")),
    }
    Ok(())
}

/// Whether the only thing missing is the answer.
fn is_at_work(error: &anyhow::Error) -> bool {
    matches!(error.downcast_ref(), Some(ErrorCode::ConnectionReadTimeout | ErrorCode::HttpResponseTimeout))
}
