//! `cargo xtask`: the commands.

use std::io::{self, BufWriter, Write as _};
use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};
use tokio::signal::unix::{SignalKind, signal};
use xtask::generate::{self, ListSize, NetworkSize, SarifSize};
use xtask::postgres::Database;
use xtask::{connections, formats, migrate, parse, tables};

mod bench;
mod ci;
mod demo;
mod test;
mod torture;
mod up;

/// Builds, runs and tests Spillway on this machine. Everything that it makes is under .spillway/ and target/.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", max_term_width = 110)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Starts everything, imports samples of every format and a big generated report, shows the results, and stops everything
    Demo(demo::Demo),

    /// Starts everything and keeps it running until Ctrl-C: PostgreSQL, an object store, the app
    Up(up::Up),

    /// Runs all tests: unit, SQL (pgTAP), end to end over two object stores, and a round of each fault of `torture`
    Test(test::OtherRuntime),

    /// Runs what CI runs: formatting, lints, sql/tables.sql, docs/formats.md, and all tests
    Ci,

    /// Measures everything that is said of speed, each figure beside its reference
    Bench(bench::Bench),

    /// Imports reports while everything goes wrong that can, and compares what comes of it with what came without
    Torture(torture::Torture),

    /// Prints a made-up report of any size; the same size and seed give the same bytes
    #[command(subcommand)]
    Generate(Generate),

    /// Reads a report without a server and prints a JSON object a line for each record
    Parse(parse::Parse),

    /// Brings a database's schema to what sql/ says
    Migrate {
        /// The database: postgres://user:password@host:port/name
        #[arg(long, value_name = "URL", env = "DATABASE_URL")]
        database_url: String,
    },

    /// Makes an API key and prints it; the database keeps only its hash
    CreateKey(CreateKey),

    /// Ends an API key at once
    RevokeKey {
        /// The key
        #[arg(long)]
        key: String,

        /// The database: postgres://user:password@host:port/name
        #[arg(long, value_name = "URL", env = "DATABASE_URL")]
        database_url: String,
    },

    /// Writes sql/tables.sql from the migrations
    Tables,

    /// Writes docs/formats.md from the descriptions of the formats
    Formats,
}

#[derive(Debug, Subcommand)]
enum Generate {
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
}

#[derive(Debug, clap::Args)]
struct CreateKey {
    /// The workspace that the key opens; created when there is none of that name
    #[arg(long)]
    workspace: String,

    /// What the key is for
    #[arg(long, default_value = "cargo xtask create-key")]
    name: String,

    /// The days after which it expires; it does not when not given
    #[arg(long, value_name = "DAYS")]
    expires_in_days: Option<f64>,

    /// The database: postgres://user:password@host:port/name
    #[arg(long, value_name = "URL", env = "DATABASE_URL")]
    database_url: String,
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    match run(cli.command) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Runs a command until it ends or somebody ends it. In both cases what it started ends with it.
#[tokio::main]
async fn run(command: Command) -> Result<ExitCode> {
    let mut terminated = signal(SignalKind::terminate())?;
    let mut hung_up = signal(SignalKind::hangup())?;
    tokio::select! {
        result = command.run() => result.map(|()| ExitCode::SUCCESS),
        _ = tokio::signal::ctrl_c() => Ok(ExitCode::from(130)),
        _ = terminated.recv() => Ok(ExitCode::from(143)),
        _ = hung_up.recv() => Ok(ExitCode::from(129)),
    }
}

impl Command {
    async fn run(self) -> Result<()> {
        match self {
            Self::Demo(demo) => demo.run().await,
            Self::Up(up) => up.run().await,
            Self::Test(other) => test::run(&other).await,
            Self::Ci => ci::run().await,
            Self::Bench(bench) => bench.run().await,
            Self::Torture(torture) => torture.run().await,
            Self::Generate(generate) => generate.run(),
            Self::Parse(parse) => parse.run(),
            Self::Migrate { database_url } => migrate(&database_url).await,
            Self::CreateKey(options) => create_key(options).await,
            Self::RevokeKey { key, database_url } => revoke_key(&key, &database_url).await,
            Self::Tables => tables::write().await,
            Self::Formats => formats::write(),
        }
    }
}

impl Generate {
    /// Prints the report. A reader that has seen enough (`| head`) is no error.
    fn run(self) -> Result<()> {
        let mut out = BufWriter::with_capacity(256 * 1024, io::stdout().lock());
        let printed = match self {
            Self::Nessus(size) => generate::nessus(size, &mut out),
            Self::Nmap(size) => generate::nmap(size, &mut out),
            Self::Sarif { results, seed, problems } => generate::sarif(SarifSize { results, seed, problems }, &mut out),
            Self::NessusCsv(size) => generate::NESSUS_CSV.write(size, &mut out),
            Self::Openvas(size) => generate::OPENVAS.write(size, &mut out),
            Self::Trivy(size) => generate::TRIVY.write(size, &mut out),
            Self::Grype(size) => generate::GRYPE.write(size, &mut out),
            Self::Snyk(size) => generate::SNYK.write(size, &mut out),
            Self::Semgrep(size) => generate::SEMGREP.write(size, &mut out),
            Self::Gitleaks(size) => generate::GITLEAKS.write(size, &mut out),
        };
        match printed.and_then(|()| out.flush()) {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error.into()),
            _ => Ok(()),
        }
    }
}

async fn migrate(database_url: &str) -> Result<()> {
    let mut client = Database::from_url(database_url)?.connect().await?;
    let applied = migrate::migrate(&mut client).await?;
    for name in &applied {
        println!("applied {name}");
    }
    if applied.is_empty() {
        println!("nothing to apply");
    }
    println!("{}", connections::outlook(&client).await?);
    Ok(())
}

async fn create_key(options: CreateKey) -> Result<()> {
    let client = Database::from_url(&options.database_url)?.connect().await?;
    let key = xtask::key::create(&client, &options.workspace, &options.name, options.expires_in_days).await?;
    println!("{key}");
    Ok(())
}

async fn revoke_key(key: &str, database_url: &str) -> Result<()> {
    xtask::key::revoke(&Database::from_url(database_url)?.connect().await?, key).await?;
    println!("the key is revoked");
    Ok(())
}
