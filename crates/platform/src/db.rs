//! The database: one Rust function for each SQL function, one statement for each call.
//!
//! The host's pool hands a connection on without ROLLBACK, so nothing here ever sends BEGIN: a function that is killed at any instruction
//! leaves nothing open. Documents go in and come out as one value: a row costs the host more than a statement does. They go as text, which the
//! database takes apart: a value of the type jsonb Spin would take apart and write again on its way, with numbers through 64 bits.

use std::cell::Cell;
use std::pin::pin;
use std::sync::OnceLock;
use std::time::Duration;

use anyhow::anyhow;
use futures::future::{Either, select};
use http::StatusCode;
use scan_reports::{BatchRows, Column, Columns};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use spin_sdk::pg::{Certificate, Connection, DbValue, Error, OpenOptions, ParameterValue, PgError, QueryError};
use spin_sdk::time::sleep;
use texts::said_by_database;
use uuid::Uuid;

use crate::address::{Address, advice};
use crate::auth::Caller;
use crate::config;
use crate::http::{PageOfItems, Problem, Refusal};
use crate::rate::Rate;

/// How long a connection is waited for, with all that it takes: who finds none by then is told so, and does not hang.
const CONNECTION_WAIT: Duration = Duration::from_secs(5);

/// The workspace that a key opens to whoever needs one of these scopes of it.
const UPLOADER: &str = "spillway.workspace_of_key($1, '{upload}')";
const UPLOADER_OR_READER: &str = "spillway.workspace_of_key($1, '{upload,read}')";
const READER: &str = "spillway.workspace_of_key($1, '{read}')";
const TRIAGER: &str = "spillway.workspace_of_key($1, '{triage}')";
const ADMIN: &str = "spillway.workspace_of_key($1, '{admin}')";
const ANYBODY: &str = "spillway.workspace_of_key($1, '{upload,read,triage,admin}')";

/// What a request costs its key. Last in a statement: what it locks is then held but for an instant, and where it refuses, nothing was done.
const CHARGED: &str = "spillway.charge_request($1)";
const CHARGED_READ: &str = "spillway.charge_read($1)";

/// A connection of the host's pool.
pub struct Db {
    /// None only while another is made.
    connection: Option<Connection>,
    rest: Duration,
}

/// Why a call failed. Its texts may be logged: they hold nothing of a row.
#[derive(Debug, thiserror::Error)]
pub enum DbError {
    /// The SQL function refused: a status of HTTP and a text for the caller.
    #[error("refused with {status}: {message}")]
    Refused {
        /// By SQLSTATE `SW` + status.
        status: u16,
        /// For the caller.
        message: String,
        /// What it said beside that.
        refusal: Option<Box<Refusal>>,
    },
    /// The database is away, or gave up: the same call may succeed later.
    #[error("the database is away: {0}")]
    Away(String),
    /// It took longer than a statement of the component's role may, or waited too long for another: `sql/roles.sql`.
    #[error("the database took too long: {0}")]
    TooLong(String),
    /// It has no such function: it was migrated, or is yet to be, while this version of the app runs.
    #[error("the database is of another version: {0}")]
    OtherVersion(String),
    /// The call itself is wrong.
    #[error("the database refused the call: {0}")]
    Failed(String),
}

impl DbError {
    /// Whether the same call may succeed later.
    pub fn may_pass(&self) -> bool {
        matches!(self, Self::Away(_) | Self::TooLong(_) | Self::OtherVersion(_))
    }

    fn of_code(sqlstate: &str, said: String) -> Self {
        match sqlstate {
            // query_canceled and lock_not_available (PostgreSQL, appendix A).
            "57014" | "55P03" => Self::TooLong(said),
            // character_not_in_repertoire and untranslatable_character: of UTF-8, nothing but NUL.
            "22021" | "22P05" => Self::Refused {
                status: 400,
                message: "a text holds a NUL character, which the database does not keep: send it without".to_owned(),
                refusal: None,
            },
            // undefined_function
            "42883" => Self::OtherVersion(said),
            // Connection (08), rollback by a deadlock (40), resources (53), operator (57), system (58).
            _ if ["08", "40", "53", "57", "58"].iter().any(|class| sqlstate.starts_with(class)) => Self::Away(said),
            _ => Self::Failed(said),
        }
    }
}

impl From<Error> for DbError {
    fn from(error: Error) -> Self {
        match error {
            Error::PgError(PgError::QueryFailed(QueryError::DbError(e))) => match e.code.strip_prefix("SW").map(str::parse) {
                Some(Ok(status)) => {
                    let refusal = e.detail.and_then(|detail| serde_json::from_str(&detail).ok()).map(Box::new);
                    Self::Refused { status, message: e.message, refusal }
                }
                _ => Self::of_code(&e.code, said_by_database(&e.code, &e.message)),
            },
            // What the host says of it may be the value.
            Error::PgError(PgError::BadParameter(_) | PgError::ValueConversionFailed(_)) | Error::Decode(_) => {
                Self::Failed("the host could not convert a value".to_owned())
            }
            Error::PgError(error) => Self::Away(error.to_string()),
        }
    }
}

impl From<DbError> for Problem {
    fn from(error: DbError) -> Self {
        match error {
            DbError::Refused { status, message, refusal } => refused(status, message, refusal),
            DbError::Away(_) => Self::unavailable("the database", error.into()),
            DbError::TooLong(_) => Self::took_too_long(error.into()),
            DbError::OtherVersion(_) | DbError::Failed(_) => Self::internal(error.into()),
        }
    }
}

fn refused(status: u16, message: String, refusal: Option<Box<Refusal>>) -> Problem {
    let known = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST);
    match (&refusal, known) {
        (None, StatusCode::BAD_REQUEST) => Problem::bad_request(message),
        (None, StatusCode::UNAUTHORIZED) => Problem::unauthorized(message),
        (None, StatusCode::FORBIDDEN) => Problem::forbidden(message),
        (None, StatusCode::NOT_FOUND) => Problem::not_found(message),
        (None, StatusCode::CONFLICT) => Problem::conflict(message),
        (None, StatusCode::PAYLOAD_TOO_LARGE) => Problem::too_large(message),
        (None, StatusCode::UNPROCESSABLE_ENTITY) => Problem::unprocessable(message),
        _ => Problem::refused(known, refusal, message),
    }
}

/// What an upload may be.
#[derive(Debug, Deserialize)]
pub struct UploadTerms {
    /// Of the key.
    pub workspace_id: i32,
    /// Where the report goes in the store.
    pub object_key: String,
    /// The largest report, in bytes.
    pub max_bytes: u64,
    /// Bytes of the workspace's storage that are kept free for it; [`Db::hold_upload`] asks for more.
    pub reserved_bytes: u64,
    /// Its Idempotency-Key made an import before: it is only compared.
    pub repeats: bool,
}

