//! `docs/formats.md`: what is read of which scanner's report, for its users, made from the descriptions of the formats.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::{Context as _, Result, anyhow, ensure};
use report_formats::Description;
use report_formats::description::{Detection, RecordText};
use serde::Serialize;
use stack::paths;

mod expression;
mod record;

const FILE: &str = "docs/formats.md";
const DESCRIPTIONS: &str = "crates/scan-reports/formats";

/// What stands above the index.
const HEADER: &str = include_str!("formats/header.md");

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
    for (name, description) in &descriptions {
        writeln!(page, "{}", index_row(name, description)?)?;
    }
    for (name, description) in &descriptions {
        page.push('\n');
        page.push_str(&section(name, description)?);
    }
    Ok(page)
}

/// The descriptions, by name.
fn descriptions(dir: &Path) -> Result<Vec<(String, Description)>> {
    let mut files = paths::files(dir)?;
    files.retain(|file| file.extension().is_some_and(|extension| extension == "toml"));
    files.iter().map(|file| description(file)).collect()
}

fn description(file: &Path) -> Result<(String, Description)> {
    let description = Description::read(&paths::read(file)?).map_err(|error| anyhow!("{}: {error}", file.display()))?;
    Ok((file.file_stem().unwrap_or_default().to_string_lossy().into_owned(), description))
}

fn index_row(name: &str, description: &Description) -> Result<String> {
    let (kinds, syntax) = (kinds(description)?.join(", "), word(description.syntax).to_uppercase());
    Ok(format!("| [`{name}`](#{name}) | {} | {syntax} | {kinds} |", description.scanner.replace('|', "\\|")))
}

/// A format: what it is, what it is told by, and a point for each kind of record.
fn section(name: &str, description: &Description) -> Result<String> {
    let mut text = format!("## {name}\n\n**{}**: {}", description.scanner, description.about);
    if !description.aliases.is_empty() {
        let _ = write!(text, " Also asked for as {}.", coded(&description.aliases).join(", "));
    }
    let _ = write!(text, "\n\nTold by {}.\n\n", told_by(&description.detect));
    let records = records(description)?;
    let points = if records.is_empty() {
        description.becomes.iter().map(|point| wrapped(point.split_inclusive("; ").map(str::to_owned))).collect()
    } else {
        record::points(&records, description.language())?
    };
    for point in points {
        text.push_str(&point);
        text.push('\n');
    }
    Ok(text)
}

fn records(description: &Description) -> Result<Vec<RecordText>> {
    description.records().map_err(|error| anyhow!(error))
}

/// The kinds of its findings; those of a format with a module are the bold words of its points.
fn kinds(description: &Description) -> Result<Vec<String>> {
    let findings = records(description)?.into_iter().filter(|record| record.fields.failure.is_none());
    let bold = |point: &String| point.split("**").skip(1).step_by(2).map(str::to_owned).collect::<Vec<_>>();
    let words = findings.filter_map(|record| record.fields.kind).map(word);
    let mut kinds: Vec<String> = words.chain(description.becomes.iter().flat_map(bold)).collect();
    kinds.sort();
    kinds.dedup();
    Ok(kinds)
}

/// What is looked for at the start of a report: one of several sets of facts.
fn told_by(detects: &[Detection]) -> String {
    let facts = |detect: &Detection| {
        let has = coded(&detect.has).into_iter();
        let is = detect.is.iter().map(|(path, values)| format!("`{path}` = {}", coded(values.as_slice()).join(" or ")));
        let lacks = detect.lacks.iter().map(|path| format!("no `{path}`"));
        let alone = detect.alone.then(|| "nothing else".to_owned());
        has.chain(is).chain(lacks).chain(alone).collect::<Vec<_>>().join(", ")
    };
    detects.iter().map(facts).collect::<Vec<_>>().join("; or ")
}

fn coded(texts: &[String]) -> Vec<String> {
    texts.iter().map(|text| format!("`{text}`")).collect()
}

/// The word for a value of an enum in descriptions.
fn word(value: impl Serialize) -> String {
    serde_json::to_value(value).ok().and_then(|value| Some(value.as_str()?.to_owned())).unwrap_or_default()
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
        Description::read(text).expect("a description")
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
        assert_eq!(index_row("x", &description).expect("a row"), "| [`x`](#x) | X | JSON | host |");
        let expected = "## x\n\n**X**: X's report. Also asked for as `y`.\n\n\
            Told by `results[].id`, `version` = `2` or `3`; or `hosts`, no `id`, nothing else.\n\n\
            - **host**, each `results[].items[]` where `id` is there and `state` is FAIL or WARN: *title* “`id` on `/results[].name`” or `id`; *rule* `id`;\n  \
            *severity* `level` (bad: high), else low; *asset* host `/results[].name`; *location* host `/results[].name`, port `port`.\n";
        assert_eq!(section("x", &description).expect("a section"), expected);
    }

    #[test]
    fn a_format_with_a_module_says_it_itself() {
        let description = of("scanner = 'X'\nabout = 'x'\nsyntax = 'xml'\nbecomes = ['**host**, each `item`: *title* `name`.']\n");
        assert_eq!(index_row("x", &description).expect("a row"), "| [`x`](#x) | X | XML | host |");
        assert!(section("x", &description).expect("a section").ends_with("\n- **host**, each `item`: *title* `name`.\n"));
    }
}
