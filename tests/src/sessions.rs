//! Pages that show a cookie instead of a key.

use std::time::Duration;

use admin::key::{self, Key, SCOPES, Scope};
use anyhow::{Context as _, Result};
use reqwest::{Method, RequestBuilder, Response, StatusCode};
use serde_json::{Value, json};
use stack::client::Client;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::fixture::{PATIENCE, World, nessus, stack_with, stack_without_wake_ups, world, world_in};
use crate::upload::uploads;

const COOKIE: &str = "__Host-spillway";
/// An origin whose pages may call, and one whose may not.
const OURS: &str = "https://app.example";
const FOREIGN: &str = "https://evil.example";

/// A page that has made a session.
pub(crate) struct Page {
    url: String,
    token: String,
}

impl Page {
    /// A page whose visitor shows it a key.
    pub(crate) async fn with_key(url: &str, key: &str) -> Result<Self> {
        let answer = log_in(url, key).send().await?;
        assert_eq!(answer.status(), StatusCode::CREATED);
        let cookie = answer.headers()["set-cookie"].to_str()?.to_owned();
        let token = cookie.strip_prefix(COOKIE).and_then(|rest| rest.strip_prefix('=')?.split(';').next()).context("no token")?;
        assert_eq!(cookie, format!("{COOKIE}={token}; Path=/; Max-Age=43200; HttpOnly; Secure; SameSite=Strict"));
        assert!(token.len() == 43 && !answer.text().await?.contains(token), "no script reads it");
        Ok(Self { url: url.to_owned(), token: token.to_owned() })
    }

    /// A page of a world, with a key of its own.
    async fn of(world: &World) -> Result<Self> {
        Self::with_key(world.stack.url(), &new_key(world, &SCOPES).await?.secret).await
    }

    /// A request as a browser sends it whoever made it.
    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        with_cookies(&self.url, method, path, &format!("theme=dark; {COOKIE}={}", self.token))
    }

    /// A request of the page itself.
    pub(crate) fn own_request(&self, method: Method, path: &str) -> RequestBuilder {
        self.request(method, path).header("origin", &self.url).header("spillway-request", "1")
    }
}

fn with_cookies(url: &str, method: Method, path: &str, cookies: &str) -> RequestBuilder {
    reqwest::Client::new().request(method, format!("{url}{path}")).header("cookie", cookies)
}

fn log_in(url: &str, key: &str) -> RequestBuilder {
    reqwest::Client::new().post(format!("{url}/api/v1/session")).body(json!({"key": key}).to_string())
}

async fn new_key(world: &World, scopes: &[Scope]) -> Result<Key> {
    key::create(&world.stack.database.connect().await?, &world.workspace, "page", scopes, Some(1.0)).await
}

/// Status and kind of problem of an answer.
async fn problem(answer: Response) -> Result<(u16, String)> {
    let status = answer.status().as_u16();
    let document: Value = answer.json().await?;
    Ok((status, document["type"].as_str().unwrap_or_default().trim_start_matches("urn:spillway:problem:").to_owned()))
}

fn is(status: u16, kind: &str) -> (u16, String) {
    (status, kind.to_owned())
}

