//! Every event, every error, cut and suspended anywhere.

use super::*;

/// What is seen of a document: events with texts joined, then the error if there is one.
#[derive(Debug, Default, PartialEq)]
struct Seen {
    events: Vec<String>,
    error: Option<ReadError>,
}

impl Seen {
    fn add(&mut self, event: &Event<'_>) {
        let (offset, line, depth) = (event.offset, event.line(), event.depth);
        match &event.kind {
            EventKind::Start(start) => {
                let attributes: Vec<String> = start.iter().map(|(name, value)| format!(" {name}={value:?}")).collect();
                self.events.push(format!("{offset}:{line}:{depth} <{}{}>", start.name, attributes.concat()));
            }
            EventKind::End(name) => self.events.push(format!("{offset}:{line}:{depth} </{name}>")),
            EventKind::Text(text) => match self.events.last_mut() {
                Some(last) if last.starts_with('"') => last.push_str(text),
                _ => self.events.push(format!("\"{text}")),
            },
        }
    }

    fn lines(&self) -> String {
        self.events.join("\n")
    }
}

/// Reads the document in pieces of that size; with `suspend`, every event is followed by a suspension that goes through JSON.
fn read(document: &[u8], piece: usize, suspend: bool) -> Seen {
    read_passing(document, piece, suspend, |_| ())
}

/// The same, with something done before each event is asked for.
fn read_passing(document: &[u8], piece: usize, suspend: bool, pass: impl Fn(&mut Tokenizer)) -> Seen {
    let (mut seen, mut xml, mut is_new) = (Seen::default(), Tokenizer::new(), false);
    loop {
        pass(&mut xml);
        if suspend && std::mem::take(&mut is_new) {
            let place = serde_json::to_vec(&xml.suspend()).unwrap();
            xml = Tokenizer::resume(serde_json::from_slice(&place).unwrap()).unwrap();
        }
        match xml.next() {
            Ok(Token::Event(event)) => {
                seen.add(&event);
                is_new = true;
            }
            Ok(Token::NeedInput) => {
                let rest = &document[usize::try_from(xml.position()).unwrap()..];
                if rest.is_empty() { xml.end_of_input() } else { xml.feed(&rest[..piece.min(rest.len())]) }
            }
            Ok(Token::End) => return seen,
            Err(error) => {
                assert_eq!(xml.next().err().as_ref(), Some(&error), "an error stays");
                seen.error = Some(error);
                return seen;
            }
        }
    }
}

/// Reads a document whole, and asserts that it reads the same cut and suspended anywhere.
fn seen(document: impl AsRef<[u8]>) -> Seen {
    let document = document.as_ref();
    let whole = read(document, usize::MAX, false);
    for piece in [1, 2, 3, 5, 7, 64, usize::MAX] {
        for suspend in [false, true] {
            assert_eq!(read(document, piece, suspend), whole, "in pieces of {piece}, suspended: {suspend}");
        }
    }
    whole
}

fn error(document: impl AsRef<[u8]>) -> ReadError {
    seen(document).error.expect("an error")
}

/// EventKind, message, offset and line of the error in a document.
#[track_caller]
fn assert_error(document: impl AsRef<[u8]>, kind: ReadErrorKind, message: &str, offset: u64, line: u64) {
    let expected = ReadError { kind, message: message.to_owned(), offset, line };
    assert_eq!(error(document), expected);
}

use ReadErrorKind::{LimitExceeded, Syntax, Truncated};

#[test]
fn events_carry_offset_line_and_depth() {
    let document = "<?xml version=\"1.0\"?>\n<a x='1' y=\"&lt;&#65;\">\n <b/>t&amp;u</a>\n";
    let expected = "22:2:1 <a x=\"1\" y=\"<A\">\n\"\n \n47:3:2 <b>\n51:3:2 </b>\n\"t&u\n58:3:1 </a>";
    assert_eq!(seen(document).lines(), expected);
}

#[test]
fn comments_instructions_and_doctype_are_read_over() {
    let document =
        "<!-- a -> -b-> -' -->\n<!DOCTYPE a [ <!-- ]> ' --> <?x ]>?> <!ENTITY e \"]>\"> ] >\n<?y ?><a>1<!-- 2 -->3<?z?>4</a><!-- - -->";
    assert_eq!(seen(document).lines(), "86:3:1 <a>\n\"134\n107:3:1 </a>");
}

#[test]
fn cdata_is_text_as_it_stands() {
    assert_eq!(seen("<a><![CDATA[<b>&amp;]]]]>x<![CDATA[]]></a>").lines(), "0:1:1 <a>\n\"<b>&amp;]]x\n38:1:1 </a>");
}

