//! Items of the compliance plugins (Tenable: "Nessus Compliance Checks Reference"). All checks of one kind have one plugin; what tells
//! them apart is in elements of the namespace `http://www.nessus.org/cm`.

use super::{Severity, append};
use crate::{Finding, FindingKind, Identity};

/// What the elements of a compliance check say, beyond what goes into the finding at once.
#[derive(Default)]
pub(super) struct Compliance {
    id: String,
    name: String,
    result: String,
    info: String,
    expected: String,
    found: String,
}

/// Whether an element holds a long text.
pub(super) fn is_text(name: &str) -> bool {
    matches!(name, "compliance-info" | "compliance-solution" | "compliance-actual-value" | "compliance-policy-value")
}

impl Compliance {
    pub(super) fn set(&mut self, name: &str, text: &str, finding: &mut Finding) {
        let own = match name {
            "compliance-check-id" => &mut self.id,
            "compliance-check-name" => &mut self.name,
            "compliance-result" => &mut self.result,
            "compliance-info" => &mut self.info,
            "compliance-policy-value" => &mut self.expected,
            "compliance-actual-value" => &mut self.found,
            "compliance-solution" => &mut finding.solution,
            "compliance-see-also" => {
                text.split_whitespace().for_each(|url| super::add_text_once(&mut finding.references, url));
                return;
            }
            _ => return append(finding, name, text),
        };
        text.clone_into(own);
    }

    /// Whether there is a check at all.
    pub(super) fn is_one(&self) -> bool {
        !(self.name.is_empty() && self.id.is_empty())
    }

    /// Makes the finding that of the check. Its result is part of the identity: what one host passes and another fails are two
    /// findings, as the severity is the finding's.
    pub(super) fn finish(self, finding: &mut Finding, evidence: &mut String) {
        if !self.is_one() {
            return;
        }
        let check = if self.id.is_empty() { &self.name } else { &self.id };
        finding.kind = FindingKind::Configuration;
        finding.identity = Identity::finding(&finding.tool, &finding.rule_id, &[check, &self.result]);
        finding.severity = match self.result.as_str() {
            "PASSED" => Severity::Info,
            "FAILED" if finding.severity == Severity::Info => Severity::Medium,
            "WARNING" if finding.severity == Severity::Info => Severity::Low,
            _ => finding.severity,
        };
        if evidence.is_empty() && !(self.expected.is_empty() && self.found.is_empty()) {
            *evidence = format!("Expected:\n{}\n\nFound:\n{}", self.expected, self.found);
        }
        if !self.info.is_empty() {
            finding.description = self.info;
        }
        for (name, value) in [("compliance-result", &self.result), ("compliance-check-id", &self.id)] {
            if !value.is_empty() {
                append(finding, name, value);
            }
        }
        if !self.name.is_empty() {
            finding.title = self.name;
        }
    }
}
