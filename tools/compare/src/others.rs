//! The other programs, which are Python's libraries in an environment of their own.

use std::path::Path;
use std::process::Stdio;

use anyhow::{Context as _, Result};
use serde::Deserialize;
use serde_json::Value;
use stack::{paths, python, tool};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout};

/// Where they are described, from the root.
const REQUIREMENTS: &str = "tools/compare/requirements.txt";
const PROGRAM: &str = "tools/compare/others.py";

/// What another program says of a file.
#[derive(Debug, Deserialize)]
pub(crate) struct Theirs {
    /// Which program.
    pub(crate) by: String,
    /// Whether the first row has the names; none where it does not say.
    pub(crate) header: Option<bool>,
    #[serde(default)]
    pub(crate) rows: Vec<Vec<Value>>,
    #[serde(default)]
    pub(crate) records: Vec<Value>,
    /// Why it does not read it.
    pub(crate) error: Option<String>,
}

/// The process that asks them.
pub(crate) struct Others {
    // Ends with it.
    _child: Child,
    questions: ChildStdin,
    answers: Lines<BufReader<ChildStdout>>,
}

impl Others {
    /// Installs them unless they are there, and starts them.
    pub(crate) async fn start() -> Result<Self> {
        let programs = python::installed("compare", REQUIREMENTS, "DuckDB, pyarrow, openpyxl, xlrd and calamine").await?;
        let mut command = tool::command(programs.join("python"));
        command.arg(paths::root().join(PROGRAM)).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().context("cannot run Python")?;
        let questions = child.stdin.take().context("Python takes no input")?;
        let answers = BufReader::new(child.stdout.take().context("Python gives no output")?).lines();
        Ok(Self { _child: child, questions, answers })
    }

    /// What they read of a file.
    pub(crate) async fn read(&mut self, file: &Path) -> Result<Theirs> {
        let file = file.canonicalize()?;
        self.questions.write_all(format!("{}\n", file.display()).as_bytes()).await?;
        let answer = self.answers.next_line().await?.with_context(|| format!("Python has ended at {}", file.display()))?;
        serde_json::from_str(&answer).with_context(|| format!("Python answers nonsense of {}", file.display()))
    }
}
