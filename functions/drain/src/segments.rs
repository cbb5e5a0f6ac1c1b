//! Cutting a big report into segments, so that other drains read it, too.

use std::time::Instant;

use anyhow::Result;
use platform::db::ImportState;
use scan_reports::{Cut, Decoder};
use spin_sdk::wasip3;

use crate::source::Source;
use crate::work::Turn;
use crate::{Settings, wake_next};

/// Segments that are cut off at a time. The last of them is whatever is left: who claims it cuts it further.
const CUTS: usize = 16;

/// Whether what is left of the claimed segment is worth cutting.
pub(crate) fn are_in(source: &Source<'_>, decoder: &Decoder, settings: &Settings) -> bool {
    settings.parallelism > 1 && source.end().saturating_sub(decoder.progress()) / 2 >= settings.segment_bytes
}

/// Cuts what is left of the claimed segment, if its format can be cut, and leaves the rest to others. Gives what became of the import.
pub(crate) async fn cut(turn: &Turn<'_>, source: &mut Source<'_>, decoder: &Decoder) -> Result<ImportState> {
    let &Turn { db, claim, settings, deadline, .. } = turn;
    let cuts = find(source, decoder, settings.segment_bytes, deadline).await?;
    let Some(first) = cuts.first() else { return Ok(ImportState::Running) };
    source.cut(first.offset);
    let state = db.cut_segment(claim, settings.lease, &cuts).await?;
    if state == ImportState::Running {
        // Beside the work that goes on here: reaching somebody takes a moment.
        wasip3::spawn(wake_next());
    }
    Ok(state)
}

/// The next cuts, none of which leaves less than a segment behind it.
async fn find(source: &mut Source<'_>, decoder: &Decoder, segment_bytes: u64, deadline: Instant) -> Result<Vec<Cut>> {
    let mut cuts = Vec::new();
    let Some(mut cutter) = decoder.cutter(segment_bytes) else { return Ok(cuts) };
    let end = source.end().saturating_sub(segment_bytes);
    while cuts.len() < CUTS && cutter.position() < end && Instant::now() < deadline {
        let bytes = source.read_at(cutter.position()).await?;
        cuts.extend(cutter.feed(&bytes));
    }
    cuts.retain(|cut| cut.offset < end);
    cuts.truncate(CUTS);
    Ok(cuts)
}
