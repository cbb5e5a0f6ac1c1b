//! API keys: made here, shown once, stored as a hash.

use anyhow::{Context as _, Result, ensure};
use sha2::{Digest as _, Sha256};
use tokio_postgres::Client;

use crate::random;

/// Makes a key of a workspace, which is created when there is none of that name. The key is valid for `days` days, or until revoked.
pub async fn create(client: &Client, workspace: &str, name: &str, days: Option<f64>) -> Result<String> {
    let key = format!("spw_{}", random::secret()?);
    let hash = Sha256::digest(&key).to_vec();
    let statement = "select spillway.create_api_key($1, $2, $3, now() + $4::float8 * interval '1 day')";
    let created = client.execute(statement, &[&workspace, &name, &hash, &days]).await;
    created.with_context(|| format!("cannot create a key of the workspace {workspace}"))?;
    Ok(key)
}

/// Ends a key at once.
pub async fn revoke(client: &Client, key: &str) -> Result<()> {
    let hash = Sha256::digest(key).to_vec();
    let revoked = client.query_one("select spillway.revoke_api_key($1)", &[&hash]).await.context("cannot revoke the key")?;
    ensure!(revoked.get::<_, bool>(0), "the database has no such key, or it is revoked already");
    Ok(())
}
