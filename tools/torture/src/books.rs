//! What is counted and kept of datasets, beside what is there.

use anyhow::{Context as _, Result};
use tokio_postgres::Client;

/// The datasets of a workspace: name, table, rows as they are counted, and rows that the imports say to have stored in that table.
const DATASETS: &str = "
    select d.name, spillway.data_table(d.id, d.generation), d.rows,
      (select coalesce(sum(r.rows_stored), 0)::bigint from spillway.runs r
        where r.workspace_id = d.workspace_id and r.dataset_id = d.id and r.generation = d.generation),
      (select jsonb_array_length(t.document::jsonb) from spillway.tails t where t.workspace_id = d.workspace_id and t.dataset_id = d.id)
    from spillway.datasets d join spillway.workspaces w on w.id = d.workspace_id where w.name = $1";

/// The most rows of a tail.
const TAIL: i64 = 1_000;

/// Completed imports of a workspace that do not say to have read all of their file, or to have dealt with all of their rows.
const IMPORTS: &str = "
    select format('%s has read %s of %s bytes; its rows are %s', i.file_name, i.bytes_read, i.size_bytes, to_jsonb(r))
    from spillway.runs r join spillway.imports i on i.workspace_id = r.workspace_id and i.id = r.import_id
      join spillway.workspaces w on w.id = i.workspace_id
    where w.name = $1 and i.state = 'completed' and (
      i.bytes_read <> i.size_bytes or i.items <> r.rows_read or i.errors <> r.rows_rejected or r.rows_counted <> r.rows_stored
      or r.rows_read <> r.rows_stored + r.rows_updated + r.rows_unchanged + r.rows_filtered + r.rows_rejected)";

/// Tables and functions of generations that are nobody's, months without a partition, and partitions without a month.
const LEFTOVERS: &str = "
    with made as (
      select c.relname as name, regexp_match(c.relname, '^d([0-9]+)_g([0-9]+)(?:_m([0-9]{6}))?') as m
      from pg_class c where c.relnamespace = 'spillway_data'::regnamespace and c.relkind in ('r', 'p')
      union all select p.proname, regexp_match(p.proname, '^put_d([0-9]+)_g([0-9]+)') from pg_proc p where p.pronamespace = 'spillway_data'::regnamespace
    ), month as (
      select format('d%s_g%s_m%s', p.dataset_id, p.generation, to_char(p.starts_on, 'YYYYMM')) as name from spillway.partitions p
    )
    select format('%s is of no dataset''s rows', name) from made
      where not exists (select from spillway.datasets d where d.id = m[1]::integer and d.generation = m[2]::integer)
    union all select format('there is a month for %s, but no partition', name) from month where not exists (select from made where made.name = month.name)
    union all select format('there is a partition %s, but no month', name) from made
      where m[3] is not null and not exists (select from month where month.name = made.name)";

/// Where the books of a workspace's datasets and of their imports are wrong, in words.
pub(super) async fn of(database: &Client, workspace: &str) -> Result<Vec<String>> {
    let imports = database.query(IMPORTS, &[&workspace]).await.context("cannot read the books of imports")?;
    let mut wrong: Vec<String> = imports.iter().map(|row| row.get(0)).collect();
    for dataset in database.query(DATASETS, &[&workspace]).await.context("cannot read the books of datasets")? {
        let (name, table): (String, String) = (dataset.get(0), dataset.get(1));
        let (counted, stored, tail): (i64, i64, Option<i32>) = (dataset.get(2), dataset.get(3), dataset.get(4));
        let rows: i64 = database.query_one(&format!("select count(*) from {table}"), &[]).await?.get(0);
        if [counted, stored] != [rows; 2] || tail.map(i64::from) != Some(rows.min(TAIL)) {
            wrong.push(format!("{name}: it has {rows} rows, counts {counted}, its imports have stored {stored}, its tail has {tail:?}"));
        }
    }
    Ok(wrong)
}

/// Cleans up, and tells what is left that should not be.
pub(super) async fn leftovers(database: &Client) -> Result<Vec<String>> {
    database.execute("select spillway.remove_old_generations(1000)", &[]).await.context("cannot remove old generations")?;
    let left = database.query(LEFTOVERS, &[]).await.context("cannot look for leftovers")?;
    Ok(left.iter().map(|row| row.get(0)).collect())
}
