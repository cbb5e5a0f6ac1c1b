use std::sync::Arc;

use ::parquet::basic::{Compression, Encoding};
use ::parquet::data_type::{BoolType, ByteArray, ByteArrayType, DoubleType, FixedLenByteArrayType, Int32Type, Int64Type, Int96, Int96Type};
use ::parquet::file::properties::{WriterProperties, WriterPropertiesBuilder, WriterVersion};
use ::parquet::file::writer::{SerializedColumnWriter, SerializedFileWriter};
use ::parquet::schema::parser::parse_message_type;
use laws::{Cuts, Seen};

use super::*;

/// Writes a file: `write` gets the row group and the column.
fn file(
    schema: &str,
    properties: WriterPropertiesBuilder,
    groups: usize,
    write: impl Fn(usize, usize, &mut SerializedColumnWriter<'_>),
) -> Vec<u8> {
    let schema = Arc::new(parse_message_type(schema).expect("a schema"));
    let mut bytes = Vec::new();
    let mut writer = SerializedFileWriter::new(&mut bytes, schema, Arc::new(properties.build())).expect("a writer");
    for group in 0..groups {
        let mut row_group = writer.next_row_group().expect("a row group");
        let mut index = 0;
        while let Some(mut column) = row_group.next_column().expect("a column") {
            write(group, index, &mut column);
            column.close().expect("a column");
            index += 1;
        }
        row_group.close().expect("a row group");
    }
    writer.close().expect("a file");
    bytes
}

/// Reads rows in pieces, with a new reader after each row if `suspended`.
fn read_from(mut reader: Reader, bytes: &[u8], mut cuts: Cuts, suspended: bool) -> Seen<(u64, u64, String), ReadError> {
    let mut seen = Seen::default();
    let mut progress = 0;
    loop {
        let now = reader.progress();
        assert!((progress..=bytes.len() as u64).contains(&now), "progress goes from {progress} to {now}");
        progress = now;
        let text = match reader.next() {
            Ok(RowStep::Row) => reader.raw(),
            Ok(RowStep::Bad { code, .. }) => code.to_owned(),
            Ok(RowStep::Working) => continue,
            Ok(RowStep::End) => {
                assert_eq!(reader.progress(), bytes.len() as u64);
                return seen;
            }
            Ok(RowStep::NeedInput) => {
                let piece = cuts.piece(bytes, reader.position());
                assert!(reader.wanted().start == reader.position());
                if piece.is_empty() {
                    reader.end_of_input();
                } else {
                    reader.feed(piece);
                }
                continue;
            }
            Err(error) => {
                seen.error = Some(error);
                return seen;
            }
        };
        seen.items.push((reader.offset(), reader.line(), text));
        if suspended {
            let checkpoint = reader.checkpoint();
            assert!(checkpoint.len() <= limits::CHECKPOINT);
            // It knows how far it is when it has read the footer again.
            progress = 0;
            reader = Reader::resume(bytes.len() as u64, &checkpoint).expect("a checkpoint");
        }
    }
}

fn read(bytes: &[u8]) -> Seen<(u64, u64, String), ReadError> {
    read_from(Reader::new(bytes.len() as u64), bytes, Cuts::none(), false)
}

/// One that has no room for dictionaries.
fn tight(bytes: &[u8]) -> Reader {
    Reader { tight: 0, ..Reader::new(bytes.len() as u64) }
}

fn rows(bytes: &[u8]) -> Vec<String> {
    let seen = read(bytes);
    assert_eq!(seen.error, None);
    seen.items.into_iter().map(|(_, _, row)| row).collect()
}

fn error(bytes: &[u8]) -> ReadError {
    read(bytes).error.expect("an error")
}

const ROWS: i64 = 20;
const MIXED: &str = "message m {
    required int64 id; optional binary name (UTF8); optional double price; required int32 amount (DECIMAL(9,2)); optional boolean ok;
    optional fixed_len_byte_array(16) key (UUID); optional group tags (LIST) { repeated group list { optional binary element (UTF8); } } }";

fn name(row: i64) -> String {
    format!("n{}", row % 3)
}

