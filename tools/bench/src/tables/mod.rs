//! Tables: files of rows end to end, beside the same rows straight to the database.

mod file;
mod floor;
mod import;
mod reads;

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use generate::{MOST_ROWS_OF_A_SHEET, TableFormat, TableSize};
use serde_json::{Value, json};
use stack::sample::Sample;

use self::file::Batches;
pub(super) use self::file::{TableFile, columns};
use self::floor::Floor;
use self::import::{App, Imported};
use crate::drain::MOST_MEMORY;
use crate::processors::{Spent, processors};
use crate::session::Session;
use crate::sizes::SEED;
use crate::table::{Figure, Row, Target, count_of, float};

const SUBJECT: &str = "tables";

/// The dataset of every measurement.
const NAME: &str = "orders";

/// Rows a second of CSV that is appended.
const LEAST_APPENDED: f64 = 110_000.0;
/// The part of its floor's rate that one drain keeps.
const LEAST_OF_FLOOR: f64 = 0.85;
/// How much faster two drains are than one over the same file.
const LEAST_OF_TWO: f64 = 1.25;
/// How much longer the last fifth of a big file takes than its first.
const MOST_OF_FIRST: f64 = 1.1;
/// How much longer rows take that are stored one by one.
const LEAST_OF_ONE_BY_ONE: f64 = 20.0;
/// Every so-manieth row is another where some have changed.
const CHANGED: u64 = 10;

/// What a dataset is.
#[derive(Clone, Copy, Debug)]
struct Dataset {
    write: &'static str,
    key: &'static [&'static str],
    indexed: &'static [&'static str],
}

const APPENDED: Dataset = Dataset { write: "append", key: &[], indexed: &[] };
const INDEXED: Dataset = Dataset { indexed: &["id"], ..APPENDED };
const MERGED: Dataset = Dataset { write: "merge", key: &["id"], indexed: &[] };

impl Dataset {
    /// As it is made.
    fn document(self) -> Value {
        let Self { write, key, indexed } = self;
        let indexes: Vec<Value> = indexed.iter().map(|column| json!({"columns": [column], "kind": "btree"})).collect();
        json!({"name": NAME, "columns": columns(), "write": write, "key": key, "indexes": indexes})
    }
}

/// What is imported into a dataset, one after the other.
#[derive(Clone, Copy, Debug)]
struct Import {
    what: &'static str,
    changed: u64,
    /// Rows a second.
    least: Option<f64>,
}

struct Case {
    dataset: Dataset,
    format: TableFormat,
    imports: &'static [Import],
}

const CASES: [Case; 7] = [
    appended(TableFormat::Csv, &[Import { what: "appended", changed: 0, least: Some(LEAST_APPENDED) }]),
    Case {
        dataset: INDEXED,
        format: TableFormat::Csv,
        imports: &[Import { what: "appended, with a B-tree", changed: 0, least: Some(75_000.0) }],
    },
    Case {
        dataset: MERGED,
        format: TableFormat::Csv,
        imports: &[
            Import { what: "merged, all new", changed: 0, least: Some(75_000.0) },
            Import { what: "merged, none changed", changed: 0, least: Some(60_000.0) },
            Import { what: "merged, a tenth changed", changed: CHANGED, least: None },
        ],
    },
    appended(TableFormat::Jsonl, &[Import { what: "appended", changed: 0, least: Some(90_000.0) }]),
    appended(TableFormat::ParquetSnappy, &[Import { what: "appended", changed: 0, least: Some(110_000.0) }]),
    appended(TableFormat::ParquetZstd, &[Import { what: "appended", changed: 0, least: Some(110_000.0) }]),
    appended(TableFormat::Xlsx, &[Import { what: "appended", changed: 0, least: Some(70_000.0) }]),
];

const fn appended(format: TableFormat, imports: &'static [Import]) -> Case {
    Case { dataset: APPENDED, format, imports }
}

/// What batches cost that were fed straight to the database.
#[derive(Clone, Copy, Debug)]
struct Fed {
    time: Duration,
    spent: Spent,
}

