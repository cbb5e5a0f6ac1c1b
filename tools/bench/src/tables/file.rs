//! Files of orders, and the batches that the drain makes of one.

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use engine::limits::{BATCH_RECORDS, BATCH_TIME, TRIAL_RECORDS};
use engine::{Filling, Need, Origin, Table, TableBatch, Work as _};
use generate::{TABLE_COLUMNS, TableFormat, TableSize};
use serde_json::{Value, json};
use stack::progress::Step;
use tables::limits;
use tables::mapping::Column;
use tables::read::Reader;

use crate::table::{float, number};

/// Bytes that are fed at a time, as the store gives them.
const PIECE: usize = 64 * 1024;

/// A file of rows.
#[derive(Clone, Debug)]
pub(crate) struct TableFile {
    /// For people: "CSV 1,000,000".
    pub(crate) name: String,
    pub(crate) path: PathBuf,
    pub(crate) rows: u64,
    pub(crate) bytes: u64,
}

impl TableFile {
    /// Makes a file, where it is not there yet.
    pub(crate) fn generate(dir: &Path, format: TableFormat, size: TableSize) -> Result<Self> {
        let name = format!("{} {}", format.name(), number(float(size.rows)));
        let TableSize { rows, first, seed, changed } = size;
        let path = dir.join(format!("{format:?}-{rows}-from-{first}-seed-{seed}-changed-{changed}.{}", format.extension()));
        if !path.exists() {
            let step = Step::begin(format!("generating the table {name}"));
            let context = || format!("cannot write {}", path.display());
            let mut out = BufWriter::with_capacity(1 << 20, File::create(&path).with_context(context)?);
            format.write(size, &mut out).and_then(|()| out.flush()).with_context(context)?;
            step.done();
        }
        let bytes = std::fs::metadata(&path).with_context(|| format!("cannot find {}", path.display()))?.len();
        Ok(Self { name, path, rows, bytes })
    }

    pub(crate) fn file_name(&self) -> String {
        self.path.file_name().unwrap_or_default().to_string_lossy().into_owned()
    }

    pub(super) fn read(&self) -> Result<Vec<u8>> {
        std::fs::read(&self.path).with_context(|| format!("cannot read {}", self.path.display()))
    }
}

/// The columns as a dataset is made of them.
pub(crate) fn columns() -> Value {
    TABLE_COLUMNS.iter().map(|(name, kind)| json!({"name": name, "type": kind})).collect()
}

/// A file's rows as the database takes them, decoded before anything is measured.
pub(super) struct Batches {
    pub(super) format: &'static str,
    pub(super) units: Vec<RowUnit>,
    /// How long it took to make them.
    pub(super) decode: Duration,
}

/// A batch.
pub(super) struct RowUnit {
    pub(super) columns: Vec<String>,
    pub(super) offsets: Vec<i64>,
    pub(super) rescued: Option<String>,
    pub(super) counts: String,
    pub(super) checkpoint: Vec<u8>,
    pub(super) bytes_read: i64,
}

impl Batches {
    /// Decodes a file as the drain does.
    pub(super) fn of(file: &TableFile) -> Result<Self> {
        let bytes = file.read()?;
        let step = Step::begin(format!("decoding the table {}", file.name));
        let began = Instant::now();
        let mut decoding = Decoding::begin(file, &bytes)?;
        let mut units = Vec::new();
        while let Some(unit) = decoding.next()? {
            units.push(unit);
        }
        let (decode, format) = (began.elapsed(), decoding.table.format());
        step.done();
        let rows: u64 = units.iter().map(|unit| unit.offsets.len() as u64).sum();
        ensure!(rows == file.rows, "{rows} rows came of a file of {}", file.rows);
        Ok(Self { format, units, decode })
    }
}

/// A file that is being decoded.
struct Decoding<'a> {
    bytes: &'a [u8],
    table: Table,
    ended: bool,
    began: bool,
}

impl<'a> Decoding<'a> {
    fn begin(file: &TableFile, bytes: &'a [u8]) -> Result<Self> {
        let origin = Origin { name: file.file_name(), size: file.bytes, ..Origin::default() };
        let start = bytes.get(..limits::START).unwrap_or(bytes);
        let reader = Reader::open(start, start.len() == bytes.len(), origin.hints())?;
        let columns: Vec<Column> = serde_json::from_value(columns())?;
        Ok(Self { bytes, table: Table::new(reader, origin, None, &columns)?, ended: false, began: false })
    }

    /// The next batch.
    fn next(&mut self) -> Result<Option<RowUnit>> {
        if self.ended {
            return Ok(None);
        }
        let most = if std::mem::replace(&mut self.began, true) { BATCH_RECORDS } else { TRIAL_RECORDS };
        let now = Instant::now();
        let mut filling = Filling::new(&self.table, most, now, now + BATCH_TIME);
        loop {
            match filling.fill(&mut self.table, Instant::now)? {
                Need::Breath | Need::Sign => {}
                Need::Bytes => {
                    let start = self.bytes.len().min(usize::try_from(self.table.position())?);
                    self.table.feed(&self.bytes[start..self.bytes.len().min(start + PIECE)]);
                }
                Need::Nothing { ended } => {
                    self.ended = ended;
                    return self.take().map(Some);
                }
            }
        }
    }

    fn take(&mut self) -> Result<RowUnit> {
        let TableBatch { rows, problems, counts, .. } = self.table.take_batch();
        ensure!(problems.is_empty(), "rows were rejected: {problems:?}");
        let counts =
            json!({"read": counts.read, "filtered": counts.filtered, "rejected": counts.rejected, "rescued": counts.rescued_values});
        Ok(RowUnit {
            columns: rows.columns,
            offsets: rows.offsets,
            rescued: (!rows.rescued.is_empty()).then_some(rows.rescued),
            counts: counts.to_string(),
            checkpoint: self.table.checkpoint(),
            bytes_read: i64::try_from(self.table.progress())?,
        })
    }
}
