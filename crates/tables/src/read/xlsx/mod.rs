//! Workbooks (XLSX and XLSM: SpreadsheetML of ECMA-376, transitional and strict, in a ZIP file): the rows of one sheet.
//!
//! The directory of the file, at its end, leads to the parts: which sheets there are, the texts that cells share, whether a cell's format shows dates. These
//! are read first, and held within [`limits`]. Then the sheet is unpacked straight into the XML tokenizer, and its rows come one by one. What a workbook says
//! of its own sizes is checked against what comes.
//!
//! A checkpoint is a place in the sheet's XML. Whoever resumes from it reads the small parts and the header again, and unpacks the sheet from its start up to
//! the place without looking at it, which goes several times faster than reading rows.
//!
//! Cells hold what a person sees as their value: of a formula its last result; of merged cells, the first has the value. Hidden rows and columns are read
//! like others; rows without a value are left out. A number whose format shows a date is one; others keep their digits.

use serde::{Deserialize, Serialize};
use tokens::xml::{Place, Token, Tokenizer};
use tokens::{ReadError, ReadErrorKind, TakesBytes};

use super::{RowStep, Rows};
use crate::{Cell, limits};

mod book;
mod dates;
mod failure;
mod formats;
mod input;
mod part;
mod row;
mod sheet;
#[cfg(test)]
mod tests;
mod texts;
mod zip;

use book::{Book, Relationships, relationships_of};
use failure::{Failure, damaged, no_workbook, shortened, too_large, truncated};
use input::Input;
use part::Part;
use row::column_name;
use sheet::{Beside, Sheet, Taken};
use zip::{Directory, End};

/// What is unpacked in one step at most.
const STEP: u64 = 1024 * 1024;

/// What XLS workbooks and encrypted ones begin with (MS-CFB, 2.2).
pub(super) const COMPOUND_FILE: &[u8] = b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1";
/// Where the workbook is where nothing says so.
const USUAL_BOOK: &str = "xl/workbook.xml";

/// How a workbook is read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// The name of the sheet; without it, the first that is not hidden.
    pub sheet: Option<String>,
    /// The number of the row that has the names of the columns, from 1 on: rows before it are passed over. 0 where there is none. Without it, the first row
    /// that is not empty.
    pub header_row: Option<u32>,
}

/// Reads the rows of a sheet.
pub struct Reader {
    size: u64,
    options: Options,
    input: Input,
    stage: Stage,
    directory: Directory,
    relationships: Relationships,
    book: Book,
    book_part: String,
    beside: Beside,
    /// The part in work, and what reads its events.
    part: Option<Part>,
    xml: Tokenizer,
    sheet: Sheet,
    /// Of the columns, once the row that has them was passed.
    names: Option<Vec<String>>,
    /// Where it goes on, until it is there.
    resumed: Option<Checkpoint>,
    /// How far the file had been read at the checkpoint.
    resumed_progress: u64,
    work: u64,
    failed: Option<ReadError>,
}

/// What is being read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// The last bytes of the file, for the end of the directory.
    Tail,
    /// The first bytes of a file that has no directory.
    Magic,
    /// The end of a ZIP64 directory.
    Zip64,
    Directory,
    /// What the file has.
    Package,
    /// What the workbook has.
    Relationships,
    Book,
    Formats,
    Texts,
    Sheet,
    /// The sheet behind its rows, of which only the checksum is looked at.
    Rest,
    Over,
}

/// A place behind a row.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Checkpoint {
    /// The number of the row.
    row: u32,
    /// The place in the sheet's XML; none at its start.
    place: Option<Place>,
    /// Whether no more rows come.
    over: bool,
    progress: u64,
}

impl Reader {
    /// A reader of a workbook of so many bytes.
    pub fn new(file_size: u64, options: Options) -> Self {
        Self::from(file_size, options, Checkpoint::default())
    }

