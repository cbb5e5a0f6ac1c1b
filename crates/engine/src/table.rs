//! Files of rows for a dataset.

use std::error::Error;

use serde::Serialize;
use tables::mapping::{Column, Counts, Input, Mapped, Mapper, Mapping, MappingError, Problem};
use tables::read::{Hints, Reader, RowStep, Rows as _};
use tables::{Batch, Columns};
use tokens::{ReadError, ReadErrorKind, TakesBytes as _};

use crate::search::{Cut, Cutter};
use crate::work::{Work, WorkStep};

/// A file that is being read, and what comes of its rows.
pub struct Table {
    reader: Reader,
    mapper: Mapper,
    columns: Columns,
    problems: Vec<RowProblem>,
    problem_bytes: usize,
    counts: Counts,
    filtered_in_a_row: u32,
    /// See [`TableBatch::lines`], and the line in which the next row is if it is not among them.
    lines: Vec<(usize, u64)>,
    next_line: u64,
    /// What is needed to go back to a checkpoint.
    origin: Origin,
    end: Option<u64>,
    /// How many unknown fields were told.
    told: usize,
}

/// What has to be known of a file beside its place.
#[derive(Clone, Debug, Default)]
pub struct Origin {
    /// What is said of it.
    pub input: Input,
    /// Its name.
    pub name: String,
    /// Its length in bytes.
    pub size: u64,
    /// Where it begins in what was uploaded.
    pub starts_at: u64,
}

impl Origin {
    /// For readers.
    pub fn hints(&self) -> Hints<'_> {
        Hints { name: &self.name, input: Some(&self.input), size: self.size }
    }
}

/// After so many rows that are not taken the host has a turn: see [`RECORDS_IN_A_ROW`](crate::limits::RECORDS_IN_A_ROW).
const FILTERED_IN_A_ROW: u32 = 100;

/// Rows of a dataset, as the database takes them, and what became of the others.
#[derive(Debug)]
pub struct TableBatch {
    /// The rows.
    pub rows: Batch,
    /// Those that were rejected.
    pub problems: Vec<RowProblem>,
    /// Numbers of rows, from 1 on, and their lines: of those that do not lie in the line after the row before.
    pub lines: Vec<(usize, u64)>,
    /// What became of all that were read.
    pub counts: Counts,
    /// Fields that the dataset lacks and that are to be added, which were first met in this batch.
    pub unknown: Vec<String>,
}

/// A row that was rejected, as the database takes it.
#[derive(Debug, Serialize)]
pub struct RowProblem {
    code: String,
    message: String,
    offset: u64,
    line: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    column: Option<String>,
    excerpt: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    record: Option<String>,
}

impl From<Problem> for RowProblem {
    fn from(problem: Problem) -> Self {
        let Problem { code, message, offset, line, column, raw, record } = problem;
        Self { code, message, offset, line, column, excerpt: raw, record }
    }
}

impl Table {
    /// What a reader reads, as a mapping says, for a dataset with these columns.
    pub fn new(reader: Reader, origin: Origin, mapping: Option<&Mapping>, columns: &[Column]) -> Result<Self, MappingError> {
        let mapper = Mapper::of(mapping, columns, reader.fields())?.starting_at(origin.starts_at);
        let columns = Columns::new(columns.iter().map(|column| column.kind));
        Ok(Self {
            reader,
            mapper,
            columns,
            problems: Vec::new(),
            problem_bytes: 0,
            counts: Counts::default(),
            filtered_in_a_row: 0,
            lines: Vec::new(),
            next_line: 0,
            origin,
            end: None,
            told: 0,
        })
    }

