//! What a user sees, over HTTP: real PostgreSQL, a real object store, the real components.
//!
//! Each test is a rule, and has a workspace of its own. With `SPILLWAY_URL` and the addresses of database and store in the environment (see
//! `xtask::stack::Stack::temporary`) the tests run against a host that somebody else started; those that have to stop or reconfigure it
//! say that they are skipped.

mod fixture;

mod access;
mod bad_input;
mod cost;
mod crash;
mod import;
mod outage;
mod packed;
mod steering;
mod upload;
