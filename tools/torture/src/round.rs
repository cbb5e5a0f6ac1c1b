//! One round: the reports are uploaded, a fault strikes while they are imported, everything recovers, and the outcome is compared.

use std::convert::Infallible;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use futures::future::try_join_all;
use generate::dice::Dice;
use serde_json::Value;
use stack::Stack;
use stack::progress::Step;
use stack::runtime::Runtime;

use crate::compare::{Difference, Outcome};
use crate::faults::{Fault, Scene, Struck};
use crate::proxy::Proxy;
use crate::reader::Reader;
use crate::reports::{Report, UNUSABLE, mistaken};
use crate::watch::Watch;
use crate::world::{self, PASSING, Workspace};

/// How long all imports may take, with all that happens to them.
const PATIENCE: Duration = Duration::from_mins(3);
/// A strike comes when the imports are so far, or after this time: they may not get any further before.
const WAIT: Duration = Duration::from_secs(4);
/// What the import of [`UNUSABLE`] fails with, until it is tried again.
const TRIAL: &str = "too_many_errors";
/// How often a user has an import tried again that failed.
const RETRIES: usize = 10;
/// The app is at rest when its connections have done nothing for so long.
const REST: Duration = Duration::from_millis(400);
const AT_WORK: &str = "
    select count(*) from pg_stat_activity
    where datname = current_database() and application_name <> 'spillway-tools' and backend_type = 'client backend'
      and (state <> 'idle' or state_change > clock_timestamp() - make_interval(secs => $1))";

/// How often two of the app's statements have waited for each other.
const DEADLOCKS: &str = "select deadlocks from pg_stat_database where datname = current_database()";

/// What all rounds have in common.
pub(super) struct Course<'a> {
    pub(super) stack: &'a mut Stack,
    pub(super) proxy: &'a Proxy,
    /// A list for each workspace.
    pub(super) reports: &'a [Vec<Report>],
    pub(super) drain_token: &'a str,
    /// The lease of a round that needs no other, in seconds; the usual one without.
    pub(super) lease: Option<u64>,
}

/// What came of a round.
#[derive(Debug, Default)]
pub(super) struct Verdict {
    /// What went wrong, and when it did last.
    pub(super) struck: Struck,
    /// How often something did while tables were imported.
    pub(super) at_tables: usize,
    /// How often the rows that were replaced were read meanwhile.
    pub(super) reads: usize,
    /// Imports that failed or were cancelled and that a user had tried again.
    pub(super) retried: usize,
    /// What they failed with, in words.
    pub(super) failures: Vec<String>,
    /// The longest time that an import took from the last fault on to get further.
    pub(super) recovery: Duration,
    /// Everything that is not as it was without faults.
    pub(super) differences: Vec<Difference>,
}

