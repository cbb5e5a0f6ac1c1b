//! Rows column by column, as the database takes them.
//!
//! Arrays cost the database a third of what JSON does (PostgreSQL 15: a finding of 2 KB 22 us instead of 62). The columns stand here once: their names and
//! their order are those of the types `spillway.finding_columns` and `spillway.occurrence_columns`: a rule of `xtask/tests` compares them.

use serde::{Deserialize, Serialize};

use crate::{Finding, Id, Location};

/// A column, in the form in which it goes to the database.
#[derive(Debug)]
pub enum Column {
    /// See [`Words`].
    Words(String),
    /// Texts.
    Texts(Vec<Option<String>>),
    /// Integers of 32 bits.
    Integers(Vec<Option<i32>>),
    /// Integers of 64 bits.
    Longs(Vec<Option<i64>>),
}

/// Ids or the words of an enum, without commas in them: one text, separated by commas. A text for each would cost the host and the database more.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Words(String);

impl Words {
    fn push(&mut self, word: &str) {
        if !self.0.is_empty() {
            self.0.push(',');
        }
        self.0.push_str(word);
    }

    #[cfg(test)]
    pub(crate) fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.split(',').filter(|word| !word.is_empty())
    }
}

impl From<Words> for Column {
    fn from(words: Words) -> Self {
        Self::Words(words.0)
    }
}

/// Empty where nothing is in it: most formats fill half of the columns.
fn unless_null<T>(column: Vec<Option<T>>) -> Vec<Option<T>> {
    if column.iter().all(Option::is_none) { Vec::new() } else { column }
}

impl From<Vec<Option<String>>> for Column {
    fn from(column: Vec<Option<String>>) -> Self {
        Self::Texts(unless_null(column))
    }
}

impl From<Vec<Option<i32>>> for Column {
    fn from(column: Vec<Option<i32>>) -> Self {
        Self::Integers(unless_null(column))
    }
}

impl From<Vec<Option<i64>>> for Column {
    fn from(column: Vec<Option<i64>>) -> Self {
        Self::Longs(unless_null(column))
    }
}

/// Rows as columns of one length.
pub trait Columns: Default {
    /// The type of the database that they are the attributes of.
    const TYPE: &'static str;
    /// Their names, in its order.
    const NAMES: &'static [&'static str];

    /// The columns in that order; one that is null in all rows is empty.
    fn into_columns(self) -> Vec<Column>;

    /// The expression that makes the type of parameters that are numbered from this on.
    fn expression(first: usize) -> String {
        let columns = Self::default().into_columns().into_iter().zip(first..);
        let fields = columns.map(|(column, number)| match column {
            Column::Words(_) => format!("string_to_array(${number}, ',')"),
            Column::Texts(_) | Column::Integers(_) | Column::Longs(_) => format!("${number}"),
        });
        format!("row({})::spillway.{}", fields.collect::<Vec<_>>().join(", "), Self::TYPE)
    }
}

macro_rules! columns {
    ($(#[$doc:meta])* $name:ident of $type:literal { $($column:ident: $form:ty,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Default, Serialize, Deserialize)]
        #[expect(missing_docs, reason = "the names of the table's columns")]
        pub struct $name {
            $(pub $column: $form,)*
        }

        impl Columns for $name {
            const TYPE: &'static str = $type;
            const NAMES: &'static [&'static str] = &[$(stringify!($column)),*];

            fn into_columns(self) -> Vec<Column> {
                vec![$(self.$column.into()),*]
            }
        }
    };
}

columns! {
    /// Findings, in the order of their ids. Lists are texts in the form of PostgreSQL's arrays, `{"a","b"}`; `cvss`, `component` and `attributes` are JSON.
    FindingColumns of "finding_columns" {
        id: Words,
        tool: Vec<Option<String>>,
        kind: Words,
        rule_id: Vec<Option<String>>,
        title: Vec<Option<String>>,
        severity: Words,
        status: Words,
        description: Vec<Option<String>>,
        solution: Vec<Option<String>>,
        vulnerability_ids: Vec<Option<String>>,
        cwes: Vec<Option<String>>,
        cvss: Vec<Option<String>>,
        reference_urls: Vec<Option<String>>,
        component: Vec<Option<String>>,
        attributes: Vec<Option<String>>,
        source_offset: Vec<Option<i64>>,
    }
}

/// A finding that was gathered, and the offset of the record that it was read from; its id is its key.
#[derive(Debug)]
pub(crate) struct FindingRow {
    pub(crate) finding: Finding,
    pub(crate) offset: u64,
}

