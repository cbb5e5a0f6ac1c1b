//! Reads `spin.toml` (manifest version 2): which components there are, what starts them and what they may use.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use serde::Deserialize;

/// An application as its `spin.toml` describes it.
#[derive(Debug, Deserialize)]
pub struct Manifest {
    spin_manifest_version: u32,
    /// Name and version, shown by `/.well-known/spin/info`.
    pub application: Application,
    /// The application's variables; components see only what they map in their own `variables`.
    #[serde(default)]
    pub variables: BTreeMap<String, Variable>,
    /// What starts components.
    #[serde(default)]
    pub trigger: Triggers,
    /// The components by name.
    #[serde(default)]
    pub component: BTreeMap<String, Component>,
    /// The folder of the manifest: relative paths start here.
    #[serde(skip)]
    pub folder: PathBuf,
}

/// The application's own description.
#[derive(Debug, Deserialize)]
pub struct Application {
    /// Its name.
    pub name: String,
    /// Its version.
    #[serde(default)]
    pub version: String,
}

/// A variable that is given from outside.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Variable {
    /// The value where nobody gives another.
    pub default: Option<String>,
    /// Whether the application starts without a value.
    #[serde(default)]
    pub required: bool,
    /// Whether the value must not be shown. The runtime shows no values at all.
    #[serde(default)]
    pub secret: bool,
    /// For people.
    pub description: Option<String>,
}

/// The triggers of the kinds that the runtime knows.
#[derive(Debug, Default, Deserialize)]
pub struct Triggers {
    /// Started by an HTTP request.
    #[serde(default)]
    pub http: Vec<HttpTrigger>,
    /// Started by the clock.
    #[serde(default)]
    pub cron: Vec<CronTrigger>,
    /// Kinds that are not run here.
    #[serde(flatten)]
    pub other: BTreeMap<String, toml::Value>,
}

/// A route to a component.
#[derive(Debug, Deserialize)]
pub struct HttpTrigger {
    /// The path pattern.
    pub route: Route,
    /// The component's name.
    pub component: String,
}

/// A path pattern, or a component that is reached from other components only.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub enum Route {
    /// A pattern such as `/things/:id/...`.
    Path(String),
    /// `{ private = true }`.
    Private {
        /// Always true in a valid manifest.
        private: bool,
    },
}

/// A schedule for a component.
#[derive(Debug, Deserialize)]
pub struct CronTrigger {
    /// The component's name.
    pub component: String,
    /// Seconds, minutes, hours, days, months, weekdays and perhaps years.
    pub cron_expression: String,
}

/// A component: its file and what it may use.
#[derive(Debug, Deserialize)]
pub struct Component {
    /// The file, relative to the manifest.
    pub source: ComponentSource,
    /// WASI environment variables.
    #[serde(default)]
    pub environment: BTreeMap<String, String>,
    /// The component's variables as templates over those of the application.
    #[serde(default)]
    pub variables: BTreeMap<String, String>,
    /// Where it may connect to, as templates.
    #[serde(default)]
    pub allowed_outbound_hosts: Vec<String>,
    /// How its file is made.
    pub build: Option<Build>,
    /// Folders to mount: not supported.
    #[serde(default)]
    pub files: Vec<toml::Value>,
    /// Components to compose with: not supported.
    #[serde(default)]
    pub dependencies: BTreeMap<String, toml::Value>,
}

/// Where a component's bytes come from.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub enum ComponentSource {
    /// A file.
    File(PathBuf),
    /// A download or a registry: not supported.
    Remote(BTreeMap<String, toml::Value>),
}

/// How a component's file is made.
#[derive(Debug, Deserialize)]
pub struct Build {
    /// One command or several.
    pub command: Commands,
    /// Where it runs, relative to the manifest.
    pub workdir: Option<PathBuf>,
}

/// One command or several.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub enum Commands {
    /// One.
    One(String),
    /// Several, in order.
    Many(Vec<String>),
}

impl fmt::Display for Build {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let command = match &self.command {
            Commands::One(command) => command.clone(),
            Commands::Many(commands) => commands.join(" && "),
        };
        match &self.workdir {
            Some(workdir) => write!(f, "cd {} && {command}", workdir.display()),
            None => f.write_str(&command),
        }
    }
}

impl Manifest {
    /// Reads the manifest in a file.
    pub fn read(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
        let mut manifest = Self::parse(&text).with_context(|| format!("{} is not a usable manifest", path.display()))?;
        let folder = path.parent().unwrap_or(Path::new("."));
        manifest.folder = if folder.as_os_str().is_empty() { PathBuf::from(".") } else { folder.to_path_buf() };
        Ok(manifest)
    }

    /// Parses a manifest and checks that its parts fit together.
    pub fn parse(text: &str) -> Result<Self> {
        let manifest: Self = toml::from_str(text)?;
        ensure!(manifest.spin_manifest_version == 2, "spin_manifest_version is {}, only 2 is supported", manifest.spin_manifest_version);
        manifest.check_triggers()?;
        for (name, component) in &manifest.component {
            component.check().with_context(|| format!("component `{name}`"))?;
        }
        Ok(manifest)
    }

    fn check_triggers(&self) -> Result<()> {
        let http = self.trigger.http.iter().map(|trigger| &trigger.component);
        let cron = self.trigger.cron.iter().map(|trigger| &trigger.component);
        for name in http.chain(cron) {
            ensure!(self.component.contains_key(name), "a trigger names the component `{name}`, which is not in the manifest");
        }
        Ok(())
    }

    /// The path of a component's file.
    pub fn file_of(&self, component: &Component) -> Result<PathBuf> {
        match &component.source {
            ComponentSource::File(path) => Ok(self.folder.join(path)),
            ComponentSource::Remote(_) => bail!("`source` must be a file: downloads and registries are not supported"),
        }
    }
}

impl Component {
    fn check(&self) -> Result<()> {
        ensure!(self.files.is_empty(), "`files` is not supported: components see no file system");
        ensure!(self.dependencies.is_empty(), "`dependencies` is not supported: compose the component when it is built");
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMALL: &str = r#"
        spin_manifest_version = 2
        [application]
        name = "small"
        version = "1.0.0"
        [variables]
        db_url = { required = true, secret = true }
        [[trigger.http]]
        route = "/things/..."
        component = "things"
        [[trigger.http]]
        route = { private = true }
        component = "things"
        [[trigger.cron]]
        component = "things"
        cron_expression = "0 * * * * *"
        [component.things]
        source = "things.wasm"
        allowed_outbound_hosts = ["postgres://{{ db_host }}:5432"]
        [component.things.build]
        command = "cargo build"
        workdir = "things"
    "#;

    #[test]
    fn a_manifest_is_read_with_its_triggers_and_components() {
        let manifest = Manifest::parse(SMALL).unwrap();
        assert_eq!(manifest.trigger.http.len(), 2);
        assert_eq!(manifest.trigger.cron[0].cron_expression, "0 * * * * *");
        assert_eq!(manifest.component["things"].build.as_ref().unwrap().to_string(), "cd things && cargo build");
        assert!(manifest.variables["db_url"].required);
    }

    #[test]
    fn a_trigger_of_an_unknown_component_is_an_error() {
        let text = SMALL.replace("[component.things]", "[component.other]").replace("[component.things.build]", "[component.other.build]");
        assert!(Manifest::parse(&text).unwrap_err().to_string().contains("`things`"));
    }

    #[test]
    fn another_manifest_version_is_an_error() {
        let text = SMALL.replace("version = 2", "version = 1");
        assert!(Manifest::parse(&text).is_err());
    }
}
