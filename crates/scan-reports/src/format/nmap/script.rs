//! Scripts that report vulnerabilities in their structured output.
//!
//! `vulners` lists what its database knows of a CPE: `table key=CPE` / `table` / `elem key=id|type|cvss|is_exploit`. Each entry is a
//! finding, by its id.
//!
//! Scripts on Nmap's library `vulns` say what they tested: `table key=ID` / `elem key=title|state|disclosure`, `table
//! key=ids|refs|scores|description`. Each is a finding whose state is (likely) vulnerable.

use std::borrow::Cow;
use std::cell::OnceCell;

use tokens::xml::{Event, StartTag};

use super::{At, TOOL};
use crate::format::texts::{Gathered, add_text_once, block, prefix};
use crate::{Component, Finding, FindingKind, Identity, Severity, limits};

/// What is kept of one `elem`.
pub(super) const TEXT: usize = 4096;

/// A script's output, while in it. Used again for the next one, as a report may have one on every port.
#[derive(Default)]
pub(super) struct Script {
    /// Where it begins.
    pub(super) at: At,
    /// That of its element, 0 outside of it.
    depth: usize,
    pub(super) id: String,
    pub(super) output: String,
    /// Keys of the open tables, as far as they are of use.
    keys: [String; 2],
    key: String,
    entry: Entry,
    found: bool,
    /// What its output says of the risk, once a vulnerability asked for it.
    risk: OnceCell<Severity>,
}

/// What the tables of one vulnerability say.
#[derive(Default)]
struct Entry {
    at: At,
    id: String,
    kind: String,
    cvss: String,
    exploit: String,
    title: String,
    state: String,
    disclosed: String,
    ids: Vec<String>,
    references: Vec<String>,
    description: String,
}

impl Script {
    pub(super) fn begin(&mut self, element: &StartTag<'_>, event: &Event<'_>) {
        let get = |name| element.get(name).unwrap_or_default();
        prefix(get("id").trim(), limits::NAME / 4).clone_into(&mut self.id);
        prefix(block(get("output")), limits::TEXT + 4).clone_into(&mut self.output);
        self.keys.iter_mut().for_each(String::clear);
        self.key.clear();
        self.entry.begin(At::default());
        (self.at, self.depth, self.found) = (At::of(event), event.depth, false);
        self.risk.take();
    }

    pub(super) fn close(&mut self) {
        self.depth = 0;
    }

    pub(super) fn is_open(&self) -> bool {
        self.depth > 0
    }

    /// Whether it gave findings.
    pub(super) fn found_any(&self) -> bool {
        self.found
    }

    /// Whether the element that ends here is the script.
    pub(super) fn ends(&self, depth: usize) -> bool {
        depth == self.depth
    }

    fn is_vulners(&self) -> bool {
        self.id == "vulners"
    }

    /// The level of tables at which an entry begins.
    fn entry_level(&self) -> usize {
        if self.is_vulners() { 2 } else { 1 }
    }

    /// An element begins in the script; whether its text is wanted.
    pub(super) fn start(&mut self, element: &StartTag<'_>, event: &Event<'_>) -> bool {
        let level = event.depth - self.depth;
        let key = prefix(element.get("key").unwrap_or_default().trim(), limits::NAME);
        match element.name {
            "table" if level <= 2 => {
                key.clone_into(&mut self.keys[level - 1]);
                if level == self.entry_level() {
                    self.entry.begin(At::of(event));
                }
                false
            }
            "elem" => {
                key.clone_into(&mut self.key);
                level == 2 || level == 3
            }
            _ => false,
        }
    }

    /// An element ends in the script, whose text this was. Whether that was the last of a vulnerability.
    pub(super) fn end(&mut self, name: &str, depth: usize, text: &Gathered) -> bool {
        let level = depth - self.depth;
        if name == "elem" {
            let text = text.get().trim_start();
            match (level, self.is_vulners()) {
                (3, true) | (2, false) => self.entry.set(&self.key, text),
                (3, false) => self.entry.add(&self.keys[1], &self.key, text),
                _ => {}
            }
        }
        let ends = name == "table" && level == self.entry_level() && self.is_vulnerability();
        self.found |= ends;
        ends
    }

    /// Whether the entry is one that was found.
    fn is_vulnerability(&self) -> bool {
        let Entry { id, state, .. } = &self.entry;
        if self.is_vulners() { !id.is_empty() } else { state.starts_with("VULNERABLE") || state.starts_with("LIKELY VULNERABLE") }
    }

    /// The rule of the vulnerability.
    pub(super) fn rule(&self) -> Cow<'_, str> {
        let key = &self.keys[0];
        if self.is_vulners() {
            Cow::Borrowed(&self.entry.id)
        } else if key.is_empty() || key.starts_with("NMAP-") {
            // Without an id of its own the library numbers what it found: that says nothing.
            Cow::Borrowed(&self.id)
        } else {
            Cow::Owned(format!("{}/{key}", self.id))
        }
    }

    /// The finding of the vulnerability.
    pub(super) fn finding(&self, rule_id: String, identity: Identity) -> Finding {
        let finding = if self.is_vulners() {
            self.entry.known(&self.keys[0])
        } else {
            let risk = *self.risk.get_or_init(|| risk(&self.output));
            self.entry.tested(self, &rule_id, risk)
        };
        Finding { identity, tool: TOOL.to_owned(), kind: FindingKind::Host, rule_id, ..finding }
    }

    /// What says that it is there.
    pub(super) fn evidence(&self) -> &str {
        if self.is_vulners() { &self.keys[0] } else { &self.output }
    }

    /// Where it begins.
    pub(super) fn place(&self) -> At {
        self.entry.at
    }
}

