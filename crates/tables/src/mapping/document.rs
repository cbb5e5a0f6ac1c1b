//! The document of a mapping: what may be written in it. A closed list, without expressions; a field that is not known is an error.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Column, MappingError};
use crate::{Decimal, Type, limits};

/// The version of the document that this is.
pub const VERSION: u32 = 1;

/// How rows of a file become rows of a dataset.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mapping {
    /// Which document this is: [`VERSION`].
    pub version: u32,
    /// How the file is read; what is not said is found out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input: Option<Input>,
    /// Objects in fields as fields of their own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flatten: Option<Flatten>,
    /// A row for each element of an array.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub explode: Option<Explode>,
    /// The dataset's columns and where they come from.
    pub columns: Vec<ColumnRule>,
    /// Fields of the file that are known and not wanted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ignore: Vec<String>,
    /// Which rows are taken: those for which all of these hold.
    #[serde(default, rename = "where", skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<Condition>,
    /// What is done with the rows that the dataset has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub write: Option<Write>,
    /// The columns that say which row it is.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub key: Vec<String>,
    /// What is done with fields of the file that no rule reads.
    #[serde(default)]
    pub unknown_columns: UnknownColumns,
    /// What is done with values that do not fit, where a column does not say it.
    #[serde(default)]
    pub type_errors: OnError,
    /// How many rows may be rejected before the run fails.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_rejects: Option<MaxRejects>,
    /// What has to hold at the end of a run.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub checks: Vec<RunCheck>,
}

/// How a file is read.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// What kind of file it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<Format>,
    /// What is between two fields: a character.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delimiter: Option<String>,
    /// What is around a field: a character, or empty for none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quote: Option<String>,
    /// What is before a quote within quotes: a character.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub escape: Option<String>,
    /// The encoding's label.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encoding: Option<String>,
    /// The row with the names, counted from 1; 0 where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub header_row: Option<u32>,
    /// Rows after the header that are no data.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub skip_rows: Option<u32>,
    /// Texts that stand for no value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub null: Option<Vec<String>>,
    /// The decimal sign of numbers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decimal: Option<Decimal>,
    /// Where the records of a JSON file are: a JSON pointer (RFC 6901).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub records: Option<String>,
    /// The sheet of a workbook.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sheet: Option<String>,
}

/// A kind of file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "names of formats")]
pub enum Format {
    Csv,
    Tsv,
    Jsonl,
    Json,
    Parquet,
    Xlsx,
}

/// Makes fields of the members of objects: `{"a":{"b":1}}` has the field `a.b`. The object itself can still be read under its own name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Flatten {
    /// How many levels.
    #[serde(default = "one_level")]
    pub depth: u32,
}

fn one_level() -> u32 {
    1
}

/// Makes a row of each element of an array: the field is the element, and the members of an element that is an object are fields `from.member`. What is no
/// array is its only element, and an empty array is a row without one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Explode {
    /// The field with the array.
    pub from: String,
}

/// Where a column of the dataset comes from, and what is done with its values.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ColumnRule {
    /// The column of the dataset.
    pub to: String,
    /// The field of the file, or several, of which the first counts that the row has. Where it is not said, that of the same name, unless the first
    /// step makes a value by itself: constant, concat, coalesce.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<From>,
    /// The column's type, which is the dataset's.
    #[serde(default, rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<Type>,
    /// A row without a value is rejected.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub required: bool,
    /// What is done with the text before it is read as the type.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<Step>,
    /// What has to hold for a value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub check: Option<Check>,
    /// How dates and times are written; the first that fits counts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub formats: Vec<String>,
    /// The time zone of what is written without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timezone: Option<String>,
    /// What is done with a value that does not fit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_error: Option<OnError>,
    /// Texts that stand for no value, in place of the input's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub null: Option<Vec<String>>,
}

/// One field of the file, or several.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged, expecting = "a name or a list of names")]
pub enum From {
    /// One.
    One(String),
    /// The first counts that the row has.
    First(Vec<String>),
}

impl From {
    /// All of them.
    pub fn names(&self) -> &[String] {
        match self {
            Self::One(name) => std::slice::from_ref(name),
            Self::First(names) => names,
        }
    }
}

