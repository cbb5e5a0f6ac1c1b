//! `bench`: everything that is said of Spillway's speed, in one table, each figure beside its reference of the same run.

use std::process::ExitCode;

use anyhow::{Result, bail};
use clap::{Parser, ValueEnum};
use stack::progress::note;

mod claim;
mod document;
mod drain;
mod floor;
mod growth;
mod host;
mod input;
mod latency;
mod lists;
mod naive;
mod parallel;
mod parse;
mod plot;
mod processors;
mod rig;
mod session;
mod sizes;
mod small;
mod status;
mod table;
mod tables;
mod upload;

use session::Session;
use sizes::Sizes;
use table::Row;

/// Measures everything that is said of speed, each figure beside its reference
#[derive(Debug, Parser)]
#[command(bin_name = "cargo xtask bench", max_term_width = 110)]
struct Bench {
    /// Only these rows of the table
    #[arg(value_name = "SUBJECT", value_enum)]
    subjects: Vec<Subject>,

    /// Small sizes, for trying it out: the figures say little
    #[arg(long, conflicts_with = "long")]
    quick: bool,

    /// Also what takes its time, and some 90 GB of disk: 2,000,000 occurrences, an upload of 1 GB, tables that hold 50 million occurrences, a CSV of 5 GB
    #[arg(long)]
    long: bool,

    /// Also writes docs/performance.md and its plots
    #[arg(long, conflicts_with = "subjects")]
    write: bool,

    /// Rows of the tables
    #[arg(long)]
    rows: Option<u64>,
}

/// What is measured: the rows of the table that begin with its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Subject {
    /// Reports through the decoder alone, natively and in WebAssembly
    Parse,
    /// The same batches straight to the database
    Floor,
    /// A SELECT and an INSERT for each record
    Naive,
    /// Reports end to end, beside the floor
    Drain,
    /// The small cases that people wait for
    Small,
    /// Several drains at once
    Parallel,
    /// Clients that poll
    Status,
    /// Uploads, beside the store
    Upload,
    /// From an upload to its first batch
    Latency,
    /// Claims from a long queue
    Claim,
    /// Imports into growing tables
    Growth,
    /// Every list, beside an import
    Lists,
    /// Files of rows end to end, beside their floor
    Tables,
    /// Requests that do nothing
    Host,
}

