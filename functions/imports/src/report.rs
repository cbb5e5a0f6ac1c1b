//! What was uploaded, given back as it is stored.

use axum::body::Body;
use axum::extract::Path;
use bytes::Bytes;
use futures::Stream;
use futures::stream::unfold;
use http::header::{CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Response};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use platform::auth::Caller;
use platform::db::{Db, StoredReport};
use platform::http::{Answer, Nothing, Params, Problem, known_tag, not_modified, parse_id, set_tag, tag_of};
use platform::objects::{MissingObject, ObjectReader, Store};

/// What entity tags of reports begin with.
const REPORT: &str = "sha256";

/// Characters of a name that stand for themselves (RFC 8187, section 3.2.1).
const NAME: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// `GET …/report`: the bytes that were uploaded, without the compression of the way. 404 where they are no longer kept.
pub(crate) async fn answer(caller: Caller, Path(id): Path<String>, _: Params<Nothing>, headers: HeaderMap) -> Answer {
    let id = parse_id(&id)?;
    let StoredReport { object_key, size_bytes, sha256, file_name } = Db::open().await?.stored_report(caller, id).await?;
    let tag = tag_of(REPORT, &sha256);
    if known_tag(&headers, REPORT).is_some_and(|known| known == sha256) {
        return Ok(not_modified(&tag));
    }
    let store = Store::open().await.map_err(Problem::internal)?;
    let reader = store.read(&object_key, 0..size_bytes).await.map_err(away)?;
    let mut response = Response::new(Body::from_stream(pieces(reader, size_bytes)));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
    headers.insert(CONTENT_LENGTH, HeaderValue::from(size_bytes));
    // Nothing that a browser would show by itself: reports are whatever somebody has sent.
    let disposition = format!("attachment; filename*=UTF-8''{}", utf8_percent_encode(&file_name, NAME));
    headers.extend(HeaderValue::try_from(disposition).map(|value| (CONTENT_DISPOSITION, value)));
    set_tag(&mut response, &tag);
    Ok(response)
}

/// The object, piece by piece. One that ends before its time breaks the answer off: whoever reads it must not take a part for the whole.
fn pieces(reader: ObjectReader, size: u64) -> impl Stream<Item = Result<Bytes, std::io::Error>> + Send {
    unfold((reader, size), |(mut reader, left)| async move {
        if left == 0 {
            return None;
        }
        match reader.next().await {
            Ok(Some(mut piece)) => {
                piece.truncate(usize::try_from(left).unwrap_or(usize::MAX));
                let left = left - piece.len() as u64;
                Some((Ok(piece), (reader, left)))
            }
            Ok(None) => Some((Err(std::io::Error::other("the object ended before its time")), (reader, 0))),
            Err(error) => Some((Err(std::io::Error::other(format!("{error:#}"))), (reader, 0))),
        }
    })
}

fn away(error: anyhow::Error) -> Problem {
    if error.is::<MissingObject>() {
        Problem::not_found("what was uploaded is no longer kept")
    } else {
        Problem::unavailable("the object store", error)
    }
}
