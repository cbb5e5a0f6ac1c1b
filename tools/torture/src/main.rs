//! `torture`: imports to which everything happens that can, compared with the same imports to which nothing does.
//!
//! The same [reports] and files of [rows](datasets) go into new [workspaces](world) in every [round]. A [fault](faults) strikes while they are
//! imported; what recovers has to do so by itself. Then what is stored and told of it is [compared](compare) with a run without faults. Meanwhile
//! somebody [reads](reader) rows that are replaced.
//!
//! `cargo xtask torture --rounds 1 --fault kill --default-settings` shows how soon an import goes on with the lease of spin.toml.

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use admin::random;
use anyhow::{Context as _, Result, bail, ensure};
use clap::{Parser, ValueEnum as _};
use stack::build::OtherRuntime;
use stack::postgres::Cluster;
use stack::progress::{self, Step};
use stack::{Stack, Temporary};

mod books;
mod compare;
mod datasets;
mod faults;
mod proxy;
mod reader;
mod reports;
mod round;
mod table;
mod watch;
mod world;

use compare::{Difference, Outcome};
use faults::Fault;
use proxy::Proxy;
use round::{Course, Verdict};
use table::Table;

/// Seconds of a lease, and milliseconds of a drain's budget, unless they are to have their usual values: what was lost is found soon, and
/// every import is put down and taken up again several times.
const LEASE: u64 = 5;
const BUDGET: u64 = 1500;
/// Bytes of a segment: the larger reports are cut into several.
const SEGMENT: u64 = 500_000;
/// How soon, with the usual values, an import goes on after a fault: a lease, a tick of the schedule, and time to work.
const RECOVERY: Duration = Duration::from_mins(1);
/// Rounds that a fault has beside its own as long as it has not struck.
const FURTHER_ROUNDS: usize = 4;
/// Differences of one sort that are told.
const TOLD: usize = 3;

/// Imports reports while everything goes wrong that can, and compares what comes of it with what came without
#[derive(Debug, Parser)]
#[command(bin_name = "cargo xtask torture", max_term_width = 110)]
struct Torture {
    /// Rounds, each with the next of the faults
    #[arg(long, default_value_t = Fault::value_variants().len() as u64)]
    rounds: u64,

    /// Where and when the faults strike; each round takes the next seed
    #[arg(long, default_value_t = 1)]
    seed: u64,

    /// Only this fault
    #[arg(long, value_name = "NAME")]
    fault: Option<Fault>,

    /// Leaves lease and budget of the drain as spin.toml has them, and wants every import to go on within a minute
    #[arg(long)]
    default_settings: bool,

    #[command(flatten)]
    runtime: OtherRuntime,
}

fn main() -> ExitCode {
    stack::run(Torture::parse().run())
}

impl Torture {
    /// Runs the rounds, and prints the table.
    async fn run(self) -> Result<()> {
        self.runtime.choose()?;
        let reports = reports::of_all_workspaces(self.seed)?;
        let proxy = Proxy::start().await?;
        let drain_token = random::secret()?;
        let mut stack = self.stack(&proxy, &drain_token).await?;
        proxy.pass_on_to(&stack.store.endpoint);
        let lease = (!self.default_settings).then_some(LEASE);
        let mut course = Course { stack: &mut stack, proxy: &proxy, reports: &reports, drain_token: &drain_token, lease };
        let expected = reference(&mut course).await?;
        let mut table = Table::default();
        self.run_round(&mut course, &mut table, 0, None, &expected).await?;
        for number in 0..self.rounds {
            self.run_round(&mut course, &mut table, number, Some(self.fault_of(number)), &expected).await?;
        }
        self.strike_again(&mut course, &mut table, &expected).await?;
        drop(stack);
        print!("\n{}", table.text());
        judge(&table)
    }

    /// Imports may have ended before a fault could strike: then it has further rounds.
    async fn strike_again(&self, course: &mut Course<'_>, table: &mut Table, expected: &Outcome) -> Result<()> {
        let mut number = self.rounds;
        for _ in 0..FURTHER_ROUNDS {
            let missed = table.missed();
            for fault in Fault::value_variants().iter().filter(|fault| missed.contains(&fault.name())) {
                self.run_round(course, table, number, Some(*fault), expected).await?;
                number += 1;
            }
        }
        Ok(())
    }