#[tokio::test]
async fn a_page_works_with_a_session_until_it_ends_it() -> Result<()> {
    let world = world().await?;
    let key = new_key(&world, &SCOPES).await?;
    let page = Page::with_key(world.stack.url(), &key.secret).await?;
    let session: Value = page.request(Method::GET, "/api/v1/session").send().await?.json().await?;
    assert_eq!(
        (&session["workspace"], &session["key"]["id"], &session["key"]["name"]),
        (&json!(world.workspace), &key.about["id"], &json!("page"))
    );
    assert_eq!(session["key"]["scopes"], json!(["upload", "read", "triage"]));

    let upload = page.own_request(Method::POST, "/api/v1/imports").body(nessus(10, 1)?).send().await?;
    assert_eq!(upload.status(), StatusCode::ACCEPTED);
    let id = upload.json::<Value>().await?["id"].as_str().context("id")?.to_owned();
    world.client.wait(&id, PATIENCE, |_| ()).await?;
    let findings = page.request(Method::GET, "/api/v1/findings").send().await?;
    assert_eq!((findings.status(), findings.headers()["vary"].to_str()?), (StatusCode::OK, "authorization, cookie, origin"));
    assert_eq!(page.own_request(Method::POST, "/api/v1/notifications/read").send().await?.status(), StatusCode::OK);
    assert_eq!(problem(page.request(Method::GET, "/api/v1/keys").send().await?).await?, is(403, "forbidden"), "what the key may not");

    let ended = page.own_request(Method::DELETE, "/api/v1/session").send().await?;
    assert_eq!((ended.status(), ended.headers()["set-cookie"].to_str()?.split(';').next()), (StatusCode::OK, Some("__Host-spillway=")));
    assert!(ended.headers()["set-cookie"].to_str()?.contains("; Max-Age=0;"));
    for (method, path) in [(Method::GET, "/api/v1/findings"), (Method::GET, "/api/v1/session"), (Method::DELETE, "/api/v1/session")] {
        assert_eq!(problem(page.own_request(method, path).send().await?).await?, is(401, "unauthorized"), "{path}");
    }
    let by_key = Client::new(world.stack.url(), &key.secret).request(Method::DELETE, "/api/v1/session").send().await?;
    assert_eq!(problem(by_key).await?, is(404, "not-found"), "a key is no session");
    let events = crate::keys::ruler(&world).await?.list("events", "").await?;
    let done = |action: &str| events.iter().filter(|event| event["action"] == action && event["actor"] == "page").count();
    assert_eq!((done("session.created"), done("session.ended"), done("import.created")), (1, 1, 1));
    Ok(())
}

#[tokio::test]
async fn no_other_page_changes_anything_with_a_session() -> Result<()> {
    let world = world().await?;
    world.import("a.nessus", nessus(20, 2)?).await?;
    let page = Page::of(&world).await?;
    let finding = format!("/api/v1/findings/{}", world.client.list("findings", "").await?[0]["id"].as_str().context("id")?);
    let before = world.contents().await?;
    let (own, port) = (world.stack.url(), world.stack.url().rsplit(':').next().context("a port")?.to_owned());
    let origins =
        [FOREIGN, "null", "", "https://127.0.0.1", &format!("http://localhost:{port}"), &format!("{own}/"), &format!("{own}.evil.example")];
    let closed = json!({"status": "closed"}).to_string();
    let changes = [
        (Method::POST, "/api/v1/imports"),
        (Method::PATCH, finding.as_str()),
        (Method::POST, "/api/v1/notifications/read"),
        (Method::POST, "/api/v1/datasets"),
        (Method::POST, "/api/v1/keys"),
        (Method::DELETE, "/api/v1/session"),
    ];
    for (method, path) in changes {
        let request = || page.request(method.clone(), path).body(closed.clone());
        let mut refused = vec![request(), request().header("origin", own), request().header("spillway-request", "1")];
        refused.extend(origins.map(|origin| request().header("origin", origin).header("spillway-request", "1")));
        refused.push(request().header("origin", own).header("origin", FOREIGN).header("spillway-request", "1"));
        for (number, request) in refused.into_iter().enumerate() {
            assert_eq!(problem(request.send().await?).await?, is(403, "forbidden-origin"), "{method} {path}, {number}");
        }
    }
    crate::fixture::assert_same(&before, &world.contents().await?);
    assert_eq!(
        page.request(Method::GET, "/api/v1/session").header("origin", FOREIGN).send().await?.status(),
        StatusCode::OK,
        "what is read, browsers keep from them"
    );
    assert_eq!(page.own_request(Method::PATCH, &finding).body(closed).send().await?.status(), StatusCode::OK);

    let key = new_key(&world, &SCOPES).await?;
    for origin in origins {
        let answer = log_in(world.stack.url(), &key.secret).header("origin", origin).send().await?;
        assert_eq!(problem(answer).await?, is(403, "forbidden-origin"), "{origin}: nor does it make one");
    }
    Ok(())
}