/// A new import.
#[derive(Debug)]
pub struct NewImport<'a> {
    /// UUID version 7.
    pub id: Uuid,
    /// As the uploader named it.
    pub file_name: &'a str,
    /// The report's length.
    pub size: u64,
    /// Its SHA-256.
    pub sha256: [u8; 32],
    /// The request's Idempotency-Key.
    pub idempotency_key: Option<&'a str>,
    /// SHA-256 of what was asked for beside the report.
    pub request: [u8; 32],
    /// What the report covers, in the uploader's words.
    pub scope: Option<&'a str>,
    /// Whether findings of the scope that it does not show are closed.
    pub close_missing: bool,
    /// Smaller is sooner, within the workspace.
    pub priority: i16,
    /// The report's format; `None` where its content is to tell.
    pub format: Option<&'a str>,
    /// The reports of a packed upload, as `create_import` takes them; empty where it came plain.
    pub entries: &'a [NewEntry],
    /// What is to be noted of the other files in it.
    pub left_out: Option<&'a str>,
    /// Where its rows go, of a table.
    pub dataset: Option<&'a str>,
    /// By which of the dataset's mappings; the newest where it is not said.
    pub mapping: Option<i32>,
}

/// A report of a packed upload.
#[derive(Debug, serde::Serialize)]
pub struct NewEntry {
    /// As the upload named it.
    pub name: String,
    /// Where it begins in the stored object.
    pub offset: u64,
    /// Its length.
    pub size: u64,
    /// Where it was told at the upload.
    pub format: Option<&'static str>,
}

/// What a claim gave.
#[derive(Debug, Default, Deserialize)]
pub struct Claimed {
    /// Nothing where nothing waits, or no more drains may work.
    pub claim: Option<Claim>,
    /// Whether another drain would find work, too.
    pub more: bool,
}

/// What an import brings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ImportKind {
    /// A report of a security scanner.
    Report,
    /// Rows of a dataset.
    Table,
}

/// A segment of an import that a drain holds until its lease ends: most have but one.
#[derive(Debug, Deserialize)]
pub struct Claim {
    /// The import.
    pub import_id: Uuid,
    /// What it brings.
    pub kind: ImportKind,
    /// Whose the segment is: everything that is asked of it presents this number.
    pub attempt: i32,
    /// What the next write presents, too: the database counts it on with each, and so does this. Where it has lost a write, they are no longer the same.
    fence: Cell<i64>,
    /// Of the report.
    pub file_name: String,
    /// Where the report lies in the store.
    pub object_key: String,
    /// Its length.
    pub size_bytes: u64,
    /// Records read so far.
    pub items: u64,
    /// The report's format, once it is known.
    pub format: Option<String>,
    /// Offset of its end in the object; that of the report without one.
    pub ends_at: Option<u64>,
    /// The report that it is of, where the upload was packed.
    pub entry_name: Option<String>,
    /// Where that report begins in the object.
    pub entry_starts_at: u64,
    /// Where it ends.
    pub entry_ends_at: u64,
    /// Where the decoder goes on, in base64; at the start without one.
    pub checkpoint: Option<String>,
    /// Most of the import cannot be used, as whoever worked on it before found out: it is to be ended with [`Db::fail_trial`].
    pub trial_failed: bool,
    /// The dataset, of a [`Table`](ImportKind::Table).
    pub table: Option<ClaimedTable>,
}

/// What is known of the dataset of an import.
#[derive(Debug, Deserialize)]
pub struct ClaimedTable {
    /// That of the columns.
    pub schema_version: i32,
    /// In their order.
    pub columns: serde_json::Value,
    /// The mapping's document; null where each column is that of the same name.
    pub mapping: serde_json::Value,
}

/// What was uploaded for an import, as it is stored.
#[derive(Debug, Deserialize)]
pub struct StoredReport {
    /// In the bucket.
    pub object_key: String,
    /// Its length.
    pub size_bytes: u64,
    /// Its SHA-256 in hexadecimal digits.
    pub sha256: String,
    /// As the upload named it.
    pub file_name: String,
}

/// Rows that an import of a table rejected, and what has to be known to map them again.
#[derive(Debug, Deserialize)]
pub struct RowsToRetry {
    /// Of their dataset, with its newest mapping.
    #[serde(flatten)]
    pub dataset: ClaimedTable,
    /// The file's format.
    pub format: Option<String>,
    /// The rows: `[{id, offset, line, record}]`.
    pub rows: serde_json::Value,
}

/// Rows that were rejected, mapped again.
#[derive(Debug)]
pub struct RemappedRows {
    /// As in [`RowBatch`].
    pub columns: Vec<String>,
    /// As in [`RowBatch`].
    pub offsets: Vec<i64>,
    /// As in [`RowBatch`].
    pub rescued: String,
    /// Of each row the number of the error that it was.
    pub ids: Vec<i64>,
    /// What became of each error, as a JSON array.
    pub outcomes: Vec<u8>,
}

impl Claim {
    /// Counts a write, unless it was none.
    fn count(&self, state: ImportState) {
        if state != ImportState::Stale {
            self.fence.set(self.fence.get() + 1);
        }
    }
}

/// A batch of a report, and where it goes on after it.
#[derive(Debug)]
pub struct ReportBatch {
    /// What was read.
    pub batch: BatchRows,
    /// Records in it.
    pub records: i32,
    /// The report's format.
    pub format: &'static str,
    /// Where the decoder goes on after it.
    pub checkpoint: Vec<u8>,
    /// How far the report is read with it.
    pub bytes_read: u64,
}

/// A batch of rows, and where it goes on after it.
#[derive(Debug)]
pub struct RowBatch {
    /// For each column of the dataset the values as the text of an array.
    pub columns: Vec<String>,
    /// Where each row begins in the file.
    pub offsets: Vec<i64>,
    /// What was rescued of each, as the text of an array; empty where nothing was.
    pub rescued: String,
    /// Rows that were rejected, as a JSON array.
    pub problems: Vec<u8>,
    /// What became of all rows that were read, as a JSON object.
    pub counts: Vec<u8>,
    /// The file's format.
    pub format: &'static str,
    /// Where the reader goes on after it.
    pub checkpoint: Vec<u8>,
    /// How far the file is read with it.
    pub bytes_read: u64,
}

/// What became of an import after a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ImportState {
    /// It waits for its next attempt.
    Queued,
    /// It goes on.
    Running,
    /// It was given back.
    Released,
    /// It is read to its end.
    Completed,
    /// It failed for good.
    Failed,
    /// Most of it cannot be used: it is to be ended with [`Db::fail_trial`].
    TrialFailed,
    /// The attempt is over: cancelled, or claimed by another drain; or the database has lost what was written before. Nothing was written.
    Stale,
}

/// What became of a batch.
#[derive(Clone, Debug, Deserialize)]
pub struct Ingested {
    /// Of the import.
    pub state: ImportState,
    /// Whether some of it was not stored, perhaps a finding that later batches rely on.
    #[serde(default)]
    pub refused: bool,
    /// Nothing was stored: for these months, by their first days, [`Db::make_partitions`] makes partitions first.
    #[serde(default)]
    pub months: Option<Vec<String>>,
}

/// What became of the wish for partitions.
#[derive(Debug, Deserialize)]
pub struct Partitioned {
    /// Of the import.
    pub state: ImportState,
    /// Why there can be no more.
    #[serde(default)]
    pub too_many: Option<String>,
}

#[derive(Deserialize)]
struct StateDocument {
    state: ImportState,
}

/// Why an import failed, as it is stored and shown.
#[derive(Debug, serde::Serialize)]
pub struct ImportFailure {
    /// Stable, for programs.
    pub code: String,
    /// For people.
    pub message: String,
    /// Where in the report, in bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub offset: Option<u64>,
    /// Where in the report, in lines from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u64>,
}

