//! The laws of readers of rows as functions of any bytes: no panic, cut anywhere, suspend anywhere, steps in proportion, places within their limit. A broken
//! law is a panic.
//!
//! For the fuzz targets in `fuzz` at the repository's root. What they found is kept in `fuzz/found`, and read by the tests below.

use laws::{Cuts, Seen, is_bounded, obeys};
use tokens::{ReadErrorKind, TakesBytes as _};

use crate::mapping::{Format, Input};
use crate::read::{Hints, Reader, RowStep, Rows as _};
use crate::{Preview, PreviewStep, clean_names, limits};

/// A row: where it begins, and its cells by the names of their columns, or why it is none.
type Item = (u64, u64, Vec<String>);
type Rows = Seen<Item, (ReadErrorKind, String)>;

/// Formats of which a file may be said to be. Of one that is read from its directory on, most bytes are none.
const FORMATS: [Format; 6] = [Format::Csv, Format::Tsv, Format::Jsonl, Format::Json, Format::Xlsx, Format::Parquet];

/// Reads a file as each format, and as what it seems to be.
pub fn rows(bytes: &[u8]) {
    rows_of(bytes, &Input::default());
    for format in FORMATS {
        rows_of(bytes, &Input { format: Some(format), ..Input::default() });
    }
    // Where records are further in.
    rows_of(bytes, &Input { format: Some(Format::Json), records: Some("/a".to_owned()), ..Input::default() });
    rows_of(bytes, &Input { format: Some(Format::Csv), header_row: Some(2), skip_rows: Some(1), ..Input::default() });
}

fn rows_of(bytes: &[u8], input: &Input) {
    let hints = Hints { name: "", input: Some(input), size: bytes.len() as u64 };
    if open(bytes, hints).is_none() {
        return;
    }
    obeys(bytes, |cuts, suspends| read(bytes, hints, cuts, suspends));
    if matches!(input.format, Some(Format::Csv | Format::Tsv | Format::Jsonl | Format::Json)) {
        is_bounded(bytes, steps(bytes, hints));
    }
    preview(bytes, hints);
}

fn open(bytes: &[u8], hints: Hints<'_>) -> Option<Reader> {
    let start = bytes.get(..limits::START).unwrap_or(bytes);
    Reader::open(start, start.len() == bytes.len(), hints).ok()
}

fn feed(reader: &mut Reader, piece: &[u8]) {
    match piece {
        [] => reader.end_of_input(),
        piece => reader.feed(piece),
    }
}

fn read(bytes: &[u8], hints: Hints<'_>, mut cuts: Cuts, suspends: bool) -> Rows {
    let mut seen = Rows::default();
    let Some(mut reader) = open(bytes, hints) else { return seen };
    loop {
        match reader.next() {
            Ok(RowStep::Row) => seen.items.push(row(&reader)),
            Ok(RowStep::Bad { code, .. }) => seen.items.push((reader.offset(), reader.line(), vec![code.to_owned()])),
            Ok(RowStep::Working) => continue,
            Ok(RowStep::NeedInput) => {
                let position = reader.position();
                feed(&mut reader, cuts.piece(bytes, position));
                continue;
            }
            Ok(RowStep::End) => return seen,
            Err(error) => {
                seen.error = Some((error.kind, error.message));
                return seen;
            }
        }
        assert!(reader.raw().len() <= limits::RAW, "a long excerpt");
        if suspends {
            let place = reader.checkpoint();
            assert!(place.len() <= limits::CHECKPOINT, "a place of {} bytes", place.len());
            reader = Reader::resume(&place, hints).expect("a place that it gave");
        }
    }
}

fn row(reader: &Reader) -> Item {
    let (names, mut cells) = (reader.names(), Vec::new());
    reader.cells(|column, cell| cells.push(format!("{}: {cell:?}", names[column])));
    // Where records name their fields, a reader that was resumed counts columns anew.
    cells.sort();
    (reader.offset(), reader.line(), cells)
}

/// The steps of a reader that is fed all at once.
fn steps(bytes: &[u8], hints: Hints<'_>) -> u64 {
    let Some(mut reader) = open(bytes, hints) else { return 0 };
    loop {
        match reader.next() {
            Ok(RowStep::NeedInput) => {
                let position = reader.position();
                feed(&mut reader, Cuts::none().piece(bytes, position));
            }
            Ok(RowStep::End) | Err(_) => return reader.work(),
            Ok(_) => {}
        }
    }
}

/// What would come of a file is a mapping that can be used, for a dataset that can be made.
fn preview(bytes: &[u8], hints: Hints<'_>) {
    let Some(reader) = open(bytes, hints) else { return };
    let (mut preview, mut cuts) = (Preview::new(reader), Cuts::none());
    loop {
        match preview.look() {
            Ok(PreviewStep::Bytes(at)) => preview.feed(cuts.piece(bytes, at)),
            Ok(PreviewStep::Enough) => break,
            Err(_) => return,
        }
    }
    let previewed = preview.finish(Input::default());
    let names: Vec<String> = previewed.dataset_columns.into_iter().map(|column| column.name).collect();
    assert_eq!(clean_names(&names), names, "names that no dataset can have");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_found_obeys() {
        laws::found("rows", rows);
    }

    #[test]
    fn endless_files_obey() {
        const LENGTH: usize = 3000;
        for head in laws::HEADS {
            for unit in laws::ENDLESS {
                rows(&laws::endless(head.as_bytes(), unit, LENGTH));
            }
        }
    }

    #[test]
    fn changed_files_obey() {
        const ALPHABET: &[u8] = b"a1,;\t|\"'\\\r\n{}[]: \0\xff.-e";
        let files = [
            "a,b\n1,\"x\ny\"\n3,4\n",
            "{\"a\":1,\"b\":[1,{}]}\n{\"a\":\"\\u00e9\"}\n",
            "[{\"a\":null},7]",
            "{\"a\":[{\"b\":1},{\"b\":2}]}",
        ];
        let mut sequence = laws::Sequence(7);
        for file in files.iter().cycle().take(400) {
            let mut bytes = file.as_bytes().to_vec();
            for _ in 0..=sequence.below(3) {
                let at = sequence.below(bytes.len());
                bytes[at] = ALPHABET[sequence.below(ALPHABET.len())];
            }
            rows(&bytes);
        }
    }
}
