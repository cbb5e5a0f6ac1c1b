//! Cells as values of a type: checked, and written as the database reads them.
//!
//! What is not surely a value of the type is an error: nothing is guessed, and nothing is lost but the digits of a second behind the sixth.

use crate::{Cell, Type, limits};

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

/// Why a cell is no value of a type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CastError {
    /// Stable, for programs.
    pub code: &'static str,
    /// For people, without the value.
    pub message: String,
}

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
    /// Whether a comma, blank or apostrophe may be between groups of three digits where the decimal sign is a point. Where it is a comma, a point, blank or
    /// apostrophe always may.
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
    }

    /// Appends the cell's value in the type's text form, unquoted, which PostgreSQL's input function of the type reads alike whatever its settings are. False,
    /// with nothing appended, where it is null. On an error nothing is appended.
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
        }
    }
}

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
