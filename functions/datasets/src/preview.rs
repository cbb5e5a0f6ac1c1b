//! `POST /api/v1/datasets/preview`: what would come of a file. It writes nothing, and reads no more of the file than it needs.

use axum::body::BodyDataStream;
use axum::extract::Request;
use bytes::BytesMut;
use containers::Reports;
use futures::StreamExt as _;
use http::header::CONTENT_ENCODING;
use http::{HeaderMap, HeaderValue, StatusCode};
use platform::auth::Caller;
use platform::db::Db;
use platform::http::{Answer, Parameters, Problem, broken_off, document_response, parameters};
use serde::Deserialize;
use serde_json::{Value, json};
use tables::mapping::{Column, Format, Input, Mapping};
use tables::read::{Hints, Reader};
use tables::{Preview, PreviewStep, limits};

use crate::unusable;

/// Bytes of a file that has to be there whole: workbooks and Parquet files have at their ends what tells how to read them.
const WHOLE: usize = 32 * 1024 * 1024;
/// Where nothing names the file.
const UNNAMED: &str = "file";

#[derive(Deserialize)]
struct PreviewQuery {
    file_name: Option<String>,
    format: Option<String>,
    records: Option<String>,
    sheet: Option<String>,
    dataset: Option<String>,
    mapping: Option<i32>,
}

impl Parameters for PreviewQuery {
    const NAMES: &'static [&'static str] = &["file_name", "format", "records", "sheet", "dataset", "mapping"];
}

pub(crate) async fn answer(caller: Caller, request: Request) -> Answer {
    let asked: PreviewQuery = parameters(request.uri())?;
    let is_gzipped = is_gzipped(request.headers())?;
    let db = Db::open().await?;
    db.may_upload(caller).await?;
    let target = target(&db, caller, &asked).await?;
    drop(db);
    let input = asked.input(target.as_ref())?;
    let name = asked.file_name.unwrap_or_else(|| UNNAMED.to_owned());
    let mut file = File {
        body: request.into_body().into_data_stream(),
        packed: Reports::tables(&name, u64::MAX),
        bytes: BytesMut::new(),
        complete: false,
    };
    if is_gzipped {
        file.packed = file.packed.gzipped();
    }
    file.fill(limits::SAMPLE).await?;
    if is_whole(&file.bytes, &input) {
        file.fill(WHOLE + 1).await?;
        if file.bytes.len() > WHOLE {
            return Err(Problem::too_large(format!(
                "a preview of a workbook or a Parquet file takes at most {WHOLE} bytes; send a smaller one of the same kind, or import it with create=true"
            )));
        }
    }
    Ok(document_response(StatusCode::OK, seen(&file, &name, input, target)?.to_string()))
}

/// A dataset, and the mapping by which the file would come to it.
struct Target {
    columns: Vec<Column>,
    mapping: Option<Mapping>,
}

impl PreviewQuery {
    /// How the file is read: as the query says, and else as the mapping does.
    fn input(&self, target: Option<&Target>) -> Result<Input, Problem> {
        let format = self.format.as_ref().map(|format| Format::deserialize(&json!(format))).transpose();
        let format = format.map_err(|_| Problem::bad_request("format can be csv, tsv, jsonl, json, parquet, xlsx"))?;
        let of_mapping = target.and_then(|target| target.mapping.as_ref()?.input.clone()).unwrap_or_default();
        Ok(Input {
            format: format.or(of_mapping.format),
            records: self.records.clone().or(of_mapping.records.clone()),
            sheet: self.sheet.clone().or(of_mapping.sheet.clone()),
            ..of_mapping
        })
    }
}

/// The dataset that is named, with the mapping that is, or its newest. 404 where there is no such dataset, 422 where it has no such mapping.
async fn target(db: &Db, caller: Caller, asked: &PreviewQuery) -> Result<Option<Target>, Problem> {
    let Some(name) = &asked.dataset else {
        return if asked.mapping.is_none() {
            Ok(None)
        } else {
            Err(Problem::bad_request("mapping is one of a dataset, which dataset names"))
        };
    };
    let dataset = db.get_dataset(caller, name).await?;
    let newest = db.list_mappings(caller, name, asked.mapping.map(|number| number.saturating_add(1)), 1).await?;
    let mapping = serde_json::from_str::<Vec<Value>>(&newest.items).unwrap_or_default().pop();
    let missing = asked.mapping.filter(|number| mapping.as_ref().is_none_or(|mapping| mapping["number"] != *number));
    if let Some(number) = missing {
        return Err(Problem::unprocessable(format!("the dataset has no mapping {number}")));
    }
    let unusable = |error: serde_json::Error| Problem::internal(error.into());
    Ok(Some(Target {
        columns: Vec::deserialize(&dataset["columns"]).map_err(unusable)?,
        mapping: mapping.map(|mapping| Mapping::deserialize(&mapping["mapping"])).transpose().map_err(unusable)?,
    }))
}

fn is_gzipped(headers: &HeaderMap) -> Result<bool, Problem> {
    match headers.get(CONTENT_ENCODING).map(HeaderValue::as_bytes) {
        None | Some(b"identity") => Ok(false),
        Some(b"gzip") => Ok(true),
        Some(_) => Err(Problem::bad_request("Content-Encoding can be gzip or identity")),
    }
}

/// The start of an upload, unpacked.
struct File {
    body: BodyDataStream,
    packed: Reports,
    bytes: BytesMut,
    complete: bool,
}

impl File {
    /// Reads on until there are so many bytes, or all.
    async fn fill(&mut self, wanted: usize) -> Result<(), Problem> {
        while !self.complete && self.bytes.len() < wanted {
            let piece = self.body.next().await.transpose().map_err(|error| broken_off("the body ended before its time", &error))?;
            if let Some(piece) = piece {
                self.packed.feed(&piece, &mut self.bytes).map_err(unpackable)?;
            } else {
                self.complete = true;
                let packed = std::mem::replace(&mut self.packed, Reports::tables(UNNAMED, 0));
                packed.finish(&mut self.bytes).map_err(unpackable)?;
            }
        }
        Ok(())
    }
}

fn unpackable(error: containers::Error) -> Problem {
    Problem::unprocessable(error.message)
}

fn is_whole(start: &[u8], input: &Input) -> bool {
    matches!(input.format, Some(Format::Parquet | Format::Xlsx)) || start.starts_with(b"PAR1") || start.starts_with(b"PK\x03\x04")
}

/// What would come of the file.
fn seen(file: &File, name: &str, input: Input, target: Option<Target>) -> Result<Value, Problem> {
    let unreadable = |error: tables::read::ReadError| Problem::unprocessable(error.to_string());
    let hints = Hints { name, input: Some(&input), size: file.bytes.len() as u64 };
    let start = &file.bytes[..file.bytes.len().min(limits::START)];
    let reader = Reader::open(start, file.complete && start.len() == file.bytes.len(), hints).map_err(unreadable)?;
    let mut preview = Preview::new(reader);
    if let Some(Target { columns, mapping }) = target {
        preview = preview.through(mapping.as_ref(), columns).map_err(unusable)?;
    }
    while let PreviewStep::Bytes(offset) = preview.look().map_err(unreadable)? {
        let at = usize::try_from(offset).unwrap_or(usize::MAX).min(file.bytes.len());
        let rest = &file.bytes[at..];
        if rest.is_empty() && !file.complete {
            break;
        }
        preview.feed(&rest[..rest.len().min(limits::START)]);
    }
    serde_json::to_value(preview.finish(input)).map_err(|error| Problem::internal(error.into()))
}
