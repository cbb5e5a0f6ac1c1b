//! A column within a row group, page by page.

use super::codec::{self, Codecs};
use super::error::{Fault, Result};
use super::footer::Chunk;
use super::json;
use super::kind::{Kind, Ready};
use super::nested::Entries;
use super::page::{HEADER, Header, Holds, Layout, Page};
use super::schema::Column;
use super::values::Dictionary;
use crate::Cell;

/// Bytes of all pages, dictionaries, and what is read ahead of them, in all columns together.
pub(super) const PAGES: usize = 64 * 1024 * 1024;
/// Bytes in which most headers end.
const FIRST_TRY: usize = 64;
/// Room that is kept for bytes of the file, and from row group to row group for a page.
const KEPT: usize = 64 * 1024;
/// Where all columns hold more than this, those that do not need their dictionary give it up, or take from it what their page needs.
pub(super) const TIGHT: usize = PAGES / 2;
/// Bytes of a dictionary that is given up although pages refer to it, and how often it is read again: so what that costs is bounded.
const DROPPED: usize = 2 * 1024 * 1024;
const AGAIN: u32 = 64;

/// What a column says when it is asked for the next row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Advance {
    /// It is there.
    Ready,
    /// A page has to be read first.
    Page,
    /// Not yet, after as much work as one step may take.
    Working,
}

/// What came of reading the next page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Load {
    /// A page with values.
    Page,
    /// More bytes are needed.
    Input,
}

/// Whether a dictionary is held. Where a column has many values, writers fill a dictionary of 1 MiB and then go on without it: a hundred such columns would be
/// over the budget.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Holding {
    #[default]
    Held,
    /// It was given up. A page that needs it after all has it read once more.
    Dropped,
    /// It is read once more, for the page at this place.
    Again(u64),
}

/// What all columns share while they are read.
pub(super) struct Shared<'a> {
    pub(super) file_size: u64,
    pub(super) codecs: &'a mut Codecs,
    /// Bytes that all columns hold, and from where on they hold as few as they can.
    pub(super) held: usize,
    pub(super) tight: usize,
    /// Bytes that were read and decompressed.
    pub(super) work: usize,
}

/// A column of values.
#[derive(Default)]
pub(super) struct Leaf {
    pub(super) path: String,
    kind: Kind,
    layout: Layout,
    /// Values that the chunk has behind the page.
    values: u64,
    /// Where the chunk begins, and where it ends as far as the footer is right.
    start: u64,
    end: u64,
    /// Rows that are passed before the next one.
    skip: u64,
    /// Bytes of the file that are there: from `taken` on they are not yet used, and the first of them is at `at` in the file.
    buffer: Vec<u8>,
    taken: usize,
    at: u64,
    /// The header of the next page, or how many bytes there have to be to look for it once more.
    header: Option<Header>,
    next_try: usize,
    page: Page,
    dictionary: Dictionary,
    holding: Holding,
    again: u32,
    /// The cell of the row, and what had to be written for it.
    current: Ready,
    written: String,
    /// Of nested columns: what the row has, and the repetition level that was read ahead.
    pub(super) entries: Entries,
    rep: Option<u8>,
    inside: bool,
}

impl Leaf {
    pub(super) fn new(column: Column) -> Self {
        let layout = Layout { physical: column.physical, codec: 0, def: column.def, rep: column.rep };
        Self { path: column.path, kind: column.kind, layout, ..Self::default() }
    }

    /// Begins with a row group, behind so many of its rows.
    pub(super) fn open(&mut self, chunk: &Chunk, skip: u64, file_size: u64) -> Result<()> {
        codec::check(chunk.codec).map_err(|fault| fault.in_column(&self.path))?;
        if chunk.start >= file_size {
            return Err(Fault::syntax("it begins behind the end of the file").in_column(&self.path));
        }
        self.layout.codec = chunk.codec;
        self.values = chunk.values;
        self.start = chunk.start;
        self.end = chunk.start.saturating_add(chunk.bytes).min(file_size);
        self.skip = skip;
        self.move_to(chunk.start);
        self.page.clear();
        self.page.shrink(KEPT);
        self.dictionary.clear();
        (self.holding, self.again) = (Holding::Held, 0);
        self.entries.clear();
        (self.rep, self.inside) = (None, false);
        Ok(())
    }

