//! The files of rows that are imported, and the datasets that they are for: the same ones in every round.

use std::fmt::Write as _;

use anyhow::Result;
use generate::{TABLE_COLUMNS, TableFormat, TableSize};
use serde_json::{Value, json};

use crate::reports::{Report, zip};

/// Rows of the files: most have more bytes than a segment, and are cut into several.
const ORDERS: u64 = 9_000;
const EVENTS: u64 = 5_000;
const STOCK: u64 = 5_000;
const SHELVES: u64 = 1_500;
const STATES: u64 = 5_000;
const OLD_PRICES: u64 = 5_500;
const NEW_PRICES: u64 = 8_500;
const SALES: u64 = 3_000;

/// Of so many rows one has no value for what is required.
const WITHOUT_ID: u64 = 900;
/// Of so many one is not even a row.
const BROKEN: u64 = 1_100;
/// Of so many one has a value that is none of its column's type.
const RESCUED: u64 = 97;
/// Of so many one has a value that the database refuses.
const REFUSED: u64 = 1_300;
/// Of so many one has the key of an earlier one.
const REPEATED: u64 = 10;
/// A note that is longer than a segment, in lines.
const LINES_OF_LONG_NOTE: usize = 20_000;

/// The dataset that is replaced, its two files, and the columns by which a reader tells whose row it sees.
pub(super) const REPLACED: &str = "prices";
pub(super) const OLD: &str = "prices-old.csv";
pub(super) const NEW: &str = "prices-new.json";
pub(super) const OLD_EDITION: u64 = 3;
const NEW_EDITION: u64 = 4;

/// What all rows of a file have in them, by which they are told from a part of them, and from others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Sum {
    pub(super) rows: usize,
    pub(super) ids: u64,
}

/// What the rows of [`OLD`] and of [`NEW`] that can be stored come to.
pub(super) fn sums() -> [Sum; 2] {
    let sum = |rows: u64, edition, is_stored: fn(&Row) -> bool| {
        let ids = (0..rows).map(|n| Row::of(n, rows, edition)).filter(is_stored).filter_map(|row| row.id());
        ids.fold(Sum::default(), |sum, id| Sum { rows: sum.rows + 1, ids: sum.ids + id })
    };
    [sum(OLD_PRICES, OLD_EDITION, |_| true), sum(NEW_PRICES, NEW_EDITION, |row| !row.is_broken())]
}

/// Where the rows of a file go.
#[derive(Clone, Copy, Debug)]
pub(super) struct Destination {
    pub(super) dataset: &'static str,
    /// The file of the same workspace whose import has to be completed before this one is sent.
    pub(super) after: Option<&'static str>,
}

/// What a dataset is to be, as the API takes it.
pub(super) fn document(name: &str) -> Value {
    let columns = json!([
        {"name": "id", "type": "bigint", "required": true}, {"name": "edition", "type": "bigint"}, {"name": "at", "type": "timestamptz"},
        {"name": "region", "type": "text"}, {"name": "amount", "type": "numeric"}, {"name": "note", "type": "text"},
        {"name": "tags", "type": "jsonb"},
    ]);
    let columns = if name == "sales" { columns_of_sales() } else { columns };
    let mut document = match name {
        "orders" => json!({"partition": {"by": "month", "column": "at"}, "indexes": [{"columns": ["at"], "kind": "brin"}]}),
        "events" => json!({"partition": {"by": "arrival"}}),
        "stock" => json!({"write": "merge", "key": ["id"], "partition": {"by": "hash", "partitions": 4}}),
        REPLACED => json!({"write": "replace", "partition": {"by": "month", "column": "at"}, "indexes": [{"columns": ["id"]}]}),
        _ => json!({"write": "merge", "key": ["id"]}),
    };
    document["name"] = name.into();
    document["columns"] = columns;
    document
}

/// Of orders, those that are not shipped yet cannot be used.
fn columns_of_sales() -> Value {
    TABLE_COLUMNS.iter().map(|(name, of)| json!({"name": name, "type": of, "required": *name == "shipped_at"})).collect()
}

/// The files of two workspaces: of one where files add to what is there, and of one where they take its place.
pub(super) fn of_all_workspaces() -> Result<[Vec<Report>; 2]> {
    let file = |file_name: &str, dataset, after, bytes: Vec<u8>| Report {
        file_name: file_name.to_owned(),
        bytes: bytes.into(),
        destination: Some(Destination { dataset, after }),
    };
    let entries = [("shelves-1.csv", csv(SHELVES, 1)), ("shelves-2.csv", csv(SHELVES / 2, 2))];
    let added = vec![
        file("stock-first.csv", "stock", None, csv(STOCK, 1)),
        file("orders.csv", "orders", None, with_long_note(csv(ORDERS, 1))),
        // At the same time as the first one: its rows stay, whichever of the two comes to its end first.
        file("stock-second.csv", "stock", None, csv(STOCK, 2)),
        file("events.jsonl", "events", None, json_lines(EVENTS, 1)),
        file("shelves.zip", "shelves", None, zip(&entries)?),
    ];
    let replaced = vec![
        file(OLD, REPLACED, None, csv(OLD_PRICES, OLD_EDITION)),
        file("states-first.jsonl", "states", None, json_lines(STATES, 1)),
        file("sales.parquet", "sales", None, sales(TableFormat::ParquetZstd, 0)?),
        file("sales.xlsx", "sales", None, sales(TableFormat::Xlsx, 2)?),
        file(NEW, REPLACED, Some(OLD), json_array(NEW_PRICES, NEW_EDITION)),
        file("states-second.jsonl", "states", Some("states-first.jsonl"), json_lines(STATES, 2)),
    ];
    Ok([added, replaced])
}

