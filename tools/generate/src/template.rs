//! Reports that list one finding after the other in the same form: the form is a text with gaps, and what fills them is drawn.

use std::io::{self, Write};

use crate::dice::Dice;
use crate::network::{address, name};
use crate::prose;

/// How large a list is, and which one of that size.
#[derive(Clone, Copy, Debug, clap::Args)]
pub struct ListSize {
    /// Findings
    #[arg(long, default_value_t = 20_000)]
    pub findings: usize,

    /// Another seed gives another report of the same size
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
}

/// The form of a report.
#[derive(Debug)]
pub struct Template {
    /// The name of the format.
    pub format: &'static str,
    pub(super) head: &'static str,
    /// A finding, with gaps: see [`Found::fill`].
    pub(super) finding: &'static str,
    pub(super) separator: &'static str,
    pub(super) tail: &'static str,
    /// Different findings. Each comes up in one place after the other.
    pub(super) kinds: usize,
    /// How a text stands in the report.
    pub(super) escape: fn(&str) -> String,
}

impl Template {
    /// Writes a report. Nothing of it is held but one finding.
    pub fn write(&self, size: ListSize, out: &mut impl Write) -> io::Result<()> {
        let mut places = Dice::new(size.seed);
        out.write_all(self.head.as_bytes())?;
        for number in 0..size.findings {
            let separator = if number == 0 { "" } else { self.separator };
            out.write_all(separator.as_bytes())?;
            let mut found = Found::new(number, self.kinds, size.seed, &mut places);
            for (place, part) in self.finding.split(['«', '»']).enumerate() {
                let is_gap = place % 2 == 1;
                let part = if is_gap { &(self.escape)(&found.fill(part)) } else { part };
                out.write_all(part.as_bytes())?;
            }
        }
        out.write_all(self.tail.as_bytes())
    }
}

/// One finding in one place.
struct Found {
    kind: usize,
    /// How often the same was found before.
    round: usize,
    /// Draws the same for every finding of the kind.
    dice: Dice,
    file: String,
    line: u32,
    commit: String,
}

impl Found {
    fn new(number: usize, kinds: usize, seed: u64, places: &mut Dice) -> Self {
        const WORDS: [&str; 10] =
            ["account", "basket", "billing", "catalog", "checkout", "delivery", "invoice", "orders", "search", "users"];
        let (kind, round) = (number % kinds, number / kinds);
        let mut word = || places.pick(&WORDS);
        let file = format!("services/{}/src/{}_{}.py", word(), word(), word());
        Self { kind, round, dice: Dice::new((seed << 32) | kind as u64), file, line: places.between(1, 2000), commit: hex(places, 40) }
    }

    /// What belongs into a gap. Drawn for the kind: `text 400` (about so many bytes), `hex 64` (digits), `number 1 10` (below 10), and `one of
    /// these`. Anything else is said by the kind or by the place.
    fn fill(&mut self, gap: &str) -> String {
        const PACKAGES: [&str; 10] =
            ["libexample", "parser", "http-client", "codec", "archive", "templates", "crypto-base", "json-tools", "images", "logging"];
        let Self { kind, round, dice, .. } = self;
        let numbers: Vec<u32> = gap.split(' ').filter_map(|word| word.parse().ok()).collect();
        let what = if numbers.is_empty() { gap } else { gap.split(' ').next().unwrap_or_default() };
        match (what, numbers.as_slice()) {
            ("text", [bytes]) => {
                // Half as long to half as long again.
                let bytes = dice.between(bytes / 2, bytes * 3 / 2);
                prose(dice, bytes)
            }
            ("hex", [digits]) => hex(dice, *digits),
            ("number", [low, high]) => dice.between(*low, *high).to_string(),
            ("kind", []) => kind.to_string(),
            ("round", []) => round.to_string(),
            ("cve", []) => format!("CVE-{}-{:05}", 2015 + *kind % 10, 10_000 + *kind),
            ("package", []) => format!("{}{kind}", PACKAGES[*kind % PACKAGES.len()]),
            ("version", []) => format!("{}.{}.{}", *kind % 7, *kind % 23, *kind % 11),
            ("fixed", []) => format!("{}.{}.{}", *kind % 7, *kind % 23, *kind % 11 + 1),
            ("address", []) => address(*round),
            ("name", []) => name(*round),
            ("file", []) => self.file.clone(),
            ("line", []) => self.line.to_string(),
            ("commit", []) => self.commit.clone(),
            _ => dice.pick(&gap.split(' ').collect::<Vec<_>>()).to_owned(),
        }
    }
}

fn hex(dice: &mut Dice, digits: u32) -> String {
    (0..digits).filter_map(|_| char::from_digit(dice.below(16), 16)).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use scan_reports::{Detection, Format, Record, detect};

    use super::*;
    use crate::{TEMPLATES, records};

    fn generated(template: &Template, findings: usize, seed: u64) -> Vec<u8> {
        let mut out = Vec::new();
        template.write(ListSize { findings, seed }, &mut out).expect("memory takes all");
        out
    }

    #[test]
    fn as_many_occurrences_are_read_as_were_asked_for_and_all_differ() {
        for template in TEMPLATES {
            let format = Format::from_name(template.format).expect("a known format");
            for findings in [0, 1, 3 * template.kinds.min(500)] {
                let mut seen = HashSet::new();
                for record in records(format, &generated(template, findings, 1)) {
                    match record {
                        Record::Occurrence(o) => {
                            let place = (o.finding.identity.to_string(), o.asset.identity.clone(), format!("{:?}", o.location));
                            assert!(seen.insert(place), "{}: an occurrence twice: {o:?}", template.format);
                        }
                        Record::Asset(_) | Record::Tool { .. } => {}
                        Record::Problem(problem) => panic!("{}: {problem:?}", template.format),
                    }
                }
                assert_eq!(seen.len(), findings, "{}", template.format);
            }
        }
    }

    #[test]
    fn the_format_shows() {
        for template in TEMPLATES {
            let report = generated(template, 50, 1);
            let known = Format::from_name(template.format).expect("a known format");
            assert_eq!(detect(&report, true, None), Detection::Format(known), "{}", template.format);
        }
    }

    #[test]
    fn a_seed_gives_the_same_report_and_another_another() {
        for template in TEMPLATES {
            let report = |seed| generated(template, 100, seed);
            assert_eq!(report(1), report(1));
            assert_ne!(report(1), report(2));
        }
    }

    #[test]
    fn findings_come_up_again_with_the_same_words() {
        for template in TEMPLATES.into_iter().filter(|template| template.kinds <= 2_000) {
            let format = Format::from_name(template.format).expect("a known format");
            let mut texts = HashSet::new();
            for record in records(format, &generated(template, 2 * template.kinds, 1)) {
                if let Record::Occurrence(occurrence) = record {
                    texts.insert((occurrence.finding.rule_id, occurrence.finding.description));
                }
            }
            assert_eq!(texts.len(), template.kinds, "{}", template.format);
        }
    }
}
