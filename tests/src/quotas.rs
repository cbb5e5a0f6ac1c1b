//! What a workspace may take, and how often a key may ask.

use std::time::{Duration, Instant};

use admin::key::{self, Scope};
use admin::limits::{self, Limit};
use anyhow::{Context as _, Result};
use futures::future::{join_all, try_join_all};
use reqwest::{Method, StatusCode};
use serde_json::Value;
use stack::client::Client;

use crate::fixture::{PATIENCE, World, alone, nessus, stack_without_wake_ups, world, world_in};

/// Gives the workspace limits of its own.
async fn limit(world: &World, limits: &[&str]) -> Result<()> {
    let limits = limits.iter().map(|limit| limit.parse::<Limit>()).collect::<Result<Vec<_>, _>>().map_err(anyhow::Error::msg)?;
    limits::set_workspace(&world.stack.database.connect().await?, &world.workspace, None, &limits).await.map(drop)
}

/// The workspace as the API shows it.
async fn workspace(world: &World) -> Result<Value> {
    world.client.get("/api/v1/workspace").await
}

async fn post(client: &Client, report: Vec<u8>) -> Result<(StatusCode, Value)> {
    let answer = client.request(Method::POST, "/api/v1/imports").body(report).send().await?;
    Ok((answer.status(), answer.json().await?))
}

#[tokio::test]
async fn of_64_uploads_at_once_into_room_for_10_exactly_10_are_taken() -> Result<()> {
    let world = world().await?;
    let report = nessus(20, 2)?;
    let size = report.len() as u64;
    limit(&world, &[&format!("max_stored_bytes={}", size * 10 + size / 2)]).await?;
    let answers = try_join_all((0..64).map(|_| post(&world.client, report.clone()))).await?;
    let taken: Vec<_> = answers.iter().filter(|(status, _)| *status == StatusCode::ACCEPTED).collect();
    assert_eq!(taken.len(), 10);
    for (status, problem) in answers.iter().filter(|(status, _)| *status != StatusCode::ACCEPTED) {
        assert_eq!(*status, StatusCode::FORBIDDEN, "{problem}");
        assert_eq!(problem["type"], "urn:spillway:problem:storage-quota");
        assert_eq!(problem["needed"], size);
        assert_eq!(problem["limit"], size * 10 + size / 2);
    }
    let used = &workspace(&world).await?["used"];
    assert_eq!((used["stored_bytes"].as_u64(), used["reserved_bytes"].as_u64()), (Some(size * 10), Some(0)));
    for (_, import) in taken {
        world.client.wait(import["id"].as_str().context("id")?, PATIENCE, |_| ()).await?;
    }
    let used = &workspace(&world).await?["used"];
    assert_eq!(
        (used["active_imports"].as_u64(), used["findings"].as_u64()),
        (Some(0), Some(world.client.list("findings", "").await?.len() as u64))
    );
    Ok(())
}

#[tokio::test]
async fn an_upload_that_does_not_say_how_long_it_is_ends_where_the_room_does() -> Result<()> {
    let world = world().await?;
    let report = nessus(60_000, 50)?;
    assert!(report.len() > 20_000_000, "it has several parts");
    limit(&world, &["max_stored_bytes=18000000"]).await?;
    let pieces: Vec<_> = report.chunks(100_000).map(|piece| anyhow::Ok(piece.to_vec())).collect();
    let body = reqwest::Body::wrap_stream(futures::stream::iter(pieces));
    let answer = world.client.request(Method::POST, "/api/v1/imports").body(body).send().await?;
    assert_eq!(answer.status(), StatusCode::FORBIDDEN);
    let problem: Value = answer.json().await?;
    assert_eq!(problem["type"], "urn:spillway:problem:storage-quota");
    let used = &workspace(&world).await?["used"];
    assert_eq!((used["stored_bytes"].as_u64(), used["reserved_bytes"].as_u64()), (Some(0), Some(0)), "nothing is left of it");
    limit(&world, &["max_stored_bytes=plan"]).await?;
    assert_eq!(world.upload("a.nessus", nessus(20, 2)?).await?.body["state"], "queued", "and with more room uploads go on");
    Ok(())
}

