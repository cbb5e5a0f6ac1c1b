//! Values that found no column, as a JSON object: what the database keeps of a row as `_rescued`.

use crate::{Cast, Cell, Type};

/// Hexadecimal digits.
const RADIX: u32 = 16;
const DIGIT: u8 = 0xf;
const DIGIT_BITS: u32 = 4;

/// A JSON object in the making; empty where nothing was added.
#[derive(Debug, Default)]
pub(super) struct Rescued {
    json: String,
    scratch: String,
}

/// The name of a member, as it is written.
pub(super) fn key(name: &str) -> String {
    let mut key = String::new();
    string(name, &mut key);
    key.push(':');
    key
}

impl Rescued {
    pub(super) fn clear(&mut self) {
        self.json.clear();
    }

    /// Adds a value under a [`key`].
    pub(super) fn add(&mut self, key: &str, cell: Cell<'_>) {
        self.json.push(if self.json.is_empty() { '{' } else { ',' });
        self.json.push_str(key);
        self.value(cell);
    }

    /// How long it is by now.
    pub(super) fn bytes(&self) -> usize {
        self.json.len()
    }

    /// The object, or nothing.
    pub(super) fn finish(&mut self) -> &str {
        if !self.json.is_empty() {
            self.json.push('}');
        }
        &self.json
    }

    fn value(&mut self, cell: Cell<'_>) {
        match cell {
            Cell::Missing | Cell::Null => self.json.push_str("null"),
            Cell::Text(text) => string(text, &mut self.json),
            Cell::Number(_) | Cell::Integer(_) | Cell::Float(_) | Cell::Boolean(_) | Cell::Json(_) => {
                // Not all that is JSON is something that the database takes for it: such a value is kept as text.
                if !matches!(Cast::new(Type::Jsonb).write(cell, &mut self.json), Ok(true)) {
                    self.text(Type::Text, cell);
                }
            }
            Cell::Bytes(_) => self.text(Type::Bytea, cell),
            Cell::Date(_) | Cell::Time(_) | Cell::Timestamp(_) | Cell::Instant(_) | Cell::Uuid(_) => self.text(Type::Text, cell),
        }
    }

    /// As text, in the form of a type.
    fn text(&mut self, kind: Type, cell: Cell<'_>) {
        self.scratch.clear();
        let written = Cast::new(kind).write(cell, &mut self.scratch);
        match (written, cell) {
            (Ok(true), _) => string(&self.scratch, &mut self.json),
            // A day or a time that no calendar of the database has: the number that the file has.
            (_, Cell::Date(days)) => self.text(Type::Text, Cell::Integer(days.into())),
            (_, Cell::Time(micros) | Cell::Timestamp(micros) | Cell::Instant(micros)) => self.text(Type::Text, Cell::Integer(micros)),
            (_, Cell::Json(text)) => string(text, &mut self.json),
            _ => self.json.push_str("null"),
        }
    }
}

/// A JSON string. The database has no NUL in texts, so the character that stands for what cannot be shown takes its place.
fn string(text: &str, to: &mut String) {
    to.push('"');
    let mut rest = text;
    while let Some(at) = rest.bytes().position(|byte| byte < b' ' || byte == b'"' || byte == b'\\') {
        let (before, after) = rest.split_at(at);
        to.push_str(before);
        match after.as_bytes().first().copied().unwrap_or_default() {
            0 => to.push('\u{fffd}'),
            b'\n' => to.push_str("\\n"),
            b'\r' => to.push_str("\\r"),
            b'\t' => to.push_str("\\t"),
            byte @ (b'"' | b'\\') => to.extend(['\\', char::from(byte)]),
            byte => {
                to.push_str("\\u00");
                hexadecimal(byte, to);
            }
        }
        rest = &after[1..];
    }
    to.push_str(rest);
    to.push('"');
}

/// A byte in two digits.
pub(super) fn hexadecimal(byte: u8, to: &mut String) {
    to.extend([byte >> DIGIT_BITS, byte & DIGIT].into_iter().filter_map(|digit| char::from_digit(digit.into(), RADIX)));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_json_that_the_database_takes() {
        let text = "a\"b\\c\n\r\t\u{1}\u{1f}\u{7f}é\u{1f600}";
        let mut json = String::new();
        string(text, &mut json);
        assert_eq!(serde_json::from_str::<String>(&json).expect("JSON"), text);
        json.clear();
        string("a\0b", &mut json);
        assert_eq!(json, "\"a\u{fffd}b\"");
    }

    #[test]
    fn an_object_has_what_was_added() {
        let mut rescued = Rescued::default();
        assert_eq!(rescued.finish(), "");
        rescued.add(&key("a \"b\""), Cell::Text("x"));
        rescued.add(&key("n"), Cell::Number("1.50"));
        rescued.add(&key("i"), Cell::Integer(-7));
        rescued.add(&key("t"), Cell::Boolean(true));
        rescued.add(&key("j"), Cell::Json("{\"a\": [1]}"));
        assert_eq!(rescued.finish(), r#"{"a \"b\"":"x","n":1.50,"i":-7,"t":true,"j":{"a": [1]}}"#);
    }
}
