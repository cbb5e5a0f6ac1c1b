//! What holds for workbooks, small ones that are made here.

use laws::{Cuts, Seen, obeys};

use super::*;

mod archive;

use archive::{Archive, DEFLATED, Packing, STORED, Workbook, far};

/// Reads a file and gives its rows as their number and JSON, or what is wrong with them.
fn read(file: &[u8], options: &Options, cuts: Cuts, suspend: bool) -> Seen<String, ReadError> {
    read_on(Reader::new(file.len() as u64, options.clone()), file, cuts, suspend.then_some(options))
}

/// The same from where a reader is, with a new one after each row where there are options for it.
fn read_on(mut reader: Reader, file: &[u8], mut cuts: Cuts, suspend: Option<&Options>) -> Seen<String, ReadError> {
    let size = file.len() as u64;
    let (mut seen, mut progress, mut fed) = (Seen::default(), 0, 0);
    loop {
        let step = reader.next();
        assert!(reader.progress() >= progress, "progress goes on");
        progress = reader.progress();
        match step {
            Ok(RowStep::Row) => seen.items.push(format!("{} {}", reader.line(), reader.raw())),
            Ok(RowStep::Bad { code, .. }) => seen.items.push(format!("{} {code}", reader.line())),
            Ok(RowStep::Working) => continue,
            Ok(RowStep::NeedInput) => {
                match cuts.piece(file, reader.position()) {
                    [] => reader.end_of_input(),
                    piece => reader.feed(piece),
                }
                fed += 1;
                assert!(fed < 10_000_000, "it goes on");
                continue;
            }
            Ok(RowStep::End) => {
                assert_eq!(progress, size);
                return seen;
            }
            Err(error) => {
                assert_eq!(reader.next(), Err(error.clone()), "an error stays");
                return Seen { error: Some(error), ..seen };
            }
        }
        if let Some(options) = suspend {
            let checkpoint = reader.checkpoint();
            assert!(checkpoint.len() <= limits::CHECKPOINT);
            reader = Reader::resume(size, options.clone(), &checkpoint).expect("its own checkpoint");
        }
    }
}

/// The rows of a file without a comment, and of the same with a long one.
fn rows_with(file: &[u8], options: &Options) -> Vec<String> {
    let far = far(file.to_vec());
    let [seen, seen_far] = [file, far.as_slice()].map(|file| {
        obeys(file, |cuts, suspend| read(file, options, cuts, suspend));
        read(file, options, Cuts::none(), false)
    });
    assert_eq!(seen_far, seen);
    assert_eq!(seen.error, None);
    seen.items
}

/// The rows of a sheet that has no header.
fn rows(data: &str) -> Vec<String> {
    rows_with(&Workbook::of(data).file(), &Options { header_row: Some(0), ..Options::default() })
}

fn error(file: &[u8], options: &Options) -> (ReadErrorKind, String) {
    obeys(file, |cuts, suspend| read(file, options, cuts, suspend));
    let error = read(file, options, Cuts::none(), false).error.expect("an error");
    (error.kind, error.message)
}

/// The cells of the first row.
fn cells(workbook: &Workbook) -> Vec<(usize, String)> {
    let file = workbook.file();
    let mut reader = Reader::new(file.len() as u64, Options { header_row: Some(0), ..Options::default() });
    let mut cells = Vec::new();
    while let step @ (RowStep::NeedInput | RowStep::Row) = reader.next().expect("a row") {
        if step == RowStep::Row {
            reader.cells(|column, cell| cells.push((column, format!("{cell:?}"))));
            break;
        }
        let at = usize::try_from(reader.position()).expect("a small file");
        reader.feed(&file[at..]);
    }
    cells
}

