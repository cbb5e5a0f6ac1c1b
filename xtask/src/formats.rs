//! `docs/formats.md`: what is read of which scanner's report, for its users, made from the descriptions of the formats.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use serde::Deserialize;
use stack::paths;
use toml::Table;

mod expression;
mod record;

const FILE: &str = "docs/formats.md";
const DESCRIPTIONS: &str = "crates/scan-reports/formats";

/// What stands above the index.
const HEADER: &str = include_str!("formats/header.md");

/// A description, as far as it is shown; `scan-reports` checks the rest.
#[derive(Deserialize)]
struct Description {
    #[serde(skip)]
    name: String,
    scanner: String,
    #[serde(default)]
    aliases: Vec<String>,
    about: String,
    syntax: String,
    #[serde(default)]
    detect: Vec<Table>,
    #[serde(default)]
    fields: Table,
    #[serde(default)]
    records: Vec<Table>,
    /// The same for people, where a module reads the format.
    #[serde(default)]
    becomes: Vec<String>,
}

/// Writes the file.
pub(crate) fn write() -> Result<()> {
    let file = paths::root().join(FILE);
    paths::create_dir(file.parent().unwrap_or(&file))?;
    std::fs::write(&file, page()?).with_context(|| format!("cannot write {FILE}"))
}

/// An error when the file is not what [`write`] would write.
pub(crate) fn check() -> Result<()> {
    let file = paths::read(&paths::root().join(FILE)).unwrap_or_default();
    let page = page()?;
    let line = file.lines().zip(page.lines()).position(|(file, page)| file != page);
    let line = line.unwrap_or_else(|| file.lines().count().min(page.lines().count())) + 1;
    ensure!(file == page, "{FILE} is not what the descriptions of the formats make (line {line}): run `cargo xtask formats`");
    Ok(())
}

fn page() -> Result<String> {
    let descriptions = descriptions(&paths::root().join(DESCRIPTIONS))?;
    let mut page = HEADER.to_owned();
    page.push_str("\n| format | of | syntax | findings |\n|---|---|---|---|\n");
    for description in &descriptions {
        writeln!(page, "{}", index_row(description))?;
    }
    for description in &descriptions {
        page.push('\n');
        page.push_str(&section(description));
    }
    Ok(page)
}

/// The descriptions, by name.
fn descriptions(dir: &Path) -> Result<Vec<Description>> {
    let mut files = paths::files(dir)?;
    files.retain(|file| file.extension().is_some_and(|extension| extension == "toml"));
    files.iter().map(|file| description(file)).collect()
}

fn description(file: &Path) -> Result<Description> {
    let description: Description = toml::from_str(&paths::read(file)?).with_context(|| format!("cannot read {}", file.display()))?;
    let name = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    Ok(Description { name, ..description })
}

fn index_row(description: &Description) -> String {
    let Description { name, scanner, syntax, .. } = description;
    let kinds = description.kinds().join(", ");
    format!("| [`{name}`](#{name}) | {} | {} | {kinds} |", scanner.replace('|', "\\|"), syntax.to_uppercase())
}

/// A format: what it is, what it is told by, and a point for each kind of record.
fn section(description: &Description) -> String {
    let Description { name, scanner, about, .. } = description;
    let mut text = format!("## {name}\n\n**{scanner}**: {about}");
    if !description.aliases.is_empty() {
        let aliases = description.aliases.iter().map(String::as_str).collect();
        let _ = write!(text, " Also asked for as {}.", coded(aliases).join(", "));
    }
    let _ = write!(text, "\n\nTold by {}.\n\n", told_by(&description.detect));
    let points = if description.records.is_empty() {
        description.becomes.iter().map(|point| wrapped(point.split_inclusive("; ").map(str::to_owned))).collect()
    } else {
        record::points(&description.fields, &description.records)
    };
    for point in points {
        text.push_str(&point);
        text.push('\n');
    }
    text
}

