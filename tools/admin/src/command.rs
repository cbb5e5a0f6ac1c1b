//! The commands.

use anyhow::Result;
use clap::{Args, Subcommand};
use tokio_postgres::Client;

use crate::parse::Parse;
use crate::{Database, connections, key, migrate};

/// What an operator does.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Makes the schema `spillway` of a database, or updates it to this version's
    Migrate(Target),

    /// Makes an API key and prints it; the database keeps only its hash
    CreateKey(CreateKey),

    /// Ends an API key at once
    RevokeKey(RevokeKey),

    /// Reads a report without a server and prints a JSON object a line for each record
    Parse(Parse),
}

/// The database that something is done to.
#[derive(Debug, Args)]
pub struct Target {
    /// The database: postgres://user:password@host:port/name
    #[arg(long, value_name = "URL", env = "DATABASE_URL", hide_env_values = true)]
    database_url: String,
}

/// Options of `create-key`.
#[derive(Debug, Args)]
pub struct CreateKey {
    /// The workspace that the key opens; created when there is none of that name
    #[arg(long)]
    workspace: String,

    /// What the key is for
    #[arg(long, default_value = "create-key")]
    name: String,

    /// The days after which it expires; it does not when not given
    #[arg(long, value_name = "DAYS")]
    expires_in_days: Option<f64>,

    #[command(flatten)]
    target: Target,
}

/// Options of `revoke-key`.
#[derive(Debug, Args)]
pub struct RevokeKey {
    /// The key
    #[arg(long)]
    key: String,

    #[command(flatten)]
    target: Target,
}

impl Command {
    /// Does it, and prints what came of it.
    pub async fn run(self) -> Result<()> {
        match self {
            Self::Migrate(target) => migrate(&target).await,
            Self::CreateKey(options) => options.run().await,
            Self::RevokeKey(options) => options.run().await,
            Self::Parse(parse) => parse.run(),
        }
    }
}

impl Target {
    async fn connect(&self) -> Result<Client> {
        Database::from_url(&self.database_url)?.connect().await
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

impl CreateKey {
    async fn run(&self) -> Result<()> {
        println!("{}", key::create(&self.target.connect().await?, &self.workspace, &self.name, self.expires_in_days).await?);
        Ok(())
    }
}

impl RevokeKey {
    async fn run(&self) -> Result<()> {
        key::revoke(&self.target.connect().await?, &self.key).await?;
        println!("the key is revoked");
        Ok(())
    }
}
