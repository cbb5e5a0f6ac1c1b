//! The contract of every parser: bytes in, records out; suspend, encode, resume.

use serde::{Deserialize, Serialize};

use crate::budget::{Budget, Counted, Wanted};
use crate::format::{Claim, Cuts, Evidence, Format, Parser};
use crate::{KnownFindings, ReadError, Record, limits};

/// Reads one report: [`next`](Self::next) gives its records one by one, and says when bytes are wanted; [`read`](Self::read) does it to the end.
///
/// The bytes that are wanted are those at its [`position`](Self::position): usually where the last piece ended, and elsewhere when the format asks
/// to jump.
pub struct Decoder {
    format: Format,
    pub(crate) parser: Box<dyn Parser>,
    /// The format's tools, and how many of them were given.
    tools: Vec<&'static str>,
    told: usize,
    /// The report has no byte, and its scanner writes none where it finds nothing.
    empty: bool,
    /// What tells that the report is one of the format.
    pub(crate) evidence: Evidence,
    /// It is at its end without a record: what its start says decides.
    claim: Option<Claim>,
    budget: Budget,
    progress: u64,
    /// The answer once there was an error.
    failed: Option<ReadError>,
}

/// What a decoder says when asked for the next record.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// A record.
    Record(Record),
    /// It wants the bytes at [`Decoder::position`], or to hear that there are none.
    NeedInput,
    /// Nothing yet, after as much work as one step may take ([`limits::STEP`]): to be asked again. Whoever has others to look after does so before.
    Working,
    /// The report is read to its end.
    End,
}

impl Decoder {
    /// A decoder at the start of a report.
    pub fn new(format: Format) -> Self {
        Self::of(format, format.parser(), 0, Budget::default())
    }

    /// A decoder at the place of a [checkpoint](Self::checkpoint).
    pub fn resume(checkpoint: &[u8]) -> Result<Self, CheckpointError> {
        let Envelope { version, format, told, evidence, counted, state } =
            serde_json::from_slice(checkpoint).map_err(|_| CheckpointError::Unreadable)?;
        let format = Format::from_name(&format).ok_or(CheckpointError::Unreadable)?;
        if version != format.checkpoint_version() {
            return Err(CheckpointError::Version { found: version, known: format.checkpoint_version() });
        }
        let mut parser = format.parser();
        parser.restore(state)?;
        Ok(Self { evidence, ..Self::of(format, parser, told, Budget::of(counted)) })
    }

    /// One that reads by this parser, and has told so many of the format's tools.
    pub(crate) fn of(format: Format, parser: Box<dyn Parser>, told: usize, budget: Budget) -> Self {
        let (progress, evidence) = (parser.progress(), Evidence::default());
        Self { format, parser, tools: format.tools(), told, empty: false, evidence, claim: None, budget, progress, failed: None }
    }

    /// The format that it reads.
    pub fn format(&self) -> Format {
        self.format
    }

    /// Offset in the report, in bytes, of what [`feed`](Self::feed) wants next.
    pub fn position(&self) -> u64 {
        self.claim.as_ref().map_or_else(|| self.parser.position(), Claim::position)
    }

    /// How far the report is read, in bytes: grows only, and is the report's length at the end.
    pub fn progress(&self) -> u64 {
        self.progress
    }

    /// Takes the bytes at [`position`](Self::position).
    pub fn feed(&mut self, bytes: &[u8]) {
        match &mut self.claim {
            Some(claim) => claim.feed(bytes),
            None => self.parser.feed(bytes),
        }
    }

    /// Takes the bytes at [`position`](Self::position) of a report that is in memory, at most so many; or hears that it ends there.
    pub fn feed_from(&mut self, report: &[u8], most: usize) {
        let rest = usize::try_from(self.position()).ok().and_then(|position| report.get(position..)).unwrap_or_default();
        match &rest[..rest.len().min(most)] {
            [] => self.end_of_input(),
            bytes => self.feed(bytes),
        }
    }

    /// Reads the report to its end and gives each record to `take`; `serve` does what [`Step::NeedInput`] asks for.
    pub fn read<E: From<ReadError>>(
        &mut self,
        mut serve: impl FnMut(&mut Self) -> Result<(), E>,
        mut take: impl FnMut(Record) -> Result<(), E>,
    ) -> Result<(), E> {
        loop {
            match self.next()? {
                Step::Record(record) => take(record)?,
                Step::NeedInput => serve(self)?,
                Step::Working => {}
                Step::End => return Ok(()),
            }
        }
    }

    /// Says that the report ends at [`position`](Self::position).
    pub fn end_of_input(&mut self) {
        if let Some(claim) = &mut self.claim {
            return claim.end_of_input();
        }
        self.empty = self.position() == 0 && self.format.may_be_empty();
        self.parser.end_of_input();
    }

    /// Gives the next record, or says what it needs for it. After [`Step::End`] or an error it stays with that answer.
    #[expect(clippy::should_implement_trait, reason = "an iterator cannot ask for input")]
    pub fn next(&mut self) -> Result<Step, ReadError> {
        self.next_beyond(&KnownFindings::nothing())
    }

