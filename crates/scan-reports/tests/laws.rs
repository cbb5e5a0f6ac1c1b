//! The three laws of the crate, over every sample: cut anywhere, suspend anywhere, bounded.
//!
//! Over the reports of the corpus too, where there is one: `SPILLWAY_CORPUS`, or `../shared/corpus` beside the project.

mod driver;

use std::collections::VecDeque;
use std::path::{Path, PathBuf};

use driver::{Reading, detected, files, read, samples};
use laws::Sequence;
use scan_reports::{Batch, BatchRows, Cut, Decoder, Format, Record, Step, limits};

/// Reads a report with a new decoder after each record and at every piece, as if each ran in another process.
fn read_suspended(format: Format, report: &[u8], size: usize) -> Reading {
    let mut decoder = Decoder::new(format);
    let mut records = Vec::new();
    // Pieces that were fed since the checkpoint last changed: a decoder that is suspended before it gets anywhere starts over.
    let (mut pieces, mut last) = (0, Vec::new());
    loop {
        let step = match decoder.next() {
            Ok(Step::End) => return Reading { records, error: None },
            Err(error) => return Reading { records, error: Some(error) },
            Ok(step) => step,
        };
        let checkpoint = decoder.checkpoint();
        assert!(checkpoint.len() <= limits::CHECKPOINT, "a checkpoint of {} bytes", checkpoint.len());
        let moved = checkpoint != last;
        let resumed = || Decoder::resume(&checkpoint).expect("its own checkpoint");
        match step {
            Step::Record(record) => {
                records.push(record);
                decoder = resumed();
                pieces = 0;
            }
            Step::Working => {}
            _ if moved && pieces > 0 => {
                decoder = resumed();
                pieces = 0;
            }
            _ => {
                decoder.feed_from(report, size);
                pieces += 1;
            }
        }
        last = checkpoint;
    }
}

fn obeys(path: &Path) {
    let report = std::fs::read(path).expect("a readable sample");
    let name = path.display();
    let Some(format) = detected(&report, &name.to_string()) else { return };
    let whole = read(format, &report, || usize::MAX / 2);
    // Byte by byte is for small reports; in a large one every byte would be looked at some thousand times.
    if report.len() < 200_000 {
        assert_eq!(read(format, &report, || 1), whole, "{name}: fed byte by byte");
    }
    let mut sequence = Sequence(report.len() as u64);
    for most in [7, 100, 5_000] {
        assert_eq!(read(format, &report, || 1 + sequence.below(most)), whole, "{name}: fed in pieces of up to {most} bytes");
    }
    let sizes: &[usize] = if report.len() < 20_000 { &[13, 1_000, usize::MAX / 2] } else { &[70_001] };
    for size in sizes {
        assert_eq!(read_suspended(format, &report, *size), whole, "{name}: suspended, in pieces of {size} bytes");
    }
}

/// Reads a report in the parts between its cuts.
fn read_in_parts(format: Format, report: &[u8], spacing: u64, size: usize) -> Reading {
    let mut decoder = Decoder::new(format);
    let mut reading = Reading { records: Vec::new(), error: None };
    // The cuts that are known from some record on.
    let mut cuts: VecDeque<Cut> = VecDeque::new();
    loop {
        let end = cuts.front().map_or(report.len() as u64, |cut| cut.offset);
        match decoder.next() {
            Ok(Step::End) => return reading,
            Err(error) => return Reading { error: Some(error), ..reading },
            Ok(Step::Record(record)) => {
                reading.records.push(record);
                if cuts.is_empty()
                    && let Some(mut cutter) = decoder.cutter(spacing)
                {
                    while let Some(rest) = usize::try_from(cutter.position()).ok().filter(|at| *at < report.len()) {
                        cuts.extend(cutter.feed(&report[rest..report.len().min(rest + size)]));
                    }
                }
            }
            Ok(Step::Working) => {}
            Ok(Step::NeedInput) if decoder.position() < end => {
                decoder.feed_from(&report[..usize::try_from(end).expect("in the report")], size);
            }
            Ok(Step::NeedInput) => match cuts.pop_front() {
                Some(cut) => decoder = Decoder::resume(&cut.checkpoint).expect("the cutter's own checkpoint"),
                None => decoder.feed_from(report, size),
            },
        }
    }
}

