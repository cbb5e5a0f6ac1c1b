//! The words of a record: kinds, severities, states. Records have them, and descriptions say them.

use serde::{Deserialize, Serialize};

/// What kind of thing is wrong; it decides what makes two findings the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FindingKind {
    /// On a machine: the same rule is the same finding on every machine.
    #[default]
    Host,
    /// On a web site.
    Web,
    /// In source code.
    Code,
    /// In a package that something depends on.
    Dependency,
    /// A secret that lies open.
    Secret,
    /// In a configuration or cloud resource.
    Configuration,
}

/// How bad a finding is, from harmless to worst.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Only information.
    #[default]
    Info,
    /// CVSS 0.1 to 3.9.
    Low,
    /// CVSS 4.0 to 6.9.
    Medium,
    /// CVSS 7.0 to 8.9.
    High,
    /// CVSS 9.0 to 10.0.
    Critical,
}

impl Severity {
    /// The qualitative rating of a base score (CVSS v3.1 specification, section 5).
    pub fn of_score(score: f64) -> Self {
        match score {
            s if s >= 9.0 => Self::Critical,
            s if s >= 7.0 => Self::High,
            s if s >= 4.0 => Self::Medium,
            s if s > 0.0 => Self::Low,
            _ => Self::Info,
        }
    }

    /// What the usual words of scanners stand for, whatever their case.
    pub fn of_word(word: &str) -> Option<Self> {
        const WORDS: [(&str, Severity); 14] = [
            ("critical", Severity::Critical),
            ("high", Severity::High),
            ("important", Severity::High),
            ("error", Severity::High),
            ("medium", Severity::Medium),
            ("moderate", Severity::Medium),
            ("warning", Severity::Medium),
            ("low", Severity::Low),
            ("info", Severity::Info),
            ("informational", Severity::Info),
            ("information", Severity::Info),
            ("note", Severity::Info),
            ("none", Severity::Info),
            ("negligible", Severity::Info),
        ];
        WORDS.iter().find(|(known, _)| known.eq_ignore_ascii_case(word.trim())).map(|(_, severity)| *severity)
    }
}

/// The state of a finding as the report gives it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Not dealt with.
    #[default]
    Open,
    /// The report says that it is fixed.
    Closed,
    /// The report says that it is none (a suppression, a mark in the scanner).
    FalsePositive,
    /// The report says that the risk is accepted.
    AcceptedRisk,
}

/// What kind of thing an asset is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AssetKind {
    /// A machine on a network.
    #[default]
    Host,
    /// A web site.
    Site,
    /// Source code.
    Repository,
    /// A container image.
    Image,
    /// A resource of a cloud.
    CloudResource,
}
