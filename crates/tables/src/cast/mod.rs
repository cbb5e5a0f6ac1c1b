<<<<<<< HEAD
//! Cells as values of a type: checked, and written as the database reads them.
//!
//! What is not surely a value of the type is an error: nothing is guessed, and nothing is lost but the digits of a second behind the sixth.

use crate::{Cell, Type, limits};

mod calendar;
mod compare;
mod json;
mod numbers;
mod pattern;
mod plain;
mod times;

pub use compare::compare;
pub use numbers::Decimal;
pub use pattern::Pattern;

use numbers::Notation;
=======
//! Cells as values of a type: checked, and written as the database reads them. What stands here is enough to try mappings with.

use std::cmp::Ordering;
use std::fmt::Write;

use serde::{Deserialize, Serialize};

use crate::{Cell, Type};
>>>>>>> mapping

/// Why a cell is no value of a type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CastError {
    /// Stable, for programs.
    pub code: &'static str,
    /// For people, without the value.
    pub message: String,
}

<<<<<<< HEAD
/// What [`CastError`] says, as long as nobody has to keep it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Fault {
    code: &'static str,
    message: &'static str,
}

impl Fault {
    const TYPE: Self = Self { code: "type", message: "the file has a value of another type, which is none of this one" };
    const NUL: Self = Self { code: "nul", message: "the text has a NUL character, which the database does not take" };

    /// The text is none of the type's.
    const fn invalid(message: &'static str) -> Self {
        Self { code: "invalid", message }
    }

    const fn out_of_range(message: &'static str) -> Self {
        Self { code: "out_of_range", message }
    }
}

impl From<Fault> for CastError {
    fn from(Fault { code, message }: Fault) -> Self {
        Self { code, message: message.to_owned() }
=======
/// What separates the whole of a number from its fraction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Decimal {
    /// `1234.5`
    #[default]
    #[serde(rename = ".")]
    Point,
    /// `1234,5`
    #[serde(rename = ",")]
    Comma,
}

/// A format of dates, times or both.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern(String);

impl Pattern {
    /// Reads a format such as `%d.%m.%Y %H:%M`.
    pub fn parse(format: &str) -> Result<Self, String> {
        if format.contains('%') { Ok(Self(format.to_owned())) } else { Err(format!("format {format:?} has nothing")) }
>>>>>>> mapping
    }
}

/// How a file writes values of a column's type, where that is not the default.
#[derive(Clone, Debug, Default)]
pub struct CastOptions {
    /// Of dates and times, which are tried in this order; where there are none, ISO 8601.
    pub formats: Vec<Pattern>,
    /// The IANA name of the zone of points in time that are written without an offset; where there is none, UTC.
    pub timezone: Option<String>,
    /// What separates the digits behind the point of a number in text.
    pub decimal: Decimal,
<<<<<<< HEAD
    /// Whether a comma, blank or apostrophe may be between groups of three digits where the decimal sign is a point. Where it is a comma, a point, blank or
    /// apostrophe always may.
=======
    /// Whether there may be something between groups of three digits where the decimal sign is a point.
>>>>>>> mapping
    pub grouped: bool,
}

/// How cells become values of a column's type.
#[derive(Clone, Debug)]
pub struct Cast {
    kind: Type,
    options: CastOptions,
}

impl Cast {
    /// Of a type, as it is written by default.
    pub fn new(kind: Type) -> Self {
        Self { kind, options: CastOptions::default() }
    }

<<<<<<< HEAD
    /// Of a type, as the options say. The error says which of them does not fit it. Whether there is a time zone of that name is for the database to say.
    pub fn with(kind: Type, options: CastOptions) -> Result<Self, String> {
        for pattern in &options.formats {
            pattern.fits(kind)?;
        }
        match &options.timezone {
            Some(name) if !is_timezone(name) => Err(format!("{name:?} is no name of a time zone such as Europe/Madrid or UTC")),
            _ => Ok(Self { kind, options }),
        }
    }