    /// A reader that goes on at a place that [`checkpoint`](Rows::checkpoint) gave; `None` where it can be none.
    pub fn resume(file_size: u64, options: Options, checkpoint: &[u8]) -> Option<Self> {
        let checkpoint: Checkpoint = serde_json::from_slice(checkpoint).ok()?;
        if let Some(place) = &checkpoint.place {
            Tokenizer::resume(place.clone())?;
        }
        Some(Self::from(file_size, options, checkpoint))
    }

    fn from(size: u64, options: Options, checkpoint: Checkpoint) -> Self {
        let mut input = Input::new(size);
        input.begin(size.saturating_sub(zip::TAIL), zip::TAIL);
        let resumed_progress = checkpoint.progress.min(size);
        let resumed = Some(checkpoint).filter(|checkpoint| checkpoint.place.is_some() || checkpoint.over);
        Self {
            size,
            options,
            input,
            stage: Stage::Tail,
            directory: Directory::default(),
            relationships: Relationships::default(),
            book: Book::default(),
            book_part: String::new(),
            beside: Beside::default(),
            part: None,
            xml: Tokenizer::new(),
            sheet: Sheet::new(),
            names: None,
            resumed,
            resumed_progress,
            work: 0,
            failed: None,
        }
    }

    fn go_on(&mut self) -> Result<RowStep, Failure> {
        let mut left = STEP;
        loop {
            let mut found = None;
            match self.stage {
                Stage::Tail | Stage::Magic | Stage::Zip64 | Stage::Directory if !self.input.is_whole() => found = Some(self.need_input()?),
                Stage::Tail => self.find_directory()?,
                Stage::Magic => return Err(self.other_format()),
                Stage::Zip64 => self.go_to_directory(End::read_64(self.input.held()))?,
                Stage::Directory => self.read_directory()?,
                Stage::Sheet => found = self.next_row()?,
                Stage::Rest => {}
                Stage::Over => found = Some(RowStep::End),
                _ => self.read_events()?,
            }
            if found.is_some() || self.part.is_some() && left == 0 {
                return Ok(found.unwrap_or(RowStep::Working));
            }
            if let Some(step) = self.unpack(&mut left)? {
                return Ok(step);
            }
        }
    }

    fn need_input(&self) -> Result<RowStep, Failure> {
        if self.input.may_come() { Ok(RowStep::NeedInput) } else { Err(truncated()) }
    }

    fn find_directory(&mut self) -> Result<(), Failure> {
        if self.size == 0 {
            return Err(no_workbook("the file is empty, expected a workbook"));
        }
        let end = End::find(self.input.held());
        self.input.keep_tail();
        self.go_to_directory(end)
    }

    fn go_to_directory(&mut self, end: Option<End>) -> Result<(), Failure> {
        let (stage, at, length) = match end {
            Some(End::Zip64(at)) => (Stage::Zip64, at, zip::END_64 as u64),
            Some(End::Directory(at, length)) if length > 0 => (Stage::Directory, at, length),
            _ => (Stage::Magic, 0, 0),
        };
        if stage == Stage::Magic || at.checked_add(length).is_none_or(|end| end > self.size) {
            self.look_at_start();
            return Ok(());
        }
        if length > limits::XLSX_DIRECTORY as u64 {
            return Err(too_large(&format!("its directory has {length} bytes, more than {}", limits::XLSX_DIRECTORY)));
        }
        self.stage = stage;
        self.input.begin(at, length);
        Ok(())
    }

    /// Looks what a file is that has no directory. What looks like the end of one may stand in anything.
    fn look_at_start(&mut self) {
        self.stage = Stage::Magic;
        self.input.begin(0, COMPOUND_FILE.len() as u64);
    }

    fn other_format(&self) -> Failure {
        let start = self.input.held();
        if start.starts_with(COMPOUND_FILE) {
            return no_workbook("expected an XLSX workbook, found an XLS workbook or an encrypted one; save it as XLSX without a password");
        }
        if start.starts_with(zip::LOCAL_SIGNATURE) {
            return damaged("it has no directory at its end, or a damaged one, as a file that is cut off");
        }
        no_workbook("expected an XLSX workbook, found no ZIP file; save it as XLSX or CSV")
    }

