//! The objects of SARIF, as far as they are read: the shape to which each is trimmed, and the struct that it becomes. Every field is
//! optional, whatever the standard says: writers forget.

use std::cell::OnceCell;
use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;
use tokens::json::Shape;

use crate::limits;

const NAME: Shape = Shape::Text(limits::NAME);
const TEXT: Shape = Shape::Text(limits::TEXT);
const URL: Shape = Shape::Text(limits::URL);
/// Of a definition, which is held: as much as a person reads.
const HELD: Shape = Shape::Text(16 * 1024);

/// §3.11.
const MESSAGE: Shape =
    Shape::Object(&[("text", TEXT), ("markdown", TEXT), ("id", NAME), ("arguments", Shape::List(&Shape::Text(limits::URL)))]);

/// A message, or a `multiformatMessageString` (§3.12), which has no id.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Message {
    pub(super) text: Option<String>,
    pub(super) markdown: Option<String>,
    pub(super) id: Option<String>,
    pub(super) arguments: Vec<String>,
}

impl Message {
    /// The plain text, or else the formatted one.
    pub(super) fn plain(&self) -> Option<&str> {
        [&self.text, &self.markdown].into_iter().flatten().map(String::as_str).find(|text| !text.trim().is_empty())
    }
}

const HELD_MESSAGE: Shape = Shape::Object(&[("text", HELD), ("markdown", HELD)]);
const MESSAGE_STRINGS: Shape = Shape::Map(&HELD_MESSAGE);

/// §3.4.
pub(super) const ARTIFACT_LOCATION: Shape = Shape::Object(&[("uri", URL), ("uriBaseId", NAME), ("index", Shape::Number)]);

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct ArtifactLocation {
    pub(super) uri: Option<String>,
    pub(super) uri_base_id: Option<String>,
    pub(super) index: Option<f64>,
}

const REGION: Shape = Shape::Object(&[("startLine", Shape::Number), ("snippet", Shape::Object(&[("text", TEXT)]))]);

/// §3.30.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Region {
    pub(super) start_line: Option<f64>,
    pub(super) snippet: Option<Message>,
}

const LOCATION: Shape = Shape::Object(&[
    ("physicalLocation", Shape::Object(&[("artifactLocation", ARTIFACT_LOCATION), ("region", REGION), ("contextRegion", REGION)])),
    (
        "logicalLocations",
        Shape::List(&Shape::Object(&[("name", NAME), ("fullyQualifiedName", NAME), ("kind", NAME), ("index", Shape::Number)])),
    ),
]);

/// §3.28.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Location {
    pub(super) physical_location: PhysicalLocation,
    pub(super) logical_locations: Vec<LogicalLocation>,
}

/// §3.29.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct PhysicalLocation {
    pub(super) artifact_location: ArtifactLocation,
    pub(super) region: Region,
    pub(super) context_region: Region,
}

/// §3.33.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct LogicalLocation {
    pub(super) name: Option<String>,
    pub(super) fully_qualified_name: Option<String>,
    pub(super) index: Option<f64>,
}

const COMPONENT_REFERENCE: Shape = Shape::Object(&[("name", NAME), ("index", Shape::Number), ("guid", NAME)]);
const REFERENCE: Shape = Shape::Object(&[("id", NAME), ("index", Shape::Number), ("guid", NAME), ("toolComponent", COMPONENT_REFERENCE)]);

/// A `reportingDescriptorReference` (§3.52): a rule or a taxon, by id, index or both.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Reference {
    pub(super) id: Option<String>,
    pub(super) index: Option<f64>,
    pub(super) guid: Option<String>,
    pub(super) tool_component: ComponentReference,
}

/// §3.54.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct ComponentReference {
    pub(super) name: Option<String>,
    pub(super) index: Option<f64>,
    pub(super) guid: Option<String>,
}

