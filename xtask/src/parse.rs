//! `parse`: the decoders natively over a file, a JSON object a line for each record.

use std::fs::File;
use std::io::{self, BufWriter, Read, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use clap::Args;
use scan_reports::{Decoder, Detection, Format, Record, Step, detect, limits, output_line};

/// How much is read at a time.
const PIECE: usize = 256 * 1024;

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

/// Reads a report and gives its records to `take`; the format is told by the content when not given.
pub fn read(file: &Path, format: Option<Format>, mut take: impl FnMut(Format, Record) -> Result<()>) -> Result<()> {
    let mut reader = Reader::open(file)?;
    let format = format.map_or_else(|| reader.detect(file), Ok)?;
    let mut decoder = Decoder::new(format);
    loop {
        match decoder.next()? {
            Step::Record(record) => take(format, record)?,
            Step::NeedInput => match reader.at(decoder.position())? {
                [] => decoder.end_of_input(),
                bytes => decoder.feed(bytes),
            },
            Step::End => return Ok(()),
        }
    }
}

/// A file that is read from front to back, with jumps where the format wants them.
struct Reader {
    file: File,
    offset: u64,
    piece: Vec<u8>,
}

impl Reader {
    fn open(path: &Path) -> Result<Self> {
        let file = File::open(path).with_context(|| format!("cannot open {}", path.display()))?;
        Ok(Self { file, offset: 0, piece: vec![0; PIECE] })
    }

    /// The bytes at an offset: none only at the end.
    fn at(&mut self, offset: u64) -> Result<&[u8]> {
        if offset != self.offset {
            self.file.seek(SeekFrom::Start(offset)).with_context(|| format!("cannot jump to offset {offset}"))?;
            self.offset = offset;
        }
        let length = self.file.read(&mut self.piece).with_context(|| format!("cannot read on from offset {offset}"))?;
        self.offset += length as u64;
        Ok(&self.piece[..length])
    }

    fn detect(&mut self, path: &Path) -> Result<Format> {
        let mut start = Vec::new();
        let limit = limits::DETECTION as u64;
        (&mut self.file).take(limit).read_to_end(&mut start).with_context(|| format!("cannot read {}", path.display()))?;
        self.offset = start.len() as u64;
        let complete = self.offset < limit;
        match detect(&start, complete, path.file_name().and_then(|name| name.to_str())) {
            Detection::Format(format) => Ok(format),
            Detection::Unknown { message } => bail!(message),
            Detection::NeedMore => bail!("the format does not show in the first {limit} bytes: name it with --format"),
        }
    }
}
