//! Cells as values of a type: checked, and written as the database reads them. What stands here is enough to try mappings with.

use std::cmp::Ordering;
use std::fmt::Write;

use serde::{Deserialize, Serialize};

use crate::{Cell, Type};

/// Why a cell is no value of a type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CastError {
    /// Stable, for programs.
    pub code: &'static str,
    /// For people, without the value.
    pub message: String,
}

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
    /// Whether there may be something between groups of three digits where the decimal sign is a point.
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

    /// Of a type, as the options say.
    pub fn with(kind: Type, options: CastOptions) -> Result<Self, String> {
        Ok(Self { kind, options })
    }

    /// Appends the cell's value in the type's text form, unquoted, which PostgreSQL's input function of the type reads alike whatever its settings are. False,
    /// with nothing appended, where it is null. On an error nothing is appended.
    pub fn write(&self, cell: Cell<'_>, to: &mut String) -> Result<bool, CastError> {
        match cell {
            Cell::Missing | Cell::Null => return Ok(false),
            Cell::Text(text) if self.options.decimal == Decimal::Comma && matches!(self.kind, Type::Numeric | Type::Float8) => {
                to.push_str(&text.replace('.', "").replace(',', "."));
            }
            Cell::Text(text) | Cell::Number(text) | Cell::Json(text) => {
                if !self.takes(text) {
                    return Err(CastError { code: "invalid", message: format!("this is no {}", self.kind) });
                }
                to.push_str(text);
            }
            Cell::Integer(value) | Cell::Instant(value) | Cell::Timestamp(value) | Cell::Time(value) => written(to, value),
            Cell::Float(value) => written(to, value),
            Cell::Boolean(value) => written(to, value),
            Cell::Date(value) => written(to, value),
            Cell::Bytes(_) | Cell::Uuid(_) => return Err(CastError { code: "invalid", message: format!("this is no {}", self.kind) }),
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
        }
    }
}

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
