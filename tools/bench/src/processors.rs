//! How busy the machine's processors are, whoever keeps them so.

use std::thread::available_parallelism;

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waiting_for_a_disk_is_idle_and_what_others_took_is_nothing() {
        let ticks = Ticks::read("cpu  10 1 5 100 20 2 3 50 0 0\ncpu0 1 2 3\n");
        assert_eq!(ticks, Some(Ticks { busy: 21, idle: 120 }));
        assert_eq!(Ticks::read("cpu  10 1 5\n"), None);
    }
}
