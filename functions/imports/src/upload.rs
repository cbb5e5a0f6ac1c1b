//! One upload: from the request to the import that is queued.

use axum::extract::Request;
use containers::{ReportEntry, Reports};
use http::header::CONTENT_LENGTH;
use http::request::Parts;
use http::{HeaderMap, Uri};
use platform::auth::Caller;
use platform::db::{Db, DbError, NewEntry, NewImport, UploadTerms};
use platform::http::{Parameters, Problem, parameters_and};
use platform::ids::new_id;
use platform::objects::Store;
use platform::rate::Rate;
use scan_reports::Format;
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tables::limits;
use texts::Text;
use uuid::Uuid;

use crate::body::UploadBody;
use crate::storing::{StoredUpload, hash_report, store_report};
use crate::table::TableOptions;

/// Characters of a scope.
const SCOPE: usize = 255;
/// Characters of an Idempotency-Key.
const IDEMPOTENCY_KEY: usize = 255;

type Scope = Text<SCOPE>;
type IdempotencyKey = Text<IDEMPOTENCY_KEY>;

/// What the query says of the report.
#[derive(Debug, Deserialize)]
struct UploadQuery {
    file_name: Option<String>,
    format: Option<String>,
    scope: Option<String>,
    #[serde(default)]
    close_missing: bool,
    #[serde(default)]
    priority: Priority,
    dataset: Option<String>,
    mapping: Option<i32>,
    #[serde(default)]
    create: bool,
}

/// The same, once it can be taken.
#[derive(Debug)]
struct UploadOptions {
    file_name: Option<String>,
    kind: Kind,
    scope: Option<Scope>,
    close_missing: bool,
    priority: Priority,
}

/// What is uploaded.
#[derive(Debug)]
enum Kind {
    /// A report, of this format where it is said.
    Report(Option<Format>),
    /// Rows for a dataset.
    Table(TableOptions),
}

impl Kind {
    /// The format's name, where it is said.
    fn format(&self) -> Option<&str> {
        match self {
            Self::Report(format) => format.map(Format::name),
            Self::Table(table) => table.format.as_deref(),
        }
    }

    fn table(&self) -> Option<&TableOptions> {
        match self {
            Self::Report(_) => None,
            Self::Table(table) => Some(table),
        }
    }
}

/// Which of the imports of a workspace come first.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Priority {
    High = 50,
    #[default]
    Normal = 100,
    Low = 150,
}

impl Parameters for UploadQuery {
    const NAMES: &'static [&'static str] = &["file_name", "format", "scope", "close_missing", "priority", "dataset", "mapping", "create"];
}

impl UploadOptions {
    /// What the query says, or fields of a form.
    fn of(uri: &Uri, fields: &[(String, String)]) -> Result<Self, Problem> {
        let UploadQuery { file_name, format, scope, close_missing, priority, dataset, mapping, create } = parameters_and(uri, fields)?;
        let kind = match dataset {
            Some(dataset) if scope.is_none() && !close_missing => Kind::Table(TableOptions::new(dataset, mapping, create, format)?),
            Some(_) => return Err(Problem::bad_request("scope and close_missing are of reports, and not of tables")),
            None if mapping.is_some() || create => return Err(Problem::bad_request("mapping and create need a dataset")),
            None => Kind::Report(format.as_deref().map(format_named).transpose()?),
        };
        let scope = scope.as_deref().map(|scope| Scope::line("scope", scope)).transpose()?;
        if close_missing && scope.is_none() {
            return Err(Problem::bad_request(
                "close_missing needs a scope: a name for what the report covers, such as a repository or a network",
            ));
        }
        Ok(Self { file_name, kind, scope, close_missing, priority })
    }

    /// SHA-256 of what decides what becomes of the report. The file's name is for people only.
    fn fingerprint(&self) -> [u8; 32] {
        let scope = self.scope.as_ref().map(Scope::as_str);
        let mut asked = vec![json!(self.kind.format()), json!(scope), json!(self.close_missing), json!(self.priority as i16)];
        // What was asked for before there were tables is the same as ever.
        asked.extend(self.kind.table().map(|table| json!([table.dataset, table.mapping])));
        Sha256::digest(Value::Array(asked).to_string()).into()
    }
}