#[test]
fn line_ends_become_one_character() {
    assert_eq!(seen("<a b='1\r\n2'>x\r\ny\r\rz<![CDATA[\r\n]]></a>\r\n").lines(), "0:1:1 <a b=\"1\\n2\">\n\"x\ny\n\nz\n\n33:4:1 </a>");
}

#[test]
fn offsets_are_those_of_the_bytes_in_every_encoding() {
    let text = "<a ä='ö'>\n€😀<b/></a>";
    let utf8 = seen(format!("\u{feff}{text}"));
    assert_eq!(utf8.lines(), "3:1:1 <a ä=\"ö\">\n\"\n€😀\n22:2:2 <b>\n26:2:2 </b>\n26:2:1 </a>");
    for mark in ["", "\u{feff}"] {
        for to_bytes in [u16::to_le_bytes, u16::to_be_bytes] {
            let bytes: Vec<u8> = format!("{mark}<?x?>{text}").encode_utf16().flat_map(to_bytes).collect();
            let at = |characters: usize| 2 * ("<?x?>".len() + characters + mark.chars().count());
            let (a, b, end) = (at(0), at(13), at(17));
            let expected = format!("{a}:1:1 <a ä=\"ö\">\n\"\n€😀\n{b}:2:2 <b>\n{end}:2:2 </b>\n{end}:2:1 </a>");
            assert_eq!(seen(bytes).lines(), expected);
        }
    }
    let latin = b"<?xml version='1.0' encoding='ISO-8859-1'?><a>\xe4\x80<b/></a>";
    assert_eq!(seen(latin).lines(), "43:1:1 <a>\n\"ä€\n48:1:2 <b>\n52:1:2 </b>\n52:1:1 </a>");
}

#[test]
fn a_declared_utf16_in_single_bytes_is_utf8() {
    assert_eq!(seen("<?xml version='1.0' encoding='UTF-16'?><a>ä</a>").lines(), "39:1:1 <a>\n\"ä\n44:1:1 </a>");
}

#[test]
fn an_unknown_encoding_is_named() {
    let message = "encoding \"EBCDIC-US\" is not read, only UTF-8, UTF-16 and those of one byte a character";
    assert_error("<?xml version='1.0' encoding='EBCDIC-US'?><a/>", Syntax, message, 0, 1);
}

#[test]
fn bytes_that_are_no_text_are_an_error_where_they_are() {
    assert_error(b"<a>\nok\xff</a>", Syntax, "the bytes are no UTF-8 text", 6, 2);
    assert_error(b"<a>\n\xe2\x82</a>", Syntax, "the bytes are no UTF-8 text", 4, 2);
    assert_error(b"\xff\xfe<\0a\0>\0\0\xdcx\0", Syntax, "the bytes are no UTF-16LE text", 8, 1);
    assert_error(b"<a>\xe2\x82", Truncated, "the document ends within a character", 3, 1);
}

#[test]
fn what_xml_does_not_allow_but_can_be_kept_is_kept() {
    assert_eq!(
        seen("<a b='1' b='2'>\0\u{1}&#0;&#xD800;&#x1b;</a>").lines(),
        "0:1:1 <a b=\"1\" b=\"2\">\n\"\0\u{1}\0\u{fffd}\u{1b}\n35:1:1 </a>"
    );
}

#[test]
fn entities_of_a_dtd_are_not_expanded() {
    let laughs = "<!DOCTYPE a [<!ENTITY l \"ha\"><!ENTITY m \"&l;&l;\">]>\n<a>&m;</a>";
    assert_error(laughs, Syntax, "entity &m; is not defined; entities of a DTD are not expanded", 55, 2);
    let message = "in the tag <a>: entity &m; is not defined; entities of a DTD are not expanded";
    assert_error("<a b='&m;'/>", Syntax, message, 0, 1);
}

#[test]
fn a_reference_has_an_end_and_a_number() {
    let message = "\"&\" begins a reference and has no \";\" after it";
    for document in
        ["<a>&</a>", "<a>&b c;</a>", "<a>&b&c;</a>", &format!("<a>&{};</a>", "x".repeat(70)), &format!("<a>&{}", "x".repeat(70))]
    {
        assert_error(document, Syntax, message, 3, 1);
    }
    assert_error("<a>&#x;</a>", Syntax, "&#x; is no character reference", 3, 1);
    assert_error("<a>&#1f;</a>", Syntax, "&#1f; is no character reference", 3, 1);
}

#[test]
fn an_end_tag_is_that_of_the_innermost_element() {
    assert_error("<a>\n<b>\n</a>", Syntax, "expected </b>, which begins in line 2, found </a>", 8, 3);
}

