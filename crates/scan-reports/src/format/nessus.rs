//! Nessus `.nessus` files, version 2 (Tenable: "Nessus v2 File Format"), and those of Tenable's web application scanner.
//!
//! ```xml
//! <NessusClientData_v2>
//!   <Policy>…</Policy>
//!   <Report name="…">
//!     <ReportHost name="as it was asked for">
//!       <HostProperties><tag name="host-ip">…</tag>…</HostProperties>
//!       <ReportItem port="443" svc_name="www" protocol="tcp" severity="2" pluginID="…" pluginName="…" pluginFamily="…">
//!         <description>…</description>…
//! ```
//!
//! Each `ReportItem` is an occurrence of its plugin's finding; each `HostProperties` an asset. A host is known by its `host-ip` rather
//! than by the name of `ReportHost`: that is what somebody typed, an address in one scan and a name in the next. The place is the
//! host's DNS name where there is one, so that sites that share an address stay apart.

use memchr::memchr_iter;
use serde::{Deserialize, Serialize};
use tokens::xml::{Event, StartTag, local_name};

use super::elements::{At, Begin, CONTEXT, Elements, Identities, Needs, XmlReport, excerpt};
use super::ids;
use super::texts::{Gathered, add_text_once, prefix};
use super::url::Url;
use crate::budget::Wanted;
use crate::{
    Asset, AssetKind, Cvss, Finding, FindingKind, Identity, KnownFindings, Location, Occurrence, Problem, ProblemCode, Record, Severity,
    limits,
};

mod compliance;
use compliance::Compliance;

const TOOL: &str = "nessus";

/// The properties of a host that are kept, as Nessus names them. The others describe the scan, or repeat findings.
const PROPERTIES: [&str; 24] = [
    "Credentialed_Scan",
    "HOST_END",
    "HOST_START",
    "aws-instance-id",
    "aws-instance-region",
    "azure-vm-id",
    "bios-uuid",
    "cpe",
    "gcp-instance-id",
    "host-fqdn",
    "host-fqdns",
    "host-ip",
    "host-rdns",
    "host-uuid",
    "hostname",
    "id",
    "mac-address",
    "netbios-name",
    "operating-system",
    "os",
    "policy-used",
    "ssh-fingerprint",
    "system-type",
    "vendor",
];

/// Elements of an item that say nothing about the finding, or in a second place.
const SKIPPED: [&str; 4] = ["attachment", "fname", "plugin_name", "script_version"];

/// The longest of the further facts of a finding.
const ATTRIBUTE: usize = 2048;

pub(super) fn parser() -> XmlReport<Nessus> {
    XmlReport::new()
}

#[derive(Default)]
pub(super) struct Nessus {
    host: Host,
    properties: Option<Box<Properties>>,
    item: Option<Box<Item>>,
    /// The element or property whose text is gathered, empty for none.
    field: String,
    text: Gathered,
    identities: Identities,
    /// The last item is that of a compliance check, and was taken for a known finding of its plugin.
    mistaken: bool,
}

/// The host around the items: what the reader knows between two records.
#[derive(Default, Serialize, Deserialize)]
pub(super) struct Host {
    inside: bool,
    /// Whether its asset was given.
    described: bool,
    name: String,
    address: String,
    fqdn: String,
}

#[derive(Default)]
struct Properties {
    address: String,
    fqdn: String,
    attributes: std::collections::BTreeMap<String, String>,
}

#[derive(Default)]
struct Item {
    at: At,
    finding: Finding,
    location: Location,
    evidence: String,
    /// The severity that the item is labelled with, 0 to 4.
    label: Option<u8>,
    scores: Scores,
    compliance: Compliance,
    /// Why it cannot be used.
    problem: Option<Problem>,
    /// Its finding is known: only what belongs to this place is read.
    is_known: bool,
}

/// Scores and vectors, those of version 4 first.
#[derive(Default)]
struct Scores([(Option<f64>, String); 3]);

const V4: usize = 0;
const V3: usize = 1;
const V2: usize = 2;

