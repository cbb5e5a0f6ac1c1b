//! Callers who are waited for: to send a body, or to take an answer. Who is too slow holds what others need, and is not waited for any longer.

use std::io::IoSlice;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::runtime::Handle;
use tokio::time::{Instant, Sleep, timeout};
use wasmtime_wasi_http::Error;

use crate::shares::Share;

/// The least that somebody does while he is waited for.
#[derive(Debug, Clone, Copy)]
pub struct LeastPace {
    /// So many bytes a second,
    pub rate: u64,
    /// on the average of so much time of waiting.
    pub window: Duration,
}

impl LeastPace {
    fn bytes(self) -> u64 {
        self.rate.saturating_mul(u64::try_from(self.window.as_millis()).unwrap_or(u64::MAX)) / u64::from(MILLIS)
    }
}

/// Milliseconds of a second.
const MILLIS: u16 = 1000;

/// Counts what comes, and the time that it is waited for: what passes in between is somebody else's affair.
#[derive(Debug)]
struct Pace {
    least: LeastPace,
    bytes: u64,
    waited: Duration,
    waiting_since: Option<Instant>,
    end_of_window: Pin<Box<Sleep>>,
}

impl Pace {
    fn new(least: LeastPace) -> Self {
        let end_of_window = Box::pin(tokio::time::sleep(least.window));
        Self { least, bytes: 0, waited: Duration::ZERO, waiting_since: None, end_of_window }
    }

    /// So many bytes have come.
    fn count(&mut self, bytes: usize) {
        self.bytes = self.bytes.saturating_add(bytes as u64);
        self.waited += self.waiting_since.take().map_or(Duration::ZERO, |since| since.elapsed());
    }

    /// Nothing is there, and it is waited for: ready once that is in vain.
    fn poll_late(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.waiting_since.is_none() {
            let now = Instant::now();
            self.waiting_since = Some(now);
            self.end_of_window.as_mut().reset(now + self.least.window.saturating_sub(self.waited));
        }
        loop {
            ready!(self.end_of_window.as_mut().poll(cx));
            if self.bytes < self.least.bytes().max(1) {
                return Poll::Ready(());
            }
            let now = Instant::now();
            (self.bytes, self.waited, self.waiting_since) = (0, Duration::ZERO, Some(now));
            self.end_of_window.as_mut().reset(now + self.least.window);
        }
    }
}

/// A request's body, which fails where its sender is too slow.
#[derive(Debug)]
pub struct PacedBody {
    /// There until it is dropped.
    body: Option<Incoming>,
    pace: Pace,
    /// Among those that are on their way.
    place: Option<Share>,
    /// Where what is left of it is read.
    io: Handle,
}

/// How long the rest of a body is read that nobody wants: until its sender has seen the answer. A connection that is closed with something unread in it is
/// reset, and the answer is lost with it.
const LINGER: Duration = Duration::from_secs(2);

impl PacedBody {
    /// A body that is to come at least so fast; its place is free when it is there.
    pub fn new(body: Incoming, least: LeastPace, place: Option<Share>) -> Self {
        Self { body: Some(body), pace: Pace::new(least), place, io: Handle::current() }
    }
}

impl Drop for PacedBody {
    fn drop(&mut self) {
        if let Some(mut body) = self.body.take().filter(|body| !body.is_end_stream()) {
            let rest = async move { while let Some(Ok(_)) = body.frame().await {} };
            self.io.spawn(async move { drop(timeout(LINGER, rest).await) });
        }
    }
}

impl Body for PacedBody {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let Some(body) = &mut self.body else { return Poll::Ready(None) };
        let frame = match Pin::new(body).poll_frame(cx) {
            Poll::Ready(frame) => frame.map(|frame| frame.map_err(Error::from)),
            Poll::Pending => {
                ready!(self.pace.poll_late(cx));
                Some(Err(Error::ConnectionReadTimeout))
            }
        };
        match &frame {
            Some(Ok(frame)) => self.pace.count(frame.data_ref().map_or(0, Bytes::len)),
            None | Some(Err(_)) => self.place = None,
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.body.as_ref().map_or_else(SizeHint::default, Body::size_hint)
    }
}

/// A connection that breaks where its reader is too slow.
#[derive(Debug)]
pub struct PacedStream<S> {
    stream: S,
    pace: Pace,
}

impl<S> PacedStream<S> {
    /// A connection of which at least so much is to be taken.
    pub fn new(stream: S, least: LeastPace) -> Self {
        Self { stream, pace: Pace::new(least) }
    }

    fn judge(&mut self, written: Poll<std::io::Result<usize>>, cx: &mut Context<'_>) -> Poll<std::io::Result<usize>> {
        match written {
            Poll::Ready(written) => {
                self.pace.count(*written.as_ref().unwrap_or(&0));
                Poll::Ready(written)
            }
            Poll::Pending => {
                ready!(self.pace.poll_late(cx));
                Poll::Ready(Err(std::io::Error::new(std::io::ErrorKind::TimedOut, "the answer is taken too slowly")))
            }
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for PacedStream<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for PacedStream<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<std::io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.judge(written, cx)
    }

    fn poll_write_vectored(mut self: Pin<&mut Self>, cx: &mut Context<'_>, pieces: &[IoSlice<'_>]) -> Poll<std::io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, pieces);
        self.judge(written, cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

    use super::*;

    /// Fifty bytes in half a second.
    const LEAST: LeastPace = LeastPace { rate: 100, window: Duration::from_millis(500) };

    /// Writes to a reader who takes so many bytes every hundredth of a second.
    async fn write_to_reader_of(count: usize, bytes: usize) -> std::io::Result<()> {
        let (near, mut far) = duplex(1);
        tokio::spawn(async move {
            let mut taken = vec![0; count];
            while far.read_exact(&mut taken).await.is_ok() {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        });
        PacedStream::new(near, LEAST).write_all(&vec![0; bytes]).await
    }

    #[tokio::test]
    async fn who_takes_what_is_least_is_waited_for() {
        write_to_reader_of(10, 1500).await.unwrap();
    }

    #[tokio::test]
    async fn who_takes_less_than_that_is_not_though_something_moves_all_the_time() {
        let (near, mut far) = duplex(1);
        tokio::spawn(async move {
            while far.read_u8().await.is_ok() {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        });
        let error = PacedStream::new(near, LEAST).write_all(&[0; 1500]).await.unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::TimedOut);
    }

    #[tokio::test]
    async fn time_that_nobody_waits_does_not_count() {
        let mut pace = Pace::new(LEAST);
        let is_late_within = async |pace: &mut Pace, time| {
            let late = std::future::poll_fn(|cx| pace.poll_late(cx));
            tokio::time::timeout(Duration::from_millis(time), late).await.is_ok()
        };
        assert!(!is_late_within(&mut pace, 200).await);
        pace.count(20);
        tokio::time::sleep(Duration::from_millis(600)).await;
        assert!(!is_late_within(&mut pace, 100).await, "300 ms of 500");
        assert!(is_late_within(&mut pace, 400).await, "20 bytes of 50");
    }
}
