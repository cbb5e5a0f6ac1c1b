//! How the imports of a round get on, looked at from the side: in the database, ten times a second.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use admin::Database;
use anyhow::Result;
use stack::client::has_ended;
use tokio::task::JoinHandle;
use tokio_postgres::types::ToSql;

use crate::compare::Difference;
use crate::world::Workspace;

const INTERVAL: Duration = Duration::from_millis(100);

const STATEMENT: &str = "
    select w.name, i.file_name, i.id::text, i.state::text, i.bytes_read, i.size_bytes, i.kind = 'table'
    from spillway.imports i join spillway.workspaces w on w.id = i.workspace_id
    where w.name = any($1)";

/// Where the segments of an import that are left stand.
const QUEUED: &str = "
    select format('segment %s: bytes %s to %s of %s, admitted %s, claimed %s, attempt %s, %s failures, available in %s s, stalled for %s s',
      s.segment, s.bytes_read, coalesce(s.ends_at, i.size_bytes), i.size_bytes, q.admitted, q.claimed, q.attempt, q.failures,
      extract(epoch from q.available_at - clock_timestamp())::numeric(9, 1),
      extract(epoch from clock_timestamp() - q.stalled_at)::numeric(9, 1))
    from spillway.imports i
    join spillway.import_segments s on s.workspace_id = i.workspace_id and s.import_id = i.id
    left join spillway.import_queue q on q.import_id = s.import_id and q.segment = s.segment
    where i.id = $1::text::uuid and not s.completed order by s.segment";

/// What every other connection does.
const AT_WORK: &str = "
    select format('connection %s: %s for %s s, waits for %s, held by %s: %s', pid, state,
      extract(epoch from clock_timestamp() - state_change)::numeric(9, 1), coalesce(wait_event, 'nothing'), pg_blocking_pids(pid)::text,
      left(regexp_replace(query, '\\s+', ' ', 'g'), 100))
    from pg_stat_activity
    where datname = current_database() and backend_type = 'client backend' and pid <> pg_backend_pid() and state <> 'idle'";

/// Workspace and file name of an import.
pub(super) type Name = (String, String);

/// A look at the imports of some workspaces, for as long as it lives.
#[derive(Debug)]
pub(super) struct Watch {
    seen: Arc<Mutex<Seen>>,
    task: JoinHandle<()>,
}

/// What was seen of each import.
#[derive(Debug)]
struct Seen {
    imports: BTreeMap<Name, Import>,
    /// Number of imports that there are to be, and their bytes.
    expected: usize,
    bytes: i64,
}

/// What was seen of an import.
#[derive(Clone, Debug)]
pub(super) struct Import {
    pub(super) id: String,
    pub(super) state: String,
    bytes_read: i64,
    is_table: bool,
    /// When it got further.
    steps: Vec<Instant>,
}

