//! What a run (§3.14) defines once for all of its results.

use std::cell::OnceCell;
use std::collections::{BTreeMap, HashMap};

use serde::de::value::Error;
use serde::{Deserialize, Serialize};
use tokens::json::Shape;
use tokens::tree::{Tree, TreeValue};

use super::objects::{self as sarif, Component, ComponentReference, Reference, Rule};
use crate::format::url::Url;
use crate::{Asset, AssetKind};

/// A member of a run that its results need.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Member {
    /// Rules, and the tool's name.
    Tool,
    /// Files, by index.
    Artifacts,
    /// Functions and packages, by index.
    LogicalLocations,
    /// Weaknesses, by index.
    Taxonomies,
    /// Where the files' paths begin.
    OriginalUriBaseIds,
    /// The repository.
    VersionControlProvenance,
    /// What was automated: a pipeline's name.
    AutomationDetails,
    /// Levels that were changed from outside.
    Invocations,
    /// Further facts.
    Properties,
}

impl Member {
    const ALL: [Self; 9] = [
        Self::Tool,
        Self::Artifacts,
        Self::LogicalLocations,
        Self::Taxonomies,
        Self::OriginalUriBaseIds,
        Self::VersionControlProvenance,
        Self::AutomationDetails,
        Self::Invocations,
        Self::Properties,
    ];

    pub(super) fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|member| member.name() == name)
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Tool => "tool",
            Self::Artifacts => "artifacts",
            Self::LogicalLocations => "logicalLocations",
            Self::Taxonomies => "taxonomies",
            Self::OriginalUriBaseIds => "originalUriBaseIds",
            Self::VersionControlProvenance => "versionControlProvenance",
            Self::AutomationDetails => "automationDetails",
            Self::Invocations => "invocations",
            Self::Properties => "properties",
        }
    }

    pub(super) fn shape(self) -> &'static Shape {
        match self {
            Self::Tool => &sarif::TOOL,
            Self::Artifacts => &sarif::ARTIFACTS,
            Self::LogicalLocations => &sarif::LOGICAL_LOCATIONS,
            Self::Taxonomies => &sarif::TAXONOMIES,
            Self::OriginalUriBaseIds => &sarif::BASES,
            Self::VersionControlProvenance => &sarif::VERSION_CONTROL,
            Self::AutomationDetails => &sarif::AUTOMATION,
            Self::Invocations => &sarif::INVOCATIONS,
            Self::Properties => &sarif::RUN_PROPERTIES,
        }
    }
}

/// How many parts of a hierarchical id are taken away to find its rule: none has more.
const ANCESTORS: usize = 16;

/// The definitions of a run.
#[derive(Debug, Default)]
pub(super) struct Definitions {
    tool: sarif::Tool,
    rules: RuleIndex,
    extensions: ComponentIndex,
    taxonomy_index: ComponentIndex,
    /// The components whose messages have an id, once a result asked for it.
    messages: OnceCell<HashMap<String, usize>>,
    /// The levels that the invocation gave rules, once a result asked for one.
    levels: OnceCell<HashMap<RulePlace, String>>,
    repository: OnceCell<Option<String>>,
    artifacts: Vec<sarif::Artifact>,
    logical_locations: Vec<sarif::LogicalLocation>,
    taxonomies: Vec<Component>,
    bases: BTreeMap<String, sarif::ArtifactLocation>,
    version_control: Vec<sarif::VersionControl>,
    automation: sarif::Automation,
    invocations: Vec<sarif::Invocation>,
    properties: sarif::RunProperties,
    /// What most results are about, once one asked for it.
    asset: OnceCell<Asset>,
}

/// Place of a rule: the tool's component (0 is the driver, then the extensions) and the index in it.
pub(super) type RulePlace = (usize, usize);

/// Where the rule of an id, or of a GUID, is; the driver's before the extensions'.
type RuleIndex = HashMap<String, RulePlace>;

impl Definitions {
    /// Takes a member, trimmed to its shape.
    pub(super) fn take(&mut self, member: Member, value: &Tree) -> Result<(), Error> {
        let value = TreeValue::first(value);
        self.asset.take();
        self.messages.take();
        self.levels.take();
        self.repository.take();
        match member {
            Member::Tool => {
                self.tool = Deserialize::deserialize(value)?;
                self.rules = index(&self.tool);
                self.extensions = ComponentIndex::of(&self.tool.extensions);
            }
            Member::Artifacts => self.artifacts = Deserialize::deserialize(value)?,
            Member::LogicalLocations => self.logical_locations = Deserialize::deserialize(value)?,
            Member::Taxonomies => {
                self.taxonomies = Deserialize::deserialize(value)?;
                self.taxonomy_index = ComponentIndex::of(&self.taxonomies);
            }
            Member::OriginalUriBaseIds => self.bases = Deserialize::deserialize(value)?,
            Member::VersionControlProvenance => self.version_control = Deserialize::deserialize(value)?,
            Member::AutomationDetails => self.automation = Deserialize::deserialize(value)?,
            Member::Invocations => self.invocations = Deserialize::deserialize(value)?,
            Member::Properties => self.properties = Deserialize::deserialize(value)?,
        }
        Ok(())
    }