impl Elements for Nessus {
    const ROOT: &'static str = "NessusClientData_v2";
    const TOOL: &'static str = TOOL;
    type Context = Host;
    const UNIT: (&'static str, usize) = ("ReportHost", 3);

    fn start(&mut self, element: &StartTag<'_>, event: &Event<'_>, known: &KnownFindings) -> Begin {
        match (event.depth, element.name) {
            (3, "ReportHost") => {
                let name = prefix(element.get("name").unwrap_or_default().trim(), CONTEXT / 4).to_owned();
                self.host = Host { inside: true, name, ..Host::default() };
            }
            (4, "HostProperties") if self.host.inside => {
                self.properties = Some(Box::default());
                return Begin::Record;
            }
            (4, "ReportItem") if self.host.inside => {
                let identity = self.identity(element.get("pluginID").unwrap_or_default().trim());
                // Without a host it becomes a problem, which shows what finding it is of.
                let is_known = known.contains(&identity) && !self.host.identity().is_empty();
                self.item = Some(Box::new(Item::new(element, At::of(event), identity, is_known)));
                return Begin::Record;
            }
            (5, "tag") if self.properties.is_some() => self.begin_field(element.get("name").unwrap_or_default(), limits::NAME),
            (5, name) => {
                if let Some(item) = &self.item {
                    let name = local_name(name);
                    self.begin_field(name, item.limit_of(name));
                }
            }
            _ => {}
        }
        Begin::Other
    }

    fn needs(&self) -> Option<Needs> {
        self.item.as_ref().filter(|item| item.is_known).map(|_| Needs { depth: 4, is_needed: belongs_to_place })
    }

    fn text(&mut self, text: &str, depth: usize) {
        if depth == 5 && !self.field.is_empty() {
            self.text.push(text);
        }
    }

    fn end(&mut self, name: &str, event: &Event<'_>, _wanted: &mut Wanted<'_>) -> Option<Record> {
        match (event.depth, name) {
            (5, _) if !self.field.is_empty() => {
                self.end_field();
                None
            }
            (4, _) if self.item.is_some() => {
                let item = self.item.take()?;
                self.mistaken = item.is_known && item.compliance.is_one();
                Some(item.record(&self.host))
            }
            (4, _) if self.properties.is_some() => self.properties.take().and_then(|properties| self.describe(*properties)),
            (3, "ReportHost") => {
                let host = std::mem::take(&mut self.host);
                (host.inside && !host.described && !host.identity().is_empty()).then(|| Record::Asset(host.asset()))
            }
            _ => None,
        }
    }

    fn was_mistaken(&mut self) -> bool {
        std::mem::take(&mut self.mistaken)
    }

    fn context(&self) -> &Host {
        &self.host
    }

    fn restore(&mut self, host: Host) {
        self.host = host;
    }
}

impl Nessus {
    /// The identity of a plugin's finding; on a site it is the site's own.
    fn identity(&mut self, rule: &str) -> Identity {
        if self.host.site().is_some() {
            return Identity::finding(TOOL, rule, &[self.host.identity()]);
        }
        self.identities.of(rule, || Identity::finding(TOOL, rule, &[]))
    }

    fn begin_field(&mut self, name: &str, limit: usize) {
        self.field.clear();
        if limit > 0 {
            self.field.push_str(prefix(name, limits::NAME));
            self.text.begin(limit);
        }
    }

    fn end_field(&mut self) {
        let field = self.field.as_str();
        let text = if field == "plugin_output" { self.text.get() } else { self.text.get().trim_start() };
        if let Some(item) = &mut self.item {
            item.set(field, text);
        } else if let Some(properties) = &mut self.properties {
            properties.set(field, text);
        }
        self.field.clear();
    }

    /// The asset of the host, whose properties are now known; none where they say no name for it.
    fn describe(&mut self, properties: Properties) -> Option<Record> {
        self.host.described = true;
        self.host.address = properties.address;
        self.host.fqdn = properties.fqdn;
        let asset = Asset { attributes: properties.attributes, ..self.host.asset() };
        (!asset.identity.is_empty()).then_some(Record::Asset(asset))
    }
}

impl Host {
    /// A web site is known by its URL, a machine by its address.
    fn identity(&self) -> &str {
        let known = [&self.address, &self.name, &self.fqdn].into_iter().find(|name| !name.is_empty());
        self.site().or(known.map(String::as_str)).unwrap_or_default()
    }

