//! `cargo xtask compare`: what Spillway reads of files, beside what other programs read of them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, Result, bail, ensure};
use clap::{Parser, Subcommand};

mod explained;
mod others;
mod ours;
mod table;
mod values;
mod verdict;

use explained::Explained;
use others::Others;
use ours::{Form, Ours};
use table::Table;
use verdict::Verdict;

/// Reads files, and compares what comes of them with what other programs read
#[derive(Debug, Parser)]
#[command(name = "compare", bin_name = "cargo xtask compare", max_term_width = 110)]
struct Compare {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Files of rows: CSV beside DuckDB, Parquet beside pyarrow, workbooks beside openpyxl, xlrd and calamine, JSON beside Python
    Tables {
        /// Folders, of which every file is read whose ending is known
        #[arg(required = true, value_name = "FOLDER")]
        folders: Vec<PathBuf>,

        /// Only files whose path has this in it
        #[arg(long, value_name = "TEXT")]
        only: Option<String>,
    },
}

fn main() -> ExitCode {
    let What::Tables { folders, only } = Compare::parse().what;
    stack::run(tables(folders, only))
}

async fn tables(folders: Vec<PathBuf>, only: Option<String>) -> Result<()> {
    let mut files = Vec::new();
    for folder in &folders {
        ensure!(folder.is_dir(), "there is no folder {}", folder.display());
        collect(folder, &mut files)?;
    }
    files.sort();
    files.retain(|file| only.as_ref().is_none_or(|only| file.to_string_lossy().contains(only)));
    let (explained, mut others, mut table) = (Explained::load()?, Others::start().await?, Table::default());
    for file in files {
        let Some(form) = Form::of(&file) else {
            table.skip();
            continue;
        };
        let ours = Ours::read(&file, form)?;
        let theirs = others.read(&file).await?;
        let verdict = Verdict::of(&ours, &theirs, form);
        let name = folders.iter().find_map(|folder| file.strip_prefix(folder).ok()).unwrap_or(&file).display().to_string();
        let reason = explained.reason(&name, &verdict);
        table.add(&name, &ours, &theirs, verdict, reason);
    }
    table.end();
    if table.unexplained() > 0 {
        bail!("{} files differ, and nothing says why", table.unexplained());
    }
    Ok(())
}

/// The files of a folder and of those in it.
fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    for entry in fs::read_dir(folder).with_context(|| format!("cannot read the folder {}", folder.display()))? {
        let entry = entry?;
        match entry.file_type()? {
            kind if kind.is_dir() => collect(&entry.path(), files)?,
            kind if kind.is_file() => files.push(entry.path()),
            _ => {}
        }
    }
    Ok(())
}