    /// The tool's name, lower case.
    pub(super) fn tool_name(&self) -> String {
        let names = [&self.tool.driver.name, &self.tool.name];
        let name = names.into_iter().flatten().find(|name| !name.trim().is_empty());
        name.map_or_else(|| "sarif".to_owned(), |name| name.trim().to_lowercase())
    }

    /// The rule of a result (§3.27.5 to 3.27.7, 3.52.4): by index where the id agrees, by id, by the start of a hierarchical id
    /// (`CA2101/rule1` is of rule `CA2101`), by index alone.
    pub(super) fn rule(&self, result: &sarif::Result) -> Option<(RulePlace, &Rule)> {
        let id = result.rule_id.as_deref().or(result.rule.id.as_deref());
        let place = self.find_rule(id, result.rule_index, &result.rule)?;
        Some((place, self.rule_at(place)?))
    }

    fn find_rule(&self, id: Option<&str>, index: Option<f64>, reference: &Reference) -> Option<RulePlace> {
        // None is the driver (§3.54.2).
        let component = self.extensions.find(&reference.tool_component).map_or(0, |extension| extension + 1);
        let rules = &self.component_at(component)?.rules;
        let indexed = index_in(rules, index.or(reference.index));
        let place = indexed.map(|rule| (component, rule));
        let Some(id) = id else {
            return place.or_else(|| self.place_of(reference.guid.as_deref()?));
        };
        let agrees = |place: &RulePlace| rules[place.1].id.as_deref().is_some_and(|known| is_or_is_below(id, known));
        place.filter(agrees).or_else(|| ancestors(id).find_map(|id| self.place_of(id))).or(place)
    }

    fn place_of(&self, id: &str) -> Option<RulePlace> {
        self.rules.get(id).copied()
    }

    fn rule_at(&self, (component, rule): RulePlace) -> Option<&Rule> {
        self.component_at(component)?.rules.get(rule)
    }

    fn component_at(&self, place: usize) -> Option<&Component> {
        place.checked_sub(1).map_or(Some(&self.tool.driver), |extension| self.tool.extensions.get(extension))
    }

    /// The level that the run's invocation gave a rule (§3.20.5).
    pub(super) fn override_of(&self, place: RulePlace) -> Option<&str> {
        let levels = self.levels.get_or_init(|| {
            let mut levels = HashMap::new();
            for o in self.invocations.iter().flat_map(|invocation| &invocation.rule_configuration_overrides) {
                let found = self.find_rule(o.descriptor.id.as_deref(), o.descriptor.index, &o.descriptor);
                if let (Some(place), Some(level)) = (found, &o.configuration.level) {
                    levels.entry(place).or_insert_with(|| level.clone());
                }
            }
            levels
        });
        levels.get(&place).map(String::as_str)
    }

    /// A text that the tool defines for all of its rules (§3.19.22).
    pub(super) fn global_text(&self, id: &str) -> Option<&str> {
        let messages = self.messages.get_or_init(|| {
            let mut messages = HashMap::new();
            for (component, tool) in components(&self.tool).enumerate() {
                for (id, _) in tool.global_message_strings.iter().filter(|(_, message)| message.plain().is_some()) {
                    messages.entry(id.clone()).or_insert(component);
                }
            }
            messages
        });
        self.component_at(*messages.get(id)?)?.global_message_strings.get(id)?.plain()
    }

    /// The URI of a location as written, there or in the artifact that it names.
    pub(super) fn uri<'a>(&'a self, location: &'a sarif::ArtifactLocation) -> Option<&'a str> {
        let named = || at(&self.artifacts, location.index)?.location.uri.as_deref();
        location.uri.as_deref().filter(|uri| !uri.is_empty()).or_else(named)
    }

    /// The name of a logical location, there or in the one that it names by index.
    pub(super) fn logical_name<'a>(&'a self, location: &'a sarif::LogicalLocation) -> Option<&'a str> {
        let name = |l: &'a sarif::LogicalLocation| l.fully_qualified_name.as_deref().or(l.name.as_deref());
        name(location).or_else(|| name(at(&self.logical_locations, location.index)?))
    }

