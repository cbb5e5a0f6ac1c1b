//! Files of rows through the app: uploaded over HTTP, imported by the drain.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use reqwest::{Body, Method, Response};
use serde_json::Value;
use stack::client::Client;
use stack::progress::Step;

use super::file::TableFile;
use super::{Dataset, NAME};
use crate::processors::{Spent, Ticks};
use crate::rig::{Drained, Rig, WORKSPACE};
use crate::table::count_of;

/// How often it is looked how far an import is.
const LOOK: Duration = Duration::from_millis(50);

/// One file, imported.
#[derive(Clone, Debug)]
pub(super) struct Imported {
    pub(super) drained: Drained,
    pub(super) busy: Option<f64>,
    pub(super) spent: Spent,
    pub(super) peak_memory: u64,
}

/// An app with a dataset.
pub(super) struct App {
    pub(super) rig: Rig,
    pub(super) client: Client,
    drains: usize,
}

impl App {
    pub(super) async fn start(drains: usize, dataset: Dataset) -> Result<Self> {
        let rig = Rig::driven(drains).await?;
        let client = rig.client(WORKSPACE).await?;
        let made = client.request(Method::POST, "/api/v1/datasets").json(&dataset.document()).send().await?;
        answered(made).await.context("the dataset is not made")?;
        Ok(Self { rig, client, drains })
    }

    pub(super) async fn end(self) -> Result<()> {
        self.rig.end().await
    }

    /// Imports a file; each of its rows is stored, or is there already.
    pub(super) async fn import(&self, file: &TableFile) -> Result<Imported> {
        let id = self.upload(file).await?;
        self.rig.settle().await?;
        let (before, spent) = (Ticks::now(), Spent::now());
        let what = format!("importing {} by {}", file.name, count_of(self.drains, "drain"));
        let drained = self.rig.drain(&what, self.drains, std::slice::from_ref(&id)).await?;
        let spent = Spent::now().since(spent);
        let busy = Ticks::now().zip(before).map(|(after, before)| after.busy_since(before));
        self.check(&id, file).await?;
        Ok(Imported { drained, busy, spent, peak_memory: self.rig.peak_memory().await? })
    }

    async fn upload(&self, file: &TableFile) -> Result<String> {
        let step = Step::begin(format!("uploading {}", file.name));
        let open = tokio::fs::File::open(&file.path).await.with_context(|| format!("cannot read {}", file.path.display()))?;
        let request = self.client.request(Method::POST, &format!("/api/v1/imports?dataset={NAME}")).header("X-File-Name", file.file_name());
        let request = request.header("Content-Type", "application/octet-stream").header("Content-Length", file.bytes);
        let answer = answered(request.body(Body::from(open)).send().await?).await.context("the file is not taken")?;
        step.done();
        Ok(answer["id"].as_str().context("the answer to the upload has no id")?.to_owned())
    }

    /// Makes sure that nothing was rescued, rejected or lost.
    async fn check(&self, import: &str, file: &TableFile) -> Result<()> {
        let books = "select rows_read, rows_stored + rows_updated + rows_unchanged, values_rescued from spillway.runs where import_id = $1::text::uuid";
        let row = self.rig.connection.query_one(books, &[&import]).await?;
        let (read, kept, rescued): (i64, i64, i64) = (row.get(0), row.get(1), row.get(2));
        let expected = i64::try_from(file.rows)?;
        ensure!(
            read == expected && kept == expected && rescued == 0,
            "of {expected} rows {read} were read, {kept} kept, {rescued} values rescued"
        );
        Ok(())
    }

    /// Imports a file, and gives how long its first fifth took and its last.
    pub(super) async fn import_in_fifths(&self, file: &TableFile) -> Result<Fifths> {
        let id = self.upload(file).await?;
        self.rig.settle().await?;
        let watch = self.rig.stack.database.connect().await?;
        let ended = &AtomicBool::new(false);
        let started = Instant::now();
        let import = async {
            let drained = self.rig.drain(&format!("importing {}", file.name), self.drains, std::slice::from_ref(&id)).await?;
            ended.store(true, Relaxed);
            Ok(drained)
        };
        let watched = async {
            let mut fifths = [Duration::ZERO; 4];
            while !ended.load(Relaxed) {
                let read = "select rows_read /* bench */ from spillway.runs where import_id = $1::text::uuid";
                let read: i64 = watch.query_one(read, &[&id]).await?.get(0);
                for (number, passed) in (1..).zip(&mut fifths) {
                    if passed.is_zero() && read.unsigned_abs() * 5 >= file.rows * number {
                        *passed = started.elapsed();
                    }
                }
                tokio::time::sleep(LOOK).await;
            }
            anyhow::Ok(fifths)
        };
        let (drained, [first, .., fourth]) = futures::future::try_join(import, watched).await?;
        self.check(&id, file).await?;
        let last = drained.time.saturating_sub(fourth);
        Ok(Fifths { first, last, drained, peak_memory: self.rig.peak_memory().await? })
    }
}

/// What parts of an import took.
pub(super) struct Fifths {
    pub(super) first: Duration,
    pub(super) last: Duration,
    pub(super) drained: Drained,
    pub(super) peak_memory: u64,
}

/// The JSON of an answer that says success.
async fn answered(answer: Response) -> Result<Value> {
    let status = answer.status();
    let text = answer.text().await?;
    ensure!(status.is_success(), "{status} {text}");
    serde_json::from_str(&text).with_context(|| format!("the answer is not JSON: {text}"))
}