    fn read_directory(&mut self) -> Result<(), Failure> {
        let Some(directory) = Directory::new(self.input.take_held()) else {
            self.look_at_start();
            return Ok(());
        };
        self.directory = directory;
        if self.has("content.xml") && self.has("mimetype") {
            return Err(no_workbook("expected an XLSX workbook, found an OpenDocument file; save it as XLSX"));
        }
        let package = relationships_of("");
        if self.has(&package) {
            return self.begin(Stage::Package, &package);
        }
        self.stage = Stage::Package;
        self.end_part()
    }

    fn has(&self, part: &str) -> bool {
        self.directory.find(part).is_some()
    }

    /// Reads a part from its start.
    fn begin(&mut self, stage: Stage, name: &str) -> Result<(), Failure> {
        let limit = match stage {
            Stage::Texts => limits::XLSX_TEXTS_PART,
            Stage::Sheet => limits::XLSX_SHEET,
            _ => limits::XLSX_PART,
        };
        let entry = self.directory.find(name).ok_or_else(|| damaged(&format!("its part {:?} is missing", shortened(name))))?;
        self.work += self.xml.work();
        (self.stage, self.xml) = (stage, Tokenizer::new());
        self.part = Some(Part::begin(name, entry, limit, &mut self.input)?);
        Ok(())
    }

    /// Goes on to the part that is read next.
    fn end_part(&mut self) -> Result<(), Failure> {
        self.part = None;
        match self.stage {
            Stage::Package => self.find_book(),
            Stage::Relationships => {
                let name = self.book_part.clone();
                self.begin(Stage::Book, &name)
            }
            Stage::Book => {
                // A sheet that is not there is said before anything else is read.
                self.book.sheet(self.options.sheet.as_deref(), &self.relationships)?;
                self.beside.is_1904 = self.book.is_1904;
                self.begin_if_there(Stage::Formats, "styles")
            }
            Stage::Formats => self.begin_if_there(Stage::Texts, "sharedStrings"),
            Stage::Texts => {
                let name = self.book.sheet(self.options.sheet.as_deref(), &self.relationships)?.to_owned();
                self.begin(Stage::Sheet, &name)?;
                self.begin_sheet();
                Ok(())
            }
            _ => {
                self.stage = Stage::Over;
                Ok(())
            }
        }
    }

    fn find_book(&mut self) -> Result<(), Failure> {
        self.book_part = self.relationships.part("officeDocument").unwrap_or(USUAL_BOOK).to_owned();
        if self.book_part.rsplit('.').next() == Some("bin") || !self.has(USUAL_BOOK) && self.has("xl/workbook.bin") {
            return Err(no_workbook("expected an XLSX workbook, found a binary one (XLSB); save it as XLSX"));
        }
        if !self.has(&self.book_part) {
            return Err(no_workbook("expected an XLSX workbook, found a ZIP file without one"));
        }
        self.relationships = Relationships::of(&self.book_part);
        let name = relationships_of(&self.book_part);
        self.begin(Stage::Relationships, &name)
    }

    fn begin_if_there(&mut self, stage: Stage, kind: &str) -> Result<(), Failure> {
        let part = self.relationships.part(kind).filter(|part| self.has(part)).map(str::to_owned);
        if let Some(part) = part {
            return self.begin(stage, &part);
        }
        self.stage = stage;
        self.end_part()
    }

    /// What is held while rows are read is what they need.
    fn begin_sheet(&mut self) {
        (self.directory, self.relationships, self.book) = (Directory::default(), Relationships::default(), Book::default());
        self.beside.texts.settle();
        if self.resumed.as_ref().is_some_and(|checkpoint| checkpoint.over) {
            self.stage = Stage::Rest;
        }
    }

