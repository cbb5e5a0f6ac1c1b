//! Cron triggers: a new instance for each run, at the times of a schedule.
//!
//! As in Spin's trigger, runs may overlap and missed ones are not made up for. Unlike there, a run that fails in any way is
//! logged.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use ::cron::Schedule;
use anyhow::{Context, Result};
use chrono::{DateTime, Utc};
use tokio::runtime::Handle;
use wasmtime::Engine;

use crate::bindings::cron::SpinCronPre;
use crate::bindings::cron::fermyon::spin_cron::cron_types::{Error, Metadata};
use crate::guest::{Component, Guest};

/// A long sleep is one in parts of this length: the clock may be set in between.
const LONGEST_SLEEP: Duration = Duration::from_secs(1);

/// A component that is ready to be run.
pub struct CronComponent {
    /// The engine it was compiled for.
    pub engine: Engine,
    /// What it is.
    pub component: Arc<Component>,
    /// Its code, linked.
    pub code: SpinCronPre<Guest>,
}

/// Parses an expression: seconds, minutes, hours, days, months, weekdays and perhaps years. Times are UTC.
pub fn parse(expression: &str) -> Result<Schedule> {
    expression.parse().with_context(|| format!("cron_expression `{expression}`: expected 6 or 7 fields, seconds first"))
}

/// Starts a run on the threads of guests whenever one is due, for ever or until the schedule ends.
pub async fn run(schedule: Schedule, component: Arc<CronComponent>, guests: Handle) {
    let mut last = Utc::now();
    while let Some(due) = next_after(&schedule, last, Utc::now()) {
        sleep_until(due).await;
        let component = Arc::clone(&component);
        guests.spawn(async move { component.run(due).await });
        last = due;
    }
}

/// The next time that is neither handled nor already over.
fn next_after(schedule: &Schedule, last: DateTime<Utc>, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let whole_second = now - chrono::TimeDelta::nanoseconds(i64::from(now.timestamp_subsec_nanos()));
    schedule.after(&last.max(whole_second - chrono::TimeDelta::nanoseconds(1))).find(|due| *due > last)
}

async fn sleep_until(due: DateTime<Utc>) {
    while let Ok(left) = (due - Utc::now()).to_std() {
        tokio::time::sleep(left.min(LONGEST_SLEEP)).await;
    }
}

impl CronComponent {
    async fn run(&self, due: DateTime<Utc>) {
        let name = &self.component.name;
        self.component.metrics.requests.fetch_add(1, Relaxed);
        match self.call(due).await {
            Ok(Ok(())) => tracing::debug!("component {name}: run ended"),
            Ok(Err(Error::Other(message))) => tracing::error!("component {name}: run failed: {message}"),
            Err(error) => {
                self.component.metrics.traps.fetch_add(1, Relaxed);
                tracing::error!("component {name}: run broke off: {error:?}");
            }
        }
    }

    async fn call(&self, due: DateTime<Utc>) -> wasmtime::Result<Result<(), Error>> {
        let mut store = Guest::new_store(&self.engine, &self.component);
        let instance = self.code.instantiate_async(&mut store).await?;
        let timestamp = u64::try_from(due.timestamp()).unwrap_or(0);
        instance.call_handle_cron_event(&mut store, Metadata { timestamp }).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn expressions_have_six_or_seven_fields() {
        assert!(parse("*/5 * * * * *").is_ok());
        assert!(parse("0 0 12 * * * 2030").is_ok());
        assert!(parse("* * * * *").unwrap_err().to_string().contains("6 or 7 fields"));
        assert!(parse("often").is_err());
    }

    #[test]
    fn each_time_is_due_once_and_missed_ones_are_left_out() {
        let schedule = parse("*/10 * * * * *").unwrap();
        let next = |last, now| next_after(&schedule, at(last), at(now)).unwrap();
        assert_eq!(next("2030-01-01T00:00:01.5Z", "2030-01-01T00:00:01.5Z"), at("2030-01-01T00:00:10Z"));
        assert_eq!(next("2030-01-01T00:00:10Z", "2030-01-01T00:00:10.001Z"), at("2030-01-01T00:00:20Z"));
        assert_eq!(next("2030-01-01T00:00:10Z", "2030-01-01T00:01:05Z"), at("2030-01-01T00:01:10Z"));
    }

    #[test]
    fn a_schedule_may_end() {
        let schedule = parse("0 0 0 1 1 * 2020").unwrap();
        assert_eq!(next_after(&schedule, at("2030-01-01T00:00:00Z"), at("2030-01-01T00:00:00Z")), None);
    }
}
