use super::*;

/// Every token of a text, fed in pieces of that size, and how it ended.
fn tokens(bytes: &[u8], size: usize) -> (Vec<(Token, String)>, Option<ReadError>) {
    let mut tokenizer = Tokenizer::default();
    let mut pieces = bytes.chunks(size);
    let mut found = Vec::new();
    loop {
        match tokenizer.next() {
            Ok(Some(Token::End)) => return (found, None),
            Ok(Some(token)) => {
                let texts = matches!(token, Token::Key | Token::String | Token::Number);
                found.push((token, if texts { tokenizer.text().into_owned() } else { String::new() }));
            }
            Ok(None) => match pieces.next() {
                Some(piece) => tokenizer.feed(piece),
                None => tokenizer.end_of_input(),
            },
            Err(error) => return (found, Some(error)),
        }
    }
}

fn texts(json: &str) -> Vec<String> {
    let (found, error) = tokens(json.as_bytes(), 1);
    assert_eq!(error, None);
    found.into_iter().map(|(_, text)| text).filter(|text| !text.is_empty()).collect()
}

fn error(bytes: &[u8]) -> ReadError {
    let (_, error) = tokens(bytes, 3);
    let whole = tokens(bytes, usize::MAX).1;
    assert_eq!(error, whole, "{}", String::from_utf8_lossy(bytes));
    error.expect("an error")
}

#[test]
fn an_assignment_may_stand_before_the_value() {
    assert_eq!(texts("results_1 =\n{\"a\": 1}"), ["a", "1"]);
    assert_eq!(texts("\u{feff}results= [2]"), ["2"]);
    assert_eq!(tokens(b"null", 1).1, None);
    error(b"results {}");
    assert_eq!(assignment(b"name"), None);
    assert_eq!(assignment(&[b'a'; 100]), Some(0));
}

