//! From a record and its description to occurrences.

use std::borrow::Cow;
use std::cell::Cell;
use std::collections::BTreeMap;

use memchr::memmem;
use report_formats::table::{Expression, Places, Record as Description, Scores, Severities};
use tokens::tree::{NodeIndex, Tree};

use super::Reading;
use super::scope::{Held, Scope, Slots};
use super::transform::number;
use crate::budget::{Source, Wanted};
use crate::format::texts::{add_text_once, block, one_line, prefix};
use crate::format::{cvss, ids, purl};
use crate::{
    Asset, Component, Cvss, Finding, FindingKind, Identity, KnownFindings, Location, Occurrence, Problem, ProblemCode, ReadError,
    ReadErrorKind, Record, Severity, Status, limits,
};

/// A secret that is shorter would be taken out of every other word.
const SHORTEST_SECRET: usize = 5;

/// A record that becomes occurrences.
#[derive(Debug)]
pub(super) struct Item {
    pub(super) tree: Tree,
    offset: u64,
    line: u64,
    /// Descriptions that it may be of.
    kinds: &'static [u8],
    kind: usize,
    /// The elements of `each`, once they are known, and the next of them.
    each: Option<Vec<Option<NodeIndex>>>,
    next: usize,
    held: Held,
    /// It cannot be used.
    problem: Option<Problem>,
    /// It is none of the records that are wanted, by what it says itself.
    pub(super) left_out: bool,
}

impl Item {
    pub(super) fn new(tree: Tree, kinds: &'static [u8], offset: u64, line: u64) -> Self {
        Self { tree, offset, line, kinds, kind: 0, each: None, next: 0, held: Held::default(), problem: None, left_out: false }
    }

    /// One that cannot be used.
    pub(super) fn problem(code: ProblemCode, message: String, offset: u64, line: u64) -> Self {
        let problem = Problem { code, message, offset, line, excerpt: String::new() };
        Self { problem: Some(problem), ..Self::new(Tree::default(), &[], offset, line) }
    }

    /// One of which more is needed than may be held.
    pub(super) fn too_large(offset: u64, line: u64) -> Self {
        let message = format!("what is needed of this record is more than {} bytes (limits::RECORD)", limits::RECORD);
        Self::problem(ProblemCode::TooLarge, message, offset, line)
    }

    /// Goes on by one element: the occurrence of it, or what is wrong with it. An error where it says that the scanner failed. Of an occurrence that
    /// was given before a suspension nothing is made, nor counted.
    pub(super) fn next(
        &mut self,
        reading: &'static Reading,
        slots: &Slots,
        wanted: &mut Wanted<'_>,
        was_given: bool,
    ) -> Result<Made, ReadError> {
        let source = Source { offset: self.offset, line: self.line, length: self.tree.size() };
        if let Some(problem) = self.problem.take() {
            if was_given {
                return Ok(Made::Skipped);
            }
            let problem = Record::Problem(problem);
            wanted.budget.give(&problem, source)?;
            return Ok(Made::Record(problem));
        }
        let kind = self.kinds.get(self.kind).and_then(|kind| reading.records.get(usize::from(*kind)));
        let Some(description) = kind else { return Ok(Made::All) };
        let seen = Cell::new(0);
        let whole = Scope { tree: &self.tree, each: None, slots, seen: &seen, held: &self.held };
        let each = self.each.get_or_insert_with(|| elements(description, &whole));
        let Some(element) = each.get(self.next) else {
            (self.kind, self.each, self.next) = (self.kind + 1, None, 0);
            return Ok(Made::Nothing);
        };
        self.next += 1;
        let scope = Scope { each: *element, ..whole };
        let is_one = scope.holds(&description.only) && !scope.any_holds(&description.except);
        if was_given {
            return Ok(if is_one { Made::Skipped } else { Made::Nothing });
        }
        if !is_one {
            self.left_out |= scope.says(&description.only) || scope.says(&description.except);
            wanted.budget.look(1 + seen.get(), source)?;
            return Ok(Made::Nothing);
        }
        if let Some(failure) = &description.failure {
            return Err(self.failed(scope.text(failure)));
        }
        let secret = description.secret.as_ref().and_then(|secret| scope.text(secret)).unwrap_or_default();
        let has_room = wanted.budget.has_room(source);
        let record = Making::new(description, scope, &secret, wanted.known, has_room).record(self.offset, self.line);
        wanted.budget.look(seen.get(), source)?;
        wanted.budget.give(&record, source)?;
        Ok(Made::Record(record))
    }