#[test]
fn the_parts_of_a_report_give_what_the_whole_does() {
    let mut parts = 0;
    for path in samples() {
        let report = std::fs::read(&path).expect("a readable sample");
        let Some(format) = detected(&report, "") else { continue };
        let whole = read(format, &report, || 4096);
        for (spacing, size) in [(1, 7), (1, 4096), (500, 100), (5_000, 70_001)] {
            assert_eq!(read_in_parts(format, &report, spacing, size), whole, "{} cut every {spacing} bytes", path.display());
        }
        parts += usize::from(cuts_of(format, &report) > 1);
    }
    assert!(parts > 2, "hardly any sample can be cut");
}

/// Reads a report into batches, each of which leaves out the findings of those before it, and so does the decoder where it `passes_over` them.
fn batches(format: Format, report: &[u8], length: usize, passes_over: bool) -> Vec<serde_json::Value> {
    let mut decoder = Decoder::new(format);
    let mut batch = Batch::default();
    let mut parts = Vec::new();
    loop {
        let step = if passes_over { decoder.next_beyond(batch.known()) } else { decoder.next() };
        match step {
            Ok(Step::Record(record)) => batch.push(record),
            Ok(Step::NeedInput) => decoder.feed_from(report, 4096),
            Ok(Step::Working) => {}
            Ok(Step::End) | Err(_) => break,
        }
        if batch.len() == length {
            let (rows, known) = std::mem::take(&mut batch).into_parts();
            parts.push(shown(&rows));
            batch = Batch::after(known);
        }
    }
    parts.push(shown(&batch.into_parts().0));
    parts
}

fn shown(BatchRows { document, findings, occurrences }: &BatchRows) -> serde_json::Value {
    serde_json::json!([String::from_utf8_lossy(document), findings, occurrences])
}

#[test]
fn to_pass_over_known_findings_changes_nothing_else() {
    for path in samples() {
        let report = std::fs::read(&path).expect("a readable sample");
        let Some(format) = detected(&report, "") else { continue };
        for length in [1, 4] {
            let whole = batches(format, &report, length, false);
            assert_eq!(batches(format, &report, length, true), whole, "{} in batches of {length}", path.display());
        }
    }
}

/// The number of cuts behind the first record.
fn cuts_of(format: Format, report: &[u8]) -> usize {
    let mut decoder = Decoder::new(format);
    loop {
        match decoder.next() {
            Ok(Step::Record(_)) => {
                if let Some(mut cutter) = decoder.cutter(1) {
                    let from = usize::try_from(cutter.position()).expect("in the report");
                    return cutter.feed(&report[from..]).len();
                }
            }
            Ok(Step::NeedInput) => decoder.feed_from(report, 10),
            Ok(Step::Working) => {}
            _ => return 0,
        }
    }
}

#[test]
fn what_only_looks_like_a_host_is_no_cut() {
    let host = |name: &str, output: &str| {
        format!(
            "<ReportHost name=\"{name}\"><ReportItem port=\"0\" pluginID=\"1\" pluginName=\"a > b\" severity=\"1\">\
             <plugin_output>{output}</plugin_output><ReportHost/></ReportItem></ReportHost>\n"
        )
    };
    let outputs = ["<![CDATA[<ReportHost name=\"no\">]]>", "<!-- <ReportHost > -->", "<?x <ReportHost ?>", "&lt;ReportHost "];
    let hosts: String = outputs.iter().enumerate().map(|(n, output)| host(&format!("h{n}"), output)).collect();
    let report = format!("<NessusClientData_v2><Report>{hosts}<ReportHosts/></Report><ReportHost name=\"no\"/></NessusClientData_v2>");
    let whole = read(Format::Nessus, report.as_bytes(), || 4096);
    assert_eq!((whole.records.len(), &whole.error), (9, &None));
    for size in [1, 3, 50, 4096] {
        assert_eq!(read_in_parts(Format::Nessus, report.as_bytes(), 1, size), whole);
    }
    assert_eq!(cuts_of(Format::Nessus, report.as_bytes()), 3, "the hosts behind the first record, the second in the first host");
}

