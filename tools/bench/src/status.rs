//! Pages that poll: many clients that keep to the rules, beside a running import; and as many 304s as there can be.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use futures::future::try_join_all;
use reqwest::header::{ETAG, IF_NONE_MATCH};
use reqwest::{Method, StatusCode};
use serde_json::Value;
use stack::client::Client;
use stack::progress::Step;
use stack::runtime::Host;
use stack::sample::Sample;
use tokio_postgres::Client as Connection;

use crate::drain::upload;
use crate::floor::{claim, create_import};
use crate::host::HEALTH;
use crate::input::Report;
use crate::rig::{Rig, WORKSPACE, strict_hosts};
use crate::session::Session;
use crate::sizes::{SEED, nessus};
use crate::table::{Figure, Row, Target, count_of, float};

const SUBJECT: &str = "status";

const CLIENTS: usize = 1000;
/// Imports that run and are polled. They are claimed, and nobody works on them: nothing about them changes.
const POLLED: usize = 20;
/// Clients that ask as fast as they can.
const FAST_CLIENTS: usize = 32;

/// Percent of the answers that are 304 where nothing changed.
const LEAST_304S: f64 = 95.0;
const MOST_STATEMENTS: f64 = 1.0;
/// Milliseconds.
const MOST_P95: f64 = 20.0;
/// 304s a second.
const LEAST_RATE: f64 = 2000.0;

/// Rows of this subject.
pub(super) async fn rows(session: &mut Session) -> Result<Vec<Row>> {
    let busy = Report::nessus(session.dir.path(), nessus(session.sizes.nessus, SEED))?;
    let mut rows = rows_on(session, &busy, Host::tuned()).await?;
    for (name, host) in strict_hosts() {
        rows.extend(rows_on(session, &busy, host).await?.into_iter().map(|row| row.on(name)));
    }
    Ok(rows)
}

async fn rows_on(session: &Session, busy: &Report, host: Host) -> Result<Vec<Row>> {
    // The polled ones count as worked on: there must be room for one more.
    let rig = Rig::driven_on(host, POLLED + 1).await?;
    let imports = park_imports(&rig.connection).await?;
    let client = rig.client("polled").await?;
    let quiet = alone(session, &client, &imports[0]).await?;
    let mut rows = beside_an_import(session, &rig, &client, &imports, busy, &quiet).await?;
    rows.push(fastest(session, &client, &imports).await?);
    rows.push(connections(&rig).await?);
    rig.end().await?;
    Ok(rows)
}

async fn park_imports(connection: &Connection) -> Result<Vec<String>> {
    let mut imports = Vec::new();
    for _ in 0..POLLED {
        imports.push(create_import(connection, "polled", 1_000_000).await?);
        connection.batch_execute("update spillway.workspaces set max_running_imports = 1000 where name = 'polled'").await?;
    }
    connection.batch_execute("select spillway.admit_imports(id) from spillway.workspaces where name = 'polled'").await?;
    for _ in 0..POLLED {
        claim(connection).await?;
    }
    Ok(imports)
}

/// 304s for one client, one after the other, with nothing else to do.
async fn alone(session: &Session, client: &Client, import: &str) -> Result<Sample> {
    let step = Step::begin("asking for one 304 after the other");
    let tag = tag(client, import).await?;
    let mut times = Vec::new();
    for _ in 0..session.sizes.requests {
        times.push(ask(client, import, Some(&tag)).await?.0.time);
    }
    step.done();
    Ok(Sample::new(times))
}

/// The tag that an import has.
async fn tag(client: &Client, import: &str) -> Result<String> {
    let (_, news) = ask(client, import, None).await?;
    news.map(|(tag, _)| tag).context("the first answer is no status")
}

/// All clients poll for a while, as they are told to, while the same report is imported again and again.
async fn beside_an_import(
    session: &Session,
    rig: &Rig,
    client: &Client,
    imports: &[String],
    busy: &Report,
    quiet: &Sample,
) -> Result<Vec<Row>> {
    let bench = rig.client(WORKSPACE).await?;
    let ended = &AtomicBool::new(false);
    // The first import has begun before the first client polls.
    let (first, _) = upload(&bench, busy).await?;
    rig.count_statements().await?;
    let step = Step::begin(format!("{CLIENTS} clients poll {POLLED} imports for {} s", session.sizes.polling.as_secs()));
    let started = Instant::now();
    let polling = async {
        let pages = (0..CLIENTS).map(|number| page(client, &imports[number % imports.len()], number, session.sizes.polling));
        let polls = try_join_all(pages).await;
        ended.store(true, Relaxed);
        polls.map(|polls| (polls, started.elapsed()))
    };
    let ((polls, time), turns) = futures::future::try_join(polling, import_until(rig, &bench, busy, first, ended)).await?;
    step.done();
    let polls: Vec<Poll> = polls.into_iter().flatten().collect();
    let statements = rig.statements("%import_status%").await?;
    ensure!(turns > 0, "no import ran beside the polls");
    Ok(rows_of(&polls, statements, time, quiet))
}

/// Imports until somebody says stop; gives how often a drain worked.
pub(super) async fn import_until(rig: &Rig, client: &Client, report: &Report, first: String, ended: &AtomicBool) -> Result<usize> {
    let (mut turns, mut import) = (0, first);
    while !ended.load(Relaxed) {
        rig.turn().await?;
        turns += 1;
        if rig.is(&import, "state = 'completed'").await? {
            import = client.upload_file(&report.file).await?.id;
        }
    }
    Ok(turns)
}

/// One answer.
struct Poll {
    first: bool,
    not_modified: bool,
    time: Duration,
}

