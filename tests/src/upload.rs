//! The ways in which a report can be uploaded.

use std::time::Duration;

use anyhow::{Context as _, Result};
use reqwest::header::HeaderValue;
use reqwest::multipart::{Form, Part};
use reqwest::{Method, Response, StatusCode};
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::fixture::{PATIENCE, World, drain, gzip, nessus, stack_without_wake_ups, world, world_in};
use admin::key::{self, SCOPES};

/// Sends a request to the uploads, and gives the name and counts that its import ends with.
async fn ends_with(world: &World, answer: Response) -> Result<(Value, Value)> {
    assert_eq!(answer.status(), StatusCode::ACCEPTED);
    let import: Value = answer.json().await?;
    let status = world.client.wait(import["id"].as_str().context("id")?, PATIENCE, |_| ()).await?;
    assert_eq!(status["state"], "completed", "{status}");
    Ok((status["file_name"].clone(), status["counts"]["occurrences"]["new"].clone()))
}

#[tokio::test]
async fn a_report_may_come_raw_as_a_form_or_compressed() -> Result<()> {
    let report = nessus(100, 5)?;
    let world = world().await?;
    let post = |path: &str| world.client.request(Method::POST, path);
    let raw = post("/api/v1/imports").header("x-file-name", "raw%20name.nessus").body(report.clone()).send().await?;
    assert_eq!(ends_with(&world, raw).await?, ("raw name.nessus".into(), 100.into()));

    let world = self::world().await?;
    let post = |path: &str| world.client.request(Method::POST, path);
    let query = post("/api/v1/imports?file_name=by%20query.nessus").body(report.clone()).send().await?;
    assert_eq!(ends_with(&world, query).await?, ("by query.nessus".into(), 100.into()));

    let world = self::world().await?;
    let post = |path: &str| world.client.request(Method::POST, path);
    let file = Part::bytes(report.clone()).file_name("dir/form.nessus").mime_str("application/xml")?;
    let form = post("/api/v1/imports")
        .multipart(Form::new().text("scope", "of a form").text("priority", "high").part("report", file))
        .send()
        .await?;
    assert_eq!(ends_with(&world, form).await?, ("form.nessus".into(), 100.into()));
    assert_eq!(world.client.get("/api/v1/imports").await?["items"][0]["scope"], "of a form", "fields are options");

    let world = self::world().await?;
    let post = |path: &str| world.client.request(Method::POST, path);
    let compressed = post("/api/v1/imports").header("content-encoding", "gzip").body(gzip(&report)?).send().await?;
    assert_eq!(ends_with(&world, compressed).await?, ("report".into(), 100.into()));
    Ok(())
}

#[tokio::test]
async fn a_report_in_several_parts_is_stored_as_it_came() -> Result<()> {
    let world = world().await?;
    let report = nessus(16_000, 20)?;
    assert!(report.len() > 20 * 1024 * 1024, "three parts are {} bytes", report.len());
    let status = world.import("big.nessus", report.clone()).await?;
    assert_eq!(status["size_bytes"], report.len());
    assert_eq!(status["counts"]["occurrences"]["new"], 16_000);
    Ok(())
}

async fn detail(answer: reqwest::Response) -> Result<String> {
    Ok(answer.json::<Value>().await?["detail"].as_str().unwrap_or_default().to_owned())
}

#[tokio::test]
async fn an_idempotency_key_makes_one_import() -> Result<()> {
    let world = world().await?;
    let post = |body: Vec<u8>| world.client.request(Method::POST, "/api/v1/imports").header("idempotency-key", "\"one\"").body(body).send();
    let first: Value = post(nessus(10, 1)?).await?.json().await?;
    let again = post(nessus(10, 1)?).await?;
    assert_eq!(again.status(), StatusCode::ACCEPTED);
    assert_eq!(again.json::<Value>().await?["id"], first["id"]);
    assert_eq!(world.client.list("imports", "").await?.len(), 1);

    let other_report = post(nessus(11, 1)?).await?;
    assert_eq!(other_report.status(), StatusCode::UNPROCESSABLE_ENTITY);
    assert!(detail(other_report).await?.contains("of another report"));
    let scoped = world.client.request(Method::POST, "/api/v1/imports?scope=shop").header("idempotency-key", "one");
    let other_scope = scoped.body(nessus(10, 1)?).send().await?;
    assert_eq!(other_scope.status(), StatusCode::UNPROCESSABLE_ENTITY);
    assert!(detail(other_scope).await?.contains("another format, scope"));
    assert_eq!(world.client.list("imports", "").await?.len(), 1);
    let leftovers = "select count(*) from spillway.uploads u join spillway.workspaces w on w.id = u.workspace_id where w.name = $1";
    assert_eq!(
        world.stack.database.connect().await?.query_one(leftovers, &[&world.workspace]).await?.get::<_, i64>(0),
        0,
        "no upload is left over"
    );

    let two = crate::fixture::world_in(world.stack.clone()).await?;
    let post = |body: Vec<u8>| two.client.request(Method::POST, "/api/v1/imports").header("idempotency-key", "race").body(body).send();
    let (one, other) = tokio::join!(post(nessus(10, 1)?), post(nessus(10, 1)?));
    assert_eq!(one?.json::<Value>().await?["id"], other?.json::<Value>().await?["id"]);
    assert_eq!(two.client.list("imports", "").await?.len(), 1);
    Ok(())
}

