//! Passwords of the app's roles. Roles are the server's: those of one that is not ours may be in use already.

use std::path::Path;

use admin::roles::{can_log_in, set_password};
use admin::{Database, Role, random};
use anyhow::{Context as _, Result};
use tokio::sync::Mutex;

use crate::paths;

/// By which the roles are let in to a server that is not ours: made once.
pub(crate) fn password(dir: &Path) -> Result<String> {
    let file = dir.join("role-password");
    if !file.exists() {
        paths::write_private(&file, &random::secret()?)?;
    }
    paths::read(&file)
}

/// Lets all roles in by this password. An error where one is let in by another already: that is somebody's.
pub(crate) async fn let_in(owner: &Database, password: &str) -> Result<()> {
    // A role cannot be changed by two at once.
    static ONE: Mutex<()> = Mutex::const_new(());
    let _one = ONE.lock().await;
    let client = owner.connect().await?;
    for role in Role::ALL {
        if can_log_in(&client, role).await? {
            let login = Database { user: role.name().to_owned(), password: password.to_owned(), ..owner.clone() };
            login.connect().await.with_context(|| {
                format!("the server lets {} in by a password that is not this checkout's: use another server, or none", role.name())
            })?;
        } else {
            set_password(&client, role, password).await?;
        }
    }
    Ok(())
}
