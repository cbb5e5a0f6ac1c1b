//! From an upload to its first stored batch: woken, and where only the schedule finds it.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use futures::future::try_join_all;
use stack::progress::Step;
use stack::sample::Sample;

use crate::rig::{Rig, WORKSPACE};
use crate::session::Session;
use crate::table::{Figure, Row, Target};
use crate::upload::small_report;

const SUBJECT: &str = "latency";

/// The period of the schedule in spin.toml.
const SCHEDULE: Duration = Duration::from_secs(10);
/// Milliseconds to the first batch of an upload.
const MOST_P95: f64 = 1000.0;

/// When the first batch of an import is stored.
const STORED: &str = "items > 0 or state = 'completed'";

/// Rows of this subject.
pub(super) async fn rows(session: &mut Session) -> Result<Vec<Row>> {
    let rig = Rig::awake().await?;
    let mut rows = woken(session, &rig).await?;
    rows.extend(scheduled(session, &rig).await?);
    rig.end().await?;
    Ok(rows)
}

/// Small uploads to an idle app, one after the other.
async fn woken(session: &Session, rig: &Rig) -> Result<Vec<Row>> {
    let (client, report) = (rig.client(WORKSPACE).await?, small_report()?);
    let step = Step::begin(format!("{} small uploads, one after the other", session.sizes.wakes));
    let (mut answers, mut stored) = (Vec::new(), Vec::new());
    for _ in 0..session.sizes.wakes {
        let started = Instant::now();
        let upload = client.upload("small.nessus", report.len() as u64, report.clone()).await?;
        answers.push(started.elapsed());
        rig.wait(&upload.id, STORED).await?;
        stored.push(started.elapsed());
        rig.wait(&upload.id, "not active").await?;
    }
    step.done();
    let (answers, stored) = (Sample::new(answers), Sample::new(stored));
    let row = |percent| {
        let figure = |sample: &Sample| Figure::milliseconds(sample.percentile(percent));
        let what = format!("upload to first batch, {} on an idle app, p{percent}", stored.count());
        Row::new(SUBJECT, what, figure(&stored)).beside("upload answered", figure(&answers))
    };
    Ok(vec![row(50), row(95).target(Target::AtMost(MOST_P95))])
}

/// Imports whose writer wakes nobody, spread over one period of the schedule.
async fn scheduled(session: &Session, rig: &Rig) -> Result<Vec<Row>> {
    let count = session.sizes.scheduled;
    let step = Step::begin(format!("{count} imports that only the schedule finds"));
    let times = try_join_all((0..count).map(|number| found(rig, SCHEDULE * number / count))).await?;
    step.done();
    let sample = Sample::new(times);
    let row = |percent| {
        let what = format!("upload to first batch, {count} by the schedule alone, p{percent}");
        Row::new(SUBJECT, what, Figure::seconds(sample.percentile(percent)))
    };
    Ok(vec![row(50), row(95).target(Target::AtMost(SCHEDULE.as_secs_f64()))])
}

/// How long the schedule takes to find an import that is made after a while.
async fn found(rig: &Rig, after: Duration) -> Result<Duration> {
    tokio::time::sleep(after).await;
    let started = Instant::now();
    let import = unwoken(rig).await?;
    rig.wait(&import, STORED).await?;
    Ok(started.elapsed())
}

/// Makes an import of the report of the first one, as an upload does that then cannot wake anybody.
async fn unwoken(rig: &Rig) -> Result<String> {
    let row = rig.connection.query_one("select workspace_id, spillway.new_id()::text from spillway.imports limit 1", &[]).await?;
    let (workspace, id): (i32, String) = (row.get(0), row.get(1));
    rig.connection.execute("select spillway.open_upload($1, $2::text::uuid)", &[&workspace, &id]).await?;
    let create = "
        with upload as (
          update spillway.uploads u set object_key = i.object_key
          from (select * from spillway.imports where workspace_id = $1 order by id limit 1) i
          where u.workspace_id = $1 and u.id = $2::text::uuid returning i.size_bytes, i.sha256)
        select spillway.create_import($1, $2::text::uuid, 'again', size_bytes, sha256) ->> 'id' from upload";
    rig.connection.query_one(create, &[&workspace, &id]).await.context("cannot create an import")?;
    Ok(id)
}
