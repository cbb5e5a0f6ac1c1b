//! The proxy in front, as `docs/nginx.conf` has it and the README says: nginx itself, over TLS. Callers have addresses of their own.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use futures::StreamExt as _;
use futures::future::{join_all, try_join_all};
use reqwest::{Body, Method, StatusCode};
use serde_json::Value;
use stack::client::Client;
use stack::nginx::{self, Nginx};
use stack::paths::TemporaryDir;
use stack::postgres::Identity;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::time::{Instant, sleep, timeout};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::ring::default_provider;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use crate::fixture::{World, nessus, world};
use crate::network::identity;

/// Those who call.
const ONE: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);
const ANOTHER: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 3);
/// Longer than any time-out of the configuration that is waited for.
const PATIENCE: Duration = Duration::from_secs(30);
/// Uploads of one address at a time, as the configuration has it.
const UPLOADS: usize = 16;

/// nginx in front of an app.
struct Front {
    world: World,
    nginx: Nginx,
    identity: Identity,
    _dir: TemporaryDir,
}

impl Front {
    /// None where nginx cannot be had.
    async fn start() -> Result<Option<Self>> {
        let Some(program) = nginx::find() else {
            eprintln!("SKIPPED: there is no nginx");
            return Ok(None);
        };
        let (world, identity, dir) = (world().await?, identity()?, TemporaryDir::new("nginx")?);
        let nginx = Nginx::start(&program, dir.path(), world.stack.url(), &identity).await?;
        Ok(Some(Self { world, nginx, identity, _dir: dir }))
    }

    /// A connection from an address.
    async fn connect(&self, from: Ipv4Addr) -> Result<TlsStream<TcpStream>> {
        connect(from, self.nginx.port(), connector(&self.identity)?).await
    }

    /// A caller at an address, with the key of a workspace. What it says goes over TLS from there.
    async fn caller(&self, from: Ipv4Addr, workspace: &str) -> Result<Client> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let (url, port, tls) = (format!("http://{}", listener.local_addr()?), self.nginx.port(), connector(&self.identity)?);
        tokio::spawn(async move {
            while let Ok((mut near, _)) = listener.accept().await {
                let tls = tls.clone();
                tokio::spawn(async move {
                    if let Ok(mut far) = connect(from, port, tls).await {
                        let _ = copy_bidirectional(&mut near, &mut far).await;
                    }
                });
            }
        });
        let key = self.world.stack.key(workspace, "behind nginx", 1.0).await?;
        Ok(Client::new(&url, &key))
    }
}

fn connector(identity: &Identity) -> Result<TlsConnector> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(identity.authority.as_bytes())?)?;
    let config = ClientConfig::builder_with_provider(Arc::new(default_provider())).with_safe_default_protocol_versions()?;
    Ok(TlsConnector::from(Arc::new(config.with_root_certificates(roots).with_no_client_auth())))
}

async fn connect(from: Ipv4Addr, port: u16, tls: TlsConnector) -> Result<TlsStream<TcpStream>> {
    let socket = TcpSocket::new_v4()?;
    socket.bind((from, 0).into())?;
    let stream = socket.connect((Ipv4Addr::LOCALHOST, port).into()).await?;
    Ok(tls.connect(ServerName::try_from("localhost")?, stream).await?)
}

/// A body of which some is there, and the rest never comes.
fn unfinished(start: Vec<u8>) -> Body {
    Body::wrap_stream(futures::stream::iter([anyhow::Ok(start)]).chain(futures::stream::pending()))
}

#[tokio::test(flavor = "multi_thread")]
#[cfg_attr(external_app, ignore = "needs an app of its own")]
async fn an_import_goes_through_nginx_and_its_upload_as_it_comes() -> Result<()> {
    const PARTS: usize = 9 << 20;
    let Some(front) = Front::start().await? else { return Ok(()) };
    let caller = front.caller(ONE, &front.world.workspace).await?;
    let report = nessus(1000, 10)?;
    let upload = caller.upload("a.nessus", report.len() as u64, report.clone()).await?;
    assert_eq!(caller.wait(&upload.id, PATIENCE, |_| ()).await?["counts"]["occurrences"]["new"], 1000);
    assert_eq!(caller.list("findings", "").await?.len(), front.world.client.list("findings", "").await?.len());

    // The app has begun to store what is not whole yet.
    let mut start = report;
    start.resize(PARTS, b' ');
    let sending = caller.request(Method::POST, "/api/v1/imports").body(unfinished(start)).send();
    let database = front.world.stack.database.connect().await?;
    let seen = async {
        let parts = "select exists (select from spillway.uploads u join spillway.workspaces w on w.id = u.workspace_id
            where w.name = $1 and u.parts_id is not null)";
        while !database.query_one(parts, &[&front.world.workspace]).await?.get::<_, bool>(0) {
            sleep(Duration::from_millis(50)).await;
        }
        anyhow::Ok(())
    };
    tokio::select! {
        answer = sending => panic!("it is answered before it is there: {answer:?}"),
        seen = timeout(PATIENCE, seen) => seen.context("the app sees nothing of it")?,
    }
}

