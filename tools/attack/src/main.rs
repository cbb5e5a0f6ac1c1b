//! `attack`: a tenant who does what harms most, and another beside it who works as a person does.
//!
//! Each of the [attacks] has a workspace of its own, and calls from an address of its own. While it lasts, [the other](other) is measured, and what
//! the app and the database [take](usage). The [verdict] is ✓ where nobody was harmed and everybody got a clear answer.

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context as _, Result, bail, ensure};
use clap::{Parser, ValueEnum as _};
use generate::dice::Dice;
use stack::postgres::Cluster;
use stack::progress::{self, Step};
use stack::runtime::Host;
use stack::{Stack, Temporary, ports};
use tokio_postgres::Client as Connection;

mod attacker;
mod attacks;
mod other;
mod scale;
mod table;
mod usage;
mod verdict;

use attacker::{ANSWER, Attacker};
use attacks::Attack;
use other::{Observed, Other};
use scale::Scale;
use table::Table;
use usage::Meters;
use verdict::Outcome;

/// The tenant who harms nobody.
const OTHER: &str = "other";
/// Limits of the host in a short run, where nobody waits for what is held open as long as usual.
const SHORT_LIMITS: [(&str, u64); 3] = [("head_ms", 2_000), ("send_window_ms", 2_000), ("request_wait_ms", 500)];
/// Faults of an attack that are told.
const TOLD: usize = 5;

/// Does what harms most, and measures what it costs whoever does it and another tenant beside it
#[derive(Debug, Parser)]
#[command(bin_name = "cargo xtask attack", max_term_width = 110)]
struct Arguments {
    /// Rounds of all attacks; those behind the first have other sizes
    #[arg(long, default_value_t = 1)]
    rounds: u64,

    /// The sizes of the rounds behind the first; each takes the next seed
    #[arg(long, default_value_t = 1)]
    seed: u64,

    /// Only this attack
    #[arg(long, value_name = "NAME")]
    attack: Option<Attack>,

    /// Small sizes, and no verdict on times: whether everybody is answered, in less than a minute
    #[arg(long)]
    short: bool,
}

fn main() -> ExitCode {
    stack::run(Arguments::parse().run())
}

impl Arguments {
    /// Runs the rounds, and prints the table.
    async fn run(self) -> Result<()> {
        let scene = Scene::start(self.short).await?;
        let mut table = Table::default();
        let ended = self.rounds(scene, &mut table).await;
        print!("\n{}", table.text());
        ended?;
        let failed = table.failed();
        ensure!(failed.is_empty(), "somebody was harmed, or not answered clearly: {}", failed.join(", "));
        Ok(())
    }

    async fn rounds(&self, mut scene: Scene, table: &mut Table) -> Result<()> {
        let usual = if self.short { Scale::short() } else { Scale::usual() };
        for round in 0..self.rounds {
            let seed = self.seed.wrapping_add(round);
            let scale = if round == 0 { usual.clone() } else { usual.drawn(&mut Dice::new(seed)) };
            let idle = scene.idle(&scale).await?;
            table.add_idle(&idle);
            for attack in Attack::value_variants().iter().filter(|attack| self.attack.is_none_or(|only| only == **attack)) {
                let name = attack.name();
                let outcome = scene.attack(*attack, &scale, round, &idle.other).await.with_context(|| name.clone())?;
                tell(&outcome);
                table.add(*attack, &outcome);
                scene.check()?;
            }
        }
        Ok(())
    }
}

/// What came of an attack, in a line, and what was wrong below it.
fn tell(outcome: &Outcome) {
    progress::note(&format!("  {} {}", outcome.mark(), outcome.told));
    // The same may have happened often.
    let mut faults: BTreeMap<&str, usize> = BTreeMap::new();
    for fault in &outcome.faults {
        *faults.entry(fault).or_default() += 1;
    }
    for (fault, times) in faults.iter().take(TOLD) {
        progress::note(&format!("    {fault}{}", if *times > 1 { format!(" ({times} times)") } else { String::new() }));
    }
    if faults.len() > TOLD {
        progress::note(&format!("    … and {} others", faults.len() - TOLD));
    }
}

/// What all attacks have in common.
struct Scene {
    stack: Stack,
    /// To look at the queue without a limit.
    database: Connection,
    other: Arc<Other>,
    /// Where the app tells its metrics.
    metrics: String,
    is_short: bool,
}

impl Scene {
    /// A stack of its own, as strict and with the same limits as it is delivered, and the other tenant.
    async fn start(is_short: bool) -> Result<Self> {
        ensure!(std::env::var_os("SPILLWAY_URL").is_none(), "the app at SPILLWAY_URL cannot be attacked: it is somebody else's");
        let metrics = ports::free_address()?;
        let limits = SHORT_LIMITS.into_iter().filter(|_| is_short).collect();
        let host = Host { metrics: Some(metrics), limits, ..Host::default() };
        let cluster = Some(Arc::new(Cluster::start_temporary().await?));
        let stack = Stack::temporary(Temporary { cluster, host, ..Temporary::default() }).await?;
        let database = stack.database.connect().await?;
        let other = Arc::new(Other::new(stack.client(OTHER).await?)?);
        Ok(Self { stack, database, other, metrics: format!("http://{metrics}/metrics"), is_short })
    }

    /// What the other tenant has where nobody attacks.
    async fn idle(&self, scale: &Scale) -> Result<Outcome> {
        let step = Step::begin("the other tenant alone");
        // What is done for the first time takes longer.
        let warm = self.other.begin();
        tokio::time::sleep(scale.lasts / 2).await;
        warm.end().await?;
        let meters = Meters::begin(&self.stack)?;
        let work = self.other.begin();
        tokio::time::sleep(scale.lasts).await;
        let other = work.end().await?;
        step.done();
        if let Some(fault) = other.faults.first() {
            bail!("even where nobody attacks: {fault}");
        }
        Ok(Outcome::idle(other, meters.end()))
    }

    /// Attacks, while the other tenant works. Only what the tool itself cannot do is an error.
    async fn attack(&self, attack: Attack, scale: &Scale, round: u64, idle: &Observed) -> Result<Outcome> {
        let step = Step::begin(format!("attack: {}", attack.name()));
        let attacker = Attacker::new(&self.stack, &self.database, &format!("{}-{}", attack.name(), round + 1)).await?;
        let plan = attack.plan(&attacker, scale).await?;
        let (traps, meters) = (self.traps().await?, Meters::begin(&self.stack)?);
        let work = self.other.begin();
        plan.carry_out(&attacker, scale.lasts).await;
        let ends = attacker.ends().await?;
        let other = work.end().await?;
        let usage = meters.end();
        step.done();
        let mut outcome = Outcome::new(attacker.end(), ends, other, usage);
        outcome.judge(idle, !self.is_short);
        outcome.note_traps(self.traps().await.unwrap_or(traps) - traps);
        Ok(outcome)
    }

    /// Instances that have ended in a trap so far.
    async fn traps(&self) -> Result<u64> {
        let answer = reqwest::Client::new().get(&self.metrics).timeout(ANSWER).send().await.context("the app tells no metrics")?;
        let metrics: serde_json::Value = answer.json().await?;
        let components = metrics["components"].as_object().context("the app tells no metrics")?;
        Ok(components.values().filter_map(|component| component["traps"].as_u64()).sum())
    }

    /// An error where the app or the database has ended by itself.
    fn check(&mut self) -> Result<()> {
        if let Some(runtime) = &mut self.stack.runtime {
            runtime.check()?;
        }
        self.stack.cluster.as_ref().map_or(Ok(()), |cluster| cluster.check())
    }
}
