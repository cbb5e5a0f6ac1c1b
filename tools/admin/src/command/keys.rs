//! The commands for workspaces and keys.

use anyhow::Result;
use clap::Args;
use serde_json::Value;
use texts::{Escaped, Text};

use super::Target;
use crate::key::{self, Ended, Key, SCOPES, Scope};
use crate::secret;

/// Days for which a key is valid unless it is said otherwise.
const DAYS: f64 = 90.0;
/// Hours for which a key is still valid when another has taken its place.
const OVERLAP_HOURS: f64 = 24.0;

/// Characters of the name of a new workspace, key or plan.
const NAME: usize = 200;

pub(super) type Name = Text<NAME>;

/// Options of `create-workspace`.
#[derive(Debug, Args)]
pub struct CreateWorkspace {
    /// Its name
    #[arg(long)]
    workspace: String,

    #[command(flatten)]
    target: Target,
}

/// Until when a key is valid.
#[derive(Debug, Args)]
struct Expiry {
    /// The days after which it expires
    #[arg(long, value_name = "DAYS", default_value_t = DAYS)]
    expires_in_days: f64,

    /// It is valid until it is revoked
    #[arg(long, conflicts_with = "expires_in_days")]
    never_expires: bool,
}

impl Expiry {
    fn days(&self) -> Option<f64> {
        (!self.never_expires).then_some(self.expires_in_days)
    }
}

/// Options of `create-key`.
#[derive(Debug, Args)]
pub struct CreateKey {
    /// The workspace that the key opens
    #[arg(long)]
    workspace: String,

    /// What the key is for
    #[arg(long, default_value = "create-key")]
    name: String,

    /// What it may do
    #[arg(long, value_delimiter = ',', default_values_t = SCOPES)]
    scopes: Vec<Scope>,

    #[command(flatten)]
    expiry: Expiry,

    #[command(flatten)]
    target: Target,
}

/// Options of `list-keys`.
#[derive(Debug, Args)]
pub struct ListKeys {
    /// Only the keys of this workspace
    #[arg(long)]
    workspace: Option<String>,

    #[command(flatten)]
    target: Target,
}

/// Options of `rotate-key`.
#[derive(Debug, Args)]
pub struct RotateKey {
    /// The id of the key whose place another takes
    #[arg(long)]
    id: String,

    /// The hours for which that one is still valid
    #[arg(long, value_name = "HOURS", default_value_t = OVERLAP_HOURS)]
    overlap_hours: f64,

    #[command(flatten)]
    expiry: Expiry,

    #[command(flatten)]
    target: Target,
}

/// Options of `revoke-key`.
#[derive(Debug, Args)]
pub struct RevokeKey {
    /// The key's id. Without it the key itself is taken, from SPILLWAY_KEY in the environment or from standard input
    #[arg(long)]
    id: Option<String>,

    #[command(flatten)]
    target: Target,
}

impl CreateWorkspace {
    pub(super) async fn run(&self) -> Result<()> {
        let name = Name::line("the workspace's name", &self.workspace)?;
        key::create_workspace(&self.target.connect().await?, name.as_str()).await?;
        println!("there is a workspace {}", name.as_str());
        Ok(())
    }
}

impl CreateKey {
    pub(super) async fn run(&self) -> Result<()> {
        let name = Name::line("the key's name", &self.name)?;
        let client = self.target.connect().await?;
        show(&key::create(&client, &self.workspace, name.as_str(), &self.scopes, self.expiry.days()).await?);
        Ok(())
    }
}

impl ListKeys {
    pub(super) async fn run(&self) -> Result<()> {
        let keys = key::list(&self.target.connect().await?, self.workspace.as_deref()).await?;
        println!("{}", line(["id", "state", "expires", "last used", "scopes", "workspace", "name"]));
        for key in &keys {
            let time = |name: &str| key[name].as_str().map_or("never", |time| time.get(..16).unwrap_or(time)).to_owned();
            let text = |name: &str| Escaped(key[name].as_str().unwrap_or_default()).to_string();
            let columns =
                [text("id"), text("state"), time("expires_at"), time("last_used_at"), scopes(key), text("workspace"), text("name")];
            println!("{}", line(columns.each_ref().map(String::as_str)));
        }
        Ok(())
    }
}

impl RotateKey {
    pub(super) async fn run(&self) -> Result<()> {
        let client = self.target.connect().await?;
        show(&key::rotate(&client, &self.id, self.expiry.days(), self.overlap_hours).await?);
        Ok(())
    }
}

impl RevokeKey {
    pub(super) async fn run(&self) -> Result<()> {
        let secret = if self.id.is_none() { secret::read("SPILLWAY_KEY", "the key")? } else { String::new() };
        let key = self.id.as_deref().map_or(Ended::Secret(&secret), Ended::Id);
        key::revoke(&self.target.connect().await?, key).await?;
        println!("the key is revoked");
        Ok(())
    }
}

/// The key alone where a program takes it, and what is to be known of it for whoever looks on.
fn show(Key { secret, about }: &Key) {
    let text = |name: &str| about[name].as_str().unwrap_or("for good");
    eprintln!(
        "the key {} of the workspace {}, valid until: {}; it may: {}",
        text("id"),
        text("workspace"),
        text("expires_at"),
        scopes(about)
    );
    println!("{secret}");
}

fn scopes(key: &Value) -> String {
    key["scopes"].as_array().into_iter().flatten().filter_map(Value::as_str).collect::<Vec<_>>().join(",")
}

fn line([id, state, expires, used, scopes, workspace, name]: [&str; 7]) -> String {
    format!("{id:36}  {state:7}  {expires:16}  {used:16}  {scopes:24}  {workspace}  {name}")
}