#[test]
fn the_samples_give_the_same_however_they_are_cut_and_suspended() {
    let samples = samples();
    assert!(!samples.is_empty(), "no samples");
    for path in samples {
        obeys(&path);
    }
}

fn corpus() -> PathBuf {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus");
    std::env::var_os("SPILLWAY_CORPUS").map_or_else(beside, PathBuf::from).join("samples")
}

#[test]
fn so_do_the_reports_of_the_corpus() {
    let corpus = corpus();
    let reports = files(&corpus);
    if reports.is_empty() {
        eprintln!("SKIPPED: no corpus at {} (set SPILLWAY_CORPUS)", corpus.display());
    }
    for path in reports {
        obeys(&path);
    }
}

/// Bytes of records for each byte of a report, which real ones stay below: a quarter of what may be made before something is left out.
const USUAL_OUTPUT: u64 = limits::OUTPUT_PER_BYTE / 4;

#[test]
fn what_scanners_write_is_far_below_what_may_be_made_of_it() {
    for path in samples().into_iter().chain(files(&corpus())) {
        let report = std::fs::read(&path).expect("a readable report");
        let Some(format) = detected(&report, &path.display().to_string()) else { continue };
        let output: usize = read(format, &report, || 70_001).records.iter().map(Record::size).sum();
        let most = limits::OUTPUT / 4 + USUAL_OUTPUT * report.len() as u64;
        assert!(output as u64 <= most, "{}: {output} bytes of records of {} bytes", path.display(), report.len());
    }
}

#[test]
fn a_report_that_is_cut_off_anywhere_ends_with_an_error() {
    for path in samples() {
        let report = std::fs::read(&path).expect("a readable sample");
        let Some(format) = detected(&report, "") else { continue };
        // Where lines are records a report may end behind any of them.
        let lines = path.extension().and_then(|extension| extension.to_str());
        if lines.is_some_and(|extension| ["csv", "jsonl", "txt", "log", "dat"].contains(&extension))
            || read(format, &report, || 4096).error.is_some()
        {
            continue;
        }
        let end = report.trim_ascii_end().len();
        for cut in (1..end).step_by(1 + end / 200) {
            let reading = read(format, &report[..cut], || 4096);
            assert!(reading.error.is_some(), "{} cut at {cut}", path.display());
        }
    }
}

#[test]
fn no_byte_at_all_is_no_finding_where_a_scanner_writes_it_so() {
    for (name, right) in [("sqlmap", true), ("gobuster", true), ("osv_scanner", true), ("clamav", false), ("kubehunter", false)] {
        let format = Format::from_name(name).expect(name);
        let reading = read(format, b"", || 1);
        assert_eq!(reading.error.is_none(), right, "{name}: {:?}", reading.error);
    }
}

/// What a report gives, without what depends on how it is encoded.
fn read_without_offsets(format: Format, report: &[u8]) -> Reading {
    let mut reading = read(format, report, || 4096);
    for record in &mut reading.records {
        match record {
            Record::Occurrence(occurrence) => occurrence.offset = 0,
            Record::Problem(problem) => problem.offset = 0,
            Record::Asset(_) | Record::Tool { .. } => {}
        }
    }
    if let Some(error) = &mut reading.error {
        error.offset = 0;
    }
    reading
}

#[test]
fn a_report_in_utf16_gives_the_same_records() {
    let mut reports = 0;
    for path in samples() {
        let Ok(report) = std::fs::read_to_string(&path) else { continue };
        let name = path.display().to_string();
        let Some(format) = detected(report.as_bytes(), &name) else { continue };
        let marked = format!("\u{feff}{}", report.trim_start_matches('\u{feff}'));
        let wide: Vec<u8> = marked.encode_utf16().flat_map(u16::to_le_bytes).collect();
        // What a report is detected by stands in half as many characters.
        if wide.len() < limits::DETECTION {
            assert_eq!(detected(&wide, &name), Some(format), "{name}");
            reports += 1;
        }
        assert_eq!(read_without_offsets(format, &wide), read_without_offsets(format, report.as_bytes()), "{name}");
    }
    assert!(reports > 100, "hardly any sample is text");
}
