//! Records gathered for one call of the database: each asset and finding once, occurrences by reference.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use foldhash::{HashSet, HashSetExt};
use serde::{Deserialize, Serialize};

use crate::identity::occurrence_id;
use crate::{Asset, Finding, Id, Identity, Location, Occurrence, Problem, Record, limits};

/// About what an asset and an occurrence add to a batch, in bytes, beside their texts.
const ASSET: usize = 100;
const OCCURRENCE: usize = 150;
/// About what an asset takes in the document, and what stands around everything.
const ASSET_ROW: usize = 256;
const FRAME: usize = 1024;

/// Records gathered for one call of `spillway.ingest_batch`: each asset and each finding once, in the order of their ids, so that two
/// imports that write the same rows at the same time lock them in the same order.
#[derive(Debug, Default)]
pub struct Batch {
    known: KnownFindings,
    assets: BTreeMap<Id, Asset>,
    /// Where in `rows` each finding stands.
    findings: BTreeMap<Id, Range<usize>>,
    /// Findings as JSON. Written at once, their texts go back to the allocator warm, and a batch does not hold them twice at its end.
    rows: Vec<u8>,
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

    fn add(&mut self, findings: &BTreeMap<Id, Range<usize>>) {
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

/// A finding as the database takes it, its `identity` being its id; `offset` is that of the record that it was read from.
#[derive(Serialize)]
struct FindingRow<'a> {
    offset: u64,
    #[serde(flatten)]
    finding: &'a Finding,
}

/// An occurrence that was gathered; its id is its key.
#[derive(Debug)]
struct OccurrenceRow {
    finding_id: Id,
    asset_id: Id,
    location: Location,
    evidence: String,
    offset: u64,
    line: u64,
}

/// Ids in a row, as the database takes them: one text, separated by commas. A text for each would cost the host and the database more.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Ids(String);

impl Ids {
    fn push(&mut self, id: Id) {
        if !self.0.is_empty() {
            self.0.push(',');
        }
        self.0.push_str(id.hyphenated().encode_lower(&mut Id::encode_buffer()));
    }

    /// One after the other.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.split(',').filter(|id| !id.is_empty())
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<Ids> for String {
    fn from(ids: Ids) -> Self {
        ids.0
    }
}

/// The occurrences of a batch as columns of one length, in the order of their ids: the arguments of `spillway.occurrences_of`. A column that is null
/// in all of them is empty. They are most of a batch's bytes, and arrays cost the database a third of what JSON does.
#[derive(Debug, Default, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names of the table's columns")]
pub struct OccurrenceColumns {
    pub id: Ids,
    pub finding_id: Ids,
    pub asset_id: Ids,
    pub host: Vec<Option<String>>,
    pub port: Vec<Option<i32>>,
    pub protocol: Vec<Option<String>>,
    pub service: Vec<Option<String>>,
    pub url: Vec<Option<String>>,
    pub parameter: Vec<Option<String>>,
    pub path: Vec<Option<String>>,
    pub line: Vec<Option<i64>>,
    pub evidence: Vec<Option<String>>,
    pub source_offset: Vec<Option<i64>>,
    pub source_line: Vec<Option<i64>>,
}

impl OccurrenceColumns {
    fn push(&mut self, id: Id, row: OccurrenceRow) {
        let OccurrenceRow { finding_id, asset_id, location, evidence, offset, line } = row;
        self.id.push(id);
        self.finding_id.push(finding_id);
        self.asset_id.push(asset_id);
        self.host.push(location.host);
        self.port.push(location.port.map(i32::from));
        self.protocol.push(location.protocol);
        self.service.push(location.service);
        self.url.push(location.url);
        self.parameter.push(location.parameter);
        self.path.push(location.path);
        self.line.push(location.line.and_then(|line| line.try_into().ok()));
        self.evidence.push(Some(evidence));
        self.source_offset.push(offset.try_into().ok());
        self.source_line.push(line.try_into().ok());
    }

