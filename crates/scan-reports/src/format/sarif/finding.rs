//! A result (§3.27) as occurrences.
//!
//! | field | from |
//! |---|---|
//! | severity | `security-severity` of the rule or the result, a score or a word; else the level: the result's, the invocation's, the rule's default; else warning |
//! | status | `closed` if the baseline state is absent (§3.27.24); `false_positive` if a suppression is accepted (§3.27.23, 3.35.3) |
//! | title | the message; else the rule's short or full description, name, id |
//! | CWEs | the rule's relationships, `cwe`, tags; those of the result; the result's taxa |
//! | identity | path and the tool's fingerprint (§3.27.16, 3.27.17), else the snippet, else the message |
//! | component | a package URL, wherever there is one; `component` in the properties; Trivy's message |

use std::borrow::Cow;
use std::fmt::Write as _;

use serde_json::Value;

use super::objects::{Facts, Location as SarifLocation, Message, Properties, Reference, Result as SarifResult, Rule, Suppression};
use super::run::{Definitions, RulePlace};
use crate::budget::{Source, Wanted};
use crate::format::ids;
use crate::format::texts::{add_once, one_line, push_within};
use crate::format::url::Url;
use crate::{
    Asset, AssetKind, Component, Cvss, Finding, FindingKind, Identity, KnownFindings, Location, Occurrence, ReadError, Record, Severity,
    Status, limits,
};

/// Bytes of a message that become a title; the whole is in the description.
const TITLE: usize = 200;

/// The occurrences of one result.
#[derive(Debug)]
pub(super) struct Findings {
    result: SarifResult,
    source: Source,
    next: usize,
    /// What they have in common, once it is needed.
    common: Option<Common>,
    /// The same of their finding.
    finding: Option<Box<Finding>>,
}

/// What the occurrences of a result have in common: a result may have thousands of locations.
#[derive(Debug)]
struct Common {
    tool: String,
    rule_id: String,
    message: String,
    fingerprint: Option<String>,
    /// The package that a property names by its URL.
    component: Option<Component>,
    /// The one that the result names otherwise: only where no location names one.
    other_component: Option<Component>,
}

impl Findings {
    /// Those of a result from the one of that number on; none if the result says that nothing is wrong.
    pub(super) fn of(result: SarifResult, source: Source, next: usize) -> Option<Self> {
        let fails = result.kind.as_deref().is_none_or(|kind| kind.is_empty() || kind == "fail");
        let findings = Self { result, source, next, common: None, finding: None };
        (fails && !findings.is_empty()).then_some(findings)
    }

    /// Whether all are given.
    pub(super) fn is_empty(&self) -> bool {
        self.next >= self.result.locations.len().max(1)
    }

    /// The next one.
    pub(super) fn next(&mut self, run: &Definitions, wanted: &mut Wanted<'_>) -> Result<Record, ReadError> {
        let nowhere = SarifLocation::default();
        let Self { result, source, next, common, finding } = self;
        let result = &*result;
        let (place, rule) = run.rule(result).unzip();
        let location = result.locations.get(*next).unwrap_or(&nowhere);
        let common = common.get_or_insert_with(|| Common::of(result, rule, run));
        let has_room = wanted.budget.has_room(*source);
        let reading = Reading { result, rule, place, run, location, common, has_room };
        // What tells it from others is looked at for each.
        wanted.budget.look(reading.mark().len() as u64, *source)?;
        let record = Record::Occurrence(Box::new(reading.occurrence(*source, wanted.known, finding)));
        wanted.budget.give(&record, *source)?;
        *next += 1;
        Ok(record)
    }
}

impl Common {
    fn of(result: &SarifResult, rule: Option<&Rule>, run: &Definitions) -> Self {
        let message = message(&result.message, rule, run);
        let properties = || properties(result, rule);
        let mut purls = properties().flat_map(|properties| properties.purl.iter().chain(&properties.purls)).map(String::as_str);
        Self {
            tool: run.tool_name(),
            rule_id: rule_id(result, rule),
            fingerprint: fingerprint(result),
            component: purls.find_map(ids::component_of_purl),
            other_component: properties().find_map(named_component).or_else(|| ids::component_of_text(&message)),
            message,
        }
    }
}

