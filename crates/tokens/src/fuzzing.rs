//! The laws of every tokenizer as functions of any bytes: no panic, cut anywhere, suspend anywhere, steps in proportion. A broken law is a panic.
//!
//! For the fuzz targets in `fuzz` at the repository's root. What they found is kept in `fuzz/found`, and read by the tests below.

use laws::{Cuts, is_bounded, obeys};

use crate::lines::LineSource;
use crate::{Position, ReadError, TakesBytes, csv, html, json, lines, xml};

/// An event: its offset, if it has one, and what it is.
type Item = (Option<u64>, String);
type Seen = laws::Seen<Item, ReadError>;

/// The steps that a tokenizer takes over bytes that are fed at once: it gives its next event, or `None` at the end.
fn steps<T: TakesBytes>(bytes: &[u8], mut tokens: T, mut next: impl FnMut(&mut T) -> Option<Step>) -> u64 {
    tokens.feed(bytes);
    while let Some(step) = next(&mut tokens) {
        if step == Step::NeedInput {
            tokens.end_of_input();
        }
    }
    tokens.work()
}

/// What matters of an event where only steps are counted.
#[derive(PartialEq)]
enum Step {
    Event,
    NeedInput,
}

fn xml_steps(bytes: &[u8]) -> u64 {
    steps(bytes, xml::Tokenizer::new(), |tokens| match tokens.next() {
        Ok(xml::Token::Event(_)) => Some(Step::Event),
        Ok(xml::Token::NeedInput) => Some(Step::NeedInput),
        Ok(xml::Token::End) | Err(_) => None,
    })
}

fn json_steps(bytes: &[u8], many: bool) -> u64 {
    let mut tokens = json::Tokenizer::default();
    if many {
        tokens.expect_many();
    }
    steps(bytes, tokens, |tokens| match tokens.next() {
        Ok(None) => Some(Step::NeedInput),
        Ok(Some(json::Token::End)) | Err(_) => None,
        Ok(Some(_)) => Some(Step::Event),
    })
}

fn csv_steps(bytes: &[u8], delimiter: u8) -> u64 {
    steps(bytes, csv::Tokenizer::new(delimiter, Position::START), |tokens| match tokens.next() {
        Ok(csv::Token::NeedInput) => Some(Step::NeedInput),
        Ok(csv::Token::End) | Err(_) => None,
        Ok(_) => Some(Step::Event),
    })
}

fn line_steps(bytes: &[u8], tokens: impl LineSource) -> u64 {
    steps(bytes, tokens, |tokens| match tokens.next() {
        lines::Token::NeedInput => Some(Step::NeedInput),
        lines::Token::End | lines::Token::Cut => None,
        _ => Some(Step::Event),
    })
}

/// The laws of the XML tokenizer.
pub fn xml_events(bytes: &[u8]) {
    is_bounded(bytes, xml_steps(bytes));
    obeys(bytes, |cuts, suspend| read_xml(bytes, cuts, suspend));
}

fn read_xml(bytes: &[u8], mut cuts: Cuts, suspend: bool) -> Seen {
    let (mut seen, mut tokens) = (Seen::default(), xml::Tokenizer::new());
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
                seen.items.pop_if(|(offset, _)| offset.is_none());
                return Seen { error: Some(error), ..seen };
            }
        }
    }
}

/// Notes an event; a text may come in pieces.
fn see_event(items: &mut Vec<Item>, event: &xml::Event<'_>) {
    let (line, depth) = (event.line(), event.depth);
    let shown = match &event.kind {
        xml::EventKind::Start(start) => format!("{line}:{depth} <{} {:?}", start.name, start.iter().collect::<Vec<_>>()),
        xml::EventKind::End(name) => format!("{line}:{depth} </{name}"),
        xml::EventKind::Text(text) => match items.last_mut() {
            Some((None, last)) => return last.push_str(text),
            _ => return items.push((None, (*text).to_owned())),
        },
    };
    items.push((Some(event.offset), shown));
}

/// The laws of the JSON tokenizer, for one value and for values that follow each other, some of them skipped.
pub fn json_tokens(bytes: &[u8]) {
    for many in [false, true] {
        is_bounded(bytes, json_steps(bytes, many));
        obeys(bytes, |cuts, suspend| read_json(bytes, many, cuts, suspend));
    }
}

