//! Parsing alone: reports of the ten most used formats, and tables, natively and by a component in the runtime.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use bytes::Bytes;
use decoding::{Decoded, Decoding, PIECE};
use engine::Work;
use generate::{GITLEAKS, GRYPE, NESSUS_CSV, OPENVAS, SEMGREP, SNYK, SarifSize, TRIVY, TableFormat, TableSize};
use scan_reports::{Format, ReadError};
use stack::progress::Step;
use stack::runtime::{Host, Runtime, RuntimeSettings};
use stack::sample::Sample;
use stack::{build, ports};

use crate::drain::MOST_MEMORY;
use crate::host::IDLE;
use crate::input::Report;
use crate::session::Session;
use crate::sizes::{SEED, nessus};
use crate::table::{Figure, Row, Target, float, number};
use crate::tables::{TableFile, columns};

const SUBJECT: &str = "parse";

/// MB/s of a component that reads XML and CSV, or JSON.
const LEAST: f64 = 100.0;
const LEAST_JSON: f64 = 80.0;
/// The part of the small report's speed that the large one's is, and how much more memory it takes: it should not matter how large it is.
const FLAT: f64 = 0.85;
const SAME_MEMORY: f64 = 1.15;

/// Formats of tables, and the MB/s that are asked of them.
const TABLES: [(TableFormat, f64); 2] = [(TableFormat::Csv, LEAST), (TableFormat::Jsonl, LEAST_JSON)];

/// Bytes of a row of them, about.
const ROW: u64 = 150;

/// Records of the report that the size of a record is known from.
const PROBE: usize = 5_000;

/// A format's name, the MB/s that are asked of it, and what makes up a report of so many records.
type Parsed = (&'static str, f64, fn(&Path, usize) -> Result<Report>);

const FORMATS: [Parsed; 10] = [
    ("nessus", LEAST, |dir, findings| Report::nessus(dir, nessus(findings, SEED))),
    ("nmap", LEAST, |dir, findings| Report::nmap(dir, nessus(findings, SEED))),
    ("openvas", LEAST, |dir, findings| Report::list(dir, &OPENVAS, findings)),
    ("nessus_csv", LEAST, |dir, findings| Report::list(dir, &NESSUS_CSV, findings)),
    ("sarif", LEAST_JSON, |dir, results| Report::sarif(dir, SarifSize { results, seed: SEED, problems: 0 })),
    ("trivy", LEAST_JSON, |dir, findings| Report::list(dir, &TRIVY, findings)),
    ("grype", LEAST_JSON, |dir, findings| Report::list(dir, &GRYPE, findings)),
    ("snyk", LEAST_JSON, |dir, findings| Report::list(dir, &SNYK, findings)),
    ("semgrep", LEAST_JSON, |dir, findings| Report::list(dir, &SEMGREP, findings)),
    ("gitleaks", LEAST_JSON, |dir, findings| Report::list(dir, &GITLEAKS, findings)),
];

/// Adds the rows of this subject.
pub(super) async fn rows(session: &mut Session, rows: &mut Vec<Row>) -> Result<()> {
    let component = Component::start(session.dir.path()).await?;
    let mut most_memory = 0;
    for (format, least, generate) in FORMATS {
        let probe = generate(session.dir.path(), PROBE)?;
        let mut measured = Vec::new();
        for bytes in session.sizes.parsed {
            let findings = usize::try_from(bytes * PROBE as u64 / probe.bytes)?;
            let report = generate(session.dir.path(), findings)?;
            let natively = |bytes: &Bytes| natively(format, bytes);
            measured.push(measure(&component, format, &report.file, natively, session.sizes.rounds).await?);
        }
        most_memory = measured.iter().map(|measured| measured.memory).chain([most_memory]).max().unwrap_or_default();
        if let [small, large] = measured.as_slice() {
            rows.extend(rows_of(format, least, small, large));
        }
    }
    for (format, least) in TABLES {
        let mut measured = Vec::new();
        for bytes in session.sizes.parsed {
            let size = TableSize { rows: bytes / ROW, first: 1, seed: SEED, changed: 0 };
            let table = TableFile::generate(session.dir.path(), format, size)?;
            let known = decoding::TableFile { name: table.file_name(), size: table.bytes, columns: serde_json::from_value(columns())? };
            let natively = |bytes: &Bytes| table_natively(&known, bytes);
            measured.push(measure(&component, "table", &table.path, natively, session.sizes.rounds).await?);
        }
        most_memory = measured.iter().map(|measured| measured.memory).chain([most_memory]).max().unwrap_or_default();
        if let [small, large] = measured.as_slice() {
            let name = format!("table, {}", format.name());
            rows.extend(rows_of(&name, least, small, large));
            let rate = |time| Figure::rate(large.records, time, "rows/s");
            let what = format!("{name}, {} MB, in WebAssembly", megabytes(large.bytes));
            rows.push(Row::new(SUBJECT, what, rate(large.component)).beside("natively", rate(large.native)));
        }
    }
    rows.push(Row::new(SUBJECT, "most memory of all in WebAssembly", Figure::mebibytes(most_memory)).target(Target::AtMost(MOST_MEMORY)));
    Ok(())
}

fn rows_of(format: &str, least: f64, small: &Measured, large: &Measured) -> [Row; 4] {
    let native = |of: &Measured| Figure::megabytes_per_second(of.bytes, of.native);
    let component = |of: &Measured| Figure::megabytes_per_second(of.bytes, of.component);
    let beside = format!("{} MB", megabytes(small.bytes));
    let row = |what, figure| Row::new(SUBJECT, format!("{format}, {} MB, {what}", megabytes(large.bytes)), figure);
    [
        row("in WebAssembly", component(large)).beside("natively", native(large)).target(Target::AtLeast(least)),
        row("in WebAssembly", component(large)).beside(&beside, component(small)).target(Target::RatioAtLeast(FLAT)),
        row("natively", native(large)).beside(&beside, native(small)).target(Target::RatioAtLeast(FLAT)),
        row("memory in WebAssembly", Figure::mebibytes(large.memory))
            .beside(&beside, Figure::mebibytes(small.memory))
            .target(Target::RatioAtMost(SAME_MEMORY)),
    ]
}

fn megabytes(bytes: u64) -> String {
    number((float(bytes) / 1e6).round())
}

/// How one report was decoded, medians of the rounds.
struct Measured {
    bytes: u64,
    records: u64,
    native: Duration,
    component: Duration,
    memory: u64,
}

/// Decodes a file in both ways by turns, and removes it.
async fn measure(
    component: &Component,
    name: &str,
    file: &Path,
    natively: impl Fn(&Bytes) -> Result<(Decoded, Vec<Bytes>)>,
    rounds: usize,
) -> Result<Measured> {
    let bytes = Bytes::from(std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))?);
    let size = bytes.len() as u64;
    let step = Step::begin(format!("parsing {} MB of {name}, {rounds} times each way", megabytes(size)));
    // So that another instance takes it, whose memory the last file did not fill.
    tokio::time::sleep(IDLE).await;
    let (mut natives, mut components) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        let (native, pieces) = natively(&bytes)?;
        let decoded = component.decode(name, pieces).await?;
        ensure!(native.records == decoded.records, "{} records natively, but {} in WebAssembly", native.records, decoded.records);
        natives.push(native);
        components.push(decoded);
    }
    step.done();
    std::fs::remove_file(file).with_context(|| format!("cannot remove {}", file.display()))?;
    let time = |of: &[Decoded]| of.iter().map(|decoded| decoded.time).collect::<Sample>().median();
    let memory = components.iter().map(|decoded| decoded.memory).max().unwrap_or_default();
    let records = natives.first().map_or(0, |native| native.records);
    Ok(Measured { bytes: size, records, native: time(&natives), component: time(&components), memory })
}