#[test]
fn cells_have_the_values_that_a_person_sees() {
    for (cell, value) in [
        ("<c><v>12.50</v></c>", "Number(\"12.50\")"),
        ("<c t=\"n\"><v> 1.0000000000000001E-1 </v></c>", "Number(\"1.0000000000000001E-1\")"),
        ("<c><v>.5</v></c>", "Float(0.5)"),
        ("<c><v>many</v></c>", "Text(\"many\")"),
        ("<c t=\"s\"><v>0</v></c>", "Text(\"plain\")"),
        ("<c t=\"s\"><v>1</v></c>", "Text(\"rich text\")"),
        ("<c t=\"s\"><v>2</v></c>", "Text(\"a\\r\\nb\")"),
        ("<c t=\"s\"><v>4</v></c>", "Text(\" kept \")"),
        ("<c t=\"s\"><v>5</v></c>", "Text(\"cut\")"),
        ("<c t=\"inlineStr\"><is><r><t>in</t></r><r><t>line</t></r><rPh><t>x</t></rPh></is></c>", "Text(\"inline\")"),
        ("<c t=\"str\"><f>A2&amp;B2</f><v>a&lt;b_x0041_</v></c>", "Text(\"a<bA\")"),
        ("<c t=\"str\"><v><![CDATA[<&>]]></v></c>", "Text(\"<&>\")"),
        ("<c><f>SUM(A2:A3)</f><v>3</v></c>", "Number(\"3\")"),
        ("<c><f>SUM(A2:A3)</f></c>", "Null"),
        ("<c t=\"b\"><v>1</v></c>", "Boolean(true)"),
        ("<c t=\"b\"><v>0</v></c>", "Boolean(false)"),
        ("<c t=\"e\"><v>#DIV/0!</v></c>", "Text(\"#DIV/0!\")"),
        ("<c t=\"d\"><v>2024-02-29</v></c>", "Date(19782)"),
        ("<c t=\"d\"><v>1970-01-02T00:00:01.5</v></c>", "Timestamp(86401500000)"),
        ("<c t=\"d\"><v>soon</v></c>", "Text(\"soon\")"),
        ("<c s=\"1\"><v>25570</v></c>", "Date(1)"),
        ("<c s=\"1\"><v>25570.5</v></c>", "Timestamp(129600000000)"),
        ("<c s=\"2\"><v>25570</v></c>", "Timestamp(86400000000)"),
        ("<c s=\"3\"><v>0.5</v></c>", "Time(43200000000)"),
        ("<c s=\"4\"><v>1</v></c>", "Date(-25567)"),
        ("<c s=\"5\"><v>1.5</v></c>", "Number(\"1.5\")"),
        ("<c s=\"1\"><v>-1</v></c>", "Number(\"-1\")"),
        ("<c s=\"99\"><v>1</v></c>", "Number(\"1\")"),
        ("<c s=\"1\" t=\"str\"><v>1</v></c>", "Text(\"1\")"),
    ] {
        let workbook = Workbook::of(&format!("<row>{cell}<c><v>0</v></c></row>"));
        assert_eq!(cells(&workbook), [(0, value.to_owned()), (1, "Number(\"0\")".to_owned())], "{cell}");
    }
}

#[test]
fn days_of_1904_are_counted_from_there() {
    let workbook = Workbook { date_1904: "1", ..Workbook::of("<row><c s=\"1\"><v>0</v></c><c s=\"2\"><v>24107.25</v></c></row>") };
    assert_eq!(cells(&workbook), [(0, "Date(-24107)".to_owned()), (1, "Timestamp(21600000000)".to_owned())]);
}

