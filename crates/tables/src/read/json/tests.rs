use super::*;
use crate::read::testing::{Seen, read, row};

fn rows(file: &str, layout: &Layout) -> Seen {
    read(file.as_bytes(), || Reader::new(layout.clone()), |checkpoint| Reader::resume(checkpoint).expect("a checkpoint"))
}

#[test]
fn each_line_is_a_record() {
    let seen = rows("\u{feff}{\"a\":1,\"b\":\"x\"}\r\n\n{\"b\":\"\\u00e9\\n\",\"c\":[1, 2]}\n{\"a\":null,\"b\":true}", &Layout::Lines);
    assert_eq!(seen.rows, ["3:1 a=1 b=x", "21:3 b=é\n c=[1, 2]", "49:4 a=Null b=Boolean(true)"].map(str::to_owned));
    assert_eq!(seen.error, None);
}

#[test]
fn a_broken_line_is_a_bad_row_and_the_next_is_read() {
    let seen = rows("{\"a\":1\n{\"a\":2}\n{\"a\":\"\\ud800\"}\n{\"a\":01}\nx\n{\"a\":3} 4\n", &Layout::Lines);
    assert_eq!(seen.rows, ["0:1 json", "7:2 a=2", "15:3 json", "30:4 json", "39:5 json", "41:6 json"]);
    let deep = format!("{{\"a\":{}}}\n{{\"a\":1}}\n", "[".repeat(10_000));
    assert_eq!(rows(&deep, &Layout::Lines).rows, ["0:1 json", "10007:2 a=1"]);
}

#[test]
fn elements_of_an_array_are_records_whatever_they_are() {
    let file = "[ {\"a\":\"]},\\\"\"},\n7, \"x\" ,null,[1,{}], {} ] ";
    assert_eq!(
        rows(file, &Layout::Array).rows,
        ["2:1 a=]},\"", "17:2 value=7", "20:2 value=x", "25:2 value=Null", "30:2 value=[1,{}]", "38:2"]
    );
    assert_eq!(rows("[]", &Layout::Array), Seen::default());
    assert_eq!(rows("7", &Layout::Values).rows, ["0:1 value=7"]);
    assert_eq!(rows("{\"a\":1}{\"a\":2}\n {\n\"a\":3}", &Layout::Values).rows, ["0:1 a=1", "7:1 a=2", "16:2 a=3"]);
}

#[test]
fn records_are_found_where_the_names_lead() {
    let at = |names: &[&str]| Layout::At(names.iter().map(|name| (*name).to_owned()).collect());
    let file = "{\"items\": [0], \"x\": {\"items\": 1, \"y\": [\"}\"]}, \"da\\u0074a\": {\"n\": 2, \"items\" : [{\"a\":1},{\"a\":2}], \"more\": 3}}";
    assert_eq!(rows(file, &at(&["data", "items"])).rows, ["79:1 a=1", "87:1 a=2"]);
    assert_eq!(rows(file, &at(&["items"])).rows, ["11:1 value=0"]);
    for names in [&["data", "n"][..], &["nothing"], &["x", "items", "y"]] {
        let error = rows(file, &at(names)).error.expect("an error");
        assert!(error.contains("the records are to be an array at"), "{error}");
    }
}

#[test]
fn what_is_no_json_is_an_error_with_what_came_before() {
    for (file, layout, before, expected) in [
        ("[1,2", Layout::Array, 2, "ends in the middle"),
        ("[1 2]", Layout::Array, 1, "a comma"),
        ("[1,,2]", Layout::Array, 1, "a value was expected"),
        ("{\"a\":", Layout::Values, 0, "ends in the middle"),
        ("\u{0}{\u{0}}", Layout::Values, 0, "UTF-16"),
    ] {
        let seen = rows(file, &layout);
        assert!(seen.error.as_ref().is_some_and(|error| error.contains(expected)), "{file}: {seen:?}");
        assert_eq!(seen.rows.len(), before, "{file}: {seen:?}");
    }
    let deep = "[".repeat(10_000);
    assert!(rows(&deep, &Layout::Array).error.expect("an error").contains("levels"));
}

#[test]
fn of_two_members_of_a_name_the_last_counts() {
    assert_eq!(rows("{\"a\":1,\"b\":2,\"a\":3}\n{\"b\":1}", &Layout::Lines).rows, ["0:1 b=2 a=3", "20:2 b=1"]);
}

#[test]
fn a_record_without_end_is_passed() {
    let long = format!("{{\"a\":\"{}\"}}", "x".repeat(limits::ROW));
    assert_eq!(rows_at_once(&format!("{long}\n{{\"a\":1}}\n"), &Layout::Lines), ["row_too_large", "a=1"]);
    assert_eq!(rows_at_once(&format!("[{long},{{\"a\":1}}]"), &Layout::Array), ["row_too_large", "a=1"]);
}

/// In pieces of 64 KiB, without the places of the rows.
fn rows_at_once(file: &str, layout: &Layout) -> Vec<String> {
    let (mut reader, mut rows) = (Reader::new(layout.clone()), Vec::new());
    loop {
        match reader.next().expect("JSON") {
            RowStep::Row => rows.push(row(&reader).split_once(' ').map(|(_, cells)| cells.to_owned()).unwrap_or_default()),
            RowStep::Bad { code, .. } => rows.push(code.to_owned()),
            RowStep::NeedInput => match &file.as_bytes()[usize::try_from(reader.position()).expect("small")..] {
                [] => reader.end_of_input(),
                rest => reader.feed(&rest[..rest.len().min(65_536)]),
            },
            _ => return rows,
        }
    }
}

#[test]
fn a_file_can_be_cut_behind_records_only() {
    let records: Vec<String> = (0..100).map(|n| format!("{{\"n\":{n},\n\"t\":\"}},{{\\\"{n}\"}}")).collect();
    let lines = records.join("\n").replace(",\n", ",") + "\n";
    for (file, layout) in
        [(lines, Layout::Lines), (format!("[{}]", records.join(" ,\n")), Layout::Array), (records.concat(), Layout::Values)]
    {
        let whole = rows(&file, &layout).rows;
        assert_eq!(whole.len(), 100);
        for spacing in [1, 40, 700] {
            let mut reader = Reader::new(layout.clone());
            reader.feed(file.as_bytes());
            assert_eq!(reader.next(), Ok(RowStep::Row));
            let mut parts = vec![row(&reader)];
            let mut cutter = reader.cutter(spacing).expect("it can be cut");
            let mut cuts = vec![Cut { offset: 0, checkpoint: reader.checkpoint() }];
            cuts.extend(cutter.feed(&file.as_bytes()[usize::try_from(cutter.position()).expect("small")..]));
            for (index, cut) in cuts.iter().enumerate() {
                let end = cuts.get(index + 1).map_or(file.len(), |next| usize::try_from(next.offset).expect("small"));
                let mut part = Reader::resume(&cut.checkpoint).expect("a checkpoint");
                part.feed(&file.as_bytes()[usize::try_from(part.position()).expect("small")..end]);
                while part.next() == Ok(RowStep::Row) {
                    parts.push(row(&part));
                }
            }
            assert_eq!(parts, whole, "{layout:?} {spacing}");
        }
    }
}
