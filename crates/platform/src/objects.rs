//! The object store: the few operations of the S3 API that an import needs, tried again where the store is away or busy.

use std::ops::Range;
use std::time::{Duration, SystemTime};

use anyhow::{Context, Result, anyhow, bail, ensure};
use bytes::Bytes;
use futures::StreamExt;
use futures::stream::BoxStream;
use http::header::ETAG;
use http::{Method, Response, StatusCode, Uri};
use http_body_util::Full;
use s3_requests::{Bucket, Operation, error_code, upload_id};
use spin_sdk::wasip3::http::types::ErrorCode;
use spin_sdk::wasip3::http_compat::IncomingResponseBody;

use crate::config;
use crate::http::{Patience, pieces, send, short_body};

pub use s3_requests::PART;

/// How often a call is tried where the store may only be busy.
const TRIES: u32 = 3;
/// Half of the wait after the first time. Each is twice as long as the one before.
const FIRST_WAIT: Duration = Duration::from_millis(100);
const PATIENCE: Patience = Patience { connect: Duration::from_secs(5), answer: Duration::from_secs(30) };
/// S3 may take several minutes to put the parts of an upload together (S3 API reference, CompleteMultipartUpload); a store of files copies
/// them.
const PATIENCE_FOR_PARTS: Patience = Patience { answer: Duration::from_mins(10), ..PATIENCE };

/// An S3-compatible store.
pub struct Store {
    bucket: Bucket,
}

/// An object that is being read from some offset on.
pub struct ObjectReader {
    pieces: BoxStream<'static, Result<Bytes, ErrorCode>>,
}

/// There is no such object.
#[derive(Debug, thiserror::Error)]
#[error("the object {0} is not in the store")]
pub struct MissingObject(pub String);

impl Store {
    /// The store of the component's variables.
    pub async fn open() -> Result<Self> {
        let (access_key, secret_key) = (config::text("s3_access_key").await?, config::text("s3_secret_key").await?);
        let (endpoint, name) = (endpoint(&config::text("s3_endpoint").await?)?, config::text("s3_bucket").await?);
        Ok(Self { bucket: Bucket::new(endpoint, name, config::text("s3_region").await?, &access_key, &secret_key) })
    }

    /// Stores an object in one request.
    pub async fn put(&self, key: &str, body: Bytes) -> Result<()> {
        self.call(&Operation::put(key, body)).await.map(drop)
    }

    /// Starts an upload in parts and gives its id.
    pub async fn start_upload(&self, key: &str) -> Result<String> {
        let answer = self.call(&Operation::start_upload(key)).await?;
        Ok(upload_id(&short_body(answer).await?)?)
    }

    /// Sends a part, counted from 1, and gives its entity tag. All parts but the last have at least 5 MiB.
    pub async fn upload_part(&self, key: &str, upload: &str, number: usize, body: Bytes) -> Result<String> {
        let answer = self.call(&Operation::upload_part(key, upload, number, body)).await?;
        let tag = answer.headers().get(ETAG).context("the store gave no entity tag for a part")?;
        Ok(tag.to_str()?.to_owned())
    }

    /// Makes the object of the parts with these entity tags.
    pub async fn complete_upload(&self, key: &str, upload: &str, tags: &[String]) -> Result<()> {
        let answer = self.call_patiently(&Operation::complete_upload(key, upload, tags), PATIENCE_FOR_PARTS).await?;
        // S3 may answer 200 and tell of an error in the document.
        let answer = short_body(answer).await?;
        ensure!(!String::from_utf8_lossy(&answer).contains("<Error>"), "the store could not put the parts together");
        Ok(())
    }

    /// Throws the parts of an unfinished upload away; one that is not there is no error.
    pub async fn abort_upload(&self, key: &str, upload: &str) -> Result<()> {
        self.call(&Operation::abort_upload(key, upload)).await.map(drop)
    }