/// What is left over in the store and nobody needs any more.
#[derive(Debug, Deserialize)]
pub struct Leftover {
    /// By which it is forgotten.
    pub id: Uuid,
    /// Where it lies.
    pub object_key: String,
    /// The store's id of an upload in parts that was not completed.
    pub parts_id: Option<String>,
}

/// What a person decides of a finding.
#[derive(Debug)]
pub struct NewDecision<'a> {
    /// Its status from now on.
    pub status: &'a str,
    /// Why.
    pub reason: Option<&'a str>,
    /// When an accepted risk is open again (RFC 3339); for good without one.
    pub ends_at: Option<&'a str>,
}

/// Which rows of a dataset are wanted.
#[derive(Clone, Copy, Debug, Default)]
pub struct RowsAsked<'a> {
    /// Only these columns.
    pub columns: Option<&'a [String]>,
    /// Filters, as a JSON array: `spillway.where_text`.
    pub filters: Option<&'a str>,
    /// Behind this place, as a page before gave it.
    pub after: Option<&'a str>,
}

impl Db {
    /// Takes a connection to the database of the component's variables.
    pub async fn open() -> Result<Self, DbError> {
        Self::open_with_rests(Duration::ZERO).await
    }

    /// The same for somebody who may let it rest for so long before it is used again.
    pub async fn open_with_rests(rest: Duration) -> Result<Self, DbError> {
        Ok(Self { connection: Some(connect(rest).await?), rest })
    }

    /// Takes another connection instead of one that is broken, which goes first: a host has but so many, and who waits for a second one while holding the
    /// first may wait for somebody who does the same.
    pub async fn reopen(&mut self) -> Result<(), DbError> {
        self.connection = None;
        self.connection = Some(connect(self.rest).await?);
        Ok(())
    }

    /// `open_upload`: notes an upload, and says what it may be.
    pub async fn open_upload(
        &self,
        caller: Caller,
        upload: Uuid,
        idempotency_key: Option<&str>,
        size: Option<u64>,
        request: [u8; 32],
    ) -> Result<(UploadTerms, Rate), DbError> {
        self.charged(
            &format!("spillway.open_upload({UPLOADER}, $2, $3, $4, $5)"),
            vec![
                known_as(caller),
                id(upload),
                opt_text(idempotency_key),
                size.map_or(ParameterValue::DbNull, int64),
                ParameterValue::Binary(request.to_vec()),
            ],
        )
        .await
    }

    /// `hold_upload`: a sign of life of an upload that has come to so many bytes; gives how many are kept free for it.
    pub async fn hold_upload(&self, workspace_id: i32, upload: Uuid, bytes: u64) -> Result<u64, DbError> {
        let parameters = vec![ParameterValue::Int32(workspace_id), id(upload), int64(bytes)];
        match self.row("select spillway.hold_upload($1, $2, $3)", parameters).await?.as_slice() {
            [DbValue::Int64(reserved)] => Ok(reserved.unsigned_abs()),
            other => Err(unexpected(other)),
        }
    }

    /// `note_upload_parts`: where its parts can be found if it breaks off.
    pub async fn note_upload_parts(&self, workspace_id: i32, upload: Uuid, parts_id: &str) -> Result<(), DbError> {
        let parameters = vec![ParameterValue::Int32(workspace_id), id(upload), text(parts_id)];
        self.row("select spillway.note_upload_parts($1, $2, $3)::text", parameters).await.map(drop)
    }

    /// `close_upload`: forgets one that broke off and left nothing.
    pub async fn close_upload(&self, workspace_id: i32, upload: Uuid) -> Result<(), DbError> {
        self.row("select spillway.close_upload($1, $2)::text", vec![ParameterValue::Int32(workspace_id), id(upload)]).await.map(drop)
    }

    /// `create_import`: the document of the import, which another request with the same Idempotency-Key may have made. The key is asked for again: it may
    /// have ended during the upload.
    pub async fn create_import(&self, caller: Caller, import: &NewImport<'_>) -> Result<serde_json::Value, DbError> {
        let entries = serde_json::to_vec(import.entries).unwrap_or_default();
        let entries = if import.entries.is_empty() { ParameterValue::DbNull } else { json(entries)? };
        self.document(
            &format!(
                "select spillway.create_import({UPLOADER}, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11::text::jsonb, $12, $13, $14, $15)"
            ),
            vec![
                known_as(caller),
                id(import.id),
                text(import.file_name),
                int64(import.size),
                ParameterValue::Binary(import.sha256.to_vec()),
                opt_text(import.idempotency_key),
                opt_text(import.scope),
                ParameterValue::Boolean(import.close_missing),
                ParameterValue::Int16(import.priority),
                opt_text(import.format),
                entries,
                opt_text(import.left_out),
                ParameterValue::Binary(import.request.to_vec()),
                opt_text(import.dataset),
                import.mapping.map_or(ParameterValue::DbNull, ParameterValue::Int32),
            ],
        )
        .await
    }

    /// `claim_import`: the segment of an import that is next, as long as no more than `parallelism` are worked on in all.
    pub async fn claim_import(&self, lease: Duration, parallelism: i32) -> Result<Claimed, DbError> {
        self.document(
            "select spillway.claim_import(make_interval(secs => $1), $2)",
            vec![ParameterValue::Floating64(lease.as_secs_f64()), ParameterValue::Int32(parallelism)],
        )
        .await
    }

    /// `ingest_batch`: stores one batch.
    pub async fn ingest_batch(&self, claim: &Claim, lease: Duration, batch: ReportBatch) -> Result<Ingested, DbError> {
        let BatchRows { document, mut findings, mut occurrences } = batch.batch;
        in_object(&mut findings.source_offset, claim.entry_starts_at);
        in_object(&mut occurrences.source_offset, claim.entry_starts_at);
        let mut parameters = vec![
            id(claim.import_id),
            ParameterValue::Int32(claim.attempt),
            ParameterValue::Int64(claim.fence.get()),
            ParameterValue::Floating64(lease.as_secs_f64()),
            json(document)?,
            ParameterValue::Int32(batch.records),
            text(batch.format),
            ParameterValue::Binary(batch.checkpoint),
            int64(claim.entry_starts_at + batch.bytes_read),
        ];
        let (findings, occurrences) = (bind(findings, &mut parameters), bind(occurrences, &mut parameters));
        let statement = format!(
            "select spillway.ingest_batch($1, $2, $3, make_interval(secs => $4), $5::text::jsonb, {findings}, {occurrences}, $6, $7, $8, $9)"
        );
        let ingested: Ingested = self.document(&statement, parameters).await?;
        claim.count(ingested.state);
        Ok(ingested)
    }

    /// `ingest_rows`: stores one batch of rows. Where it says months, nothing was stored, and the same batch is to be sent again after `make_partitions`.
    pub async fn ingest_rows(&self, claim: &Claim, lease: Duration, schema_version: i32, batch: &RowBatch) -> Result<Ingested, DbError> {
        let offsets = batch.offsets.iter().copied().map(Some).collect();
        let rescued = if batch.rescued.is_empty() { ParameterValue::DbNull } else { text(&batch.rescued) };
        let parameters = vec![
            id(claim.import_id),
            ParameterValue::Int32(claim.attempt),
            ParameterValue::Int64(claim.fence.get()),
            ParameterValue::Floating64(lease.as_secs_f64()),
            ParameterValue::Int32(schema_version),
            ParameterValue::ArrayStr(batch.columns.iter().cloned().map(Some).collect()),
            ParameterValue::ArrayInt64(offsets),
            rescued,
            json(batch.problems.clone())?,
            json(batch.counts.clone())?,
            text(batch.format),
            ParameterValue::Binary(batch.checkpoint.clone()),
            int64(claim.entry_starts_at + batch.bytes_read),
        ];
        let statement = "select spillway.ingest_rows($1, $2, $3, make_interval(secs => $4), $5, $6, $7, $8, $9::text::jsonb, $10::text::jsonb, $11, $12, $13)";
        let ingested: Ingested = self.document(statement, parameters).await?;
        if ingested.months.is_none() {
            claim.count(ingested.state);
        }
        Ok(ingested)
    }

