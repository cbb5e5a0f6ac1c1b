//! A private PostgreSQL server.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use admin::{Database, Role, migrate, random};
use anyhow::{Context as _, Result, bail, ensure};
use rustix::process::{Pid, Signal};
use tokio_postgres::config::SslMode;

use crate::child::{Child, Ending};
use crate::paths::TemporaryDir;
use crate::progress::Step;
use crate::{paths, ports};

mod binaries;
mod owner;

pub use binaries::Binaries;
use owner::Owner;

/// The superuser of the private server. Not the schema's name: PostgreSQL would look for every name in that schema first, and what
/// works here would not work for a user of another name.
const USER: &str = "postgres";

/// Owns the databases and migrates them: no superuser, as where PostgreSQL is somebody else's to run.
const OWNER: &str = "spillway_owner";

/// What is in every password of the roles: whatever stands in one, it is taken as it is.
const AWKWARD: &str = r#" it's a \ "{{ quoted }}" %41"#;

/// What a private server is to be beside the usual.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Settings, which count before the usual ones.
    pub settings: Vec<(&'static str, String)>,
    /// Who it is over TLS, which it then demands.
    pub identity: Option<Identity>,
}

/// Who a server is over TLS: in PEM.
#[derive(Clone, Debug)]
pub struct Identity {
    /// The server's certificate, for 127.0.0.1.
    pub certificate: String,
    /// Its private key.
    pub key: String,
    /// The certificate of the authority that it is from.
    pub authority: String,
}

/// A private server on 127.0.0.1, stopped on `Drop`.
#[derive(Debug)]
pub struct Cluster {
    binaries: Binaries,
    owner: Option<Owner>,
    dir: PathBuf,
    port: u16,
    password: String,
    server: Mutex<Option<Child>>,
    temporary: Option<TemporaryDir>,
    options: Options,
}

impl Cluster {
    /// Starts the server whose data is in `dir`, and makes that data when there is none.
    pub async fn start(dir: &Path) -> Result<Self> {
        Self::start_with(dir, Options::default()).await
    }

    async fn start_with(dir: &Path, options: Options) -> Result<Self> {
        paths::create_dir(dir)?;
        let owner = Owner::needed()?;
        let dir = owner.map_or_else(|| Ok(dir.to_owned()), |owner| owner.reachable(dir))?;
        let binaries = Binaries::find(version_of(&dir)).await?;
        let password = password(&dir)?;
        let cluster = Self { binaries, owner, dir, port: ports::free()?, password, server: Mutex::new(None), temporary: None, options };
        cluster.initialise()?;
        cluster.write_identity()?;
        cluster.restart().await?;
        cluster.make_owner().await?;
        Ok(cluster)
    }

    async fn make_owner(&self) -> Result<()> {
        let client = self.database("postgres").connect().await?;
        if client.query_opt("select from pg_catalog.pg_roles where rolname = $1", &[&OWNER]).await?.is_none() {
            let statement = format!("create role {OWNER} login createrole password '{}'", self.password);
            client.batch_execute(&statement).await.context("cannot make the owner of the databases")?;
        }
        Ok(())
    }

    /// Starts a server whose data goes with it.
    pub async fn start_temporary() -> Result<Self> {
        Self::start_temporary_with(Options::default()).await
    }

    /// The same, other than usual.
    pub async fn start_temporary_with(options: Options) -> Result<Self> {
        let temporary = TemporaryDir::new("postgres")?;
        let cluster = Self::start_with(temporary.path(), options).await?;
        Ok(cluster.keep(temporary))
    }

    /// The server that the tests of one process share: it is there as long as one of them holds it.
    pub async fn shared() -> Result<Arc<Self>> {
        static SHARED: tokio::sync::Mutex<Weak<Cluster>> = tokio::sync::Mutex::const_new(Weak::new());
        let mut shared = SHARED.lock().await;
        if let Some(cluster) = shared.upgrade() {
            return Ok(cluster);
        }
        let cluster = Arc::new(Self::start_temporary().await?);
        *shared = Arc::downgrade(&cluster);
        Ok(cluster)
    }

    fn keep(mut self, temporary: TemporaryDir) -> Self {
        self.temporary = Some(temporary);
        self
    }

    /// PostgreSQL's programs.
    pub fn binaries(&self) -> &Binaries {
        &self.binaries
    }

    /// The address of one of its databases, for the superuser: who tests looks into everything.
    pub fn database(&self, name: &str) -> Database {
        Database {
            host: "127.0.0.1".into(),
            port: self.port,
            name: name.into(),
            user: USER.into(),
            password: self.password.clone(),
            sslmode: SslMode::Prefer,
            authority: self.options.identity.as_ref().map(|identity| identity.authority.clone()),
        }
    }

    /// The same for its owner, who migrates it.
    pub fn as_owner(&self, name: &str) -> Database {
        Database { user: OWNER.into(), ..self.database(name) }
    }

