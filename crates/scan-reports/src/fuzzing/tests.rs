//! The found cases, and that steps and output grow with the report, whatever is written into it: over every format.

use std::fs;
use std::path::Path;

use generate::hostile::records::{many_endpoints, placeholders, sarif};
use laws::{CONSTANT, Cuts, ENDLESS, endless, found, is_linear};
use serde_json::Value;

use super::{MadeOf, made_of, report};
use crate::{Detection, Format, ReadErrorKind, Record, detect, limits};

#[test]
fn found_reports_obey() {
    found("report", report);
}

/// Bytes that a text is made longer by, and from which length on it is a text that may be.
const LONGER: usize = 4096;
const TEXT: usize = 12;

/// The samples of a format, the shortest first.
fn samples(format: Format) -> Vec<Vec<u8>> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata").join(format.name());
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    let mut samples: Vec<Vec<u8>> = entries.filter_map(|entry| fs::read(entry.path()).ok()).collect();
    samples.retain(|sample| detect(&sample[..sample.len().min(limits::DETECTION)], true, None) == Detection::Format(format));
    samples.sort_by_key(Vec::len);
    samples
}

/// Holds that a report of twice the length takes about twice the steps.
fn grows(format: Format, what: &str, constant: u64, report_of: impl Fn(usize) -> Vec<u8>, length: usize) -> MadeOf {
    let [small, large] = [report_of(length), report_of(2 * length)];
    let [made, more] = [&small, &large].map(|report| made_of(format, report));
    is_linear(&format!("{}: {what}", format.name()), constant, (small.len(), made.steps), (large.len(), more.steps));
    more
}

#[test]
fn what_has_no_end_takes_steps_in_proportion_in_every_format() {
    const LENGTH: usize = 8 * 1024;
    for format in Format::ALL {
        let Some(sample) = samples(format).into_iter().find(|sample| sample.len() > 200) else { continue };
        let sample = &sample[..sample.len().min(LENGTH)];
        for head in [0, sample.len() / 2, sample.len()] {
            for unit in ENDLESS {
                grows(
                    format,
                    &format!("{head} bytes and many {unit:?}"),
                    CONSTANT,
                    |length| endless(&sample[..head], unit, length),
                    LENGTH,
                );
            }
        }
    }
}

/// The steps that what is made of any report may take beside those in proportion.
const MAKING: u64 = 2 * limits::WORK_FACTOR * limits::OUTPUT;

#[test]
fn texts_that_are_repeated_stay_in_proportion_in_every_json() {
    const LENGTH: usize = 100 * 1024;
    let (mut reports, mut records) = (0, 0);
    for format in Format::ALL {
        let Some(value) = samples(format).iter().rev().find_map(|sample| serde_json::from_slice::<Value>(sample).ok()) else { continue };
        for array in arrays(&value) {
            let report_of = |length| serde_json::to_vec(&amplified(&value, &array, length)).expect("JSON");
            let made = grows(format, &array, MAKING, report_of, LENGTH);
            (reports, records) = (reports + 1, records + made.records);
        }
    }
    assert!(reports > 100 && records > 50 * reports, "{reports} reports of {records} records");
}

/// The places of all lists in a value.
fn arrays(value: &Value) -> Vec<String> {
    let mut found = Vec::new();
    let mut open = vec![(String::new(), value)];
    while let Some((path, value)) = open.pop() {
        match value {
            Value::Array(list) if !list.is_empty() => {
                found.push(path.clone());
                open.push((format!("{path}/0"), &list[0]));
            }
            Value::Object(members) => {
                open.extend(members.iter().map(|(name, value)| (format!("{path}/{}", name.replace('~', "~0").replace('/', "~1")), value)));
            }
            _ => {}
        }
    }
    found
}

/// The value with a list that is repeated up to that length, and longer texts around it.
fn amplified(value: &Value, array: &str, length: usize) -> Value {
    let mut amplified = value.clone();
    let list = amplified.pointer_mut(array).and_then(Value::as_array_mut).map(std::mem::take).expect("a list");
    lengthen(&mut amplified);
    let one = serde_json::to_vec(&list).expect("JSON").len();
    let repeated = list.iter().cycle().take(list.len() * length.div_ceil(one)).cloned().collect();
    *amplified.pointer_mut(array).expect("a list") = Value::Array(repeated);
    amplified
}

