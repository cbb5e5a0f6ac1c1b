//! Cursors: where the next page of a list begins, as its readers keep it. The API makes them, and what measures late pages.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};

/// The parameters of every list: where its page begins, how long it is, and how it is written.
pub const PAGE_NAMES: [&str; 3] = ["cursor", "limit", "format"];

/// Bytes of a cursor's check sum.
const CHECK: usize = 6;

/// Which list it is, with its filters, by its path and query: cursors are of one list only.
pub fn scope(path: &str, query: &str) -> String {
    let is_filter = |(name, _): &(_, _)| !PAGE_NAMES.contains(&std::borrow::Cow::as_ref(name));
    let mut filters: Vec<_> = form_urlencoded::parse(query.as_bytes()).filter(is_filter).collect();
    filters.sort();
    format!("{path}?{}", form_urlencoded::Serializer::new(String::new()).extend_pairs(filters).finish())
}

/// The cursor of a place in the list of this scope, for a query: the place is what the database calls it.
pub fn encode(scope: &str, place: &str) -> String {
    BASE64_URL_SAFE_NO_PAD.encode([&check(scope, place), place.as_bytes()].concat())
}

/// The place of a cursor; none where it is not of the list of this scope, or not whole.
pub fn decode(scope: &str, cursor: &str) -> Option<String> {
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(cursor).ok()?;
    let (given, place) = bytes.split_first_chunk::<CHECK>()?;
    let place = std::str::from_utf8(place).ok()?;
    (*given == check(scope, place)).then(|| place.to_owned())
}

/// What shows that a cursor is of this list, and whole. It keeps nothing secret: whoever makes one up gets a page of what is theirs.
fn check(scope: &str, place: &str) -> [u8; CHECK] {
    let hash: [u8; 32] = Sha256::new().chain_update(scope).chain_update([0]).chain_update(place).finalize().into();
    std::array::from_fn(|index| hash[index])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_of_one_list_and_its_filters_in_any_order() {
        let ours = scope("/a", "severity=low&limit=3&state=open");
        assert_eq!(ours, scope("/a", "cursor=x&state=open&severity=low"));
        let cursor = encode(&ours, "low 7");
        assert_eq!(decode(&ours, &cursor).as_deref(), Some("low 7"));
        for other in [scope("/b", "severity=low&state=open"), scope("/a", "state=open"), scope("/a", "")] {
            assert_eq!(decode(&other, &cursor), None, "{other}");
        }
    }

    #[test]
    fn what_is_no_cursor_has_no_place() {
        let ours = scope("/a", "");
        for cursor in ["", "A", "AAAAAAAA", "not base64", "ä", "_____w", "AAAAAAAA_w"] {
            assert_eq!(decode(&ours, cursor), None, "{cursor}");
        }
    }
}