    /// What it is written in.
    pub fn format(&self) -> &'static str {
        self.reader.format()
    }

    /// Notes where the last so many rows are.
    fn note_lines(&mut self, rows: usize) {
        let line = self.reader.line();
        for number in self.columns.len() + 1 - rows..=self.columns.len() {
            if line != self.next_line || number == 1 {
                self.lines.push((number, line));
            }
            self.next_line = line + 1;
        }
    }

    fn reject(&mut self, problem: Problem) {
        self.problem_bytes += problem.raw.len() + problem.message.len() + problem.record.as_ref().map_or(0, String::len);
        self.problems.push(problem.into());
    }

    fn reject_unread(&mut self, code: &'static str, message: &'static str) {
        let (offset, line) = (self.reader.offset(), self.reader.line());
        self.counts.read += 1;
        self.counts.rejected += 1;
        self.reject(Problem {
            code: code.to_owned(),
            message: message.to_owned(),
            offset,
            line,
            column: None,
            raw: self.reader.raw(),
            record: None,
        });
    }
}

impl Work for Table {
    type Batch = TableBatch;
    type Error = ReadError;
    type Cutter = tables::read::Cutter;

    fn position(&self) -> u64 {
        self.reader.position()
    }

    fn progress(&self) -> u64 {
        self.reader.progress()
    }

    fn checkpoint(&self) -> Vec<u8> {
        self.reader.checkpoint()
    }

    fn feed(&mut self, bytes: &[u8]) {
        if bytes.is_empty() {
            self.reader.end_of_input();
        } else {
            self.reader.feed(bytes);
        }
    }

    fn step(&mut self) -> Result<WorkStep, ReadError> {
        match self.reader.next()? {
            RowStep::Row => match self.mapper.map(&self.reader, &mut self.columns) {
                Mapped::Stored(rows) => self.note_lines(rows),
                Mapped::Filtered => {
                    self.filtered_in_a_row += 1;
                    if self.filtered_in_a_row == FILTERED_IN_A_ROW {
                        self.filtered_in_a_row = 0;
                        return Ok(WorkStep::Working);
                    }
                }
                Mapped::Rejected(problem) => self.reject(problem),
                Mapped::Fail(Problem { message, offset, line, column, .. }) => {
                    let message = column.map_or_else(|| message.clone(), |column| format!("{column}: {message}"));
                    return Err(ReadError { kind: ReadErrorKind::NotThisFormat, message, offset, line });
                }
            },
            RowStep::Bad { code, message } => self.reject_unread(code, message),
            RowStep::NeedInput => return Ok(WorkStep::NeedInput),
            RowStep::Working => return Ok(WorkStep::Working),
            RowStep::End => return Ok(WorkStep::End),
        }
        Ok(WorkStep::Record)
    }

    fn records(&self) -> usize {
        self.columns.len() + self.problems.len()
    }

    fn bytes(&self) -> usize {
        self.columns.bytes() + self.problem_bytes
    }

    fn take_batch(&mut self) -> TableBatch {
        let mut counts = self.mapper.take_counts();
        let unread = std::mem::take(&mut self.counts);
        counts.read += unread.read;
        counts.rejected += unread.rejected;
        self.problem_bytes = 0;
        let unknown = self.mapper.unknown();
        let unknown = unknown.get(std::mem::replace(&mut self.told, unknown.len())..).unwrap_or_default().to_vec();
        let (rows, problems, lines) = (self.columns.take(), std::mem::take(&mut self.problems), std::mem::take(&mut self.lines));
        TableBatch { rows, problems, lines, counts, unknown }
    }

    fn remembers(&self) -> bool {
        false
    }

    fn cutter(&self, spacing: u64) -> Option<Self::Cutter> {
        self.reader.cutter(spacing)
    }

    fn end_at(&mut self, offset: u64) {
        self.end = Some(offset);
        self.reader.end_at(offset);
    }

    fn reach(&self) -> Option<u64> {
        self.reader.reach()
    }

    fn start_over(&mut self, checkpoint: &[u8]) -> Result<(), Box<dyn Error + Send + Sync>> {
        self.reader = Reader::resume(checkpoint, self.origin.hints())?;
        if let Some(end) = self.end {
            self.reader.end_at(end);
        }
        self.mapper.restart();
        Ok(())
    }
}

impl Cutter for tables::read::Cutter {
    fn position(&self) -> u64 {
        self.position()
    }

    fn feed(&mut self, bytes: &[u8]) -> Vec<Cut> {
        self.feed(bytes).into_iter().map(|tables::read::Cut { offset, checkpoint }| Cut { offset, checkpoint }).collect()
    }
}
