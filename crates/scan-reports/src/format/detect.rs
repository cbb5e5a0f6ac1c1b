//! Which format a report has, by its content.
//!
//! What the start of a report shows is gathered as facts: paths such as `Results[].Target` in JSON (of the first element of an array),
//! `report.@version` in XML (of the first elements of a name), columns in CSV, each with its value where it is short. A description says
//! in its `[[detect]]` which of them a report of its format has, which values they have, and which it lacks; the description of which
//! most is met counts. The file's name only decides between equals.

use std::collections::HashMap;

use report_formats::table::{Detect, Syntax, Text};
use tokens::{Look, TakesBytes, json, look, xml};

use super::Format;
use super::described::csv_headers;
use super::described::lines::start_lines;
use super::described::transform::like;
use crate::{ReadError, limits};

/// What [`detect`] found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Detection {
    /// A report of this format.
    Format(Format),
    /// More of the start of the report is needed to tell, up to [`limits::DETECTION`] bytes.
    NeedMore,
    /// None of the known formats.
    Unknown {
        /// What it looks like and which formats are near, for a person.
        message: String,
    },
}

/// What the start of a report shows, and the values that are short enough.
#[derive(Debug, Default)]
struct Facts {
    values: HashMap<String, String>,
}

/// Depth of facts, and the longest name and value of one.
const DEPTH: usize = 6;
const VALUE: usize = 200;
/// Bytes of a root element's name that are shown.
const ROOT_NAME: usize = 100;

/// What decides between formats of which equally much is met.
#[derive(Clone, Copy)]
pub(super) enum Hint<'a> {
    FileName(Option<&'a str>),
    /// The format that somebody says it is, and whether it has a list of the records of one.
    Format(Format, bool),
}

impl Hint<'_> {
    fn fits(self, format: Format, detect: &Detect) -> bool {
        match self {
            Self::FileName(name) => name.is_some_and(|name| detect.file.iter().any(|pattern| like(pattern, name))),
            Self::Format(said, _) => said == format,
        }
    }

    /// Whether a way to detect a format counts. One that looks for something wherever it stands also finds it within another document.
    fn trusts(self, format: Format, detect: &Detect) -> bool {
        let anywhere = || detect.has.iter().chain(detect.is.iter().map(|(path, _)| path)).any(|path| path.starts_with('*'));
        !matches!(self, Self::Format(said, false) if said == format && anywhere())
    }
}

/// Tells the format of a report from its start; `complete` says that there is no more of it.
pub fn detect(start: &[u8], complete: bool, file_name: Option<&str>) -> Detection {
    match look_at(start, complete, Hint::FileName(file_name)) {
        Detection::Unknown { message } => {
            let name = file_name.map(|name| format!("{name}: ")).unwrap_or_default();
            Detection::Unknown { message: format!("{name}{message}") }
        }
        found => found,
    }
}

/// The same, without the file's name in the message.
pub(super) fn look_at(start: &[u8], complete: bool, hint: Hint<'_>) -> Detection {
    let complete = complete || start.len() >= limits::DETECTION;
    if start.len() < 4 && !complete {
        return Detection::NeedMore;
    }
    let found = match look(start, complete) {
        Look::NeedMore => return Detection::NeedMore,
        Look::Empty => Err("the file is empty".to_owned()),
        Look::Blank => Err("the file holds nothing but blanks".to_owned()),
        Look::Binary(what) => Err(what.to_owned()),
        Look::Markup => {
            let by_elements = match elements(start, complete) {
                Ok(Some(facts)) => choose(Syntax::Xml, &[facts], hint),
                Ok(None) => return Detection::NeedMore,
                Err(error) => Err(error),
            };
            match by_elements {
                Err(_) if !complete => return Detection::NeedMore,
                Err(what) => by_lines(Syntax::Html, start, complete, hint).ok_or(what),
                found => found,
            }
        }
        Look::Json | Look::Text if !complete => return Detection::NeedMore,
        Look::Json => {
            let (facts, broken) = members(start);
            let by_members = choose(Syntax::Json, &[facts], hint);
            let why = |what| broken.map_or(what, |error| format!("a JSON document that cannot be read: {error}"));
            by_members.or_else(|what| by_lines(Syntax::Lines, start, complete, hint).ok_or_else(|| why(what)))
        }
        Look::Text => {
            let by_columns = choose(Syntax::Csv, &tables(start), hint);
            by_columns.or_else(|what| by_lines(Syntax::Lines, start, complete, hint).ok_or(what))
        }
    };
    match found {
        Ok(format) => Detection::Format(format),
        Err(message) => Detection::Unknown { message },
    }
}

