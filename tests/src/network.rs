//! What lies between the app and what it needs, as it is where Spillway is run for real: far away, behind TLS, scarce.

use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use admin::Role;
use anyhow::{Context as _, Result, ensure};
use futures::future::join_all;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use reqwest::{Method, StatusCode};
use serde_json::json;
use stack::client;
use stack::paths::TemporaryDir;
use stack::postgres::{Cluster, Identity, Options};
use stack::{Stack, Temporary};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::time::Instant;

use crate::fixture::{DRAIN_TOKEN, NOWHERE, PATIENCE, World, drain, nessus, temporary, world_in};

mod proxy;

use proxy::{Proxy, Way};

/// An authority of its own, and a certificate from it for this machine.
pub(crate) fn identity() -> Result<Identity> {
    let mut authority = CertificateParams::new(Vec::new())?;
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority_key = KeyPair::generate()?;
    let authority_certificate = authority.self_signed(&authority_key)?;
    let key = KeyPair::generate()?;
    let certificate = CertificateParams::new(vec!["localhost".to_owned(), "127.0.0.1".to_owned()])?;
    let certificate = certificate.signed_by(&key, &Issuer::new(authority, authority_key))?;
    Ok(Identity { certificate: certificate.pem(), key: key.serialize_pem(), authority: authority_certificate.pem() })
}