    /// The type.
    pub fn kind(&self) -> Type {
        self.kind
=======
    /// Of a type, as the options say.
    pub fn with(kind: Type, options: CastOptions) -> Result<Self, String> {
        Ok(Self { kind, options })
>>>>>>> mapping
    }

    /// Appends the cell's value in the type's text form, unquoted, which PostgreSQL's input function of the type reads alike whatever its settings are. False,
    /// with nothing appended, where it is null. On an error nothing is appended.
<<<<<<< HEAD
    #[inline]
    pub fn write(&self, cell: Cell<'_>, to: &mut String) -> Result<bool, CastError> {
        if cell.is_null() {
            return Ok(false);
        }
        let start = to.len();
        match self.append(cell, to) {
            Ok(()) => Ok(true),
            Err(fault) => {
                to.truncate(start);
                Err(fault.into())
            }
        }
    }

    fn append(&self, cell: Cell<'_>, to: &mut String) -> Result<(), Fault> {
        let CastOptions { decimal, grouped, .. } = self.options;
        let notation = Notation { decimal, grouped };
        match self.kind {
            Type::Boolean => plain::boolean(cell, to),
            Type::Bigint => numbers::bigint(cell, notation, to),
            Type::Numeric => numbers::numeric(cell, notation, to),
            Type::Float8 => numbers::float8(cell, notation, to),
            Type::Text => plain::text(cell, to),
            Type::Date | Type::Timestamp | Type::Timestamptz | Type::Time => times::append(self.kind, cell, &self.options, to),
            Type::Uuid => plain::uuid(cell, to),
            Type::Jsonb => json::jsonb(cell, to),
            Type::Bytea => plain::bytea(cell, to),
=======
    pub fn write(&self, cell: Cell<'_>, to: &mut String) -> Result<bool, CastError> {
        match cell {
            Cell::Missing | Cell::Null => return Ok(false),
            Cell::Text(text) if self.options.decimal == Decimal::Comma && matches!(self.kind, Type::Numeric | Type::Float8) => {
                to.push_str(&text.replace('.', "").replace(',', "."));
            }
            Cell::Text(text) | Cell::Number(text) | Cell::Json(text) => {
                if !self.takes(text) {
                    return Err(CastError { code: "type", message: format!("this is no {}", self.kind) });
                }
                to.push_str(text);
            }
            Cell::Integer(value) | Cell::Instant(value) | Cell::Timestamp(value) | Cell::Time(value) => written(to, value),
            Cell::Float(value) => written(to, value),
            Cell::Boolean(value) => written(to, value),
            Cell::Date(value) => written(to, value),
            Cell::Bytes(_) | Cell::Uuid(_) => return Err(CastError { code: "type", message: format!("this is no {}", self.kind) }),
        }
        Ok(true)
    }

    fn takes(&self, text: &str) -> bool {
        match self.kind {
            Type::Bigint => text.parse::<i64>().is_ok(),
            Type::Numeric | Type::Float8 => {
                let digits = text.strip_prefix('-').unwrap_or(text);
                !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
            }
            Type::Boolean => matches!(text, "true" | "false"),
            Type::Date => text.as_bytes().get(4) == Some(&b'-'),
            Type::Jsonb => text.starts_with(['{', '[', '"', '-', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 't', 'f', 'n']),
            _ => !text.contains('\0'),
>>>>>>> mapping
        }
    }
}

<<<<<<< HEAD
/// Whether it can be a name in the IANA's database that PostgreSQL reads behind a time. Of those without a slash only two are: others it takes for
/// abbreviations, which stand for an offset whatever the season (CET), or for something else (BC).
fn is_timezone(name: &str) -> bool {
    let is_part = |part: &str| {
        part.starts_with(|first: char| first.is_ascii_alphabetic())
            && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'+'))
    };
    name.len() <= limits::TIMEZONE && (matches!(name, "UTC" | "GMT") || name.contains('/') && name.split('/').all(is_part))
}

#[cfg(test)]
mod tests;
=======
fn written(to: &mut String, value: impl std::fmt::Display) {
    let _ = write!(to, "{value}");
}

/// How two values of a type are ordered.
pub fn compare(kind: Type, a: &str, b: &str) -> Option<Ordering> {
    match kind {
        Type::Boolean | Type::Uuid | Type::Jsonb | Type::Bytea => None,
        Type::Bigint => Some(a.parse::<i64>().ok()?.cmp(&b.parse().ok()?)),
        Type::Numeric | Type::Float8 => a.parse::<f64>().ok()?.partial_cmp(&b.parse().ok()?),
        _ => Some(a.cmp(b)),
    }
}
>>>>>>> mapping
