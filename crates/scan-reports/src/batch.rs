//! Records gathered for one call of the database: each asset and finding once, occurrences by reference.

use std::collections::{BTreeMap, BTreeSet};

use foldhash::{HashSet, HashSetExt};
use serde::Serialize;

use crate::columns::{FindingColumns, FindingRow, OccurrenceColumns, OccurrenceRow, json_text};
use crate::identity::occurrence_id;
use crate::{Asset, Finding, Id, Identity, Occurrence, Problem, Record, limits};

/// About what an asset and an occurrence add to a batch, in bytes, beside their texts.
const ASSET: usize = 100;
const OCCURRENCE: usize = 150;

/// Records gathered for one call of `spillway.ingest_batch`: each asset and each finding once, in the order of their ids, so that two
/// imports that write the same rows at the same time lock them in the same order.
#[derive(Debug, Default)]
pub struct Batch {
    known: KnownFindings,
    assets: BTreeMap<Id, Asset>,
    // Boxed: rows are hundreds of bytes, and a tree moves them about.
    findings: BTreeMap<Id, Box<FindingRow>>,
    // Boxed: rows are hundreds of bytes, and sorting moves them about.
    occurrences: Vec<(Id, Box<OccurrenceRow>)>,
    problems: Vec<Problem>,
    tools: BTreeSet<String>,
    /// What the record before said of its asset, and the asset's id: the next one mostly says the same.
    last: Option<(Asset, Id)>,
    records: usize,
    size: usize,
}

/// The findings of the batches of one reading so far, by their ids: they need not be sent again. A finding's texts are many times as long as
/// an occurrence, and in most reports a finding has many.
#[derive(Debug)]
pub struct KnownFindings {
    ids: HashSet<Id>,
    most: usize,
}

impl KnownFindings {
    /// Remembers nothing: each batch holds all that it needs.
    pub fn nothing() -> Self {
        Self { ids: HashSet::new(), most: 0 }
    }

    /// Whether it remembers any, or will.
    pub fn remembers(&self) -> bool {
        self.most > 0
    }

    /// Whether this finding was sent.
    pub fn contains(&self, finding: &Identity) -> bool {
        self.ids.contains(&finding.id())
    }

    fn add(&mut self, findings: &BTreeMap<Id, Box<FindingRow>>) {
        let room = self.most.saturating_sub(self.ids.len());
        // Most reports fit into one batch. For another one the set takes its place at once: grown step by step it would take as much, and
        // hold it twice each time.
        if !self.ids.is_empty() {
            self.ids.reserve(room);
        }
        self.ids.extend(findings.keys().take(room));
    }
}

impl Default for KnownFindings {
    fn default() -> Self {
        Self { ids: HashSet::new(), most: limits::KNOWN_FINDINGS }
    }
}

/// A batch as `spillway.ingest_batch` takes it.
#[derive(Debug, Default)]
pub struct BatchRows {
    /// The JSON document `{"assets": […], "problems": […], "tools": […]}`.
    pub document: Vec<u8>,
    /// Its findings.
    pub findings: FindingColumns,
    /// Its occurrences.
    pub occurrences: OccurrenceColumns,
}

#[derive(Serialize)]
struct Document<'a> {
    assets: Vec<AssetRow<'a>>,
    problems: &'a [Problem],
    tools: &'a BTreeSet<String>,
}

#[derive(Serialize)]
struct AssetRow<'a> {
    id: &'a Id,
    #[serde(flatten)]
    asset: &'a Asset,
}

impl Batch {
    /// A batch that leaves out the findings of those before it.
    pub fn after(known: KnownFindings) -> Self {
        Self { known, ..Self::default() }
    }

    /// Adds a record. Of several records of one finding or occurrence the first counts; what is said of an asset is gathered.
    pub fn push(&mut self, record: Record) {
        self.records += usize::from(!matches!(record, Record::Tool { .. }));
        match record {
            Record::Occurrence(occurrence) => self.push_occurrence(*occurrence),
            Record::Asset(asset) => {
                self.push_asset(asset);
            }
            Record::Tool { name } => {
                self.tools.insert(name);
            }
            Record::Problem(problem) => {
                self.size += problem.message.len() + problem.excerpt.len();
                self.problems.push(problem);
            }
        }
    }

