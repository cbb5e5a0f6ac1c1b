//! `demo`: everything set up, samples imported through HTTP, a table of what came of it.

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use admin::Database;
use anyhow::{Context as _, Result, ensure};
use clap::Args;
use generate::NetworkSize;
use serde_json::Value;
use stack::client::Client;
use stack::progress::{self, Percentage, Step};
use stack::{Permanent, Stack, paths};

use crate::up::Caller;

mod table;

/// The generated report: its occurrences, and the hosts that they are on.
const GENERATED: NetworkSize = NetworkSize { findings: 20_000, hosts: 200, first_host: 0, seed: 1, problems: 0 };

const WORKSPACE: &str = "demo";
/// For which its key is valid.
const DAYS: f64 = 30.0;

/// How long one import may take.
const LIMIT: Duration = Duration::from_mins(10);

/// Columns of a terminal that the table fits into.
const WIDTH: usize = 100;

/// Options of `demo`.
#[derive(Args, Debug)]
pub(crate) struct Demo {
    /// An existing PostgreSQL database (15 or newer) instead of a private one: postgres://user@host:port/name, and PGPASSWORD in the environment; or
    /// DATABASE_URL there, which may have the password in it
    #[arg(long, value_name = "URL")]
    database_url: Option<String>,
}

impl Demo {
    /// Runs it.
    pub(crate) async fn run(self) -> Result<()> {
        introduce();
        let database = Database::named(self.database_url.as_deref())?;
        let stack = Stack::start(Permanent { database, listen: None }).await?;
        let key = stack.key(WORKSPACE, "demo", DAYS).await?;
        let client = Client::new(stack.url(), &key);
        let reports: Vec<_> = paths::sample_of_each_format()?.into_iter().chain([generated()?]).collect();
        progress::note(&format!("importing {} reports over HTTP, one after the other: about half a minute", reports.len()));
        println!("\n{HEAD}");
        let mut rows = Vec::new();
        for file in &reports {
            let row = import(&client, file).await?;
            println!("{row}");
            rows.push(row);
        }
        println!("\n{}", summary(&rows));
        table::import(&client).await?;
        print_more(&Caller { url: stack.url(), key: &key });
        let failed = rows.iter().filter(|row| row.state != "completed").count();
        ensure!(failed == 0, "{failed} of {} imports did not complete", rows.len());
        Ok(())
    }
}

fn introduce() {
    progress::note(
        "This builds Spillway, starts a private PostgreSQL and object store under .spillway/, imports a sample of\n\
         every format, a generated report and a table, shows what came of them, and stops everything again.",
    );
}

fn generated() -> Result<PathBuf> {
    let dir = paths::data_dir().join("demo");
    paths::create_dir(&dir)?;
    let file = dir.join(format!("generated-{}.nessus", GENERATED.findings));
    let step = Step::begin(format!("generating a Nessus report of {} occurrences", GENERATED.findings));
    let mut writer = std::io::BufWriter::new(std::fs::File::create(&file).with_context(|| format!("cannot write {}", file.display()))?);
    generate::nessus(GENERATED, &mut writer)?;
    std::io::Write::flush(&mut writer)?;
    step.done();
    Ok(file)
}

async fn import(client: &Client, file: &Path) -> Result<Row> {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let started = Instant::now();
    let mut bar = Percentage::new(name);
    let upload = client.upload_file(file).await?;
    let status = client.wait(&upload.id, LIMIT, |status| show(&mut bar, status)).await?;
    Ok(Row { seconds: started.elapsed().as_secs_f64(), ..row(&status) })
}

fn show(bar: &mut Percentage, status: &Value) {
    let percentage = status["progress"]["percentage"].as_f64().unwrap_or_default();
    bar.set(percentage, status["stage"].as_str().unwrap_or_default());
}

/// A line of the table: what a report holds, and what of its findings is new.
#[derive(Debug, Default)]
struct Row {
    format: String,
    state: String,
    assets: u64,
    findings: u64,
    new: u64,
    occurrences: u64,
    seconds: f64,
    error: Option<String>,
}

const HEAD: &str = "format                                 state      assets  findings     new  occurrences  seconds";

fn row(status: &Value) -> Row {
    let text = |field: &str| status[field].as_str().unwrap_or("?").to_owned();
    let all = |what: &str| status["counts"][what].as_object().into_iter().flatten().filter(|(how, _)| *how != "closed");
    let all = |what| all(what).filter_map(|(_, count)| count.as_u64()).sum();
    Row {
        format: text("format"),
        state: text("state"),
        assets: all("assets"),
        findings: all("findings"),
        new: status["counts"]["findings"]["new"].as_u64().unwrap_or_default(),
        occurrences: all("occurrences"),
        seconds: 0.0,
        error: (!status["error"].is_null()).then(|| status["error"].to_string()),
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { format, state, assets, findings, new, occurrences, seconds, error } = self;
        write!(f, "{format:37}  {state:9}  {assets:>6}  {findings:>8}  {new:>6}  {occurrences:>11}  {seconds:>7.1}")?;
        error.as_ref().map_or(Ok(()), |error| write!(f, "\n  {:.*}", WIDTH - 2, error))
    }
}

fn summary(rows: &[Row]) -> String {
    let sum = |of: fn(&Row) -> u64| rows.iter().map(of).sum::<u64>();
    format!("{} reports: {} findings, {} of them new", rows.len(), sum(|row| row.findings), sum(|row| row.new))
}

/// What is there stays: how to start the app again at the same address, and ask it.
fn print_more(caller: &Caller<'_>) {
    let address = caller.url.trim_start_matches("http://");
    println!("\nEverything is stopped again; the data is in .spillway/. To look further:");
    println!("  cargo xtask up --listen {address}");
    println!("and meanwhile, elsewhere, with the key of the workspace {WORKSPACE}, which is valid for 30 days:");
    println!("{}", caller.variables());
    for what in ["findings", "assets", "occurrences", "datasets/orders/rows"] {
        println!("{}", Caller::list(what));
    }
    println!("To import a report of yours:");
    println!("{}", Caller::upload());
    println!("To import a table of yours, into a dataset that is made of what the file shows:");
    println!("{}", Caller::upload_table());
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_status_is_a_line_of_the_table() {
        let status = json!({
            "format": "nessus", "state": "completed", "error": null,
            "counts": {
                "assets": {"new": 3, "updated": 1, "unchanged": 0}, "occurrences": {"new": 1, "updated": 99, "unchanged": 5},
                "findings": {"new": 2, "updated": 12, "reopened": 1, "unchanged": 3, "closed": 40},
            },
        });
        let line = row(&status).to_string();
        assert_eq!(line, "nessus                                 completed       4        18       2          105      0.0");
        assert_eq!(line.len(), HEAD.len());
    }

    #[test]
    fn the_table_fits_100_columns() {
        let error = Some("why ".repeat(50));
        let longest =
            paths::sample_of_each_format().expect("samples").iter().filter_map(|file| Some(file.parent()?.file_name()?.len())).max();
        let format = "x".repeat(longest.expect("formats"));
        let row = Row { format, state: "completed".into(), assets: 999_999, findings: 99_999_999, error, ..Row::default() };
        assert!(row.to_string().lines().all(|line| line.len() <= WIDTH), "{row}");
    }
}