/// A result at one of its locations, with all that helps to read it.
struct Reading<'a> {
    result: &'a SarifResult,
    rule: Option<&'a Rule>,
    place: Option<RulePlace>,
    run: &'a Definitions,
    location: &'a SarifLocation,
    common: &'a Common,
    /// For long texts and lists.
    has_room: bool,
}

impl<'a> Reading<'a> {
    fn occurrence(&self, Source { offset, line, .. }: Source, known: &KnownFindings, made: &mut Option<Box<Finding>>) -> Occurrence {
        let uri = self.uri();
        let web = uri.is_some_and(|uri| origin(uri).is_some()) && !self.run.is_of_repository();
        let location = Location {
            url: uri.filter(|_| web).map(str::to_owned),
            path: uri.filter(|_| !web).map(str::to_owned),
            line: whole(self.location.physical_location.region.start_line),
            ..Location::default()
        };
        let asset = match uri.and_then(origin).filter(|_| web) {
            Some(origin) => Asset { kind: AssetKind::Site, identity: origin.to_owned(), ..Asset::default() },
            None => self.run.asset().clone(),
        };
        let finding = self.finding(web.then_some(asset.identity.as_str()), known, made);
        let evidence = if self.has_room { self.snippet().unwrap_or(&self.common.message) } else { "" };
        Occurrence { finding, asset, location, evidence: evidence.to_owned(), offset, line }
    }

    /// The finding at this location. What the others share with it is `made` once.
    fn finding(&self, site: Option<&str>, known: &KnownFindings, made: &mut Option<Box<Finding>>) -> Finding {
        let component = self.component();
        let kind = match (&component, site) {
            (Some(_), _) => FindingKind::Dependency,
            (None, Some(_)) => FindingKind::Web,
            (None, None) => FindingKind::Code,
        };
        let identity = self.identity(component.as_ref(), site);
        if known.contains(&identity) {
            return Finding { identity, tool: self.common.tool.clone(), ..Finding::default() };
        }
        let made = made.get_or_insert_with(|| Box::new(self.finding_anywhere()));
        if self.has_room {
            let mut finding = Finding { identity, kind, component, ..(**made).clone() };
            self.add_facts_of_location(&mut finding);
            return finding;
        }
        let Finding { title, severity, status, cwes, cvss, tool, rule_id, .. } = &**made;
        let (title, cwes, cvss) = (title.clone(), cwes.clone(), cvss.clone());
        let (tool, rule_id) = (tool.clone(), rule_id.clone());
        Finding { identity, kind, component, title, severity: *severity, status: *status, cwes, cvss, tool, rule_id, ..Finding::default() }
    }

    /// What does not depend on the location.
    fn finding_anywhere(&self) -> Finding {
        Finding {
            title: self.title(&self.common.rule_id),
            severity: self.severity(),
            status: self.status(),
            description: self.description(),
            solution: self.solution(),
            vulnerability_ids: self.vulnerability_ids(&self.common.rule_id),
            cwes: self.cwes(),
            cvss: self.properties().find_map(cvss).into_iter().collect(),
            references: self.references(),
            attributes: self.attributes(),
            tool: self.common.tool.clone(),
            rule_id: self.common.rule_id.clone(),
            ..Finding::default()
        }
    }

    /// The URI of the location, or else of the file that was analysed (§3.27.13).
    fn uri(&self) -> Option<&str> {
        let location = self.run.uri(&self.location.physical_location.artifact_location);
        location.or_else(|| self.run.uri(&self.result.analysis_target))
    }

    fn logical_name(&self) -> Option<&str> {
        self.location.logical_locations.iter().find_map(|location| self.run.logical_name(location))
    }

    /// The code, or else the code around it.
    fn snippet(&self) -> Option<&str> {
        let place = &self.location.physical_location;
        [&place.region, &place.context_region].into_iter().find_map(|region| region.snippet.as_ref()?.plain())
    }

