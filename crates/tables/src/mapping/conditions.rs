//! What has to hold for a value, said in the document and tried on the value as its type writes it.

use std::cmp::Ordering;

use regex_lite::Regex;

use super::MappingError;
use super::document::{Check, Condition, Range, Scalar};
use super::steps::{pattern, short_enough};
use super::target::Flaw;
use crate::{Cast, Cell, Type, compare};

/// Values between which, or among which, a value has to be.
#[derive(Debug)]
struct Bounds {
    kind: Type,
    /// In order.
    within: Option<Vec<String>>,
    not_in: Vec<String>,
    min: Option<String>,
    max: Option<String>,
}

/// What has to hold for a column's value.
#[derive(Debug)]
pub(super) struct CheckOf {
    bounds: Bounds,
    scale: Option<u32>,
    precision: Option<u32>,
    length: Option<Range>,
    matches: Option<Regex>,
}

/// What has to hold for a row to be taken.
#[derive(Debug)]
pub(super) struct Filter {
    bounds: Bounds,
    is_null: Option<bool>,
}

impl Bounds {
    fn of(kind: Type, path: &str, lists: [Option<&[Scalar]>; 2], ends: [Option<&Scalar>; 2]) -> Result<Self, MappingError> {
        let typed = |value: &Scalar, name: &str| typed(kind, value).map_err(|message| MappingError::new(format!("{path}/{name}"), message));
        let list = |values: Option<&[Scalar]>, name| {
            let mut list = values.unwrap_or_default().iter().map(|value| typed(value, name)).collect::<Result<Vec<_>, _>>()?;
            list.sort_by(|a, b| order(kind, a, b).unwrap_or(Ordering::Equal));
            Ok(list)
        };
        let [within, not_in] = lists;
        let [min, max] = ends;
        if let (Some(_), None, Type::Boolean | Type::Uuid | Type::Bytea) | (_, Some(_), Type::Boolean | Type::Uuid | Type::Bytea) =
            (min, max, kind)
        {
            let name = if min.is_some() { "min" } else { "max" };
            return Err(MappingError::new(format!("{path}/{name}"), format!("values of type {kind} have no order")));
        }
        Ok(Self {
            kind,
            within: within.map(|values| list(Some(values), "in")).transpose()?,
            not_in: list(not_in, "not_in")?,
            min: min.map(|value| typed(value, "min")).transpose()?,
            max: max.map(|value| typed(value, "max")).transpose()?,
        })
    }

    /// What does not hold.
    fn broken(&self, value: &str) -> Option<&'static str> {
        let has = |list: &[String]| list.binary_search_by(|entry| order(self.kind, entry, value).unwrap_or(Ordering::Less)).is_ok();
        let is = |end: &Option<String>, not: Ordering| {
            end.as_ref().is_some_and(|end| order(self.kind, value, end).is_none_or(|order| order == not))
        };
        if self.within.as_ref().is_some_and(|list| !has(list)) {
            return Some("the value is not one of those that may be");
        }
        if !self.not_in.is_empty() && has(&self.not_in) {
            return Some("the value is one of those that may not be");
        }
        if is(&self.min, Ordering::Less) {
            return Some("the value is less than the least that may be");
        }
        is(&self.max, Ordering::Greater).then_some("the value is more than the most that may be")
    }
}

/// The order of values; of those without one, some order, so that the same are found.
fn order(kind: Type, a: &str, b: &str) -> Option<Ordering> {
    match kind {
        Type::Boolean | Type::Uuid | Type::Bytea => Some(a.cmp(b)),
        _ => compare(kind, a, b),
    }
}

/// A value of the document, as the type writes it.
fn typed(kind: Type, value: &Scalar) -> Result<String, String> {
    let (text, mut written) = (value.text(), String::new());
    match Cast::new(kind).write(Cell::Text(&text), &mut written) {
        Ok(true) if order(kind, &written, &written) == Some(Ordering::Equal) => Ok(written),
        Ok(true) => Err(format!("values of type {kind} cannot be compared")),
        Ok(false) => Err("this is no value".to_owned()),
        Err(error) => Err(error.message),
    }
}

