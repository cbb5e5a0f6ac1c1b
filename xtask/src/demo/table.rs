//! A made-up table, imported into a dataset that is made of what the file shows.

use std::fmt::Write as _;
use std::time::Instant;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;
use stack::client::Client;
use stack::progress::Percentage;

use super::{LIMIT, show};

/// Rows of the file.
const ROWS: usize = 50_000;
/// Rows that are shown.
const SHOWN: usize = 3;
/// Where they go.
const DATASET: &str = "orders";
const COUNTRIES: [&str; 4] = ["DE", "ES", "FR", "PT"];

/// Imports it, and shows some of its rows.
pub(super) async fn import(client: &Client) -> Result<()> {
    let file = orders()?;
    let started = Instant::now();
    let mut bar = Percentage::new("orders.csv");
    let query = format!("dataset={DATASET}&create=true");
    let upload = client.upload_with(&query, "orders.csv", file.len() as u64, file.into_bytes()).await?;
    let status = client.wait(&upload.id, LIMIT, |status| show(&mut bar, status)).await?;
    ensure!(status["state"] == "completed", "the import of the table did not complete: {status}");
    let stored = status["counts"]["rows"]["stored"].as_u64().unwrap_or_default();
    println!("\n1 table: {stored} rows in {:.1} s, as the dataset {DATASET}; the first {SHOWN}:", started.elapsed().as_secs_f64());
    let page = client.get(&format!("/api/v1/datasets/{DATASET}/rows?limit={SHOWN}")).await?;
    for row in page["items"].as_array().context("a page of rows")? {
        println!("  {}", line(row));
    }
    Ok(())
}

/// The values of a row.
fn line(row: &Value) -> String {
    let members = row.as_object().into_iter().flatten().filter(|(name, _)| *name != "_rescued");
    members.map(|(name, value)| format!("{name}: {value}")).collect::<Vec<_>>().join(", ")
}

fn orders() -> Result<String> {
    let mut file = String::from("id,customer,country,amount,ordered_at\n");
    for n in 1..=ROWS {
        let (country, day) = (COUNTRIES[n % COUNTRIES.len()], n % 28 + 1);
        writeln!(
            file,
            "{n},\"Customer {}, {country}\",{country},{}.{:02},2026-10-{day:02}T{:02}:00:00Z",
            n % 997,
            n % 500,
            n % 100,
            n % 24
        )?;
    }
    Ok(file)
}
