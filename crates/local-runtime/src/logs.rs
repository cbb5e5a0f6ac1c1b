//! What guests write to standard output and error: a line at a time to the runtime's log, and as it is to a file. In the log nothing of it is more than text.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use texts::Escaped;
use tokio::io::AsyncWrite;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};

/// Longer lines are cut into several.
const LINE_LIMIT: usize = 16 * 1024;

/// One of the two outputs of a component.
#[derive(Debug, Clone)]
pub struct GuestLog {
    component: Arc<str>,
    stream: &'static str,
    file: Option<Arc<File>>,
}

impl GuestLog {
    /// Opens the output; with a state folder it also goes to `logs/<component>_<stream>.txt` there.
    pub fn open(component: &str, stream: &'static str, state_dir: Option<&Path>) -> std::io::Result<Self> {
        let file = state_dir.map(|dir| open_file(&dir.join("logs"), component, stream)).transpose()?;
        Ok(Self { component: component.into(), stream, file: file.map(Arc::new) })
    }
}

fn open_file(folder: &Path, component: &str, stream: &str) -> std::io::Result<File> {
    std::fs::create_dir_all(folder)?;
    OpenOptions::new().create(true).append(true).open(folder.join(format!("{component}_{stream}.txt")))
}

impl IsTerminal for GuestLog {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for GuestLog {
    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        Box::new(Writer { log: self.clone(), line: Vec::new() })
    }
}

/// Collects bytes to lines. What is written is short and local, so it is written at once.
struct Writer {
    log: GuestLog,
    line: Vec<u8>,
}

impl Writer {
    fn collect(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            match byte {
                b'\n' => self.end_line(),
                _ => self.line.push(byte),
            }
            if self.line.len() >= LINE_LIMIT {
                self.end_line();
            }
        }
    }

    fn end_line(&mut self) {
        let line = String::from_utf8_lossy(&self.line);
        tracing::info!(target: "guest", "{} {}: {}", self.log.component, self.log.stream, Escaped(&line));
        self.line.clear();
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        if !self.line.is_empty() {
            self.end_line();
        }
    }
}

impl AsyncWrite for Writer {
    fn poll_write(mut self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<std::io::Result<usize>> {
        if let Some(file) = &self.log.file {
            file.as_ref().write_all(bytes)?;
        }
        self.collect(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