    /// The same for a role of the app.
    pub fn as_role(&self, name: &str, role: Role) -> Database {
        Database { user: role.name().into(), password: self.role_password(), ..self.database(name) }
    }

    /// By which all roles of the app are let in.
    pub fn role_password(&self) -> String {
        format!("{}{AWKWARD}", self.password)
    }

    /// Creates a database where there is none of that name, and migrates it.
    pub async fn create_migrated(&self, name: &str) -> Result<Database> {
        let database = self.create_database(name).await?;
        migrate::migrate(&mut self.as_owner(name).connect().await?).await?;
        Ok(database)
    }

    /// Creates a database where there is none of that name.
    pub async fn create_database(&self, name: &str) -> Result<Database> {
        let client = self.database("postgres").connect().await?;
        let owner = "select pg_catalog.pg_get_userbyid(datdba)::text from pg_catalog.pg_database where datname = $1";
        if let Some(row) = client.query_opt(owner, &[&name]).await? {
            let data = self.data();
            ensure!(row.get::<_, &str>(0) == OWNER, "an older version made the database {name}: remove {} with all in it", data.display());
        } else {
            let statement = format!("create database \"{name}\" owner {OWNER}");
            client.batch_execute(&statement).await.with_context(|| format!("cannot create the database {name}"))?;
        }
        Ok(self.database(name))
    }

    /// Starts it after a [`stop`](Self::stop) or [`kill`](Self::kill), on the same port with the same data.
    pub async fn restart(&self) -> Result<()> {
        let step = Step::begin(format!("starting PostgreSQL {}", self.binaries.major()));
        self.stop();
        self.end_orphan()?;
        let mut server = Child::spawn("PostgreSQL", &mut self.server_command(), Ending::Interrupt, &self.dir.join("log"))?;
        let database = self.database("postgres");
        server.wait_until_ready(Duration::from_mins(1), async || database.connect().await.is_ok()).await?;
        self.put(Some(server));
        step.done();
        Ok(())
    }

    /// Stops it in order; the data stays.
    pub fn stop(&self) {
        drop(self.put(None));
    }

    /// Ends it in the middle of whatever it does, as a crash of the machine would: nothing is finished, and the next start recovers.
    pub fn kill(&self) {
        if let Some(mut server) = self.put(None) {
            server.quit();
        }
    }

    /// The process id of the server, which is the parent of all its other processes; none while it is stopped.
    pub fn id(&self) -> Option<u32> {
        self.server.lock().unwrap_or_else(PoisonError::into_inner).as_ref().map(Child::id)
    }

    /// An error when it has ended by itself.
    pub fn check(&self) -> Result<()> {
        self.server.lock().unwrap_or_else(PoisonError::into_inner).as_mut().map_or(Ok(()), Child::check)
    }

    fn put(&self, server: Option<Child>) -> Option<Child> {
        std::mem::replace(&mut *self.server.lock().unwrap_or_else(PoisonError::into_inner), server)
    }

    fn data(&self) -> PathBuf {
        self.dir.join("data")
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(self.binaries.program(program));
        command.current_dir(&self.dir).env("LC_ALL", "C.UTF-8");
        if let Some(owner) = self.owner {
            owner.run(&mut command);
        }
        command
    }

    /// Settings for a server of one machine that tests kill in the middle: modest, and durable.
    fn server_command(&self) -> Command {
        let port = self.port.to_string();
        let mut settings = vec![
            ("listen_addresses", "127.0.0.1"),
            ("port", &port),
            // TCP only: a socket's path must be short, and a checkout may lie deep.
            ("unix_socket_directories", ""),
            // The tests have several hosts at a time.
            ("max_connections", "600"),
            ("shared_buffers", "256MB"),
            ("max_wal_size", "2GB"),
            ("timezone", "UTC"),
            ("log_line_prefix", "%m [%p] %d "),
        ];
        if self.binaries.has_library("pg_stat_statements") {
            settings.push(("shared_preload_libraries", "pg_stat_statements"));
            // Also the statements inside functions.
            settings.push(("pg_stat_statements.track", "all"));
        }
        let (hba, certificate, key) = (self.dir.join("hba.conf"), self.dir.join("server.crt"), self.dir.join("server.key"));
        if self.options.identity.is_some() {
            let files = [("hba_file", &hba), ("ssl_cert_file", &certificate), ("ssl_key_file", &key)];
            settings.extend(files.iter().filter_map(|(name, file)| Some((*name, file.to_str()?))));
            settings.push(("ssl", "on"));
        }
        settings.extend(self.options.settings.iter().map(|(name, value)| (*name, value.as_str())));
        let mut command = self.command("postgres");
        command.arg("-D").arg(self.data());
        // Of a setting that is there twice the last counts.
        for (name, value) in settings {
            command.arg("-c").arg(format!("{name}={value}"));
        }
        command
    }

