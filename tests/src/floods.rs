//! Callers who are too many or too slow: what they hold is bounded, they are told so or cut, and beside them another tenant's requests are answered in
//! time. They call from an address of their own.

use std::convert::Infallible;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use futures::future::{join_all, try_join_all};
use reqwest::{Method, StatusCode};
use serde_json::Value;
use stack::Stack;
use stack::client::Client;
use stack::raw::{self, ATTACKER, RawCaller, unfinished_upload};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep, timeout};

use crate::fixture::{NOWHERE, World, nessus, temporary, world_in};

/// Far more than a small request takes on a busy machine, and less than anybody would wait for a page.
/// Connections to the database that all components hold at a time: `runtime-config.toml`.
const CONNECTIONS: usize = 13;
const IN_TIME: Duration = Duration::from_secs(3);
/// Longer than any limit of these tests.
const PATIENCE: Duration = Duration::from_secs(20);

/// An app with limits other than usual.
async fn world_with(limits: &[(&'static str, u64)]) -> Result<World> {
    let mut options = temporary(&[]);
    options.host.limits = limits.iter().copied().collect();
    world_in(Stack::temporary(options).await?.into()).await
}

/// Lets callers do harm. Another tenant works meanwhile, and once more while the harm lasts.
async fn beside<T>(world: &World, harm: impl Future<Output = Result<T>>) -> Result<T> {
    let other = world.stack.client("another").await?;
    let harm = tokio::select! {
        harm = harm => harm?,
        harmed = work(&other) => match harmed? {},
    };
    let report = nessus(10, 1)?;
    let upload = other.upload("a.nessus", report.len() as u64, report).await?;
    let status = other.wait(&upload.id, PATIENCE, |_| ()).await?;
    ensure!(status["state"] == "completed", "{status}");
    Ok(harm)
}

/// Asks for a page again and again, until the answer is not as it should be.
async fn work(client: &Client) -> Result<Infallible> {
    loop {
        let answer = timeout(IN_TIME, client.request(Method::GET, "/api/v1/imports").send()).await;
        let status = answer.context("the other tenant is not answered in time")??.status();
        ensure!(status == StatusCode::OK, "the other tenant is answered {status}");
        sleep(Duration::from_millis(20)).await;
    }
}

fn attacker(world: &World) -> RawCaller {
    RawCaller::new(world.stack.url()).at(ATTACKER)
}

async fn connect(world: &World) -> Result<TcpStream> {
    attacker(world).connect().await
}

async fn send(world: &World, text: &str) -> Result<TcpStream> {
    attacker(world).send(text.as_bytes()).await
}

/// All that comes until the connection ends, which it does in time.
async fn rest(stream: &mut TcpStream) -> Result<String> {
    raw::rest(stream, PATIENCE).await
}

/// The head of the answer, and what came with it.
async fn answer(stream: &mut TcpStream) -> Result<String> {
    raw::first(stream, PATIENCE).await
}

/// Uploads that are held open, and how many were not taken in, by what they were told.
async fn hold_uploads(world: &World, count: usize, key: &str) -> Result<(Vec<TcpStream>, Vec<String>)> {
    let mut streams = try_join_all((0..count).map(async |_| send(world, &unfinished_upload(key)).await)).await?;
    let refused = refused(&mut streams).await;
    Ok((streams, refused))
}

/// What callers are told who are not taken in: the others hear nothing for a while.
async fn refused(streams: &mut [TcpStream]) -> Vec<String> {
    raw::told(streams, Duration::from_secs(2)).await
}

#[tokio::test(flavor = "multi_thread")]
#[cfg_attr(any(external_app, other_host), ignore = "needs limits of local-runtime")]
async fn who_sends_half_a_head_is_cut() -> Result<()> {
    let world = world_with(&[("head_ms", 1500)]).await?;
    let half = "GET /api/v1/findings HTTP/1.1\r\nhost: app\r\nx-slow: ";
    beside(&world, async {
        let mut streams = try_join_all((0..300).map(|number| send(&world, if number % 2 == 0 { half } else { "" }))).await?;
        for stream in &mut streams {
            assert_eq!(rest(stream).await?, "", "what is not there is not answered");
        }
        Ok(())
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
#[cfg_attr(any(external_app, other_host), ignore = "needs limits of local-runtime")]
async fn a_connection_that_nobody_uses_is_closed() -> Result<()> {
    let world = world_with(&[("head_ms", 500)]).await?;
    let mut stream = send(&world, "GET /api/v1/formats HTTP/1.1\r\nhost: app\r\nx: y\r\n\r\n").await?;
    assert!(rest(&mut stream).await?.starts_with("HTTP/1.1 200"));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
#[cfg_attr(any(external_app, other_host), ignore = "needs limits of local-runtime")]
async fn one_address_does_not_get_all_connections() -> Result<()> {
    let world = world_with(&[("connections", 200), ("connections_of_address", 100)]).await?;
    beside(&world, async {
        let mut streams = try_join_all((0..300).map(|_| connect(&world))).await?;
        let refused = refused(&mut streams).await;
        assert_eq!(refused.len(), 200);
        let told = refused.first().context("nobody is refused")?;
        assert!(told.starts_with("HTTP/1.1 503") && told.contains("retry-after"), "{told}");
        Ok(streams)
    })
    .await
    .map(drop)
}

#[tokio::test(flavor = "multi_thread")]
#[cfg_attr(any(external_app, other_host), ignore = "needs limits of local-runtime")]
async fn uploads_that_are_held_open_leave_room_for_others() -> Result<()> {
    let world = world_with(&[("request_wait_ms", 500)]).await?;
    let key = world.stack.key("attacker", "flood", 1.0).await?;
    beside(&world, async {
        let (streams, refused) = hold_uploads(&world, 1010, &key).await?;
        assert!(refused.len() >= 1010 - 96, "{} of 1,010 are refused", refused.len());
        for told in &refused {
            assert!(!told.starts_with("HTTP/1.1 500"), "{told}");
        }
        let told = refused.iter().find(|told| told.starts_with("HTTP/1.1 429")).context("nobody is told of the address")?;
        assert!(told.contains("retry-after") && told.contains("application/problem+json"), "{told}");
        Ok(streams)
    })
    .await
    .map(drop)
}

#[tokio::test(flavor = "multi_thread")]
#[cfg_attr(any(external_app, other_host), ignore = "needs limits of local-runtime")]
async fn who_finds_a_component_busy_waits_and_is_told_so_and_others_go_on() -> Result<()> {
    let world = world_with(&[("requests", 4), ("bodies", 4), ("bodies_of_address", 4), ("request_wait_ms", 300)]).await?;
    let key = world.stack.key("attacker", "flood", 1.0).await?;
    let (streams, refused) = hold_uploads(&world, 4, &key).await?;
    assert!(refused.is_empty(), "{refused:?}");
    let busy = world.answer(Method::GET, "/api/v1/imports").await?;
    assert_eq!((busy.status(), busy.headers().contains_key("retry-after")), (StatusCode::SERVICE_UNAVAILABLE, true));
    let problem: Value = busy.json().await?;
    assert!(problem["detail"].as_str().is_some_and(|detail| detail.contains("4 requests")), "{problem}");
    for path in ["/api/v1/findings", "/api/v1/notifications"] {
        assert_eq!(world.answer(Method::GET, path).await?.status(), StatusCode::OK, "another component");
    }
    drop(streams);
    let started = Instant::now();
    while world.answer(Method::GET, "/api/v1/imports").await?.status() != StatusCode::OK {
        ensure!(started.elapsed() < PATIENCE, "the places stay taken");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
#[cfg_attr(any(external_app, other_host), ignore = "needs limits of local-runtime")]
async fn more_instances_than_there_may_be_are_told_and_no_fault() -> Result<()> {
    let mut options = temporary(&[("app_url", NOWHERE)]);
    options.host.environment.insert("SPIN_MAX_INSTANCE_COUNT".to_owned(), "6".to_owned());
    let world = world_in(Stack::temporary(options).await?.into()).await?;
    let key = world.stack.key("attacker", "flood", 1.0).await?;
    let (_streams, refused) = hold_uploads(&world, 12, &key).await?;
    assert!(!refused.is_empty());
    for told in refused {
        assert!(told.starts_with("HTTP/1.1 503") && told.contains("retry-after"), "{told}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
#[cfg_attr(any(external_app, other_host), ignore = "needs limits of local-runtime")]
async fn who_sends_a_body_too_slowly_is_told_so_and_leaves_nothing() -> Result<()> {
    let world = world_with(&[("send_window_ms", 1000)]).await?;
    let key = world.stack.key(&world.workspace, "slow", 1.0).await?;
    beside(&world, async {
        let mut streams = try_join_all((0..50).map(async |_| send(&world, &unfinished_upload(&key)).await)).await?;
        let told = join_all(streams.iter_mut().map(async |stream| {
            let (mut from, mut to) = stream.split();
            let trickle = async {
                while to.write_all(b"<").await.is_ok() {
                    sleep(Duration::from_millis(50)).await;
                }
                // Until the answer is read.
                std::future::pending::<()>().await;
            };
            let mut told = Vec::new();
            tokio::select! {
                () = trickle => bail!("it never ends"),
                // Who is cut may find the connection reset behind the answer.
                read = timeout(PATIENCE, from.read_to_end(&mut told)) => drop(read.context("the connection is kept")?),
            }
            Ok(String::from_utf8_lossy(&told).into_owned())
        }))
        .await;
        for told in told {
            let told = told?;
            assert!(told.starts_with("HTTP/1.1 408") && told.contains("too slowly"), "{told}");
        }
        Ok(())
    })
    .await?;
    assert_eq!(world.client.list("imports", "").await?.len(), 0);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
#[cfg_attr(any(external_app, other_host), ignore = "needs limits of local-runtime")]
async fn who_sends_as_fast_as_is_least_is_waited_for() -> Result<()> {
    let world = world_with(&[("send_window_ms", 500)]).await?;
    let key = world.stack.key(&world.workspace, "steady", 1.0).await?;
    let report = nessus(20, 1)?;
    let head =
        format!("POST /api/v1/imports HTTP/1.1\r\nhost: app\r\nauthorization: Bearer {key}\r\ncontent-length: {}\r\n\r\n", report.len());
    let mut stream = send(&world, &head).await?;
    for piece in report.chunks(report.len().div_ceil(20)) {
        stream.write_all(piece).await?;
        sleep(Duration::from_millis(100)).await;
    }
    let told = answer(&mut stream).await?;
    assert!(told.starts_with("HTTP/1.1 202"), "{told}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
#[cfg_attr(any(external_app, other_host), ignore = "needs limits of local-runtime")]
async fn who_takes_an_answer_too_slowly_is_cut() -> Result<()> {
    const REQUESTS: usize = 400;
    let world = world_with(&[("take_window_ms", 1000)]).await?;
    let request = "GET /api/v1/formats HTTP/1.1\r\nhost: app\r\n\r\n".repeat(REQUESTS);
    beside(&world, async {
        let mut streams = try_join_all((0..20).map(|_| send(&world, &request))).await?;
        sleep(Duration::from_secs(4)).await;
        for stream in &mut streams {
            let answers = rest(stream).await?.matches("HTTP/1.1 200").count();
            assert!((1..REQUESTS).contains(&answers), "{answers} answers");
        }
        Ok(())
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
#[cfg_attr(any(external_app, other_host), ignore = "needs limits of local-runtime")]
async fn imports_that_compute_leave_others_their_time() -> Result<()> {
    let world = world_with(&[]).await?;
    let report = nessus(20_000, 200)?;
    beside(&world, async {
        for status in try_join_all((0..4).map(|_| world.import("large.nessus", report.clone()))).await? {
            assert_eq!(status["state"], "completed", "{status}");
        }
        Ok(())
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
#[cfg_attr(any(external_app, other_host), ignore = "needs limits of local-runtime")]
async fn a_head_that_is_too_large_is_told_so() -> Result<()> {
    let world = world_with(&[]).await?;
    let request = |headers: &str| format!("GET /api/v1/formats HTTP/1.1\r\nhost: app\r\n{headers}connection: close\r\n\r\n");
    let large = format!("x-large: {}\r\n", "x".repeat(100 * 1024));
    let many = "x: y\r\n".repeat(10_000);
    beside(&world, async {
        for headers in [large, many] {
            let told = rest(&mut send(&world, &request(&headers)).await?).await?;
            assert!(told.starts_with("HTTP/1.1 431"), "{told}");
        }
        let told = rest(&mut send(&world, &request(&format!("x-large: {}\r\n", "x".repeat(60 * 1024)))).await?).await?;
        assert!(told.starts_with("HTTP/1.1 200"), "{told}");
        Ok(())
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
#[cfg_attr(any(external_app, other_host), ignore = "needs limits of local-runtime")]
async fn who_waits_too_long_for_a_connection_to_the_database_is_told_so() -> Result<()> {
    let world = world_with(&[]).await?;
    let database = world.stack.database.connect().await?;
    // Longer than anybody waits, and then let go.
    database.batch_execute("begin; lock table spillway.imports in access exclusive mode").await?;
    let world = &world;
    let ask = |path| async move {
        let answer = world.answer(Method::GET, path).await?;
        let (status, retry) = (answer.status(), answer.headers().contains_key("retry-after"));
        anyhow::Ok((status, retry, answer.text().await?))
    };
    let asked = Instant::now();
    // Those that have one wait for the lock as long as the role of imports may.
    let holders: Vec<_> = (0..CONNECTIONS).map(|_| ask("/api/v1/imports")).collect();
    let holders = join_all(holders);
    let waiters = async {
        sleep(Duration::from_secs(1)).await;
        let answers = try_join_all(["/api/v1/findings", "/api/v1/notifications", "/api/v1/imports"].repeat(8).into_iter().map(ask)).await?;
        for (status, retry, body) in answers {
            let problem: Value = serde_json::from_str(&body).with_context(|| format!("{status} {body:?}"))?;
            ensure!((status, retry) == (StatusCode::SERVICE_UNAVAILABLE, true), "{status} {body}");
            ensure!(problem["detail"].as_str().is_some_and(|detail| detail.contains("try again")), "{problem}");
        }
        ensure!(asked.elapsed() < PATIENCE, "they wait for {:?}", asked.elapsed());
        database.batch_execute("rollback").await?;
        anyhow::Ok(())
    };
    let (held, waited) = tokio::join!(holders, waiters);
    waited?;
    for answer in held {
        assert_eq!(answer?.0, StatusCode::OK);
    }
    Ok(())
}
