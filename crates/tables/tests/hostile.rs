//! Files that are made to harm whoever reads them: each ends with a message that says what it is, or as rows, in bounded memory and time.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use tables::mapping::{Column, Fields, Input, Mapped, Mapper, Mapping};
use tables::read::{Hints, Reader, RowStep, Rows as _};
use tables::{Cell, Columns, Preview, PreviewStep, Previewed, Type, limits};
use tokens::TakesBytes as _;

const PIECE: usize = 64 * 1024;

/// Rows as texts; a bad one as its code and message; an error at the end.
fn read(name: &str, file: &[u8]) -> Vec<String> {
    let mut seen = Vec::new();
    let mut reader = match open(name, file) {
        Ok(reader) => reader,
        Err(message) => return vec![format!("error: {message}")],
    };
    loop {
        match reader.next() {
            Ok(RowStep::Row) => seen.push(row(&reader)),
            Ok(RowStep::Bad { code, message }) => seen.push(format!("{code}: {message}")),
            Ok(RowStep::NeedInput) => feed(file, reader.position(), |piece| match piece {
                [] => reader.end_of_input(),
                piece => reader.feed(piece),
            }),
            Ok(RowStep::Working) => {}
            Ok(RowStep::End) => return seen,
            Err(error) => {
                seen.push(format!("error: {}", error.message));
                return seen;
            }
        }
    }
}

fn open(name: &str, file: &[u8]) -> Result<Reader, String> {
    let start = &file[..file.len().min(limits::START)];
    let hints = Hints { name, input: None, size: file.len() as u64 };
    Reader::open(start, start.len() == file.len(), hints).map_err(|error| error.message)
}

fn feed(file: &[u8], position: u64, mut take: impl FnMut(&[u8])) {
    let at = usize::try_from(position).expect("small").min(file.len());
    take(&file[at..file.len().min(at + PIECE)]);
}

fn row(reader: &Reader) -> String {
    let mut cells: Vec<(usize, String)> = Vec::new();
    reader.cells(|column, cell| match cell {
        Cell::Text(text) | Cell::Number(text) | Cell::Json(text) => cells.push((column, text.to_owned())),
        other => cells.push((column, format!("{other:?}"))),
    });
    cells.sort();
    cells.into_iter().map(|(_, cell)| cell).collect::<Vec<_>>().join("|")
}

fn preview(name: &str, file: &[u8]) -> Previewed {
    let mut preview = Preview::new(open(name, file).expect("a table"));
    while let PreviewStep::Bytes(at) = preview.look().expect("a table") {
        feed(file, at, |piece| preview.feed(piece));
    }
    preview.finish(Input::default())
}

/// A file that begins and ends so, with so many times the middle between, which nobody holds. What came of it, and how many bytes it had.
fn stream(name: &str, (begin, middle, times, end): (&[u8], &[u8], usize, &[u8])) -> (Vec<String>, u64) {
    let middle = middle.repeat(PIECE / middle.len());
    let pieces = times / middle.len();
    let size = (begin.len() + pieces * middle.len() + end.len()) as u64;
    let start: Vec<u8> = begin.iter().chain(middle.iter().cycle().take(limits::START - begin.len())).copied().collect();
    // What is not said would be looked up in the start, where quotes without an end are taken for none.
    let (delimiter, quote, header_row) = (Some(",".to_owned()), Some("\"".to_owned()), Some(1));
    let input = Input { delimiter, quote, header_row, ..Input::default() };
    let mut reader = Reader::open(&start, false, Hints { name, input: Some(&input), size }).expect("a table");
    let mut parts = std::iter::once(begin).chain(std::iter::repeat_n(middle.as_slice(), pieces)).chain([end]);
    let mut seen = Vec::new();
    loop {
        match reader.next() {
            Ok(RowStep::Row) => seen.push(row(&reader)),
            Ok(RowStep::Bad { code, .. }) => seen.push(code.to_owned()),
            Ok(RowStep::NeedInput) => match parts.next() {
                Some(part) => reader.feed(part),
                None => reader.end_of_input(),
            },
            Ok(RowStep::Working) => {}
            Ok(RowStep::End) => return (seen, size),
            Err(error) => {
                seen.push(format!("error: {}", error.message));
                return (seen, size);
            }
        }
    }
}

