//! The drain: reports end to end, through HTTP, store and components, beside the floor.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use stack::client::Client;
use stack::progress::Step;
use stack::sample::Sample;

use crate::input::{Input, Report};
use crate::rig::{Drained, Rig, WORKSPACE};
use crate::session::{Compared, Kind, Session};
use crate::table::{Figure, Row, Target};

const SUBJECT: &str = "drain";

/// How much longer than its batches take in the database an import may take.
const MOST_OF_FLOOR: f64 = 1.25;
/// The memory of the components, in MiB.
pub(super) const MOST_MEMORY: f64 = 96.0;
/// Seconds from the first byte of the upload on: for the SARIF report, and for those of Trivy and Gitleaks.
const MOST_SARIF: f64 = 15.0;
const MOST_LIST: f64 = 10.0;

/// Adds the rows of this subject.
pub(super) async fn rows(session: &mut Session, rows: &mut Vec<Row>) -> Result<()> {
    for kind in session.kinds() {
        let compared = session.compared(kind).await?;
        rows.extend(speed(kind, &compared));
        rows.extend(shares(&compared));
        rows.extend(costs(&compared));
    }
    Ok(())
}

/// One report through the app, new and then again.
#[derive(Clone, Debug)]
pub(super) struct Imported {
    upload: Duration,
    pub(super) new: Drained,
    pub(super) again: Drained,
    statements: u64,
    peak_memory: u64,
}

/// Imports a report twice into an empty app.
pub(super) async fn measure(input: &Input) -> Result<Imported> {
    let rig = Rig::driven(1).await?;
    let client = rig.client(WORKSPACE).await?;
    let (import, took) = upload(&client, &input.report).await?;
    rig.settle().await?;
    rig.count_statements().await?;
    let new = rig.drain(&format!("importing {}", input.report.name), 1, std::slice::from_ref(&import)).await?;
    let statements = rig.statements("%").await?;
    let status = client.status(&import).await?;
    let items = status["progress"]["items"].as_u64().context("the status has no progress.items")?;
    ensure!(items == input.records, "{items} of {} records were imported", input.records);
    let (import, _) = upload(&client, &input.report).await?;
    rig.settle().await?;
    let again = rig.drain(&format!("importing {} again", input.report.name), 1, &[import]).await?;
    let peak_memory = rig.peak_memory().await?;
    rig.end().await?;
    Ok(Imported { upload: took, new, again, statements, peak_memory })
}

/// Uploads a report; gives its import and how long that took.
pub(super) async fn upload(client: &Client, report: &Report) -> Result<(String, Duration)> {
    let step = Step::begin(format!("uploading {}", report.name));
    let started = Instant::now();
    let upload = client.upload_file(&report.file).await?;
    let took = started.elapsed();
    step.done();
    Ok((upload.id, took))
}

fn speed(kind: Kind, compared: &Compared) -> Vec<Row> {
    let Report { name, bytes, .. } = &compared.input.report;
    let records = compared.input.records;
    let (new, again) = (compared.drain_new(), compared.drain_again());
    let time = |what: &str, time, floor| {
        Row::new(SUBJECT, format!("{name} {what}, time"), Figure::seconds(time)).beside("floor", Figure::seconds(floor))
    };
    let mut first = time("new", new, compared.floor_new());
    if kind != Kind::Sarif {
        first = first.target(Target::RatioAtMost(MOST_OF_FLOOR));
    }
    let rate = |what: &str, time| Row::new(SUBJECT, format!("{name} {what}"), Figure::records_per_second(records, time));
    let floor = |time| Figure::records_per_second(records, time);
    let mut rows = vec![
        first,
        time("again", again, compared.floor_again()),
        rate("new", new).beside("floor", floor(compared.floor_new())),
        rate("again", again).beside("floor", floor(compared.floor_again())),
        Row::new(SUBJECT, format!("{name} new"), Figure::megabytes_per_second(*bytes, new)),
    ];
    match kind {
        Kind::Nessus | Kind::BigNessus => {}
        Kind::Sarif => rows.push(end_to_end(compared, MOST_SARIF)),
        Kind::Trivy | Kind::Gitleaks => rows.push(end_to_end(compared, MOST_LIST)),
    }
    rows
}

/// From the first byte of the upload to the end of the import. That no record is dropped was made sure of.
fn end_to_end(compared: &Compared, most: f64) -> Row {
    let times = compared.imports.iter().map(|import| import.upload + import.new.time);
    let time = times.collect::<Sample>().median();
    let what = format!("{} new with upload, none dropped, time", compared.input.report.name);
    let floor = Figure::seconds(compared.floor_new());
    Row::new(SUBJECT, what, Figure::seconds(time)).beside("floor", floor).target(Target::AtMost(most))
}

/// Where the time of all rounds went.
fn shares(compared: &Compared) -> Vec<Row> {
    let name = &compared.input.report.name;
    let mut rows = Vec::new();
    for (what, drained) in [("new", sum(compared, |import| &import.new)), ("again", sum(compared, |import| &import.again))] {
        let whole = drained.time.as_secs_f64();
        let mut rest = whole;
        for (part, time) in
            [("waits for the store", drained.store), ("decodes", drained.decode), ("waits for the database", drained.database)]
        {
            rest -= time.as_secs_f64();
            rows.push(Row::new(SUBJECT, format!("{name} {what}: {part}"), Figure::share(time.as_secs_f64(), whole)));
        }
        rows.push(Row::new(SUBJECT, format!("{name} {what}: claims, ends, hands over"), Figure::share(rest.max(0.0), whole)));
    }
    rows
}

fn sum(compared: &Compared, of: impl Fn(&Imported) -> &Drained) -> Drained {
    compared.imports.iter().map(of).fold(Drained::default(), |sum, one| Drained {
        time: sum.time + one.time,
        store: sum.store + one.store,
        decode: sum.decode + one.decode,
        database: sum.database + one.database,
    })
}

fn costs(compared: &Compared) -> Vec<Row> {
    let name = &compared.input.report.name;
    let most = |of: fn(&Imported) -> u64| compared.imports.iter().map(of).max().unwrap_or_default();
    let batches = u64::try_from(compared.input.batch_count()).unwrap_or(u64::MAX);
    vec![
        Row::new(SUBJECT, format!("{name} new"), Figure::count(most(|import| import.statements), "statements"))
            .beside("batches", Figure::count(batches, "")),
        Row::new(SUBJECT, format!("{name}, peak memory of a component"), Figure::mebibytes(most(|import| import.peak_memory)))
            .target(Target::AtMost(MOST_MEMORY)),
    ]
}
