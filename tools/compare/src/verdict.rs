//! Whether two have read the same.

use serde_json::{Map, Value};

use crate::others::Theirs;
use crate::ours::{Form, Ours, Row};
use crate::values::is_same;

/// What comes of comparing.
#[derive(Debug, PartialEq)]
pub(crate) enum Verdict {
    /// The same values.
    Same,
    /// Neither reads it.
    Refused,
    /// Only we read it: there is nothing to compare with.
    Alone,
    /// The other reads it, and we do not.
    RefusedByUs,
    /// Something else, and what.
    Differs(String),
    /// A law of readers does not hold, whatever others read.
    Broken(String),
}

/// Characters of a value that are shown.
const SHOWN: usize = 60;

impl Verdict {
    pub(crate) fn of(ours: &Ours, theirs: &Theirs, form: Form) -> Self {
        if let Some(broken) = &ours.broken {
            return Self::Broken(broken.clone());
        }
        match (&ours.error, &theirs.error) {
            (Some(_), Some(_)) => return Self::Refused,
            (Some(_), None) if ours.rows.is_empty() => return Self::RefusedByUs,
            (Some(error), None) => return Self::Differs(format!("it ends after {} rows: {error}", ours.rows.len())),
            (None, Some(_)) => return Self::Alone,
            (None, None) => {}
        }
        if let Some(Row::Bad(code)) = ours.rows.iter().find(|row| matches!(row, Row::Bad(_))) {
            return Self::Differs(format!("{} rows are bad: {code}", ours.bad()));
        }
        let difference = match form {
            Form::Records => records(ours, theirs),
            Form::Sheet => grids(&sheet(ours), &theirs.rows.iter().filter(|row| !is_empty(row)).cloned().collect::<Vec<_>>(), false),
            Form::Texts => headers(ours, theirs).or_else(|| grids(&with_names(ours), &without_made_names(ours, theirs), true)),
            Form::Typed => grids(&with_names(ours), &theirs.rows, false),
        };
        difference.map_or(Self::Same, Self::Differs)
    }
}

fn is_empty(row: &[Value]) -> bool {
    row.iter().all(|value| value.is_null() || value.as_str().is_some_and(str::is_empty))
}

fn headers(ours: &Ours, theirs: &Theirs) -> Option<String> {
    let header = theirs.header?;
    let says = |header: bool| if header { "the first row has names" } else { "no row has names" };
    (header != ours.has_header()).then(|| format!("{} says that {}, and we that {}", theirs.by, says(header), says(ours.has_header())))
}

/// Names and rows.
fn with_names(ours: &Ours) -> Vec<Vec<Value>> {
    let mut grid = ours.grid();
    if ours.has_header() {
        grid.insert(0, ours.names.iter().map(|name| name.clone().into()).collect());
    }
    grid
}

/// A sheet has no names but what its first row has; those that are made for empty ones are none.
fn sheet(ours: &Ours) -> Vec<Vec<Value>> {
    let mut grid = with_names(ours);
    if let Some(names) = grid.first_mut().filter(|_| ours.has_header()) {
        for (index, name) in names.iter_mut().enumerate() {
            if name == &Value::String(format!("column_{}", index + 1)) {
                *name = Value::Null;
            }
        }
    }
    grid
}

/// Their rows, with our names where theirs are made up: for columns without one, and those that have the name of another.
fn without_made_names(ours: &Ours, theirs: &Theirs) -> Vec<Vec<Value>> {
    let mut rows = theirs.rows.clone();
    let Some(names) = rows.first_mut().filter(|_| theirs.header == Some(true)) else { return rows };
    for (index, (name, our)) in names.iter_mut().zip(&ours.names).enumerate() {
        let text = name.as_str().unwrap_or_default();
        let is_made = our.trim().is_empty() || *our == format!("column_{}", index + 1);
        let is_numbered = text
            .strip_prefix(our.as_str())
            .is_some_and(|rest| rest.starts_with('_') && rest[1..].bytes().all(|byte| byte.is_ascii_digit()));
        if is_made && text.starts_with("column") || is_numbered || text == our.trim() {
            *name = our.clone().into();
        }
    }
    rows
}

/// The first difference of two tables, in which what is missing at the end is null.
fn grids(ours: &[Vec<Value>], theirs: &[Vec<Value>], is_text: bool) -> Option<String> {
    let empty = Vec::new();
    for row in 0..ours.len().max(theirs.len()) {
        let (our, their) = (ours.get(row).unwrap_or(&empty), theirs.get(row).unwrap_or(&empty));
        if row >= ours.len().min(theirs.len()) && !(is_empty(our) && is_empty(their))
            || ours.len() != theirs.len() && row + 1 == ours.len().max(theirs.len())
        {
            return Some(format!("{} rows, theirs has {}; row {}: {} | {}", ours.len(), theirs.len(), row + 1, shown(our), shown(their)));
        }
        for column in 0..our.len().max(their.len()) {
            let (our, their) = (our.get(column).unwrap_or(&Value::Null), their.get(column).unwrap_or(&Value::Null));
            if !is_same(our, their, is_text) {
                let length =
                    if ours.len() == theirs.len() { String::new() } else { format!(" ({} rows, theirs has {})", ours.len(), theirs.len()) };
                return Some(format!("row {}, column {}: {} | {}{length}", row + 1, column + 1, cut(our), cut(their)));
            }
        }
    }
    None
}

/// The first difference of two lists of records.
fn records(ours: &Ours, theirs: &Theirs) -> Option<String> {
    let records: Vec<Value> = ours.rows.iter().zip(0..).filter_map(|(row, _)| record(row)).collect();
    if records.len() != theirs.records.len() {
        return Some(format!("{} records, theirs has {}", records.len(), theirs.records.len()));
    }
    let differ = records.iter().zip(&theirs.records).position(|(our, their)| {
        let their = if their.is_object() { their.clone() } else { Map::from_iter([("value".to_owned(), their.clone())]).into() };
        !is_same(our, &their, false)
    })?;
    Some(format!("record {}: {} | {}", differ + 1, cut(&records[differ]), cut(&theirs.records[differ])))
}

fn record(row: &Row) -> Option<Value> {
    let Row::Cells { cells, .. } = row else { return None };
    Some(Value::Object(cells.iter().map(|(_, name, value)| (name.clone(), value.clone())).collect()))
}

fn shown(row: &[Value]) -> String {
    cut(&Value::Array(row.to_vec()))
}

fn cut(value: &Value) -> String {
    let text = value.to_string();
    if text.chars().count() > SHOWN { text.chars().take(SHOWN).chain(['…']).collect() } else { text }
}
