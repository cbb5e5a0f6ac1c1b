//! `generate`: a report or a table on standard output.

use std::io::{self, BufWriter, Write as _};

use anyhow::Result;
use clap::Subcommand;

use crate::{GITLEAKS, GRYPE, ListSize, NESSUS_CSV, NetworkSize, OPENVAS, SEMGREP, SNYK, SarifSize, TRIVY, TableFormat, TableSize};

/// Which report, and of what size.
#[derive(Debug, Subcommand)]
pub enum Generate {
    /// A Nessus report (.nessus, version 2)
    Nessus(NetworkSize),

    /// An Nmap report (-oX)
    Nmap(NetworkSize),

    /// A SARIF 2.1.0 report
    Sarif {
        /// Results
        #[arg(long, default_value_t = 20_000)]
        results: usize,

        /// Another seed gives another report of the same size
        #[arg(long, default_value_t = 1)]
        seed: u64,

        /// Further records that cannot be used
        #[arg(long, default_value_t = 0)]
        problems: usize,
    },

    /// A CSV export of Nessus
    NessusCsv(ListSize),

    /// An OpenVAS report (XML)
    Openvas(ListSize),

    /// A Trivy report (JSON) of an image
    Trivy(ListSize),

    /// A Grype report (JSON) of an image
    Grype(ListSize),

    /// A Snyk report (JSON)
    Snyk(ListSize),

    /// A Semgrep report (JSON)
    Semgrep(ListSize),

    /// A Gitleaks report (JSON)
    Gitleaks(ListSize),

    /// A table of orders
    Table {
        /// What it is written in
        #[arg(value_enum)]
        format: TableFormat,

        /// Of what size
        #[command(flatten)]
        size: TableSize,
    },
}

impl Generate {
    /// Prints it. A reader that has seen enough (`| head`) is no error.
    pub fn run(self) -> Result<()> {
        let mut out = BufWriter::with_capacity(256 * 1024, io::stdout());
        let printed = match self {
            Self::Nessus(size) => crate::nessus(size, &mut out),
            Self::Nmap(size) => crate::nmap(size, &mut out),
            Self::Sarif { results, seed, problems } => crate::sarif(SarifSize { results, seed, problems }, &mut out),
            Self::NessusCsv(size) => NESSUS_CSV.write(size, &mut out),
            Self::Openvas(size) => OPENVAS.write(size, &mut out),
            Self::Trivy(size) => TRIVY.write(size, &mut out),
            Self::Grype(size) => GRYPE.write(size, &mut out),
            Self::Snyk(size) => SNYK.write(size, &mut out),
            Self::Semgrep(size) => SEMGREP.write(size, &mut out),
            Self::Gitleaks(size) => GITLEAKS.write(size, &mut out),
            Self::Table { format, size } => format.write(size, &mut out),
        };
        match printed.and_then(|()| out.flush()) {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error.into()),
            _ => Ok(()),
        }
    }
}
