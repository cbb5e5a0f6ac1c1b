//! Nmap's XML output (`nmap -oX`; its DTD is `docs/nmap.dtd` in Nmap's sources).
//!
//! ```xml
//! <nmaprun scanner="nmap" …>
//!   <host><status state="up"/><address addr="192.0.2.7" addrtype="ipv4"/><hostnames>…</hostnames>
//!     <ports><port protocol="tcp" portid="22"><state state="open"/><service name="ssh" …><cpe>…</cpe></service>
//!       <script id="vulners" output="…"><table key="cpe:/a:…"><table><elem key="id">CVE-…</elem>…
//!     <os>…</os><hostscript><script …/></hostscript>
//! ```
//!
//! Each open port of a host that is up is an occurrence of the finding of that port and protocol. What the service is, is evidence:
//! it differs from host to host. Scripts that report vulnerabilities add findings of their own (see [`script`]); what other scripts say
//! is evidence too. As much of a host follows its ports, its asset comes at its end.
//!
//! A host is known by its first address: IPv4, else IPv6, else MAC, else its name. The place is the name that was asked for, if one
//! was: sites that share an address stay apart.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use tokens::xml::{Event, StartTag};

use super::elements::{At, Begin, CONTEXT, Elements, Identities, XmlReport, excerpt};
use super::texts::{Gathered, prefix};
use crate::budget::{Source, Wanted};
use crate::{
    Asset, AssetKind, Finding, FindingKind, Identity, KnownFindings, Location, Occurrence, Problem, ProblemCode, Record, Severity, limits,
};

mod script;
use script::Script;

const TOOL: &str = "nmap";

/// The rule of open ports.
const RULE: &str = "open-port";

/// Bytes of the facts of a host, and of one of its names.
const FACTS: usize = CONTEXT / 2;
const HOST_NAME: usize = CONTEXT / 12;

pub(super) fn parser() -> XmlReport<Nmap> {
    XmlReport::new()
}

#[derive(Default)]
pub(super) struct Nmap {
    host: Host,
    port: Option<Port>,
    /// The script that it is in, or the last one.
    script: Script,
    /// The text of a `cpe` or `elem`, while in one.
    text: Gathered,
    gathering: bool,
    /// The findings of open ports by port and protocol, and those of vulnerabilities by their rules.
    ports: Identities,
    rules: Identities,
}

/// The host around the ports: what the reader knows between two records.
#[derive(Default, Serialize, Deserialize)]
pub(super) struct Host {
    /// Within a host that is not said to be down.
    inside: bool,
    ipv4: String,
    ipv6: String,
    mac: String,
    /// The name that was asked for, and the one that its address has.
    asked: String,
    resolved: String,
    facts: BTreeMap<String, String>,
    /// Whether the best match of its operating system is known.
    matched: bool,
}

/// A port, while in it.
struct Port {
    at: At,
    number: u16,
    protocol: String,
    open: bool,
    service: Service,
    evidence: String,
    problem: Option<Problem>,
}

#[derive(Default)]
struct Service {
    name: String,
    /// Product, version and further words.
    banner: String,
    cpes: Vec<String>,
}

impl Elements for Nmap {
    const ROOT: &'static str = "nmaprun";
    const TOOL: &'static str = TOOL;
    type Context = Host;
    const UNIT: (&'static str, usize) = ("host", 2);

    fn start(&mut self, element: &StartTag<'_>, event: &Event<'_>, _known: &KnownFindings) -> Begin {
        if self.script.is_open() {
            self.gathering = self.script.start(element, event);
            if self.gathering {
                self.text.begin(script::TEXT);
            }
            return Begin::Other;
        }
        let get = |name| element.get(name).unwrap_or_default().trim();
        match (event.depth, element.name) {
            (2, "host") => self.host = Host { inside: true, ..Host::default() },
            _ if !self.host.inside => {}
            (4, "port") => {
                self.port = Some(Port::new(element, At::of(event)));
                return Begin::Record;
            }
            (4, "script") => {
                self.script.begin(element, event);
                return Begin::Record;
            }
            (5, "script") if self.port.as_ref().is_some_and(|port| port.open) => {
                self.script.begin(element, event);
            }
            (5, "state") => self.on_port(|port| port.open = get("state") == "open"),
            (5, "service") => self.on_port(|port| port.service = Service::new(element)),
            (6, "cpe") if self.port.is_some() => {
                self.text.begin(limits::NAME);
                self.gathering = true;
            }
            (3, "status") => self.host.inside = get("state") == "up",
            (3 | 4, name) => self.host.learn(name, element),
            _ => {}
        }
        Begin::Other
    }

    fn text(&mut self, text: &str, _depth: usize) {
        if self.gathering {
            self.text.push(text);
        }
    }

    fn end(&mut self, name: &str, event: &Event<'_>, wanted: &mut Wanted<'_>) -> Option<Record> {
        let gathered = std::mem::take(&mut self.gathering);
        if self.script.is_open() {
            if self.script.ends(event.depth) {
                self.end_script();
                return None;
            }
            return if self.script.end(name, event.depth, &self.text) { Some(self.vulnerability(wanted)) } else { None };
        }
        match (event.depth, name) {
            (6, "cpe") if gathered => {
                let cpe = self.text.get().trim_start().to_owned();
                self.on_port(|port| port.service.add_cpe(cpe));
                None
            }
            (4, _) => self.port.take().and_then(|port| port.record(&self.host, &mut self.ports, wanted.known)),
            (2, "host") => std::mem::take(&mut self.host).record(At::of(event)),
            _ => None,
        }
    }

    fn context(&self) -> &Host {
        &self.host
    }

    fn restore(&mut self, host: Host) {
        self.host = host;
    }
}

impl Nmap {
    fn on_port(&mut self, change: impl FnOnce(&mut Port)) {
        if let Some(port) = &mut self.port {
            change(port);
        }
    }

