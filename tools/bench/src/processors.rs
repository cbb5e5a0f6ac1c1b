//! How busy the machine's processors are, whoever keeps them so.

use std::thread::available_parallelism;
use std::time::Duration;

/// Time of all processors since the machine started, in ticks of any length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ticks {
    busy: u64,
    idle: u64,
}

impl Ticks {
    /// Those until now; none where the system does not tell (Linux does: `proc_stat(5)`).
    pub(super) fn now() -> Option<Self> {
        Self::read(&std::fs::read_to_string("/proc/stat").ok()?)
    }

    /// The first line: user, nice, system, idle, iowait, irq, softirq; behind them what other machines took.
    fn read(stat: &str) -> Option<Self> {
        let ticks = stat.lines().next()?.strip_prefix("cpu ")?.split_whitespace().take(7).map(|number| number.parse().ok());
        match ticks.collect::<Option<Vec<u64>>>()?[..] {
            [user, nice, system, idle, iowait, irq, softirq] => {
                Some(Self { busy: user + nice + system + irq + softirq, idle: idle + iowait })
            }
            _ => None,
        }
    }

    /// How many processors were busy since an earlier moment, on average.
    pub(super) fn busy_since(self, earlier: Self) -> f64 {
        let (busy, idle) = (self.busy - earlier.busy, self.idle - earlier.idle);
        super::table::float(busy) / super::table::float((busy + idle).max(1)) * processors()
    }
}

/// How many there are.
pub(super) fn processors() -> f64 {
    available_parallelism().map_or(1.0, |count| super::table::float(count.get() as u64))
}

/// Processor time that was spent so far, whoever else kept the processors busy.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Spent {
    /// By the host with the components.
    pub(super) host: Duration,
    /// By the database.
    pub(super) database: Duration,
    /// By the benchmark itself, with the store in it.
    pub(super) own: Duration,
}

/// A process, as the system tells of it.
#[derive(Debug, PartialEq, Eq)]
struct Process {
    id: u32,
    parent: u32,
    name: String,
    /// Its time, and that of its children that have ended.
    time: Duration,
}

/// The length of a tick in what the system tells of processes: a hundred a second, wherever Linux runs.
const TICK: Duration = Duration::from_millis(10);

impl Spent {
    /// Until now, by this process and those that it started; nothing where the system does not tell (Linux does: `proc_pid_stat(5)`).
    pub(super) fn now() -> Self {
        let stat = |entry: std::io::Result<std::fs::DirEntry>| std::fs::read_to_string(entry.ok()?.path().join("stat")).ok();
        let entries = std::fs::read_dir("/proc").into_iter().flatten();
        let processes: Vec<Process> = entries.filter_map(|entry| Process::read(&stat(entry)?)).collect();
        Self::of(std::process::id(), &processes)
    }

    fn of(own: u32, processes: &[Process]) -> Self {
        let mut spent = Self::default();
        for process in processes {
            match process.name.as_str() {
                _ if process.id == own => spent.own += process.time,
                _ if !process.descends(own, processes) => {}
                "postgres" => spent.database += process.time,
                _ => spent.host += process.time,
            }
        }
        spent
    }

    pub(super) fn since(self, earlier: Self) -> Self {
        Self {
            host: self.host.saturating_sub(earlier.host),
            database: self.database.saturating_sub(earlier.database),
            own: self.own.saturating_sub(earlier.own),
        }
    }
}

impl Process {
    /// Number, name in brackets, state, parent; then as many that do not matter here as there are up to the times.
    fn read(stat: &str) -> Option<Self> {
        let (id, rest) = stat.split_once(" (")?;
        let (name, rest) = rest.rsplit_once(") ")?;
        let fields: Vec<&str> = rest.split(' ').collect();
        let ticks = fields.get(11..15)?.iter().map(|ticks| ticks.parse::<u32>().ok()).sum::<Option<u32>>()?;
        Some(Self { id: id.parse().ok()?, parent: fields.get(1)?.parse().ok()?, name: name.to_owned(), time: TICK * ticks })
    }

    fn descends(&self, ancestor: u32, processes: &[Self]) -> bool {
        let parent = processes.iter().find(|process| process.id == self.parent);
        self.parent == ancestor || parent.is_some_and(|parent| parent.descends(ancestor, processes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_is_that_of_a_process_and_of_those_that_it_started() {
        let stat = |id: u32, name: &str, parent: u32, ticks: u32| {
            Process::read(&format!("{id} ({name}) S {parent} 1 1 0 -1 4194304 1 0 0 0 {ticks} 1 0 0 20 0 1 0 7 1\n")).expect("a process")
        };
        let processes =
            [stat(1, "init", 0, 9), stat(5, "bench", 1, 4), stat(6, "a) host", 5, 2), stat(7, "postgres", 5, 1), stat(8, "postgres", 7, 9)];
        let ms = Duration::from_millis;
        assert_eq!(Spent::of(5, &processes), Spent { host: ms(30), database: ms(120), own: ms(50) });
        assert_eq!(Process::read("5 (bench) S"), None);
    }

    #[test]
    fn waiting_for_a_disk_is_idle_and_what_others_took_is_nothing() {
        let ticks = Ticks::read("cpu  10 1 5 100 20 2 3 50 0 0\ncpu0 1 2 3\n");
        assert_eq!(ticks, Some(Ticks { busy: 21, idle: 120 }));
        assert_eq!(Ticks::read("cpu  10 1 5\n"), None);
    }
}
