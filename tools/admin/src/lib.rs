//! What an operator does to Spillway's database, and a look into a report: the [commands](Command) of `spillway-admin`, which `cargo xtask` has, too.
//!
//! It needs no checkout: the SQL that makes the schema is in it.

pub mod command;
pub use command::Command;

pub mod database;
pub use database::Database;

pub mod connections;
pub mod key;
pub mod limits;
pub mod migrate;
pub mod parse;
pub mod random;
pub mod removal;
mod rights;
pub mod roles;
pub use roles::Role;
mod secret;
