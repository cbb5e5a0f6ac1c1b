//! The floor: the same batches, parsed before, fed to `ingest_batch` by a native client; and their rows by raw COPY.

use std::error::Error;
use std::time::{Duration, Instant};

use admin::Database;
use anyhow::{Context as _, Result, ensure};
use bytes::BytesMut;
use futures::{SinkExt as _, TryStreamExt as _};
use scan_reports::{BatchRows, Column, Columns as _, FindingColumns, OccurrenceColumns};
use stack::postgres::Cluster;
use stack::progress::Step;
use stack::sample::Sample;
use tokio_postgres::Client;
use tokio_postgres::types::{IsNull, ToSql, Type, to_sql_checked};

use crate::input::{Input, Unit};
use crate::rig::{drop_database, settle};
use crate::session::{Kind, Session};
use crate::table::{Figure, Row};

const SUBJECT: &str = "floor";

/// The tables that an import writes rows of its records to.
const TABLES: [&str; 6] = ["assets", "findings", "occurrences", "import_assets", "import_findings", "finding_scopes"];

/// Rows of this subject.
pub(super) async fn rows(session: &mut Session) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    for kind in session.kinds() {
        let compared = session.compared(kind).await?;
        let (name, records) = (&compared.input.report.name, compared.input.records);
        for (what, time) in [("new", compared.floor_new()), ("again", compared.floor_again())] {
            rows.push(Row::new(SUBJECT, format!("{name} {what}, one connection"), Figure::records_per_second(records, time)));
        }
    }
    let one = session.floor().await?;
    let two = session.floor_of_two().await?;
    let input = session.input(Kind::Nessus)?;
    rows.push(Row::new(SUBJECT, format!("{} new, two connections, an import each", input.report.name), two).beside("one connection", one));
    rows.push(
        Row::new(SUBJECT, format!("{} new, its rows by COPY into unlogged tables", input.report.name), copy(session, &input).await?)
            .beside("one connection", one),
    );
    Ok(rows)
}

/// How long the batches of a report took when they were new, and when all was known.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fed {
    pub(super) new: Duration,
    pub(super) again: Duration,
}

/// Feeds a report twice to an empty database.
pub(super) async fn measure(cluster: &Cluster, input: &Input) -> Result<Fed> {
    let floor = Floor::new(cluster).await?;
    let step = Step::begin(format!("feeding {} batches straight to the database", input.batch_count()));
    let new = floor.feed(input, 1).await?;
    let again = floor.feed(input, 1).await?;
    step.done();
    floor.end(cluster).await?;
    Ok(Fed { new, again })
}

/// The rate of two connections, each with an import of its own of the same report, in a workspace of its own; in the median of the rounds.
pub(super) async fn measure_two(cluster: &Cluster, input: &Input, rounds: usize) -> Result<Figure> {
    let step = Step::begin("feeding the database over two connections");
    let mut times = Vec::new();
    for _ in 0..rounds {
        let floor = Floor::new(cluster).await?;
        times.push(floor.feed(input, 2).await?);
        floor.end(cluster).await?;
    }
    step.done();
    Ok(Figure::records_per_second(2 * input.records, Sample::new(times).median()))
}

/// A database without the rest of the app.
struct Floor {
    database: Database,
    connection: Client,
}

impl Floor {
    async fn new(cluster: &Cluster) -> Result<Self> {
        let database = cluster.create_migrated(&format!("floor-{}", admin::random::hex(6)?)).await?;
        let connection = database.connect().await?;
        Ok(Self { database, connection })
    }

    async fn end(self, cluster: &Cluster) -> Result<()> {
        drop(self.connection);
        drop_database(cluster, &self.database.name).await
    }

    /// Feeds a report over so many connections at once, each for itself.
    async fn feed(&self, input: &Input, connections: usize) -> Result<Duration> {
        let mut feeders = Vec::new();
        for number in 0..connections {
            feeders.push(Feeder::new(&self.database, &format!("bench {number}"), input).await?);
        }
        settle(&self.connection).await?;
        let started = Instant::now();
        futures::future::try_join_all(feeders.iter_mut().map(|feeder| feeder.feed(input))).await?;
        let time = started.elapsed();
        futures::future::try_join_all(feeders.iter().map(Feeder::finish)).await?;
        Ok(time)
    }
}

/// One connection with a claimed import.
struct Feeder {
    connection: Client,
    import: String,
    attempt: i32,
    fence: i64,
}

impl Feeder {
    async fn new(database: &Database, workspace: &str, input: &Input) -> Result<Self> {
        let connection = database.connect().await?;
        create_import(&connection, workspace, input.report.bytes).await?;
        let (import, attempt, fence) = claim(&connection).await?;
        Ok(Self { connection, import, attempt, fence })
    }