/// A value in the document, written as the column's type is by default: with a decimal point, and days as in ISO 8601.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged, expecting = "a text, a number, true or false")]
pub enum Scalar {
    /// True or false.
    Boolean(bool),
    /// A number; decimal numbers of many digits are better written as text.
    Number(serde_json::Number),
    /// Text, which may be of any type.
    Text(String),
}

impl Scalar {
    /// As it is written.
    pub fn text(&self) -> String {
        match self {
            Self::Boolean(value) => value.to_string(),
            Self::Number(value) => value.to_string(),
            Self::Text(value) => value.clone(),
        }
    }
}

/// What is done with a text. No value stays none, but for default, coalesce, concat and constant.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Step {
    /// Takes white space off both ends.
    Trim {},
    /// Makes capitals.
    Upper {},
    /// Makes small letters.
    Lower {},
    /// Writes another text wherever a text is.
    Replace {
        /// What is looked for.
        from: String,
        /// What is written.
        to: String,
    },
    /// Takes what a regular expression finds, or no value.
    RegexExtract {
        /// The expression, in the syntax of Rust's regex crate; classes such as `\d` are those of ASCII.
        pattern: String,
        /// The group that is taken; 0 is all that was found.
        #[serde(default)]
        group: u32,
    },
    /// Takes a part, or no value where there is none.
    Split {
        /// What is between the parts.
        by: String,
        /// Which one, from 0; from the end where it is negative.
        index: i32,
    },
    /// Makes it at least so many characters long.
    Pad {
        /// Where it grows.
        side: Side,
        /// How many characters.
        width: u32,
        /// The character.
        with: String,
    },
    /// Writes values in place of others.
    Map {
        /// Texts and what is written for them; null for no value.
        values: BTreeMap<String, Option<Scalar>>,
        /// What becomes of others.
        #[serde(default, rename = "else", skip_serializing_if = "Else::is_keep")]
        other: Else,
    },
    /// A value where there is none.
    Default {
        /// The value.
        value: Scalar,
    },
    /// Where there is no value, that of the first field that has one.
    Coalesce {
        /// Fields of the file.
        from: Vec<String>,
    },
    /// The values of fields one after the other, in place of what there is.
    Concat {
        /// Fields of the file; those without a value are passed over.
        from: Vec<String>,
        /// What is written between them.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        with: String,
    },
    /// Always the same value.
    Constant {
        /// The value.
        value: Scalar,
    },
    /// SHA-256 of the text's UTF-8, in small hexadecimal digits.
    Hash {},
    /// Reads a number as people write it.
    ParseNumber {
        /// The decimal sign.
        #[serde(default)]
        decimal: Decimal,
        /// What is between groups of digits: a character.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        group: Option<String>,
    },
    /// Reads a number of units since 1970 as a point in time. The last step, for a column of type timestamptz, timestamp, date or text.
    UnixTime {
        /// The unit.
        unit: Unit,
    },
    /// Takes a value out of JSON.
    JsonPointer {
        /// Which one (RFC 6901).
        pointer: String,
    },
}

/// A side of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "left and right")]
pub enum Side {
    Left,
    Right,
}

/// A unit of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Unit {
    /// Seconds, with or without decimals.
    S,
    /// Milliseconds.
    Ms,
    /// Microseconds.
    Us,
    /// Nanoseconds; what is less than a microsecond is cut off.
    Ns,
}

/// What becomes of a value that is not in the list.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
pub enum Else {
    /// It stays.
    #[default]
    Keep,
    /// There is no value.
    Null,
    /// It does not fit.
    Error,
    /// This is written.
    Value(Scalar),
}

impl Else {
    fn is_keep(&self) -> bool {
        matches!(self, Self::Keep)
    }
}

/// What has to hold for a value of a column, as it is after its steps and its type. It says nothing of rows without a value.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Check {
    /// It is one of these.
    #[serde(default, rename = "in", skip_serializing_if = "Option::is_none")]
    pub within: Option<Vec<Scalar>>,
    /// It is none of these.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_in: Option<Vec<Scalar>>,
    /// It is at least this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min: Option<Scalar>,
    /// It is at most this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<Scalar>,
    /// It has at most so many decimals, not counting zeros at the end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scale: Option<u32>,
    /// It has at most so many digits, not counting zeros at both ends that say nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub precision: Option<u32>,
    /// It has so many characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub length: Option<Range>,
    /// A regular expression finds something in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub matches: Option<String>,
}

