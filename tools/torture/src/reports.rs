//! The reports that are imported: the same ones in every round.

use std::path::Path;

use anyhow::{Context as _, Result};
use bytes::Bytes;
use generate::dice::Dice;
use generate::{NetworkSize, SarifSize};
use stack::paths;

use crate::datasets::{self, Destination};

/// Workspaces with made-up reports.
const MADE_UP: u64 = 3;
/// Formats of which a sample is imported.
const SAMPLES: usize = 16;
/// Records of each made-up report that cannot be used.
const PROBLEMS: usize = 3;
/// Occurrences of a first report. The later one of Nessus is larger than a part of an upload.
const NESSUS: usize = 2_600;
const NMAP: usize = 3_000;
const SARIF: usize = 2_000;
/// Hosts of a network, which Nessus and Nmap both look at.
const HOSTS: usize = 60;
/// An archive, most records of which cannot be used: its import fails, and goes on when it is tried again. The reports in it are read at the same
/// time, and the trial ends in the middle of them.
pub(super) const UNUSABLE: &str = "unusable.zip";
const UNUSABLE_ENTRIES: u64 = 4;
const UNUSABLE_SIZE: NetworkSize = NetworkSize { findings: 150, hosts: HOSTS, first_host: 0, seed: 0, problems: 350 };
/// What the later report of a scanner says in other words.
const OTHER_WORDS: [(&str, &str); 7] = [
    ("The remote service", "The service"),
    ("Multiple Vulnerabilities", "Several Vulnerabilities"),
    ("22.04 (jammy)", "24.04 (noble)"),
    ("Linux 5.0 - 5.14", "Linux 5.15 - 6.1"),
    ("<elem key=\"is_exploit\">false", "<elem key=\"is_exploit\">true"),
    ("what a user sends reaches", "what anybody sends can reach"),
    ("this depends on a", "this still depends on a"),
];

/// A report, or a file of rows.
#[derive(Clone, Debug)]
pub(super) struct Report {
    /// Unlike that of any other report of its workspace.
    pub(super) file_name: String,
    pub(super) bytes: Bytes,
    /// Where its rows go; none of a scanner's report.
    pub(super) destination: Option<Destination>,
}

impl Report {
    fn of_scanner(file_name: String, bytes: Vec<u8>) -> Self {
        Self { file_name, bytes: bytes.into(), destination: None }
    }
}

/// A report that is uploaded by mistake, in other words than those of a made-up workspace, and taken back.
pub(super) fn mistaken() -> Result<Report> {
    Ok(Report::of_scanner("mistaken".to_owned(), in_other_words(Scanner::Nessus.report(0, 2)?)?))
}

/// A scanner whose reports can be made up.
#[derive(Clone, Copy, Debug)]
enum Scanner {
    Nessus,
    Nmap,
    Sarif,
}

const SCANNERS: [Scanner; 3] = [Scanner::Nessus, Scanner::Nmap, Scanner::Sarif];

/// The reports of all workspaces, each in the order in which they are uploaded: large ones that are made up, samples of some of the other
/// formats, and files of rows.
pub(super) fn of_all_workspaces(seed: u64) -> Result<Vec<Vec<Report>>> {
    let mut workspaces = (0..MADE_UP).map(made_up).collect::<Result<Vec<_>>>()?;
    workspaces.push(samples(seed)?);
    workspaces.extend(datasets::of_all_workspaces()?);
    Ok(workspaces)
}

/// A report of every scanner, all of the same network and repository, and a later one of one of them.
fn made_up(workspace: u64) -> Result<Vec<Report>> {
    let mut reports = Vec::new();
    for scanner in SCANNERS {
        reports.push(Report::of_scanner(format!("{}-first", scanner.name()), scanner.report(workspace, 0)?));
    }
    reports.push(Report::of_scanner(UNUSABLE.to_owned(), unusable(workspace)?));
    let scanner = SCANNERS[usize::try_from(workspace)? % SCANNERS.len()];
    let later = in_other_words(scanner.report(workspace, 1)?)?;
    reports.push(Report::of_scanner(format!("{}-later", scanner.name()), later));
    Ok(reports)
}

