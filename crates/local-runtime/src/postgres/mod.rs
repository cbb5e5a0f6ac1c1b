//! `spin:postgres/postgres@4.2.0`: connections from pools on the host.
//!
//! As in Spin: up to 64 connections for each component and address, handed on without ROLLBACK (`RecyclingMethod::Clean`), each
//! statement prepared anew. Unlike Spin: no TLS, no Unix sockets, and every way to open a connection checks the rules.

#![expect(clippy::result_large_err, reason = "the error is the guest's own type, and made seldom")]

mod errors;
mod host;
mod pools;
mod rows;
mod values;

use std::sync::Arc;

pub use pools::Pools;

/// An open connection, as a guest holds it. It goes back to its pool when nobody uses it any more.
pub struct Connection {
    client: Arc<deadpool_postgres::Object>,
}

/// A connection that is being described.
pub struct ConnectionBuilder {
    address: String,
    /// Whether a certificate authority was given, which asks for TLS.
    wants_tls: bool,
}