    async fn feed(&mut self, input: &Input) -> Result<()> {
        let statement = self.connection.prepare(&ingest()).await?;
        let mut batches = input.batches();
        while let Some(unit) = batches.recv().await {
            let Unit { records, rows: BatchRows { document, findings, occurrences } } = unit?;
            let (document, findings, occurrences) = (Json(&document), findings.into_columns(), occurrences.into_columns());
            let mut parameters: Vec<&(dyn ToSql + Sync)> =
                vec![&self.import, &self.attempt, &self.fence, &document, &records, &input.format];
            parameters.extend(findings.iter().chain(&occurrences).map(parameter));
            let answer: String = self.connection.query_one(&statement, &parameters).await.context("a batch is refused")?.get(0);
            ensure!(answer.contains("running"), "the database did not take a batch: {answer}");
            self.fence += 1;
        }
        Ok(())
    }

    async fn finish(&self) -> Result<()> {
        finish(&self.connection, &self.import, self.attempt, self.fence).await
    }
}

/// One batch, as the drain feeds it: import, attempt, fence, document, records and format; then the columns of the findings and of the occurrences.
fn ingest() -> String {
    let (findings, occurrences) = (FindingColumns::expression(7), OccurrenceColumns::expression(7 + FindingColumns::NAMES.len()));
    format!("select spillway.ingest_batch($1::text::uuid, $2, $3, interval '1 hour', $4, {findings}, {occurrences}, $5, $6, null, 0)::text")
}

fn parameter(column: &Column) -> &(dyn ToSql + Sync) {
    match column {
        Column::Words(words) => words,
        Column::Texts(texts) => texts,
        Column::Integers(integers) => integers,
        Column::Longs(longs) => longs,
    }
}

/// Makes an import without a report in the store, and gives its id.
pub(super) async fn create_import(connection: &Client, workspace: &str, bytes: u64) -> Result<String> {
    let workspace: i32 = connection.query_one("select spillway.create_workspace($1)", &[&workspace]).await?.get(0);
    let id: String = connection.query_one("select spillway.new_id()::text", &[]).await?.get(0);
    let open = "select spillway.open_upload($1, $2::text::uuid, null, $3)";
    connection.query_one(open, &[&workspace, &id, &i64::try_from(bytes)?]).await.context("cannot open an upload")?;
    let create = "select spillway.create_import($1, $2::text::uuid, 'bench', $3, sha256('bench'))";
    connection.query_one(create, &[&workspace, &id, &i64::try_from(bytes)?]).await.context("cannot create an import")?;
    Ok(id)
}

/// Claims the import that is next: its id, attempt and fence.
pub(super) async fn claim(connection: &Client) -> Result<(String, i32, i64)> {
    let claim = "select claim ->> 'import_id', (claim ->> 'attempt')::integer, (claim ->> 'fence')::bigint
        from nullif(spillway.claim_import(interval '1 hour', 1000) -> 'claim', 'null') claim where claim is not null";
    let row = connection.query_opt(claim, &[]).await.context("cannot claim an import")?.context("there is no import to claim")?;
    Ok((row.get(0), row.get(1), row.get(2)))
}

/// Ends an import that is fed to its end.
pub(super) async fn finish(connection: &Client, import: &str, attempt: i32, fence: i64) -> Result<()> {
    let finish = "select spillway.finish_import($1::text::uuid, $2, $3)::text";
    let answer: String = connection.query_one(finish, &[&import, &attempt, &fence]).await?.get(0);
    ensure!(answer.contains("completed"), "the import did not end: {answer}");
    Ok(())
}

/// Copies what an import has stored into tables of the same form that write no log, and gives their rows a second.
async fn copy(session: &Session, input: &Input) -> Result<Figure> {
    let cluster = session.cluster().await?;
    let floor = Floor::new(cluster).await?;
    let step = Step::begin("copying the same rows");
    floor.feed(input, 1).await?;
    let mut time = Duration::ZERO;
    for table in TABLES {
        time += copy_table(&floor.connection, table).await?;
    }
    step.done();
    floor.end(cluster).await?;
    Ok(Figure::records_per_second(input.records, time))
}

async fn copy_table(connection: &Client, table: &str) -> Result<Duration> {
    connection.batch_execute(&format!("create unlogged table public.{table} (like spillway.{table} including all)")).await?;
    let out = connection.copy_out(&format!("copy spillway.{table} to stdout (format binary)")).await?;
    let pieces: Vec<bytes::Bytes> = out.try_collect().await.with_context(|| format!("cannot copy {table}"))?;
    settle(connection).await?;
    let started = Instant::now();
    let into = connection.copy_in(&format!("copy public.{table} from stdin (format binary)")).await?;
    let mut into = std::pin::pin!(into);
    for piece in pieces {
        into.feed(piece).await?;
    }
    into.finish().await.with_context(|| format!("cannot copy into {table}"))?;
    Ok(started.elapsed())
}

/// A JSON document as the runtime hands it on: as it is, not taken apart and put together again.
#[derive(Debug)]
struct Json<'a>(&'a [u8]);

/// The version of jsonb on the wire.
const JSONB_VERSION: u8 = 1;

impl ToSql for Json<'_> {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        out.extend_from_slice(&[JSONB_VERSION]);
        out.extend_from_slice(self.0);
        Ok(IsNull::No)
    }

    fn accepts(pg_type: &Type) -> bool {
        *pg_type == Type::JSONB
    }

    to_sql_checked!();
}