fn write_mixed(group: usize, column: usize, writer: &mut SerializedColumnWriter<'_>) {
    let ids: Vec<i64> = (0..ROWS).map(|row| row + ROWS * i64::try_from(group).expect("few groups")).collect();
    // Of an optional column, every fourth value is null.
    let def: Vec<i16> = ids.iter().map(|id| i16::from(id % 4 != 0)).collect();
    let there = || ids.iter().filter(|id| **id % 4 != 0);
    let text = |id: &i64| ByteArray::from(name(*id).into_bytes());
    match column {
        0 => writer.typed::<Int64Type>().write_batch(&ids, None, None),
        1 => writer.typed::<ByteArrayType>().write_batch(&there().map(text).collect::<Vec<_>>(), Some(&def), None),
        2 => writer.typed::<DoubleType>().write_batch(
            &there().map(|id| f64::from(i32::try_from(*id).expect("small")) / 4.0).collect::<Vec<_>>(),
            Some(&def),
            None,
        ),
        3 => writer.typed::<Int32Type>().write_batch(
            &ids.iter().map(|id| i32::try_from(*id).expect("small") - 5).collect::<Vec<_>>(),
            None,
            None,
        ),
        4 => writer.typed::<BoolType>().write_batch(&there().map(|id| id % 2 == 0).collect::<Vec<_>>(), Some(&def), None),
        5 => {
            let keys: Vec<_> = there().map(|id| vec![u8::try_from(*id).expect("small"); 16].into()).collect();
            writer.typed::<FixedLenByteArrayType>().write_batch(&keys, Some(&def), None)
        }
        // Null, an empty list, a null in a list, two values: in turn.
        _ => {
            let (mut def, mut rep, mut values) = (Vec::new(), Vec::new(), Vec::new());
            for id in &ids {
                let levels: &[(i16, i16)] =
                    [&[(0, 0)][..], &[(1, 0)], &[(2, 0)], &[(3, 0), (3, 1)]][usize::try_from(id % 4).expect("small")];
                def.extend(levels.iter().map(|(def, _)| *def));
                rep.extend(levels.iter().map(|(_, rep)| *rep));
                values.extend(levels.iter().filter(|(def, _)| *def == 3).map(|_| text(id)));
            }
            writer.typed::<ByteArrayType>().write_batch(&values, Some(&def), Some(&rep))
        }
    }
    .expect("values");
}

fn mixed_row(id: i64) -> String {
    let there = id % 4 != 0;
    let optional = |text: String| if there { text } else { "null".to_owned() };
    let price = optional(format!("{:?}", f64::from(i32::try_from(id).expect("small")) / 4.0));
    let amount = format!("{}{}.{:02}", if id < 5 { "-" } else { "" }, (id - 5).abs() / 100, (id - 5).abs() % 100);
    let uuid = format!("{id:02x}").repeat(16);
    let uuid = optional(format!("\"{}-{}-{}-{}-{}\"", &uuid[..8], &uuid[..4], &uuid[..4], &uuid[..4], &uuid[..12]));
    let tag = name(id);
    let tags = ["null".to_owned(), "[]".into(), "[null]".into(), format!("[\"{tag}\",\"{tag}\"]")][usize::try_from(id % 4).expect("small")]
        .clone();
    let (name, ok) = (optional(format!("\"{}\"", name(id))), optional((id % 2 == 0).to_string()));
    format!("{{\"id\":{id},\"name\":{name},\"price\":{price},\"amount\":{amount},\"ok\":{ok},\"key\":{uuid},\"tags\":{tags}}}")
}

/// Pages of three rows.
fn small_pages() -> WriterPropertiesBuilder {
    WriterProperties::builder().set_data_page_row_count_limit(3).set_write_batch_size(1)
}

fn mixed(properties: WriterPropertiesBuilder) -> Vec<u8> {
    file(MIXED, properties, 2, write_mixed)
}