    /// The record says that the scanner failed.
    fn failed(&self, said: Option<Cow<'_, str>>) -> ReadError {
        let said = said.map_or_else(String::new, |said| format!(": {}", prefix(&one_line(said, limits::NAME), limits::NAME)));
        let message = format!("the scanner could not do its work{said}");
        ReadError { kind: ReadErrorKind::NotThisFormat, message, offset: self.offset, line: self.line }
    }
}

/// What becomes of an element of a record.
pub(super) enum Made {
    /// An occurrence, or a problem.
    Record(Record),
    /// An occurrence that was given already.
    Skipped,
    /// It is none.
    Nothing,
    /// There are no others.
    All,
}

/// What to make occurrences of: a record without any of what `each` names gives one.
fn elements(description: &Description, scope: &Scope<'_>) -> Vec<Option<NodeIndex>> {
    let Some(each) = &description.each else { return vec![None] };
    let nodes: Vec<Option<NodeIndex>> = scope.nodes(each).into_iter().map(Some).collect();
    if nodes.is_empty() { vec![None] } else { nodes }
}

struct Making<'a> {
    description: &'static Description,
    scope: Scope<'a>,
    /// Empty for none.
    secret: &'a str,
    /// Finds it in texts: it goes into none.
    hidden: Option<memmem::Finder<'a>>,
    known: &'a KnownFindings,
    /// For long texts and lists.
    has_room: bool,
}

impl<'a> Making<'a> {
    fn new(description: &'static Description, scope: Scope<'a>, secret: &'a str, known: &'a KnownFindings, has_room: bool) -> Self {
        let trimmed = secret.trim();
        let hidden = (trimmed.len() >= SHORTEST_SECRET).then(|| memmem::Finder::new(trimmed));
        Self { description, scope, secret, hidden, known, has_room }
    }

    fn record(&self, offset: u64, line: u64) -> Record {
        let rule = self.scope.text(&self.description.rule).map(Cow::into_owned);
        let title = self.scope.text(&self.description.title).map(|title| one_line(title, limits::NAME));
        let (rule_id, title) = match (rule, title) {
            (Some(rule), Some(title)) => (rule, title),
            (Some(only), None) | (None, Some(only)) => (only.clone(), only),
            (None, None) => {
                let message =
                    format!("expected what names the finding in a record at {}, found neither rule nor title", self.description.at);
                return Record::Problem(Problem { code: ProblemCode::MissingField, message, offset, line, excerpt: String::new() });
            }
        };
        let (asset, location) = (self.asset(), self.location());
        let is_needed = self.has_room || self.is_told_by_evidence();
        let mut evidence = if is_needed { self.paragraphs(&self.description.evidence) } else { String::new() };
        let finding = self.finding(rule_id, self.hide(title), &asset, &location, &evidence);
        if !self.has_room {
            self.scope.see(evidence.len());
            evidence = String::new();
        }
        Record::Occurrence(Box::new(Occurrence { finding, asset, location, evidence, offset, line }))
    }

    fn finding(&self, rule_id: String, title: String, asset: &Asset, location: &Location, evidence: &str) -> Finding {
        let d = self.description;
        let mut finding = Finding {
            tool: lowercase(self.scope.text(&d.tool).unwrap_or_default()),
            kind: d.kind,
            component: self.component(),
            rule_id,
            title,
            ..Finding::default()
        };
        finding.identity = self.identity(&finding, asset, location, evidence);
        if self.known.contains(&finding.identity) {
            return finding;
        }
        let cvss = self.scores(&d.cvss);
        finding.severity = self.severity(&d.severity, &cvss);
        finding.cvss = cvss;
        finding.status = self.status();
        finding.cwes = self.cwes();
        if !self.has_room {
            return finding;
        }
        finding.description = self.paragraphs(&d.description);
        finding.solution = self.paragraphs(&d.solution);
        finding.attributes = self.attributes(&d.attributes);
        for id in self.scope.all(&d.ids) {
            add_text_once(&mut finding.vulnerability_ids, &id);
        }
        for link in self.scope.all(&d.references) {
            add_text_once(&mut finding.references, link.trim());
        }
        finding
    }

