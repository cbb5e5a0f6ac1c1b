//! What the processes of the app and of the database take, as Linux tells it: `proc_pid_stat(5)`, `proc_pid_status(5)`.

use std::collections::BTreeSet;
use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::{Context as _, Result};
use stack::Stack;
use stack::runtime::Runtime;

/// A tick of a processor's time: what Linux tells is in these, on every machine that this runs on.
const TICK: Duration = Duration::from_millis(10);
/// How often memory is looked at.
const INTERVAL: Duration = Duration::from_millis(200);

/// What the processes took.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Usage {
    pub(super) app: Took,
    pub(super) database: Took,
}

/// What a process and its children took.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Took {
    /// Time of processors.
    pub(super) time: Duration,
    /// The most memory at a time, in bytes.
    pub(super) memory: u64,
}

/// Looks at the processes of the app and of the database, on threads of their own.
pub(super) struct Meters {
    app: Meter,
    database: Meter,
}

impl Meters {
    pub(super) fn begin(stack: &Stack) -> Result<Self> {
        let app = stack.runtime.as_ref().and_then(Runtime::id).context("the app does not run")?;
        let database = stack.cluster.as_ref().and_then(|cluster| cluster.id()).context("the database does not run")?;
        Ok(Self { app: Meter::begin(app), database: Meter::begin(database) })
    }

    /// What was taken since they began.
    pub(super) fn end(self) -> Usage {
        Usage { app: self.app.end(), database: self.database.end() }
    }
}

struct Meter {
    process: u32,
    ticks: u64,
    over: Arc<AtomicBool>,
    peak: JoinHandle<u64>,
}

impl Meter {
    fn begin(process: u32) -> Self {
        let over = Arc::new(AtomicBool::new(false));
        let is_over = Arc::clone(&over);
        let peak = std::thread::spawn(move || {
            let mut peak = memory(process);
            while !is_over.load(Relaxed) {
                std::thread::sleep(INTERVAL);
                peak = peak.max(memory(process));
            }
            peak
        });
        Self { process, ticks: ticks(process), over, peak }
    }

    fn end(self) -> Took {
        self.over.store(true, Relaxed);
        let ticks = ticks(self.process).saturating_sub(self.ticks);
        let time = TICK * u32::try_from(ticks).unwrap_or(u32::MAX);
        Took { time, memory: self.peak.join().unwrap_or_default() }
    }
}

/// Ticks of a process and its children, also of those that have ended.
fn ticks(process: u32) -> u64 {
    let of_ended = stat(process).map_or(0, |stat| stat.children);
    of_ended + family(process).into_iter().filter_map(stat).map(|stat| stat.own).sum::<u64>()
}

/// Memory of a process and its children: what each has for itself, and what they share once.
fn memory(process: u32) -> u64 {
    let (mut own, mut shared) = (0, 0);
    for member in family(process) {
        let status = fs::read_to_string(format!("/proc/{member}/status")).unwrap_or_default();
        own += kib(&status, "RssAnon:");
        shared = kib(&status, "RssShmem:").max(shared);
    }
    (own + shared) * 1024
}

/// A process and its children.
fn family(process: u32) -> BTreeSet<u32> {
    let all = fs::read_dir("/proc").into_iter().flatten().flatten().filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    let children = all.filter(|member| stat(*member).is_some_and(|stat| stat.parent == process));
    children.chain([process]).collect()
}

/// What is told of a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stat {
    parent: u32,
    /// Ticks.
    own: u64,
    /// Ticks of children that have ended and were waited for.
    children: u64,
}

fn stat(process: u32) -> Option<Stat> {
    Stat::read(&fs::read_to_string(format!("/proc/{process}/stat")).ok()?)
}

impl Stat {
    /// The fields behind the name, which may have anything in it: the second is the parent, the 12th to 15th are times.
    fn read(stat: &str) -> Option<Self> {
        let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
        let number = |field: usize| fields.get(field)?.parse::<u64>().ok();
        let (own, children) = (number(11)? + number(12)?, number(13)? + number(14)?);
        Some(Self { parent: fields.get(1)?.parse().ok()?, own, children })
    }
}

/// A number of KiB in the text of a status.
fn kib(status: &str, name: &str) -> u64 {
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_read_whatever_its_name_is() {
        let stat = Stat::read("12 (a) b (c)) S 7 12 12 0 -1 4194560 5 6 0 0 100 20 3 4 20 0 1 0 99");
        assert_eq!(stat, Some(Stat { parent: 7, own: 120, children: 7 }));
        assert_eq!(Stat::read("12 (a) S 7"), None);
        assert_eq!(kib("VmRSS:\t  99 kB\nRssAnon:\t     12 kB\n", "RssAnon:"), 12);
    }

    #[test]
    fn this_process_takes_time_and_memory() {
        let meter = Meter::begin(std::process::id());
        let filled = vec![1_u8; 64 << 20];
        let started = std::time::Instant::now();
        while started.elapsed() < Duration::from_millis(500) {
            std::hint::black_box(filled.iter().map(|byte| u64::from(*byte)).sum::<u64>());
        }
        let took = meter.end();
        assert!(took.memory > filled.len() as u64, "{took:?}");
        assert!(took.time > Duration::from_millis(50), "{took:?}");
    }
}
