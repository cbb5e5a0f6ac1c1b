//! Prints the records of a report as `cargo xtask parse` does, without the build of all the rest:
//! `cargo run --release -p scan-reports --example parse -- [--format NAME] FILE`.

use std::io::{BufWriter, Write as _};
use std::process::ExitCode;

use scan_reports::{Decoder, Detection, Format, Step, detect, limits, output_line};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let answer = match &arguments[..] {
        [file] => parse(None, file),
        [option, name, file] if option == "--format" => parse(Some(name), file),
        _ => Err("expected [--format NAME] FILE".to_owned()),
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
    let report = std::fs::read(file).map_err(|error| format!("{file}: {error}"))?;
    let start = &report[..report.len().min(limits::DETECTION)];
    let format = match (name, detect(start, start.len() == report.len(), Some(file))) {
        (Some(name), _) => Format::from_name(name).ok_or_else(|| format!("no format is called {name}"))?,
        (None, Detection::Format(format)) => format,
        (None, Detection::Unknown { message }) => return Err(message),
        (None, Detection::NeedMore) => return Err("the format does not show".to_owned()),
    };
    let mut out = BufWriter::new(std::io::stdout().lock());
    let mut decoder = Decoder::new(format);
    loop {
        match decoder.next().map_err(|error| error.to_string())? {
            Step::Record(record) => writeln!(out, "{}", output_line(format, &record)).map_err(|error| error.to_string())?,
            Step::End => return out.flush().map_err(|error| error.to_string()),
            Step::NeedInput => {
                let at = usize::try_from(decoder.position()).unwrap_or(usize::MAX).min(report.len());
                match &report[at..report.len().min(at + 256 * 1024)] {
                    [] => decoder.end_of_input(),
                    bytes => decoder.feed(bytes),
                }
            }
        }
    }
}