/// Decodes a report; gives the pieces of it, too, in the order in which they were wanted.
fn natively(format: &str, report: &Bytes) -> Result<(Decoded, Vec<Bytes>)> {
    let format = Format::from_name(format).with_context(|| format!("{format} is no format"))?;
    in_pieces(Decoding::of_report(format), report)
}

/// Decodes a table; gives all that the component is sent, too.
fn table_natively(file: &decoding::TableFile, table: &Bytes) -> Result<(Decoded, Vec<Bytes>)> {
    let start = table.slice(..table.len().min(tables::limits::START));
    let (decoded, pieces) = in_pieces(Decoding::of_table(file, &start)?, table)?;
    Ok((decoded, [serde_json::to_vec(file)?.into(), start].into_iter().chain(pieces).collect()))
}

fn in_pieces<W: Work<Error = ReadError>>(mut decoding: Decoding<W>, file: &Bytes) -> Result<(Decoded, Vec<Bytes>)> {
    let mut pieces = Vec::new();
    loop {
        let start = file.len().min(usize::try_from(decoding.position())?);
        let piece = file.slice(start..file.len().min(start + PIECE));
        let ended = decoding.feed(&piece)?;
        pieces.push(piece);
        if ended {
            return Ok((decoding.decoded(), pieces));
        }
    }
}

/// The component, alone in its runtime.
struct Component {
    runtime: Runtime,
    http: reqwest::Client,
}

impl Component {
    async fn start(dir: &Path) -> Result<Self> {
        build::decoding().await?;
        let runtime = Runtime::start(RuntimeSettings {
            manifest: "tools/decoding/spin.toml",
            listen: ports::free_address()?,
            variables: BTreeMap::new(),
            host: Host::tuned(),
            dir: dir.join("decoding"),
        });
        Ok(Self { runtime: runtime.await?, http: reqwest::Client::new() })
    }

    /// Decodes a report, or a `table`; its pieces come as it wants them.
    async fn decode(&self, format: &str, pieces: Vec<Bytes>) -> Result<Decoded> {
        let framed = |piece: Bytes| anyhow::Ok([Bytes::from_owner(u32::try_from(piece.len())?.to_le_bytes()), piece]);
        let framed = pieces.into_iter().map(framed).collect::<Result<Vec<_>>>()?.into_iter().flatten().map(anyhow::Ok);
        let body = reqwest::Body::wrap_stream(futures::stream::iter(framed));
        let answer = self.http.post(format!("{}/{format}", self.runtime.url())).body(body).send().await?;
        let status = answer.status();
        let text = answer.text().await?;
        ensure!(status.is_success(), "the component answered {status}: {text}");
        serde_json::from_str(&text).with_context(|| format!("the component's answer cannot be read: {text}"))
    }
}