/// The most memory that this process has had, in bytes, where the system says it.
fn most_memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or("0");
    line.split_whitespace().next().and_then(|kilobytes| kilobytes.parse::<u64>().ok()).unwrap_or_default() * 1024
}

#[test]
fn a_row_of_a_gigabyte_is_one_bad_row_and_takes_no_memory() {
    const GIGABYTE: usize = 1 << 30;
    const MOST: u64 = 256 * 1024 * 1024;
    for (name, parts, expected) in [
        ("a.csv", (&b"a,b\n1,2\n3,"[..], &b"x"[..], GIGABYTE, &b"\n4,5\n"[..]), &["1|2", "row_too_large", "4|5"][..]),
        ("a.csv", (b"a,b\n1,2\n3,\"", b"x\n", GIGABYTE, b"\"\n4,5\n"), &["1|2", "row_too_large", "4|5"]),
        ("a.csv", (b"a,b\n1,2\n3", b",", GIGABYTE, b"\n4,5\n"), &["1|2", "row_too_large", "4|5"]),
        ("a.jsonl", (b"{\"a\":1}\n{\"a\":\"", b"x", GIGABYTE, b"\"}\n{\"a\":2}\n"), &["1", "row_too_large", "2"]),
        ("a.json", (b"[{\"a\":1},{\"a\":\"", b"x", GIGABYTE, b"\"},{\"a\":2}]"), &["1", "row_too_large", "2"]),
    ] {
        let (seen, size) = stream(name, parts);
        assert!(size >= GIGABYTE as u64);
        assert_eq!(seen, expected, "{name}");
    }
    assert!(most_memory() < MOST, "{} bytes", most_memory());
}

#[test]
fn a_quote_without_an_end_is_told_with_its_line() {
    let (seen, _) = stream("a.csv", (b"a,b\n1,2\n3,\"", b"x,y\n", 64 * 1024 * 1024, b""));
    assert_eq!(seen, ["1|2", "error: the table ends within quotes, in the row that begins in line 3"]);
}

#[test]
fn a_hundred_thousand_columns_are_refused_with_the_limit() {
    const MANY: usize = 100_000;
    let wide = (0..MANY).map(|column| format!("c{column},")).collect::<Vec<_>>().concat();
    let told = read("a.csv", format!("{wide}\n{wide}\n").as_bytes()).join("\n");
    assert!(told.starts_with("error: the header has too many columns") && told.contains("1000"), "{told}");
    let seen = read("a.csv", format!("a,b\n{}\n1,2\n", ",".repeat(MANY)).as_bytes());
    assert_eq!((seen.len(), seen[1].as_str()), (2, "1|2"), "{seen:?}");
    let members = (0..MANY).map(|column| format!("\"c{column}\":1,")).collect::<Vec<_>>().concat();
    let seen = read("a.jsonl", format!("{{{members}\"z\":1}}\n{{\"c0\":7}}\n").as_bytes());
    assert!(seen[0].contains("too_many_columns") && seen[1] == "7", "{seen:?}");
}

#[test]
fn json_that_is_nested_ten_thousand_deep_is_said_to_be() {
    const DEEP: usize = 10_000;
    for (name, file) in [
        ("a.json", format!("[{{\"a\":{}{}}}]", "[".repeat(DEEP), "]".repeat(DEEP))),
        ("a.json", "[".repeat(DEEP)),
        ("a.json", "{\"a\":".repeat(DEEP)),
    ] {
        let told = read(name, file.as_bytes()).join("\n");
        assert!(told.contains("levels"), "{told}");
    }
    let lines = format!("{{\"a\":1}}\n{{\"a\":{}{}}}\n{{\"a\":2}}\n", "[".repeat(DEEP), "]".repeat(DEEP));
    // A line is a line however deep it is; only what the database cannot take is refused.
    assert_eq!(read("a.jsonl", lines.as_bytes()).len(), 3);
    let one = |value: &str| Ok(value.to_owned());
    assert_eq!(mapped(Type::Jsonb, "a.jsonl", &lines), [one("1"), Err("too_deep".to_owned()), one("2")]);
}

