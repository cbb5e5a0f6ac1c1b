//! Several drains at once, over one import and over several.

use std::time::Duration;

use anyhow::Result;
use stack::sample::Sample;

use crate::drain::upload;
use crate::input::Report;
use crate::processors::{Ticks, processors};
use crate::rig::{Rig, WORKSPACE};
use crate::session::Session;
use crate::sizes::{SEED, apart, nessus};
use crate::table::{Figure, Row, Target, count_of};

const SUBJECT: &str = "parallel";

/// Drains and imports. All imports together hold as many records in each case.
const CASES: [(usize, usize); 8] = [(1, 1), (2, 1), (4, 1), (1, 4), (2, 4), (4, 4), (1, 2), (2, 2)];

/// Where it is said how many processors are busy.
const SHOWN_BUSY: [(usize, usize); 3] = [(4, 4), (1, 2), (2, 2)];

/// How much faster two drains are than one, over two imports, where the database takes so much more from two connections.
const LEAST_OF_TWO: f64 = 1.5;
/// How much of the rate over four files four drains keep over one.
const LEAST_OF_ONE_FILE: f64 = 0.9;

/// Rows of this subject.
pub(super) async fn rows(session: &mut Session) -> Result<Vec<Row>> {
    // By turns, so that a machine that becomes slower or faster meanwhile does so to all cases.
    let mut measured: [Vec<Round>; CASES.len()] = Default::default();
    for _ in 0..session.sizes.rounds {
        for ((drains, imports), rounds) in CASES.into_iter().zip(&mut measured) {
            rounds.push(round(session, drains, imports).await?);
        }
    }
    let rounds_of = |case: (usize, usize)| CASES.iter().position(|known| *known == case).map(|place| measured[place].as_slice());
    let rate = |case: (usize, usize)| rounds_of(case).map_or(Figure::new(0.0, ""), rate_of);
    let busy = |case: (usize, usize)| rounds_of(case).and_then(busy_in);
    let floor_of_two = session.floor_of_two().await?;
    let gain = floor_of_two.value / session.floor().await?.value;
    let row = |case: (usize, usize)| {
        let (drains, imports) = case;
        let row = Row::new(SUBJECT, words(drains, imports), rate(case));
        match case {
            (1, 1 | 2) => row,
            (2, 2) => {
                let row = row.beside("1 over 2", rate((1, 2)));
                if gain >= LEAST_OF_TWO { row.target(Target::RatioAtLeast(LEAST_OF_TWO)) } else { row }
            }
            (4, 1) => row.beside("4 over 4", rate((4, 4))).target(Target::RatioAtLeast(LEAST_OF_ONE_FILE)),
            (_, imports) => row.beside(format!("1 over {imports}"), rate((1, imports))),
        }
    };
    let mut rows: Vec<Row> = CASES.into_iter().map(row).collect();
    rows.extend(SHOWN_BUSY.into_iter().filter_map(|(drains, imports)| Some(busy_row(drains, imports, busy((drains, imports))?))));
    // A record takes the same work whoever does it, and one drain leaves only so much of the machine.
    if let Some(busy) = busy((1, 2)) {
        let left = Figure::new(processors() / busy, "times");
        rows.push(Row::new(SUBJECT, "processors : those that 1 drain over 2 imports keeps busy", left));
    }
    // What is left of it is all that two drains have for reading and decoding, where both keep all processors busy.
    rows.push(Row::new(SUBJECT, "floor, two connections", floor_of_two).beside("1 drain over 2 imports", rate((1, 2))));
    rows.push(Row::new(SUBJECT, "floor, two connections : one", Figure::new(gain, "times")));
    Ok(rows)
}

fn words(drains: usize, imports: usize) -> String {
    format!("{} over {}", count_of(drains, "drain"), count_of(imports, "import"))
}

/// How much of the machine a case takes. What one drain leaves is all that several can be faster by.
fn busy_row(drains: usize, imports: usize, busy: f64) -> Row {
    let row = Row::new(SUBJECT, format!("{}, processors that are busy", words(drains, imports)), Figure::new(busy, "processors"));
    row.beside("of", Figure::new(processors(), "processors"))
}

/// The rate in the median of the rounds.
fn rate_of(rounds: &[Round]) -> Figure {
    let records = rounds.first().map_or(0, |round| round.records);
    Figure::records_per_second(records, Sample::new(rounds.iter().map(|round| round.time).collect()).median())
}

/// The processors that are busy in the median of the rounds.
fn busy_in(rounds: &[Round]) -> Option<f64> {
    let mut busy: Vec<f64> = rounds.iter().filter_map(|round| round.busy).collect();
    busy.sort_by(f64::total_cmp);
    busy.get(busy.len() / 2).copied()
}

/// What was measured once.
struct Round {
    time: Duration,
    records: u64,
    busy: Option<f64>,
}

/// So many drains over so many imports of one workspace. Several reports are parts of the one, each with hosts of its own: with workspaces of their own
/// even a single drain took four of them 1.2 times as fast as one of their size, which would be mistaken for what segments cost.
async fn round(session: &Session, drains: usize, imports: usize) -> Result<Round> {
    let rig = Rig::driven(drains).await?;
    let mut ids = Vec::new();
    let client = rig.client(WORKSPACE).await?;
    let part = nessus(session.sizes.parallel / imports, SEED);
    for number in 0..imports {
        let report = Report::nessus(session.dir.path(), apart(part, number))?;
        ids.push(upload(&client, &report).await?.0);
    }
    rig.settle().await?;
    let before = Ticks::now();
    let time: Duration = rig.drain(&words(drains, imports), drains, &ids).await?.time;
    let busy = Ticks::now().zip(before).map(|(after, before)| after.busy_since(before));
    let records = "select sum(items)::bigint from spillway.imports";
    let records: i64 = rig.connection.query_one(records, &[]).await?.get(0);
    rig.end().await?;
    Ok(Round { time, records: records.unsigned_abs(), busy })
}
