//! What dialects are proposed for which tables.

use super::*;

/// Delimiter, quote, escape, row of the names, rows before the values, names joined.
type Expected = (char, char, char, u32, u32, &'static str);

fn shown(dialect: &Dialect) -> (char, char, char, u32, u32, String) {
    let character = |byte: Option<u8>| byte.map_or(' ', char::from);
    assert_eq!(dialect.names.len(), dialect.columns);
    let names = dialect.names.join("|");
    let header_row = dialect.header_row.unwrap_or_default();
    (char::from(dialect.delimiter), character(dialect.quote), character(dialect.escape), header_row, dialect.preamble_rows, names)
}

fn check(cases: &[(&str, Expected)]) {
    for (table, expected) in cases {
        for table in [(*table).to_owned(), table.replace('\n', "\r\n"), table.replace('\n', "\r")] {
            let (delimiter, quote, escape, header_row, preamble, names) = *expected;
            let found = shown(&sniff(table.as_bytes(), true));
            assert_eq!(found, (delimiter, quote, escape, header_row, preamble, names.to_owned()), "{table:?}");
        }
    }
}

#[test]
fn delimiters_are_those_of_the_most_consistent_table() {
    check(&[
        ("id,name\n1,a\n2,b\n", (',', '"', ' ', 1, 0, "id|name")),
        ("1;2,5;x\n2;3,5;y\n", (';', '"', ' ', 0, 0, "column_1|column_2|column_3")),
        ("a;b\n1,5;2,5\n3,25;4,5\n5,1;6,1\n", (';', '"', ' ', 1, 0, "a|b")),
        ("1\ta,b\n2\tc,d\n3\te,f\n", ('\t', '"', ' ', 0, 0, "column_1|column_2")),
        ("id|at\n1|2024-01-01 10:00:00\n2|2024-01-01 11:00:00\n", ('|', '"', ' ', 1, 0, "id|at")),
        ("at,what\n2024-01-01 10:00:00,a\n2024-01-01 11:00:00,b\n", (',', '"', ' ', 1, 0, "at|what")),
        ("user:id\nroot:0\nme:1000\n", (':', '"', ' ', 1, 0, "user|id")),
        ("id,who\n1,\"Smith; John; A\"\n2,\"Doe; Jane; B\"\n", (',', '"', ' ', 1, 0, "id|who")),
        ("a;b;c\n1;2;3\n;;;;;d\n1;2;3\n", (';', '"', ' ', 1, 0, "a|b|c")),
        ("a,b,c\n1,2,3\n1,2\n1,2,3\n1,2,3,\n1,2,3\n", (',', '"', ' ', 1, 0, "a|b|c")),
    ]);
}

#[test]
fn quotes_and_escapes_are_those_that_fit() {
    check(&[
        ("1|'a|b'\n'2'|c\n", ('|', '\'', ' ', 0, 0, "column_1|column_2")),
        ("1|\"a\\\"b\\\"\"\n2|\"c\"\n", ('|', '"', '\\', 0, 0, "column_1|column_2")),
        ("1|'a\\'|b'\n2|'c'\n", ('|', '\'', '\\', 0, 0, "column_1|column_2")),
        ("1,\"a\"\"b\"\n2,\"c,\nd\"\n", (',', '"', ' ', 0, 0, "column_1|column_2")),
        ("who,n\nO'Neil,1\nD'Arcy,2\n'Tis,3\nx,4\n", (',', '"', ' ', 1, 0, "who|n")),
        ("size\tn\n5\" pipe\t1\n6\" pipe\t2\n", ('\t', '"', ' ', 1, 0, "size|n")),
        ("title\tn\n\"Open\t1\nb\t2\nc\t3\n\"d\t4\n", ('\t', ' ', ' ', 1, 0, "title|n")),
        ("i,'world'\n0,world\n1,world\n", (',', '\'', ' ', 1, 0, "i|world")),
    ]);
}

#[test]
fn names_are_told_from_values() {
    check(&[
        ("1,a\n2,b\n", (',', '"', ' ', 0, 0, "column_1|column_2")),
        ("name,city\nAnn,Rome\nBob,Oslo\n", (',', '"', ' ', 1, 0, "name|city")),
        ("Ann,Rome\nBob,Rome\n", (',', '"', ' ', 0, 0, "column_1|column_2")),
        ("a,,c\n1,2,3\n", (',', '"', ' ', 1, 0, "a|column_2|c")),
        (",,\n1,x,y\n", (',', '"', ' ', 1, 0, "column_1|column_2|column_3")),
        ("a,b,a\n1,2,3\n", (',', '"', ' ', 1, 0, "a|b|a_2")),
        ("a,b,c\n1,2,3,\n4,5,6,\n", (',', '"', ' ', 1, 0, "a|b|c|column_4")),
        ("done\ntrue\nfalse\n", (',', '"', ' ', 1, 0, "done")),
        ("id, name\n", (',', '"', ' ', 1, 0, "id|name")),
        ("Test\n", (',', '"', ' ', 1, 0, "Test")),
        ("32", (',', '"', ' ', 0, 0, "column_1")),
        ("name\nAnn\nBob", (',', '"', ' ', 1, 0, "name")),
        ("time\n05:40\n21:30\n", (',', '"', ' ', 1, 0, "time")),
        ("Value\n68,527.00", (';', '"', ' ', 1, 0, "Value")),
    ]);
}

#[test]
fn what_comes_before_the_table_is_passed() {
    check(&[
        ("some notes...\nmore notes,...\n\nid,what,at\n1,a,2024-01-01\n", (',', '"', ' ', 3, 2, "id|what|at")),
        ("# made by x\n# on Monday\nid;n\n1;2\n", (';', '"', ' ', 3, 2, "id|n")),
        ("# made by x\nid\n1\n2\n", (',', '"', ' ', 2, 1, "id")),
        ("Report\n1,a\n2,b\n3,c\n", (',', '"', ' ', 0, 1, "column_1|column_2")),
        ("# id,b\n1,2\n3,4\n", (',', '"', ' ', 1, 0, "# id|b")),
    ]);
}

#[test]
fn encodings_do_not_matter() {
    let table = "\u{feff}größe;n\r\n1;é\r\n";
    let expected = (';', '"', ' ', 1, 0, "größe|n".to_owned());
    let little: Vec<u8> = table.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let big: Vec<u8> = table.encode_utf16().flat_map(u16::to_be_bytes).collect();
    for bytes in [table.as_bytes(), &little, &little[2..], &big, &big[2..], b"gr\xf6\xdfe;n\r\n1;\xe9\r\n"] {
        assert_eq!(shown(&sniff(bytes, true)), expected, "{bytes:?}");
    }
}

#[test]
fn a_row_that_the_sample_cuts_does_not_count() {
    let dialect = sniff(b"a,b\n1,2\n3", false);
    assert_eq!((dialect.delimiter, dialect.columns), (b',', 2));
    let dialect = sniff(b"a;b\n1;2\n3;\"4,5,6,7\n,,,,,,", false);
    assert_eq!((dialect.delimiter, dialect.columns), (b';', 2));
}

#[test]
fn any_bytes_are_some_table() {
    const ALPHABET: &[u8] = b"a1,;\t|:\"'\\\r\n #\0\xff.";
    let empty = Dialect::default();
    for bytes in [&b""[..], b"\n\r\n", b"\xef\xbb\xbf"] {
        assert_eq!(sniff(bytes, true), empty);
    }
    let mut sequence = laws::Sequence(5);
    for _ in 0..3000 {
        let bytes: Vec<u8> = (0..sequence.below(60)).map(|_| ALPHABET[sequence.below(ALPHABET.len())]).collect();
        for complete in [true, false] {
            let dialect = sniff(&bytes, complete);
            assert_eq!(dialect.names.len(), dialect.columns, "{bytes:?}");
        }
    }
    let wide = ",".repeat(100_000);
    assert_eq!(sniff(wide.as_bytes(), true).columns, limits::COLUMNS);
    assert!(sniff(&vec![b'"'; 3 * LOOKED_AT], false).columns <= 1);
}
