//! `parse`: the decoders natively over a file, packed or not, a JSON object a line for each record.

use std::fs::File;
use std::io::{self, BufWriter, Read, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use bytes::BytesMut;
use clap::Args;
use containers::{Contents, ReportEntry, Reports, is_packed};
use scan_reports::{Decoder, Detection, Format, Record, detect, limits, output_line};

/// How much is read at a time.
const PIECE: usize = 256 * 1024;
/// The most that a packed file may become: what a workspace takes unless it is told otherwise.
const UNPACKED: u64 = 5 * 1024 * 1024 * 1024;

/// Options of `parse`.
#[derive(Args, Debug)]
pub struct Parse {
    /// The report's format; told by its content when not given
    #[arg(long, value_name = "NAME", value_parser = parse_format)]
    format: Option<Format>,

    /// Lists the known formats instead
    #[arg(long)]
    list: bool,

    /// The report
    #[arg(required_unless_present = "list")]
    file: Option<PathBuf>,
}

impl Parse {
    /// Prints the records. A reader that has seen enough (`| head`) is no error.
    pub fn run(&self) -> Result<()> {
        let mut out = BufWriter::with_capacity(PIECE, io::stdout().lock());
        let printed = match &self.file {
            Some(file) if !self.list => self.print_records(file, &mut out),
            _ => Format::ALL.iter().try_for_each(|format| list(*format, &mut out)),
        };
        // What was read before an error is printed, too.
        let flushed = out.flush().map_err(Into::into);
        printed.and(flushed).or_else(|error: anyhow::Error| if is_broken_pipe(&error) { Ok(()) } else { Err(error) })
    }

    fn print_records(&self, file: &Path, out: &mut impl io::Write) -> Result<()> {
        read(file, self.format, |format, record| {
            serde_json::to_writer(&mut *out, &output_line(format, &record)).map_err(io::Error::from)?;
            out.write_all(b"\n").map_err(Into::into)
        })
    }
}

/// A line for a format: its name, whose it is, and what it is told by.
fn list(format: Format, out: &mut impl io::Write) -> Result<()> {
    Ok(writeln!(out, "{:32} {:28} {}", format.name(), format.scanner(), format.detected_on().join(" | "))?)
}

fn parse_format(name: &str) -> Result<Format, String> {
    let known = || Format::ALL.map(Format::name).join(", ");
    Format::from_name(name).ok_or_else(|| format!("known formats: {}", known()))
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}

/// Reads a report, or all in a packed file, and gives the records to `take`; the format is told by the content when not given.
pub fn read(file: &Path, format: Option<Format>, mut take: impl FnMut(Format, Record) -> Result<()>) -> Result<()> {
    let name = file.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let mut reader = Reader::open(file)?;
    let Contents { entries, left_out } = reader.unpack(name, format)?;
    if let Some(left_out) = left_out {
        eprintln!("{left_out}");
    }
    if entries.is_empty() {
        return read_one(&mut reader, name, format, &mut take);
    }
    for ReportEntry { name, offset, size, format: found } in entries {
        reader.move_to(offset, Some(offset + size));
        read_one(&mut reader, &name, found.or(format), &mut take).with_context(|| name.clone())?;
    }
    Ok(())
}

fn read_one(reader: &mut Reader, name: &str, format: Option<Format>, take: &mut impl FnMut(Format, Record) -> Result<()>) -> Result<()> {
    let format = format.map_or_else(|| reader.detect(name), Ok)?;
    let serve = |decoder: &mut Decoder| {
        match reader.at(decoder.position())? {
            [] => decoder.end_of_input(),
            bytes => decoder.feed(bytes),
        }
        Ok(())
    };
    Decoder::new(format).read(serve, |record| take(format, record))
}

/// A report in a file that is read from front to back, with jumps where the format wants them.
struct Reader {
    file: File,
    /// Where the report begins in the file, and ends if not with it.
    start: u64,
    end: Option<u64>,
    /// Where the file is read on, from the report's start; unknown after other reading.
    offset: Option<u64>,
    piece: Vec<u8>,
}

impl Reader {
    fn open(path: &Path) -> Result<Self> {
        let file = File::open(path).with_context(|| format!("cannot open {}", path.display()))?;
        Ok(Self { file, start: 0, end: None, offset: Some(0), piece: vec![0; PIECE] })
    }

    fn move_to(&mut self, start: u64, end: Option<u64>) {
        (self.start, self.end, self.offset) = (start, end, None);
    }

    /// The bytes at an offset of the report: none only at the end.
    fn at(&mut self, offset: u64) -> Result<&[u8]> {
        let place = self.start + offset;
        if self.offset != Some(offset) {
            self.file.seek(SeekFrom::Start(place)).with_context(|| format!("cannot jump to offset {offset}"))?;
        }
        let left = self.end.map_or(u64::MAX, |end| end.saturating_sub(place));
        let most = self.piece.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        let length = self.file.read(&mut self.piece[..most]).with_context(|| format!("cannot read on from offset {offset}"))?;
        self.offset = Some(offset + length as u64);
        Ok(&self.piece[..length])
    }

    /// Goes on with what is in the file where it is packed, as an upload of it would be stored: in a file that nobody else sees.
    fn unpack(&mut self, name: &str, format: Option<Format>) -> Result<Contents> {
        let mut reports = Reports::new(name, format, UNPACKED);
        let (mut stored, mut unpacked) = (BytesMut::new(), None);
        let mut offset = 0;
        loop {
            let piece = self.at(offset)?;
            // Plain files of any size are read where they are.
            if offset == 0 && !is_packed(piece) {
                return Ok(Contents::default());
            }
            offset += piece.len() as u64;
            let ended = piece.is_empty();
            for piece in piece.chunks(containers::limits::PIECE) {
                reports.feed(piece, &mut stored)?;
                write_out(&mut unpacked, &mut stored)?;
            }
            if ended {
                break;
            }
        }
        let contents = reports.finish(&mut stored)?;
        write_out(&mut unpacked, &mut stored)?;
        self.file = unpacked.context("nothing was unpacked")?;
        self.offset = None;
        Ok(contents)
    }

    fn detect(&mut self, name: &str) -> Result<Format> {
        let mut start = Vec::new();
        loop {
            let bytes = self.at(start.len() as u64)?;
            start.extend_from_slice(bytes);
            let complete = bytes.is_empty();
            match detect(&start, complete, Some(name)) {
                Detection::Format(format) => return Ok(format),
                Detection::Unknown { message } => bail!(message),
                Detection::NeedMore if complete => {
                    bail!("the format does not show in the first {} bytes: name it with --format", limits::DETECTION)
                }
                Detection::NeedMore => {}
            }
        }
    }
}

/// Moves what was unpacked into a file that has no name any more.
fn write_out(file: &mut Option<File>, stored: &mut BytesMut) -> Result<()> {
    let file = match file {
        Some(file) => file,
        none => none.insert(unnamed_file().context("cannot make a file for what is unpacked")?),
    };
    file.write_all(&stored.split()).context("cannot keep what is unpacked")
}

fn unnamed_file() -> io::Result<File> {
    let path = std::env::temp_dir().join(format!("spillway-{}-{:x}", std::process::id(), getrandom::u64().map_err(io::Error::other)?));
    let file = File::options().read(true).write(true).create_new(true).open(&path)?;
    std::fs::remove_file(path)?;
    Ok(file)
}
