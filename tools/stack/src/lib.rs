//! What the tools and the end-to-end tests start.
//!
//! A [`Stack`] is everything that Spillway needs on one machine: a [private PostgreSQL](postgres), a [store], the app in its
//! [runtime]. It finds, installs and [builds](build) what is missing, keeps all under `.spillway/`, and ends what it started.

mod stack;
pub use stack::{Permanent, Stack, Temporary};

pub mod build;
pub mod nginx;
pub mod postgres;
pub mod runtime;
pub mod store;

pub mod client;
pub mod contents;
pub mod raw;
pub mod sample;

pub mod child;
pub mod install;
pub mod paths;
pub mod ports;
pub mod progress;
pub mod python;
mod roles;
pub mod tool;

mod run;
pub use run::run;
