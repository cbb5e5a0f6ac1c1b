//! The workspaces of one round, and what a patient user does in them.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use futures::future::try_join_all;
use reqwest::{Method, StatusCode};
use serde_json::Value;
use stack::Stack;
use stack::client::{Client, has_ended};

use crate::datasets::{self, Destination};
use crate::reports::Report;

/// How long a user tries to get an answer, and the pause after each try.
const PATIENCE: Duration = Duration::from_mins(2);
const PAUSE: Duration = Duration::from_millis(200);
/// Days for which its key is valid.
const DAYS: f64 = 1.0;

/// A workspace and its reports.
#[derive(Debug)]
pub(super) struct Workspace<'a> {
    /// Unlike any other.
    pub(super) name: String,
    pub(super) client: Client,
    pub(super) reports: &'a [Report],
}

/// Codes of errors that tell of a part that was away, and not of the report.
pub(super) const PASSING: [&str; 3] = ["database", "no_progress", "object_store"];

/// Makes new workspaces, one for each list of reports, with the datasets that these are for. Their uploads go to the apps in turn.
pub(super) async fn create<'a>(stack: &Stack, apps: &[String], label: &str, reports: &'a [Vec<Report>]) -> Result<Vec<Workspace<'a>>> {
    let mut workspaces = Vec::new();
    for (number, (reports, app)) in reports.iter().zip(apps.iter().cycle()).enumerate() {
        let name = format!("{label}-{}", number + 1);
        let key = stack.key(&name, "torture", DAYS).await?;
        stack.lift_rate(&name).await?;
        let workspace = Workspace { client: Client::new(app, &key), name, reports };
        try_join_all(workspace.datasets().into_iter().map(|dataset| workspace.make(dataset))).await?;
        workspaces.push(workspace);
    }
    Ok(workspaces)
}

/// Uploads the reports of all workspaces, in each one after the other, as the newest report wins.
pub(super) async fn upload(workspaces: &[Workspace<'_>]) -> Result<()> {
    try_join_all(workspaces.iter().map(Workspace::upload)).await.map(drop)
}

impl Workspace<'_> {
    async fn upload(&self) -> Result<()> {
        let mut imports = BTreeMap::<&str, String>::new();
        for report in self.reports {
            if let Some(after) = report.destination.and_then(|destination| destination.after) {
                self.complete(imports.get(after).with_context(|| format!("{after} is not sent before {}", report.file_name))?).await?;
            }
            imports.insert(report.file_name.as_str(), self.upload_one(report).await?);
        }
        Ok(())
    }

    /// The datasets that its files are for.
    pub(super) fn datasets(&self) -> BTreeSet<&'static str> {
        self.reports.iter().filter_map(|report| Some(report.destination?.dataset)).collect()
    }

    async fn make(&self, dataset: &str) -> Result<()> {
        let document = datasets::document(dataset).to_string();
        let request = || self.client.request(Method::POST, "/api/v1/datasets").body(document.clone());
        until_answered(&format!("the dataset {dataset}"), request).await.map(drop)
    }

    /// Uploads a report, again and again until it is taken in. Its name is its `Idempotency-Key`.
    pub(super) async fn upload_one(&self, report: &Report) -> Result<String> {
        let query = report.destination.map_or_else(String::new, |Destination { dataset, .. }| format!("?dataset={dataset}"));
        let request = || {
            let request = self.client.request(Method::POST, &format!("/api/v1/imports{query}")).header("X-File-Name", &report.file_name);
            request
                .header("Idempotency-Key", &report.file_name)
                .header("Content-Type", "application/octet-stream")
                .body(report.bytes.clone())
        };
        let import = until_answered(&format!("the upload of {}", report.file_name), request).await?;
        Ok(import["id"].as_str().context("the answer to an upload has no id")?.to_owned())
    }

    /// How an import gets on, as the API tells it.
    pub(super) async fn status(&self, id: &str) -> Result<Value> {
        let path = format!("/api/v1/imports/{id}/status");
        until_answered(&path, || self.client.request(Method::GET, &path)).await
    }

    /// Waits until an import has ended, and gives its last status.
    pub(super) async fn wait(&self, id: &str, limit: Duration) -> Result<Value> {
        let started = Instant::now();
        loop {
            let status = self.status(id).await?;
            if status["state"].as_str().is_some_and(has_ended) {
                return Ok(status);
            }
            ensure!(started.elapsed() < limit, "the import {id} has not ended after {} s: {status}", limit.as_secs());
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Waits until an import is completed, and has it tried again where it is cancelled, or failed because a part was away.
    pub(super) async fn complete(&self, id: &str) -> Result<()> {
        let started = Instant::now();
        loop {
            let status = self.wait(id, PATIENCE).await?;
            if status["state"] == "completed" {
                return Ok(());
            }
            let passes = status["error"]["code"].as_str().is_none_or(|code| PASSING.contains(&code));
            ensure!(passes && started.elapsed() < PATIENCE, "the import {id} is not completed: {status}");
            let path = format!("/api/v1/imports/{id}/retry");
            // It may have been tried again by the fault itself (409), and then goes on.
            let _ = answer(self.client.request(Method::POST, &path)).await;
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Removes an import; gives whether all of it is taken back by now.
    pub(super) async fn remove(ruler: &Client, id: &str) -> Result<bool> {
        let started = Instant::now();
        loop {
            let wrong = match answer(ruler.request(Method::DELETE, &format!("/api/v1/imports/{id}"))).await {
                Ok((StatusCode::NO_CONTENT, _)) => return Ok(true),
                Ok((StatusCode::ACCEPTED, _)) => return Ok(false),
                Ok((StatusCode::SERVICE_UNAVAILABLE, text)) => text,
                Ok((status, text)) => bail!("the removal of {id} was answered with {status}: {text}"),
                Err(error) => format!("{error:#}"),
            };
            ensure!(started.elapsed() < PATIENCE, "the import {id} is not removed: {wrong}");
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Has a failed or cancelled import tried again.
    pub(super) async fn retry(&self, id: &str) -> Result<()> {
        let path = format!("/api/v1/imports/{id}/retry");
        until_answered(&path, || self.client.request(Method::POST, &path)).await.map(drop)
    }
}

/// Sends a request until it succeeds. Broken connections and 503 are what a user has patience for; other answers are errors.
async fn until_answered(what: &str, request: impl Fn() -> reqwest::RequestBuilder) -> Result<Value> {
    let started = Instant::now();
    loop {
        let wrong = match answer(request()).await {
            Ok((status, text)) if status.is_success() => return serde_json::from_str(&text).with_context(|| format!("{what}: {text}")),
            Ok((StatusCode::SERVICE_UNAVAILABLE, text)) => text,
            Ok((status, text)) => bail!("{what} was answered with {status}: {text}"),
            Err(error) => format!("{error:#}"),
        };
        if started.elapsed() > PATIENCE {
            bail!("{what} did not succeed within {} s: {wrong}", PATIENCE.as_secs());
        }
        tokio::time::sleep(PAUSE).await;
    }
}

async fn answer(request: reqwest::RequestBuilder) -> Result<(StatusCode, String), reqwest::Error> {
    let answer = request.send().await?;
    Ok((answer.status(), answer.text().await?))
}
