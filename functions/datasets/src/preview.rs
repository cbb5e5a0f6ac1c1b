//! `POST /api/v1/datasets/preview`: what would come of a file. It writes nothing, and reads no more of the file than it needs.

use axum::body::BodyDataStream;
use axum::extract::Request;
use bytes::BytesMut;
use containers::Reports;
use futures::StreamExt as _;
use http::header::CONTENT_ENCODING;
use http::{HeaderMap, HeaderValue, StatusCode, Uri};
use platform::auth::key_of;
use platform::db::Db;
use platform::http::{Answer, Parameters, Problem, broken_off, document_response, parameters};
use serde::Deserialize;
use serde_json::{Value, json};
use tables::mapping::{Format, Input};
use tables::read::{Hints, Reader};
use tables::{Preview, PreviewStep, limits};

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
}

impl Parameters for PreviewQuery {
    const NAMES: &'static [&'static str] = &["file_name", "format", "records", "sheet"];
}

pub(crate) async fn answer(request: Request) -> Answer {
    let key = key_of(request.headers())?;
    let (name, input) = asked(request.uri())?;
    let is_gzipped = is_gzipped(request.headers())?;
    Db::open().await?.may_upload(key).await?;
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
    Ok(document_response(StatusCode::OK, seen(&file, &name, input)?.to_string()))
}

fn asked(uri: &Uri) -> Result<(String, Input), Problem> {
    let PreviewQuery { file_name, format, records, sheet } = parameters(uri)?;
    let format = format.map(|format| Format::deserialize(&json!(format))).transpose();
    let format = format.map_err(|_| Problem::bad_request("format can be csv, tsv, jsonl, json, parquet, xlsx"))?;
    Ok((file_name.unwrap_or_else(|| UNNAMED.to_owned()), Input { format, records, sheet, ..Input::default() }))
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
fn seen(file: &File, name: &str, input: Input) -> Result<Value, Problem> {
    let unreadable = |error: tables::read::ReadError| Problem::unprocessable(error.to_string());
    let hints = Hints { name, input: Some(&input), size: file.bytes.len() as u64 };
    let start = &file.bytes[..file.bytes.len().min(limits::START)];
    let reader = Reader::open(start, file.complete && start.len() == file.bytes.len(), hints).map_err(unreadable)?;
    let mut preview = Preview::new(reader);
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
