//! Everything that Spillway needs on one machine: a database, a store, the app.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use admin::key::{self, SCOPES};
use admin::limits::{self, Limit};
use admin::{Database, migrate, random};
use anyhow::{Context as _, Result, bail};

use crate::client::Client;
use crate::paths::TemporaryDir;
use crate::postgres::Cluster;
use crate::progress::Step;
use crate::runtime::{Host, Runtime, RuntimeSettings};
use crate::store::{self, Store, StoreKind};
use crate::{build, paths, ports, roles};

/// The name of the bucket and of the database.
const NAME: &str = "spillway";

/// A database, a store and the app. What was started for it ends with it.
#[derive(Debug)]
pub struct Stack {
    /// The database, migrated: for the superuser where the server is ours, since who tests looks into everything.
    pub database: Database,
    /// The store's bucket.
    pub store: Store,
    /// The app; none where somebody else runs it.
    pub runtime: Option<Runtime>,
    /// The database server, where it is ours.
    pub cluster: Option<Arc<Cluster>>,
    url: String,
    _objects: Option<Arc<store::Server>>,
    _lock: Option<std::fs::File>,
    _temporary: Option<TemporaryDir>,
}

/// A stack for a person: it keeps its data.
#[derive(Clone, Debug, Default)]
pub struct Permanent {
    /// An existing database, for its owner; else a private server is started.
    pub database: Option<Database>,
    /// Where the app listens; else on a free port.
    pub listen: Option<SocketAddr>,
}

/// A stack for a test: it has a database, a bucket and a runtime of its own.
#[derive(Clone, Debug, Default)]
pub struct Temporary {
    /// Variables of the app that are not to have their usual values.
    pub variables: BTreeMap<String, String>,
    /// A database server of its own, which the test can stop and kill; else one that all share.
    pub cluster: Option<Arc<Cluster>>,
    /// How the host is to be.
    pub host: Host,
}

impl Stack {
    /// Starts a stack that keeps its data under `.spillway`.
    pub async fn start(options: Permanent) -> Result<Self> {
        let dir = paths::data_dir();
        paths::create_dir(&dir)?;
        let lock = lock(&dir)?;
        build::all().await?;
        let (cluster, database, owner, password) = if let Some(database) = options.database {
            (None, database.clone(), database, roles::password(&dir)?)
        } else {
            let cluster = Cluster::start(&dir.join("postgres")).await?;
            let database = cluster.create_database(NAME).await?;
            let (owner, password) = (cluster.as_owner(NAME), cluster.role_password());
            (Some(Arc::new(cluster)), database, owner, password)
        };
        let objects = store::Server::start(StoreKind::InProcess, &dir.join("store")).await?;
        let store = objects.bucket(NAME).await?;
        migrate(&owner, &password).await?;
        let listen = options.listen.map_or_else(ports::free_address, Ok)?;
        let mut settings = settings(dir, listen, BTreeMap::new(), (&database, &password), &store)?;
        settings.dir = settings.dir.join("app");
        let runtime = Runtime::start(settings).await?;
        let url = runtime.url();
        let (runtime, objects) = (Some(runtime), Some(Arc::new(objects)));
        Ok(Self { database, store, runtime, cluster, url, _objects: objects, _lock: Some(lock), _temporary: None })
    }

    /// Starts a stack whose data goes with it. With the environment's `SPILLWAY_URL`, `SPILLWAY_DATABASE_URL`, `SPILLWAY_S3_ENDPOINT`,
    /// `…_REGION`, `…_BUCKET`, `…_ACCESS_KEY` and `…_SECRET_KEY` it is the one that somebody else runs there.
    pub async fn temporary(options: Temporary) -> Result<Self> {
        if let Ok(url) = std::env::var("SPILLWAY_URL") {
            return Self::external(url);
        }
        build::all().await?;
        let temporary = TemporaryDir::new("app")?;
        let cluster = match options.cluster {
            Some(cluster) => cluster,
            None => Cluster::shared().await?,
        };
        let name = format!("test-{}", random::hex(6)?);
        let database = cluster.create_database(&name).await?;
        let objects = store::Server::shared(store_kind()?).await?;
        let store = objects.bucket(&name).await?;
        let password = cluster.role_password();
        migrate(&cluster.as_owner(&name), &password).await?;
        let (dir, listen) = (temporary.path().to_owned(), ports::free_address()?);
        let mut settings = settings(dir, listen, options.variables, (&database, &password), &store)?;
        settings.host = options.host;
        let runtime = Runtime::start(settings).await?;
        let url = runtime.url();
        let (runtime, cluster, objects) = (Some(runtime), Some(cluster), Some(objects));
        Ok(Self { database, store, runtime, cluster, url, _objects: objects, _lock: None, _temporary: Some(temporary) })
    }

