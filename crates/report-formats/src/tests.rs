//! The language, each rule with a description of its own.

use crate::{Catalogue, Compiled, Description, language};

/// What every description needs, and what a test adds.
fn description(syntax: &str, more: &str) -> String {
    let detect = "[[detect]]\nhas = [\"a\"]\n";
    format!("scanner = \"X\"\nabout = \"x\"\nsyntax = \"{syntax}\"\n{detect}{more}")
}

fn record(at: &str, more: &str) -> String {
    format!("[[records]]\nat = \"{at}\"\nkind = \"host\"\nseverity = {{ default = \"low\" }}\n{more}\n")
}

fn compiled(name: &str, text: &str) -> Result<Compiled, String> {
    Description::read(text)?.compile(name)
}

fn refused(syntax: &str, more: &str) -> String {
    compiled("x", &description(syntax, more)).expect_err("a mistake")
}

#[test]
fn mistakes_are_named() {
    let wrong = |fields: &str| refused("json", &record("a[]", fields));
    assert!(wrong("rule = \"b\"").contains("expected the field 'title'"));
    assert!(wrong("rule = \"b\"\ntitle = \"b > shout\"").ends_with("the record at \"a[]\": title: no transform is called \"shout\""));
    assert!(wrong("rule = \"b\"\ntitle = \"b\"\nseveritty = 1").contains("unknown field `severitty`"));
    assert!(wrong("rule = \"b\"\ntitle = \"$.b\"").contains("title: '$' in \"$.b\", but there is no 'each'"));
    assert!(wrong("rule = \"b\"\ntitle = \"thing(b).c\"").contains("there is no [definitions.thing]"));
    assert!(wrong("rule = \"b\"\ntitle = \"b[x\"").contains("not closed"));
    assert!(wrong("rule = \"b\"\ntitle = \"b > map m\"").contains("there is no [maps.m]"));
    assert!(wrong("rule = \"b\"\ntitle = \"^^^.b\"").contains("leads out of the report"));
    assert!(wrong("rule = \"b\"\ntitle = \"b\"\nstatus = { gone = { b = true } }").contains("status: \"gone\" is none of its words"));
    assert!(refused("xml", &record("a.b", "rule = \"c[]\"\ntitle = \"c\"")).contains("'[]' is for JSON"));
    assert!(refused("json", "").contains("expected either [[records]] or code = true"));
    assert!(refused("json", "[[records]]\nat = \"a[]\"\nkind = \"secret\"\nrule = \"a\"\ntitle = \"a\"\nseverity = {}").contains("secret"));
}

#[test]
fn a_column_that_has_rows_of_its_own_is_read() {
    let spread = |syntax, column| {
        let fields = record(".", "rule = \"a\"\ntitle = \"b\"");
        compiled("x", &format!("spread = \"{column}\"\n{}", description(syntax, &fields))).map(|_| ())
    };
    assert_eq!(spread("csv", "b"), Ok(()));
    assert_eq!(spread("csv", "c"), Err("spread: no record reads the column \"c\"".to_owned()));
    assert_eq!(spread("json", "b"), Err("'spread' is for csv".to_owned()));
}

#[test]
fn a_pattern_takes_what_stands_between_its_texts() {
    let taken = |pattern: &str, line| -> Option<String> {
        let pattern = language::pattern(pattern).expect(pattern);
        let values: Vec<&str> = pattern.take(line)?.into_iter().map(|(_, value)| value).collect();
        Some(values.join("|"))
    };
    for (pattern, line, expected) in [
        ("a", "a", Some("")),
        ("a", "ab", None),
        ("", "", Some("")),
        ("", "a", None),
        ("{x}: {y} FOUND", "a: b: c FOUND", Some("a|b: c")),
        ("{x*}: {y} FOUND", "a: b: c FOUND", Some("c|a: b")),
        ("{x*}: {y} FOUND", "a: b: c FOUN", None),
        ("[{}] {x} [ {y} ]", "[1]  a   [ b ]", Some("a|b")),
        ("{x:name} {y}", "a_1 b c", Some("a_1|b c")),
        ("{x:name} {y}", "1a b", None),
        ("({x:number})", "(12)", Some("12")),
        ("({x:number})", "()", None),
        ("0x{x:hex}:{y:word}", "0xa0:$a", Some("a0|$a")),
        ("{x:word}", "a b", None),
        ("a{x}a", "a", None),
        ("{x}", "", Some("")),
        ("{a} {b*} {c}", "é ü ö ä", Some("é|ä|ü ö")),
    ] {
        assert_eq!(taken(pattern, line).as_deref(), expected, "{pattern:?} of {line:?}");
    }
}

#[test]
fn mistakes_in_lines_are_named() {
    let wrong = |lines: &str| refused("lines", &format!("{}{lines}", record("item", "rule = \"name\"\ntitle = \"/part\"")));
    let rule = |is: &str, act: &str| format!("[[lines]]\nis = \"{is}\"\n{act}\n");
    let begin = rule("* {name}", "begin = \"item\"");
    assert!(wrong("").contains("expected [[lines]]"));
    assert!(wrong(&begin).contains("no line with 'set' takes 'part' for '/part'"));
    let set = rule("# {part}", "set = true");
    assert!(wrong(&set).contains("no line begins the record at \"item\""));
    assert!(wrong(&format!("{set}{}", rule("* {nam}", "begin = \"item\""))).contains("no line of the record at \"item\" takes \"name\""));
    assert!(wrong(&rule("* {name", "begin = \"item\"")).contains("'{' without '}'"));
    assert!(wrong(&rule("{a}{b}", "end = true")).contains("expected text between"));
    assert!(wrong(&rule("{a*}:{b*}", "end = true")).contains("more than one '*'"));
    assert!(wrong(&rule("{a:digit}", "end = true")).contains("expected word, name, number or hex"));
    assert!(wrong(&rule("a", "begin = \"other\"")).contains("there are no [[records]] at \"other\""));
    assert!(wrong(&rule("a", "end = true\nset = true")).contains("expected one of"));
    assert!(wrong(&rule("{other}", "set = true")).contains("no record uses '/other'"));
    assert!(refused("json", &format!("{}{set}", record("a[]", "rule = \"b\"\ntitle = \"b\""))).contains("and only there"));
}

/// Nothing is lost on the way into a binary, and each reading is that of its format.
#[test]
fn a_catalogue_gives_what_was_packed() {
    let with_records = description("json", &record("a[].*.b", "rule = \"/r | ^#\"\ntitle = \"'{b[c=d].e > divide 2.5} {f?}' > lower\""));
    let with_code = format!("code = true\nbecomes = [\"x\"]\narchive = {{ sole = true, skip = [\"x\"] }}\n{}", description("xml", ""));
    let formats =
        [("one", &with_records), ("two", &with_code), ("three", &with_records)].map(|(name, text)| compiled(name, text).expect(name));
    let catalogue = Catalogue::unpack(Catalogue::pack(&formats).expect("bytes").leak()).expect("a catalogue");
    for (number, format) in formats.iter().enumerate() {
        assert_eq!(catalogue.tables()[number], format.table);
        assert_eq!(catalogue.reading(number).as_ref(), Ok(&format.reading));
    }
    assert!(catalogue.reading(3).is_err());
}

#[test]
fn a_name_is_that_of_one_format() {
    let format = |name: &str| {
        compiled(name, &format!("aliases = [\"z\"]\n{}", description("json", &record("a[]", "rule = \"b\"\ntitle = \"b\"")))).expect(name)
    };
    assert_eq!(Catalogue::pack(&[format("x"), format("y")]), Err("z is the name or alias of two formats".to_owned()));
}
