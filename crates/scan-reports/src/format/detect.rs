//! Which format a report has, by its content.

use encoding_rs::Encoding;

use super::{Format, sarif};
use crate::limits;
use crate::token::xml::{Kind, Token, Tokenizer};

/// What [`detect`] found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Detection {
    /// A report of this format.
    Format(Format),
    /// More of the start of the report is needed to tell, up to [`limits::DETECTION`] bytes.
    NeedMore,
    /// None of the known formats.
    Unknown {
        /// What it looks like and which formats are known, for a person.
        message: String,
    },
}

/// Tells the format of a report from its start; `complete` says that there is no more of it. The file's name only helps to say what is
/// wrong.
pub fn detect(start: &[u8], complete: bool, file_name: Option<&str>) -> Detection {
    let complete = complete || start.len() >= limits::DETECTION;
    if start.len() < 4 && !complete {
        return Detection::NeedMore;
    }
    let found = match first_character(start) {
        None if complete => Err(if start.is_empty() { "the file is empty" } else { "the file holds nothing but blanks" }.to_owned()),
        None => return Detection::NeedMore,
        Some('<') => xml(start, complete),
        Some('{' | '[') => json(start, complete),
        Some(_) => Err(binary(start).to_owned()),
    };
    match found {
        Ok(detection) => detection,
        Err(what) => Detection::Unknown { message: unknown(&what, file_name) },
    }
}

fn unknown(what: &str, file_name: Option<&str>) -> String {
    let name = file_name.map(|name| format!("{name}: ")).unwrap_or_default();
    let known = "Nessus (.nessus, XML with root element NessusClientData_v2), Nmap (XML with root element nmaprun), SARIF (JSON)";
    format!("{name}{what}; known formats: {known}")
}

/// The first character that is no blank and no byte order mark, in any encoding of Unicode or that has ASCII's characters.
fn first_character(start: &[u8]) -> Option<char> {
    let start = Encoding::for_bom(start).map_or(start, |(_, length)| &start[length..]);
    start.iter().find(|byte| **byte != 0 && !byte.is_ascii_whitespace()).map(|byte| char::from(*byte))
}

/// By the root element.
fn xml(start: &[u8], complete: bool) -> Result<Detection, String> {
    let mut xml = Tokenizer::new();
    xml.feed(start);
    let name = loop {
        match xml.next() {
            Ok(Token::Event(event)) => {
                if let Kind::Start(element) = event.kind {
                    break element.name.to_owned();
                }
            }
            Ok(_) if !complete => return Ok(Detection::NeedMore),
            Ok(_) => return Err("an XML document without a root element in its first 64 KiB".to_owned()),
            Err(error) => return Err(format!("XML that cannot be read: {error}")),
        }
    };
    match super::elements::local_name(&name) {
        "NessusClientData_v2" => Ok(Detection::Format(Format::Nessus)),
        "nmaprun" => Ok(Detection::Format(Format::Nmap)),
        "NessusClientData" => Err("a Nessus report of version 1, which is not read".to_owned()),
        "html" | "HTML" => Err("a web page".to_owned()),
        other => Err(format!("an XML document with root element <{}>", super::elements::prefix(other, 100))),
    }
}

/// By the top-level keys.
fn json(start: &[u8], complete: bool) -> Result<Detection, String> {
    let encoding = Encoding::for_bom(start).map_or(encoding_rs::UTF_8, |(encoding, _)| encoding);
    let (text, _, _) = encoding.decode(start);
    if sarif::detects(&text) {
        return Ok(Detection::Format(Format::Sarif));
    }
    if complete { Err("a JSON document that is no SARIF log".to_owned()) } else { Ok(Detection::NeedMore) }
}

/// What a file is that is neither XML nor JSON.
fn binary(start: &[u8]) -> &'static str {
    const MAGIC: [(&[u8], &str); 6] = [
        (b"PK\x03\x04", "a ZIP archive"),
        (b"\x1f\x8b", "a gzip file"),
        (b"%PDF", "a PDF document"),
        (b"SQLite format 3", "an SQLite database"),
        (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
        (b"BZh", "a bzip2 file"),
    ];
    MAGIC.iter().find(|(magic, _)| start.starts_with(magic)).map_or("neither XML nor JSON", |(_, what)| what)
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
        assert!(message(b"").starts_with("the file is empty; known formats: Nessus"));
        assert!(message(b" \n").starts_with("the file holds nothing but blanks"));
        assert!(message(b"<foo/>").starts_with("an XML document with root element <foo>;"));
        assert!(message(b"<a").starts_with("an XML document without a root element"));
        assert!(message(b"<!DOCTYPE html><html>").starts_with("a web page"));
        assert!(message(b"<?xml version='1.0' encoding='EBCDIC-US'?><a/>").contains("EBCDIC-US"));
        assert!(message(b"{}").starts_with("a JSON document that is no SARIF log"));
        assert!(message(b"PK\x03\x04....").starts_with("a ZIP archive"));
        assert!(message(b"Name,Host").starts_with("neither XML nor JSON"));
    }

    #[test]
    fn looking_ends_at_the_limit() {
        let endless = [b"<!-- ".as_slice(), &vec![b'-'; limits::DETECTION]].concat();
        assert!(matches!(detect(&endless, false, None), Detection::Unknown { .. }));
    }
}
