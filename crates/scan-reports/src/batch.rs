//! Records gathered for one call of the database: each asset and finding once, occurrences by reference.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::identity::occurrence_id;
use crate::{Asset, Finding, Id, Location, Occurrence, Problem, Record};

/// Records gathered for one call of `spillway.ingest_batch`: each asset and each finding once, in the order of their ids, so that two
/// imports that write the same rows at the same time lock them in the same order.
#[derive(Debug, Default)]
pub struct Batch {
    assets: BTreeMap<Id, Asset>,
    findings: BTreeMap<Id, FindingRow>,
    occurrences: BTreeMap<Id, OccurrenceRow>,
    problems: Vec<Problem>,
    records: usize,
    size: usize,
}

/// A finding as the database takes it, its `identity` being its id; `offset` is that of the record that it was read from.
#[derive(Debug, Serialize)]
struct FindingRow {
    offset: u64,
    #[serde(flatten)]
    finding: Finding,
}

#[derive(Debug, Serialize)]
struct OccurrenceRow {
    id: Id,
    finding_id: Id,
    asset_id: Id,
    location: Location,
    evidence: String,
    offset: u64,
    line: u64,
}

#[derive(Serialize)]
struct AssetRow<'a> {
    id: &'a Id,
    #[serde(flatten)]
    asset: &'a Asset,
}

impl Batch {
    /// Adds a record. Of several records of one finding or occurrence the first counts; what is said of an asset is gathered.
    pub fn push(&mut self, record: Record) {
        self.records += 1;
        match record {
            Record::Occurrence(occurrence) => self.push_occurrence(*occurrence),
            Record::Asset(asset) => {
                self.push_asset(asset);
            }
            Record::Problem(problem) => {
                self.size += problem.message.len() + problem.excerpt.len();
                self.problems.push(problem);
            }
        }
    }

    /// The number of records pushed.
    pub fn len(&self) -> usize {
        self.records
    }

    /// Whether nothing was pushed.
    pub fn is_empty(&self) -> bool {
        self.records == 0
    }

    /// Roughly the length of [`to_json`](Self::to_json), in bytes.
    pub fn size(&self) -> usize {
        self.size
    }

    /// The batch as the JSON document that `spillway.ingest_batch` takes:
    /// `{"assets": […], "findings": […], "occurrences": […], "problems": […]}`.
    pub fn to_json(&self) -> Vec<u8> {
        #[derive(Serialize)]
        struct Document<'a> {
            assets: Vec<AssetRow<'a>>,
            findings: Vec<&'a FindingRow>,
            occurrences: Vec<&'a OccurrenceRow>,
            problems: &'a [Problem],
        }
        let document = Document {
            assets: self.assets.iter().map(|(id, asset)| AssetRow { id, asset }).collect(),
            findings: self.findings.values().collect(),
            occurrences: self.occurrences.values().collect(),
            problems: &self.problems,
        };
        serde_json::to_vec(&document).unwrap_or_default()
    }

    fn push_occurrence(&mut self, occurrence: Occurrence) {
        let Occurrence { finding, asset, location, evidence, offset, line } = occurrence;
        let finding_id = finding.identity.id();
        let asset_id = self.push_asset(asset);
        if !self.findings.contains_key(&finding_id) {
            self.size += 400 + finding.description.len() + finding.solution.len() + finding.title.len();
            self.size += finding.references.iter().map(String::len).sum::<usize>();
            self.findings.insert(finding_id, FindingRow { offset, finding });
        }
        let id = occurrence_id(finding_id, asset_id, &location);
        self.occurrences.entry(id).or_insert_with(|| {
            self.size += 300 + evidence.len();
            OccurrenceRow { id, finding_id, asset_id, location, evidence, offset, line }
        });
    }

    /// Adds what is said of an asset to what is known of it: the newest word on each fact counts.
    fn push_asset(&mut self, asset: Asset) -> Id {
        let id = asset.id();
        match self.assets.entry(id) {
            std::collections::btree_map::Entry::Vacant(entry) => {
                self.size += 200;
                entry.insert(asset);
            }
            std::collections::btree_map::Entry::Occupied(mut entry) => {
                let known = entry.get_mut();
                known.hostname = asset.hostname.or(known.hostname.take());
                known.attributes.extend(asset.attributes);
            }
        }
        id
    }
}