#[test]
fn nothing_but_blanks_is_around_the_root() {
    assert_error(" x<a/>", Syntax, "expected the root element, found text", 1, 1);
    assert_error("</a>", Syntax, "expected the root element, found </a>", 0, 1);
    assert_error("<a/>\n&", Syntax, "expected the end of the document after the root element, found text", 5, 2);
    assert_error("<a/><b/>", Syntax, "expected the end of the document after the root element, found <b>", 4, 1);
    assert_error("<a/></a>", Syntax, "expected the end of the document after the root element, found </a>", 4, 1);
    assert_error("<a/><![CDATA[]]>", Syntax, "expected the end of the document after the root element, found a CDATA section", 4, 1);
    assert_error("<a/><!DOCTYPE a>", Syntax, "<!DOCTYPE after the start of the root element", 4, 1);
}

#[test]
fn tags_have_names_and_quoted_values() {
    assert_error("<a>< b/></a>", Syntax, "expected the name of an element after \"<\", found \"\"", 3, 1);
    assert_error("<1/>", Syntax, "expected the name of an element after \"<\", found \"1\"", 0, 1);
    assert_error("<a><!b></a>", Syntax, "expected a comment, CDATA section or DOCTYPE after \"<!\"", 3, 1);
    assert_error("<a b='<c'/>", Syntax, "in the tag <a>: the value of b holds a \"<\": its closing quote is missing", 0, 1);
    assert!(error("<a b=c/>").message.starts_with("in the tag <a>: position 4"));
    assert!(error("<a b/>").message.starts_with("in the tag <a>: position 3"));
}

#[test]
fn a_document_that_ends_early_says_in_what() {
    for (document, message) in [
        ("", "the document ends before its root element"),
        ("<?xml version='1.0'?>\n", "the document ends before its root element"),
        ("<?xml version='1.0'", "the document ends within a processing instruction, which begins in line 1"),
        ("<!-- ", "the document ends within a comment, which begins in line 1"),
        ("<!DOCTYPE a [", "the document ends within <!DOCTYPE, which begins in line 1"),
        ("\n<a b='", "the document ends within the tag <a>"),
        ("<a>\n<b c='1'", "the document ends within <a>, which begins in line 1"),
        ("<a>\n<b>t&am", "the document ends within <b>, which begins in line 2"),
        ("<a><![CDATA[ ]]", "the document ends within <a>, which begins in line 1"),
        ("<a></", "the document ends within <a>, which begins in line 1"),
    ] {
        let lines = document.lines().count().max(1) as u64 + u64::from(document.ends_with('\n'));
        assert_error(document, Truncated, message, document.len() as u64, lines);
    }
}

#[test]
fn depth_is_limited() {
    let deep = "<a>".repeat(10_000);
    let whole = read(deep.as_bytes(), usize::MAX, false);
    assert_eq!(whole.events.len(), limits::DEPTH);
    let error = whole.error.unwrap();
    assert_eq!((error.kind, error.message.as_str()), (LimitExceeded, "elements are nested deeper than 256"));
}

#[test]
fn the_names_of_open_elements_are_limited() {
    let name = "n".repeat(limits::OPEN_NAMES / 2);
    let error = read(format!("<{name}><{name}><a>").as_bytes(), 1024, false).error.unwrap();
    assert_eq!((error.kind, error.message.as_str()), (LimitExceeded, "the names of the open elements are longer than 16384 bytes"));
}

#[test]
fn a_tag_is_limited_and_not_held_beyond() {
    let mut xml = Tokenizer::new();
    xml.feed(b"<a b='");
    let piece = vec![b'x'; 64 * 1024];
    let error = loop {
        match xml.next() {
            Ok(Token::NeedInput) => xml.feed(&piece),
            Ok(_) => panic!("another token"),
            Err(error) => break error,
        }
    };
    assert_eq!((error.kind, error.message.as_str()), (LimitExceeded, "the tag <a> is longer than 1048576 bytes"));
    assert!(xml.input.untaken_text().len() < limits::TOKEN + 2 * piece.len());
    let whole = format!("<a b='{}'/>", "x".repeat(limits::TOKEN));
    assert_eq!(read(whole.as_bytes(), usize::MAX, false).error.unwrap().kind, LimitExceeded);
}

#[test]
fn a_long_text_is_not_held() {
    let mut xml = Tokenizer::new();
    xml.feed(b"<a>");
    let (piece, mut length) = (vec![b'\r'; 64 * 1024], 0);
    for _ in 0..100 {
        xml.feed(&piece);
        while let Ok(Token::Event(event)) = xml.next() {
            if let EventKind::Text(text) = event.kind {
                length += text.len();
            }
        }
        assert!(xml.input.untaken_text().len() <= REFERENCE);
    }
    assert_eq!(length, 100 * piece.len() - 1);
}