fn read_json(bytes: &[u8], many: bool, mut cuts: Cuts, suspend: bool) -> Seen {
    const KEPT: usize = 20;
    let begun = |place| {
        let mut tokens = json::Tokenizer::new(place);
        tokens.set_string_limit(KEPT);
        if many {
            tokens.expect_many();
        }
        tokens
    };
    let (mut seen, mut tokens) = (Seen::default(), begun(json::Place::start()));
    loop {
        match tokens.next() {
            Ok(Some(json::Token::End)) => return seen,
            Ok(Some(token)) => {
                let has_text = matches!(token, json::Token::Key | json::Token::String | json::Token::Number);
                let text = has_text.then(|| tokens.text().into_owned());
                seen.items.push((Some(tokens.token_start()), format!("{}: {token:?} {text:?}", tokens.line())));
                seen.items.push((Some(tokens.offset()), String::new()));
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
        is_bounded(bytes, csv_steps(bytes, delimiter));
        obeys(bytes, |cuts, suspend| read_csv(bytes, delimiter, cuts, suspend));
    }
}

fn read_csv(bytes: &[u8], delimiter: u8, mut cuts: Cuts, suspend: bool) -> Seen {
    let (mut seen, mut tokens) = (Seen::default(), csv::Tokenizer::new(delimiter, Position::START));
    loop {
        match tokens.next() {
            Ok(csv::Token::End) => return seen,
            Ok(csv::Token::NeedInput) => serve(&mut tokens, bytes, &mut cuts),
            Ok(token) => {
                let Position { offset, line, .. } = tokens.row_start();
                seen.items.push((Some(offset), format!("{line}: {token:?} {:?}", tokens.fields().collect::<Vec<_>>())));
                if suspend {
                    let place = serde_json::to_string(&tokens.place()).expect("JSON");
                    tokens = csv::Tokenizer::new(delimiter, serde_json::from_str(&place).expect("a place"));
                }
            }
            Err(error) => return Seen { error: Some(error), ..seen },
        }
    }
}

/// The laws of the tokenizers whose events are lines: of text, and of a web page.
pub fn lines(bytes: &[u8]) {
    is_bounded(bytes, line_steps(bytes, lines::Tokenizer::new(lines::Place::START)));
    is_bounded(bytes, line_steps(bytes, html::Tokenizer::new(lines::Place::START)));
    obeys(bytes, |cuts, suspend| read_lines(bytes, lines::Tokenizer::new, cuts, suspend));
    obeys(bytes, |cuts, suspend| read_lines(bytes, html::Tokenizer::new, cuts, suspend));
}

fn read_lines<S: LineSource>(bytes: &[u8], begun: fn(lines::Place) -> S, mut cuts: Cuts, suspend: bool) -> Seen {
    let (mut seen, mut tokens) = (Seen::default(), begun(lines::Place::START));
    loop {
        match tokens.next() {
            lines::Token::End | lines::Token::Cut => {
                assert_eq!(tokens.progress(), bytes.len() as u64, "progress at the end is the file's length");
                return seen;
            }
            lines::Token::NeedInput => serve(&mut tokens, bytes, &mut cuts),
            token => {
                let text = (token == lines::Token::Line).then(|| tokens.line().into_owned());
                seen.items.push((Some(tokens.began().offset()), format!("{}: {text:?}", tokens.began().line())));
                if suspend {
                    let place = serde_json::to_string(&tokens.place()).expect("JSON");
                    tokens = begun(serde_json::from_str(&place).expect("a place"));
                }
            }
        }
    }
}

fn serve(tokens: &mut impl TakesBytes, bytes: &[u8], cuts: &mut Cuts) {
    match cuts.piece(bytes, tokens.position()) {
        [] => tokens.end_of_input(),
        piece => tokens.feed(piece),
    }
}

#[cfg(test)]
mod tests {
    use laws::{CONSTANT, ENDLESS, HEADS, endless, found, is_linear};

    use super::*;

    #[test]
    fn found_cases_of_xml_obey() {
        found("xml", xml_events);
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
    fn found_cases_of_lines_obey() {
        found("lines", lines);
    }

    #[test]
    fn twice_the_bytes_take_twice_the_steps_whatever_has_no_end() {
        const LENGTH: usize = 128 * 1024;
        type Steps = fn(&[u8]) -> u64;
        let tokenizers: [(&str, Steps); 6] = [
            ("xml", xml_steps),
            ("json", |bytes| json_steps(bytes, false)),
            ("json lines", |bytes| json_steps(bytes, true)),
            ("csv", |bytes| csv_steps(bytes, b',')),
            ("lines", |bytes| line_steps(bytes, lines::Tokenizer::new(lines::Place::START))),
            ("html", |bytes| line_steps(bytes, html::Tokenizer::new(lines::Place::START))),
        ];
        for (head, unit) in HEADS.iter().flat_map(|head| ENDLESS.iter().map(move |unit| (head, unit))) {
            let (small, large) = (endless(head.as_bytes(), unit, LENGTH), endless(head.as_bytes(), unit, 2 * LENGTH));
            for (name, steps) in tokenizers {
                let what = format!("{name}: {head:?} and many {unit:?}");
                is_linear(&what, CONSTANT, (small.len(), steps(&small)), (large.len(), steps(&large)));
            }
        }
    }

    #[test]
    fn what_was_looked_at_in_one_piece_is_not_looked_at_again_with_the_next() {
        for unit in ENDLESS {
            let page = endless(b"<html><p>", unit, 64 * 1024);
            let mut tokens = html::Tokenizer::new(lines::Place::START);
            for piece in page.chunks(100) {
                tokens.feed(piece);
                while !matches!(tokens.next(), lines::Token::NeedInput) {}
            }
            is_bounded(&page, tokens.work());
        }
    }

    /// A file, and how a length of its text in UTF-8 becomes an offset in it.
    type Encoded<'t> = (Vec<u8>, Box<dyn Fn(u64) -> u64 + 't>);

    /// A file in each encoding that its first bytes tell.
    fn encoded(text: &str) -> Vec<Encoded<'_>> {
        let units = |length: u64| text[..usize::try_from(length).expect("small")].encode_utf16().count() as u64;
        let mut files: Vec<Encoded<'_>> =
            vec![(text.into(), Box::new(|length| length)), (format!("\u{feff}{text}").into(), Box::new(|length| 3 + length))];
        for to_bytes in [u16::to_le_bytes, u16::to_be_bytes] {
            let utf16 = |text: &str| text.encode_utf16().flat_map(to_bytes).collect();
            files.push((utf16(text), Box::new(move |length| 2 * units(length))));
            files.push((utf16(&format!("\u{feff}{text}")), Box::new(move |length| 2 + 2 * units(length))));
        }
        files
    }

    fn is_read_in_every_encoding(text: &str, read: impl Fn(&[u8], Cuts, bool) -> Seen) {
        let expected = read(text.as_bytes(), Cuts::none(), false);
        assert!(expected.error.is_none() && expected.items.len() > 2, "{expected:?}");
        for (file, offset_of) in encoded(text) {
            let moved = |(offset, item): &Item| (offset.map(&offset_of), item.clone());
            let expected = Seen { items: expected.items.iter().map(moved).collect(), error: None };
            assert_eq!(read(&file, Cuts::none(), false), expected, "{file:?}");
            obeys(&file, |cuts, suspend| read(&file, cuts, suspend));
        }
    }

    #[test]
    fn every_syntax_is_read_in_every_encoding_however_it_is_cut() {
        let xml = "<?xml version='1.0'?>\n<!-- é -->\n<a ä='😀'>ö\r\n€<b/>😀<c>x</c></a>\n";
        is_read_in_every_encoding(xml, read_xml);
        let json = "{\"ä\": [1, \"é😀\\n\\u00e9\", {\"a\": true}],\n \"b\": \"long enough to be clipped: 😀😀😀😀\", \"c\": null}\n";
        is_read_in_every_encoding(json, |bytes, cuts, suspend| read_json(bytes, false, cuts, suspend));
        is_read_in_every_encoding(&format!("{json}[2]\n3"), |bytes, cuts, suspend| read_json(bytes, true, cuts, suspend));
        is_read_in_every_encoding(&format!("results = {json}"), |bytes, cuts, suspend| read_json(bytes, false, cuts, suspend));
        let csv = "a,ä\r\n\"é \"\"😀\"\"\n,\",2\n\nlast,€";
        is_read_in_every_encoding(csv, |bytes, cuts, suspend| read_csv(bytes, b',', cuts, suspend));
        let text = "a \n\né 😀\nlast €";
        is_read_in_every_encoding(text, |bytes, cuts, suspend| read_lines(bytes, lines::Tokenizer::new, cuts, suspend));
        let page = "<html><title>ä &amp; 😀</title><style>é {}</style><p class='b'>€ 1<p>2</p> rest <table><tr><td>é<td>😀</table></html>";
        is_read_in_every_encoding(page, |bytes, cuts, suspend| read_lines(bytes, html::Tokenizer::new, cuts, suspend));
    }

    #[test]
    fn what_is_no_text_obeys_too() {
        let cases: [&[u8]; 6] = [
            b"\xff\xfe[\0\0\xdc]\0",
            b"\xff\xfe<\0a\0>\0\0\xd8x\0",
            b"\xfe\xff\0a\0,",
            b"a,\xe9\n\xc3\xa9,b\xe2\x82",
            b"\xef\xbb",
            b"\xff",
        ];
        for bytes in cases {
            for obeys in [xml_events, json_tokens, csv_rows, lines] {
                obeys(bytes);
            }
        }
    }
}