    fn move_to(&mut self, at: u64) {
        let ahead = usize::try_from(at.wrapping_sub(self.at)).ok().and_then(|ahead| self.taken.checked_add(ahead));
        self.taken = ahead.filter(|taken| *taken < self.buffer.len()).unwrap_or_else(|| {
            self.buffer.clear();
            0
        });
        if self.taken > KEPT {
            self.buffer.drain(..self.taken);
            self.taken = 0;
        }
        if self.taken == 0 {
            self.buffer.shrink_to(KEPT);
        }
        self.at = at;
        self.header = None;
        self.next_try = 0;
    }

    fn there(&self) -> &[u8] {
        self.buffer.get(self.taken..).unwrap_or_default()
    }

    /// Where the bytes are that it wants next.
    pub(super) fn position(&self) -> u64 {
        self.at + self.there().len() as u64
    }

    /// How far it wants bytes, with what may be kept ahead.
    pub(super) fn wanted(&self, ahead: usize) -> u64 {
        let needed = self.header.map_or(self.next_try.max(FIRST_TRY), |header| header.length + header.compressed);
        let needed = self.at.saturating_add(needed as u64);
        needed.max(self.end.min(needed.saturating_add(ahead as u64)))
    }

    pub(super) fn feed(&mut self, bytes: &[u8], ahead: usize) {
        let room = usize::try_from(self.wanted(ahead).saturating_sub(self.position())).unwrap_or(usize::MAX);
        if self.taken > 0 {
            self.buffer.drain(..self.taken);
            self.taken = 0;
        }
        let kept = bytes.get(..room).unwrap_or(bytes);
        if let Some(header) = self.header {
            // The page is there in one piece: room for it is made once.
            let needed = (header.length + header.compressed).saturating_sub(self.buffer.len());
            self.buffer.reserve_exact(needed.max(kept.len()));
        }
        self.buffer.extend_from_slice(kept);
    }

    /// Bytes that it holds.
    pub(super) fn held(&self) -> usize {
        self.buffer.capacity() + self.page.held() + self.dictionary.held()
    }

    /// Reads the next page with values, and the dictionary before it.
    pub(super) fn load(&mut self, shared: &mut Shared<'_>) -> Result<Load> {
        self.load_page(shared).map_err(|fault| fault.in_column(&self.path))
    }

    fn load_page(&mut self, shared: &mut Shared<'_>) -> Result<Load> {
        loop {
            if self.values == 0 {
                return Err(Fault::syntax("it has fewer rows than its row group"));
            }
            let Some(header) = self.header(shared.file_size)? else { return Ok(Load::Input) };
            let total = header.length + header.compressed;
            let behind = self.at.saturating_add(total as u64);
            if behind > shared.file_size {
                return Err(Fault::syntax("a page ends behind the end of the file"));
            }
            if matches!(header.holds, Holds::Other) || self.skips(&header) {
                self.move_to(behind);
                continue;
            }
            if self.holding == Holding::Dropped && header.refers_to_dictionary() {
                self.holding = Holding::Again(self.at);
                self.move_to(self.start);
                continue;
            }
            if self.there().len() < total {
                return Ok(Load::Input);
            }
            self.take_page(&header, shared)?;
            if let Holding::Again(at) = self.holding {
                self.holding = Holding::Held;
                self.again += 1;
                self.move_to(at);
                continue;
            }
            self.move_to(behind);
            if self.page.left() > 0 {
                return Ok(Load::Page);
            }
        }
    }

