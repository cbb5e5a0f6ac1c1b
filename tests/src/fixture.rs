//! What the tests start and look at.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Weak};
use std::time::Duration;

use admin::random;
use anyhow::{Context as _, Result, ensure};
use generate::NetworkSize;
use reqwest::{Method, Response, StatusCode};
use serde_json::Value;
use stack::client::{self, Client, Upload};
use stack::paths;
use stack::{Stack, Temporary};
use tokio::sync::Mutex;

/// The token of the drain in every stack of the tests.
pub(crate) const DRAIN_TOKEN: &str = "token-of-the-tests-0123456789abcdef";
/// Longer than any import of these tests takes on a busy machine; shorter than a person's patience.
pub(crate) const PATIENCE: Duration = Duration::from_mins(3);
/// Nobody listens there: whoever is to be woken here is not.
pub(crate) const NOWHERE: &str = "http://127.0.0.1:1";

/// A workspace of its own in a stack that tests share.
pub(crate) struct World {
    pub(crate) stack: Arc<Stack>,
    pub(crate) workspace: String,
    pub(crate) client: Client,
}

/// A new workspace in the shared stack, which lives as long as one of the tests that run side by side holds it.
pub(crate) async fn world() -> Result<World> {
    static SHARED: Mutex<Weak<Stack>> = Mutex::const_new(Weak::new());
    let mut shared = SHARED.lock().await;
    let stack = match shared.upgrade() {
        Some(stack) => stack,
        None => Arc::new(stack_with(&[]).await?),
    };
    *shared = Arc::downgrade(&stack);
    drop(shared);
    world_in(stack).await
}

/// A new workspace in this stack.
pub(crate) async fn world_in(stack: Arc<Stack>) -> Result<World> {
    let workspace = format!("test-{}", random::hex(6)?);
    let client = stack.client(&workspace).await?;
    Ok(World { stack, workspace, client })
}

/// Nothing is harmed: the same app imports on, in another workspace.
pub(crate) async fn answers_on(world: World) -> Result<()> {
    let world = world_in(world.stack).await?;
    assert_eq!(world.import("good.nessus", nessus(50, 2)?).await?["counts"]["occurrences"]["new"], 50);
    Ok(())
}

/// A stack of its own, with variables other than usual.
pub(crate) async fn stack_with(variables: &[(&str, &str)]) -> Result<Stack> {
    Stack::temporary(temporary(variables)).await
}

/// The options of a stack of the tests.
pub(crate) fn temporary(variables: &[(&str, &str)]) -> Temporary {
    let variables = [("drain_token", DRAIN_TOKEN)].iter().chain(variables);
    let variables: BTreeMap<_, _> = variables.map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Temporary { variables, ..Temporary::default() }
}

/// A stack in which nothing is drained unless the test does it.
pub(crate) async fn stack_without_wake_ups(variables: &[(&str, &str)]) -> Result<Stack> {
    stack_with(&[&[("app_url", NOWHERE)], variables].concat()).await
}

impl World {
    /// Uploads bytes under a name.
    pub(crate) async fn upload(&self, name: &str, report: impl Into<Vec<u8>>) -> Result<Upload> {
        let report = report.into();
        self.client.upload(name, report.len() as u64, report).await
    }

    /// Uploads bytes and waits for the end of their import.
    pub(crate) async fn import(&self, name: &str, report: impl Into<Vec<u8>>) -> Result<Value> {
        let upload = self.upload(name, report).await?;
        self.client.wait(&upload.id, PATIENCE, |_| ()).await
    }

    /// The answer to a request as it is, also where it is an error.
    pub(crate) async fn answer(&self, method: Method, path: &str) -> Result<Response> {
        Ok(self.client.request(method, path).send().await?)
    }

    /// What the workspace holds, as text lines without what depends on when it came: times, and the imports that brought it.
    pub(crate) async fn contents(&self) -> Result<Vec<String>> {
        stack::contents::of(&self.stack.database.connect().await?, &self.workspace).await
    }
}

/// The stack of a world that nobody else holds.
pub(crate) fn alone(world: &mut World) -> Result<&mut Stack> {
    Arc::get_mut(&mut world.stack).context("the stack is shared")
}

/// Lets the drain of a stack work and waits for what it did.
pub(crate) async fn drain(stack: &Stack) -> Result<Value> {
    let answer = client::drain(stack.url(), DRAIN_TOKEN).send().await?;
    ensure!(answer.status() == StatusCode::OK, "the drain answered {}", answer.status());
    Ok(answer.json().await?)
}

/// A Nessus report, made up: the same size gives the same report.
pub(crate) fn nessus(findings: usize, hosts: usize) -> Result<Vec<u8>> {
    let mut report = Vec::new();
    generate::nessus(NetworkSize { findings, hosts, first_host: 0, seed: 7, problems: 0 }, &mut report)?;
    Ok(report)
}

/// A whole report of every format.
pub(crate) fn samples() -> Result<Vec<PathBuf>> {
    let samples = paths::sample_of_each_format()?;
    ensure!(!samples.is_empty(), "no samples");
    Ok(samples)
}

/// The name of a file.
pub(crate) fn name(file: &Path) -> String {
    file.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// Fails with the first difference: whole contents would be unreadable.
pub(crate) fn assert_same(one: &[String], other: &[String]) {
    let difference = one.iter().zip(other).find(|(a, b)| a != b);
    assert_eq!(difference, None, "contents differ");
    assert_eq!(one.len(), other.len(), "one has more lines than the other");
    assert!(!one.is_empty(), "nothing was compared");
}

/// Bytes, compressed.
pub(crate) fn gzip(bytes: &[u8]) -> Result<Vec<u8>> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes)?;
    encoder.finish().context("gzip")
}

/// The counts of a status without what depends on what was there before.
pub(crate) fn totals(status: &Value) -> [u64; 4] {
    let number = |pointer: &str| status.pointer(pointer).and_then(Value::as_u64).unwrap_or_default();
    let all = |what: &str| ["new", "updated", "reopened", "unchanged"].iter().map(|seen| number(&format!("/counts/{what}/{seen}"))).sum();
    [all("assets"), all("findings"), all("occurrences"), number("/counts/errors")]
}
