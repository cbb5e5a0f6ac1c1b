//! The reports of an upload: which of the files in it they are, and where they are stored.

use bytes::BytesMut;
use scan_reports::{Detection, Format, detect, limits as report_limits};

use crate::budget::Budget;
use crate::content::{Content, Event, Flow};
use crate::{Error, ErrorKind, limits};

/// Entries that an error or a note names.
const NAMED: usize = 10;

/// Takes the reports out of an upload.
pub struct Reports {
    content: Content,
    budget: Budget,
    picker: Picker,
}

/// What was taken out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Contents {
    /// The reports of a packed upload, one after the other; none of a plain one, which is stored as it came.
    pub entries: Vec<ReportEntry>,
    /// What is to be said of entries that are no report of a known format.
    pub left_out: Option<String>,
}

/// A report of a packed upload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportEntry {
    /// Its name in the archive: only text.
    pub name: String,
    /// Where it begins in what is stored, in bytes.
    pub offset: u64,
    /// Its length in bytes, never 0.
    pub size: u64,
    /// Its format where its start was looked at: in archives.
    pub format: Option<Format>,
}

impl Reports {
    /// For an upload of this name. `format` is what the uploader says that the reports are; not more than `max_bytes` are unpacked.
    pub fn new(file_name: &str, format: Option<Format>, max_bytes: u64) -> Self {
        Self { content: Content::new(file_name, 0, false), budget: Budget::new(max_bytes), picker: Picker { format, ..Picker::default() } }
    }

    /// For an upload of files of rows: all that is in it is one, and workbooks are kept as they are.
    pub fn tables(file_name: &str, max_bytes: u64) -> Self {
        let content = Content::new(file_name, 0, false).keeping_workbooks();
        Self { content, budget: Budget::new(max_bytes), picker: Picker { keeps_all: true, ..Picker::default() } }
    }

    /// Of an upload whose bytes are packed with gzip for the way only, as its `Content-Encoding` says (RFC 9110, 8.4).
    #[must_use]
    pub fn gzipped(self) -> Self {
        Self { content: self.content.gzipped(), ..self }
    }

    /// Takes a piece, and appends what is to be stored of it. Pieces of at most [`limits::PIECE`] keep what is appended below
    /// [`limits::BURST`].
    pub fn feed(&mut self, bytes: &[u8], stored: &mut BytesMut) -> Result<(), Error> {
        let Self { content, budget, picker } = self;
        for piece in bytes.chunks(limits::PIECE) {
            budget.piece(piece.len());
            content.feed(piece, &mut Flow { budget, sink: &mut |event| picker.take_event(&event, stored) })?;
        }
        Ok(())
    }

    /// The upload is whole: gives what is in it.
    pub fn finish(mut self, stored: &mut BytesMut) -> Result<Contents, Error> {
        let Self { content, budget, picker } = &mut self;
        budget.piece(0);
        content.finish(&mut Flow { budget, sink: &mut |event| picker.take_event(&event, stored) })?;
        self.picker.finish()
    }
}

/// Chooses among the files.
#[derive(Default)]
struct Picker {
    format: Option<Format>,
    /// Whatever is in it is kept.
    keeps_all: bool,
    current: Current,
    stored: u64,
    packed: bool,
    entries: Vec<ReportEntry>,
    /// Those of which only the uploader says that they are reports: names.
    assumed: Vec<String>,
    left_out: Vec<String>,
}

/// What becomes of the file in work.
#[derive(Default)]
enum Current {
    /// It is none.
    #[default]
    Dropped,
    /// It is not known whether it is a report.
    Start { name: String, bytes: Vec<u8> },
    /// It is stored.
    Kept,
}

