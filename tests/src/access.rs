//! Who may see what.

use admin::key::{self, Ended, SCOPES};
use anyhow::{Context as _, Result};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use stack::client::{self, Client};
use stack::{Stack, ports};

use crate::fixture::{DRAIN_TOKEN, NOWHERE, nessus, stack_without_wake_ups, temporary, world, world_in};

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
    let expired = key::create(&database, &world.workspace, "expired", &SCOPES, Some(-1.0)).await?.secret;
    let revoked = key::create(&database, &world.workspace, "revoked", &SCOPES, None).await?.secret;
    assert_eq!(Client::new(world.stack.url(), &revoked).get("/api/v1/imports").await?["items"], json!([]));
    key::revoke(&database, Ended::Secret(&revoked)).await?;
    assert!(key::revoke(&database, Ended::Secret(&revoked)).await.is_err(), "it is revoked only once");
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
#[cfg_attr(external_app, ignore = "needs an app of its own")]
async fn a_drain_takes_the_token_before_and_none_that_is_short() -> Result<()> {
    let old = "token-of-yesterday-0123456789abcdef";
    let stack = stack_without_wake_ups(&[("drain_token_old", old)]).await?;
    for token in [DRAIN_TOKEN, old] {
        assert_eq!(client::drain(stack.url(), token).send().await?.status(), StatusCode::OK, "{token}");
    }
    assert_eq!(client::drain(stack.url(), "token-of-nobody-0123456789abcdefgh").send().await?.status(), StatusCode::UNAUTHORIZED);
    let short = stack_without_wake_ups(&[("drain_token", "short")]).await?;
    assert_eq!(client::drain(short.url(), "short").send().await?.status(), StatusCode::INTERNAL_SERVER_ERROR);
    let log = short.runtime.as_ref().context("no runtime")?.component_log("drain");
    assert!(log.contains("the variable drain_token has 5 characters, and needs at least 32"), "{log}");
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
        (Method::GET, "/api/v1/findings?severity=terrible", 400),
    ] {
        let answer = world.answer(method.clone(), path).await?;
        assert_eq!(answer.status().as_u16(), status, "{method} {path}");
        assert_eq!(answer.headers()["content-type"], "application/problem+json", "{method} {path}");
        assert!(answer.headers().contains_key("content-length"), "{method} {path}");
        assert_eq!(answer.json::<Value>().await?["status"], status, "{method} {path}");
    }
    Ok(())
}

