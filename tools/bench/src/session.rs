//! What the subjects of one run share: sizes, inputs, the database server, and what several of them need to have measured.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use generate::{GITLEAKS, SarifSize, TRIVY};
use stack::paths::TemporaryDir;
use stack::postgres::Cluster;
use stack::sample::Sample;
use tokio::sync::OnceCell;

use crate::drain::{self, Imported};
use crate::floor::{self, Fed};
use crate::input::{Input, Report};
use crate::sizes::{SEED, Sizes, nessus};
use crate::table::Figure;

/// The reports that are imported as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Nessus,
    Sarif,
    Trivy,
    Gitleaks,
    BigNessus,
}

/// One run of the benchmark.
pub(super) struct Session {
    pub(super) sizes: Sizes,
    pub(super) dir: TemporaryDir,
    cluster: OnceCell<Arc<Cluster>>,
    inputs: BTreeMap<Kind, Arc<Input>>,
    compared: BTreeMap<Kind, Arc<Compared>>,
    floor_of_two: Option<Figure>,
}

impl Session {
    pub(super) fn new(sizes: Sizes) -> Result<Self> {
        let (dir, cluster) = (TemporaryDir::new("bench")?, OnceCell::new());
        Ok(Self { sizes, dir, cluster, inputs: BTreeMap::new(), compared: BTreeMap::new(), floor_of_two: None })
    }

    /// One database server for all who need one, so that all are measured on the same.
    pub(super) async fn cluster(&self) -> Result<&Cluster> {
        self.cluster.get_or_try_init(Cluster::shared).await.map(Arc::as_ref)
    }

    /// The reports of this run.
    pub(super) fn kinds(&self) -> Vec<Kind> {
        [Kind::Nessus, Kind::Sarif, Kind::Trivy, Kind::Gitleaks].into_iter().chain(self.sizes.big_nessus.map(|_| Kind::BigNessus)).collect()
    }

    pub(super) fn input(&mut self, kind: Kind) -> Result<Arc<Input>> {
        if let Some(input) = self.inputs.get(&kind) {
            return Ok(Arc::clone(input));
        }
        let dir = self.dir.path();
        let report = match kind {
            Kind::Nessus => Report::nessus(dir, nessus(self.sizes.nessus, SEED)),
            Kind::BigNessus => Report::nessus(dir, nessus(self.sizes.big_nessus.unwrap_or(self.sizes.nessus), SEED)),
            Kind::Sarif => Report::sarif(dir, SarifSize { results: self.sizes.sarif, seed: SEED, problems: 0 }),
            Kind::Trivy => Report::list(dir, &TRIVY, self.sizes.listed),
            Kind::Gitleaks => Report::list(dir, &GITLEAKS, self.sizes.listed),
        }?;
        let input = Arc::new(Input::parse(report)?);
        self.inputs.insert(kind, Arc::clone(&input));
        Ok(input)
    }

    /// An input through the database alone and through the app, by turns, so that both see the same machine.
    pub(super) async fn compared(&mut self, kind: Kind) -> Result<Arc<Compared>> {
        if let Some(compared) = self.compared.get(&kind) {
            return Ok(Arc::clone(compared));
        }
        let input = self.input(kind)?;
        let mut compared = Compared { input: Arc::clone(&input), floors: Vec::new(), imports: Vec::new() };
        let rounds = if kind == Kind::BigNessus { 1 } else { self.sizes.rounds };
        for _ in 0..rounds {
            compared.floors.push(floor::measure(self.cluster().await?, &input).await?);
            compared.imports.push(drain::measure(&input).await?);
        }
        let compared = Arc::new(compared);
        self.compared.insert(kind, Arc::clone(&compared));
        Ok(compared)
    }

    /// The rate of new records that the database takes from one connection.
    pub(super) async fn floor(&mut self) -> Result<Figure> {
        let compared = self.compared(Kind::Nessus).await?;
        Ok(Figure::records_per_second(compared.input.records, compared.floor_new()))
    }

    /// The same, from two connections together.
    pub(super) async fn floor_of_two(&mut self) -> Result<Figure> {
        if let Some(figure) = self.floor_of_two {
            return Ok(figure);
        }
        let input = self.input(Kind::Nessus)?;
        let figure = floor::measure_two(self.cluster().await?, &input, self.sizes.rounds).await?;
        self.floor_of_two = Some(figure);
        Ok(figure)
    }
}

/// One input, measured both ways, in several rounds.
pub(super) struct Compared {
    pub(super) input: Arc<Input>,
    floors: Vec<Fed>,
    pub(super) imports: Vec<Imported>,
}

impl Compared {
    pub(super) fn floor_new(&self) -> Duration {
        self.floors.iter().map(|fed| fed.new).collect::<Sample>().median()
    }

    pub(super) fn floor_again(&self) -> Duration {
        self.floors.iter().map(|fed| fed.again).collect::<Sample>().median()
    }

    pub(super) fn drain_new(&self) -> Duration {
        self.imports.iter().map(|import| import.new.time).collect::<Sample>().median()
    }

    pub(super) fn drain_again(&self) -> Duration {
        self.imports.iter().map(|import| import.again.time).collect::<Sample>().median()
    }
}