    /// Unpacks some of the part, and feeds its events.
    fn unpack(&mut self, left: &mut u64) -> Result<Option<RowStep>, Failure> {
        let Some(part) = &mut self.part else { return Ok(None) };
        match part.step(&mut self.input)? {
            part::Step::NeedInput => return self.need_input().map(Some),
            part::Step::Unpacked => {
                let length = part.chunk().len() as u64;
                *left = left.saturating_sub(length);
                self.work += length;
                self.feed_chunk();
            }
            part::Step::End if self.stage == Stage::Rest => self.end_part()?,
            part::Step::End if self.xml.position() > part.unpacked() => return Err(of_another_file()),
            part::Step::End => self.xml.end_of_input(),
        }
        Ok(None)
    }

    /// Feeds the events what they want of the bytes that were unpacked last.
    fn feed_chunk(&mut self) {
        let Some(part) = self.part.as_ref().filter(|_| self.stage != Stage::Rest) else { return };
        let (chunk, at) = (part.chunk(), part.unpacked() - part.chunk().len() as u64);
        let known = usize::try_from(self.xml.position().saturating_sub(at)).unwrap_or(usize::MAX);
        if let Some(chunk) = chunk.get(known..).filter(|chunk| !chunk.is_empty()) {
            self.xml.feed(chunk);
        }
    }

    /// Reads the events that are there of any part but the sheet.
    fn read_events(&mut self) -> Result<(), Failure> {
        loop {
            match self.xml.next() {
                Ok(Token::NeedInput) => return Ok(()),
                Ok(Token::End) => return self.end_part(),
                Ok(Token::Event(event)) => match self.stage {
                    Stage::Book => self.book.take(&event.kind, event.depth)?,
                    Stage::Formats => self.beside.formats.take(&event)?,
                    Stage::Texts => self.beside.texts.take(&event)?,
                    _ => self.relationships.take(&event.kind)?,
                },
                Err(error) => return Err(in_part(self.part.as_ref(), error)),
            }
        }
    }

    /// The next row of the sheet as far as it is unpacked.
    fn next_row(&mut self) -> Result<Option<RowStep>, Failure> {
        loop {
            match self.xml.next() {
                Ok(Token::NeedInput) => return Ok(None),
                Ok(Token::End) => break,
                Ok(Token::Event(event)) => match self.sheet.take(&event, &self.beside)? {
                    Taken::Nothing => {}
                    Taken::Over => break,
                    Taken::Row => {
                        if let Some(step) = self.end_row()? {
                            return Ok(Some(step));
                        }
                    }
                },
                Err(error) => return Err(in_part(self.part.as_ref(), error)),
            }
        }
        self.stage = Stage::Rest;
        if self.resumed.is_some() { Err(of_another_file()) } else { Ok(None) }
    }

    /// What becomes of a row that is there: nothing, of those that are empty, before the header, or the header itself.
    fn end_row(&mut self) -> Result<Option<RowStep>, Failure> {
        let row = &self.sheet.row;
        if row.is_empty() || self.names.is_none() && !self.begin_columns()? {
            return Ok(None);
        }
        let row = &self.sheet.row;
        if let Some(names) = &mut self.names {
            names.extend((names.len()..row.width()).map(column_name));
        }
        Ok(Some(row.problem().map_or(RowStep::Row, |(code, message)| RowStep::Bad { code, message })))
    }

    /// Takes the names of the columns from the first row that is not before the header. Whether it is not the header itself, and is given for the first time.
    fn begin_columns(&mut self) -> Result<bool, Failure> {
        let row = &self.sheet.row;
        let header = self.options.header_row.unwrap_or(row.number);
        if row.number < header {
            return Ok(false);
        }
        let is_header = row.number == header;
        if let Some((_, message)) = row.problem().filter(|_| is_header) {
            return Err(damaged(&format!("row {header}, the header, cannot be used: {message}")));
        }
        self.names = Some(if is_header { row.names(&self.beside.texts) } else { Vec::new() });
        let resumed = self.resumed.take();
        let is_given = !is_header && resumed.is_none();
        resumed.map_or(Ok(is_given), |checkpoint| self.jump(checkpoint).map(|()| is_given))
    }

