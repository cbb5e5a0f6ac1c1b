//! Values in a form in which they can be compared: JSON, with dates as ISO 8601.

use serde_json::{Number, Value};
use tables::{Cast, Cell, Type};

/// The part of a number that may be missing: workbooks keep 15 digits of times, which programs count in different units.
const CLOSE: f64 = 1e-14;

/// The value of a cell; none where the row has none.
pub(crate) fn of_cell(cell: Cell<'_>) -> Option<Value> {
    Some(match cell {
        Cell::Missing => return None,
        Cell::Null => Value::Null,
        Cell::Text(text) => Value::String(text.to_owned()),
        Cell::Number(text) => number(text),
        Cell::Integer(number) => number.into(),
        Cell::Float(number) => Number::from_f64(number).map_or_else(|| Value::String(number.to_string()), Value::Number),
        Cell::Boolean(value) => value.into(),
        Cell::Json(text) => serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.to_owned())),
        Cell::Date(_) | Cell::Time(_) | Cell::Timestamp(_) | Cell::Instant(_) | Cell::Bytes(_) | Cell::Uuid(_) => {
            let mut text = String::new();
            match Cast::new(Type::Text).write(cell, &mut text) {
                Ok(_) => Value::String(text),
                Err(error) => Value::String(error.message),
            }
        }
    })
}

/// A number with its digits, where JSON's own would lose some.
fn number(text: &str) -> Value {
    match (text.parse::<i64>(), text.parse::<f64>()) {
        (Ok(number), _) => number.into(),
        (_, Ok(number)) => Number::from_f64(number).map_or_else(|| Value::String(text.to_owned()), Value::Number),
        _ => Value::String(text.to_owned()),
    }
}

/// Whether two values are one: null and no text are, and numbers and dates are however they are written. Of texts (`is_text`) every character counts.
pub(crate) fn is_same(ours: &Value, theirs: &Value, is_text: bool) -> bool {
    match (ours, theirs) {
        (Value::Null, Value::String(text)) | (Value::String(text), Value::Null) => text.is_empty(),
        (Value::Array(ours), Value::Array(theirs)) => {
            ours.len() == theirs.len() && ours.iter().zip(theirs).all(|(a, b)| is_same(a, b, is_text))
        }
        (Value::Object(ours), Value::Object(theirs)) => {
            ours.len() == theirs.len()
                && ours.iter().all(|(name, value)| theirs.get(name).is_some_and(|other| is_same(value, other, is_text)))
        }
        // pyarrow gives a map as a list of pairs, so that one without any is as any empty list.
        (Value::Object(ours), Value::Array(theirs)) => ours.is_empty() && theirs.is_empty(),
        _ if ours == theirs => true,
        _ if is_text => false,
        _ if ours.is_i64() && theirs.is_i64() => false,
        _ => match (numeric(ours), numeric(theirs)) {
            (Some(ours), Some(theirs)) => {
                ours.total_cmp(&theirs).is_eq() || ours.is_nan() && theirs.is_nan() || (ours - theirs).abs() <= CLOSE * ours.abs()
            }
            _ => ours.as_str().zip(theirs.as_str()).is_some_and(|(ours, theirs)| is_same_time(ours, theirs)),
        },
    }
}

fn numeric(value: &Value) -> Option<f64> {
    match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.parse().ok(),
        Value::Object(special) => special.get("float")?.as_str()?.parse().ok(),
        _ => None,
    }
}

/// Whether they are the same but for what ISO 8601 leaves open: a blank or T, a fraction or midnight that may be left out, Z or an offset of none.
fn is_same_time(ours: &str, theirs: &str) -> bool {
    normal_time(ours).is_some_and(|time| normal_time(theirs) == Some(time))
}

fn normal_time(text: &str) -> Option<String> {
    const DATE: usize = 10;
    if !text.starts_with(|first: char| first.is_ascii_digit()) || !text.contains(['-', ':']) {
        return None;
    }
    let mut time = text.replace('T', " ").replace("+00:00", "").replace("+00", "");
    time.truncate(time.trim_end_matches('Z').len());
    if time.contains('.') {
        time.truncate(time.trim_end_matches('0').trim_end_matches('.').len());
    }
    if time.len() > DATE {
        time.truncate(time.strip_suffix(" 00:00:00").map_or(time.len(), str::len));
    }
    Some(time)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn values_are_the_same_however_they_are_written() {
        for (a, b) in [
            (json!(1), json!(1.0)),
            (json!("1.50"), json!(1.5)),
            (json!(null), json!("")),
            (json!("2024-02-29"), json!("2024-02-29 00:00:00")),
            (json!("2024-02-29T10:00:00.500"), json!("2024-02-29 10:00:00.5+00:00")),
            (json!({"a": [1, "x"]}), json!({"a": [1.0, "x"]})),
            (json!("NaN"), json!({"float": "nan"})),
        ] {
            assert!(is_same(&a, &b, false) && is_same(&b, &a, false), "{a} {b}");
        }
        for (a, b) in [(json!("a"), json!("b")), (json!(1), json!(true)), (json!("x"), json!(null)), (json!([1]), json!([1, 2]))] {
            assert!(!is_same(&a, &b, false), "{a} {b}");
        }
        assert!(!is_same(&json!("1.0"), &json!("1"), true));
    }

    #[test]
    fn digits_are_kept_where_json_has_no_room_for_them() {
        assert_eq!(of_cell(Cell::Number("1e999")), Some(json!("1e999")));
        assert_eq!(of_cell(Cell::Number("12")), Some(json!(12)));
        assert_eq!(of_cell(Cell::Missing), None);
    }
}
