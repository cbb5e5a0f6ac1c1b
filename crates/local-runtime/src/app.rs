//! Puts an application together: reads its manifest, resolves its variables, compiles and links its components.

use std::collections::{BTreeMap, HashMap};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ::cron::Schedule;
use anyhow::{Context, Result, bail, ensure};
use wasmtime::Engine;
use wasmtime::component::{Component as Code, InstancePre, Linker};
use wasmtime_wasi_http::handler::ProxyPre;

use crate::bindings::cron::SpinCronPre;
use crate::cron::{self, CronComponent};
use crate::engine;
use crate::guest::{Component, Guest, InstanceLimits};
use crate::http_client::HttpClient;
use crate::instances::{Handler, HttpComponent};
use crate::limits::Limits;
use crate::logs::GuestLog;
use crate::manifest::{self, Manifest, Route};
use crate::metrics::Metrics;
use crate::outbound::AllowedHosts;
use crate::postgres::Pools;
use crate::routes::Routes;
use crate::runtime_config::RuntimeConfig;
use crate::threads::Threads;
use crate::variables::{self, Values};

/// How an application is run.
#[derive(Debug, Clone)]
pub struct Options {
    /// The manifest.
    pub manifest: PathBuf,
    /// Values of variables, as `name=value` or `name=@file`.
    pub variables: Vec<String>,
    /// Where logs and compiled components are kept.
    pub state_dir: Option<PathBuf>,
    /// What `--runtime-config-file` says.
    pub config: RuntimeConfig,
    /// Limits of each instance.
    pub instance_limits: InstanceLimits,
    /// Limits of the server.
    pub limits: Limits,
    /// Instances at a time.
    pub max_instance_count: u32,
    /// Whether the runtime is faster than Spin where Spin could be, too: see the library's documentation.
    pub tuned: bool,
}

/// An application that can be served.
pub struct App {
    /// Which component answers which path.
    pub routes: Routes,
    /// The components with an HTTP trigger.
    pub handlers: HashMap<String, Handler>,
    /// The components with a schedule.
    pub schedules: Vec<(Schedule, Arc<CronComponent>)>,
    /// Where the application listens.
    pub address: SocketAddr,
    /// See [`Options::tuned`].
    pub tuned: bool,
    /// See [`Options::limits`].
    pub limits: Limits,
    application: manifest::Application,
    components: BTreeMap<String, Arc<Component>>,
}

impl App {
    /// Loads the application which will listen at `address`.
    pub async fn load(options: Options, address: SocketAddr, threads: &Threads) -> Result<Self> {
        let manifest = Manifest::read(&options.manifest)?;
        for kind in manifest.trigger.other.keys() {
            tracing::warn!("triggers of the kind `{kind}` are not supported and do not run");
        }
        let http = Arc::new(HttpClient::new(&options.config.client_tls, options.tuned, threads.io.clone())?);
        http.set_own_address(address);
        let components = describe_components(&manifest, &options, &http, threads)?;
        let engine = engine::build(options.max_instance_count, options.tuned, options.state_dir.as_deref())?;
        if !options.tuned {
            engine::count_turns(&engine)?;
        }
        let codes = compile_all(&engine, &manifest).await?;
        let linked = link_all(&engine, &codes)?;
        let handlers = http_handlers(&manifest, &linked, |name, code| {
            let component = HttpComponent { engine: engine.clone(), component: Arc::clone(&components[name]), code };
            Handler::new(component, &options.limits, threads.guests.clone())
        })?;
        http.set_components(handlers.clone());
        let schedules = schedules(&engine, &manifest, &components, &linked)?;
        let (routes, tuned, limits) = (routes(&manifest)?, options.tuned, options.limits);
        Ok(Self { routes, handlers, schedules, address, tuned, limits, application: manifest.application, components })
    }

    /// All components that a trigger starts.
    pub fn components(&self) -> impl Iterator<Item = &Arc<Component>> {
        self.components.values()
    }

    /// What Spin tells at `/.well-known/spin/info`.
    pub fn info(&self) -> String {
        serde_json::json!({ "app": { "name": self.application.name, "version": self.application.version } }).to_string()
    }
}

/// The components that a trigger starts, with the manifest's description.
fn triggered(manifest: &Manifest) -> BTreeMap<&String, &manifest::Component> {
    let http = manifest.trigger.http.iter().map(|trigger| &trigger.component);
    let cron = manifest.trigger.cron.iter().map(|trigger| &trigger.component);
    http.chain(cron).map(|name| (name, &manifest.component[name])).collect()
}

fn describe_components(
    manifest: &Manifest,
    options: &Options,
    http: &Arc<HttpClient>,
    threads: &Threads,
) -> Result<BTreeMap<String, Arc<Component>>> {
    let given = variables::parse_options(&options.variables)?;
    let values = variables::resolve(&manifest.variables, &given, |key| std::env::var(key).ok())?;
    let connections = options.config.connections();
    let mut components = BTreeMap::new();
    for (name, described) in triggered(manifest) {
        let pools = Pools::new(options.tuned, connections.clone(), options.limits.database_wait, threads.io.clone());
        let component = describe(name, described, &values, options, http, pools).with_context(|| format!("component `{name}`"))?;
        components.insert(name.clone(), Arc::new(component));
    }
    Ok(components)
}

fn describe(
    name: &str,
    described: &manifest::Component,
    values: &Values,
    options: &Options,
    http: &Arc<HttpClient>,
    pools: Pools,
) -> Result<Component> {
    let rules = described.allowed_outbound_hosts.iter().map(|rule| variables::render(rule, values)).collect::<Result<Vec<_>>>()?;
    let open_log = |stream| GuestLog::open(name, stream, options.state_dir.as_deref()).context("cannot open its log");
    Ok(Component {
        name: name.to_owned(),
        environment: described.environment.clone().into_iter().collect(),
        variables: variables::render_all(&described.variables, values)?,
        allowed_hosts: AllowedHosts::parse(&rules)?,
        stdout: open_log("stdout")?,
        stderr: open_log("stderr")?,
        metrics: Metrics::default(),
        pools,
        http: Arc::clone(http),
        limits: options.instance_limits,
        tuned: options.tuned,
    })
}