/// The format of which most is met.
fn choose(syntax: Syntax, candidates: &[Facts], hint: Hint<'_>) -> Result<Format, String> {
    let rules = || Format::ALL.into_iter().filter(|format| format.table().syntax == syntax);
    let mut best: Option<((usize, bool), Format)> = None;
    for facts in candidates {
        for format in rules() {
            for detect in format.table().detect.iter().filter(|detect| meets(detect, facts) && hint.trusts(format, detect)) {
                let rank = (detect.has.len() + 2 * detect.is.len(), hint.fits(format, detect));
                if best.is_none_or(|(best, _)| rank > best) {
                    best = Some((rank, format));
                }
            }
        }
    }
    best.map(|(_, format)| format).ok_or_else(|| unknown(syntax, candidates))
}

/// The format whose lines say most. Only asked where no other syntax fits.
fn by_lines(syntax: Syntax, start: &[u8], complete: bool, hint: Hint<'_>) -> Option<Format> {
    let lines = start_lines(syntax, start, complete);
    let formats = Format::ALL.into_iter().filter(|format| format.table().syntax == syntax);
    let detects = formats.flat_map(|format| format.table().detect.iter().map(move |detect| (format, detect)));
    let fitting = detects.filter(|(_, detect)| detect.lines.hold(&lines));
    let rank = |(format, detect): &(Format, &Detect)| (detect.has.len(), hint.fits(*format, detect), std::cmp::Reverse(*format));
    fitting.max_by_key(rank).map(|(format, _)| format)
}

fn meets(detect: &Detect, facts: &Facts) -> bool {
    let is = |(path, values): &(Box<str>, Box<[Box<str>]>)| facts.of(path).any(|value| values.iter().any(|pattern| like(pattern, value)));
    let known = |path: &Text| facts.of(path).next().is_some();
    detect.has.iter().all(known) && detect.is.iter().all(is) && !detect.lacks.iter().any(known) && (!detect.alone || alone(detect, facts))
}

/// Whether the report has nothing at its top but what is asked for.
fn alone(detect: &Detect, facts: &Facts) -> bool {
    let asked: Vec<&str> = detect.has.iter().chain(detect.is.iter().map(|(path, _)| path)).map(|path| top(path)).collect();
    facts.values.keys().map(|path| top(path)).all(|top| top.is_empty() || asked.contains(&top))
}

/// The member or column at the top that a path leads through; empty for the top itself.
fn top(path: &str) -> &str {
    let end = path.find('.').unwrap_or(path.len());
    path[..end].trim_end_matches("[]")
}

/// What is said of a report of no known format: what it looks like, and the formats of which something is met.
fn unknown(syntax: Syntax, candidates: &[Facts]) -> String {
    let what = match syntax {
        Syntax::Xml => {
            let roots = candidates.iter().flat_map(|facts| facts.values.keys());
            let root = roots.filter(|path| !path.contains('.')).min_by_key(|path| path.len()).map(String::as_str);
            match root {
                Some("NessusClientData") => "a Nessus report of version 1, which is not read".to_owned(),
                Some("html" | "HTML") => "a web page".to_owned(),
                root => format!("an XML document with root element <{}>", super::texts::prefix(root.unwrap_or("?"), ROOT_NAME)),
            }
        }
        Syntax::Json => "a JSON document of no known format".to_owned(),
        Syntax::Csv if candidates.is_empty() => "neither XML, nor JSON, nor a table, nor text of a known format".to_owned(),
        Syntax::Csv | Syntax::Lines | Syntax::Html => "a table whose columns are those of no known format".to_owned(),
    };
    let mut near: Vec<(usize, &str)> =
        Format::ALL.into_iter().filter_map(|format| Some((met(format, candidates)?, format.name()))).collect();
    near.sort_by_key(|(met, _)| std::cmp::Reverse(*met));
    near.truncate(3);
    let names: Vec<&str> = near.into_iter().map(|(_, name)| name).collect();
    match names[..] {
        [] => format!("{what}; known formats: {}", known()),
        _ => format!("{what}; known formats that are near it: {}", names.join(", ")),
    }
}

