//! Whatever number stands in a report, what is made of it can be stored: of a record that the database refuses, all others in its batch would pay.

mod driver;

use driver::{detected, read, samples};
use scan_reports::{Finding, Format, Location, Record, limits};

/// What nobody expects where a number stands.
const ABSURD: [&str; 9] = [
    "1000000000000000000000000000000",
    "9223372036854775808",
    "18446744073709551616",
    "4294967295",
    "65536",
    "1e400",
    "0",
    "0.0000000000000000000000000000000000000001",
    "9999999999999999999999.99999999999",
];

fn is_text(text: &str) -> bool {
    !text.contains('\0')
}

/// Why a finding cannot be stored.
fn unfit_finding(finding: &Finding) -> Option<String> {
    let is_storable = finding.cwes.iter().all(|cwe| i32::try_from(*cwe).is_ok())
        && finding
            .cvss
            .iter()
            .all(|cvss| (0.0..=10.0).contains(&cvss.score) && is_text(&cvss.version) && cvss.version.len() <= limits::NAME)
        && !finding.title.is_empty();
    (!is_storable).then(|| format!("{finding:?}"))
}

fn unfit_location(location: &Location) -> Option<String> {
    let is_storable = location.port != Some(0) && location.line.is_none_or(|line| i64::try_from(line).is_ok());
    (!is_storable).then(|| format!("{location:?}"))
}

fn unfit(record: &Record) -> Option<String> {
    match record {
        Record::Occurrence(o) if o.asset.identity.is_empty() => Some(format!("on nothing: {o:?}")),
        Record::Occurrence(o) => unfit_finding(&o.finding).or_else(|| unfit_location(&o.location)),
        Record::Asset(asset) => asset.identity.is_empty().then(|| format!("{asset:?}")),
        Record::Tool { .. } | Record::Problem(_) => None,
    }
}

/// The report with another number in the place of each.
fn with_numbers(report: &str, number: &str) -> String {
    let mut changed = String::new();
    let mut rest = report;
    while let Some(at) = rest.find(|c: char| c.is_ascii_digit()) {
        let digits = rest[at..].find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len() - at);
        changed.extend([&rest[..at], number]);
        rest = &rest[at + digits..];
    }
    changed + rest
}

#[test]
fn every_number_can_be_any() {
    let mut records = 0;
    for path in samples() {
        let Ok(report) = std::fs::read_to_string(&path) else { continue };
        let Some(format) = detected(report.as_bytes(), &path.display().to_string()) else { continue };
        for number in ABSURD {
            let reading = read(format, with_numbers(&report, number).as_bytes(), || usize::MAX / 2);
            records += reading.records.len();
            for record in &reading.records {
                assert_eq!(unfit(record), None, "{}: {number}", path.display());
            }
        }
    }
    assert!(records > 1000, "hardly any sample was read: {records}");
}

fn only(format: Format, report: &str) -> Box<scan_reports::Occurrence> {
    let reading = read(format, report.as_bytes(), || usize::MAX / 2);
    let mut found =
        reading.records.into_iter().filter_map(|record| if let Record::Occurrence(found) = record { Some(found) } else { None });
    found.next().unwrap_or_else(|| panic!("no occurrence: {:?}", reading.error))
}

#[test]
fn what_is_beyond_a_limit_is_none() {
    let huge = "1".to_owned() + &"0".repeat(30);
    let sarif = only(
        Format::Sarif,
        &format!(
            r#"{{"version": "2.1.0", "runs": [{{"tool": {{"driver": {{"name": "t"}}}}, "results": [{{"ruleId": "r", "message": {{"text": "m"}},
            "properties": {{"cwe": ["CWE-{huge}", "CWE-4294967295", 99999, 100000, 0, -1, "79"], "tags": ["external/cwe/cwe-3000000000"],
            "cvssv3_baseScore": "1e400", "security-severity": "NaN"}},
            "locations": [{{"physicalLocation": {{"artifactLocation": {{"uri": "a"}}, "region": {{"startLine": 1e400}}}}}}]}}]}}]}}"#
        ),
    );
    assert_eq!((sarif.finding.cwes, sarif.finding.cvss, sarif.location.line), (vec![99_999, 79], vec![], None));
    let generic = only(
        Format::Generic,
        &format!(
            r#"{{"name": "n", "type": "t", "findings": [{{"title": "t", "severity": "High", "description": "d", "cwe": {huge}, "cwes": [4294967295, 79],
            "line": 9223372036854775808, "file_path": "f", "cvssv3_score": 1e400, "endpoints": [{{"host": "h", "port": 1000000000}}]}}]}}"#
        ),
    );
    assert_eq!((generic.finding.cwes, generic.location.line, generic.location.port), (vec![79], None, None));
    let nessus = only(
        Format::Nessus,
        &format!(
            "<NessusClientData_v2><Report name='r'><ReportHost name='h'><ReportItem port='{huge}' severity='{huge}' pluginID='{huge}' pluginName='n'>\
             <cwe>{huge}</cwe><cwe>3000000000</cwe><cvss3_base_score>NaN</cvss3_base_score><cvss_base_score>1e400</cvss_base_score></ReportItem></ReportHost>\
             </Report></NessusClientData_v2>"
        ),
    );
    assert_eq!((nessus.finding.cwes, nessus.finding.cvss, nessus.location.port), (vec![], vec![], None));
}
