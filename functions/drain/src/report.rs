//! Reports of security scanners: how a claimed one is begun, and its batches are stored.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use engine::{Report, Unit, Work as _};
use platform::db::{Claim, DbError, ImportFailure, Ingested, ReportBatch};
use scan_reports::{BatchRows, Detection, Format, detect, limits};

use crate::source::ReportSource;
use crate::work::{Job, Kind, Known, Stop};

impl Kind for Report {
    async fn begin(job: &Job<'_>, source: &mut ReportSource<'_>, memory: &mut Known) -> Result<Self, Stop> {
        let mut report = match resumed(job.claim) {
            Some(report) => report,
            None => started(source, job.claim).await?,
        };
        report.know(memory.recall(&job.place(report.progress())));
        Ok(report)
    }

    fn store<'a>(&self, job: &'a Job<'a>, unit: Unit<BatchRows>) -> impl Future<Output = Result<Ingested, DbError>> + use<'a> {
        let records = i32::try_from(unit.records).unwrap_or(i32::MAX);
        let Unit { batch, checkpoint, bytes_read, .. } = unit;
        let batch = ReportBatch { records, batch, format: self.format().name(), checkpoint, bytes_read };
        job.db.ingest_batch(job.claim, job.settings.lease, batch)
    }

    fn keep(self, job: &Job<'_>, source: &ReportSource<'_>, memory: &mut Known) {
        memory.keep(job.place(source.end()), self.into_known());
    }
}

/// The report at the saved place. A checkpoint that this version does not know means: from the start, which is exact too, since storing
/// a record twice changes nothing.
fn resumed(claim: &Claim) -> Option<Report> {
    let checkpoint = BASE64_STANDARD.decode(claim.checkpoint.as_ref()?).ok()?;
    Report::resume(&checkpoint).inspect_err(|error| eprintln!("{}: {error}; starting over", claim.import_id)).ok()
}

/// The report at its start, in the format that is known, or that its first bytes show.
async fn started(source: &mut ReportSource<'_>, claim: &Claim) -> Result<Report, Stop> {
    if let Some(format) = claim.format.as_deref().and_then(Format::from_name) {
        return Ok(Report::new(format));
    }
    let (mut start, mut looked) = (Vec::new(), 0);
    loop {
        let bytes = source.read_at(start.len() as u64, None).await?;
        start.extend_from_slice(&bytes);
        // All of it is looked at each time: not before there is twice as much.
        if !bytes.is_empty() && start.len() < (2 * looked).min(limits::DETECTION) {
            continue;
        }
        looked = start.len();
        match detect(&start, bytes.is_empty(), Some(claim.entry_name.as_ref().unwrap_or(&claim.file_name))) {
            Detection::Format(format) => return Ok(Report::new(format)),
            Detection::NeedMore if !bytes.is_empty() => {}
            Detection::NeedMore => return Err(unknown_format("the report's format cannot be told from its start".to_owned())),
            Detection::Unknown { message } => return Err(unknown_format(message)),
        }
    }
}

fn unknown_format(message: String) -> Stop {
    Stop::Unreadable(ImportFailure { code: "unknown_format".to_owned(), message, offset: Some(0), line: Some(1) })
}
