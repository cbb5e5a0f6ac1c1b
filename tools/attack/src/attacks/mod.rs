//! The attacks: what each of them sends.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use anyhow::{Context as _, Result};
use clap::ValueEnum;
use futures::future::join_all;
use generate::{GITLEAKS, HostileKind, ListSize};
use tokio::time::{Instant, sleep};

use crate::attacker::{ANSWER, Attacker};
use crate::scale::Scale;

mod inputs;

pub(super) use inputs::Request;

/// What can be done to harm.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub(super) enum Attack {
    /// An HTML page of `<a<a<a…`
    UnclosedTags,
    /// Reports of XML and HTML in which something has no end: tags, attributes, quotes, entities, depth
    EndlessMarkup,
    /// Reports of JSON in which something has no end: braces, brackets, quotes, digits, many short documents
    EndlessJson,
    /// Tables and texts in which something has no end: one long line, blanks, digits, short lines
    EndlessText,
    /// Findings that are as large as may be, and every list of them
    LargeFindings,
    /// One record with endpoints without end, each of which would have its evidence
    ManyEndpoints,
    /// Messages of SARIF with placeholders without end
    Placeholders,
    /// ZIP archives: bombs, lies, archives in archives
    Archives,
    /// gzip and zstd: bombs, lies, one in another
    Streams,
    /// Workbooks: far columns, texts in many cells, counts that lie
    Workbooks,
    /// Forms without a boundary, with headers or fields without end
    Forms,
    /// Reports under an Idempotency-Key that another report has
    OneKey,
    /// 24 lists at once with filters that fit nothing, over many findings
    EmptyLists,
    /// Uploads of one byte that are held open
    HeldUploads,
    /// Heads of requests that do not come to their end
    HalfHeads,
    /// A key of 1 MiB, 10,000 headers
    LargeHeads,
    /// Chunked bodies that are not as long as they say
    LyingChunks,
    /// Pages as fast as can be, with one key
    Reads,
    /// Uploads as fast as can be, with one key
    Writes,
}

/// Formats whose reports have something without an end in them, by their syntax.
const HTML: [&str; 1] = ["burp_suite_dast"];
const MARKUP: [&str; 4] = ["burp_suite_dast", "sonarqube_html", "nessus", "nmap"];
const JSON: [&str; 3] = ["sarif", "trivy", "generic"];
const TEXT: [&str; 3] = ["nessus_csv", "clamav", "chefinspect"];

/// Uploads at a time: as many as a workspace's imports are worked on.
const UPLOADS: usize = 4;
/// Who floods, at a time.
const READERS: usize = 32;
const WRITERS: usize = 16;
/// After a request that is sent byte for byte. Within a machine a gigabyte is sent in a second: what is measured is the app, and not how fast bytes are copied.
const PAUSE: Duration = Duration::from_millis(20);
/// Lists at once.
const LISTERS: usize = 24;

/// Lists of everything that an import brings.
const LISTS: [&str; 4] =
    ["/api/v1/findings?limit=200", "/api/v1/occurrences?limit=200", "/api/v1/assets?limit=200", "/api/v1/imports?limit=200"];
/// Lists of which nothing comes.
const EMPTY_LISTS: [&str; 5] = [
    "/api/v1/findings?status=accepted_risk&limit=200",
    "/api/v1/findings?severity=low&status=closed&limit=200",
    "/api/v1/findings?import_id=01900000-0000-7000-8000-000000000000&limit=200",
    "/api/v1/occurrences?finding_id=00000000-0000-8000-8000-000000000000&limit=200",
    "/api/v1/imports?state=cancelled&limit=200",
];
/// Pages for whoever asks as fast as can be.
const PAGES: [&str; 5] = ["/api/v1/findings", "/api/v1/occurrences", "/api/v1/imports", "/api/v1/assets", "/api/v1/notifications/unread"];

/// What is sent, made before the attack begins: it takes the same processors.
pub(super) enum Plan {
    /// Uploads, each until its import has ended.
    Uploads(Vec<Request>),
    /// The same, and between them the lists of what they brought.
    UploadsAndLists(Vec<Request>),
    /// Uploads under one key: an import comes of the first only.
    OneKey(Vec<Request>),
    /// Uploads as fast as can be.
    Flood(Vec<Request>),
    /// Pages, for so many callers.
    Pages(&'static [&'static str], usize),
    /// Requests byte for byte.
    Requests(Vec<Request>),
    /// Beginnings of requests that are held open, what they are and how often each is sent.
    Held(&'static str, String, usize),
}