/// Every list with the names of its own parameters, in the import `id`.
fn lists(id: &str) -> [(String, &'static str); 6] {
    [
        ("/api/v1/findings".to_owned(), "severity, status, kind, tool, rule, cve, cwe, component, scope"),
        ("/api/v1/assets".to_owned(), "cursor, limit"),
        ("/api/v1/occurrences".to_owned(), "finding_id, cursor, limit"),
        ("/api/v1/imports".to_owned(), "state, cursor, limit"),
        (format!("/api/v1/imports/{id}/errors"), "cursor, limit"),
        ("/api/v1/notifications".to_owned(), "cursor, limit"),
    ]
}

#[tokio::test]
async fn a_list_refuses_what_it_does_not_know_and_says_what_it_does() -> Result<()> {
    let world = world().await?;
    let id = world.import("a.nessus", nessus(20, 2)?).await?["id"].as_str().context("id")?.to_owned();
    let page = world.client.get("/api/v1/findings?limit=1").await?;
    let cursor = page["next_cursor"].as_str().context("the list has a second page")?;
    let mut tampered = cursor.to_owned().into_bytes();
    tampered[12] ^= 1;
    let tampered = String::from_utf8(tampered)?;
    for (list, known) in lists(&id) {
        let foreign = if list == "/api/v1/findings" { format!("{cursor}&severity=info") } else { cursor.to_owned() };
        let mut refused = vec![
            ("colour=red".to_owned(), known),
            ("limit=5&Limit=5".to_owned(), known),
            ("limit=5&limit=6".to_owned(), "limit is there twice"),
            (format!("cursor={foreign}"), "cursor is not one that this list gave"),
        ];
        refused.extend(["0", "-1", "201", "many", "", "1.5"].map(|limit| (format!("limit={limit}"), "it can be 1 to 200")));
        refused
            .extend(["nonsense", "", "%00", &tampered].map(|cursor| (format!("cursor={cursor}"), "cursor is not one that this list gave")));
        for (query, said) in refused {
            let answer = world.answer(Method::GET, &format!("{list}?{query}")).await?;
            assert_eq!(answer.status(), StatusCode::BAD_REQUEST, "{list}?{query}");
            let problem: Value = answer.json().await?;
            assert!(problem["detail"].as_str().is_some_and(|detail| detail.contains(said)), "{list}?{query}: {problem}");
        }
    }
    Ok(())
}

#[tokio::test]
async fn what_is_no_list_refuses_parameters_too() -> Result<()> {
    let world = world().await?;
    let id = world.import("a.nessus", nessus(2, 1)?).await?["id"].as_str().context("id")?.to_owned();
    let finding = world.client.get("/api/v1/findings").await?["items"][0]["id"].as_str().context("id")?.to_owned();
    for (method, path) in [
        (Method::GET, format!("/api/v1/imports/{id}/status")),
        (Method::POST, format!("/api/v1/imports/{id}/cancel")),
        (Method::POST, format!("/api/v1/imports/{id}/retry")),
        (Method::GET, format!("/api/v1/imports/{id}")),
        (Method::GET, "/api/v1/formats".to_owned()),
        (Method::POST, format!("/api/v1/imports/{id}/errors/retry")),
        (Method::GET, format!("/api/v1/findings/{finding}")),
        (Method::PATCH, format!("/api/v1/findings/{finding}")),
        (Method::GET, "/api/v1/notifications/unread".to_owned()),
        (Method::POST, "/api/v1/notifications/read".to_owned()),
        (Method::POST, format!("/api/v1/notifications/{id}/read")),
        (Method::POST, "/api/v1/imports".to_owned()),
    ] {
        let answer = world.answer(method.clone(), &format!("{path}?force=1")).await?;
        assert_eq!(answer.status(), StatusCode::BAD_REQUEST, "{method} {path}");
        let problem: Value = answer.json().await?;
        assert!(problem["detail"].as_str().is_some_and(|detail| detail.contains("known are: ")), "{method} {path}: {problem}");
    }
    Ok(())
}

#[tokio::test]
async fn every_page_comes_with_its_cursor_whatever_is_asked_for() -> Result<()> {
    let world = world().await?;
    let id = world.import("a.nessus", nessus(300, 30)?).await?["id"].as_str().context("id")?.to_owned();
    for query in
        ["", "severity=medium", "status=open", "status=closed", &format!("import_id={id}"), &format!("import_id={id}&severity=low")]
    {
        let whole = world.client.list("findings", query).await?;
        let paged = world.client.list_in_pages("findings", query, 7, |_| {}).await?;
        assert_eq!(paged, whole, "{query}");
        assert_eq!(whole.is_empty(), query == "status=closed", "{query}");
    }
    Ok(())
}

#[tokio::test]
#[cfg_attr(any(external_app, other_host), ignore = "needs metrics of local-runtime")]
async fn metrics_are_told_at_an_address_of_their_own_only() -> Result<()> {
    let (mut options, metrics) = (temporary(&[("app_url", NOWHERE)]), ports::free_address()?);
    options.host.metrics = Some(metrics);
    let world = world_in(Stack::temporary(options).await?.into()).await?;
    let told: Value = reqwest::get(format!("http://{metrics}/metrics")).await?.json().await?;
    assert!(told["components"]["imports"]["requests"].is_u64(), "{told}");
    assert_eq!(reqwest::get(format!("http://{metrics}/api/v1/formats")).await?.status(), StatusCode::NOT_FOUND);
    for path in ["/metrics", "/.well-known/local-runtime/metrics"] {
        assert_eq!(world.answer(Method::GET, path).await?.status(), StatusCode::NOT_FOUND, "{path}");
    }
    Ok(())
}
