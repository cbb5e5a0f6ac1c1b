//! What is sent: requests as bytes.

use anyhow::{Context as _, Result};
use generate::hostile::{records, requests};
use generate::{HostileKind, NetworkSize, hostile};
use laws::{ENDLESS, endless as endless_report};
use stack::paths;

use crate::scale::Scale;

/// A head that does not come to its end.
pub(super) const HALF_A_HEAD: &str = "GET /api/v1/findings HTTP/1.1\r\nhost: app\r\nx-slow: ";

/// A small report, and another.
const SMALL: NetworkSize = NetworkSize { findings: 5, hosts: 1, first_host: 0, seed: 1, problems: 0 };
const LARGER: NetworkSize = NetworkSize { findings: 500, hosts: 5, first_host: 0, seed: 1, problems: 0 };

/// A request.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    /// What is in it.
    pub(crate) what: String,
    pub(crate) bytes: Vec<u8>,
    /// Whether the connection may end without an answer: what is sent is no request.
    pub(crate) may_be_cut: bool,
}

impl Request {
    fn new(what: impl Into<String>, bytes: impl Into<Vec<u8>>) -> Self {
        Self { what: what.into(), bytes: bytes.into(), may_be_cut: false }
    }

    /// An upload with these further headers.
    fn upload(what: impl Into<String>, query: &str, key: &str, headers: &str, body: &[u8]) -> Self {
        let length = format!("content-length: {}\r\n", body.len());
        Self::new(what, [head(query, key, &format!("{headers}{length}")).as_bytes(), body].concat())
    }
}

/// The head of an upload.
fn head(query: &str, key: &str, headers: &str) -> String {
    format!("POST /api/v1/imports{query} HTTP/1.1\r\nhost: app\r\nauthorization: Bearer {key}\r\n{headers}\r\n")
}

/// An upload of a report as it is.
fn report(what: impl Into<String>, query: &str, key: &str, report: &[u8]) -> Request {
    Request::upload(what, query, key, "", report)
}

/// Reports of some formats, each with one of the texts that have no end.
pub(super) fn endless(formats: &[&str], key: &str, scale: &Scale) -> Result<Vec<Request>> {
    Ok(scale.some_of(repeated(formats, &ENDLESS, key, scale)?.into_iter()).collect())
}

/// Reports that begin as one of their format does, and in the middle of it repeat a text.
pub(super) fn repeated(formats: &[&str], texts: &[&str], key: &str, scale: &Scale) -> Result<Vec<Request>> {
    let mut requests = Vec::new();
    for format in formats {
        let sample = sample(format)?;
        for text in texts {
            let endless = endless_report(&sample[..sample.len() / 2], text, scale.endless);
            requests.push(report(format!("{format}, and then {text:?}"), &format!("?format={format}"), key, &endless));
        }
    }
    Ok(requests)
}

/// The longest sample of a format.
fn sample(format: &str) -> Result<Vec<u8>> {
    let samples = paths::files(&paths::root().join("crates/scan-reports/testdata").join(format))?;
    let samples = samples.iter().map(|file| std::fs::read(file).with_context(|| format!("cannot read {}", file.display())));
    let samples = samples.collect::<Result<Vec<_>>>()?;
    samples.into_iter().max_by_key(Vec::len).with_context(|| format!("there is no sample of the format {format}"))
}

pub(super) fn large_findings(key: &str, scale: &Scale) -> Vec<Request> {
    vec![report("findings as large as may be", "", key, records::large_findings(scale.large).as_bytes())]
}

pub(super) fn many_endpoints(key: &str, scale: &Scale) -> Vec<Request> {
    vec![report(format!("{} endpoints", scale.endpoints), "", key, records::many_endpoints(scale.endpoints).as_bytes())]
}

pub(super) fn placeholders(key: &str, scale: &Scale) -> Vec<Request> {
    records::placeholders(scale.places).map(|written| report("placeholders", "", key, written.as_bytes())).into()
}

/// Uploads that are packed without measure.
pub(super) fn packed(kinds: &[HostileKind], key: &str, scale: &Scale) -> Vec<Request> {
    let of_kinds = hostile().filter(|hostile| kinds.contains(&hostile.kind));
    let request = |hostile: generate::Hostile| {
        let encoding = if hostile.is_gzipped() { "content-encoding: gzip\r\n" } else { "" };
        let content_type = if hostile.content_type.is_empty() { "application/octet-stream" } else { &hostile.content_type };
        Request::upload(hostile.name, "", key, &format!("content-type: {content_type}\r\n{encoding}"), &hostile.body())
    };
    scale.some_of(of_kinds).map(request).collect()
}

/// A report, and then another and the same one with other options, all under one Idempotency-Key.
pub(super) fn one_key(key: &str) -> Result<Vec<Request>> {
    let (small, larger) = (nessus(SMALL)?, nessus(LARGER)?);
    let under = |what, query, report: &[u8]| Request::upload(what, query, key, "idempotency-key: one\r\n", report);
    Ok(vec![
        under("the first report of the key", "", &small),
        under("another report", "", &larger),
        under("another scope", "?scope=another", &small),
        under("another format", "?format=nmap", &small),
    ])
}

/// A small report.
pub(super) fn small(key: &str) -> Result<Vec<Request>> {
    Ok(vec![report("a small report", "", key, &nessus(SMALL)?)])
}

fn nessus(size: NetworkSize) -> Result<Vec<u8>> {
    let mut report = Vec::new();
    generate::nessus(size, &mut report)?;
    Ok(report)
}

/// Heads that are larger than anybody takes: a host may refuse them without a word.
pub(super) fn large_heads() -> Vec<Request> {
    requests::large_heads().map(|(what, head)| Request { may_be_cut: true, ..Request::new(what, head) }).into()
}

/// Bodies that lie: whoever waits for what was promised answers when it has waited long enough.
pub(super) fn lying_chunks(key: &str) -> Vec<Request> {
    let head = head("", key, "transfer-encoding: chunked\r\n");
    requests::LYING_CHUNKS.map(|lie| Request { may_be_cut: true, ..Request::new(format!("chunks {lie:?}"), format!("{head}{lie}")) }).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_upload_is_as_long_as_it_says() {
        let request = report("a", "?format=nmap", "key", b"body");
        let text = String::from_utf8_lossy(&request.bytes).into_owned();
        assert!(text.starts_with("POST /api/v1/imports?format=nmap HTTP/1.1\r\n"), "{text}");
        assert!(text.contains("\r\ncontent-length: 4\r\n") && text.ends_with("\r\n\r\nbody"), "{text}");
    }

    #[test]
    fn every_kind_is_sent_and_each_format_has_a_sample() -> Result<()> {
        let scale = Scale { endless: 100, one_in: 30, ..Scale::short() };
        for formats in [super::super::MARKUP.as_slice(), &super::super::JSON, &super::super::TEXT] {
            assert!(!endless(formats, "key", &scale)?.is_empty());
        }
        for kind in [HostileKind::Archive, HostileKind::Stream, HostileKind::OnTheWay, HostileKind::Workbook, HostileKind::Form] {
            assert!(hostile().any(|hostile| hostile.kind == kind), "{kind:?}");
        }
        Ok(())
    }
}