    /// Goes on at a place that is not before this one, where the reader has the names.
    fn jump(&mut self, checkpoint: Checkpoint) -> Result<(), Failure> {
        let Checkpoint { row, place: Some(place), .. } = checkpoint else { return Err(of_another_file()) };
        let (here, there) = (self.xml.suspend().offset(), place.offset());
        if there < here || row < self.sheet.row.number {
            return Err(of_another_file());
        }
        if there > here {
            self.work += self.xml.work();
            self.xml = Tokenizer::resume(place).ok_or_else(of_another_file)?;
            self.sheet.go_on_behind(row);
            self.feed_chunk();
        }
        Ok(())
    }

    fn place(&self) -> Checkpoint {
        let progress = self.progress();
        let start = Checkpoint { progress, ..Checkpoint::default() };
        if let Some(resumed) = &self.resumed {
            return resumed.clone();
        }
        if matches!(self.stage, Stage::Rest | Stage::Over) {
            return Checkpoint { row: self.sheet.row.number, over: true, ..start };
        }
        if self.names.is_none() {
            return start;
        }
        let (place, row) = match self.sheet.before() {
            Some((mark, row)) => (self.xml.suspend_at(mark), row),
            None => (self.xml.suspend(), self.sheet.row.number),
        };
        Checkpoint { row, place: Some(place), ..start }
    }
}

/// An error in the XML of a part.
fn in_part(part: Option<&Part>, error: ReadError) -> Failure {
    let name = part.map(Part::name).unwrap_or_default();
    let kind = error.kind;
    Failure { kind, ..damaged(&format!("in its part {name:?}, {error}")) }
}

fn of_another_file() -> Failure {
    let message = "the workbook is not the one of which a part was read before; begin again".to_owned();
    Failure { kind: ReadErrorKind::NotThisFormat, message }
}

impl Rows for Reader {
    fn next(&mut self) -> Result<RowStep, ReadError> {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        self.go_on().map_err(|Failure { kind, message }| {
            let part = self.part.as_ref().filter(|_| kind != ReadErrorKind::Truncated);
            let offset = part.map_or(self.input.position(), Part::offset);
            let error = ReadError { kind, message, offset, line: self.line().max(1) };
            self.failed = Some(error.clone());
            error
        })
    }

    fn names(&self) -> &[String] {
        self.names.as_deref().unwrap_or_default()
    }

    fn cells<'a>(&'a self, take: impl FnMut(usize, Cell<'a>)) {
        self.sheet.row.cells(&self.beside.texts, take);
    }

    /// The number of the row in the sheet.
    fn offset(&self) -> u64 {
        self.line()
    }

    fn line(&self) -> u64 {
        self.sheet.row.number.into()
    }

    fn raw(&self) -> String {
        self.sheet.row.json(self.names(), &self.beside.texts)
    }

    fn checkpoint(&self) -> Vec<u8> {
        // A place is always JSON.
        serde_json::to_vec(&self.place()).unwrap_or_default()
    }
}

impl TakesBytes for Reader {
    fn position(&self) -> u64 {
        self.input.position()
    }

    fn progress(&self) -> u64 {
        let reached = match self.stage {
            Stage::Over => self.size,
            Stage::Sheet | Stage::Rest => self.part.as_ref().map_or(0, Part::reached),
            _ => 0,
        };
        reached.max(self.resumed_progress)
    }

    fn feed(&mut self, bytes: &[u8]) {
        self.work += self.input.feed(bytes) as u64;
    }

    fn end_of_input(&mut self) {
        self.input.cut();
    }

    fn work(&self) -> u64 {
        self.work + self.xml.work()
    }
}