    /// `make_partitions`: for these months, in the table that an import fills.
    pub async fn make_partitions(&self, claim: &Claim, months: &[String]) -> Result<Partitioned, DbError> {
        let months = ParameterValue::ArrayStr(months.iter().cloned().map(Some).collect());
        let parameters = vec![id(claim.import_id), ParameterValue::Int32(claim.attempt), months];
        self.document("select spillway.make_partitions($1, $2, $3::text[]::date[])", parameters).await
    }

    /// `wants_segments`: whether others would work on parts of the segment.
    pub async fn wants_segments(&self, claim: &Claim, parallelism: i32) -> Result<bool, DbError> {
        let parameters = vec![id(claim.import_id), ParameterValue::Int32(claim.attempt), ParameterValue::Int32(parallelism)];
        match self.row("select spillway.wants_segments($1, $2, $3)", parameters).await?.as_slice() {
            [DbValue::Boolean(wants)] => Ok(*wants),
            other => Err(unexpected(other)),
        }
    }

    /// `cut_segment`: cuts what is left of the segment in two at an offset, where its reader goes on with this checkpoint.
    pub async fn cut_segment(&self, claim: &Claim, lease: Duration, offset: u64, checkpoint: Vec<u8>) -> Result<ImportState, DbError> {
        let state = self
            .state(
                "select spillway.cut_segment($1, $2, $3, make_interval(secs => $4), $5, $6)",
                vec![
                    id(claim.import_id),
                    ParameterValue::Int32(claim.attempt),
                    ParameterValue::Int64(claim.fence.get()),
                    ParameterValue::Floating64(lease.as_secs_f64()),
                    int64(claim.entry_starts_at + offset),
                    ParameterValue::Binary(checkpoint),
                ],
            )
            .await?;
        claim.count(state);
        Ok(state)
    }

    /// `release_import`: gives an import back with its place kept.
    pub async fn release_import(&self, claim: &Claim) -> Result<ImportState, DbError> {
        self.state("select spillway.release_import($1, $2)", vec![id(claim.import_id), ParameterValue::Int32(claim.attempt)]).await
    }

    /// `finish_import`: ends a segment that is read to its end, and the import with its last one.
    pub async fn finish_import(&self, claim: &Claim) -> Result<ImportState, DbError> {
        let parameters = vec![id(claim.import_id), ParameterValue::Int32(claim.attempt), ParameterValue::Int64(claim.fence.get())];
        self.state("select spillway.finish_import($1, $2, $3)", parameters).await
    }

    /// `fail_import`: notes a failed attempt; what may pass is tried again.
    pub async fn fail_import(&self, claim: &Claim, failure: &ImportFailure, may_pass: bool) -> Result<ImportState, DbError> {
        let failure = serde_json::to_vec(failure).unwrap_or_default();
        self.state(
            "select spillway.fail_import($1, $2, $3::text::jsonb, $4)",
            vec![id(claim.import_id), ParameterValue::Int32(claim.attempt), json(failure)?, ParameterValue::Boolean(may_pass)],
        )
        .await
    }

    /// `fail_trial`: ends an import most of which cannot be used.
    pub async fn fail_trial(&self, claim: &Claim) -> Result<ImportState, DbError> {
        self.state("select spillway.fail_trial($1, $2)", vec![id(claim.import_id), ParameterValue::Int32(claim.attempt)]).await
    }

    /// `import_status`: an import's version, and its document unless the caller has that version.
    pub async fn import_status(&self, caller: Caller, import: Uuid, known: Option<i64>) -> Result<(i64, Option<Vec<u8>>), DbError> {
        let known = known.map_or(ParameterValue::DbNull, ParameterValue::Int64);
        let row = self
            .row(
                // Who has the present version is charged nothing.
                &format!(
                    "select version, document::text, case when document is not null then {CHARGED_READ} end \
                    from spillway.import_status({UPLOADER_OR_READER}, $2, $3)"
                ),
                vec![known_as(caller), id(import), known],
            )
            .await?;
        match row.as_slice() {
            [DbValue::Int64(version), DbValue::Str(document), _] => Ok((*version, Some(document.clone().into_bytes()))),
            [DbValue::Int64(version), DbValue::DbNull, _] => Ok((*version, None)),
            other => Err(unexpected(other)),
        }
    }

    /// `activity`: all that a page polls, and its version; no document where that is known already, which is charged nothing.
    pub async fn activity(&self, caller: Caller, known: Option<&str>) -> Result<(String, Option<Vec<u8>>), DbError> {
        let call = format!("spillway.activity({READER}, $2)");
        let statement = format!("select version, document, case when document is not null then {CHARGED_READ} end from {call}");
        match self.row(&statement, vec![known_as(caller), opt_text(known)]).await?.as_slice() {
            [DbValue::Str(version), DbValue::Str(document), _] => Ok((version.clone(), Some(document.clone().into_bytes()))),
            [DbValue::Str(version), DbValue::DbNull, _] => Ok((version.clone(), None)),
            other => Err(unexpected(other)),
        }
    }

    /// `stored_report`: where what was uploaded for an import is kept.
    pub async fn stored_report(&self, caller: Caller, import: Uuid) -> Result<StoredReport, DbError> {
        self.read(&format!("spillway.stored_report({UPLOADER_OR_READER}, $2)"), vec![known_as(caller), id(import)]).await
    }

    /// `claim_leftovers`: what may be removed from the store, so many of each sort.
    pub async fn claim_leftovers(&self, report_days: i32, limit: i32) -> Result<Vec<Leftover>, DbError> {
        self.document("select spillway.claim_leftovers($1, $2)", vec![ParameterValue::Int32(report_days), ParameterValue::Int32(limit)])
            .await
    }

    /// `index_findings`: findings of an import that has ended become known to who looks for them, so many; 0 where there are none left.
    pub async fn index_findings(&self, most: i32) -> Result<i32, DbError> {
        match self.row("select spillway.index_findings($1)", vec![ParameterValue::Int32(most)]).await?.as_slice() {
            [DbValue::Int32(number)] => Ok(*number),
            other => Err(unexpected(other)),
        }
    }

    /// `take_back_imports`: one step of a removal; whether there are more.
    pub async fn take_back_imports(&self) -> Result<bool, DbError> {
        match self.row("select spillway.take_back_imports()", vec![]).await?.as_slice() {
            [DbValue::Boolean(more)] => Ok(*more),
            other => Err(unexpected(other)),
        }
    }

    /// `count_findings_of_day`: of the workspace whose turn it is.
    pub async fn count_findings_of_day(&self) -> Result<(), DbError> {
        self.row("select spillway.count_findings_of_day()::text", Vec::new()).await.map(drop)
    }

