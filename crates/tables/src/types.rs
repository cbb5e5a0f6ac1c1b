//! The types that columns of a dataset have: those of PostgreSQL by their SQL names.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A type of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Type {
    /// True or false.
    Boolean,
    /// A whole number of 64 bits.
    Bigint,
    /// A decimal number with every digit.
    Numeric,
    /// A binary floating-point number of 64 bits.
    Float8,
    /// Text in UTF-8, without NUL.
    Text,
    /// A day.
    Date,
    /// A day and a time, without time zone.
    Timestamp,
    /// A point in time.
    Timestamptz,
    /// A time of a day.
    Time,
    /// A UUID.
    Uuid,
    /// JSON.
    Jsonb,
    /// Bytes.
    Bytea,
}

impl Type {
    /// All of them.
    pub const ALL: [Self; 12] = [
        Self::Boolean,
        Self::Bigint,
        Self::Numeric,
        Self::Float8,
        Self::Text,
        Self::Date,
        Self::Timestamp,
        Self::Timestamptz,
        Self::Time,
        Self::Uuid,
        Self::Jsonb,
        Self::Bytea,
    ];

    /// Its name in SQL, in mappings and in the API.
    pub fn name(self) -> &'static str {
        match self {
            Self::Boolean => "boolean",
            Self::Bigint => "bigint",
            Self::Numeric => "numeric",
            Self::Float8 => "float8",
            Self::Text => "text",
            Self::Date => "date",
            Self::Timestamp => "timestamp",
            Self::Timestamptz => "timestamptz",
            Self::Time => "time",
            Self::Uuid => "uuid",
            Self::Jsonb => "jsonb",
            Self::Bytea => "bytea",
        }
    }
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_that_are_written() {
        for kind in Type::ALL {
            assert_eq!(serde_json::to_value(kind).expect("a name"), kind.name());
        }
    }
}