#[tokio::test]
async fn what_cannot_be_taken_is_refused_with_a_reason() -> Result<()> {
    let world = world().await?;
    let post = || world.client.request(Method::POST, "/api/v1/imports");
    let form = Form::new().text("scope", "no file");
    let file = || Part::bytes(b"x".to_vec()).file_name("a");
    let cases = [
        (post().multipart(Form::new().text("comment", "x").part("file", file())), 400, "\"comment\" is not known"),
        (post().multipart(Form::new().part("file", file()).text("scope", "x")), 400, "something behind its file"),
        (post().multipart(Form::new().part("file", file()).part("file", file())), 400, "something behind its file"),
        (post().multipart(Form::new().text("close_missing", "true").part("file", file())), 400, "close_missing needs a scope"),
        (
            world.client.request(Method::POST, "/api/v1/imports?scope=a").multipart(Form::new().text("scope", "b").part("file", file())),
            400,
            "scope is there twice",
        ),
        (post().body(Vec::new()), 422, "the report is empty"),
        (post().header("content-encoding", "br").body("x"), 400, "gzip or identity"),
        (post().header("content-encoding", "gzip").body("not gzip at all"), 422, "gzip"),
        (post().header("content-encoding", "gzip").body(gzip(&nessus(100, 1)?)?[..500].to_vec()), 422, "gzip"),
        (post().multipart(form), 400, "has no file"),
        (post().header("content-type", "multipart/form-data; boundary=b").body("no form"), 400, "form"),
        (post().header("idempotency-key", "k".repeat(256)).body("x"), 400, "Idempotency-Key"),
    ];
    for (request, status, reason) in cases {
        let answer = request.send().await?;
        assert_eq!(answer.status().as_u16(), status, "{reason}");
        let problem: Value = answer.json().await?;
        assert!(problem["detail"].as_str().is_some_and(|detail| detail.contains(reason)), "{reason}: {problem}");
    }
    assert_eq!(world.client.list("imports", "").await?.len(), 0, "and leaves no import");
    Ok(())
}

#[tokio::test]
async fn a_report_over_the_limit_is_refused_whether_it_says_so_or_not() -> Result<()> {
    let world = world().await?;
    let limit = "update spillway.workspaces set max_import_bytes = 1000 where name = $1";
    world.stack.database.connect().await?.execute(limit, &[&world.workspace]).await?;
    let post = || world.client.request(Method::POST, "/api/v1/imports");
    let said = post().body(vec![b' '; 1001]).send().await?;
    assert_eq!(said.status(), StatusCode::PAYLOAD_TOO_LARGE);
    let inflated = post().header("content-encoding", "gzip").body(gzip(&vec![b' '; 100_000])?).send().await?;
    assert_eq!(inflated.status(), StatusCode::PAYLOAD_TOO_LARGE);
    assert!(inflated.json::<Value>().await?["detail"].as_str().is_some_and(|detail| detail.contains("1000")));
    Ok(())
}

/// A connection on which a test writes what it likes.
pub(crate) async fn raw_upload(world: &World, length: usize, body: &[u8]) -> Result<TcpStream> {
    raw_upload_with(&world.stack.key(&world.workspace, "raw", 1.0).await?, world, length, body).await
}

async fn raw_upload_with(key: &str, world: &World, length: usize, body: &[u8]) -> Result<TcpStream> {
    let address = world.stack.url().trim_start_matches("http://");
    let mut stream = TcpStream::connect(address).await?;
    let head =
        format!("POST /api/v1/imports HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {key}\r\ncontent-length: {length}\r\n\r\n");
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(body).await?;
    Ok(stream)
}

#[tokio::test]
#[cfg_attr(external_app, ignore = "needs an app of its own")]
async fn a_client_that_goes_away_leaves_nothing() -> Result<()> {
    let world = world_in(stack_without_wake_ups(&[]).await?.into()).await?;
    let report = nessus(10_000, 10)?;
    // Small and cut off early, and large enough for its first part to be in the store already.
    for sent in [1000, report.len() - 1] {
        let stream = raw_upload(&world, report.len(), &report[..sent]).await?;
        uploads(&world, 1).await?;
        drop(stream);
        uploads(&world, 0).await?;
    }
    let rows: i64 = world.stack.database.connect().await?.query_one("select count(*) from spillway.imports", &[]).await?.get(0);
    assert_eq!(rows, 0);
    assert_eq!(world.stack.store.list_objects().await?, Vec::<String>::new());
    Ok(())
}

