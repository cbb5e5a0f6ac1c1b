//! `bench`: a generated report from upload to completion, against its batches fed straight to the database.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use clap::Args;
use scan_reports::{Batch, OccurrenceColumns};
use xtask::generate::{self, NessusSize};
use xtask::paths::TemporaryDir;
use xtask::postgres::{Cluster, Database};
use xtask::progress::{Percentage, Step};
use xtask::stack::{Stack, Temporary};
use xtask::{migrate, parse};

/// An import that nothing else works on, in a database of its own, with its first claim taken: gives the import's id and attempt.
const OPEN: &str = "select (spillway.open_upload(spillway.create_workspace('bench'), spillway.new_id()) ->> 'workspace_id')::integer";
const CREATE: &str = "select spillway.create_import($1, (select id from spillway.uploads), 'bench.nessus', $2, sha256('bench'))";
const CLAIM: &str = "select claim ->> 'import_id', (claim ->> 'attempt')::integer \
    from jsonb_array_elements(spillway.claim_imports(1, interval '1 hour', 1) -> 'claims') claim";

/// One batch, as the drain feeds it: import, attempt, document, records, bytes read, and the columns of the occurrences.
const INGEST: &str = "select spillway.ingest_batch($1::text::uuid, $2, interval '1 hour', $3::text::jsonb, \
    spillway.occurrences_of($6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19), $4, 'nessus', null, $5)::text";

/// Options of `bench`.
#[derive(Args, Debug)]
pub(crate) struct Bench {
    /// Occurrences of the generated Nessus report
    #[arg(long, default_value_t = 100_000)]
    findings: usize,

    /// Hosts of the generated Nessus report
    #[arg(long, default_value_t = 1_000)]
    hosts: usize,

    /// Records in a batch that is fed straight to the database
    #[arg(long, default_value_t = 2_000)]
    batch: usize,
}

impl Bench {
    /// Measures both, and prints them.
    pub(crate) async fn run(self) -> Result<()> {
        let dir = TemporaryDir::new("bench")?;
        let file = self.generate(dir.path())?;
        let direct = self.measure_direct(&file).await?;
        let whole = measure_whole(&file).await?;
        println!("report              {} occurrences on {} hosts, {:.1} MB", self.findings, self.hosts, megabytes(&file)?);
        println!("upload              {:.2} s", whole.upload.as_secs_f64());
        println!("import              {:.2} s", whole.import.as_secs_f64());
        println!("upload and import   {:.0} records/s", rate(whole.records, whole.upload + whole.import));
        println!("import              {:.0} records/s", rate(whole.records, whole.import));
        println!("database alone      {:.0} records/s (one connection, batches of {})", rate(direct.records, direct.time), self.batch);
        println!("import / database   {:.2}", rate(whole.records, whole.import) / rate(direct.records, direct.time));
        Ok(())
    }

    fn generate(&self, dir: &Path) -> Result<PathBuf> {
        let file = dir.join("bench.nessus");
        let step = Step::begin(format!("generating a Nessus report of {} occurrences", self.findings));
        let mut writer = std::io::BufWriter::new(std::fs::File::create(&file)?);
        generate::nessus(NessusSize { findings: self.findings, hosts: self.hosts, seed: 1, problems: 0 }, &mut writer)?;
        std::io::Write::flush(&mut writer)?;
        step.done();
        Ok(file)
    }

    /// The batches are made beforehand: only the database is measured.
    async fn measure_direct(&self, file: &Path) -> Result<Direct> {
        let batches = self.batches(file)?;
        let cluster = Cluster::shared().await?;
        let database = cluster.create_database("bench_direct").await?;
        migrate::migrate(&mut database.connect().await?).await?;
        let step = Step::begin(format!("feeding {} batches to the database", batches.len()));
        let direct = feed(&database, &batches, std::fs::metadata(file)?.len()).await?;
        step.done();
        Ok(direct)
    }

