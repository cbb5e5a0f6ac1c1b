//! `demo`: everything set up, samples imported through HTTP, a table of what came of it.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use clap::Args;
use serde_json::Value;
use xtask::client::Client;
use xtask::generate::{self, NetworkSize};
use xtask::progress::{Percentage, Step};
use xtask::stack::{Permanent, Stack};
use xtask::{key, paths};

use crate::up;

/// The generated report: its occurrences, and the hosts that they are on.
const GENERATED: NetworkSize = NetworkSize { findings: 20_000, hosts: 200, first_host: 0, seed: 1, problems: 0 };

const WORKSPACE: &str = "demo";

/// How long one import may take.
const LIMIT: Duration = Duration::from_mins(10);

/// Options of `demo`.
#[derive(Args, Debug)]
pub(crate) struct Demo {
    /// An existing PostgreSQL database (15 or newer), postgres://user:password@host:port/name, instead of a private one
    #[arg(long, value_name = "URL", env = "DATABASE_URL")]
    database_url: Option<String>,
}

impl Demo {
    /// Runs it.
    pub(crate) async fn run(self) -> Result<()> {
        let stack = Stack::start(Permanent { database_url: self.database_url, listen: None }).await?;
        let key = key::create(&stack.database.connect().await?, WORKSPACE, "demo", Some(30.0)).await?;
        let client = Client::new(stack.url(), &key);
        let mut rows = Vec::new();
        for file in paths::sample_of_each_format()?.into_iter().chain([generated()?]) {
            rows.push(import(&client, &file).await?);
        }
        print!("\n{}", table(&rows));
        print_more(stack.url(), &key);
        let failed = rows.iter().filter(|row| row.state != "completed").count();
        ensure!(failed == 0, "{failed} of {} imports did not complete", rows.len());
        Ok(())
    }
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

/// A line of the table.
#[derive(Debug, Default)]
struct Row {
    file: String,
    format: String,
    state: String,
    assets: u64,
    findings_new: u64,
    findings_updated: u64,
    occurrences: u64,
    seconds: f64,
    error: Option<String>,
}

async fn import(client: &Client, file: &Path) -> Result<Row> {
    let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let started = std::time::Instant::now();
    let mut bar = Percentage::new(&name);
    let upload = client.upload_file(file).await?;
    let status = client.wait(&upload.id, LIMIT, |status| show(&mut bar, status)).await?;
    drop(bar);
    Ok(Row { seconds: started.elapsed().as_secs_f64(), ..row(name, &status) })
}

fn show(bar: &mut Percentage, status: &Value) {
    let percentage = status["progress"]["percentage"].as_f64().unwrap_or_default();
    bar.set(percentage, status["stage"].as_str().unwrap_or_default());
}

fn row(file: String, status: &Value) -> Row {
    let count = |what: &str, which: &str| status["counts"][what][which].as_u64().unwrap_or_default();
    let all = |what| count(what, "new") + count(what, "updated");
    let text = |field: &str| status[field].as_str().unwrap_or("?").to_owned();
    Row {
        file,
        format: text("format"),
        state: text("state"),
        assets: all("assets"),
        findings_new: count("findings", "new"),
        findings_updated: count("findings", "updated"),
        occurrences: all("occurrences"),
        seconds: 0.0,
        error: (!status["error"].is_null()).then(|| status["error"].to_string()),
    }
}

fn table(rows: &[Row]) -> String {
    use std::fmt::Write as _;
    let width = rows.iter().map(|row| row.file.len()).max().unwrap_or_default();
    let mut text = format!(
        "{:width$}  {:6}  {:9}  {:>6}  {:>23}  {:>11}  {:>7}\n",
        "file", "format", "state", "assets", "findings", "occurrences", "seconds"
    );
    for row in rows {
        let findings = format!("{} new, {} updated", row.findings_new, row.findings_updated);
        let Row { file, format, state, assets, occurrences, seconds, .. } = row;
        let _ = writeln!(text, "{file:width$}  {format:6}  {state:9}  {assets:>6}  {findings:>23}  {occurrences:>11}  {seconds:>7.1}");
        if let Some(error) = &row.error {
            let _ = writeln!(text, "{:width$}  {error}", "");
        }
    }
    let new: u64 = rows.iter().map(|row| row.findings_new).sum();
    let _ = writeln!(text, "\n{} reports, {new} new findings", rows.len());
    text
}

/// What is there stays: how to start the app again at the same address, and ask it.
fn print_more(url: &str, key: &str) {
    let address: Option<SocketAddr> = url.strip_prefix("http://").and_then(|address| address.parse().ok());
    println!("\nEverything is stopped again; the data is in .spillway/. To look further:");
    println!("  cargo xtask up --listen {}", address.map(|address| address.to_string()).unwrap_or_default());
    for what in ["findings", "assets", "occurrences"] {
        println!("  {}", up::list_line(url, key, what));
    }
    println!("Import a report of yours:");
    println!("  {}", up::upload_line(url, key));
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_status_is_a_line_of_the_table() {
        let status = json!({
            "format": "nessus", "state": "completed", "error": null,
            "counts": { "assets": {"new": 3, "updated": 1}, "findings": {"new": 0, "updated": 12}, "occurrences": {"new": 1, "updated": 99} },
        });
        let lines = table(&[row("a.nessus".into(), &status)]);
        assert_eq!(lines.lines().nth(1), Some("a.nessus  nessus  completed       4        0 new, 12 updated          100      0.0"));
        assert!(lines.ends_with("1 reports, 0 new findings\n"), "{lines}");
    }
}
