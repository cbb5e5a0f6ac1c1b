//! Claims: from a queue of one import, and from one with 100,000 of other workspaces.

use std::time::Instant;

use anyhow::{Context as _, Result};
use stack::progress::Step;
use stack::sample::Sample;
use tokio_postgres::Client;

use crate::floor::create_import;
use crate::rig::{WORKSPACE, drop_database, settle};
use crate::session::Session;
use crate::table::{Figure, Row};

const SUBJECT: &str = "claim";

/// Rows of others in the queue.
const OTHERS: &str = "100,000";

/// A thousand workspaces with a hundred imports each, four of them admitted, all of which wait for a later time: the claim has to walk past
/// them.
const FILL: &str = "
    alter table spillway.imports disable trigger active_imports_are_queued;
    insert into spillway.workspaces (name) select 'other ' || n from generate_series(1, 1000) n;
    insert into spillway.imports (workspace_id, id, file_name, object_key, size_bytes, sha256)
      select w.id, gen_random_uuid(), 'f', 'k', 1, sha256('x') from spillway.workspaces w, generate_series(1, 100) where w.name like 'other %';
    alter table spillway.imports enable trigger active_imports_are_queued;
    insert into spillway.import_segments (workspace_id, import_id, segment)
      select workspace_id, id, 0 from spillway.imports where file_name = 'f';
    insert into spillway.import_queue (workspace_id, import_id, available_at, admitted, turn_at)
      select workspace_id, id, now() + interval '1 hour', row_number() over (partition by workspace_id order by id) <= 4, now()
      from spillway.imports where file_name = 'f';
    analyze spillway.import_queue;
    analyze spillway.imports";

/// Rows of this subject.
pub(super) async fn rows(session: &mut Session) -> Result<Vec<Row>> {
    let database = session.cluster().await?.create_migrated("claim").await?;
    let connection = database.connect().await?;
    create_import(&connection, WORKSPACE, 1).await?;
    let alone = measure(&connection, session.sizes.claims).await?;
    let step = Step::begin(format!("filling the queue with {OTHERS} rows"));
    connection.batch_execute(FILL).await.context("cannot fill the queue")?;
    step.done();
    let among = measure(&connection, session.sizes.claims).await?;
    drop(connection);
    drop_database(session.cluster().await?, &database.name).await?;
    let row = |percent| {
        let figure = |sample: &Sample| Figure::milliseconds(sample.percentile(percent));
        let what = format!("claim beside {OTHERS} queued of 1,000 workspaces, p{percent}");
        Row::new(SUBJECT, what, figure(&among)).beside("from an empty queue", figure(&alone))
    };
    Ok(vec![row(50), row(95)])
}

/// Claims the one import that may be claimed and gives it back, again and again; only the claims are timed.
async fn measure(connection: &Client, count: usize) -> Result<Sample> {
    let claim = "select claim ->> 'import_id', (claim ->> 'attempt')::integer
        from nullif(spillway.claim_import(interval '40 s', 4) -> 'claim', 'null') claim where claim is not null";
    let claim = connection.prepare(claim).await?;
    let release = connection.prepare("select spillway.release_import($1::text::uuid, $2)").await?;
    settle(connection).await?;
    let step = Step::begin(format!("{count} claims"));
    let mut times = Vec::new();
    for _ in 0..count {
        let started = Instant::now();
        let row = connection.query_one(&claim, &[]).await.context("the import is not claimed")?;
        times.push(started.elapsed());
        let (import, attempt): (String, i32) = (row.get(0), row.get(1));
        connection.query_one(&release, &[&import, &attempt]).await?;
    }
    step.done();
    Ok(Sample::new(times))
}
