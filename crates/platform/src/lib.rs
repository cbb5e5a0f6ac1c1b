//! What the functions need from outside, each in one module: the database, the object store, HTTP answers, and what all of them have, keys, configuration, ids.
//!
//! Nothing here knows a report format; nothing outside `db` knows a SQL function's name.

pub mod address;
pub mod auth;
pub mod config;
pub mod db;
pub mod export;
pub mod http;
pub mod ids;
pub mod objects;
pub mod rate;
pub mod serving;
pub mod wake;
