//! The report in a request: the raw body, or the file of a browser's form.

use axum::body::{Body, BodyDataStream};
use bytes::Bytes;
use containers::{Form, FormEvent};
use futures::StreamExt;
use http::HeaderMap;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use percent_encoding::percent_decode;
use platform::http::{Problem, broken_off};
use texts::cleaned;

/// Characters of a file's name that are kept.
const FILE_NAME: usize = 200;
/// Where neither header nor form names the file.
const UNNAMED: &str = "report";

/// The bytes of the report, piece by piece, as they come.
pub(crate) struct UploadBody {
    given_name: Option<String>,
    fields: Vec<(String, String)>,
    pieces: Pieces,
    is_gzipped: bool,
}

enum Pieces {
    Raw(BodyDataStream),
    Form(Box<Form>, BodyDataStream),
}

impl UploadBody {
    /// Finds the report in a request: of a form, what stands before it is read.
    pub(crate) async fn of_request(headers: &HeaderMap, body: Body) -> Result<Self, Problem> {
        let is_gzipped = is_gzipped(headers)?;
        let content_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        if let Some(form) = Form::of_type(content_type) {
            if is_gzipped {
                return Err(Problem::bad_request("a form cannot have a Content-Encoding; compress the body of a raw upload instead"));
            }
            return Self::of_form(form.map_err(broken_form)?, body.into_data_stream()).await;
        }
        let pieces = Pieces::Raw(body.into_data_stream());
        Ok(Self { given_name: header_name(headers), fields: Vec::new(), pieces, is_gzipped })
    }

    /// The file of a form, and the fields before it.
    async fn of_form(mut form: Form, mut body: BodyDataStream) -> Result<Self, Problem> {
        let mut fields = Vec::new();
        loop {
            match next_event(&mut form, &mut body).await? {
                FormEvent::Field(name, value) => fields.push((name, value)),
                FormEvent::File(name) => {
                    let pieces = Pieces::Form(Box::new(form), body);
                    return Ok(Self { given_name: Some(name), fields, pieces, is_gzipped: false });
                }
                FormEvent::Bytes(_) | FormEvent::End | FormEvent::NeedInput => {}
            }
        }
    }

    /// The fields of a form before its file.
    pub(crate) fn fields(&self) -> &[(String, String)] {
        &self.fields
    }

    /// The file's name, for people only; `other` where neither header nor form says it.
    pub(crate) fn file_name(&self, other: Option<&str>) -> String {
        clean_name(self.given_name.as_deref().filter(|name| !name.is_empty()).or(other))
    }

    /// Whether it is packed with gzip for the way, as the header Content-Encoding says.
    pub(crate) fn is_gzipped(&self) -> bool {
        self.is_gzipped
    }

    /// The next piece; none at the report's end. A client that breaks off is an error.
    pub(crate) async fn next(&mut self) -> Result<Option<Bytes>, Problem> {
        match &mut self.pieces {
            Pieces::Raw(stream) => stream.next().await.transpose().map_err(broken_body),
            Pieces::Form(form, body) => match next_event(form, body).await? {
                FormEvent::Bytes(piece) => Ok(Some(piece)),
                FormEvent::End | FormEvent::Field(..) | FormEvent::File(_) | FormEvent::NeedInput => Ok(None),
            },
        }
    }
}

/// What comes next in a form, read on as far as that takes.
async fn next_event(form: &mut Form, body: &mut BodyDataStream) -> Result<FormEvent, Problem> {
    loop {
        match form.next().map_err(broken_form)? {
            FormEvent::NeedInput => match body.next().await.transpose().map_err(broken_body)? {
                Some(piece) => form.feed(&piece),
                None => form.end_of_input(),
            },
            event => return Ok(event),
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

fn broken_form(error: containers::Error) -> Problem {
    Problem::bad_request(error.message)
}

fn header_name(headers: &HeaderMap) -> Option<String> {
    let value = headers.get("x-file-name")?;
    Some(percent_decode(value.as_bytes()).decode_utf8_lossy().into_owned())
}

/// The last part of a path, without characters that nobody sees, cut.
fn clean_name(name: Option<&str>) -> String {
    let name = name.unwrap_or_default();
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let clean: String = cleaned(last).chars().take(FILE_NAME).collect();
    if clean.trim().is_empty() { UNNAMED.to_owned() } else { clean }
}
