//! The report in a request: the raw body, or the file of a browser's form.

use axum::body::Body;
use axum::extract::Request;
use bytes::Bytes;
use futures::StreamExt;
use futures::stream::BoxStream;
use http::HeaderMap;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use multer::{Constraints, Field, Multipart, SizeLimit};
use percent_encoding::percent_decode;
use platform::http::{Problem, broken_off};

/// Characters of a file's name that are kept.
const FILE_NAME: usize = 200;
/// Where neither header nor form names the file.
const UNNAMED: &str = "report";
/// Bytes of a form's fields before the file, in all.
const OTHER_FIELDS: u64 = 64 * 1024;

/// The bytes of the report, piece by piece, as they come.
pub(crate) struct UploadBody {
    file_name: String,
    pieces: Pieces,
    is_gzipped: bool,
}

enum Pieces {
    Raw(BoxStream<'static, Result<Bytes, axum::Error>>),
    Form(Field<'static>),
}

impl UploadBody {
    /// Finds the report in a request. `name` is what it is called where neither header nor form says so.
    pub(crate) async fn of_request(request: Request, name: Option<String>) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        let is_gzipped = is_gzipped(&parts.headers)?;
        let content_type = parts.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        if let Ok(boundary) = multer::parse_boundary(content_type) {
            if is_gzipped {
                return Err(Problem::bad_request("a form cannot have a Content-Encoding; compress the body of a raw upload instead"));
            }
            return Self::of_form(body, boundary).await;
        }
        Ok(Self {
            file_name: clean_name(header_name(&parts.headers).or(name)),
            pieces: Pieces::Raw(Box::pin(body.into_data_stream())),
            is_gzipped,
        })
    }

    /// The first field of a form that is a file (RFC 7578).
    async fn of_form(body: Body, boundary: String) -> Result<Self, Problem> {
        let limits = SizeLimit::new().per_field(u64::MAX).whole_stream(u64::MAX);
        let mut form = Multipart::with_constraints(body.into_data_stream(), boundary, Constraints::new().size_limit(limits));
        let mut skipped = 0;
        while let Some(mut field) = form.next_field().await.map_err(broken_form)? {
            if let Some(name) = field.file_name().map(str::to_owned) {
                return Ok(Self { file_name: clean_name(Some(name)), pieces: Pieces::Form(field), is_gzipped: false });
            }
            while let Some(piece) = field.chunk().await.map_err(broken_form)? {
                skipped += piece.len() as u64;
                if skipped > OTHER_FIELDS {
                    return Err(Problem::bad_request(format!("the form has more than {OTHER_FIELDS} bytes before its file")));
                }
            }
        }
        Err(Problem::bad_request("the form has no file: send the report as a field with a file name"))
    }

    /// The file's name, for people only.
    pub(crate) fn file_name(&self) -> &str {
        &self.file_name
    }

    /// Whether it is packed with gzip for the way, as the header Content-Encoding says.
    pub(crate) fn is_gzipped(&self) -> bool {
        self.is_gzipped
    }

    /// The next piece; none at the report's end. A client that breaks off is an error.
    pub(crate) async fn next(&mut self) -> Result<Option<Bytes>, Problem> {
        match &mut self.pieces {
            Pieces::Raw(stream) => stream.next().await.transpose().map_err(broken_body),
            Pieces::Form(field) => field.chunk().await.map_err(broken_form),
        }
    }
}

fn is_gzipped(headers: &HeaderMap) -> Result<bool, Problem> {
    match headers.get(CONTENT_ENCODING).map(|value| value.to_str().unwrap_or_default().to_ascii_lowercase()).as_deref() {
        None | Some("" | "identity") => Ok(false),
        Some("gzip" | "x-gzip") => Ok(true),
        Some(_) => Err(Problem::bad_request("Content-Encoding can be gzip or identity")),
    }
}

fn broken_body(error: axum::Error) -> Problem {
    broken_off("the body ended before its time", &error)
}

fn broken_form(error: multer::Error) -> Problem {
    broken_off("the form cannot be read", &error)
}

fn header_name(headers: &HeaderMap) -> Option<String> {
    let value = headers.get("x-file-name")?;
    Some(percent_decode(value.as_bytes()).decode_utf8_lossy().into_owned())
}

/// The last part of a path, without control characters, cut.
fn clean_name(name: Option<String>) -> String {
    let name = name.unwrap_or_default();
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let clean: String = last.chars().filter(|c| !c.is_control()).take(FILE_NAME).collect();
    if clean.trim().is_empty() { UNNAMED.to_owned() } else { clean }
}
