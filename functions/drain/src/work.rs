//! The work on one claimed segment: does what the [`Turn`] asks for, with the database, the store and the host.

use std::time::Instant;

use engine::{BatchEnd, Ended, Filled, Filling, Memory, Need, Report, ReportPlace, Table, Task, Turn, TurnSettings, Unit, Verdict, Work};
use futures::future::join;
use platform::db::{Claim, Db, DbError, ImportFailure, ImportKind, ImportState, Ingested};
use platform::objects::{MissingObject, Store};
use scan_reports::{KnownFindings, ReadError};
use spin_sdk::wasip3::wit_bindgen::yield_async;
use uuid::Uuid;

use crate::DrainSettings;
use crate::segments::look;
use crate::source::ReportSource;
use crate::times::Times;

/// The findings that this drain knows of the report that it worked on last.
pub(crate) type Known = Memory<Uuid, KnownFindings>;

/// A kind of import: how one is begun, and what is stored of it.
pub(crate) trait Kind: Work<Error = ReadError> + Sized {
    /// The claimed segment at its saved place.
    async fn begin(job: &Job<'_>, source: &mut ReportSource<'_>, memory: &mut Known) -> Result<Self, Stop>;

    /// Stores a batch of it. What it gives does not hold on to the work, which goes on meanwhile.
    fn store<'a>(&self, job: &'a Job<'a>, unit: Unit<Self::Batch>) -> impl Future<Output = Result<Ingested, DbError>> + use<'a, Self>;

    /// The segment is read to its end, others of the import are left.
    fn keep(self, job: &Job<'_>, source: &ReportSource<'_>, memory: &mut Known);
}

/// Why an attempt ended before its time.
pub(crate) enum Stop {
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

/// What the work on a claimed segment needs.
pub(crate) struct Job<'a> {
    pub(crate) db: &'a Db,
    pub(crate) store: &'a Store,
    pub(crate) claim: &'a Claim,
    pub(crate) settings: &'a DrainSettings,
    pub(crate) deadline: Instant,
}

impl Job<'_> {
    /// Works until the import ends or the deadline has passed.
    pub(crate) async fn work(&self, memory: &mut Known, times: &mut Times) -> Ended<Stop> {
        self.try_work(memory, times).await.unwrap_or_else(Ended::Stopped)
    }

    async fn try_work(&self, memory: &mut Known, times: &mut Times) -> Result<Ended<Stop>, Stop> {
        if self.claim.trial_failed {
            // Whoever found it out was killed before it could say so.
            return Ok(if self.db.fail_trial(self.claim).await? == ImportState::Stale { Ended::Lost } else { Ended::Failed });
        }
        let mut source = ReportSource::new(self.store, self.claim, times);
        match self.claim.kind {
            ImportKind::Report => read_and_store::<Report>(self, &mut source, memory).await,
            ImportKind::Table => read_and_store::<Table>(self, &mut source, memory).await,
        }
    }

    fn turn<B>(&self) -> Turn<B, Stop> {
        let DrainSettings { parallelism, segment_bytes, .. } = *self.settings;
        let settings = TurnSettings { parallelism: parallelism.unsigned_abs() as usize, segment_bytes, deadline: self.deadline };
        Turn::new(settings, self.claim.items, Instant::now())
    }

    /// A place in the claimed report.
    pub(crate) fn place(&self, offset: u64) -> ReportPlace<Uuid> {
        ReportPlace { import: self.claim.import_id, report: self.claim.entry_starts_at, offset }
    }
}

impl Stop {
    /// Tells the database how an attempt ended before its time.
    pub(crate) async fn note(self, db: &mut Db, claim: &Claim) -> Result<ImportState, DbError> {
        let (failure, may_pass) = match self {
            Self::Unreadable(failure) => (in_entry(claim, failure), false),
            Self::Failed(error) => failure_of(&error),
        };
        match db.fail_import(claim, &failure, may_pass).await {
            // It may be only this connection that is gone. Said now, the next attempt need not wait for the lease to run out.
            Err(error) if error.may_pass() => {
                db.reopen().await?;
                db.fail_import(claim, &failure, may_pass).await
            }
            state => state,
        }
    }
}

/// Says in which report of a packed upload it is.
fn in_entry(claim: &Claim, failure: ImportFailure) -> ImportFailure {
    match &claim.entry_name {
        Some(name) => ImportFailure { message: format!("{name}: {}", failure.message), ..failure },
        None => failure,
    }
}