    /// What is left out.
    pub fn known(&self) -> &KnownFindings {
        &self.known
    }

    /// The number of records pushed. A tool is none: it only says whose the others are.
    pub fn len(&self) -> usize {
        self.records
    }

    /// Whether nothing was pushed.
    pub fn is_empty(&self) -> bool {
        self.records == 0
    }

    /// Roughly the bytes of [`into_parts`](Self::into_parts).
    pub fn size(&self) -> usize {
        self.size
    }

    /// The batch as the database takes it, and what the next one may leave out once this one is stored.
    pub fn into_parts(mut self) -> (BatchRows, KnownFindings) {
        let assets = self.assets.iter().map(|(id, asset)| AssetRow { id, asset }).collect();
        let document = json_text(&Document { assets, problems: &self.problems, tools: &self.tools }).into_bytes();
        let mut rows = BatchRows { document, ..BatchRows::default() };
        self.known.add(&self.findings);
        self.findings.into_iter().for_each(|(id, row)| rows.findings.push(id, *row));
        // In the order of the records where ids are the same: the first is kept.
        self.occurrences.sort_by_key(|(id, _)| *id);
        self.occurrences.dedup_by_key(|(id, _)| *id);
        self.occurrences.into_iter().for_each(|(id, row)| rows.occurrences.push(id, *row));
        (rows, self.known)
    }

    fn push_occurrence(&mut self, occurrence: Occurrence) {
        let Occurrence { finding, asset, location, evidence, offset, line } = occurrence;
        let finding_id = finding.identity.id();
        if !self.tools.contains(&finding.tool) {
            self.tools.insert(finding.tool.clone());
        }
        let asset_id = self.push_asset(asset);
        let is_known = self.known.ids.contains(&finding_id);
        if !is_known && !self.findings.contains_key(&finding_id) {
            self.size += size_of_finding(&finding);
            self.findings.insert(finding_id, Box::new(FindingRow { finding, offset }));
        }
        let id = occurrence_id(finding_id, asset_id, &location);
        self.size += OCCURRENCE + evidence.len();
        self.occurrences.push((id, Box::new(OccurrenceRow { finding_id, asset_id, location, evidence, offset, line })));
    }

