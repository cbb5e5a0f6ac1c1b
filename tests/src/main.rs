//! What a user sees, over HTTP: real PostgreSQL, a real object store, the real components.
//!
//! Each test is a rule, and has a workspace of its own. With `SPILLWAY_RUNTIME` in the environment a program that takes `local-runtime`'s arguments
//! is started in its place. With `SPILLWAY_URL` and the addresses of database and store (see `stack::Stack::temporary`) the tests run
//! against a host that somebody else started; those that have to stop or reconfigure it are ignored then.

mod fixture;

mod access;
mod bad_input;
mod browsers;
mod cost;
mod crash;
mod decisions;
mod document;
mod floods;
mod hostile;
mod import;
mod import_removal;
mod keys;
mod locks;
mod members;
mod network;
mod nginx;
mod operator;
mod outage;
mod packed;
mod quotas;
mod removal;
mod roles;
mod search;
mod sessions;
mod steering;
mod tables;
mod upload;
