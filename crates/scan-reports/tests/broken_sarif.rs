//! SARIF that is none, or that asks for too much.

mod driver;

use driver::{detected, read};
use scan_reports::{Decoder, Format, ReadError, ReadErrorKind, Record};

fn error(report: &[u8]) -> (ReadErrorKind, String) {
    let error = read(Format::Sarif, report, || 1000).error.expect("an error");
    (error.kind, error.message)
}

#[test]
fn an_empty_report_is_truncated() {
    assert_eq!(error(b"").0, ReadErrorKind::Truncated);
    assert_eq!(error(b" \n").0, ReadErrorKind::Truncated);
}

#[test]
fn another_root_is_not_this_format() {
    for report in ["[]", "null", "\"runs\"", "{}", r#"{"version": "2.1.0"}"#, r#"{"runs": 1}"#, r#"{"runs": {}}"#] {
        let (kind, message) = error(report.as_bytes());
        assert_eq!(kind, ReadErrorKind::NotThisFormat, "{report}");
        assert!(message.starts_with("expected a SARIF object with an array 'runs'"), "{message}");
    }
}

#[test]
fn ten_thousand_nested_arrays_exceed_a_limit_wherever_they_are() {
    let deep = "[".repeat(10_000);
    for report in [format!("{{\"runs\": {deep}"), format!("{{\"x\": {deep}"), format!(r#"{{"runs": [{{"results": [{{"message": {deep}"#)] {
        let (kind, message) = error(report.as_bytes());
        assert_eq!(kind, ReadErrorKind::LimitExceeded);
        assert!(message.contains("limits::DEPTH"), "{message}");
    }
}

#[test]
fn bytes_that_are_no_text_give_their_place() {
    let report = b"{\"runs\": [{\"results\": [{\"message\": {\"text\": \"\xc3\x28\"}}]}]}";
    let error = read(Format::Sarif, report, || 7).error.expect("an error");
    assert_eq!((error.kind, error.offset), (ReadErrorKind::Syntax, 45));
}

#[test]
fn other_json_is_not_taken_for_sarif() {
    for report in [r#"{"results": [], "version": "1.0"}"#, r#"[{"runs": []}]"#, r#"{"a": {"runs": []}}"#, r#"{"runs": 3}"#] {
        assert_eq!(detected(report.as_bytes(), "x.json"), None, "{report}");
    }
    for report in
        [r#"{"version": "2.1.0", "runs": []}"#, r#"{"a": {"b": []}, "runs": [{"#, r#"{"$schema": "https://x/SARIF-2.1.0.json", "a": ["#]
    {
        assert_eq!(detected(report.as_bytes(), "x.json"), Some(Format::Sarif), "{report}");
    }
}

#[test]
fn a_result_that_is_too_large_is_a_problem_and_the_rest_goes_on() {
    let location = r#"{"physicalLocation": {"artifactLocation": {"uri": "some/path/of/a/file.c"}}},"#.repeat(100_000);
    let location = location.trim_end_matches(',');
    let report = format!(r#"{{"runs": [{{"results": [{{"ruleId": "large", "locations": [{location}]}}, {{"ruleId": "next"}}]}}]}}"#);
    let reading = read(Format::Sarif, report.as_bytes(), || 100_000);
    assert_eq!(reading.error, None);
    let [Record::Tool { .. }, Record::Problem(problem), Record::Occurrence(next)] = &reading.records[..] else {
        panic!("{} records", reading.records.len())
    };
    assert_eq!((problem.code, problem.offset), (scan_reports::ProblemCode::TooLarge, 23));
    assert_eq!(next.finding.rule_id, "next");
}

#[test]
fn too_many_definitions_exceed_a_limit() {
    let rule = format!(r#"{{"id": "r", "help": {{"text": "{}"}}}},"#, "x".repeat(10_000)).repeat(3_000);
    let report = format!(r#"{{"runs": [{{"results": [], "tool": {{"driver": {{"rules": [{}]}}}}}}]}}"#, rule.trim_end_matches(','));
    let error = read(Format::Sarif, report.as_bytes(), || 100_000).error.expect("an error");
    assert_eq!(error.kind, ReadErrorKind::LimitExceeded);
    assert!(error.message.contains("limits::DEFINITIONS"), "{}", error.message);
}

/// The report is made while it is read, since the point is that nobody holds it.
#[test]
fn a_string_of_100_megabytes_is_passed_over() {
    let head = br#"{"runs": [{"artifacts": [{"contents": {"text": ""#.as_slice();
    let tail = br#""}, "location": {"uri": "big.bin"}}], "results": [{"ruleId": "r", "locations": [{"physicalLocation": {"artifactLocation": {"index": 0}}}]}]}]}"#;
    let length = 100_000_000;
    let filler = vec![b'x'; 1 << 20];
    let mut paths = Vec::new();
    let serve = |decoder: &mut Decoder| {
        let at = usize::try_from(decoder.position()).expect("a position");
        match at.checked_sub(head.len()) {
            None => decoder.feed(&head[at..]),
            Some(at) if at < length => decoder.feed(&filler[..filler.len().min(length - at)]),
            Some(at) if at < length + tail.len() => decoder.feed(&tail[at - length..]),
            Some(_) => decoder.end_of_input(),
        }
        Ok::<_, ReadError>(())
    };
    let take = |record| {
        match record {
            Record::Tool { .. } => {}
            Record::Occurrence(occurrence) => paths.push(occurrence.location.path),
            other => panic!("{other:?}"),
        }
        Ok(())
    };
    Decoder::new(Format::Sarif).read(serve, take).expect("a report");
    assert_eq!(paths, [Some("big.bin".to_owned())]);
}
