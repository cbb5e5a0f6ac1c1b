//! `test`: unit tests, SQL tests, end-to-end tests.

use admin::Database;
use anyhow::{Context as _, Result, ensure};
use stack::build::OtherRuntime;
use stack::postgres::{Binaries, Cluster};
use stack::{build, install, nginx, paths, progress, runtime, store, tool};
use tokio::process::Command;

use crate::contract::{self, Contract};

/// The package of the end-to-end tests, and its only test binary.
const END_TO_END: &str = "end-to-end";

/// End-to-end tests at a time, for each processor: mostly they wait.
const TESTS_PER_PROCESSOR: usize = 2;

/// End-to-end tests that say nothing of a store: once is enough.
const WITHOUT_STORE: [&str; 7] = ["access::", "floods::", "locks::", "nginx::", "operator::", "roles::", "search::"];

/// Runs all tests.
pub(crate) async fn run(other: &OtherRuntime) -> Result<()> {
    other.choose()?;
    unit().await?;
    sql().await?;
    build::all().await?;
    if let Err(error) = nginx::install().await {
        progress::note(&format!("\nSKIPPED: the end-to-end tests behind nginx, which cannot be had: {error:#}\n"));
    }
    progress::note("end-to-end tests over the store in the tests' own process");
    end_to_end("in-process", &[]).await?;
    over_seaweedfs().await?;
    contract().await?;
    progress::note("imports to which everything happens that can");
    tool::run(build::tool("torture").env(build::OTHER_RUNTIME, build::runtime().await?)).await?;
    attack().await
}

async fn contract() -> Result<()> {
    match contract::install().await {
        Ok(programs) => Contract::short().run_with(&programs).await,
        Err(error) => {
            progress::note(&format!("\nSKIPPED: `contract`, whose program cannot be installed: {error:#}\n"));
            Ok(())
        }
    }
}

/// The limits that protect others are the host's own: with another one they are those of the proxy in front of it.
async fn attack() -> Result<()> {
    let runtime = build::runtime().await?;
    if !runtime.ends_with("local-runtime") {
        progress::note("\nSKIPPED: `attack --short`, which needs the limits of local-runtime\n");
        return Ok(());
    }
    progress::note("callers who want to do harm, beside another tenant");
    tool::run(build::tool("attack").arg("--short").env(build::OTHER_RUNTIME, runtime)).await
}

async fn over_seaweedfs() -> Result<()> {
    match store::install_seaweedfs().await {
        Ok(_) => {
            progress::note("end-to-end tests over SeaweedFS");
            end_to_end("seaweedfs", &WITHOUT_STORE).await
        }
        Err(error) => {
            progress::note(&format!("\nSKIPPED: the end-to-end tests over SeaweedFS, which cannot be installed: {error:#}\n"));
            Ok(())
        }
    }
}

async fn unit() -> Result<()> {
    progress::note("unit tests");
    let mut test = build::cargo();
    tool::run(test.args(["test", "--workspace", "--exclude", END_TO_END]).args(without_functions())).await
}

async fn end_to_end(store: &str, left_out: &[&str]) -> Result<()> {
    let mut test = build::cargo();
    // Chosen by the name of the binary, not of the package, for the reason in `build::program`: nothing is built twice.
    test.args(["test", "--workspace", "--test", END_TO_END]).args(without_functions());
    test.args(["--", "--test-threads", &(TESTS_PER_PROCESSOR * runtime::processors()).to_string()]);
    test.args(left_out.iter().flat_map(|module| ["--skip", module]));
    tool::run(test.env("SPILLWAY_TEST_STORE", store).env(build::OTHER_RUNTIME, build::runtime().await?)).await
}

/// The components are made for another target.
pub(crate) fn without_functions() -> impl Iterator<Item = &'static str> {
    build::FUNCTIONS.iter().flat_map(|function| ["--exclude", function])
}

/// Runs `sql/tests` with pgTAP, each file in a transaction that it rolls back.
async fn sql() -> Result<()> {
    progress::note("SQL tests");
    let files = paths::sql_files(&paths::root().join("sql/tests"))?;
    ensure!(!files.is_empty(), "no SQL tests in sql/tests");
    let cluster = Cluster::start_temporary().await?;
    let database = cluster.create_migrated("sql_tests").await?;
    let client = database.connect().await?;
    install_pgtap(&client, cluster.binaries()).await?;
    client.batch_execute("create extension pgtap").await?;
    let psql = cluster.binaries().program("psql");
    tool::run(connect(&mut tool::command("pg_prove"), &database).arg("--timer").arg("--psql-bin").arg(psql).args(&files)).await
}

/// Both pgTAP and pg_prove.
async fn install_pgtap(client: &tokio_postgres::Client, binaries: &Binaries) -> Result<()> {
    let statement = "select 1 from pg_catalog.pg_available_extensions where name = 'pgtap'";
    let has_pgtap = client.query_opt(statement, &[]).await?.is_some();
    if has_pgtap && tool::find("pg_prove").is_some() {
        return Ok(());
    }
    let pgtap = format!("postgresql-{}-pgtap", binaries.major());
    let packages = [&pgtap, "libtap-parser-sourcehandler-pgtap-perl"];
    ensure!(install::is_possible().await, "the SQL tests need pgTAP and pg_prove: `apt-get install {}`", packages.join(" "));
    install::ask(&packages).await?;
    install::packages(&packages).await.context("the SQL tests need pgTAP")
}

fn connect<'a>(command: &'a mut Command, database: &Database) -> &'a mut Command {
    command.env("PGHOST", &database.host).env("PGPORT", database.port.to_string()).env("PGDATABASE", &database.name);
    command.env("PGUSER", &database.user).env("PGPASSWORD", &database.password)
}