impl FindingColumns {
    /// Adds one at the end.
    pub(crate) fn push(&mut self, id: Id, row: FindingRow) {
        let FindingRow { finding, offset } = row;
        let cwes: Vec<String> = finding.cwes.iter().map(u32::to_string).collect();
        push_id(&mut self.id, id);
        self.tool.push(Some(finding.tool));
        push_word(&mut self.kind, finding.kind);
        self.rule_id.push(Some(finding.rule_id));
        self.title.push(Some(finding.title));
        push_word(&mut self.severity, finding.severity);
        push_word(&mut self.status, finding.status);
        self.description.push(unless_empty(finding.description));
        self.solution.push(unless_empty(finding.solution));
        self.vulnerability_ids.push(array_text(&finding.vulnerability_ids));
        self.cwes.push(array_text(&cwes));
        self.cvss.push((!finding.cvss.is_empty()).then(|| json_text(&finding.cvss)));
        self.reference_urls.push(array_text(&finding.references));
        self.component.push(finding.component.as_ref().map(json_text));
        self.attributes.push((!finding.attributes.is_empty()).then(|| json_text(&finding.attributes)));
        self.source_offset.push(offset.try_into().ok());
    }
}

columns! {
    /// Occurrences, in the order of their ids.
    OccurrenceColumns of "occurrence_columns" {
        id: Words,
        finding_id: Words,
        asset_id: Words,
        host: Vec<Option<String>>,
        port: Vec<Option<i32>>,
        protocol: Vec<Option<String>>,
        service: Vec<Option<String>>,
        url: Vec<Option<String>>,
        parameter: Vec<Option<String>>,
        path: Vec<Option<String>>,
        line: Vec<Option<i64>>,
        evidence: Vec<Option<String>>,
        source_offset: Vec<Option<i64>>,
        source_line: Vec<Option<i64>>,
    }
}

/// An occurrence that was gathered; its id is its key.
#[derive(Debug)]
pub(crate) struct OccurrenceRow {
    pub(crate) finding_id: Id,
    pub(crate) asset_id: Id,
    pub(crate) location: Location,
    pub(crate) evidence: String,
    pub(crate) offset: u64,
    pub(crate) line: u64,
}

impl OccurrenceColumns {
    /// Adds one at the end.
    pub(crate) fn push(&mut self, id: Id, row: OccurrenceRow) {
        let OccurrenceRow { finding_id, asset_id, location, evidence, offset, line } = row;
        push_id(&mut self.id, id);
        push_id(&mut self.finding_id, finding_id);
        push_id(&mut self.asset_id, asset_id);
        self.host.push(location.host);
        self.port.push(location.port.map(i32::from));
        self.protocol.push(location.protocol);
        self.service.push(location.service);
        self.url.push(location.url);
        self.parameter.push(location.parameter);
        self.path.push(location.path);
        self.line.push(location.line.and_then(|line| line.try_into().ok()));
        self.evidence.push(unless_empty(evidence));
        self.source_offset.push(offset.try_into().ok());
        self.source_line.push(line.try_into().ok());
    }
}

fn push_id(ids: &mut Words, id: Id) {
    ids.push(id.hyphenated().encode_lower(&mut Id::encode_buffer()));
}

/// Adds a word of an enum as it stands in documents.
fn push_word(words: &mut Words, word: impl Serialize) {
    words.push(json_text(&word).trim_matches('"'));
}

fn unless_empty(text: String) -> Option<String> {
    (!text.is_empty()).then_some(text)
}

/// A list as a text in the form of PostgreSQL's arrays (manual, section 8.15.2); none for an empty one.
fn array_text(list: &[String]) -> Option<String> {
    if list.is_empty() {
        return None;
    }
    let mut text = String::with_capacity(list.iter().map(|item| item.len() + 3).sum::<usize>() + 1);
    for item in list {
        text.push_str(if text.is_empty() { "{\"" } else { ",\"" });
        for part in item.split_inclusive(['"', '\\']) {
            let (plain, special) = part.split_at(part.trim_end_matches(['"', '\\']).len());
            text.push_str(plain);
            special.chars().for_each(|special| text.extend(['\\', special]));
        }
        text.push('"');
    }
    text.push('}');
    Some(text)
}

/// Nothing that is written here can fail: all keys are texts, and memory takes all bytes.
pub(crate) fn json_text(value: &impl Serialize) -> String {
    let written = serde_json::to_string(value);
    debug_assert!(written.is_ok(), "{written:?}");
    written.unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_a_text_in_the_form_of_an_array() {
        let text = |list: &[&str]| array_text(&list.iter().map(ToString::to_string).collect::<Vec<_>>());
        assert_eq!(text(&[]), None);
        assert_eq!(text(&["a", "b, c", "", "NULL"]).as_deref(), Some(r#"{"a","b, c","","NULL"}"#));
        assert_eq!(text(&[r#"say "x\y""#, "\"", r"\\"]).as_deref(), Some(r#"{"say \"x\\y\"","\"","\\\\"}"#));
    }

    #[test]
    fn what_is_null_in_all_rows_is_left_out() {
        let columns = OccurrenceColumns { path: vec![None, Some("a".to_owned())], port: vec![None, None], ..OccurrenceColumns::default() };
        let columns = columns.into_columns();
        let column = |name| OccurrenceColumns::NAMES.iter().position(|known| *known == name).map(|place| &columns[place]);
        assert!(matches!(column("path"), Some(Column::Texts(texts)) if texts.len() == 2));
        assert!(matches!(column("port"), Some(Column::Integers(integers)) if integers.is_empty()));
    }
}
