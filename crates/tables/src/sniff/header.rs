//! Which row of a table has the names of its columns, if one has.

use std::collections::HashSet;

/// Rows that are looked at.
pub(super) const ROWS: usize = 100;

/// What was found.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// Index of the row with the names.
    pub(super) row: Option<usize>,
    /// Rows before the first with values, but that one.
    pub(super) preamble: usize,
    pub(super) names: Vec<String>,
}

/// Finds it among the first rows: of those, one comes before the first row that has all columns, which has index `preamble` among all, unless that is 0.
pub(super) fn find(rows: &[Vec<String>], preamble: usize, columns: usize) -> Found {
    let (before, table) = rows.split_at(usize::from(preamble > 0).min(rows.len()));
    // A comment of one column is told from what it comments by its sign alone.
    let comments =
        if columns < 2 { table.iter().take_while(|row| row.first().is_some_and(|field| field.starts_with('#'))).count() } else { 0 };
    let comments = if comments == table.len() { 0 } else { comments };
    let preamble = preamble + comments;
    let table = table.get(comments..).unwrap_or_default();
    let Some((first, values)) = table.split_first() else { return Found::default() };
    if is_header(first, values) {
        return Found { row: Some(preamble), preamble, names: first.clone() };
    }
    match before {
        // Where each row ends with a delimiter, the names may do without it.
        [names] if names.len() + 1 >= columns && names.len() > 1 && is_filled(names) && is_header(names, table) => {
            Found { row: Some(preamble - 1), preamble: preamble - 1, names: names.clone() }
        }
        _ => Found { row: None, preamble, names: Vec::new() },
    }
}

/// Whether a row is no values but their names: none is a number or the like, and the values below are; or all is text, and it is found there nowhere.
fn is_header(first: &[String], values: &[Vec<String>]) -> bool {
    if first.iter().any(|field| is_typed(field)) {
        return false;
    }
    let below =
        |index: usize| values.iter().filter_map(move |row| row.get(index)).map(|field| field.trim()).filter(|field| !field.is_empty());
    let is_of_another_kind =
        |index: usize| below(index).count() > 0 && 2 * below(index).filter(|field| is_typed(field)).count() >= below(index).count();
    if (0..first.len()).any(is_of_another_kind) {
        return true;
    }
    is_filled(first) && is_unique(first) && !first.iter().enumerate().any(|(index, name)| below(index).any(|field| field == name.trim()))
}

fn is_filled(fields: &[String]) -> bool {
    fields.iter().all(|field| !field.trim().is_empty())
}

fn is_unique(fields: &[String]) -> bool {
    let mut known = HashSet::new();
    fields.iter().all(|field| known.insert(field.trim()))
}

/// Whether a field looks like a number, date, time or truth value.
pub(super) fn is_typed(field: &str) -> bool {
    let field = field.trim();
    let is_sign = |byte: u8| matches!(byte, b'+' | b'-' | b'.' | b',' | b':' | b'/' | b' ' | b'e' | b'E' | b'T' | b'Z' | b'%');
    let starts = field.starts_with(|first: char| !first.is_alphabetic());
    let is_number =
        starts && field.bytes().any(|byte| byte.is_ascii_digit()) && field.bytes().all(|byte| byte.is_ascii_digit() || is_sign(byte));
    is_number || field.eq_ignore_ascii_case("true") || field.eq_ignore_ascii_case("false")
}