    /// The URL that the web application scanner gives as name of a host.
    fn site(&self) -> Option<&str> {
        // Asked several times for each record: most names have no colon.
        let is_url = memchr_iter(b':', self.name.as_bytes()).any(|colon| self.name[colon..].starts_with("://"));
        is_url.then(|| self.name.trim_end_matches('/'))
    }

    fn asset(&self) -> Asset {
        let kind = if self.site().is_some() { AssetKind::Site } else { AssetKind::Host };
        let hostname = self.site().map_or_else(|| self.hostname(), |site| Url::of(site).map(|url| url.host));
        Asset { kind, identity: self.identity().to_owned(), hostname: hostname.map(str::to_owned), ..Asset::default() }
    }

    fn hostname(&self) -> Option<&str> {
        let is_name = |name: &&String| !name.is_empty() && name.parse::<std::net::IpAddr>().is_err();
        [&self.fqdn, &self.name].into_iter().find(is_name).map(String::as_str)
    }
}

impl Properties {
    fn set(&mut self, name: &str, text: &str) {
        match name {
            "host-ip" => prefix(text, CONTEXT / 8).clone_into(&mut self.address),
            "host-fqdn" => prefix(text, CONTEXT / 4).clone_into(&mut self.fqdn),
            _ => {}
        }
        if PROPERTIES.contains(&name) && !text.is_empty() {
            self.attributes.insert(name.to_ascii_lowercase().replace('_', "-"), text.to_owned());
        }
    }
}

/// Whether an element of an item says something about the place: what a plugin found there, or which check of several failed.
fn belongs_to_place(name: &str) -> bool {
    let name = local_name(name);
    name == "plugin_output" || name.starts_with("compliance")
}

impl Item {
    /// How much of an element's text is of use.
    fn limit_of(&self, name: &str) -> usize {
        match name {
            "plugin_output" => limits::TEXT,
            name if self.is_known && !belongs_to_place(name) => 0,
            "description" | "solution" | "see_also" => limits::TEXT,
            name if compliance::is_text(name) => limits::TEXT,
            name if SKIPPED.contains(&name) => 0,
            _ => ATTRIBUTE,
        }
    }

    fn new(element: &StartTag<'_>, at: At, identity: Identity, is_known: bool) -> Self {
        let get = |name| element.get(name).map(str::trim).filter(|value| !value.is_empty());
        let mut item = Self { at, is_known, ..Self::default() };
        item.finding.identity = identity;
        TOOL.clone_into(&mut item.finding.tool);
        get("pluginID").unwrap_or_default().clone_into(&mut item.finding.rule_id);
        if !is_known {
            item.describe(get("pluginName"), get("pluginFamily"), get("severity"));
        }
        item.location.port = get("port").and_then(|port| port.parse().ok()).filter(|port| *port > 0);
        item.location.protocol = get("protocol").map(str::to_ascii_lowercase);
        item.location.service = get("svc_name").map(str::to_owned);
        if item.finding.rule_id.is_empty() {
            let message = "expected the attribute pluginID of a ReportItem, found none".to_owned();
            item.problem = Some(at.problem(ProblemCode::MissingField, message, excerpt(element)));
        }
        item
    }

    /// What the attributes say about the finding.
    fn describe(&mut self, name: Option<&str>, family: Option<&str>, severity: Option<&str>) {
        self.finding.title = match (name, self.finding.rule_id.as_str()) {
            (Some(name), _) => name.to_owned(),
            // Results of the port scanners.
            (None, "0") => "Open port".to_owned(),
            (None, id) => format!("Plugin {id}"),
        };
        self.label = severity.and_then(|label| label.parse().ok());
        if let Some(family) = family {
            self.finding.attributes.insert("plugin_family".to_owned(), family.to_owned());
        }
    }