#[test]
fn a_number_of_four_hundred_digits_keeps_them_or_is_an_error() {
    let digits = "7".repeat(400);
    for (name, file) in [("a.csv", format!("a\n{digits}\n1\n")), ("a.jsonl", format!("{{\"a\":{digits}}}\n{{\"a\":1}}\n"))] {
        assert_eq!(read(name, file.as_bytes()), [digits.as_str(), "1"]);
        let previewed = preview(name, file.as_bytes());
        assert_eq!(previewed.dataset_columns[0].kind, Type::Numeric, "{name}");
        assert_eq!(mapped(Type::Numeric, name, &file), [Ok(digits.clone()), Ok("1".to_owned())]);
        assert_eq!(mapped(Type::Bigint, name, &file), [Err("out_of_range".to_owned()), Ok("1".to_owned())]);
        assert_eq!(mapped(Type::Float8, name, &file), [Err("out_of_range".to_owned()), Ok("1".to_owned())]);
    }
}

#[test]
fn nul_is_said_and_kept_from_the_database() {
    for (name, file) in [("a.csv", "a\nx\0y\nz\n".to_owned()), ("a.jsonl", "{\"a\":\"x\\u0000y\"}\n{\"a\":\"z\"}\n".to_owned())] {
        assert_eq!(read(name, file.as_bytes()), ["x\0y", "z"]);
        assert_eq!(mapped(Type::Text, name, &file), [Err("nul".to_owned()), Ok("z".to_owned())], "{name}");
    }
    let names = preview("a.csv", b"ab\0c,d\n1,2\n").dataset_columns;
    assert_eq!(names[0].name, "abc");
}

#[test]
fn bytes_that_are_no_utf_8_are_windows_1252_in_csv_and_an_error_in_json() {
    assert_eq!(read("a.csv", b"a,b\n\xe9\x81,1\n\xc3\xa9,2\n\xed\xa0\x80,3\n")[..2], ["é\u{81}|1", "é|2"]);
    let seen = read("a.jsonl", b"{\"a\":\"\xe9\"}\n{\"a\":1}\n");
    assert!(seen[0].starts_with("encoding: ") && seen[1] == "1", "{seen:?}");
}

#[test]
fn names_of_columns_are_made_such_as_a_dataset_can_have() {
    let sql = "id\"; drop table spillway.imports; --";
    let long = "n".repeat(300);
    let header = format!("\"{}\",{long},,twice,twice,_run\n", sql.replace('"', "\"\""));
    let file = format!("{header}1,2,3,4,5,6\n");
    let previewed = preview("a.csv", file.as_bytes());
    let names: Vec<&str> = previewed.dataset_columns.iter().map(|column| column.name.as_str()).collect();
    assert_eq!(names, [sql, &long[..limits::NAME], "column_3", "twice", "twice_2", "x_run"]);
    let document = serde_json::to_string(&previewed.mapping).expect("a mapping");
    let mapping = Mapping::parse(&document);
    assert!(mapping.is_ok(), "{mapping:?}");
    Mapper::new(&previewed.mapping, &previewed.dataset_columns, Fields::Texts).expect("it fits what was proposed");
}