    /// `clean_up`: what the database itself needs no more, so much of each sort.
    pub async fn clean_up(&self, import_days: i32, limit: i32) -> Result<(), DbError> {
        let parameters = vec![ParameterValue::Int32(import_days), ParameterValue::Int32(limit)];
        self.row("select spillway.clean_up($1, $2)::text", parameters).await.map(drop)
    }

    /// `forget_leftovers`: the store holds nothing of them any more.
    pub async fn forget_leftovers(&self, leftovers: &[Uuid]) -> Result<(), DbError> {
        let ids = serde_json::to_vec(leftovers).unwrap_or_default();
        self.row("select spillway.forget_leftovers($1::text::jsonb)::text", vec![json(ids)?]).await.map(drop)
    }

    /// `list_imports`: a page, of one state or of all.
    pub async fn list_imports(&self, caller: Caller, after: Option<Uuid>, limit: i32, state: Option<&str>) -> Result<PageOfItems, DbError> {
        self.page(
            &format!("spillway.list_imports({UPLOADER_OR_READER}, $2, $3, $4::text::spillway.import_state)"),
            vec![known_as(caller), opt_id(after), ParameterValue::Int32(limit), opt_text(state)],
        )
        .await
    }

    /// `list_import_errors`: a page.
    pub async fn list_import_errors(&self, caller: Caller, import: Uuid, after: Option<i64>, limit: i32) -> Result<PageOfItems, DbError> {
        self.page(
            &format!("spillway.list_import_errors({UPLOADER_OR_READER}, $2, $3, $4)"),
            vec![known_as(caller), id(import), after.map_or(ParameterValue::DbNull, ParameterValue::Int64), ParameterValue::Int32(limit)],
        )
        .await
    }

    /// `cancel_import`: the import's document.
    pub async fn cancel_import(&self, caller: Caller, import: Uuid) -> Result<serde_json::Value, DbError> {
        Ok(self.charged(&format!("spillway.cancel_import({UPLOADER}, $2)"), vec![known_as(caller), id(import)]).await?.0)
    }

    /// `remove_import`: how far the removal is.
    pub async fn remove_import(&self, caller: Caller, import: Uuid) -> Result<serde_json::Value, DbError> {
        Ok(self.charged(&format!("spillway.remove_import({ADMIN}, $2)"), vec![known_as(caller), id(import)]).await?.0)
    }

    /// `retry_import`: the import's document.
    pub async fn retry_import(&self, caller: Caller, import: Uuid) -> Result<serde_json::Value, DbError> {
        Ok(self.charged(&format!("spillway.retry_import({UPLOADER}, $2)"), vec![known_as(caller), id(import)]).await?.0)
    }

    /// `retry_errors`: these errors of an import, or all. Those of a table come back as [`RowsToRetry`].
    pub async fn retry_errors(&self, caller: Caller, import: Uuid, errors: Option<Vec<i64>>) -> Result<serde_json::Value, DbError> {
        let errors = errors.map_or(ParameterValue::DbNull, |ids| ParameterValue::ArrayInt64(ids.into_iter().map(Some).collect()));
        Ok(self.charged(&format!("spillway.retry_errors({UPLOADER}, $2, $3)"), vec![known_as(caller), id(import), errors]).await?.0)
    }

    /// `retry_rows`: rows of an import of a table that were rejected, mapped again.
    pub async fn retry_rows(
        &self,
        caller: Caller,
        import: Uuid,
        schema_version: i32,
        rows: RemappedRows,
    ) -> Result<serde_json::Value, DbError> {
        let RemappedRows { columns, offsets, rescued, ids, outcomes } = rows;
        let parameters = vec![
            known_as(caller),
            id(import),
            ParameterValue::Int32(schema_version),
            ParameterValue::ArrayStr(columns.into_iter().map(Some).collect()),
            ParameterValue::ArrayInt64(offsets.into_iter().map(Some).collect()),
            if rescued.is_empty() { ParameterValue::DbNull } else { text(&rescued) },
            ParameterValue::ArrayInt64(ids.into_iter().map(Some).collect()),
            json(outcomes)?,
        ];
        Ok(self.charged(&format!("spillway.retry_rows({UPLOADER}, $2, $3, $4, $5, $6, $7, $8::text::jsonb)"), parameters).await?.0)
    }

    /// `get_finding`: one.
    pub async fn get_finding(&self, caller: Caller, finding: Uuid) -> Result<serde_json::Value, DbError> {
        self.read(&format!("spillway.get_finding({READER}, $2)"), vec![known_as(caller), id(finding)]).await
    }

    /// `decide_finding`: a person sets its status.
    pub async fn decide_finding(&self, caller: Caller, finding: Uuid, decision: &NewDecision<'_>) -> Result<serde_json::Value, DbError> {
        let NewDecision { status, reason, ends_at } = decision;
        let call = format!("spillway.decide_finding({TRIAGER}, $2, $3::text::spillway.finding_status, $4, $5)");
        Ok(self.charged(&call, vec![known_as(caller), id(finding), text(status), opt_text(*reason), opt_text(*ends_at)]).await?.0)
    }

    /// `get_workspace`: the key's own, with what it uses of its limits.
    pub async fn get_workspace(&self, caller: Caller) -> Result<serde_json::Value, DbError> {
        self.read(&format!("spillway.get_workspace({ANYBODY})"), vec![known_as(caller)]).await
    }

    /// `list_events`: a page, of one action or of all, to one object or to all.
    pub async fn list_events(
        &self,
        caller: Caller,
        after: Option<Uuid>,
        limit: i32,
        action: Option<&str>,
        object: Option<&str>,
    ) -> Result<PageOfItems, DbError> {
        let parameters = vec![known_as(caller), opt_id(after), ParameterValue::Int32(limit), opt_text(action), opt_text(object)];
        self.page(&format!("spillway.list_events({ADMIN}, $2, $3, $4, $5)"), parameters).await
    }

    /// `list_keys`: a page, newest first.
    pub async fn list_keys(&self, caller: Caller, after: Option<Uuid>, limit: i32) -> Result<PageOfItems, DbError> {
        let parameters = vec![known_as(caller), opt_id(after), ParameterValue::Int32(limit)];
        self.page(&format!("spillway.list_keys({ADMIN}, $2, $3)"), parameters).await
    }

    /// `create_key`: one as the document says, known by its SHA-256.
    pub async fn create_key(&self, caller: Caller, new: [u8; 32], document: Vec<u8>) -> Result<serde_json::Value, DbError> {
        let parameters = vec![known_as(caller), ParameterValue::Binary(new.to_vec()), json(document)?];
        Ok(self.charged(&format!("spillway.create_key({ADMIN}, $2, $3::text::jsonb)"), parameters).await?.0)
    }

    /// `rotate_key`: one that takes another's place.
    pub async fn rotate_key(&self, caller: Caller, old: Uuid, new: [u8; 32], ends_at: Option<&str>) -> Result<serde_json::Value, DbError> {
        let parameters = vec![known_as(caller), id(old), ParameterValue::Binary(new.to_vec()), opt_text(ends_at)];
        Ok(self.charged(&format!("spillway.rotate_key({ADMIN}, $2, $3, $4)"), parameters).await?.0)
    }

    /// `revoke_key`: ends one at once.
    pub async fn revoke_key(&self, caller: Caller, ended: Uuid) -> Result<serde_json::Value, DbError> {
        Ok(self.charged(&format!("spillway.revoke_key({ADMIN}, $2)"), vec![known_as(caller), id(ended)]).await?.0)
    }

