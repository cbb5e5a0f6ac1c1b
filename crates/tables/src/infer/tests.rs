//! What is proposed for which columns.

use laws::Sequence;

use super::*;
use crate::{CastOptions, Decimal, Pattern};

fn observed(cells: &[Cell<'_>]) -> Proposal {
    let mut inference = Inference::default();
    for cell in cells {
        inference.observe(*cell);
    }
    inference.proposal()
}

fn texts(texts: &[&str]) -> Proposal {
    let cells: Vec<_> = texts.iter().map(|text| Cell::Text(text)).collect();
    observed(&cells)
}

fn cast_of(proposal: &Proposal) -> Cast {
    let decimal = if proposal.decimal_comma { Decimal::Comma } else { Decimal::Point };
    let formats = proposal.formats.iter().map(|format| Pattern::parse(format).expect("a format")).collect();
    Cast::with(proposal.kind, CastOptions { formats, decimal, ..CastOptions::default() }).expect("options that fit")
}

#[test]
fn text_is_of_the_narrowest_type_that_takes_all() {
    let cases: &[(&[&str], Type)] = &[
        (&[], Type::Text),
        (&["true", "FALSE"], Type::Boolean),
        (&["t", "f", "t"], Type::Boolean),
        (&["t", "t"], Type::Text),
        (&["t", "true"], Type::Text),
        (&["yes", "no"], Type::Text),
        (&["0", "1"], Type::Bigint),
        (&["-12", " 7 ", "0"], Type::Bigint),
        (&["1", "9223372036854775808"], Type::Numeric),
        (&["1", "0.50", "-.5"], Type::Numeric),
        (&["007", "1"], Type::Text),
        (&["00.5"], Type::Text),
        (&["+34600111222"], Type::Text),
        (&["1", "1.5e3"], Type::Float8),
        (&["1.5", "NaN"], Type::Float8),
        (&["-inf", "0"], Type::Float8),
        (&["1e400"], Type::Text),
        (&["9007199254740993", "1e3"], Type::Text),
        (&["2024-03-05", "2024/3/6"], Type::Date),
        (&["20240305"], Type::Bigint),
        (&["2024-03-05", "2024-02-30"], Type::Text),
        (&["2024-03-05", "2024-03-05 12:00"], Type::Timestamp),
        (&["2024-03-05 00:00:00"], Type::Timestamp),
        (&["2024-03-05T12:00:00Z", "2024-03-05 12:00:00+01"], Type::Timestamptz),
        (&["12:30", "23:59:59.5"], Type::Time),
        (&["01234567-89ab-cdef-0123-456789abcdef"], Type::Uuid),
        (&["0123456789abcdef0123456789abcdef"], Type::Text),
        (&["{\"a\":1}", "[]"], Type::Jsonb),
        (&["{\"a\":1}", "{a}"], Type::Text),
        (&["{\"a\":1}", "1"], Type::Text),
        (&["1", "x"], Type::Text),
        (&["1", ""], Type::Text),
    ];
    for (values, kind) in cases {
        let proposal = texts(values);
        assert_eq!((proposal.kind, proposal.ambiguous, proposal.formats.len()), (*kind, None, 0), "{values:?}");
    }
}

#[test]
fn the_sample_decides_the_order_of_a_date_or_nobody_does() {
    let cases: &[(&[&str], Type, &[&str])] = &[
        (&["05/03/2024", "31/12/2024"], Type::Date, &["%d/%m/%Y"]),
        (&["05-03-2024", "12-31-2024"], Type::Date, &["%m-%d-%Y"]),
        (&["1.2.2024 09:05", "31.12.2024"], Type::Timestamp, &["%d.%m.%Y", "%d.%m.%Y %H:%M"]),
        (&["3/14/2024 1:05 PM", "3/4/2024 1:05:06 am"], Type::Timestamp, &["%m/%d/%Y %I:%M %p", "%m/%d/%Y %I:%M:%S %p"]),
        (&["12/25/23"], Type::Date, &["%m/%d/%y"]),
        (&["31.12.99"], Type::Date, &["%d.%m.%y"]),
        (&["99.12.31"], Type::Date, &["%y.%m.%d"]),
        (&["2024.03.05"], Type::Date, &["%Y.%m.%d"]),
        (&["5 Mar 2024", "17 December 2024"], Type::Date, &["%d %b %Y"]),
        (&["03.01.24", "07.02.24", "13.02.23", "21.05.24", "30.06.23"], Type::Date, &["%d.%m.%y"]),
        (&["24.01.03", "24.02.07", "24.02.13", "23.05.21", "23.06.30"], Type::Date, &["%y.%m.%d"]),
        (&["1:05 PM", "11:00:01 am"], Type::Time, &["%I:%M %p", "%I:%M:%S %p"]),
    ];
    for (values, kind, formats) in cases {
        let proposal = texts(values);
        assert_eq!((proposal.kind, proposal.ambiguous), (*kind, None), "{values:?}");
        assert_eq!(proposal.formats, *formats, "{values:?}");
    }
    let reason = |values| {
        let proposal = texts(values);
        assert_eq!((proposal.kind, proposal.formats.len()), (Type::Text, 0), "{values:?}");
        proposal.ambiguous
    };
    assert_eq!(reason(&["05/03/2024", "01/01/2024"]).as_deref(), Some("all values can be read as %d/%m/%Y and as %m/%d/%Y"));
    assert_eq!(reason(&["24.12.31"]).as_deref(), Some("all values can be read as %d.%m.%y and as %y.%m.%d"));
    assert_eq!(reason(&["31/12/2024", "12/31/2024"]), None, "neither order has all");
    assert!(reason(&["2024-03-05 12:00", "2024-03-05 12:00Z"]).is_some_and(|reason| reason.contains("offset")));
}

#[test]
fn a_decimal_comma_is_one_in_every_value() {
    for values in [&["12,5", "3"][..], &["1.234,56", "1,234", "1.234"], &["0,123"], &["-1 234,5"]] {
        let proposal = texts(values);
        assert_eq!((proposal.kind, proposal.decimal_comma), (Type::Numeric, true), "{values:?}");
    }
    for values in [&["1,234,567"][..], &["12,5", "1.5"], &["1.234.567"], &["1,234.5"]] {
        let proposal = texts(values);
        assert_eq!((proposal.kind, proposal.decimal_comma, proposal.ambiguous), (Type::Text, false, None), "{values:?}");
    }
    assert!(texts(&["1,234", "5"]).ambiguous.is_some_and(|reason| reason.contains("thousands")));
}

#[test]
fn what_the_file_types_keeps_its_type() {
    let cases: &[(&[Cell<'_>], Type)] = &[
        (&[Cell::Integer(1), Cell::Null], Type::Bigint),
        (&[Cell::Integer(1), Cell::Float(1.5)], Type::Float8),
        (&[Cell::Number("1"), Cell::Number("1.50")], Type::Numeric),
        (&[Cell::Number("1e5")], Type::Float8),
        (&[Cell::Boolean(true), Cell::Boolean(false)], Type::Boolean),
        (&[Cell::Date(1), Cell::Timestamp(1)], Type::Timestamp),
        (&[Cell::Date(1)], Type::Date),
        (&[Cell::Time(1)], Type::Time),
        (&[Cell::Instant(1)], Type::Timestamptz),
        (&[Cell::Json("{}"), Cell::Number("1")], Type::Jsonb),
        (&[Cell::Json("{}"), Cell::Text("x")], Type::Text),
        (&[Cell::Number("1"), Cell::Boolean(true)], Type::Text),
        (&[Cell::Bytes(b"x")], Type::Bytea),
        (&[Cell::Uuid([0; 16])], Type::Uuid),
        (&[Cell::Null, Cell::Missing], Type::Text),
    ];
    for (cells, kind) in cases {
        assert_eq!(observed(cells).kind, *kind, "{cells:?}");
    }
}

#[test]
fn nulls_are_counted_and_examples_are_few_and_short() {
    let long = "é".repeat(1000);
    let cells = [Cell::Text("a"), Cell::Null, Cell::Text("a"), Cell::Text(&long), Cell::Integer(5), Cell::Text("d")];
    let proposal = observed(&cells);
    assert_eq!((proposal.nulls, proposal.values), (1, 5));
    assert_eq!(proposal.examples, ["a", &"é".repeat(EXAMPLE), "5"]);
}

/// Values of every kind, with digits changed.
fn values(sequence: &mut Sequence) -> Vec<String> {
    const KINDS: [&[&str]; 13] = [
        &["true", "false", "t", "F"],
        &["0", "12", "-7", "9223372036854775807", "99999999999999999999"],
        &["1.5", "0.25", "12", ".5"],
        &["1,5", "1.234,56", "1,234", "12"],
        &["1e5", "1.5", "NaN", "-inf", "7"],
        &["2024-03-05", "2024/1/15", "20240305"],
        &["2024-03-05 12:30:00", "2024-03-05T12:30", "2024-03-05"],
        &["2024-03-05T12:30:00Z", "2024-03-05 12:30:00.5+01:00"],
        &["12:30", "09:05:01.25", "1:05 PM"],
        &["05/03/2024", "15/03/2024", "03/15/2024", "05/03/2024 10:00"],
        &["24.03.15", "15.03.24", "15.03.24 10:00:00"],
        &["01234567-89ab-cdef-0123-456789abcdef", "{01234567-89ab-cdef-0123-456789abcdef}"],
        &["{\"a\":1}", "[1,2]", "{\"b\":\"\\u00e9\"}"],
    ];
    let kind = KINDS[sequence.below(KINDS.len())];
    let count = 1 + sequence.below(6);
    let changed = |sequence: &mut Sequence| -> String {
        let value = kind[sequence.below(kind.len())];
        let digit = |sequence: &mut Sequence| char::from_digit(u32::try_from(sequence.below(10)).expect("a digit"), 10).expect("a digit");
        value.chars().map(|byte| if byte.is_ascii_digit() && sequence.below(6) == 0 { digit(sequence) } else { byte }).collect()
    };
    (0..count).map(|_| changed(sequence)).collect()
}

#[test]
fn what_is_proposed_takes_every_value_that_was_observed() {
    let mut sequence = Sequence(1);
    let mut typed = 0;
    for _ in 0..20_000 {
        let values = values(&mut sequence);
        let typed_cells = [
            Cell::Integer(7),
            Cell::Float(0.5),
            Cell::Boolean(true),
            Cell::Date(9),
            Cell::Timestamp(9),
            Cell::Instant(9),
            Cell::Json("[]"),
        ];
        let mut cells: Vec<_> = values.iter().map(|value| Cell::Text(value)).collect();
        if sequence.below(8) == 0 {
            cells.push(typed_cells[sequence.below(typed_cells.len())]);
        }
        let proposal = observed(&cells);
        typed += usize::from(proposal.kind != Type::Text);
        let cast = cast_of(&proposal);
        for cell in &cells {
            assert_eq!(cast.write(*cell, &mut String::new()), Ok(true), "{proposal:?} of {cell:?}");
        }
    }
    assert!(typed > 5000, "{typed} columns are more than text");
}
