//! Who may see what.

use anyhow::{Context as _, Result};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use xtask::client::{self, Client};
use xtask::key;

use crate::fixture::{DRAIN_TOKEN, nessus, stack_without_wake_ups, world, world_in};

#[tokio::test]
async fn a_key_of_one_workspace_sees_nothing_of_another() -> Result<()> {
    let owner = world().await?;
    let status = owner.import("a.nessus", nessus(20, 2)?).await?;
    let stranger = world_in(owner.stack.clone()).await?;
    let id = status["id"].as_str().context("id")?;
    for (method, path) in [
        (Method::GET, format!("/api/v1/imports/{id}")),
        (Method::GET, format!("/api/v1/imports/{id}/status")),
        (Method::GET, format!("/api/v1/imports/{id}/errors")),
        (Method::POST, format!("/api/v1/imports/{id}/cancel")),
        (Method::POST, format!("/api/v1/imports/{id}/retry")),
    ] {
        let answer = stranger.answer(method.clone(), &path).await?;
        assert_eq!(answer.status(), StatusCode::NOT_FOUND, "{method} {path}");
        assert_eq!(answer.json::<Value>().await?["type"], "urn:spillway:problem:not-found", "{method} {path}");
    }
    let notification = owner.client.get("/api/v1/notifications").await?["items"][0]["id"].as_str().context("id")?.to_owned();
    let read = stranger.answer(Method::POST, &format!("/api/v1/notifications/{notification}/read")).await?;
    assert_eq!(read.status(), StatusCode::NOT_FOUND);
    for list in ["imports", "findings", "assets", "occurrences", "notifications"] {
        assert_eq!(stranger.client.get(&format!("/api/v1/{list}")).await?["items"], json!([]), "{list}");
        assert_ne!(owner.client.get(&format!("/api/v1/{list}")).await?["items"], json!([]), "{list} of the owner");
    }
    let finding = owner.client.get("/api/v1/findings").await?["items"][0]["id"].as_str().context("id")?.to_owned();
    assert_eq!(stranger.client.get(&format!("/api/v1/occurrences?finding_id={finding}")).await?["items"], json!([]));
    assert_eq!(stranger.client.get(&format!("/api/v1/findings?import_id={id}")).await?["items"], json!([]));
    Ok(())
}

#[tokio::test]
async fn a_missing_unknown_expired_or_revoked_key_is_refused() -> Result<()> {
    let world = world().await?;
    let database = world.stack.database.connect().await?;
    let expired = key::create(&database, &world.workspace, "expired", Some(-1.0)).await?;
    let revoked = key::create(&database, &world.workspace, "revoked", None).await?;
    assert_eq!(Client::new(world.stack.url(), &revoked).get("/api/v1/imports").await?["items"], json!([]));
    key::revoke(&database, &revoked).await?;
    assert!(key::revoke(&database, &revoked).await.is_err(), "it is revoked only once");
    for bad in ["", "spw_unknown", &expired, &revoked] {
        for (method, path) in [(Method::GET, "/api/v1/imports"), (Method::POST, "/api/v1/imports"), (Method::GET, "/api/v1/findings")] {
            let answer = Client::new(world.stack.url(), bad).request(method, path).send().await?;
            assert_eq!(answer.status(), StatusCode::UNAUTHORIZED, "{path} with {bad:?}");
            assert_eq!(answer.headers()["content-type"], "application/problem+json");
            assert_eq!(answer.headers()["www-authenticate"], "Bearer");
        }
    }
    Ok(())
}

#[tokio::test]
async fn the_drain_wants_its_own_token() -> Result<()> {
    let world = world().await?;
    let answer = world.answer(Method::POST, "/internal/drain").await?;
    assert_eq!(answer.status(), StatusCode::UNAUTHORIZED, "a key of the API is not enough");
    let none = reqwest::Client::new().post(format!("{}/internal/drain", world.stack.url())).send().await?;
    assert_eq!(none.status(), StatusCode::UNAUTHORIZED);
    Ok(())
}

#[tokio::test]
#[cfg_attr(external_app, ignore = "needs an app of its own")]
async fn the_drain_takes_its_token_and_says_that_it_works_before_it_does() -> Result<()> {
    let world = world_in(stack_without_wake_ups(&[]).await?.into()).await?;
    world.upload("a.nessus", nessus(20_000, 200)?).await?;
    let answer = client::drain(world.stack.url(), DRAIN_TOKEN).send().await?;
    assert_eq!((answer.status(), answer.headers()["spillway-drain"].as_bytes()), (StatusCode::OK, &b"at work"[..]));
    let imports = world.client.list("imports", "state=running").await?;
    assert_eq!(imports.len(), 1, "the import is taken, and not at its end");
    let done: Value = answer.json().await?;
    assert!(done["completed"].as_u64() > Some(0) && done["error"].is_null(), "{done}");
    assert!(done["times_ms"]["decode"].as_f64() > Some(0.0), "{done}");
    Ok(())
}

#[tokio::test]
async fn what_is_not_there_is_said_as_a_problem() -> Result<()> {
    let world = world().await?;
    for (method, path, status) in [
        (Method::GET, "/api/v1/imports/nonsense/status", 404),
        (Method::GET, "/api/v1/imports/01900000-0000-7000-8000-000000000000/status", 404),
        (Method::GET, "/api/v1/imports/01900000-0000-7000-8000-000000000000/nothing", 404),
        (Method::DELETE, "/api/v1/imports", 405),
        (Method::GET, "/api/v1/findings?limit=201", 400),
        (Method::GET, "/api/v1/findings?limit=0", 400),
        (Method::GET, "/api/v1/findings?limit=many", 400),
        (Method::GET, "/api/v1/findings?cursor=nonsense", 400),
        (Method::GET, "/api/v1/findings?severity=terrible", 400),
        (Method::GET, "/api/v1/assets?cursor=bm9uc2Vuc2U", 400),
    ] {
        let answer = world.answer(method.clone(), path).await?;
        assert_eq!(answer.status().as_u16(), status, "{method} {path}");
        assert_eq!(answer.headers()["content-type"], "application/problem+json", "{method} {path}");
        assert!(answer.headers().contains_key("content-length"), "{method} {path}");
        assert_eq!(answer.json::<Value>().await?["status"], status, "{method} {path}");
    }
    Ok(())
}
