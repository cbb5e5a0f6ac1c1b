//! What an import costs.

use anyhow::Result;
use stack::Stack;

use crate::fixture::{NOWHERE, drain, nessus, stack_without_wake_ups, temporary, world_in};

/// Bytes of a component's memory that serverless platforms give.
const MEMORY: u64 = 128 * 1024 * 1024;

#[tokio::test]
#[cfg_attr(external_app, ignore = "needs an app of its own")]
async fn ten_thousand_findings_take_at_most_twenty_statements() -> Result<()> {
    let world = world_in(stack_without_wake_ups(&[]).await?.into()).await?;
    let database = world.stack.database.connect().await?;
    database.batch_execute("create extension if not exists pg_stat_statements").await?;
    let upload = world.upload("a.nessus", nessus(10_000, 100)?).await?;
    database
        .batch_execute("select pg_stat_statements_reset(0, (select oid from pg_database where datname = current_database()), 0)")
        .await?;
    assert_eq!(drain(&world.stack).await?["completed"], 1);
    let counted = "
        select coalesce(sum(calls), 0)::bigint, string_agg(calls || ' x ' || query, E'\\n')
        from pg_stat_statements s join pg_database d on d.oid = s.dbid
        where d.datname = current_database() and s.toplevel and query not like '%pg_stat_statements%'";
    let row = database.query_one(counted, &[]).await?;
    let (calls, statements): (i64, Option<String>) = (row.get(0), row.get(1));
    let statements = statements.unwrap_or_default();
    assert!(statements.contains("ingest_batch") && statements.contains("claim_import"), "nothing was counted:\n{statements}");
    assert!(calls <= 20, "{calls} statements:\n{statements}");
    assert_eq!(world.client.status(&upload.id).await?["counts"]["occurrences"]["new"], 10_000);
    Ok(())
}

#[tokio::test]
#[cfg_attr(external_app, ignore = "needs an app of its own")]
async fn memory_does_not_grow_with_the_report() -> Result<()> {
    let mut options = temporary(&[("app_url", NOWHERE)]);
    options.host.max_instance_memory = MEMORY / 2;
    let world = world_in(Stack::temporary(options).await?.into()).await?;
    let report = nessus(60_000, 300)?;
    assert!(report.len() as u64 > MEMORY / 2, "{} bytes are too few to tell", report.len());
    let upload = world.upload("big.nessus", report).await?;
    // A drain that wants more than it may have ends in the middle of its answer.
    while world.client.status(&upload.id).await?["state"] != "completed" {
        drain(&world.stack).await?;
    }
    Ok(())
}