    /// The property bags: the rule's, the result's.
    fn properties(&self) -> impl Iterator<Item = &'a Properties> {
        properties(self.result, self.rule)
    }

    fn identity(&self, component: Option<&Component>, site: Option<&str>) -> Identity {
        let Common { tool, rule_id, .. } = self.common;
        if let Some(component) = component {
            return Identity::finding(tool, rule_id, &[&component.name, &component.version]);
        }
        if let Some(site) = site {
            return Identity::finding(tool, rule_id, &[site]);
        }
        let place = self.uri().or_else(|| self.logical_name()).unwrap_or_default();
        Identity::finding(tool, rule_id, &[place, self.mark()])
    }

    /// What tells findings of one rule in one place apart.
    fn mark(&self) -> &str {
        let own = self.common.fingerprint.as_deref();
        own.or_else(|| self.snippet()).unwrap_or(&self.common.message)
    }

    fn title(&self, rule_id: &str) -> String {
        let rule = self.rule.map(|rule| [rule.short_description.plain(), rule.full_description.plain(), rule.name.as_deref()]);
        let mut candidates = vec![Some(self.common.message.as_str())];
        candidates.extend(rule.into_iter().flatten());
        candidates.push(Some(rule_id));
        if ids::component_of_text(&self.common.message).is_some() {
            // A table of facts is no title, unless there is no other.
            candidates.rotate_left(1);
        }
        candidates
            .into_iter()
            .flatten()
            .map(title_of)
            .find(|title| !title.is_empty())
            .unwrap_or_else(|| "result without a message".to_owned())
    }

    fn severity(&self) -> Severity {
        let own = self.properties().find_map(|properties| severity_of(properties.security_severity.as_deref()?));
        own.unwrap_or_else(|| match self.level() {
            Some("note") => Severity::Info,
            Some("error") => Severity::High,
            _ => Severity::Medium,
        })
    }

    fn level(&self) -> Option<&str> {
        let of_rule = || self.run.override_of(self.place?).or(self.rule?.default_configuration.level.as_deref());
        self.result.level.as_deref().or_else(of_rule)
    }

    fn status(&self) -> Status {
        if self.result.baseline_state.as_deref() == Some("absent") {
            return Status::Closed;
        }
        if self.result.suppressions.iter().any(accepted) { Status::FalsePositive } else { Status::Open }
    }

    /// The whole message where the title is not, and what the rule says.
    fn description(&self) -> String {
        let rule = self.rule.and_then(|rule| rule.full_description.plain().or_else(|| rule.short_description.plain()));
        let message = Some(self.common.message.as_str()).filter(|text| rule.is_none() || text.len() > TITLE || text.contains('\n'));
        let mut parts: Vec<&str> = message.into_iter().chain(rule).filter(|text| !text.trim().is_empty()).collect();
        parts.dedup();
        joined(parts.into_iter(), "\n\n")
    }

    /// The fixes that the result offers, or else the rule's help.
    fn solution(&self) -> String {
        let mut fixes = self.result.fixes.iter().filter_map(|fix| fix.description.plain()).peekable();
        if fixes.peek().is_some() {
            return joined(fixes, "\n");
        }
        self.rule.and_then(|rule| rule.help.plain()).unwrap_or_default().to_owned()
    }

    /// What the rule says of all of its results: found out once, most results have nothing of their own to add.
    fn facts(&self) -> Option<&'a Facts> {
        let (rule, run) = (self.rule?, self.run);
        Some(rule.facts.get_or_init(|| {
            let tags = || rule.properties.tags.iter().map(String::as_str);
            let targets = rule.relationships.iter().filter_map(|relationship| cwe_of(&relationship.target, run));
            Facts {
                vulnerability_ids: unique(rule.name.as_deref().into_iter().chain(tags()).flat_map(ids::vulnerability_ids)),
                cwes: unique(targets.chain(cwes_of_bag(&rule.properties))),
                tags: unique(tags()).join(", "),
            }
        }))
    }

    fn vulnerability_ids(&self, rule_id: &str) -> Vec<String> {
        let of_rule = self.facts().into_iter().flat_map(|facts| facts.vulnerability_ids.iter().cloned());
        let of_tags = self.result.properties.tags.iter().flat_map(|tag| ids::vulnerability_ids(tag));
        unique(ids::vulnerability_ids(rule_id).into_iter().chain(of_rule).chain(of_tags))
    }

    fn cwes(&self) -> Vec<u32> {
        let of_rule = self.facts().into_iter().flat_map(|facts| facts.cwes.iter().copied());
        let of_taxa = self.result.taxa.iter().filter_map(|taxon| cwe_of(taxon, self.run));
        unique(of_rule.chain(cwes_of_bag(&self.result.properties)).chain(of_taxa))
    }

    fn tags(&self) -> Cow<'a, str> {
        let own = &self.result.properties.tags;
        match self.facts() {
            Some(facts) if own.is_empty() => Cow::Borrowed(&facts.tags),
            _ => Cow::Owned(unique(self.properties().flat_map(|properties| properties.tags.iter().map(String::as_str))).join(", ")),
        }
    }

    fn references(&self) -> Vec<String> {
        let links = [self.rule.and_then(|rule| rule.help_uri.as_ref()), self.result.hosted_viewer_uri.as_ref()];
        unique(links.into_iter().flatten().filter(|link| !link.is_empty()).cloned())
    }

    fn component(&self) -> Option<Component> {
        let mut logical = self.location.logical_locations.iter().filter_map(|location| self.run.logical_name(location));
        let Common { component, other_component, .. } = self.common;
        component.clone().or_else(|| logical.find_map(ids::component_of_purl)).or_else(|| other_component.clone())
    }

    fn attributes(&self) -> std::collections::BTreeMap<String, String> {
        let suppressions = &self.result.suppressions;
        let suppression = suppressions.iter().find(|suppression| accepted(suppression)).or(suppressions.first());
        let tags = self.tags();
        let facts = [
            ("rule_name", self.rule.and_then(|rule| rule.name.as_deref())),
            ("tags", Some(tags.as_ref())),
            ("precision", self.properties().find_map(|properties| properties.precision.as_deref())),
            ("rank", self.result.rank.as_deref()),
            ("baseline_state", self.result.baseline_state.as_deref()),
            ("suppression", suppression.and_then(|suppression| suppression.kind.as_deref())),
            ("suppression_status", suppression.and_then(|suppression| suppression.status.as_deref())),
            ("justification", suppression.and_then(|suppression| suppression.justification.as_deref())),
        ];
        facts.into_iter().filter_map(fact).collect()
    }

    fn add_facts_of_location(&self, finding: &mut Finding) {
        let base = self.location.physical_location.artifact_location.uri_base_id.as_deref();
        finding.attributes.extend([("logical_location", self.logical_name()), ("uri_base_id", base)].into_iter().filter_map(fact));
    }
}

