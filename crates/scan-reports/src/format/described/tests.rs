//! The readers, each rule with a description of its own.

use report_formats::{Compiled, Description};

use super::{Reading, parser};
use crate::budget::Budget;
use crate::format::Evidence;
use crate::{Decoder, Format, Occurrence, ReadError, ReadErrorKind, Record, Severity, Status, Step, limits};

/// What every description needs, and what a test adds.
fn description(syntax: &str, more: &str) -> String {
    let detect = "[[detect]]\nhas = [\"a\"]\n";
    format!("scanner = \"X\"\nabout = \"x\"\nsyntax = \"{syntax}\"\n{detect}{more}")
}

fn record(at: &str, more: &str) -> String {
    format!("[[records]]\nat = \"{at}\"\nkind = \"host\"\nseverity = {{ default = \"low\" }}\n{more}\n")
}

fn reader(syntax: &str, more: &str) -> Decoder {
    let compiled = Description::read(&description(syntax, more)).and_then(|description| description.compile("x"));
    let Compiled { table, reading } = compiled.unwrap_or_else(|error| panic!("{error}\n{more}"));
    let reading = Reading::new(reading.expect("records"), table.syntax);
    Decoder::of(Format::ALL[0], parser(Box::leak(Box::new(table)), Box::leak(Box::new(reading))), usize::MAX, Budget::default())
}

/// Serves a report in small pieces.
fn serve(report: &str) -> impl FnMut(&mut Decoder) -> Result<(), ReadError> {
    |decoder| {
        decoder.feed_from(report.as_bytes(), 7);
        Ok(())
    }
}

fn records(syntax: &str, more: &str, report: &str) -> Vec<Record> {
    let mut records = Vec::new();
    let take = |record| {
        records.push(record);
        Ok(())
    };
    reader(syntax, more).read(serve(report), take).expect("a report");
    records
}

/// Reads a report with a new parser after each record, as if each ran in another process.
fn suspended(syntax: &str, more: &str, report: &str) -> Vec<Record> {
    let mut decoder = reader(syntax, more);
    let mut records = Vec::new();
    loop {
        match decoder.next().expect("a report") {
            Step::Record(record) => {
                records.push(record);
                let state = decoder.parser.suspend();
                decoder = reader(syntax, more);
                decoder.parser.restore(state).expect("its own state");
                decoder.evidence = Evidence::Record;
            }
            Step::Working => {}
            Step::End => return records,
            Step::NeedInput => decoder.feed_from(report.as_bytes(), usize::MAX),
        }
    }
}

fn occurrences(syntax: &str, more: &str, report: &str) -> Vec<Occurrence> {
    let occurrence = |record| match record {
        Record::Occurrence(occurrence) => *occurrence,
        other => panic!("{other:?}"),
    };
    records(syntax, more, report).into_iter().map(occurrence).collect()
}

fn titles(syntax: &str, more: &str, report: &str) -> Vec<String> {
    occurrences(syntax, more, report).into_iter().map(|occurrence| occurrence.finding.title).collect()
}

/// The title that an expression gives of one JSON record.
fn title(expression: &str, json: &str) -> String {
    let fields = format!("rule = \"'none'\"\ntitle = \"{expression}\"");
    titles("json", &record("[]", &fields), &format!("[{json}]")).remove(0)
}

/// Reads a report to its first record, and gives the bytes of the checkpoint after it.
fn checkpoint(syntax: &str, more: &str, report: &str) -> usize {
    let mut decoder = reader(syntax, more);
    loop {
        match decoder.next().expect("a report") {
            Step::Record(_) => return decoder.checkpoint().len(),
            Step::Working => {}
            Step::End => panic!("no record"),
            Step::NeedInput => decoder.feed_from(report.as_bytes(), usize::MAX),
        }
    }
}

/// Values around the records of a description: as many as it can have, each at a path.
fn kept(at: &str, path: &str) -> String {
    let all = around(|n| format!("{{{path}{n}?}}"));
    record(at, &format!("rule = \"'none'\"\ntitle = \"'t{all}'\""))
}

fn around(each: impl Fn(usize) -> String) -> String {
    (0..20).map(each).collect()
}