#[test]
fn rows_are_the_same_in_whatever_way_they_are_written() {
    let expected: Vec<_> = (0..2 * ROWS).map(mixed_row).collect();
    for version in [WriterVersion::PARQUET_1_0, WriterVersion::PARQUET_2_0] {
        for compression in [Compression::UNCOMPRESSED, Compression::SNAPPY] {
            let properties = || small_pages().set_writer_version(version).set_compression(compression);
            let plain = || properties().set_dictionary_enabled(false);
            let delta = plain()
                .set_column_encoding("id".into(), Encoding::DELTA_BINARY_PACKED)
                .set_column_encoding("name".into(), Encoding::DELTA_BYTE_ARRAY)
                .set_column_encoding("ok".into(), Encoding::RLE)
                .set_column_encoding("key".into(), Encoding::DELTA_BYTE_ARRAY);
            let split = plain()
                .set_column_encoding("id".into(), Encoding::BYTE_STREAM_SPLIT)
                .set_column_encoding("price".into(), Encoding::BYTE_STREAM_SPLIT)
                .set_column_encoding("key".into(), Encoding::BYTE_STREAM_SPLIT)
                .set_column_encoding("name".into(), Encoding::DELTA_LENGTH_BYTE_ARRAY);
            for properties in [properties(), plain(), delta, split] {
                let bytes = mixed(properties);
                assert_eq!(rows(&bytes), expected, "{version:?} {compression:?}");
                assert_eq!(read_from(tight(&bytes), &bytes, Cuts::of(&bytes, 300), false), read(&bytes));
            }
        }
    }
}

#[test]
fn rows_depend_neither_on_cuts_nor_on_where_it_is_resumed() {
    for version in [WriterVersion::PARQUET_1_0, WriterVersion::PARQUET_2_0] {
        let bytes = mixed(small_pages().set_writer_version(version));
        laws::obeys(&bytes, |cuts, suspended| read_from(Reader::new(bytes.len() as u64), &bytes, cuts, suspended));
        let seen = read(&bytes);
        assert_eq!(seen.items.len(), 40);
        assert!(seen.items.iter().zip(0..).all(|((offset, line, _), row)| *offset == row && *line == row + 1));
    }
}

#[test]
fn row_groups_can_be_read_one_by_one() {
    let bytes = mixed(small_pages());
    let size = bytes.len() as u64;
    let mut reader = Reader::new(size);
    assert_eq!((reader.row_groups(), reader.names().len(), reader.position()), (None, 0, 0));
    reader.feed(&bytes);
    reader.end_of_input();
    assert_eq!(reader.next(), Ok(RowStep::NeedInput), "what is wanted is where the first column is, though it was there already");
    assert_eq!(reader.names(), ["id", "name", "price", "amount", "ok", "key", "tags"]);
    let groups = reader.row_groups().expect("the footer");
    assert_eq!(groups.iter().map(|group| (group.first_row, group.rows)).collect::<Vec<_>>(), [(0, 20), (20, 20)]);
    assert_eq!(groups[0].start, 4);
    assert!(groups[1].start >= 4 + groups[0].bytes && groups[1].start + groups[1].bytes < size);
    let whole = read(&bytes).items;
    for (groups, rows) in [(0..1, 0..20), (1..2, 20..40), (0..2, 0..40), (1..9, 20..40), (2..9, 40..40), (1..1, 0..0)] {
        for suspended in [false, true] {
            let seen = read_from(Reader::of_groups(size, groups.clone()), &bytes, Cuts::of(&bytes, 300), suspended);
            assert_eq!((seen.items.as_slice(), seen.error), (&whole[rows.clone()], None), "{groups:?}");
        }
    }
}