/// From so many to so many.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Range {
    /// At least.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min: Option<u64>,
    /// At most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<u64>,
}

/// What has to hold for a row to be taken, said of a column's value as it is stored. Where there is no value, only `not_in` and `is_null` can hold.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Condition {
    /// The column of the dataset.
    pub column: String,
    /// It is one of these.
    #[serde(default, rename = "in", skip_serializing_if = "Option::is_none")]
    pub within: Option<Vec<Scalar>>,
    /// It is none of these.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_in: Option<Vec<Scalar>>,
    /// It is this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub equals: Option<Scalar>,
    /// There is no value; or there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_null: Option<bool>,
    /// It is at least this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min: Option<Scalar>,
    /// It is at most this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<Scalar>,
}

/// What is done with the rows that a dataset has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Write {
    /// They stay, and those of the file are added.
    Append,
    /// Those with the key of a row of the file are changed to it.
    Merge,
    /// Those of the file take their place.
    Replace,
}

/// What is done with fields of the file that no rule reads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum UnknownColumns {
    /// As rescue, and their names are told so that columns can be added.
    Add,
    /// They are kept in the row's `_rescued`.
    #[default]
    Rescue,
    /// They are dropped.
    Ignore,
    /// The run fails.
    Fail,
}

/// What is done with a value that does not fit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OnError {
    /// The column has no value, and the file's is kept in the row's `_rescued`.
    #[default]
    Rescue,
    /// The row is rejected.
    Reject,
    /// The column has no value.
    Null,
    /// The run fails.
    Fail,
}

/// How many rows may be rejected.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MaxRejects {
    /// So many.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rows: Option<u64>,
    /// Such a share of those that were read, from 0 to 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub share: Option<f64>,
}

/// What has to hold at the end of a run. The database sees to it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum RunCheck {
    /// So many rows were stored.
    Rows(Range),
    /// These columns have a value in every row.
    NotNull(Vec<String>),
    /// The values of a column add up to this.
    Sum {
        /// The column.
        column: String,
        /// The sum.
        equals: Scalar,
    },
    /// No two rows have the same values in these columns.
    Unique(Vec<String>),
    /// Every value of a column is in a column of a dataset.
    References {
        /// The column.
        column: String,
        /// The other dataset.
        dataset: String,
        /// Its column.
        to: String,
    },
}

impl Mapping {
    /// Reads a document and looks whether what it says can be done, as far as that depends on nothing else.
    pub fn parse(document: &str) -> Result<Self, MappingError> {
        if document.len() > limits::MAPPING {
            return Err(MappingError::new("", format!("the mapping is larger than {} bytes", limits::MAPPING)));
        }
        let mut json = serde_json::Deserializer::from_str(document);
        let mapping: Self = serde_path_to_error::deserialize(&mut json).map_err(|error| {
            let path = error.path().iter().fold(String::new(), |path, segment| match segment.to_string() {
                name if name == "." || name == "?" => path,
                name => path + "/" + name.trim_start_matches('[').trim_end_matches(']'),
            });
            MappingError { path, message: error.inner().to_string() }
        })?;
        json.end().map_err(|error| MappingError::new("", error.to_string()))?;
        mapping.validate()?;
        Ok(mapping)
    }

    /// Each column from the file's field of the same name: what holds where a dataset has no mapping.
    pub fn of_columns(columns: &[Column]) -> Self {
        let rule = |column: &Column| ColumnRule { to: column.name.clone(), kind: Some(column.kind), ..ColumnRule::default() };
        Self {
            version: VERSION,
            input: None,
            flatten: None,
            explode: None,
            columns: columns.iter().map(rule).collect(),
            ignore: Vec::new(),
            conditions: Vec::new(),
            write: None,
            key: Vec::new(),
            unknown_columns: UnknownColumns::default(),
            type_errors: OnError::default(),
            max_rejects: None,
            checks: Vec::new(),
        }
    }
}