#[test]
fn small_pieces_of_a_long_tag_are_not_searched_twice() {
    let document = format!("<a b='{}'/>", "x".repeat(limits::TOKEN / 2));
    assert_eq!(read(document.as_bytes(), 1, false).events.len(), 2);
}

#[test]
fn a_tag_of_many_attributes_is_read_in_its_length() {
    let document = format!("<a{}/>", " b=''".repeat(limits::TOKEN / 6));
    assert_eq!(read(document.as_bytes(), usize::MAX, false).events.len(), 2);
}

#[test]
fn a_mark_is_the_place_before_its_element() {
    let document = b"<a>\n<b>text</b><c/></a>";
    let mut xml = Tokenizer::new();
    xml.feed(document);
    let mark = loop {
        match xml.next() {
            Ok(Token::Event(event)) if matches!(&event.kind, EventKind::Start(start) if start.name == "b") => break event.mark(),
            Ok(Token::Event(_)) => {}
            _ => panic!("another token"),
        }
    };
    assert!(matches!(xml.next(), Ok(Token::Event(Event { kind: EventKind::Text("text"), .. }))));
    let mut again = Tokenizer::resume(xml.suspend_at(mark)).unwrap();
    assert_eq!(again.position(), 4);
    again.feed(&document[4..]);
    let Ok(Token::Event(event)) = again.next() else { panic!("an event") };
    assert!(matches!(event.kind, EventKind::Start(StartTag { name: "b", .. })));
    assert_eq!((event.offset, event.line(), event.depth), (4, 2, 2));
}

#[test]
fn a_place_that_can_be_none_is_refused() {
    let resumed = |encoding: &str, name: &str| {
        let place = format!(r#"{{"offset":9,"line":1,"encoding":{encoding},"open":[["{name}",1]],"phase":"content","ends":false}}"#);
        serde_json::from_str(&place).ok().and_then(Tokenizer::resume)
    };
    for encoding in ["null", "\"UTF-8\"", "\"UTF-16LE\"", "\"windows-1252\""] {
        assert!(resumed(encoding, "a").is_some(), "{encoding}");
    }
    for encoding in ["\"none\"", "\"Shift_JIS\""] {
        assert!(resumed(encoding, "a").is_none(), "{encoding}");
    }
    assert!(resumed("null", &"n".repeat(limits::OPEN_NAMES + 1)).is_none());
}

/// What is seen of a document of whose root's leaves only `<b>` is needed.
fn needed(document: &str, piece: usize, suspend: bool) -> Seen {
    read_passing(document.as_bytes(), piece, suspend, |xml| xml.pass_leaves(1, |name| name == "b"))
}

#[test]
fn leaves_that_nobody_needs_are_passed_over() {
    let document = "<r>\n<a>1 &amp; 2</a>\r\n <a></a><b>3</b><a/><c d='4'>5</c><a><b/></a><a>&#54;</a>\t<a.long.name>7</a.long.name><b>8 <a>9</a></b><a>\u{e9}</a></r>";
    let seen = needed(document, usize::MAX, false);
    let starts: Vec<_> =
        seen.events.iter().filter_map(|event| event.split_once('<')).map(|(_, tag)| tag).filter(|tag| !tag.starts_with('/')).collect();
    assert_eq!(starts, ["r>", "b>", "a>", "c d=\"4\">", "a>", "b>", "a>", "b>", "a>"]);
    let of_b =
        |seen: &Seen| seen.events.iter().filter(|event| event.contains(":2 <b>") || event.starts_with("\"8")).cloned().collect::<Vec<_>>();
    assert_eq!(of_b(&seen), of_b(&read(document.as_bytes(), usize::MAX, false)));
    assert_eq!(of_b(&seen).len(), 3);
    for piece in 1..document.len() {
        for suspend in [false, true] {
            assert_eq!(of_b(&needed(document, piece, suspend)), of_b(&seen), "in pieces of {piece}, suspended: {suspend}");
        }
    }
}

#[test]
fn what_is_passed_over_has_the_errors_that_it_has() {
    let long = format!("<r><{0}>1</{0}></r>", "n".repeat(limits::OPEN_NAMES));
    let documents = [
        "<r><a>&nbsp;</a></r>",
        "<r><a>1 & 2</a></r>",
        "<r><a>1</c></r>",
        "<r><a>1</a",
        "<r><a>1",
        "<r><a>1</a>\n<1/></r>",
        "<r><a>1</a></a>",
        &long,
    ];
    for document in documents {
        let expected = read(document.as_bytes(), usize::MAX, false).error;
        assert!(expected.is_some(), "{document}");
        for piece in [1, 2, 3, 5, 7, usize::MAX] {
            assert_eq!(needed(document, piece, false).error, expected, "{document} in pieces of {piece}");
        }
    }
}
