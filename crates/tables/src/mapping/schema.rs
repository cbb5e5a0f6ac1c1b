//! The JSON Schema of the document.

/// As it is served (draft 2020-12).
pub const SCHEMA: &str = include_str!("mapping.schema.json");