    /// `list_members`: a page of those who are present, newest first.
    pub async fn list_members(&self, caller: Caller, after: Option<Uuid>, limit: i32) -> Result<PageOfItems, DbError> {
        let parameters = vec![known_as(caller), opt_id(after), ParameterValue::Int32(limit)];
        self.page(&format!("spillway.list_members({ADMIN}, $2, $3)"), parameters).await
    }

    /// `create_member`: one as the document says.
    pub async fn create_member(&self, caller: Caller, member: Vec<u8>) -> Result<serde_json::Value, DbError> {
        Ok(self.charged(&format!("spillway.create_member({ADMIN}, $2::text::jsonb)"), vec![known_as(caller), json(member)?]).await?.0)
    }

    /// `change_member`: what the document says, and their keys with that.
    pub async fn change_member(&self, caller: Caller, member: Uuid, change: Vec<u8>) -> Result<serde_json::Value, DbError> {
        let parameters = vec![known_as(caller), id(member), json(change)?];
        Ok(self.charged(&format!("spillway.change_member({ADMIN}, $2, $3::text::jsonb)"), parameters).await?.0)
    }

    /// `remove_member`: with their keys.
    pub async fn remove_member(&self, caller: Caller, member: Uuid) -> Result<serde_json::Value, DbError> {
        Ok(self.charged(&format!("spillway.remove_member({ADMIN}, $2)"), vec![known_as(caller), id(member)]).await?.0)
    }

    /// `create_session`: one of the key, known by the SHA-256 of its token.
    pub async fn create_session(&self, caller: Caller, token: [u8; 32], valid_for: Duration) -> Result<serde_json::Value, DbError> {
        let parameters =
            vec![known_as(caller), ParameterValue::Binary(token.to_vec()), ParameterValue::Floating64(valid_for.as_secs_f64())];
        Ok(self.charged(&format!("spillway.create_session({ANYBODY}, $2, make_interval(secs => $3))"), parameters).await?.0)
    }

    /// `get_session`: who calls.
    pub async fn get_session(&self, caller: Caller) -> Result<serde_json::Value, DbError> {
        self.read(&format!("spillway.get_session({ANYBODY}, $1)"), vec![known_as(caller)]).await
    }

    /// `end_session`: that of the caller.
    pub async fn end_session(&self, caller: Caller) -> Result<serde_json::Value, DbError> {
        Ok(self.charged(&format!("spillway.end_session({ANYBODY}, $1)"), vec![known_as(caller)]).await?.0)
    }

    /// `list_findings`: a page of those that pass a filter, a JSON document; `after` is a severity and an id.
    pub async fn list_findings(
        &self,
        caller: Caller,
        filter: &str,
        after: Option<(&str, Uuid)>,
        limit: i32,
    ) -> Result<PageOfItems, DbError> {
        let parameters =
            vec![known_as(caller), text(filter), opt_text(after.map(|a| a.0)), opt_id(after.map(|a| a.1)), ParameterValue::Int32(limit)];
        self.page(&format!("spillway.list_findings({READER}, $2::text::jsonb, $3::text::spillway.severity, $4, $5)"), parameters).await
    }

    /// `decide_findings`: a person sets the status of many.
    pub async fn decide_findings(&self, caller: Caller, asked: Vec<u8>) -> Result<serde_json::Value, DbError> {
        let call = format!("spillway.decide_findings({TRIAGER}, $2::text::jsonb)");
        Ok(self.charged(&call, vec![known_as(caller), json(asked)?]).await?.0)
    }

    /// `undo_decision`: takes such a decision back.
    pub async fn undo_decision(&self, caller: Caller, decision: Uuid) -> Result<serde_json::Value, DbError> {
        Ok(self.charged(&format!("spillway.undo_decision({TRIAGER}, $2)"), vec![known_as(caller), id(decision)]).await?.0)
    }

    /// `list_decisions`: a page of what was decided of many.
    pub async fn list_decisions(&self, caller: Caller, after: Option<Uuid>, limit: i32) -> Result<PageOfItems, DbError> {
        let parameters = vec![known_as(caller), opt_id(after), ParameterValue::Int32(limit)];
        self.page(&format!("spillway.list_decisions({READER}, $2, $3)"), parameters).await
    }

    /// `list_assets`: a page of those that pass a filter, a JSON document.
    pub async fn list_assets(&self, caller: Caller, filter: &str, after: Option<Uuid>, limit: i32) -> Result<PageOfItems, DbError> {
        let parameters = vec![known_as(caller), text(filter), opt_id(after), ParameterValue::Int32(limit)];
        self.page(&format!("spillway.list_assets({READER}, $2::text::jsonb, $3, $4)"), parameters).await
    }

    /// `get_asset`: with the number of its open findings.
    pub async fn get_asset(&self, caller: Caller, asset: Uuid) -> Result<serde_json::Value, DbError> {
        self.read(&format!("spillway.get_asset({READER}, $2)"), vec![known_as(caller), id(asset)]).await
    }

    /// `get_finding_days`: how many findings there were on each of the last days.
    pub async fn get_finding_days(&self, caller: Caller, days: i32) -> Result<serde_json::Value, DbError> {
        self.read(&format!("spillway.get_finding_days({READER}, $2)"), vec![known_as(caller), ParameterValue::Int32(days)]).await
    }

    /// `list_occurrences`: a page, of one finding or of all.
    pub async fn list_occurrences(
        &self,
        caller: Caller,
        finding: Option<Uuid>,
        after: Option<Uuid>,
        limit: i32,
    ) -> Result<PageOfItems, DbError> {
        let parameters = vec![known_as(caller), opt_id(finding), opt_id(after), ParameterValue::Int32(limit)];
        self.page(&format!("spillway.list_occurrences({READER}, $2, $3, $4)"), parameters).await
    }

    /// `create_dataset`: one as the document says.
    pub async fn create_dataset(&self, caller: Caller, dataset: Vec<u8>) -> Result<serde_json::Value, DbError> {
        Ok(self.charged(&format!("spillway.create_dataset({UPLOADER}, $2::text::jsonb)"), vec![known_as(caller), json(dataset)?]).await?.0)
    }

    /// `list_datasets`: a page, after a name.
    pub async fn list_datasets(&self, caller: Caller, after: Option<&str>, limit: i32) -> Result<PageOfItems, DbError> {
        let parameters = vec![known_as(caller), opt_text(after), ParameterValue::Int32(limit)];
        self.page(&format!("spillway.list_datasets({UPLOADER_OR_READER}, $2, $3)"), parameters).await
    }

    /// `get_dataset`: one.
    pub async fn get_dataset(&self, caller: Caller, name: &str) -> Result<serde_json::Value, DbError> {
        self.read(&format!("spillway.get_dataset({UPLOADER_OR_READER}, $2)"), vec![known_as(caller), text(name)]).await
    }

    /// `change_dataset`: what of it can be changed.
    pub async fn change_dataset(&self, caller: Caller, name: &str, change: Vec<u8>) -> Result<serde_json::Value, DbError> {
        let call = format!("spillway.change_dataset({UPLOADER}, $2, $3::text::jsonb)");
        Ok(self.charged(&call, vec![known_as(caller), text(name), json(change)?]).await?.0)
    }

    /// `remove_dataset`: with its rows.
    pub async fn remove_dataset(&self, caller: Caller, name: &str) -> Result<serde_json::Value, DbError> {
        Ok(self.charged(&format!("spillway.remove_dataset({ADMIN}, $2)"), vec![known_as(caller), text(name)]).await?.0)
    }