/// What came of a case: the times of each round, for each of its imports.
#[derive(Default)]
struct Measured {
    floors: Vec<Vec<Fed>>,
    imported: Vec<Vec<Imported>>,
    failed: Option<anyhow::Error>,
}

/// Two connections and two drains over one file.
#[derive(Default)]
struct Two {
    floors: Vec<Fed>,
    imported: Vec<Imported>,
}

/// What belongs beside the rows of several cases.
struct Beside {
    /// CSV that is appended, by one drain.
    csv: Figure,
    copied: Duration,
    one_by_one: Duration,
}

/// Adds the rows of this subject.
pub(super) async fn rows(session: &mut Session, rows: &mut Vec<Row>) -> Result<()> {
    let csv = file_of(session, TableFormat::Csv, 0)?;
    let batches = [Batches::of(&csv)?, Batches::of(&file_of(session, TableFormat::Csv, CHANGED)?)?];
    let (mut measured, mut two): ([Measured; CASES.len()], _) = (Default::default(), Two::default());
    // By turns, so that a machine that becomes slower or faster meanwhile does so to all.
    for _ in 0..session.sizes.rounds {
        for (case, measured) in CASES.iter().zip(&mut measured).filter(|(_, measured)| measured.failed.is_none()) {
            measured.failed = case.round(session, &batches, measured).await.err();
        }
        two.round(session, &csv, &batches[0]).await?;
    }
    let (copied, one_by_one) = beside(session, &csv).await?;
    let beside = Beside { csv: rate(csv.rows, measured[0].median(0)), copied, one_by_one };
    rows.push(
        Row::new(SUBJECT, format!("{} to batches, natively", csv.name), rate(csv.rows, batches[0].decode))
            .beside("of the file", Figure::megabytes_per_second(csv.bytes, batches[0].decode)),
    );
    rows.extend(appended_rows(session, &csv, &measured[0], &beside));
    rows.extend(two.rows(&csv, &measured[0], &beside));
    for (case, measured) in CASES.iter().zip(&measured).skip(1) {
        rows.extend(case.rows(session, measured, &beside)?);
    }
    rows.extend(fifths(session).await?);
    rows.extend(read(session, &csv).await?);
    let failures: Vec<String> =
        CASES.iter().zip(measured).filter_map(|(case, measured)| Some(format!("{}: {:#}", case.name(), measured.failed?))).collect();
    ensure!(failures.is_empty(), "{}", failures.join("; "));
    Ok(())
}

fn rate(rows: u64, time: Duration) -> Figure {
    Figure::rate(rows, time, "rows/s")
}

/// The file of a format; a sheet has no room for more rows than that.
fn file_of(session: &Session, format: TableFormat, changed: u64) -> Result<TableFile> {
    let most = if format == TableFormat::Xlsx { MOST_ROWS_OF_A_SHEET } else { u64::MAX };
    let size = TableSize { rows: session.sizes.rows.min(most), first: 1, seed: SEED, changed };
    TableFile::generate(session.dir.path(), format, size)
}

impl Case {
    fn name(&self) -> String {
        format!("{} {}", self.format.name(), self.imports[0].what)
    }

    /// Measures each import: straight to the database where it is CSV, whose rows those of the other formats are, too; then through the app.
    async fn round(&self, session: &Session, batches: &[Batches; 2], measured: &mut Measured) -> Result<()> {
        if self.format == TableFormat::Csv {
            let floor = Floor::new(session.cluster().await?, self.dataset).await?;
            let mut times = Vec::new();
            for import in self.imports {
                times.push(floor.feed(&batches[usize::from(import.changed > 0)], 1).await?);
            }
            floor.end(session.cluster().await?).await?;
            measured.floors.push(times);
        }
        let app = App::start(1, self.dataset).await?;
        let mut imported = Vec::new();
        for import in self.imports {
            imported.push(app.import(&file_of(session, self.format, import.changed)?).await?);
        }
        app.end().await?;
        measured.imported.push(imported);
        Ok(())
    }