/// How much of a format's best description is met, in percent; none where it is nothing.
fn met(format: Format, candidates: &[Facts]) -> Option<usize> {
    let share = |detect: &Detect, facts: &Facts| {
        let is = detect.is.iter().map(|(path, _)| path);
        let met = detect.has.iter().chain(is).filter(|path| facts.of(path).next().is_some()).count();
        met * 100 / (detect.has.len() + detect.is.len()).max(1)
    };
    let detects = format.table().detect.iter();
    detects.flat_map(|detect| candidates.iter().map(move |facts| share(detect, facts))).filter(|share| *share > 0).max()
}

fn known() -> String {
    Format::ALL.map(Format::name).join(", ")
}

/// A way to detect a format, for people.
pub(super) fn described(detect: &Detect) -> String {
    let has = detect.has.iter().map(ToString::to_string);
    let is = detect.is.iter().map(|(path, values)| format!("{path} = {}", values.join(" or ")));
    let lacks = detect.lacks.iter().map(|path| format!("no {path}"));
    let all = (!detect.lines.all.is_empty()).then(|| "each line one of its own".to_owned());
    let alone = detect.alone.then(|| "nothing else".to_owned());
    has.chain(is).chain(lacks).chain(all).chain(alone).collect::<Vec<_>>().join(", ")
}

impl Facts {
    /// Notes a fact; the first of a path counts.
    fn add(&mut self, path: &str, value: &str) {
        if self.values.len() < limits::FACTS && !self.values.contains_key(path) {
            self.values.insert(path.to_owned(), super::texts::prefix(value, VALUE).to_owned());
        }
    }

    /// The values at a path. One that begins with `*` stands for all that end like the rest of it: names that are the report's own.
    fn of<'a>(&'a self, path: &'a str) -> impl Iterator<Item = &'a str> {
        let exact = self.values.get(path).into_iter();
        let end = path.strip_prefix('*');
        let ending = end.into_iter().flat_map(|end| self.values.iter().filter(move |(known, _)| known.ends_with(end)));
        exact.chain(ending.map(|(_, value)| value)).map(String::as_str)
    }

    fn is_full(&self) -> bool {
        self.values.len() >= limits::FACTS
    }
}

/// Elements, attributes and texts; none where more is needed.
fn elements(start: &[u8], complete: bool) -> Result<Option<Facts>, String> {
    let mut tokens = xml::Tokenizer::new();
    tokens.feed(start);
    let mut facts = Facts::default();
    let mut path: Vec<String> = Vec::new();
    while !facts.is_full() {
        match tokens.next() {
            Ok(xml::Token::Event(event)) => match event.kind {
                xml::EventKind::Start(element) => {
                    path.push(super::texts::prefix(xml::local_name(element.name), VALUE).to_owned());
                    if path.len() <= DEPTH {
                        let joined = path.join(".");
                        facts.add(&joined, "");
                        for (name, value) in element.iter() {
                            if facts.is_full() {
                                break;
                            }
                            facts.add(&format!("{joined}.@{}", super::texts::prefix(name, VALUE)), value);
                        }
                    }
                }
                xml::EventKind::Text(_) => {}
                xml::EventKind::End(_) => {
                    path.pop();
                }
            },
            Ok(_) if !complete && facts.values.is_empty() => return Ok(None),
            Ok(_) if facts.values.is_empty() => return Err("an XML document without a root element in its first 64 KiB".to_owned()),
            Err(error) if facts.values.is_empty() => return Err(format!("XML that cannot be read: {error}")),
            Ok(_) if !complete && ambiguous(&facts) => return Ok(None),
            Ok(_) | Err(_) => break,
        }
    }
    Ok(Some(facts))
}

