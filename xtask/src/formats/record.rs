//! A kind of record of a description for people: which values are records, and what becomes of what.

use std::fmt::Write as _;

use toml::{Table, Value};

use super::expression::{RecordPlace, plain, short};
use super::{strings, wrapped};

/// The fields in the order in which they are told. Links and further facts are left out: they would be half of the page.
const FIELDS: [(&str, &str); 16] = [
    ("title", "title"),
    ("rule", "rule"),
    ("severity", "severity"),
    ("status", "status"),
    ("component", "component"),
    ("asset", "asset"),
    ("location", "location"),
    ("secret", "secret"),
    ("description", "description"),
    ("solution", "solution"),
    ("evidence", "evidence"),
    ("ids", "ids"),
    ("cwes", "CWEs"),
    ("cvss", "CVSS"),
    ("fingerprint", "fingerprint"),
    ("identity", "same if"),
];

/// A point for each kind of record, after one for what all have in common.
pub(super) fn points(common: &Table, records: &[Table]) -> Vec<String> {
    let records: Vec<ShownRecord> = records.iter().map(|own| ShownRecord::new(common, own)).collect();
    let shared = shared(&records);
    let mut points = Vec::new();
    if !shared.is_empty() {
        points.push(point("All: ", &shared));
    }
    for record in &records {
        let own: Vec<String> = record.fields.iter().filter(|field| !shared.contains(field)).cloned().collect();
        points.push(point(&record.head, &own));
    }
    points
}

fn point(head: &str, fields: &[String]) -> String {
    let last = fields.len().saturating_sub(1);
    let ended = fields.iter().enumerate().map(|(index, field)| format!("{field}{}", if index == last { "." } else { "; " }));
    wrapped(std::iter::once(head.to_owned()).chain(ended))
}

/// What several records say in the same words.
fn shared(records: &[ShownRecord]) -> Vec<String> {
    let mut records = records.iter().filter(|record| !record.head.starts_with("**refused"));
    let Some((first, others)) = records.next().map(|first| (first, records.collect::<Vec<_>>())).filter(|(_, others)| !others.is_empty())
    else {
        return Vec::new();
    };
    first.fields.iter().filter(|field| others.iter().all(|other| other.fields.contains(field))).cloned().collect()
}

struct ShownRecord {
    /// Which values of the report it is about.
    head: String,
    fields: Vec<String>,
}

impl ShownRecord {
    fn new(common: &Table, own: &Table) -> Self {
        let field = |name: &str| own.get(name).or_else(|| common.get(name));
        let places = strings(own.get("at"));
        let place = RecordPlace { at: places.first().copied().unwrap_or_default(), each: field("each").and_then(Value::as_str) };
        let shown = |(name, label): (&str, &str)| {
            let shown = place.field(name, field(name)?);
            (!shown.is_empty()).then(|| format!("*{label}* {shown}"))
        };
        let fields = FIELDS.into_iter().filter_map(shown).collect();
        if let Some(failure) = own.get("failure") {
            let head = place.head("refused", &places, own.get("only"), None);
            return Self {
                head,
                fields: vec![format!("the scanner could not do its work, *message* {}", place.field("failure", failure))],
            };
        }
        let kind = field("kind").and_then(Value::as_str).unwrap_or("host");
        Self { head: place.head(kind, &places, field("only"), field("except")), fields }
    }
}

impl RecordPlace<'_> {
    /// `` **host**, each `a[]` where … ``.
    fn head(self, kind: &str, places: &[&str], only: Option<&Value>, except: Option<&Value>) -> String {
        let places = if places == ["."] { "entry".to_owned() } else { short(super::coded(places.to_vec()), " or ") };
        let mut head = format!("**{kind}**, each {places}");
        if let Some(each) = self.each {
            let _ = write!(head, " and `{each}` in it");
        }
        for (word, value, and) in [(" where ", only, " and "), (" unless ", except, " or ")] {
            let conditions = value.map(|value| self.conditions(value, and)).unwrap_or_default();
            if !conditions.is_empty() {
                head.push_str(word);
                head.push_str(&conditions);
            }
        }
        head + ": "
    }

    fn field(self, name: &str, value: &Value) -> String {
        match (name, value) {
            ("severity", Value::Table(severity)) => self.severity(severity),
            ("status", Value::Table(words)) => self.words(words),
            ("asset", Value::Table(asset)) => self.asset(asset),
            ("component", Value::Table(parts)) => self.parts(parts, &["name", "version", "purl", "type"]),
            ("location", Value::Table(parts)) => {
                self.parts(parts, &["host", "port", "protocol", "service", "url", "parameter", "path", "line"])
            }
            ("cvss", value) => self.scores(value),
            (_, value) => self.list(&strings(Some(value))),
        }
    }

    fn severity(self, severity: &Table) -> String {
        let text = |name: &str| severity.get(name).and_then(Value::as_str);
        let map = severity.get("map").and_then(Value::as_table).into_iter().flatten();
        let map: Vec<String> = map.map(|(word, level)| format!("{}: {}", plain(word), level.as_str().unwrap_or_default())).collect();
        let map = if map.is_empty() { String::new() } else { format!(" ({})", map.join(", ")) };
        let word = text("word").map(|word| self.expression(word) + &map);
        let score = text("score").map(|score| format!("score {}", self.expression(score)));
        let mut sources: Vec<String> = [word, score].into_iter().flatten().collect();
        if text("prefer") == Some("score") {
            sources.reverse();
        }
        sources.push(text("default").unwrap_or("info").to_owned());
        sources.join(", else ")
    }

    /// `closed where …, false_positive where …`.
    fn words(self, words: &Table) -> String {
        let shown = words.iter().map(|(word, conditions)| format!("{} where {}", plain(word), self.conditions(conditions, " or ")));
        shown.collect::<Vec<_>>().join(", ")
    }

    fn asset(self, asset: &Table) -> String {
        let text = |name: &str| asset.get(name).and_then(Value::as_str);
        let mut shown = plain(text("kind").unwrap_or("repository"));
        if let Some(kinds) = asset.get("kinds").and_then(Value::as_table) {
            let _ = write!(shown, " ({})", self.words(kinds));
        }
        for (label, name) in [(" ", "identity"), (", hostname ", "hostname")] {
            if let Some(expression) = text(name) {
                shown.push_str(label);
                shown.push_str(&self.expression(expression));
            }
        }
        shown
    }

    fn parts(self, parts: &Table, names: &[&str]) -> String {
        let shown = |name: &&str| Some(format!("{name} {}", self.expression(parts.get(*name)?.as_str()?)));
        names.iter().filter_map(shown).collect::<Vec<_>>().join(", ")
    }

    fn scores(self, value: &Value) -> String {
        let one = std::slice::from_ref(value);
        let scores = value.as_array().map_or(one, Vec::as_slice).iter().filter_map(Value::as_table);
        let source = |score: &Table| Some(self.expression(score.get("vector").or_else(|| score.get("score"))?.as_str()?));
        let mut sources: Vec<String> = scores.filter_map(source).collect();
        sources.dedup();
        short(sources, ", ")
    }

    fn conditions(self, value: &Value, and: &str) -> String {
        let condition = |(text, accepted): (&String, &Value)| {
            let path = self.expression(text);
            match accepted {
                Value::Boolean(true) => format!("{path} is there"),
                Value::Boolean(false) => format!("{path} is not there"),
                values => {
                    let values = strings(Some(values)).into_iter().map(plain).collect();
                    format!("{path} is {}", short(values, " or "))
                }
            }
        };
        value.as_table().into_iter().flatten().map(condition).collect::<Vec<_>>().join(and)
    }
}
