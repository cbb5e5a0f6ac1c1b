//! `contract`: whether the app does what its OpenAPI document says, asked by a program that knows nothing else of it.

use std::path::{Path, PathBuf};
use std::time::Duration;

use admin::key::{self, Scope};
use anyhow::{Context as _, Result, ensure};
use clap::Args;
use generate::NetworkSize;
use reqwest::Method;
use serde_json::json;
use stack::client::Client;
use stack::{Stack, Temporary, paths, progress, python, tool};

const REQUIREMENTS: &str = "xtask/src/contract/requirements.txt";
const DOCUMENT: &str = "docs/openapi.json";
const CONFIGURATION: &str = "xtask/src/contract/schemathesis.toml";
/// For which the keys are valid.
const DAYS: f64 = 1.0;
/// How long the import may take that there is something to be asked of.
const PATIENCE: Duration = Duration::from_mins(1);
/// The report that is there.
const REPORT: NetworkSize = NetworkSize { findings: 200, hosts: 5, first_host: 0, seed: 1, problems: 1 };
const FILE_OF_ROWS: &str = "id,country,amount,at\n1,DE,10.50,2026-01-31T23:00:00Z\n2,ES,x,2026-02-01 10:00\n3,,,\n";

/// Options of `contract`.
#[derive(Args, Debug)]
pub(crate) struct Contract {
    /// How long each of the four callers asks
    #[arg(long, value_name = "SECONDS", default_value_t = 100)]
    seconds: u32,

    /// What is asked differs from seed to seed
    #[arg(long, default_value_t = 1)]
    seed: u32,

    /// Which of its ways to ask; examples and coverage ask the same each time
    #[arg(long, default_value = "examples,coverage,fuzzing,stateful")]
    phases: String,
}

impl Contract {
    /// As a part of all tests: what is the same each time.
    pub(crate) fn short() -> Self {
        Self { seconds: 30, seed: 1, phases: "examples,coverage".to_owned() }
    }

    /// Runs it.
    pub(crate) async fn run(self) -> Result<()> {
        self.run_with(&install().await?).await
    }

    /// Runs it with the programs of this folder.
    pub(crate) async fn run_with(self, programs: &Path) -> Result<()> {
        let stack =
            Stack::temporary(Temporary { variables: [("cors_origins".to_owned(), String::new())].into(), ..Temporary::default() }).await?;
        let own = stack.key("asked", "contract", DAYS).await?;
        fill(&Client::new(stack.url(), &own)).await?;
        let ruler = key::create(&stack.database.connect().await?, "asked", "ruler", &[Scope::Admin], Some(DAYS)).await?.secret;
        let stranger = stack.key("stranger", "contract", DAYS).await?;
        let callers =
            [("whoever has a key", Some(own)), ("who rules the workspace", Some(ruler)), ("a stranger", Some(stranger)), ("nobody", None)];
        for (caller, key) in callers {
            progress::note(&format!("all that the document allows is asked by {caller}, for {} s", self.seconds));
            self.ask(programs, stack.url(), key.as_deref())
                .await
                .with_context(|| format!("the answers to {caller} are not as {DOCUMENT} says"))?;
        }
        Ok(())
    }

    async fn ask(&self, programs: &Path, url: &str, key: Option<&str>) -> Result<()> {
        let mut ask = tool::command(programs.join("schemathesis"));
        ask.arg("--config-file").arg(paths::root().join(CONFIGURATION)).arg("run").arg(paths::root().join(DOCUMENT)).args([
            "--url",
            url,
            "--no-color",
        ]);
        ask.args(["--seed", &self.seed.to_string(), "--max-time", &self.seconds.to_string(), "--phases", &self.phases]);
        ask.env("SPILLWAY_AUTHORIZATION", key.map(|key| format!("Bearer {key}")).unwrap_or_default());
        // It leaves its notes where it is run.
        tool::run(ask.current_dir(programs)).await
    }
}

/// The folder of what asks.
pub(crate) async fn install() -> Result<PathBuf> {
    python::installed("contract", REQUIREMENTS, "schemathesis").await
}

/// Something to be found: a report that is imported, and a dataset with rows, one of which was rejected.
async fn fill(client: &Client) -> Result<()> {
    let mut report = Vec::new();
    generate::nessus(REPORT, &mut report)?;
    let upload = client.upload("a.nessus", report.len() as u64, report).await?;
    client.wait(&upload.id, PATIENCE, |_| ()).await?;
    let columns = json!([{"name": "id", "type": "bigint"}, {"name": "country", "type": "text"}, {"name": "amount", "type": "numeric"},
        {"name": "at", "type": "timestamptz"}]);
    let mapping =
        json!({"version": 1, "type_errors": "reject", "columns": [{"to": "id"}, {"to": "country"}, {"to": "amount"}, {"to": "at"}]});
    let dataset = json!({"name": "orders", "columns": columns, "mapping": mapping});
    let made = client.request(Method::POST, "/api/v1/datasets").body(dataset.to_string()).send().await?;
    ensure!(made.status().is_success(), "the dataset cannot be made: {}", made.status());
    let upload = client.upload_with("dataset=orders", "a.csv", FILE_OF_ROWS.len() as u64, FILE_OF_ROWS).await?;
    client.wait(&upload.id, PATIENCE, |_| ()).await.map(drop)
}