    /// Removes an object; one that is not there is no error.
    pub async fn delete(&self, key: &str) -> Result<()> {
        self.call(&Operation::delete(key)).await.map(drop)
    }

    /// Reads these bytes of an object, all of which it has. A store that knows no ranges may give more behind them. What is not asked for need not
    /// be thrown away: of an answer that is not read to its end, megabytes are on their way. [`MissingObject`] where there is none.
    pub async fn read(&self, key: &str, bytes: Range<u64>) -> Result<ObjectReader> {
        let start = bytes.start;
        let answer = self.call(&Operation::read(key, bytes)).await?;
        ensure!(
            start == 0 || answer.status() == StatusCode::PARTIAL_CONTENT,
            "the store does not know ranges: it answered {}",
            answer.status()
        );
        Ok(ObjectReader { pieces: pieces(answer.into_body()).boxed() })
    }

    async fn call(&self, operation: &Operation<'_>) -> Result<Response<IncomingResponseBody>> {
        self.call_patiently(operation, PATIENCE).await
    }

    /// One call, tried again where the store is away or busy.
    async fn call_patiently(&self, operation: &Operation<'_>, patience: Patience) -> Result<Response<IncomingResponseBody>> {
        let Operation { method, key, .. } = operation;
        let mut tries = 1;
        loop {
            let request = self.bucket.request(operation, SystemTime::now())?.map(Full::new);
            let error = match send(request, patience).await {
                Ok(answer) if answer.status().is_success() => return Ok(answer),
                Ok(answer) if answer.status() == StatusCode::NOT_FOUND => match *method {
                    Method::DELETE => return Ok(answer),
                    _ => return Err(MissingObject((*key).to_owned()).into()),
                },
                Ok(answer) if !answer.status().is_server_error() && answer.status() != StatusCode::TOO_MANY_REQUESTS => {
                    let status = answer.status();
                    let code = error_code(&short_body(answer).await.unwrap_or_default());
                    bail!("the store answered {status} to {method} {key}: {}", code.as_deref().unwrap_or("no error code"))
                }
                Ok(answer) => anyhow!("the store answered {} to {method} {key}", answer.status()),
                Err(error) => error.context("the store cannot be reached"),
            };
            if tries == TRIES {
                return Err(error);
            }
            eprintln!("{error:#}; trying again");
            spin_sdk::time::sleep(FIRST_WAIT * (1 << tries)).await;
            tries += 1;
        }
    }
}

impl ObjectReader {
    /// The next piece; none at the end. A connection that breaks is an error, or an early end on some hosts: count the bytes.
    pub async fn next(&mut self) -> Result<Option<Bytes>> {
        self.pieces.next().await.transpose().map_err(|error| anyhow!("the store broke off: {error}"))
    }
}

/// The store's address as it is put before paths. One with a path Spin takes for no address, and then lets nothing out, not even to the database: so it is
/// to be checked before anything else is tried.
fn endpoint(text: &str) -> Result<String> {
    let uri: Option<Uri> = text.trim().parse().ok();
    let is_address =
        |uri: &Uri| matches!(uri.scheme_str(), Some("http" | "https")) && uri.path().trim_matches('/').is_empty() && uri.query().is_none();
    ensure!(
        uri.is_some_and(|uri| is_address(&uri)),
        "the variable s3_endpoint is {text:?}, it should be https://host or https://host:port; the bucket is s3_bucket"
    );
    Ok(text.trim().trim_end_matches('/').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_is_an_address_without_a_path() {
        assert_eq!(endpoint("https://s3.example.com/").unwrap(), "https://s3.example.com");
        assert_eq!(endpoint("http://127.0.0.1:9000").unwrap(), "http://127.0.0.1:9000");
        for text in ["", "s3.example.com", "ftp://s3", "https://s3/bucket", "https://s3?x", "https://"] {
            assert!(endpoint(text).unwrap_err().to_string().contains("s3_endpoint"), "{text:?}");
        }
    }
}
