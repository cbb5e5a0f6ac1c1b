//! What a reader sees of a file, however it is served: for the tests of all readers.

use laws::Cuts;

use tokens::TakesBytes;

use super::{RowStep, Rows};
use crate::Cell;
use crate::read::csv;

/// Rows as texts, and the error at which reading ended.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Seen {
    pub(crate) rows: Vec<String>,
    pub(crate) error: Option<String>,
}

/// Reads a file whole, in pieces, and suspended after every row: all have to see the same.
pub(crate) fn read<R: Rows>(file: &[u8], new: impl Fn() -> R, resume: impl Fn(&[u8]) -> R) -> Seen {
    laws::obeys(file, |cuts, suspends| seen(file, new(), &resume, cuts, suspends));
    seen(file, new(), &resume, Cuts::none(), false)
}

fn seen<R: Rows>(file: &[u8], mut reader: R, resume: &impl Fn(&[u8]) -> R, mut cuts: Cuts, suspends: bool) -> Seen {
    let mut seen = Seen::default();
    loop {
        match reader.next() {
            Ok(RowStep::Row) => seen.rows.push(row(&reader)),
            Ok(RowStep::Bad { code, .. }) => seen.rows.push(format!("{}:{} {code}", reader.offset(), reader.line())),
            Ok(RowStep::Working) => continue,
            Ok(RowStep::NeedInput) => {
                match cuts.piece(file, reader.position()) {
                    [] => reader.end_of_input(),
                    piece => reader.feed(piece),
                }
                continue;
            }
            Ok(RowStep::End) => return seen,
            Err(error) => {
                seen.error = Some(error.message);
                return seen;
            }
        }
        if suspends {
            let checkpoint = reader.checkpoint();
            assert!(checkpoint.len() <= crate::limits::CHECKPOINT);
            reader = resume(&checkpoint);
        }
    }
}

/// A row as a text, with its cells in the order of their columns.
pub(crate) fn row<R: Rows>(reader: &R) -> String {
    let mut cells = Vec::new();
    reader.cells(|index, cell| {
        let cell = match cell {
            Cell::Text(text) | Cell::Number(text) | Cell::Json(text) => text.to_owned(),
            other => format!("{other:?}"),
        };
        cells.push(format!(" {}={cell}", reader.names()[index]));
    });
    format!("{}:{}{}", reader.offset(), reader.line(), cells.concat())
}

/// Reads a table in segments, each up to the next cut.
pub(crate) fn read_cut(file: &[u8], mut reader: csv::Reader, spacing: u64) -> Seen {
    let mut all = Seen::default();
    let mut first = None;
    while first.is_none() {
        match reader.next().expect("a table") {
            RowStep::NeedInput => reader.feed(&file[usize::try_from(reader.position()).expect("small")..]),
            RowStep::Row => first = Some(reader.checkpoint()),
            _ => return all,
        }
    }
    let mut cutter = reader.cutter(spacing).expect("it can be cut");
    all.rows.push(row(&reader));
    let mut cuts = cutter.feed(&file[usize::try_from(cutter.position()).expect("small")..]);
    cuts.insert(0, super::Cut { offset: 0, checkpoint: first.expect("a row") });
    for (index, cut) in cuts.iter().enumerate() {
        let end = cuts.get(index + 1).map_or(file.len(), |next| usize::try_from(next.offset).expect("small"));
        let part =
            seen(&file[..end], csv::Reader::resume(&cut.checkpoint).expect("a checkpoint"), &|_| unreachable!(), Cuts::none(), false);
        assert_eq!(part.error, None);
        all.rows.extend(part.rows);
    }
    all
}
