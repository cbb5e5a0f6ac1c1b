//! Removal of a workspace: of all that is its own, a little at a time, until nothing is left but the proof.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use serde_json::Value;
use tokio_postgres::Client;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::ToSql;

/// Rows that one statement removes: a second's worth, so that nobody waits for long for what it holds.
const ROWS: i32 = 10_000;

/// How often it is looked whether others have got further.
const LOOK: Duration = Duration::from_secs(1);

/// Removes a workspace, or goes on where that was left off, and gives the proof: who removed what, and when. `tell` is told what it does. It gives up where
/// whoever it waits for, above all the drain, which removes what is in the store, gets no further for so long.
pub async fn remove(client: &Client, workspace: &str, patience: Duration, mut tell: impl FnMut(&str)) -> Result<Value> {
    let mut waiting = Waiting::new(patience);
    loop {
        let step = match step(client, workspace).await {
            Ok(step) => step,
            Err(error) if is_busy(&error) => Step::Waits { left: u64::MAX, text: "somebody holds what is to be removed next".to_owned() },
            Err(error) => return Err(error).with_context(|| format!("cannot remove the workspace {workspace}")),
        };
        match step {
            Step::Ended(proof) => return Ok(proof),
            Step::Removed(text) => {
                tell(&text);
                waiting = Waiting::new(patience);
            }
            Step::Waits { left, text } => waiting.wait(left, &text, &mut tell).await?,
        }
    }
}

/// What a step of the removal came to.
#[derive(Debug, PartialEq)]
enum Step {
    /// All is gone: the proof.
    Ended(Value),
    /// Something is gone.
    Removed(String),
    /// So much is left that others have to remove or let go.
    Waits { left: u64, text: String },
}

impl Step {
    /// Reads what `spillway.remove_some` gives.
    fn of(mut document: Value) -> Self {
        if !document["removal"]["ended_at"].is_null() {
            return Self::Ended(document["removal"].take());
        }
        if let Some(removed) = document["removed"].as_object().filter(|removed| !removed.is_empty()) {
            let counts = removed.iter().map(|(what, count)| format!("{what} {count}")).collect::<Vec<_>>();
            return Self::Removed(format!("removed: {}", counts.join(", ")));
        }
        let number = |name: &str| document[name].as_u64().unwrap_or_default();
        let (objects, uploads) = (number("objects_left"), number("uploads_open"));
        let mut texts = Vec::new();
        if objects > 0 {
            texts.push(format!("the drain has yet to remove {objects} objects from the store"));
        }
        if uploads > 0 {
            texts.push(format!("{uploads} uploads give signs of life, and may leave something in the store"));
        }
        Self::Waits { left: objects + uploads, text: texts.join("; ") }
    }
}

/// Begins, which is done once however often it is asked for, and goes on by a step. A removal that has ended is told again.
async fn step(client: &Client, workspace: &str) -> Result<Step> {
    let removal = ask(client, "select spillway.begin_removal($1)::text", &[&workspace]).await?;
    if !removal["ended_at"].is_null() {
        return Ok(Step::Ended(removal));
    }
    Ok(Step::of(ask(client, "select spillway.remove_some($1, $2)::text", &[&workspace, &ROWS]).await?))
}

async fn ask(client: &Client, statement: &str, values: &[&(dyn ToSql + Sync)]) -> Result<Value> {
    let answer = client.query_one(statement, values).await?;
    serde_json::from_str(answer.get(0)).context("the database described the removal in no JSON")
}

/// Whether the same may be done in a moment: the role's time has run out, for a lock mostly.
fn is_busy(error: &anyhow::Error) -> bool {
    let codes = [SqlState::LOCK_NOT_AVAILABLE, SqlState::QUERY_CANCELED, SqlState::T_R_DEADLOCK_DETECTED];
    error.downcast_ref::<tokio_postgres::Error>().and_then(tokio_postgres::Error::code).is_some_and(|code| codes.contains(code))
}

/// A wait for others, which lasts as long as they get further.
struct Waiting {
    patience: Duration,
    since: Instant,
    /// The least that was left, none before the first look.
    left: Option<u64>,
}

impl Waiting {
    fn new(patience: Duration) -> Self {
        Self { patience, since: Instant::now(), left: None }
    }

