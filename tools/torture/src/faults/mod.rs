//! The faults, and what each of them does when it strikes.

use std::time::{Duration, Instant};

use anyhow::Result;
use clap::ValueEnum;
use generate::dice::Dice;
use stack::Stack;
use stack::runtime::Runtime;

use crate::proxy::{Proxy, Wrong};
use crate::watch::Watch;
use crate::world::Workspace;

mod apps;
mod calls;
mod database;
mod store;

/// What can happen to imports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub(super) enum Fault {
    /// The app is killed (SIGKILL) and started again at once
    Kill,
    /// All of the app's connections to the database are ended
    Disconnect,
    /// The database server crashes and is started again
    CrashDatabase,
    /// The store answers 500 or 503
    StoreError,
    /// The store's answers are late and slow
    StoreSlow,
    /// The store's answers are cut short
    StoreTruncates,
    /// The store resets connections, before an answer or in it
    StoreResets,
    /// One of two apps halts for longer than its leases last, and then goes on
    Lease,
    /// Many drains are woken at once
    Crowd,
    /// Imports are cancelled and retried
    CancelRetry,
    /// Several of these at once
    All,
}

/// What a fault is done to, and with.
pub(super) struct Scene<'a> {
    pub(super) stack: &'a mut Stack,
    /// A second app, where the fault wants one.
    pub(super) replica: Option<Runtime>,
    pub(super) proxy: &'a Proxy,
    pub(super) workspaces: &'a [Workspace<'a>],
    pub(super) watch: &'a Watch,
    pub(super) dice: Dice,
    pub(super) drain_token: &'a str,
}

/// What a strike did.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Struck {
    /// How often something went wrong.
    pub(super) count: u64,
    /// When it did last; never where nothing did.
    pub(super) last: Option<Instant>,
}

impl Struck {
    /// So much went wrong at this moment.
    fn now(count: usize) -> Self {
        Self::at(count as u64, Instant::now())
    }

    fn at(count: u64, last: Instant) -> Self {
        Self { count, last: (count > 0).then_some(last) }
    }

    /// Adds a later strike.
    pub(super) fn add(&mut self, later: Self) {
        self.count += later.count;
        self.last = later.last.or(self.last);
    }
}

/// Faults that go together.
const TOGETHER: [Fault; 4] = [Fault::Kill, Fault::Disconnect, Fault::CrashDatabase, Fault::CancelRetry];

impl Fault {
    /// Its name on the command line.
    pub(super) fn name(self) -> String {
        self.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned())
    }

    /// How often it strikes in a round, at most.
    pub(super) fn strikes(self) -> usize {
        match self {
            Self::StoreError | Self::StoreSlow | Self::StoreTruncates | Self::StoreResets | Self::CrashDatabase | Self::All => 2,
            Self::Kill | Self::Disconnect => 3,
            Self::Lease => 4,
            Self::Crowd => 5,
            Self::CancelRetry => 16,
        }
    }

    /// Whether it takes two apps.
    pub(super) fn wants_replica(self) -> bool {
        self == Self::Lease
    }

    /// The lease that it takes, other than the round's; in seconds.
    pub(super) fn lease(self) -> Option<u64> {
        self.wants_replica().then_some(apps::LEASE)
    }

    /// Strikes once.
    pub(super) async fn strike(self, scene: &mut Scene<'_>) -> Result<Struck> {
        match self {
            Self::Kill => apps::kill(scene).await,
            Self::Lease => apps::outlast_leases(scene).await,
            Self::Disconnect => database::disconnect(scene).await,
            Self::CrashDatabase => database::crash(scene).await,
            Self::StoreError => store::spell(scene, &[Wrong::Error], 40).await,
            Self::StoreSlow => store::spell(scene, &[Wrong::Slow], 60).await,
            Self::StoreTruncates => store::spell(scene, &[Wrong::Truncate], 60).await,
            Self::StoreResets => store::spell(scene, &[Wrong::Reset], 40).await,
            Self::Crowd => calls::crowd(scene).await,
            Self::CancelRetry => calls::cancel_or_retry(scene).await,
            Self::All => strike_together(scene).await,
        }
    }
}

/// A store that does everything wrong, a crowd of drains, and meanwhile some of the other faults.
async fn strike_together(scene: &mut Scene<'_>) -> Result<Struck> {
    let before = scene.proxy.done();
    let seed = scene.dice.below(u32::MAX).into();
    scene.proxy.do_wrong(&[Wrong::Error, Wrong::Slow, Wrong::Truncate, Wrong::Reset], 30, seed);
    calls::leave_crowd(scene.stack.url(), scene.drain_token);
    let mut count = 0;
    for _ in 0..3 {
        let fault = TOGETHER[scene.dice.below(4) as usize];
        count += Box::pin(fault.strike(scene)).await?.count;
        tokio::time::sleep(Duration::from_millis(scene.dice.below(400).into())).await;
    }
    scene.proxy.do_right();
    Ok(Struck::at(count + scene.proxy.done().count - before.count, Instant::now()))
}