    /// Puts the files of its identity where the server finds them. Nobody is let in without TLS then.
    fn write_identity(&self) -> Result<()> {
        let Some(Identity { certificate, key, .. }) = &self.options.identity else { return Ok(()) };
        for (name, text) in [
            ("hba.conf", "hostssl all all 127.0.0.1/32 scram-sha-256\n"),
            ("server.crt", certificate.as_str()),
            ("server.key", key.as_str()),
        ] {
            let file = self.dir.join(name);
            paths::write_private(&file, text)?;
            if let Some(owner) = self.owner {
                owner.take_over(&file)?;
            }
        }
        Ok(())
    }

    /// Runs initdb, unless that is done.
    fn initialise(&self) -> Result<()> {
        if version_of(&self.dir).is_some() {
            return Ok(());
        }
        let step = Step::begin("creating a database cluster");
        // Made beside its place and moved there when complete. A run that was interrupted may have left one behind.
        let unfinished = self.dir.join("data.unfinished");
        let _ = std::fs::remove_dir_all(&unfinished);
        paths::create_dir(&unfinished)?;
        let password = self.dir.join("password");
        if let Some(owner) = self.owner {
            owner.take_over(&unfinished)?;
            owner.take_over(&password)?;
        }
        self.run_initdb(&unfinished, &password)?;
        std::fs::rename(&unfinished, self.data()).context("cannot move the new database cluster to its place")?;
        step.done();
        Ok(())
    }

    fn run_initdb(&self, data: &Path, password: &Path) -> Result<()> {
        let mut command = self.command("initdb");
        command.args(["--encoding=UTF8", "--locale=C.UTF-8", "--auth=scram-sha-256", "--username", USER]);
        command.arg("--pwfile").arg(password).arg("--pgdata").arg(data);
        let output = command.output().context("cannot run initdb")?;
        if !output.status.success() {
            bail!("initdb failed ({}):\n{}", output.status, String::from_utf8_lossy(&output.stderr).trim());
        }
        Ok(())
    }

    /// Ends a server that a killed process left behind, and removes the file that says that there is one. PostgreSQL does that itself
    /// unless the id in the file belongs to something else by now.
    fn end_orphan(&self) -> Result<()> {
        let file = self.data().join("postmaster.pid");
        let Ok(content) = std::fs::read_to_string(&file) else { return Ok(()) };
        let pid = content.lines().next().and_then(|line| line.trim().parse().ok()).and_then(Pid::from_raw);
        if let Some(pid) = pid.filter(|pid| self.is_server(*pid)) {
            rustix::process::kill_process(pid, Signal::INT).context("cannot stop the PostgreSQL that an earlier run left behind")?;
            wait_for_end(pid);
        }
        match std::fs::remove_file(&file) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error).context("cannot remove the stale postmaster.pid"),
            _ => Ok(()),
        }
    }

    /// Whether a process is the server of this data.
    fn is_server(&self, pid: Pid) -> bool {
        let line = std::fs::read(format!("/proc/{}/cmdline", pid.as_raw_nonzero())).unwrap_or_default();
        String::from_utf8_lossy(&line).contains(&*self.data().to_string_lossy())
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.stop();
        // Where it is not below the temporary folder, being out of the owner's reach there.
        if self.temporary.is_some() {
            let _ = std::fs::remove_dir_all(&self.dir);
        }
    }
}

fn wait_for_end(pid: Pid) {
    for _ in 0..500 {
        if rustix::process::test_kill_process(pid).is_err() {
            return;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// The major version that wrote the data in `dir`; none when there is none yet.
fn version_of(dir: &Path) -> Option<u32> {
    std::fs::read_to_string(dir.join("data/PG_VERSION")).ok()?.trim().parse().ok()
}

/// The superuser's password, made once.
fn password(dir: &Path) -> Result<String> {
    let file = dir.join("password");
    if version_of(dir).is_none() {
        let _ = std::fs::remove_file(&file);
        paths::write_private(&file, &random::secret()?)?;
    }
    paths::read(&file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_server_starts_though_its_user_cannot_enter_the_folder() -> Result<()> {
        use std::os::unix::fs::PermissionsExt as _;
        let temporary = TemporaryDir::new("private")?;
        std::fs::set_permissions(temporary.path(), std::fs::Permissions::from_mode(0o700))?;
        let cluster = Cluster::start(&temporary.path().join("postgres")).await?.keep(temporary);
        cluster.database("postgres").connect().await?;
        Ok(())
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn data_survives_a_killed_server() -> Result<()> {
        let cluster = Cluster::start_temporary().await?;
        let database = cluster.create_database("kept").await?;
        database.connect().await?.batch_execute("create table kept as select 1").await?;
        cluster.kill();
        assert!(database.connect().await.is_err());
        cluster.restart().await?;
        database.connect().await?.query_one("select * from kept", &[]).await?;
        Ok(())
    }
}
