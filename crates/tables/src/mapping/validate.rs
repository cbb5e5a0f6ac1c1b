//! What a mapping's document has to keep to beyond its form: limits, names, and what belongs together.

use std::collections::HashSet;

use super::MappingError;
use super::document::{ColumnRule, Condition, Input, Mapping, RunCheck, Scalar, Step, VERSION};
use super::steps::{decimal_sign, pattern};
use crate::{Decimal, limits};

/// Columns that every dataset has.
const OF_THE_SYSTEM: [&str; 5] = ["_run", "_segment", "_offset", "_rescued", "_at"];

type Valid = Result<(), MappingError>;

fn refuse(path: &str, message: impl Into<String>) -> Valid {
    Err(MappingError::new(path, message))
}

/// An error where something is not as it should be.
fn want(holds: bool, path: &str, message: &str) -> Valid {
    if holds { Ok(()) } else { refuse(path, message) }
}

fn at_most<T>(list: &[T], limit: usize, path: &str) -> Valid {
    want(list.len() <= limit, path, &format!("at most {limit}, and these are {}", list.len()))
}

impl Mapping {
    /// Whether what it says can be done, as far as that depends on nothing else. [`parse`](Self::parse) has looked.
    pub fn validate(&self) -> Valid {
        want(self.version == VERSION, "/version", "the version is 1")?;
        self.input.as_ref().map_or(Ok(()), input)?;
        if let Some(flatten) = &self.flatten {
            let depth = usize::try_from(flatten.depth).unwrap_or(usize::MAX);
            want((1..=limits::LEVELS).contains(&depth), "/flatten/depth", &format!("the depth is from 1 to {}", limits::LEVELS))?;
        }
        if let Some(explode) = &self.explode {
            field(&explode.from, "/explode/from")?;
        }
        at_most(&self.columns, limits::COLUMNS, "/columns")?;
        want(!self.columns.is_empty(), "/columns", "there is no column")?;
        let mut columns = HashSet::new();
        for (index, rule) in self.columns.iter().enumerate() {
            let path = format!("/columns/{index}");
            column(rule, &path)?;
            want(columns.insert(rule.to.as_str()), &format!("{path}/to"), "another rule is for this column already")?;
        }
        at_most(&self.ignore, limits::COLUMNS, "/ignore")?;
        self.ignore.iter().enumerate().try_for_each(|(index, name)| field(name, &format!("/ignore/{index}")))?;
        at_most(&self.conditions, limits::CONDITIONS, "/where")?;
        self.conditions.iter().enumerate().try_for_each(|(index, it)| condition(it, &columns, &format!("/where/{index}")))?;
        self.rows(&columns)
    }

    /// What is said of all rows of a run.
    fn rows(&self, columns: &HashSet<&str>) -> Valid {
        known_columns(&self.key, columns, "/key")?;
        let merge = self.write == Some(super::Write::Merge);
        want(!merge || !self.key.is_empty(), "/key", "a merge needs the columns that say which row it is")?;
        if let Some(max) = &self.max_rejects {
            want(max.share.is_none_or(|share| (0.0..=1.0).contains(&share)), "/max_rejects/share", "a share is from 0 to 1")?;
            want(max.rows.is_some() || max.share.is_some(), "/max_rejects", "say how many rows, or which share")?;
        }
        at_most(&self.checks, limits::CONDITIONS, "/checks")?;
        self.checks.iter().enumerate().try_for_each(|(index, it)| run_check(it, columns, &format!("/checks/{index}")))
    }
}

fn input(input: &Input) -> Valid {
    for (name, text, may_be_empty) in
        [("delimiter", &input.delimiter, false), ("quote", &input.quote, true), ("escape", &input.escape, true)]
    {
        let one = text.as_ref().is_none_or(|text| {
            (text.len() == 1 && text.is_ascii() && !text.contains(['\0', '\r', '\n'])) || (may_be_empty && text.is_empty())
        });
        want(one, &format!("/input/{name}"), "this is one character of ASCII")?;
    }
    want(input.delimiter.is_none() || input.delimiter != input.quote, "/input/quote", "the quote is the delimiter")?;
    nulls(input.null.as_ref(), "/input/null")?;
    input.records.as_ref().map_or(Ok(()), |records| pointer(records, "/input/records"))?;
    for (name, text) in [("encoding", &input.encoding), ("sheet", &input.sheet)] {
        text.as_ref().map_or(Ok(()), |text| field(text, &format!("/input/{name}")))?;
    }
    Ok(())
}