/// Waits until something holds.
async fn until(what: &str, mut holds: impl AsyncFnMut() -> Result<bool>) -> Result<()> {
    let started = Instant::now();
    while !holds().await? {
        ensure!(started.elapsed() < PATIENCE, "never: {what}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Ok(())
}

/// Waits until a component has logged these words.
async fn logged(world: &World, component: &str, words: &str) -> Result<()> {
    let runtime = world.stack.runtime.as_ref().context("no runtime")?;
    let come = until(&format!("{component} logs {words:?}"), async || Ok(runtime.component_log(component).contains(words))).await;
    come.with_context(|| runtime.component_log(component))
}

/// What the host logs itself: runs of the schedule that failed.
fn host_log(world: &World) -> Result<String> {
    Ok(std::fs::read_to_string(world.stack.runtime.as_ref().context("no runtime")?.log_file())?)
}

/// An app that reaches itself by way of a proxy only.
async fn behind(proxy: &Proxy, identity: &Identity, dir: &Path) -> Result<World> {
    let (ca, config) = (dir.join("ca.pem"), dir.join("runtime-config.toml"));
    std::fs::write(&ca, &identity.authority)?;
    let mut file = std::fs::File::create(&config)?;
    writeln!(
        file,
        "[[client_tls]]\ncomponent_ids = [\"imports\", \"drain\", \"tick\"]\nhosts = [\"localhost\"]\nca_roots_file = '{}'",
        ca.display()
    )?;
    let mut options = temporary(&[("app_url", &proxy.url())]);
    options.host.runtime_config = Some(config);
    let stack = Stack::temporary(options).await?;
    proxy.pass_on_to(stack.url())?;
    world_in(stack.into()).await
}

async fn a_wake_up_arrives_from(way: Duration) -> Result<()> {
    let (identity, dir) = (identity()?, TemporaryDir::new("proxy")?);
    let proxy = Proxy::start(Way::Far(way), &identity).await?;
    let world = behind(&proxy, &identity, dir.path()).await?;
    let status = world.import("a.nessus", nessus(10, 1)?).await?;
    assert_eq!(status["state"], "completed", "{status}");
    let log = [world.stack.runtime.as_ref().context("no runtime")?.component_log("imports"), host_log(&world)?].concat();
    assert!(!log.contains("could not be woken"), "{log}");
    Ok(())
}

#[tokio::test]
#[cfg_attr(external_app, ignore = "needs an app of its own")]
async fn a_wake_up_arrives_by_way_of_a_proxy_60_ms_away() -> Result<()> {
    a_wake_up_arrives_from(Duration::from_millis(60)).await
}

#[tokio::test]
#[cfg_attr(external_app, ignore = "needs an app of its own")]
async fn a_wake_up_arrives_by_way_of_a_proxy_300_ms_away() -> Result<()> {
    a_wake_up_arrives_from(Duration::from_millis(300)).await
}

#[tokio::test]
#[cfg_attr(external_app, ignore = "needs an app of its own")]
async fn a_drain_can_be_woken_without_the_network() -> Result<()> {
    let world = world_in(Stack::temporary(temporary(&[("app_url", "http://drain.spin.internal")])).await?.into()).await?;
    assert_eq!(world.import("a.nessus", nessus(10, 1)?).await?["state"], "completed");
    let log = [world.stack.runtime.as_ref().context("no runtime")?.component_log("imports"), host_log(&world)?].concat();
    assert!(!log.contains("could not be woken"), "{log}");
    Ok(())
}

#[tokio::test]
#[cfg_attr(external_app, ignore = "needs an app of its own")]
async fn every_second_wake_up_may_be_lost() -> Result<()> {
    let (identity, dir) = (identity()?, TemporaryDir::new("proxy")?);
    let proxy = Proxy::start(Way::Unreliable, &identity).await?;
    let world = behind(&proxy, &identity, dir.path()).await?;
    for _ in 0..4 {
        assert_eq!(world.import("a.nessus", nessus(10, 1)?).await?["state"], "completed");
    }
    logged(&world, "imports", "the drain could not be woken, the schedule will: no answer from https://localhost").await
}

#[tokio::test]
#[cfg_attr(external_app, ignore = "needs an app of its own")]
async fn where_no_wake_up_arrives_the_log_says_so_and_for_how_long_imports_wait() -> Result<()> {
    let (identity, dir) = (identity()?, TemporaryDir::new("proxy")?);
    let proxy = Proxy::start(Way::Broken, &identity).await?;
    let world = behind(&proxy, &identity, dir.path()).await?;
    world.upload("a.nessus", nessus(10, 1)?).await?;
    logged(&world, "imports", "the drain could not be woken").await?;
    until("the schedule's failure is logged", async || Ok(host_log(&world)?.contains("the drain could not be woken"))).await?;
    let earlier = "update spillway.import_queue set available_at = now() - interval '1 minute'";
    world.stack.database.connect().await?.execute(earlier, &[]).await?;
    logged(&world, "tick", "and no drain works on any").await
}

#[tokio::test]
#[cfg_attr(external_app, ignore = "needs an app of its own")]
async fn an_app_url_that_leads_elsewhere_is_told() -> Result<()> {
    let elsewhere = TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}", elsewhere.local_addr()?);
    let answering = tokio::spawn(async move {
        while let Ok((mut stream, _)) = elsewhere.accept().await {
            // One answer for all, once something has come.
            let _ = stream.read(&mut [0; 1024]).await;
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nOK").await;
        }
    });
    let world = world_in(Stack::temporary(temporary(&[("app_url", &url)])).await?.into()).await?;
    world.upload("a.nessus", nessus(10, 1)?).await?;
    logged(&world, "imports", "is no drain: app_url leads elsewhere").await?;
    until("the schedule sees it, too", async || Ok(host_log(&world)?.contains("is no drain: app_url leads elsewhere"))).await?;
    answering.abort();
    Ok(())
}

/// Over a server with so many connections.
async fn scarce(connections: u32, variables: &[(&str, &str)]) -> Result<Temporary> {
    let settings = vec![("max_connections", connections.to_string())];
    let cluster = Cluster::start_temporary_with(Options { settings, ..Options::default() }).await?;
    Ok(Temporary { cluster: Some(Arc::new(cluster)), ..temporary(variables) })
}

/// Connections of the app.
const HELD: &str = "select count(*) from pg_stat_activity where datname = current_database() and application_name <> 'spillway-tools'";

#[tokio::test(flavor = "multi_thread")]
#[cfg_attr(external_app, ignore = "needs an app of its own")]
async fn a_burst_does_not_keep_the_connections_that_an_import_needs() -> Result<()> {
    // As a host is that knows no limit of its own.
    let mut options = scarce(50, &[]).await?;
    options.host.runtime_config = None;
    let world = world_in(Stack::temporary(options).await?.into()).await?;
    let database = world.stack.database.connect().await?;
    // What of the burst finds no connection left is told so, with 503.
    until("a burst takes nearly all connections", async || {
        let paths = ["/api/v1/findings", "/api/v1/notifications", "/api/v1/imports"];
        join_all((0..300).map(|number| world.answer(Method::GET, paths[number % paths.len()]))).await;
        Ok(database.query_one(HELD, &[]).await?.get::<_, i64>(0) > 40)
    })
    .await?;
    let started = Instant::now();
    let upload = world.upload("a.nessus", nessus(1000, 10)?).await?;
    world.client.wait(&upload.id, Duration::from_mins(1).saturating_sub(started.elapsed()), |_| ()).await?;
    assert_eq!(world.client.status(&upload.id).await?["state"], "completed");
    Ok(())
}

#[tokio::test]
#[cfg_attr(external_app, ignore = "needs an app of its own")]
async fn a_drain_without_a_connection_says_so_and_is_tried_again() -> Result<()> {
    let world = world_in(Stack::temporary(scarce(20, &[("app_url", NOWHERE)]).await?).await?.into()).await?;
    let upload = world.upload("a.nessus", nessus(10, 1)?).await?;
    // All that are left, also those for superusers.
    let mut held = Vec::new();
    while let Ok(connection) = world.stack.database.connect().await {
        held.push(connection);
    }
    let refused = client::drain(world.stack.url(), DRAIN_TOKEN).send().await?;
    assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
    logged(&world, "drain", "the database has no connection left").await?;
    drop(held);
    until("the drain finds a connection", async || {
        let answer = client::drain(world.stack.url(), DRAIN_TOKEN).send().await?;
        Ok(answer.status() == StatusCode::OK && answer.json::<serde_json::Value>().await?["completed"] == 1)
    })
    .await?;
    assert_eq!(world.client.status(&upload.id).await?["state"], "completed");
    Ok(())
}

/// A server that lets nobody in without TLS.
async fn over_tls(identity: &Identity) -> Result<Arc<Cluster>> {
    let options = Options { identity: Some(identity.clone()), ..Options::default() };
    Ok(Arc::new(Cluster::start_temporary_with(options).await?))
}

/// An app over such a server; the tools that prepare it trust it.
async fn world_over_tls(cluster: &Arc<Cluster>, variables: &[(&str, &str)]) -> Result<World> {
    let options = Temporary { cluster: Some(Arc::clone(cluster)), ..temporary(variables) };
    world_in(Stack::temporary(options).await?.into()).await
}

#[tokio::test]
#[cfg_attr(external_app, ignore = "needs an app of its own")]
async fn a_database_whose_certificate_is_not_trusted_is_told_in_the_log() -> Result<()> {
    let (identity, stranger) = (identity()?, identity()?.authority);
    let cluster = over_tls(&identity).await?;
    for (variables, advice) in [
        (&[][..], "the database's certificate is not trusted; give the certificate of its authority as database_ca"),
        (&[("database_ca", stranger.as_str())], "the database's certificate is not trusted"),
        (&[("database_sslmode", "disable")], "the database wants TLS for this user; set database_sslmode to require"),
        (&[("database_sslmode", "verify-full")], "database_sslmode is \"verify-full\", it can be disable, prefer, require"),
    ] {
        let world = world_over_tls(&cluster, variables).await?;
        let answer = world.answer(Method::GET, "/api/v1/findings").await?;
        assert!(answer.status().is_server_error(), "{variables:?}");
        let problem = answer.text().await?;
        assert!(!problem.contains("certificate") && !problem.contains("sslmode"), "that is for the log: {problem}");
        logged(&world, "findings", advice).await?;
        // The schedule says the same by itself.
        logged(&world, "tick", advice).await?;
    }
    Ok(())
}

#[tokio::test]
#[cfg_attr(external_app, ignore = "needs an app of its own")]
async fn a_database_is_reached_over_tls_where_its_authority_is_named() -> Result<()> {
    let identity = identity()?;
    let cluster = over_tls(&identity).await?;
    let world = world_over_tls(&cluster, &[("database_ca", &identity.authority), ("database_sslmode", "require")]).await?;
    assert_eq!(world.import("a.nessus", nessus(1000, 10)?).await?["counts"]["occurrences"]["new"], json!(1000));
    let database = world.stack.database.connect().await?;
    let plain = "select count(*) filter (where not ssl), count(*) from pg_stat_ssl join pg_stat_activity using (pid) where datname = current_database()";
    let row = database.query_one(plain, &[]).await?;
    assert_eq!(row.get::<_, i64>(0), 0, "nobody is there without TLS");
    assert!(row.get::<_, i64>(1) > 1, "and the app is there");
    Ok(())
}

#[tokio::test]
#[cfg_attr(external_app, ignore = "needs an app of its own")]
async fn a_database_may_have_to_offer_tls() -> Result<()> {
    let world = world_in(Stack::temporary(temporary(&[("database_sslmode", "require"), ("app_url", NOWHERE)])).await?.into()).await?;
    assert_eq!(world.answer(Method::GET, "/api/v1/findings").await?.status(), StatusCode::SERVICE_UNAVAILABLE);
    logged(&world, "findings", "database_sslmode demands TLS, which the database does not offer").await
}

#[tokio::test]
async fn the_tools_say_what_is_wrong_with_a_certificate() -> Result<()> {
    let identity = identity()?;
    let cluster = over_tls(&identity).await?;
    let mut database = cluster.database("postgres");
    database.connect().await?;
    database.authority = None;
    let error = format!("{:#}", database.connect().await.err().context("it is reached without trust")?);
    assert!(error.contains("its certificate is not trusted; name a file") && error.contains("PGSSLROOTCERT"), "{error}");
    Ok(())
}

#[tokio::test]
#[cfg_attr(external_app, ignore = "needs an app of its own")]
async fn any_password_is_taken_as_it_is() -> Result<()> {
    let cluster = Arc::new(Cluster::start_temporary().await?);
    let password = r"it's a \ 'quoted' one";
    // A user of one's own that has the rights of a role.
    let admin = cluster.create_migrated("postgres_roles").await?.connect().await?;
    let quoted = format!("create role quoted login password '{}' in role {}", password.replace('\'', "''"), Role::Drain.name());
    admin.batch_execute(&quoted).await?;
    let variables = [("database_drain_user", "quoted"), ("database_drain_password", password), ("app_url", NOWHERE)];
    let options = Temporary { cluster: Some(cluster), ..temporary(&variables) };
    let world = world_in(Stack::temporary(options).await?.into()).await?;
    world.upload("a.nessus", nessus(10, 1)?).await?;
    assert_eq!(drain(&world.stack).await?["completed"], 1);
    Ok(())
}