/// Whether more of the report could make it one of another format: its root element alone does not tell.
fn ambiguous(facts: &Facts) -> bool {
    let of_root = |path: &str| path.split('.').next().is_some_and(|root| facts.values.contains_key(root));
    let paths = |detect: &Detect| detect.has.iter().chain(detect.is.iter().map(|(path, _)| path)).any(|path| of_root(path));
    let formats = Format::ALL.into_iter().filter(|format| format.table().syntax == Syntax::Xml);
    formats.filter(|format| format.table().detect.iter().any(paths)).count() > 1
}

/// Members and elements, and why what follows cannot be read.
fn members(start: &[u8]) -> (Facts, Option<ReadError>) {
    let mut tokens = json::Tokenizer::default();
    tokens.set_string_limit(VALUE);
    tokens.feed(start);
    let mut facts = Facts::default();
    // The paths of what is open; of an array also whether its first element was seen.
    let mut open: Vec<(String, Option<bool>)> = Vec::new();
    let mut path = String::new();
    loop {
        let token = match tokens.next() {
            Ok(Some(token)) if !facts.is_full() => token,
            Ok(_) => return (facts, None),
            Err(error) => return (facts, Some(error)),
        };
        match token {
            json::Token::Key => {
                let parent = open.last().map_or("", |(path, _)| path);
                let text = tokens.text();
                let name = super::texts::prefix(&text, VALUE);
                path = if parent.is_empty() { name.to_owned() } else { format!("{parent}.{name}") };
                if open.len() > DEPTH {
                    tokens.skip();
                }
            }
            json::Token::BeginObject => {
                facts.add(&path, "");
                open.push((path.clone(), None));
            }
            json::Token::BeginArray => {
                path.push_str("[]");
                facts.add(&path, "");
                open.push((path.clone(), Some(false)));
            }
            json::Token::EndObject | json::Token::EndArray => {
                open.pop();
                // What follows the first value, as in JSON lines, is like it.
                if open.is_empty() {
                    return (facts, None);
                }
            }
            json::Token::String => facts.add(&path, &tokens.text()),
            json::Token::Number => facts.add(&path, tokens.raw()),
            json::Token::Bool(value) => facts.add(&path, if value { "true" } else { "false" }),
            json::Token::Null => facts.add(&path, ""),
            json::Token::Skipped => {}
            json::Token::End => return (facts, None),
        }
        // The elements after the first are as it is.
        let ended = !matches!(token, json::Token::Key | json::Token::BeginObject | json::Token::BeginArray);
        if let Some((element, Some(seen))) = open.last_mut() {
            element.clone_into(&mut path);
            *seen |= ended;
            if *seen {
                tokens.skip();
            }
        }
    }
}

