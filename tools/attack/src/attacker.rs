//! The tenant who does harm: what it sends, and what it is told.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, Result};
use reqwest::Method;
use stack::Stack;
use stack::client::Client;
use stack::raw::{ATTACKER, RawAnswer, RawCaller};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep, timeout};
use tokio_postgres::Client as Connection;

use crate::attacks::Request;

/// Within which everybody is answered, whatever they ask: more than any limit of the host lets somebody wait.
pub(super) const ANSWER: Duration = Duration::from_mins(1);
/// Within which all that an attack has uploaded is imported or refused.
const END: Duration = Duration::from_mins(3);
/// How often the queue is looked at.
const LOOK: Duration = Duration::from_millis(50);
/// How often an upload is sent that is refused because there are too many, and how long an attacker waits at most before it comes again.
const TRIES: usize = 5;
const PATIENCE: Duration = Duration::from_secs(2);
/// Days for which its key is valid.
const DAYS: f64 = 1.0;
/// Bytes of the head of a request, about.
const HEAD: u64 = 200;
/// Codes of errors that tell of the app and not of the report.
const OURS: [&str; 3] = ["database", "no_progress", "object_store"];

const STATE: &str = "select active from spillway.imports where id = $1::text::uuid";
const ACTIVE: &str = "
    select count(*) from spillway.imports i join spillway.workspaces w on w.id = i.workspace_id where w.name = $1 and i.active";
const ENDS: &str = "
    select i.state::text, coalesce(i.error ->> 'code', ''), count(*)
    from spillway.imports i join spillway.workspaces w on w.id = i.workspace_id where w.name = $1 group by 1, 2 order by 1, 2";

/// An attacker.
pub(super) struct Attacker<'a> {
    workspace: String,
    key: String,
    client: Client,
    raw: RawCaller,
    database: &'a Connection,
    seen: Mutex<Seen>,
}

/// What an attacker has seen.
#[derive(Clone, Debug, Default)]
pub(super) struct Seen {
    /// Bytes that it has got rid of.
    pub(super) sent: u64,
    /// Answers by their status.
    pub(super) answers: BTreeMap<u16, u64>,
    /// Connections that ended without an answer, where nothing was asked.
    pub(super) cut: u64,
    /// What was not as it should be.
    pub(super) faults: Vec<String>,
}

/// How its imports ended.
#[derive(Clone, Debug, Default)]
pub(super) struct Ends {
    /// How many did in each state, with the code of the error where there is one.
    pub(super) ended: BTreeMap<(String, String), u64>,
    /// How many have not.
    pub(super) active: i64,
}

impl<'a> Attacker<'a> {
    /// One with a workspace of its own.
    pub(super) async fn new(stack: &Stack, database: &'a Connection, name: &str) -> Result<Self> {
        let workspace = format!("attack-{name}");
        let key = stack.key(&workspace, "attack", DAYS).await?;
        let client = Client::new(stack.url(), &key).at(ATTACKER.into())?;
        let raw = RawCaller::new(stack.url()).at(ATTACKER);
        Ok(Self { workspace, key, client, raw, database, seen: Mutex::default() })
    }

