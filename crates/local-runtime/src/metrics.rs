//! Counts what each component does, for tests and for people, at an address of their own (`--metrics-listen`).

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};

use serde::Serialize;

use crate::guest::Component;

/// The counters of one component.
#[derive(Debug, Default)]
pub struct Metrics {
    /// HTTP requests and cron runs that were given to it.
    pub requests: AtomicU64,
    /// Instances that ended in a trap, by time-out or with an error.
    pub traps: AtomicU64,
    /// The most linear memory that one instance has had.
    pub peak_memory_bytes: AtomicUsize,
    /// Calls of query and execute.
    pub statements: AtomicU64,
}

/// The counters at one moment.
#[derive(Debug, Serialize)]
pub struct Snapshot {
    requests: u64,
    traps: u64,
    peak_memory_bytes: usize,
    statements: u64,
}

impl Metrics {
    /// Reads the counters.
    pub fn snapshot(&self) -> Snapshot {
        Snapshot {
            requests: self.requests.load(Relaxed),
            traps: self.traps.load(Relaxed),
            peak_memory_bytes: self.peak_memory_bytes.load(Relaxed),
            statements: self.statements.load(Relaxed),
        }
    }
}

/// The metrics of all components as JSON: `{"components": {"name": {"requests": 1, …}}}`.
pub fn to_json<'a>(components: impl Iterator<Item = &'a Arc<Component>>) -> String {
    let components: BTreeMap<&str, Snapshot> =
        components.map(|component| (component.name.as_str(), component.metrics.snapshot())).collect();
    serde_json::json!({ "components": components }).to_string()
}
