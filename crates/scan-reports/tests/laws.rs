//! The three laws of the crate, over every sample: cut anywhere, suspend anywhere, bounded.
//!
//! Over the reports of the corpus too, where there is one: `SPILLWAY_CORPUS`, or `../shared/corpus` beside the project.

mod driver;

use std::path::{Path, PathBuf};

use driver::{Reading, detected, files, read, samples, serve};
use scan_reports::{Decoder, Format, Step, limits};

/// A linear congruential generator (Knuth's MMIX constants): any sequence will do, as long as it is the same every time.
struct Sequence(u64);

impl Sequence {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).expect("31 bits") % limit
    }
}

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
            _ if moved && pieces > 0 => {
                decoder = resumed();
                pieces = 0;
            }
            _ => {
                serve(&mut decoder, report, size);
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

#[test]
fn the_samples_give_the_same_however_they_are_cut_and_suspended() {
    let samples = samples();
    assert!(!samples.is_empty(), "no samples");
    for path in samples {
        obeys(&path);
    }
}

#[test]
fn so_do_the_reports_of_the_corpus() {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus");
    let corpus = std::env::var_os("SPILLWAY_CORPUS").map_or_else(beside, PathBuf::from).join("samples");
    let reports = files(&corpus);
    if reports.is_empty() {
        eprintln!("SKIPPED: no corpus at {} (set SPILLWAY_CORPUS)", corpus.display());
    }
    for path in reports {
        obeys(&path);
    }
}

#[test]
fn a_report_that_is_cut_off_anywhere_ends_with_an_error() {
    for path in samples() {
        let report = std::fs::read(&path).expect("a readable sample");
        let Some(format) = detected(&report, "") else { continue };
        // Where lines are records a report may end behind any of them.
        let lines = path.extension().is_some_and(|extension| extension == "csv" || extension == "jsonl");
        if lines || read(format, &report, || 4096).error.is_some() {
            continue;
        }
        let end = report.trim_ascii_end().len();
        for cut in (1..end).step_by(1 + end / 200) {
            let reading = read(format, &report[..cut], || 4096);
            assert!(reading.error.is_some(), "{} cut at {cut}", path.display());
        }
    }
}
