//! The same report into tables that hold more and more of the same workspace.

use std::time::Duration;

use anyhow::{Context as _, Result};
use stack::progress::Percentage;
use stack::sample::Sample;
use tokio_postgres::Client;

use crate::drain::upload;
use crate::input::Report;
use crate::rig::{Rig, WORKSPACE};
use crate::session::Session;
use crate::sizes::{SEED, apart, nessus};
use crate::table::{Figure, Row, Target, float, number};

const SUBJECT: &str = "growth";

/// How much longer it may take than into empty tables.
const MOST: f64 = 1.3;

/// Rows that are made with one statement.
const PIECE: u64 = 50_000;

/// Rows $1 to $2 of an earlier import: ids without order, as hashes are; 400 findings and 5,000 assets a million.
const ASSETS: &str = "
    insert into spillway.assets (workspace_id, id, kind, identity, first_import_id, last_import_id)
    select w.id, md5('asset ' || n)::uuid, 'host', 'filled ' || n, i.id, i.id
    from spillway.workspaces w, generate_series($1::bigint / 200, $2::bigint / 200 - 1) n, (select '00000000-0000-7000-8000-000000000000'::uuid) i (id)";
const FINDINGS: &str = "
    insert into spillway.findings (
      workspace_id, id, tool, kind, rule_id, title, severity, description, source_offset, first_import_id, last_import_id)
    select w.id, md5('finding ' || n)::uuid, 'filler', 'host', n, 'Filled ' || n, 'medium', repeat('What is wrong here. ', 25), 0, i.id, i.id
    from spillway.workspaces w, generate_series($1::bigint / 2500, $2::bigint / 2500 - 1) n, (select '00000000-0000-7000-8000-000000000000'::uuid) i (id)";
const OCCURRENCES: &str = "
    insert into spillway.occurrences (
      workspace_id, id, finding_id, asset_id, host, port, protocol, service, evidence, first_import_id, last_import_id)
    select w.id, gen_random_uuid(), md5('finding ' || n / 2500)::uuid, md5('asset ' || n / 200)::uuid, 'filled ' || n / 200, n % 65536, 'tcp',
      'www', repeat('What the scanner saw. ', 20), i.id, i.id
    from spillway.workspaces w, generate_series($1::bigint, $2::bigint - 1) n, (select '00000000-0000-7000-8000-000000000000'::uuid) i (id)";

/// Adds the rows of this subject.
pub(super) async fn rows(session: &mut Session, rows: &mut Vec<Row>) -> Result<()> {
    let mut reports = Vec::new();
    for number in 0..session.sizes.rounds {
        let size = nessus(session.sizes.growing, SEED);
        reports.push(Report::nessus(session.dir.path(), apart(size, number))?);
    }
    let mut empty = None;
    for held in session.sizes.held.clone() {
        let time = Figure::seconds(measure(&reports, held).await?);
        let row = Row::new(SUBJECT, format!("{} new into tables with {} occurrences", reports[0].name, number(float(held))), time);
        rows.push(match empty {
            None => row,
            Some(empty) => row.beside("into empty tables", empty).target(Target::RatioAtMost(MOST)),
        });
        empty.get_or_insert(time);
    }
    Ok(())
}

/// The median of the reports' times, each with occurrences that no other has.
async fn measure(reports: &[Report], held: u64) -> Result<Duration> {
    let mut times = Vec::new();
    let mut filled = None;
    for report in reports {
        // What the reports add to tables that are full makes no difference; those that are to be empty are made anew.
        let rig = match filled.take() {
            Some(rig) => rig,
            None => filled_with(held).await?,
        };
        let (import, _) = upload(&rig.client(WORKSPACE).await?, report).await?;
        rig.settle().await?;
        times.push(rig.drain(&format!("importing {}", report.name), 1, &[import]).await?.time);
        if held > 0 { filled = Some(rig) } else { rig.end().await? }
    }
    if let Some(rig) = filled {
        rig.end().await?;
    }
    Ok(Sample::new(times).median())
}

async fn filled_with(held: u64) -> Result<Rig> {
    let rig = Rig::driven(1).await?;
    rig.client(WORKSPACE).await?;
    fill(&rig.connection, held).await?;
    Ok(rig)
}

/// Fills the tables of the only workspace.
async fn fill(connection: &Client, held: u64) -> Result<()> {
    let mut bar = Percentage::new(format!("filling the tables with {} occurrences", number(float(held))));
    let mut filled = 0;
    while filled < held {
        let next = (filled + PIECE).min(held);
        for statement in [ASSETS, FINDINGS, OCCURRENCES] {
            let bounds = (i64::try_from(filled)?, i64::try_from(next)?);
            connection.execute(statement, &[&bounds.0, &bounds.1]).await.context("cannot fill the tables")?;
        }
        filled = next;
        bar.set(100.0 * float(filled) / float(held), "filling");
    }
    connection.batch_execute("vacuum analyze").await.context("cannot vacuum")
}