    /// The header of the next page, if it is there.
    fn header(&mut self, file_size: u64) -> Result<Option<Header>> {
        if self.header.is_some() {
            return Ok(self.header);
        }
        let there = self.there();
        let all = self.position() >= file_size;
        if there.len() < self.next_try && !all {
            return Ok(None);
        }
        let Some(header) = Header::read(there)? else {
            if all {
                return Err(Fault::truncated("the file ends in the header of a page"));
            }
            self.next_try = (there.len() * 2).clamp(FIRST_TRY, HEADER);
            return Ok(None);
        };
        if !matches!(header.holds, Holds::Dictionary | Holds::Other) && u64::from(header.values) > self.values {
            let (values, left) = (header.values, self.values);
            return Err(Fault::syntax(format!("a page says that it has {values} values, and {left} are left")));
        }
        self.header = Some(header);
        Ok(self.header)
    }

    /// Passes a page whose rows are all to be passed.
    fn skips(&mut self, header: &Header) -> bool {
        let rows = match header.holds {
            Holds::Version1 { .. } | Holds::Version2 { .. } if self.layout.rep == 0 => header.values,
            Holds::Version2 { rows, .. } => rows,
            _ => return false,
        };
        let skips = u64::from(rows) <= self.skip && self.skip > 0 && self.rep.is_none() && !self.inside;
        if skips {
            self.skip -= u64::from(rows);
            self.values -= u64::from(header.values);
        }
        skips
    }

    fn take_page(&mut self, header: &Header, shared: &mut Shared<'_>) -> Result<()> {
        let dictionary = matches!(header.holds, Holds::Dictionary);
        let (before, index) =
            if dictionary { (self.dictionary.held(), header.values as usize * size_of::<u32>()) } else { (self.page.held(), 0) };
        let index = if self.layout.physical.width().is_some() { 0 } else { index.min(header.size) };
        if shared.held.saturating_sub(before) + header.size + index > PAGES {
            return Err(Fault::limit(format!(
                "with its page of {} bytes the pages of all columns have more than {PAGES} bytes: write the file with smaller pages, or with fewer columns",
                header.size
            )));
        }
        if matches!(self.holding, Holding::Again(_)) && !dictionary {
            return Err(Fault::syntax("its dictionary is not where its chunk begins"));
        }
        shared.work += header.length + header.size;
        let file = self.buffer.get(self.taken + header.length..self.taken + header.length + header.compressed).unwrap_or_default();
        if !dictionary {
            self.values -= u64::from(header.values);
            self.page.load(header, &self.layout, file, &self.dictionary, shared.codecs)?;
            if shared.held > shared.tight {
                self.drop_dictionary(header);
            }
            return Ok(());
        }
        self.dictionary.clear();
        if !file.is_empty() || header.size > 0 {
            shared.codecs.decompress(self.layout.codec, file, header.size, &mut self.dictionary.bytes)?;
        }
        self.dictionary.index(self.layout.physical, header.values)?;
        shared.held = shared.held.saturating_sub(before) + self.dictionary.held();
        Ok(())
    }

    /// Gives the dictionary up, if the page can do without.
    fn drop_dictionary(&mut self, header: &Header) {
        if self.holding != Holding::Held || self.again == AGAIN || !self.dictionary.is_there() {
            return;
        }
        let most = self.dictionary.held() / 2;
        if !header.refers_to_dictionary() || most <= DROPPED / 2 && self.page.take_from(&self.dictionary, self.layout, most) {
            self.dictionary = Dictionary::default();
            self.holding = Holding::Dropped;
        }
    }

    /// Goes to the next row, of a column that is not nested: `steps` is how many levels may be read.
    #[inline]
    pub(super) fn advance(&mut self, steps: &mut u32) -> Result<Advance> {
        while self.skip > 0 {
            if self.page.left() == 0 {
                return Ok(Advance::Page);
            }
            let Some(left) = steps.checked_sub(1) else { return Ok(Advance::Working) };
            *steps = left;
            self.value()?;
            self.skip -= 1;
        }
        if self.page.left() == 0 {
            return Ok(Advance::Page);
        }
        self.value()?;
        Ok(Advance::Ready)
    }

