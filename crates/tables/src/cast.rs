//! Cells as values of a type: checked, and written as the database reads them. What stands here is enough to try mappings with.

use std::cmp::Ordering;
use std::fmt::Write;

use crate::{Cell, Type};

/// Why a cell is no value of a type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CastError {
    /// Stable, for programs.
    pub code: &'static str,
    /// For people, without the value.
    pub message: String,
}

/// How cells become values of a column's type.
#[derive(Clone, Debug)]
pub struct Cast {
    kind: Type,
}

impl Cast {
    /// Of a type, as it is written by default.
    pub fn new(kind: Type) -> Self {
        Self { kind }
    }

    /// Appends the cell's value in the type's text form, unquoted, which PostgreSQL's input function of the type reads alike whatever its settings are. False,
    /// with nothing appended, where it is null. On an error nothing is appended.
    pub fn write(&self, cell: Cell<'_>, to: &mut String) -> Result<bool, CastError> {
        match cell {
            Cell::Missing | Cell::Null => return Ok(false),
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
        }
    }
}

fn written(to: &mut String, value: impl std::fmt::Display) {
    let _ = write!(to, "{value}");
}

/// How two values of a type are ordered.
pub(crate) fn compare(kind: Type, a: &str, b: &str) -> Option<Ordering> {
    match kind {
        Type::Jsonb => None,
        Type::Bigint => Some(a.parse::<i64>().ok()?.cmp(&b.parse().ok()?)),
        Type::Numeric | Type::Float8 => a.parse::<f64>().ok()?.partial_cmp(&b.parse().ok()?),
        _ => Some(a.cmp(b)),
    }
}
