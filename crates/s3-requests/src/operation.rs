//! What is asked of a store: the few operations of the S3 API that an import and its tests need.

use std::ops::Range;

use bytes::Bytes;
use http::Method;

use crate::answers::escaped;

/// An operation on an object, or on the bucket where there is no key.
#[derive(Clone, Debug)]
pub struct Operation<'a> {
    /// Its method.
    pub method: Method,
    /// The object's key.
    pub key: &'a str,
    pub(crate) query: String,
    pub(crate) body: Bytes,
    pub(crate) range: Option<Range<u64>>,
}

impl<'a> Operation<'a> {
    fn new(method: Method, key: &'a str, query: String, body: Bytes) -> Self {
        Self { method, key, query, body, range: None }
    }

    /// Stores an object in one request.
    pub fn put(key: &'a str, body: Bytes) -> Self {
        Self::new(Method::PUT, key, String::new(), body)
    }

    /// Reads these bytes of an object, all of which it has.
    pub fn read(key: &'a str, range: Range<u64>) -> Self {
        Self { range: Some(range), ..Self::new(Method::GET, key, String::new(), Bytes::new()) }
    }

    /// Removes an object.
    pub fn delete(key: &'a str) -> Self {
        Self::new(Method::DELETE, key, String::new(), Bytes::new())
    }

    /// Starts an upload in parts: the answer holds its [id](crate::upload_id).
    pub fn start_upload(key: &'a str) -> Self {
        Self::new(Method::POST, key, "uploads=".to_owned(), Bytes::new())
    }

    /// Sends a part, counted from 1: the answer has its entity tag. All parts but the last have at least 5 MiB.
    pub fn upload_part(key: &'a str, upload: &str, number: usize, body: Bytes) -> Self {
        Self::new(Method::PUT, key, format!("partNumber={number}&uploadId={upload}"), body)
    }

    /// Makes the object of the parts with these entity tags. The answer may be 200 and tell of an error in its document.
    pub fn complete_upload(key: &'a str, upload: &str, tags: &[String]) -> Self {
        let mut document = String::from("<CompleteMultipartUpload>");
        for (number, tag) in (1_usize..).zip(tags) {
            let tag = quick_xml::escape::escape(tag);
            document.extend(["<Part><PartNumber>", &number.to_string(), "</PartNumber><ETag>", &tag, "</ETag></Part>"]);
        }
        document += "</CompleteMultipartUpload>";
        Self::new(Method::POST, key, format!("uploadId={upload}"), document.into())
    }

    /// Throws the parts of an unfinished upload away.
    pub fn abort_upload(key: &'a str, upload: &str) -> Self {
        Self::new(Method::DELETE, key, format!("uploadId={upload}"), Bytes::new())
    }

    /// Makes the bucket.
    pub fn create_bucket() -> Self {
        Self::new(Method::PUT, "", String::new(), Bytes::new())
    }

    /// Lists the objects of the bucket, [a page](crate::object_page) at a time: the first, or the one that the page before gave a token for.
    pub fn list(token: Option<&str>) -> Self {
        let query = token.map_or_else(String::new, |token| format!("&continuation-token={}", escaped(token)));
        Self::new(Method::GET, "", format!("list-type=2{query}"), Bytes::new())
    }
}
