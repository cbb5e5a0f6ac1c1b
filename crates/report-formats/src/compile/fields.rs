//! The fields of a record.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::Compiler;
use crate::description::{Accepted, AssetText, Conditions, Fields, Many, PackageText, PlaceText, Prefer, ScoreText, SeverityText};
use crate::kinds::{AssetKind, FindingKind, Status};
use crate::table::{Assets, Condition, Expression, Package, Path, Places, Record, Scores, Severities, Text};

/// Words of an enum, and when each of them holds.
type Words<T> = Box<[(T, Box<[Condition]>)]>;

impl Compiler<'_> {
    pub(super) fn record(&mut self, at: &str, fields: &Fields) -> Result<Record, String> {
        let each = fields.each.as_ref().map(|each| self.each(each)).transpose().map_err(|error| format!("each: {error}"))?;
        let tool = fields.tool.clone().unwrap_or_else(|| format!("'{}'", self.name));
        let asset = fields.asset.clone().unwrap_or(AssetText {
            kind: AssetKind::Repository,
            kinds: BTreeMap::new(),
            identity: None,
            hostname: None,
            attributes: BTreeMap::new(),
        });
        let failure = self.option("failure", fields.failure.as_ref())?;
        let component = fields.component.as_ref().map(|component| self.component(component)).transpose()?;
        let record = Record {
            at: at.into(),
            each,
            only: self.conditions("only", &fields.only)?,
            except: self.conditions("except", &fields.except)?,
            failure,
            tool: self.expr("tool", &tool)?,
            kind: fields.kind.ok_or("expected the field 'kind'")?,
            rule: self.expr("rule", fields.rule.as_deref().ok_or("expected the field 'rule'")?)?,
            title: self.expr("title", fields.title.as_deref().ok_or("expected the field 'title'")?)?,
            severity: self.severities(fields.severity.as_ref().ok_or("expected the field 'severity'")?)?,
            status: self.words::<Status>("status", &fields.status)?,
            description: self.exprs("description", &fields.description)?,
            solution: self.exprs("solution", &fields.solution)?,
            evidence: self.exprs("evidence", &fields.evidence)?,
            ids: self.exprs("ids", &fields.ids)?,
            cwes: self.exprs("cwes", &fields.cwes)?,
            references: self.exprs("references", &fields.references)?,
            cvss: self.scores(fields.cvss.as_slice())?,
            component,
            asset: self.asset(&asset)?,
            location: self.places(&fields.location)?,
            attributes: self.attributes("attributes", &fields.attributes)?,
            secret: self.option("secret", fields.secret.as_ref())?,
            fingerprint: self.exprs("fingerprint", &fields.fingerprint)?,
            identity: fields.identity.as_ref().map(|identity| self.exprs("identity", identity)).transpose()?,
        };
        if record.kind == FindingKind::Secret && record.secret.is_none() && record.identity.is_none() {
            return Err("a finding of kind secret needs the field 'secret' or 'identity'".to_owned());
        }
        if record.kind == FindingKind::Dependency && record.component.is_none() && record.identity.is_none() {
            return Err("a finding of kind dependency needs the field 'component' or 'identity'".to_owned());
        }
        Ok(record)
    }

    /// What an occurrence is made of each of.
    fn each(&mut self, text: &str) -> Result<Path, String> {
        let path = self.path(&self.description.language().path(text)?)?;
        self.need(&path, &[]);
        self.each = Some(path.steps.clone());
        Ok(path)
    }

    fn expr(&mut self, field: &str, text: &str) -> Result<Expression, String> {
        let written = self.description.language().expression(text).map_err(|error| format!("{field}: {error}"))?;
        let expression = self.expression(&written).map_err(|error| format!("{field}: {error} in {text:?}"))?;
        if std::mem::take(&mut self.uses_each) && self.each.is_none() {
            return Err(format!("{field}: '$' in {text:?}, but there is no 'each'"));
        }
        Ok(expression)
    }

    fn option(&mut self, field: &str, text: Option<&String>) -> Result<Option<Expression>, String> {
        text.map(|text| self.expr(field, text)).transpose()
    }

    fn exprs(&mut self, field: &str, texts: &Many<String>) -> Result<Box<[Expression]>, String> {
        texts.as_slice().iter().map(|text| self.expr(field, text)).collect()
    }

    fn attributes(&mut self, field: &str, texts: &BTreeMap<String, String>) -> Result<Box<[(Text, Expression)]>, String> {
        let one = |(name, text): (&String, &String)| Ok((name.as_str().into(), self.expr(&format!("{field}.{name}"), text)?));
        texts.iter().map(one).collect()
    }

    fn conditions(&mut self, field: &str, texts: &Conditions) -> Result<Box<[Condition]>, String> {
        let mut conditions = Vec::new();
        for (text, accepted) in texts {
            let value = self.expr(field, text)?;
            let (values, present) = match accepted {
                Accepted::Present(present) => (Box::default(), *present),
                Accepted::Values(values) => (super::texts(values.as_slice()), true),
            };
            conditions.push(Condition { value, values, present });
        }
        Ok(conditions.into())
    }

    fn words<T: for<'de> Deserialize<'de>>(&mut self, field: &str, texts: &BTreeMap<String, Conditions>) -> Result<Words<T>, String> {
        let mut words = Vec::new();
        for (name, conditions) in texts {
            let word = word_of::<T>(name).ok_or_else(|| format!("{field}: {name:?} is none of its words"))?;
            words.push((word, self.conditions(field, conditions)?));
        }
        Ok(words.into())
    }

    fn severities(&mut self, text: &SeverityText) -> Result<Severities, String> {
        if text.word.is_none() && text.score.is_none() && (!text.map.is_empty() || text.prefer.is_some()) {
            return Err("severity: 'map' and 'prefer' need 'word' or 'score'".to_owned());
        }
        Ok(Severities {
            word: self.option("severity.word", text.word.as_ref())?,
            map: text.map.iter().map(|(word, severity)| (word.to_lowercase().into(), *severity)).collect(),
            score: self.option("severity.score", text.score.as_ref())?,
            score_first: text.prefer == Some(Prefer::Score),
            default: text.default,
        })
    }

    fn scores(&mut self, texts: &[ScoreText]) -> Result<Box<[Scores]>, String> {
        let mut scores = Vec::new();
        for text in texts {
            scores.push(Scores {
                score: self.option("cvss.score", text.score.as_ref())?,
                vector: self.option("cvss.vector", text.vector.as_ref())?,
                version: text.version.as_deref().unwrap_or("3.1").into(),
            });
        }
        Ok(scores.into())
    }

    fn component(&mut self, text: &PackageText) -> Result<Package, String> {
        Ok(Package {
            name: self.expr("component.name", &text.name)?,
            version: self.option("component.version", text.version.as_ref())?,
            purl: self.option("component.purl", text.purl.as_ref())?,
            kind: self.option("component.type", text.kind.as_ref())?,
        })
    }

    fn asset(&mut self, text: &AssetText) -> Result<Assets, String> {
        Ok(Assets {
            kind: text.kind,
            kinds: self.words("asset.kinds", &text.kinds)?,
            identity: self.expr("asset.identity", text.identity.as_deref().unwrap_or(&format!("'{}'", self.name)))?,
            hostname: self.option("asset.hostname", text.hostname.as_ref())?,
            attributes: self.attributes("asset.attributes", &text.attributes)?,
        })
    }

    fn places(&mut self, text: &PlaceText) -> Result<Places, String> {
        Ok(Places {
            host: self.option("location.host", text.host.as_ref())?,
            port: self.option("location.port", text.port.as_ref())?,
            protocol: self.option("location.protocol", text.protocol.as_ref())?,
            service: self.option("location.service", text.service.as_ref())?,
            url: self.option("location.url", text.url.as_ref())?,
            parameter: self.option("location.parameter", text.parameter.as_ref())?,
            path: self.option("location.path", text.path.as_ref())?,
            line: self.option("location.line", text.line.as_ref())?,
        })
    }
}

/// The value of an enum that is written like that.
fn word_of<T: for<'de> Deserialize<'de>>(word: &str) -> Option<T> {
    toml::Value::String(word.to_owned()).try_into().ok()
}
