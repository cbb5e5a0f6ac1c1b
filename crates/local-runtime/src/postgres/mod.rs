//! `spin:postgres/postgres@4.2.0`: connections from pools on the host.
//!
//! As in Spin: up to 64 connections for each component and address, handed on without ROLLBACK (`RecyclingMethod::Clean`) and never closed
//! from here; each statement prepared anew (where it is tuned, once a connection); TLS where the server offers it, and then its certificate must be trusted; documents taken apart and
//! put together again both ways. Unlike Spin: no Unix sockets, every way to open a connection checks the rules, and nobody waits for one for ever.

#![expect(clippy::result_large_err, reason = "the error is the guest's own type, and made seldom")]

mod errors;
mod host;
mod pools;
mod rows;
mod values;

use std::sync::Arc;

use tokio::sync::OwnedSemaphorePermit;

pub use pools::Pools;

/// An open connection, as a guest holds it. It goes back to its pool when nobody uses it any more.
pub struct Connection {
    client: Arc<deadpool_postgres::Object>,
    /// For as long as the guest holds it.
    _permit: Option<OwnedSemaphorePermit>,
}

/// A connection that is being described.
pub struct ConnectionBuilder {
    target: pools::Target,
}
