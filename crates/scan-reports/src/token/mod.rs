//! Bytes to events, resumable and bounded. Knows no scanner.

pub(crate) mod csv;
pub(crate) mod html;
pub(crate) mod json;
pub(crate) mod lines;
pub(crate) mod xml;
