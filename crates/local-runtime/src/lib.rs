//! A host for Spin applications where there is no Spin: for development, tests and demonstrations.
//!
//! It reads the same `spin.toml` and runs the same components as Spin 4.1, on 127.0.0.1, and behaves as Spin does where a
//! component can notice it. It knows nothing of the application that it runs. One module is one capability:
//!
//! - [`manifest`], [`variables`], [`routes`], [`outbound`]: what the application is and may do;
//! - [`engine`], [`guest`], [`limits`], [`logs`], [`metrics`]: components and their instances;
//! - [`http_server`], [`instances`], [`cron`]: what starts them;
//! - [`http_client`], [`postgres`]: what they reach.

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