    /// Empties the columns in which nothing is: most formats fill half of them.
    fn leave_out_nulls(&mut self) {
        fn leave_out<T>(column: &mut Vec<Option<T>>) {
            if column.iter().all(Option::is_none) {
                column.clear();
            }
        }
        let Self { host, protocol, service, url, parameter, path, port, line, .. } = self;
        [host, protocol, service, url, parameter, path].into_iter().for_each(leave_out);
        leave_out(port);
        leave_out(line);
    }
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

    /// The batch as `spillway.ingest_batch` takes it: the JSON document `{"assets": […], "findings": […], "problems": […], "tools": […]}`, and the
    /// occurrences. Also what the next batch may leave out once this one is stored.
    pub fn into_parts(mut self) -> (Vec<u8>, OccurrenceColumns, KnownFindings) {
        let assets: Vec<_> = self.assets.iter().map(|(id, asset)| AssetRow { id, asset }).collect();
        let mut document = Vec::with_capacity(self.rows.len() + self.findings.len() + ASSET_ROW * assets.len() + FRAME);
        document.extend_from_slice(b"{\"assets\":");
        write_json(&mut document, &assets);
        document.extend_from_slice(b",\"findings\":[");
        for (index, range) in self.findings.values().enumerate() {
            document.extend_from_slice(if index == 0 { b"" } else { b"," });
            document.extend_from_slice(&self.rows[range.clone()]);
        }
        document.extend_from_slice(b"],\"problems\":");
        write_json(&mut document, &self.problems);
        document.extend_from_slice(b",\"tools\":");
        write_json(&mut document, &self.tools);
        document.push(b'}');
        // In the order of the records where ids are the same: the first is kept.
        self.occurrences.sort_by_key(|(id, _)| *id);
        self.occurrences.dedup_by_key(|(id, _)| *id);
        let mut occurrences = OccurrenceColumns::default();
        self.occurrences.into_iter().for_each(|(id, row)| occurrences.push(id, *row));
        occurrences.leave_out_nulls();
        self.known.add(&self.findings);
        (document, occurrences, self.known)
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
            let from = self.rows.len();
            write_json(&mut self.rows, &FindingRow { offset, finding: &finding });
            self.size += self.rows.len() - from;
            self.findings.insert(finding_id, from..self.rows.len());
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

/// Nothing that is written here can fail: all keys are texts, and memory takes all bytes.
fn write_json(json: &mut Vec<u8>, value: &impl Serialize) {
    let written = serde_json::to_writer(json, value);
    debug_assert!(written.is_ok(), "{written:?}");
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::Value;

    use super::*;
    use crate::ProblemCode;

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

    fn parts(records: impl IntoIterator<Item = Record>) -> (Value, OccurrenceColumns) {
        let mut batch = Batch::default();
        records.into_iter().for_each(|record| batch.push(record));
        let (document, occurrences, _) = batch.into_parts();
        (serde_json::from_slice(&document).expect("JSON"), occurrences)
    }

    fn document(records: impl IntoIterator<Item = Record>) -> Value {
        parts(records).0
    }

    fn ids(rows: &Value, name: &str) -> Vec<String> {
        rows.as_array().expect("rows").iter().map(|row| row[name].as_str().expect("an id").to_owned()).collect()
    }

    #[test]
    fn assets_findings_and_occurrences_stand_once_in_the_order_of_their_ids() {
        let records: Vec<Record> = (0..60).map(|n| occurrence(&format!("r{}", n % 5), &format!("10.0.0.{}", n % 3), n % 6)).collect();
        let (found, occurrences) = parts(records.clone());
        assert_eq!(occurrences.id.iter().count(), 30);
        assert!(occurrences.id.iter().is_sorted());
        for (rows, id, count) in [("assets", "id", 3), ("findings", "identity", 5)] {
            let ids = ids(&found[rows], id);
            assert_eq!(ids.len(), count, "{rows}");
            assert!(ids.is_sorted(), "{rows}");
        }
        let mut backwards = document(records.into_iter().rev());
        // Which record counts as a finding's first is the only difference.
        backwards["findings"] = found["findings"].clone();
        assert_eq!(backwards, found);
    }

    #[test]
    fn occurrences_refer_to_rows_of_the_same_batch() {
        let (found, occurrences) = parts([occurrence("a", "h", 1), occurrence("b", "h", 1), occurrence("a", "i", 2)]);
        let (assets, findings) = (ids(&found["assets"], "id"), ids(&found["findings"], "identity"));
        assert!(occurrences.asset_id.iter().all(|id| assets.iter().any(|known| known == id)));
        assert!(occurrences.finding_id.iter().all(|id| findings.iter().any(|known| known == id)));
        assert_eq!((occurrences.port.len(), occurrences.evidence[0].as_deref()), (3, Some("seen")));
        assert!(occurrences.parameter.is_empty(), "what no occurrence has is left out");
    }

    #[test]
    fn findings_of_earlier_batches_are_left_out() {
        let send = |known: KnownFindings, rules: [&str; 2]| {
            let mut batch = Batch::after(known);
            batch.push(occurrence(rules[0], "h", 1));
            batch.push(occurrence(rules[1], "h", 1));
            let (document, occurrences, known) = batch.into_parts();
            let document: Value = serde_json::from_slice(&document).expect("JSON");
            let titles = document["findings"].as_array().expect("findings").iter().map(|finding| finding["title"].to_string());
            assert_eq!(occurrences.id.iter().count(), 2);
            (titles.collect::<Vec<_>>(), known)
        };
        let (titles, known) = send(KnownFindings::default(), ["a", "b"]);
        assert_eq!(titles.len(), 2);
        assert_eq!(send(known, ["b", "c"]).0, [r#""c on h""#]);
        let (_, known) = send(KnownFindings::nothing(), ["a", "b"]);
        assert!(!known.remembers());
        assert_eq!(send(known, ["b", "c"]).0.len(), 2, "nothing is remembered");
    }

    #[test]
    fn the_first_record_of_a_finding_counts() {
        let found = document([occurrence("a", "first", 7), occurrence("a", "second", 8)]);
        assert_eq!((&found["findings"][0]["title"], &found["findings"][0]["offset"]), (&"a on first".into(), &7.into()));
    }

    #[test]
    fn the_last_word_on_each_fact_of_an_asset_counts() {
        let asset = |hostname: Option<&str>, facts: &[(&str, &str)]| {
            let attributes: BTreeMap<String, String> =
                facts.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
            Record::Asset(Asset { identity: "h".to_owned(), hostname: hostname.map(str::to_owned), attributes, ..Asset::default() })
        };
        let found =
            document([asset(Some("old"), &[("os", "Linux"), ("mac", "aa")]), asset(None, &[("os", "Linux 6")]), asset(Some("new"), &[])]);
        let row = &found["assets"][0];
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
        let (document, occurrences, _) = batch.into_parts();
        let found: Value = serde_json::from_slice(&document).expect("JSON");
        assert_eq!((occurrences.id.iter().count(), found["problems"].as_array().map(Vec::len)), (1, Some(2)));
    }

    #[test]
    fn a_tool_is_named_once_and_is_no_record() {
        let tool = || Record::Tool { name: "nessus".to_owned() };
        let mut batch = Batch::default();
        for record in [tool(), occurrence("a", "h", 1), tool()] {
            batch.push(record);
        }
        assert_eq!(batch.len(), 1);
        let found: Value = serde_json::from_slice(&batch.into_parts().0).expect("JSON");
        assert_eq!(found["tools"], serde_json::json!(["", "nessus"]), "those that the findings name, too");
    }

    #[test]
    fn its_size_is_about_that_of_its_parts() {
        let mut batch = Batch::default();
        (0..200).for_each(|n| batch.push(occurrence(&format!("rule {}", n % 20), &format!("host {n}"), 1 + n % 9)));
        let size = batch.size();
        let (document, occurrences, _) = batch.into_parts();
        let ids = [&occurrences.id, &occurrences.finding_id, &occurrences.asset_id];
        let texts = ids.into_iter().map(|ids| ids.as_str().len()).chain(occurrences.evidence.iter().flatten().map(String::len));
        let length = document.len() + texts.sum::<usize>();
        assert!((length / 2..length * 2).contains(&size), "{size} for {length}");
    }
}
