//! Cutting a big report into segments, so that other drains read it, too.

use std::time::{Duration, Instant};

use anyhow::Result;
use platform::db::ImportState;
use scan_reports::{Cut, Cutter, Decoder};
use spin_sdk::wasip3;

use crate::source::Source;
use crate::work::Turn;
use crate::{Settings, wake_next};

/// How often somebody who reads a big report looks whether others want a part of it.
const LOOK: Duration = Duration::from_millis(250);

/// Bytes that are asked for beyond a segment's length when its end is looked for: what mostly is as long as one unit of a report.
const BEYOND: u64 = 1024 * 1024;

/// Leaves what comes after the next part of a big report to drains that have nothing else to do. Not to others: where a report can be cut is found by
/// going over it before it is read, which is for nothing where each drain has an import of its own.
pub(crate) struct Sharing {
    /// When to look next; never again where no place to cut at was found.
    look_at: Option<Instant>,
}

impl Sharing {
    pub(crate) fn new() -> Self {
        Self { look_at: Some(Instant::now()) }
    }

    /// Whether what is left of a segment can be two, if it can be cut at all.
    pub(crate) fn is_worth(settings: &Settings, source: &Source<'_>, decoder: &Decoder) -> bool {
        settings.parallelism > 1 && source.end().saturating_sub(decoder.progress()) / 2 >= settings.segment_bytes
    }

    /// Cuts what is left of the claimed segment where that is worth it, and it is time to look. Gives what became of the import.
    pub(crate) async fn look(&mut self, turn: &Turn<'_>, source: &mut Source<'_>, decoder: &Decoder) -> Result<ImportState> {
        let &Turn { db, claim, settings, .. } = turn;
        if !Self::is_worth(settings, source, decoder) || self.look_at.is_none_or(|time| Instant::now() < time) {
            return Ok(ImportState::Running);
        }
        let cutter = decoder.cutter(settings.segment_bytes);
        self.look_at = cutter.is_some().then(|| Instant::now() + LOOK);
        match cutter {
            Some(cutter) if db.wants_segments(claim, settings.parallelism).await? => self.cut(turn, source, cutter).await,
            _ => Ok(ImportState::Running),
        }
    }

    async fn cut(&mut self, turn: &Turn<'_>, source: &mut Source<'_>, cutter: Cutter) -> Result<ImportState> {
        let &Turn { db, claim, settings, deadline, .. } = turn;
        let Some(cut) = find(source, cutter, settings.segment_bytes, deadline).await? else {
            self.look_at = None;
            return Ok(ImportState::Running);
        };
        source.cut(cut.offset);
        let state = db.cut_segment(claim, settings.lease, &[cut]).await?;
        if state == ImportState::Running {
            // Beside the work that goes on here: reaching somebody takes a moment.
            wasip3::spawn(wake_next());
        }
        Ok(state)
    }
}

/// The next cut that does not leave less than a segment behind it. Only one: who claims the rest looks for the next, while this part is read, and of
/// what is between here and there.
async fn find(source: &mut Source<'_>, mut cutter: Cutter, segment_bytes: u64, deadline: Instant) -> Result<Option<Cut>> {
    let end = source.end().saturating_sub(segment_bytes);
    let bound = cutter.position() + segment_bytes + BEYOND;
    while cutter.position() < end && Instant::now() < deadline {
        let bytes = source.peek_at(cutter.position(), bound).await?;
        if let Some(cut) = cutter.feed(&bytes).into_iter().next() {
            return Ok(Some(cut).filter(|cut| cut.offset < end));
        }
    }
    Ok(None)
}