fn lengthen(value: &mut Value) {
    match value {
        Value::String(text) if text.len() >= TEXT => text.push_str(&" y".repeat(LONGER / 2)),
        Value::Array(list) => list.iter_mut().for_each(lengthen),
        Value::Object(members) => members.values_mut().for_each(lengthen),
        _ => {}
    }
}

#[test]
fn texts_that_are_repeated_stay_in_proportion_in_every_xml_and_every_table() {
    const LENGTH: usize = 100 * 1024;
    let mut reports = 0;
    for format in Format::ALL {
        let Some(sample) = samples(format).into_iter().next_back().and_then(|sample| String::from_utf8(sample).ok()) else { continue };
        let is_markup = sample.trim_start().starts_with('<');
        let names = if is_markup { elements(&sample) } else { Vec::new() };
        for name in names {
            let Some((start, end)) = element(&sample, &name) else { continue };
            let (before, one, after) = (longer(&sample[..start]), &sample[start..end], longer(&sample[end..]));
            let report_of = |length: usize| [&before, one.repeat(length.div_ceil(one.len())).as_str(), &after].concat().into_bytes();
            grows(format, &name, MAKING, report_of, LENGTH);
            reports += 1;
        }
        if !is_markup && !sample.trim_start().starts_with(['{', '[']) {
            let last = sample.trim_end().rfind('\n').map_or("", |at| &sample[at..]);
            grows(
                format,
                "last line",
                MAKING,
                |length| endless(sample.as_bytes(), if last.is_empty() { "\n" } else { last }, length),
                LENGTH,
            );
            reports += 1;
        }
    }
    assert!(reports > 100, "{reports} reports");
}

/// Names of the elements that are in a document.
fn elements(document: &str) -> Vec<String> {
    let names = document.split('<').filter_map(|tag| tag.split(|c: char| c.is_whitespace() || matches!(c, '>' | '/')).next());
    let mut names: Vec<String> = names.filter(|name| name.starts_with(|c: char| c.is_ascii_alphabetic())).map(str::to_owned).collect();
    names.sort();
    names.dedup();
    names
}

/// Where the first element of a name begins and ends.
fn element(document: &str, name: &str) -> Option<(usize, usize)> {
    let opens = |at: &usize| document[at + 1 + name.len()..].starts_with(|c: char| c.is_whitespace() || matches!(c, '>' | '/'));
    let start = document.match_indices(&format!("<{name}")).map(|(at, _)| at).find(opens)?;
    let close = format!("</{name}>");
    Some((start, start + document[start..].find(&close)? + close.len()))
}

/// Markup with longer texts.
fn longer(markup: &str) -> String {
    let mut longer = String::new();
    for part in markup.split_inclusive('>') {
        let text = part.find('<').map_or("", |at| &part[..at]);
        longer.push_str(text);
        if text.trim().len() >= TEXT && !text.contains('&') {
            longer.push_str(&" y".repeat(LONGER / 2));
        }
        longer.push_str(&part[text.len()..]);
    }
    longer
}

fn made(name: &str, report: &str) -> MadeOf {
    made_of(Format::from_name(name).expect(name), report.as_bytes())
}

#[test]
fn a_record_of_many_endpoints_stays_bounded_and_says_what_is_missing() {
    let made = made("generic", &many_endpoints(5_000));
    assert_eq!((&made.error, made.left_out), (&None, 1));
    assert_eq!(made.records, 5_000 + 1, "the endpoints, and what is left out");
    assert!(made.output < 40 * 1024 * 1024, "{}", made.output);
}

