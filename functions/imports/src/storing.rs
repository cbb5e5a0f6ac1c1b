//! A report's way into the store: unpacked where it comes packed, in one request when it is small, else in parts; nothing is held whole.

use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use containers::{Contents, ErrorKind, Reports, limits};
use futures::future::join;
use platform::http::Problem;
use platform::objects::PART;
use sha2::{Digest, Sha256};

use crate::body::UploadBody;
use crate::upload::Upload;

/// How often an upload gives a sign of life: `spillway.upload_lease()` is much longer.
const SIGN_OF_LIFE: Duration = Duration::from_mins(1);

/// What was stored: of a packed upload the reports in it, one after the other.
pub(crate) struct StoredUpload {
    pub(crate) size: u64,
    pub(crate) sha256: [u8; 32],
    pub(crate) contents: Contents,
    /// So many of its first bytes as were to be kept.
    pub(crate) start: Bytes,
}

/// Stores the report of an upload, hashing and counting on the way. On an error no parts are left in the store.
pub(crate) async fn store_report(upload: &Upload, report: &mut UploadBody, reports: Reports, kept: usize) -> Result<StoredUpload, Problem> {
    let mut parts = Parts::of(report, reports, Hold::of(upload, true));
    let first = parts.first().await?;
    let start = start_of(&first, kept);
    if first.len() < PART {
        upload.store.put(upload.object_key(), first).await.map_err(away)?;
    } else {
        store_in_parts(upload, first, &mut parts).await?;
    }
    Ok(parts.stored(start))
}

/// What storing the report would give, for one that may be there already.
pub(crate) async fn hash_report(upload: &Upload, report: &mut UploadBody, reports: Reports) -> Result<StoredUpload, Problem> {
    let mut parts = Parts::of(report, reports, Hold::of(upload, false));
    let mut part = parts.first().await?;
    while !part.is_empty() {
        part = parts.next().await?;
    }
    // Nothing is made of it.
    Ok(parts.stored(Bytes::new()))
}

/// A copy: the part itself is large, and goes when it is stored.
fn start_of(first: &Bytes, kept: usize) -> Bytes {
    Bytes::copy_from_slice(&first[..first.len().min(kept)])
}

async fn store_in_parts(upload: &Upload, first: Bytes, parts: &mut Parts<'_>) -> Result<(), Problem> {
    let (store, key) = (&upload.store, upload.object_key());
    let id = store.start_upload(key).await.map_err(away)?;
    let result = match send_parts(upload, &id, first, parts).await {
        Ok(tags) => store.complete_upload(key, &id, &tags).await.map_err(away),
        Err(problem) => Err(problem),
    };
    if result.is_err()
        && let Err(error) = store.abort_upload(key, &id).await
    {
        eprintln!("the parts of {key} are left over in the store: {error:#}");
    }
    result
}

/// Sends one part while the next is being received.
async fn send_parts(upload: &Upload, id: &str, first: Bytes, parts: &mut Parts<'_>) -> Result<Vec<String>, Problem> {
    upload.note_parts(id).await?;
    let mut tags = Vec::new();
    let mut part = first;
    while !part.is_empty() {
        let (tag, next) = join(upload.store.upload_part(upload.object_key(), id, tags.len() + 1, part), parts.next()).await;
        tags.push(tag.map_err(away)?);
        part = next?;
    }
    Ok(tags)
}

/// The report cut into parts.
struct Parts<'a> {
    report: &'a mut UploadBody,
    /// What came and is not unpacked yet.
    packed: Bytes,
    /// None at the end.
    reports: Option<Reports>,
    contents: Contents,
    pending: BytesMut,
    hasher: Sha256,
    size: u64,
    hold: Hold<'a>,
}

/// The hold that an upload has on its place.
struct Hold<'a> {
    upload: &'a Upload,
    /// Whether its bytes are stored, and so need room.
    stores: bool,
    reserved: u64,
    held_at: Instant,
}

impl<'a> Hold<'a> {
    fn of(upload: &'a Upload, stores: bool) -> Self {
        Self { upload, stores, reserved: upload.terms.reserved_bytes, held_at: Instant::now() }
    }

    /// Asks for room for so many bytes where there may be none, and gives a sign of life from time to time.
    async fn keep(&mut self, size: u64) -> Result<(), Problem> {
        let size = if self.stores { size } else { 0 };
        if size > self.reserved || self.held_at.elapsed() > SIGN_OF_LIFE {
            self.reserved = self.upload.hold(size).await?;
            self.held_at = Instant::now();
        }
        Ok(())
    }
}

impl<'a> Parts<'a> {
    fn of(report: &'a mut UploadBody, reports: Reports, hold: Hold<'a>) -> Self {
        let reports = Some(if report.is_gzipped() { reports.gzipped() } else { reports });
        let (packed, pending, hasher, contents) = (Bytes::new(), BytesMut::new(), Sha256::new(), Contents::default());
        Self { report, packed, reports, contents, pending, hasher, size: 0, hold }
    }

    /// The first part: there is one.
    async fn first(&mut self) -> Result<Bytes, Problem> {
        let first = self.next().await?;
        if first.is_empty() { Err(Problem::unprocessable("the report is empty")) } else { Ok(first) }
    }

    fn stored(self, start: Bytes) -> StoredUpload {
        StoredUpload { size: self.size, sha256: self.hasher.finalize().into(), contents: self.contents, start }
    }

    /// The next part, full but for the last; empty at the end.
    async fn next(&mut self) -> Result<Bytes, Problem> {
        while self.pending.len() < PART && self.reports.is_some() {
            if self.packed.is_empty() {
                match self.report.next().await? {
                    Some(piece) => self.packed = piece,
                    None => self.end()?,
                }
            }
            self.unpack()?;
            self.hold.keep(self.size).await?;
        }
        let length = self.pending.len().min(PART);
        Ok(self.pending.split_to(length).freeze())
    }

    /// Unpacks so much of what came that the result can be held.
    fn unpack(&mut self) -> Result<(), Problem> {
        let Some(reports) = &mut self.reports else { return Ok(()) };
        let piece = self.packed.split_to(self.packed.len().min(limits::PIECE));
        let before = self.pending.len();
        reports.feed(&piece, &mut self.pending).map_err(not_unpacked)?;
        self.count(before)
    }

    fn end(&mut self) -> Result<(), Problem> {
        let Some(reports) = self.reports.take() else { return Ok(()) };
        let before = self.pending.len();
        self.contents = reports.finish(&mut self.pending).map_err(not_unpacked)?;
        self.count(before)
    }

    /// Counts and hashes what was added behind so many bytes.
    fn count(&mut self, before: usize) -> Result<(), Problem> {
        let added = &self.pending[before..];
        self.hasher.update(added);
        self.size += added.len() as u64;
        let max_bytes = self.hold.upload.terms.max_bytes;
        if self.size > max_bytes {
            let message = format!("the report has more than {max_bytes} bytes, the most that this workspace takes");
            return Err(Problem::too_large(message));
        }
        Ok(())
    }
}

fn not_unpacked(error: containers::Error) -> Problem {
    match error.kind {
        ErrorKind::TooLarge => Problem::too_large(error.message),
        ErrorKind::Broken | ErrorKind::Unsupported | ErrorKind::NoReport => Problem::unprocessable(error.message),
    }
}

fn away(error: anyhow::Error) -> Problem {
    Problem::unavailable("the object store", error)
}
