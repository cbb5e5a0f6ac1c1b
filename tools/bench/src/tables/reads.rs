//! Rows of a dataset, read over HTTP.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use reqwest::Method;
use serde_json::Value;
use stack::progress::Step;
use stack::sample::Sample;

use super::import::App;
use super::{NAME, SUBJECT};
use crate::table::{Figure, Row, float, number};

/// Rows of a page.
const PAGE: usize = 200;

/// The filter of a country that one of sixteen orders goes to, of none, and of one key; written as a query has it.
const COMMON: &str = "where=[{%22column%22:%22country%22,%22equals%22:%22SE%22}]";
const RANGE: &str = "where=[{%22column%22:%22quantity%22,%22min%22:498}]";

/// Rows of a dataset that holds so many.
pub(super) async fn rows(app: &App, held: u64, times: usize) -> Result<Vec<Row>> {
    let late = late_cursor(app).await?;
    let rows = format!("/api/v1/datasets/{NAME}/rows?limit={PAGE}");
    let aggregate = format!("/api/v1/datasets/{NAME}/aggregate");
    let asked = [
        ("first page".to_owned(), rows.clone()),
        ("a late page".to_owned(), format!("{rows}&cursor={late}")),
        ("first page of a country".to_owned(), format!("{rows}&{COMMON}")),
        ("first page of the largest orders, without an index".to_owned(), format!("{rows}&{RANGE}")),
        ("count".to_owned(), aggregate.clone()),
        ("count and sum of a country".to_owned(), format!("{aggregate}?sum=quantity&{COMMON}")),
    ];
    let step = Step::begin("reading rows");
    let mut measured = Vec::new();
    for (what, path) in asked {
        let mut sample = Vec::new();
        for _ in 0..times {
            sample.push(ask(app, &path).await.with_context(|| what.clone())?);
        }
        let sample = Sample::new(sample);
        let what = format!("{} rows: {what}, over HTTP, p95", number(float(held)));
        measured.push(
            Row::new(SUBJECT, what, Figure::milliseconds(sample.percentile(95))).beside("p50", Figure::milliseconds(sample.median())),
        );
    }
    step.done();
    Ok(measured)
}

async fn ask(app: &App, path: &str) -> Result<Duration> {
    let asked = Instant::now();
    let answer = app.client.request(Method::GET, path).send().await?;
    let status = answer.status();
    let text = answer.text().await?;
    let time = asked.elapsed();
    ensure!(status.is_success(), "{path}: {status} {text}");
    let document: Value = serde_json::from_str(&text)?;
    ensure!(document["items"].is_array() || document["count"].is_u64(), "{path}: {text}");
    Ok(time)
}

/// A cursor of a place in the middle: whoever follows the pages of a list never has to make one.
async fn late_cursor(app: &App) -> Result<String> {
    let place = "select spillway.place_text(d.generation, t::regclass, format('(%s,1)', pg_relation_size(t::regclass) / 8192 / 2)::tid)
        from spillway.datasets d, spillway.data_table(d.id, d.generation) t where d.name = $1";
    let place: String = app.rig.connection.query_one(place, &[&NAME]).await.context("there is no place in the middle")?.get(0);
    Ok(cursors::encode(&cursors::scope(&format!("/api/v1/datasets/{NAME}/rows"), ""), &place))
}