impl Picker {
    fn take_event(&mut self, event: &Event<'_>, stored: &mut BytesMut) -> Result<(), Error> {
        match event {
            Event::Begin { name, depth, listed } => {
                self.packed |= *depth > 0;
                if *listed && !self.keeps_all {
                    self.current = Current::Start { name: (*name).to_owned(), bytes: Vec::new() };
                } else {
                    self.keep(name, None)?;
                }
            }
            Event::Bytes(bytes) => match &mut self.current {
                Current::Dropped => {}
                Current::Kept => self.store(bytes, stored),
                Current::Start { bytes: start, .. } => {
                    start.extend_from_slice(bytes);
                    if start.len() >= report_limits::DETECTION {
                        self.decide(stored)?;
                    }
                }
            },
            Event::End => self.decide(stored)?,
        }
        Ok(())
    }

    /// Stores what there is of a file if it is a report. Both ways it is decided.
    fn decide(&mut self, stored: &mut BytesMut) -> Result<(), Error> {
        let Current::Start { name, bytes } = std::mem::take(&mut self.current) else { return Ok(()) };
        if bytes.is_empty() {
            return Ok(());
        }
        // No more of it is looked at, however it was cut.
        let start = &bytes[..bytes.len().min(report_limits::DETECTION)];
        let format = match (detect(start, true, Some(&name)), self.format) {
            (Detection::Format(found), Some(said)) if found != said => None,
            (Detection::Format(found), _) => Some(found),
            (_, said) => {
                self.assumed.extend(said.map(|_| name.clone()));
                said
            }
        };
        let Some(format) = format else {
            self.left_out.push(name);
            return Ok(());
        };
        self.keep(&name, Some(format))?;
        self.store(&bytes, stored);
        Ok(())
    }

    fn keep(&mut self, name: &str, format: Option<Format>) -> Result<(), Error> {
        if self.entries.len() == limits::REPORTS {
            return Err(Error::too_large(format!("the archive has more than {} reports: send it in parts", limits::REPORTS)));
        }
        self.current = Current::Kept;
        self.entries.push(ReportEntry { name: name.to_owned(), offset: self.stored, size: 0, format });
        Ok(())
    }

    fn store(&mut self, bytes: &[u8], stored: &mut BytesMut) {
        self.stored += bytes.len() as u64;
        if let Some(entry) = self.entries.last_mut() {
            entry.size += bytes.len() as u64;
        }
        stored.extend_from_slice(bytes);
    }

    fn finish(mut self) -> Result<Contents, Error> {
        if !self.packed && !self.entries.is_empty() {
            return Ok(Contents::default());
        }
        self.entries.retain(|entry| entry.size > 0);
        self.forget_assumed();
        self.keep_sole();
        match self.entries.is_empty() {
            true if self.left_out.is_empty() => Err(no_report("what was sent is packed, and has no report in it".to_owned())),
            true => Err(no_report(format!("nothing in what was sent is a report of a known format: {}", named(&self.left_out)))),
            false => Ok(Contents { left_out: self.note(), entries: self.entries }),
        }
    }

    /// Where some are reports of the format that the uploader named, those that do not show it are none. Their bytes stay where they are.
    fn forget_assumed(&mut self) {
        if self.assumed.len() < self.entries.len() {
            self.entries.retain(|entry| !self.assumed.contains(&entry.name));
            self.left_out.append(&mut self.assumed);
        }
    }

    /// Where the other files of an archive tell of the reports in it, nothing is said of them. Their bytes stay where they are.
    fn keep_sole(&mut self) {
        let is_sole = |entry: &ReportEntry| entry.format.is_some_and(Format::is_sole);
        if self.entries.iter().any(is_sole) {
            self.entries.retain(is_sole);
            self.left_out.clear();
        }
    }

    fn note(&self) -> Option<String> {
        (!self.left_out.is_empty()).then(|| format!("left out, since they are no reports of a known format: {}", named(&self.left_out)))
    }
}

fn no_report(message: String) -> Error {
    Error { kind: ErrorKind::NoReport, message }
}

fn named(names: &[String]) -> String {
    let more = names.len().saturating_sub(NAMED);
    let first = names[..names.len() - more].join(", ");
    if more == 0 { first } else { format!("{first} and {more} more") }
}
