//! The tools of this repository, and what its tests start: `cargo xtask help` lists the commands.
//!
//! [`stack::Stack`] is everything that Spillway needs on one machine: a [private PostgreSQL](postgres), a [store], the app in its
//! [runtime]. It finds, installs and [builds](build) what is missing, keeps all under `.spillway/`, and ends what it started.

pub mod stack;

pub mod build;
pub mod migrate;
pub mod postgres;
pub mod runtime;
pub mod store;

pub mod client;
pub mod connections;
pub mod contents;
pub mod generate;
pub mod key;
pub mod parse;

pub mod formats;
pub mod schema;

pub mod child;
pub mod dice;
pub mod install;
pub mod paths;
pub mod ports;
pub mod progress;
pub mod random;
pub mod tool;
