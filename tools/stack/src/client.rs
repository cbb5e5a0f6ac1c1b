//! The HTTP API, as the demo, the benchmark and the tests use it.

use std::net::IpAddr;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use reqwest::{Method, RequestBuilder, Response, StatusCode};
use serde_json::Value;

/// Entries of the longest page.
const MAX_PAGE: usize = 200;
/// States in which an import stays.
const ENDED: [&str; 3] = ["completed", "failed", "cancelled"];

/// A caller of the API with a key.
#[derive(Clone, Debug)]
pub struct Client {
    http: reqwest::Client,
    url: String,
    key: String,
}

/// An upload that was taken in.
#[derive(Clone, Debug)]
pub struct Upload {
    /// The import's id.
    pub id: String,
    /// Where to ask how it gets on: the header `Location`.
    pub location: String,
    /// The whole answer.
    pub body: Value,
}

impl Client {
    /// A caller of the app at `url` (without a path).
    pub fn new(url: &str, key: &str) -> Self {
        Self { http: reqwest::Client::new(), url: url.trim_end_matches('/').to_owned(), key: key.to_owned() }
    }

    /// The same, from an address of this machine.
    pub fn at(self, address: IpAddr) -> Result<Self> {
        let http = reqwest::Client::builder().local_address(address).build().context("cannot make an HTTP client")?;
        Ok(Self { http, ..self })
    }

    /// Any request, with the key. `path` begins with a slash.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.url)).bearer_auth(&self.key)
    }

    /// A request that is to succeed, and its answer's JSON.
    pub async fn get(&self, path: &str) -> Result<Value> {
        json(self.request(Method::GET, path).send().await.with_context(|| format!("GET {path}: no answer"))?).await
    }

    /// Uploads a file as it is on disk, without holding it.
    pub async fn upload_file(&self, file: &Path) -> Result<Upload> {
        let context = || format!("cannot read {}", file.display());
        let open = tokio::fs::File::open(file).await.with_context(context)?;
        let size = open.metadata().await.with_context(context)?.len();
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        self.upload(&name, size, open).await.with_context(|| format!("upload of {}", file.display()))
    }

    /// Uploads a report.
    pub async fn upload(&self, file_name: &str, size: u64, body: impl Into<reqwest::Body>) -> Result<Upload> {
        self.upload_with("", file_name, size, body).await
    }

    /// Uploads a file, with parameters of the query (`dataset=orders`).
    pub async fn upload_with(&self, query: &str, file_name: &str, size: u64, body: impl Into<reqwest::Body>) -> Result<Upload> {
        let request = self.request(Method::POST, &format!("/api/v1/imports?{query}")).header("X-File-Name", file_name);
        let request = request.header("Content-Type", "application/octet-stream").header("Content-Length", size);
        let answer = request.body(body).send().await.context("POST /api/v1/imports: no answer")?;
        let status = answer.status();
        let location = answer.headers().get("Location").and_then(|value| value.to_str().ok()).map(ToOwned::to_owned);
        let body = json(answer).await?;
        ensure!(status == StatusCode::ACCEPTED, "the upload was answered with {status} instead of 202: {body}");
        let id = body["id"].as_str().context("the answer to the upload has no id")?.to_owned();
        Ok(Upload { id, location: location.context("the answer to the upload has no Location")?, body })
    }

    /// How an import gets on.
    pub async fn status(&self, id: &str) -> Result<Value> {
        self.get(&format!("/api/v1/imports/{id}/status")).await
    }

    /// Waits until an import has ended, and gives its last status; `seen` gets every one.
    pub async fn wait(&self, id: &str, limit: Duration, mut seen: impl FnMut(&Value)) -> Result<Value> {
        let started = Instant::now();
        loop {
            let status = self.status(id).await?;
            seen(&status);
            if status["state"].as_str().is_some_and(has_ended) {
                return Ok(status);
            }
            if started.elapsed() > limit {
                bail!("the import {id} has not ended after {} s: {status}", limit.as_secs());
            }
            // The server's own advice is made for many pages that poll; here is one.
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// All items of a list: `findings`, `assets`, `occurrences`, with further parameters of the query if any (`state=open`).
    pub async fn list(&self, what: &str, query: &str) -> Result<Vec<Value>> {
        self.list_in_pages(what, query, MAX_PAGE, |_| {}).await
    }

    /// The same in pages of at most so many; `look` gets every answer before it is read.
    pub async fn list_in_pages(&self, what: &str, query: &str, limit: usize, look: impl Fn(&Response)) -> Result<Vec<Value>> {
        let mut items = Vec::new();
        let mut cursor = String::new();
        loop {
            let path = format!("/api/v1/{what}?limit={limit}&{query}{cursor}");
            let answer = self.request(Method::GET, &path).send().await.with_context(|| format!("GET {path}: no answer"))?;
            look(&answer);
            let mut page = json(answer).await?;
            let more = page["items"].as_array_mut().with_context(|| format!("a page of {what} has no items"))?;
            items.append(more);
            let Some(next) = page["next_cursor"].as_str() else { return Ok(items) };
            cursor = format!("&cursor={next}");
        }
    }
}

/// Whether nothing more happens to an import in this state, unless somebody wants it.
pub fn has_ended(state: &str) -> bool {
    ENDED.contains(&state)
}

/// The request that lets a drain of the app at `url` work; it is answered when the drain ends.
pub fn drain(url: &str, token: &str) -> RequestBuilder {
    reqwest::Client::new().post(format!("{url}/internal/drain")).bearer_auth(token)
}

/// The JSON of an answer that says success; else an error with what it says.
async fn json(answer: Response) -> Result<Value> {
    let (status, url) = (answer.status(), answer.url().clone());
    let text = answer.text().await.with_context(|| format!("{url}: the answer breaks off"))?;
    ensure!(status.is_success(), "{url}: {status} {text}");
    serde_json::from_str(&text).with_context(|| format!("{url}: the answer is not JSON: {text}"))
}
