//! Reports and tables of any size, made up: for the demo, the benchmark and the tests.
//!
//! The same size and seed give the same bytes (see [`Dice`]).

pub mod dice;
use dice::Dice;

mod command;
pub use command::Generate;

mod network;
pub use network::NetworkSize;

mod nessus;
pub use nessus::nessus;

mod nmap;
pub use nmap::nmap;

mod sarif;
pub use sarif::{SarifSize, sarif};

pub mod hostile;
pub use hostile::{Hostile, HostileKind, hostile};

mod template;
pub use template::{ListSize, Template};

mod lists;
pub use lists::{GITLEAKS, GRYPE, NESSUS_CSV, OPENVAS, SEMGREP, SNYK, TRIVY};

mod tables;
pub use tables::{MOST_ROWS_OF_A_SHEET, Order, Orders, TABLE_COLUMNS, TableFormat, TableSize};

/// The forms of all reports that are lists.
pub const TEMPLATES: [&Template; 7] = [&NESSUS_CSV, &OPENVAS, &TRIVY, &GRYPE, &SNYK, &SEMGREP, &GITLEAKS];

/// Sentences of at least so many bytes.
fn prose(dice: &mut Dice, bytes: u32) -> String {
    const SUBJECTS: [&str; 12] = [
        "The remote service",
        "The version of the software on the remote host",
        "An unauthenticated, remote attacker",
        "The web application",
        "The operating system of the host",
        "A flaw in the handling of requests",
        "The certificate of the service",
        "The default configuration",
        "A local user",
        "An out-of-bounds read in the parser",
        "The management interface",
        "The library behind the service",
    ];
    const VERBS: [&str; 10] = [
        "is affected by",
        "does not check",
        "allows access to",
        "discloses",
        "can be made to reveal",
        "fails to limit",
        "accepts",
        "relies on",
        "is reached through",
        "does not encrypt",
    ];
    const OBJECTS: [&str; 14] = [
        "a specially crafted packet",
        "the names of local accounts",
        "memory of the process",
        "weak ciphers & outdated protocols",
        "files outside of its directory",
        "a condition that stops the service",
        "the credentials of other users",
        "input of more than 4096 bytes",
        "the response to a \"TRACE\" request",
        "values < 0 in the length field",
        "a key of 1024 bits",
        "several vulnerabilities",
        "requests without authentication",
        "the session of an administrator",
    ];
    let mut text = String::new();
    while text.len() < bytes as usize {
        if !text.is_empty() {
            text.push_str(if dice.percent(15) { "\n\n" } else { " " });
        }
        for (list, end) in [(&SUBJECTS[..], " "), (&VERBS, " "), (&OBJECTS, ".")] {
            text.push_str(dice.pick(list));
            text.push_str(end);
        }
    }
    text
}

/// How many of the records that cannot be used come after an item, counted from 0: they are spread evenly over all items.
fn problems_after(item: usize, items: usize, problems: usize) -> usize {
    (item + 1) * problems / items - item * problems / items
}

/// Text as it stands in XML.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// What the decoder reads in a report.
#[cfg(test)]
fn records(format: scan_reports::Format, report: &[u8]) -> Vec<scan_reports::Record> {
    use scan_reports::{Decoder, Step};
    let (mut decoder, mut records) = (Decoder::new(format), Vec::new());
    loop {
        match decoder.next().expect("a report") {
            Step::Record(record) => records.push(record),
            Step::NeedInput => match usize::try_from(decoder.position()).ok().and_then(|position| report.get(position..)) {
                Some(rest) if !rest.is_empty() => decoder.feed(rest),
                _ => decoder.end_of_input(),
            },
            Step::Working => {}
            Step::End => return records,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn problems_are_spread_and_none_is_lost() {
        let spread: Vec<usize> = (0..10).map(|item| problems_after(item, 10, 3)).collect();
        assert_eq!(spread, [0, 0, 0, 1, 0, 0, 1, 0, 0, 1]);
        assert_eq!((0..7).map(|item| problems_after(item, 7, 20)).sum::<usize>(), 20);
    }
}
