//! The small cases that people wait for, from the first byte of the upload to the end of the import, in the app as it is delivered.

use std::time::{Duration, Instant};

use anyhow::Result;
use xtask::client::Client;
use xtask::progress::Step;

use super::input::Report;
use super::rig::{Rig, WORKSPACE};
use super::sample::Sample;
use super::session::Session;
use super::sizes::{SEED, nessus};
use super::table::{Figure, Row, Target};

const SUBJECT: &str = "small";

/// Occurrences that are new, and seconds for them.
const NEW: (usize, f64) = (10_000, 2.0);
/// Occurrences that are known, and seconds for them.
const UNCHANGED: (usize, f64) = (13_000, 1.5);

/// Rows of this subject.
pub(super) async fn rows(session: &mut Session) -> Result<Vec<Row>> {
    let reports = [NEW.0, UNCHANGED.0].map(|count| Report::nessus(session.dir.path(), nessus(count, SEED)));
    let [new, unchanged] = reports;
    let (new, unchanged) = (new?, unchanged?);
    let (mut times_new, mut times_unchanged) = (Vec::new(), Vec::new());
    for _ in 0..session.sizes.rounds {
        times_new.push(measure(&new, 1).await?);
        times_unchanged.push(measure(&unchanged, 2).await?);
    }
    let row = |report: &Report, what: &str, times, most| {
        let time = Sample::new(times).median();
        let what = format!("{} {what}, from upload to completion", report.name);
        Row::new(SUBJECT, what, Figure::seconds(time)).target(Target::AtMost(most))
    };
    Ok(vec![row(&new, "new", times_new, NEW.1), row(&unchanged, "unchanged", times_unchanged, UNCHANGED.1)])
}

/// The time of the last of so many imports of the same report.
async fn measure(report: &Report, imports: usize) -> Result<Duration> {
    let rig = Rig::awake().await?;
    let client = rig.client(WORKSPACE).await?;
    let step = Step::begin(format!("importing {}", report.name));
    let mut time = Duration::ZERO;
    for _ in 0..imports {
        rig.settle().await?;
        time = import(&rig, &client, report).await?;
    }
    step.done();
    rig.end().await?;
    Ok(time)
}

async fn import(rig: &Rig, client: &Client, report: &Report) -> Result<Duration> {
    let started = Instant::now();
    let upload = client.upload_file(&report.file).await?;
    rig.wait(&upload.id, "state = 'completed'").await?;
    Ok(started.elapsed())
}
