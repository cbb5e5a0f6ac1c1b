//! The object store: the few operations of the S3 API that an import needs, signed with AWS Signature Version 4.
//!
//! Keys are our own (`imports/<workspace>/<id>`), path-style addresses work with every S3-compatible store. Bodies are sent as
//! UNSIGNED-PAYLOAD: their hash is kept with the import instead, and hashing each part a second time would cost as much as parsing it.

use std::ops::Range;
use std::time::{Duration, SystemTime};

use anyhow::{Context, Result, anyhow, bail, ensure};
use aws_credential_types::Credentials;
use aws_sigv4::http_request::{
    PayloadChecksumKind, PercentEncodingMode, SignableBody, SignableRequest, SigningSettings, UriPathNormalizationMode, sign,
};
use aws_sigv4::sign::v4;
use bytes::Bytes;
use futures::StreamExt;
use futures::stream::BoxStream;
use http::header::{CONTENT_LENGTH, ETAG, RANGE};
use http::{Method, Request, Response, StatusCode, Uri};
use http_body_util::Full;
use spin_sdk::wasip3::http::types::ErrorCode;
use spin_sdk::wasip3::http_compat::IncomingResponseBody;

use crate::config;
use crate::http::{Patience, pieces, send, short_body};

/// Bytes of a part of an upload. S3 takes parts from 5 MiB, at most 10,000 of them.
pub const PART: usize = 8 * 1024 * 1024;
/// How often a call is tried where the store may only be busy.
const TRIES: u32 = 3;
const PATIENCE: Patience = Patience { connect: Duration::from_secs(5), answer: Duration::from_secs(30) };
/// S3 may take several minutes to put the parts of an upload together (S3 API reference, CompleteMultipartUpload); a store of files copies
/// them.
const PATIENCE_FOR_PARTS: Patience = Patience { answer: Duration::from_mins(10), ..PATIENCE };

