//! What a store answers.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use quick_xml::Reader;
use quick_xml::events::Event;

use crate::S3Error;

/// What a query cannot hold as it is (RFC 3986, section 2.3).
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A page of the list of a bucket's objects.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ObjectPage {
    /// Their keys, in order.
    pub keys: Vec<String>,
    /// What the next page is asked for with; none where there is no more.
    pub token: Option<String>,
}

/// The `UploadId` of an `InitiateMultipartUploadResult`, encoded for a query.
pub fn upload_id(document: &[u8]) -> Result<String, S3Error> {
    let id = texts(document, "UploadId").next().ok_or(S3Error::Answer("UploadId"))?;
    Ok(escaped(&id))
}

/// The `Code` of an S3 error document.
pub fn error_code(document: &[u8]) -> Option<String> {
    texts(document, "Code").next()
}

/// A page of a `ListBucketResult`.
pub fn object_page(document: &[u8]) -> Result<ObjectPage, S3Error> {
    texts(document, "IsTruncated").next().ok_or(S3Error::Answer("IsTruncated"))?;
    Ok(ObjectPage { keys: texts(document, "Key").collect(), token: texts(document, "NextContinuationToken").next() })
}

pub(crate) fn escaped(text: &str) -> String {
    utf8_percent_encode(text, ESCAPED).to_string()
}

/// The texts of the elements of that name, as far as the document can be read.
fn texts(document: &[u8], name: &'static str) -> impl Iterator<Item = String> {
    let mut reader = Reader::from_reader(document);
    std::iter::from_fn(move || {
        loop {
            match reader.read_event().ok()? {
                Event::Start(start) if start.local_name().as_ref() == name => {
                    return reader.read_text(start.name()).ok().map(|text| text.into_inner().into_owned());
                }
                Event::Eof => return None,
                _ => {}
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_upload_id_is_encoded_for_a_query() {
        let document = b"<?xml version=\"1.0\"?><R xmlns=\"x\"><Bucket>b</Bucket><UploadId>a+b/c=</UploadId></R>";
        assert_eq!(upload_id(document).expect("an id"), "a%2Bb%2Fc%3D");
    }

    #[test]
    fn a_document_without_what_is_looked_for_is_an_error() {
        for document in ["", "<R/>", "not xml <", "<R><UploadId>"] {
            assert!(upload_id(document.as_bytes()).is_err(), "{document}");
            assert!(object_page(document.as_bytes()).is_err(), "{document}");
            assert_eq!(error_code(document.as_bytes()), None, "{document}");
        }
    }

    #[test]
    fn a_page_of_objects_has_their_keys_and_what_the_next_is_asked_for_with() {
        let page = |token: &str| {
            format!("<L><IsTruncated>x</IsTruncated>{token}<Contents><Key>a</Key></Contents><Contents><Key>b/c</Key></Contents></L>")
        };
        let keys = vec!["a".to_owned(), "b/c".to_owned()];
        assert_eq!(object_page(page("").as_bytes()).expect("a page"), ObjectPage { keys: keys.clone(), token: None });
        let next = page("<NextContinuationToken>t</NextContinuationToken>");
        assert_eq!(object_page(next.as_bytes()).expect("a page"), ObjectPage { keys, token: Some("t".to_owned()) });
    }
}
