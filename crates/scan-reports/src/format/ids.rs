//! Ids, packages and versions that stand in texts.

use std::collections::BTreeMap;

use percent_encoding::percent_decode_str;
use serde_json::Value;

use super::texts::add_once;
use crate::Component;

/// Those whose ids are a year and a number, and GitHub.
const ISSUERS: [&str; 8] = ["CVE", "GHSA", "RUSTSEC", "PYSEC", "GO", "OSV", "MAL", "BDSA"];

/// The CVE, GHSA, RUSTSEC and similar ids in a text, as their issuers write them.
pub(in crate::format) fn vulnerability_ids(text: &str) -> Vec<String> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '-');
    words.filter_map(vulnerability_id).collect()
}

fn vulnerability_id(word: &str) -> Option<String> {
    let (kind, rest) = word.split_once('-')?;
    let kind = ISSUERS.into_iter().find(|known| known.eq_ignore_ascii_case(kind))?;
    let mut parts = rest.split('-');
    let (first, second) = (parts.next()?, parts.next()?);
    if kind == "GHSA" {
        let third = parts.next()?;
        let id = format!("{kind}-{}", [first, second, third].join("-").to_ascii_lowercase());
        return (id.len() == "GHSA-xxxx-xxxx-xxxx".len()).then_some(id);
    }
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    (first.len() == 4 && digits(first) && digits(second)).then(|| format!("{kind}-{first}-{second}"))
}

/// The numbers after `CWE` in a text: `CWE-79: …`, `external/cwe/cwe-079`, `cwe:79`.
pub(in crate::format) fn cwes(text: &str) -> Vec<u32> {
    let after = |at: usize| text.get(at + 3..).unwrap_or_default().trim_start_matches(['-', '_', ':', ' ', '/']);
    let words = text.as_bytes().windows(3).enumerate().filter(|(_, word)| word.eq_ignore_ascii_case(b"cwe"));
    words.filter_map(|(at, _)| number_at(after(at))).collect()
}

fn number_at(text: &str) -> Option<u32> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    text[..end].parse().ok().filter(|number| *number > 0)
}

/// The same of a text that holds nothing else: a number alone will do.
fn cwes_of_text(text: &str) -> Vec<u32> {
    let number = text.trim().parse().ok();
    number.map_or_else(|| cwes(text), |number| Some(number).filter(|number| *number > 0).into_iter().collect())
}

/// Adds them to those of a finding.
pub(in crate::format) fn add_cwes(list: &mut Vec<u32>, text: &str) {
    for cwe in cwes_of_text(text) {
        add_once(list, cwe);
    }
}

/// The same of a property that is called `cwe`, which may be a number, or a list.
pub(in crate::format) fn cwes_of_value(value: &Value) -> Vec<u32> {
    match value {
        Value::Number(number) => number.as_u64().and_then(|number| u32::try_from(number).ok()).into_iter().collect(),
        Value::String(text) => cwes_of_text(text),
        Value::Array(list) => list.iter().filter(|entry| !entry.is_array()).flat_map(cwes_of_value).collect(),
        _ => Vec::new(),
    }
}

/// The number of a taxon, if its taxonomy is the Common Weakness Enumeration.
pub(in crate::format) fn cwe_of_taxon(id: &str, taxonomy: &str) -> Option<u32> {
    let named = || number_at(id).filter(|_| taxonomy.to_ascii_lowercase().starts_with("cwe"));
    cwes(id).first().copied().or_else(named)
}

/// The package of a package URL.
pub(in crate::format) fn component_of_purl(purl: &str) -> Option<Component> {
    let path = purl.strip_prefix("pkg:")?.split(['?', '#']).next()?.trim_matches('/');
    let (_kind, rest) = path.split_once('/')?;
    let (name, version) = match rest.rsplit_once('@') {
        Some((name, version)) if !name.is_empty() => (name, version),
        _ => (rest, ""),
    };
    let unescaped = |text| percent_decode_str(text).decode_utf8_lossy().into_owned();
    Some(Component { name: unescaped(name), version: unescaped(version), purl: Some(purl.to_owned()) })
}

/// The package of a message in lines, as Trivy writes it: `Package: name` first, then `Installed Version: 1.2`.
pub(in crate::format) fn component_of_text(text: &str) -> Option<Component> {
    let _ = text.strip_prefix("Package:")?;
    let value = |label: &str| text.lines().find_map(|line| line.strip_prefix(label)).map(str::trim).filter(|value| !value.is_empty());
    Some(Component { name: value("Package:")?.to_owned(), version: value("Installed Version:")?.to_owned(), purl: None })
}

/// Of fingerprints whose names end in a version, `name/v2`, the newest of each name (§3.27.17).
pub(in crate::format) fn newest_versions(fingerprints: &BTreeMap<String, Value>) -> BTreeMap<&str, &Value> {
    let mut newest: BTreeMap<&str, (u32, &Value)> = BTreeMap::new();
    for (key, value) in fingerprints {
        let versioned = key.rsplit_once("/v").and_then(|(name, version)| Some((name, version.parse().ok()?)));
        let (name, version) = versioned.unwrap_or((key, 0));
        let known = newest.entry(name).or_insert((version, value));
        if version >= known.0 {
            *known = (version, value);
        }
    }
    newest.into_iter().map(|(name, (_, value))| (name, value)).collect()
}
