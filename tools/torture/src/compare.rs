//! What has to be the same however an import went.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use anyhow::{Context as _, Result};
use futures::future::try_join_all;
use serde_json::Value;
use stack::Stack;
use stack::contents;
use tokio_postgres::Client;

use crate::books;
use crate::world::Workspace;

/// Characters of a value that are told, and members that differ.
const WIDTH: usize = 100;
const MEMBERS: usize = 3;

/// How long the drains may take to index what was imported.
const INDEXING: Duration = Duration::from_mins(1);

/// Something that is not as it was without faults.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Difference {
    /// What it has in common with others.
    pub(super) sort: String,
    /// In words.
    pub(super) text: String,
}

impl Difference {
    pub(super) fn new(sort: &str, text: String) -> Self {
        Self { sort: sort.to_owned(), text }
    }

    fn within(self, place: &str) -> Self {
        Self { text: format!("{place}, {}", self.text), ..self }
    }
}

/// What the imports of a round left behind, a workspace after the other.
#[derive(Debug)]
pub(super) struct Outcome {
    workspaces: Vec<Held>,
    /// What is there of datasets and belongs to none.
    leftovers: Vec<String>,
}

/// What a workspace holds.
#[derive(Debug)]
struct Held {
    rows: Vec<String>,
    /// By file name.
    imports: BTreeMap<String, Facts>,
    /// Imports in the database: each report should have one.
    count: usize,
    /// Where what the workspace is said to use is not what it holds.
    usage: Vec<String>,
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
        let leftovers = books::leftovers(&stack.database.connect().await?).await?;
        let workspaces = try_join_all(workspaces.iter().map(|workspace| Held::read(stack, workspace))).await?;
        Ok(Self { workspaces, leftovers })
    }

    /// Where another outcome differs from this one.
    pub(super) fn differences(&self, found: &Self) -> Vec<Difference> {
        let mut differences = found.contradictions();
        for (number, (expected, found)) in (1..).zip(self.workspaces.iter().zip(&found.workspaces)) {
            let in_workspace = |difference: Difference| difference.within(&format!("workspace {number}"));
            differences.extend(import_differences(expected, found).into_iter().map(in_workspace));
            differences.extend(row_differences(&expected.rows, &found.rows).into_iter().map(in_workspace));
        }
        differences
    }

    /// Where it contradicts itself: what all imports together call new is what is there.
    pub(super) fn contradictions(&self) -> Vec<Difference> {
        let mut contradictions: Vec<_> = self.leftovers.iter().map(|text| Difference::new("left over", text.clone())).collect();
        for (number, held) in (1..).zip(&self.workspaces) {
            contradictions.extend(held.usage.iter().map(|text| Difference::new("usage", format!("workspace {number}: {text}"))));
            let wrong = held.rows.iter().filter(|row| row.starts_with("wrongly indexed"));
            contradictions.extend(wrong.map(|row| Difference::new("wrongly indexed", format!("workspace {number}: {row}"))));
            for (what, kind) in [("assets", "asset "), ("findings", "finding "), ("occurrences", "occurrence ")] {
                let new: u64 = held.imports.values().filter_map(|facts| facts.new.get(what)).sum();
                let rows = held.rows.iter().filter(|row| row.starts_with(kind)).count() as u64;
                if new != rows {
                    let text = format!("workspace {number}: its imports count {new} new {what}, it holds {rows}");
                    contradictions.push(Difference::new(&format!("number of new {what}"), text));
                }
            }
        }
        contradictions
    }
}

impl Held {
    async fn read(stack: &Stack, workspace: &Workspace<'_>) -> Result<Self> {
        let database = stack.database.connect().await?;
        contents::indexed(&database, &workspace.name, INDEXING).await?;
        let rows = contents::of(&database, &workspace.name).await?;
        let mut usage = usage(&database, &workspace.name).await?;
        usage.extend(books::of(&database, &workspace.name).await?);
        let list = workspace.client.list("imports", "").await?;
        let mut imports = BTreeMap::new();
        for import in &list {
            let id = import["id"].as_str().context("an import has no id")?;
            let name = import["file_name"].as_str().unwrap_or_default().to_owned();
            imports.insert(name, Facts::of(&workspace.status(id).await?));
        }
        Ok(Self { rows, imports, count: list.len(), usage })
    }
}

/// Where the counts that quotas go by are not the sums of the rows that they count.
async fn usage(database: &Client, workspace: &str) -> Result<Vec<String>> {
    const USAGE: &str = "
        select w.stored_bytes, (select coalesce(sum(i.size_bytes), 0)::bigint from spillway.imports i where i.workspace_id = w.id and i.report_removed_at is null),
          w.active_imports::bigint, (select count(*) from spillway.imports i where i.workspace_id = w.id and i.active),
          w.findings, (select count(*) from spillway.findings f where f.workspace_id = w.id)
        from spillway.workspaces w where w.name = $1";
    let row = database.query_one(USAGE, &[&workspace]).await.context("cannot sum up what a workspace uses")?;
    let counted =
        ["stored bytes", "active imports", "findings"].into_iter().zip([0, 2, 4].map(|column| (row.get(column), row.get(column + 1))));
    let differs =
        |(what, (counted, held)): (&str, (i64, i64))| (counted != held).then(|| format!("{what}: {counted} are counted, {held} held"));
    Ok(counted.filter_map(differs).collect())
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
        let mut told: BTreeMap<_, _> = told.into();
        let rows = &counts["rows"];
        // Which of two rows of a key comes first, and so is stored, is a matter of chance where files are merged.
        let is_merged = status["dataset"]["write"] == "merge";
        for what in ["read", "stored", "updated", "unchanged", "filtered", "rejected"] {
            if rows.is_object() && !(is_merged && ["stored", "updated", "unchanged"].contains(&what)) {
                told.insert(what, rows[what].to_string());
            }
        }
        if rows.is_object() {
            told.insert("values_rescued", counts["values_rescued"].to_string());
        }
        let new = ["assets", "findings", "occurrences"].map(|what| (what, counts[what]["new"].as_u64().unwrap_or_default()));
        Self { told, new: new.into() }
    }
}

