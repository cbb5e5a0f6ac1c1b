//! A host for Spin applications where there is no Spin: for development, tests and demonstrations.
//!
//! It reads the same `spin.toml` and runs the same components as Spin 4.1, on 127.0.0.1, and behaves as Spin does where a
//! component can notice it. It knows nothing of the application that it runs. One module is one capability:
//!
//! - [`manifest`], [`runtime_config`], [`variables`], [`routes`], [`outbound`]: what the application is and may do;
//! - [`engine`], [`threads`], [`guest`], [`memory`], [`logs`], [`metrics`]: components and their instances;
//! - [`http_server`], [`instances`], [`cron`]: what starts them;
//! - [`limits`], [`shares`], [`pace`], [`refusals`]: what callers may take, and what the others are told;
//! - [`http_client`], [`postgres`]: what they reach.
//!
//! # Where it differs from Spin
//!
//! Stricter, since a test should find what would be a hole: every way to open a PostgreSQL connection checks the allowed hosts,
//! and Unix sockets never pass; an application whose allowed hosts cannot be parsed does not start; a guest that computes beyond `--request-timeout`
//! is dropped; callers have [`limits`], and where there is too much to do they are told so: 503 or 429 with Retry-After, where Spin gives an empty 500
//! or waits for ever. Kinder: a request with a header that is no UTF-8
//! is told so (400), where Spin gives an empty 500; failed cron runs are logged whatever way they fail, and the schedule starts when the server listens; guests compute on
//! threads of their own, eight a processor where nobody says otherwise, and take turns. Missing: TLS and HTTP/2 for the server, `files`,
//! `dependencies`, remote sources, other triggers, variable providers beside options and environment, of the runtime configuration all but the
//! connections to PostgreSQL and the authorities of HTTPS, and Spin's other interfaces (key-value, sqlite, redis, mysql, mqtt, llm). A component that
//! imports one of them does not start.
//!
//! Options have Spin's names and defaults. Beside them there are `--limit` and `--metrics-listen`, and `--tuned`, by which the runtime is faster than
//! Spin 4.1 where that could be, too: TCP_NODELAY both ways, 16 connections for each component and address to a database instead of 64 (the last used
//! first), statements prepared once a connection, documents of JSON to and from it as they are, no checks for interruption compiled into the components.

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
pub mod memory;
pub mod metrics;
pub mod outbound;
pub mod pace;
pub mod postgres;
pub mod refusals;
pub mod routes;
pub mod runtime_config;
pub mod shares;
pub mod threads;
pub mod variables;
