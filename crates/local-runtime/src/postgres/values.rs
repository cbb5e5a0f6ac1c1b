//! Values: which PostgreSQL types become what for a guest, and back. The table is Spin's.

use std::error::Error as StdError;

use bytes::BytesMut;
use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, NaiveTime, Timelike};
use postgres_protocol::types as protocol;
use rust_decimal::Decimal;
use tokio_postgres::Row;
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type, to_sql_checked};

use super::errors::row_failed;
use crate::bindings::spin::postgres::postgres::{DbDataType, DbValue, Error, Interval, ParameterValue, RangeBoundKind};

type BoxError = Box<dyn StdError + Sync + Send>;
/// As the database's client takes it.
pub(super) type Parameter = Box<dyn ToSql + Sync + Send>;

/// What a guest is told about the type of a column.
pub(super) fn data_type(pg_type: &Type) -> DbDataType {
    match *pg_type {
        Type::BOOL => DbDataType::Boolean,
        Type::CHAR => DbDataType::Int8,
        Type::INT2 => DbDataType::Int16,
        Type::INT4 => DbDataType::Int32,
        Type::INT8 => DbDataType::Int64,
        Type::FLOAT4 => DbDataType::Floating32,
        Type::FLOAT8 => DbDataType::Floating64,
        Type::TEXT | Type::VARCHAR | Type::BPCHAR => DbDataType::Str,
        Type::BYTEA => DbDataType::Binary,
        Type::DATE => DbDataType::Date,
        Type::TIME => DbDataType::Time,
        Type::TIMESTAMP | Type::TIMESTAMPTZ => DbDataType::Datetime,
        Type::UUID => DbDataType::Uuid,
        Type::JSONB => DbDataType::Jsonb,
        Type::NUMERIC => DbDataType::Decimal,
        Type::INTERVAL => DbDataType::Interval,
        Type::INT4_RANGE => DbDataType::RangeInt32,
        Type::INT8_RANGE => DbDataType::RangeInt64,
        Type::NUM_RANGE => DbDataType::RangeDecimal,
        Type::INT4_ARRAY => DbDataType::ArrayInt32,
        Type::INT8_ARRAY => DbDataType::ArrayInt64,
        Type::NUMERIC_ARRAY => DbDataType::ArrayDecimal,
        Type::TEXT_ARRAY | Type::VARCHAR_ARRAY | Type::BPCHAR_ARRAY => DbDataType::ArrayStr,
        _ => DbDataType::Other(pg_type.name().to_owned()),
    }
}

/// A value of a row. `timestamptz` is an error although its column says datetime: that is how Spin is.
pub(super) fn from_row(row: &Row, index: usize, verbatim_json: bool) -> Result<DbValue, Error> {
    match *row.columns()[index].type_() {
        Type::BOOL => read(row, index, DbValue::Boolean),
        Type::CHAR => read(row, index, DbValue::Int8),
        Type::INT2 => read(row, index, DbValue::Int16),
        Type::INT4 => read(row, index, DbValue::Int32),
        Type::INT8 => read(row, index, DbValue::Int64),
        Type::FLOAT4 => read(row, index, DbValue::Floating32),
        Type::FLOAT8 => read(row, index, DbValue::Floating64),
        Type::TEXT | Type::VARCHAR | Type::BPCHAR => read(row, index, DbValue::Str),
        Type::BYTEA => read(row, index, DbValue::Binary),
        Type::DATE => read(row, index, |date| DbValue::Date(date_parts(date))),
        Type::TIME => read(row, index, |time| DbValue::Time(time_parts(time))),
        Type::TIMESTAMP | Type::TIMESTAMPTZ => read(row, index, |moment: NaiveDateTime| DbValue::Datetime(moment_parts(moment))),
        Type::UUID => read(row, index, |uuid: uuid::Uuid| DbValue::Uuid(uuid.to_string())),
        Type::JSONB if verbatim_json => read(row, index, |Jsonb(text)| DbValue::Jsonb(text)),
        Type::JSONB => {
            let document: Option<Jsonb> = row.try_get(index).map_err(|error| row_failed(format!("{error:?}")))?;
            let again = document.map(|Jsonb(text)| written_again(&text)).transpose().map_err(row_failed)?;
            Ok(again.map_or(DbValue::DbNull, DbValue::Jsonb))
        }
        Type::NUMERIC => read(row, index, |number: Decimal| DbValue::Decimal(number.to_string())),
        Type::INTERVAL => read(row, index, |IntervalValue(interval)| DbValue::Interval(interval)),
        Type::INT4_RANGE => read(row, index, |Range(lower, upper)| DbValue::RangeInt32((lower, upper))),
        Type::INT8_RANGE => read(row, index, |Range(lower, upper)| DbValue::RangeInt64((lower, upper))),
        Type::NUM_RANGE => read(row, index, |Range(lower, upper)| DbValue::RangeDecimal((decimal_text(lower), decimal_text(upper)))),
        Type::INT4_ARRAY => read(row, index, DbValue::ArrayInt32),
        Type::INT8_ARRAY => read(row, index, DbValue::ArrayInt64),
        Type::NUMERIC_ARRAY => read(row, index, |numbers: Vec<Option<Decimal>>| {
            DbValue::ArrayDecimal(numbers.into_iter().map(|number| number.map(|number| number.to_string())).collect())
        }),
        Type::TEXT_ARRAY | Type::VARCHAR_ARRAY | Type::BPCHAR_ARRAY => read(row, index, DbValue::ArrayStr),
        _ => read(row, index, |Raw(bytes)| DbValue::Unsupported(bytes)),
    }
}

