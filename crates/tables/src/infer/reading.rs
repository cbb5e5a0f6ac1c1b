//! What values of a column may be, each checked by the cast that would be proposed.

use std::sync::LazyLock;

use crate::cast::{Cast, CastOptions, Decimal, Pattern};
use crate::{Cell, Type};

/// Orders of day, month and year that are told from one another, with every separator that is known.
pub(super) const ORDERS: [&str; 21] = [
    "%d/%m/%Y",
    "%m/%d/%Y",
    "%d/%m/%y",
    "%m/%d/%y",
    "%y/%m/%d",
    "%d.%m.%Y",
    "%m.%d.%Y",
    "%d.%m.%y",
    "%m.%d.%y",
    "%y.%m.%d",
    "%Y.%m.%d",
    "%d-%m-%Y",
    "%m-%d-%Y",
    "%d-%m-%y",
    "%m-%d-%y",
    "%y-%m-%d",
    "%d %b %Y",
    "%d-%b-%Y",
    "%d/%b/%Y",
    "%d-%b-%y",
    "%b %d, %Y",
];

/// What follows a day: nothing, or a time.
pub(super) const SUFFIXES: [&str; 8] =
    ["", " %H:%M", " %H:%M:%S", " %H:%M:%S.%f", " %I:%M %p", " %I:%M:%S %p", "T%H:%M:%S", "T%H:%M:%S.%f"];

/// Times of half a day.
pub(super) const HALF_DAY_TIMES: [&str; 2] = ["%I:%M %p", "%I:%M:%S %p"];

/// Whole numbers of so many digits are exact in float8.
const EXACT_DIGITS: usize = 15;
const EXACT: u64 = 1 << 53;
/// Characters of a UUID with its hyphens.
const UUID: usize = 36;

/// What a column may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reading {
    Boolean,
    Bigint,
    Numeric,
    /// With a decimal comma.
    Comma,
    Float8,
    Date,
    Timestamp,
    Timestamptz,
    /// Points in time of which some have no offset.
    Mixed,
    Time,
    HalfDayTime,
    /// An index in [`ORDERS`].
    Order(u8),
    Uuid,
    Jsonb,
    Bytea,
}

impl Reading {
    /// All of them, the narrowest first.
    pub(super) fn all() -> Vec<Self> {
        use Reading::{
            Bigint, Boolean, Bytea, Comma, Date, Float8, HalfDayTime, Jsonb, Mixed, Numeric, Time, Timestamp, Timestamptz, Uuid,
        };
        let plain = [Boolean, Bigint, Numeric, Comma, Float8, Date, Timestamp, Timestamptz, Mixed, Time, HalfDayTime, Uuid, Jsonb, Bytea];
        let orders = (0_u8..).take(ORDERS.len()).map(Self::Order);
        plain.into_iter().chain(orders).collect()
    }

    pub(super) fn kind(self) -> Type {
        match self {
            Self::Boolean => Type::Boolean,
            Self::Bigint => Type::Bigint,
            Self::Numeric | Self::Comma => Type::Numeric,
            Self::Float8 => Type::Float8,
            Self::Date => Type::Date,
            Self::Timestamp | Self::Order(_) => Type::Timestamp,
            Self::Timestamptz | Self::Mixed => Type::Timestamptz,
            Self::Time | Self::HalfDayTime => Type::Time,
            Self::Uuid => Type::Uuid,
            Self::Jsonb => Type::Jsonb,
            Self::Bytea => Type::Bytea,
        }
    }

    /// Whether a value may be one of these: the cast takes it, and a person would say so.
    pub(super) fn takes(self, cell: Cell<'_>, scratch: &mut String) -> bool {
        let is_natural = match cell {
            Cell::Missing | Cell::Null => return true,
            Cell::Text(text) => self.is_natural_text(text.trim_ascii()),
            Cell::Number(text) => match self {
                Self::Bigint => is_whole(text),
                Self::Numeric | Self::Comma => !has_exponent(text),
                Self::Float8 => is_exact(text),
                _ => self == Self::Jsonb,
            },
            Cell::Integer(number) => match self {
                Self::Float8 => number.unsigned_abs() <= EXACT,
                _ => matches!(self, Self::Bigint | Self::Numeric | Self::Comma | Self::Jsonb),
            },
            Cell::Float(_) => matches!(self, Self::Float8 | Self::Jsonb),
            Cell::Boolean(_) => matches!(self, Self::Boolean | Self::Jsonb),
            Cell::Date(_) => matches!(self, Self::Date | Self::Timestamp | Self::Order(_)),
            Cell::Time(_) => matches!(self, Self::Time | Self::HalfDayTime),
            Cell::Timestamp(_) => matches!(self, Self::Timestamp | Self::Mixed | Self::Order(_)),
            Cell::Instant(_) => matches!(self, Self::Timestamptz | Self::Mixed),
            Cell::Json(_) => self == Self::Jsonb,
            Cell::Bytes(_) => self == Self::Bytea,
            Cell::Uuid(_) => self == Self::Uuid,
        };
        is_natural && self.is_cast(cell, scratch)
    }

