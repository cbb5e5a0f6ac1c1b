//! What a workspace holds, to be compared with what another one holds.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use tokio_postgres::Client;

/// Every row of what imports write, and what the index does not lead to as it should, without what depends on when it came: its times, and the imports that brought it. Of what imports saw, the last of each
/// finding.
const STATEMENT: &str = "
    with w as (select id from spillway.workspaces where name = $1), r (what, row_) as (
      select 'asset', to_jsonb(a) from spillway.assets a, w where a.workspace_id = w.id
      union all select 'finding', to_jsonb(f) from spillway.findings f, w where f.workspace_id = w.id
      union all select 'occurrence', to_jsonb(o) from spillway.occurrences o, w where o.workspace_id = w.id
      union all select 'seen', to_jsonb(s) from spillway.import_findings s
        join spillway.findings f on f.workspace_id = s.workspace_id and f.id = s.finding_id and f.last_import_id = s.import_id, w
        where s.workspace_id = w.id
      union all select 'wrongly indexed', to_jsonb(f) from w join spillway.findings f on f.workspace_id = w.id
        left join spillway.finding_terms t on t.workspace_id = f.workspace_id and t.finding_id = f.id
        where (t.severity, t.terms) is distinct from (f.severity, spillway.terms_of(f))
          and not exists (select from spillway.unindexed_imports u where u.workspace_id = w.id)
      union all select 'error', to_jsonb(e) - '{id}'::text[] from spillway.import_errors e, w where e.workspace_id = w.id
    )
    select what || ' ' || (row_ - '{workspace_id,seen_as,import_id,attribute_imports}'::text[]
      -- Asked for once, not for each row.
      - array(select distinct column_name::text from information_schema.columns
          where table_schema = 'spillway' and (column_name like '%\\_import\\_id' or column_name like '%\\_at')))
    from r";

/// How many imports of a workspace are still to be indexed.
const UNINDEXED: &str = "
    select count(*) from spillway.unindexed_imports u join spillway.workspaces w on w.id = u.workspace_id where w.name = $1";

/// The tables in which the rows of a workspace's datasets lie, by the names of the datasets.
const TABLES: &str = "
    select d.name, spillway.data_table(d.id, d.generation)
    from spillway.datasets d join spillway.workspaces w on w.id = d.workspace_id where w.name = $1";

/// How often each row is there, without what depends on how its file was read.
const ROWS: &str = "
    select 'row '::text || jsonb_build_object('dataset', $1::text, 'row', r.row_, 'times', count(*))
    from (select to_jsonb(t) - '{_run,_segment,_offset,_updates,_at}'::text[] as row_ from TABLE t) r group by r.row_";

/// Waits until nothing that a workspace has is still to be indexed, for so long.
pub async fn indexed(client: &Client, workspace: &str, patience: Duration) -> Result<()> {
    let began = Instant::now();
    while client.query_one(UNINDEXED, &[&workspace]).await?.get::<_, i64>(0) > 0 {
        ensure!(began.elapsed() < patience, "what {workspace} has imported is not indexed after {patience:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Ok(())
}

/// The assets, findings, occurrences, errors, what was seen of findings and the rows of datasets in a workspace: a line of text for each, its kind and then the row
/// as JSON, in order.
pub async fn of(client: &Client, workspace: &str) -> Result<Vec<String>> {
    let context = || format!("cannot read what the workspace {workspace} holds");
    let mut rows = client.query(STATEMENT, &[&workspace]).await.with_context(context)?;
    for dataset in client.query(TABLES, &[&workspace]).await.with_context(context)? {
        let (name, table): (String, String) = (dataset.get(0), dataset.get(1));
        rows.extend(client.query(&ROWS.replace("TABLE", &table), &[&name]).await.with_context(context)?);
    }
    let mut lines: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
    lines.sort_unstable();
    Ok(lines)
}