    fn external(url: String) -> Result<Self> {
        let variable = |name: &str| std::env::var(name).with_context(|| format!("SPILLWAY_URL is set, so {name} has to be, too"));
        let store = Store {
            endpoint: variable("SPILLWAY_S3_ENDPOINT")?,
            region: variable("SPILLWAY_S3_REGION")?,
            bucket: variable("SPILLWAY_S3_BUCKET")?,
            access_key: variable("SPILLWAY_S3_ACCESS_KEY")?,
            secret_key: variable("SPILLWAY_S3_SECRET_KEY")?,
        };
        let database = Database::from_url(&variable("SPILLWAY_DATABASE_URL")?)?;
        Ok(Self { database, store, runtime: None, cluster: None, url, _objects: None, _lock: None, _temporary: None })
    }

    /// The app's URL, without a path.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Waits until the app or the database ends by itself, and says why.
    pub async fn wait_for_trouble(mut self) -> Result<()> {
        loop {
            tokio::time::sleep(std::time::Duration::from_millis(500)).await;
            if let Some(runtime) = &mut self.runtime {
                runtime.check()?;
            }
            if let Some(cluster) = &self.cluster {
                cluster.check()?;
            }
        }
    }

    /// Makes a key of a workspace (created when there is none of that name) that may do all that there is to do, for so many days.
    pub async fn key(&self, workspace: &str, name: &str, days: f64) -> Result<String> {
        let database = self.database.connect().await?;
        key::create_workspace(&database, workspace).await?;
        Ok(key::create(&database, workspace, name, &SCOPES, Some(days)).await?.secret)
    }

    /// Lets the keys of a workspace ask as often as they like: for whoever measures, or looks again and again.
    pub async fn lift_rate(&self, workspace: &str) -> Result<()> {
        let limits = ["requests_per_minute=60000000", "request_burst=1000000"].map(str::parse::<Limit>);
        let limits = limits.into_iter().collect::<Result<Vec<_>, _>>().map_err(anyhow::Error::msg)?;
        limits::set_workspace(&self.database.connect().await?, workspace, None, &limits).await.map(drop)
    }

    /// A caller with a new key of a workspace, see [`key`](Self::key).
    pub async fn client(&self, workspace: &str) -> Result<Client> {
        Ok(Client::new(&self.url, &self.key(workspace, "client", 1.0).await?))
    }

    /// A caller who may rule a workspace, and nothing else.
    pub async fn ruler(&self, workspace: &str) -> Result<Client> {
        let key = key::create(&self.database.connect().await?, workspace, "ruler", &[key::Scope::Admin], Some(1.0)).await?;
        Ok(Client::new(&self.url, &key.secret))
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        // In this order: the app first, and what it needs after it.
        self.runtime = None;
        self.cluster = None;
    }
}

/// The store that the tests run over: `SPILLWAY_TEST_STORE`, or the one in this process.
fn store_kind() -> Result<StoreKind> {
    match std::env::var("SPILLWAY_TEST_STORE").as_deref() {
        Err(_) | Ok("in-process") => Ok(StoreKind::InProcess),
        Ok("seaweedfs") => Ok(StoreKind::SeaweedFs),
        Ok(other) => bail!("SPILLWAY_TEST_STORE is {other:?}: it should be in-process or seaweedfs"),
    }
}

/// One stack at a time on one folder.
fn lock(dir: &std::path::Path) -> Result<std::fs::File> {
    let file = dir.join("lock");
    let lock = std::fs::File::create(&file).with_context(|| format!("cannot write {}", file.display()))?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(std::fs::TryLockError::WouldBlock) => {
            bail!("another `cargo xtask up` or `demo` is using {}: stop it first", dir.display())
        }
        Err(error) => Err(error).with_context(|| format!("cannot lock {}", file.display())),
    }
}

/// Migrates a database as its owner, and lets the app's roles in.
async fn migrate(owner: &Database, role_password: &str) -> Result<()> {
    let step = Step::begin("migrating the database");
    migrate::migrate(&mut owner.connect().await?).await?;
    roles::let_in(owner, role_password).await?;
    step.done();
    Ok(())
}

/// The usual values of the app's variables, and those that are to have others.
fn settings(
    dir: PathBuf,
    listen: SocketAddr,
    others: BTreeMap<String, String>,
    (database, role_password): (&Database, &str),
    store: &Store,
) -> Result<RuntimeSettings> {
    let usual = [
        ("database_host", database.host.clone()),
        ("database_port", database.port.to_string()),
        ("database_name", database.name.clone()),
        ("database_api_password", role_password.to_owned()),
        ("database_read_password", role_password.to_owned()),
        ("database_access_password", role_password.to_owned()),
        ("database_drain_password", role_password.to_owned()),
        ("s3_endpoint", store.endpoint.clone()),
        ("s3_region", store.region.clone()),
        ("s3_bucket", store.bucket.clone()),
        ("s3_access_key", store.access_key.clone()),
        ("s3_secret_key", store.secret_key.clone()),
        ("app_url", format!("http://{listen}")),
        ("drain_token", random::secret()?),
    ];
    let mut variables: BTreeMap<_, _> = usual.map(|(name, value)| (name.to_owned(), value)).into();
    variables.extend(others);
    Ok(RuntimeSettings { manifest: "spin.toml", listen, variables, host: Host::default(), dir })
}
