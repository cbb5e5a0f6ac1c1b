//! Cutting a big report into segments, so that other drains read it, too.

use std::time::Instant;

use anyhow::Result;
use engine::{Looked, Search, Verdict, Work};
use spin_sdk::wasip3;
use spin_sdk::wasip3::wit_bindgen::yield_async;

use crate::source::ReportSource;
use crate::wake_next;
use crate::work::{Job, verdict};

/// Leaves what comes after the next part of a big report to drains that have nothing else to do. Not to others: where a report can be cut is found by
/// going over it before it is read, which is for nothing where each drain has an import of its own.
pub(crate) async fn look(job: &Job<'_>, source: &mut ReportSource<'_>, work: &mut impl Work) -> Result<Looked> {
    let &Job { db, claim, settings, .. } = job;
    let Some(cutter) = work.cutter(settings.segment_bytes) else { return Ok(Looked::Uncuttable) };
    if !db.wants_segments(claim, settings.parallelism).await? {
        return Ok(Looked::Unwanted);
    }
    let mut search = Search::new(cutter, settings.segment_bytes, source.end());
    while let Some((offset, bound)) = search.wants(Instant::now(), job.deadline) {
        let bytes = source.peek_at(offset, bound).await?;
        let Some(found) = search.feed(&bytes) else {
            yield_async().await;
            continue;
        };
        let Some(cut) = found else { break };
        source.cut(cut.offset);
        work.end_at(cut.offset);
        let verdict = verdict(db.cut_segment(claim, settings.lease, cut.offset, cut.checkpoint).await?);
        if verdict == Verdict::Holds {
            // Beside the work that goes on here: reaching somebody takes a moment.
            wasip3::spawn(wake_next());
        }
        return Ok(Looked::Cut(verdict));
    }
    Ok(Looked::Uncuttable)
}
