//! Uploads and requests that are built to harm the components that read them: each is answered, and the app answers on.

use std::time::Duration;

use anyhow::{Context as _, Result};
use generate::{Hostile, hostile};
use reqwest::Method;
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::fixture::{PATIENCE, World, answers_on, world};

/// An answer is there after so long, on a machine that tests share.
const ANSWER: Duration = Duration::from_mins(1);

/// So long a test waits for an answer to what is not whole.
const PROMISED: Duration = Duration::from_secs(2);

/// Sends a request as it is, however much of it is wanted, and gives the status and the document of the answer; none where there is none.
async fn answer_to(world: &World, request: Vec<u8>) -> Result<Option<(u16, Value)>> {
    let stream = TcpStream::connect(world.stack.url().trim_start_matches("http://")).await?;
    let (mut from, mut to) = stream.into_split();
    // Whoever refuses a body may close the connection before all of it is sent.
    let sending = tokio::spawn(async move {
        let sent = to.write_all(&request).await;
        (sent, to)
    });
    let mut answer = Vec::new();
    let mut piece = [0; 4096];
    while !is_whole(&String::from_utf8_lossy(&answer)) {
        match timeout(ANSWER, from.read(&mut piece)).await.context("there is no answer")? {
            Ok(length @ 1..) => answer.extend(&piece[..length]),
            _ => break,
        }
    }
    sending.abort();
    let answer = String::from_utf8_lossy(&answer);
    let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok());
    let body = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body);
    Ok(status.map(|status| (status, serde_json::from_str(body).unwrap_or_default())))
}

/// Whether an answer has the length that it says.
fn is_whole(answer: &str) -> bool {
    let Some((head, body)) = answer.split_once("\r\n\r\n") else { return false };
    let mut headers = head.lines().filter_map(|line| line.split_once(": "));
    let length = headers.find(|(name, _)| name.eq_ignore_ascii_case("content-length"));
    length.and_then(|(_, length)| length.parse().ok()).is_some_and(|length: usize| body.len() >= length)
}

/// The head of an upload with these further headers.
async fn head(world: &World, headers: &str) -> Result<Vec<u8>> {
    let key = world.stack.key(&world.workspace, "hostile", 1.0).await?;
    Ok(format!("POST /api/v1/imports HTTP/1.1\r\nhost: app\r\nauthorization: Bearer {key}\r\n{headers}\r\n").into_bytes())
}

async fn upload(world: &World, hostile: Hostile) -> Result<(u16, Value)> {
    let Hostile { content_type, is_gzipped, body, .. } = hostile;
    let content_type = if content_type.is_empty() { "application/octet-stream" } else { &content_type };
    let encoding = if is_gzipped { "content-encoding: gzip\r\n" } else { "" };
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
    let long_key = format!("GET /api/v1/imports HTTP/1.1\r\nhost: app\r\nauthorization: Bearer spw_{}\r\n\r\n", "a".repeat(1 << 20));
    let many_headers = format!("GET /api/v1/imports HTTP/1.1\r\nhost: app\r\n{}\r\n", "x: y\r\n".repeat(10_000));
    for request in [long_key, many_headers] {
        // A host may also refuse it without a word.
        let answer = answer_to(&world, request.into_bytes()).await?;
        assert!(answer.as_ref().is_none_or(|(status, _)| (400..500).contains(status)), "{answer:?}");
    }
    // As long as hosts let it be, it reaches the component.
    let key = format!("GET /api/v1/imports HTTP/1.1\r\nhost: app\r\nauthorization: Bearer spw_{}\r\n\r\n", "a".repeat(10_000));
    let (status, problem) = answer_to(&world, key.into_bytes()).await?.context("no answer")?;
    assert!(status == 401 && problem["detail"].as_str().is_some_and(|detail| detail.contains("1024")), "{status} {problem}");

    for lie in ["ffffffffffffffff\r\n[]", "fffffffffffffffffffffff\r\n[]", "5\r\n[]\r\n0\r\n\r\n", "-1\r\n[]", "2\r\n[]garbage"] {
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
