//! Limits of workspaces, and plans that many share.

use std::collections::BTreeMap;
use std::str::FromStr;

use anyhow::{Context as _, Result};
use serde_json::{Value, json};
use tokio_postgres::Client;

/// A limit as an operator gives it: `max_stored_bytes=100GB`, or `max_findings=plan` for that of the workspace's plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limit {
    name: String,
    value: Option<u64>,
}

impl FromStr for Limit {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, value) = text.split_once('=').ok_or("a limit is given as NAME=VALUE, as max_stored_bytes=100GB")?;
        let value = if value == "plan" { None } else { Some(number(value)?) };
        Ok(Self { name: name.to_owned(), value })
    }
}

/// A whole number, which may have a unit of bytes.
fn number(text: &str) -> Result<u64, String> {
    const UNITS: [(&str, u64); 8] = [
        ("KB", 1_000),
        ("MB", 1_000_000),
        ("GB", 1_000_000_000),
        ("TB", 1_000_000_000_000),
        ("KiB", 1 << 10),
        ("MiB", 1 << 20),
        ("GiB", 1 << 30),
        ("TiB", 1 << 40),
    ];
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = &text[digits.len()..];
    let factor = if unit.is_empty() { Some(1) } else { UNITS.iter().find(|(name, _)| *name == unit).map(|(_, factor)| *factor) };
    let number = digits.parse::<u64>().ok().zip(factor).and_then(|(number, factor)| number.checked_mul(factor));
    number.ok_or_else(|| {
        let units = UNITS.map(|(name, _)| name).join(", ");
        format!("{text} is no limit: it is a whole number, of bytes perhaps with a unit ({units}), or \"plan\"")
    })
}

fn document(limits: &[Limit]) -> String {
    json!(limits.iter().map(|limit| (&limit.name, limit.value)).collect::<BTreeMap<_, _>>()).to_string()
}

/// Makes a plan, or changes limits of it; gives it.
pub async fn set_plan(client: &Client, plan: &str, limits: &[Limit]) -> Result<Value> {
    let set = client.query_one("select spillway.set_plan($1, $2::text::jsonb)::text", &[&plan, &document(limits)]).await;
    read(set.with_context(|| format!("cannot set the plan {plan}"))?.get(0))
}

/// Gives a workspace another plan, or limits of its own; gives the workspace.
pub async fn set_workspace(client: &Client, workspace: &str, plan: Option<&str>, limits: &[Limit]) -> Result<Value> {
    let statement = "select spillway.set_workspace_limits($1, $2, $3::text::jsonb)::text";
    let set = client.query_one(statement, &[&workspace, &plan, &document(limits)]).await;
    read(set.with_context(|| format!("cannot set limits of the workspace {workspace}"))?.get(0))
}

/// The plans.
pub async fn list_plans(client: &Client) -> Result<Value> {
    read(client.query_one("select spillway.list_plans()::text", &[]).await.context("cannot list the plans")?.get(0))
}

/// The workspaces: one, or all.
pub async fn list_workspaces(client: &Client, workspace: Option<&str>) -> Result<Value> {
    let listed = client.query_one("select spillway.list_workspaces($1)::text", &[&workspace]).await;
    read(listed.context("cannot list the workspaces")?.get(0))
}

fn read(document: &str) -> Result<Value> {
    serde_json::from_str(document).context("the database answered in no JSON")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_is_a_number_with_or_without_a_unit_or_the_plans() {
        let value = |text: &str| text.parse::<Limit>().map(|limit| limit.value);
        assert_eq!(value("max_findings=20000000"), Ok(Some(20_000_000)));
        assert_eq!(value("max_stored_bytes=100GB"), Ok(Some(100_000_000_000)));
        assert_eq!(value("max_stored_bytes=1TiB"), Ok(Some(1 << 40)));
        assert_eq!(value("max_findings=0"), Ok(Some(0)));
        assert_eq!(value("max_findings=plan"), Ok(None));
        for text in ["max_findings", "max_findings=", "max_findings=-1", "max_findings=1.5", "a=9 GB", "a=1XB", "a=99999999TiB", "a=GB"] {
            assert!(value(text).is_err(), "{text}");
        }
    }
}