#[tokio::test]
#[cfg_attr(external_app, ignore = "needs an app of its own")]
async fn pages_of_known_origins_work_with_a_session() -> Result<()> {
    let world = world_in(stack_with(&[("cors_origins", OURS)]).await?.into()).await?;
    let page = Page::of(&world).await?;
    let read = |origin: &str| {
        page.request(Method::POST, "/api/v1/notifications/read").header("origin", origin).header("spillway-request", "1").send()
    };
    let answer = read(OURS).await?;
    assert_eq!((answer.status(), answer.headers()["access-control-allow-credentials"].to_str()?), (StatusCode::OK, "true"));
    assert_eq!(problem(read(FOREIGN).await?).await?, is(403, "forbidden-origin"));
    let preflight = |origin: &str| {
        let request = reqwest::Client::new().request(Method::OPTIONS, format!("{}/api/v1/notifications/read", world.stack.url()));
        request.header("origin", origin).header("access-control-request-method", "POST").send()
    };
    let allowed = preflight(OURS).await?;
    assert_eq!(&allowed.headers()["access-control-allow-credentials"], "true");
    assert!(allowed.headers()["access-control-allow-headers"].to_str()?.split(", ").any(|name| name == "spillway-request"));
    let refused = preflight(FOREIGN).await?;
    assert_eq!(refused.status(), StatusCode::METHOD_NOT_ALLOWED);
    assert!(
        ["credentials", "headers", "origin"].iter().all(|what| !refused.headers().contains_key(format!("access-control-allow-{what}")))
    );
    assert_eq!(
        log_in(world.stack.url(), &new_key(&world, &SCOPES).await?.secret).header("origin", OURS).send().await?.status(),
        StatusCode::CREATED
    );
    Ok(())
}

#[tokio::test]
async fn what_is_no_session_is_told() -> Result<()> {
    let world = world().await?;
    let other = world_in(world.stack.clone()).await?;
    let key = new_key(&world, &SCOPES).await?;
    let (url, page) = (world.stack.url(), Page::with_key(world.stack.url(), &key.secret).await?);
    let named = |token: &str| format!("{COOKIE}={token}");
    for (cookies, status) in [
        (String::new(), 401),
        (named(""), 401),
        (named("unknown"), 401),
        (named(&key.secret), 401),
        (named(&"x".repeat(2000)), 401),
        (format!("spillway={}", page.token), 401),
        (format!("{}; {}", named(&page.token), named("x")), 400),
        (format!("{}; x={}", named(&page.token), "x".repeat(20_000)), 400),
    ] {
        let answer = with_cookies(url, Method::GET, "/api/v1/findings", &cookies).send().await?;
        assert_eq!(answer.status().as_u16(), status, "{cookies:.80}");
        assert_eq!(answer.headers()["content-type"], "application/problem+json");
        assert_eq!(answer.headers().contains_key("www-authenticate"), status == 401);
    }
    let huge =
        with_cookies(url, Method::GET, "/api/v1/findings", &format!("{}; x={}", named(&page.token), "x".repeat(100_000))).send().await?;
    assert!([StatusCode::BAD_REQUEST, StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE].contains(&huge.status()), "{}", huge.status());
    let as_key = Client::new(url, &page.token).request(Method::GET, "/api/v1/findings").send().await?;
    assert_eq!(problem(as_key).await?, is(401, "unauthorized"), "a token is no key");

    // Where there are both, the header counts.
    let session = |request: RequestBuilder| async move { anyhow::Ok(request.send().await?.json::<Value>().await?["workspace"].clone()) };
    let both = other.client.request(Method::GET, "/api/v1/session").header("cookie", named(&page.token));
    assert_eq!(session(both).await?, json!(other.workspace));
    assert_eq!(session(page.request(Method::GET, "/api/v1/session")).await?, json!(world.workspace));
    let wrong = page.request(Method::GET, "/api/v1/session").header("authorization", "Basic x").send().await?;
    assert_eq!(problem(wrong).await?, is(401, "unauthorized"));
    let by_key = world.client.request(Method::POST, "/api/v1/notifications/read").header("cookie", named(&page.token)).send().await?;
    assert_eq!(by_key.status(), StatusCode::OK, "which needs no origin");

    for (body, status) in [("", 400), ("{}", 400), ("{\"key\": \"spw_unknown\"}", 401), ("{\"key\": 1}", 400), ("[]", 400)] {
        let answer = reqwest::Client::new().post(format!("{url}/api/v1/session")).body(body).send().await?;
        assert!(answer.status().as_u16() == status && !answer.headers().contains_key("set-cookie"), "{body}");
    }
    Ok(())
}

