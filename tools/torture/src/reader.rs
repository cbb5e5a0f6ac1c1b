//! Somebody who reads a dataset again and again while its rows are replaced.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use admin::Database;
use anyhow::{Context as _, Result};
use reqwest::Method;
use serde_json::Value;
use stack::client::Client;
use tokio::task::JoinHandle;

use crate::compare::Difference;
use crate::datasets::{self, NEW, OLD, OLD_EDITION, REPLACED, Sum};
use crate::world::Workspace;

/// Between two looks.
const PAUSE: Duration = Duration::from_millis(250);
/// An answer may take so long; then it is given up as one that broke off.
const PATIENCE: Duration = Duration::from_secs(10);

/// Which of the imports into the dataset are completed.
const COMPLETED: &str = "
    select count(*) filter (where i.file_name = $2) > 0, count(*) filter (where i.file_name = $3) > 0
    from spillway.imports i join spillway.workspaces w on w.id = i.workspace_id
    where w.name = $1 and i.state = 'completed'";

/// A reader of the rows that are replaced, for as long as it lives.
#[derive(Debug)]
pub(super) struct Reader {
    seen: Arc<Mutex<Seen>>,
    task: JoinHandle<()>,
}

/// What it has seen.
#[derive(Clone, Debug, Default)]
pub(super) struct Seen {
    /// Answers that came whole.
    pub(super) whole: usize,
    /// Answers that were not as they have to be.
    pub(super) wrong: Vec<Difference>,
}

/// What there is to be seen, in this order: nothing, the old rows, the new ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Rows {
    None,
    Old,
    New,
}

impl Reader {
    /// Begins to read, where a workspace has the dataset.
    pub(super) fn begin(database: &Database, workspaces: &[Workspace<'_>]) -> Option<Self> {
        let workspace = workspaces.iter().find(|workspace| workspace.datasets().contains(&REPLACED))?;
        let seen = Arc::default();
        let look = look(database.clone(), workspace.name.clone(), workspace.client.clone(), datasets::sums(), Arc::clone(&seen));
        Some(Self { seen, task: tokio::spawn(look) })
    }

    /// What it has seen by now.
    pub(super) fn seen(&self) -> Seen {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Looks for ever. An app or a database that is away is looked at again.
async fn look(database: Database, workspace: String, client: Client, expected: [Sum; 2], seen: Arc<Mutex<Seen>>) {
    let mut newest = Rows::None;
    loop {
        if let Ok(found) = look_once(&database, &workspace, &client, expected, &mut newest).await {
            let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
            seen.whole += 1;
            seen.wrong.extend(found.map(|text| Difference::new("read while it is replaced", format!("{workspace}: {text}"))));
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// What is wrong with what is served at the moment, in words. An error where nothing could be seen.
async fn look_once(database: &Database, workspace: &str, client: &Client, expected: [Sum; 2], newest: &mut Rows) -> Result<Option<String>> {
    let database = database.connect().await?;
    let ready = async || -> Result<Rows> {
        let row = database.query_one(COMPLETED, &[&workspace, &OLD, &NEW]).await?;
        Ok(match (row.get(0), row.get(1)) {
            (_, true) => Rows::New,
            (true, false) => Rows::Old,
            (false, false) => Rows::None,
        })
    };
    let before = ready().await?;
    let found = match served(client, expected).await? {
        Ok(rows) => rows,
        Err(sums) => return Ok(Some(sums)),
    };
    let after = ready().await?;
    let seen = std::mem::replace(newest, found.max(*newest));
    Ok(if found < before || found < seen {
        Some(format!("{found:?} rows are served where there are {:?} ones", before.max(seen)))
    } else if found > after {
        Some(format!("{found:?} rows are served before their import has ended well"))
    } else {
        None
    })
}

/// The rows that are served, or in words what they are where they are not all of one file. An error where the answer is none, or breaks off.
async fn served(client: &Client, expected: [Sum; 2]) -> Result<Result<Rows, String>> {
    let path = format!("/api/v1/datasets/{REPLACED}/rows?format=jsonl&columns=id,edition");
    let answer = client.request(Method::GET, &path).timeout(PATIENCE).send().await?.error_for_status()?;
    let sums = sums(&answer.text().await?)?;
    Ok(match sums {
        [Sum { rows: 0, .. }, Sum { rows: 0, .. }] => Ok(Rows::None),
        [old, Sum { rows: 0, .. }] if old == expected[0] => Ok(Rows::Old),
        [Sum { rows: 0, .. }, new] if new == expected[1] => Ok(Rows::New),
        _ => Err(format!("of the old and of the new rows these are served: {sums:?}; there are {expected:?}")),
    })
}

/// The sums of the rows of each of the two files.
fn sums(lines: &str) -> Result<[Sum; 2]> {
    let mut sums = [Sum::default(); 2];
    for line in lines.lines() {
        let row: Value = serde_json::from_str(line).with_context(|| format!("a row that is none: {line}"))?;
        let sum = &mut sums[usize::from(row["edition"] != OLD_EDITION)];
        (sum.rows, sum.ids) = (sum.rows + 1, sum.ids + row["id"].as_u64().unwrap_or_default());
    }
    Ok(sums)
}