    fn is_natural_text(self, text: &str) -> bool {
        match self {
            Self::Boolean => ["true", "false", "t", "f"].iter().any(|word| word.eq_ignore_ascii_case(text)),
            Self::Bigint => is_whole(text),
            Self::Numeric | Self::Comma => is_number(text) && !has_exponent(text) && !text.eq_ignore_ascii_case("nan"),
            Self::Float8 => is_number(text) && is_exact(text),
            Self::Date => !text.contains(':'),
            Self::Uuid => text.trim_matches(['{', '}']).len() == UUID,
            Self::Jsonb => text.starts_with(['{', '[']),
            Self::Bytea => false,
            _ => true,
        }
    }

    fn is_cast(self, cell: Cell<'_>, scratch: &mut String) -> bool {
        let mut is_taken = |cast: &Cast| {
            scratch.clear();
            cast.write(cell, scratch)
        };
        match self {
            Self::Order(_) => self.suffix(cell, scratch).is_some(),
            Self::Timestamptz => {
                let has_offset = is_taken(&CASTS.timestamp).is_err_and(|error| error.code == "offset");
                has_offset && is_taken(&CASTS.timestamptz).is_ok()
            }
            Self::Mixed => is_taken(&CASTS.timestamptz).is_ok(),
            Self::Timestamp => is_taken(&CASTS.timestamp).is_ok(),
            Self::Comma => is_taken(&CASTS.comma).is_ok(),
            Self::HalfDayTime => is_taken(&CASTS.half_day_time).is_ok(),
            _ => is_taken(&Cast::new(self.kind())).is_ok(),
        }
    }

    /// What follows the day in a value that is written in this order, as an index in [`SUFFIXES`].
    pub(super) fn suffix(self, cell: Cell<'_>, scratch: &mut String) -> Option<usize> {
        let Self::Order(order) = self else { return None };
        CASTS.orders.get(usize::from(order))?.iter().position(|cast| {
            scratch.clear();
            cast.write(cell, scratch).is_ok()
        })
    }
}

/// Casts that take longer to make than to use.
struct Casts {
    comma: Cast,
    timestamp: Cast,
    timestamptz: Cast,
    half_day_time: Cast,
    orders: Vec<Vec<Cast>>,
}

static CASTS: LazyLock<Casts> = LazyLock::new(|| Casts {
    comma: with(Type::Numeric, CastOptions { decimal: Decimal::Comma, ..CastOptions::default() }),
    timestamp: Cast::new(Type::Timestamp),
    timestamptz: Cast::new(Type::Timestamptz),
    half_day_time: with(Type::Time, formats(&HALF_DAY_TIMES)),
    orders: ORDERS
        .iter()
        .map(|order| SUFFIXES.iter().map(|suffix| with(Type::Timestamp, formats(&[&format!("{order}{suffix}")]))).collect())
        .collect(),
});

fn with(kind: Type, options: CastOptions) -> Cast {
    Cast::with(kind, options).unwrap_or_else(|_| Cast::new(kind))
}

fn formats(formats: &[&str]) -> CastOptions {
    CastOptions { formats: formats.iter().filter_map(|format| Pattern::parse(format).ok()).collect(), ..CastOptions::default() }
}

fn is_whole(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    is_number(text) && digits.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether it loses nothing as a number: leading zeros and plus signs belong to codes and telephone numbers.
fn is_number(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text).as_bytes();
    !matches!(digits, [b'0', b'0'..=b'9', ..] | [b'+', ..])
}

fn has_exponent(text: &str) -> bool {
    text.contains(['e', 'E'])
}

fn is_exact(text: &str) -> bool {
    !is_whole(text) || text.len() <= EXACT_DIGITS
}
