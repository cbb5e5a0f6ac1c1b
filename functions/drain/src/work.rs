//! The work on one claimed import: read, decode, store, and save the place, batch by batch.

use std::time::{Duration, Instant};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use futures::future::join;
use platform::db::{Claim, Db, DbError, ImportFailure, ImportState, Ingested, Unit};
use platform::objects::{MissingObject, Store};
use scan_reports::{Batch, Decoder, Detection, Format, KnownFindings, OccurrenceColumns, ReadError, Step, detect};
use spin_sdk::wasip3::wit_bindgen::yield_async;
use uuid::Uuid;

use crate::Settings;
use crate::segments::Sharing;
use crate::source::Source;
use crate::times::Times;

/// Records of a batch. Measured (100,000 Nessus occurrences): 1,000 to 8,000 take the database the same time.
const BATCH_RECORDS: usize = 2000;
/// Where a batch takes the database longer than this, the next is half as large, down to so many records: cancels and leases stay in time.
const SLOW_BATCH: Duration = Duration::from_secs(2);
const LEAST_RECORDS: usize = 250;
/// Records of the first batch: the number of SQL's `trial_records()`, after which a report that is mostly unusable fails.
const TRIAL_RECORDS: usize = 1000;
/// Bytes of a batch's document, roughly.
const BATCH_BYTES: usize = 4 * 1024 * 1024;
/// After so many records the host has a turn, which does nothing for anybody else while this component computes: it brings what the database
/// is sent, and what it answers. A turn costs some microseconds.
const RECORDS_IN_A_ROW: usize = 20;
/// The place is saved at least so often, even where the report holds no records for a while: well within the lease.
const BATCH_TIME: Duration = Duration::from_secs(5);

/// How the work on an import ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The report is read to its end.
    Completed,
    /// The budget is spent; the place is saved and the import given back.
    Yielded,
    /// The attempt failed; the database knows whether there is another.
    Failed,
    /// Somebody cancelled the import, or another drain holds it: nothing more is to be done.
    Lost,
}

/// The findings that a drain sent while it read a segment to its end: need not be sent, nor their texts be read, once more by a later segment
/// of the same report. Not by an earlier one, since of a finding's records the one that comes first in the report counts.
pub(crate) struct Memory {
    import_id: Uuid,
    /// Offset in the object at which the report begins.
    report: u64,
    /// Offset in the report at which the segment ended.
    end: u64,
    known: KnownFindings,
}

impl Memory {
    /// What is known at a place of a report.
    fn known_at(memory: Option<Self>, claim: &Claim, offset: u64) -> KnownFindings {
        let fits = |memory: &Self| memory.import_id == claim.import_id && memory.report == claim.entry_starts_at && memory.end <= offset;
        memory.filter(fits).map(|memory| memory.known).unwrap_or_default()
    }
}

/// Why an attempt ended.
pub(crate) enum Stop {
    /// The attempt is over: see [`Outcome::Lost`].
    Lost,
    /// The report cannot be read any further.
    Unreadable(ImportFailure),
    /// A part that is needed failed.
    Failed(anyhow::Error),
}

impl<E: Into<anyhow::Error>> From<E> for Stop {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

/// A turn: what the work on a claimed import needs.
pub(crate) struct Turn<'a> {
    pub(crate) db: &'a Db,
    pub(crate) store: &'a Store,
    pub(crate) claim: &'a Claim,
    pub(crate) settings: &'a Settings,
    pub(crate) deadline: Instant,
}

impl Turn<'_> {
    /// Works until the import ends or the deadline has passed.
    pub(crate) async fn work(&self, memory: &mut Option<Memory>, times: &mut Times) -> Result<Outcome, Stop> {
        read_and_store(self, &mut Source::new(self.store, self.claim, times), memory).await
    }

    fn is_over(&self) -> bool {
        Instant::now() >= self.deadline
    }
}

impl Stop {
    /// Tells the database how an attempt ended before its time.
    pub(crate) async fn note(self, db: &mut Db, claim: &Claim) -> Result<Outcome, DbError> {
        let (failure, may_pass) = match self {
            Self::Lost => return Ok(Outcome::Lost),
            Self::Unreadable(failure) => (in_entry(claim, failure), false),
            Self::Failed(error) => failure_of(&error),
        };
        let state = match db.fail_import(claim, &failure, may_pass).await {
            // It may be only this connection that is gone. Said now, the next attempt need not wait for the lease to run out.
            Err(error) if error.may_pass() => {
                db.reopen().await?;
                db.fail_import(claim, &failure, may_pass).await
            }
            state => state,
        };
        Ok(match state? {
            ImportState::Stale => Outcome::Lost,
            _ => Outcome::Failed,
        })
    }
}