    fn rows(&self, session: &Session, measured: &Measured, beside: &Beside) -> Result<Vec<Row>> {
        let file = file_of(session, self.format, 0)?;
        let mut rows = Vec::new();
        for (number, import) in self.imports.iter().enumerate().filter(|_| !measured.imported.is_empty()) {
            let row = Row::new(SUBJECT, format!("{} {}", file.name, import.what), rate(file.rows, measured.median(number)));
            let row = match measured.floor(number) {
                Some(floor) => row.beside("floor", rate(file.rows, floor)),
                None => row.beside("CSV", beside.csv),
            };
            rows.push(import.least.map_or(row.clone(), |least| row.target(Target::AtLeast(least))));
            rows.push(measured.memory(number, &format!("{} {}", file.name, import.what)));
        }
        Ok(rows)
    }
}

impl Measured {
    fn of(&self, number: usize) -> impl Iterator<Item = &Imported> {
        self.imported.iter().filter_map(move |round| round.get(number))
    }

    fn median(&self, number: usize) -> Duration {
        self.of(number).map(|import| import.drained.time).collect::<Sample>().median()
    }

    fn floor(&self, number: usize) -> Option<Duration> {
        let floors: Sample = self.floors.iter().filter_map(|round| Some(round.get(number)?.time)).collect();
        (floors.count() > 0).then(|| floors.median())
    }

    fn memory(&self, number: usize, what: &str) -> Row {
        memory(what, self.of(number).map(|import| import.peak_memory).max().unwrap_or_default())
    }
}

fn memory(what: &str, bytes: u64) -> Row {
    Row::new(SUBJECT, format!("{what}, peak memory of a component"), Figure::mebibytes(bytes)).target(Target::AtMost(MOST_MEMORY))
}

/// CSV that is appended by one drain: beside its floor, COPY and row by row, and where the time went.
fn appended_rows(session: &Session, csv: &TableFile, measured: &Measured, beside: &Beside) -> Vec<Row> {
    let what = format!("{} appended", csv.name);
    let (time, floor) = (measured.median(0), measured.floor(0).unwrap_or_default());
    let row = |figure| Row::new(SUBJECT, what.clone(), figure);
    let stored = session.sizes.naive as u64;
    let whole = beside.one_by_one.as_secs_f64() * float(csv.rows) / float(stored);
    let mut rows = vec![
        row(beside.csv).beside("floor", rate(csv.rows, floor)).target(Target::RatioAtLeast(LEAST_OF_FLOOR)),
        row(beside.csv).beside("COPY", rate(csv.rows, beside.copied)).target(Target::AtLeast(LEAST_APPENDED)),
        row(Figure::megabytes_per_second(csv.bytes, time)),
        Row::new(
            SUBJECT,
            format!("{} row by row, time scaled from {}", csv.name, count_of(session.sizes.naive, "row")),
            Figure::new(whole, "s"),
        )
        .beside("drain", Figure::seconds(time))
        .target(Target::RatioAtLeast(LEAST_OF_ONE_BY_ONE)),
    ];
    rows.extend(shares(&what, measured));
    rows.extend(costs(&what, csv.rows, measured));
    rows.push(measured.memory(0, &what));
    rows
}

/// Where the time of all rounds went.
fn shares(what: &str, measured: &Measured) -> Vec<Row> {
    let sum = |of: fn(&Imported) -> Duration| measured.of(0).map(of).sum::<Duration>().as_secs_f64();
    let whole = sum(|import| import.drained.time);
    let parts = [
        ("waits for the store", sum(|import| import.drained.store)),
        ("decodes", sum(|import| import.drained.decode)),
        ("waits for the database", sum(|import| import.drained.database)),
    ];
    let mut rows: Vec<Row> =
        parts.into_iter().map(|(part, time)| Row::new(SUBJECT, format!("{what}: {part}"), Figure::share(time, whole))).collect();
    let busy: Vec<f64> = measured.of(0).filter_map(|import| import.busy).collect();
    if !busy.is_empty() {
        let mean = busy.iter().sum::<f64>() / float(busy.len() as u64);
        rows.push(
            Row::new(SUBJECT, format!("{what}, processors that are busy"), Figure::new(mean, "processors"))
                .beside("of", Figure::new(processors(), "processors")),
        );
    }
    rows
}