fn column(rule: &ColumnRule, path: &str) -> Valid {
    name(&rule.to, &format!("{path}/to"))?;
    if let Some(from) = &rule.from {
        fields(from.names(), &format!("{path}/from"))?;
    }
    at_most(&rule.steps, limits::STEPS, &format!("{path}/steps"))?;
    for (index, it) in rule.steps.iter().enumerate() {
        let path = format!("{path}/steps/{index}");
        step(it, &path)?;
        let last = index + 1 == rule.steps.len();
        want(last || !matches!(it, Step::UnixTime { .. }), &path, "unix_time is the last step, since what comes of it is no text")?;
    }
    if let Some(check) = &rule.check {
        let path = format!("{path}/check");
        values(check.within.as_ref(), &format!("{path}/in"))?;
        values(check.not_in.as_ref(), &format!("{path}/not_in"))?;
        check.matches.as_ref().map_or(Ok(()), |it| pattern(it, &format!("{path}/matches")).map(drop))?;
    }
    at_most(&rule.formats, limits::STEPS, &format!("{path}/formats"))?;
    nulls(rule.null.as_ref(), &format!("{path}/null"))
}

fn step(step: &Step, path: &str) -> Valid {
    match step {
        Step::Trim {}
        | Step::Upper {}
        | Step::Lower {}
        | Step::Default { .. }
        | Step::Constant { .. }
        | Step::Hash {}
        | Step::UnixTime { .. } => Ok(()),
        Step::Replace { from, .. } => want(!from.is_empty(), &format!("{path}/from"), "this is empty"),
        Step::RegexExtract { pattern: text, group } => {
            let pattern = pattern(text, &format!("{path}/pattern"))?;
            let group = usize::try_from(*group).unwrap_or(usize::MAX);
            want(group < pattern.captures_len(), &format!("{path}/group"), "the expression has no such group")
        }
        Step::Split { by, .. } => want(!by.is_empty(), &format!("{path}/by"), "this is empty"),
        Step::Pad { width, with, .. } => {
            want(*width <= limits::PAD, &format!("{path}/width"), &format!("at most {}", limits::PAD))?;
            want(with.chars().count() == 1, &format!("{path}/with"), "this is one character")
        }
        Step::Map { values, .. } => want(values.len() <= limits::VALUES, &format!("{path}/values"), &format!("at most {}", limits::VALUES)),
        Step::Coalesce { from } | Step::Concat { from, .. } => fields(from, &format!("{path}/from")),
        Step::ParseNumber { decimal, group } => number(*decimal, group.as_deref(), &format!("{path}/group")),
        Step::JsonPointer { pointer: text } => pointer(text, &format!("{path}/pointer")),
    }
}

fn number(decimal: Decimal, group: Option<&str>, path: &str) -> Valid {
    let Some(group) = group else {
        return Ok(());
    };
    want(
        group.chars().count() == 1 && !group.contains(|sign: char| sign.is_ascii_digit() || "+-eE".contains(sign)),
        path,
        "this is one character",
    )?;
    want(!group.contains(decimal_sign(decimal)), path, "this is the decimal sign")
}

fn condition(condition: &Condition, columns: &HashSet<&str>, path: &str) -> Valid {
    let Condition { column, within, not_in, equals, is_null, min, max } = condition;
    want(columns.contains(column.as_str()), &format!("{path}/column"), "no rule is for this column")?;
    values(within.as_ref(), &format!("{path}/in"))?;
    values(not_in.as_ref(), &format!("{path}/not_in"))?;
    let any = within.is_some() || not_in.is_some() || equals.is_some() || is_null.is_some() || min.is_some() || max.is_some();
    want(any, path, "say what has to hold: in, not_in, equals, is_null, min or max")
}

