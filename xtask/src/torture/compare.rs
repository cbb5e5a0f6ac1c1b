//! What has to be the same however an import went.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context as _, Result};
use serde_json::Value;
use xtask::contents;
use xtask::stack::Stack;

use super::world::Workspace;

/// What is said of a difference, at most.
const WIDTH: usize = 160;

/// What the imports of a round left behind, a workspace after the other.
#[derive(Debug)]
pub(super) struct Outcome(Vec<Held>);

/// What a workspace holds.
#[derive(Debug)]
struct Held {
    rows: Vec<String>,
    /// By file name.
    imports: BTreeMap<String, Facts>,
    /// Imports in the database: each report should have one.
    count: usize,
}

/// What is told of an import, as far as it does not depend on time and on what came before: by name, as text.
#[derive(Debug, Default)]
struct Facts {
    told: BTreeMap<&'static str, String>,
    /// The members `new` of its counts.
    new: BTreeMap<&'static str, u64>,
}

impl Outcome {
    /// Reads it from the database and the API.
    pub(super) async fn read(stack: &Stack, workspaces: &[Workspace<'_>]) -> Result<Self> {
        let database = stack.database.connect().await?;
        let mut outcome = Vec::new();
        for workspace in workspaces {
            let rows = contents::of(&database, &workspace.name).await?;
            let list = workspace.client.list("imports", "").await?;
            let mut imports = BTreeMap::new();
            for import in &list {
                let id = import["id"].as_str().context("an import has no id")?;
                let name = import["file_name"].as_str().unwrap_or_default().to_owned();
                imports.insert(name, Facts::of(&workspace.status(id).await?));
            }
            outcome.push(Held { rows, imports, count: list.len() });
        }
        Ok(Self(outcome))
    }

    /// Where another outcome differs from this one, in words.
    pub(super) fn differences(&self, found: &Self) -> Vec<String> {
        let mut differences = found.contradictions();
        for (number, (expected, found)) in (1..).zip(self.0.iter().zip(&found.0)) {
            let workspace = format!("workspace {number}");
            differences.extend(import_differences(expected, found).map(|difference| format!("{workspace}, {difference}")));
            differences.extend(row_differences(&expected.rows, &found.rows).map(|difference| format!("{workspace}, {difference}")));
        }
        differences
    }

    /// Where it contradicts itself: what all imports together call new is what is there.
    pub(super) fn contradictions(&self) -> Vec<String> {
        let mut contradictions = Vec::new();
        for (number, held) in (1..).zip(&self.0) {
            for (what, kind) in [("assets", "asset "), ("findings", "finding "), ("occurrences", "occurrence ")] {
                let new: u64 = held.imports.values().filter_map(|facts| facts.new.get(what)).sum();
                let rows = held.rows.iter().filter(|row| row.starts_with(kind)).count() as u64;
                if new != rows {
                    contradictions.push(format!("workspace {number}: its imports count {new} new {what}, it holds {rows}"));
                }
            }
        }
        contradictions
    }
}

impl Facts {
    fn of(status: &Value) -> Self {
        let counts = &status["counts"];
        let sum = |what: &str| -> u64 {
            let members = counts[what].as_object().into_iter().flatten();
            members.filter(|(name, _)| *name != "closed").filter_map(|(_, number)| number.as_u64()).sum()
        };
        let told = [
            ("state", status["state"].as_str().unwrap_or_default().to_owned()),
            ("error", status["error"].to_string()),
            ("progress.items", status["progress"]["items"].to_string()),
            ("counts.errors", counts["errors"].to_string()),
            ("the sum of counts.assets", sum("assets").to_string()),
            ("the sum of counts.findings", sum("findings").to_string()),
        ];
        let new = ["assets", "findings", "occurrences"].map(|what| (what, counts[what]["new"].as_u64().unwrap_or_default()));
        Self { told: told.into(), new: new.into() }
    }
}

fn import_differences(expected: &Held, found: &Held) -> impl Iterator<Item = String> {
    let mut differences = Vec::new();
    if expected.count != found.count {
        differences.push(format!("number of imports: expected {}, found {}", expected.count, found.count));
    }
    for (name, expected) in &expected.imports {
        let Some(found) = found.imports.get(name) else {
            differences.push(format!("import {name}: it is not there"));
            continue;
        };
        let both = expected.told.iter().zip(found.told.values());
        let other = both.filter(|((_, expected), found)| expected != found);
        differences.extend(other.map(|((what, expected), found)| format!("import {name}, {what}: expected {expected}, found {found}")));
    }
    differences.into_iter()
}

/// Rows that are only in one of them. Those with the same id are told of once, by what differs in them.
fn row_differences(expected: &[String], found: &[String]) -> impl Iterator<Item = String> {
    let (expected, found): (BTreeSet<_>, BTreeSet<_>) = (expected.iter().collect(), found.iter().collect());
    let missing: BTreeMap<_, _> = expected.difference(&found).map(|row| parsed(row)).collect();
    let mut surplus: BTreeMap<_, _> = found.difference(&expected).map(|row| parsed(row)).collect();
    let mut differences = Vec::new();
    for (key, row) in missing {
        match surplus.remove(&key) {
            Some(other) => differences.push(format!("{key}, {}", members_that_differ(&row, &other))),
            None => differences.push(format!("{key}: it is not there: {}", short(&row))),
        }
    }
    differences.extend(surplus.into_iter().map(|(key, row)| format!("{key}: it should not be there: {}", short(&row))));
    differences.into_iter()
}

/// A row by its kind and id, or by all of it where it has none.
fn parsed(line: &str) -> (String, Value) {
    let (kind, row) = line.split_once(' ').unwrap_or((line, ""));
    let row: Value = serde_json::from_str(row).unwrap_or_default();
    let id = row["id"].as_str().map_or_else(|| row.to_string(), str::to_owned);
    (format!("{kind} {id}"), row)
}

fn members_that_differ(expected: &Value, found: &Value) -> String {
    let members = expected.as_object().into_iter().flatten().filter(|(name, value)| found[*name] != **value);
    let told = members.map(|(name, value)| format!("{name}: expected {}, found {}", short(value), short(&found[name])));
    told.collect::<Vec<_>>().join("; ")
}

fn short(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(WIDTH) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn outcome(rows: &[&str], new: u64, state: &str) -> Outcome {
        let counts = json!({"assets": {"new": new, "updated": 2, "unchanged": 3}, "findings": {"new": 0, "closed": 7}, "errors": 1});
        let facts = Facts::of(&json!({"state": state, "error": null, "progress": {"items": 5}, "counts": counts}));
        let rows = rows.iter().map(|row| (*row).to_owned()).collect();
        Outcome(vec![Held { rows, imports: [("a".to_owned(), facts)].into(), count: 1 }])
    }

    #[test]
    fn what_is_the_same_has_no_differences() {
        let one = outcome(&[r#"asset {"id": "1", "kind": "host"}"#], 1, "completed");
        assert_eq!(one.differences(&one), [""; 0]);
    }

    #[test]
    fn differences_are_told_in_words() {
        let expected = outcome(&[r#"asset {"id": "1", "kind": "host"}"#, r#"error {"code": "x"}"#], 1, "completed");
        let found = outcome(&[r#"asset {"id": "1", "kind": "site"}"#, r#"asset {"id": "2"}"#], 3, "failed");
        let differences = [
            "workspace 1: its imports count 3 new assets, it holds 2",
            r#"workspace 1, import a, state: expected completed, found failed"#,
            "workspace 1, import a, the sum of counts.assets: expected 6, found 8",
            r#"workspace 1, asset 1, kind: expected "host", found "site""#,
            r#"workspace 1, error {"code":"x"}: it is not there: {"code":"x"}"#,
            r#"workspace 1, asset 2: it should not be there: {"id":"2"}"#,
        ];
        assert_eq!(expected.differences(&found), differences);
    }
}