#[test]
fn types_are_cells() {
    let schema = "message m { required int32 day (DATE); required int64 at (TIMESTAMP(MILLIS,true)); required int64 local (TIMESTAMP(NANOS,false));
        required int32 time (TIME(MILLIS,true)); required int96 old; required int64 large (INTEGER(64,false)); required int32 small (INTEGER(8,false));
        required binary json (JSON); required binary bytes; required fixed_len_byte_array(3) decimal (DECIMAL(6,1)); required float single; }";
    let bytes = file(schema, WriterProperties::builder(), 1, |_, column, writer| {
        let bytes = |text: &[u8]| ByteArray::from(text.to_vec());
        match column {
            0 => writer.typed::<Int32Type>().write_batch(&[-1], None, None),
            1 => writer.typed::<Int64Type>().write_batch(&[1], None, None),
            2 => writer.typed::<Int64Type>().write_batch(&[1999], None, None),
            3 => writer.typed::<Int32Type>().write_batch(&[5], None, None),
            4 => {
                let mut old = Int96::new();
                old.set_data(0, 0, 2_440_589);
                writer.typed::<Int96Type>().write_batch(&[old], None, None)
            }
            5 => writer.typed::<Int64Type>().write_batch(&[-1], None, None),
            6 => writer.typed::<Int32Type>().write_batch(&[255], None, None),
            7 => writer.typed::<ByteArrayType>().write_batch(&[bytes(b"{\"a\":1}")], None, None),
            8 => writer.typed::<ByteArrayType>().write_batch(&[bytes(b"text")], None, None),
            9 => writer.typed::<FixedLenByteArrayType>().write_batch(&[vec![0xff, 0xff, 0xf6].into()], None, None),
            _ => writer.typed::<::parquet::data_type::FloatType>().write_batch(&[0.5], None, None),
        }
        .expect("values");
    });
    let mut reader = Reader::new(bytes.len() as u64);
    loop {
        match reader.next().expect("a row") {
            RowStep::Row => break,
            _ => reader.feed(&bytes[usize::try_from(reader.position()).expect("a place")..]),
        }
    }
    let mut cells = Vec::new();
    reader.cells(|_, cell| cells.push(cell));
    let expected = [
        Cell::Date(-1),
        Cell::Instant(1000),
        Cell::Timestamp(1),
        Cell::Time(5000),
        Cell::Timestamp(86_400_000_000),
        Cell::Number("18446744073709551615"),
        Cell::Integer(255),
        Cell::Json("{\"a\":1}"),
        Cell::Bytes(b"text"),
        Cell::Number("-1.0"),
        Cell::Float(0.5),
    ];
    assert_eq!(cells, expected);
}

#[test]
fn nested_columns_are_json() {
    let schema = "message m { optional group s { required int32 a; optional group b { optional int32 c; } }
        optional group names (MAP) { repeated group key_value { required binary key (UTF8); optional int32 value; } }
        required group numbers (MAP) { repeated group key_value { required int32 key; required int32 value; } } repeated int32 bare; }";
    let bytes = file(schema, WriterProperties::builder(), 1, |_, column, writer| {
        let texts = ["x", "y\""].map(|text| ByteArray::from(text.as_bytes().to_vec()));
        // Three rows; def and rep of each entry.
        let (def, rep): (&[i16], &[i16]) = match column {
            0 => (&[1, 1, 0], &[0, 0, 0]),
            1 => (&[3, 1, 0], &[0, 0, 0]),
            2 => (&[2, 2, 1, 0], &[0, 1, 0, 0]),
            3 => (&[3, 2, 1, 0], &[0, 1, 0, 0]),
            _ => (&[1, 1, 0, 1], &[0, 1, 0, 0]),
        };
        if column == 2 {
            writer.typed::<ByteArrayType>().write_batch(&texts, Some(def), Some(rep))
        } else {
            let count = [2, 1, 2, 1, 3, 3, 3][column];
            writer.typed::<Int32Type>().write_batch(&[7, 8, 9][..count], Some(def), Some(rep))
        }
        .expect("values");
    });
    assert_eq!(
        rows(&bytes),
        [
            r#"{"s":{"a":7,"b":{"c":7}},"names":{"x":7,"y\"":null},"numbers":[{"key":7,"value":7},{"key":8,"value":8}],"bare":[7,8]}"#,
            r#"{"s":{"a":8,"b":null},"names":{},"numbers":[],"bare":[]}"#,
            r#"{"s":null,"names":null,"numbers":[{"key":9,"value":9}],"bare":[9]}"#,
        ]
    );
}

/// A number as Thrift writes it.
fn number(value: i64) -> Vec<u8> {
    let mut rest = ((value << 1) ^ (value >> 63)).cast_unsigned();
    let mut bytes = Vec::new();
    while rest > 0x7f {
        bytes.push(rest.to_le_bytes()[0] | 0x80);
        rest >>= 7;
    }
    bytes.push(rest.to_le_bytes()[0]);
    bytes
}

/// The header of a page: its type, its sizes, the number of its structure, and the numbers that are the structure's first fields.
fn header(kind: i64, size: i64, compressed: i64, structure: u8, fields: &[i64]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for value in [kind, size, compressed] {
        bytes.push(0x15);
        bytes.extend(number(value));
    }
    bytes.push(((structure - 3) << 4) | 0x0c);
    for value in fields {
        bytes.push(0x15);
        bytes.extend(number(*value));
    }
    bytes.extend([0, 0]);
    bytes
}

