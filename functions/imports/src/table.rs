//! Files of rows for a dataset: one that is there, or that is made of what the file shows.

use bytes::Bytes;
use containers::Contents;
use platform::auth::Caller;
use platform::db::{Db, DbError};
use platform::http::Problem;
use platform::objects::ObjectReader;
use serde::Deserialize as _;
use serde_json::json;
use tables::mapping::{Format, Input};
use tables::read::{Hints, ReadError, Reader};
use tables::{Preview, PreviewStep, limits};

use crate::upload::Upload;

/// What the query says of a table.
#[derive(Debug)]
pub(crate) struct TableOptions {
    pub(crate) dataset: String,
    pub(crate) mapping: Option<i32>,
    create: bool,
    pub(crate) format: Option<String>,
}

impl TableOptions {
    pub(crate) fn new(dataset: String, mapping: Option<i32>, create: bool, format: Option<String>) -> Result<Self, Problem> {
        let options = Self { dataset, mapping, create, format };
        options.known_format()?;
        Ok(options)
    }

    fn known_format(&self) -> Result<Option<Format>, Problem> {
        let format = self.format.as_ref().map(|format| Format::deserialize(json!(format))).transpose();
        format.map_err(|_| Problem::bad_request("format of a table can be csv, tsv, jsonl, json, parquet, xlsx"))
    }

    /// Whether there is the dataset. 404 where there is none, and none is to be made.
    pub(crate) async fn is_there(&self, caller: Caller) -> Result<bool, Problem> {
        match Db::open().await?.get_dataset(caller, &self.dataset).await {
            Ok(_) => Ok(true),
            Err(DbError::Refused { status: 404, .. }) if self.create => Ok(false),
            Err(DbError::Refused { status: 404, message, .. }) => Err(Problem::not_found(format!(
                "{message}; make it, or send the file with create=true to have it made of what the file shows"
            ))),
            Err(error) => Err(error.into()),
        }
    }

    /// Makes the dataset of what the file shows, which is stored.
    pub(crate) async fn make(&self, upload: &Upload, name: &str, size: u64, contents: &Contents, start: &Bytes) -> Result<(), Problem> {
        let entry = contents.entries.first();
        let (from, size) = entry.map_or((0, size), |entry| (entry.offset, entry.size));
        let stored = Stored { upload, from, size, start };
        let input = Input { format: self.known_format()?, ..Input::default() };
        let previewed = stored.preview(entry.map_or(name, |entry| &entry.name), input).await?;
        let dataset = json!({"name": self.dataset, "columns": previewed.dataset_columns, "mapping": previewed.mapping});
        match Db::open().await?.create_dataset(upload.caller, dataset.to_string().into_bytes()).await {
            // Somebody else was quicker.
            Ok(_) | Err(DbError::Refused { status: 409, .. }) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}

/// A file that is in the store, and its first bytes.
struct Stored<'a> {
    upload: &'a Upload,
    from: u64,
    size: u64,
    start: &'a Bytes,
}

impl Stored<'_> {
    async fn preview(&self, name: &str, input: Input) -> Result<tables::Previewed, Problem> {
        let hints = Hints { name, input: Some(&input), size: self.size };
        let first = self.held(0);
        let complete = self.size <= limits::START as u64;
        let reader = Reader::open(&first[..first.len().min(limits::START)], complete, hints).map_err(unreadable)?;
        let mut preview = Preview::new(reader);
        let mut source: Option<(u64, ObjectReader)> = None;
        while let PreviewStep::Bytes(offset) = preview.look().map_err(unreadable)? {
            let piece = match self.held(offset) {
                [] if offset >= self.size => Bytes::new(),
                [] => self.fetched(offset, &mut source).await?,
                held => Bytes::copy_from_slice(&held[..held.len().min(limits::START)]),
            };
            preview.feed(&piece);
        }
        Ok(preview.finish(input))
    }

    /// What is held of the file from an offset on.
    fn held(&self, offset: u64) -> &[u8] {
        let (from, to) = (self.from + offset, (self.from + self.size).min(self.start.len() as u64));
        match (usize::try_from(from), usize::try_from(to)) {
            (Ok(from), Ok(to)) if from < to => &self.start[from..to],
            _ => &[],
        }
    }

    /// The next bytes at an offset, from the store.
    async fn fetched(&self, offset: u64, source: &mut Option<(u64, ObjectReader)>) -> Result<Bytes, Problem> {
        let reader = match source {
            Some((at, reader)) if *at == offset => reader,
            _ => {
                let (store, key) = (&self.upload.store, self.upload.object_key());
                let reader = store.read(key, self.from + offset..self.from + self.size).await.map_err(away)?;
                &mut source.insert((offset, reader)).1
            }
        };
        let bytes = reader.next().await.map_err(away)?.unwrap_or_default();
        if let Some((at, _)) = source {
            *at = offset + bytes.len() as u64;
        }
        Ok(bytes)
    }
}

fn unreadable(error: ReadError) -> Problem {
    Problem::unprocessable(format!("no dataset can be made of the file: {error}"))
}

fn away(error: anyhow::Error) -> Problem {
    Problem::unavailable("the object store", error)
}