impl Watch {
    /// Begins to look at workspaces, each of which is to have an import for each of its reports.
    pub(super) fn begin(database: &Database, workspaces: &[Workspace<'_>]) -> Self {
        let reports = || workspaces.iter().flat_map(|workspace| workspace.reports);
        let bytes = i64::try_from(reports().map(|report| report.bytes.len()).sum::<usize>()).unwrap_or(i64::MAX);
        let seen = Arc::new(Mutex::new(Seen { imports: BTreeMap::new(), expected: reports().count(), bytes }));
        let names = workspaces.iter().map(|workspace| workspace.name.clone()).collect();
        let task = tokio::spawn(look(database.clone(), names, Arc::clone(&seen)));
        Self { seen, task }
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Every import.
    pub(super) fn imports(&self) -> Vec<(Name, Import)> {
        self.seen().imports.iter().map(|(name, import)| (name.clone(), import.clone())).collect()
    }

    /// How much of all reports is read, of a hundred.
    pub(super) fn percentage(&self) -> u32 {
        let seen = self.seen();
        let read: i64 = seen.imports.values().map(|import| import.bytes_read).sum();
        u32::try_from(read * 100 / seen.bytes.max(1)).unwrap_or(100)
    }

    /// How many have ended, in whatever way.
    pub(super) fn ended(&self) -> usize {
        self.seen().imports.values().filter(|import| import.has_ended()).count()
    }

    /// Whether rows of tables are stored just now: some are read, and some are not.
    pub(super) fn tables_are_at_work(&self) -> bool {
        self.seen().imports.values().any(|import| import.is_table && import.state == "running" && import.bytes_read > 0)
    }

    /// Whether all of them are there and have ended.
    pub(super) fn all_have_ended(&self) -> bool {
        self.ended() == self.seen().expected
    }

    /// Waits until so much is read, all is over, or so much time has passed.
    pub(super) async fn until_read(&self, percentage: u32, limit: Duration) {
        self.until(limit, || self.percentage() >= percentage || self.all_have_ended()).await;
    }

    /// Waits until something is so; false when it is not within the limit.
    pub(super) async fn until(&self, limit: Duration, is_so: impl Fn() -> bool) -> bool {
        let started = Instant::now();
        while !is_so() {
            if started.elapsed() > limit {
                return false;
            }
            tokio::time::sleep(INTERVAL / 2).await;
        }
        true
    }

    /// What has not ended after so long, with its places in the queue and what the database does meanwhile.
    pub(super) async fn laggards(&self, database: &Database, time: Duration) -> Result<Vec<Difference>> {
        let client = database.connect().await?;
        let mut laggards = Vec::new();
        for ((workspace, name), import) in self.imports().into_iter().filter(|(_, import)| !import.has_ended()) {
            let text = format!("{workspace}, import {name}: it has not ended after {} s; it is {}", time.as_secs(), import.state);
            let text = lines(&client, QUEUED, &[&import.id]).await?.into_iter().fold(text, |text, line| format!("{text}\n    {line}"));
            laggards.push(Difference::new("not ended", text));
        }
        laggards.extend(lines(&client, AT_WORK, &[]).await?.into_iter().map(|line| Difference::new("at work", line)));
        Ok(laggards)
    }

    /// The longest time that an import took from this moment on to get further or end. What had ended before needs none.
    pub(super) fn recovery_from(&self, moment: Instant) -> Duration {
        let time_of = |import: &Import| Some(*import.steps.iter().find(|step| **step > moment)? - moment);
        self.seen().imports.values().filter_map(time_of).max().unwrap_or_default()
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Import {
    pub(super) fn has_ended(&self) -> bool {
        has_ended(&self.state)
    }
}

/// Looks for ever. A database that is away is looked at again.
async fn look(database: Database, workspaces: Vec<String>, seen: Arc<Mutex<Seen>>) {
    loop {
        if let Ok(client) = database.connect().await {
            while look_once(&client, &workspaces, &seen).await.is_ok() {
                tokio::time::sleep(INTERVAL).await;
            }
        }
        tokio::time::sleep(INTERVAL).await;
    }
}

async fn look_once(client: &tokio_postgres::Client, workspaces: &[String], seen: &Mutex<Seen>) -> Result<()> {
    let rows = client.query(STATEMENT, &[&workspaces]).await?;
    let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
    for row in rows {
        let (id, state): (String, String) = (row.get(2), row.get(3));
        let (read, size): (i64, i64) = (row.get(4), row.get(5));
        let bytes_read = if state == "completed" { size } else { read };
        let new = Import { id, state, bytes_read, is_table: row.get(6), steps: Vec::new() };
        let known = seen.imports.entry((row.get(0), row.get(1))).or_insert_with(|| new.clone());
        let is_step = new.bytes_read > known.bytes_read || new.has_ended() && new.state != known.state;
        known.steps.extend(is_step.then(Instant::now));
        (known.id, known.state, known.bytes_read) = (new.id, new.state, new.bytes_read);
    }
    Ok(())
}

/// The lines of text that a statement gives.
async fn lines(client: &tokio_postgres::Client, statement: &str, parameters: &[&(dyn ToSql + Sync)]) -> Result<Vec<String>> {
    Ok(client.query(statement, parameters).await?.iter().map(|row| row.get(0)).collect())
}