/// Where the footer is.
fn footer(bytes: &[u8]) -> std::ops::Range<usize> {
    let end = bytes.len() - END;
    end - usize::try_from(u32::from_le_bytes(bytes[end..end + 4].try_into().expect("four"))).expect("small")..end
}

/// The file with other pages in place of its own.
fn forged(bytes: &[u8], pages: &[u8]) -> Vec<u8> {
    [&bytes[..4], pages, &bytes[footer(bytes).start..]].concat()
}

fn one_column(schema: &str, values: &[i32], def: Option<&[i16]>, rep: Option<&[i16]>) -> Vec<u8> {
    let properties = WriterProperties::builder().set_dictionary_enabled(false);
    file(schema, properties, 1, |_, _, writer| {
        writer.typed::<Int32Type>().write_batch(values, def, rep).expect("values");
    })
}

#[test]
fn headers_of_pages_that_lie_are_errors_and_allocate_nothing() {
    use ReadErrorKind::{LimitExceeded, NotThisFormat, Syntax, Truncated};
    let bytes = one_column("message m { required int32 a; }", &[1, 2, 3, 4], None, None);
    let values = [1_i32, 2, 3, 4].map(i32::to_le_bytes).concat();
    let page = |header: Vec<u8>| forged(&bytes, &[header, values.clone()].concat());
    let most = i64::from(i32::MAX);
    assert_eq!(rows(&page(header(0, 16, 16, 5, &[4, 0, 3, 3]))).len(), 4);
    assert_eq!(rows(&page(header(3, 16, 16, 8, &[4, 0, 4, 0, 0, 0]))).len(), 4);
    for (what, bytes, kind, message) in [
        (
            "size",
            page(header(0, most, 16, 5, &[4, 0, 3, 3])),
            LimitExceeded,
            "column a: it has a page of 2147483647 bytes, at most 33554432",
        ),
        ("compressed size", page(header(0, 16, most, 5, &[4, 0, 3, 3])), LimitExceeded, "smaller pages"),
        ("size of uncompressed bytes", page(header(0, 17, 16, 5, &[4, 0, 3, 3])), Syntax, "not of the size"),
        ("end", page(header(0, 16, 30_000, 5, &[4, 0, 3, 3])), Syntax, "behind the end of the file"),
        ("negative size", page(header(0, -1, 16, 5, &[4, 0, 3, 3])), Syntax, "negative count"),
        ("values", page(header(0, 16, 16, 5, &[most, 0, 3, 3])), Syntax, "it has 2147483647 values, and 4 are left"),
        ("negative values", page(header(0, 16, 16, 5, &[-4, 0, 3, 3])), Syntax, "negative count"),
        ("wide values", page(header(0, 16, 16, 5, &[1 << 40, 0, 3, 3])), Syntax, "more than 32 bits"),
        ("fewer values", page([header(0, 12, 12, 5, &[4, 0, 3, 3])].concat()), Syntax, "ends before its values"),
        ("encoding", page(header(0, 16, 16, 5, &[4, 77, 3, 3])), NotThisFormat, "encoding 77"),
        ("dictionary", page(header(0, 16, 16, 5, &[4, 8, 3, 3])), Syntax, "dictionary that is not there"),
        ("size of the dictionary", page(header(2, 16, 16, 7, &[most, 0])), Syntax, "dictionary ends before its 2147483647 values"),
        ("deltas", page(header(0, 16, 16, 5, &[4, 5, 3, 3])), Syntax, "deltas"),
        ("levels", page(header(3, 16, 16, 8, &[4, 0, 4, 0, most, most])), Syntax, "levels"),
        ("type", page(header(0, 16, 16, 7, &[4, 0])), Syntax, "no type"),
        (
            "fewer pages",
            page([header(0, 8, 8, 5, &[2, 0, 3, 3]), values[..8].to_vec(), header(0, 4, 4, 5, &[1, 0, 3, 3])].concat()),
            Syntax,
            "",
        ),
        ("nothing", forged(&bytes, &[]), Syntax, ""),
        ("no end", [&bytes[..4], &[0x15; 20], &bytes[bytes.len() - 8..]].concat(), NotThisFormat, "no Parquet file"),
    ] {
        let error = error(&bytes);
        assert_eq!((error.kind, error.message.contains(message)), (kind, true), "{what}: {error}");
    }
    let cut = read_from(Reader::new(bytes.len() as u64 + 9), &bytes, Cuts::none(), false).error.expect("an error");
    assert_eq!(cut.kind, Truncated);
}

