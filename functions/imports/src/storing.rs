//! A report's way into the store: in one request when it is small, else in parts; nothing is held whole.

use bytes::{Bytes, BytesMut};
use futures::future::join;
use platform::http::Problem;
use platform::objects::{PART, Store};
use sha2::{Digest, Sha256};

use crate::body::Report;

/// What was stored.
pub(crate) struct Stored {
    pub(crate) size: u64,
    pub(crate) sha256: [u8; 32],
}

/// Stores a report of at most `max_bytes`, hashing and counting on the way. On an error nothing is left in the store.
pub(crate) async fn store_report(store: &Store, key: &str, report: &mut Report, max_bytes: u64) -> Result<Stored, Problem> {
    let mut parts = Parts { report, pending: BytesMut::new(), hasher: Sha256::new(), size: 0, max_bytes };
    let first = parts.next().await?;
    if first.is_empty() {
        return Err(Problem::unprocessable("the report is empty"));
    }
    if first.len() < PART {
        store.put(key, first).await.map_err(away)?;
    } else {
        store_in_parts(store, key, first, &mut parts).await?;
    }
    Ok(Stored { size: parts.size, sha256: parts.hasher.finalize().into() })
}

async fn store_in_parts(store: &Store, key: &str, first: Bytes, parts: &mut Parts<'_>) -> Result<(), Problem> {
    let upload = store.start_upload(key).await.map_err(away)?;
    let result = match send_parts(store, key, &upload, first, parts).await {
        Ok(tags) => store.complete_upload(key, &upload, &tags).await.map_err(away),
        Err(problem) => Err(problem),
    };
    if result.is_err()
        && let Err(error) = store.abort_upload(key, &upload).await
    {
        eprintln!("the parts of {key} are left over in the store: {error:#}");
    }
    result
}

/// Sends one part while the next is being received.
async fn send_parts(store: &Store, key: &str, upload: &str, first: Bytes, parts: &mut Parts<'_>) -> Result<Vec<String>, Problem> {
    let mut tags = Vec::new();
    let mut part = first;
    while !part.is_empty() {
        let (tag, next) = join(store.upload_part(key, upload, tags.len() + 1, part), parts.next()).await;
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