fn run_check(check: &RunCheck, columns: &HashSet<&str>, path: &str) -> Valid {
    match check {
        RunCheck::Rows(range) => {
            want(range.min.is_some() || range.max.is_some(), path, "say how many rows at least or at most")?;
            want(range.max.is_none_or(|max| range.min.unwrap_or_default() <= max), path, "the least is more than the most")
        }
        RunCheck::NotNull(names) | RunCheck::Unique(names) => {
            want(!names.is_empty(), path, "name a column")?;
            known_columns(names, columns, path)
        }
        RunCheck::Sum { column, equals } => {
            want(columns.contains(column.as_str()), &format!("{path}/sum/column"), "no rule is for this column")?;
            let is_number = equals.text().parse::<f64>().is_ok_and(f64::is_finite);
            want(is_number, &format!("{path}/sum/equals"), "this is no number")
        }
        RunCheck::References { column, dataset, to } => {
            let path = format!("{path}/references");
            want(columns.contains(column.as_str()), &format!("{path}/column"), "no rule is for this column")?;
            field(dataset, &format!("{path}/dataset"))?;
            name(to, &format!("{path}/to"))
        }
    }
}

fn known_columns(names: &[String], columns: &HashSet<&str>, path: &str) -> Valid {
    let mut seen = HashSet::new();
    for (index, name) in names.iter().enumerate() {
        let path = format!("{path}/{index}");
        want(columns.contains(name.as_str()), &path, "no rule is for this column")?;
        want(seen.insert(name), &path, "it is there already")?;
    }
    Ok(())
}

/// A name of a column of a dataset.
fn name(name: &str, path: &str) -> Valid {
    want(!name.is_empty(), path, "the name is empty")?;
    want(name.len() <= limits::NAME, path, &format!("the name is longer than {} bytes", limits::NAME))?;
    want(!name.contains('\0'), path, "the name has a NUL")?;
    want(!OF_THE_SYSTEM.contains(&name), path, "every dataset has a column of this name for its own use; choose another")
}

/// A name of a field of a file, which may be any text.
fn field(name: &str, path: &str) -> Valid {
    want(name.len() <= limits::FIELD_NAME, path, &format!("this is longer than {} bytes", limits::FIELD_NAME))
}

fn fields(names: &[String], path: &str) -> Valid {
    want(!names.is_empty(), path, "name a field")?;
    at_most(names, limits::STEPS, path)?;
    names.iter().try_for_each(|name| field(name, path))
}

fn nulls(texts: Option<&Vec<String>>, path: &str) -> Valid {
    texts.map_or(Ok(()), |texts| at_most(texts, limits::STEPS, path))
}

fn values(list: Option<&Vec<Scalar>>, path: &str) -> Valid {
    list.map_or(Ok(()), |list| at_most(list, limits::VALUES, path))
}

