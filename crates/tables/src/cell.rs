//! What a file holds in one place of a row.

/// A value as the file has it. Readers do not guess: what a file does not type is text.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Cell<'a> {
    /// The row has no such field: a JSON object without the member, a CSV row that is too short.
    Missing,
    /// The file says that there is no value.
    Null,
    /// Text, which may be that of any type: fields of CSV, strings of JSON.
    Text(&'a str),
    /// A number in decimal notation, with every digit that the file has (RFC 8259, section 6).
    Number(&'a str),
    /// A whole number.
    Integer(i64),
    /// A binary floating-point number.
    Float(f64),
    /// True or false.
    Boolean(bool),
    /// A day, counted from 1970-01-01 in the proleptic Gregorian calendar.
    Date(i32),
    /// A time of a day, in microseconds from midnight.
    Time(i64),
    /// A day and a time without time zone, in microseconds from 1970-01-01 00:00.
    Timestamp(i64),
    /// A point in time, in microseconds from 1970-01-01 00:00 UTC.
    Instant(i64),
    /// An object or array, as JSON.
    Json(&'a str),
    /// Bytes.
    Bytes(&'a [u8]),
    /// A UUID (RFC 9562).
    Uuid([u8; 16]),
}

impl Cell<'_> {
    /// Whether there is no value.
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Missing | Self::Null)
    }
}
