//! A report with something in it is never read as empty: every format reads the samples of every other, and an import that closes what is
//! missing would close everything where one of them seemed to have no findings.

mod driver;

use driver::{detected, read, samples};
use scan_reports::{Format, Record};

/// Whether somebody who closes what is missing would believe it: read to the end, without a finding or a problem.
fn seems_empty(format: Format, report: &[u8]) -> bool {
    let reading = read(format, report, || usize::MAX / 2);
    reading.error.is_none() && reading.records.iter().all(|record| matches!(record, Record::Tool { .. }))
}

#[test]
fn no_format_reads_a_report_of_another_as_empty() {
    let mut believed = Vec::new();
    for path in samples() {
        let report = std::fs::read(&path).expect("a readable sample");
        let Some(own) = detected(&report, &path.display().to_string()) else { continue };
        if seems_empty(own, &report) {
            continue;
        }
        for format in Format::ALL.into_iter().filter(|format| *format != own && seems_empty(*format, &report)) {
            believed.push(format!("{} as {}", path.display(), format.name()));
        }
    }
    assert!(believed.is_empty(), "{} reports:\n{}", believed.len(), believed.join("\n"));
}

/// What is no scanner's report, in each syntax.
const NOBODYS: [&str; 16] = [
    r#"{"foo":[1,2]}"#,
    r#"[{"foo":1}]"#,
    r#"{"foo":{"bar":[{"baz":"1"}]}}"#,
    r#"[[{"foo":1}]]"#,
    r"[1,2]",
    r#"{"results":[1,2]}"#,
    r#"[{"vulnerabilities":{"foo":1}}]"#,
    "{\"foo\":1}\n{\"foo\":2}\n",
    r#""foo""#,
    "<foo><bar baz='1'/></foo>",
    "<report><foo>1</foo></report>",
    "<results><result/></results>",
    "foo,bar\n1,2\n",
    "foo;bar\n1;2\n",
    "foo\nbar\n",
    "<html><body><p>foo</p></body></html>",
];

#[test]
fn no_format_reads_what_is_nobodys_as_empty() {
    let all = NOBODYS.iter().flat_map(|report| Format::ALL.into_iter().map(move |format| (report, format)));
    let believed: Vec<String> = all
        .filter(|(report, format)| seems_empty(*format, report.as_bytes()))
        .map(|(report, format)| format!("{report} as {}", format.name()))
        .collect();
    assert!(believed.is_empty(), "{} reports:\n{}", believed.len(), believed.join("\n"));
}

/// An answer of an API has the report somewhere within.
#[test]
fn no_format_reads_its_own_report_within_another_document_as_empty() {
    let mut believed = Vec::new();
    for path in samples() {
        let report = std::fs::read_to_string(&path).unwrap_or_default();
        let Some(own) = detected(report.as_bytes(), &path.display().to_string()) else { continue };
        if !report.trim_start().starts_with(['{', '[']) || seems_empty(own, report.as_bytes()) {
            continue;
        }
        let document = report.trim();
        for within in
            [format!(r#"{{"data":{document}}}"#), format!("[{document}]"), format!(r#"{{"data":{{"edges":[{{"node":{document}}}]}}}}"#)]
        {
            if seems_empty(own, within.as_bytes()) {
                believed.push(format!("{} in {}", path.display(), &within[..10]));
            }
        }
    }
    assert!(believed.is_empty(), "{} reports:\n{}", believed.len(), believed.join("\n"));
}
