//! What a file holds, whatever it is packed in: layer by layer.

use scan_reports::Format;

use crate::budget::Budget;
use crate::gzip::Gzip;
use crate::workbook::Workbook;
use crate::zip::{self, Part, Zip};
use crate::zstd::{self, Zstd};
use crate::{Error, limits};

/// What comes of unpacking.
#[derive(Debug)]
pub(crate) enum Event<'a> {
    /// A file begins.
    Begin {
        /// Its name in the archive, or that of the packed file without its ending.
        name: &'a str,
        /// Layers that it was packed in.
        depth: usize,
        /// Whether it is one of an archive's entries, of which perhaps not all are reports.
        listed: bool,
    },
    /// Bytes of it.
    Bytes(&'a [u8]),
    /// It is whole.
    End,
}

/// Where it goes, and what keeps it within bounds.
pub(crate) struct Flow<'a> {
    pub(crate) budget: &'a mut Budget,
    pub(crate) sink: &'a mut dyn FnMut(Event<'_>) -> Result<(), Error>,
}

/// A file that comes in pieces, plain or packed.
pub(crate) struct Content {
    name: String,
    depth: usize,
    listed: bool,
    /// Whether workbooks are opened, and not kept as they are.
    opens_workbooks: bool,
    state: ContentState,
}

enum ContentState {
    /// Too little came to tell what it is.
    Start(Vec<u8>),
    Plain,
    Gzip(Box<Gzip>, Box<Content>),
    Zstd(Box<Zstd>, Box<Content>),
    /// An archive, and the entry in work unless it is none of interest.
    Zip(Box<Zip>, Option<Box<Content>>),
    Workbook(Box<Workbook>),
}

/// What a file's first bytes say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Packing {
    Plain,
    Gzip,
    Zstd,
    Zip,
    Workbook,
}

impl Content {
    pub(crate) fn new(name: &str, depth: usize, listed: bool) -> Self {
        Self { name: name.to_owned(), depth, listed, opens_workbooks: true, state: ContentState::Start(Vec::new()) }
    }

    /// The same file; if it is a workbook, or has any in it, they are kept as they are.
    pub(crate) fn keeping_workbooks(self) -> Self {
        Self { opens_workbooks: false, ..self }
    }

    /// The same file, packed with gzip for the way only: that is no layer of it.
    pub(crate) fn gzipped(self) -> Self {
        let state = ContentState::Gzip(Box::new(Gzip::new()), Box::new(self));
        Self { name: String::new(), depth: limits::DEPTH, listed: false, opens_workbooks: true, state }
    }

    pub(crate) fn feed(&mut self, bytes: &[u8], flow: &mut Flow<'_>) -> Result<(), Error> {
        let (depth, opens_workbooks) = (self.depth, self.opens_workbooks);
        match &mut self.state {
            ContentState::Start(start) => {
                start.extend_from_slice(bytes);
                let Some(packing) = packing(start) else { return Ok(()) };
                let start = std::mem::take(start);
                self.begin(packing, flow)?;
                self.feed(&start, flow)
            }
            ContentState::Plain => (flow.sink)(Event::Bytes(bytes)),
            ContentState::Gzip(gzip, inner) => gzip.feed(bytes, &mut |unpacked| pass_on(inner, unpacked, depth, flow)),
            ContentState::Zstd(zstd, inner) => zstd.feed(bytes, &mut |unpacked| pass_on(inner, unpacked, depth, flow)),
            ContentState::Zip(zip, inner) => {
                let prefix = if depth == 0 { "" } else { &self.name };
                zip.feed(bytes, &mut |part| take_part(inner, &part, (prefix, depth, opens_workbooks), flow))
            }
            ContentState::Workbook(workbook) => workbook.feed(bytes, depth, flow.budget),
        }
    }

    pub(crate) fn finish(&mut self, flow: &mut Flow<'_>) -> Result<(), Error> {
        let depth = self.depth;
        match &mut self.state {
            // Too short to be packed, or cut off in the first header.
            ContentState::Start(start) => {
                let start = std::mem::take(start);
                self.begin(if start.starts_with(&zip::LOCAL_HEADER) { Packing::Zip } else { Packing::Plain }, flow)?;
                self.feed(&start, flow)?;
                self.finish(flow)
            }
            ContentState::Plain => (flow.sink)(Event::End),
            ContentState::Gzip(gzip, inner) => {
                gzip.finish(&mut |unpacked| pass_on(inner, unpacked, depth, flow))?;
                inner.finish(flow)
            }
            ContentState::Zstd(zstd, inner) => {
                zstd.finish()?;
                // A window is large, and so may be what its content needs at its end.
                **zstd = Zstd::new();
                inner.finish(flow)
            }
            ContentState::Zip(zip, _) => zip.finish(),
            ContentState::Workbook(workbook) => workbook.finish(depth, flow),
        }
    }