    /// What a script says that found no vulnerability goes to its port, else to its host.
    fn end_script(&mut self) {
        self.script.close();
        let Script { id, output, .. } = &self.script;
        match &mut self.port {
            _ if self.script.found_any() => {}
            Some(port) => port.add_evidence(&[id, ":\n", output]),
            None => self.host.fact(&format!("script-{id}"), output),
        }
    }

    /// The occurrence of the vulnerability that the script has just told of, on the port or host that it looked at.
    fn vulnerability(&mut self, wanted: &mut Wanted<'_>) -> Record {
        let script = &self.script;
        let rule = script.rule();
        let identity = self.rules.of(&rule, || Identity::finding(TOOL, &rule, &[]));
        let known = wanted.known;
        let finding = if known.contains(&identity) { known_finding(identity) } else { script.finding(rule.into_owned(), identity) };
        let At { offset, line } = script.at;
        let has_room = wanted.budget.has_room(Source { offset, line, length: 0 });
        let At { offset, line } = script.place();
        let mut evidence = if has_room { script.evidence().to_owned() } else { String::new() };
        let mut location = self.host.location();
        if let Some(port) = &self.port {
            port.locate(&mut location);
            if evidence.is_empty() && has_room {
                evidence.clone_from(&port.service.banner);
            }
        }
        let asset = self.host.asset();
        Record::Occurrence(Box::new(Occurrence { finding, asset, location, evidence, offset, line }))
    }
}

/// All that is needed of a finding whose texts are known.
fn known_finding(identity: Identity) -> Finding {
    Finding { identity, tool: TOOL.to_owned(), ..Finding::default() }
}

impl Host {
    /// Takes what an element besides the ports says.
    fn learn(&mut self, element_name: &str, element: &StartTag<'_>) {
        let get = |name| element.get(name).unwrap_or_default().trim();
        match element_name {
            "address" => {
                let known = match get("addrtype") {
                    "ipv6" => &mut self.ipv6,
                    "mac" => &mut self.mac,
                    _ => &mut self.ipv4,
                };
                if known.is_empty() {
                    prefix(get("addr"), HOST_NAME).clone_into(known);
                }
                self.fact("mac-vendor", get("vendor"));
            }
            "hostname" => {
                let known = if get("type") == "user" { &mut self.asked } else { &mut self.resolved };
                if known.is_empty() {
                    prefix(get("name"), HOST_NAME).clone_into(known);
                }
            }
            "osmatch" if !self.matched => {
                self.matched = true;
                self.fact("operating-system", get("name"));
                self.fact("operating-system-accuracy", get("accuracy"));
            }
            "uptime" => self.fact("last-boot", get("lastboot")),
            "distance" => self.fact("distance", get("value")),
            _ => {}
        }
    }

    fn fact(&mut self, name: &str, value: &str) {
        let used: usize = self.facts.iter().map(|(name, value)| name.len() + value.len()).sum();
        let value = prefix(value, limits::NAME);
        if !value.is_empty() && used + name.len() + value.len() <= FACTS && self.facts.len() < limits::ATTRIBUTES / 2 {
            self.facts.entry(name.to_owned()).or_insert_with(|| value.to_owned());
        }
    }

    fn identity(&self) -> &str {
        let known = [&self.ipv4, &self.ipv6, &self.mac, &self.asked, &self.resolved];
        known.into_iter().find(|name| !name.is_empty()).map(String::as_str).unwrap_or_default()
    }

    fn asset(&self) -> Asset {
        let hostname = [&self.resolved, &self.asked].into_iter().find(|name| !name.is_empty()).cloned();
        Asset { kind: AssetKind::Host, identity: self.identity().to_owned(), hostname, ..Asset::default() }
    }

    fn location(&self) -> Location {
        let host = if self.asked.is_empty() { self.identity() } else { &self.asked };
        Location { host: Some(host.to_owned()), ..Location::default() }
    }