/// An S3-compatible store.
pub struct Store {
    endpoint: String,
    bucket: String,
    region: String,
    credentials: Credentials,
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
        Ok(Self {
            endpoint: endpoint(&config::text("s3_endpoint").await?)?,
            bucket: config::text("s3_bucket").await?,
            region: config::text("s3_region").await?,
            credentials: Credentials::new(access_key, secret_key, None, None, "variables"),
        })
    }

    /// Stores an object in one request.
    pub async fn put(&self, key: &str, body: Bytes) -> Result<()> {
        self.call(Method::PUT, key, "", &body, None).await.map(drop)
    }

    /// Starts an upload in parts and gives its id.
    pub async fn start_upload(&self, key: &str) -> Result<String> {
        let answer = self.call(Method::POST, key, "uploads=", &Bytes::new(), None).await?;
        upload_id(&short_body(answer).await?)
    }

    /// Sends a part, counted from 1, and gives its entity tag. All parts but the last have at least 5 MiB.
    pub async fn upload_part(&self, key: &str, upload: &str, number: usize, body: Bytes) -> Result<String> {
        let query = format!("partNumber={number}&uploadId={upload}");
        let answer = self.call(Method::PUT, key, &query, &body, None).await?;
        let tag = answer.headers().get(ETAG).context("the store gave no entity tag for a part")?;
        Ok(tag.to_str()?.to_owned())
    }

    /// Makes the object of the parts with these entity tags.
    pub async fn complete_upload(&self, key: &str, upload: &str, tags: &[String]) -> Result<()> {
        let mut document = String::from("<CompleteMultipartUpload>");
        for (number, tag) in (1_usize..).zip(tags) {
            let tag = quick_xml::escape::escape(tag);
            document.extend(["<Part><PartNumber>", &number.to_string(), "</PartNumber><ETag>", &tag, "</ETag></Part>"]);
        }
        document += "</CompleteMultipartUpload>";
        let answer = self.call(Method::POST, key, &format!("uploadId={upload}"), &Bytes::from(document), None).await?;
        // S3 may answer 200 and tell of an error in the document.
        let answer = short_body(answer).await?;
        ensure!(!String::from_utf8_lossy(&answer).contains("<Error>"), "the store could not put the parts together");
        Ok(())
    }

    /// Throws the parts of an unfinished upload away; one that is not there is no error.
    pub async fn abort_upload(&self, key: &str, upload: &str) -> Result<()> {
        self.call(Method::DELETE, key, &format!("uploadId={upload}"), &Bytes::new(), None).await.map(drop)
    }

    /// Removes an object; one that is not there is no error.
    pub async fn delete(&self, key: &str) -> Result<()> {
        self.call(Method::DELETE, key, "", &Bytes::new(), None).await.map(drop)
    }

    /// Reads these bytes of an object, all of which it has. A store that knows no ranges may give more behind them. What is not asked for need not
    /// be thrown away: of an answer that is not read to its end, megabytes are on their way. [`MissingObject`] where there is none.
    pub async fn read(&self, key: &str, bytes: Range<u64>) -> Result<ObjectReader> {
        let start = bytes.start;
        let answer = self.call(Method::GET, key, "", &Bytes::new(), Some(bytes)).await?;
        ensure!(
            start == 0 || answer.status() == StatusCode::PARTIAL_CONTENT,
            "the store does not know ranges: it answered {}",
            answer.status()
        );
        Ok(ObjectReader { pieces: pieces(answer.into_body()).boxed() })
    }

    /// One call, tried again where the store is away or busy.
    async fn call(
        &self,
        method: Method,
        key: &str,
        query: &str,
        body: &Bytes,
        range: Option<Range<u64>>,
    ) -> Result<Response<IncomingResponseBody>> {
        let mut tries = 1;
        loop {
            let error = match self.call_once(&method, key, query, body.clone(), range.clone()).await {
                Ok(answer) if answer.status().is_success() => return Ok(answer),
                Ok(answer) if answer.status() == StatusCode::NOT_FOUND => match method {
                    Method::DELETE => return Ok(answer),
                    _ => return Err(MissingObject(key.to_owned()).into()),
                },
                Ok(answer) if !answer.status().is_server_error() && answer.status() != StatusCode::TOO_MANY_REQUESTS => {
                    let status = answer.status();
                    bail!("the store answered {status} to {method} {key}: {}", error_code(&short_body(answer).await.unwrap_or_default()))
                }
                Ok(answer) => anyhow!("the store answered {} to {method} {key}", answer.status()),
                Err(error) => error.context("the store cannot be reached"),
            };
            if tries == TRIES {
                return Err(error);
            }
            eprintln!("{error:#}; trying again");
            spin_sdk::time::sleep(Duration::from_millis(100 << tries)).await;
            tries += 1;
        }
    }

    async fn call_once(
        &self,
        method: &Method,
        key: &str,
        query: &str,
        body: Bytes,
        range: Option<Range<u64>>,
    ) -> Result<Response<IncomingResponseBody>> {
        let separator = if query.is_empty() { "" } else { "?" };
        let url = format!("{}/{}/{key}{separator}{query}", self.endpoint, self.bucket);
        let mut request = Request::builder().method(method).uri(&url).header(CONTENT_LENGTH, body.len());
        if let Some(Range { start, end }) = range {
            request = request.header(RANGE, format!("bytes={start}-{}", end - 1));
        }
        let mut request = request.body(Full::new(body))?;
        self.sign(&mut request, SystemTime::now())?;
        let completes = method == Method::POST && query.starts_with("uploadId=");
        send(request, if completes { PATIENCE_FOR_PARTS } else { PATIENCE }).await
    }

    fn sign(&self, request: &mut Request<Full<Bytes>>, now: SystemTime) -> Result<()> {
        // S3 signs the path as it is sent (AWS: "Create a signed AWS API request", note on S3).
        let mut settings = SigningSettings::default();
        settings.percent_encoding_mode = PercentEncodingMode::Single;
        settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
        settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
        let identity = self.credentials.clone().into();
        let parameters =
            v4::SigningParams::builder().identity(&identity).region(&self.region).name("s3").time(now).settings(settings).build()?.into();
        let uri = request.uri().to_string();
        let signable = SignableRequest::new(request.method().as_str(), uri, std::iter::empty(), SignableBody::UnsignedPayload)?;
        let (instructions, _) = sign(signable, &parameters)?.into_parts();
        instructions.apply_to_request_http1x(request);
        Ok(())
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

/// The `UploadId` of an `InitiateMultipartUploadResult`, encoded for a query.
fn upload_id(document: &[u8]) -> Result<String> {
    let id = element_text(document, "UploadId").context("the store gave no upload id")?;
    Ok(id
        .bytes()
        .map(|b| if b.is_ascii_alphanumeric() || b"-._~".contains(&b) { char::from(b).to_string() } else { format!("%{b:02X}") })
        .collect())
}

/// The `Code` of an S3 error document.
fn error_code(document: &[u8]) -> String {
    element_text(document, "Code").unwrap_or_else(|| "no error code".to_owned())
}

/// The text of the first element of that name.
fn element_text(document: &[u8], name: &str) -> Option<String> {
    let mut reader = quick_xml::Reader::from_reader(document);
    loop {
        match reader.read_event().ok()? {
            quick_xml::events::Event::Start(start) if start.local_name().as_ref() == name => {
                return reader.read_text(start.name()).ok().map(|text| text.into_inner().into_owned());
            }
            quick_xml::events::Event::Eof => return None,
            _ => {}
        }
    }
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

    #[test]
    fn an_upload_id_is_encoded_for_a_query() {
        let document = b"<?xml version=\"1.0\"?><R xmlns=\"x\"><Bucket>b</Bucket><UploadId>a+b/c=</UploadId></R>";
        assert_eq!(upload_id(document).unwrap(), "a%2Bb%2Fc%3D");
    }

    #[test]
    fn a_document_without_an_upload_id_is_an_error() {
        assert!(upload_id(b"<R/>").is_err());
        assert!(upload_id(b"not xml <").is_err());
    }
}
