//! Prints the records of a report as `cargo xtask parse` does, without the build of all the rest:
//! `cargo run --release -p scan-reports --example parse -- [--format NAME | --speed] FILE`.

use std::io::{BufWriter, Write as _};
use std::process::ExitCode;
use std::time::Instant;

use scan_reports::{Decoder, Detection, Format, Record, detect, limits, output_line};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let answer = match &arguments[..] {
        [file] => parse(None, file),
        [option, name, file] if option == "--format" => parse(Some(name), file),
        [option, file] if option == "--speed" => speed(file),
        _ => Err("expected [--format NAME | --speed] FILE".to_owned()),
    };
    answer.map_or_else(
        |error| {
            eprintln!("{error}");
            ExitCode::FAILURE
        },
        |()| ExitCode::SUCCESS,
    )
}

fn parse(name: Option<&str>, file: &str) -> Result<(), String> {
    let mut out = BufWriter::new(std::io::stdout().lock());
    read(name, file, |format, record| writeln!(out, "{}", output_line(format, &record)))?;
    out.flush().map_err(|error| error.to_string())
}

/// Says how fast the records are read, when nothing is made of them.
fn speed(file: &str) -> Result<(), String> {
    let (start, mut records) = (Instant::now(), 0);
    let length = read(None, file, |_, _| {
        records += 1;
        Ok(())
    })?;
    let seconds = start.elapsed().as_secs_f64();
    #[expect(clippy::cast_precision_loss, reason = "for people")]
    let megabytes = length as f64 / 1e6;
    println!("{megabytes:.1} MB, {records} records, {seconds:.2} s, {:.0} MB/s", megabytes / seconds);
    Ok(())
}

/// Gives the records to `take`, and the length of the report.
fn read(name: Option<&str>, file: &str, mut take: impl FnMut(Format, Record) -> std::io::Result<()>) -> Result<usize, String> {
    let report = std::fs::read(file).map_err(|error| format!("{file}: {error}"))?;
    let start = &report[..report.len().min(limits::DETECTION)];
    let format = match (name, detect(start, start.len() == report.len(), Some(file))) {
        (Some(name), _) => Format::from_name(name).ok_or_else(|| format!("no format is called {name}"))?,
        (None, Detection::Format(format)) => format,
        (None, Detection::Unknown { message }) => return Err(message),
        (None, Detection::NeedMore) => return Err("the format does not show".to_owned()),
    };
    let serve = |decoder: &mut Decoder| {
        decoder.feed_from(&report, 256 * 1024);
        Ok(())
    };
    let read: Result<(), Box<dyn std::error::Error>> = Decoder::new(format).read(serve, |record| Ok(take(format, record)?));
    read.map_or_else(|error| Err(error.to_string()), |()| Ok(report.len()))
}
