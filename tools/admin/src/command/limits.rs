//! The commands for limits and plans.

use anyhow::{Result, ensure};
use clap::Args;
use serde_json::Value;

use super::Target;
use super::keys::Name;
use crate::limits::{self, Limit};

/// Options of `list-workspaces`.
#[derive(Debug, Args)]
pub struct ListWorkspaces {
    /// Only this one
    #[arg(long)]
    workspace: Option<String>,

    #[command(flatten)]
    target: Target,
}

/// Options of `set-limits`.
#[derive(Debug, Args)]
pub struct SetLimits {
    /// Whose
    #[arg(long)]
    workspace: String,

    /// The plan whose limits hold where it has none of its own
    #[arg(long)]
    plan: Option<String>,

    /// A limit of its own, as `max_stored_bytes=100GB`; "plan" for the plan's again
    #[arg(long = "limit", value_name = "NAME=VALUE")]
    limits: Vec<Limit>,

    #[command(flatten)]
    target: Target,
}

/// Options of `list-plans`.
#[derive(Debug, Args)]
pub struct ListPlans {
    #[command(flatten)]
    target: Target,
}

/// Options of `set-plan`.
#[derive(Debug, Args)]
pub struct SetPlan {
    /// Its name
    #[arg(long)]
    plan: String,

    /// A limit, as `max_stored_bytes=100GB`; what is not named stays, or is as in the plan "standard" at first
    #[arg(long = "limit", value_name = "NAME=VALUE")]
    limits: Vec<Limit>,

    #[command(flatten)]
    target: Target,
}

impl ListWorkspaces {
    pub(super) async fn run(&self) -> Result<()> {
        let workspaces = limits::list_workspaces(&self.target.connect().await?, self.workspace.as_deref()).await?;
        ensure!(self.workspace.is_none() || workspaces.get(0).is_some(), "there is no workspace of that name");
        workspaces.as_array().into_iter().flatten().for_each(show_workspace);
        Ok(())
    }
}

impl SetLimits {
    pub(super) async fn run(&self) -> Result<()> {
        let client = self.target.connect().await?;
        show_workspace(&limits::set_workspace(&client, &self.workspace, self.plan.as_deref(), &self.limits).await?);
        Ok(())
    }
}

impl ListPlans {
    pub(super) async fn run(&self) -> Result<()> {
        limits::list_plans(&self.target.connect().await?).await?.as_array().into_iter().flatten().for_each(show_plan);
        Ok(())
    }
}

impl SetPlan {
    pub(super) async fn run(&self) -> Result<()> {
        let plan = Name::line("the name of the plan", &self.plan)?;
        show_plan(&limits::set_plan(&self.target.connect().await?, plan.as_str(), &self.limits).await?);
        Ok(())
    }
}

/// What is used beside what may be.
fn show_workspace(workspace: &Value) {
    println!("{} (plan {})", text(&workspace["name"]), text(&workspace["plan"]));
    for (limit, most) in workspace["limits"].as_object().into_iter().flatten() {
        let used = &workspace["used"][limit.trim_start_matches("max_")];
        let used = if used.is_null() { String::new() } else { format!("  used: {used}") };
        println!("  {limit:20}  {:>16}{used}", text(most));
    }
}

fn show_plan(plan: &Value) {
    println!("{}", text(&plan["name"]));
    for (limit, most) in plan["limits"].as_object().into_iter().flatten() {
        println!("  {limit:20}  {:>16}", text(most));
    }
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