    /// The same for somebody who knows some findings already: of these the next record may hold no more than its identity, since their texts are
    /// what reading takes the most time for. Every other part of the record, and every other finding, is as [`next`](Self::next) gives it.
    pub fn next_beyond(&mut self, known: &KnownFindings) -> Result<Step, ReadError> {
        if let Some(tool) = self.tools.get(self.told) {
            self.told += 1;
            return Ok(Step::Record(Record::Tool { name: (*tool).to_owned() }));
        }
        if self.empty {
            return Ok(Step::End);
        }
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        if let Some(problem) = self.budget.note() {
            return Ok(Step::Record(Record::Problem(problem)));
        }
        let step = self.parsed(known).inspect_err(|error| self.failed = Some(error.clone()));
        self.progress = self.progress.max(self.parser.progress());
        Ok(match step? {
            Step::Record(mut record) => {
                record.bound();
                Step::Record(record)
            }
            step => step,
        })
    }

    /// What the parser says. Where it comes to the end without a record, the report's start is looked at once more: what is no report of the format,
    /// though a person says so, must not be read as one without findings, since those of before might be closed then.
    fn parsed(&mut self, known: &KnownFindings) -> Result<Step, ReadError> {
        if let Some(claim) = &self.claim {
            return claim.judge(self.format, self.evidence());
        }
        let step = self.parser.next_beyond(Wanted { known, budget: &mut self.budget })?;
        match step {
            Step::Record(Record::Occurrence(_) | Record::Problem(_)) => self.evidence = Evidence::Record,
            Step::End if self.evidence != Evidence::Record => {
                self.claim = Some(Claim::default());
                return Ok(Step::NeedInput);
            }
            _ => {}
        }
        Ok(step)
    }

    fn evidence(&self) -> Evidence {
        if self.parser.has_list() { self.evidence.max(Evidence::List) } else { self.evidence }
    }

    /// What reading took so far: bytes that were looked at, values that records were made of, and bytes of records. It counts alike on every machine,
    /// and grows with the bytes that were fed.
    pub fn work(&self) -> u64 {
        self.parser.work() + self.budget.work()
    }

    /// What finds the places where the rest of the report can be cut, behind what was fed and at least `spacing` bytes apart, so that its parts
    /// can be read at the same time. `None` where the format knows none, or not yet, such as before the first host.
    pub fn cutter(&self, spacing: u64) -> Option<Cutter> {
        self.parser.cuts(spacing).map(|cuts| Cutter { format: self.format, told: self.told, cuts })
    }

    /// The place right after the last record that [`next`](Self::next) gave, as text of at most [`limits::CHECKPOINT`] bytes. What was fed
    /// beyond it has to be fed again after [`resume`](Self::resume).
    pub fn checkpoint(&self) -> Vec<u8> {
        Envelope::encode(self.format, self.told, self.evidence(), &self.budget, self.parser.suspend())
    }
}

/// Finds the places where a report can be cut: between two that follow each other lie whole records. Whoever
/// [resumes](Decoder::resume) at each, and stops where the next one is [wanted](Decoder::position), gets the records of the whole report.
/// This is much faster than reading them.
pub struct Cutter {
    format: Format,
    told: usize,
    cuts: Box<dyn Cuts>,
}

/// A place where a report can be cut.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cut {
    /// Offset of the first byte behind it.
    pub offset: u64,
    /// The [checkpoint](Decoder::checkpoint) of a decoder there.
    pub checkpoint: Vec<u8>,
}

impl Cutter {
    /// Offset in the report of what [`feed`](Self::feed) wants next.
    pub fn position(&self) -> u64 {
        self.cuts.position()
    }

    /// Takes the bytes at [`position`](Self::position), and gives the cuts in them, in order.
    pub fn feed(&mut self, bytes: &[u8]) -> Vec<Cut> {
        // A report that is long enough to be cut is none without records.
        let encoded = |offset, state| Envelope::encode(self.format, self.told, Evidence::Record, &Budget::since(offset), state);
        let cut = |(offset, state)| Cut { offset, checkpoint: encoded(offset, state) };
        self.cuts.feed(bytes).into_iter().map(cut).collect()
    }

    /// Bytes that were looked at so far. It looks at each once, and at none again.
    pub fn work(&self) -> u64 {
        self.cuts.work()
    }
}

#[derive(Serialize, Deserialize)]
struct Envelope {
    version: u32,
    format: String,
    told: usize,
    #[serde(default)]
    evidence: Evidence,
    #[serde(default)]
    counted: Counted,
    state: serde_json::Value,
}

impl Envelope {
    fn encode(format: Format, told: usize, evidence: Evidence, budget: &Budget, state: serde_json::Value) -> Vec<u8> {
        let (version, counted) = (format.checkpoint_version(), budget.saved());
        let envelope = Self { version, format: format.name().to_owned(), told, evidence, counted, state };
        let bytes = serde_json::to_vec(&envelope).unwrap_or_default();
        debug_assert!(bytes.len() <= limits::CHECKPOINT, "checkpoint of {} bytes", bytes.len());
        bytes
    }
}

/// A checkpoint that cannot be used: the report has to be read from its start.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointError {
    /// Not a checkpoint at all.
    #[error("the checkpoint cannot be read")]
    Unreadable,
    /// Written by another version of the parser.
    #[error("the checkpoint has version {found}, this parser knows version {known}")]
    Version {
        /// The checkpoint's version.
        found: u32,
        /// The parser's version.
        known: u32,
    },
}