fn import_differences(expected: &Held, found: &Held) -> Vec<Difference> {
    let mut differences = Vec::new();
    if expected.count != found.count {
        let text = format!("number of imports: expected {}, found {}", expected.count, found.count);
        differences.push(Difference::new("number of imports", text));
    }
    for (name, expected) in &expected.imports {
        let Some(found) = found.imports.get(name) else {
            differences.push(Difference::new("no import", format!("import {name}: it is not there")));
            continue;
        };
        for ((what, expected), found) in expected.told.iter().zip(found.told.values()).filter(|((_, expected), found)| expected != found) {
            differences.push(Difference::new(what, format!("import {name}, {what}: expected {expected}, found {found}")));
        }
    }
    differences
}

/// Rows that are only in one of them. Those with the same id are told of once, by what differs in them.
fn row_differences(expected: &[String], found: &[String]) -> Vec<Difference> {
    let (expected, found): (BTreeSet<_>, BTreeSet<_>) = (expected.iter().collect(), found.iter().collect());
    let missing: BTreeMap<_, _> = expected.difference(&found).map(|row| parsed(row)).collect();
    let mut surplus: BTreeMap<_, _> = found.difference(&expected).map(|row| parsed(row)).collect();
    let mut differences = Vec::new();
    for ((kind, id), row) in missing {
        let (sort, text) = match surplus.remove(&(kind, id.clone())) {
            Some(other) => members_that_differ(&row, &other),
            None => ("missing".to_owned(), format!("is not there: {}", short(&row))),
        };
        differences.push(Difference::new(&format!("{kind} {sort}"), format!("{kind} {id}, {text}")));
    }
    for ((kind, id), row) in surplus {
        differences.push(Difference::new(&format!("{kind} surplus"), format!("{kind} {id}, should not be there: {}", short(&row))));
    }
    differences
}

/// A row by its kind and id, or by all of it where it has none.
fn parsed(line: &str) -> ((&str, String), Value) {
    let (kind, row) = line.split_once(' ').unwrap_or((line, ""));
    let row: Value = serde_json::from_str(row).unwrap_or_default();
    let id = row["id"].as_str().map_or_else(|| row.to_string(), str::to_owned);
    ((kind, id), row)
}

/// The name of the first member that differs, and what both say where they do. Objects are looked into.
fn members_that_differ(expected: &Value, found: &Value) -> (String, String) {
    let (mut first, mut texts) = (None, Vec::new());
    for name in both(expected, found) {
        let (expected, found) = (&expected[name], &found[name]);
        if expected == found {
            continue;
        }
        first.get_or_insert(name);
        if expected.is_object() && found.is_object() {
            texts.push(format!("{name}: {{{}}}", members_that_differ(expected, found).1));
        } else {
            texts.push(format!("{name}: expected {}, found {}", short(expected), short(found)));
        }
    }
    if texts.len() > MEMBERS {
        let more = texts.len() - MEMBERS;
        texts.truncate(MEMBERS);
        texts.push(format!("and {more} more"));
    }
    (first.cloned().unwrap_or_default(), texts.join("; "))
}

/// The names of the members of one or the other.
fn both<'a>(one: &'a Value, other: &'a Value) -> BTreeSet<&'a String> {
    [one, other].into_iter().filter_map(Value::as_object).flat_map(|object| object.keys()).collect()
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
        let held = Held { rows, imports: [("a".to_owned(), facts)].into(), count: 1, usage: Vec::new() };
        Outcome { workspaces: vec![held], leftovers: Vec::new() }
    }

    #[test]
    fn what_is_the_same_has_no_differences() {
        let one = outcome(&[r#"asset {"id": "1", "kind": "host"}"#], 1, "completed");
        assert_eq!(one.differences(&one), []);
    }

    #[test]
    fn differences_are_told_in_words() {
        let expected = outcome(&[r#"asset {"id": "1", "attributes": {"a": 1, "b": 2}}"#, r#"error {"code": "x"}"#], 1, "completed");
        let found = outcome(&[r#"asset {"id": "1", "attributes": {"a": 1, "c": 3}}"#, r#"asset {"id": "2"}"#], 3, "failed");
        let texts: Vec<_> = expected.differences(&found).into_iter().map(|difference| difference.text).collect();
        let told = [
            "workspace 1: its imports count 3 new assets, it holds 2",
            "workspace 1, import a, state: expected completed, found failed",
            "workspace 1, import a, the sum of counts.assets: expected 6, found 8",
            "workspace 1, asset 1, attributes: {b: expected 2, found null; c: expected null, found 3}",
            r#"workspace 1, error {"code":"x"}, is not there: {"code":"x"}"#,
            r#"workspace 1, asset 2, should not be there: {"id":"2"}"#,
        ];
        assert_eq!(texts, told);
    }
}
