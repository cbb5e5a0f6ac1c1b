//! The floor of tables: the same batches, decoded before, fed to `ingest_rows` by a native client; the same file by COPY; and its rows one by one.

use std::time::{Duration, Instant};

use admin::Database;
use anyhow::{Context as _, Result, ensure};
use futures::SinkExt as _;
use generate::TABLE_COLUMNS;
use stack::postgres::Cluster;
use stack::progress::Step;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Statement};

use super::file::{Batches, RowUnit, TableFile};
use super::{Dataset, Fed};
use crate::floor::{claim, finish};
use crate::processors::Spent;
use crate::rig::{WORKSPACE, drop_database, settle};

/// Bytes that COPY is fed at a time.
const PIECE: usize = 1024 * 1024;

/// A batch, as the drain feeds it: import, attempt, fence, columns, offsets, what was rescued, counts, format, checkpoint, place.
const INGEST: &str =
    "select spillway.ingest_rows($1::text::uuid, $2, $3, interval '1 hour', 1, $4, $5, $6, '[]', $7::text::jsonb, $8, $9, $10)::text";

/// A table with the columns of the dataset's own, but without its import: those of the system have values by themselves.
const BESIDE: &str = "
    create table public.beside (like spillway_data.d1_g1 including all);
    alter table public.beside alter _run set default 1, alter _segment set default 0, alter _offset set default 0";

/// A database with a dataset, without the rest of the app.
pub(super) struct Floor {
    database: Database,
    connection: Client,
    workspace: i32,
}

impl Floor {
    pub(super) async fn new(cluster: &Cluster, dataset: Dataset) -> Result<Self> {
        let database = cluster.create_migrated(&format!("floor-{}", admin::random::hex(6)?)).await?;
        let connection = database.connect().await?;
        let workspace: i32 = connection.query_one("select spillway.create_workspace($1)", &[&WORKSPACE]).await?.get(0);
        let create = "select spillway.create_dataset($1, $2::text::jsonb)::text";
        connection.query_one(create, &[&workspace, &dataset.document().to_string()]).await.context("cannot make the dataset")?;
        Ok(Self { database, connection, workspace })
    }

    pub(super) async fn end(self, cluster: &Cluster) -> Result<()> {
        drop(self.connection);
        drop_database(cluster, &self.database.name).await
    }

    /// Feeds a file's batches over so many connections at once, each with an import of its own.
    pub(super) async fn feed(&self, batches: &Batches, connections: usize) -> Result<Fed> {
        let step = Step::begin(format!("feeding {} batches straight to the database", connections * batches.units.len()));
        let mut feeders = Vec::new();
        for _ in 0..connections {
            self.create_import().await?;
            feeders.push(Feeder::new(self.database.connect().await?).await?);
        }
        settle(&self.connection).await?;
        let (started, spent) = (Instant::now(), Spent::now());
        futures::future::try_join_all(feeders.iter_mut().map(|feeder| feeder.feed(batches))).await?;
        let fed = Fed { time: started.elapsed(), spent: Spent::now().since(spent) };
        futures::future::try_join_all(feeders.iter().map(Feeder::finish)).await?;
        step.done();
        Ok(fed)
    }

    /// Makes an import of the dataset, without a file in the store.
    async fn create_import(&self) -> Result<()> {
        let id: String = self.connection.query_one("select spillway.new_id()::text", &[]).await?.get(0);
        let open = "select spillway.open_upload($1, $2::text::uuid, null, 1)";
        self.connection.query_one(open, &[&self.workspace, &id]).await.context("cannot open an upload")?;
        let create = "select spillway.create_import($1, $2::text::uuid, 'bench', 1, sha256('bench'), p_dataset => $3)";
        self.connection.query_one(create, &[&self.workspace, &id, &super::NAME]).await.context("cannot create an import").map(drop)
    }

    /// The time of COPY into a table of the same form.
    pub(super) async fn copy(&self, file: &TableFile) -> Result<Duration> {
        self.connection.batch_execute(BESIDE).await.context("cannot make a table beside the dataset's")?;
        let bytes = bytes::Bytes::from(file.read()?);
        settle(&self.connection).await?;
        let step = Step::begin(format!("copying {}", file.name));
        let started = Instant::now();
        let statement = format!("copy public.beside ({}) from stdin (format csv, header)", names());
        let mut into = std::pin::pin!(self.connection.copy_in(&statement).await?);
        for start in (0..bytes.len()).step_by(PIECE) {
            into.feed(bytes.slice(start..bytes.len().min(start + PIECE))).await?;
        }
        let copied = into.finish().await.context("cannot copy")?;
        let time = started.elapsed();
        step.done();
        ensure!(copied == file.rows, "{copied} rows were copied of {}", file.rows);
        Ok(time)
    }

    /// The time of some of the rows that were copied, each by a statement of its own.
    pub(super) async fn one_by_one(&self, count: usize) -> Result<Duration> {
        let texts: Vec<_> = TABLE_COLUMNS.iter().map(|(name, _)| format!("{name}::text")).collect();
        let select = format!("select {} from public.beside limit {count}", texts.join(", "));
        let rows = self.connection.query(&select, &[]).await?;
        ensure!(rows.len() == count, "{} rows instead of {count}", rows.len());
        self.connection.batch_execute("truncate public.beside").await?;
        let values: Vec<_> = (1..).zip(TABLE_COLUMNS).map(|(number, (_, kind))| format!("${number}::text::{kind}")).collect();
        let insert = format!("insert into public.beside ({}) values ({})", names(), values.join(", "));
        let insert = self.connection.prepare(&insert).await?;
        settle(&self.connection).await?;
        let step = Step::begin(format!("storing {count} rows one by one"));
        let started = Instant::now();
        for row in &rows {
            let values: Vec<Option<&str>> = (0..row.len()).map(|column| row.get(column)).collect();
            let parameters: Vec<&(dyn ToSql + Sync)> = values.iter().map(|value| value as &(dyn ToSql + Sync)).collect();
            self.connection.execute(&insert, &parameters).await.context("a row is refused")?;
        }
        let time = started.elapsed();
        step.done();
        Ok(time)
    }
}

fn names() -> String {
    TABLE_COLUMNS.map(|(name, _)| name).join(", ")
}

/// One connection with a claimed import.
struct Feeder {
    connection: Client,
    statement: Statement,
    import: String,
    attempt: i32,
    fence: i64,
}

impl Feeder {
    async fn new(connection: Client) -> Result<Self> {
        let (import, attempt, fence) = claim(&connection).await?;
        let statement = connection.prepare(INGEST).await?;
        Ok(Self { connection, statement, import, attempt, fence })
    }

    async fn feed(&mut self, batches: &Batches) -> Result<()> {
        for unit in &batches.units {
            let RowUnit { columns, offsets, rescued, counts, checkpoint, bytes_read } = unit;
            let parameters: [&(dyn ToSql + Sync); 10] =
                [&self.import, &self.attempt, &self.fence, columns, offsets, rescued, counts, &batches.format, checkpoint, bytes_read];
            let answer: String = self.connection.query_one(&self.statement, &parameters).await.context("a batch is refused")?.get(0);
            ensure!(answer.contains("running"), "the database did not take a batch: {answer}");
            self.fence += 1;
        }
        Ok(())
    }

    async fn finish(&self) -> Result<()> {
        finish(&self.connection, &self.import, self.attempt, self.fence).await
    }
}