    /// Whether evidence may be what tells the finding from others of its rule.
    fn is_told_by_evidence(&self) -> bool {
        let Description { identity, kind, .. } = self.description;
        identity.is_none() && matches!(kind, FindingKind::Code | FindingKind::Dependency)
    }

    /// See [`Identity`] for what makes two findings the same.
    fn identity(&self, finding: &Finding, asset: &Asset, location: &Location, evidence: &str) -> Identity {
        let own = |parts: &[&str]| Identity::finding(&finding.tool, &finding.rule_id, parts);
        let of = |texts: Vec<Cow<'_, str>>| own(&texts.iter().map(AsRef::as_ref).collect::<Vec<_>>());
        if let Some(identity) = &self.description.identity {
            // One part for each expression: what is not there must not move the others.
            return of(identity.iter().map(|expr| self.scope.text(expr).unwrap_or_default()).collect());
        }
        let path = location.path.as_deref().or(location.url.as_deref()).unwrap_or_default();
        let mark = self.scope.all(&self.description.fingerprint);
        match (finding.kind, &finding.component) {
            (FindingKind::Host, _) => own(&[]),
            (FindingKind::Web, _) => own(&[&asset.identity]),
            (FindingKind::Dependency, Some(component)) => own(&[&component.name, &component.version]),
            (FindingKind::Secret, _) => own(&[path, self.secret]),
            (_, _) if !mark.is_empty() => of([Cow::Borrowed(path)].into_iter().chain(mark).collect()),
            (FindingKind::Configuration, _) => own(&[if path.is_empty() { &asset.identity } else { path }]),
            (_, _) => own(&[path, if evidence.is_empty() { &finding.title } else { evidence }]),
        }
    }

    fn severity(&self, description: &Severities, cvss: &[Cvss]) -> Severity {
        let word = || self.scope.texts(description.word.as_ref()?).iter().find_map(|word| severity_of(word, description));
        let score = || {
            let score = description.score.as_ref().and_then(|score| number(&self.scope.text(score)?)?.parse::<f64>().ok());
            let score = score.or_else(|| cvss.first().map(|cvss| cvss.score));
            score.filter(|score| (0.0..=10.0).contains(score)).map(Severity::of_score)
        };
        let found = if description.score_first { score().or_else(word) } else { word().or_else(score) };
        found.unwrap_or(description.default)
    }

    fn status(&self) -> Status {
        let states = self.description.status.iter();
        states.into_iter().find(|(_, conditions)| self.scope.holds(conditions)).map_or(Status::Open, |(status, _)| *status)
    }

    fn cwes(&self) -> Vec<u32> {
        let mut cwes = Vec::new();
        for text in self.scope.all(&self.description.cwes) {
            ids::add_cwes(&mut cwes, &text);
        }
        cwes
    }

    fn scores(&self, descriptions: &[Scores]) -> Vec<Cvss> {
        let mut scores: Vec<Cvss> = Vec::new();
        for description in descriptions {
            let vector = self.scope.option(description.vector.as_ref()).unwrap_or_default();
            let score = description.score.as_ref().and_then(|score| number(&self.scope.text(score)?)?.parse::<f64>().ok());
            let version = cvss::version(&vector).unwrap_or(&description.version);
            let Some(score) = score.filter(|score| (0.0..=10.0).contains(score)).or_else(|| cvss::score(&vector)) else { continue };
            if scores.iter().all(|known| known.version != version || known.score.to_bits() != score.to_bits()) {
                scores.push(Cvss { version: version.to_owned(), vector, score });
            }
        }
        scores.sort_by(|one, other| other.version.cmp(&one.version));
        scores
    }

