//! Files of rows: how a claimed one is begun, and its rows are stored.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use engine::{Origin, Table, TableBatch, Unit};
use platform::db::{Claim, ClaimedTable, Db, DbError, ImportFailure, ImportState, Ingested, RowBatch};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tables::limits;
use tables::mapping::{Column, Counts, Mapping};
use tables::read::Reader;

use crate::source::ReportSource;
use crate::work::{Job, Kind, Known, Stop, unreadable};

impl Kind for Table {
    async fn begin(job: &Job<'_>, source: &mut ReportSource<'_>, _: &mut Known) -> Result<Self, Stop> {
        let claim = job.claim;
        let ClaimedTable { columns, mapping, .. } = claim.table.as_ref().ok_or_else(|| unusable("the import has no dataset"))?;
        let columns: Vec<Column> = of_database("columns", columns)?;
        let mapping: Option<Mapping> = of_database("mapping", mapping)?;
        let origin = origin(claim, mapping.as_ref())?;
        let reader = match &claim.checkpoint {
            Some(checkpoint) => resumed(checkpoint, &origin)?,
            None => started(source, &origin).await?,
        };
        Self::new(reader, origin, mapping.as_ref(), &columns).map_err(|error| unusable(format!("the mapping cannot be used: {error}")))
    }

    fn store<'a>(&self, job: &'a Job<'a>, unit: Unit<TableBatch>) -> impl Future<Output = Result<Ingested, DbError>> + use<'a> {
        let Unit { batch: TableBatch { rows, problems, lines, counts, unknown }, checkpoint, bytes_read, .. } = unit;
        let Counts { read, filtered, rejected, rescued_values, .. } = counts;
        let mut counts = json!({"read": read, "filtered": filtered, "rejected": rejected, "rescued": rescued_values, "lines": lines});
        if !unknown.is_empty() {
            counts["unknown"] = json!(unknown);
        }
        let batch = RowBatch {
            columns: rows.columns,
            offsets: rows.offsets,
            rescued: rows.rescued,
            problems: serde_json::to_vec(&problems).unwrap_or_default(),
            counts: counts.to_string().into_bytes(),
            format: self.format(),
            checkpoint,
            bytes_read,
        };
        store(job, batch)
    }

    fn keep(self, _: &Job<'_>, _: &ReportSource<'_>, _: &mut Known) {}
}

/// Stores a batch, and makes the partitions that it needs first.
async fn store(job: &Job<'_>, batch: RowBatch) -> Result<Ingested, DbError> {
    let schema_version = job.claim.table.as_ref().map_or(1, |table| table.schema_version);
    loop {
        let ingested = job.db.ingest_rows(job.claim, job.settings.lease, schema_version, &batch).await?;
        let Some(months) = &ingested.months else { return Ok(ingested) };
        // None where another drain has made them meanwhile.
        if let Some(state) = partition(job.db, job.claim, months).await? {
            return Ok(Ingested { state, refused: false, months: None });
        }
    }
}

/// Makes partitions; gives what became of the import where it cannot go on.
async fn partition(db: &Db, claim: &Claim, months: &[String]) -> Result<Option<ImportState>, DbError> {
    let made = db.make_partitions(claim, months).await?;
    match made.too_many {
        Some(message) => {
            let failure = ImportFailure { code: "too_many_partitions".to_owned(), message, offset: None, line: None };
            db.fail_import(claim, &failure, false).await.map(Some)
        }
        None => Ok((made.state == ImportState::Stale).then_some(ImportState::Stale)),
    }
}

/// What the database has stored of a dataset. None where it is null.
fn of_database<T: DeserializeOwned>(name: &str, value: &Value) -> Result<T, Stop> {
    T::deserialize(value).map_err(|error| unusable(format!("{name} of the dataset cannot be used by this version: {error}")))
}

fn unusable(message: impl Into<String>) -> Stop {
    Stop::Unreadable(ImportFailure { code: "mapping".to_owned(), message: message.into(), offset: None, line: None })
}

/// What is known of the file.
fn origin(claim: &Claim, mapping: Option<&Mapping>) -> Result<Origin, Stop> {
    let mut input = mapping.and_then(|mapping| mapping.input.clone()).unwrap_or_default();
    if let Some(format) = &claim.format {
        input.format = of_database("format", &json!(format))?;
    }
    let name = claim.entry_name.as_ref().unwrap_or(&claim.file_name).clone();
    Ok(Origin { input, name, size: claim.entry_ends_at - claim.entry_starts_at, starts_at: claim.entry_starts_at })
}

/// The reader at the saved place. Rows are not stored twice, so that it must not begin anew where it does not know the place.
fn resumed(checkpoint: &str, origin: &Origin) -> Result<Reader, Stop> {
    let checkpoint = BASE64_STANDARD.decode(checkpoint).unwrap_or_default();
    Reader::resume(&checkpoint, origin.hints()).map_err(|message| {
        Stop::Unreadable(ImportFailure {
            code: "checkpoint".to_owned(),
            message: format!("{message}; send the file again"),
            offset: None,
            line: None,
        })
    })
}

/// The reader of what the file's first bytes and whoever sent it say that it is.
async fn started(source: &mut ReportSource<'_>, origin: &Origin) -> Result<Reader, Stop> {
    let mut start = Vec::new();
    let complete = loop {
        let bytes = source.read_at(start.len() as u64, Some(limits::START as u64)).await?;
        start.extend_from_slice(&bytes);
        if bytes.is_empty() || start.len() >= limits::START {
            break bytes.is_empty();
        }
    };
    Reader::open(&start, complete, origin.hints()).map_err(unreadable)
}