#[tokio::test(flavor = "multi_thread")]
#[cfg_attr(external_app, ignore = "needs an app of its own")]
async fn nginx_passes_on_nothing_but_the_api() -> Result<()> {
    let Some(front) = Front::start().await? else { return Ok(()) };
    for path in [
        "/internal/drain",
        "//internal/drain",
        "/%69nternal/drain",
        "/api/../internal/drain",
        "/api/%2e%2e/internal/drain",
        "/.well-known/spin/info",
        "/metrics",
        "/",
    ] {
        for method in ["GET", "POST"] {
            let mut stream = front.connect(ONE).await?;
            let request = format!("{method} {path} HTTP/1.1\r\nhost: app\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
            stream.write_all(request.as_bytes()).await?;
            let mut answer = String::new();
            let _ = stream.read_to_string(&mut answer).await;
            assert!(answer.starts_with("HTTP/1.1 404") && answer.contains("nginx"), "{method} {path}: {answer}");
        }
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
#[cfg_attr(external_app, ignore = "needs an app of its own")]
async fn nginx_cuts_who_sends_half_a_head() -> Result<()> {
    let Some(front) = Front::start().await? else { return Ok(()) };
    let other = front.caller(ANOTHER, &front.world.workspace).await?;
    let mut streams = try_join_all((0..300).map(|_| front.connect(ONE))).await?;
    for stream in &mut streams {
        stream.write_all(b"GET /api/v1/findings HTTP/1.1\r\nx-slow: ").await?;
    }
    let started = Instant::now();
    assert_eq!(other.request(Method::GET, "/api/v1/findings").send().await?.status(), StatusCode::OK);
    for stream in &mut streams {
        // A connection that is reset is over, too.
        let _ = timeout(PATIENCE, stream.read_to_end(&mut Vec::new())).await.context("it is kept")?;
    }
    ensure!(started.elapsed() > Duration::from_secs(5), "they are cut for another reason");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
#[cfg_attr(external_app, ignore = "needs an app of its own")]
async fn nginx_limits_uploads_and_requests_of_an_address() -> Result<()> {
    let Some(front) = Front::start().await? else { return Ok(()) };
    let (one, another) = (front.caller(ONE, "one").await?, front.caller(ANOTHER, &front.world.workspace).await?);
    let held = join_all((0..UPLOADS + 4).map(|_| {
        let upload = one.request(Method::POST, "/api/v1/imports").body(unfinished(vec![b'<']));
        timeout(Duration::from_secs(5), upload.send())
    }));
    let others = async {
        sleep(Duration::from_secs(2)).await;
        let report = nessus(10, 1)?;
        let upload = another.upload("a.nessus", report.len() as u64, report).await?;
        another.wait(&upload.id, PATIENCE, |_| ()).await
    };
    let (held, others) = tokio::join!(held, others);
    assert_eq!(others?["state"], "completed");
    let refused: Vec<_> = held.into_iter().filter_map(Result::ok).collect();
    assert_eq!(refused.len(), 4);
    for answer in refused {
        let answer = answer?;
        assert_eq!((answer.status(), answer.headers().contains_key("retry-after")), (StatusCode::TOO_MANY_REQUESTS, true));
        assert_eq!(answer.json::<Value>().await?["status"], 429);
    }

    let ask = async |caller: &Client| anyhow::Ok(caller.request(Method::GET, "/api/v1/formats").send().await?.status());
    let answers = try_join_all((0..10).map(async |_| {
        let mut answers = Vec::new();
        for _ in 0..40 {
            answers.push(ask(&one).await?);
        }
        anyhow::Ok(answers)
    }))
    .await?
    .concat();
    let refused = answers.iter().filter(|status| **status == StatusCode::TOO_MANY_REQUESTS).count();
    assert!((1..300).contains(&refused), "{refused} of {} are refused", answers.len());
    assert_eq!(ask(&another).await?, StatusCode::OK);
    Ok(())
}
