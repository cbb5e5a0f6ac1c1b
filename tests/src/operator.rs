//! `spillway-admin`, as an operator has it: a program and a database, and no checkout.

use std::path::{Path, PathBuf};

use admin::{Database, parse, random};
use anyhow::{Context as _, Result, ensure};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use stack::client::Client;
use stack::postgres::Cluster;
use stack::{build, paths};
use tokio::process::Command;

use crate::fixture::world;

/// The program in an empty folder outside of the checkout.
struct Operator {
    dir: PathBuf,
    program: PathBuf,
}

impl Operator {
    async fn new() -> Result<Self> {
        let dir = std::env::temp_dir().join(format!("spillway-operator-{}", random::hex(6)?));
        std::fs::create_dir(&dir)?;
        Ok(Self { dir, program: build::program("spillway-admin").await? })
    }

    /// What it prints when all is well. It sees nothing of this process's environment.
    async fn prints(&self, database: Option<&Database>, arguments: &[&str]) -> Result<String> {
        let mut command = Command::new(&self.program);
        command.current_dir(&self.dir).env_clear().args(arguments);
        if let Some(Database { host, port, name, user, password, .. }) = database {
            command.env("DATABASE_URL", format!("postgres://{user}:{password}@{host}:{port}/{name}"));
        }
        let output = command.output().await.context("spillway-admin does not start")?;
        ensure!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        Ok(String::from_utf8(output.stdout)?)
    }
}

impl Drop for Operator {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.dir);
    }
}

#[tokio::test]
#[cfg_attr(external_app, ignore = "needs a database server of its own")]
async fn an_operator_migrates_a_new_database_once() -> Result<()> {
    let (cluster, operator) = (Cluster::shared().await?, Operator::new().await?);
    let new = cluster.create_database(&format!("operator-{}", random::hex(6)?)).await?;
    let first = operator.prints(Some(&new), &["migrate"]).await?;
    assert!(first.starts_with("applied 0001_"), "{first}");
    assert!(first.contains(" functions and triggers\nthe database lets in "), "{first}");
    let second = operator.prints(Some(&new), &["migrate"]).await?;
    assert!(second.starts_with("nothing to apply\n"), "{second}");
    Ok(())
}

#[tokio::test]
async fn an_operator_makes_a_key_and_ends_it() -> Result<()> {
    let (world, operator) = (world().await?, Operator::new().await?);
    let database = Some(&world.stack.database);
    let key = operator.prints(database, &["create-key", "--workspace", &world.workspace]).await?;
    let client = Client::new(world.stack.url(), key.trim_end());
    assert_eq!(client.get("/api/v1/imports").await?["items"], json!([]));
    operator.prints(database, &["revoke-key", "--key", key.trim_end()]).await?;
    assert_eq!(client.request(Method::GET, "/api/v1/imports").send().await?.status(), StatusCode::UNAUTHORIZED);
    let again = operator.prints(database, &["revoke-key", "--key", key.trim_end()]).await.expect_err("it is revoked already");
    assert!(again.to_string().contains("the database has no such key"), "{again}");
    Ok(())
}

#[tokio::test]
async fn an_operator_reads_a_report() -> Result<()> {
    let operator = Operator::new().await?;
    let report = paths::root().join("crates/scan-reports/testdata/nessus/small_network.nessus");
    let lines = operator.prints(None, &["parse", &report.to_string_lossy()]).await?;
    let lines = lines.lines().map(serde_json::from_str).collect::<Result<Vec<Value>, _>>()?;
    assert_eq!(lines.len(), records(&report)?);
    assert!(lines.iter().any(|line| line["tool"] == "nessus" && line["title"].is_string()), "{lines:?}");
    Ok(())
}

fn records(report: &Path) -> Result<usize> {
    let mut count = 0;
    parse::read(report, None, |_, _| {
        count += 1;
        Ok(())
    })?;
    Ok(count)
}
