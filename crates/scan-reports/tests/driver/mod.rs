//! Reads samples the way a caller of the crate does: asks for the next record, serves the bytes at the decoder's position.

#![allow(dead_code, reason = "each test binary uses its part")]

use std::path::{Path, PathBuf};

use scan_reports::{Decoder, Detection, Format, ReadError, Record, Step, detect, limits};

/// What a report gives: its records, and the error at which it ended if it did not end well.
#[derive(Debug, PartialEq)]
pub(crate) struct Reading {
    pub(crate) records: Vec<Record>,
    pub(crate) error: Option<ReadError>,
}

/// Reads a report, fed in pieces of the sizes that `cut` gives.
pub(crate) fn read(format: Format, report: &[u8], mut cut: impl FnMut() -> usize) -> Reading {
    let mut decoder = Decoder::new(format);
    let mut records = Vec::new();
    let mut progress = 0;
    let error = loop {
        match decoder.next() {
            Ok(Step::Record(record)) => records.push(record),
            Ok(Step::NeedInput) => decoder.feed_from(report, cut()),
            Ok(Step::Working) => {}
            Ok(Step::End) => break None,
            Err(error) => break Some(error),
        }
        assert!((progress..=report.len() as u64).contains(&decoder.progress()), "progress {} after {progress}", decoder.progress());
        progress = decoder.progress();
    };
    if error.is_none() {
        assert_eq!(decoder.progress(), report.len() as u64, "progress at the end is the report's length");
    }
    assert_eq!(decoder.next().err(), error, "stays with its answer");
    Reading { records, error }
}

/// Format of a report, by its content.
pub(crate) fn detected(report: &[u8], name: &str) -> Option<Format> {
    let start = &report[..report.len().min(limits::DETECTION)];
    match detect(start, start.len() == report.len(), Some(name)) {
        Detection::Format(format) => Some(format),
        _ => None,
    }
}

/// The files below a directory, in order.
pub(crate) fn files(directory: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(directory) else { return Vec::new() };
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("a readable directory").path()).collect();
    paths.sort();
    paths.into_iter().flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

/// Every sample of this crate.
pub(crate) fn samples() -> Vec<PathBuf> {
    files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata"))
}