impl Course<'_> {
    /// Imports the reports of each workspace one after the other, and nothing happens to them.
    pub(super) async fn reference(&mut self) -> Result<Outcome> {
        let workspaces = world::create(self.stack, &[self.stack.url().to_owned()], "reference", self.reports).await?;
        let imports = workspaces.iter().map(async |workspace| {
            for report in workspace.reports {
                let import = workspace.upload_one(report).await?;
                let status = workspace.wait(&import, PATIENCE).await?;
                if report.file_name == UNUSABLE {
                    ensure!(status["error"]["code"] == TRIAL, "{UNUSABLE} did not fail: {status}");
                    workspace.retry(&import).await?;
                    workspace.wait(&import, PATIENCE).await?;
                }
            }
            anyhow::Ok(())
        });
        try_join_all(imports).await?;
        Outcome::read(self.stack, &workspaces).await
    }

    /// Runs a round with a fault, or with none. Only what the harness itself cannot do is an error.
    pub(super) async fn round(&mut self, label: &str, seed: u64, fault: Option<Fault>, expected: &Outcome, step: &Step) -> Result<Verdict> {
        self.prepare(fault).await?;
        let replica = match (&self.stack.runtime, fault.is_some_and(Fault::wants_replica)) {
            (Some(runtime), true) => Some(runtime.start_replica().await?),
            _ => None,
        };
        let apps: Vec<String> = [self.stack.url().to_owned()].into_iter().chain(replica.as_ref().map(Runtime::url)).collect();
        let workspaces = world::create(self.stack, &apps, label, self.reports).await?;
        let deadlocks = deadlocks(self.stack).await?;
        let watch = Watch::begin(&self.stack.database, &workspaces);
        let (proxy, drain_token) = (self.proxy, self.drain_token);
        let mut scene =
            Scene { stack: self.stack, replica, proxy, workspaces: &workspaces, watch: &watch, dice: Dice::new(seed), drain_token };
        let mut verdict = tokio::select! {
            verdict = import(&mut scene, fault, expected) => verdict?,
            never = show(&watch, step) => match never {},
        };
        // A crash of the server counts from 0 again.
        let deadlocks = self::deadlocks(self.stack).await?.saturating_sub(deadlocks);
        if deadlocks > 0 {
            verdict.differences.push(Difference::new("deadlock", format!("statements waited for each other {deadlocks} times")));
        }
        Ok(verdict)
    }

    /// Gives the app the lease that the fault takes.
    async fn prepare(&mut self, fault: Option<Fault>) -> Result<()> {
        let lease = fault.and_then(Fault::lease).or(self.lease).map(|seconds| seconds.to_string());
        let runtime = self.stack.runtime.as_mut().context("the app is somebody else's")?;
        let variables = &mut runtime.settings_mut().variables;
        let known = match &lease {
            Some(lease) => variables.insert("drain_lease_seconds".into(), lease.clone()),
            None => variables.remove("drain_lease_seconds"),
        };
        if known == lease { Ok(()) } else { runtime.restart().await }
    }
}

async fn deadlocks(stack: &Stack) -> Result<i64> {
    Ok(stack.database.connect().await?.query_one(DEADLOCKS, &[]).await?.get(0))
}