impl Subject {
    /// What its rows measure, for docs/performance.md.
    fn description(self) -> &'static str {
        match self {
            Self::Parse => {
                "Generated reports of ten formats, fed to the decoder in pieces of 64 KiB and made into batches as the drain does it, without store and \
                 database: the time is that of the decoding, without any in which the next piece is waited for. In WebAssembly by a component of \
                 its own in the runtime. Medians of the rounds."
            }
            Self::Floor => {
                "The batches that the drain makes of a report, parsed before, fed to `ingest_batch` by a native client: what the rows cost the \
                 database. COPY writes the same rows to unlogged tables with the same indexes, and does nothing else."
            }
            Self::Naive => {
                "For each record of a sample one transaction of a native client with prepared statements: asset, finding and occurrence are \
                 looked for, and inserted where they are not there."
            }
            Self::Drain => {
                "Reports uploaded over HTTP and imported by one drain in an app of their own; the time is that of the drain, without the upload \
                 unless it is said. Measured by turns with the floor; times are medians of the rounds. Where the time went the drain says \
                 itself; statements are counted by pg_stat_statements, with those that make a connection ready for the next."
            }
            Self::Small => {
                "In the app as it is delivered: one upload, the wake-up, the import, until the database says that it is completed."
            }
            Self::Parallel => {
                "One report, or several that are parts of it, in one workspace; `drain_parallelism` is the number of drains. Two drains are \
                 to be 1.5 times as fast as one where two connections of the floor are that much faster than one. By turns, medians of the rounds. \
                 Busy is whatever computes: the drains, the database, the store, the benchmark itself. What one drain leaves of the processors \
                 is all that a second one has: their ratio is what several drains can gain at most, however little they wait for each other."
            }
            Self::Status => {
                "Clients that send the tag they have and wait as long as they are told (2 s). The imports that they poll are claimed, but \
                 nobody works on them; beside them another import runs all the time. The clients share the cores with everything else, and \
                 what they can do at most shows in answers of the runtime itself. All other subjects are measured on a runtime that is tuned; \
                 here and for uploads it is also as strict as Spin (see `local-runtime`)."
            }
            Self::Upload => {
                "Until the upload is answered. Straight to the store: signed requests of the same client, in parts of the same size."
            }
            Self::Latency => {
                "From the first byte of a small upload until the database shows a stored record, asked every 3 ms. By the schedule alone: \
                 imports that are written to the database without waking anybody, spread over one period of the schedule (10 s)."
            }
            Self::Claim => "`claim_import` from a native client, for the one import that may be claimed.",
            Self::Growth => {
                "The drain's time for a report of new occurrences, into tables that hold so many of the same workspace before. Medians of the rounds, \
                 each with hosts that no other has."
            }
            Self::Lists => {
                "Every list with every filter, 50 entries a page, beside an import in another workspace that runs all the time. In the database: what the \
                 component calls, beside the plain keyset query that makes the same documents of the same index, both as text with their values. \
                 Findings of all states are four walks of an index; the plain query makes one, of those that are open."
            }
            Self::Tables => {
                "Files of ten columns, of some 150 bytes a row as CSV, uploaded over HTTP and imported into a dataset by one drain. Floor: the same batches, \
                 decoded before, fed to `ingest_rows` by a native client, one after the other. COPY has the server read the same CSV into a table with the same \
                 columns. Row by row: a prepared INSERT each. By turns, medians of the rounds. The last fifth of a big file is to be as fast as its \
                 first."
            }
            Self::Host => "Requests on one kept connection, one after the other.",
        }
    }

    /// Measures, and adds the rows: those that were measured before something failed, too.
    async fn measure(self, session: &mut Session, rows: &mut Vec<Row>) -> Result<()> {
        match self {
            Self::Parse => parse::rows(session, rows).await?,
            Self::Floor => rows.extend(floor::rows(session).await?),
            Self::Naive => rows.extend(naive::rows(session).await?),
            Self::Drain => drain::rows(session, rows).await?,
            Self::Small => rows.extend(small::rows(session).await?),
            Self::Parallel => rows.extend(parallel::rows(session).await?),
            Self::Status => rows.extend(status::rows(session).await?),
            Self::Upload => upload::rows(session, rows).await?,
            Self::Latency => rows.extend(latency::rows(session).await?),
            Self::Claim => rows.extend(claim::rows(session).await?),
            Self::Growth => growth::rows(session, rows).await?,
            Self::Lists => lists::rows(session, rows).await?,
            Self::Tables => tables::rows(session, rows).await?,
            Self::Host => rows.extend(host::rows(session).await?),
        }
        Ok(())
    }
}

fn main() -> ExitCode {
    stack::run(Bench::parse().run())
}

impl Bench {
    /// Measures, and prints the table. What could not be measured is an error, but takes nothing from the rest.
    async fn run(self) -> Result<()> {
        let mut session = Session::new(self.sizes())?;
        let (mut rows, mut failures) = (Vec::new(), Vec::new());
        for subject in Subject::value_variants().iter().filter(|subject| self.subjects.is_empty() || self.subjects.contains(subject)) {
            // Whoever needs the database finds it running; whoever does not is not disturbed by it.
            if *subject != Subject::Parse {
                session.cluster().await?;
            }
            note(&format!("\n{subject:?}: {}", subject.description()));
            if let Err(error) = subject.measure(&mut session, &mut rows).await {
                failures.push(format!("{subject:?}: {error:#}"));
            }
        }
        note("");
        print!("{}", table::plain(&rows));
        if self.write {
            document::write(&session, &rows).await?;
        }
        if !failures.is_empty() {
            bail!("not everything could be measured:\n{}", failures.join("\n"));
        }
        Ok(())
    }

    fn sizes(&self) -> Sizes {
        let sizes = match (self.quick, self.long) {
            (true, _) => Sizes::quick(),
            (_, true) => Sizes::long(),
            _ => Sizes::usual(),
        };
        Sizes { rows: self.rows.unwrap_or(sizes.rows), ..sizes }
    }
}