impl Entry {
    fn begin(&mut self, at: At) {
        let Self { id, kind, cvss, exploit, title, state, disclosed, ids, references, description, .. } = self;
        [id, kind, cvss, exploit, title, state, disclosed, description].into_iter().for_each(String::clear);
        [ids, references].into_iter().for_each(Vec::clear);
        self.at = at;
    }

    fn set(&mut self, key: &str, text: &str) {
        let field = match key {
            "id" => &mut self.id,
            "type" => &mut self.kind,
            "cvss" => &mut self.cvss,
            "is_exploit" => &mut self.exploit,
            "title" => &mut self.title,
            "state" => &mut self.state,
            "disclosure" => &mut self.disclosed,
            _ => return,
        };
        text.clone_into(field);
    }

    /// Takes an entry of a list of the vulnerability.
    fn add(&mut self, list: &str, key: &str, text: &str) {
        match list {
            "ids" => add_text_once(&mut self.ids, text),
            "refs" => add_text_once(&mut self.references, text),
            "scores" if self.cvss.is_empty() || key == "CVSSv3" => text.clone_into(&mut self.cvss),
            "description" if self.description.len() < limits::TEXT => {
                if !self.description.is_empty() {
                    self.description.push('\n');
                }
                self.description.push_str(text);
            }
            _ => {}
        }
    }

    /// The score at the start of what is said of it.
    fn score(&self) -> Option<f64> {
        let number = self.cvss.split(|c: char| !c.is_ascii_digit() && c != '.').next()?;
        number.parse().ok().filter(|score| (0.0..=10.0).contains(score))
    }

    /// What `vulners` knows of a CPE. Which version of CVSS its score is of, it does not say.
    fn known(&self, cpe: &str) -> Finding {
        let component = component(cpe);
        let description = match &component {
            Some(Component { name, version, .. }) => format!("The Vulners database lists {} for {name} {version}.", self.id),
            None => format!("The Vulners database lists {} for {cpe}.", self.id),
        };
        let attributes = [("vulners_type", &self.kind), ("cvss_score", &self.cvss), ("is_exploit", &self.exploit)];
        Finding {
            severity: self.score().map(Severity::of_score).unwrap_or_default(),
            description,
            vulnerability_ids: if self.kind == "cve" { vec![self.id.clone()] } else { Vec::new() },
            references: vec![format!("https://vulners.com/{}/{}", self.kind, self.id)],
            component,
            attributes: attributes.into_iter().filter(|(_, v)| !v.is_empty()).map(|(n, v)| (n.to_owned(), v.clone())).collect(),
            title: self.id.clone(),
            ..Finding::default()
        }
    }

    /// What a script tested and found.
    fn tested(&self, script: &Script, rule_id: &str, risk: Severity) -> Finding {
        let bare = |id: &String| id.split_once(':').filter(|(kind, _)| *kind == "CVE").map_or(id.clone(), |(_, id)| id.to_owned());
        let mut ids = Vec::new();
        let known = self.ids.iter().map(bare).chain([script.keys[0].clone()]);
        known.filter(|id| id.starts_with("CVE-")).for_each(|id| add_text_once(&mut ids, &id));
        let severity = self.score().map_or(risk, Severity::of_score);
        let attributes = [("script", &script.id), ("state", &self.state), ("disclosed", &self.disclosed), ("cvss_score", &self.cvss)];
        Finding {
            title: if self.title.is_empty() { rule_id } else { &self.title }.to_owned(),
            severity,
            description: self.description.clone(),
            vulnerability_ids: ids,
            references: self.references.clone(),
            attributes: attributes.into_iter().filter(|(_, v)| !v.is_empty()).map(|(n, v)| (n.to_owned(), v.clone())).collect(),
            ..Finding::default()
        }
    }
}

/// The risk factor, which the library gives in its text only. Vulnerable without one is medium.
fn risk(output: &str) -> Severity {
    let word = output.split_once("Risk factor:").map(|(_, rest)| rest.split_whitespace().next().unwrap_or_default());
    word.and_then(Severity::of_word).unwrap_or(Severity::Medium)
}

/// Product and version of a CPE, in the form of version 2.2 (`cpe:/a:vendor:product:version`) or 2.3 (`cpe:2.3:a:vendor:…`).
fn component(cpe: &str) -> Option<Component> {
    let rest = cpe.strip_prefix("cpe:/").or_else(|| cpe.strip_prefix("cpe:2.3:"))?;
    let mut parts = rest.split(':').skip(2);
    let name = parts.next().filter(|name| !name.is_empty())?.to_owned();
    let version = parts.next().filter(|version| !matches!(*version, "*" | "-")).unwrap_or_default().to_owned();
    Some(Component { name, version, purl: None })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cpe_names_product_and_version() {
        let read = |cpe| component(cpe).map(|c| format!("{} {}", c.name, c.version));
        assert_eq!(read("cpe:/a:openbsd:openssh:7.4").as_deref(), Some("openssh 7.4"));
        assert_eq!(read("cpe:2.3:a:f5:nginx:1.19.0:*:*:*:*:*:*:*").as_deref(), Some("nginx 1.19.0"));
        assert_eq!(read("cpe:/o:linux:linux_kernel").as_deref(), Some("linux_kernel "));
        assert_eq!(read("cpe:/a"), None);
        assert_eq!(read(""), None);
    }
}
