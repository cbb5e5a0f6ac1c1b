//! Which findings: the filters of their list, in a query or in the document of a decision.

use platform::http::{Parameters, Problem, one_of};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Value, json};
use texts::Text;
use uuid::Uuid;

use crate::{SEVERITIES, STATUSES};

/// Values of one filter.
const VALUES: usize = 20;
/// Characters of a value, and of what is searched for.
const VALUE: usize = 500;
/// Words of what is searched for.
const WORDS: usize = 20;

const KINDS: [&str; 6] = ["host", "web", "code", "dependency", "secret", "configuration"];
const ASSET_KINDS: [&str; 5] = ["host", "site", "repository", "image", "cloud_resource"];
const SEEN_AS: [&str; 4] = ["new", "updated", "reopened", "unchanged"];

/// Filters of findings: of each list one value is enough, and what passes, passes all.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Filter {
    #[serde(deserialize_with = "one_or_many", skip_serializing_if = "Option::is_none")]
    severity: Option<Vec<String>>,
    #[serde(deserialize_with = "one_or_many", skip_serializing_if = "Option::is_none")]
    status: Option<Vec<String>>,
    #[serde(deserialize_with = "one_or_many", skip_serializing_if = "Option::is_none")]
    kind: Option<Vec<String>>,
    #[serde(deserialize_with = "one_or_many", skip_serializing_if = "Option::is_none")]
    tool: Option<Vec<String>>,
    #[serde(deserialize_with = "one_or_many", skip_serializing_if = "Option::is_none")]
    rule: Option<Vec<String>>,
    #[serde(deserialize_with = "one_or_many", skip_serializing_if = "Option::is_none")]
    cve: Option<Vec<String>>,
    #[serde(deserialize_with = "one_or_many", skip_serializing_if = "Option::is_none")]
    cwe: Option<Vec<String>>,
    #[serde(deserialize_with = "one_or_many", skip_serializing_if = "Option::is_none")]
    component: Option<Vec<String>>,
    #[serde(deserialize_with = "one_or_many", skip_serializing_if = "Option::is_none")]
    scope: Option<Vec<String>>,
    #[serde(deserialize_with = "one_or_many", skip_serializing_if = "Option::is_none")]
    asset_id: Option<Vec<String>>,
    #[serde(deserialize_with = "one_or_many", skip_serializing_if = "Option::is_none")]
    seen_as: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    import_id: Option<Uuid>,
    #[serde(skip_serializing_if = "Option::is_none")]
    first_seen_after: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    q: Option<String>,
}

impl Parameters for Filter {
    const NAMES: &'static [&'static str] = &[
        "severity",
        "status",
        "kind",
        "tool",
        "rule",
        "cve",
        "cwe",
        "component",
        "scope",
        "asset_id",
        "import_id",
        "seen_as",
        "first_seen_after",
        "q",
    ];
    const REPEATED: &'static [&'static str] =
        &["severity", "status", "kind", "tool", "rule", "cve", "cwe", "component", "scope", "asset_id", "seen_as"];
}

/// A list, or one value in its place; null is no filter.
fn one_or_many<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<String>>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged, expecting = "a text or a list of texts")]
    enum Given {
        One(String),
        Many(Vec<String>),
    }
    Ok(Option::<Given>::deserialize(deserializer)?.map(|given| match given {
        Given::One(value) => vec![value],
        Given::Many(values) => values,
    }))
}

impl Filter {
    /// As the database is asked.
    pub(crate) fn checked(mut self) -> Result<Value, Problem> {
        words("severity", self.severity.as_deref(), &SEVERITIES)?;
        words("status", self.status.as_deref(), &STATUSES)?;
        words("kind", self.kind.as_deref(), &KINDS)?;
        words("seen_as", self.seen_as.as_deref(), &SEEN_AS)?;
        if self.seen_as.is_some() && self.import_id.is_none() {
            return Err(Problem::bad_request("seen_as is what an import meant for a finding: give import_id, too"));
        }
        for (name, list) in
            [("tool", &self.tool), ("rule", &self.rule), ("cve", &self.cve), ("component", &self.component), ("scope", &self.scope)]
        {
            some_of(name, list.as_deref())?;
            for value in list.iter().flatten() {
                Text::<VALUE>::line(name, value)?;
            }
        }
        some_of("cwe", self.cwe.as_deref())?;
        for value in self.cwe.iter_mut().flatten() {
            *value = weakness(value)?.to_string();
        }
        some_of("asset_id", self.asset_id.as_deref())?;
        for value in self.asset_id.iter_mut().flatten() {
            *value = Uuid::parse_str(value).map_err(|_| Problem::bad_request("asset_id is the id of an asset"))?.to_string();
        }
        check_words(self.q.as_deref())?;
        Ok(json!(self))
    }
}

/// Which assets.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct AssetFilter {
    #[serde(deserialize_with = "one_or_many", skip_serializing_if = "Option::is_none")]
    kind: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    q: Option<String>,
}

impl Parameters for AssetFilter {
    const NAMES: &'static [&'static str] = &["kind", "q"];
    const REPEATED: &'static [&'static str] = &["kind"];
}

impl AssetFilter {
    /// As the database is asked.
    pub(crate) fn checked(self) -> Result<Value, Problem> {
        words("kind", self.kind.as_deref(), &ASSET_KINDS)?;
        check_words(self.q.as_deref())?;
        Ok(json!(self))
    }
}

/// 400 where what is searched for has no words, or too many.
fn check_words(q: Option<&str>) -> Result<(), Problem> {
    let Some(q) = q else { return Ok(()) };
    Text::<VALUE>::line("q", q)?;
    let words = q.split(|c: char| c == ' ' || c.is_ascii_punctuation()).filter(|word| !word.is_empty()).count();
    if !(1..=WORDS).contains(&words) {
        return Err(Problem::bad_request(format!("q has {words} words, it can have 1 to {WORDS}")));
    }
    Ok(())
}

/// 400 where a list has other values than the known ones, or too many.
fn words(name: &str, list: Option<&[String]>, known: &[&str]) -> Result<(), Problem> {
    some_of(name, list)?;
    list.unwrap_or_default().iter().try_for_each(|value| one_of(name, Some(value), known))
}

fn some_of(name: &str, list: Option<&[String]>) -> Result<(), Problem> {
    match list.map(<[_]>::len) {
        None | Some(1..=VALUES) => Ok(()),
        Some(number) => Err(Problem::bad_request(format!("{name} has {number} values, it can have 1 to {VALUES}"))),
    }
}

/// The number of a weakness, which may be written as CWE-79.
fn weakness(text: &str) -> Result<i32, Problem> {
    let number = text.get(..4).filter(|prefix| prefix.eq_ignore_ascii_case("CWE-")).map_or(text, |_| &text[4..]);
    number
        .parse()
        .ok()
        .filter(|number| *number >= 0)
        .ok_or_else(|| Problem::bad_request("cwe is a number of the Common Weakness Enumeration, as 79 or CWE-79"))
}
