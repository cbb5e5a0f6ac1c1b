//! The commands.

use anyhow::{Context as _, Result};
use clap::{Args, Subcommand};
use tokio_postgres::Client;

use crate::database::without_rows;
use crate::parse::Parse;
use crate::{Database, Role, connections, migrate, roles, secret};

mod keys;
mod limits;
mod removal;
use keys::{CreateKey, CreateWorkspace, ListKeys, RevokeKey, RotateKey};
use limits::{ListPlans, ListWorkspaces, SetLimits, SetPlan};
use removal::RemoveWorkspace;

/// What an operator does.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Makes the schema `spillway` of a database, or updates it to this version's
    Migrate(Target),

    /// Lets a role of the database in by a password, in SPILLWAY_PASSWORD or on standard input; who migrated may do so
    SetPassword(SetPassword),

    /// Makes a workspace, unless there is one of that name
    CreateWorkspace(CreateWorkspace),

    /// Shows workspaces: their limits, and what they use of them
    ListWorkspaces(ListWorkspaces),

    /// Gives a workspace another plan, or limits of its own
    SetLimits(SetLimits),

    /// Shows plans: limits that many workspaces share
    ListPlans(ListPlans),

    /// Makes a plan, or changes its limits
    SetPlan(SetPlan),

    /// Removes a workspace for good, with its reports in the store, and prints the proof; where it was left off, it goes on
    RemoveWorkspace(RemoveWorkspace),

    /// Makes an API key of a workspace and prints it; the database keeps only its hash
    CreateKey(CreateKey),

    /// Lists API keys: all but the keys themselves
    ListKeys(ListKeys),

    /// Makes an API key that takes the place of another, and prints it
    RotateKey(RotateKey),

    /// Ends an API key at once
    RevokeKey(RevokeKey),

    /// Reads a report without a server and prints a JSON object a line for each record
    Parse(Parse),
}

/// The database that something is done to.
#[derive(Debug, Args)]
pub struct Target {
    /// The database: postgres://user@host:port/name, and PGPASSWORD in the environment; or DATABASE_URL there, which may have the password in it
    #[arg(long, value_name = "URL")]
    database_url: Option<String>,
}

/// Options of `set-password`.
#[derive(Debug, Args)]
pub struct SetPassword {
    /// Whose
    #[arg(long)]
    role: Role,

    #[command(flatten)]
    target: Target,
}

impl Command {
    /// Does it, and prints what came of it. An error says nothing of a row.
    pub async fn run(self) -> Result<()> {
        self.act().await.map_err(without_rows)
    }

    async fn act(self) -> Result<()> {
        match self {
            Self::Migrate(target) => migrate(&target).await,
            Self::SetPassword(options) => options.run().await,
            Self::CreateWorkspace(options) => options.run().await,
            Self::ListWorkspaces(options) => options.run().await,
            Self::SetLimits(options) => options.run().await,
            Self::ListPlans(options) => options.run().await,
            Self::SetPlan(options) => options.run().await,
            Self::RemoveWorkspace(options) => options.run().await,
            Self::CreateKey(options) => options.run().await,
            Self::ListKeys(options) => options.run().await,
            Self::RotateKey(options) => options.run().await,
            Self::RevokeKey(options) => options.run().await,
            Self::Parse(parse) => parse.run(),
        }
    }
}

impl Target {
    async fn connect(&self) -> Result<Client> {
        let named = Database::named(self.database_url.as_deref())?;
        named.context("no database is named: by --database-url, or by DATABASE_URL in the environment")?.connect().await
    }
}

async fn migrate(target: &Target) -> Result<()> {
    let mut client = target.connect().await?;
    let applied = migrate::migrate(&mut client).await?;
    for name in &applied {
        println!("applied {name}");
    }
    if applied.is_empty() {
        println!("nothing to apply");
    }
    println!("{}", connections::outlook(&client).await?);
    Ok(())
}

impl SetPassword {
    async fn run(&self) -> Result<()> {
        let name = self.role.name();
        let password = secret::read("SPILLWAY_PASSWORD", &format!("the password of {name}"))?;
        roles::set_password(&self.target.connect().await?, self.role, &password).await?;
        println!("{name} is let in by its new password");
        Ok(())
    }
}
