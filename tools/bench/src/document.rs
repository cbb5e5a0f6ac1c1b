//! docs/performance.md: the machine, the versions, the command, and the table with its plots.

use std::fmt::Write as _;

use anyhow::{Context as _, Result};
use clap::ValueEnum as _;
use stack::{paths, tool};

use crate::Subject;
use crate::plot::{PLOTS, Plot};
use crate::session::Session;
use crate::table::{HEAD, Row, number};

/// Settings of PostgreSQL that the figures hang on.
const SETTINGS: [&str; 5] = ["shared_buffers", "max_wal_size", "fsync", "synchronous_commit", "full_page_writes"];

/// Writes the document and its plots.
pub(super) async fn write(session: &Session, rows: &[Row]) -> Result<()> {
    let dir = paths::root().join("docs/performance");
    paths::create_dir(&dir)?;
    let mut drawn = Vec::new();
    for plot in &PLOTS {
        if let Some(svg) = plot.draw(rows) {
            write_file(&dir.join(plot.file), &svg)?;
            drawn.push(plot);
        }
    }
    let text = [INTRODUCTION.to_owned(), circumstances(session).await?, tables(rows), pictures(&drawn)].join("\n");
    write_file(&paths::root().join("docs/performance.md"), &text)
}

const INTRODUCTION: &str = "\
# Performance

Written by `cargo xtask bench --write`: every figure is a row that the command prints, beside its reference of the same run. A target is what the
project asks of the row; ✓ and ✗ say whether it held. Figures of one run on one machine: measure on yours.
";

async fn circumstances(session: &Session) -> Result<String> {
    let connection = session.cluster().await?.database("postgres").connect().await?;
    let server: String = connection.query_one("show server_version", &[]).await?.get(0);
    let mut settings = Vec::new();
    for name in SETTINGS {
        let value: String = connection.query_one("select current_setting($1)", &[&name]).await?.get(0);
        settings.push(format!("{name} {value}"));
    }
    let rustc = tool::output(tool::command("rustc").arg("--version").current_dir(paths::root())).await?;
    let facts = [
        ("machine", machine()?),
        ("command", command()),
        ("Spillway", commit().await?),
        ("PostgreSQL", format!("{server}, on the same machine; {}", settings.join(", "))),
        ("Rust", rustc.trim().to_owned()),
        ("runtime", "`local-runtime`, built for development (optimised: opt-level 2); components built for release".to_owned()),
        ("object store", "in the process of the benchmark, on the same disk".to_owned()),
    ];
    let lines: Vec<String> = facts.iter().map(|(name, value)| format!("| {name} | {value} |\n")).collect();
    Ok(format!("| | |\n|---|---|\n{}", lines.concat()))
}

/// Processor, cores and memory.
fn machine() -> Result<String> {
    let field = |file: &str, name: &str| -> Result<String> {
        let text = std::fs::read_to_string(file).with_context(|| format!("cannot read {file}"))?;
        let line = text.lines().find_map(|line| line.strip_prefix(name)?.trim_start().strip_prefix(':'));
        Ok(line.unwrap_or("unknown").trim().to_owned())
    };
    let memory = field("/proc/meminfo", "MemTotal")?;
    let gibibytes = memory.split(' ').next().and_then(|kib| kib.parse::<f64>().ok()).map(|kib| number(kib / 1024.0 / 1024.0));
    let cores = std::thread::available_parallelism().context("the number of cores is unknown")?;
    Ok(format!("{}, {cores} cores, {} GiB", field("/proc/cpuinfo", "model name")?, gibibytes.unwrap_or(memory)))
}

fn command() -> String {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    format!("`cargo xtask bench {}`", arguments.join(" "))
}

/// The commit, and whether the working copy differs from it.
async fn commit() -> Result<String> {
    let git = async |arguments: &[&str]| tool::output(tool::command("git").args(arguments).current_dir(paths::root())).await;
    let commit = git(&["log", "-1", "--format=%h of %cs"]).await?;
    let changes = git(&["status", "--porcelain", "--untracked-files=no", "--", ".", ":!docs"]).await?;
    Ok(format!("{}{}", commit.trim(), if changes.trim().is_empty() { "" } else { ", with changes" }))
}

/// A table for each subject.
fn tables(rows: &[Row]) -> String {
    let mut text = String::new();
    for subject in Subject::value_variants() {
        let name = format!("{subject:?}").to_lowercase();
        let lines: Vec<_> = rows.iter().filter(|row| row.subject == name).map(Row::cells).collect();
        if lines.is_empty() {
            continue;
        }
        let _ = write!(
            text,
            "## {subject:?}\n\n{}\n\n| {} |\n|{}\n",
            subject.description(),
            HEAD[1..].join(" | "),
            "---|".repeat(HEAD.len() - 1)
        );
        for line in lines {
            let _ = writeln!(text, "| {} |", line[1..].join(" | "));
        }
        text.push('\n');
    }
    text
}

fn pictures(plots: &[&Plot]) -> String {
    let pictures = plots.iter().map(|plot| format!("![{}](performance/{})\n", plot.title, plot.file));
    format!("## Plots\n\n{}", pictures.collect::<Vec<_>>().join("\n"))
}

fn write_file(path: &std::path::Path, text: &str) -> Result<()> {
    std::fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))
}