/// One page: asks as often as it is told to, and shows what it has. Pages are not opened all at the same moment.
async fn page(client: &Client, import: &str, number: usize, polling: Duration) -> Result<Vec<Poll>> {
    let ends = Instant::now() + polling;
    let mut pause = Duration::from_secs(2);
    tokio::time::sleep(pause * u32::try_from(number)? / u32::try_from(CLIENTS)?).await;
    let (mut polls, mut tag) = (Vec::new(), None);
    while Instant::now() < ends {
        let (poll, answer) = ask(client, import, tag.as_deref()).await?;
        polls.push(poll);
        if let Some((new_tag, status)) = answer {
            tag = Some(new_tag);
            pause = Duration::from_millis(status["poll_after_ms"].as_u64().context("the import is over")?);
        }
        tokio::time::sleep(pause).await;
    }
    Ok(polls)
}

/// One request; where there is news, with its tag.
async fn ask(client: &Client, import: &str, tag: Option<&str>) -> Result<(Poll, Option<(String, Value)>)> {
    let mut request = client.request(Method::GET, &format!("/api/v1/imports/{import}/status"));
    if let Some(tag) = tag {
        request = request.header(IF_NONE_MATCH, tag);
    }
    let asked = Instant::now();
    let answer = request.send().await?;
    let (status, headers) = (answer.status(), answer.headers().clone());
    let body = answer.bytes().await?;
    let poll = Poll { first: tag.is_none(), not_modified: status == StatusCode::NOT_MODIFIED, time: asked.elapsed() };
    if poll.not_modified {
        return Ok((poll, None));
    }
    ensure!(status == StatusCode::OK, "a poll was answered with {status}");
    let tag = headers.get(ETAG).and_then(|tag| tag.to_str().ok()).context("a status without a tag")?;
    Ok((poll, Some((tag.to_owned(), serde_json::from_slice(&body)?))))
}

fn rows_of(polls: &[Poll], statements: u64, time: Duration, quiet: &Sample) -> Vec<Row> {
    let again = polls.iter().filter(|poll| !poll.first).count() as u64;
    let not_modified = polls.iter().filter(|poll| poll.not_modified).count() as u64;
    let requests = polls.len() as u64;
    let sample: Sample = polls.iter().map(|poll| poll.time).collect();
    let what = format!("{} on {POLLED} imports, beside an import", count_of(CLIENTS, "client"));
    let mut rows = vec![
        Row::new(SUBJECT, what.clone(), Figure::rate(requests, time, "requests/s")),
        Row::new(SUBJECT, format!("{what}: 304 where nothing changed"), Figure::share(float(not_modified), float(again)))
            .target(Target::AtLeast(LEAST_304S)),
        Row::new(SUBJECT, format!("{what}: statements a request"), Figure::new(float(statements) / float(requests), "statements"))
            .target(Target::AtMost(MOST_STATEMENTS)),
    ];
    for percent in [50, 95, 99] {
        let row = Row::new(SUBJECT, format!("{what}, p{percent}"), Figure::milliseconds(sample.percentile(percent)))
            .beside("one client alone", Figure::milliseconds(quiet.percentile(percent)));
        rows.push(if percent == 95 { row.target(Target::AtMost(MOST_P95)) } else { row });
    }
    rows
}

/// 304s as fast as a few clients can ask for them, with nothing else to do; beside answers of the runtime itself, which show what the
/// clients and the machine can do.
async fn fastest(session: &Session, client: &Client, imports: &[String]) -> Result<Row> {
    let step = Step::begin("asking as fast as can be");
    let lasts = session.sizes.polling / 4;
    let health = rate(lasts, |_, ends| healthy(client, ends)).await?;
    let not_modified = rate(lasts, |number, ends| hammer(client, &imports[number % imports.len()], ends)).await?;
    step.done();
    Ok(Row::new(SUBJECT, format!("304s, {FAST_CLIENTS} clients as fast as they can"), not_modified)
        .beside("the runtime's own health", health)
        .target(Target::AtLeast(LEAST_RATE)))
}

/// What all the fast clients get together.
async fn rate<F: Future<Output = Result<u64>>>(lasts: Duration, client: impl Fn(usize, Instant) -> F) -> Result<Figure> {
    let started = Instant::now();
    let counts = try_join_all((0..FAST_CLIENTS).map(|number| client(number, started + lasts))).await?;
    Ok(Figure::rate(counts.into_iter().sum(), started.elapsed(), "requests/s"))
}

/// How many 304s one client gets.
async fn hammer(client: &Client, import: &str, ends: Instant) -> Result<u64> {
    let tag = tag(client, import).await?;
    let mut count = 0;
    while Instant::now() < ends {
        let (poll, _) = ask(client, import, Some(&tag)).await?;
        ensure!(poll.not_modified, "the import changed");
        count += 1;
    }
    Ok(count)
}

/// How many answers of the runtime itself one client gets.
async fn healthy(client: &Client, ends: Instant) -> Result<u64> {
    let mut count = 0;
    while Instant::now() < ends {
        client.request(Method::GET, HEALTH).send().await?.error_for_status()?.bytes().await?;
        count += 1;
    }
    Ok(count)
}

/// How many connections the runtime holds after all this.
async fn connections(rig: &Rig) -> Result<Row> {
    let count = "select count(*) from pg_stat_activity where datname = current_database() and application_name <> 'spillway-tools'";
    let count: i64 = rig.connection.query_one(count, &[]).await?.get(0);
    Ok(Row::new(SUBJECT, "connections to the database that the runtime holds then", Figure::count(count.unsigned_abs(), "connections")))
}