#[test]
fn mappings_with_what_is_not_known_or_explodes_are_refused() {
    for (document, path) in [
        (r#"{"version":1,"columns":[{"to":"a"}],"sql":"drop table x"}"#, ""),
        (r#"{"version":1,"columns":[{"to":"a","steps":[{"eval":{"code":"1"}}]}]}"#, "/columns/0/steps/0"),
        (
            r#"{"version":1,"columns":[{"to":"a","steps":[{"regex_extract":{"pattern":"(((a{99}){99}){99}){99}"}}]}]}"#,
            "/columns/0/steps/0/pattern",
        ),
    ] {
        let error = Mapping::parse(document).expect_err("no mapping");
        assert!(error.path.starts_with(path) && !error.message.is_empty(), "{error:?}");
    }
}

#[test]
fn an_expression_that_backtracks_elsewhere_ends_in_time() {
    const MOST: Duration = Duration::from_secs(10);
    let document = r#"{"version":1,"columns":[{"to":"a","type":"text","steps":[{"regex_extract":{"pattern":"^(a*)*(a*)*(a*)*b$"}}],"on_error":"reject"}]}"#;
    let mapping = Mapping::parse(document).expect("a mapping");
    let mut file = String::from("a\n");
    for _ in 0..20 {
        writeln!(file, "{}", "a".repeat(limits::EXPRESSION_INPUT)).expect("memory");
    }
    let began = Instant::now();
    let told = map(&mapping, Type::Text, "a.csv", &file);
    assert_eq!(told.len(), 20);
    assert!(began.elapsed() < MOST, "{:?}", began.elapsed());
}

#[test]
fn what_is_no_table_is_told() {
    for (name, file, told) in [
        ("a.csv", &b""[..], "empty"),
        ("a.csv", b" \r\n ", "empty"),
        ("a.csv", b"<!doctype html><p>", "HTML"),
        ("a.csv", b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1 and more", "XLS workbook or an encrypted one"),
        ("a.parquet", b"PARE1234567812345678PARE", "encrypted"),
        ("a.xlsx", b"PK\x03\x04 and no more", "no directory at its end"),
        ("a.csv", b"\x01\x02\x03\x04\x05\x06\x07\x08\x01\x02\x03\x04\x05\x06\x07\x08 random bytes", "no text"),
        ("a.json", b"{\"a\":", "ends in the middle"),
        ("a.json", b"nope", "no JSON"),
    ] {
        let seen = read(name, file).join("\n");
        assert!(seen.contains(told), "{name} {file:?}: {seen}");
    }
}

#[test]
fn json_lines_are_told_from_a_table_whatever_the_file_is_named() {
    assert_eq!(read("a.csv", b"{\"a\":0,\"b\":1}\n{\"a\":2,\"b\":3}\n"), ["0|1", "2|3"]);
    assert_eq!(read("a.csv", b"[id],[name]\n1,2\n"), ["1|2"]);
}

/// The values of a dataset's only column `a` of a type, or the codes of why there are none.
fn mapped(kind: Type, name: &str, file: &str) -> Vec<Result<String, String>> {
    let document = format!(
        r#"{{"version":1,"columns":[{{"to":"a","type":{}}}],"type_errors":"reject"}}"#,
        serde_json::to_string(&kind).expect("a type")
    );
    map(&Mapping::parse(&document).expect("a mapping"), kind, name, file)
}

fn map(mapping: &Mapping, kind: Type, name: &str, file: &str) -> Vec<Result<String, String>> {
    let mut reader = open(name, file.as_bytes()).expect("a table");
    let columns = [Column { name: "a".to_owned(), kind, required: false }];
    let mut mapper = Mapper::new(mapping, &columns, reader.fields()).expect("it fits");
    let mut told = Vec::new();
    loop {
        match reader.next().expect("a table") {
            RowStep::Row => {
                let mut to = Columns::new([kind]);
                told.push(match mapper.map(&reader, &mut to) {
                    Mapped::Stored(_) => Ok(to.take().columns[0].trim_matches(['{', '}', '"']).to_owned()),
                    Mapped::Rejected(problem) => Err(problem.code.clone()),
                    other => Err(format!("{other:?}")),
                });
            }
            RowStep::NeedInput => feed(file.as_bytes(), reader.position(), |piece| match piece {
                [] => reader.end_of_input(),
                piece => reader.feed(piece),
            }),
            RowStep::End => return told,
            _ => {}
        }
    }
}