fn pointer(pointer: &str, path: &str) -> Valid {
    want(pointer.is_empty() || pointer.starts_with('/'), path, "a JSON pointer is empty or begins with a slash")?;
    want(pointer.split('/').count() <= limits::LEVELS + 1, path, &format!("at most {} levels", limits::LEVELS))?;
    want(!pointer.replace("~0", "").replace("~1", "").contains('~'), path, "a tilde is written ~0, and a slash ~1")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(document: &str) -> (String, String) {
        let error = Mapping::parse(document).expect_err(document);
        (error.path, error.message)
    }

    /// A document with one column, and more of it.
    fn with(rule: &str, more: &str) -> String {
        format!(r#"{{"version":1,"columns":[{{"to":"a"{rule}}}]{more}}}"#)
    }

    #[test]
    fn what_is_not_known_is_refused_with_its_place() {
        for (document, path) in [
            (with(r#","nope":1"#, ""), "/columns/0"),
            (with("", r#","nope":1"#), ""),
            (with(r#","steps":[{"trim":{}},{"nope":{}}]"#, ""), "/columns/0/steps/1"),
            (with(r#","steps":[{"trim":{"nope":1}}]"#, ""), "/columns/0/steps/0/trim"),
            (with(r#","type":"int4""#, ""), "/columns/0/type"),
            (with(r#","from":1"#, ""), "/columns/0/from"),
            (with("", r#","input":{"nope":1}"#), "/input"),
            (with("", r#","checks":[{"nope":1}]"#), "/checks/0"),
            (with("", r#"} "more""#), ""),
        ] {
            let (found, message) = error(&document);
            assert!(found.starts_with(path), "{document}: {found}: {message}");
        }
    }

    #[test]
    fn what_cannot_be_done_is_refused_with_its_place() {
        let long = "x".repeat(limits::EXPRESSION + 1);
        let matches = format!(r#","check":{{"matches":"{long}"}}"#);
        for (rule, more, path) in [
            (r#","to":"a""#, "", "/columns/0"),
            (r#","steps":[{"replace":{"from":"","to":"b"}}]"#, "", "/columns/0/steps/0/from"),
            (r#","steps":[{"regex_extract":{"pattern":"("}}]"#, "", "/columns/0/steps/0/pattern"),
            (r#","steps":[{"regex_extract":{"pattern":"((a{100}){100}){100}"}}]"#, "", "/columns/0/steps/0/pattern"),
            (r#","steps":[{"regex_extract":{"pattern":"a","group":1}}]"#, "", "/columns/0/steps/0/group"),
            (r#","steps":[{"pad":{"side":"left","width":1001,"with":"0"}}]"#, "", "/columns/0/steps/0/width"),
            (r#","steps":[{"pad":{"side":"left","width":1,"with":""}}]"#, "", "/columns/0/steps/0/with"),
            (r#","steps":[{"unix_time":{"unit":"s"}},{"trim":{}}]"#, "", "/columns/0/steps/0"),
            (r#","steps":[{"json_pointer":{"pointer":"a"}}]"#, "", "/columns/0/steps/0/pointer"),
            (r#","steps":[{"coalesce":{"from":[]}}]"#, "", "/columns/0/steps/0/from"),
            (r#","steps":[{"parse_number":{"group":"."}}]"#, "", "/columns/0/steps/0/group"),
            (&matches, "", "/columns/0/check/matches"),
            (r#","from":[]"#, "", "/columns/0/from"),
            ("", r#","input":{"delimiter":";;"}"#, "/input/delimiter"),
            ("", r#","key":["b"]"#, "/key/0"),
            ("", r#","key":["a","a"]"#, "/key/1"),
            ("", r#","write":"merge""#, "/key"),
            ("", r#","where":[{"column":"b","is_null":true}]"#, "/where/0/column"),
            ("", r#","where":[{"column":"a"}]"#, "/where/0"),
            ("", r#","flatten":{"depth":0}"#, "/flatten/depth"),
            ("", r#","max_rejects":{"share":1.5}"#, "/max_rejects/share"),
            ("", r#","checks":[{"rows":{"min":2,"max":1}}]"#, "/checks/0"),
            ("", r#","checks":[{"sum":{"column":"a","equals":"x"}}]"#, "/checks/0/sum/equals"),
        ] {
            let (found, message) = error(&with(rule, more));
            assert_eq!(found, path, "{rule}{more}: {message}");
        }
    }

    #[test]
    fn names_of_columns_are_those_that_a_dataset_can_have() {
        for name in ["", "_run", "_at", "a\\u0000b", &"n".repeat(limits::NAME + 1)] {
            let (path, _) = error(&format!(r#"{{"version":1,"columns":[{{"to":"{name}"}}]}}"#));
            assert_eq!(path, "/columns/0/to", "{name}");
        }
        let (path, _) = error(r#"{"version":1,"columns":[{"to":"a"},{"to":"a"}]}"#);
        assert_eq!(path, "/columns/1/to");
    }

    #[test]
    fn a_document_has_a_size_and_a_version() {
        assert_eq!(error(&" ".repeat(limits::MAPPING + 1)).0, "");
        assert_eq!(error(r#"{"version":2,"columns":[{"to":"a"}]}"#).0, "/version");
    }
}
