//! Faults of the database.

use anyhow::{Context as _, Result};

use super::{Scene, Struck};

/// All connections but those of the tools.
const END_CONNECTIONS: &str = "
    select count(*) filter (where pg_terminate_backend(pid)) from pg_stat_activity
    where datname = current_database() and application_name <> 'spillway-tools' and pid <> pg_backend_pid()";

/// Ends all connections of the app, whatever is done on them.
pub(super) async fn disconnect(scene: &mut Scene<'_>) -> Result<Struck> {
    let database = scene.stack.database.connect().await?;
    let ended: i64 = database.query_one(END_CONNECTIONS, &[]).await.context("cannot end the app's connections")?.get(0);
    Ok(Struck::now(usize::try_from(ended)?))
}

/// Ends the server as a crash of its machine does, and starts it again.
pub(super) async fn crash(scene: &mut Scene<'_>) -> Result<Struck> {
    let cluster = scene.stack.cluster.as_ref().context("the database is somebody else's")?;
    cluster.kill();
    let struck = Struck::now(1);
    cluster.restart().await?;
    Ok(struck)
}