#[tokio::test]
#[cfg_attr(external_app, ignore = "needs an app of its own")]
async fn what_killed_uploads_had_reserved_is_free_again() -> Result<()> {
    let mut world = world_in(stack_without_wake_ups(&[]).await?.into()).await?;
    let report = nessus(20, 2)?;
    let length = report.len() as u64;
    limit(&world, &[&format!("max_stored_bytes={length}")]).await?;
    // The whole length is promised, and the app dies before it has come.
    let pending = futures::stream::pending::<anyhow::Result<Vec<u8>>>();
    let request = world.client.request(Method::POST, "/api/v1/imports").header("content-length", length);
    let upload = tokio::spawn(request.body(reqwest::Body::wrap_stream(pending)).send());
    let started = Instant::now();
    while workspace(&world).await?["used"]["reserved_bytes"] != length {
        assert!(started.elapsed() < PATIENCE, "the upload reserves nothing");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let runtime = alone(&mut world)?.runtime.as_mut().context("no runtime")?;
    runtime.kill();
    runtime.restart().await?;
    upload.abort();
    assert_eq!(post(&world.client, report.clone()).await?.0, StatusCode::FORBIDDEN, "it may still come");
    let late = "update spillway.uploads set seen_at = seen_at - spillway.upload_lease()";
    world.stack.database.connect().await?.batch_execute(late).await?;
    assert_eq!(post(&world.client, report).await?.0, StatusCode::ACCEPTED);
    assert_eq!(workspace(&world).await?["used"]["stored_bytes"], length);
    Ok(())
}

#[tokio::test]
async fn a_quota_below_what_is_used_takes_nothing_more_and_leaves_what_is_there() -> Result<()> {
    let world = world().await?;
    world.import("a.nessus", nessus(20, 2)?).await?;
    let used = workspace(&world).await?["used"].clone();
    for (quota, status, problem) in [
        ("max_stored_bytes=1", StatusCode::FORBIDDEN, "storage-quota"),
        ("max_findings=1", StatusCode::FORBIDDEN, "findings-quota"),
        ("max_active_imports=0", StatusCode::TOO_MANY_REQUESTS, "too-many-imports"),
        ("max_open_uploads=0", StatusCode::TOO_MANY_REQUESTS, "too-many-uploads"),
    ] {
        limit(&world, &["max_stored_bytes=plan", "max_findings=plan", "max_active_imports=plan"]).await?;
        limit(&world, &[quota]).await?;
        let (answered, document) = post(&world.client, nessus(20, 2)?).await?;
        assert_eq!((answered, document["type"].as_str()), (status, Some(&*format!("urn:spillway:problem:{problem}"))), "{quota}");
        assert_eq!(workspace(&world).await?["used"], used, "{quota}");
    }
    assert_eq!(world.client.list("imports", "").await?.len(), 1);
    Ok(())
}

/// Asks for something that is charged each time, until the time is over; gives how many were answered 200 and 429.
async fn hammer(client: &Client, until: Instant) -> Result<(u32, u32)> {
    let (mut taken, mut refused) = (0, 0);
    while Instant::now() < until {
        let answer = client.request(Method::POST, "/api/v1/notifications/read").send().await?;
        match answer.status() {
            StatusCode::OK => taken += 1,
            StatusCode::TOO_MANY_REQUESTS => {
                refused += 1;
                assert!(answer.headers().contains_key("retry-after"), "it is said when to come again");
                assert_eq!(answer.headers()["ratelimit-policy"], "\"requests\";q=20;w=2");
                // The next one may have come back while this was written.
                let left = answer.headers()["ratelimit"].to_str()?;
                assert!(["\"requests\";r=0;t=", "\"requests\";r=1;t="].iter().any(|start| left.starts_with(start)), "{left}");
                let problem: Value = answer.json().await?;
                assert_eq!(problem["type"], "https://iana.org/assignments/http-problem-types#quota-exceeded");
                assert_eq!(problem["violated-policies"][0], "requests");
            }
            other => anyhow::bail!("{other}"),
        }
    }
    Ok((taken, refused))
}

#[tokio::test]
async fn a_key_is_answered_as_often_as_its_rate_says_and_another_is_unharmed() -> Result<()> {
    let world = world().await?;
    limit(&world, &["requests_per_minute=600", "request_burst=20"]).await?;
    let other = world.stack.client(&world.workspace).await?;
    let (started, length) = (Instant::now(), Duration::from_secs(4));
    let floods = join_all((0..4).map(|_| hammer(&world.client, started + length)));
    let person = async {
        for _ in 0..8 {
            tokio::time::sleep(length / 10).await;
            let answer = other.request(Method::POST, "/api/v1/notifications/read").send().await?;
            assert_eq!(answer.status(), StatusCode::OK, "another key");
        }
        anyhow::Ok(())
    };
    let (floods, person) = tokio::join!(floods, person);
    person?;
    let seconds = started.elapsed().as_secs_f64();
    let floods = floods.into_iter().collect::<Result<Vec<_>>>()?;
    let (taken, refused) = floods.iter().fold((0, 0), |sum, flood| (sum.0 + flood.0, sum.1 + flood.1));
    assert!(refused > 20, "{refused} were refused");
    // A burst, and ten a second: from the first answer on, which comes a little after the start, to the last, a little before the end.
    let most = 20.0 + seconds * 10.0 + 1.0;
    let least = 20.0 + (seconds - 0.5) * 10.0 - 1.0;
    assert!((least..=most).contains(&f64::from(taken)), "{taken} were taken in {seconds} s, between {least} and {most} expected");
    Ok(())
}

#[tokio::test]
async fn reads_are_counted_too_but_not_those_of_whoever_knows_the_answer() -> Result<()> {
    let world = world().await?;
    let import = world.import("a.nessus", nessus(20, 2)?).await?;
    let status = format!("/api/v1/imports/{}/status", import["id"].as_str().context("id")?);
    let tag = world.answer(Method::GET, &status).await?.headers()["etag"].clone();
    limit(&world, &["requests_per_minute=1", "request_burst=16"]).await?;
    for _ in 0..100 {
        let answer = world.client.request(Method::GET, &status).header("if-none-match", &tag).send().await?;
        assert_eq!(answer.status(), StatusCode::NOT_MODIFIED);
    }
    // One of sixteen is charged for all: that none of 300 is has a chance of 1 to 250 million.
    let mut refused = false;
    for _ in 0..300 {
        let answer = world.answer(Method::GET, "/api/v1/findings?limit=1").await?;
        refused = answer.status() == StatusCode::TOO_MANY_REQUESTS;
        if refused {
            break;
        }
        assert_eq!(answer.status(), StatusCode::OK);
    }
    assert!(refused);
    for _ in 0..50 {
        let answer = world.answer(Method::GET, "/api/v1/findings?limit=1").await?;
        assert_eq!(answer.status(), StatusCode::TOO_MANY_REQUESTS, "those that are not charged do not go on for nothing");
    }
    Ok(())
}

#[tokio::test]
async fn an_upload_says_how_many_requests_are_left() -> Result<()> {
    let world = world().await?;
    let answer = world.client.request(Method::POST, "/api/v1/imports").body(nessus(20, 2)?).send().await?;
    assert_eq!(answer.status(), StatusCode::ACCEPTED);
    assert_eq!(answer.headers()["ratelimit-policy"], "\"requests\";q=1000;w=10");
    assert!(answer.headers()["ratelimit"].to_str()?.starts_with("\"requests\";r=999;t="), "{:?}", answer.headers());
    let workspace = workspace(&world).await?;
    assert_eq!(workspace["requests"]["quota"], 1000, "{workspace}");
    assert_eq!(workspace["limits"]["max_running_imports"], 4, "{workspace}");
    assert_eq!(workspace["name"], world.workspace.as_str());
    assert_eq!(workspace["plan"], "standard");
    Ok(())
}

#[tokio::test]
async fn everything_that_is_done_is_noted_with_who_did_it() -> Result<()> {
    let world = world().await?;
    let database = world.stack.database.connect().await?;
    let admin = key::create(&database, &world.workspace, "auditor", &[Scope::Admin], Some(1.0)).await?;
    let admin = Client::new(world.stack.url(), &admin.secret);
    world.import("a.nessus", nessus(20, 2)?).await?;
    let finding = world.client.list("findings", "").await?[0]["id"].as_str().context("id")?.to_owned();
    let decide = |body: &'static str| world.client.request(Method::PATCH, &format!("/api/v1/findings/{finding}")).body(body).send();
    let answer = decide(r#"{"status": "accepted_risk", "reason": "behind the proxy", "ends_at": "2099-01-01T00:00:00Z"}"#).await?;
    assert_eq!(answer.status(), StatusCode::UNPROCESSABLE_ENTITY, "more than ten years");
    let answer = decide(r#"{"status": "accepted_risk", "reason": "behind the proxy", "end": "2027-01-01T00:00:00Z"}"#).await?;
    assert_eq!(answer.status(), StatusCode::BAD_REQUEST, "what is not known is not ignored");
    let answer = decide(r#"{"status": "accepted_risk", "reason": "behind \u202eyxorp eht"}"#).await?;
    assert_eq!(answer.status(), StatusCode::BAD_REQUEST, "a reason says what it shows");
    let answer = decide(r#"{"status": "accepted_risk", "reason": "behind the proxy"}"#).await?;
    assert_eq!(answer.status(), StatusCode::OK);
    let document: Value = answer.json().await?;
    assert_eq!(document["decision"]["reason"], "behind the proxy");
    assert_eq!(document["decision"]["actor"], "client");
    let events = admin.list("events", "").await?;
    let actions: Vec<_> = events.iter().map(|event| event["action"].as_str().unwrap_or_default()).collect();
    assert_eq!(actions, ["finding.decided", "import.created", "key.created", "key.created", "workspace.created"]);
    assert_eq!(events[0]["reason"], "behind the proxy");
    assert_eq!(events[0]["before"]["status"], "open");
    assert_eq!(events[0]["after"]["status"], "accepted_risk");
    assert_eq!(events[1]["actor"], "client");
    assert_eq!(admin.list("events", &format!("object_id={finding}")).await?.len(), 1);
    assert_eq!(admin.list("events", "action=key.created").await?.len(), 2);
    assert_eq!(world.answer(Method::GET, "/api/v1/events").await?.status(), StatusCode::FORBIDDEN, "it takes the scope admin");
    Ok(())
}

#[tokio::test]
#[cfg_attr(external_app, ignore = "drains by itself")]
async fn a_risk_that_was_accepted_until_now_is_open_again() -> Result<()> {
    let world = world().await?;
    world.import("a.nessus", nessus(20, 2)?).await?;
    let path = format!("/api/v1/findings/{}", world.client.list("findings", "").await?[0]["id"].as_str().context("id")?);
    let body = r#"{"status": "accepted_risk"}"#;
    assert_eq!(world.client.request(Method::PATCH, &path).body(body).send().await?.status(), StatusCode::OK);
    let over =
        "update spillway.finding_decisions d set ends_at = now() from spillway.workspaces w where w.id = d.workspace_id and w.name = $1";
    world.stack.database.connect().await?.execute(over, &[&world.workspace]).await?;
    let started = Instant::now();
    // Whoever drains cleans up.
    while world.client.get(&path).await?["status"] != "open" {
        assert!(started.elapsed() < PATIENCE, "it is still accepted");
        world.import("b.nessus", nessus(5, 1)?).await?;
    }
    Ok(())
}