/// The columns of what may be a header.
fn tables(start: &[u8]) -> Vec<Facts> {
    let facts = |columns: Vec<String>| {
        let mut facts = Facts::default();
        for column in &columns {
            facts.add(column, "");
        }
        facts
    };
    csv_headers(start).into_iter().map(facts).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(start: &[u8]) -> String {
        match detect(start, true, None) {
            Detection::Unknown { message } => message,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_root_is_found_behind_all_that_may_precede_it() {
        let text = "<?xml version=\"1.0\"?>\r\n<!-- <foo> -->\n<!DOCTYPE nmaprun [ <!ENTITY a \"]>\"> ]>\n<?pi?> <nmaprun scanner='nmap'>";
        assert_eq!(detect(text.as_bytes(), false, None), Detection::Format(Format::Nmap));
        let marked = format!("\u{feff}{text}");
        assert_eq!(detect(marked.as_bytes(), false, None), Detection::Format(Format::Nmap));
        for to_bytes in [u16::to_le_bytes, u16::to_be_bytes] {
            for text in [text, &marked] {
                let bytes: Vec<u8> = text.encode_utf16().flat_map(to_bytes).collect();
                assert_eq!(detect(&bytes, false, None), Detection::Format(Format::Nmap));
            }
        }
    }

    #[test]
    fn more_is_asked_for_until_the_root_is_there() {
        let text = b"<?xml version=\"1.0\" encoding=\"iso-8859-1\" ?><!-- \xe4 --><NessusClientData_v2 >";
        for end in 0..text.len() {
            assert_eq!(detect(&text[..end], false, None), Detection::NeedMore, "{end}");
        }
        assert_eq!(detect(text, false, None), Detection::Format(Format::Nessus));
    }

    #[test]
    fn what_is_unknown_is_named() {
        assert!(message(b"").starts_with("the file is empty"));
        assert!(message(b" \n").starts_with("the file holds nothing but blanks"));
        assert!(message(b"<foo/>").starts_with("an XML document with root element <foo>; known formats:"));
        assert!(message(b"<a").starts_with("an XML document without a root element"));
        assert!(message(b"<!DOCTYPE html><html>").starts_with("a web page"));
        assert!(message(b"<?xml version='1.0' encoding='EBCDIC-US'?><a/>").contains("EBCDIC-US"));
        assert!(message(b"{}").starts_with("a JSON document of no known format"));
        assert!(
            message(b"{\"a\": \"\xe9\"}").starts_with("a JSON document that cannot be read: expected UTF-8, found other bytes (offset 7")
        );
        assert!(message(b"PK\x03\x04....").starts_with("a ZIP archive"));
        assert!(message(b"some words").starts_with("neither XML, nor JSON, nor a table, nor text of a known format; known formats:"));
    }

    #[test]
    fn the_nearest_formats_are_named() {
        let near = message(br#"{"SchemaVersion": 3, "Results": []}"#);
        assert!(near.contains("near it: trivy"), "{near}");
    }

    #[test]
    fn looking_ends_at_the_limit() {
        let endless = [b"<!-- ".as_slice(), &vec![b'-'; limits::DETECTION]].concat();
        assert!(matches!(detect(&endless, false, None), Detection::Unknown { .. }));
    }

    #[test]
    fn a_path_may_leave_its_start_open() {
        let (facts, _) = members(br#"{"twig/twig": {"version": "1", "advisories": [{"title": "x"}]}}"#);
        assert_eq!(facts.of("*.advisories[].title").collect::<Vec<_>>(), ["x"]);
        assert_eq!(facts.of("version").count(), 0);
    }

    #[test]
    fn a_format_of_few_members_has_no_others() {
        let format = |start: &[u8]| match detect(start, true, None) {
            Detection::Format(format) => Some(format),
            _ => None,
        };
        assert_eq!(format(br#"{"dependencies": []}"#), Some(Format::PipAudit));
        assert_eq!(format(br#"{"dependencies": [], "fixes": []}"#), Some(Format::PipAudit));
        assert_eq!(format(br#"{"dependencies": [], "name": "app"}"#), None);
        assert_eq!(format(br#"{"items": [], "hosts": []}"#), Some(Format::AppcheckWebApplicationScanner));
        assert_eq!(format(br#"{"items": [], "hosts": [], "total": 0}"#), None);
        assert_eq!(format(b"title,description,mitigation\na,b,c\n"), Some(Format::Skf));
        assert_eq!(format(b"title,description,mitigation,severity\na,b,c,d\n"), None);
        assert_eq!(format(b"{\"type\": \"info\", \"data\": \"x\"}\n"), Some(Format::YarnAudit));
        assert_eq!(format(b"{\"type\": \"info\", \"data\": \"x\", \"time\": 1}\n"), None);
    }

    #[test]
    fn a_format_has_one_name_and_may_be_asked_for_by_others() {
        assert_eq!(Format::from_name("awssecurityhub"), Some(Format::Asff));
        assert_eq!(Format::Asff.name(), "asff");
        assert_eq!(Format::from_name("securityhub"), None);
    }

    #[test]
    fn facts_are_those_of_first_elements() {
        let (facts, _) = members(br#"{"a": [{"b": 1}, {"c": 2}], "d": {"e": "x"}, "f": [[1], 2], "g": []}"#);
        let mut paths: Vec<&str> = facts.values.keys().map(String::as_str).collect();
        paths.sort_unstable();
        assert_eq!(paths, ["", "a[]", "a[].b", "d", "d.e", "f[]", "f[][]", "g[]"]);
        assert_eq!(facts.values["d.e"], "x");
    }
}