/// What ends a session beside its own page: its time, and its key.
const ENDS: [&str; 3] = [
    "update spillway.sessions s set expires_at = now() where s.key_id = $1::text::uuid",
    "select spillway.revoke_api_key($1::text::uuid, null)",
    "update spillway.api_keys set expires_at = now() where id = $1::text::uuid",
];

#[tokio::test]
#[cfg_attr(external_app, ignore = "needs an app of its own")]
async fn a_session_that_ends_during_an_upload_makes_no_import() -> Result<()> {
    let world = world_in(stack_without_wake_ups(&[]).await?.into()).await?;
    let (report, database) = (nessus(10_000, 10)?, world.stack.database.connect().await?);
    let address = world.stack.url().trim_start_matches("http://");
    for end in ENDS {
        let key = new_key(&world, &SCOPES).await?;
        let page = Page::with_key(world.stack.url(), &key.secret).await?;
        let mut stream = TcpStream::connect(address).await?;
        let head = format!(
            "POST /api/v1/imports HTTP/1.1\r\nhost: {address}\r\norigin: http://{address}\r\nspillway-request: 1\r\ncookie: {COOKIE}={}\r\n\
            content-length: {}\r\n\r\n",
            page.token,
            report.len()
        );
        stream.write_all(head.as_bytes()).await?;
        stream.write_all(&report[..report.len() - 1]).await?;
        uploads(&world, 1).await?;
        database.execute(end, &[&key.about["id"].as_str()]).await?;
        stream.write_all(&report[report.len() - 1..]).await?;
        let mut answer = [0; 12];
        tokio::time::timeout(PATIENCE, stream.read_exact(&mut answer)).await.context("no answer")??;
        assert_eq!(String::from_utf8_lossy(&answer), "HTTP/1.1 401", "{end}");
        uploads(&world, 0).await?;
        assert_eq!(page.request(Method::GET, "/api/v1/findings").send().await?.status(), StatusCode::UNAUTHORIZED, "{end}");
    }
    assert_eq!(world.client.list("imports", "").await?.len(), 0);
    assert_eq!(world.stack.store.list_objects().await?, Vec::<String>::new());
    Ok(())
}

#[tokio::test]
async fn a_key_has_so_many_sessions_however_many_are_made_at_once() -> Result<()> {
    let world = world().await?;
    let key = new_key(&world, &SCOPES).await?;
    let first = Page::with_key(world.stack.url(), &key.secret).await?;
    tokio::time::sleep(Duration::from_millis(10)).await;
    let made = futures::future::try_join_all((0..110).map(|_| log_in(world.stack.url(), &key.secret).send())).await?;
    assert!(made.iter().all(|answer| answer.status() == StatusCode::CREATED));
    let valid = "select count(*) from spillway.sessions where key_id = $1::text::uuid and expires_at > now()";
    let database = world.stack.database.connect().await?;
    assert_eq!(database.query_one(valid, &[&key.about["id"].as_str()]).await?.get::<_, i64>(0), 100);
    assert_eq!(first.request(Method::GET, "/api/v1/findings").send().await?.status(), StatusCode::UNAUTHORIZED, "the oldest ended");
    Ok(())
}