/// Takes the report of a request into the store, writes the import down, and gives its document, and what is left of the key's requests. The terms are checked before the body
/// is read. What comes with the Idempotency-Key of an import is compared with that, and not stored. A broken upload leaves neither row nor object;
/// where that fails, too, the drain finds what is left over.
pub(crate) async fn accept(caller: Caller, request: Request) -> Result<(Value, Rate), Problem> {
    let (Parts { headers, uri, .. }, body) = request.into_parts();
    let idempotency_key = idempotency_key(&headers)?;
    let length = content_length(&headers)?;
    let mut report = UploadBody::of_request(&headers, body).await?;
    let options = UploadOptions::of(&uri, report.fields())?;
    let file_name = report.file_name(options.file_name.as_deref());
    let (id, request_hash) = (new_id(), options.fingerprint());
    let is_new = match options.kind.table() {
        Some(table) => !table.is_there(caller).await?,
        None => false,
    };
    let store = Store::open().await.map_err(Problem::internal)?;
    let idempotency_key = idempotency_key.as_ref().map(IdempotencyKey::as_str);
    let (terms, rate) = Db::open().await?.open_upload(caller, id, idempotency_key, length, request_hash).await?;
    let upload = Upload { store, caller, id, terms };
    let kept = if is_new { limits::START } else { 0 };
    let StoredUpload { size, sha256, contents, start } = match upload.receive(&mut report, &file_name, &options, kept).await {
        Ok(received) => received,
        Err(problem) => return Err(upload.undo(problem).await),
    };
    if let (true, Some(table)) = (is_new, options.kind.table())
        && let Err(problem) = table.make(&upload, &file_name, size, &contents, &start).await
    {
        return Err(upload.undo(problem).await);
    }
    let import = NewImport {
        id,
        file_name: &file_name,
        size,
        sha256,
        idempotency_key,
        request: request_hash,
        scope: options.scope.as_ref().map(Scope::as_str),
        close_missing: options.close_missing,
        priority: options.priority as i16,
        format: options.kind.format(),
        entries: &contents.entries.into_iter().map(new_entry).collect::<Vec<_>>(),
        left_out: contents.left_out.as_deref(),
        dataset: options.kind.table().map(|table| table.dataset.as_str()),
        mapping: options.kind.table().and_then(|table| table.mapping),
    };
    Ok((upload.create(&import).await?, rate))
}

/// An upload that the database knows of. It holds no connection: those of the host are few, and a body may take hours to come.
pub(crate) struct Upload {
    pub(crate) store: Store,
    pub(crate) caller: Caller,
    id: Uuid,
    pub(crate) terms: UploadTerms,
}

impl Upload {
    async fn receive(&self, report: &mut UploadBody, name: &str, options: &UploadOptions, kept: usize) -> Result<StoredUpload, Problem> {
        let max_bytes = self.terms.max_bytes;
        let reports = match options.kind {
            Kind::Report(format) => Reports::new(name, format, max_bytes),
            Kind::Table(_) => Reports::tables(name, max_bytes),
        };
        if self.terms.repeats { hash_report(self, report, reports).await } else { store_report(self, report, reports, kept).await }
    }

    async fn create(&self, import: &NewImport<'_>) -> Result<Value, Problem> {
        match self.create_import(import).await {
            Ok(document) => {
                // Another request with the same Idempotency-Key may have been first: then nobody needs the object.
                if document["id"] != self.id.to_string()
                    && let Err(error) = self.store.delete(self.object_key()).await
                {
                    eprintln!("{} is left over in the store: {error:#}", self.object_key());
                }
                Ok(document)
            }
            Err(error @ DbError::Refused { .. }) => Err(self.undo(error.into()).await),
            // Nobody knows whether the import was made. If not, the drain finds the upload by what open_upload noted.
            Err(error) => Err(error.into()),
        }
    }

    async fn create_import(&self, import: &NewImport<'_>) -> Result<Value, DbError> {
        Db::open().await?.create_import(self.caller, import).await
    }

    /// Removes what a broken upload may have left, and gives the reason on.
    async fn undo(&self, problem: Problem) -> Problem {
        let removed = async {
            self.store.delete(self.object_key()).await?;
            anyhow::Ok(Db::open().await?.close_upload(self.terms.workspace_id, self.id).await?)
        };
        if let Err(error) = removed.await {
            eprintln!("what is left of the upload {} is left to the drain: {error:#}", self.id);
        }
        problem
    }

    /// Notes that the report goes into the store in parts, before the first of them is sent.
    pub(crate) async fn note_parts(&self, parts_id: &str) -> Result<(), Problem> {
        Ok(Db::open().await?.note_upload_parts(self.terms.workspace_id, self.id, parts_id).await?)
    }

    /// Says that the upload goes on, and has come to so many bytes that are to be stored. Gives how many it may come to before it asks again.
    pub(crate) async fn hold(&self, bytes: u64) -> Result<u64, Problem> {
        Ok(Db::open().await?.hold_upload(self.terms.workspace_id, self.id, bytes).await?)
    }

    /// Where the report goes in the store.
    pub(crate) fn object_key(&self) -> &str {
        &self.terms.object_key
    }
}

fn new_entry(entry: ReportEntry) -> NewEntry {
    NewEntry { name: entry.name, offset: entry.offset, size: entry.size, format: entry.format.map(Format::name) }
}

fn format_named(name: &str) -> Result<Format, Problem> {
    let unknown = || Problem::bad_request(format!("format is a name of the list at /api/v1/formats, which has no {name:?}"));
    Format::from_name(name).ok_or_else(unknown)
}

/// The Idempotency-Key of the request (IETF draft "The Idempotency-Key HTTP Header Field"), with or without quotes.
fn idempotency_key(headers: &HeaderMap) -> Result<Option<IdempotencyKey>, Problem> {
    let Some(value) = headers.get("idempotency-key") else { return Ok(None) };
    let key = String::from_utf8_lossy(value.as_bytes());
    Ok(Some(IdempotencyKey::ascii("Idempotency-Key", key.trim().trim_matches('"'))?))
}

fn content_length(headers: &HeaderMap) -> Result<Option<u64>, Problem> {
    let Some(value) = headers.get(CONTENT_LENGTH) else { return Ok(None) };
    let length = value.to_str().ok().and_then(|text| text.parse().ok());
    length.map(Some).ok_or_else(|| Problem::bad_request("Content-Length is not a whole number"))
}
