//! Callers who keep to no rules: requests as bytes, each on a connection of its own, from whatever address of this machine.

use std::convert::Infallible;
use std::future::pending;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use anyhow::{Context as _, Result};
use futures::future::join_all;
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream, lookup_host};
use tokio::time::timeout;

/// Where those call from who do harm: limits of an address do not count them with others.
pub const ATTACKER: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);

/// Bytes of an answer that are on their way while nobody takes them: few, so that whoever sends them notices.
const TAKEN: u32 = 4096;

/// A caller. Copies of it are the same one.
#[derive(Clone, Debug)]
pub struct RawCaller {
    /// Host and port.
    app: String,
    from: Option<Ipv4Addr>,
    sent: Arc<AtomicU64>,
}

/// What a caller is answered.
#[derive(Clone, Debug, PartialEq)]
pub struct RawAnswer {
    /// Its status.
    pub status: u16,
    /// The status line and the headers.
    pub head: String,
    /// The document; null where there is none.
    pub document: Value,
}

impl RawAnswer {
    /// What stands in the text of an answer; none where that is none.
    pub fn parse(answer: &str) -> Option<Self> {
        let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((answer, ""));
        let status = head.strip_prefix("HTTP/1.1 ")?.split(' ').next()?.parse().ok()?;
        Some(Self { status, head: head.to_owned(), document: serde_json::from_str(body).unwrap_or_default() })
    }
}

impl RawCaller {
    /// A caller of the app at `url` (without a path).
    pub fn new(url: &str) -> Self {
        let app = url.trim_start_matches("http://").trim_end_matches('/').to_owned();
        Self { app, from: None, sent: Arc::default() }
    }

    /// The same, from an address of this machine.
    #[must_use]
    pub fn at(self, address: Ipv4Addr) -> Self {
        Self { from: Some(address), ..self }
    }

    /// Bytes that it has got rid of so far.
    pub fn sent(&self) -> u64 {
        self.sent.load(Relaxed)
    }

    /// A new connection.
    pub async fn connect(&self) -> Result<TcpStream> {
        let app = lookup_host(&self.app).await?.next().with_context(|| format!("{} has no address", self.app))?;
        let socket = if matches!(app, SocketAddr::V4(_)) { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
        socket.set_recv_buffer_size(TAKEN)?;
        if let Some(from) = self.from {
            socket.bind((from, 0).into())?;
        }
        socket.connect(app).await.with_context(|| format!("cannot connect to {}", self.app))
    }

    /// Sends a request, or the beginning of one, and keeps the connection.
    pub async fn send(&self, request: &[u8]) -> Result<TcpStream> {
        let mut stream = self.connect().await?;
        self.write(&mut stream, request).await;
        Ok(stream)
    }

    /// Sends a request as it is, however much of it is wanted, and gives the answer; none where the connection ends without one.
    pub async fn ask(&self, request: &[u8], limit: Duration) -> Result<Option<RawAnswer>> {
        let mut stream = self.connect().await?;
        let (mut from, mut to) = stream.split();
        let answer = tokio::select! {
            answer = timeout(limit, whole(&mut from)) => answer,
            never = self.write_on(&mut to, request) => match never {},
        };
        let answer = answer.with_context(|| format!("there is no answer within {} s", limit.as_secs()))?;
        Ok(RawAnswer::parse(&answer))
    }

    /// Whoever refuses a request may close the connection before all of it is sent.
    async fn write(&self, to: &mut (impl AsyncWrite + Unpin), mut request: &[u8]) {
        while let Ok(written @ 1..) = to.write(request).await {
            self.sent.fetch_add(written as u64, Relaxed);
            request = &request[written..];
        }
    }

    /// The same beside somebody who waits for the answer.
    async fn write_on(&self, to: &mut (impl AsyncWrite + Unpin), request: &[u8]) -> Infallible {
        self.write(to, request).await;
        pending().await
    }
}

/// An upload of which there is a byte, and the rest is still to come.
pub fn unfinished_upload(key: &str) -> String {
    format!("POST /api/v1/imports HTTP/1.1\r\nhost: app\r\nauthorization: Bearer {key}\r\ncontent-length: 1000000\r\n\r\n<")
}

/// An answer up to the length that it says, or all that comes.
async fn whole(from: &mut (impl AsyncRead + Unpin)) -> String {
    let (mut answer, mut piece) = (Vec::new(), [0; TAKEN as usize]);
    while !is_whole(&String::from_utf8_lossy(&answer))
        && let Ok(length @ 1..) = from.read(&mut piece).await
    {
        answer.extend(&piece[..length]);
    }
    String::from_utf8_lossy(&answer).into_owned()
}

/// Whether an answer has the length that it says.
fn is_whole(answer: &str) -> bool {
    let Some((head, body)) = answer.split_once("\r\n\r\n") else { return false };
    let mut headers = head.lines().filter_map(|line| line.split_once(": "));
    let length = headers.find(|(name, _)| name.eq_ignore_ascii_case("content-length"));
    length.and_then(|(_, length)| length.parse().ok()).is_some_and(|length: usize| body.len() >= length)
}

/// The head of an answer, and what comes with it.
pub async fn first(stream: &mut TcpStream, limit: Duration) -> Result<String> {
    Ok(timeout(limit, piece(stream)).await.context("no answer")??)
}

async fn piece(stream: &mut TcpStream) -> std::io::Result<String> {
    let mut bytes = [0; TAKEN as usize];
    let length = stream.read(&mut bytes).await?;
    Ok(String::from_utf8_lossy(&bytes[..length]).into_owned())
}

/// All that comes until the connection ends, which it does within the limit.
pub async fn rest(stream: &mut TcpStream, limit: Duration) -> Result<String> {
    let mut bytes = Vec::new();
    // Who is cut may find the connection reset.
    let _ = timeout(limit, stream.read_to_end(&mut bytes)).await.context("the connection is kept")?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// What those callers are told who hear anything within a time; nothing where the connection ends without a word.
pub async fn told(streams: &mut [TcpStream], time: Duration) -> Vec<String> {
    let told = join_all(streams.iter_mut().map(async |stream| timeout(time, piece(stream)).await)).await;
    told.into_iter().filter_map(Result::ok).map(Result::unwrap_or_default).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_whole_when_it_has_its_length() {
        let head = "HTTP/1.1 422 Unprocessable Entity\r\nContent-Length: 11\r\n\r\n";
        assert!(!is_whole("HTTP/1.1 422 Unprocessable"));
        assert!(!is_whole(&format!("{head}{{\"a\": ")));
        assert!(is_whole(&format!("{head}{{\"a\": \"bc\"}}")));
    }

    #[test]
    fn an_answer_has_a_status_and_perhaps_a_document() {
        let answer = RawAnswer::parse("HTTP/1.1 429 Too Many Requests\r\nretry-after: 1\r\n\r\n{\"status\": 429}").expect("an answer");
        assert_eq!((answer.status, &answer.document["status"]), (429, &429.into()));
        assert!(answer.head.contains("retry-after: 1"), "{answer:?}");
        assert_eq!(RawAnswer::parse("HTTP/1.1 500 Internal Server Error\r\n\r\n").map(|answer| answer.document), Some(Value::Null));
        assert_eq!(RawAnswer::parse(""), None);
    }
}