#[tokio::test]
#[cfg_attr(external_app, ignore = "needs an app of its own")]
async fn a_key_that_ends_during_an_upload_makes_no_import() -> Result<()> {
    let world = world_in(stack_without_wake_ups(&[]).await?.into()).await?;
    let (report, database) = (nessus(10_000, 10)?, world.stack.database.connect().await?);
    let revoke = "select spillway.revoke_api_key($1::text::uuid, null)";
    let expire = "update spillway.api_keys set expires_at = now() where id = $1::text::uuid";
    let restrict = "update spillway.api_keys set scopes = '{read}' where id = $1::text::uuid";
    for (end, status) in [(revoke, 401), (expire, 401), (restrict, 403)] {
        let key = key::create(&database, &world.workspace, "ending", &SCOPES, None).await?;
        let mut stream = raw_upload_with(&key.secret, &world, report.len(), &report[..report.len() - 1]).await?;
        uploads(&world, 1).await?;
        database.execute(end, &[&key.about["id"].as_str()]).await?;
        stream.write_all(&report[report.len() - 1..]).await?;
        let mut answer = [0; 12];
        tokio::time::timeout(PATIENCE, stream.read_exact(&mut answer)).await.context("no answer")??;
        assert_eq!(String::from_utf8_lossy(&answer), format!("HTTP/1.1 {status}"), "{end}");
        uploads(&world, 0).await?;
    }
    assert_eq!(world.client.list("imports", "").await?.len(), 0);
    assert_eq!(world.stack.store.list_objects().await?, Vec::<String>::new());
    Ok(())
}

/// Waits until so many uploads are under way.
pub(crate) async fn uploads(world: &World, count: i64) -> Result<()> {
    let database = world.stack.database.connect().await?;
    let come = async {
        while database.query_one("select count(*) from spillway.uploads", &[]).await?.get::<_, i64>(0) != count {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        anyhow::Ok(())
    };
    tokio::time::timeout(PATIENCE, come).await.with_context(|| format!("there are never {count} uploads"))?
}

#[tokio::test]
#[cfg_attr(external_app, ignore = "needs an app of its own")]
async fn a_body_longer_than_it_says_is_cut_at_its_length() -> Result<()> {
    let world = world_in(stack_without_wake_ups(&[]).await?.into()).await?;
    let mut stream = raw_upload(&world, 10, b"0123456789and more that is no request").await?;
    let mut answer = Vec::new();
    tokio::time::timeout(PATIENCE, stream.read_to_end(&mut answer)).await.context("the connection stays open")??;
    let answer = String::from_utf8_lossy(&answer);
    assert!(answer.starts_with("HTTP/1.1 202 "), "{answer}");
    let imports = world.client.list("imports", "").await?;
    assert_eq!((imports.len(), &imports[0]["size_bytes"]), (1, &10.into()));
    assert_eq!(drain(&world.stack).await?["failed"], 1);
    Ok(())
}

#[tokio::test]
async fn a_name_may_be_in_any_script_as_a_header_or_in_the_query() -> Result<()> {
    let world = world().await?;
    let report = nessus(1, 1)?;
    let name = "отчёт 報告.nessus";
    let header = world.client.request(Method::POST, "/api/v1/imports").header("x-file-name", HeaderValue::from_bytes(name.as_bytes())?);
    assert_eq!(ends_with(&world, header.body(report.clone()).send().await?).await?.0, name);
    let query = world.client.request(Method::POST, "/api/v1/imports?file_name=%D0%BE%D1%82%D1%87%D1%91%D1%82%20%E5%A0%B1%E5%91%8A.nessus");
    assert_eq!(ends_with(&world, query.body(report.clone()).send().await?).await?.0, name);
    // Latin-1 a host refuses before a component is asked: README.
    let latin =
        world.client.request(Method::POST, "/api/v1/imports").header("x-file-name", HeaderValue::from_bytes(b"informe-a\xf1o.nessus")?);
    let status = latin.body(report).send().await?.status();
    assert!([StatusCode::BAD_REQUEST, StatusCode::INTERNAL_SERVER_ERROR].contains(&status), "{status}");
    Ok(())
}

#[tokio::test]
async fn the_uploader_may_name_the_format() -> Result<()> {
    let world = world().await?;
    let formats = world.client.get("/api/v1/formats").await?;
    let names: Vec<&str> = formats["items"].as_array().context("items")?.iter().filter_map(|format| format["name"].as_str()).collect();
    assert!(names.contains(&"nessus") && names.contains(&"gitleaks"), "{names:?}");

    let post = |path: &str| world.client.request(Method::POST, path).header("x-file-name", "nothing.json");
    let unknown = post("/api/v1/imports?format=nessos").body("[]").send().await?;
    assert_eq!(unknown.status(), StatusCode::BAD_REQUEST);
    assert!(unknown.json::<Value>().await?["detail"].as_str().context("detail")?.contains("nessos"));

    // What many tools write when they found nothing.
    let empty = post("/api/v1/imports?format=gitleaks").body("[]").send().await?;
    assert_eq!(ends_with(&world, empty).await?, ("nothing.json".into(), 0.into()));
    Ok(())
}