impl Description {
    /// The kinds of its findings; those of a format with a module are the bold words of its points.
    fn kinds(&self) -> Vec<String> {
        let findings = self.records.iter().filter(|record| !record.contains_key("failure"));
        let kind = |record: &Table| Some(record.get("kind").or(self.fields.get("kind"))?.as_str()?.to_owned());
        let bold = |point: &String| point.split("**").skip(1).step_by(2).map(str::to_owned).collect::<Vec<_>>();
        let mut kinds: Vec<String> = findings.filter_map(kind).chain(self.becomes.iter().flat_map(bold)).collect();
        kinds.sort();
        kinds.dedup();
        kinds
    }
}

/// What is looked for at the start of a report: one of several sets of facts.
fn told_by(detects: &[Table]) -> String {
    let facts = |detect: &Table| {
        let has = strings(detect.get("has")).into_iter().map(|path| format!("`{path}`"));
        let is = detect.get("is").and_then(toml::Value::as_table).into_iter().flatten();
        let is = is.map(|(path, values)| format!("`{path}` = {}", coded(strings(Some(values))).join(" or ")));
        let lacks = strings(detect.get("lacks")).into_iter().map(|path| format!("no `{path}`"));
        let alone = detect.contains_key("alone").then(|| "nothing else".to_owned());
        has.chain(is).chain(lacks).chain(alone).collect::<Vec<_>>().join(", ")
    };
    detects.iter().map(facts).collect::<Vec<_>>().join("; or ")
}

/// A text, or the texts of a list.
fn strings(value: Option<&toml::Value>) -> Vec<&str> {
    match value {
        Some(toml::Value::String(text)) => vec![text],
        Some(toml::Value::Array(items)) => items.iter().filter_map(toml::Value::as_str).collect(),
        _ => Vec::new(),
    }
}

fn coded(texts: Vec<&str>) -> Vec<String> {
    texts.into_iter().map(|text| format!("`{text}`")).collect()
}

/// A point of a list, with line breaks only between its parts.
fn wrapped(parts: impl IntoIterator<Item = String>) -> String {
    const WIDTH: usize = 150;
    let (mut text, mut column) = (String::from("- "), 2);
    for part in parts {
        if column > 2 && column + part.chars().count() > WIDTH {
            text.truncate(text.trim_end().len());
            text.push_str("\n  ");
            column = 2;
        }
        column += part.chars().count();
        text.push_str(&part);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Description {
        Description { name: "x".to_owned(), ..toml::from_str(text).expect("a description") }
    }

    #[test]
    fn a_format_is_told_in_a_few_lines() {
        let description = of(r#"
            scanner = "X"
            aliases = ["y"]
            about = "X's report."
            syntax = "json"
            [[detect]]
            has = ["results[].id"]
            is = { version = ["2", "3"] }
            [[detect]]
            has = ["hosts"]
            lacks = ["id"]
            alone = true
            [fields]
            kind = "host"
            [[records]]
            at = "results[].items[]"
            only = { state = ["FAIL", "WARN"], id = true }
            rule = "id"
            title = "'{id} on {^.name}' | id > lower"
            severity = { word = "level", map = { bad = "high" }, default = "low" }
            asset = { kind = "host", identity = "^.name" }
            location = { host = "^.name", port = "port > number" }
            attributes = { b = "b" }
        "#);
        assert_eq!(index_row(&description), "| [`x`](#x) | X | JSON | host |");
        let expected = "## x\n\n**X**: X's report. Also asked for as `y`.\n\n\
            Told by `results[].id`, `version` = `2` or `3`; or `hosts`, no `id`, nothing else.\n\n\
            - **host**, each `results[].items[]` where `id` is there and `state` is FAIL or WARN: *title* “`id` on `/results[].name`” or `id`; *rule* `id`;\n  \
            *severity* `level` (bad: high), else low; *asset* host `/results[].name`; *location* host `/results[].name`, port `port`.\n";
        assert_eq!(section(&description), expected);
    }

    #[test]
    fn a_format_with_a_module_says_it_itself() {
        let description = of("scanner = 'X'\nabout = 'x'\nsyntax = 'xml'\nbecomes = ['**host**, each `item`: *title* `name`.']\n");
        assert_eq!(index_row(&description), "| [`x`](#x) | X | XML | host |");
        assert!(section(&description).ends_with("\n- **host**, each `item`: *title* `name`.\n"));
    }
}