    /// The asset with all that was learnt of it.
    fn record(mut self, at: At) -> Option<Record> {
        if !self.inside {
            return None;
        }
        if self.identity().is_empty() {
            let message = "expected an address or a hostname of a host, found neither".to_owned();
            return Some(Record::Problem(at.problem(ProblemCode::MissingField, message, String::new())));
        }
        let names = [("ipv4", &self.ipv4), ("ipv6", &self.ipv6), ("mac-address", &self.mac), ("name-asked-for", &self.asked)];
        let names: Vec<_> = names.into_iter().filter(|(_, value)| !value.is_empty()).map(|(n, v)| (n.to_owned(), v.clone())).collect();
        self.facts.extend(names);
        Some(Record::Asset(Asset { attributes: std::mem::take(&mut self.facts), ..self.asset() }))
    }
}

impl Port {
    fn new(element: &StartTag<'_>, at: At) -> Self {
        let written = element.get("portid").unwrap_or_default();
        let number = written.trim().parse::<u16>();
        let problem = number.is_err().then(|| {
            let message = format!("expected a port number from 0 to 65535 in portid, found {:?}", prefix(written, 40));
            at.problem(ProblemCode::InvalidField, message, excerpt(element))
        });
        let protocol = prefix(element.get("protocol").unwrap_or_default().trim(), limits::NAME).to_ascii_lowercase();
        Self {
            at,
            number: number.unwrap_or_default(),
            protocol,
            open: false,
            service: Service::default(),
            evidence: String::new(),
            problem,
        }
    }

    /// Adds a paragraph, whose parts are one text.
    fn add_evidence(&mut self, parts: &[&str]) {
        self.evidence.reserve(2 + parts.iter().map(|part| part.len()).sum::<usize>());
        if !self.evidence.is_empty() && self.evidence.len() <= limits::TEXT {
            self.evidence.push_str("\n\n");
        }
        for part in parts {
            let room = (limits::TEXT + 4).saturating_sub(self.evidence.len());
            self.evidence.push_str(prefix(part, room));
        }
    }

    fn locate(&self, location: &mut Location) {
        location.port = Some(self.number).filter(|port| *port > 0);
        location.protocol = Some(self.protocol.clone()).filter(|protocol| !protocol.is_empty());
        location.service = Some(self.service.name.clone()).filter(|name| !name.is_empty());
    }

    fn record(mut self, host: &Host, ports: &mut Identities, known: &KnownFindings) -> Option<Record> {
        if !self.open || host.identity().is_empty() {
            return self.problem.map(Record::Problem);
        }
        if let Some(problem) = self.problem {
            return Some(Record::Problem(problem));
        }
        let place = format!("{}/{}", self.number, self.protocol);
        let identity = ports.of(&place, || Identity::finding(TOOL, RULE, &[&place]));
        let finding = if known.contains(&identity) { known_finding(identity) } else { open_port(&place, identity) };
        let mut location = host.location();
        self.locate(&mut location);
        if !self.service.banner.is_empty() || !self.service.cpes.is_empty() {
            let scripts = std::mem::replace(&mut self.evidence, std::mem::take(&mut self.service.banner));
            for text in [self.service.cpes.join("\n"), scripts].iter().filter(|text| !text.is_empty()) {
                self.add_evidence(&[text]);
            }
        }
        let At { offset, line } = self.at;
        Some(Record::Occurrence(Box::new(Occurrence { finding, asset: host.asset(), location, evidence: self.evidence, offset, line })))
    }
}

fn open_port(place: &str, identity: Identity) -> Finding {
    Finding {
        identity,
        tool: TOOL.to_owned(),
        kind: FindingKind::Host,
        rule_id: RULE.to_owned(),
        title: format!("Open port: {place}"),
        severity: Severity::Info,
        description: format!("Port {place} is open: a service on it takes connections."),
        ..Finding::default()
    }
}

impl Service {
    fn new(element: &StartTag<'_>) -> Self {
        let get = |name| prefix(element.get(name).unwrap_or_default().trim(), limits::NAME);
        let name = match (get("tunnel"), get("name")) {
            (_, "") => String::new(),
            ("", name) => name.to_owned(),
            (tunnel, name) => format!("{tunnel}/{name}"),
        };
        let mut banner = String::new();
        for (before, word, after) in [("", get("product"), ""), (" ", get("version"), ""), (" (", get("extrainfo"), ")")] {
            if !word.is_empty() {
                banner.extend([if banner.is_empty() { before.trim_start() } else { before }, word, after]);
            }
        }
        Self { name, banner, cpes: Vec::new() }
    }

    fn add_cpe(&mut self, cpe: String) {
        if !cpe.is_empty() && self.cpes.len() < limits::LIST {
            self.cpes.push(cpe);
        }
    }
}
