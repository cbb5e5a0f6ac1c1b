//! What becomes of rows, from a reader that has them ready.

use serde_json::{Value, json};
use tokens::{ReadError, TakesBytes};

use super::*;
use crate::columns::tests::elements;
use crate::read::RowStep;
use crate::{Batch, Type};

/// A reader with rows that are there.
#[derive(Default)]
struct Ready {
    names: Vec<String>,
    row: Vec<(usize, Cell<'static>)>,
    rows: u64,
}

/// Bytes of a row of [`Ready`].
const ROW: u64 = 10;

impl Ready {
    fn go(&mut self, row: &[(&str, Cell<'static>)]) {
        self.rows += 1;
        self.row.clear();
        for (name, cell) in row {
            let index = self.names.iter().position(|known| known == name).unwrap_or_else(|| {
                self.names.push((*name).to_owned());
                self.names.len() - 1
            });
            self.row.push((index, *cell));
        }
    }
}

impl TakesBytes for Ready {
    fn position(&self) -> u64 {
        0
    }

    fn progress(&self) -> u64 {
        0
    }

    fn feed(&mut self, _: &[u8]) {}

    fn end_of_input(&mut self) {}

    fn work(&self) -> u64 {
        0
    }
}

impl Rows for Ready {
    fn next(&mut self) -> Result<RowStep, ReadError> {
        Ok(RowStep::End)
    }

    fn names(&self) -> &[String] {
        &self.names
    }

    fn cells<'a>(&'a self, mut take: impl FnMut(usize, Cell<'a>)) {
        self.row.iter().for_each(|(index, cell)| take(*index, *cell));
    }

    fn offset(&self) -> u64 {
        self.rows * ROW
    }

    fn line(&self) -> u64 {
        self.rows
    }

    fn raw(&self) -> String {
        format!("row {}", self.rows)
    }

    fn checkpoint(&self) -> Vec<u8> {
        Vec::new()
    }
}

/// A mapping in use.
struct Try {
    reader: Ready,
    mapper: Mapper,
    columns: Columns,
}

fn columns(columns: &[(&str, Type)]) -> Vec<Column> {
    columns.iter().map(|(name, kind)| Column { name: (*name).to_owned(), kind: *kind, required: false }).collect()
}

impl Try {
    fn new(mapping: &Value, dataset: &[(&str, Type)]) -> Self {
        Self::of(mapping, dataset, Fields::Texts).expect("a mapping")
    }

    fn of(mapping: &Value, dataset: &[(&str, Type)], fields: Fields) -> Result<Self, MappingError> {
        let mut mapping = mapping.clone();
        mapping["version"] = json!(1);
        let mapper = Mapper::new(&Mapping::parse(&mapping.to_string())?, &columns(dataset), fields)?;
        Ok(Self { reader: Ready::default(), mapper, columns: Columns::new(dataset.iter().map(|(_, kind)| *kind)) })
    }

    fn row(&mut self, row: &[(&str, Cell<'static>)]) -> Mapped {
        self.reader.go(row);
        self.mapper.map(&self.reader, &mut self.columns)
    }

    /// What becomes of a row of texts: `stored 1`, `filtered`, or the code and column of its problem.
    fn texts(&mut self, row: &[(&str, &'static str)]) -> String {
        let row: Vec<_> = row.iter().map(|(name, text)| (*name, Cell::Text(text))).collect();
        told(&self.row(&row))
    }

    fn take(&mut self) -> Taken {
        let batch = self.columns.take();
        let Batch { columns, offsets, rescued } = batch;
        let rescued = if rescued.is_empty() { vec![None; offsets.len()] } else { elements(&rescued) };
        let rescued = rescued.into_iter().map(|json| json.map_or(Value::Null, |json| serde_json::from_str(&json).expect("JSON"))).collect();
        let columns: Vec<_> = columns.iter().map(|column| elements(column)).collect();
        assert!(columns.iter().all(|column| column.len() == offsets.len()), "every column has every row");
        Taken { columns, offsets, rescued }
    }
}

struct Taken {
    columns: Vec<Vec<Option<String>>>,
    offsets: Vec<i64>,
    rescued: Vec<Value>,
}

impl Taken {
    fn column(&self, index: usize) -> Vec<&str> {
        self.columns[index].iter().map(|value| value.as_deref().unwrap_or("(null)")).collect()
    }
}

fn told(mapped: &Mapped) -> String {
    match mapped {
        Mapped::Stored(rows) => format!("stored {rows}"),
        Mapped::Filtered => "filtered".to_owned(),
        Mapped::Rejected(problem) => format!("rejected {} {}", problem.code, problem.column.as_deref().unwrap_or_default()),
        Mapped::Fail(problem) => format!("fail {} {}", problem.code, problem.column.as_deref().unwrap_or_default()),
    }
}

const ID_AND_NAME: [(&str, Type); 2] = [("id", Type::Bigint), ("name", Type::Text)];

#[test]
fn without_rules_columns_come_from_fields_of_their_names() {
    let columns = columns(&ID_AND_NAME);
    let mapping = Mapping::of_columns(&columns);
    mapping.validate().expect("a mapping");
    let mut mapper = Mapper::new(&mapping, &columns, Fields::Typed).expect("a mapper");
    let (mut reader, mut to) = (Ready::default(), Columns::new([Type::Bigint, Type::Text]));
    for row in
        [vec![("name", Cell::Text("a\"")), ("id", Cell::Integer(1))], vec![("id", Cell::Number("2"))], vec![("name", Cell::Text(""))]]
    {
        reader.go(&row);
        assert_eq!(mapper.map(&reader, &mut to), Mapped::Stored(1));
    }
    let batch = to.take();
    assert_eq!(batch.columns, ["{1,2,NULL}", "{\"a\\\"\",NULL,\"\"}"]);
    assert_eq!(batch.offsets, [10, 20, 30]);
    assert_eq!(batch.rescued, "");
    assert_eq!(mapper.take_counts(), Counts { read: 3, stored: 3, ..Counts::default() });
    assert_eq!(mapper.take_counts(), Counts::default());
}

#[test]
fn the_first_field_that_the_row_has_counts() {
    let mut it = Try::new(
        &json!({"columns": [{"to": "name", "from": ["Land", "Country"]}, {"to": "id", "from": "Country"}], "type_errors": "null"}),
        &ID_AND_NAME,
    );
    it.texts(&[("Country", "1"), ("Land", "b")]);
    it.texts(&[("Country", "2")]);
    it.texts(&[("Land", "")]);
    let taken = it.take();
    assert_eq!(taken.column(1), ["b", "2", "(null)"]);
    assert_eq!(taken.column(0), ["1", "2", "(null)"], "a field can be read by several columns");
}

#[test]
fn texts_stand_for_no_value_before_the_steps_and_after_them() {
    let rule = json!({"columns": [{"to": "name", "steps": [{"trim": {}}]}, {"to": "id", "null": ["-1"]}], "input": {"null": ["", "NULL"]}});
    let mut it = Try::new(&rule, &ID_AND_NAME);
    for name in ["NULL", " NULL ", "  ", "", "null"] {
        it.texts(&[("name", name), ("id", "-1")]);
    }
    it.row(&[("name", Cell::Null), ("id", Cell::Number("-1"))]);
    let taken = it.take();
    assert_eq!(taken.column(1), ["(null)", "(null)", "(null)", "(null)", "null", "(null)"]);
    assert_eq!(taken.column(0), ["(null)"; 6]);
    assert_eq!(taken.rescued, vec![Value::Null; 6]);
}

#[test]
fn what_does_not_fit_goes_where_it_is_said() {
    for (on_error, expected, stored) in [
        (json!({}), "stored 1", 1),
        (json!({"on_error": "rescue"}), "stored 1", 1),
        (json!({"on_error": "null"}), "stored 1", 1),
        (json!({"on_error": "reject"}), "rejected invalid id", 0),
        (json!({"on_error": "fail"}), "fail invalid id", 0),
        (json!({"required": true}), "rejected invalid id", 0),
        (json!({"required": true, "on_error": "null"}), "rejected invalid id", 0),
        (json!({"required": true, "on_error": "fail"}), "fail invalid id", 0),
    ] {
        let mut rule = on_error.clone();
        rule["to"] = json!("id");
        rule["from"] = json!("ID");
        // The column before it is written first, and taken back.
        let mut it = Try::new(&json!({"columns": [{"to": "name"}, rule]}), &ID_AND_NAME);
        assert_eq!(it.texts(&[("name", "a"), ("ID", "x")]), expected, "{on_error}");
        assert_eq!(it.columns.len(), stored);
        let counts = it.mapper.take_counts();
        assert_eq!((counts.read, counts.stored + counts.rejected), (1, 1));
        assert_eq!(it.texts(&[("name", "b"), ("ID", "7")]), "stored 1");
        let taken = it.take();
        assert_eq!(taken.column(1), ["a", "b"][1 - stored..]);
        assert_eq!(taken.column(0), ["(null)", "7"][1 - stored..]);
        if stored == 1 {
            let rescues = on_error["on_error"] != "null";
            assert_eq!(taken.rescued[0], if rescues { json!({"id": "x"}) } else { Value::Null });
            assert_eq!((counts.rescued_values, counts.nulled), if rescues { (1, 0) } else { (0, 1) });
        }
    }
}

#[test]
fn a_problem_says_where_it_is_and_what_there_was() {
    let mut it = Try::new(&json!({"columns": [{"to": "id", "required": true}]}), &ID_AND_NAME);
    it.texts(&[("id", "1")]);
    let Mapped::Rejected(problem) = it.row(&[("id", Cell::Text(""))]) else { panic!("it is rejected") };
    let expected = json!({"code": "required", "message": "there is no value, and the column is required", "offset": 20, "line": 2, "column": "id", "raw": "row 2",
        "record": "{\"id\":\"\"}"});
    assert_eq!(serde_json::to_value(problem).expect("JSON"), expected);
}

#[test]
fn checks_and_steps_fail_as_types_do() {
    let rule = json!({"columns": [
        {"to": "id", "check": {"min": 1}},
        {"to": "name", "steps": [{"trim": {}}, {"map": {"values": {"a": "A"}, "else": "error"}}], "on_error": "reject"},
    ]});
    let mut it = Try::new(&rule, &ID_AND_NAME);
    assert_eq!(it.texts(&[("id", "0"), ("name", " a ")]), "stored 1");
    assert_eq!(it.texts(&[("id", "1"), ("name", "b")]), "rejected map name");
    let taken = it.take();
    assert_eq!((taken.column(0), taken.column(1)), (vec!["(null)"], vec!["A"]));
    assert_eq!(taken.rescued, [json!({"id": "0"})]);
}

#[test]
fn the_decimal_sign_is_that_of_texts_of_the_file() {
    let rule = json!({"input": {"decimal": ","}, "columns": [
        {"to": "a"}, {"to": "b", "steps": [{"trim": {}}]}, {"to": "c", "steps": [{"parse_number": {"group": ","}}]}, {"to": "d", "steps": [{"default": {"value": 1.234}}]},
        {"to": "e", "from": "j", "steps": [{"json_pointer": {"pointer": "/0"}}]}, {"to": "f", "from": "j", "steps": [{"json_pointer": {"pointer": "/1"}}]},
    ]});
    let dataset = ["a", "b", "c", "d", "e", "f"].map(|name| (name, Type::Numeric));
    let mut it = Try::new(&rule, &dataset);
    assert_eq!(it.texts(&[("a", "1.234,5"), ("b", "1,234"), ("c", "1,234.5"), ("d", ""), ("j", "[1.234, \"1,5\"]")]), "stored 1");
    it.row(&[("a", Cell::Number("1.234")), ("b", Cell::Number("1.234"))]);
    let taken = it.take();
    let row: Vec<_> = (0..dataset.len()).map(|column| taken.column(column)[0]).collect();
    assert_eq!(row, ["1234.5", "1.234", "1234.5", "1.234", "1.234", "1.5"]);
    assert_eq!((taken.column(0)[1], taken.column(1)[1]), ("1.234", "1.234"));
}

#[test]
fn rows_are_taken_where_the_conditions_hold() {
    let rule = json!({"columns": [{"to": "id", "required": true}, {"to": "name", "steps": [{"lower": {}}]}],
        "where": [{"column": "name", "not_in": ["test"]}, {"column": "id", "min": 10}], "unknown_columns": "fail"});
    let mut it = Try::new(&rule, &ID_AND_NAME);
    for (id, name, expected) in [
        ("10", "a", "stored 1"),
        ("10", "TEST", "filtered"),
        ("9", "a", "filtered"),
        ("", "a", "filtered"),
        ("x", "TEST", "rejected invalid id"),
        ("11", "", "stored 1"),
    ] {
        assert_eq!(it.texts(&[("id", id), ("name", name)]), expected, "{id} {name}");
    }
    assert_eq!(it.texts(&[("id", "1"), ("name", ""), ("more", "")]), "filtered");
    assert_eq!(it.take().column(1), ["a", "(null)"]);
    let expected = Counts { read: 7, stored: 2, filtered: 4, rejected: 1, ..Counts::default() };
    assert_eq!(it.mapper.take_counts(), expected);
}

#[test]
fn fields_that_no_rule_reads_are_kept_dropped_or_refused() {
    for (unknown, expected, rescued, told) in [
        ("rescue", "stored 1", json!({"new": "n", "id_": "i"}), vec![]),
        ("add", "stored 1", json!({"new": "n", "id_": "i"}), vec!["new"]),
        ("ignore", "stored 1", Value::Null, vec![]),
        ("fail", "fail unknown_column new", Value::Null, vec![]),
    ] {
        let rule = json!({"columns": [{"to": "id", "from": "ID"}], "ignore": ["known"], "unknown_columns": unknown});
        let mut it = Try::new(&rule, &ID_AND_NAME);
        assert_eq!(it.texts(&[("ID", "1"), ("known", "k")]), "stored 1");
        assert_eq!(it.texts(&[("new", "n"), ("ID", "2"), ("known", "k"), ("id", "i"), ("empty", "")]), expected);
        assert_eq!(it.mapper.unknown(), told, "{unknown}");
        let taken = it.take();
        assert_eq!(taken.rescued.get(1).cloned().unwrap_or_default(), rescued, "{unknown}");
        assert_eq!(it.mapper.take_counts().rescued_values, 0, "they fit nowhere, which is no error");
    }
}

#[test]
fn a_mapper_goes_on_with_a_reader_whose_names_are_in_another_order() {
    let mut it = Try::new(&json!({"columns": [{"to": "id"}, {"to": "name"}]}), &ID_AND_NAME);
    it.texts(&[("more", "m"), ("id", "1"), ("name", "a")]);
    it.mapper.restart();
    it.reader = Ready::default();
    it.texts(&[("name", "b"), ("more", "m"), ("id", "2")]);
    let taken = it.take();
    assert_eq!((taken.column(0), taken.column(1)), (vec!["1", "2"], vec!["a", "b"]));
    assert_eq!(taken.rescued, vec![json!({"more": "m"}); 2]);
}

#[test]
fn members_of_objects_are_fields() {
    let rule = json!({"flatten": {"depth": 2}, "columns": [{"to": "id", "from": "a.b"}, {"to": "name", "from": "a.c.d"}, {"to": "all", "from": "a"}]});
    let dataset = [("id", Type::Bigint), ("name", Type::Text), ("all", Type::Jsonb)];
    let mut it = Try::of(&rule, &dataset, Fields::Typed).expect("a mapping");
    let object = r#"{"b": 1, "c": {"d": "q\"", "e": {"f": [1.50]}}, "g": null, "h": {}}"#;
    assert_eq!(told(&it.row(&[("a", Cell::Json(object)), ("z", Cell::Json("{}"))])), "stored 1");
    assert_eq!(told(&it.row(&[("a", Cell::Json("{\"b\": \"x\"}"))])), "stored 1");
    assert_eq!(told(&it.row(&[("a", Cell::Text("?"))])), "stored 1");
    let taken = it.take();
    assert_eq!(taken.column(0), ["1", "(null)", "(null)"]);
    assert_eq!(taken.column(1), ["q\"", "(null)", "(null)"]);
    assert_eq!(taken.column(2)[0], object);
    assert_eq!(taken.rescued, [json!({"a.c.e": {"f": [1.50]}, "a.h": {}, "z": {}}), json!({"id": "x"}), json!({"all": "?"})]);
}

#[test]
fn elements_of_an_array_are_rows() {
    let rule = json!({"explode": {"from": "items"}, "columns": [{"to": "id"}, {"to": "name", "from": "items.n"}, {"to": "n", "from": "items"}],
        "where": [{"column": "name", "not_in": ["test"]}], "type_errors": "reject"});
    let dataset = [("id", Type::Bigint), ("name", Type::Text), ("n", Type::Text)];
    let mut it = Try::of(&rule, &dataset, Fields::Typed).expect("a mapping");
    for (items, expected) in [
        (Cell::Json(r#"[{"n":"a"},{"n":"test"},{"n":"b","m":1}]"#), "stored 2"),
        (Cell::Json("[]"), "stored 1"),
        (Cell::Json(r#"{"n":"c"}"#), "stored 1"),
        (Cell::Text("[1.50,\"x\"]"), "stored 2"),
        (Cell::Missing, "stored 1"),
        (Cell::Text("[broken"), "stored 1"),
        (Cell::Json(r#"[{"n":"test"}]"#), "filtered"),
    ] {
        assert_eq!(told(&it.row(&[("id", Cell::Integer(1)), ("items", items)])), expected, "{items:?}");
    }
    let taken = it.take();
    assert_eq!(taken.column(1), ["a", "b", "(null)", "c", "(null)", "(null)", "(null)", "(null)"]);
    assert_eq!(taken.column(2)[2..], ["(null)", r#"{"n":"c"}"#, "1.50", "x", "(null)", "[broken"]);
    assert_eq!(taken.rescued[1], json!({"items.m": 1}));
    let times = 1 << 16;
    assert_eq!(taken.offsets[..4], [10 * times, 10 * times + 2, 20 * times, 30 * times]);
    assert!(taken.offsets.is_sorted_by(|a, b| a < b));
    let counts = it.mapper.take_counts();
    assert_eq!((counts.read, counts.stored, counts.filtered), (10, 8, 2));
}

#[test]
fn a_row_of_several_is_stored_whole_or_not_at_all() {
    let rule = json!({"explode": {"from": "items"}, "columns": [{"to": "id", "from": "items", "on_error": "reject"}]});
    let mut it = Try::of(&rule, &ID_AND_NAME, Fields::Typed).expect("a mapping");
    assert_eq!(told(&it.row(&[("items", Cell::Json("[1,2]"))])), "stored 2");
    assert_eq!(told(&it.row(&[("items", Cell::Json("[3,\"x\",4]"))])), "rejected invalid id");
    assert_eq!(told(&it.row(&[("items", Cell::Json("[5]"))])), "stored 1");
    assert_eq!(it.take().column(0), ["1", "2", "5"]);
    assert_eq!(it.mapper.take_counts(), Counts { read: 4, stored: 3, rejected: 1, ..Counts::default() });
}

#[test]
fn arrays_and_objects_that_are_too_large_are_rejected() {
    let rule = json!({"explode": {"from": "items"}, "flatten": {}, "columns": [{"to": "id"}]});
    let mut it = Try::of(&rule, &ID_AND_NAME, Fields::Typed).expect("a mapping");
    let array: &'static str = format!("[{}0]", "0,".repeat(limits::ELEMENTS)).leak();
    assert_eq!(told(&it.row(&[("items", Cell::Json(array))])), "rejected too_many_elements ");
    let members: Vec<String> = (0..=limits::COLUMNS).map(|member| format!("\"{member}\":1")).collect();
    let object: &'static str = format!("{{{}}}", members.join(",")).leak();
    assert_eq!(told(&it.row(&[("o", Cell::Json(object))])), "rejected too_many_fields ");
}

#[test]
fn objects_may_have_ever_new_members() {
    let rule = json!({"flatten": {}, "columns": [{"to": "id", "from": "o.id"}, {"to": "name"}]});
    let mut it = Try::of(&rule, &ID_AND_NAME, Fields::Typed).expect("a mapping");
    for row in 0..100 {
        let members: Vec<String> = (0..100).map(|member| format!("\"{row}-{member}\":1")).collect();
        let object: &'static str = format!("{{{},\"id\":7}}", members.join(",")).leak();
        assert_eq!(told(&it.row(&[("name", Cell::Text("a")), ("o", Cell::Json(object))])), "stored 1");
    }
    let taken = it.take();
    assert_eq!((taken.column(0), taken.column(1)), (vec!["7"; 100], vec!["a"; 100]));
    assert!(taken.rescued.iter().all(|rescued| rescued.as_object().is_some_and(|members| members.len() == 100)));
}

#[test]
fn a_mapping_has_to_fit_its_dataset() {
    for (rule, path) in [
        (json!({"columns": [{"to": "id"}, {"to": "nope"}]}), "/columns/1/to"),
        (json!({"columns": [{"to": "id", "type": "numeric"}]}), "/columns/0/type"),
        (json!({"columns": [{"to": "id", "check": {"min": "x"}}]}), "/columns/0/check/min"),
        (json!({"columns": [{"to": "id"}], "where": [{"column": "id", "equals": "x"}]}), "/where/0/equals"),
        (
            json!({"columns": [{"to": "at", "timezone": "Europe/Madrid"}], "where": [{"column": "at", "max": "2026-01-01"}]}),
            "/columns/0/timezone",
        ),
        (json!({"columns": [{"to": "at", "formats": ["no"]}]}), "/columns/0/formats/0"),
    ] {
        let dataset = [("id", Type::Bigint), ("at", Type::Timestamptz)];
        let error = Try::of(&rule, &dataset, Fields::Texts).err().expect("an error");
        assert_eq!(error.path, path, "{}", error.message);
    }
}
