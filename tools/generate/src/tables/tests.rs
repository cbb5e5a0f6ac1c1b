use super::*;

fn table(format: TableFormat, size: TableSize) -> Vec<u8> {
    let mut bytes = Vec::new();
    format.write(size, &mut bytes).expect("a table");
    bytes
}

const SIZE: TableSize = TableSize { rows: 500, first: 1, seed: 1, changed: 0 };

fn text(format: TableFormat, size: TableSize) -> String {
    String::from_utf8(table(format, size)).expect("text")
}

#[test]
fn a_seed_gives_the_same_table_for_ever() {
    let two = text(TableFormat::Csv, TableSize { rows: 2, ..SIZE });
    let expected = [
        "id,customer,country,product,quantity,price,discount,ordered_on,shipped_at,note\n",
        "1,Inés Gruber,US,Steel tea pot 0.75 l,1,208.44,0.30,2015-01-01,2015-01-04T11:04:02Z,\"Call before the delivery; Colour as in the \
         shop window, not as in the picture\"\n",
        "2,Luca Andersson,IT,Waterproof rain coat set of 4,4,269.76,0.15,2015-01-01,2015-01-02T00:52:57Z,\n",
    ];
    assert_eq!(two, expected.concat());
}

#[test]
fn rows_are_as_long_as_those_of_real_tables() {
    let rows = 10_000;
    let bytes = text(TableFormat::Csv, TableSize { rows, ..SIZE }).len() as u64;
    assert!((130..170).contains(&(bytes / rows)), "{} bytes a row", bytes / rows);
}

#[test]
fn some_notes_have_quotes_delimiters_and_line_ends() {
    let csv = text(TableFormat::Csv, TableSize { rows: 5_000, ..SIZE });
    for rough in ["\"\"", "12;34\n", "\r\n", ", please", "\\"] {
        assert!(csv.contains(rough), "{rough:?} is nowhere");
    }
    assert!(csv.lines().count() > 5_001);
}

#[test]
fn every_nth_order_is_changed_and_keeps_its_key() {
    let orders = |changed| {
        let mut orders = Orders::new(TableSize { changed, ..SIZE });
        let mut all = Vec::new();
        while let Some(order) = orders.next() {
            all.push(order.clone());
        }
        all
    };
    let (before, after) = (orders(0), orders(5));
    let changed: Vec<i64> = before.iter().zip(&after).filter(|(before, after)| before != after).map(|(_, after)| after.id).collect();
    assert_eq!(changed, (1..=100).map(|nth| nth * 5).collect::<Vec<_>>());
    assert!(before.iter().zip(&after).all(|(before, after)| before.id == after.id && before.customer == after.customer));
}

#[test]
fn json_holds_the_same_rows_as_lines_and_as_an_array() {
    let lines = text(TableFormat::Jsonl, SIZE);
    let lines: Vec<serde_json::Value> = lines.lines().map(|line| serde_json::from_str(line).expect("an object")).collect();
    let array: Vec<serde_json::Value> = serde_json::from_str(&text(TableFormat::Json, SIZE)).expect("an array");
    assert_eq!(lines, array);
    assert_eq!(array.len(), 500);
    assert!(TABLE_COLUMNS.iter().all(|(name, _)| array[0].get(name).is_some()));
}

#[test]
fn workbooks_have_no_more_rows_than_a_sheet() {
    let size = TableSize { rows: MOST_ROWS_OF_A_SHEET + 1, ..SIZE };
    let error = TableFormat::Xlsx.write(size, &mut Vec::new()).expect_err("too many rows");
    assert!(error.to_string().contains("1048575 rows"));
}
