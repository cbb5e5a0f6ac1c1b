//! Formats that are described in `formats/<name>.toml` instead of programmed (`formats/README.md` is the language's reference).
//!
//! The build script compiles the descriptions into [tables](table), and ends the build where one is wrong. Here they are interpreted:
//! [`json`], [`xml`], [`csv`] and [`lines`] find the records and collect each as a [tree](tokens::tree) of texts; [`scope`] evaluates expressions over it
//! and [`make`] makes occurrences of them.

#[cfg(test)]
mod compile;
mod csv;
mod json;
#[cfg(test)]
mod language;
pub(super) mod lines;
mod make;
mod pattern;
mod scope;
pub(super) mod table;
pub(super) mod transform;
mod xml;

pub(super) use csv::headers as csv_headers;
use table::{Syntax, Table};
use tokens::json::Shape;

#[cfg(test)]
use crate::limits;

use super::Parser;

#[cfg(test)]
mod tests;

/// Reads a report as its table says; none for a format that has a reader of its own.
pub(super) fn parser(table: &'static Table) -> Option<Box<dyn Parser>> {
    let reading = table.reading.as_ref()?;
    Some(match table.syntax {
        Syntax::Json => Box::new(json::JsonReport::new(table, reading)),
        Syntax::Xml => Box::new(xml::XmlRecords::new(table, reading)),
        Syntax::Csv => Box::new(csv::CsvReport::new(table, reading)),
        Syntax::Lines | Syntax::Html => Box::new(lines::LineReport::new(table, reading)),
    })
}