    #[inline]
    fn value(&mut self) -> Result<()> {
        let def = if self.layout.rep == 0 { self.page.next_def() } else { None };
        let def = def.ok_or_else(|| self.short())?;
        self.read_value(def)
    }

    #[inline]
    fn read_value(&mut self, def: u8) -> Result<()> {
        if def < self.layout.def {
            self.current = Ready::Null;
            return Ok(());
        }
        let Some(value) = self.page.next_value(self.layout.physical, &self.dictionary) else { return Err(self.short()) };
        self.current = self.kind.ready(value, &self.page.sources(&self.dictionary), &mut self.written);
        Ok(())
    }

    #[cold]
    fn short(&self) -> Fault {
        Fault::syntax("a page ends before its values, or refers to values that are not there").in_column(&self.path)
    }

    /// Goes to the next row, of a column that is nested: reads all of its levels and values. `room` is what the row may take.
    pub(super) fn advance_nested(&mut self, steps: &mut u32, room: &mut usize) -> Result<Advance> {
        loop {
            if !self.inside {
                self.entries.clear();
            }
            if self.page.left() == 0 {
                // Only the next page tells whether the row goes on.
                if self.values == 0 && self.inside {
                    self.inside = false;
                    if self.is_skipped() {
                        continue;
                    }
                    return Ok(Advance::Ready);
                }
                return Ok(Advance::Page);
            }
            let Some(left) = steps.checked_sub(1) else { return Ok(Advance::Working) };
            *steps = left;
            let rep = self.rep.take().or_else(|| self.page.next_rep()).ok_or_else(|| self.short())?;
            if rep == 0 && self.inside {
                self.inside = false;
                self.rep = Some(rep);
                if self.is_skipped() {
                    continue;
                }
                return Ok(Advance::Ready);
            }
            if rep > 0 && !self.inside {
                return Err(Fault::syntax("it begins in the middle of a row").in_column(&self.path));
            }
            self.inside = true;
            self.enter(rep, room)?;
            if self.layout.rep == 0 {
                self.inside = false;
                if !self.is_skipped() {
                    return Ok(Advance::Ready);
                }
            }
        }
    }

    fn is_skipped(&mut self) -> bool {
        let skipped = self.skip > 0;
        self.skip = self.skip.saturating_sub(1);
        skipped
    }

    /// Takes a level and its value.
    fn enter(&mut self, rep: u8, room: &mut usize) -> Result<()> {
        let def = self.page.next_def().ok_or_else(|| self.short())?;
        self.read_value(def)?;
        if self.skip > 0 {
            return Ok(());
        }
        let Self { current, entries, page, dictionary, written, .. } = self;
        let needed = current.length();
        entries.push(rep, def, room, needed, |text| {
            if *current != Ready::Null {
                json::write_cell(current.cell(&page.sources(dictionary), written), text);
            }
        });
        Ok(())
    }

    /// Says whether the row group's last row is the last that it has.
    pub(super) fn end(&self) -> Result<()> {
        if self.values > 0 || self.page.left() > 0 || self.rep.is_some() {
            return Err(Fault::syntax("it has more rows than its row group").in_column(&self.path));
        }
        Ok(())
    }

    pub(super) fn kind(&self) -> Kind {
        self.kind
    }

    /// Bytes of the cell that are not in the cell itself.
    #[inline]
    pub(super) fn cell_length(&self) -> usize {
        self.current.length()
    }

    /// The cell of the row.
    #[inline]
    pub(super) fn cell(&self) -> Cell<'_> {
        self.current.cell(&self.page.sources(&self.dictionary), &self.written)
    }
}