async fn read_and_store<W: Kind>(job: &Job<'_>, source: &mut ReportSource<'_>, memory: &mut Known) -> Result<Ended<Stop>, Stop> {
    let &Job { db, claim, .. } = job;
    let mut work = W::begin(job, source, memory).await?;
    if !source.ends_with_report() {
        work.end_at(source.end());
    }
    let mut turn = job.turn();
    loop {
        let left = source.end().saturating_sub(work.progress());
        match turn.next(left, Instant::now()) {
            Task::Look => {
                let looked = look(job, source, &mut work).await?;
                turn.looked(looked, Instant::now());
            }
            Task::Fill(records) => turn.filled(fill(&mut work, source, records, job.deadline).await),
            Task::Store { unit, meanwhile } => store(job, &mut turn, source, &mut work, unit, meanwhile).await?,
            Task::StartOver(checkpoint) => work.start_over(&checkpoint).map_err(anyhow::Error::from_boxed)?,
            Task::Release => return Ok(verdict(db.release_import(claim).await?).ends(Ended::Yielded)),
            Task::Finish => {
                let state = db.finish_import(claim).await?;
                // Another segment of it is left.
                if state == ImportState::Running {
                    work.keep(job, source, memory);
                }
                return Ok(verdict(state).ends(Ended::Completed));
            }
            Task::End(ended) => return Ok(ended),
        }
    }
}

/// Stores a batch, and fills the next while the database is at work, where that is asked for.
async fn store<W: Kind>(
    job: &Job<'_>,
    turn: &mut Turn<W::Batch, Stop>,
    source: &mut ReportSource<'_>,
    work: &mut W,
    unit: Unit<W::Batch>,
    meanwhile: Option<usize>,
) -> Result<(), Stop> {
    let (sent, read) = (Instant::now(), source.times.reading());
    let storing = work.store(job, unit);
    let stored = match meanwhile {
        Some(records) => {
            let (stored, next) = join(storing, fill(work, source, records, job.deadline)).await;
            turn.filled(next);
            stored
        }
        None => storing.await,
    };
    let waited = sent.elapsed().saturating_sub(source.times.reading().saturating_sub(read));
    source.times.database += waited;
    let Ingested { mut state, refused, .. } = stored?;
    if state == ImportState::TrialFailed {
        state = job.db.fail_trial(job.claim).await?;
    }
    turn.stored(verdict(state), refused && work.remembers(), waited);
    Ok(())
}

/// What a write means for whoever works on.
pub(crate) fn verdict(state: ImportState) -> Verdict {
    match state {
        ImportState::Stale => Verdict::Lost,
        ImportState::Failed | ImportState::TrialFailed => Verdict::Failed,
        ImportState::Queued | ImportState::Running | ImportState::Released | ImportState::Completed => Verdict::Holds,
    }
}

async fn fill<W: Kind>(work: &mut W, source: &mut ReportSource<'_>, records: usize, deadline: Instant) -> Filled<W::Batch, Stop> {
    let (began, waited) = (Instant::now(), source.times.store);
    let filling = Filling::new(work, records, began, deadline);
    let end = read_records(filling, work, source).await.unwrap_or_else(BatchEnd::Stop);
    let records = work.records();
    // In the database's form already, which is made while it stores the batch before.
    let batch = work.take_batch();
    source.times.decode += began.elapsed().saturating_sub(source.times.store.saturating_sub(waited));
    Filled { unit: Unit { batch, records, checkpoint: work.checkpoint(), bytes_read: work.progress() }, end }
}

async fn read_records<W: Kind>(mut filling: Filling, work: &mut W, source: &mut ReportSource<'_>) -> Result<BatchEnd<Stop>, Stop> {
    loop {
        match filling.fill(work, Instant::now).map_err(unreadable)? {
            Need::Breath => yield_async().await,
            Need::Bytes => match source.read_at(work.position(), work.reach()).await? {
                // All records before a cut are given by now.
                bytes if bytes.is_empty() && work.reach().is_none() && !source.ends_with_report() => return Ok(BatchEnd::Segment),
                bytes => {
                    work.feed(&bytes);
                    // Where the bytes were there already, the host had no turn.
                    yield_async().await;
                }
            },
            Need::Sign => return Ok(BatchEnd::Unmoved),
            Need::Nothing { ended } => return Ok(if ended { BatchEnd::Segment } else { BatchEnd::Full }),
        }
    }
}

pub(crate) fn unreadable(error: ReadError) -> Stop {
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