#[test]
fn cells_stand_where_their_references_say_or_behind_the_one_before() {
    let data = "<row r=\"2\"><c r=\"B2\"><v>1</v></c><c><v>2</v></c><c r=\"A2\"><v>3</v></c><c><v>4</v></c></row>\
        <row><c><v>5</v></c></row><row r=\"7\"><c r=\"D7\"><v>6</v></c></row><row><c r=\"B9\"><v>7</v></c><c r=\"C9\"><v>8</v></c></row>";
    assert_eq!(
        rows(data),
        [r#"2 {"column_2":4,"column_3":2,"column_1":3}"#, r#"3 {"column_1":5}"#, r#"7 {"column_4":6}"#, r#"9 {"column_2":7,"column_3":8}"#]
    );
}

#[test]
fn rows_without_a_value_are_left_out() {
    let data = "<row r=\"1\"/><row r=\"2\"><c r=\"A2\" s=\"1\"/></row><row r=\"3\"><c t=\"str\"><f>A1</f><v></v></c></row>\
        <row r=\"4\"><c t=\"s\"><v>3</v></c><c><f>B1</f></c></row><row r=\"5\" hidden=\"1\"><c t=\"s\"><v>3</v></c><c><v>0</v></c></row>";
    assert_eq!(rows(data), [r#"5 {"column_1":"","column_2":0}"#]);
    assert_eq!(rows(""), Vec::<String>::new());
}

#[test]
fn rows_that_cannot_be_used_are_said_and_passed() {
    let (many, text) = ("<c><v>1</v></c>".repeat(limits::COLUMNS), "<c t=\"s\"><v>0</v></c>");
    let data = format!(
        "<row>{many}<c s=\"1\"/></row><row>{many}<c><v>1</v></c></row><row><c t=\"s\"><v>6</v></c></row><row><c t=\"s\"><v>x</v></c></row>\
        <row r=\"6\"><c r=\"A7\"><v>1</v></c></row><row><c r=\"7A\"><v>1</v></c></row><row>{text}</row>"
    );
    let found = rows(&data);
    assert!(found[0].starts_with("1 {\"column_1\":1,") && found[0].ends_with("\"column_1000\":1}"), "{}", found[0]);
    let bad = ["2 too_many_columns", "3 no_such_text", "4 no_such_text", "6 no_such_cell", "7 no_such_cell", r#"8 {"column_1":"plain"}"#];
    assert_eq!(found[1..], bad);
    let workbook = Workbook { texts: None, ..Workbook::of(&format!("<row>{text}</row>")) };
    assert_eq!(rows_with(&workbook.file(), &Options { header_row: Some(0), ..Options::default() }), ["1 no_such_text"]);
}

#[test]
fn a_row_of_more_text_than_fits_is_passed() {
    let long = format!("<c t=\"str\"><v>{}</v></c>", "x".repeat(limits::ROW / 4));
    let data = format!("<row>{}</row><row>{}</row><row><c><v>1</v></c></row>", long.repeat(5), long.repeat(4));
    let file = Workbook::of(&data).file();
    let seen = read(&file, &Options { header_row: Some(0), ..Options::default() }, Cuts::none(), true);
    assert_eq!(seen, Seen { items: vec!["1 row_too_large".into(), "2 {}".into(), r#"3 {"column_1":1}"#.into()], error: None });
}

const TABLE: &str = "<row r=\"2\"><c r=\"A2\" t=\"inlineStr\"><is><t>id</t></is></c><c r=\"C2\" t=\"s\"><v>0</v></c></row>\
    <row r=\"3\"><c r=\"A3\"><v>1</v></c><c r=\"D3\"><v>2</v></c></row><row r=\"4\"/><row r=\"5\"><c r=\"A5\"><v>3</v></c></row>";

#[test]
fn the_first_row_with_values_is_the_header_unless_another_is_named() {
    for (header_row, found) in [
        (None, &[r#"3 {"id":1,"column_4":2}"#, r#"5 {"id":3}"#][..]),
        (Some(2), &[r#"3 {"id":1,"column_4":2}"#, r#"5 {"id":3}"#]),
        (Some(3), &[r#"5 {"1":3}"#]),
        (Some(4), &[r#"5 {"column_1":3}"#]),
        (Some(9), &[]),
        (Some(1), &[r#"2 {"column_1":"id","column_3":"plain"}"#, r#"3 {"column_1":1,"column_4":2}"#, r#"5 {"column_1":3}"#]),
    ] {
        let options = Options { header_row, ..Options::default() };
        assert_eq!(rows_with(&Workbook::of(TABLE).file(), &options), found, "{header_row:?}");
    }
}

#[test]
fn columns_have_names_and_those_without_have_numbers() {
    let file = Workbook::of(TABLE).file();
    let mut reader = Reader::new(file.len() as u64, Options::default());
    reader.next().expect("it wants the file");
    reader.feed(&file);
    assert_eq!((reader.next(), reader.offset(), reader.line()), (Ok(RowStep::Row), 3, 3));
    assert_eq!(reader.names(), ["id", "column_2", "plain", "column_4"]);
}

#[test]
fn any_way_of_writing_the_same_workbook_is_read() {
    let plain = Workbook::of(TABLE);
    let found = rows_with(&plain.file(), &Options::default());
    assert_eq!(found.len(), 2);
    let prefixed = TABLE.replace("</", "</\0").replace('<', "<x:").replace("<x:/\0", "</x:");
    let strict = Workbook {
        main: "http://purl.oclc.org/ooxml/spreadsheetml/main",
        relationships: "http://purl.oclc.org/ooxml/officeDocument/relationships",
        ..plain.clone()
    };
    let files = [
        plain.archive().finish_64(),
        Workbook { packing: DEFLATED, sheet_packing: STORED, ..plain.clone() }.file(),
        Workbook { prefix: "x", ..Workbook::of(&prefixed) }.file(),
        strict.file(),
    ];
    for file in files {
        assert_eq!(rows_with(&file, &Options::default()), found);
    }
}

#[test]
fn a_checkpoint_is_behind_the_last_row_wherever_it_is_taken() {
    let many: Vec<_> = (0..100).map(|number| format!("<row><c><v>{number}</v></c></row><row/>")).collect();
    let workbook = Workbook { packing: DEFLATED, sheet_packing: STORED, ..Workbook::of(&many.concat()) };
    let (file, options) = (far(workbook.file()), Options::default());
    let size = file.len() as u64;
    let whole = read(&file, &options, Cuts::none(), false).items;
    let (mut reader, mut count) = (Reader::new(size, options.clone()), 0);
    loop {
        match reader.next().expect("a workbook") {
            RowStep::Row => count += 1,
            RowStep::End => break,
            _ => {
                let resumed = Reader::resume(size, options.clone(), &reader.checkpoint()).expect("its own checkpoint");
                assert_eq!(read_on(resumed, &file, Cuts::none(), None).items, whole[count..]);
                reader.feed(Cuts::of(&file, 100).piece(&file, reader.position()));
            }
        }
    }
    assert_eq!(count, whole.len());
}

#[test]
fn the_sheet_is_the_one_that_is_named_or_the_first_that_can_be_seen() {
    let row = |value: &str| format!("<row><c><v>{value}</v></c></row>");
    let sheets =
        vec![("Chart", "", row("0")), ("Hidden", "hidden", row("1")), ("Data", "visible", row("2")), ("More", "visible", row("3"))];
    let file = Workbook { sheets, ..Workbook::of("") }.file();
    let options = |sheet: Option<&str>| Options { sheet: sheet.map(str::to_owned), header_row: Some(0) };
    for (sheet, value) in [(None, "2"), (Some("Hidden"), "1"), (Some("more"), "3")] {
        assert_eq!(rows_with(&file, &options(sheet)), [format!("1 {{\"column_1\":{value}}}")]);
    }
    let (kind, message) = error(&file, &options(Some("Sums")));
    assert_eq!(kind, ReadErrorKind::NotThisFormat);
    assert_eq!(message, r#"the workbook has no sheet "Sums", it has "Chart", "Hidden", "Data", "More""#);
    assert!(error(&file, &options(Some("Chart"))).1.contains("has no cells"));
}

#[test]
fn other_formats_are_told() {
    let zip = |names: &[&str]| {
        let mut archive = Archive::default();
        for name in names {
            archive.add(name, b"", STORED);
        }
        archive.finish(b"")
    };
    // What looks like a ZIP file may stand in an XLS workbook.
    let compound = |names| [COMPOUND_FILE, &[0; 100], &zip(names), &[0; 100]].concat();
    for (file, told) in [
        (compound(&[]), "an XLS workbook or an encrypted one"),
        (compound(&["a"]), "an XLS workbook or an encrypted one"),
        (zip(&["mimetype", "content.xml"]), "an OpenDocument file"),
        (zip(&["xl/workbook.bin"]), "XLSB"),
        (zip(&["word/document.xml"]), "a ZIP file without one"),
        (b"a,b\n1,2\n".to_vec(), "found no ZIP file"),
        (Vec::new(), "the file is empty"),
    ] {
        let (kind, message) = error(&file, &Options::default());
        assert!(kind == ReadErrorKind::NotThisFormat && message.contains(told), "{message}");
    }
}

#[test]
fn damaged_files_are_refused() {
    let plain = Workbook::of(TABLE);
    let packed = |packing: Packing| Workbook { sheet_packing: packing, ..plain.clone() }.file();
    for (file, told) in [
        (packed(Packing { flags: 1, ..DEFLATED }), "is encrypted"),
        (packed(Packing { method: 12, ..DEFLATED }), "compressed by method 12"),
        (packed(Packing { size: Some(9), ..STORED }), "has two sizes"),
        (packed(Packing { size: Some(400), ..DEFLATED }), "is larger than the 400 bytes that it says"),
        (packed(Packing { size: Some(4000), ..DEFLATED }), "size or checksum"),
        (packed(Packing { crc: 1, ..DEFLATED }), "size or checksum"),
        (packed(Packing { crc: 1, ..STORED }), "size or checksum"),
        (Workbook::of("<row r=\"2\"/><row r=\"2\"/>").file(), "row 2 of the sheet comes behind row 2"),
        (Workbook::of("<row r=\"x\"/>").file(), "\"x\" is no number of a row"),
        (Workbook::of("<row></c>").file(), "in its part \"xl/worksheets/sheet0.xml\", expected </row>"),
        (plain.file()[..300].to_vec(), "no directory at its end"),
    ] {
        let (kind, message) = error(&file, &Options::default());
        assert!(kind == ReadErrorKind::Syntax && message.contains(told), "{message}");
    }
}

#[test]
fn a_file_that_ends_too_early_is_said_to() {
    let file = Workbook::of(TABLE).file();
    let mut reader = Reader::new(file.len() as u64, Options::default());
    assert_eq!((reader.next(), reader.position()), (Ok(RowStep::NeedInput), 0));
    reader.feed(&file[..100]);
    reader.end_of_input();
    let error = reader.next().expect_err("the rest is missing");
    assert_eq!((error.kind, error.offset), (ReadErrorKind::Truncated, 100));
}

#[test]
fn no_byte_makes_it_panic() {
    let file = Workbook { packing: DEFLATED, ..Workbook::of(TABLE) }.file();
    for at in 0..file.len() {
        for change in [0x01, 0x80, 0xff] {
            let mut file = file.clone();
            file[at] ^= change;
            read(&file, &Options::default(), Cuts::none(), false);
        }
    }
}

#[test]
fn what_unpacks_to_too_much_is_refused_before_it_is_held() {
    let long = format!("<sst><si><t>{}</t></si></sst>", "x".repeat(limits::XLSX_TEXTS));
    let file = Workbook { texts: Some(long), packing: DEFLATED, ..Workbook::of(TABLE) }.file();
    let seen = read(&file, &Options::default(), Cuts::none(), false);
    let error = seen.error.expect("an error");
    let told = "the workbook is too large: the texts of its cells have more than 33554432 bytes; save the sheet as CSV";
    assert_eq!((error.kind, error.message.as_str()), (ReadErrorKind::LimitExceeded, told));
    let packing = Packing { size: Some(u32::MAX - 1), ..DEFLATED };
    let file = Workbook { sheet_packing: packing, ..Workbook::of(TABLE) }.file();
    let (kind, message) = self::error(&file, &Options::default());
    assert!(kind == ReadErrorKind::LimitExceeded && message.contains("more than 2147483648"), "{message}");
}

#[test]
fn a_step_ends_after_some_work() {
    let blank = " ".repeat(3 * usize::try_from(STEP).expect("a small number"));
    let file = Workbook::of(&format!("{blank}<row><c><v>1</v></c></row>")).file();
    let mut reader = Reader::new(file.len() as u64, Options { header_row: Some(0), ..Options::default() });
    reader.next().expect("it wants the file");
    reader.feed(&file);
    let steps: Vec<_> = std::iter::from_fn(|| reader.next().ok().filter(|step| *step != RowStep::End)).collect();
    assert_eq!(steps, [RowStep::Working, RowStep::Working, RowStep::Working, RowStep::Row]);
}

#[test]
fn a_checkpoint_of_something_else_is_refused() {
    let file = Workbook::of(TABLE).file();
    let size = file.len() as u64;
    for checkpoint in [&b""[..], b"{}", b"[1]", br#"{"row":1,"place":7,"over":false,"progress":0}"#] {
        assert!(Reader::resume(size, Options::default(), checkpoint).is_none());
    }
    let place = br#"{"row":9,"place":{"offset":9000,"line":1,"open":[],"phase":"content","ends":false},"over":false,"progress":0}"#;
    for place in [place.to_vec(), String::from_utf8_lossy(place).replace("9000", "9").into_bytes()] {
        let mut reader = Reader::resume(size, Options::default(), &place).expect("a place");
        reader.next().expect("it wants the file");
        reader.feed(&file);
        assert!(reader.next().is_err());
    }
}
