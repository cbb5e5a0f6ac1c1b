//! What casts accept and refuse.

use super::*;

fn cast(kind: Type, cell: Cell<'_>) -> Result<String, &'static str> {
    with(kind, CastOptions::default(), cell)
}

fn with(kind: Type, options: CastOptions, cell: Cell<'_>) -> Result<String, &'static str> {
    let mut to = String::from("before");
    let written = Cast::with(kind, options).expect("options that fit").write(cell, &mut to);
    let value = to.strip_prefix("before").expect("nothing before it is changed").to_owned();
    match written {
        Ok(is_value) => {
            assert!(is_value);
            Ok(value)
        }
        Err(error) => {
            assert_eq!(value, "", "an error appends nothing");
            Err(error.code)
        }
    }
}

/// What comes of texts: `text => value`, or `text => !code`.
fn texts(kind: Type, options: &CastOptions, cases: &[(&str, &str)]) {
    for (text, expected) in cases {
        let found = with(kind, options.clone(), Cell::Text(text));
        let expected = expected.strip_prefix('!').map_or(Ok(*expected), Err);
        assert_eq!(found.as_deref().map_err(|code| *code), expected, "{kind} of {text:?}");
    }
}

fn cells(kind: Type, cases: &[(Cell<'_>, &str)]) {
    for (cell, expected) in cases {
        let expected = expected.strip_prefix('!').map_or(Ok(*expected), Err);
        assert_eq!(cast(kind, *cell).as_deref().map_err(|code| *code), expected, "{kind} of {cell:?}");
    }
}

fn formats(formats: &[&str]) -> CastOptions {
    let formats = formats.iter().map(|format| Pattern::parse(format).expect("a format")).collect();
    CastOptions { formats, ..CastOptions::default() }
}

#[test]
fn null_stays_null_in_every_type() {
    for kind in Type::ALL {
        for cell in [Cell::Null, Cell::Missing] {
            let mut to = String::new();
            assert_eq!(Cast::new(kind).write(cell, &mut to), Ok(false));
            assert_eq!(to, "");
        }
    }
}

#[test]
fn an_empty_text_is_a_value_of_text_and_bytes_alone() {
    for kind in Type::ALL {
        let expected = match kind {
            Type::Text => Ok(String::new()),
            Type::Bytea => Ok("\\x".to_owned()),
            _ => Err("invalid"),
        };
        assert_eq!(cast(kind, Cell::Text("")), expected, "{kind}");
    }
}

#[test]
fn truth_values_are_words_or_one_and_zero() {
    let cases = [
        ("TRUE", "true"),
        (" yes ", "true"),
        ("y", "true"),
        ("On", "true"),
        ("1", "true"),
        ("f", "false"),
        ("off", "false"),
        ("2", "!invalid"),
    ];
    texts(Type::Boolean, &CastOptions::default(), &cases);
    let cases = [
        (Cell::Boolean(true), "true"),
        (Cell::Integer(0), "false"),
        (Cell::Float(1.0), "true"),
        (Cell::Number("1"), "true"),
        (Cell::Integer(2), "!invalid"),
        (Cell::Date(1), "!type"),
    ];
    cells(Type::Boolean, &cases);
}

#[test]
fn whole_numbers_lose_nothing() {
    let cases = [
        ("12", "12"),
        (" -7\t", "-7"),
        ("+7", "7"),
        ("007", "7"),
        ("-0", "0"),
        ("1.00", "1"),
        ("1.", "1"),
        ("1e3", "1000"),
        ("1.5e1", "15"),
        ("1500e-2", "15"),
        ("0e5", "0"),
        ("9223372036854775807", "9223372036854775807"),
        ("-9223372036854775808", "-9223372036854775808"),
        ("9223372036854775808", "!out_of_range"),
        ("1e30", "!out_of_range"),
        ("1e999999999999", "!too_long"),
        ("1.5", "!fraction"),
        ("15e-2", "!fraction"),
        ("1e-900", "!fraction"),
        ("1,000", "!invalid"),
        ("1 000", "!invalid"),
        ("0x10", "!invalid"),
        ("NaN", "!invalid"),
        ("-", "!invalid"),
        (".", "!invalid"),
        ("1e", "!invalid"),
        ("e1", "!invalid"),
        ("--1", "!invalid"),
        ("١", "!invalid"),
    ];
    texts(Type::Bigint, &CastOptions::default(), &cases);
    let cases = [
        (Cell::Integer(i64::MIN), "-9223372036854775808"),
        (Cell::Number("1e2"), "100"),
        (Cell::Float(-3.0), "-3"),
        (Cell::Float(-0.0), "0"),
        (Cell::Float(0.5), "!fraction"),
        (Cell::Float(9.3e18), "!out_of_range"),
        (Cell::Float(f64::NAN), "!out_of_range"),
        (Cell::Boolean(true), "!type"),
    ];
    cells(Type::Bigint, &cases);
}

#[test]
fn decimal_numbers_keep_their_digits() {
    let long = format!("0.{}", "1".repeat(limits::DIGITS));
    let cases = [
        ("1.50", "1.50"),
        ("-0.5", "-0.5"),
        (".5", "0.5"),
        ("5.", "5"),
        ("+00012.30", "12.30"),
        ("1E+5", "1e5"),
        ("2.5e-3", "2.5e-3"),
        ("nan", "NaN"),
        ("123456789012345678901234567890.12", "123456789012345678901234567890.12"),
        (&long, &long),
        ("1e1000", "!too_long"),
        ("1e-1001", "!too_long"),
        ("0e2000", "!too_long"),
        ("Infinity", "!invalid"),
        ("1.2.3", "!invalid"),
        ("1,5", "!invalid"),
        ("1..5", "!invalid"),
        ("1.5 €", "!invalid"),
    ];
    texts(Type::Numeric, &CastOptions::default(), &cases);
    let too_long = format!("1{long}");
    texts(Type::Numeric, &CastOptions::default(), &[(&"1".repeat(limits::DIGITS + 1), "!too_long"), (&(too_long + "1"), "!too_long")]);
    let cases = [
        (Cell::Number("1.10"), "1.10"),
        (Cell::Float(0.1), "0.1"),
        (Cell::Float(1e300), "1e300"),
        (Cell::Float(f64::NAN), "NaN"),
        (Cell::Float(f64::INFINITY), "!out_of_range"),
        (Cell::Integer(5), "5"),
    ];
    cells(Type::Numeric, &cases);
}

#[test]
fn a_comma_is_the_decimal_sign_where_it_is_said() {
    let comma = CastOptions { decimal: Decimal::Comma, ..CastOptions::default() };
    let cases = [
        ("12,5", "12.5"),
        ("1.234,56", "1234.56"),
        ("1.234", "1234"),
        ("-1 234 567,8", "-1234567.8"),
        ("1\u{a0}234,5", "1234.5"),
        ("1\u{202f}234", "1234"),
        ("1'234,5", "1234.5"),
        ("1234,5", "1234.5"),
        ("0,5", "0.5"),
        ("5,", "5"),
        ("1.5", "!invalid"),
        ("1.23,4", "!invalid"),
        ("1234.567", "!invalid"),
        ("1.234 567", "!invalid"),
        ("1.234.5", "!invalid"),
        ("0.123", "!invalid"),
        ("1,234,567", "!invalid"),
    ];
    texts(Type::Numeric, &comma, &cases);
    texts(Type::Float8, &comma, &[("1.234,5", "1234.5"), ("1,5e2", "1.5e2")]);
    texts(Type::Bigint, &comma, &[("1.234.567", "1234567"), ("2,00", "2"), ("2,5", "!fraction")]);
    assert_eq!(with(Type::Numeric, comma, Cell::Number("1.5")).as_deref(), Ok("1.5"), "a number of JSON has a point");
    let grouped = CastOptions { grouped: true, ..CastOptions::default() };
    let cases = [
        ("1,234.5", "1234.5"),
        ("1'234.5", "1234.5"),
        ("1,23", "!invalid"),
        ("12,345,678", "12345678"),
        ("1.5", "1.5"),
        ("1,234,56", "!invalid"),
    ];
    texts(Type::Numeric, &grouped, &cases);
}

#[test]
fn floating_point_numbers_are_in_range() {
    let cases = [
        ("1.5", "1.5"),
        ("1e400", "!out_of_range"),
        ("-1e400", "!out_of_range"),
        ("1e-400", "!out_of_range"),
        ("0e-400", "0e-400"),
        ("1e308", "1e308"),
        ("4.9e-324", "4.9e-324"),
        ("inf", "Infinity"),
        ("-Infinity", "-Infinity"),
        ("NaN", "NaN"),
        ("infinite", "!invalid"),
    ];
    texts(Type::Float8, &CastOptions::default(), &cases);
    texts(Type::Float8, &CastOptions::default(), &[(&"9".repeat(400), "!out_of_range")]);
    let cases = [
        (Cell::Float(0.1), "0.1"),
        (Cell::Float(1e16), "1e16"),
        (Cell::Float(f64::MIN_POSITIVE), "2.2250738585072014e-308"),
        (Cell::Float(f64::NEG_INFINITY), "-Infinity"),
        (Cell::Integer(3), "3"),
    ];
    cells(Type::Float8, &cases);
}

#[test]
fn text_takes_everything_but_nul() {
    texts(Type::Text, &CastOptions::default(), &[(" a ", " a "), ("a\0b", "!nul")]);
    let cases = [
        (Cell::Number("1.50"), "1.50"),
        (Cell::Integer(-5), "-5"),
        (Cell::Boolean(false), "false"),
        (Cell::Date(0), "1970-01-01"),
        (Cell::Time(1_500_000), "00:00:01.5"),
        (Cell::Timestamp(-1), "1969-12-31 23:59:59.999999"),
        (Cell::Instant(0), "1970-01-01 00:00:00+00"),
        (Cell::Json("{\"a\": 1}"), "{\"a\": 1}"),
        (Cell::Bytes(b"\x01\xff"), "\\x01ff"),
        (Cell::Uuid([0x11; 16]), "11111111-1111-1111-1111-111111111111"),
        (Cell::Date(i32::MAX), "!out_of_range"),
    ];
    cells(Type::Text, &cases);
}

#[test]
fn dates_are_iso_unless_formats_say_otherwise() {
    let cases = [
        ("2024-03-05", "2024-03-05"),
        ("20240305", "2024-03-05"),
        ("2024/3/5", "2024-03-05"),
        ("2024-03-05T00:00:00.000", "2024-03-05"),
        ("0001-01-01", "0001-01-01"),
        ("2024-03-05 12:00", "!time"),
        ("2024-03-05T00:00:00Z", "!offset"),
        ("2023-02-29", "!out_of_range"),
        ("0000-01-01", "!out_of_range"),
        ("2024-03/05", "!invalid"),
        ("05/03/2024", "!invalid"),
        ("202403051", "!invalid"),
        ("24-03-05", "!invalid"),
        ("2024-03-05x", "!invalid"),
        ("12:00", "!invalid"),
        ("today", "!invalid"),
    ];
    texts(Type::Date, &CastOptions::default(), &cases);
    let cases = [("5/3/2024", "2024-03-05"), ("05.03.24", "2024-03-05"), ("31/02/2024", "!out_of_range"), ("2024-03-05", "!invalid")];
    texts(Type::Date, &formats(&["%d/%m/%Y", "%d.%m.%y"]), &cases);
    let cases = [("5 MAR 2024", "2024-03-05"), ("5 March 2024", "2024-03-05"), ("5 Mär 2024", "!invalid")];
    texts(Type::Date, &formats(&["%d %b %Y"]), &cases);
    texts(Type::Date, &formats(&["%m/%d/%y"]), &[("12/31/69", "1969-12-31"), ("12/31/68", "2068-12-31")]);
    let cases = [
        (Cell::Date(19787), "2024-03-05"),
        (Cell::Timestamp(0), "1970-01-01"),
        (Cell::Timestamp(1), "!time"),
        (Cell::Instant(0), "!offset"),
    ];
    cells(Type::Date, &cases);
    cells(Type::Date, &[(Cell::Integer(20_240_305), "!type"), (Cell::Date(i32::MIN), "!out_of_range"), (Cell::Time(0), "!invalid")]);
    assert_eq!(with(Type::Date, formats(&["%Y%m%d"]), Cell::Integer(20_240_305)).as_deref(), Ok("2024-03-05"));
    assert_eq!(with(Type::Date, formats(&["%Y%m%d"]), Cell::Number("20240305")).as_deref(), Ok("2024-03-05"));
}

#[test]
fn a_timestamp_has_no_offset() {
    let cases = [
        ("2024-03-05T12:30", "2024-03-05 12:30:00"),
        ("2024-03-05 12:30:05.123456789", "2024-03-05 12:30:05.123456"),
        ("2024-03-05 9:05:00,5", "2024-03-05 09:05:00.5"),
        ("20240305T123005", "2024-03-05 12:30:05"),
        ("2024-03-05", "2024-03-05 00:00:00"),
        ("2024-03-05T12:30:00Z", "!offset"),
        ("2024-03-05 12:30:00+01:00", "!offset"),
        ("2024-03-05 24:00:00", "!out_of_range"),
        ("2024-03-05 12:60", "!out_of_range"),
        ("2024-03-05 12:30:05.1234567890", "!invalid"),
        ("2024-03-05 12", "!invalid"),
        ("2024-03-05  12:00", "!invalid"),
        ("now", "!invalid"),
    ];
    texts(Type::Timestamp, &CastOptions::default(), &cases);
    texts(
        Type::Timestamp,
        &formats(&["%m/%d/%Y %I:%M:%S %p"]),
        &[
            ("3/5/2024 12:00:00 am", "2024-03-05 00:00:00"),
            ("3/5/2024 1:00:00 PM", "2024-03-05 13:00:00"),
            ("3/5/2024 13:00:00 PM", "!out_of_range"),
        ],
    );
    cells(
        Type::Timestamp,
        &[(Cell::Timestamp(1_500_000), "1970-01-01 00:00:01.5"), (Cell::Date(1), "1970-01-02 00:00:00"), (Cell::Instant(0), "!offset")],
    );
}

#[test]
fn a_point_in_time_has_an_offset_or_the_zone_of_the_column() {
    let cases = [
        ("2024-03-05T12:00:00Z", "2024-03-05 12:00:00+00"),
        ("2024-03-05 12:00:00 UTC", "2024-03-05 12:00:00+00"),
        ("2024-03-05 12:00:00+0100", "2024-03-05 12:00:00+01:00"),
        ("2024-03-05 12:00:00 -03:30", "2024-03-05 12:00:00-03:30"),
        ("2024-03-05 12:00:00-05", "2024-03-05 12:00:00-05:00"),
        ("2024-03-05 12:00:00", "2024-03-05 12:00:00+00"),
        ("2024-03-05", "2024-03-05 00:00:00+00"),
        ("2024-03-05 12:00:00+16", "!out_of_range"),
        ("2024-03-05 12:00:00 CET", "!invalid"),
        ("2024-03-05Z", "!invalid"),
    ];
    texts(Type::Timestamptz, &CastOptions::default(), &cases);
    let madrid = CastOptions { timezone: Some("Europe/Madrid".to_owned()), ..formats(&["%d.%m.%Y %H:%M", "%d.%m.%Y %H:%M%z"]) };
    let cases = [("05.03.2024 12:00", "2024-03-05 12:00:00 Europe/Madrid"), ("05.03.2024 12:00+02:00", "2024-03-05 12:00:00+02:00")];
    texts(Type::Timestamptz, &madrid, &cases);
    assert_eq!(with(Type::Timestamptz, madrid, Cell::Instant(0)).as_deref(), Ok("1970-01-01 00:00:00+00"));
    cells(
        Type::Timestamptz,
        &[(Cell::Timestamp(0), "1970-01-01 00:00:00+00"), (Cell::Instant(i64::MAX), "!out_of_range"), (Cell::Time(0), "!invalid")],
    );
}

#[test]
fn a_time_has_no_day() {
    let cases = [
        ("12:30", "12:30:00"),
        ("9:05:01.5", "09:05:01.5"),
        ("12:30Z", "!offset"),
        ("2024-03-05 12:30", "!day"),
        ("25:00", "!out_of_range"),
        ("1230", "!invalid"),
    ];
    texts(Type::Time, &CastOptions::default(), &cases);
    texts(Type::Time, &formats(&["%I:%M %p", "%H%M%S"]), &[("12:30 PM", "12:30:00"), ("093000", "09:30:00"), ("93000", "!invalid")]);
    cells(Type::Time, &[(Cell::Time(1), "00:00:00.000001"), (Cell::Time(-1), "!out_of_range"), (Cell::Timestamp(0), "!day")]);
}

#[test]
fn uuids_have_hyphens_where_they_belong_or_none() {
    let plain = "0123456789abcdef0123456789abcdef";
    let written = "01234567-89ab-cdef-0123-456789abcdef";
    let upper = written.to_uppercase();
    let braced = format!("{{{upper}}}");
    let cases = [(plain, written), (written, written), (&upper, written), (&braced, written)];
    texts(Type::Uuid, &CastOptions::default(), &cases);
    for text in [
        "0123456789abcdef",
        "01234567-89ab-cdef-0123-456789abcde",
        "0123456-789ab-cdef-0123-456789abcdef",
        &braced[1..],
        &(written.to_owned() + "0"),
        "{",
    ] {
        assert_eq!(cast(Type::Uuid, Cell::Text(text)), Err("invalid"), "{text}");
    }
    cells(
        Type::Uuid,
        &[
            (Cell::Bytes(&[0; 16]), "00000000-0000-0000-0000-000000000000"),
            (Cell::Bytes(&[0; 15]), "!invalid"),
            (Cell::Integer(1), "!type"),
        ],
    );
}

#[test]
fn jsonb_takes_json_within_its_limits() {
    let deep = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
    let cases = [
        (" {\"a\":[1,true,null]} ", "{\"a\":[1,true,null]}"),
        ("\"\\u00e9 \\ud83d\\ude00 \\\\u0000\"", "\"\\u00e9 \\ud83d\\ude00 \\\\u0000\""),
        ("{a:1}", "!invalid"),
        ("{\"a\":1} x", "!invalid"),
        ("\"\\u0000\"", "!nul"),
        ("\"\\ud83d\"", "!surrogate"),
        ("\"\\ud83dx\"", "!surrogate"),
        ("\"\\ude00\\ud83d\"", "!surrogate"),
        ("[1e2000]", "!too_long"),
        ("[1e99999999999]", "!too_long"),
        ("{\"e9999\":-1.5e+10}", "{\"e9999\":-1.5e+10}"),
        (&deep(limits::JSON_DEPTH), &deep(limits::JSON_DEPTH)),
        (&deep(limits::JSON_DEPTH + 1), "!too_deep"),
        (&deep(100_000), "!too_deep"),
    ];
    texts(Type::Jsonb, &CastOptions::default(), &cases);
    let cases = [
        (Cell::Json("[1]"), "[1]"),
        (Cell::Json("[\"\\u0000\"]"), "!nul"),
        (Cell::Number("1.50"), "1.50"),
        (Cell::Boolean(true), "true"),
        (Cell::Float(1.5), "1.5"),
        (Cell::Float(f64::NAN), "\"NaN\""),
        (Cell::Date(0), "\"1970-01-01\""),
        (Cell::Bytes(b"\x01"), "\"\\\\x01\""),
    ];
    cells(Type::Jsonb, &cases);
}

#[test]
fn bytes_are_hexadecimal_or_those_of_the_text() {
    let cases = [("\\xDEad", "\\xdead"), ("0x01", "\\x01"), ("0xyz", "\\x3078797a"), ("\\x1", "\\x5c7831"), ("é", "\\xc3a9")];
    texts(Type::Bytea, &CastOptions::default(), &cases);
    cells(Type::Bytea, &[(Cell::Bytes(&[0, 255]), "\\x00ff"), (Cell::Integer(1), "!type")]);
}

#[test]
fn options_that_do_not_fit_are_refused() {
    let zone = |name: &str| CastOptions { timezone: Some(name.to_owned()), ..CastOptions::default() };
    for name in ["BC", "CET", "", "Europe/", "/", "Europe/Madrid x", "infinity", "a/'b", &"A/".repeat(50)] {
        assert!(Cast::with(Type::Timestamptz, zone(name)).is_err(), "{name}");
    }
    for name in ["UTC", "Europe/Madrid", "America/Argentina/Buenos_Aires", "Etc/GMT+5", "America/Port-au-Prince"] {
        assert!(Cast::with(Type::Timestamptz, zone(name)).is_ok(), "{name}");
    }
    assert!(Cast::with(Type::Text, formats(&["%Y-%m-%d"])).is_err());
    assert!(Cast::with(Type::Timestamp, formats(&["%Y-%m-%d %H%z"])).is_err());
}

#[test]
fn any_text_is_a_value_or_an_error() {
    const PIECES: [&str; 30] = [
        "0", "1", "9", "2024", "-", "+", ".", ",", ":", "/", "e", "E", "T", "Z", " ", "'", "\u{a0}", "{", "}", "[", "\"", "\\", "\\u0000",
        "\\ud800", "0x", "é", "\0", "PM", "Mar", "NaN",
    ];
    let mut sequence = laws::Sequence(3);
    let patterns = ["%d/%m/%y", "%Y-%m-%dT%H:%M:%S.%f%z", "%d %b %Y %I:%M %p", "%Y%m%d"];
    for _ in 0..30_000 {
        let text: String = (0..sequence.below(12)).map(|_| PIECES[sequence.below(PIECES.len())]).collect();
        let decimal = [Decimal::Point, Decimal::Comma][sequence.below(2)];
        for kind in Type::ALL {
            let is_written = with(kind, CastOptions { decimal, grouped: true, ..CastOptions::default() }, Cell::Text(&text)).is_ok();
            assert!(!is_written || !text.contains('\0') || kind == Type::Bytea, "{kind} of {text:?}");
        }
        let _ = with(Type::Timestamptz, formats(&patterns), Cell::Text(&text));
    }
}