#[test]
fn columns_that_disagree_on_the_rows_are_errors() {
    let schema = "message m { required int32 a; required int32 b; }";
    let of = |count: [usize; 2]| {
        let schema = Arc::new(parse_message_type(schema).expect("a schema"));
        let mut bytes = Vec::new();
        let mut writer = SerializedFileWriter::new(&mut bytes, schema, Arc::default()).expect("a writer");
        let mut group = writer.next_row_group().expect("a row group");
        for count in count {
            let mut column = group.next_column().expect("a column").expect("a column");
            column.typed::<Int32Type>().write_batch(&vec![1; count], None, None).expect("values");
            // The writer knows that they have to be as many.
            if column.close().is_err() {
                return None;
            }
        }
        group.close().expect("a row group");
        writer.close().expect("a file");
        Some(bytes)
    };
    let bytes = of([3, 3]).expect("a file");
    assert_eq!((rows(&bytes).len(), of([3, 2])), (3, None));
    // Field 5 of the columns' metadata, and field 3 of the row group: 3 of each.
    let footer = footer(&bytes);
    let threes: Vec<_> = footer.filter(|at| bytes[*at - 1..=*at] == [0x16, 6]).collect();
    assert!(threes.len() >= 3, "{threes:?}");
    let mut wrong = 0;
    for at in threes {
        for value in [4, 8] {
            let mut changed = bytes.clone();
            changed[at] = value;
            wrong += usize::from(read(&changed).error.is_some_and(|error| error.message.contains("rows than its row group")));
        }
    }
    assert!(wrong >= 3, "{wrong}");
}