#[test]
fn what_is_left_out_is_the_same_wherever_it_is_suspended() {
    let endpoints = (1..=300).map(|port| format!(r#"{{"host":"h","port":{port}}}"#)).collect::<Vec<_>>().join(",");
    let evidence = "e".repeat(60_000);
    let finding =
        format!(r#"{{"title":"t","severity":"high","description":"d","steps_to_reproduce":"{evidence}","endpoints":[{endpoints}]}}"#);
    let written = format!(r#"{{"findings":[{finding},{finding}]}}"#);
    let format = Format::from_name("generic").expect("a format");
    let read = |cuts, suspend| super::read_report(format, written.as_bytes(), cuts, suspend);
    let whole = read(Cuts::none(), false);
    assert!(whole.error.is_none() && whole.items.iter().filter(|record| matches!(record, Record::Problem(_))).count() > 0);
    assert_eq!(read(Cuts::none(), true), whole);
    assert_eq!(read(Cuts::of(written.as_bytes(), 5_000), false), whole);
}

#[test]
fn messages_of_sarif_are_made_once_and_end_at_the_limit_of_texts() {
    for written in placeholders(50) {
        let made = made("sarif", &written);
        assert_eq!((made.error, made.records), (None, 51));
        assert!(made.output < 2 * 51 * (limits::TEXT as u64 + 4096), "{}", made.output);
        assert!(made.steps < 4 * 51 * limits::TEXT as u64, "{}", made.steps);
    }
}

#[test]
fn a_result_of_many_locations_goes_on_without_its_texts() {
    let text = "m ".repeat(30_000);
    let location = |n| format!(r#"{{"physicalLocation":{{"artifactLocation":{{"uri":"f{n}"}}}}}}"#);
    let locations = (0..1_000).map(location).collect::<Vec<_>>().join(",");
    let made = made("sarif", &sarif(&format!(r#"{{"ruleId":"r","message":{{"text":"{text}"}},"locations":[{locations}]}}"#)));
    assert_eq!((made.error, made.records, made.left_out), (None, 1_002, 1));
}

#[test]
fn definitions_of_sarif_are_looked_up_and_not_for() {
    const LENGTH: usize = 128 * 1024;
    // What is before many definitions, one of them, what is behind them, and one of many results.
    let runs = [
        (r#""tool":{"extensions":["#, r#"{"name":"e"}"#, "]}", r#"{"ruleId":"r","rule":{"toolComponent":{"name":"none"}}}"#),
        (r#""invocations":[{"ruleConfigurationOverrides":["#, r#"{"descriptor":{"id":"x"}}"#, "]}]", r#"{"ruleId":"r"}"#),
        (r#""taxonomies":["#, r#"{"name":"t"}"#, "]", r#"{"taxa":[{"toolComponent":{"name":"none"}}]}"#),
        (r#""versionControlProvenance":["#, r#"{"branch":"b"}"#, "]", r#"{"ruleId":"r"}"#),
        (r#""artifacts":["#, "{}", "]", r#"{"ruleId":"a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a"}"#),
    ];
    for (before, definition, behind, result) in runs {
        let report_of = |length: usize| {
            let many = |one: &str| vec![one; length / 2 / one.len()].join(",");
            format!(r#"{{"runs":[{{{before}{}{behind},"results":[{}]}}]}}"#, many(definition), many(result)).into_bytes()
        };
        let made = grows(Format::Sarif, before, CONSTANT, report_of, LENGTH);
        assert_eq!(made.error, None, "{before}");
    }
}

#[test]
fn the_output_of_a_script_is_no_evidence_without_end() {
    let entry = |n| format!(r#"<table key="V-{n}"><elem key="state">VULNERABLE</elem></table>"#);
    let entries: String = (0..2_000).map(entry).collect();
    let output = "o".repeat(60_000);
    let written = format!(
        r#"<nmaprun><host><status state="up"/><address addr="10.0.0.1"/><hostscript><script id="s" output="{output}">{entries}</script></hostscript></host></nmaprun>"#
    );
    let made = made("nmap", &written);
    assert_eq!((made.error, made.left_out), (None, 1));
    assert_eq!(made.records, 1 + 2_000 + 1 + 1, "the tool, the vulnerabilities, what is left out, the host");
}

#[test]
fn what_cannot_be_left_out_ends_the_reading() {
    let host = "h".repeat(1_000);
    let items = r#"<ReportItem pluginID="1"/>"#.repeat(60_000);
    let written =
        format!(r#"<NessusClientData_v2><Report name="r"><ReportHost name="{host}">{items}</ReportHost></Report></NessusClientData_v2>"#);
    let error = made("nessus", &written).error.map(|error| error.kind);
    assert!(error.is_none_or(|kind| kind == ReadErrorKind::LimitExceeded), "{error:?}");
}

#[test]
fn a_record_of_many_rows_is_told_from_the_next_by_its_first() {
    let report_of = |length: usize| {
        let rows = (0..length / 32).map(|number| format!("1,CVE-2030-{number:05},High,h,tcp,1,n\n"));
        format!("Plugin ID,CVE,Risk,Host,Protocol,Port,Name\n{}", rows.collect::<String>()).into_bytes()
    };
    let made = grows(Format::from_name("nessus_csv").expect("a format"), "rows of one record", CONSTANT, report_of, 512 * 1024);
    assert_eq!((made.error, made.records), (None, 2), "the tool and the record");
}
