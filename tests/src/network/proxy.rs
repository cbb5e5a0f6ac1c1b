//! What lies between an app and itself where it is run for real: a proxy that speaks TLS, far away or unreliable.

use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use anyhow::{Context as _, Result};
use stack::postgres::Identity;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, copy_bidirectional, duplex, split};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep_until};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring::default_provider;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// Bytes that are on their way in one piece.
const PIECE: usize = 16 * 1024;

/// What the proxy is like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// Each byte takes so long each way, whatever it is of: TLS, a request, an answer.
    Far(Duration),
    /// Every second connection ends before a word.
    Unreliable,
    /// Every connection does.
    Broken,
}

/// The proxy, until it is dropped.
pub(super) struct Proxy {
    port: u16,
    behind: Arc<OnceLock<String>>,
    task: JoinHandle<()>,
}

impl Proxy {
    pub(super) async fn start(way: Way, identity: &Identity) -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let (port, behind) = (listener.local_addr()?.port(), Arc::new(OnceLock::new()));
        let task = tokio::spawn(accept(listener, way, acceptor(identity)?, Arc::clone(&behind)));
        Ok(Self { port, behind, task })
    }

    /// Its URL, without a path.
    pub(super) fn url(&self) -> String {
        format!("https://localhost:{}", self.port)
    }

    /// Says who is behind it.
    pub(super) fn pass_on_to(&self, url: &str) -> Result<()> {
        self.behind.set(url.trim_start_matches("http://").to_owned()).ok().context("there is somebody behind it already")
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn acceptor(identity: &Identity) -> Result<TlsAcceptor> {
    let certificate = CertificateDer::from_pem_slice(identity.certificate.as_bytes())?;
    let key = PrivateKeyDer::from_pem_slice(identity.key.as_bytes())?;
    let config = ServerConfig::builder_with_provider(Arc::new(default_provider())).with_safe_default_protocol_versions()?;
    Ok(TlsAcceptor::from(Arc::new(config.with_no_client_auth().with_single_cert(vec![certificate], key)?)))
}

async fn accept(listener: TcpListener, way: Way, tls: TlsAcceptor, behind: Arc<OnceLock<String>>) {
    let count = AtomicUsize::new(0);
    while let Ok((near, _)) = listener.accept().await {
        let number = count.fetch_add(1, Ordering::Relaxed);
        let delay = match way {
            Way::Far(delay) => delay,
            Way::Unreliable if number % 2 == 1 => Duration::ZERO,
            Way::Unreliable | Way::Broken => continue,
        };
        // A connection that breaks is the affair of those at its ends.
        tokio::spawn(pass_on(near, tls.clone(), delay, Arc::clone(&behind)));
    }
}

async fn pass_on(near: TcpStream, tls: TlsAcceptor, delay: Duration, behind: Arc<OnceLock<String>>) -> Result<()> {
    near.set_nodelay(true)?;
    let (here, there) = duplex(PIECE);
    let (near_read, near_write) = near.into_split();
    let (here_read, here_write) = split(here);
    tokio::spawn(later(near_read, here_write, delay));
    tokio::spawn(later(here_read, near_write, delay));
    let mut stream = tls.accept(there).await?;
    let mut far = TcpStream::connect(behind.get().context("nobody is behind the proxy yet")?).await?;
    far.set_nodelay(true)?;
    copy_bidirectional(&mut stream, &mut far).await?;
    Ok(())
}

/// Passes on what comes, each piece after the delay.
async fn later(mut from: impl AsyncRead + Unpin, mut to: impl AsyncWrite + Unpin, delay: Duration) {
    let (sender, mut pieces) = mpsc::unbounded_channel();
    let read = async move {
        let mut piece = vec![0; PIECE];
        while let Ok(length @ 1..) = from.read(&mut piece).await {
            if sender.send((Instant::now() + delay, piece[..length].to_vec())).is_err() {
                return;
            }
        }
    };
    let write = async move {
        while let Some((due, piece)) = pieces.recv().await {
            sleep_until(due).await;
            if to.write_all(&piece).await.is_err() {
                return;
            }
        }
        let _ = to.shutdown().await;
    };
    tokio::join!(read, write);
}
