//! A host for Spin applications where there is no Spin: for development, tests and demonstrations.
//!
//! It reads the same `spin.toml` and runs the same components as Spin 4.1, on 127.0.0.1, and behaves as Spin does where a
//! component can notice it. It knows nothing of the application that it runs. One module is one capability:
//!
//! - [`manifest`], [`variables`], [`routes`], [`outbound`]: what the application is and may do;
//! - [`engine`], [`guest`], [`limits`], [`logs`], [`metrics`]: components and their instances;
//! - [`http_server`], [`instances`], [`cron`]: what starts them;
//! - [`http_client`], [`postgres`]: what they reach.
//!
//! # Where it differs from Spin
//!
//! Stricter, since a test should find what would be a hole: every way to open a PostgreSQL connection checks the allowed hosts,
//! and Unix sockets never pass. Kinder, since it costs nothing: TCP_NODELAY is set, a few guests that compute without a pause do
//! not starve others, memory is limited by default, and failed cron runs are logged. Sparing: fewer connections to a database. Missing: TLS
//! to PostgreSQL and for the server, `files`, `dependencies`, remote sources, other triggers, variable providers beside options
//! and environment, and Spin's other interfaces (key-value, sqlite, redis, mysql, mqtt, llm). A component that imports one of
//! them does not start.

pub mod app;
mod bindings;
pub mod cron;
pub mod engine;
pub mod guest;
pub mod http_client;
pub mod http_server;
pub mod instances;
pub mod limits;
pub mod logs;
pub mod manifest;
pub mod metrics;
pub mod outbound;
pub mod postgres;
pub mod routes;
pub mod variables;
