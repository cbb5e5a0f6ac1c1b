//! Where work is done: guests compute on threads of their own, so that whatever they do the others go on to accept, read and answer.
//!
//! A task that computes keeps its thread, and with it whatever that thread was to look after. Where guests and connections share threads, one guest
//! that computes right after something has arrived leaves nobody to see what arrives next.

use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::runtime::{Handle, Runtime};

/// The threads that guests run on, and those that do everything else.
#[derive(Debug, Clone)]
pub struct Threads {
    /// Of connections, ours and others'.
    pub io: Handle,
    /// Of guests.
    pub guests: Handle,
}

impl Threads {
    /// All that is started from here on is done by these.
    pub fn of(io: &Runtime, guests: &Runtime) -> Self {
        Self { io: io.handle().clone(), guests: guests.handle().clone() }
    }
}

/// A future that is polled as if it were on other threads: what it starts, opens and waits for is theirs.
#[derive(Debug)]
pub struct Within<F> {
    threads: Handle,
    future: Pin<Box<F>>,
}

/// Has what a future starts, opens and waits for be the affair of these threads.
pub fn within<F: Future>(threads: &Handle, future: F) -> Within<F> {
    Within { threads: threads.clone(), future: Box::pin(future) }
}

impl<F: Future> Future for Within<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = &mut *self;
        let _entered = this.threads.enter();
        this.future.as_mut().poll(cx)
    }
}