    /// Its key.
    pub(super) fn key(&self) -> &str {
        &self.key
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes what should not be.
    pub(super) fn fault(&self, fault: String) {
        self.seen().faults.push(fault);
    }

    /// Notes an answer, which is clear where it is no fault of the app, and says when to try again where it is about how much was asked.
    fn note(&self, what: &str, status: u16, says_when: bool) {
        *self.seen().answers.entry(status).or_default() += 1;
        if status >= 500 && status != 503 {
            self.fault(format!("{what}: answered with {status}"));
        } else if [429, 503].contains(&status) && !says_when {
            self.fault(format!("{what}: answered with {status} without Retry-After"));
        }
    }

    /// Sends a request as it is, and gives its answer.
    pub(super) async fn ask(&self, request: &Request) -> Option<RawAnswer> {
        let what = &request.what;
        match self.raw.ask(&request.bytes, ANSWER).await {
            Ok(Some(answer)) => {
                self.note(what, answer.status, retry_after(&answer).is_some());
                return Some(answer);
            }
            Ok(None) if request.may_be_cut => self.seen().cut += 1,
            Ok(None) => self.fault(format!("{what}: the connection ends without an answer")),
            Err(error) => self.fault(format!("{what}: {error:#}")),
        }
        None
    }

    /// Sends an upload, again where it is refused because there are too many, and waits for the end of its import where there is one.
    pub(super) async fn upload(&self, request: &Request) {
        for _ in 0..TRIES {
            let Some(answer) = self.ask(request).await else { return };
            match answer.status {
                202 => return self.wait_for_end(request, &answer).await,
                429 | 503 => sleep(retry_after(&answer).unwrap_or(PATIENCE).min(PATIENCE)).await,
                _ => return,
            }
        }
    }

    async fn wait_for_end(&self, request: &Request, taken: &RawAnswer) {
        let started = Instant::now();
        let is_active = async || {
            let id = taken.document["id"].as_str().context("the answer to the upload has no id")?;
            anyhow::Ok(self.database.query_one(STATE, &[&id]).await?.get::<_, bool>(0))
        };
        loop {
            match is_active().await {
                Ok(false) => return,
                Ok(true) if started.elapsed() < END => sleep(LOOK).await,
                Ok(true) => return self.fault(format!("{}: its import has not ended after {} s", request.what, END.as_secs())),
                Err(error) => return self.fault(format!("{}: {error:#}", request.what)),
            }
        }
    }

    /// Asks for a page as an ordinary client does, and gives its JSON where there is any.
    pub(super) async fn page(&self, path: &str) -> Option<serde_json::Value> {
        let answer = timeout(ANSWER, async {
            let answer = self.client.request(Method::GET, path).send().await?;
            let (status, says_when) = (answer.status().as_u16(), answer.headers().contains_key("retry-after"));
            Ok::<_, reqwest::Error>((status, says_when, answer.bytes().await?))
        });
        self.seen().sent += HEAD + path.len() as u64;
        match answer.await {
            Ok(Ok((status, says_when, body))) => {
                self.note(path.split('?').next().unwrap_or(path), status, says_when);
                return serde_json::from_slice(&body).ok();
            }
            Ok(Err(error)) => self.fault(format!("{path}: {error}")),
            Err(_) => self.fault(format!("{path}: no answer within {} s", ANSWER.as_secs())),
        }
        None
    }

    /// Sends the beginning of a request, and keeps the connection.
    pub(super) async fn begin(&self, request: &str) -> Option<TcpStream> {
        let begun = self.raw.send(request.as_bytes()).await;
        begun.map_err(|error| self.fault(format!("{error:#}"))).ok()
    }

    /// Notes what those were told who held something open; whoever heard nothing is still waited for, which should not be.
    pub(super) fn note_held(&self, what: &str, held: usize, told: &[String]) {
        for text in told {
            match RawAnswer::parse(text) {
                Some(answer) => self.note(what, answer.status, retry_after(&answer).is_some()),
                None => self.seen().cut += 1,
            }
        }
        if told.len() < held {
            self.fault(format!("{what}: {} of {held} are still waited for after {} s", held - told.len(), ANSWER.as_secs()));
        }
    }

    /// Imports a report before the attack begins.
    pub(super) async fn prepare(&self, name: &str, report: Vec<u8>) -> Result<()> {
        let upload = self.client.upload(name, report.len() as u64, report).await?;
        self.client.wait(&upload.id, END, |_| ()).await.map(drop)
    }

    /// Waits until all of its imports have ended, and says how they did.
    pub(super) async fn ends(&self) -> Result<Ends> {
        let started = Instant::now();
        let active = async || anyhow::Ok(self.database.query_one(ACTIVE, &[&self.workspace]).await?.get::<_, i64>(0));
        while active().await? > 0 && started.elapsed() < END {
            sleep(LOOK).await;
        }
        let ended = self.database.query(ENDS, &[&self.workspace]).await?;
        let ended = ended.iter().map(|row| ((row.get(0), row.get(1)), row.get::<_, i64>(2).unsigned_abs()));
        Ok(Ends { ended: ended.collect(), active: active().await? })
    }

    /// What it has seen in all.
    pub(super) fn end(self) -> Seen {
        let mut seen = self.seen().clone();
        seen.sent += self.raw.sent();
        seen
    }
}

/// When to try again, as an answer says it.
fn retry_after(answer: &RawAnswer) -> Option<Duration> {
    let mut headers = answer.head.lines().filter_map(|line| line.split_once(':'));
    let (_, seconds) = headers.find(|(name, _)| name.eq_ignore_ascii_case("retry-after"))?;
    seconds.trim().parse().ok().map(Duration::from_secs)
}

impl Ends {
    /// Imports that failed for a reason that is not the report's, or have not ended.
    pub(super) fn faults(&self) -> Vec<String> {
        let ours = self.ended.iter().filter(|((_, code), _)| OURS.contains(&code.as_str()));
        let mut faults: Vec<_> = ours.map(|((_, code), count)| format!("{count} imports ended with the error `{code}`")).collect();
        if self.active > 0 {
            faults.push(format!("{} imports have not ended after {} s", self.active, END.as_secs()));
        }
        faults
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_refused_is_told_when_to_come_again() {
        let says = |head: &str| retry_after(&RawAnswer { status: 503, head: head.to_owned(), document: serde_json::Value::Null });
        assert_eq!(says("HTTP/1.1 503 Service Unavailable\r\nRetry-After: 3\r\nx: y"), Some(Duration::from_secs(3)));
        assert_eq!(says("HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0"), None);
    }

    #[test]
    fn an_import_that_fails_for_our_reasons_is_a_fault() {
        let end = |state: &str, code: &str| ((state.to_owned(), code.to_owned()), 2);
        let ends = |active, ended: &[((String, String), u64)]| Ends { ended: ended.iter().cloned().collect(), active };
        assert!(ends(0, &[end("completed", ""), end("failed", "syntax")]).faults().is_empty());
        assert_eq!(ends(0, &[end("failed", "no_progress")]).faults(), ["2 imports ended with the error `no_progress`"]);
        assert_eq!(ends(3, &[]).faults().len(), 1);
    }
}