fn read<'a, T: FromSql<'a>>(row: &'a Row, index: usize, wrap: impl FnOnce(T) -> DbValue) -> Result<DbValue, Error> {
    let value: Option<T> = row.try_get(index).map_err(|error| row_failed(format!("{error:?}")))?;
    Ok(value.map_or(DbValue::DbNull, wrap))
}

fn date_parts(date: NaiveDate) -> (i32, u8, u8) {
    (date.year(), small(date.month()), small(date.day()))
}

fn time_parts(time: NaiveTime) -> (u8, u8, u8, u32) {
    (small(time.hour()), small(time.minute()), small(time.second()), time.nanosecond())
}

fn moment_parts(moment: NaiveDateTime) -> (i32, u8, u8, u8, u8, u8, u32) {
    let ((year, month, day), (hour, minute, second, nanosecond)) = (date_parts(moment.date()), time_parts(moment.time()));
    (year, month, day, hour, minute, second, nanosecond)
}

/// A part of a date or time, which is below 256 by its nature.
fn small(part: u32) -> u8 {
    u8::try_from(part).unwrap_or(u8::MAX)
}

/// A parameter as PostgreSQL takes it. It is taken over, since a batch has megabytes of them.
pub(super) fn to_parameter(value: ParameterValue, verbatim_json: bool) -> Result<Parameter, Error> {
    match value {
        ParameterValue::Jsonb(text) if !verbatim_json => written_again(&text).map(|text| Box::new(Jsonb(text)) as Parameter),
        value => convert(value),
    }
    .map_err(Error::ValueConversionFailed)
}

/// What becomes of a document on its way through Spin: taken apart and written anew, its keys in order, its numbers as 64 bits hold them. One that is
/// nested more than 128 deep is none.
fn written_again(text: &[u8]) -> Result<Vec<u8>, String> {
    let document: serde_json::Value = serde_json::from_slice(text).map_err(|error| format!("no JSON: {error}"))?;
    serde_json::to_vec(&document).map_err(|error| error.to_string())
}

fn convert(value: ParameterValue) -> Result<Parameter, String> {
    Ok(match value {
        ParameterValue::Boolean(value) => Box::new(value),
        ParameterValue::Int8(value) => Box::new(value),
        ParameterValue::Int16(value) => Box::new(value),
        ParameterValue::Int32(value) => Box::new(value),
        ParameterValue::Int64(value) => Box::new(value),
        ParameterValue::Floating32(value) => Box::new(value),
        ParameterValue::Floating64(value) => Box::new(value),
        ParameterValue::Str(value) => Box::new(value),
        ParameterValue::Binary(value) => Box::new(value),
        ParameterValue::Date(parts) => Box::new(date(parts)?),
        ParameterValue::Time(parts) => Box::new(time(parts)?),
        ParameterValue::Datetime((year, month, day, hour, minute, second, nanosecond)) => {
            Box::new(Moment(date((year, month, day))?.and_time(time((hour, minute, second, nanosecond))?)))
        }
        ParameterValue::Timestamp(seconds) => {
            let moment = DateTime::from_timestamp(seconds, 0).ok_or_else(|| format!("no timestamp: {seconds}"))?;
            Box::new(Moment(moment.naive_utc()))
        }
        ParameterValue::Uuid(text) => Box::new(uuid::Uuid::parse_str(&text).map_err(|error| format!("no uuid: {error}"))?),
        ParameterValue::Jsonb(text) => Box::new(Jsonb::parse(text)?),
        ParameterValue::Decimal(text) => Box::new(decimal(&text)?),
        ParameterValue::RangeInt32((lower, upper)) => Box::new(Range(lower, upper)),
        ParameterValue::RangeInt64((lower, upper)) => Box::new(Range(lower, upper)),
        ParameterValue::RangeDecimal((lower, upper)) => Box::new(Range(decimal_bound(lower.as_ref())?, decimal_bound(upper.as_ref())?)),
        ParameterValue::ArrayInt32(values) => Box::new(values),
        ParameterValue::ArrayInt64(values) => Box::new(values),
        ParameterValue::ArrayDecimal(texts) => {
            let numbers = texts.iter().map(|text| text.as_deref().map(decimal).transpose());
            Box::new(numbers.collect::<Result<Vec<Option<Decimal>>, _>>()?)
        }
        ParameterValue::ArrayStr(values) => Box::new(values),
        ParameterValue::Interval(interval) => Box::new(IntervalValue(interval)),
        ParameterValue::DbNull => Box::new(Null),
    })
}

