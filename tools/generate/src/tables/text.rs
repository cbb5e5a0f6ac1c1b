//! Tables as text: CSV (RFC 4180) and JSON (RFC 8259).

use std::fmt::Write as _;
use std::io::{self, Write};

use super::order::{Hundredths, Order, Orders};
use super::{TABLE_COLUMNS, day};

/// Writes CSV with a header. Texts are in quotes where they have to be; what has no value is empty.
pub(super) fn csv(mut orders: Orders, out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "{}", TABLE_COLUMNS.map(|(name, _)| name).join(","))?;
    let mut line = String::new();
    while let Some(order) = orders.next() {
        line.clear();
        csv_line(order, &mut line);
        out.write_all(line.as_bytes())?;
    }
    Ok(())
}

fn csv_line(order: &Order, line: &mut String) {
    let Order { id, country, quantity, .. } = order;
    let _ = write!(line, "{id},");
    csv_text(&order.customer, line);
    let _ = write!(line, ",{country},");
    csv_text(&order.product, line);
    let _ = write!(line, ",{quantity},{},", order.price());
    csv_value(order.discount.map(Hundredths::from), line);
    let _ = write!(line, ",{},", order.ordered_on());
    csv_value(order.shipped_at(), line);
    line.push(',');
    csv_text(order.note.as_deref().unwrap_or_default(), line);
    line.push('\n');
}

fn csv_value(value: Option<impl std::fmt::Display>, line: &mut String) {
    if let Some(value) = value {
        let _ = write!(line, "{value}");
    }
}

fn csv_text(text: &str, line: &mut String) {
    if text.contains(['"', ',', '\n', '\r']) {
        line.push('"');
        line.push_str(&text.replace('"', "\"\""));
        line.push('"');
    } else {
        line.push_str(text);
    }
}

/// Writes an object a line.
pub(super) fn json_lines(orders: Orders, out: &mut impl Write) -> io::Result<()> {
    objects(orders, out, "\n")?;
    out.write_all(b"\n")
}

/// Writes an array of objects.
pub(super) fn json_array(orders: Orders, out: &mut impl Write) -> io::Result<()> {
    out.write_all(b"[")?;
    objects(orders, out, ",\n")?;
    out.write_all(b"]\n")
}

fn objects(mut orders: Orders, out: &mut impl Write, separator: &str) -> io::Result<()> {
    let mut line = String::new();
    while let Some(order) = orders.next() {
        let is_first = line.is_empty();
        line.clear();
        line.push_str(if is_first { "" } else { separator });
        json_object(order, &mut line)?;
        out.write_all(line.as_bytes())?;
    }
    Ok(())
}

fn json_object(order: &Order, line: &mut String) -> io::Result<()> {
    let (customer, product) = (serde_json::to_string(&order.customer)?, serde_json::to_string(&order.product)?);
    let note = serde_json::to_string(&order.note)?;
    let Order { id, country, quantity, .. } = order;
    let _ = write!(line, r#"{{"id":{id},"customer":{customer},"country":"{country}","product":{product},"quantity":{quantity},"#);
    let (price, discount) = (order.price(), or_null(order.discount.map(Hundredths::from)));
    let shipped = order.shipped_at().map_or_else(|| "null".to_owned(), |at: day::Instant| format!("\"{at}\""));
    let ordered = order.ordered_on();
    let _ = write!(line, r#""price":{price},"discount":{discount},"ordered_on":"{ordered}","shipped_at":{shipped},"note":{note}}}"#);
    Ok(())
}

fn or_null(value: Option<impl std::fmt::Display>) -> String {
    value.map_or_else(|| "null".to_owned(), |value| value.to_string())
}
