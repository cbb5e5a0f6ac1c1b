//! Reports to measure with: generated, and cut into the batches that the drain makes of them.

use std::fs::File;
use std::io::{BufReader, BufWriter, Read, Write as _};
use std::path::{Path, PathBuf};

use admin::parse;
use anyhow::{Context as _, Result};
use engine::is_full;
use engine::limits::{BATCH_RECORDS, TRIAL_RECORDS};
use generate::{ListSize, NetworkSize, SarifSize, Template};
use scan_reports::{Batch, BatchRows, Format};
use stack::progress::Step;
use tokio::sync::mpsc;

use crate::sizes::SEED;
use crate::table::{float, number};

/// Batches that are read ahead of the database.
const AHEAD: usize = 4;

/// A report on disk.
#[derive(Clone, Debug)]
pub(super) struct Report {
    /// For people: "Nessus 200,000".
    pub(super) name: String,
    pub(super) file: PathBuf,
    pub(super) bytes: u64,
}

impl Report {
    pub(super) fn nessus(dir: &Path, size: NetworkSize) -> Result<Self> {
        let name = format!("Nessus {}", count(size.findings));
        let file = dir.join(format!("{}-on-{}-from-{}-seed-{}.nessus", size.findings, size.hosts, size.first_host, size.seed));
        Self::generate(name, file, |out| generate::nessus(size, out))
    }

    pub(super) fn nmap(dir: &Path, size: NetworkSize) -> Result<Self> {
        let name = format!("Nmap {}", count(size.findings));
        let file = dir.join(format!("{}-on-{}-from-{}-seed-{}.xml", size.findings, size.hosts, size.first_host, size.seed));
        Self::generate(name, file, |out| generate::nmap(size, out))
    }

    pub(super) fn sarif(dir: &Path, size: SarifSize) -> Result<Self> {
        let name = format!("SARIF {}", count(size.results));
        let file = dir.join(format!("{}-seed-{}.sarif", size.results, size.seed));
        Self::generate(name, file, |out| generate::sarif(size, out))
    }

    pub(super) fn list(dir: &Path, template: &Template, findings: usize) -> Result<Self> {
        let scanner = Format::from_name(template.format).map_or(template.format, Format::scanner);
        let name = format!("{scanner} {}", count(findings));
        let file = dir.join(format!("{}-{findings}.report", template.format));
        Self::generate(name, file, |out| template.write(ListSize { findings, seed: SEED }, out))
    }

    fn generate(name: String, file: PathBuf, write: impl FnOnce(&mut BufWriter<File>) -> std::io::Result<()>) -> Result<Self> {
        if !file.exists() {
            let step = Step::begin(format!("generating the report {name}"));
            let context = || format!("cannot write {}", file.display());
            let mut out = BufWriter::with_capacity(1 << 20, File::create(&file).with_context(context)?);
            write(&mut out).and_then(|()| out.flush()).with_context(context)?;
            step.done();
        }
        let bytes = std::fs::metadata(&file).with_context(|| format!("cannot find {}", file.display()))?.len();
        Ok(Self { name, file, bytes })
    }
}

fn count(records: usize) -> String {
    number(float(records as u64))
}

/// A report with its batches, parsed before anything is measured. They lie in a file: those of a big report do not fit into memory.
#[derive(Debug)]
pub(super) struct Input {
    pub(super) report: Report,
    pub(super) format: &'static str,
    pub(super) records: u64,
    batches: PathBuf,
    sizes: Vec<Size>,
}

/// One batch in the file.
#[derive(Clone, Copy, Debug)]
struct Size {
    records: i32,
    document: usize,
    findings: usize,
    occurrences: usize,
}

impl Size {
    /// The next batch of the file.
    fn read(self, file: &mut impl Read) -> Result<Unit> {
        let mut read = |size| {
            let mut bytes = vec![0; size];
            file.read_exact(&mut bytes).map(|()| bytes)
        };
        let document = read(self.document)?;
        let (findings, occurrences) = (serde_json::from_slice(&read(self.findings)?)?, serde_json::from_slice(&read(self.occurrences)?)?);
        Ok(Unit { records: self.records, rows: BatchRows { document, findings, occurrences } })
    }
}

/// A batch as the database takes it.
pub(super) struct Unit {
    pub(super) records: i32,
    pub(super) rows: BatchRows,
}

impl Input {
    /// Parses a report.
    pub(super) fn parse(report: Report) -> Result<Self> {
        let step = Step::begin(format!("parsing the report {}", report.name));
        let mut writer = Writer::new(report.file.with_extension("batches"))?;
        let mut format = "";
        parse::read(&report.file, None, |known, record| {
            format = known.name();
            writer.push(record)
        })?;
        let (batches, sizes) = writer.end()?;
        step.done();
        Ok(Self { report, format, records: sizes.iter().map(|size| u64::from(size.records.unsigned_abs())).sum(), batches, sizes })
    }

    pub(super) fn batch_count(&self) -> usize {
        self.sizes.len()
    }

    /// The batches in order, read ahead on a thread of their own so that nobody waits for the disk.
    pub(super) fn batches(&self) -> mpsc::Receiver<Result<Unit>> {
        let (sender, receiver) = mpsc::channel(AHEAD);
        let (file, sizes) = (self.batches.clone(), self.sizes.clone());
        std::thread::spawn(move || {
            let mut reader = match File::open(&file).with_context(|| format!("cannot open {}", file.display())) {
                Ok(file) => BufReader::with_capacity(1 << 20, file),
                Err(error) => return drop(sender.blocking_send(Err(error))),
            };
            for size in sizes {
                let unit = size.read(&mut reader).context("the file of batches cannot be read");
                // Whoever has stopped taking them has said why.
                if sender.blocking_send(unit).is_err() {
                    return;
                }
            }
        });
        receiver
    }
}

/// Cuts records into batches.
struct Writer {
    path: PathBuf,
    out: BufWriter<File>,
    batch: Batch,
    sizes: Vec<Size>,
}

impl Writer {
    fn new(path: PathBuf) -> Result<Self> {
        let file = File::create(&path).with_context(|| format!("cannot write {}", path.display()))?;
        Ok(Self { path, out: BufWriter::with_capacity(1 << 20, file), batch: Batch::default(), sizes: Vec::new() })
    }

    fn push(&mut self, record: scan_reports::Record) -> Result<()> {
        self.batch.push(record);
        let most = if self.sizes.is_empty() { TRIAL_RECORDS } else { BATCH_RECORDS };
        if is_full(self.batch.len(), self.batch.size(), most) { self.cut() } else { Ok(()) }
    }

    fn cut(&mut self) -> Result<()> {
        let batch = std::mem::take(&mut self.batch);
        let records = i32::try_from(batch.len())?;
        let (rows, known) = batch.into_parts();
        self.batch = Batch::after(known);
        let (findings, occurrences) = (serde_json::to_vec(&rows.findings)?, serde_json::to_vec(&rows.occurrences)?);
        self.sizes.push(Size { records, document: rows.document.len(), findings: findings.len(), occurrences: occurrences.len() });
        let written = [rows.document, findings, occurrences].iter().try_for_each(|part| self.out.write_all(part));
        written.with_context(|| format!("cannot write {}", self.path.display()))
    }

    fn end(mut self) -> Result<(PathBuf, Vec<Size>)> {
        if !self.batch.is_empty() {
            self.cut()?;
        }
        self.out.flush().with_context(|| format!("cannot write {}", self.path.display()))?;
        Ok((self.path, self.sizes))
    }
}