#[test]
fn what_is_kept_fits_into_a_checkpoint_however_it_is_escaped() {
    let lines = around(|n| format!("[[lines]]\nis = \"k{n} {{k{n}}}\"\nset = true\n")) + "[[lines]]\nis = \"* {name}\"\nbegin = \"item\"\n";
    for (part, length) in
        ["x", "\"", "\\", "\n", "\u{1}", "\u{1f}x", "é"].into_iter().flat_map(|part| [20, 300, 1000, 2000].map(|length| (part, length)))
    {
        let text = part.repeat(length / part.len());
        let (json, xml) = (serde_json::json!(text), text.replace('"', "&quot;"));
        for (syntax, more, report) in [
            ("json", kept("r[]", "/k"), format!("{{{}\"r\": [{{}}, {{}}]}}", around(|n| format!("\"k{n}\": {json}, ")))),
            ("xml", kept("d.r", "/d.k"), format!("<d>{}<r/><r/></d>", around(|n| format!("<k{n}>{xml}</k{n}>")))),
            ("xml", kept("d.r", "/d.@k"), format!("<d {}><r/><r/></d>", around(|n| format!("k{n}=\"{xml}\" ")))),
            (
                "lines",
                lines.clone() + &kept("item", "/k"),
                "a\n".to_owned() + &around(|n| format!("k{n} {}\n", text.replace('\n', " "))) + "* a\n* b\n",
            ),
        ] {
            if syntax == "xml" && part.contains(char::is_control) && part != "\n" {
                continue;
            }
            let size = checkpoint(syntax, &more, &report);
            assert!(size <= limits::CHECKPOINT, "{syntax}, {part:?} to {length}: {size} bytes");
            assert!(part != "x" || size > 20 * length.min(limits::NAME), "{syntax} keeps what is short, {length}: {size} bytes");
            assert_eq!(suspended(syntax, &more, &report), records(syntax, &more, &report), "{syntax}, {part:?} to {length}");
        }
    }
}