    /// The id of a taxon and the name of its taxonomy, such as CWE.
    pub(super) fn taxon<'a>(&'a self, reference: &'a Reference) -> (Option<&'a str>, Option<&'a str>) {
        let component = &reference.tool_component;
        let own = self.taxonomy_index.find(component).map(|taxonomy| &self.taxonomies[taxonomy]);
        let taxonomy = own.or_else(|| Some(&self.tool.extensions[self.extensions.find(component)?]));
        let id = reference.id.as_deref().or_else(|| at(&taxonomy?.taxa, reference.index)?.id.as_deref());
        (id, component.name.as_deref().or_else(|| taxonomy?.name.as_deref()))
    }

    /// What the results without an address of their own are about, so that the next report of the same project is about the same:
    /// the image that was scanned; the repository; the directory where the paths begin, unless it is the root of the file system;
    /// the name of the pipeline (§3.17.3: an id without its last part, which is the run's); the tool.
    pub(super) fn asset(&self) -> &Asset {
        self.asset.get_or_init(|| self.new_asset())
    }

    fn new_asset(&self) -> Asset {
        if let Some(image) = self.properties.image_name.as_deref().filter(|name| !name.is_empty()) {
            return Asset { kind: AssetKind::Image, identity: image.to_owned(), ..Asset::default() };
        }
        let identity =
            self.repository().map(str::to_owned).or_else(|| self.root()).or_else(|| self.pipeline()).unwrap_or_else(|| self.tool_name());
        let mut asset = Asset { kind: AssetKind::Repository, identity, ..Asset::default() };
        let Some(details) = self.version_control.first() else { return asset };
        for (name, value) in [("branch", &details.branch), ("revision", &details.revision_id)] {
            if let Some(value) = value {
                asset.attributes.insert(name.to_owned(), value.clone());
            }
        }
        asset
    }

    /// Whether the run says which repository it is about.
    pub(super) fn is_of_repository(&self) -> bool {
        self.repository().is_some()
    }

    fn repository(&self) -> Option<&str> {
        self.repository.get_or_init(|| self.new_repository()).as_deref()
    }

    /// Without what differs between two ways to write the same: user and password, `.git`, a last slash.
    fn new_repository(&self) -> Option<String> {
        let uri = self.version_control.iter().find_map(|details| details.repository_uri.as_deref())?.trim();
        let uri = uri.trim_end_matches('/');
        let uri = uri.strip_suffix(".git").unwrap_or(uri);
        let plain = Url::of(uri).filter(|url| url.scheme.is_some()).map(|url| url.without_user());
        Some(plain.unwrap_or_else(|| uri.to_owned())).filter(|plain| !plain.is_empty())
    }

    fn root(&self) -> Option<String> {
        let absolute = self.bases.values().filter(|base| base.uri_base_id.is_none()).filter_map(|base| base.uri.as_deref());
        let named = |uri: &&str| uri.split_once(':').is_some_and(|(_, path)| !path.trim_matches('/').is_empty());
        absolute.map(str::trim).find(named).map(|uri| uri.trim_end_matches('/').to_owned())
    }

    fn pipeline(&self) -> Option<String> {
        let (name, _run) = self.automation.id.as_deref()?.rsplit_once('/')?;
        Some(name.trim_matches('/').to_owned()).filter(|name| !name.is_empty())
    }
}

fn components(tool: &sarif::Tool) -> impl Iterator<Item = &Component> {
    std::iter::once(&tool.driver).chain(&tool.extensions)
}

fn index(tool: &sarif::Tool) -> RuleIndex {
    let mut index = RuleIndex::new();
    for (component, tool) in components(tool).enumerate() {
        for (place, rule) in tool.rules.iter().enumerate() {
            for id in [&rule.id, &rule.guid].into_iter().flatten() {
                index.entry(id.clone()).or_insert((component, place));
            }
        }
    }
    index
}

/// Where components are in their list: each result may ask for one.
#[derive(Debug, Default)]
struct ComponentIndex {
    length: usize,
    by_guid: HashMap<String, usize>,
    by_name: HashMap<String, usize>,
}

impl ComponentIndex {
    fn of(components: &[Component]) -> Self {
        let mut index = Self { length: components.len(), ..Self::default() };
        for (place, component) in components.iter().enumerate() {
            for (places, key) in [(&mut index.by_guid, &component.guid), (&mut index.by_name, &component.name)] {
                if let Some(key) = key {
                    places.entry(key.clone()).or_insert(place);
                }
            }
        }
        index
    }

    /// The component with the reference's index, or else its GUID, or else its name.
    fn find(&self, reference: &ComponentReference) -> Option<usize> {
        let of = |places: &HashMap<String, usize>, key: &Option<String>| places.get(key.as_deref()?).copied();
        let place = whole(reference.index).filter(|place| *place < self.length);
        place.or_else(|| of(&self.by_guid, &reference.guid)).or_else(|| of(&self.by_name, &reference.name))
    }
}

fn at<T>(list: &[T], index: Option<f64>) -> Option<&T> {
    list.get(whole(index)?)
}

fn index_in<T>(list: &[T], index: Option<f64>) -> Option<usize> {
    whole(index).filter(|index| *index < list.len())
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked; a fraction is no index that anybody means")]
fn whole(index: Option<f64>) -> Option<usize> {
    index.filter(|index| *index >= 0.0).map(|index| index as usize)
}

/// An id and what it is below of: `a/b/c`, `a/b`, `a`.
fn ancestors(id: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(id), |id| id.rsplit_once('/').map(|(above, _)| above)).take(ANCESTORS)
}

fn is_or_is_below(id: &str, above: &str) -> bool {
    id.strip_prefix(above).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}