    /// `add_mapping`: the next of a dataset.
    pub async fn add_mapping(&self, caller: Caller, name: &str, mapping: Vec<u8>) -> Result<serde_json::Value, DbError> {
        let call = format!("spillway.add_mapping({UPLOADER}, $2, $3::text::jsonb)");
        Ok(self.charged(&call, vec![known_as(caller), text(name), json(mapping)?]).await?.0)
    }

    /// `list_mappings`: a page, newest first.
    pub async fn list_mappings(&self, caller: Caller, name: &str, after: Option<i32>, limit: i32) -> Result<PageOfItems, DbError> {
        let after = after.map_or(ParameterValue::DbNull, ParameterValue::Int32);
        let parameters = vec![known_as(caller), text(name), after, ParameterValue::Int32(limit)];
        self.page(&format!("spillway.list_mappings({UPLOADER_OR_READER}, $2, $3, $4)"), parameters).await
    }

    /// `read_rows`: a page of those that pass all filters.
    pub async fn read_rows(&self, caller: Caller, name: &str, rows: &RowsAsked<'_>, limit: i32) -> Result<PageOfItems, DbError> {
        let RowsAsked { columns, filters, after } = rows;
        let columns =
            columns.map_or(ParameterValue::DbNull, |columns| ParameterValue::ArrayStr(columns.iter().cloned().map(Some).collect()));
        let parameters = vec![known_as(caller), text(name), columns, opt_text(*filters), opt_text(*after), ParameterValue::Int32(limit)];
        self.page(&format!("spillway.read_rows({READER}, $2, $3, $4::text::jsonb, $5::text::jsonb, $6)"), parameters).await
    }

    /// `aggregate_rows`: numbers of those that pass all filters.
    pub async fn aggregate_rows(
        &self,
        caller: Caller,
        name: &str,
        asked: &serde_json::Value,
        filters: Option<&str>,
    ) -> Result<Vec<u8>, DbError> {
        let call = format!("spillway.aggregate_rows({READER}, $2, $3::text::jsonb, $4::text::jsonb)");
        let parameters = vec![known_as(caller), text(name), text(&asked.to_string()), opt_text(filters)];
        match self.row(&format!("select {call}::text, {CHARGED_READ}"), parameters).await?.as_slice() {
            [DbValue::Str(document), _] => Ok(document.clone().into_bytes()),
            other => Err(unexpected(other)),
        }
    }

    /// `get_tail`: the version of a dataset's last rows, and their document unless the caller has that version.
    pub async fn get_tail(&self, caller: Caller, name: &str, known: Option<i64>) -> Result<(i64, Option<Vec<u8>>), DbError> {
        let known = known.map_or(ParameterValue::DbNull, ParameterValue::Int64);
        let statement = format!(
            "select version, document, case when document is not null then {CHARGED_READ} end from spillway.get_tail({READER}, $2, $3)"
        );
        match self.row(&statement, vec![known_as(caller), text(name), known]).await?.as_slice() {
            [DbValue::Int64(version), DbValue::Str(document), _] => Ok((*version, Some(document.clone().into_bytes()))),
            [DbValue::Int64(version), DbValue::DbNull, _] => Ok((*version, None)),
            other => Err(unexpected(other)),
        }
    }

    /// Whether a key may upload, for a request that writes nothing: charged as one that does.
    pub async fn may_upload(&self, caller: Caller) -> Result<(), DbError> {
        self.row(&format!("select {UPLOADER}, {CHARGED}"), vec![known_as(caller)]).await.map(drop)
    }

    /// `list_notifications` and `count_unread`: a page, and how many nobody has read.
    pub async fn list_notifications(&self, caller: Caller, after: Option<Uuid>, limit: i32) -> Result<(PageOfItems, i64), DbError> {
        let row = self
            .row(
                &format!(
                    "select p.items, p.next, spillway.count_unread(w), {CHARGED_READ} \
                    from {READER} w, spillway.list_notifications(w, $2, $3) p"
                ),
                vec![known_as(caller), opt_id(after), ParameterValue::Int32(limit)],
            )
            .await?;
        match row.as_slice() {
            [items, next, DbValue::Int64(unread), _] => Ok((page_of(items, next)?, *unread)),
            other => Err(unexpected(other)),
        }
    }

    /// `mark_notifications_read`: one, or all.
    pub async fn mark_notifications_read(&self, caller: Caller, notification: Option<Uuid>) -> Result<serde_json::Value, DbError> {
        let call = format!("spillway.mark_notifications_read({TRIAGER}, $2)");
        Ok(self.charged(&call, vec![known_as(caller), opt_id(notification)]).await?.0)
    }

    /// `count_unread`: how many notifications nobody has read.
    pub async fn count_unread(&self, caller: Caller) -> Result<i64, DbError> {
        match self.row(&format!("select spillway.count_unread({READER}), {CHARGED_READ}"), vec![known_as(caller)]).await?.as_slice() {
            [DbValue::Int64(count), _] => Ok(*count),
            other => Err(unexpected(other)),
        }
    }

    async fn state(&self, call: &str, parameters: Vec<ParameterValue>) -> Result<ImportState, DbError> {
        Ok(self.document::<StateDocument>(call, parameters).await?.state)
    }

    /// A read that gives a page.
    async fn page(&self, call: &str, parameters: Vec<ParameterValue>) -> Result<PageOfItems, DbError> {
        match self.row(&format!("select p.items, p.next, {CHARGED_READ} from {call} p"), parameters).await?.as_slice() {
            [items, next, _] => page_of(items, next),
            other => Err(unexpected(other)),
        }
    }

    /// A read that gives one jsonb document.
    async fn read<T: DeserializeOwned>(&self, call: &str, parameters: Vec<ParameterValue>) -> Result<T, DbError> {
        match self.row(&format!("select {call}::text, {CHARGED_READ}"), parameters).await?.as_slice() {
            [document, _] => document_of(call, document),
            other => Err(unexpected(other)),
        }
    }

    /// What a caller wants done, which gives one jsonb document; and what is left of the key's requests.
    async fn charged<T: DeserializeOwned>(&self, call: &str, parameters: Vec<ParameterValue>) -> Result<(T, Rate), DbError> {
        match self.row(&format!("select {call}::text, {CHARGED}"), parameters).await?.as_slice() {
            [document, DbValue::Str(rate)] => Ok((document_of(call, document)?, rate.parse().map_err(DbError::Failed)?)),
            other => Err(unexpected(other)),
        }
    }

    /// A call that gives one jsonb document.
    async fn document<T: DeserializeOwned>(&self, call: &str, parameters: Vec<ParameterValue>) -> Result<T, DbError> {
        let row = self.row(&format!("{call}::text"), parameters).await?;
        match row.as_slice() {
            [document] => document_of(call, document),
            other => Err(unexpected(other)),
        }
    }

    async fn row(&self, call: &str, parameters: Vec<ParameterValue>) -> Result<Vec<DbValue>, DbError> {
        let connection = self.connection.as_ref().ok_or_else(|| DbError::Away("there is no connection".to_owned()))?;
        let mut result = connection.query(call, parameters).await?;
        let row = result.rows().next().await;
        // The host gives an error of the statement only here, after the rows.
        result.result().await?;
        row.ok_or_else(|| DbError::Failed(format!("{call}: no row")))
    }
}