/// A fact that has a value.
fn fact((name, value): (&str, Option<&str>)) -> Option<(String, String)> {
    Some((name.to_owned(), value.filter(|value| !value.is_empty())?.to_owned()))
}

/// Texts as one, up to the limit of texts.
fn joined<'t>(texts: impl Iterator<Item = &'t str>, separator: &str) -> String {
    let mut joined = String::new();
    for text in texts {
        if joined.len() > limits::TEXT {
            break;
        }
        if !joined.is_empty() {
            push_within(&mut joined, separator, limits::TEXT);
        }
        push_within(&mut joined, text, limits::TEXT);
    }
    joined
}

/// The property bags: the rule's, the result's.
fn properties<'a>(result: &'a SarifResult, rule: Option<&'a Rule>) -> impl Iterator<Item = &'a Properties> {
    rule.map(|rule| &rule.properties).into_iter().chain([&result.properties])
}

fn rule_id(result: &SarifResult, rule: Option<&Rule>) -> String {
    let ids = [result.rule_id.as_ref(), result.rule.id.as_ref(), rule.and_then(|rule| rule.id.as_ref())];
    ids.into_iter().flatten().find(|id| !id.is_empty()).cloned().unwrap_or_default()
}

fn named_component(properties: &Properties) -> Option<Component> {
    let name = properties.component.clone().filter(|name| !name.is_empty())?;
    Some(Component { name, version: properties.component_version.clone()?, purl: None })
}

/// The tool's own fingerprint: the first of the whole ones, or else all of the partial ones, each in its newest version.
fn fingerprint(result: &SarifResult) -> Option<String> {
    let whole = result.fingerprints.iter().find_map(|(_, value)| fingerprint_text(value)).map(Cow::into_owned);
    whole.or_else(|| {
        let newest = ids::newest_versions(&result.partial_fingerprints);
        let mut parts = String::new();
        for (name, value) in newest {
            let Some(value) = fingerprint_text(value) else { continue };
            let _ = write!(parts, "{}{name}:{value}", if parts.is_empty() { "" } else { "|" });
        }
        (!parts.is_empty()).then_some(parts)
    })
}

/// The number of a taxon, if it is a weakness.
fn cwe_of(reference: &Reference, run: &Definitions) -> Option<u32> {
    let (id, taxonomy) = run.taxon(reference);
    ids::cwe_of_taxon(id.unwrap_or_default(), taxonomy.unwrap_or_default())
}