/// What writers put into property bags (§3.8) that others read: GitHub's `security-severity`, tags, weaknesses, packages, scores.
const PROPERTIES: Shape = Shape::Object(&[
    ("security-severity", NAME),
    ("cwe", Shape::Any(limits::NAME)),
    ("tags", Shape::List(&NAME)),
    ("purl", URL),
    ("purls", Shape::List(&URL)),
    ("component", NAME),
    ("componentVersion", NAME),
    ("cvssv3_baseScore", NAME),
    ("cvssv3_vector", NAME),
    ("precision", NAME),
]);

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Properties {
    #[serde(rename = "security-severity")]
    pub(super) security_severity: Option<String>,
    pub(super) cwe: Value,
    pub(super) tags: Vec<String>,
    pub(super) purl: Option<String>,
    pub(super) purls: Vec<String>,
    pub(super) component: Option<String>,
    #[serde(rename = "componentVersion")]
    pub(super) component_version: Option<String>,
    #[serde(rename = "cvssv3_baseScore")]
    pub(super) cvss3_score: Option<String>,
    #[serde(rename = "cvssv3_vector")]
    pub(super) cvss3_vector: Option<String>,
    pub(super) precision: Option<String>,
}

/// What is needed of a result.
pub(super) static RESULT: Shape = Shape::Object(&[
    ("ruleId", NAME),
    ("ruleIndex", Shape::Number),
    ("rule", REFERENCE),
    ("kind", NAME),
    ("level", NAME),
    ("message", MESSAGE),
    ("locations", Shape::List(&LOCATION)),
    ("analysisTarget", ARTIFACT_LOCATION),
    ("fingerprints", Shape::Map(&Shape::Any(limits::NAME))),
    ("partialFingerprints", Shape::Map(&Shape::Any(limits::NAME))),
    ("suppressions", Shape::List(&Shape::Object(&[("kind", NAME), ("status", NAME), ("state", NAME), ("justification", URL)]))),
    ("baselineState", NAME),
    ("taxa", Shape::List(&REFERENCE)),
    ("fixes", Shape::List(&Shape::Object(&[("description", MESSAGE)]))),
    ("rank", NAME),
    ("hostedViewerUri", URL),
    ("properties", PROPERTIES),
]);

/// §3.27.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Result {
    pub(super) rule_id: Option<String>,
    pub(super) rule_index: Option<f64>,
    pub(super) rule: Reference,
    pub(super) kind: Option<String>,
    pub(super) level: Option<String>,
    pub(super) message: Message,
    pub(super) locations: Vec<Location>,
    pub(super) analysis_target: ArtifactLocation,
    pub(super) fingerprints: BTreeMap<String, Value>,
    pub(super) partial_fingerprints: BTreeMap<String, Value>,
    pub(super) suppressions: Vec<Suppression>,
    pub(super) baseline_state: Option<String>,
    pub(super) taxa: Vec<Reference>,
    pub(super) fixes: Vec<Fix>,
    pub(super) rank: Option<String>,
    pub(super) hosted_viewer_uri: Option<String>,
    pub(super) properties: Properties,
}

/// §3.35.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Suppression {
    pub(super) kind: Option<String>,
    /// Called `state` before the standard was final.
    #[serde(alias = "state")]
    pub(super) status: Option<String>,
    pub(super) justification: Option<String>,
}

/// §3.55.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Fix {
    pub(super) description: Message,
}

const RULE: Shape = Shape::Object(&[
    ("id", NAME),
    ("guid", NAME),
    ("name", NAME),
    ("shortDescription", HELD_MESSAGE),
    ("fullDescription", HELD_MESSAGE),
    ("help", HELD_MESSAGE),
    ("helpUri", URL),
    ("messageStrings", MESSAGE_STRINGS),
    ("defaultConfiguration", Shape::Object(&[("level", NAME)])),
    ("relationships", Shape::List(&Shape::Object(&[("target", REFERENCE)]))),
    ("properties", PROPERTIES),
]);

