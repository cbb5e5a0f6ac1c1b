//! A kind of record of a description for people: which values are records, and what becomes of what.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use anyhow::{Result, anyhow};
use report_formats::description::{
    Accepted, AssetText, Conditions, Fields, PackageText, PlaceText, Prefer, RecordText, ScoreText, SeverityText,
};
use report_formats::kinds::FindingKind;
use report_formats::language::Language;

use super::expression::{RecordPlace, plain, short};
use super::{coded, word, wrapped};

/// A point for each kind of record, after one for what all have in common.
pub(super) fn points(records: &[RecordText], language: Language<'_>) -> Result<Vec<String>> {
    let records = records.iter().map(|record| ShownRecord::new(record, language)).collect::<Result<Vec<_>>>()?;
    let shared = shared(&records);
    let mut points = Vec::new();
    if !shared.is_empty() {
        points.push(point("All: ", &shared));
    }
    for record in &records {
        let own: Vec<String> = record.fields.iter().filter(|field| !shared.contains(field)).cloned().collect();
        points.push(point(&record.head, &own));
    }
    Ok(points)
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
    fn new(RecordText { at, fields }: &RecordText, language: Language<'_>) -> Result<Self> {
        let first = at.first().map_or("", |at| if at == "." { "" } else { at });
        let steps = language.steps(first).map_err(|error| anyhow!("{first}: {error}"))?;
        let place = RecordPlace { language, at: &steps, each: fields.each.as_deref() };
        if let Some(failure) = &fields.failure {
            let said = format!("the scanner could not do its work, *message* {}", place.expression(failure)?);
            return Ok(Self { head: place.head("refused", at, fields)?, fields: vec![said] });
        }
        let kind = word(fields.kind.unwrap_or(FindingKind::Host));
        Ok(Self { head: place.head(&kind, at, fields)?, fields: place.fields(fields)? })
    }
}

impl RecordPlace<'_> {
    /// `` **host**, each `a[]` where … ``.
    fn head(self, kind: &str, places: &[String], fields: &Fields) -> Result<String> {
        let places = if places == ["."] { "entry".to_owned() } else { short(coded(places), " or ") };
        let mut head = format!("**{kind}**, each {places}");
        if let Some(each) = self.each {
            let _ = write!(head, " and `{each}` in it");
        }
        for (word, conditions, and) in [(" where ", &fields.only, " and "), (" unless ", &fields.except, " or ")] {
            if !conditions.is_empty() {
                head.push_str(word);
                head.push_str(&self.conditions(conditions, and)?);
            }
        }
        Ok(head + ": ")
    }

    /// The fields in the order in which they are told. Links and further facts are left out: they would be half of the page.
    fn fields(self, fields: &Fields) -> Result<Vec<String>> {
        let one = |text: &Option<String>| text.as_ref().map_or(Ok(String::new()), |text| self.expression(text));
        let identity = fields.identity.as_ref().map_or(&[][..], |identity| identity.as_slice());
        let fields = [
            ("title", one(&fields.title)?),
            ("rule", one(&fields.rule)?),
            ("severity", fields.severity.as_ref().map_or(Ok(String::new()), |severity| self.severity(severity))?),
            ("status", self.words(&fields.status)?),
            ("component", fields.component.as_ref().map_or(Ok(String::new()), |component| self.component(component))?),
            ("asset", fields.asset.as_ref().map_or(Ok(String::new()), |asset| self.asset(asset))?),
            ("location", self.location(&fields.location)?),
            ("secret", one(&fields.secret)?),
            ("description", self.list(fields.description.as_slice())?),
            ("solution", self.list(fields.solution.as_slice())?),
            ("evidence", self.list(fields.evidence.as_slice())?),
            ("ids", self.list(fields.ids.as_slice())?),
            ("CWEs", self.list(fields.cwes.as_slice())?),
            ("CVSS", self.scores(fields.cvss.as_slice())?),
            ("fingerprint", self.list(fields.fingerprint.as_slice())?),
            ("same if", self.list(identity)?),
        ];
        Ok(fields.into_iter().filter(|(_, shown)| !shown.is_empty()).map(|(label, shown)| format!("*{label}* {shown}")).collect())
    }

    fn severity(self, severity: &SeverityText) -> Result<String> {
        let map: Vec<String> = severity.map.iter().map(|(text, level)| format!("{}: {}", plain(text), word(level))).collect();
        let map = if map.is_empty() { String::new() } else { format!(" ({})", map.join(", ")) };
        let mut sources = Vec::new();
        if let Some(word) = &severity.word {
            sources.push(self.expression(word)? + &map);
        }
        if let Some(score) = &severity.score {
            sources.push(format!("score {}", self.expression(score)?));
        }
        if severity.prefer == Some(Prefer::Score) {
            sources.reverse();
        }
        sources.push(word(severity.default));
        Ok(sources.join(", else "))
    }

    /// `closed where …, false_positive where …`.
    fn words(self, words: &BTreeMap<String, Conditions>) -> Result<String> {
        let shown = words.iter().map(|(word, conditions)| Ok(format!("{} where {}", plain(word), self.conditions(conditions, " or ")?)));
        Ok(shown.collect::<Result<Vec<_>>>()?.join(", "))
    }

    fn asset(self, asset: &AssetText) -> Result<String> {
        let mut shown = plain(&word(asset.kind));
        if !asset.kinds.is_empty() {
            let _ = write!(shown, " ({})", self.words(&asset.kinds)?);
        }
        for (label, text) in [(" ", &asset.identity), (", hostname ", &asset.hostname)] {
            if let Some(text) = text {
                shown.push_str(label);
                shown.push_str(&self.expression(text)?);
            }
        }
        Ok(shown)
    }

    fn component(self, PackageText { name, version, purl, kind }: &PackageText) -> Result<String> {
        self.parts(&[("name", Some(name)), ("version", version.as_ref()), ("purl", purl.as_ref()), ("type", kind.as_ref())])
    }

    fn location(self, PlaceText { host, port, protocol, service, url, parameter, path, line }: &PlaceText) -> Result<String> {
        let parts = [("host", host), ("port", port), ("protocol", protocol), ("service", service), ("url", url)];
        let parts = parts.into_iter().chain([("parameter", parameter), ("path", path), ("line", line)]);
        self.parts(&parts.map(|(name, text)| (name, text.as_ref())).collect::<Vec<_>>())
    }

    fn parts(self, parts: &[(&str, Option<&String>)]) -> Result<String> {
        let shown = parts.iter().filter_map(|(name, text)| Some((name, (*text)?)));
        let shown = shown.map(|(name, text)| Ok(format!("{name} {}", self.expression(text)?))).collect::<Result<Vec<_>>>()?;
        Ok(shown.join(", "))
    }

    fn scores(self, scores: &[ScoreText]) -> Result<String> {
        let sources: Vec<String> = scores.iter().filter_map(|score| score.vector.clone().or_else(|| score.score.clone())).collect();
        self.list(&sources)
    }

    fn conditions(self, conditions: &Conditions, and: &str) -> Result<String> {
        let condition = |(text, accepted): (&String, &Accepted)| {
            let path = self.expression(text)?;
            Ok(match accepted {
                Accepted::Present(true) => format!("{path} is there"),
                Accepted::Present(false) => format!("{path} is not there"),
                Accepted::Values(values) => {
                    let values = values.as_slice().iter().map(|value| plain(value)).collect();
                    format!("{path} is {}", short(values, " or "))
                }
            })
        };
        Ok(conditions.iter().map(condition).collect::<Result<Vec<_>>>()?.join(and))
    }
}
