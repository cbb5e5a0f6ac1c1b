//! The laws of the crate as functions of any bytes: no panic, cut anywhere, suspend anywhere, bounded. A broken law is a panic.
//!
//! For the fuzz targets in `fuzz` at the repository's root. What they found is kept in `fuzz/found`, and read by the tests below.

use tokens::{Position, TakesBytes, csv, json, xml};

use crate::{Decoder, Detection, Format, ReadError, Record, Step, detect, limits};

/// What a reader saw, and the error at which it ended if it did not end well.
#[derive(Debug, PartialEq)]
struct Seen<T> {
    items: Vec<T>,
    error: Option<ReadError>,
}

impl<T> Seen<T> {
    fn nothing() -> Self {
        Self { items: Vec::new(), error: None }
    }
}

/// How a report is served, as a function of its bytes alone: a found case shows itself again.
struct Cuts {
    /// A linear congruential generator (Knuth's MMIX constants).
    state: u64,
    /// The longest piece.
    most: usize,
}

impl Cuts {
    fn of(bytes: &[u8], most: usize) -> Self {
        Self { state: hash(bytes) ^ most as u64, most }
    }

    /// Pieces that hold everything.
    fn none() -> Self {
        Self { state: 0, most: usize::MAX }
    }

    /// The next piece from an offset on; empty at the end.
    fn piece<'a>(&mut self, bytes: &'a [u8], position: u64) -> &'a [u8] {
        let at = usize::try_from(position).unwrap_or(usize::MAX).min(bytes.len());
        self.state = self.state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let length =
            if self.most == usize::MAX { bytes.len() } else { 1 + usize::try_from(self.state >> 33).unwrap_or_default() % self.most };
        &bytes[at..bytes.len().min(at + length)]
    }
}

