//! The order of values.

use std::cmp::Ordering;

use super::numbers::parts;
use super::times::iso;
use crate::Type;

/// How two values of a type are ordered, of which both texts were [written](super::Cast::write): as the database orders them, text by its bytes. None for
/// types without an order that says something, and for points in time of which the zone is known to the database alone.
pub fn compare(kind: Type, a: &str, b: &str) -> Option<Ordering> {
    match kind {
        Type::Bigint => Some(a.parse::<i64>().ok()?.cmp(&b.parse().ok()?)),
        Type::Numeric => match (a == "NaN", b == "NaN") {
            (false, false) => Some(Number::of(a)?.order(&Number::of(b)?)),
            (a, b) => Some(a.cmp(&b)),
        },
        Type::Float8 => float_order(a.parse().ok()?, b.parse().ok()?),
        Type::Text | Type::Date | Type::Timestamp | Type::Time => Some(a.cmp(b)),
        Type::Timestamptz => Some(iso(a).ok()?.instant()?.cmp(&iso(b).ok()?.instant()?)),
        Type::Boolean | Type::Uuid | Type::Jsonb | Type::Bytea => None,
    }
}

/// Not a number is the largest, and the same as itself.
fn float_order(a: f64, b: f64) -> Option<Ordering> {
    if a.is_nan() || b.is_nan() { Some(a.is_nan().cmp(&b.is_nan())) } else { a.partial_cmp(&b) }
}

/// A decimal number.
struct Number<'a> {
    is_negative: bool,
    whole: &'a str,
    fraction: &'a str,
    /// The power of ten above the first digit that is not zero; none for zero.
    power: Option<i64>,
}

impl<'a> Number<'a> {
    fn of(text: &'a str) -> Option<Self> {
        let (is_negative, whole, fraction, exponent) = parts(text)?;
        let zeros = whole.bytes().chain(fraction.bytes()).position(|digit| digit != b'0');
        let power = |zeros| Some(i64::try_from(whole.len()).ok()? - i64::try_from(zeros).ok()? + i64::from(exponent));
        Some(Self { is_negative: is_negative && zeros.is_some(), whole, fraction, power: zeros.and_then(power) })
    }

    fn digits(&self) -> impl Iterator<Item = u8> {
        self.whole.bytes().chain(self.fraction.bytes()).skip_while(|digit| *digit == b'0')
    }

    fn order(&self, other: &Self) -> Ordering {
        let sign = other.is_negative.cmp(&self.is_negative);
        let size = || self.power.cmp(&other.power).then_with(|| self.order_digits(other));
        sign.then_with(|| if self.is_negative { size().reverse() } else { size() })
    }

    fn order_digits(&self, other: &Self) -> Ordering {
        let (mut a, mut b) = (self.digits(), other.digits());
        loop {
            match (a.next(), b.next()) {
                (None, None) => return Ordering::Equal,
                (a, b) => match a.unwrap_or(b'0').cmp(&b.unwrap_or(b'0')) {
                    Ordering::Equal => {}
                    order => return order,
                },
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ascending(kind: Type, values: &[&str]) {
        for (i, a) in values.iter().enumerate() {
            for (j, b) in values.iter().enumerate() {
                assert_eq!(compare(kind, a, b), Some(i.cmp(&j)), "{a} {b}");
            }
        }
    }

    #[test]
    fn values_are_ordered_as_the_database_orders_them() {
        ascending(Type::Bigint, &["-9223372036854775808", "-10", "-9", "0", "9", "10"]);
        let numbers =
            ["-1e3", "-10.01", "-10", "-0.5", "0", "1e-1000", "0.1", "0.10000000000000000000001", "9.99", "10", "1.01e1", "1e900", "NaN"];
        ascending(Type::Numeric, &numbers);
        ascending(Type::Float8, &["-Infinity", "-1e300", "0", "1.5", "1e16", "Infinity", "NaN"]);
        ascending(Type::Date, &["0001-01-01", "2024-03-05", "9999-12-31"]);
        ascending(Type::Timestamp, &["2024-03-05 12:00:00", "2024-03-05 12:00:00.25", "2024-03-05 12:00:00.3", "2024-03-05 12:00:01"]);
        ascending(Type::Timestamptz, &["2024-03-05 12:30:00+01:00", "2024-03-05 12:00:00+00", "2024-03-05 09:30:00-03:30"]);
        ascending(Type::Text, &["", "B", "a", "é"]);
    }

    #[test]
    fn the_same_number_may_be_written_in_several_ways() {
        for (a, b) in [("0", "-0"), ("0", "0.000"), ("1e3", "1000.00"), ("12.5", "1.25e1"), ("0.001", "1e-3")] {
            assert_eq!(compare(Type::Numeric, a, b), Some(Ordering::Equal), "{a} {b}");
        }
    }

    #[test]
    fn what_has_no_order_here_is_not_ordered() {
        assert_eq!(compare(Type::Timestamptz, "2024-03-05 12:00:00 Europe/Madrid", "2024-03-05 12:00:00+00"), None);
        assert_eq!(compare(Type::Jsonb, "1", "2"), None);
    }
}
