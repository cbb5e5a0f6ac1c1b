//! The other tenant: does what a person does, at a steady pace, and notes how long it takes.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use generate::NetworkSize;
use reqwest::{Method, StatusCode};
use serde_json::Value;
use stack::client::{Client, has_ended};
use stack::sample::Sample;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};

/// The pause between two looks at a page.
const PACE: Duration = Duration::from_millis(100);
/// From one upload to the next.
const PERIOD: Duration = Duration::from_secs(2);
/// How long it waits for an answer, and for an import: nobody would for longer.
const ANSWER: Duration = Duration::from_secs(30);
const IMPORT: Duration = Duration::from_mins(2);
/// What it uploads.
const REPORT: NetworkSize = NetworkSize { findings: 50, hosts: 2, first_host: 0, seed: 7, problems: 0 };

/// A tenant who harms nobody.
pub(super) struct Other {
    client: Client,
    report: Vec<u8>,
}

/// What it noted.
#[derive(Clone, Debug, Default)]
pub(super) struct Observed {
    /// How long pages took: the status of an import, and lists of findings.
    pub(super) pages: Vec<Duration>,
    /// How long imports took, from the first byte of their upload until a page showed their end.
    pub(super) imports: Vec<Duration>,
    /// What was not as it should be.
    pub(super) faults: Vec<String>,
}

/// Its work, until it is told to end.
pub(super) struct Work {
    over: Arc<AtomicBool>,
    task: JoinHandle<Observed>,
}

impl Observed {
    pub(super) fn pages(&self) -> Sample {
        self.pages.iter().copied().collect()
    }

    /// The longest of its imports.
    pub(super) fn import(&self) -> Duration {
        self.imports.iter().copied().max().unwrap_or_default()
    }

    fn fault(&mut self, error: &anyhow::Error) {
        self.faults.push(format!("the other tenant: {error:#}"));
    }
}

impl Other {
    pub(super) fn new(client: Client) -> Result<Self> {
        let mut report = Vec::new();
        generate::nessus(REPORT, &mut report)?;
        Ok(Self { client, report })
    }

    /// Begins to work.
    pub(super) fn begin(self: &Arc<Self>) -> Work {
        let (over, other) = (Arc::new(AtomicBool::new(false)), Arc::clone(self));
        let is_over = Arc::clone(&over);
        // A task of its own, so that what the attacker computes takes none of its time.
        Work { over, task: tokio::spawn(async move { other.work(&is_over).await }) }
    }

    /// Imports one report after the other and looks at pages between, until it is told that it is over.
    async fn work(&self, is_over: &AtomicBool) -> Observed {
        let mut observed = Observed::default();
        while !is_over.load(Relaxed) {
            let started = Instant::now();
            let imported = timeout(IMPORT, self.import(&mut observed)).await.context("its import does not end");
            match imported.flatten() {
                Ok(()) => observed.imports.push(started.elapsed()),
                Err(error) => observed.fault(&error),
            }
            while started.elapsed() < PERIOD && !is_over.load(Relaxed) {
                self.look(&mut observed, "/api/v1/findings").await;
            }
        }
        observed
    }

    async fn import(&self, observed: &mut Observed) -> Result<()> {
        let upload = self.client.upload("small.nessus", self.report.len() as u64, self.report.clone());
        let upload = timeout(ANSWER, upload).await.context("an upload is not answered in time")??;
        let path = format!("/api/v1/imports/{}/status", upload.id);
        loop {
            let status = self.look(observed, &path).await;
            if let Some(state) = status["state"].as_str().filter(|state| has_ended(state)) {
                ensure!(state == "completed", "its import has {state}: {status}");
                return Ok(());
            }
            self.look(observed, "/api/v1/findings").await;
        }
    }

    /// Looks at a page, and gives its JSON; nothing where it is not as it should be.
    async fn look(&self, observed: &mut Observed, path: &str) -> Value {
        let asked = Instant::now();
        let page = self.page(path).await;
        match page {
            Ok(_) => observed.pages.push(asked.elapsed()),
            Err(ref error) => observed.fault(error),
        }
        sleep(PACE).await;
        page.unwrap_or_default()
    }

    async fn page(&self, path: &str) -> Result<Value> {
        let page = async {
            let answer = self.client.request(Method::GET, path).send().await?;
            let (status, text) = (answer.status(), answer.text().await?);
            ensure!(status == StatusCode::OK, "GET {path} is answered with {status}: {text}");
            Ok(serde_json::from_str(&text)?)
        };
        timeout(ANSWER, page).await.with_context(|| format!("GET {path} is not answered in time"))?
    }
}

impl Work {
    /// Has it end what it has begun, and gives what it noted.
    pub(super) async fn end(self) -> Result<Observed> {
        self.over.store(true, Relaxed);
        self.task.await.context("the other tenant broke off")
    }
}
