//! What browsers are told: what an answer may be taken for, whether it may be kept, and whose pages may read it.

use anyhow::{Context as _, Result};
use reqwest::{Method, RequestBuilder, Response, StatusCode};
use stack::client;

use crate::fixture::{World, nessus, stack_with, world, world_in};

/// Answers with an entity tag: a browser asks each time whether they still hold.
const KEPT: &str = "private, no-cache";
const NOT_KEPT: &str = "no-store";

/// Whose pages may call.
const OURS: [&str; 2] = ["https://app.example", "http://localhost:5173"];
/// A path of each component that people call, but for access: the key has other scopes than that wants.
const PATHS: [&str; 3] = ["/api/v1/imports", "/api/v1/notifications", "/api/v1/findings"];

fn header<'a>(answer: &'a Response, name: &str) -> Option<&'a str> {
    answer.headers().get(name).and_then(|value| value.to_str().ok())
}

/// A request without a key.
fn without_key(world: &World, method: Method, path: &str) -> RequestBuilder {
    reqwest::Client::new().request(method, format!("{}{path}", world.stack.url()))
}

#[tokio::test]
async fn every_answer_says_what_it_is_and_whether_it_may_be_kept() -> Result<()> {
    let world = world().await?;
    let import = world.import("a.nessus", nessus(10, 1)?).await?;
    let path = format!("/api/v1/imports/{}", import["id"].as_str().context("id")?);
    let status = format!("{path}/status");
    let tag = world.answer(Method::GET, &status).await?.headers().get("etag").context("no tag")?.clone();
    let get = |path: &str| world.client.request(Method::GET, path);
    let unchanged = get(&status).header("if-none-match", tag).send().await?;
    assert_eq!(header(&unchanged, "content-length"), None, "it would be that of the document");
    assert_eq!(unchanged.status(), StatusCode::NOT_MODIFIED);
    let answers = [
        (unchanged, 304, KEPT),
        (get(&status).send().await?, 200, KEPT),
        (get(&path).send().await?, 200, KEPT),
        (get(&format!("{path}/errors")).send().await?, 200, NOT_KEPT),
        (get("/api/v1/formats").send().await?, 200, NOT_KEPT),
        (get("/api/v1/findings").send().await?, 200, NOT_KEPT),
        (get("/api/v1/notifications/unread").send().await?, 200, NOT_KEPT),
        (get("/api/v1/imports/nothing").send().await?, 404, NOT_KEPT),
        (get("/api/v1/imports/1/2/3").send().await?, 404, NOT_KEPT),
        (get("/api/v1/findings?x=1").send().await?, 400, NOT_KEPT),
        (world.answer(Method::DELETE, "/api/v1/findings").await?, 405, NOT_KEPT),
        (without_key(&world, Method::GET, "/api/v1/findings").send().await?, 401, NOT_KEPT),
        (client::drain(world.stack.url(), "nobody").send().await?, 401, NOT_KEPT),
        (without_key(&world, Method::GET, "/internal/drain").send().await?, 405, NOT_KEPT),
    ];
    for (answer, status, kept) in answers {
        let asked = answer.url().path().to_owned();
        assert_eq!(answer.status().as_u16(), status, "{asked}");
        assert_eq!(header(&answer, "cache-control"), Some(kept), "{asked} {status}");
        assert_eq!(header(&answer, "x-content-type-options"), Some("nosniff"), "{asked} {status}");
        assert_eq!(header(&answer, "vary"), Some("authorization, cookie, origin"), "{asked} {status}");
        assert_eq!(header(&answer, "access-control-allow-origin"), None, "{asked} {status}");
    }
    Ok(())
}

#[tokio::test]
#[cfg_attr(external_app, ignore = "needs an app of its own")]
async fn pages_of_known_origins_may_call_and_others_are_told_nothing() -> Result<()> {
    let ours = OURS.join(", ");
    let world = world_in(stack_with(&[("cors_origins", ours.as_str())]).await?.into()).await?;
    let preflight = |path: &str, origin: &str| {
        let request = without_key(&world, Method::OPTIONS, path).header("origin", origin);
        request.header("access-control-request-method", "POST").header("access-control-request-headers", "authorization").send()
    };
    for (path, origin) in PATHS.iter().flat_map(|path| OURS.map(|origin| (*path, origin))) {
        let asked = preflight(path, origin).await?;
        assert_eq!(asked.status(), StatusCode::NO_CONTENT, "{path} {origin}");
        assert_eq!(header(&asked, "access-control-allow-origin"), Some(origin), "{path}");
        assert_eq!(header(&asked, "access-control-allow-methods"), Some("GET, POST, PATCH, DELETE"), "{path}");
        assert_eq!(header(&asked, "access-control-max-age"), Some("600"), "{path}");
        let allowed = header(&asked, "access-control-allow-headers").context("no headers are allowed")?;
        for name in
            ["authorization", "content-type", "content-encoding", "idempotency-key", "if-none-match", "spillway-request", "x-file-name"]
        {
            assert!(allowed.split(", ").any(|allowed| allowed == name), "{path}: {name} is not in {allowed}");
        }
        let read = world.client.request(Method::GET, path).header("origin", origin).send().await?;
        assert_eq!((read.status(), header(&read, "access-control-allow-origin")), (StatusCode::OK, Some(origin)), "{path}");
        let refused = without_key(&world, Method::GET, path).header("origin", origin).send().await?;
        assert_eq!((refused.status(), header(&refused, "access-control-allow-origin")), (StatusCode::UNAUTHORIZED, Some(origin)), "{path}");
    }

    let upload = world.client.request(Method::POST, PATHS[0]).header("origin", OURS[0]).body(nessus(1, 1)?).send().await?;
    assert_eq!((upload.status(), header(&upload, "access-control-allow-origin")), (StatusCode::ACCEPTED, Some(OURS[0])));
    let exposed = header(&upload, "access-control-expose-headers").context("nothing is exposed")?;
    assert!(["etag", "location", "retry-after"].iter().all(|name| exposed.split(", ").any(|exposed| exposed == *name)), "{exposed}");

    for origin in ["https://evil.example", "https://app.example.evil.example", "http://app.example", "null"] {
        assert_eq!(preflight(PATHS[2], origin).await?.status(), StatusCode::METHOD_NOT_ALLOWED, "{origin}");
        let read = world.client.request(Method::GET, PATHS[2]).header("origin", origin).send().await?;
        assert_eq!((read.status(), header(&read, "access-control-allow-origin")), (StatusCode::OK, None), "{origin}");
    }
    assert_eq!(preflight("/internal/drain", OURS[0]).await?.status(), StatusCode::METHOD_NOT_ALLOWED, "no page wakes the drain");
    Ok(())
}

#[tokio::test]
#[cfg_attr(external_app, ignore = "needs an app of its own")]
async fn a_list_of_origins_that_cannot_be_is_told_at_the_first_request() -> Result<()> {
    let world = world_in(stack_with(&[("cors_origins", "*")]).await?.into()).await?;
    for path in PATHS {
        assert_eq!(world.answer(Method::GET, path).await?.status(), StatusCode::INTERNAL_SERVER_ERROR, "{path}");
    }
    let runtime = world.stack.runtime.as_ref().context("no runtime")?;
    for component in ["imports", "status", "findings"] {
        let log = runtime.component_log(component);
        assert!(log.contains("the variable cors_origins has \"*\"; it takes origins as browsers send them"), "{component}: {log}");
    }
    Ok(())
}
