//! Rows that were rejected, mapped again.

use serde::{Deserialize, Serialize};

use crate::mapping::{Column, Fields, Mapped, Mapper, Mapping, MappingError, Problem};
use crate::read::{RowStep, Rows as _, json};
use crate::{Batch, Columns};

/// A row that was rejected, as it was kept.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct RejectedRow {
    /// The number of its error.
    pub id: i64,
    /// Where it begins in what was uploaded, in bytes.
    pub offset: u64,
    /// The line in which it begins.
    pub line: u64,
    /// Its [fields](crate::mapping::Problem::record).
    pub record: String,
}

/// What became of one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Outcome {
    /// The number of its error.
    pub id: i64,
    /// Rows of it that a condition does not let pass.
    pub filtered: u64,
    /// Values of it that do not fit, and are kept beside it.
    pub rescued: u64,
    /// Why it is rejected again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// The column which that is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<String>,
}

/// What came of rows that were mapped again.
#[derive(Debug)]
pub struct Again {
    /// Rows of the dataset.
    pub rows: Batch,
    /// Of which error each of them is.
    pub ids: Vec<i64>,
    /// What became of each that was rejected.
    pub outcomes: Vec<Outcome>,
}

impl Again {
    /// Maps rows of a file with such fields, as a mapping says (none: each column from the field of its name), for a dataset with these columns.
    pub fn map(mapping: Option<&Mapping>, columns: &[Column], fields: Fields, rejected: &[RejectedRow]) -> Result<Self, MappingError> {
        let mut mapper = Mapper::of(mapping, columns, fields)?;
        let mut rows = Columns::new(columns.iter().map(|column| column.kind));
        let (mut ids, mut outcomes) = (Vec::new(), Vec::with_capacity(rejected.len()));
        for row in rejected {
            // Each has names of its own.
            mapper.restart();
            outcomes.push(outcome(&mut mapper, row, &mut rows));
            ids.resize(rows.len(), row.id);
        }
        Ok(Self { rows: rows.take(), ids, outcomes })
    }
}

fn outcome(mapper: &mut Mapper, row: &RejectedRow, rows: &mut Columns) -> Outcome {
    let mut reader = json::Reader::of_record(row.record.as_bytes(), row.offset, row.line);
    let Ok(RowStep::Row) = reader.next() else {
        let message = Some("what was kept of the row cannot be read".to_owned());
        return Outcome { id: row.id, message, ..Outcome::default() };
    };
    let became = mapper.map(&reader, rows);
    let counts = mapper.take_counts();
    match became {
        Mapped::Stored(_) | Mapped::Filtered => {
            Outcome { id: row.id, filtered: counts.filtered, rescued: counts.rescued_values, ..Outcome::default() }
        }
        Mapped::Rejected(Problem { message, column, .. }) | Mapped::Fail(Problem { message, column, .. }) => {
            Outcome { id: row.id, message: Some(message), column, ..Outcome::default() }
        }
    }
}

#[cfg(test)]
mod tests {
    use tokens::TakesBytes as _;

    use super::*;
    use crate::read::{Hints, Reader};

    const FILE: &str = "id,amount,note\n1,\"10,50\",\"a \"\"b\"\"\"\nx,2,\n3,4.5\n";

    fn columns() -> Vec<Column> {
        serde_json::from_str(
            r#"[{"name": "id", "type": "bigint"}, {"name": "amount", "type": "numeric"}, {"name": "note", "type": "text"}]"#,
        )
        .expect("columns")
    }

    fn mapping(document: &str) -> Mapping {
        Mapping::parse(document).expect(document)
    }

    /// The rows of the file that a mapping rejects.
    fn rejected(mapping: &Mapping) -> Vec<RejectedRow> {
        let mut reader = Reader::open(FILE.as_bytes(), true, Hints { name: "a.csv", input: None, size: FILE.len() as u64 }).expect("CSV");
        let mut mapper = Mapper::new(mapping, &columns(), Fields::Texts).expect("a mapping").starting_at(1000);
        let mut to = Columns::new(columns().iter().map(|column| column.kind));
        let mut rejected = Vec::new();
        let mut ids = 7..;
        reader.feed(FILE.as_bytes());
        reader.end_of_input();
        while matches!(reader.next(), Ok(RowStep::Row)) {
            if let Mapped::Rejected(Problem { offset, line, record, .. }) = mapper.map(&reader, &mut to) {
                rejected.push(RejectedRow {
                    id: ids.next().expect("a number"),
                    offset: 1000 + offset,
                    line,
                    record: record.expect("a record"),
                });
            }
        }
        rejected
    }

    const STRICT: &str = r#"{"version": 1, "type_errors": "reject", "columns": [{"to": "id", "from": "id"}, {"to": "amount", "from": "amount"}, {"to": "note", "from": "note"}]}"#;
    const LENIENT: &str = r#"{"version": 1, "type_errors": "reject", "columns": [{"to": "id", "from": "id"}, {"to": "amount", "from": "amount", "steps": [{"replace": {"from": ",", "to": "."}}]}, {"to": "note", "from": "note"}]}"#;

    #[test]
    fn a_mended_mapping_takes_what_another_rejected_as_if_it_were_the_file_again() {
        let rejected = rejected(&mapping(STRICT));
        assert_eq!(rejected.iter().map(|row| (row.line, row.offset)).collect::<Vec<_>>(), [(2, 1015), (3, 1035)]);
        let again = Again::map(Some(&mapping(LENIENT)), &columns(), Fields::Texts, &rejected).expect("it maps");
        assert_eq!(again.rows.columns, ["{1}", "{10.50}", r#"{"a \"b\""}"#]);
        assert_eq!((again.rows.offsets, again.ids), (vec![1015], vec![7]));
        let [stored, refused] = again.outcomes.as_slice() else { panic!("{:?}", again.outcomes) };
        assert_eq!(*stored, Outcome { id: 7, ..Outcome::default() });
        assert_eq!((refused.id, refused.column.as_deref()), (8, Some("id")));
        assert!(refused.message.is_some());
    }

    #[test]
    fn what_a_condition_does_not_let_pass_is_filtered() {
        let document = LENIENT.replace("\"columns\"", "\"where\": [{\"column\": \"id\", \"not_in\": [1]}], \"columns\"");
        let again = Again::map(Some(&mapping(&document)), &columns(), Fields::Texts, &rejected(&mapping(STRICT))).expect("it maps");
        assert_eq!(again.outcomes.first(), Some(&Outcome { id: 7, filtered: 1, ..Outcome::default() }));
        assert!(again.ids.is_empty());
    }

    #[test]
    fn what_is_no_record_is_no_row() {
        let broken = RejectedRow { id: 1, offset: 0, line: 1, record: "{".to_owned() };
        let again = Again::map(None, &columns(), Fields::Typed, &[broken]).expect("it maps");
        assert!(again.outcomes.iter().all(|outcome| outcome.message.is_some()) && again.rows.offsets.is_empty());
    }
}
