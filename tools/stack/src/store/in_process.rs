//! s3s over files, on a thread and a runtime of its own: it outlives the runtime of the test that started it.

use std::net::SocketAddr;
use std::path::Path;
use std::thread::JoinHandle;

use anyhow::{Context as _, Result};
use hyper_util::rt::TokioIo;
use s3s::auth::SimpleAuth;
use s3s::service::{S3Service, S3ServiceBuilder};
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use super::files::Files;
use crate::paths;

/// The store's thread, ended on `Drop`.
#[derive(Debug)]
pub(super) struct Server {
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    /// Starts it, with one key that may do all.
    pub(super) fn start(dir: &Path, access_key: &str, secret_key: &str) -> Result<Self> {
        paths::create_dir(dir)?;
        let files = Files::new(dir).map_err(|error| anyhow::anyhow!("cannot keep objects in {}: {error:?}", dir.display()))?;
        let mut service = S3ServiceBuilder::new(files);
        service.set_auth(SimpleAuth::from_single(access_key, secret_key));
        let listener = std::net::TcpListener::bind(("127.0.0.1", crate::ports::free()?)).context("cannot listen for the object store")?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let (stop, stopped) = oneshot::channel();
        let service = service.build();
        let thread = std::thread::Builder::new().name("object store".into()).spawn(move || serve(listener, &service, stopped))?;
        Ok(Self { address, stop: Some(stop), thread: Some(thread) })
    }

    /// Its URL.
    pub(super) fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.stop.take());
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

fn serve(listener: std::net::TcpListener, service: &S3Service, stopped: oneshot::Receiver<()>) {
    let Ok(runtime) = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build() else { return };
    runtime.block_on(async {
        let Ok(listener) = TcpListener::from_std(listener) else { return };
        tokio::select! {
            () = accept(listener, service) => {}
            _ = stopped => {}
        }
    });
    // Connections that clients keep open must not hold the thread.
    runtime.shutdown_background();
}

async fn accept(listener: TcpListener, service: &S3Service) {
    loop {
        let Ok((stream, _)) = listener.accept().await else { continue };
        // As stores do: an answer whose head and body go apart would wait 40 ms in between.
        let _ = stream.set_nodelay(true);
        let service = service.clone();
        tokio::spawn(async move {
            let _ = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}