    fn batches(&self, file: &Path) -> Result<Vec<FedBatch>> {
        let step = Step::begin("parsing the report");
        let (mut batches, mut batch) = (Vec::new(), Batch::default());
        parse::read(file, None, |_, record| {
            batch.push(record);
            if batch.len() >= self.batch {
                batches.push(FedBatch::new(std::mem::take(&mut batch))?);
            }
            Ok(())
        })?;
        if !batch.is_empty() {
            batches.push(FedBatch::new(batch)?);
        }
        step.done();
        Ok(batches)
    }
}

/// A batch as the database takes it.
struct FedBatch {
    records: i32,
    document: String,
    occurrences: OccurrenceColumns,
}

impl FedBatch {
    fn new(batch: Batch) -> Result<Self> {
        let records = i32::try_from(batch.len())?;
        let (document, occurrences) = batch.into_parts();
        Ok(Self { records, document: String::from_utf8(document)?, occurrences })
    }
}

/// What the database alone does.
struct Direct {
    records: u64,
    time: Duration,
}

async fn feed(database: &Database, batches: &[FedBatch], size: u64) -> Result<Direct> {
    let client = database.connect().await?;
    let workspace: i32 = client.query_one(OPEN, &[]).await.context("cannot open an upload")?.get(0);
    client.execute(CREATE, &[&workspace, &i64::try_from(size)?]).await.context("cannot create an import")?;
    let claim = client.query_one(CLAIM, &[]).await.context("cannot claim the import")?;
    let (import, attempt): (String, i32) = (claim.get(0), claim.get(1));
    let statement = client.prepare(INGEST).await?;
    let started = Instant::now();
    let mut records = 0;
    for batch in batches {
        let o = &batch.occurrences;
        let answer = client
            .query_one(
                &statement,
                &[
                    &import,
                    &attempt,
                    &batch.document,
                    &batch.records,
                    &0_i64,
                    &o.id,
                    &o.finding_id,
                    &o.asset_id,
                    &o.host,
                    &o.port,
                    &o.protocol,
                    &o.service,
                    &o.url,
                    &o.parameter,
                    &o.path,
                    &o.line,
                    &o.evidence,
                    &o.source_offset,
                    &o.source_line,
                ],
            )
            .await?;
        let answer: String = answer.get(0);
        ensure!(answer.contains("running"), "the database did not take a batch: {answer}");
        records += u64::try_from(batch.records)?;
    }
    Ok(Direct { records, time: started.elapsed() })
}

/// What a caller of the API sees.
struct Whole {
    records: u64,
    upload: Duration,
    import: Duration,
}

async fn measure_whole(file: &Path) -> Result<Whole> {
    let stack = Stack::temporary(Temporary::default()).await?;
    let client = stack.client("bench").await?;
    let mut bar = Percentage::new("importing");
    let started = Instant::now();
    let upload = client.upload_file(file).await?;
    let uploaded = started.elapsed();
    let show = |status: &serde_json::Value| {
        bar.set(status["progress"]["percentage"].as_f64().unwrap_or_default(), status["stage"].as_str().unwrap_or_default());
    };
    let status = client.wait(&upload.id, Duration::from_hours(1), show).await?;
    drop(bar);
    ensure!(status["state"] == "completed", "the import did not complete: {status}");
    let records = status["progress"]["items"].as_u64().context("the status has no progress.items")?;
    Ok(Whole { records, upload: uploaded, import: started.elapsed().saturating_sub(uploaded) })
}

#[expect(clippy::cast_precision_loss, reason = "for a person to read")]
fn rate(records: u64, time: Duration) -> f64 {
    records as f64 / time.as_secs_f64().max(1e-9)
}

#[expect(clippy::cast_precision_loss, reason = "for a person to read")]
fn megabytes(file: &Path) -> Result<f64> {
    Ok(std::fs::metadata(file)?.len() as f64 / 1e6)
}