    /// Gets ready for what it is.
    fn begin(&mut self, packing: Packing, flow: &mut Flow<'_>) -> Result<(), Error> {
        if packing == Packing::Plain || packing == Packing::Workbook && !self.opens_workbooks {
            self.state = ContentState::Plain;
            return (flow.sink)(Event::Begin { name: &self.name, depth: self.depth, listed: self.listed });
        }
        if self.depth == limits::DEPTH {
            let message = format!("{:?} is packed more than {} deep: unpack it once before it is sent", self.name, limits::DEPTH);
            return Err(Error::unsupported(message));
        }
        let opens_workbooks = self.opens_workbooks;
        let inner = || Box::new(Self { opens_workbooks, ..Self::new(without_ending(&self.name), self.depth + 1, self.listed) });
        self.state = match packing {
            Packing::Plain => ContentState::Plain,
            Packing::Gzip => ContentState::Gzip(Box::new(Gzip::new()), inner()),
            Packing::Zstd => ContentState::Zstd(Box::new(Zstd::new()), inner()),
            Packing::Zip => ContentState::Zip(Box::new(Zip::new()), None),
            Packing::Workbook => ContentState::Workbook(Box::new(Workbook::new())),
        };
        Ok(())
    }
}

fn pass_on(inner: &mut Content, unpacked: &[u8], depth: usize, flow: &mut Flow<'_>) -> Result<(), Error> {
    flow.budget.unpacked(depth, unpacked.len())?;
    inner.feed(unpacked, flow)
}

fn take_part(
    inner: &mut Option<Box<Content>>,
    part: &Part<'_>,
    (prefix, depth, opens_workbooks): (&str, usize, bool),
    flow: &mut Flow<'_>,
) -> Result<(), Error> {
    match part {
        Part::Entry { name, .. } => {
            flow.budget.entry()?;
            let name = if prefix.is_empty() { (*name).to_owned() } else { format!("{prefix}/{name}") };
            *inner = may_be_report(&name).then(|| Box::new(Content { opens_workbooks, ..Content::new(&name, depth + 1, true) }));
            Ok(())
        }
        Part::Bytes(bytes) => {
            flow.budget.unpacked(depth, bytes.len())?;
            inner.as_mut().map_or(Ok(()), |inner| inner.feed(bytes, flow))
        }
        Part::End => inner.take().map_or(Ok(()), |mut inner| inner.finish(flow)),
    }
}

/// Whether a file that begins so is packed. The first four bytes are enough.
pub fn is_packed(start: &[u8]) -> bool {
    start.len() >= 4 && packing(start) != Some(Packing::Plain)
}

/// What a file is packed with; none where more of it is needed to tell.
fn packing(start: &[u8]) -> Option<Packing> {
    let magic = start.first_chunk::<4>()?;
    match *magic {
        [0x1f, 0x8b, ..] => Some(Packing::Gzip),
        zstd::MAGIC => Some(Packing::Zstd),
        zip::LOCAL_HEADER => zip::first_name(start).map(|name| if is_part_of_workbook(name) { Packing::Workbook } else { Packing::Zip }),
        // An archive without entries: its end is its start.
        [b'P', b'K', 5, 6] | [b'P', b'K', b'0', b'0'] | [b'P', b'K', 7, 8] => Some(Packing::Zip),
        _ => Some(Packing::Plain),
    }
}

/// Office documents begin with one of these parts (ECMA-376 part 2: a package has `[Content_Types].xml` and `_rels/.rels`).
fn is_part_of_workbook(name: &[u8]) -> bool {
    name == b"[Content_Types].xml" || [b"_rels/".as_slice(), b"xl/", b"docProps/"].iter().any(|start| name.starts_with(start))
}

/// Whether an entry of this name may be a report. What is said to be something else is not looked at.
fn may_be_report(name: &str) -> bool {
    const ENDINGS: [&str; 22] = [
        "mac",
        "properties",
        "png",
        "jpg",
        "jpeg",
        "gif",
        "svg",
        "ico",
        "bmp",
        "webp",
        "css",
        "woff",
        "woff2",
        "ttf",
        "eot",
        "pdf",
        "exe",
        "dll",
        "class",
        "jar",
        "so",
        "md",
    ];
    let file = name.rsplit('/').next().unwrap_or_default();
    let ending = file.rsplit_once('.').map_or("", |(_, ending)| ending).to_ascii_lowercase();
    // Directories, what macOS adds, and what belongs to a report.
    let hidden = file.is_empty() || file.starts_with('.') || name.split('/').any(|part| part == "__MACOSX" || Format::is_skipped(part));
    !hidden && !ENDINGS.contains(&ending.as_str())
}

/// The name of what is in a packed file.
fn without_ending(name: &str) -> &str {
    let endings = [".gz", ".gzip", ".zst", ".zstd"];
    let ending =
        endings.iter().find(|ending| name.get(name.len().wrapping_sub(ending.len())..).is_some_and(|end| end.eq_ignore_ascii_case(ending)));
    ending.map_or(name, |ending| &name[..name.len() - ending.len()])
}
