//! The naive way, which the seeds describe: for each record a transaction with a SELECT, and an INSERT where there is none, a table.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use serde::Serialize;
use serde_json::Value;
use stack::progress::Step;
use tokio_postgres::Client;
use tokio_postgres::types::ToSql;

use crate::input::Input;
use crate::rig::{drop_database, settle};
use crate::session::{Kind, Session};
use crate::table::{Figure, Row, Target, float};

const SUBJECT: &str = "naive";

/// How often faster the drain is to be.
const LEAST: f64 = 20.0;

/// The import that the rows are said to be of.
const IMPORT: &str = "'00000000-0000-7000-8000-000000000000'";

/// Rows of this subject.
pub(super) async fn rows(session: &mut Session) -> Result<Vec<Row>> {
    let compared = session.compared(Kind::Nessus).await?;
    let (records, time) = measure(session, &compared.input).await?;
    let name = &compared.input.report.name;
    let whole = time.as_secs_f64() * float(compared.input.records) / float(records);
    Ok(vec![
        Row::new(SUBJECT, format!("{name} new, from {records} of them"), Figure::records_per_second(records, time))
            .beside("drain", Figure::records_per_second(compared.input.records, compared.drain_new())),
        Row::new(SUBJECT, format!("{name} new, time scaled from {records}"), Figure::new(whole, "s"))
            .beside("drain", Figure::seconds(compared.drain_new()))
            .target(Target::RatioAtLeast(LEAST)),
    ])
}

/// How many records were stored, and how long that took.
async fn measure(session: &Session, input: &Input) -> Result<(u64, Duration)> {
    let database = session.cluster().await?.create_migrated("naive").await?;
    let mut connection = database.connect().await?;
    let sample = sample(input, session.sizes.naive).await?;
    settle(&connection).await?;
    let step = Step::begin(format!("storing {} records one by one", sample.len()));
    let naive = Naive::prepare(&connection).await?;
    let started = Instant::now();
    for record in &sample {
        naive.store(&mut connection, record).await?;
    }
    let time = started.elapsed();
    step.done();
    drop(connection);
    drop_database(session.cluster().await?, &database.name).await?;
    Ok((sample.len() as u64, time))
}

/// A record with what belongs to it: the documents of asset, finding and occurrence.
type Record = [Value; 3];

/// The first records of a report.
async fn sample(input: &Input, count: usize) -> Result<Vec<Record>> {
    // A batch leaves out the findings of those before it.
    let (mut sample, mut findings) = (Vec::new(), Vec::new());
    let mut batches = input.batches();
    while let Some(unit) = batches.recv().await {
        let unit = unit?;
        let batch: Value = serde_json::from_slice(&unit.rows.document).context("a batch is not JSON")?;
        let assets = batch["assets"].as_array().context("a batch has no assets")?;
        findings.extend(row_by_row(&unit.rows.findings)?);
        let find = |among: &[Value], id: &Value| among.iter().find(|row| row["id"] == *id).cloned();
        for occurrence in row_by_row(&unit.rows.occurrences)? {
            let asset = find(assets, &occurrence["asset_id"]).context("an occurrence without its asset")?;
            let finding = find(&findings, &occurrence["finding_id"]).context("an occurrence without its finding")?;
            sample.push([asset, finding, occurrence]);
            if sample.len() == count {
                return Ok(sample);
            }
        }
    }
    ensure!(!sample.is_empty(), "the report has no records");
    Ok(sample)
}

/// Rows as documents of their own.
fn row_by_row(columns: &impl Serialize) -> Result<Vec<Value>> {
    let Value::Object(mut named) = serde_json::to_value(columns)? else { bail!("columns have names") };
    for column in named.values_mut() {
        // Words in a row.
        if let Some(words) = column.as_str() {
            *column = words.split(',').filter(|word| !word.is_empty()).collect();
        }
    }
    let length = named["id"].as_array().map_or(0, Vec::len);
    let row = |number: usize| named.iter().map(|(name, column)| (name.clone(), column.get(number).cloned().unwrap_or_default())).collect();
    Ok((0..length).map(|number| Value::Object(row(number))).collect())
}

/// The statements of each table: whether the row is there, and its insertion.
struct Naive([(tokio_postgres::Statement, tokio_postgres::Statement); 3]);

impl Naive {
    async fn prepare(connection: &Client) -> Result<Self> {
        let columns = [
            ("assets", "id uuid, kind spillway.asset_kind, identity text, hostname text"),
            (
                "findings",
                "id uuid, tool text, kind spillway.finding_kind, rule_id text, title text, severity spillway.severity, description text, \
                 solution text, vulnerability_ids text[], cwes integer[], source_offset bigint",
            ),
            (
                "occurrences",
                "id uuid, finding_id uuid, asset_id uuid, host text, port integer, protocol text, service text, url text, path text, \
                 line bigint, evidence text",
            ),
        ];
        let mut statements = Vec::new();
        for (table, columns) in columns {
            statements.push((
                connection.prepare(&format!("select id from spillway.{table} where workspace_id = 1 and id = $1::text::uuid")).await?,
                connection.prepare(&insertion(table, columns)).await.with_context(|| format!("the insertion into {table}"))?,
            ));
        }
        Ok(Self(statements.try_into().map_err(|_| anyhow::anyhow!("three tables have three pairs of statements"))?))
    }

    async fn store(&self, connection: &mut Client, record: &Record) -> Result<()> {
        let transaction = connection.transaction().await?;
        for ((select, insert), row) in self.0.iter().zip(record) {
            let id = row["id"].as_str().context("a row without an id")?;
            if transaction.query_opt(select, &[&id]).await?.is_none() {
                let text = row.to_string();
                let parameters: [&(dyn ToSql + Sync); 1] = [&text];
                transaction.execute(insert, &parameters).await.context("a row is refused")?;
            }
        }
        Ok(transaction.commit().await?)
    }
}

/// An insertion of one row from its document.
fn insertion(table: &str, columns: &str) -> String {
    let names: Vec<_> = columns.split(", ").filter_map(|column| column.split(' ').next()).collect();
    // What a document leaves out is empty in the table, too.
    let values = names.iter().map(|name| match *name {
        "description" | "solution" | "evidence" => format!("coalesce({name}, '')"),
        "vulnerability_ids" | "cwes" => format!("coalesce({name}, '{{}}')"),
        "source_offset" => "coalesce(source_offset, 0)".to_owned(),
        _ => (*name).to_owned(),
    });
    format!(
        "insert into spillway.{table} (workspace_id, first_import_id, last_import_id, {}) select 1, {IMPORT}, {IMPORT}, {} \
         from jsonb_to_record($1::text::jsonb) as row_ ({columns})",
        names.join(", "),
        values.collect::<Vec<_>>().join(", ")
    )
}
