//! The machines of the made-up company: the same ones in the reports of every scanner.

/// How large a report of a network is, and which one of that size.
#[derive(Clone, Copy, Debug, clap::Args)]
pub struct NetworkSize {
    /// Occurrences of findings, on all hosts together
    #[arg(long, default_value_t = 20_000)]
    pub findings: usize,

    /// Hosts, as evenly filled as can be
    #[arg(long, default_value_t = 200)]
    pub hosts: usize,

    /// Number of the first host: reports with the hosts after those of another have no occurrence in common
    #[arg(long, default_value_t = 0)]
    pub first_host: usize,

    /// Another seed gives another report of the same size
    #[arg(long, default_value_t = 1)]
    pub seed: u64,

    /// Further records that cannot be used
    #[arg(long, default_value_t = 0)]
    pub problems: usize,
}

/// The address of a machine.
pub(super) fn address(host: usize) -> String {
    format!("10.{}.{}.{}", (host / 62_500) % 250, (host / 250) % 250, host % 250 + 1)
}

/// Its DNS name.
pub(super) fn name(host: usize) -> String {
    format!("{}-{host:05}.corp.example", ["ws", "srv", "db", "app"][host % 4])
}

/// The address of its network card.
pub(super) fn mac_address(host: usize) -> String {
    let [a, b, c, d] = u32::try_from(host).unwrap_or(u32::MAX).to_be_bytes();
    format!("02:00:{a:02X}:{b:02X}:{c:02X}:{d:02X}")
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::io;

    use scan_reports::{Format, Record};

    use super::*;
    use crate::{nessus, nmap, records};

    type Generator = fn(NetworkSize, &mut Vec<u8>) -> io::Result<()>;

    /// Each with the record that cannot be used.
    const GENERATORS: [(Format, Generator, &str); 2] =
        [(Format::Nessus, nessus::nessus, nessus::PROBLEM), (Format::Nmap, nmap::nmap, nmap::PROBLEM)];

    fn generated(generator: Generator, size: NetworkSize) -> Vec<u8> {
        let mut out = Vec::new();
        generator(size, &mut out).expect("memory takes all");
        out
    }

    #[test]
    fn as_many_occurrences_are_read_as_were_asked_for_and_all_differ() {
        for (format, generator, _) in GENERATORS {
            for (findings, hosts) in [(0, 0), (0, 3), (5, 0), (7, 3), (1000, 7), (8000, 2)] {
                let (mut assets, mut seen) = (0, HashSet::new());
                for record in records(format, &generated(generator, NetworkSize { findings, hosts, first_host: 0, seed: 1, problems: 0 })) {
                    match record {
                        Record::Occurrence(o) => {
                            let place = (o.finding.identity.to_string(), o.asset.identity, o.location.port, o.location.protocol);
                            assert!(seen.insert(place), "an occurrence twice");
                        }
                        Record::Asset(_) => assets += 1,
                        Record::Tool { .. } => {}
                        Record::Problem(problem) => panic!("{problem:?}"),
                    }
                }
                assert_eq!((seen.len(), assets), (findings, hosts.max(usize::from(findings > 0))), "{findings} on {hosts}");
            }
        }
    }

    #[test]
    fn problems_are_added_and_change_nothing_else() {
        for (format, generator, problem) in GENERATORS {
            let size = |problems| NetworkSize { findings: 100, hosts: 3, first_host: 0, seed: 1, problems };
            let report = |problems| String::from_utf8(generated(generator, size(problems))).expect("text");
            assert_eq!(report(5).matches(problem).count(), 5);
            assert_eq!(report(5).replace(problem, ""), report(0));
            let problems = records(format, report(5).as_bytes()).into_iter().filter(|record| matches!(record, Record::Problem(_)));
            assert_eq!(problems.count(), 5);
        }
    }

    #[test]
    fn hosts_may_be_others() {
        for (format, generator, _) in GENERATORS {
            let hosts = |first_host| {
                let report = generated(generator, NetworkSize { findings: 40, hosts: 2, first_host, seed: 1, problems: 0 });
                let assets = records(format, &report).into_iter().filter_map(|record| match record {
                    Record::Asset(asset) => Some(asset.identity),
                    _ => None,
                });
                assets.collect::<Vec<_>>()
            };
            assert_eq!((hosts(0), hosts(2)), (vec![address(0), address(1)], vec![address(2), address(3)]));
        }
    }

    #[test]
    fn a_seed_gives_the_same_report_and_another_another() {
        for (_, generator, _) in GENERATORS {
            let report = |seed| generated(generator, NetworkSize { findings: 100, hosts: 3, first_host: 0, seed, problems: 0 });
            assert_eq!(report(1), report(1));
            assert_ne!(report(1), report(2));
        }
    }
}