#[test]
fn text_numbers_and_words_are_read_as_they_are() {
    assert_eq!(
        texts(r#" {"a": [1, -2.5e+3, 0], "b\u00e9\n": "\ud83d\ude00\/" , "c": true} "#),
        ["a", "1", "-2.5e+3", "0", "bé\n", "😀/", "c"]
    );
    assert_eq!(texts("42"), ["42"]);
}

#[test]
fn half_a_surrogate_pair_becomes_the_replacement_character() {
    assert_eq!(texts(r#"["\ud83d", "\ude00x", "\ud83d\ud83d\ude00", "\ud83d\n"]"#), ["\u{fffd}", "\u{fffd}x", "\u{fffd}😀", "\u{fffd}\n"]);
}

#[test]
fn strings_are_the_same_however_they_are_cut() {
    let json = format!(r#"["plain, of several words", "\"\\\/\n\u00e9", "\ud83d\ude00\ud83d", "{}", "\\", ""]"#, "a\tb\u{1}é");
    let whole = tokens(json.as_bytes(), usize::MAX);
    let kept: Vec<&str> = whole.0.iter().map(|(_, text)| text.as_str()).collect();
    assert_eq!(kept[1..7], ["plain, of several words", "\"\\/\né", "😀\u{fffd}", "a\tb\u{1}é", "\\", ""]);
    for size in 1..json.len() {
        assert_eq!(tokens(json.as_bytes(), size), whole, "pieces of {size}");
    }
}

#[test]
fn syntax_errors_say_where_and_what_was_expected() {
    for (json, offset, line, expected) in [
        (&b"[1,\n 2,]"[..], 7, 2, "expected a value, found ']'"),
        (b"{\"a\" 1}", 5, 1, "expected ':', found '1'"),
        (b"{a: 1}", 1, 1, "expected a member's name in quotes or '}', found 'a'"),
        (b"[1}", 2, 1, "expected ',' or ']', found '}'"),
        (b"[01]", 1, 1, "expected a value, found \"01\""),
        (b"[nul]", 1, 1, "expected a value, found \"nul\""),
        (b"{} {}", 3, 1, "expected the end of the report, found '{'"),
        (b"[\"\\x\"]", 3, 1, "expected one of \"\\/bfnrtu after '\\' in a string"),
        (b"[\"\\u12g4\"]", 6, 1, "expected four hexadecimal digits after '\\u' in a string"),
        (b"[\"a\xff\"]", 3, 1, "expected UTF-8, found other bytes"),
        (b"\xff\xfe[\0\0\xdc]\0", 4, 1, "expected UTF-16LE, found other bytes"),
        (b"[ \0]", 2, 1, "expected a value or ']', found '\\0'"),
    ] {
        let error = error(json);
        assert_eq!((error.kind, error.offset, error.line, error.message.as_str()), (ReadErrorKind::Syntax, offset, line, expected));
    }
}

#[test]
fn a_report_that_ends_early_names_what_is_open() {
    for (json, expected) in [
        (&b""[..], "the report ends, where a value was expected"),
        (b"{\n\"a\": [\n1, ", "the report ends inside the array that begins in line 2, where a value was expected"),
        (b"{\n\"a\": \"x", "the report ends inside the object that begins in line 1, where the end of a string was expected"),
        (b"[tr", "the report ends inside the array that begins in line 1, where a value or ']' was expected"),
        (b"[\"\xc3", "the report ends inside the array that begins in line 1, where the end of a string was expected"),
    ] {
        let error = error(json);
        assert_eq!((error.kind, error.message.as_str()), (ReadErrorKind::Truncated, expected));
    }
}

#[test]
fn nesting_has_a_limit_also_where_it_is_skipped() {
    let deep = b"[".repeat(10_000);
    let found = error(&deep);
    assert_eq!(found.kind, ReadErrorKind::LimitExceeded);
    assert!(found.message.contains("limits::DEPTH"), "{}", found.message);
    let mut tokenizer = Tokenizer::default();
    tokenizer.skip();
    tokenizer.feed(&deep);
    assert_eq!(tokenizer.next().expect_err("too deep").kind, ReadErrorKind::LimitExceeded);
}

#[test]
fn skipping_checks_nesting_and_ignores_what_strings_hold() {
    let json = br#"[{"a": "]}\"[", "b": [[], {}, "\\"]}, 7]"#;
    for size in 1..json.len() {
        let mut tokenizer = Tokenizer::default();
        let mut pieces = json.chunks(size);
        let mut found = Vec::new();
        while found.last() != Some(&Token::End) {
            match tokenizer.next().expect("valid JSON") {
                Some(token) => {
                    found.push(token);
                    tokenizer.skip();
                }
                None => match pieces.next() {
                    Some(piece) => tokenizer.feed(piece),
                    None => tokenizer.end_of_input(),
                },
            }
        }
        assert_eq!(found, [Token::BeginArray, Token::Skipped, Token::Skipped, Token::EndArray, Token::End], "pieces of {size}");
    }
    let mut tokenizer = Tokenizer::default();
    tokenizer.skip();
    tokenizer.feed(b"[{]");
    assert_eq!(tokenizer.next().expect_err("bad nesting").message, "expected ',' or '}', found ']'");
}

#[test]
fn long_strings_are_clipped_at_a_character_and_cost_no_memory() {
    for size in [1, 2, 3, 64] {
        let mut tokenizer = Tokenizer::default();
        tokenizer.set_string_limit(10);
        let json = format!("\"{}\"", "é\\u00e9".repeat(50));
        let mut pieces = json.as_bytes().chunks(size);
        let token = loop {
            match tokenizer.next().expect("valid JSON") {
                Some(token) => break token,
                None => tokenizer.feed(pieces.next().expect("an end")),
            }
        };
        assert_eq!((token, tokenizer.text().as_ref()), (Token::String, "ééé…"), "pieces of {size}");
    }
    let mut tokenizer = Tokenizer::default();
    tokenizer.feed(b"\"");
    let piece = vec![b'x'; 65_536];
    for _ in 0..1_600 {
        assert_eq!(tokenizer.next(), Ok(None));
        tokenizer.feed(&piece);
    }
    assert!(tokenizer.input.buffer.capacity() + tokenizer.text.capacity() < 1 << 20);
}

#[test]
fn a_tokenizer_goes_on_from_any_place() {
    let json = br#"{"a": [1, {"b": "c"}], "d": [[], {}], "e": "f"}"#;
    let (all, _) = tokens(json, usize::MAX);
    let mut tokenizer = Tokenizer::default();
    tokenizer.feed(json);
    for seen in 1..all.len() {
        let token = tokenizer.next().expect("valid JSON");
        assert_eq!(token, Some(all[seen - 1].0));
        let place = serde_json::to_string(&tokenizer.place()).expect("a place");
        let mut resumed = Tokenizer::new(serde_json::from_str(&place).expect("a place"));
        resumed.feed(&json[usize::try_from(resumed.position()).expect("small")..]);
        resumed.end_of_input();
        assert_eq!(resumed.next(), Ok(Some(all[seen].0)), "after {seen}");
    }
}

#[test]
fn it_agrees_with_serde_json_on_what_is_json() {
    let seeds = [r#"{"a":[1,2.5,"x\n"],"b":{"c":null}}"#, r#"[true,false,{"k":-0.1e9}]"#, r#"["\u00e9",[[]],{}]"#];
    for seed in seeds {
        for at in 0..seed.len() {
            for byte in b"{}[],:\"\\09-.eEntf x\n" {
                let mut json = seed.as_bytes().to_vec();
                json[at] = *byte;
                // A raw control character in a string is the difference that we want.
                let known = serde_json::from_slice::<serde_json::Value>(&json)
                    .err()
                    .filter(|error| !error.to_string().contains("control character"));
                let ours = tokens(&json, 2).1;
                if *byte != b'\n' {
                    assert_eq!(ours.is_none(), known.is_none(), "{}: {ours:?}, {known:?}", String::from_utf8_lossy(&json));
                }
            }
        }
    }
}
