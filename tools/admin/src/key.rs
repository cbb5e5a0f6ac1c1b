//! API keys: made here, shown once, stored as a hash; and the workspaces that they open.

use std::fmt;

use anyhow::{Context as _, Result};
use clap::ValueEnum;
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use tokio_postgres::Client;

use crate::random;

/// What a key may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Scope {
    /// Upload reports, and cancel and retry their imports
    Upload,
    /// Read what there is
    Read,
    /// Decide of findings, mark notifications read
    Triage,
    /// Rule its workspace: keys, events, removal of datasets
    Admin,
}

/// What a key may do unless it is said otherwise.
pub const SCOPES: [Scope; 3] = [Scope::Upload, Scope::Read, Scope::Triage];

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Upload => "upload",
            Self::Read => "read",
            Self::Triage => "triage",
            Self::Admin => "admin",
        })
    }
}

/// A new key.
#[derive(Debug)]
pub struct Key {
    /// What a caller presents: nobody can ask for it again.
    pub secret: String,
    /// What an operator sees of it: id, workspace, name, scopes, and until when it is valid.
    pub about: Value,
}

impl Key {
    fn new(secret: String, about: &str) -> Result<Self> {
        Ok(Self { secret, about: serde_json::from_str(about).context("the database described the key in no JSON")? })
    }
}

/// Makes a workspace, unless there is one of that name.
pub async fn create_workspace(client: &Client, name: &str) -> Result<()> {
    let made = client.execute("select spillway.create_workspace($1)", &[&name]).await;
    made.map(drop).with_context(|| format!("cannot make the workspace {name}"))
}

/// Makes a key of a workspace that may do this. It is valid for `days` days, or until revoked.
pub async fn create(client: &Client, workspace: &str, name: &str, scopes: &[Scope], days: Option<f64>) -> Result<Key> {
    let (secret, scopes) = (secret()?, scopes.iter().map(Scope::to_string).collect::<Vec<_>>());
    let statement =
        "select spillway.create_api_key($1, $2, $3, $4::text[]::spillway.key_scope[], now() + $5::float8 * interval '1 day')::text";
    let made = client.query_one(statement, &[&workspace, &name, &hash(&secret), &scopes, &days]).await;
    let made = made.with_context(|| format!("cannot make a key of the workspace {workspace}"))?;
    Key::new(secret, made.get(0))
}

/// Makes a key that takes the place of another, which stays valid for so many hours.
pub async fn rotate(client: &Client, id: &str, days: Option<f64>, overlap_hours: f64) -> Result<Key> {
    let secret = secret()?;
    let statement =
        "select spillway.rotate_api_key($1::text::uuid, $2, now() + $3::float8 * interval '1 day', $4::float8 * interval '1 hour')::text";
    let made = client.query_one(statement, &[&id, &hash(&secret), &days, &overlap_hours]).await;
    let made = made.with_context(|| format!("cannot rotate the key {id}"))?;
    Key::new(secret, made.get(0))
}

/// The keys of a workspace, or of all.
pub async fn list(client: &Client, workspace: Option<&str>) -> Result<Vec<Value>> {
    let listed = client.query_one("select spillway.list_api_keys($1)::text", &[&workspace]).await.context("cannot list the keys")?;
    serde_json::from_str(listed.get(0)).context("the database listed the keys in no JSON")
}

/// A key, as it is ended by.
#[derive(Clone, Copy, Debug)]
pub enum Ended<'a> {
    /// By its id.
    Id(&'a str),
    /// By itself.
    Secret(&'a str),
}

/// Ends a key at once.
pub async fn revoke(client: &Client, key: Ended<'_>) -> Result<()> {
    let (id, hash) = match key {
        Ended::Id(id) => (Some(id), None),
        Ended::Secret(secret) => (None, Some(hash(secret))),
    };
    let revoked = client.execute("select spillway.revoke_api_key($1::text::uuid, $2)", &[&id, &hash]).await;
    revoked.map(drop).context("cannot revoke the key")
}

fn secret() -> Result<String> {
    Ok(format!("spw_{}", random::secret()?))
}

fn hash(secret: &str) -> Vec<u8> {
    Sha256::digest(secret).to_vec()
}
