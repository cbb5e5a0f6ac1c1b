use super::*;

const TEXT: &str = "a\né€😀\nb";

fn utf16(text: &str, to_bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
    text.encode_utf16().flat_map(to_bytes).collect()
}

/// The text of a file that is fed in pieces of that size, its lines' offsets, and why it broke off.
fn read<B: Buffer>(file: &[u8], size: usize) -> (String, Vec<Position>, Option<Broken>) {
    let mut input = Input::<B>::at(Position::START);
    let (mut text, mut lines) = (Vec::new(), Vec::new());
    for piece in file.chunks(size).map(Some).chain([None]) {
        match piece {
            Some(piece) => input.feed(piece),
            None => input.end(),
        }
        while let Some(end) = input.untaken().iter().position(|byte| *byte == b'\n') {
            text.extend_from_slice(&input.untaken()[..=end]);
            input.take(end + 1);
            lines.push(input.position());
        }
    }
    text.extend_from_slice(input.untaken());
    input.take(input.untaken().len());
    assert_eq!(input.fed(), file.len() as u64);
    if input.broken().is_none() {
        assert_eq!(input.offset(), file.len() as u64, "{file:?}");
    }
    (String::from_utf8_lossy(&text).into_owned(), lines, input.broken().cloned())
}

#[test]
fn the_first_bytes_tell_the_encoding() {
    let files = [
        (TEXT.as_bytes().to_vec(), [2, 12]),
        (format!("\u{feff}{TEXT}").into_bytes(), [5, 15]),
        (utf16(TEXT, u16::to_le_bytes), [4, 14]),
        (utf16(TEXT, u16::to_be_bytes), [4, 14]),
        (utf16(&format!("\u{feff}{TEXT}"), u16::to_le_bytes), [6, 16]),
        (utf16(&format!("\u{feff}{TEXT}"), u16::to_be_bytes), [6, 16]),
    ];
    for (file, offsets) in files {
        for size in (1..file.len()).chain([usize::MAX]) {
            for (text, lines, broken) in [read::<String>(&file, size), read::<Vec<u8>>(&file, size)] {
                assert_eq!((text.as_str(), broken.is_none()), (TEXT, true), "in pieces of {size}: {file:?}");
                assert_eq!(lines.iter().map(|place| place.offset).collect::<Vec<_>>(), offsets);
                assert_eq!(lines.iter().map(|place| place.line).collect::<Vec<_>>(), [2, 3]);
            }
        }
    }
}

#[test]
fn a_position_is_enough_to_go_on_from() {
    for file in [TEXT.as_bytes().to_vec(), utf16(TEXT, u16::to_le_bytes), utf16(&format!("\u{feff}{TEXT}"), u16::to_be_bytes)] {
        let (_, lines, _) = read::<String>(&file, usize::MAX);
        for (place, rest) in lines.into_iter().zip(["é€😀\nb", "b"]) {
            let saved = serde_json::to_string(&place).expect("JSON");
            let place: Position = serde_json::from_str(&saved).expect("a position");
            let mut input = Input::<String>::at(place);
            input.feed(&file[usize::try_from(place.offset).expect("small")..]);
            assert_eq!((input.untaken_text(), input.position()), (rest, place));
        }
    }
    let old: Position = serde_json::from_str(r#"{"offset": 3, "line": 1}"#).expect("a position");
    assert!(old.is_ascii_compatible());
    assert!(serde_json::from_str::<Position>(r#"{"offset": 3, "line": 1, "encoding": "Shift_JIS"}"#).is_err());
}

#[test]
fn a_position_that_is_held_is_gone_to() {
    for file in [TEXT.as_bytes().to_vec(), utf16(TEXT, u16::to_le_bytes)] {
        let mut input = Input::<String>::at(Position::START);
        input.feed(&file);
        input.take(2);
        let second = input.position();
        input.take(input.untaken().len());
        assert!(input.go_to(second));
        assert_eq!((input.untaken_text(), input.position()), ("é€😀\nb", second));
        assert!(!input.go_to(second.moved_to(1_000, 9)), "what is not held");
        assert_eq!(input.position(), second);
    }
}

#[test]
fn what_is_no_text_is_an_error_or_windows_1252() {
    for size in [1, 2, usize::MAX] {
        let (text, _, broken) = read::<String>(b"a\n\xe9b", size);
        assert!(text == "a\n" && matches!(broken, Some(Broken::Invalid(encoding)) if encoding == UTF_8), "{broken:?}");
        assert!(matches!(read::<String>(b"ab\xe2\x82", size).2, Some(Broken::Cut)));
        assert!(matches!(read::<String>(b"\xff\xfea\0b", size).2, Some(Broken::Cut)));
        let unread = read::<String>(b"<?xml version='1.0' encoding='EBCDIC-US'?>", size).2;
        assert!(matches!(&unread, Some(Broken::Encoding(name)) if name == "EBCDIC-US"), "{unread:?}");
        assert!(read::<Vec<u8>>(b"a\n\xe9b", size).2.is_none());
    }
    assert_eq!(utf8_or_windows_1252(b"\xe9\x80"), "é€");
    assert_eq!(utf8_or_windows_1252("é".as_bytes()), "é");
}

#[test]
fn a_declaration_is_believed_where_it_can_be_true() {
    let declared = |encoding: &str| format!("<?xml version='1.0' encoding=\"{encoding}\" ?>").into_bytes();
    let of = |file: &[u8]| opening(file, false).map(|opening| opening.encoding);
    assert_eq!(of(&declared("ISO-8859-1")), Some(WINDOWS_1252));
    assert_eq!(of(&declared("UTF-16")), Some(UTF_8));
    assert_eq!(of(b"<?xml version='1.0' encoding='ISO"), None, "it is not there whole");
    assert_eq!(opening(b"<?xml version='1.0' encoding='ISO", true).map(|opening| opening.encoding), Some(UTF_8));
    assert_eq!(of(&[b"<?xml ".as_slice(), &[b' '; DECLARATION]].concat()), Some(UTF_8));
    assert_eq!(of(b"<a>"), Some(UTF_8));
}