/// A `reportingDescriptor` (§3.49).
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Rule {
    pub(super) id: Option<String>,
    pub(super) guid: Option<String>,
    pub(super) name: Option<String>,
    pub(super) short_description: Message,
    pub(super) full_description: Message,
    pub(super) help: Message,
    pub(super) help_uri: Option<String>,
    pub(super) message_strings: BTreeMap<String, Message>,
    pub(super) default_configuration: Configuration,
    pub(super) relationships: Vec<Relationship>,
    pub(super) properties: Properties,
    /// What it says of each of its results, once one asked for it.
    #[serde(skip)]
    pub(super) facts: OnceCell<Facts>,
}

/// What a rule alone says of each of its results.
#[derive(Debug, Default)]
pub(super) struct Facts {
    pub(super) vulnerability_ids: Vec<String>,
    pub(super) cwes: Vec<u32>,
    pub(super) tags: String,
}

/// §3.50.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Configuration {
    pub(super) level: Option<String>,
}

/// §3.53.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Relationship {
    pub(super) target: Reference,
}

const COMPONENT: Shape = Shape::Object(&[
    ("name", NAME),
    ("guid", NAME),
    ("rules", Shape::List(&RULE)),
    ("taxa", Shape::List(&Shape::Object(&[("id", NAME)]))),
    ("globalMessageStrings", MESSAGE_STRINGS),
]);

/// `name` is where SARIF 1 has it.
pub(super) static TOOL: Shape = Shape::Object(&[("driver", COMPONENT), ("extensions", Shape::List(&COMPONENT)), ("name", NAME)]);

/// §3.18.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Tool {
    pub(super) driver: Component,
    pub(super) extensions: Vec<Component>,
    pub(super) name: Option<String>,
}

/// A `toolComponent` (§3.19).
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Component {
    pub(super) name: Option<String>,
    pub(super) guid: Option<String>,
    pub(super) rules: Vec<Rule>,
    pub(super) taxa: Vec<Taxon>,
    pub(super) global_message_strings: BTreeMap<String, Message>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Taxon {
    pub(super) id: Option<String>,
}

pub(super) static ARTIFACTS: Shape = Shape::List(&Shape::Object(&[("location", ARTIFACT_LOCATION)]));

/// §3.24.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Artifact {
    pub(super) location: ArtifactLocation,
}

pub(super) static LOGICAL_LOCATIONS: Shape = Shape::List(&Shape::Object(&[("name", NAME), ("fullyQualifiedName", NAME)]));

pub(super) static TAXONOMIES: Shape =
    Shape::List(&Shape::Object(&[("name", NAME), ("guid", NAME), ("taxa", Shape::List(&Shape::Object(&[("id", NAME)])))]));

/// §3.14.14.
pub(super) static BASES: Shape = Shape::Map(&ARTIFACT_LOCATION);

pub(super) static VERSION_CONTROL: Shape = Shape::List(&Shape::Object(&[("repositoryUri", URL), ("revisionId", NAME), ("branch", NAME)]));

/// `versionControlDetails` (§3.23).
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct VersionControl {
    pub(super) repository_uri: Option<String>,
    pub(super) revision_id: Option<String>,
    pub(super) branch: Option<String>,
}

pub(super) static AUTOMATION: Shape = Shape::Object(&[("id", NAME)]);

/// §3.17.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Automation {
    pub(super) id: Option<String>,
}

pub(super) static INVOCATIONS: Shape = Shape::List(&Shape::Object(&[(
    "ruleConfigurationOverrides",
    Shape::List(&Shape::Object(&[("descriptor", REFERENCE), ("configuration", Shape::Object(&[("level", NAME)]))])),
)]));

/// §3.20.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Invocation {
    pub(super) rule_configuration_overrides: Vec<Override>,
}

/// §3.51.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Override {
    pub(super) descriptor: Reference,
    pub(super) configuration: Configuration,
}

pub(super) static RUN_PROPERTIES: Shape = Shape::Object(&[("imageName", NAME)]);

/// The run's property bag, of which container scanners use one.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct RunProperties {
    pub(super) image_name: Option<String>,
}
