//! The roles of the database beside its owner, which `sql/roles.sql` makes and `sql/grants.sql` gives their rights.

use anyhow::{Context as _, Result, ensure};
use clap::ValueEnum;
use postgres_protocol::password::scram_sha_256;
use tokio_postgres::Client;

/// Who uses the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Role {
    /// The component imports
    Api,
    /// The components status, findings and datasets
    Read,
    /// The component access
    Access,
    /// The components drain and tick
    Drain,
    /// An operator, with spillway-admin
    Admin,
}

impl Role {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Api, Self::Read, Self::Access, Self::Drain, Self::Admin];

    /// Its name in the database.
    pub fn name(self) -> &'static str {
        match self {
            Self::Api => "spillway_api",
            Self::Read => "spillway_read",
            Self::Access => "spillway_access",
            Self::Drain => "spillway_drain",
            Self::Admin => "spillway_admin",
        }
    }
}

/// Lets a role in by this password, and by no other any more. What is open stays open. The server gets its SCRAM verifier only, so that no log of statements
/// knows the password.
pub async fn set_password(client: &Client, role: Role, password: &str) -> Result<()> {
    ensure!(!password.is_empty(), "the password of {} is empty", role.name());
    let statement = format!("alter role {} login password '{}'", role.name(), scram_sha_256(password.as_bytes()));
    let set = client.batch_execute(&statement).await;
    set.with_context(|| format!("cannot set the password of {}; whoever migrated the database can, and a superuser", role.name()))
}

/// Whether a role has been let in before, by whatever password: there is but one on a server.
pub async fn can_log_in(client: &Client, role: Role) -> Result<bool> {
    let statement = "select rolcanlogin from pg_catalog.pg_roles where rolname = $1";
    Ok(client.query_one(statement, &[&role.name()]).await.with_context(|| format!("there is no role {}", role.name()))?.get(0))
}