/// Compiles all components at the same time, or finds them in the cache.
async fn compile_all(engine: &Engine, manifest: &Manifest) -> Result<HashMap<String, Code>> {
    let mut tasks = Vec::new();
    for (name, component) in triggered(manifest) {
        let (engine, name, file) = (engine.clone(), name.clone(), component_file(manifest, name, component)?);
        tasks.push(tokio::task::spawn_blocking(move || compile(&engine, &file).map(|code| (name, code))));
    }
    let mut codes = HashMap::new();
    for task in tasks {
        let (name, code) = task.await??;
        codes.insert(name, code);
    }
    Ok(codes)
}

/// The file of a component, which must be there.
fn component_file(manifest: &Manifest, name: &str, component: &manifest::Component) -> Result<PathBuf> {
    let file = manifest.file_of(component).with_context(|| format!("component `{name}`"))?;
    if file.is_file() {
        return Ok(file);
    }
    match &component.build {
        Some(build) => bail!("component `{name}`: there is no {}; this makes it: {build}", file.display()),
        None => bail!("component `{name}`: there is no {}", file.display()),
    }
}

fn compile(engine: &Engine, file: &Path) -> Result<Code> {
    Code::from_file(engine, file).map_err(anyhow::Error::from).with_context(|| format!("{} is not a usable component", file.display()))
}

fn link_all(engine: &Engine, codes: &HashMap<String, Code>) -> Result<HashMap<String, InstancePre<Guest>>> {
    let linker = engine::linker(engine)?;
    codes.iter().map(|(name, code)| Ok((name.clone(), link(&linker, name, code)?))).collect()
}

fn link(linker: &Linker<Guest>, name: &str, code: &Code) -> Result<InstancePre<Guest>> {
    let instance = linker.instantiate_pre(code).map_err(anyhow::Error::from);
    instance.with_context(|| format!("component `{name}` imports something that the runtime does not have"))
}

fn http_handlers(
    manifest: &Manifest,
    linked: &HashMap<String, InstancePre<Guest>>,
    handler: impl Fn(&String, ProxyPre<Guest>) -> Handler,
) -> Result<HashMap<String, Handler>> {
    let mut handlers = HashMap::new();
    for trigger in &manifest.trigger.http {
        let name = &trigger.component;
        let code = http_code(&linked[name]).with_context(|| format!("component `{name}` has an HTTP trigger"))?;
        handlers.entry(name.clone()).or_insert_with(|| handler(name, code));
    }
    Ok(handlers)
}

/// A component handles requests by WASI 0.3 or 0.2: what it exports decides.
fn http_code(linked: &InstancePre<Guest>) -> Result<ProxyPre<Guest>> {
    if let Ok(code) = wasmtime_wasi_http::p3::bindings::ServicePre::new(linked.clone()) {
        return Ok(ProxyPre::P3(code));
    }
    let code = wasmtime_wasi_http::p2::bindings::ProxyPre::new(linked.clone()).map_err(anyhow::Error::from);
    code.map(ProxyPre::P2).context("but exports neither wasi:http/handler@0.3 nor wasi:http/incoming-handler@0.2")
}

fn schedules(
    engine: &Engine,
    manifest: &Manifest,
    components: &BTreeMap<String, Arc<Component>>,
    linked: &HashMap<String, InstancePre<Guest>>,
) -> Result<Vec<(Schedule, Arc<CronComponent>)>> {
    let mut schedules = Vec::new();
    for trigger in &manifest.trigger.cron {
        let name = &trigger.component;
        let schedule = cron::parse(&trigger.cron_expression).with_context(|| format!("component `{name}`"))?;
        let code = SpinCronPre::new(linked[name].clone()).map_err(anyhow::Error::from);
        let code = code.with_context(|| format!("component `{name}` has a cron trigger, but not the export of fermyon:spin-cron@2.0.0"))?;
        let component = CronComponent { engine: engine.clone(), component: Arc::clone(&components[name]), code };
        schedules.push((schedule, Arc::new(component)));
    }
    Ok(schedules)
}

fn routes(manifest: &Manifest) -> Result<Routes> {
    let mut routes = Routes::default();
    for trigger in &manifest.trigger.http {
        match &trigger.route {
            Route::Path(route) => routes.add(route, &trigger.component)?,
            Route::Private { private } => ensure!(private, "component `{}`: a route is a path or {{ private = true }}", trigger.component),
        }
    }
    Ok(routes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MANIFEST: &str = r#"
        spin_manifest_version = 2
        application = { name = "app" }
        [[trigger.http]]
        route = "/"
        component = "missing"
        [component.missing]
        source = "missing.wasm"
        build = { command = "make missing" }
        [component.unused]
        source = "unused.wasm"
    "#;

    #[test]
    fn a_missing_file_is_reported_with_the_command_that_makes_it() {
        let manifest = Manifest::parse(MANIFEST).unwrap();
        let error = component_file(&manifest, "missing", &manifest.component["missing"]).unwrap_err().to_string();
        assert!(error.contains("missing.wasm") && error.contains("make missing"), "{error}");
    }

    #[test]
    fn only_components_with_a_trigger_are_loaded() {
        let manifest = Manifest::parse(MANIFEST).unwrap();
        assert_eq!(triggered(&manifest).into_keys().collect::<Vec<_>>(), ["missing"]);
    }
}
