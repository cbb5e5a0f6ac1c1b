//! Uploads: many small ones at once, and a large one beside writing the same bytes to the store.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use futures::future::try_join_all;
use reqwest::Response;
use s3_requests::{Operation, PART, upload_id};
use stack::client::Client;
use stack::progress::Step;
use stack::runtime::Host;
use stack::sample::Sample;
use stack::store::Store;
use tokio::io::AsyncReadExt as _;

use crate::rig::{Rig, WORKSPACE, strict_hosts};
use crate::session::Session;
use crate::sizes::{SEED, nessus};
use crate::table::{Figure, Row, Target, count_of};

const SUBJECT: &str = "upload";

const SMALL_UPLOADS: usize = 200;
/// Occurrences in each of them.
const SMALL: usize = 10;
/// Milliseconds: row 1 of what Spillway is for.
const MOST_P95: f64 = 1000.0;

/// Adds the rows of this subject.
pub(super) async fn rows(session: &mut Session, rows: &mut Vec<Row>) -> Result<()> {
    rows_on(session, rows, &Host::tuned(), |row| row).await?;
    for (name, host) in strict_hosts() {
        rows_on(session, rows, &host, |row| row.on(name)).await?;
    }
    Ok(())
}

async fn rows_on(session: &Session, rows: &mut Vec<Row>, host: &Host, name: impl Fn(Row) -> Row) -> Result<()> {
    let rig = Rig::awake_on(host.clone()).await?;
    rows.extend(one_by_one(session, &rig).await?.into_iter().map(&name));
    rows.extend(small(&rig).await?.into_iter().map(&name));
    rig.end().await?;
    let rig = Rig::driven_on(host.clone(), 1).await?;
    rows.push(name(large(session, &rig).await?));
    rig.end().await
}

/// Small uploads that wait for nobody: what packets that wait for others' acknowledgements cost shows here.
async fn one_by_one(session: &Session, rig: &Rig) -> Result<Vec<Row>> {
    let (report, client, direct) = (small_report()?, rig.client(WORKSPACE).await?, Direct::new(rig));
    let step = Step::begin(format!("{} small uploads, one after the other", session.sizes.wakes));
    let (mut puts, mut uploads) = (Vec::new(), Vec::new());
    for number in 0..session.sizes.wakes {
        puts.push(timed(direct.put(SMALL_UPLOADS + number, &report)).await?);
        uploads.push(timed(upload(&client, &report)).await?);
    }
    step.done();
    let (puts, uploads) = (Sample::new(puts), Sample::new(uploads));
    let row = |percent| {
        let figure = |sample: &Sample| Figure::milliseconds(sample.percentile(percent));
        let what = format!("small uploads one after the other, answered, p{percent}");
        Row::new(SUBJECT, what, figure(&uploads)).beside("a PUT to the store", figure(&puts))
    };
    Ok(vec![row(50), row(95)])
}

/// A report of a few findings.
pub(super) fn small_report() -> Result<Vec<u8>> {
    let mut report = Vec::new();
    generate::nessus(nessus(SMALL, SEED), &mut report)?;
    Ok(report)
}

async fn small(rig: &Rig) -> Result<Vec<Row>> {
    let report = small_report()?;
    let step = Step::begin(format!("{SMALL_UPLOADS} uploads at once"));
    let direct = Direct::new(rig);
    let puts = try_join_all((0..SMALL_UPLOADS).map(|number| timed(direct.put(number, &report)))).await?;
    let client = rig.client(WORKSPACE).await?;
    let uploads = try_join_all((0..SMALL_UPLOADS).map(|_| timed(upload(&client, &report)))).await?;
    step.done();
    let (puts, uploads) = (Sample::new(puts), Sample::new(uploads));
    let what = format!("{SMALL_UPLOADS} uploads of {} at once, answered", count_of(report.len(), "byte"));
    let row = |percent| {
        let figure = |sample: &Sample| Figure::milliseconds(sample.percentile(percent));
        Row::new(SUBJECT, format!("{what}, p{percent}"), figure(&uploads)).beside("as many PUTs to the store", figure(&puts))
    };
    Ok(vec![row(50), row(95).target(Target::AtMost(MOST_P95))])
}