#[test]
fn the_first_alternative_that_is_there_counts() {
    assert_eq!(title("b | a", r#"{"a": "x", "b": " "}"#), "x");
    assert_eq!(title("b | 'no {c}' | '{a}!'", r#"{"a": "x"}"#), "x!");
    assert_eq!(title("'{a}{b?}'", r#"{"a": "x"}"#), "x");
    assert_eq!(title("b", "{}"), "none");
}

#[test]
fn paths_go_through_members_elements_and_filters() {
    let json = r#"{"a": {"b": [{"t": "x", "v": 1}, {"t": "y", "v": 2.50}]}, "c.d": true, "m": {"k1": {"v": "p"}, "k2": {"v": "q"}}}"#;
    assert_eq!(title("a.b[].v > join '+'", json), "1+2.50");
    assert_eq!(title("a.b[t=Y].v", json), "2.50");
    assert_eq!(title("a.b[1].t", json), "y");
    assert_eq!(title("`c.d`", json), "true");
    assert_eq!(title("m.*.v > join ','", json), "p,q");
    assert_eq!(title("m.*# > join ','", json), "k1,k2");
    // One that is not in an array is as good as an array of one.
    assert_eq!(title("a[].b[].v > join '+'", json), "1+2.50");
}

#[test]
fn a_text_may_stand_where_others_have_an_object() {
    let expression = "a | a.b";
    assert_eq!(title(expression, r#"{"a": "x"}"#), "x");
    assert_eq!(title(expression, r#"{"a": {"b": "y"}}"#), "y");
    assert_eq!(title(expression, r#"{"a": true}"#), "true");
}

#[test]
fn texts_are_transformed() {
    for (transforms, text, expected) in [
        ("upper", "aé", "AÉ"),
        ("before ':' > lower", "A:B:C", "a"),
        ("after ':'", "A:B:C", "B:C"),
        ("before_last ':'", "A:B:C", "A:B"),
        ("after_last ':' > prefix 'p-' > suffix '-s'", "A:B:C", "p-C-s"),
        ("strip 'A:'", "A:B", "B"),
        ("split ',' > like 'b*' > join '/'", "a, b1,b2", "b1/b2"),
        ("split ',' > last", "a, b1,b2", "b2"),
        ("words > unlike 'x' > join ' '", "x y  z", "y z"),
        ("ids > join ' '", "see CVE-2030-0001, cve-2030-0002", "CVE-2030-0001 CVE-2030-0002"),
        ("base64", "aGk=", "hi"),
        ("plain", "<b>a</b> &amp; b", "a & b"),
        ("origin", "https://h:1/p?q", "https://h:1"),
        ("host", "https://h:1/p?q", "h"),
        ("url_path", "https://h:1/p?q", "/p"),
        ("divide 10", "75", "7.5"),
        ("links > join ' '", "(https://a.b/c), x", "https://a.b/c"),
    ] {
        assert_eq!(title(&format!("a > {transforms}"), &format!(r#"{{"a": "{text}"}}"#)), expected, "{transforms}");
    }
}

/// Values around the records, whatever the order of the members.
#[test]
fn what_is_around_a_record_may_stand_behind_it() {
    let fields = "rule = \"r\"\ntitle = \"'{/name} {^.target} {/deep.name?} {r}'\"";
    let description = record("results[].list[]", fields);
    for report in [
        r#"{"name": "n", "deep": {"name": "d"}, "results": [{"target": "t1", "list": [{"r": 1}, {"r": 2}]}, {"target": "t2", "list": [{"r": 3}]}]}"#,
        r#"{"results": [{"list": [{"r": 1}, {"r": 2}], "target": "t1"}, {"list": [{"r": 3}], "target": "t2"}], "deep": {"name": "d"}, "name": "n"}"#,
    ] {
        assert_eq!(titles("json", &description, report), ["n t1 d 1", "n t1 d 2", "n t2 d 3"]);
    }
    let absent = r#"{"results": [{"target": "t", "list": [{"r": 1}]}], "name": "n"}"#;
    assert_eq!(titles("json", &description, absent), ["n t 1"]);
}

#[test]
fn definitions_are_found_wherever_they_stand() {
    let definitions = "[definitions.rule]\nat = \"rules[]\"\nkey = \"id\"\nnested = \"more[]\"\n";
    let description = format!("{definitions}{}", record("results[]", "rule = \"r\"\ntitle = \"rule(r).name | 'unknown {r}'\""));
    let rules = r#""rules": [{"id": "a", "name": "A", "more": [{"id": "b", "name": "B"}]}]"#;
    let results = r#""results": [{"r": "a"}, {"r": "b"}, {"r": "c"}]"#;
    for report in [format!("{{{rules}, {results}}}"), format!("{{{results}, {rules}}}")] {
        assert_eq!(titles("json", &description, &report), ["A", "B", "unknown c"]);
    }
    let definitions = "[definitions.rule]\nat = \"doc.rules.rule\"\nkey = \"@id\"\n";
    let description = format!("{definitions}{}", record("doc.result", "rule = \"@r\"\ntitle = \"rule(@r).name\""));
    let report = "<doc><result r='a'/><rules><rule id='a'><name>A</name></rule></rules></doc>";
    assert_eq!(titles("xml", &description, report), ["A"]);
}

#[test]
fn the_name_of_a_member_is_a_value_too() {
    let description = record("files.*.issues[]", "rule = \"r\"\ntitle = \"'{^#} {r}'\"");
    let report = r#"{"files": {"a.rs": {"issues": [{"r": 1}]}, "b.rs": {"issues": [{"r": 2}, {"r": 3}]}}}"#;
    assert_eq!(titles("json", &description, report), ["a.rs 1", "b.rs 2", "b.rs 3"]);
    let description = record("rules.*", "rule = \"#\"\ntitle = \"#\"");
    assert_eq!(titles("json", &description, r#"{"rules": {"x": {}, "y": {}}}"#), ["x", "y"]);
}

/// Whatever names the elements themselves have, and wherever the parser was suspended.
#[test]
fn elements_have_the_name_of_their_array() {
    let list = record("files.*[]", "rule = \"r\"\ntitle = \"'{#} {r}'\"");
    let lists = r#"{"files": {"a.rs": [{"r": 1}, {"r": 2}], "b.rs": [{"r": 3, "c": {"d": 1}}, {"r": 4}], "c.rs": {"r": 5}}}"#;
    assert_eq!(titles("json", &list, lists), ["a.rs 1", "a.rs 2", "b.rs 3", "b.rs 4", "c.rs 5"]);
    assert_eq!(suspended("json", &list, lists), records("json", &list, lists));
    let around = record("files.*[].issues[]", "rule = \"r\"\ntitle = \"'{^#} {#} {r}'\"");
    let report = r#"{"files": {"a.rs": [{"issues": [{"r": 1}, {"r": 2}]}, {"issues": [{"r": 3}]}], "b.rs": [{"issues": [{"r": 4}]}]}}"#;
    assert_eq!(titles("json", &around, report), ["a.rs issues 1", "a.rs issues 2", "a.rs issues 3", "b.rs issues 4"]);
    assert_eq!(suspended("json", &around, report), records("json", &around, report));
}

#[test]
fn a_scanner_that_failed_gives_no_report() {
    let failure = "[[records]]\nat = \"[]\"\nonly = { type = \"error\" }\nfailure = \"'no answer: {text}'\"\n";
    let description = format!("{}{failure}", record("[]", "rule = \"r\"\ntitle = \"r\"\nonly = { r = true }"));
    assert_eq!(titles("json", &description, r#"[{"r": 1}, {"type": "note"}]"#), ["1"]);
    let mut decoder = reader("json", &description);
    decoder.feed(br#"[{"r": 1}, {"type": "error", "text": "refused"}, {"r": 2}]"#);
    assert!(matches!(decoder.next(), Ok(Step::Record(_))));
    let error = decoder.next().expect_err("a failure");
    assert_eq!(
        (error.kind, error.message.as_str()),
        (ReadErrorKind::NotThisFormat, "the scanner could not do its work: no answer: refused")
    );
    assert_eq!(decoder.next(), Err(error));
}

#[test]
fn each_makes_an_occurrence_or_one_without() {
    let description = record("[]", "each = \"places[]\"\nrule = \"r\"\ntitle = \"'{r} {$.at?}'\"");
    let report = r#"[{"r": 1, "places": [{"at": "a"}, {"at": "b"}]}, {"r": 2}]"#;
    assert_eq!(titles("json", &description, report), ["1 a", "1 b", "2"]);
}

#[test]
fn a_record_that_is_the_whole_report_goes_on_after_any_of_its_occurrences() {
    let description = record("[]", "each = \"places[]\"\nrule = \"r\"\ntitle = \"'{r} {$.at?}'\"");
    let report = r#"{"r": 1, "places": [{"at": "a"}, {"at": "b"}, {"at": "c"}]}"#;
    assert_eq!(titles("json", &description, report), ["1 a", "1 b", "1 c"]);
    assert_eq!(suspended("json", &description, report), records("json", &description, report));
}

#[test]
fn conditions_choose_records_states_and_severities() {
    let fields = "rule = \"r\"\ntitle = \"r\"\nonly = { s = [\"FAIL\", \"WARN\"] }\nexcept = { x = true }\n\
                  status = { false_positive = { ok = \"yes\" } }";
    let mut description = record("[]", fields);
    description =
        description.replace("{ default = \"low\" }", "{ word = \"w\", map = { bad = \"critical\" }, score = \"n\", default = \"low\" }");
    let report = r#"[{"r": 1, "s": "fail", "w": "BAD"}, {"r": 2, "s": "PASS"}, {"r": 3, "s": "WARN", "x": 1}, {"r": 4, "s": "WARN", "n": 7.5, "ok": "Yes"}]"#;
    let found = occurrences("json", &description, report);
    let facts: Vec<_> = found.iter().map(|o| (o.finding.title.as_str(), o.finding.severity, o.finding.status)).collect();
    assert_eq!(facts, [("1", Severity::Critical, Status::Open), ("4", Severity::High, Status::FalsePositive)]);
}

#[test]
fn a_secret_goes_into_no_text() {
    let description = "[[records]]\nat = \"[]\"\nkind = \"secret\"\nseverity = {}\nrule = \"r\"\ntitle = \"t\"\nsecret = \"s\"\n\
                       evidence = \"t\"\nattributes = { all = \"t\" }";
    let report = r#"[{"r": 1, "s": "hunter22", "t": "password=hunter22"}, {"r": 1, "s": "hunter33", "t": "password=hunter33"}]"#;
    let found = occurrences("json", description, report);
    assert!(found.iter().all(|o| !serde_json::to_string(o).expect("JSON").contains("hunter")));
    assert_eq!(found[0].evidence, "password=[secret]");
    assert_ne!(found[0].finding.identity, found[1].finding.identity);
}

#[test]
fn lines_of_json_are_records() {
    let description = record(".", "rule = \"r\"\ntitle = \"r\"");
    assert_eq!(titles("json", &description, "{\"r\": 1}\n\n{\"r\": 2}"), ["1", "2"]);
}

#[test]
fn elements_attributes_and_texts_are_values() {
    let fields = "rule = \"@id\"\ntitle = \"'{^.@name} {/doc.date} {text} {ref[@type=b].@id} {note}'\"";
    let report = "<p:doc xmlns:p='x'><date>d</date><host name='h'><item id='1'><text>a <b>bold</b> word</text>\
                  <ref type='a' id='A'/><ref type='b' id='B'/><note><![CDATA[<c>]]></note><other><text>no</text></other></item></host></p:doc>";
    assert_eq!(titles("xml", &record("doc.host.item", fields), report), ["h d a bold word B <c>"]);
}

#[test]
fn a_table_may_begin_with_other_lines() {
    let fields = "rule = \"a\"\ntitle = \"Some Name\"";
    assert_eq!(titles("csv", &record(".", fields), "Report;x\n\na;Some Name\n1;\"x; y\"\na;Some Name\n2;z\n"), ["x; y", "z"]);
}

/// Headers, records of several lines, and what ends them.
const LINES: &str = r##"
[[lines]]
is = "# {part}"
set = true
clear = "owner"
[[lines]]
is = "owner {owner:word}"
set = true
[[lines]]
is = "* {name}"
begin = "item"
[[lines]]
is = ["- {note}", "  {note}"]
add = "item"
[[lines]]
is = "at {file}:{line:number}"
add = "item"
part = "place"
[[lines]]
is = "---"
end = true
[[lines]]
is = "! {text}"
begin = "alarm"
[[records]]
at = "alarm"
kind = "host"
rule = "'alarm'"
title = "text"
severity = {}
"##;

#[test]
fn lines_begin_records_belong_to_them_and_say_what_is_around_them() {
    let fields = "rule = \"name\"\ntitle = \"'{/part?}/{/owner?}/{name}/' | name\"\n\
                  description = \"note > join '+'\"\nattributes = { at = \"place.file > join ','\" }";
    let description = format!("{}{LINES}", record("item", fields));
    let report = "a\n# one\nowner me\n* x\n- n1\nother\n  n2\nat f:1\nat g:2\nat h\n# two\n- n\n* y\n---\n- n\n! w\n* z";
    let found = occurrences("lines", &description, report);
    let attribute = |name: &str, o: &Occurrence| o.finding.attributes.get(name).cloned().unwrap_or_default();
    let facts: Vec<_> = found.iter().map(|o| format!("{} {} {}", o.finding.title, o.finding.description, attribute("at", o))).collect();
    assert_eq!(facts, ["one/me/x/ n1+n2 f,g", "two//y/  ", "w  ", "two//z/  "]);
}

#[test]
fn a_line_that_is_too_long_is_a_problem_and_the_rest_goes_on() {
    let description = format!("{}[[lines]]\nis = \"* {{name}}\"\nbegin = \"item\"\n", record("item", "rule = \"name\"\ntitle = \"name\""));
    let report = format!("a\n* x\n* {}\n* y\n", "long".repeat(50_000));
    let found = records("lines", &description, &report);
    assert!(matches!(&found[..], [Record::Occurrence(_), Record::Problem(_), Record::Occurrence(_)]), "{found:?}");
}

#[test]
fn another_report_is_not_this_format() {
    for (syntax, at, report) in [
        ("json", "a[]", "{\"b\": 1}"),
        ("json", "a[]", "17"),
        ("json", "a[]", "null"),
        ("json", ".", ""),
        ("xml", "a.b", "<c/>"),
        ("xml", "a.b", "<a/>"),
        ("csv", ".", "x,y\n1,2\n"),
    ] {
        let mut decoder = reader(syntax, &record(at, "rule = \"r\"\ntitle = \"t\""));
        let error = decoder.read(serve(report), |record| panic!("{record:?}")).expect_err(report);
        assert_eq!(error.kind, ReadErrorKind::NotThisFormat, "{report}");
        assert_eq!(decoder.next(), Err(error), "an error stays");
    }
}

#[test]
fn a_record_that_is_too_large_is_a_problem_and_the_rest_goes_on() {
    let text = "x".repeat(50_000);
    let list = vec![format!("\"{text}\""); 100].join(",");
    let report = format!(r#"[{{"r": 1, "l": [{list}]}}, {{"r": 2}}]"#);
    let mut decoder = reader("json", &record("[]", "rule = \"r\"\ntitle = \"r\"\ndescription = \"l[]\""));
    decoder.feed(report.as_bytes());
    decoder.end_of_input();
    assert!(matches!(decoder.next(), Ok(Step::Record(Record::Problem(_)))));
    assert!(matches!(decoder.next(), Ok(Step::Record(Record::Occurrence(_)))));
}