async fn show(watch: &Watch, step: &Step) -> Infallible {
    loop {
        step.show(&format!("{} imports have ended, {} % is read", watch.ended(), watch.percentage()));
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// Uploads and imports the reports while the fault strikes, has what failed tried again, and compares.
async fn import(scene: &mut Scene<'_>, fault: Option<Fault>, expected: &Outcome) -> Result<Verdict> {
    let workspaces = scene.workspaces;
    let reader = Reader::begin(&scene.stack.database, workspaces);
    let (uploaded, struck) = tokio::join!(world::upload(workspaces), strike(scene, fault));
    let mut verdict = Verdict::default();
    match (uploaded, struck) {
        (Ok(()), Ok((struck, at_tables))) => (verdict.struck, verdict.at_tables) = (struck, at_tables),
        (uploaded, struck) => {
            // Without all reports nothing can be compared.
            let errors = [uploaded.err(), struck.err()].into_iter().flatten();
            verdict.differences.extend(errors.map(|error| Difference::new("no outcome", format!("{error:#}"))));
            return Ok(verdict);
        }
    }
    if !scene.watch.until(PATIENCE, || scene.watch.all_have_ended()).await {
        verdict.differences.extend(scene.watch.laggards(&scene.stack.database, PATIENCE).await?);
        return Ok(verdict);
    }
    verdict.recovery = verdict.struck.last.map(|last| scene.watch.recovery_from(last)).unwrap_or_default();
    retry_until_completed(scene, &mut verdict).await?;
    take_back(scene, fault).await?;
    if let Some(reader) = reader {
        let seen = reader.seen();
        verdict.reads = seen.whole;
        verdict.differences.extend(seen.wrong);
    }
    wait_for_rest(scene.stack).await?;
    verdict.differences.extend(expected.differences(&Outcome::read(scene.stack, workspaces).await?));
    Ok(verdict)
}

/// Strikes at moments that are drawn: once soon after the uploads began, then when so much of the reports is read, and one of these times while
/// tables are imported. Gives how often it did.
async fn strike(scene: &mut Scene<'_>, fault: Option<Fault>) -> Result<(Struck, usize)> {
    let (mut all, mut at_tables) = (Struck::default(), 0);
    let Some(fault) = fault else { return Ok((all, at_tables)) };
    let mut moments: Vec<u32> = (0..fault.strikes()).map(|_| scene.dice.between(1, 85)).collect();
    moments.sort_unstable();
    moments[0] = 0;
    for moment in moments {
        scene.watch.until_read(moment, WAIT).await;
        tokio::time::sleep(Duration::from_millis(scene.dice.below(300).into())).await;
        if moment > 0 && at_tables == 0 {
            scene.watch.until(WAIT, || scene.watch.tables_are_at_work() || scene.watch.all_have_ended()).await;
        }
        if scene.watch.all_have_ended() {
            break;
        }
        let tables_are_at_work = scene.watch.tables_are_at_work();
        let struck = fault.strike(scene).await?;
        at_tables += usize::from(tables_are_at_work && struck.count > 0);
        all.add(struck);
    }
    Ok((all, at_tables))
}

/// Has failed and cancelled imports tried again until they are completed. What then is not, the comparison tells of.
async fn retry_until_completed(scene: &Scene<'_>, verdict: &mut Verdict) -> Result<()> {
    for _ in 0..RETRIES {
        let mut again = Vec::new();
        for ((workspace, name), import) in scene.watch.imports() {
            let workspace = scene.workspaces.iter().find(|known| known.name == workspace).context("a workspace of another round")?;
            // What the watch saw last may have been before the fault's own retry.
            let status = workspace.wait(&import.id, PATIENCE).await?;
            if status["state"] != "completed" {
                if name != UNUSABLE || status["error"]["code"] != TRIAL {
                    verdict.note_failure(&format!("{}, import {name}", workspace.name), &status["error"]);
                }
                workspace.retry(&import.id).await?;
                again.push((workspace, import.id));
            }
        }
        for (workspace, import) in &again {
            workspace.wait(import, PATIENCE).await?;
        }
        verdict.retried += again.len();
        if again.is_empty() {
            break;
        }
    }
    Ok(())
}

/// Uploads a report by mistake, and takes it back while what strikes the app or its connections strikes once more: then all is as it was.
async fn take_back(scene: &mut Scene<'_>, fault: Option<Fault>) -> Result<()> {
    let workspaces = scene.workspaces;
    let workspace = workspaces.first().context("no workspaces")?;
    let ruler = scene.stack.ruler(&workspace.name).await?;
    let import = workspace.upload_one(&mistaken()?).await?;
    workspace.complete(&import).await?;
    let mut removed = Workspace::remove(&ruler, &import).await?;
    if let Some(fault @ (Fault::Kill | Fault::Disconnect | Fault::CrashDatabase)) = fault {
        fault.strike(scene).await?;
    }
    let started = Instant::now();
    while !removed {
        ensure!(started.elapsed() < PATIENCE, "the removal of {import} does not end");
        tokio::time::sleep(REST / 4).await;
        removed = Workspace::remove(&ruler, &import).await?;
    }
    Ok(())
}

impl Verdict {
    /// Notes why an import failed, unless it was cancelled. That a part that it needs was away is no wonder here; but the reports are whole.
    fn note_failure(&mut self, import: &str, error: &Value) {
        let Some(code) = error["code"].as_str() else { return };
        let text = format!("{import} failed ({code}): {}", error["message"].as_str().unwrap_or_default());
        if PASSING.contains(&code) {
            self.failures.push(text);
        } else {
            self.differences.push(Difference::new("failed", text));
        }
    }
}

/// Waits until nobody works for the app any more: whoever lost an import may still be about to find out.
async fn wait_for_rest(stack: &Stack) -> Result<()> {
    let database = stack.database.connect().await?;
    let started = Instant::now();
    while database.query_one(AT_WORK, &[&REST.as_secs_f64()]).await?.get::<_, i64>(0) > 0 {
        ensure!(started.elapsed() < PATIENCE, "the app does not come to rest");
        tokio::time::sleep(REST / 4).await;
    }
    Ok(())
}
