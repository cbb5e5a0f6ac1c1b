//! What people decide of many findings at once.

use std::fmt::Write as _;

use anyhow::{Context as _, Result};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::fixture::{World, world};

/// More than one request decides of.
const FINDINGS: usize = 12_000;

fn sarif(findings: usize) -> Result<String> {
    let mut report = String::from("{\"version\": \"2.1.0\", \"runs\": [{\"tool\": {\"driver\": {\"name\": \"t\"}}, \"results\": [");
    for number in 0..findings {
        let separator = if number > 0 { "," } else { "" };
        write!(
            report,
            "{separator}{{\"ruleId\": \"r{number}\", \"level\": \"{}\", \"message\": {{\"text\": \"m\"}}, \"locations\": [{{\"physicalLocation\": ",
            if number % 4 == 0 { "error" } else { "note" }
        )?;
        write!(report, "{{\"artifactLocation\": {{\"uri\": \"f{number}\"}}, \"region\": {{\"startLine\": 1}}}}}}]}}")?;
    }
    report.push_str("]}]}");
    Ok(report)
}

async fn post(world: &World, path: &str, body: &Value) -> Result<(StatusCode, Value)> {
    let answer = world.client.request(Method::POST, path).body(body.to_string()).send().await?;
    Ok((answer.status(), answer.json().await?))
}

async fn with_status(world: &World, status: &str) -> Result<Vec<Value>> {
    world.client.list_in_pages("findings", &format!("status={status}"), 200, |_| {}).await
}

/// Decides, request by request, and gives the decision and of how many findings it is.
async fn decide(world: &World, mut body: Value) -> Result<(String, u64)> {
    let mut changed = 0;
    loop {
        let (status, decided) = post(world, "/api/v1/findings/decisions", &body).await?;
        assert_eq!(status, StatusCode::OK, "{decided}");
        changed += decided["changed"].as_u64().context("changed")?;
        if decided["cursor"].is_null() {
            return Ok((decided["id"].as_str().context("id")?.to_owned(), changed));
        }
        body["cursor"] = decided["cursor"].clone();
    }
}

#[tokio::test]
async fn twelve_thousand_findings_are_decided_of_while_their_report_comes_again_and_that_is_undone() -> Result<()> {
    let (world, report) = (world().await?, sarif(FINDINGS)?);
    let first = world.import("a.sarif", report.clone()).await?;
    assert_eq!(first["counts"]["findings"]["new"], FINDINGS, "{first}");
    let high = world.client.list_in_pages("findings", "severity=high", 200, |_| {}).await?;
    let one = high[0]["id"].as_str().context("id")?;
    let (status, decided) =
        post(&world, "/api/v1/findings/decisions", &json!({"status": "false_positive", "reason": "a test", "ids": [one]})).await?;
    assert_eq!((status, &decided["changed"], &decided["cursor"]), (StatusCode::OK, &json!(1), &Value::Null), "{decided}");

    let of_all = json!({"status": "accepted_risk", "reason": "behind the firewall", "filter": {}, "expected": FINDINGS});
    let (again, decided) = tokio::join!(world.import("a.sarif", report), decide(&world, of_all));
    assert_eq!(again?["counts"]["findings"]["new"], 0);
    let (id, changed) = decided?;
    assert_eq!(changed, FINDINGS as u64);
    assert_eq!(with_status(&world, "accepted_risk").await?.len(), FINDINGS, "exactly those, whatever came meanwhile");
    let decisions = world.client.list("findings/decisions", "").await?;
    assert_eq!((&decisions[0]["id"], &decisions[0]["findings"], &decisions[1]["findings"]), (&json!(id), &json!(FINDINGS), &json!(1)));
    let finding = world.client.get(&format!("/api/v1/findings/{one}")).await?;
    assert_eq!(finding["decision"]["reason"], "behind the firewall", "{finding}");

    let (mut left, mut undone) = (1, 0);
    while left > 0 {
        let (status, answer) = post(&world, &format!("/api/v1/findings/decisions/{id}/undo"), &json!({})).await?;
        assert_eq!(status, StatusCode::OK, "{answer}");
        undone += answer["changed"].as_u64().context("changed")?;
        left = answer["left"].as_u64().context("left")?;
    }
    assert_eq!(undone, FINDINGS as u64);
    assert_eq!(with_status(&world, "open").await?.len(), FINDINGS - 1);
    let finding = world.client.get(&format!("/api/v1/findings/{one}")).await?;
    assert_eq!(
        (&finding["status"], &finding["decision"]["reason"]),
        (&json!("false_positive"), &json!("a test")),
        "what was before: {finding}"
    );
    Ok(())
}

#[tokio::test]
async fn what_is_decided_is_what_was_seen() -> Result<()> {
    let world = world().await?;
    world.import("a.sarif", sarif(100)?).await?;
    let decide = async |body: Value| post(&world, "/api/v1/findings/decisions", &body).await;
    let stale = json!({"status": "closed", "filter": {"status": "open"}, "expected": 90});
    let (status, problem) = decide(stale).await?;
    assert_eq!(status, StatusCode::CONFLICT, "{problem}");
    assert!(problem["detail"].as_str().is_some_and(|detail| detail.contains("more than 94")), "{problem}");
    assert_eq!(decide(json!({"status": "closed", "filter": {"status": "open"}, "expected": 110})).await?.0, StatusCode::CONFLICT);
    assert_eq!(with_status(&world, "open").await?.len(), 100, "nothing was changed");
    for (body, expected) in [
        (json!({"status": "closed"}), StatusCode::BAD_REQUEST),
        (json!({"status": "closed", "filter": {"status": "open"}}), StatusCode::BAD_REQUEST),
        (json!({"status": "closed", "filter": {"colour": "t"}, "expected": 1}), StatusCode::BAD_REQUEST),
        (json!({"status": "closed", "ids": []}), StatusCode::BAD_REQUEST),
        (json!({"status": "gone", "ids": ["01a22ad5-d773-716b-8e37-ad7347758e32"]}), StatusCode::BAD_REQUEST),
        (json!({"status": "closed", "ids": ["01a22ad5-d773-716b-8e37-ad7347758e32"]}), StatusCode::NOT_FOUND),
        (json!({"status": "closed", "ends_at": "2027-01-31T00:00:00Z", "filter": {}, "expected": 100}), StatusCode::UNPROCESSABLE_ENTITY),
        (json!({"status": "closed", "filter": {}, "expected": 100, "cursor": "x"}), StatusCode::BAD_REQUEST),
    ] {
        let (status, problem) = decide(body.clone()).await?;
        assert_eq!(status, expected, "{body}: {problem}");
    }
    let stranger = world.stack.client("another").await?;
    let (status, decided) = decide(json!({"status": "closed", "filter": {"severity": "high"}, "expected": 25})).await?;
    assert_eq!((status, &decided["changed"]), (StatusCode::OK, &json!(25)), "{decided}");
    let undo = format!("/api/v1/findings/decisions/{}/undo", decided["id"].as_str().context("id")?);
    assert_eq!(stranger.request(Method::POST, &undo).send().await?.status(), StatusCode::NOT_FOUND);
    Ok(())
}