fn page_of(items: &DbValue, next: &DbValue) -> Result<PageOfItems, DbError> {
    match (items, next) {
        (DbValue::Str(items), DbValue::Str(next)) => Ok(PageOfItems { items: items.clone(), next: Some(next.clone()) }),
        (DbValue::Str(items), DbValue::DbNull) => Ok(PageOfItems { items: items.clone(), next: None }),
        _ => Err(DbError::Failed("a page of other types than expected".to_owned())),
    }
}

fn document_of<T: DeserializeOwned>(call: &str, value: &DbValue) -> Result<T, DbError> {
    match value {
        // What serde says of it quotes values.
        DbValue::Str(document) => serde_json::from_str(document)
            .map_err(|e| DbError::Failed(format!("{call}: its document is not as expected, at column {}", e.column()))),
        other => Err(unexpected(std::slice::from_ref(other))),
    }
}

async fn connect(rest: Duration) -> Result<Connection, DbError> {
    let (address, authority) = address(rest).await.map_err(|error| DbError::Failed(format!("{error:#}")))?;
    let opening = async {
        match authority {
            None => Connection::open(address).await,
            Some(authority) => Connection::open_with_options(address, OpenOptions { ca_root: Some(Certificate::Text(authority)) }).await,
        }
    };
    match select(pin!(opening), pin!(sleep(CONNECTION_WAIT))).await {
        Either::Left((connection, _)) => connection.map_err(|error| match DbError::from(error) {
            DbError::Away(text) => DbError::Away(advice(&text).map_or_else(|| text.clone(), |advice| format!("{advice}: {text}"))),
            error => error,
        }),
        Either::Right(_) => Err(DbError::Away(format!("there was no connection within {} s", CONNECTION_WAIT.as_secs()))),
    }
}

/// The address, and the certificate of the authority that the server's is to be from, where it is one's own.
async fn address(rest: Duration) -> anyhow::Result<(String, Option<String>)> {
    // Once for an instance: to ask the host for each variable at each request took a tenth of the time of a 304.
    static VARIABLES: OnceLock<(Address, Option<String>)> = OnceLock::new();
    let (address, authority) = if let Some(variables) = VARIABLES.get() {
        variables
    } else {
        let variables = variables().await?;
        VARIABLES.get_or_init(|| variables)
    };
    let idle_seconds = if address.idle_seconds == 0 { 0 } else { address.idle_seconds.max(rest.as_secs()) };
    let address = Address { idle_seconds, ..address.clone() };
    Ok((address.to_text().map_err(anyhow::Error::msg)?, authority.clone()))
}

async fn variables() -> anyhow::Result<(Address, Option<String>)> {
    let address = Address {
        host: config::text("database_host").await?,
        port: config::text("database_port").await?,
        name: config::text("database_name").await?,
        user: config::text("database_user").await?,
        password: config::text("database_password").await?,
        sslmode: config::text("database_sslmode").await?,
        idle_seconds: config::number("database_idle_seconds").await?,
    };
    let authority = config::text("database_ca").await?;
    Ok((address, Some(authority).filter(|authority| !authority.trim().is_empty())))
}

/// A document as the database takes it: as text, which the call casts.
fn json(document: Vec<u8>) -> Result<ParameterValue, DbError> {
    String::from_utf8(document).map(ParameterValue::Str).map_err(|error| DbError::Failed(error.to_string()))
}

fn unexpected(row: &[DbValue]) -> DbError {
    DbError::Failed(anyhow!("a row of {} columns of other types than expected", row.len()).to_string())
}

/// Adds columns to the parameters, and gives the expression that makes the database's type of them.
fn bind<C: Columns>(columns: C, parameters: &mut Vec<ParameterValue>) -> String {
    let expression = C::expression(parameters.len() + 1);
    parameters.extend(columns.into_columns().into_iter().map(|column| match column {
        Column::Words(words) => ParameterValue::Str(words),
        Column::Texts(texts) => ParameterValue::ArrayStr(texts),
        Column::Integers(integers) => ParameterValue::ArrayInt32(integers),
        Column::Longs(longs) => ParameterValue::ArrayInt64(longs),
    }));
    expression
}

/// Offsets in a report as offsets in the object: of two reports in it, the first counts.
fn in_object(offsets: &mut [Option<i64>], report_starts_at: u64) {
    if let Some(start) = i64::try_from(report_starts_at).ok().filter(|start| *start > 0) {
        offsets.iter_mut().flatten().for_each(|offset| *offset += start);
    }
}

fn known_as(caller: Caller) -> ParameterValue {
    ParameterValue::Binary(caller.to_bytes())
}

fn id(id: Uuid) -> ParameterValue {
    ParameterValue::Uuid(id.to_string())
}

fn opt_id(value: Option<Uuid>) -> ParameterValue {
    value.map_or(ParameterValue::DbNull, id)
}

fn text(text: &str) -> ParameterValue {
    ParameterValue::Str(text.to_owned())
}

fn opt_text(value: Option<&str>) -> ParameterValue {
    value.map_or(ParameterValue::DbNull, text)
}

/// A size in bytes. What is beyond 2^63 is over every limit anyway.
fn int64(number: u64) -> ParameterValue {
    ParameterValue::Int64(i64::try_from(number).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROW: &str = "Failing row contains (7, marker).";

    fn failed(code: &str, message: &str) -> DbError {
        let (code, message, severity) = (code.to_owned(), message.to_owned(), "ERROR".to_owned());
        let extras = ["hint", "where"].map(|name| (name.to_owned(), "marker".to_owned())).into();
        let as_text = format!("Error {{ message: {message:?}, detail: {ROW:?} }}");
        let error = spin_sdk::pg::DbError { as_text, severity, code, message, detail: Some(ROW.to_owned()), extras };
        Error::PgError(PgError::QueryFailed(QueryError::DbError(error))).into()
    }

    #[test]
    fn nothing_of_a_row_is_said_of_an_error() {
        for (code, message) in [
            ("23514", "new row for relation \"imports\" violates check constraint \"file_name_is_short\""),
            ("22P02", "invalid input syntax for type integer: \"marker\""),
            ("57014", "canceling statement due to statement timeout"),
            ("40P01", "deadlock detected"),
            ("42883", "function spillway.of_tomorrow(text) does not exist"),
            ("XX000", "unexpected \"marker\""),
        ] {
            let error = failed(code, message);
            let said = format!("{error} {error:?}");
            assert!(!said.contains("marker") && said.contains(code), "{said}");
        }
        for host in [PgError::BadParameter("marker".to_owned()), PgError::ValueConversionFailed("marker".to_owned())] {
            assert!(!format!("{:?}", DbError::from(Error::PgError(host))).contains("marker"));
        }
    }

    #[test]
    fn what_an_error_means_is_told_by_its_code() {
        assert!(
            matches!(failed("SW404", "there is no such import"), DbError::Refused { status: 404, message, .. } if message == "there is no such import")
        );
        assert!(matches!(failed("57014", ""), DbError::TooLong(_)) && matches!(failed("55P03", ""), DbError::TooLong(_)));
        assert!(matches!(failed("57P01", ""), DbError::Away(_)) && matches!(failed("40001", ""), DbError::Away(_)));
        assert!(matches!(failed("42883", ""), DbError::OtherVersion(_)) && matches!(failed("23505", ""), DbError::Failed(_)));
    }
}