/// Says in which report of a packed upload it is.
fn in_entry(claim: &Claim, failure: ImportFailure) -> ImportFailure {
    match &claim.entry_name {
        Some(name) => ImportFailure { message: format!("{name}: {}", failure.message), ..failure },
        None => failure,
    }
}

async fn read_and_store(turn: &Turn<'_>, source: &mut Source<'_>, memory: &mut Option<Memory>) -> Result<Outcome, Stop> {
    let &Turn { db, claim, settings, deadline, .. } = turn;
    let mut decoder = match resumed(claim) {
        Some(decoder) => decoder,
        None => started(source, claim).await?,
    };
    let format = decoder.format().name();
    let mut trial = TRIAL_RECORDS.saturating_sub(usize::try_from(claim.items).unwrap_or(usize::MAX));
    let mut most = BATCH_RECORDS;
    let mut sharing = Sharing::new();
    let mut known = Memory::known_at(memory.take(), claim, decoder.progress());
    let mut filled = None;
    loop {
        let on_trial = trial > 0;
        let goes_on = filled.as_ref().is_none_or(|filled: &Filled| matches!(filled.end, End::Full));
        if !on_trial && goes_on && sharing.look(turn, source, &decoder).await? == ImportState::Stale {
            return Err(Stop::Lost);
        }
        let Filled { records, batch, checkpoint, bytes_read, end } = if let Some(filled) = filled.take() {
            filled
        } else {
            let records = if trial > 0 { std::mem::take(&mut trial) } else { most };
            fill(&mut decoder, source, &mut known, records, deadline).await
        };
        let unit = Unit { records, batch, format, checkpoint: checkpoint.clone(), bytes_read };
        let (sent, read) = (Instant::now(), source.times.reading());
        let storing = db.ingest_batch(claim, settings.lease, unit);
        let more = matches!(end, End::Full) && !turn.is_over();
        // A big report is not read any further before it was first thought of cutting it.
        let stored = if more && !(on_trial && Sharing::is_worth(settings, source, &decoder)) {
            // The database stores this batch while the next is being read.
            let (stored, next) = join(storing, fill(&mut decoder, source, &mut known, most, deadline)).await;
            filled = Some(next);
            stored
        } else {
            storing.await
        };
        let waited = sent.elapsed().saturating_sub(source.times.reading().saturating_sub(read));
        source.times.database += waited;
        most = if waited > SLOW_BATCH { (most / 2).max(LEAST_RECORDS) } else { (most * 2).min(BATCH_RECORDS) };
        let Ingested { state, refused } = stored?;
        match (state, end) {
            (ImportState::Stale, _) => return Err(Stop::Lost),
            (ImportState::Failed, _) => return Ok(Outcome::Failed),
            (_, End::Full) if more => {}
            (_, End::Full) => return finished(db.release_import(claim).await?, Outcome::Yielded),
            (_, End::Segment) => {
                let state = db.finish_import(claim).await?;
                if state == ImportState::Running {
                    *memory = Some(Memory { import_id: claim.import_id, report: claim.entry_starts_at, end: source.end(), known });
                }
                return finished(state, Outcome::Completed);
            }
            (_, End::Stop(stop)) => return Err(stop),
        }
        if refused && known.remembers() {
            // The next batch may rely on a finding that is not there: once more, and from now on with all that each batch needs.
            known = KnownFindings::nothing();
            decoder = Decoder::resume(&checkpoint)?;
            filled = None;
        }
    }
}

fn finished(state: ImportState, outcome: Outcome) -> Result<Outcome, Stop> {
    match state {
        ImportState::Stale => Err(Stop::Lost),
        ImportState::Failed => Ok(Outcome::Failed),
        _ => Ok(outcome),
    }
}

/// The decoder at the saved place. A checkpoint that this version does not know means: from the start, which is exact too, since storing
/// a record twice changes nothing.
fn resumed(claim: &Claim) -> Option<Decoder> {
    let checkpoint = BASE64_STANDARD.decode(claim.checkpoint.as_ref()?).ok()?;
    Decoder::resume(&checkpoint).inspect_err(|error| eprintln!("{}: {error}; starting over", claim.import_id)).ok()
}

