//! Uploads and requests that are built to harm the components that read them: each is answered, and the app answers on.

use std::time::Duration;

use anyhow::{Context as _, Result};
use generate::hostile::requests::{LYING_CHUNKS, large_heads, with_key};
use generate::{Hostile, hostile};
use reqwest::Method;
use serde_json::Value;
use stack::raw::RawCaller;
use tokio::time::timeout;

use crate::fixture::{PATIENCE, World, answers_on, world};

/// An answer is there after so long, on a machine that tests share.
const ANSWER: Duration = Duration::from_mins(1);

/// So long a test waits for an answer to what is not whole.
const PROMISED: Duration = Duration::from_secs(2);

/// What a request is answered, however much of it is wanted: the status and the document; none where there is none.
async fn answer_to(world: &World, request: Vec<u8>) -> Result<Option<(u16, Value)>> {
    let answer = RawCaller::new(world.stack.url()).ask(&request, ANSWER).await?;
    Ok(answer.map(|answer| (answer.status, answer.document)))
}

/// The head of an upload with these further headers.
async fn head(world: &World, headers: &str) -> Result<Vec<u8>> {
    let key = world.stack.key(&world.workspace, "hostile", 1.0).await?;
    Ok(format!("POST /api/v1/imports HTTP/1.1\r\nhost: app\r\nauthorization: Bearer {key}\r\n{headers}\r\n").into_bytes())
}

async fn upload(world: &World, hostile: Hostile) -> Result<(u16, Value)> {
    let body = hostile.body();
    let content_type = if hostile.content_type.is_empty() { "application/octet-stream" } else { &hostile.content_type };
    let encoding = if hostile.is_gzipped() { "content-encoding: gzip\r\n" } else { "" };
    let mut request = head(world, &format!("content-type: {content_type}\r\n{encoding}content-length: {}\r\n", body.len())).await?;
    request.extend(body);
    answer_to(world, request).await?.context("the connection ends without an answer")
}

#[tokio::test]
async fn whatever_is_uploaded_is_refused_with_a_reason_or_read() -> Result<()> {
    let world = world().await?;
    for hostile in hostile() {
        let name = hostile.name;
        let (status, document) = upload(&world, hostile).await.context(name)?;
        eprintln!("{name}: {status} {}", document["detail"]);
        if status == 202 {
            let end = world.client.wait(document["id"].as_str().context("id")?, PATIENCE, |_| ()).await.context(name)?;
            assert!(end["state"] == "completed" || end["error"]["message"].is_string(), "{name}: {end}");
            continue;
        }
        assert!((400..500).contains(&status), "{name}: {status} {document}");
        assert!(document["detail"].as_str().is_some_and(|detail| !detail.is_empty()), "{name}: {document}");
        assert_eq!(world.answer(Method::GET, "/api/v1/imports").await?.status(), 200, "{name}");
    }
    answers_on(world).await
}

#[tokio::test]
async fn whatever_a_request_begins_with_the_app_answers_on() -> Result<()> {
    let world = world().await?;
    for (what, request) in large_heads() {
        // A host may also refuse it without a word.
        let answer = answer_to(&world, request.into_bytes()).await?;
        assert!(answer.as_ref().is_none_or(|(status, _)| (400..500).contains(status)), "{what}: {answer:?}");
    }
    // As long as hosts let it be, it reaches the component.
    let (status, problem) = answer_to(&world, with_key(10_000).into_bytes()).await?.context("no answer")?;
    assert!(status == 401 && problem["detail"].as_str().is_some_and(|detail| detail.contains("1024")), "{status} {problem}");

    for lie in LYING_CHUNKS {
        let request = [head(&world, "transfer-encoding: chunked\r\n").await?, lie.as_bytes().to_vec()].concat();
        // Whoever waits for what was promised does not answer.
        if let Ok(answer) = timeout(PROMISED, answer_to(&world, request)).await
            && let Some((status, document)) = answer?
        {
            assert!((400..500).contains(&status), "{lie:?}: {status} {document}");
        }
    }
    answers_on(world).await
}