#[test]
fn rows_may_go_on_in_the_next_page() {
    let schema = "message m { optional group l (LIST) { repeated group list { required int32 element; } } }";
    let bytes = one_column(schema, &[1, 2, 3], Some(&[2, 2, 2, 0]), Some(&[0, 1, 1, 0]));
    let expected = [r#"{"l":[1,2,3]}"#, r#"{"l":null}"#];
    assert_eq!(rows(&bytes), expected);
    // Levels: their length, then one packed group. Repetition 0 1, and 1 0; definition 2 2, and 2 0.
    let page = |rep: u8, def: [u8; 2], values: &[i32]| {
        let values = values.iter().flat_map(|value| value.to_le_bytes());
        let page: Vec<_> = [2, 0, 0, 0, 3, rep, 3, 0, 0, 0, 3, def[0], def[1]].into_iter().chain(values).collect();
        let length = i64::try_from(page.len()).expect("small");
        [header(0, length, length, 5, &[2, 0, 3, 3]), page].concat()
    };
    let pages = [page(0b10, [0b1010, 0], &[1, 2]), page(0b01, [0b0010, 0], &[3])].concat();
    let bytes = forged(&bytes, &pages);
    assert_eq!(rows(&bytes), expected);
    laws::obeys(&bytes, |cuts, suspended| read_from(Reader::new(bytes.len() as u64), &bytes, cuts, suspended));
}

#[test]
fn files_that_are_not_read_say_why() {
    let bytes = mixed(small_pages());
    let with_end = |end: &[u8]| [&bytes[..bytes.len() - 4], end].concat();
    for (bytes, message) in [
        (Vec::new(), "no Parquet file"),
        (b"PAR1".to_vec(), "no Parquet file"),
        (b"PAR1PAR1PAR1".to_vec(), "no Parquet file"),
        (with_end(b"PARE"), "encrypted"),
        (with_end(b"ORC1"), "no Parquet file"),
        (b"PAR1\0\0\0\0\0PAR1".to_vec(), "the footer ends in the middle"),
        (b"PAR1\0\x01\0\0\0PAR1".to_vec(), "the footer has no schema"),
    ] {
        let error = error(&bytes);
        assert!(error.message.contains(message), "{error}");
    }
}

#[test]
fn files_that_are_changed_do_no_harm() {
    let bytes = file(MIXED, small_pages(), 1, write_mixed);
    for at in 0..bytes.len() {
        for value in [0xff, bytes[at] ^ 0x10] {
            let mut changed = bytes.clone();
            changed[at] = value;
            let seen = read(&changed);
            assert!(seen.items.len() <= 1000, "{at}");
            let tight = read_from(tight(&changed), &changed, Cuts::none(), false);
            assert_eq!((tight.items, tight.error.is_some()), (seen.items, seen.error.is_some()), "{at}");
        }
    }
}

#[test]
fn large_pages_and_rows_are_refused_with_their_sizes() {
    const MIB: usize = 1024 * 1024;
    let properties = || WriterProperties::builder().set_dictionary_enabled(false).set_compression(Compression::SNAPPY);
    let schema = "message m { required binary a; required binary b; required binary c; }";
    let large = |sizes: [usize; 2]| {
        file(schema, properties().set_data_page_row_count_limit(1).set_write_batch_size(1), 1, |_, _, writer| {
            let values = sizes.map(|size| ByteArray::from(vec![b'x'; size]));
            writer.typed::<ByteArrayType>().write_batch(&values, None, None).expect("values");
        })
    };
    let seen = read(&large([6 * MIB, 1]));
    assert_eq!(seen.error, None);
    assert_eq!((seen.items[0].2.as_str(), seen.items[1].2.as_str()), ("row_too_large", r#"{"a":"\\x78","b":"\\x78","c":"\\x78"}"#));
    assert!(error(&large([24 * MIB, 1])).message.contains("the pages of all columns have more than 67108864 bytes"));
    assert!(error(&large([33 * MIB, 1])).message.contains("at most 33554432 are read"));
    let seen = read(&large([MIB / 4, 1]));
    assert!(seen.items[0].2.len() <= limits::RAW, "what is shown of a row is cut");
}

#[test]
fn pages_that_are_done_are_not_read_again() {
    let bytes = mixed(small_pages());
    let mut reader = Reader::new(bytes.len() as u64);
    let (mut fed, mut done) = (0, 0);
    let mut count = |reader: &mut Reader, rows: u64| {
        while done < rows {
            match reader.next().expect("a row") {
                RowStep::Row => done += 1,
                RowStep::NeedInput => {
                    let wanted = reader.wanted();
                    assert_eq!(wanted.start, reader.position());
                    let piece = &bytes[usize::try_from(wanted.start).expect("a place")..usize::try_from(wanted.end).expect("a place")];
                    fed += piece.len();
                    reader.feed(piece);
                }
                _ => {}
            }
        }
    };
    count(&mut reader, 39);
    let before = reader.work();
    let mut resumed = Reader::resume(bytes.len() as u64, &reader.checkpoint()).expect("a checkpoint");
    count(&mut resumed, 40);
    let footer = footer(&bytes).len() as u64;
    let (resumed_work, before) = (resumed.work() - footer, before - footer);
    assert!(resumed_work * 3 < before, "{resumed_work} against {before}");
    assert_eq!(resumed.raw(), mixed_row(39));
    assert!(Reader::resume(1, b"").is_err());
}

#[test]
fn a_step_does_little() {
    const VALUES: i64 = 200_000;
    let properties = WriterProperties::builder().set_dictionary_enabled(false).set_data_page_row_count_limit(usize::MAX);
    let bytes = file("message m { required int64 a; }", properties.set_data_page_size_limit(usize::MAX), 1, |_, _, writer| {
        writer.typed::<Int64Type>().write_batch(&(0..VALUES).collect::<Vec<_>>(), None, None).expect("values");
    });
    // Most of its only page is passed.
    let place = Place { group: 0, done: VALUES.cast_unsigned() - 1, last: 1 };
    let mut reader = Reader::at(bytes.len() as u64, place);
    let (mut rows, mut working) = (0, 0);
    loop {
        match reader.next().expect("a row") {
            RowStep::Row => rows += 1,
            RowStep::Working => working += 1,
            RowStep::NeedInput => reader.feed(&bytes[usize::try_from(reader.position()).expect("a place")..]),
            RowStep::Bad { .. } => {}
            RowStep::End => break,
        }
    }
    assert_eq!((rows, working), (1, 4), "64 Ki values a step, after the one that decompresses the page");
}