fn cwes_of_bag(properties: &Properties) -> impl Iterator<Item = u32> {
    ids::cwes_of_value(&properties.cwe).into_iter().chain(properties.tags.iter().flat_map(|tag| ids::cwes(tag)))
}

/// §3.35.3: without a status it is.
fn accepted(suppression: &Suppression) -> bool {
    suppression.status.as_deref().is_none_or(|status| status == "accepted")
}

/// The text of a message (§3.11.7): its own, or the one with its id in the rule or the tool, with the arguments put in.
fn message(message: &Message, rule: Option<&Rule>, run: &Definitions) -> String {
    let by_id = || {
        let id = message.id.as_deref()?;
        rule.and_then(|rule| rule.message_strings.get(id)?.plain()).or_else(|| run.global_text(id))
    };
    let text = message.plain().or_else(by_id).unwrap_or_default();
    if message.arguments.is_empty() { text.to_owned() } else { with_arguments(text, &message.arguments) }
}

/// Puts arguments in the place of `{0}`, `{1}` and so on, up to the limit of texts; `{{` and `}}` are braces (§3.11.5).
fn with_arguments(text: &str, arguments: &[String]) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(['{', '}']).filter(|_| out.len() <= limits::TEXT) {
        push_within(&mut out, &rest[..at], limits::TEXT);
        rest = &rest[at..];
        let is_doubled = rest.starts_with("{{") || rest.starts_with("}}");
        match placeholder(rest).and_then(|(number, length)| Some((arguments.get(number)?, length))) {
            Some((argument, length)) if !is_doubled => {
                push_within(&mut out, argument, limits::TEXT);
                rest = &rest[length..];
            }
            _ => {
                push_within(&mut out, &rest[..1], limits::TEXT);
                rest = &rest[1 + usize::from(is_doubled)..];
            }
        }
    }
    push_within(&mut out, rest, limits::TEXT);
    out
}

/// The number of the placeholder that a text begins with, and its length.
fn placeholder(text: &str) -> Option<(usize, usize)> {
    let inner = text.strip_prefix('{')?;
    let digits = inner.bytes().take_while(u8::is_ascii_digit).count();
    let number = inner[..digits].parse().ok()?;
    inner[digits..].starts_with('}').then_some((number, digits + 2))
}

/// A fingerprint as text. Some writers put an object there; Semgrep, used without an account, puts the words "requires login".
fn fingerprint_text(value: &Value) -> Option<Cow<'_, str>> {
    match value {
        Value::String(text) if text.is_empty() || text == "requires login" => None,
        Value::String(text) => Some(Cow::Borrowed(text)),
        Value::Null => None,
        other => Some(Cow::Owned(other.to_string())),
    }
}

/// A score or a word.
fn severity_of(text: &str) -> Option<Severity> {
    if let Ok(score) = text.trim().parse::<f64>() {
        return (0.0..=10.0).contains(&score).then(|| Severity::of_score(score));
    }
    Severity::of_word(text)
}

/// The score that Dependency-Check and others add.
fn cvss(properties: &Properties) -> Option<Cvss> {
    let score = properties.cvss3_score.as_deref()?.trim().parse::<f64>().ok().filter(|score| (0.0..=10.0).contains(score))?;
    let vector = properties.cvss3_vector.clone().unwrap_or_default();
    let version = vector.strip_prefix("CVSS:").and_then(|rest| rest.split('/').next()).unwrap_or("3.1").to_owned();
    Some(Cvss { version, vector, score })
}

/// The start of a text, with single blanks. It ends with a whole word, unless the first is longer than a title.
fn title_of(text: &str) -> String {
    let mut line = one_line(Cow::Borrowed(text), TITLE);
    if line.len() > TITLE {
        line.truncate(line.rfind(' ').map_or_else(|| line.floor_char_boundary(TITLE), |blank| blank + 1));
        line.push('…');
    }
    line
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked")]
fn whole(number: Option<f64>) -> Option<u64> {
    number.filter(|number| (1.0..1e15).contains(number)).map(|number| number as u64)
}

/// Scheme and authority of a web address.
fn origin(uri: &str) -> Option<&str> {
    Url::of(uri).filter(Url::is_web).map(|url| url.origin)
}

fn unique<T: PartialEq>(items: impl Iterator<Item = T>) -> Vec<T> {
    let mut list = Vec::new();
    items.for_each(|item| add_once(&mut list, item));
    list
}