/// Orders of a shop, of which so many are others in another file.
fn sales(format: TableFormat, changed: u64) -> Result<Vec<u8>> {
    let mut file = Vec::new();
    format.write(TableSize { rows: SALES, first: 1, seed: 1, changed }, &mut file)?;
    Ok(file)
}

/// A row of a file.
struct Row {
    n: u64,
    /// Unlike that of the same row in another edition of the file, but for every second row of the first two.
    edition: u64,
    total: u64,
}

impl Row {
    fn of(n: u64, total: u64, edition: u64) -> Self {
        Self { n, edition: if edition == 2 && n.is_multiple_of(2) { 1 } else { edition }, total }
    }

    fn is_broken(&self) -> bool {
        self.n % BROKEN == BROKEN / 2
    }

    /// None where there is none.
    fn id(&self) -> Option<u64> {
        let id = if self.n % REPEATED == REPEATED - 1 { self.n / 2 } else { self.n };
        (self.n % WITHOUT_ID != WITHOUT_ID / 2).then_some(id)
    }

    /// Most rows are in the order of their months, which come one after the other; some are not.
    fn at(&self) -> String {
        let place = if self.n.is_multiple_of(50) { self.n * 7 % self.total } else { self.n };
        let (month, day, second) = (1 + place * 12 / self.total, 1 + self.n % 28, self.n % 60);
        format!("2026-{month:02}-{day:02}T12:30:{second:02}Z")
    }

    fn amount(&self) -> String {
        if self.n % RESCUED == RESCUED / 2 { format!("{} or so", self.n) } else { format!("{}.{:02}", self.n * self.edition, self.n % 100) }
    }

    fn note(&self) -> String {
        format!("edition {} of \"row\" {},\nwith a second line, and so on", self.edition, self.n)
    }

    fn tags(&self, refused: bool) -> Value {
        let text = if refused && self.n % REFUSED == REFUSED / 2 { "\0" } else { "a" };
        json!({"n": self.n, "text": text, "list": [self.edition, null]})
    }

    fn json(&self, refused: bool) -> Value {
        json!({"id": self.id(), "edition": self.edition, "at": self.at(), "region": self.region(), "amount": self.amount(), "note": self.note(),
            "tags": self.tags(refused)})
    }

    fn region(&self) -> &'static str {
        ["north", "south", "Øst", ""][usize::try_from(self.n % 4).unwrap_or_default()]
    }

    fn csv(&self) -> String {
        let (id, quoted) = (self.id().map_or_else(String::new, |id| id.to_string()), |text: String| text.replace('"', "\"\""));
        let (note, tags) = (quoted(self.note()), quoted(self.tags(false).to_string()));
        format!("{id},{},{},{},{},\"{note}\",\"{tags}\"", self.edition, self.at(), self.region(), self.amount())
    }
}

fn csv(rows: u64, edition: u64) -> Vec<u8> {
    let mut file = String::from("id,edition,at,region,amount,note,tags\r\n");
    for row in (0..rows).map(|n| Row::of(n, rows, edition)) {
        // One field too many.
        let _ = write!(file, "{}{}\r\n", row.csv(), if row.is_broken() { ",surplus" } else { "" });
    }
    file.into_bytes()
}

fn json_lines(rows: u64, edition: u64) -> Vec<u8> {
    let mut file = String::new();
    for row in (0..rows).map(|n| Row::of(n, rows, edition)) {
        let _ = if row.is_broken() { writeln!(file, "{{\"id\": {}, \"edition\": }}", row.n) } else { writeln!(file, "{}", row.json(true)) };
    }
    file.into_bytes()
}

fn json_array(rows: u64, edition: u64) -> Vec<u8> {
    let rows: Vec<_> = (0..rows).map(|n| Row::of(n, rows, edition)).collect();
    let records = rows.iter().map(|row| if row.is_broken() { json!("no object") } else { row.json(false) });
    format!("[{}]", records.map(|record| record.to_string()).collect::<Vec<_>>().join(",\n")).into_bytes()
}

/// A row in the middle, between the lines of whose note a cut would be wrong.
fn with_long_note(mut file: Vec<u8>) -> Vec<u8> {
    let middle = file.len() / 2;
    let end = file[middle..].windows(2).position(|bytes| bytes == b"\r\n").map_or(file.len(), |end| middle + end + 2);
    let note = "1,2,2026-01-01,x,3,and so on\r\n".repeat(LINES_OF_LONG_NOTE);
    let row = format!("1000000,1,2026-06-15T00:00:00Z,long,1.5,\"{note}\",{{}}\r\n");
    file.splice(end..end, row.into_bytes());
    file
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn half_of_the_rows_of_a_later_file_are_those_of_the_first() {
        let text = |edition| String::from_utf8(csv(100, edition)).unwrap_or_default();
        let (first, second) = (text(1), text(2));
        let first: HashSet<_> = first.split("\r\n").collect();
        assert_eq!(second.split("\r\n").filter(|row| !row.is_empty() && !first.contains(row)).count(), 50);
    }

    #[test]
    fn a_file_waits_for_one_that_is_sent_before() -> Result<()> {
        for files in of_all_workspaces()? {
            for (place, file) in files.iter().enumerate() {
                if let Some(after) = file.destination.and_then(|destination| destination.after) {
                    assert!(files[..place].iter().any(|before| before.file_name == after), "{}", file.file_name);
                }
            }
        }
        Ok(())
    }
}
