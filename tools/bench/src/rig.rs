//! What a measurement runs on: the whole app with a database and a bucket of its own.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use reqwest::StatusCode;
use serde_json::Value;
use stack::client::Client;
use stack::progress::Percentage;
use stack::runtime::{Host, processors};
use stack::{Stack, Temporary, ports};
use tokio_postgres::Client as Connection;

/// The workspace of whoever does not need several.
pub(super) const WORKSPACE: &str = "bench";

const DRAIN_TOKEN: &str = "token-of-the-benchmark-0123456789abcdef";

/// Nobody listens there: whoever is to be woken here is not.
const NOWHERE: &str = "http://127.0.0.1:1";

/// Longer than any import of a benchmark takes.
const PATIENCE: Duration = Duration::from_hours(1);

/// How often a drain that found nothing looks again while others work, which in the app as it is delivered wake it: seldom enough not to disturb them.
const PAUSE: Duration = Duration::from_millis(20);

/// How often the database is asked whether something has come about: a statement of a tenth of a millisecond.
const LOOK: Duration = Duration::from_millis(3);

/// Hosts that are as strict as Spin: with the settings that the README recommends, and with none.
pub(super) fn strict_hosts() -> [(&'static str, Host); 2] {
    let bare = Host { worker_threads: processors(), runtime_config: None, ..Host::default() };
    [("strict host, set as in the README", Host::default()), ("strict host, not set", bare)]
}

/// The app, and a connection to its database. What the benchmark itself asks there carries the comment "bench", and is not counted.
pub(super) struct Rig {
    pub(super) stack: Stack,
    pub(super) connection: Connection,
    http: reqwest::Client,
    metrics: Option<SocketAddr>,
}

impl Rig {
    /// An app in which only the benchmark lets the drain work, and so knows when.
    pub(super) async fn driven(parallelism: usize) -> Result<Self> {
        Self::driven_on(Host::tuned(), parallelism).await
    }

    /// The same on a host of one's choice.
    pub(super) async fn driven_on(host: Host, parallelism: usize) -> Result<Self> {
        Self::start(host, &[("app_url", NOWHERE), ("drain_parallelism", &parallelism.to_string())]).await
    }

    /// The app as it is delivered: uploads and the schedule wake the drain.
    pub(super) async fn awake() -> Result<Self> {
        Self::awake_on(Host::tuned()).await
    }

    /// The same on a host of one's choice.
    pub(super) async fn awake_on(host: Host) -> Result<Self> {
        Self::start(host, &[]).await
    }

    async fn start(host: Host, variables: &[(&str, &str)]) -> Result<Self> {
        ensure!(std::env::var_os("SPILLWAY_URL").is_none(), "the benchmark needs an app of its own: unset SPILLWAY_URL");
        let variables = [("drain_token", DRAIN_TOKEN)].iter().chain(variables);
        let variables: BTreeMap<_, _> = variables.map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let metrics = host.tuned.then(ports::free_address).transpose()?;
        let stack = Stack::temporary(Temporary { variables, host: Host { metrics, ..host }, ..Temporary::default() }).await?;
        let connection = stack.database.connect().await?;
        let statistics = connection.batch_execute("create extension if not exists pg_stat_statements").await;
        statistics.context("statements are counted by pg_stat_statements (Debian: postgresql-contrib)")?;
        Ok(Self { stack, connection, http: reqwest::Client::new(), metrics })
    }

    /// Stops it, and gives the disk its database back.
    pub(super) async fn end(self) -> Result<()> {
        let Self { stack, connection, .. } = self;
        drop(connection);
        let database = stack.database.clone();
        let cluster = stack.cluster.clone().context("the database is not ours")?;
        drop(stack);
        drop_database(&cluster, &database.name).await
    }

    /// A caller who is let ask as often as it likes.
    pub(super) async fn client(&self, workspace: &str) -> Result<Client> {
        let client = self.stack.client(workspace).await?;
        self.stack.lift_rate(workspace).await?;
        Ok(client)
    }

    /// Writes out what earlier work has left to be written, so that it is not paid for by what is measured next.
    pub(super) async fn settle(&self) -> Result<()> {
        settle(&self.connection).await
    }

    /// Lets so many drains work at a time until these imports have ended, well.
    pub(super) async fn drain(&self, what: &str, drains: usize, imports: &[String]) -> Result<Drained> {
        let bar = &tokio::sync::Mutex::new(Percentage::new(what));
        let started = Instant::now();
        let work = (0..drains).map(|_| self.drain_until_ended(imports, bar));
        let turns: Vec<Turn> = futures::future::try_join_all(work).await?.into_iter().flatten().collect();
        let bad = "select string_agg(error::text, ' ') /* bench */ from spillway.imports
            where id = any ($1::text[]::uuid[]) and (state <> 'completed' or errors > 0)";
        let bad: Option<String> = self.connection.query_one(bad, &[&imports]).await?.get(0);
        ensure!(bad.is_none(), "not all imports completed without errors: {bad:?}");
        // It is over with the last that had something to do, not when the idle ones have noticed.
        let ended = turns.iter().filter(|turn| !turn.idle).map(|turn| turn.ended).max().context("no drain had anything to do")?;
        let mut drained = Drained { time: ended - started, ..Drained::default() };
        for turn in &turns {
            drained.add(turn);
        }
        Ok(drained)
    }

    async fn drain_until_ended(&self, imports: &[String], bar: &tokio::sync::Mutex<Percentage>) -> Result<Vec<Turn>> {
        let mut turns = Vec::new();
        let progress =
            "select coalesce(bool_and(not active), false), coalesce(100.0 * sum(bytes_read) / sum(size_bytes), 0)::float8 /* bench */
            from spillway.imports where id = any ($1::text[]::uuid[])";
        loop {
            let turn = self.turn().await?;
            let row = self.connection.query_one(progress, &[&imports]).await?;
            bar.lock().await.set(row.get(1), "draining");
            let idle = turn.idle;
            turns.push(turn);
            if row.get(0) {
                return Ok(turns);
            }
            if idle {
                tokio::time::sleep(PAUSE).await;
            }
        }
    }

    /// One drain, until it ends by itself.
    pub(super) async fn turn(&self) -> Result<Turn> {
        let answer = self.http.post(format!("{}/internal/drain", self.stack.url())).bearer_auth(DRAIN_TOKEN).send().await?;
        ensure!(answer.status() == StatusCode::OK, "the drain answered {}", answer.status());
        let done: Value = answer.json().await?;
        ensure!(done["error"].is_null(), "the drain broke off: {done}");
        let idle = ["completed", "yielded", "failed"].iter().all(|what| done[what] == 0);
        Ok(Turn {
            ended: Instant::now(),
            idle,
            store: duration(&done, "store"),
            decode: duration(&done, "decode"),
            database: duration(&done, "database"),
        })
    }

    /// Waits until a condition on an import holds, in the words of SQL.
    pub(super) async fn wait(&self, import: &str, condition: &str) -> Result<()> {
        let started = Instant::now();
        while !self.is(import, condition).await? {
            if started.elapsed() > PATIENCE {
                bail!("the import {import} got nowhere");
            }
            tokio::time::sleep(LOOK).await;
        }
        Ok(())
    }

    /// Whether a condition on an import holds, in the words of SQL.
    pub(super) async fn is(&self, import: &str, condition: &str) -> Result<bool> {
        let statement = format!("select coalesce({condition}, false) /* bench */ from spillway.imports where id = $1::text::uuid");
        Ok(self.connection.query_one(&statement, &[&import]).await?.get(0))
    }

    /// Counts statements from here on.
    pub(super) async fn count_statements(&self) -> Result<()> {
        let reset = "select pg_stat_statements_reset(0, (select oid from pg_database where datname = current_database()), 0) /* bench */";
        self.connection.batch_execute(reset).await.context("statements cannot be counted")
    }

    /// Statements that the app has sent since, of those that are like a pattern.
    pub(super) async fn statements(&self, like: &str) -> Result<u64> {
        let count = "select coalesce(sum(calls), 0)::bigint /* bench */ from pg_stat_statements s join pg_database d on d.oid = s.dbid
            where d.datname = current_database() and s.toplevel and query like $1 and query not like '%/* bench */%'";
        Ok(self.connection.query_one(count, &[&like]).await?.get::<_, i64>(0).unsigned_abs())
    }

    /// The most memory that an instance of any component has had, in bytes.
    pub(super) async fn peak_memory(&self) -> Result<u64> {
        let address = self.metrics.context("this host tells no metrics")?;
        let metrics: Value = self.http.get(format!("http://{address}/metrics")).send().await?.error_for_status()?.json().await?;
        let components = metrics["components"].as_object().context("the runtime tells no metrics")?;
        components.values().filter_map(|component| component["peak_memory_bytes"].as_u64()).max().context("no component has run")
    }
}

/// What one drain says of its work.
#[derive(Debug)]
pub(super) struct Turn {
    ended: Instant,
    idle: bool,
    store: Duration,
    decode: Duration,
    database: Duration,
}

/// What drains did together, and how long they took.
#[derive(Clone, Debug, Default)]
pub(super) struct Drained {
    pub(super) time: Duration,
    pub(super) store: Duration,
    pub(super) decode: Duration,
    pub(super) database: Duration,
}

impl Drained {
    fn add(&mut self, turn: &Turn) {
        self.store += turn.store;
        self.decode += turn.decode;
        self.database += turn.database;
    }
}

/// One of the durations that a drain tells.
fn duration(done: &Value, name: &str) -> Duration {
    let ms = done["times_ms"][name].as_f64();
    ms.and_then(|ms| Duration::try_from_secs_f64(ms / 1000.0).ok()).unwrap_or_default()
}

/// See [`Rig::settle`].
pub(super) async fn settle(connection: &Connection) -> Result<()> {
    connection.batch_execute("checkpoint").await.context("cannot checkpoint")
}

/// Drops a database that is measured with no more, whoever is still connected.
pub(super) async fn drop_database(cluster: &stack::postgres::Cluster, name: &str) -> Result<()> {
    let drop = format!("drop database \"{name}\" with (force)");
    cluster.database("postgres").connect().await?.batch_execute(&drop).await.with_context(|| format!("cannot drop the database {name}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_from_what_a_drain_tells() {
        let done = serde_json::json!({"times_ms": {"store": 1.5, "decode": 20.125, "database": 0}});
        let us = ["store", "decode", "database", "other"].map(|name| duration(&done, name).as_micros());
        assert_eq!(us, [1500, 20_125, 0, 0]);
    }
}