    fn set(&mut self, name: &str, text: &str) {
        if text.is_empty() {
            return;
        }
        let finding = &mut self.finding;
        match name {
            "description" => text.clone_into(&mut finding.description),
            "solution" => text.clone_into(&mut finding.solution),
            "plugin_output" => text.clone_into(&mut self.evidence),
            "see_also" => text.split_whitespace().for_each(|url| add_text_once(&mut finding.references, url)),
            "cve" => add_text_once(&mut finding.vulnerability_ids, text),
            "cwe" => ids::add_cwes(&mut finding.cwes, text),
            "cvss4_base_score" => self.scores.score(V4, text),
            "cvss4_vector" => self.scores.vector(V4, text),
            "cvss3_base_score" | "cvssv3" => self.scores.score(V3, text),
            "cvss3_vector" => self.scores.vector(V3, text),
            "cvss_base_score" | "cvss" => self.scores.score(V2, text),
            "cvss_vector" => self.scores.vector(V2, text),
            _ if name.starts_with("compliance") => self.compliance.set(name, text, finding),
            _ => {
                if name == "xref" && text.starts_with("CWE:") {
                    ids::add_cwes(&mut finding.cwes, text);
                }
                append(finding, name, text);
            }
        }
    }

    fn record(mut self, host: &Host) -> Record {
        let asset = host.asset();
        if asset.identity.is_empty() && self.problem.is_none() {
            let message = "expected a name or the property host-ip of the ReportHost around a ReportItem, found neither".to_owned();
            let excerpt = format!("pluginID {}: {}", self.finding.rule_id, self.finding.title);
            self.problem = Some(self.at.problem(ProblemCode::MissingField, message, excerpt));
        }
        if let Some(problem) = self.problem {
            return Record::Problem(problem);
        }
        let Self { at, mut finding, mut location, mut evidence, label, scores, compliance, .. } = self;
        location.host = asset.hostname.clone().or_else(|| Some(asset.identity.clone()));
        finding.severity = severity(scores.0[V3].0, label, finding.attributes.get("risk_factor"));
        finding.cvss = scores.list();
        if asset.kind == AssetKind::Site {
            finding.kind = FindingKind::Web;
            location.url = Some(host.name.clone());
        }
        compliance.finish(&mut finding, &mut evidence);
        Record::Occurrence(Box::new(Occurrence { finding, asset, location, evidence, offset: at.offset, line: at.line }))
    }
}

impl At {
    /// A record that begins here and cannot be used.
    pub(super) fn problem(self, code: ProblemCode, message: String, excerpt: String) -> Problem {
        Problem { code, message, offset: self.offset, line: self.line, excerpt }
    }
}

/// Adds a fact; those that are given several times, such as `bid`, one after the other.
fn append(finding: &mut Finding, name: &str, text: &str) {
    let full = finding.attributes.len() >= limits::ATTRIBUTES;
    match finding.attributes.get_mut(name) {
        Some(known) if known.len() < ATTRIBUTE => {
            known.push_str(", ");
            known.push_str(text);
        }
        Some(_) => {}
        None if full => {}
        None => {
            finding.attributes.insert(name.to_owned(), text.to_owned());
        }
    }
}

/// The severity by the score of CVSS version 3: the label of an item is by version 2 in older files. Where there is none the label
/// counts, then the word.
fn severity(score: Option<f64>, label: Option<u8>, risk_factor: Option<&String>) -> Severity {
    const LABELS: [Severity; 5] = [Severity::Info, Severity::Low, Severity::Medium, Severity::High, Severity::Critical];
    let word = || risk_factor.and_then(|word| Severity::of_word(word)).unwrap_or_default();
    let label = || label.and_then(|label| LABELS.get(usize::from(label)).copied());
    score.map(Severity::of_score).or_else(label).unwrap_or_else(word)
}

impl Scores {
    fn score(&mut self, version: usize, text: &str) {
        self.0[version].0 = text.parse().ok().filter(|score| (0.0..=10.0).contains(score));
    }

    fn vector(&mut self, version: usize, text: &str) {
        // `CVSS2#AV:N/…`: the prefix is Tenable's.
        let vector = text.split_once('#').map_or(text, |(_, vector)| vector);
        vector.clone_into(&mut self.0[version].1);
    }

    fn list(self) -> Vec<Cvss> {
        let versions = ["4.0", "3.0", "2.0"];
        let scores = self.0.into_iter().zip(versions);
        let cvss = |((score, vector), version): ((Option<f64>, String), &str)| {
            let version = if vector.starts_with("CVSS:3.1/") { "3.1" } else { version };
            Some(Cvss { version: version.to_owned(), vector, score: score? })
        };
        scores.filter_map(cvss).collect()
    }
}
