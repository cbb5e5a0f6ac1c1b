//! A record as one line of JSON for people and scripts: what `parse` prints.

use serde_json::{Value, json};

use crate::{Format, Record};

/// The record as a JSON object: an occurrence flat, with its finding, asset and location (`finding` is the finding's identity in hex);
/// an asset, a tool or a problem with a `type` that says so.
pub fn output_line(format: Format, record: &Record) -> Value {
    let o = match record {
        Record::Occurrence(o) => o,
        other => {
            let mut value = json!(other);
            value["format"] = json!(format.name());
            return value;
        }
    };
    let f = &o.finding;
    json!({
        "format": format.name(), "finding": f.identity.to_string(), "tool": f.tool, "kind": f.kind, "rule_id": f.rule_id, "title": f.title,
        "severity": f.severity, "vulnerability_ids": f.vulnerability_ids, "cwes": f.cwes, "cvss": f.cvss.first(), "cvss_scores": f.cvss,
        "status": f.status, "asset": o.asset, "location": o.location, "component": f.component, "description": f.description,
        "solution": f.solution, "evidence": o.evidence, "references": f.references, "attributes": f.attributes,
        "offset": o.offset, "line": o.line,
    })
}
