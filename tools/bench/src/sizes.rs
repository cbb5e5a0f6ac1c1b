//! How much is measured with.

use std::time::Duration;

use generate::NetworkSize;

/// Occurrences on a host: what a scan with credentials finds. Half of the checks that the generator then makes up are found on each host.
const PER_HOST: usize = 200;

/// The seed of every report, but where several are to differ.
pub(super) const SEED: u64 = 1;

/// Sizes of the inputs, lengths of the measurements.
#[derive(Clone, Debug)]
pub(super) struct Sizes {
    /// Occurrences of the Nessus report that most is measured with.
    pub(super) nessus: usize,
    /// Those of the big one, if there is one.
    pub(super) big_nessus: Option<usize>,
    /// Results of the SARIF report.
    pub(super) sarif: usize,
    /// Findings of the Trivy report, and of the Gitleaks report.
    pub(super) listed: usize,
    /// Bytes of the reports that are parsed only, a small and a large one of each format.
    pub(super) parsed: [u64; 2],
    /// How often an import or a report is measured; the median counts.
    pub(super) rounds: usize,
    /// Records that the naive way is tried with.
    pub(super) naive: usize,
    /// Occurrences in all imports that several drains work on, together.
    pub(super) parallel: usize,
    /// For how long the clients poll.
    pub(super) polling: Duration,
    /// Bytes of the large upload.
    pub(super) large_upload: u64,
    /// Small uploads whose first batch is waited for.
    pub(super) wakes: usize,
    /// Imports that only the schedule finds.
    pub(super) scheduled: u32,
    /// Claims from each queue.
    pub(super) claims: usize,
    /// Occurrences of the report that is imported into growing tables.
    pub(super) growing: usize,
    /// Occurrences that the tables hold before, in steps; the first is none.
    pub(super) held: Vec<u64>,
    /// Findings of the workspace that is listed, in steps.
    pub(super) listed_findings: Vec<u64>,
    /// How often each page is asked for.
    pub(super) pages: usize,
    /// Rows of the tables.
    pub(super) rows: u64,
    /// Rows of the table whose end is to be read as fast as its beginning.
    pub(super) big_table: u64,
    /// Requests one after the other.
    pub(super) requests: usize,
    /// Requests to an instance that has to be made first.
    pub(super) cold_requests: usize,
}

impl Sizes {
    /// To be done in a quarter of an hour.
    pub(super) fn usual() -> Self {
        Self {
            nessus: 200_000,
            big_nessus: None,
            sarif: 100_000,
            listed: 50_000,
            parsed: [25_000_000, 100_000_000],
            rounds: 3,
            naive: 2_000,
            parallel: 400_000,
            polling: Duration::from_secs(20),
            large_upload: 100_000_000,
            wakes: 100,
            scheduled: 10,
            claims: 300,
            growing: 100_000,
            held: vec![0, 1_000_000, 10_000_000],
            listed_findings: vec![1_000_000],
            pages: 100,
            rows: 1_000_000,
            big_table: 2_000_000,
            requests: 2_000,
            cold_requests: 20,
        }
    }

    /// With what takes its time.
    pub(super) fn long() -> Self {
        Self {
            big_nessus: Some(2_000_000),
            large_upload: 1_000_000_000,
            held: vec![0, 1_000_000, 10_000_000, 50_000_000],
            listed_findings: vec![1_000_000, 5_000_000, 10_000_000],
            big_table: 33_000_000,
            ..Self::usual()
        }
    }

    /// For trying things out: the figures say little.
    pub(super) fn quick() -> Self {
        Self {
            nessus: 10_000,
            sarif: 5_000,
            listed: 5_000,
            parsed: [2_000_000, 8_000_000],
            rounds: 1,
            naive: 300,
            parallel: 10_000,
            polling: Duration::from_secs(4),
            large_upload: 20_000_000,
            wakes: 20,
            scheduled: 2,
            claims: 50,
            growing: 5_000,
            held: vec![0, 50_000],
            listed_findings: vec![200_000],
            pages: 10,
            rows: 20_000,
            big_table: 100_000,
            requests: 300,
            cold_requests: 3,
            ..Self::usual()
        }
    }
}

/// One of several reports of that size, each with hosts that no other has.
pub(super) fn apart(size: NetworkSize, number: usize) -> NetworkSize {
    NetworkSize { first_host: number * size.hosts, ..size }
}

/// A Nessus report of so many occurrences, in realistic proportion.
pub(super) fn nessus(findings: usize, seed: u64) -> NetworkSize {
    NetworkSize { findings, hosts: findings.div_ceil(PER_HOST), first_host: 0, seed, problems: 0 }
}
