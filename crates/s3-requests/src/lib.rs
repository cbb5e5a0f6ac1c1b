//! Requests to an S3-compatible store, signed with AWS Signature Version 4, and what it answers. No IO and no clock: whoever uses this sends them.
//!
//! Keys are our own (`imports/<workspace>/<id>`), path-style addresses work with every S3-compatible store. Bodies are sent as
//! UNSIGNED-PAYLOAD: their hash is kept with the import instead, and hashing each part a second time would cost as much as parsing it.

use std::ops::Range;
use std::time::SystemTime;

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{
    PayloadChecksumKind, PercentEncodingMode, SignableBody, SignableRequest, SigningSettings, UriPathNormalizationMode, sign,
};
use aws_sigv4::sign::v4;
use bytes::Bytes;
use http::Request;
use http::header::{CONTENT_LENGTH, RANGE};

mod answers;
mod operation;

pub use answers::{ObjectPage, error_code, object_page, upload_id};
pub use operation::Operation;

/// Bytes of a part of an upload. S3 takes parts from 5 MiB, at most 10,000 of them.
pub const PART: usize = 8 * 1024 * 1024;

/// A bucket, and who may use it.
pub struct Bucket {
    endpoint: String,
    name: String,
    region: String,
    credentials: Credentials,
}

/// A request that cannot be made, or an answer that cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum S3Error {
    /// The address, or what is asked for, is not one of HTTP.
    #[error("the request to the store cannot be made: {0}")]
    Request(#[from] http::Error),
    /// The key or the region is not one to sign with.
    #[error("the request to the store cannot be signed: {0}")]
    Signing(String),
    /// What was asked for is not in the answer.
    #[error("the store's answer has no {0}")]
    Answer(&'static str),
}

impl Bucket {
    /// A bucket of the store at `endpoint`: a URL without a path.
    pub fn new(
        endpoint: impl Into<String>,
        name: impl Into<String>,
        region: impl Into<String>,
        access_key: &str,
        secret_key: &str,
    ) -> Self {
        let credentials = Credentials::new(access_key, secret_key, None, None, "configuration");
        Self { endpoint: endpoint.into(), name: name.into(), region: region.into(), credentials }
    }

    /// The request of an operation. The store takes it for some minutes from `now` on.
    pub fn request(&self, operation: &Operation<'_>, now: SystemTime) -> Result<Request<Bytes>, S3Error> {
        let Operation { method, key, query, body, range } = operation;
        let separator = |text: &str, separator| if text.is_empty() { "" } else { separator };
        let url = format!("{}/{}{}{key}{}{query}", self.endpoint, self.name, separator(key, "/"), separator(query, "?"));
        let mut request = Request::builder().method(method).uri(url).header(CONTENT_LENGTH, body.len());
        if let Some(Range { start, end }) = range {
            request = request.header(RANGE, format!("bytes={start}-{}", end - 1));
        }
        let mut request = request.body(body.clone())?;
        self.sign(&mut request, now).map_err(|error| S3Error::Signing(error.to_string()))?;
        Ok(request)
    }

    fn sign(&self, request: &mut Request<Bytes>, now: SystemTime) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
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

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use http::Method;

    use super::*;

    fn request(operation: &Operation<'_>) -> Request<Bytes> {
        let bucket =
            Bucket::new("http://127.0.0.1:9000", "reports", "us-east-1", "AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY");
        bucket.request(operation, UNIX_EPOCH + Duration::from_secs(1_440_938_161)).expect("a request")
    }

    #[test]
    fn a_request_says_what_it_is_about_and_is_signed() {
        let read = request(&Operation::read("imports/1/a", 10..20));
        assert_eq!((read.method(), read.uri().to_string()), (&Method::GET, "http://127.0.0.1:9000/reports/imports/1/a".to_owned()));
        let header = |name: &str| read.headers()[name].to_str().expect("ASCII").to_owned();
        assert_eq!((header("range"), header("content-length")), ("bytes=10-19".to_owned(), "0".to_owned()));
        assert_eq!((header("x-amz-date"), header("x-amz-content-sha256")), ("20150830T123601Z".to_owned(), "UNSIGNED-PAYLOAD".to_owned()));
        let authorization = header("authorization");
        let scope = "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/s3/aws4_request, SignedHeaders=host;x-amz-content-sha256;x-amz-date";
        assert!(authorization.starts_with(scope), "{authorization}");
    }

    #[test]
    fn operations_on_the_bucket_have_no_key() {
        assert_eq!(request(&Operation::create_bucket()).uri().to_string(), "http://127.0.0.1:9000/reports");
        let next = request(&Operation::list(Some("a+b/c=")));
        assert_eq!(next.uri().query(), Some("list-type=2&continuation-token=a%2Bb%2Fc%3D"));
    }

    #[test]
    fn an_address_that_is_none_is_an_error() {
        let bucket = Bucket::new("not an address", "reports", "us-east-1", "key", "secret");
        assert!(matches!(bucket.request(&Operation::create_bucket(), UNIX_EPOCH), Err(S3Error::Request(_))));
    }
}