/// FNV-1a.
fn hash(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

/// Reads whole, in pieces, and with a new reader after each item: all have to see the same.
fn obeys<T: std::fmt::Debug + PartialEq>(bytes: &[u8], read: impl Fn(Cuts, bool) -> Seen<T>) {
    let whole = read(Cuts::none(), false);
    for most in [1, 5, 300] {
        assert_eq!(read(Cuts::of(bytes, most), false), whole, "in pieces of up to {most} bytes");
    }
    assert_eq!(read(Cuts::none(), true), whole, "suspended after each item");
    assert_eq!(read(Cuts::of(bytes, 50), true), whole, "suspended after each item, in pieces of up to 50 bytes");
}

/// The laws of the XML tokenizer.
pub fn xml_tokens(bytes: &[u8]) {
    obeys(bytes, |cuts, suspend| read_xml(bytes, cuts, suspend));
}

fn read_xml(bytes: &[u8], mut cuts: Cuts, suspend: bool) -> Seen<String> {
    let (mut seen, mut tokens) = (Seen::nothing(), xml::Tokenizer::new());
    loop {
        match tokens.next() {
            Ok(xml::Token::Event(event)) => {
                see_event(&mut seen.items, &event);
                if suspend {
                    let place = serde_json::to_string(&tokens.suspend()).expect("JSON");
                    tokens = xml::Tokenizer::resume(serde_json::from_str(&place).expect("a place")).expect("its own place");
                }
            }
            Ok(xml::Token::NeedInput) => match cuts.piece(bytes, tokens.position()) {
                [] => tokens.end_of_input(),
                piece => tokens.feed(piece),
            },
            Ok(xml::Token::End) => return seen,
            Err(error) => {
                assert_eq!(tokens.next().err().as_ref(), Some(&error), "an error stays");
                // How much of a text is given before an error in it depends on how it was cut.
                seen.items.pop_if(|last| last.starts_with('"'));
                return Seen { error: Some(error), ..seen };
            }
        }
    }
}

/// Notes an event; a text may come in pieces.
fn see_event(events: &mut Vec<String>, event: &xml::Event<'_>) {
    let (offset, line, depth) = (event.offset, event.line(), event.depth);
    let shown = match &event.kind {
        xml::Kind::Start(start) => format!("{offset}:{line}:{depth} <{} {:?}", start.name, start.iter().collect::<Vec<_>>()),
        xml::Kind::End(name) => format!("{offset}:{line}:{depth} </{name}"),
        xml::Kind::Text(text) => match events.last_mut().filter(|last| last.starts_with('"')) {
            Some(last) => return last.push_str(text),
            None => format!("\"{text}"),
        },
    };
    events.push(shown);
}

/// The laws of the JSON tokenizer, for one value and for values that follow each other, some of them skipped.
pub fn json_tokens(bytes: &[u8]) {
    for many in [false, true] {
        obeys(bytes, |cuts, suspend| read_json(bytes, many, cuts, suspend));
    }
}

fn read_json(bytes: &[u8], many: bool, mut cuts: Cuts, suspend: bool) -> Seen<String> {
    const KEPT: usize = 20;
    let begun = |place| {
        let mut tokens = json::Tokenizer::new(place);
        tokens.keep(KEPT);
        if many {
            tokens.many();
        }
        tokens
    };
    let (mut seen, mut tokens) = (Seen::nothing(), begun(json::Place::start()));
    loop {
        match tokens.next() {
            Ok(Some(json::Token::End)) => return seen,
            Ok(Some(token)) => {
                let text =
                    matches!(token, json::Token::Key | json::Token::String | json::Token::Number).then(|| tokens.text().into_owned());
                seen.items.push(format!("{}:{} {token:?} {text:?}", tokens.token_start(), tokens.offset()));
                if suspend {
                    let place = serde_json::to_string(&tokens.place()).expect("JSON");
                    tokens = begun(serde_json::from_str(&place).expect("a place"));
                }
                if token == json::Token::Key && seen.items.len().is_multiple_of(3) {
                    tokens.skip();
                }
            }
            Ok(None) => match cuts.piece(bytes, tokens.position()) {
                [] => tokens.end_of_input(),
                piece => tokens.feed(piece),
            },
            Err(error) => return Seen { error: Some(error), ..seen },
        }
    }
}

/// The laws of the CSV tokenizer.
pub fn csv_rows(bytes: &[u8]) {
    for delimiter in [b',', b';'] {
        obeys(bytes, |cuts, suspend| read_csv(bytes, delimiter, cuts, suspend));
    }
}

fn read_csv(bytes: &[u8], delimiter: u8, mut cuts: Cuts, suspend: bool) -> Seen<String> {
    let (mut seen, mut tokens) = (Seen::nothing(), csv::Tokenizer::new(delimiter, Position::START));
    loop {
        match tokens.next() {
            Ok(csv::Token::End) => return seen,
            Ok(csv::Token::NeedInput) => match cuts.piece(bytes, tokens.position()) {
                [] => tokens.end_of_input(),
                piece => tokens.feed(piece),
            },
            Ok(token) => {
                let fields: Vec<_> = tokens.fields().collect();
                seen.items.push(format!("{:?} {token:?} {fields:?}", tokens.row()));
                if suspend {
                    let place = serde_json::to_string(&tokens.place()).expect("JSON");
                    tokens = csv::Tokenizer::new(delimiter, serde_json::from_str(&place).expect("a place"));
                }
            }
            Err(error) => return Seen { error: Some(error), ..seen },
        }
    }
}

/// The laws of all formats: of the one that the report is detected as, else of any.
pub fn report(bytes: &[u8]) {
    let format = match detect(&bytes[..bytes.len().min(limits::DETECTION)], bytes.len() <= limits::DETECTION, None) {
        Detection::Format(format) => format,
        _ => Format::ALL[usize::try_from(hash(bytes) >> 33).unwrap_or_default() % Format::ALL.len()],
    };
    obeys(bytes, |cuts, suspend| read_report(format, bytes, cuts, suspend));
}

fn read_report(format: Format, bytes: &[u8], mut cuts: Cuts, suspend: bool) -> Seen<Record> {
    let (mut seen, mut decoder, mut progress) = (Seen::nothing(), Decoder::new(format), 0);
    loop {
        let step = decoder.next();
        assert!((progress..=bytes.len() as u64).contains(&decoder.progress()), "progress {} after {progress}", decoder.progress());
        progress = decoder.progress();
        match step {
            Ok(Step::Record(record)) => {
                seen.items.push(record);
                let checkpoint = decoder.checkpoint();
                assert!(checkpoint.len() <= limits::CHECKPOINT, "a checkpoint of {} bytes", checkpoint.len());
                if suspend {
                    decoder = Decoder::resume(&checkpoint).expect("its own checkpoint");
                    // What is read again was read before.
                    progress = 0;
                }
            }
            Ok(Step::NeedInput) => match cuts.piece(bytes, decoder.position()) {
                [] => decoder.end_of_input(),
                piece => decoder.feed(piece),
            },
            Ok(Step::End) => {
                assert_eq!(progress, bytes.len() as u64, "progress at the end is the report's length");
                return seen;
            }
            Err(error) => {
                assert_eq!(decoder.next().err().as_ref(), Some(&error), "an error stays");
                return Seen { error: Some(error), ..seen };
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    /// What was found once: see `fuzz/README.md`.
    fn found(target: &str, obeys: fn(&[u8])) {
        let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/found").join(target);
        for case in std::fs::read_dir(cases).into_iter().flatten().flatten() {
            eprintln!("{}", case.path().display());
            obeys(&std::fs::read(case.path()).expect("a readable case"));
        }
    }

    #[test]
    fn found_cases_of_xml_obey() {
        found("xml", xml_tokens);
    }

    #[test]
    fn found_cases_of_json_obey() {
        found("json", json_tokens);
    }

    #[test]
    fn found_cases_of_csv_obey() {
        found("csv", csv_rows);
    }

    #[test]
    fn found_reports_obey() {
        found("report", report);
    }
}