/// The processor time of a row, in the mean of all rounds.
fn costs(what: &str, rows: u64, measured: &Measured) -> Vec<Row> {
    let mean = |times: Vec<Duration>| {
        let rows = float(rows) * float(times.len().max(1) as u64);
        Figure::new(times.iter().sum::<Duration>().as_secs_f64() * 1e6 / rows, "µs")
    };
    let of = |spent: fn(&Spent) -> Duration| mean(measured.of(0).map(|import| spent(&import.spent)).collect());
    let floor = measured.floors.iter().filter_map(|round| Some(round.first()?.spent.database)).collect();
    let row = |whose, figure| Row::new(SUBJECT, format!("{what}, processor time of a row: {whose}"), figure);
    vec![
        row("the database", of(|spent| spent.database)).beside("floor", mean(floor)),
        row("the host with the components", of(|spent| spent.host)),
        row("the store", of(|spent| spent.own)),
    ]
}

impl Two {
    async fn round(&mut self, session: &Session, csv: &TableFile, batches: &Batches) -> Result<()> {
        let floor = Floor::new(session.cluster().await?, APPENDED).await?;
        self.floors.push(floor.feed(batches, 2).await?);
        floor.end(session.cluster().await?).await?;
        let app = App::start(2, APPENDED).await?;
        self.imported.push(app.import(csv).await?);
        app.end().await
    }

    fn rows(&self, csv: &TableFile, one: &Measured, beside: &Beside) -> Vec<Row> {
        let time = self.imported.iter().map(|import| import.drained.time).collect::<Sample>().median();
        let floor = self.floors.iter().map(|fed| fed.time).collect::<Sample>().median();
        let what = format!("{} appended by two drains", csv.name);
        vec![
            Row::new(SUBJECT, what.clone(), rate(csv.rows, time))
                .beside("one drain", beside.csv)
                .target(Target::RatioAtLeast(LEAST_OF_TWO)),
            Row::new(SUBJECT, format!("{} by two connections, an import each", csv.name), rate(2 * csv.rows, floor))
                .beside("one connection", rate(csv.rows, one.floor(0).unwrap_or_default())),
            memory(&what, self.imported.iter().map(|import| import.peak_memory).max().unwrap_or_default()),
        ]
    }
}

/// The times of COPY and of rows one by one.
async fn beside(session: &Session, csv: &TableFile) -> Result<(Duration, Duration)> {
    let floor = Floor::new(session.cluster().await?, APPENDED).await?;
    let times = (floor.copy(csv).await?, floor.one_by_one(session.sizes.naive).await?);
    floor.end(session.cluster().await?).await?;
    Ok(times)
}

/// A file so big that what grows with it shows.
async fn fifths(session: &Session) -> Result<Vec<Row>> {
    let size = TableSize { rows: session.sizes.big_table, first: 1, seed: SEED, changed: 0 };
    let file = TableFile::generate(session.dir.path(), TableFormat::Csv, size)?;
    let app = App::start(1, APPENDED).await?;
    let fifths = app.import_in_fifths(&file).await?;
    app.end().await?;
    std::fs::remove_file(&file.path).context("cannot remove the big table")?;
    let what = format!("{} ({})", file.name, Figure::new(float(file.bytes / 1_000_000), "MB"));
    Ok(vec![
        Row::new(SUBJECT, format!("{what}, the last fifth, time"), Figure::seconds(fifths.last))
            .beside("the first fifth", Figure::seconds(fifths.first))
            .target(Target::RatioAtMost(MOST_OF_FIRST)),
        Row::new(SUBJECT, format!("{what} appended"), rate(file.rows, fifths.drained.time)),
        memory(&what, fifths.peak_memory),
    ])
}

/// Reads of what was imported.
async fn read(session: &Session, csv: &TableFile) -> Result<Vec<Row>> {
    let app = App::start(1, APPENDED).await?;
    app.import(csv).await?;
    let rows = reads::rows(&app, csv.rows, session.sizes.pages).await?;
    app.end().await?;
    Ok(rows)
}