impl CheckOf {
    pub(super) fn of(check: &Check, kind: Type, path: &str) -> Result<Self, MappingError> {
        let Check { within, not_in, min, max, scale, precision, length, matches } = check;
        let only = |is_there: bool, name: &str, holds: bool, of: &str| {
            if is_there && !holds {
                Err(MappingError::new(format!("{path}/{name}"), format!("this is for columns of type {of}")))
            } else {
                Ok(())
            }
        };
        only(scale.is_some(), "scale", kind == Type::Numeric, "numeric")?;
        only(precision.is_some(), "precision", matches!(kind, Type::Numeric | Type::Bigint), "numeric or bigint")?;
        only(length.is_some(), "length", kind == Type::Text, "text")?;
        only(matches.is_some(), "matches", kind == Type::Text, "text")?;
        Ok(Self {
            bounds: Bounds::of(kind, path, [within.as_deref(), not_in.as_deref()], [min.as_ref(), max.as_ref()])?,
            scale: *scale,
            precision: *precision,
            length: *length,
            matches: matches.as_ref().map(|text| pattern(text, &format!("{path}/matches"))).transpose()?,
        })
    }

    /// Whether it holds for a value.
    pub(super) fn holds(&self, value: &str) -> Result<(), Flaw> {
        let flaw = |message: &str| Err(Flaw::new("check", message.to_owned()));
        if let Some(message) = self.bounds.broken(value) {
            return flaw(message);
        }
        if self.scale.is_some() || self.precision.is_some() {
            let (whole, decimals) = digits(value);
            if self.scale.is_some_and(|scale| decimals > i64::from(scale)) {
                return flaw("the value has more decimals than may be");
            }
            if self.precision.is_some_and(|precision| whole.max(0) + decimals.max(0) > i64::from(precision)) {
                return flaw("the value has more digits than may be");
            }
        }
        if let Some(Range { min, max }) = self.length {
            let length = u64::try_from(value.chars().count()).unwrap_or(u64::MAX);
            if min.is_some_and(|min| length < min) || max.is_some_and(|max| length > max) {
                return flaw("the value has more or fewer characters than may be");
            }
        }
        if let Some(pattern) = &self.matches {
            short_enough(value)?;
            if !pattern.is_match(value) {
                return flaw("the value does not match the expression");
            }
        }
        Ok(())
    }
}

impl Filter {
    pub(super) fn of(condition: &Condition, kind: Type, path: &str) -> Result<Self, MappingError> {
        let Condition { column: _, within, not_in, equals, is_null, min, max } = condition;
        let mut bounds = Bounds::of(kind, path, [within.as_deref(), not_in.as_deref()], [min.as_ref(), max.as_ref()])?;
        if let Some(value) = equals {
            let value = typed(kind, value).map_err(|message| MappingError::new(format!("{path}/equals"), message))?;
            // Where there is a list as well, the value has to be in both.
            let both =
                bounds.within.as_ref().is_none_or(|list| list.iter().any(|entry| order(kind, entry, &value) == Some(Ordering::Equal)));
            bounds.within = Some(if both { vec![value] } else { Vec::new() });
        }
        Ok(Self { bounds, is_null: *is_null })
    }

    /// Whether it holds for a value, or for none.
    pub(super) fn holds(&self, value: Option<&str>) -> bool {
        let Bounds { within, min, max, .. } = &self.bounds;
        let may_be_null = within.is_none() && min.is_none() && max.is_none();
        self.is_null.is_none_or(|null| null == value.is_none()) && value.map_or(may_be_null, |value| self.bounds.broken(value).is_none())
    }
}

