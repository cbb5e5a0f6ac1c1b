//! A report's way into the store: in one request when it is small, else in parts; nothing is held whole.

use bytes::{Bytes, BytesMut};
use futures::future::join;
use platform::http::Problem;
use platform::objects::PART;
use sha2::{Digest, Sha256};

use crate::body::Report;
use crate::upload::Upload;

/// What was stored.
pub(crate) struct Stored {
    pub(crate) size: u64,
    pub(crate) sha256: [u8; 32],
}

/// Stores the report of an upload, hashing and counting on the way. On an error no parts are left in the store.
pub(crate) async fn store_report(upload: &Upload, report: &mut Report) -> Result<Stored, Problem> {
    let mut parts = Parts { report, pending: BytesMut::new(), hasher: Sha256::new(), size: 0, max_bytes: upload.terms.max_bytes };
    let first = parts.next().await?;
    if first.is_empty() {
        return Err(Problem::unprocessable("the report is empty"));
    }
    if first.len() < PART {
        upload.store.put(upload.key(), first).await.map_err(away)?;
    } else {
        store_in_parts(upload, first, &mut parts).await?;
    }
    Ok(Stored { size: parts.size, sha256: parts.hasher.finalize().into() })
}

async fn store_in_parts(upload: &Upload, first: Bytes, parts: &mut Parts<'_>) -> Result<(), Problem> {
    let (store, key) = (&upload.store, upload.key());
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
        let (tag, next) = join(upload.store.upload_part(upload.key(), id, tags.len() + 1, part), parts.next()).await;
        tags.push(tag.map_err(away)?);
        part = next?;
    }
    Ok(tags)
}

/// The report cut into parts.
struct Parts<'a> {
    report: &'a mut Report,
    pending: BytesMut,
    hasher: Sha256,
    size: u64,
    max_bytes: u64,
}

impl Parts<'_> {
    /// The next part, full but for the last; empty at the end.
    async fn next(&mut self) -> Result<Bytes, Problem> {
        while self.pending.len() < PART {
            let Some(piece) = self.report.next().await? else { break };
            self.size += piece.len() as u64;
            if self.size > self.max_bytes {
                return Err(Problem::too_large(format!(
                    "the report has more than {} bytes, the most that this workspace takes",
                    self.max_bytes
                )));
            }
            self.hasher.update(&piece);
            self.pending.extend_from_slice(&piece);
        }
        let length = self.pending.len().min(PART);
        Ok(self.pending.split_to(length).freeze())
    }
}

fn away(error: anyhow::Error) -> Problem {
    Problem::unavailable("the object store", error)
}