impl Scanner {
    fn name(self) -> &'static str {
        match self {
            Self::Nessus => "nessus",
            Self::Nmap => "nmap",
            Self::Sarif => "sarif",
        }
    }

    /// A report of a network or repository. In a later one there are more hosts (or files), and most of what the first one found.
    fn report(self, seed: u64, later: usize) -> Result<Vec<u8>> {
        let mut report = Vec::new();
        let hosts = HOSTS + later * HOSTS / 2;
        let more = |findings: usize| findings * hosts / HOSTS;
        let network = |findings| NetworkSize { findings: more(findings), hosts, first_host: 0, seed, problems: PROBLEMS };
        match self {
            Self::Nessus => generate::nessus(network(NESSUS), &mut report)?,
            Self::Nmap => generate::nmap(network(NMAP), &mut report)?,
            Self::Sarif => generate::sarif(SarifSize { results: more(SARIF), seed, problems: PROBLEMS }, &mut report)?,
        }
        Ok(report)
    }
}

/// A ZIP archive of reports.
fn unusable(seed: u64) -> Result<Vec<u8>> {
    let mut entries = Vec::new();
    for entry in 0..UNUSABLE_ENTRIES {
        let mut report = Vec::new();
        // Hosts of its own: of what several reports of one import say of an asset, the last to be stored counts.
        let first_host = HOSTS * usize::try_from(entry)?;
        generate::nmap(NetworkSize { seed: seed * UNUSABLE_ENTRIES + entry, first_host, ..UNUSABLE_SIZE }, &mut report)?;
        entries.push((format!("nmap-{entry}.xml"), report));
    }
    zip(&entries)
}

/// A ZIP archive (APPNOTE.TXT) of stored entries.
pub(super) fn zip(entries: &[(impl AsRef<str>, Vec<u8>)]) -> Result<Vec<u8>> {
    let (mut file, mut directory) = (Vec::new(), Vec::new());
    for (name, content) in entries {
        let name = name.as_ref();
        let mut crc = flate2::Crc::new();
        crc.update(content);
        let size = u32::try_from(content.len())?;
        let sums: Vec<u8> = [crc.sum(), size, size].into_iter().flat_map(u32::to_le_bytes).collect();
        let header = [&[20, 0, 0, 0, 0, 0, 0, 0, 0, 0], sums.as_slice(), &u16::try_from(name.len())?.to_le_bytes()].concat();
        let at = u32::try_from(file.len())?.to_le_bytes();
        file.extend([b"PK\x03\x04", header.as_slice(), &[0; 2], name.as_bytes(), content].concat());
        directory.extend([b"PK\x01\x02\x14\x00", header.as_slice(), &[0; 12], &at, name.as_bytes()].concat());
    }
    let count = u16::try_from(entries.len())?.to_le_bytes();
    let place: Vec<u8> = [directory.len().try_into()?, file.len().try_into()?].into_iter().flat_map(u32::to_le_bytes).collect();
    Ok([&file, &directory, b"PK\x05\x06\0\0\0\0".as_slice(), &count, &count, &place, &[0; 2]].concat())
}

fn in_other_words(report: Vec<u8>) -> Result<Vec<u8>> {
    let text = String::from_utf8(report)?;
    Ok(OTHER_WORDS.iter().fold(text, |text, (words, other)| text.replace(words, other)).into_bytes())
}

/// Samples of formats that the seed picks.
fn samples(seed: u64) -> Result<Vec<Report>> {
    let mut files = paths::sample_of_each_format()?;
    let mut dice = Dice::new(seed);
    let mut reports = Vec::new();
    while reports.len() < SAMPLES && !files.is_empty() {
        let file = files.swap_remove(dice.below(u32::try_from(files.len())?) as usize);
        let bytes = std::fs::read(&file).with_context(|| format!("cannot read {}", file.display()))?;
        let name = |path: &Path| path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let format = file.parent().map(name).unwrap_or_default();
        reports.push(Report::of_scanner(format!("{format}-{}", name(&file)), bytes));
    }
    Ok(reports)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn later_reports_have_other_words() -> Result<()> {
        for (seed, scanner) in (0..).zip(SCANNERS) {
            let unchanged = scanner.report(seed, 1)?;
            assert_ne!(in_other_words(unchanged.clone())?, unchanged, "{scanner:?} has none of the words");
        }
        Ok(())
    }

    #[test]
    fn every_workspace_has_reports_and_their_names_are_unique() -> Result<()> {
        for reports in of_all_workspaces(1)? {
            assert!(reports.len() > SCANNERS.len());
            let names: HashSet<_> = reports.iter().map(|report| &report.file_name).collect();
            assert_eq!(names.len(), reports.len());
        }
        Ok(())
    }
}
