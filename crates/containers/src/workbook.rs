//! Workbooks (XLSX, ECMA-376): each sheet becomes a table as CSV text.
//!
//! A workbook is held as it comes, since what its sheets point into may stand behind them. Which parts there are is told by the headers before
//! them, not by the directory. At the end each part that is needed is read once, event by event: what is kept are the texts that cells share,
//! whether a cell format shows dates, and names of sheets, all within [`limits`]. So what a workbook says of its own sizes is never believed,
//! and what it repeats counts as what it becomes.

use std::collections::BTreeMap;
use std::ops::Range;

use tokens::TakesBytes as _;
use tokens::xml::{EventKind, Token, Tokenizer};

use crate::budget::Budget;
use crate::content::{Event, Flow};
use crate::zip::{Part, Zip};
use crate::{Error, limits};

mod formats;
mod index;
mod sheet;
mod texts;

use formats::CellFormats;
use index::Index;
use texts::SharedTexts;

/// What is unpacked of a part before its events are read.
const STEP: usize = 32 * 1024;

/// A workbook on its way in.
pub(crate) struct Workbook {
    held: Vec<u8>,
    zip: Zip,
    parts: Parts,
}

/// The parts by their names in lower case, which are the same however they are written (ECMA-376 part 2, 6.2.2.3).
#[derive(Default)]
struct Parts {
    places: BTreeMap<String, Place>,
    last: Option<(String, Place)>,
    unpacked: u64,
}

/// Where a part stands in the file, its header included, and how many bytes it has unpacked.
#[derive(Clone, Debug, Default)]
struct Place {
    file: Range<usize>,
    unpacked: u64,
}

impl Workbook {
    pub(crate) fn new() -> Self {
        Self { held: Vec::new(), zip: Zip::new(), parts: Parts::default() }
    }

    pub(crate) fn feed(&mut self, bytes: &[u8], depth: usize, budget: &mut Budget) -> Result<(), Error> {
        if self.held.len() + bytes.len() > limits::WORKBOOK {
            return Err(Error::too_large(format!("the workbook has more than {} bytes: send its sheets as CSV", limits::WORKBOOK)));
        }
        self.held.extend_from_slice(bytes);
        let parts = &mut self.parts;
        self.zip.feed(bytes, &mut |part| parts.count(&part, depth, budget))
    }

    /// Gives each sheet as a file.
    pub(crate) fn finish(&mut self, depth: usize, flow: &mut Flow<'_>) -> Result<(), Error> {
        self.zip.finish()?;
        let (file, parts) = (std::mem::take(&mut self.held), &mut self.parts);
        parts.end_last(file.len());
        let index = Index::read(&file, parts, flow.budget)?;
        let formats = match &index.formats {
            Some(part) => CellFormats::read(&file, &parts.take(part)?, index.is_1904)?,
            None => CellFormats::default(),
        };
        let texts = match &index.texts {
            Some(part) => SharedTexts::read(&file, &parts.take(part)?)?,
            None => SharedTexts::default(),
        };
        let mut written = 0;
        for (name, part) in &index.sheets {
            let place = parts.take(part)?;
            (flow.sink)(Event::Begin { name: &format!("{name}.csv"), depth: depth + 1, listed: true })?;
            written = sheet::write(&file, &place, sheet::Beside { texts: &texts, formats: &formats, written, depth }, flow)?;
            (flow.sink)(Event::End)?;
        }
        Ok(())
    }
}

impl Parts {
    fn count(&mut self, part: &Part<'_>, depth: usize, budget: &mut Budget) -> Result<(), Error> {
        match part {
            Part::Entry { name, at } => {
                let at = usize::try_from(*at).unwrap_or(usize::MAX);
                self.end_last(at);
                self.last = Some((name.trim_start_matches('/').to_ascii_lowercase(), Place { file: at..at, unpacked: 0 }));
                budget.entry()
            }
            Part::Bytes(bytes) => {
                budget.unpacked(depth, bytes.len())?;
                self.unpacked += bytes.len() as u64;
                if let Some((_, place)) = &mut self.last {
                    place.unpacked += bytes.len() as u64;
                }
                if self.unpacked > limits::WORKBOOK_PARTS {
                    let most = limits::WORKBOOK_PARTS;
                    return Err(Error::too_large(format!("unpacked, the workbook has more than {most} bytes: send its sheets as CSV")));
                }
                Ok(())
            }
            Part::End => Ok(()),
        }
    }

    /// The part in work ends where the next begins. Of several with one name the last counts.
    fn end_last(&mut self, at: usize) {
        if let Some((name, mut place)) = self.last.take() {
            place.file.end = at;
            self.places.insert(name, place);
        }
    }

    /// The place of a part, which is read once: however often it is named, nothing is read without end.
    fn take(&mut self, name: &str) -> Result<Place, Error> {
        self.places.remove(name).ok_or_else(|| unreadable(&format!("its part {name:?} is missing, or named twice")))
    }
}

/// Reads the events of a part.
fn read_events(file: &[u8], place: &Place, take: &mut dyn FnMut(&EventKind<'_>) -> Result<(), Error>) -> Result<(), Error> {
    let (mut zip, mut xml) = (Zip::new(), Tokenizer::new());
    zip.feed(file.get(place.file.clone()).unwrap_or_default(), &mut |part| match part {
        Part::Entry { .. } => Ok(()),
        Part::Bytes(bytes) => bytes.chunks(STEP).try_for_each(|step| {
            xml.feed(step);
            take_events(&mut xml, take)
        }),
        Part::End => {
            xml.end_of_input();
            take_events(&mut xml, take)
        }
    })
}

fn take_events(xml: &mut Tokenizer, take: &mut dyn FnMut(&EventKind<'_>) -> Result<(), Error>) -> Result<(), Error> {
    while let Token::Event(event) = xml.next().map_err(|error| unreadable(&error.to_string()))? {
        take(&event.kind)?;
    }
    Ok(())
}

fn unreadable(why: &str) -> Error {
    Error::broken(format!("the workbook cannot be read: {why}; save it again with a spreadsheet program, or send its sheets as CSV"))
}