    fn fault_of(&self, round: u64) -> Fault {
        let all = Fault::value_variants();
        self.fault.unwrap_or_else(|| all[usize::try_from(round).unwrap_or_default() % all.len()])
    }

    /// A stack of its own, whose app reaches the store through the proxy.
    async fn stack(&self, proxy: &Proxy, drain_token: &str) -> Result<Stack> {
        ensure!(std::env::var_os("SPILLWAY_URL").is_none(), "the app at SPILLWAY_URL cannot be tortured: it is somebody else's");
        let mut variables =
            vec![("s3_endpoint", proxy.endpoint()), ("drain_token", drain_token.to_owned()), ("drain_segment_bytes", SEGMENT.to_string())];
        if !self.default_settings {
            variables.extend([("drain_lease_seconds", LEASE.to_string()), ("drain_budget_ms", BUDGET.to_string())]);
        }
        let variables = variables.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        let cluster = Some(Arc::new(Cluster::start_temporary().await?));
        Stack::temporary(Temporary { variables, cluster, ..Temporary::default() }).await
    }

    async fn run_round(
        &self,
        course: &mut Course<'_>,
        table: &mut Table,
        number: u64,
        fault: Option<Fault>,
        expected: &Outcome,
    ) -> Result<()> {
        let name = fault.map_or_else(|| "no fault".to_owned(), Fault::name);
        let label = fault.map_or_else(|| "undisturbed".to_owned(), |fault| format!("round-{}-{}", number + 1, fault.name()));
        let seed = self.seed.wrapping_add(number);
        let started = Instant::now();
        let step = Step::begin(match fault {
            Some(_) if number >= self.rounds => format!("once more, since nothing was injected: {name}"),
            Some(_) => format!("round {} of {}: {name}", number + 1, self.rounds),
            None => "the same at once, with no fault".to_owned(),
        });
        let verdict = course.round(&label, seed, fault, expected, &step).await.with_context(|| format!("round {} ({name})", number + 1))?;
        step.done();
        let verdict = self.with_limit(verdict);
        table.add(fault, &verdict, started.elapsed());
        self.tell(&verdict, seed, fault);
        Ok(())
    }

    /// A recovery that takes too long is a difference, too.
    fn with_limit(&self, mut verdict: Verdict) -> Verdict {
        if self.default_settings && verdict.recovery > RECOVERY {
            let (seconds, limit) = (verdict.recovery.as_secs_f64(), RECOVERY.as_secs());
            let text = format!("an import got no further for {seconds:.1} s after the last fault: at most {limit} s");
            verdict.differences.push(Difference::new("recovery", text));
        }
        verdict
    }

    fn tell(&self, verdict: &Verdict, seed: u64, fault: Option<Fault>) {
        for failure in &verdict.failures {
            progress::note(&format!("  tried again: {failure}"));
        }
        let mut sorts: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for Difference { sort, text } in &verdict.differences {
            sorts.entry(sort).or_default().push(text);
        }
        for texts in sorts.values() {
            texts.iter().take(TOLD).for_each(|text| progress::note(&format!("  {text}")));
            if texts.len() > TOLD {
                progress::note(&format!("  … and {} more like that", texts.len() - TOLD));
            }
        }
        if let Some(fault) = fault.filter(|_| !verdict.differences.is_empty()) {
            let settings = if self.default_settings { " --default-settings" } else { "" };
            progress::note(&format!("  again: cargo xtask torture --rounds 1 --seed {seed} --fault {}{settings}", fault.name()));
        }
    }
}

async fn reference(course: &mut Course<'_>) -> Result<Outcome> {
    let step = Step::begin("importing the reports one after the other");
    let outcome = course.reference().await?;
    step.done();
    let contradictions = outcome.contradictions();
    ensure!(contradictions.is_empty(), "even without faults: {contradictions:?}");
    Ok(outcome)
}

fn judge(table: &Table) -> Result<()> {
    let missed = table.missed();
    if !missed.is_empty() {
        bail!("nothing was injected: {}", missed.join(", "));
    }
    ensure!(table.at_tables() > 0, "nothing was injected while tables were imported");
    ensure!(table.reads() > 0, "the rows that were replaced were never read");
    ensure!(table.differences() == 0, "{} differences", table.differences());
    Ok(())
}