impl Attack {
    /// Its name on the command line.
    pub(super) fn name(self) -> String {
        self.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned())
    }

    /// Makes what it sends, in a thread of its own.
    pub(super) async fn plan(self, attacker: &Attacker<'_>, scale: &Scale) -> Result<Plan> {
        if self == Self::EmptyLists {
            let mut report = Vec::new();
            GITLEAKS.write(ListSize { findings: scale.listed, seed: 1 }, &mut report)?;
            attacker.prepare("listed.json", report).await?;
        }
        let (key, scale) = (attacker.key().to_owned(), scale.clone());
        tokio::task::spawn_blocking(move || self.planned(&key, &scale)).await.context("the attack cannot be made")?
    }

    fn planned(self, key: &str, scale: &Scale) -> Result<Plan> {
        Ok(match self {
            Self::UnclosedTags => Plan::Uploads(inputs::repeated(&HTML, &["<a"], key, scale)?),
            Self::EndlessMarkup => Plan::Uploads(inputs::endless(&MARKUP, key, scale)?),
            Self::EndlessJson => Plan::Uploads(inputs::endless(&JSON, key, scale)?),
            Self::EndlessText => Plan::Uploads(inputs::endless(&TEXT, key, scale)?),
            Self::LargeFindings => Plan::UploadsAndLists(inputs::large_findings(key, scale)),
            Self::ManyEndpoints => Plan::Uploads(inputs::many_endpoints(key, scale)),
            Self::Placeholders => Plan::Uploads(inputs::placeholders(key, scale)),
            Self::Archives => Plan::Uploads(inputs::packed(&[HostileKind::Archive], key, scale)),
            Self::Streams => Plan::Uploads(inputs::packed(&[HostileKind::Stream, HostileKind::OnTheWay], key, scale)),
            Self::Workbooks => Plan::Uploads(inputs::packed(&[HostileKind::Workbook], key, scale)),
            Self::Forms => Plan::Uploads(inputs::packed(&[HostileKind::Form], key, scale)),
            Self::OneKey => Plan::OneKey(inputs::one_key(key)?),
            Self::EmptyLists => Plan::Pages(&EMPTY_LISTS, LISTERS),
            Self::HeldUploads => Plan::Held("an upload that is held open", stack::raw::unfinished_upload(key), scale.held),
            Self::HalfHeads => Plan::Held("half a head", inputs::HALF_A_HEAD.to_owned(), scale.heads),
            Self::LargeHeads => Plan::Requests(inputs::large_heads()),
            Self::LyingChunks => Plan::Requests(inputs::lying_chunks(key)),
            Self::Reads => Plan::Pages(&PAGES, READERS),
            Self::Writes => Plan::Flood(inputs::small(key)?),
        })
    }
}

impl Plan {
    /// Does it, for at least so long.
    pub(super) async fn carry_out(&self, attacker: &Attacker<'_>, lasts: Duration) {
        match self {
            Self::Uploads(uploads) => in_turn(uploads, UPLOADS, lasts, async |upload| attacker.upload(upload).await).await,
            Self::UploadsAndLists(uploads) => {
                let upload_and_list = async |upload: &Request| {
                    attacker.upload(upload).await;
                    join_all(LISTS.map(|list| all_pages(attacker, list))).await;
                };
                in_turn(uploads, 1, lasts, upload_and_list).await;
            }
            Self::OneKey(uploads) => one_key(attacker, uploads, lasts).await,
            Self::Flood(uploads) => in_turn(uploads, WRITERS, lasts, async |upload| drop(attacker.ask(upload).await)).await,
            Self::Pages(paths, callers) => in_turn(paths, *callers, lasts, async |path| drop(attacker.page(path).await)).await,
            Self::Requests(requests) => {
                let ask_and_pause = async |request: &Request| {
                    attacker.ask(request).await;
                    sleep(PAUSE).await;
                };
                in_turn(requests, UPLOADS, lasts, ask_and_pause).await;
            }
            Self::Held(what, beginning, count) => hold(attacker, what, beginning, *count).await,
        }
    }
}

/// So many callers take one thing after the other: each thing once, and again as long as there is time.
async fn in_turn<T>(things: &[T], callers: usize, lasts: Duration, act: impl AsyncFn(&T)) {
    let (started, next) = (Instant::now(), AtomicUsize::new(0));
    let call = async || {
        loop {
            let number = next.fetch_add(1, Relaxed);
            if number >= things.len().max(callers) && started.elapsed() >= lasts {
                return;
            }
            let Some(thing) = things.get(number % things.len().max(1)) else { return };
            act(thing).await;
        }
    };
    join_all((0..callers).map(|_| call())).await;
}

/// A list from its first page to its last.
async fn all_pages(attacker: &Attacker<'_>, list: &str) {
    let mut path = list.to_owned();
    while let Some(page) = attacker.page(&path).await {
        let Some(cursor) = page["next_cursor"].as_str() else { return };
        path = format!("{list}&cursor={cursor}");
    }
}

/// The first is taken; the others are refused, since the key is another report's.
async fn one_key(attacker: &Attacker<'_>, uploads: &[Request], lasts: Duration) {
    let Some((first, others)) = uploads.split_first() else { return };
    attacker.upload(first).await;
    let ask = async |upload: &Request| {
        if let Some(answer) = attacker.ask(upload).await
            && answer.status < 300
        {
            attacker.fault(format!("{}: answered with {}, and is another report than the key's", upload.what, answer.status));
        }
    };
    in_turn(others, UPLOADS, lasts, ask).await;
}

/// Holds the beginnings of requests open, all at once, until each is told something or cut.
async fn hold(attacker: &Attacker<'_>, what: &str, beginning: &str, count: usize) {
    let begun = join_all((0..count).map(|_| attacker.begin(beginning))).await;
    let mut held: Vec<_> = begun.into_iter().flatten().collect();
    let told = stack::raw::told(&mut held, ANSWER).await;
    attacker.note_held(what, held.len(), &told);
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    #[tokio::test]
    async fn each_thing_is_done_once_and_again_while_there_is_time() {
        let done = Mutex::new(Vec::new());
        let act = async |thing: &u32| done.lock().expect("a list").push(*thing);
        in_turn(&[1, 2, 3], 2, Duration::ZERO, act).await;
        assert_eq!(*done.lock().expect("a list"), [1, 2, 3]);
        let started = Instant::now();
        let slowly = async |_: &u32| tokio::time::sleep(Duration::from_millis(5)).await;
        in_turn(&[1], 2, Duration::from_millis(50), slowly).await;
        assert!(started.elapsed() >= Duration::from_millis(50));
    }
}