/// How many digits a decimal number has before and after the point, without zeros that say nothing; less than none where it ends, or begins, that far off.
fn digits(value: &str) -> (i64, i64) {
    let (mantissa, exponent) = value.split_once(['e', 'E']).unwrap_or((value, "0"));
    let exponent: i64 = exponent.parse().unwrap_or_default();
    let count = |text: &str| i64::try_from(text.len()).unwrap_or(i64::MAX);
    let mantissa = mantissa.trim_start_matches(['-', '+']);
    if !mantissa.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') {
        return (0, 0);
    }
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let (leading, ending) = (whole.trim_start_matches('0'), fraction.trim_end_matches('0'));
    let zero = leading.is_empty() && ending.is_empty();
    // How far from the point the first and the last digit are that are not zero.
    let first = if leading.is_empty() { -(count(ending) - count(ending.trim_start_matches('0'))) } else { count(leading) };
    let last = if ending.is_empty() { count(whole.trim_end_matches('0')) - count(whole) } else { count(ending) };
    if zero { (0, 0) } else { (first.saturating_add(exponent), last.saturating_sub(exponent)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(kind: Type, check: &str, value: &str) -> bool {
        CheckOf::of(&serde_json::from_str(check).expect(check), kind, "").expect(check).holds(value).is_ok()
    }

    #[test]
    fn checks_say_what_may_be() {
        for (kind, document, good, bad) in [
            (Type::Text, r#"{"in":["b","a"]}"#, vec!["a", "b"], vec!["c", ""]),
            (Type::Text, r#"{"not_in":["b","a"]}"#, vec!["c"], vec!["a"]),
            (Type::Text, r#"{"in":[]}"#, vec![], vec!["a"]),
            (Type::Boolean, r#"{"in":[true]}"#, vec!["true"], vec!["false"]),
            (Type::Bigint, r#"{"in":[10,"9"]}"#, vec!["9", "10"], vec!["1"]),
            (Type::Numeric, r#"{"min":"0","max":9.5}"#, vec!["0", "9.50", "-0"], vec!["-0.1", "9.51", "10"]),
            (Type::Numeric, r#"{"in":[1.5]}"#, vec!["1.5", "1.50"], vec!["1.51"]),
            (Type::Numeric, r#"{"scale":2}"#, vec!["1", "1.25", "-1.2500", "125e-2", "1000e-5"], vec!["1.251", "1e-3"]),
            (Type::Numeric, r#"{"precision":3}"#, vec!["001.25", "999", "0.001", "0.1e3"], vec!["1000", "10.25", "1e3", "0.0001"]),
            (Type::Text, r#"{"length":{"min":2,"max":3}}"#, vec!["éé", "abc"], vec!["é", "abcd"]),
            (Type::Text, r#"{"matches":"^[a-z]+$"}"#, vec!["abc"], vec!["ABC", ""]),
        ] {
            assert!(good.iter().all(|value| check(kind, document, value)), "{document}: {good:?}");
            assert!(!bad.iter().any(|value| check(kind, document, value)), "{document}: {bad:?}");
        }
    }

    #[test]
    fn a_check_that_its_type_cannot_have_is_refused() {
        for (kind, document, path) in [
            (Type::Bigint, r#"{"in":["x"]}"#, "/in"),
            (Type::Jsonb, r#"{"in":["1"]}"#, "/in"),
            (Type::Text, r#"{"scale":1}"#, "/scale"),
            (Type::Bigint, r#"{"matches":"a"}"#, "/matches"),
            (Type::Bigint, r#"{"length":{}}"#, "/length"),
            (Type::Bigint, r#"{"min":"1.5x"}"#, "/min"),
            (Type::Boolean, r#"{"in":[true],"max":true}"#, "/max"),
        ] {
            let error = CheckOf::of(&serde_json::from_str(document).expect(document), kind, "").expect_err(document);
            assert_eq!(error.path, path, "{document}");
        }
    }

    #[test]
    fn conditions_hold_for_values_and_for_none() {
        for (document, value, holds) in [
            (r#"{"column":"a","in":["x"]}"#, Some("x"), true),
            (r#"{"column":"a","in":["x"]}"#, None, false),
            (r#"{"column":"a","not_in":["x"]}"#, Some("x"), false),
            (r#"{"column":"a","not_in":["x"]}"#, None, true),
            (r#"{"column":"a","equals":"x"}"#, Some("x"), true),
            (r#"{"column":"a","equals":"x","in":["y"]}"#, Some("x"), false),
            (r#"{"column":"a","is_null":true}"#, None, true),
            (r#"{"column":"a","is_null":true}"#, Some("x"), false),
            (r#"{"column":"a","is_null":false,"min":"b"}"#, Some("c"), true),
            (r#"{"column":"a","is_null":false,"min":"b"}"#, Some("a"), false),
            (r#"{"column":"a","max":"b"}"#, None, false),
        ] {
            let filter = Filter::of(&serde_json::from_str(document).expect(document), Type::Text, "").expect(document);
            assert_eq!(filter.holds(value), holds, "{document} of {value:?}");
        }
    }
}
