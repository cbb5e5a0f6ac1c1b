//! The reports that are imported: the same ones in every round.

use anyhow::{Result, bail};
use scan_reports::Format;
use xtask::generate::{self, NetworkSize, SarifSize};

/// Records of each report that cannot be used.
const PROBLEMS: usize = 3;
/// Occurrences of a first report. The later one of Nessus is larger than a part of an upload.
const NESSUS: usize = 2_600;
const NMAP: usize = 3_000;
const SARIF: usize = 2_000;
/// Hosts of a network, which Nessus and Nmap both look at.
const HOSTS: usize = 60;
/// The formats of which reports can be made up.
const FORMATS: [Format; 3] = [Format::Nessus, Format::Nmap, Format::Sarif];
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

/// A report.
#[derive(Clone, Debug)]
pub(super) struct Report {
    /// Unlike that of any other report of its workspace.
    pub(super) file_name: String,
    pub(super) bytes: bytes::Bytes,
}

/// The reports of a workspace, counted from 0, in the order in which they are uploaded: one of each of the formats, all of the same network and
/// repository, and a later one of one of the formats.
pub(super) fn of_workspace(number: usize) -> Result<Vec<Report>> {
    let seed = number as u64;
    let mut reports = Vec::new();
    for format in FORMATS {
        reports.push(Report { file_name: format!("{}-first", format.name()), bytes: generated(format, seed, 0)?.into() });
    }
    let format = FORMATS[number % FORMATS.len()];
    let later = in_other_words(generated(format, seed, 1)?)?;
    reports.push(Report { file_name: format!("{}-later", format.name()), bytes: later.into() });
    Ok(reports)
}

/// A report of the same network. In a later one there are more hosts (or files), and most of what the first one found.
fn generated(format: Format, seed: u64, later: usize) -> Result<Vec<u8>> {
    let mut report = Vec::new();
    let hosts = HOSTS + later * HOSTS / 2;
    let more = |findings: usize| findings * hosts / HOSTS;
    match format {
        Format::Nessus => generate::nessus(NetworkSize { findings: more(NESSUS), hosts, seed, problems: PROBLEMS }, &mut report)?,
        Format::Nmap => generate::nmap(NetworkSize { findings: more(NMAP), hosts, seed, problems: PROBLEMS }, &mut report)?,
        Format::Sarif => generate::sarif(SarifSize { results: more(SARIF), seed, problems: PROBLEMS }, &mut report)?,
        other => bail!("reports of {} are not made up", other.name()),
    }
    Ok(report)
}

fn in_other_words(report: Vec<u8>) -> Result<Vec<u8>> {
    let text = String::from_utf8(report)?;
    Ok(OTHER_WORDS.iter().fold(text, |text, (words, other)| text.replace(words, other)).into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_workspace_gets_every_format_and_a_later_report_with_other_words() -> Result<()> {
        for (number, format) in FORMATS.into_iter().enumerate() {
            let reports = of_workspace(number)?;
            assert_eq!(reports.len(), FORMATS.len() + 1);
            let unchanged = generated(format, number as u64, 1)?;
            assert_ne!(reports.last().map(|report| &report.bytes[..]), Some(&unchanged[..]), "{} has none of the words", format.name());
        }
        Ok(())
    }
}
