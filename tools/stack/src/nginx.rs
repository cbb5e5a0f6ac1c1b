//! nginx, as `docs/nginx.conf` has it in front of the app.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};

use crate::child::{Child, Ending};
use crate::postgres::Identity;
use crate::progress::Step;
use crate::{install, paths, ports, tool};

/// The package of Debian that has the program.
const PACKAGE: &str = "nginx";

/// Unpacks it under `.spillway`, unless the machine has it: installed, it would be a service that listens on port 80.
pub async fn install() -> Result<PathBuf> {
    if let Some(program) = find() {
        return Ok(program);
    }
    let step = Step::begin(format!("fetching {PACKAGE} (a Debian package)"));
    install::unpack(PACKAGE, &unpacked()).await?;
    step.done();
    find().with_context(|| format!("the package {PACKAGE} holds no program `nginx`"))
}

/// The program, where there is one.
pub fn find() -> Option<PathBuf> {
    let places = [unpacked().join("usr/sbin/nginx"), PathBuf::from("/usr/sbin/nginx")];
    places.into_iter().find(|file| tool::is_executable(file)).or_else(|| tool::find("nginx"))
}

fn unpacked() -> PathBuf {
    paths::data_dir().join("nginx")
}

/// The running nginx, in front of an app.
#[derive(Debug)]
pub struct Nginx {
    _child: Child,
    port: u16,
}

impl Nginx {
    /// Starts it with `docs/nginx.conf`, where only names and addresses are others. `dir` is for its files.
    pub async fn start(program: &Path, dir: &Path, app_url: &str, identity: &Identity) -> Result<Self> {
        let port = ports::free()?;
        let (certificate, key) = (dir.join("certificate.pem"), dir.join("key.pem"));
        paths::write_private(&certificate, &identity.certificate)?;
        paths::write_private(&key, &identity.key)?;
        let site = with_names(
            &paths::read(&paths::root().join("docs/nginx.conf"))?,
            &[
                ("server 127.0.0.1:3000;", format!("server {};", app_url.trim_start_matches("http://"))),
                ("listen 443 ssl;", format!("listen 127.0.0.1:{port} ssl;")),
                ("/etc/ssl/certs/spillway.pem", certificate.display().to_string()),
                ("/etc/ssl/private/spillway.key", key.display().to_string()),
            ],
        )?;
        paths::write_private(&dir.join("spillway.conf"), &site)?;
        paths::write_private(&dir.join("nginx.conf"), MAIN)?;
        let mut command = Command::new(program);
        command.arg("-p").arg(dir).args(["-e", "stderr", "-c", "nginx.conf"]);
        let mut child = Child::spawn("nginx", &mut command, Ending::Terminate, &dir.join("log"))?;
        let answers = async || tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_ok();
        child.wait_until_ready(Duration::from_secs(10), answers).await?;
        Ok(Self { _child: child, port })
    }

    /// Its port, for TLS.
    pub fn port(&self) -> u16 {
        self.port
    }
}

/// What stands around a site, with all files in one folder.
const MAIN: &str = "
daemon off;
user root;
pid nginx.pid;
events { worker_connections 8192; }
http {
    access_log off;
    client_body_temp_path body;
    proxy_temp_path proxy;
    fastcgi_temp_path fastcgi;
    scgi_temp_path scgi;
    uwsgi_temp_path uwsgi;
    include spillway.conf;
}
";

fn with_names(site: &str, names: &[(&str, String)]) -> Result<String> {
    let mut text = site.to_owned();
    for (theirs, ours) in names {
        ensure!(text.matches(theirs).count() == 1, "docs/nginx.conf has no {theirs:?}, or more than one");
        text = text.replace(theirs, ours);
    }
    Ok(text)
}
