//! The small cases that people wait for, from the first byte of the upload to the end of the import, in the app as it is delivered.

use std::time::{Duration, Instant};

use anyhow::Result;
use stack::client::Client;
use stack::progress::Step;
use stack::sample::Sample;

use crate::floor;
use crate::input::{Input, Report};
use crate::rig::{Rig, WORKSPACE};
use crate::session::Session;
use crate::sizes::{SEED, nessus};
use crate::table::{Figure, Row, Target};

const SUBJECT: &str = "small";

/// Occurrences that are new, and seconds for them.
const NEW: (usize, f64) = (10_000, 2.0);
/// Occurrences that are known, and seconds for them.
const UNCHANGED: (usize, f64) = (13_000, 1.5);

/// Rows of this subject.
pub(super) async fn rows(session: &mut Session) -> Result<Vec<Row>> {
    let new = small(session, NEW.0, 1).await?;
    let unchanged = small(session, UNCHANGED.0, 2).await?;
    let row = |small: &Small, what: &str, most| {
        let what = format!("{} {what}, from upload to completion", small.name);
        Row::new(SUBJECT, what, Figure::seconds(small.time)).beside("floor", Figure::seconds(small.floor)).target(Target::AtMost(most))
    };
    Ok(vec![row(&new, "new", NEW.1), row(&unchanged, "unchanged", UNCHANGED.1)])
}

/// The last of several imports of one report, medians of the rounds.
struct Small {
    name: String,
    time: Duration,
    floor: Duration,
}

async fn small(session: &Session, occurrences: usize, imports: usize) -> Result<Small> {
    let input = Input::parse(Report::nessus(session.dir.path(), nessus(occurrences, SEED))?)?;
    let (mut times, mut floors) = (Vec::new(), Vec::new());
    for _ in 0..session.sizes.rounds {
        let fed = floor::measure(session.cluster().await?, &input).await?;
        floors.push(if imports == 1 { fed.new } else { fed.again });
        times.push(measure(&input.report, imports).await?);
    }
    Ok(Small { name: input.report.name, time: Sample::new(times).median(), floor: Sample::new(floors).median() })
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