    /// Waits until the next look. An error where nothing has become less for too long.
    async fn wait(&mut self, left: u64, text: &str, tell: &mut impl FnMut(&str)) -> Result<()> {
        if self.left.is_none_or(|before| left < before) {
            tell(text);
            (self.left, self.since) = (Some(left), Instant::now());
        }
        if self.since.elapsed() >= self.patience {
            bail!(
                "for {} s it got no further: {text}. The removal goes on when it is run again; the app has to run, whose schedule wakes the drain, and its log says what the store refuses",
                self.patience.as_secs()
            );
        }
        tokio::time::sleep(LOOK).await;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::json;
    use stack::postgres::Cluster;

    use super::*;
    use crate::key::{self, SCOPES};

    #[test]
    fn what_is_waited_for_is_told() {
        let step = |removed: Value, objects: u64, uploads: u64| {
            Step::of(json!({"removal": {"ended_at": null}, "removed": removed, "objects_left": objects, "uploads_open": uploads}))
        };
        assert_eq!(step(json!({"findings": 7}), 0, 0), Step::Removed("removed: findings 7".to_owned()));
        let Step::Waits { left: 5, text } = step(json!({}), 3, 2) else { panic!("nothing is waited for") };
        assert!(text.contains("to remove 3 objects") && text.contains("2 uploads give signs of life"), "{text}");
        let ended = json!({"removal": {"ended_at": "now", "counts": {"findings": 7}}, "removed": {}});
        assert_eq!(Step::of(ended.clone()), Step::Ended(ended["removal"].clone()));
    }

    #[tokio::test]
    async fn it_waits_for_as_long_as_others_get_further_and_then_says_for_what() {
        let (mut waiting, mut told) = (Waiting::new(LOOK), Vec::new());
        let mut tell = |text: &str| told.push(text.to_owned());
        for (left, text) in [(3, "3 left"), (2, "2 left")] {
            waiting.wait(left, text, &mut tell).await.expect("they get further");
        }
        let error = waiting.wait(2, "still 2 left", &mut tell).await.expect_err("they got no further").to_string();
        assert!(error.contains("still 2 left") && error.contains("run again"), "{error}");
        assert_eq!(told, ["3 left", "2 left"], "what was told is not told again");
    }

    /// A database with an operator in its role, and with who may do everything.
    async fn operator(name: &str) -> Result<(Arc<Cluster>, Client, Client)> {
        let cluster = Cluster::shared().await?;
        let database = cluster.create_migrated(name).await?;
        let (operator, superuser) = (database.connect().await?, database.connect().await?);
        operator.batch_execute("set session authorization spillway_admin").await?;
        Ok((cluster, operator, superuser))
    }

    #[tokio::test]
    async fn a_removed_workspace_leaves_the_proof_which_is_told_again() -> Result<()> {
        let (_cluster, operator, _) = operator("removed").await?;
        key::create_workspace(&operator, "acme").await?;
        key::create(&operator, "acme", "key", &SCOPES, None).await?;
        let mut told = Vec::new();
        let proof = remove(&operator, "acme", LOOK, |text| told.push(text.to_owned())).await?;
        assert_eq!((&proof["counts"], &proof["removed_by"]), (&json!({"api_keys": 1, "events": 2}), &json!("spillway_admin")));
        assert_eq!(told, ["removed: events 2", "removed: api_keys 1"]);
        assert_eq!(remove(&operator, "acme", LOOK, |_| ()).await?, proof);
        let typo = format!("{:#}", remove(&operator, "acne", LOOK, |_| ()).await.expect_err("there is none"));
        assert!(typo.contains("there is no workspace of the name acne"), "{typo}");
        Ok(())
    }

    #[tokio::test]
    async fn what_somebody_holds_is_waited_for() -> Result<()> {
        let (_cluster, operator, superuser) = operator("held").await?;
        operator.batch_execute("set lock_timeout = '10ms'").await?;
        key::create_workspace(&operator, "acme").await?;
        superuser.batch_execute("begin; select from spillway.workspaces for update").await?;
        let error = remove(&operator, "acme", LOOK, |_| ()).await.expect_err("it is held").to_string();
        assert!(error.contains("somebody holds"), "{error}");
        superuser.batch_execute("rollback").await?;
        assert!(!remove(&operator, "acme", LOOK, |_| ()).await?["ended_at"].is_null());
        Ok(())
    }
}