    /// Adds what is said of an asset to what is known of it: the newest word on each fact counts.
    fn push_asset(&mut self, asset: Asset) -> Id {
        if let Some((last, id)) = &self.last
            && *last == asset
        {
            return *id;
        }
        let id = asset.id();
        self.last = Some((asset.clone(), id));
        match self.assets.entry(id) {
            std::collections::btree_map::Entry::Vacant(entry) => {
                self.size += ASSET;
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

/// Roughly the bytes that a finding takes in the columns.
fn size_of_finding(finding: &Finding) -> usize {
    let texts = [&finding.tool, &finding.rule_id, &finding.title, &finding.description, &finding.solution];
    let lists = finding.vulnerability_ids.iter().chain(&finding.references);
    let component = finding.component.iter().map(|c| 40 + c.name.len() + c.version.len() + c.purl.as_ref().map_or(0, String::len));
    let attributes = finding.attributes.iter().map(|(name, value)| 6 + name.len() + value.len());
    let cvss = finding.cvss.iter().map(|cvss| 40 + cvss.vector.len());
    100 + texts.into_iter().chain(lists).map(|text| 3 + text.len()).chain(component).chain(attributes).chain(cvss).sum::<usize>()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::Value;

    use super::*;
    use crate::columns::Words;
    use crate::{Column, Columns as _, Location, ProblemCode};

    fn occurrence(rule: &str, host: &str, port: u16) -> Record {
        Record::Occurrence(Box::new(Occurrence {
            finding: Finding { identity: Identity::finding("tool", rule, &[]), title: format!("{rule} on {host}"), ..Finding::default() },
            asset: Asset { identity: host.to_owned(), ..Asset::default() },
            location: Location { port: Some(port), ..Location::default() },
            evidence: "seen".to_owned(),
            offset: u64::from(port),
            line: 1,
        }))
    }

    fn rows(records: impl IntoIterator<Item = Record>) -> BatchRows {
        let mut batch = Batch::default();
        records.into_iter().for_each(|record| batch.push(record));
        batch.into_parts().0
    }

    fn document(rows: &BatchRows) -> Value {
        serde_json::from_slice(&rows.document).expect("JSON")
    }

    fn assets(rows: &BatchRows) -> Vec<String> {
        document(rows)["assets"].as_array().expect("assets").iter().map(|row| row["id"].as_str().expect("an id").to_owned()).collect()
    }

    fn words(words: &Words) -> Vec<&str> {
        words.iter().collect()
    }

    #[test]
    fn assets_findings_and_occurrences_stand_once_in_the_order_of_their_ids() {
        let records: Vec<Record> = (0..60).map(|n| occurrence(&format!("r{}", n % 5), &format!("10.0.0.{}", n % 3), n % 6)).collect();
        let found = rows(records.clone());
        let assets = assets(&found);
        let (findings, occurrences) = (words(&found.findings.id), words(&found.occurrences.id));
        assert_eq!((assets.len(), findings.len(), occurrences.len()), (3, 5, 30));
        assert!(assets.is_sorted() && findings.is_sorted() && occurrences.is_sorted());
        let backwards = rows(records.into_iter().rev());
        // Which record counts as a finding's first is the only difference.
        assert_eq!(document(&backwards), document(&found));
        assert_eq!((words(&backwards.findings.id), words(&backwards.occurrences.id)), (findings, occurrences));
    }

    #[test]
    fn occurrences_refer_to_rows_of_the_same_batch() {
        let found = rows([occurrence("a", "h", 1), occurrence("b", "h", 1), occurrence("a", "i", 2)]);
        let (assets, findings) = (assets(&found), words(&found.findings.id));
        assert!(found.occurrences.asset_id.iter().all(|id| assets.iter().any(|known| known == id)));
        assert!(found.occurrences.finding_id.iter().all(|id| findings.contains(&id)));
        assert_eq!((found.occurrences.port.len(), found.occurrences.evidence[0].as_deref()), (3, Some("seen")));
    }

    #[test]
    fn findings_of_earlier_batches_are_left_out() {
        let send = |known: KnownFindings, rules: [&str; 2]| {
            let mut batch = Batch::after(known);
            batch.push(occurrence(rules[0], "h", 1));
            batch.push(occurrence(rules[1], "h", 1));
            let (rows, known) = batch.into_parts();
            assert_eq!(words(&rows.occurrences.id).len(), 2);
            (rows.findings.title.into_iter().flatten().collect::<Vec<_>>(), known)
        };
        let (titles, known) = send(KnownFindings::default(), ["a", "b"]);
        assert_eq!(titles.len(), 2);
        assert_eq!(send(known, ["b", "c"]).0, ["c on h"]);
        let (_, known) = send(KnownFindings::nothing(), ["a", "b"]);
        assert!(!known.remembers());
        assert_eq!(send(known, ["b", "c"]).0.len(), 2, "nothing is remembered");
    }

    #[test]
    fn the_first_record_of_a_finding_counts() {
        let found = rows([occurrence("a", "first", 7), occurrence("a", "second", 8)]).findings;
        assert_eq!((found.title, found.source_offset), (vec![Some("a on first".to_owned())], vec![Some(7)]));
    }

    #[test]
    fn the_last_word_on_each_fact_of_an_asset_counts() {
        let asset = |hostname: Option<&str>, facts: &[(&str, &str)]| {
            let attributes: BTreeMap<String, String> =
                facts.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
            Record::Asset(Asset { identity: "h".to_owned(), hostname: hostname.map(str::to_owned), attributes, ..Asset::default() })
        };
        let found =
            rows([asset(Some("old"), &[("os", "Linux"), ("mac", "aa")]), asset(None, &[("os", "Linux 6")]), asset(Some("new"), &[])]);
        let row = &document(&found)["assets"][0];
        assert_eq!(row["hostname"], "new");
        assert_eq!(row["attributes"], serde_json::json!({"os": "Linux 6", "mac": "aa"}));
    }

    #[test]
    fn every_record_counts_and_every_problem_is_kept() {
        let problem = Problem { code: ProblemCode::TooLarge, message: "large".to_owned(), offset: 1, line: 1, excerpt: String::new() };
        let mut batch = Batch::default();
        assert!(batch.is_empty());
        for record in [occurrence("a", "h", 1), occurrence("a", "h", 1), Record::Problem(problem.clone()), Record::Problem(problem)] {
            batch.push(record);
        }
        assert_eq!(batch.len(), 4);
        let found = batch.into_parts().0;
        assert_eq!((words(&found.occurrences.id).len(), document(&found)["problems"].as_array().map(Vec::len)), (1, Some(2)));
    }

    #[test]
    fn a_tool_is_named_once_and_is_no_record() {
        let tool = || Record::Tool { name: "nessus".to_owned() };
        let mut batch = Batch::default();
        for record in [tool(), occurrence("a", "h", 1), tool()] {
            batch.push(record);
        }
        assert_eq!(batch.len(), 1);
        assert_eq!(document(&batch.into_parts().0)["tools"], serde_json::json!(["", "nessus"]), "those that the findings name, too");
    }

    #[test]
    fn a_finding_is_a_row_of_columns() {
        let finding = Finding {
            identity: Identity::finding("trivy", "CVE-1", &[]),
            tool: "trivy".to_owned(),
            kind: crate::FindingKind::Dependency,
            status: crate::Status::FalsePositive,
            vulnerability_ids: vec!["CVE-1".to_owned(), "\"".to_owned()],
            cwes: vec![79, 89],
            cvss: vec![crate::Cvss { version: "3.1".to_owned(), vector: String::new(), score: 7.5 }],
            ..Finding::default()
        };
        let (asset, location) = (Asset::default(), Location::default());
        let found =
            rows([Record::Occurrence(Box::new(Occurrence { finding, asset, location, evidence: String::new(), offset: 7, line: 1 }))]);
        let columns = found.findings;
        assert_eq!(
            (words(&columns.kind), words(&columns.severity), words(&columns.status)),
            (vec!["dependency"], vec!["info"], vec!["false_positive"])
        );
        assert_eq!(columns.vulnerability_ids, [Some(r#"{"CVE-1","\""}"#.to_owned())]);
        assert_eq!(columns.cwes, [Some(r#"{"79","89"}"#.to_owned())]);
        assert_eq!(columns.cvss, [Some(r#"[{"version":"3.1","score":7.5}]"#.to_owned())]);
        assert_eq!(
            (columns.description, columns.component, columns.attributes),
            (vec![None], vec![None], vec![None]),
            "what is empty is not sent"
        );
        assert_eq!(found.occurrences.evidence, [None]);
    }

    #[test]
    fn its_size_is_about_that_of_its_parts() {
        let mut batch = Batch::default();
        (0..200).for_each(|n| batch.push(occurrence(&format!("rule {}", n % 20), &format!("host {n}"), 1 + n % 9)));
        let size = batch.size();
        let rows = batch.into_parts().0;
        let columns = rows.findings.into_columns().into_iter().chain(rows.occurrences.into_columns());
        let length = columns.map(|column| match column {
            Column::Words(words) => words.len(),
            Column::Texts(texts) => texts.iter().flatten().map(String::len).sum(),
            Column::Integers(_) | Column::Longs(_) => 0,
        });
        let length = rows.document.len() + length.sum::<usize>();
        assert!((length / 2..length * 2).contains(&size), "{size} for {length}");
    }
}
