//! What is known of the bytes ahead: where no tag, comment or declaration ends.
//!
//! A `<` whose end is not found is text, and so may be the next one. To look for the end of each anew takes minutes in a page of nothing else, so
//! whoever looked tells it here, and the next search goes on where it stopped.

use memchr::memmem::find;
use memchr::{memchr, memchr2_iter, memchr3};

const COMMENT_END: &[u8] = b"-->";

/// What was found out about the bytes behind the start of the rest.
#[derive(Debug)]
pub(super) struct Unclosed {
    /// Bytes in which no `-->` begins, and those in which there is no `>`.
    comment: usize,
    declaration: usize,
    tags: [Tags; 3],
}

/// The tags that begin where the same quotes are closed: all of them end at the same `>`.
///
/// Three of these are all there are. A quote opens what is closed and closes what it opened, so that tags that differ in their quotes at one byte differ
/// at every later one, and a tag can be outside of quotes, within double or within single ones.
#[derive(Clone, Copy, Debug)]
struct Tags {
    /// The quote that is open at the start of the rest.
    here: Option<u8>,
    /// Bytes in which none of them ends, and the quote that is open behind these.
    searched: usize,
    there: Option<u8>,
}

impl Default for Unclosed {
    fn default() -> Self {
        let tags = |here| Tags { here, searched: 0, there: here };
        Self { comment: 0, declaration: 0, tags: [tags(None), tags(Some(b'"')), tags(Some(b'\''))] }
    }
}

impl Unclosed {
    /// Goes over bytes: the rest begins behind them.
    pub(super) fn pass(&mut self, bytes: &[u8]) {
        self.comment = self.comment.saturating_sub(bytes.len());
        self.declaration = self.declaration.saturating_sub(bytes.len());
        if self.tags.iter().all(|tags| tags.searched <= bytes.len()) {
            *self = Self { comment: self.comment, declaration: self.declaration, ..Self::default() };
            return;
        }
        for at in memchr2_iter(b'"', b'\'', bytes) {
            self.tags.iter_mut().for_each(|tags| tags.here = beyond(tags.here, bytes[at]));
        }
        for tags in &mut self.tags {
            tags.searched = tags.searched.saturating_sub(bytes.len());
            if tags.searched == 0 {
                tags.there = tags.here;
            }
        }
    }

    /// Where the `-->` begins of a comment whose text begins at `from`, and how many bytes were looked at.
    pub(super) fn comment_end(&mut self, rest: &[u8], from: usize) -> (Option<usize>, usize) {
        let from = from.max(self.comment);
        let bytes = rest.get(from..).unwrap_or_default();
        let found = find(bytes, COMMENT_END).map(|at| from + at);
        // What may be the start of it is looked at again.
        self.comment = found.unwrap_or_else(|| rest.len().saturating_sub(COMMENT_END.len() - 1)).max(self.comment);
        (found, found.map_or(bytes.len(), |at| at - from + COMMENT_END.len()))
    }

    /// Where the `>` of a declaration is, and how many bytes were looked at.
    pub(super) fn declaration_end(&mut self, rest: &[u8]) -> (Option<usize>, usize) {
        let from = self.declaration.min(rest.len());
        let found = memchr(b'>', &rest[from..]).map(|at| from + at);
        self.declaration = found.unwrap_or(rest.len()).max(self.declaration);
        (found, found.unwrap_or(rest.len()) - from)
    }

    /// Where the `>` of the tag is that begins the rest, which is not within quotes, and how many bytes were looked at.
    pub(super) fn tag_end(&mut self, rest: &[u8]) -> (Option<usize>, usize) {
        // One of the three is outside of quotes, always.
        let Some(tags) = self.tags.iter_mut().find(|tags| tags.here.is_none()) else { return (None, 0) };
        let from = tags.searched.min(rest.len());
        let mut at = from;
        while let Some(next) = next_mark(tags.there, &rest[at..]) {
            at += next;
            if tags.there.is_none() && rest[at] == b'>' {
                (tags.searched, tags.there) = (at, None);
                return (Some(at), at - from);
            }
            tags.there = beyond(tags.there, rest[at]);
            at += 1;
        }
        tags.searched = rest.len().max(tags.searched);
        (None, rest.len() - from)
    }
}

/// The quote that is open behind a byte.
fn beyond(open: Option<u8>, byte: u8) -> Option<u8> {
    match (open, byte) {
        (None, b'"' | b'\'') => Some(byte),
        (Some(quote), _) if quote == byte => None,
        _ => open,
    }
}

/// The next byte that means something in a tag.
fn next_mark(open: Option<u8>, bytes: &[u8]) -> Option<usize> {
    open.map_or_else(|| memchr3(b'"', b'\'', b'>', bytes), |quote| memchr(quote, bytes))
}

#[cfg(test)]
mod tests {
    use laws::Sequence;

    use super::*;

    /// Where the tag ends, found without knowing anything.
    fn plain_end(tag: &[u8]) -> Option<usize> {
        let mut open = None;
        tag.iter().position(|byte| {
            let ends = open.is_none() && *byte == b'>';
            open = beyond(open, *byte);
            ends
        })
    }

    #[test]
    fn what_is_known_changes_no_end_however_bytes_come() {
        for seed in 0..2_000 {
            let mut sequence = Sequence(seed);
            let page: Vec<u8> = (0..60).map(|_| b"<<<\"'>-!xx"[sequence.below(10)]).collect();
            let (mut unclosed, mut at, mut fed) = (Unclosed::default(), 0, 0);
            while at < page.len() {
                fed = page.len().min(fed.max(at + 1) + sequence.below(20));
                let rest = &page[at..fed];
                if rest[0] == b'<' {
                    assert_eq!(unclosed.tag_end(rest).0, plain_end(rest), "{page:?} from {at} to {fed}");
                    assert_eq!(unclosed.declaration_end(rest).0, memchr(b'>', rest));
                    let comment = rest.get(4..).and_then(|text| find(text, COMMENT_END)).map(|end| end + 4);
                    assert_eq!(unclosed.comment_end(rest, 4).0, comment);
                }
                let taken = 1 + sequence.below(rest.len());
                unclosed.pass(&page[at..at + taken]);
                at += taken;
            }
        }
    }

    #[test]
    fn no_byte_is_looked_at_for_each_start() {
        for unit in ["<a", "<a \"", "<a '", "<a \"'", "<!", "<!--", "<?", "<a '\"\"'\"'"] {
            let page = unit.repeat(10_000).into_bytes();
            let (mut unclosed, mut looked) = (Unclosed::default(), 0);
            for at in (0..page.len()).step_by(unit.len()) {
                looked +=
                    unclosed.tag_end(&page[at..]).1 + unclosed.comment_end(&page[at..], 4).1 + unclosed.declaration_end(&page[at..]).1;
                unclosed.pass(&page[at..at + unit.len()]);
            }
            assert!(looked < 10 * page.len(), "{unit}: {looked} of {}", page.len());
        }
    }
}