    fn component(&self) -> Option<Component> {
        let description = self.description.component.as_ref()?;
        let name = self.scope.text(&description.name)?.into_owned();
        let version = self.scope.option(description.version.as_ref()).unwrap_or_default();
        let made = || purl::of(&self.scope.text(description.kind.as_ref()?)?, &name, &version);
        let purl = self.scope.option(description.purl.as_ref()).filter(|purl| purl.starts_with("pkg:")).or_else(made);
        Some(Component { name, version, purl })
    }

    fn asset(&self) -> Asset {
        let description = &self.description.asset;
        let kind =
            description.kinds.iter().find(|(_, conditions)| self.scope.holds(conditions)).map_or(description.kind, |(kind, _)| *kind);
        let identity = self.scope.text(&description.identity).or_else(|| self.scope.text(&self.description.tool));
        Asset {
            kind,
            identity: identity.unwrap_or_default().into_owned(),
            hostname: self.scope.option(description.hostname.as_ref()),
            attributes: self.attributes(&description.attributes),
        }
    }

    fn location(&self) -> Location {
        let Places { host, port, protocol, service, url, parameter, path, line } = &self.description.location;
        let option = |expr| self.scope.option(Option::as_ref(expr));
        Location {
            host: option(host),
            port: option(port).and_then(|port| whole(&port)?.parse().ok()).filter(|port| *port > 0),
            protocol: option(protocol).map(|protocol| protocol.to_ascii_lowercase()),
            service: option(service),
            url: option(url).map(|url| self.hide(url)),
            parameter: option(parameter),
            path: option(path),
            line: option(line).and_then(|line| whole(&line)?.parse().ok()).filter(|line| *line > 0),
        }
    }

    fn attributes(&self, descriptions: &[(Box<str>, Expression)]) -> BTreeMap<String, String> {
        let mut attributes = BTreeMap::new();
        for (name, expr) in descriptions.iter().filter(|_| self.has_room) {
            let mut joined = String::new();
            self.each_joined(expr, ", ", &mut joined, limits::URL, |text| text);
            if !joined.is_empty() {
                attributes.insert(name.to_string(), self.hide(joined));
            }
        }
        attributes
    }

    /// The texts of all expressions, each a paragraph.
    fn paragraphs(&self, exprs: &[Expression]) -> String {
        let mut text = String::new();
        for expr in exprs {
            self.each_joined(expr, "\n\n", &mut text, limits::TEXT, block);
        }
        self.hide(text)
    }

    /// Adds the texts of an expression to one, with what separates them, until it is longer than its limit. Each whole: a secret may be in it.
    fn each_joined(&self, expr: &Expression, separator: &str, joined: &mut String, limit: usize, part: fn(&str) -> &str) {
        if joined.len() > limit {
            return;
        }
        self.scope.each_text(expr, &mut |text| {
            if !joined.is_empty() {
                joined.push_str(separator);
            }
            joined.push_str(part(&text));
            joined.len() <= limit
        });
    }

    /// Without the secret, if there is one.
    fn hide(&self, text: String) -> String {
        let Some(finder) = &self.hidden else { return text };
        let (mut hidden, mut rest) = (String::new(), text.as_str());
        while let Some(at) = finder.find(rest.as_bytes()) {
            hidden.push_str(&rest[..at]);
            hidden.push_str("[secret]");
            rest = &rest[at + finder.needle().len()..];
        }
        if hidden.is_empty() {
            return text;
        }
        hidden + rest
    }
}

/// The first number in a text without its fraction: spreadsheets make `443.0` of 443.
fn whole(text: &str) -> Option<&str> {
    number(text)?.split('.').next()
}

/// The severity that a word stands for.
fn severity_of(word: &str, description: &Severities) -> Option<Severity> {
    let word = lowercase(Cow::Borrowed(word.trim()));
    let own = description.map.iter().find(|(known, _)| **known == *word).map(|(_, severity)| *severity);
    own.or_else(|| Severity::of_word(&word))
}

fn lowercase(text: Cow<'_, str>) -> String {
    if text.bytes().all(|byte| byte.is_ascii() && !byte.is_ascii_uppercase()) { text.into_owned() } else { text.to_lowercase() }
}