fn date((year, month, day): (i32, u8, u8)) -> Result<NaiveDate, String> {
    NaiveDate::from_ymd_opt(year, month.into(), day.into()).ok_or_else(|| format!("no date: {year}-{month}-{day}"))
}

fn time((hour, minute, second, nanosecond): (u8, u8, u8, u32)) -> Result<NaiveTime, String> {
    let time = NaiveTime::from_hms_nano_opt(hour.into(), minute.into(), second.into(), nanosecond);
    time.ok_or_else(|| format!("no time: {hour}:{minute}:{second}.{nanosecond:09}"))
}

fn decimal(text: &str) -> Result<Decimal, String> {
    text.parse().map_err(|error| format!("no decimal: {error}"))
}

type Bound<T> = Option<(T, RangeBoundKind)>;

fn decimal_bound(bound: Option<&(String, RangeBoundKind)>) -> Result<Bound<Decimal>, String> {
    bound.map(|(text, kind)| Ok((decimal(text)?, *kind))).transpose()
}

fn decimal_text(bound: Bound<Decimal>) -> Bound<String> {
    bound.map(|(number, kind)| (number.to_string(), kind))
}

/// NULL of any type.
#[derive(Debug)]
struct Null;

impl ToSql for Null {
    fn to_sql(&self, _: &Type, _: &mut BytesMut) -> Result<IsNull, BoxError> {
        Ok(IsNull::Yes)
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

/// A date with a time, for columns with and without time zone: it counts as UTC.
#[derive(Debug)]
struct Moment(NaiveDateTime);

impl ToSql for Moment {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, BoxError> {
        self.0.to_sql(&Type::TIMESTAMP, out)
    }

    fn accepts(pg_type: &Type) -> bool {
        matches!(*pg_type, Type::TIMESTAMP | Type::TIMESTAMPTZ)
    }

    to_sql_checked!();
}

/// A JSON document as text.
#[derive(Debug)]
struct Jsonb(Vec<u8>);

/// The version byte in front of a jsonb value.
const JSONB_VERSION: u8 = 1;

impl Jsonb {
    fn parse(text: Vec<u8>) -> Result<Self, String> {
        serde_json::from_slice::<serde::de::IgnoredAny>(&text).map_err(|error| format!("no JSON: {error}"))?;
        Ok(Self(text))
    }
}

impl ToSql for Jsonb {
    fn to_sql(&self, pg_type: &Type, out: &mut BytesMut) -> Result<IsNull, BoxError> {
        if *pg_type == Type::JSONB {
            out.extend_from_slice(&[JSONB_VERSION]);
        }
        out.extend_from_slice(&self.0);
        Ok(IsNull::No)
    }

    fn accepts(pg_type: &Type) -> bool {
        matches!(*pg_type, Type::JSON | Type::JSONB)
    }

    to_sql_checked!();
}

impl<'a> FromSql<'a> for Jsonb {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Self, BoxError> {
        match raw.split_first() {
            Some((&JSONB_VERSION, text)) => Ok(Self(text.to_vec())),
            _ => Err("unknown jsonb version".into()),
        }
    }

    fn accepts(pg_type: &Type) -> bool {
        *pg_type == Type::JSONB
    }
}

/// The bytes of a value of a type that has no other form.
struct Raw(Vec<u8>);

impl<'a> FromSql<'a> for Raw {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Self, BoxError> {
        Ok(Self(raw.to_vec()))
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

#[derive(Debug)]
struct IntervalValue(Interval);

impl ToSql for IntervalValue {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, BoxError> {
        out.extend_from_slice(&self.0.micros.to_be_bytes());
        out.extend_from_slice(&self.0.days.to_be_bytes());
        out.extend_from_slice(&self.0.months.to_be_bytes());
        Ok(IsNull::No)
    }

    fn accepts(pg_type: &Type) -> bool {
        *pg_type == Type::INTERVAL
    }

    to_sql_checked!();
}

impl<'a> FromSql<'a> for IntervalValue {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Self, BoxError> {
        let (micros, rest) = raw.split_first_chunk().ok_or("short interval")?;
        let (days, rest) = rest.split_first_chunk().ok_or("short interval")?;
        let months = rest.try_into()?;
        Ok(Self(Interval { micros: i64::from_be_bytes(*micros), days: i32::from_be_bytes(*days), months: i32::from_be_bytes(months) }))
    }

    fn accepts(pg_type: &Type) -> bool {
        *pg_type == Type::INTERVAL
    }
}

/// Lower and upper bound of a range; without a value there is none.
#[derive(Debug)]
struct Range<T>(Bound<T>, Bound<T>);

/// The type of a range's bounds.
fn element_of(pg_type: &Type) -> Option<Type> {
    Some(match *pg_type {
        Type::INT4_RANGE => Type::INT4,
        Type::INT8_RANGE => Type::INT8,
        Type::NUM_RANGE => Type::NUMERIC,
        _ => return None,
    })
}

impl<T: ToSql> ToSql for Range<T> {
    fn to_sql(&self, pg_type: &Type, out: &mut BytesMut) -> Result<IsNull, BoxError> {
        let element = element_of(pg_type).ok_or("no range type")?;
        protocol::range_to_sql(|out| write_bound(self.0.as_ref(), &element, out), |out| write_bound(self.1.as_ref(), &element, out), out)?;
        Ok(IsNull::No)
    }

    fn accepts(pg_type: &Type) -> bool {
        element_of(pg_type).is_some_and(|element| T::accepts(&element))
    }

    to_sql_checked!();
}

fn write_bound<T: ToSql>(
    bound: Option<&(T, RangeBoundKind)>,
    element: &Type,
    out: &mut BytesMut,
) -> Result<protocol::RangeBound<postgres_protocol::IsNull>, BoxError> {
    let Some((value, kind)) = bound else { return Ok(protocol::RangeBound::Unbounded) };
    value.to_sql(element, out)?;
    Ok(match kind {
        RangeBoundKind::Inclusive => protocol::RangeBound::Inclusive(postgres_protocol::IsNull::No),
        RangeBoundKind::Exclusive => protocol::RangeBound::Exclusive(postgres_protocol::IsNull::No),
    })
}

impl<'a, T: FromSql<'a>> FromSql<'a> for Range<T> {
    fn from_sql(pg_type: &Type, raw: &'a [u8]) -> Result<Self, BoxError> {
        let element = element_of(pg_type).ok_or("no range type")?;
        match protocol::range_from_sql(raw)? {
            protocol::Range::Empty => Err("an empty range has no bounds".into()),
            protocol::Range::Nonempty(lower, upper) => Ok(Self(read_bound(&lower, &element)?, read_bound(&upper, &element)?)),
        }
    }

    fn accepts(pg_type: &Type) -> bool {
        element_of(pg_type).is_some_and(|element| T::accepts(&element))
    }
}

fn read_bound<'a, T: FromSql<'a>>(bound: &protocol::RangeBound<Option<&'a [u8]>>, element: &Type) -> Result<Bound<T>, BoxError> {
    let (raw, kind) = match *bound {
        protocol::RangeBound::Unbounded => return Ok(None),
        protocol::RangeBound::Inclusive(raw) => (raw, RangeBoundKind::Inclusive),
        protocol::RangeBound::Exclusive(raw) => (raw, RangeBoundKind::Exclusive),
    };
    Ok(Some((T::from_sql_nullable(element, raw)?, kind)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_goes_through_spin_in_its_own_way() {
        let again = |text: &str| written_again(text.as_bytes()).map(|text| String::from_utf8(text).unwrap());
        assert_eq!(again(r#" {"b": 1, "a": 0.12345678901234567890} "#).unwrap(), r#"{"a":0.12345678901234568,"b":1}"#);
        assert!(again(&format!("{}1{}", "[".repeat(200), "]".repeat(200))).is_err());
        assert!(again("{").is_err());
    }
}
