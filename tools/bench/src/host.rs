//! The host: what a request costs before a component does anything, with an instance at hand and without.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use reqwest::{Client, StatusCode};
use stack::progress::Step;
use stack::sample::Sample;

use crate::rig::Rig;
use crate::session::Session;
use crate::table::{Figure, Row};

const SUBJECT: &str = "host";

/// Answered by the runtime itself.
pub(super) const HEALTH: &str = "/.well-known/spin/health";
/// Answered by a component that looks only for a key, which is not there.
const REFUSED: &str = "/api/v1/notifications/unread";

/// Longer than an instance waits for its next request.
pub(super) const IDLE: Duration = Duration::from_millis(1200);

/// Rows of this subject.
pub(super) async fn rows(session: &mut Session) -> Result<Vec<Row>> {
    let rig = Rig::driven(1).await?;
    let http = Client::new();
    let step = Step::begin("requests that do next to nothing");
    let ask = async |path, status, count, pause| requests(&http, &format!("{}{path}", rig.stack.url()), status, count, pause).await;
    let (many, few) = (session.sizes.requests, session.sizes.cold_requests);
    let health = ask(HEALTH, StatusCode::OK, many, Duration::ZERO).await?;
    let refused = ask(REFUSED, StatusCode::UNAUTHORIZED, many, Duration::ZERO).await?;
    let cold_health = ask(HEALTH, StatusCode::OK, few, IDLE).await?;
    let cold = ask(REFUSED, StatusCode::UNAUTHORIZED, few, IDLE).await?;
    step.done();
    rig.end().await?;
    let row = |what: &str, sample: &Sample, beside: &str, reference: &Sample, percent| {
        let figure = |sample: &Sample| Figure::milliseconds(sample.percentile(percent));
        Row::new(SUBJECT, format!("{what}, p{percent}"), figure(sample)).beside(beside, figure(reference))
    };
    let warm = "a 401 of a component, one after the other";
    Ok(vec![
        row(warm, &refused, "the runtime's own health", &health, 50),
        row(warm, &refused, "the runtime's own health", &health, 95),
        row("a 401 of a component that was idle for 1.2 s", &cold, "health after as long", &cold_health, 50),
        Row::new(
            SUBJECT,
            "making an instance: what the 401 takes longer then, less what health does, p50",
            Figure::milliseconds((cold.median() + health.median()).saturating_sub(refused.median() + cold_health.median())),
        ),
    ])
}

/// Requests on one kept connection, with a pause before each.
async fn requests(http: &Client, url: &str, status: StatusCode, count: usize, pause: Duration) -> Result<Sample> {
    let mut times = Vec::new();
    for _ in 0..count {
        tokio::time::sleep(pause).await;
        let asked = Instant::now();
        let answer = http.get(url).send().await?;
        ensure!(answer.status() == status, "{url} answered {}", answer.status());
        answer.bytes().await?;
        times.push(asked.elapsed());
    }
    Ok(Sample::new(times))
}