/// A decoder at the start of the report, for the format that is known, or that its first bytes show.
async fn started(source: &mut Source<'_>, claim: &Claim) -> Result<Decoder, Stop> {
    if let Some(format) = claim.format.as_deref().and_then(Format::from_name) {
        return Ok(Decoder::new(format));
    }
    let mut start = Vec::new();
    loop {
        let bytes = source.read_at(start.len() as u64).await?;
        start.extend_from_slice(&bytes);
        match detect(&start, bytes.is_empty(), Some(claim.entry_name.as_ref().unwrap_or(&claim.file_name))) {
            Detection::Format(format) => return Ok(Decoder::new(format)),
            Detection::NeedMore if !bytes.is_empty() => {}
            Detection::NeedMore => return Err(unknown_format("the report's format cannot be told from its start".to_owned())),
            Detection::Unknown { message } => return Err(unknown_format(message)),
        }
    }
}

fn unknown_format(message: String) -> Stop {
    Stop::Unreadable(ImportFailure { code: "unknown_format".to_owned(), message, offset: Some(0), line: Some(1) })
}

/// A batch, and where the report goes on after it.
struct Filled {
    records: i32,
    /// In the database's form already, which is made while it stores the batch before.
    batch: (Vec<u8>, OccurrenceColumns),
    checkpoint: Vec<u8>,
    bytes_read: u64,
    end: End,
}

/// Why a batch is not longer.
enum End {
    /// A limit of the batch, or the time.
    Full,
    /// The segment's end, which mostly is the report's.
    Segment,
    /// Nothing more can be read. What was read before is stored first.
    Stop(Stop),
}

async fn fill(decoder: &mut Decoder, source: &mut Source<'_>, known: &mut KnownFindings, records: usize, deadline: Instant) -> Filled {
    let (began, waited) = (Instant::now(), source.times.store);
    let mut batch = Batch::after(std::mem::take(known));
    let end = read_records(decoder, source, &mut batch, records, deadline).await.unwrap_or_else(End::Stop);
    let records = i32::try_from(batch.len()).unwrap_or(i32::MAX);
    let (document, occurrences, known_after) = batch.into_parts();
    *known = known_after;
    source.times.decode += began.elapsed().saturating_sub(source.times.store.saturating_sub(waited));
    Filled { checkpoint: decoder.checkpoint(), bytes_read: decoder.progress(), records, batch: (document, occurrences), end }
}

async fn read_records(
    decoder: &mut Decoder,
    source: &mut Source<'_>,
    batch: &mut Batch,
    records: usize,
    deadline: Instant,
) -> Result<End, Stop> {
    let place = decoder.checkpoint();
    let pause = deadline.min(Instant::now() + BATCH_TIME);
    while batch.len() < records && batch.size() < BATCH_BYTES {
        match decoder.next_beyond(batch.known()).map_err(unreadable)? {
            Step::Record(record) => {
                batch.push(record);
                if batch.len().is_multiple_of(RECORDS_IN_A_ROW) {
                    yield_async().await;
                }
            }
            Step::End => return Ok(End::Segment),
            Step::NeedInput => {
                // Time is up only where it was of use: however short the budget, each turn gets further.
                if Instant::now() >= pause && decoder.checkpoint() != place {
                    break;
                }
                match source.read_at(decoder.position()).await? {
                    // All records before a cut are given by now.
                    bytes if bytes.is_empty() && !source.ends_with_report() => return Ok(End::Segment),
                    bytes if bytes.is_empty() => decoder.end_of_input(),
                    bytes => decoder.feed(&bytes),
                }
            }
        }
    }
    Ok(End::Full)
}

fn unreadable(error: ReadError) -> Stop {
    let code = serde_json::to_value(error.kind).ok().and_then(|kind| kind.as_str().map(str::to_owned)).unwrap_or_default();
    Stop::Unreadable(ImportFailure { code, message: error.message, offset: Some(error.offset), line: Some(error.line) })
}

/// What people are told, and whether another attempt may help. The log gets the whole error, people only what it means for them.
fn failure_of(error: &anyhow::Error) -> (ImportFailure, bool) {
    eprintln!("{error:#}");
    let (code, message, may_pass) = if error.is::<MissingObject>() {
        ("report_missing", "the report is no longer in the object store", false)
    } else {
        match error.downcast_ref::<DbError>() {
            Some(error) => ("database", "the database failed while the report was being stored", error.may_pass()),
            None => ("object_store", "the object store failed while the report was being read", true),
        }
    };
    (ImportFailure { code: code.to_owned(), message: message.to_owned(), offset: None, line: None }, may_pass)
}