async fn upload(client: &Client, report: &[u8]) -> Result<()> {
    client.upload("small.nessus", report.len() as u64, report.to_vec()).await.map(drop)
}

async fn timed(work: impl Future<Output = Result<()>>) -> Result<Duration> {
    let started = Instant::now();
    work.await?;
    Ok(started.elapsed())
}

/// The store writes the first time, and the same again by turns: neither way has the advantage of a warm disk.
async fn large(session: &Session, rig: &Rig) -> Result<Row> {
    let (bytes, rounds) = (session.sizes.large_upload, session.sizes.rounds);
    let file = large_file(session.dir.path(), bytes)?;
    let client = rig.client(WORKSPACE).await?;
    let direct = Direct::new(rig);
    let step = Step::begin(format!("uploading {bytes} bytes, {rounds} times each way"));
    let (mut uploads, mut puts) = (Vec::new(), Vec::new());
    for round in 0..rounds {
        puts.push(timed(direct.put_in_parts(&format!("large-{round}"), &file)).await?);
        uploads.push(timed(async { client.upload_file(&file).await.map(drop) }).await?);
    }
    step.done();
    std::fs::remove_file(&file).context("cannot remove the large file")?;
    let figure = |times| Figure::megabytes_per_second(bytes, Sample::new(times).median());
    Ok(Row::new(SUBJECT, format!("one of {} MB", bytes / 1_000_000), figure(uploads))
        .beside("its parts straight to the store", figure(puts)))
}

/// A file of a report's text, over and over: only its bytes matter here.
fn large_file(dir: &Path, bytes: u64) -> Result<PathBuf> {
    let path = dir.join("large");
    let context = || format!("cannot write {}", path.display());
    let text = small_report()?;
    let mut out = std::io::BufWriter::new(std::fs::File::create(&path).with_context(context)?);
    let mut repeated = std::io::Read::take(Repeat { text, at: 0 }, bytes);
    std::io::copy(&mut repeated, &mut out).with_context(context)?;
    Ok(path)
}

/// A text without end.
struct Repeat {
    text: Vec<u8>,
    at: usize,
}

impl std::io::Read for Repeat {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let piece = &self.text[self.at..];
        let length = piece.len().min(buffer.len());
        buffer[..length].copy_from_slice(&piece[..length]);
        self.at = (self.at + length) % self.text.len();
        Ok(length)
    }
}

/// The store, without the app.
struct Direct {
    store: Store,
    http: reqwest::Client,
}

impl Direct {
    fn new(rig: &Rig) -> Self {
        Self { store: rig.stack.store.clone(), http: reqwest::Client::new() }
    }

    async fn call(&self, operation: &Operation<'_>) -> Result<Response> {
        Ok(self.http.execute(self.store.request(operation)?).await?.error_for_status()?)
    }

    async fn put(&self, number: usize, bytes: &[u8]) -> Result<()> {
        self.call(&Operation::put(&format!("direct/{number}"), bytes.to_vec().into())).await.map(drop)
    }

    async fn put_in_parts(&self, key: &str, path: &Path) -> Result<()> {
        let upload = upload_id(&self.call(&Operation::start_upload(key)).await?.bytes().await?)?;
        let mut file = tokio::fs::File::open(path).await?;
        let mut tags = Vec::new();
        loop {
            let mut part = Vec::with_capacity(PART);
            (&mut file).take(PART as u64).read_to_end(&mut part).await?;
            if part.is_empty() {
                break;
            }
            tags.push(self.put_part(key, &upload, tags.len() + 1, part).await?);
        }
        self.call(&Operation::complete_upload(key, &upload, &tags)).await.map(drop)
    }

    async fn put_part(&self, key: &str, upload: &str, number: usize, part: Vec<u8>) -> Result<String> {
        let answer = self.call(&Operation::upload_part(key, upload, number, part.into())).await?;
        let tag = answer.headers().get(reqwest::header::ETAG).and_then(|tag| tag.to_str().ok());
        Ok(tag.context("the store gives a part no tag")?.to_owned())
    }
}
