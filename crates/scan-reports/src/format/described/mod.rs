//! Formats that are described in `formats/<name>.toml` instead of programmed (`formats/README.md` is the language's reference).
//!
//! The build script compiles the descriptions into [tables](report_formats::table), and ends the build where one is wrong. Here they are
//! interpreted: [`json`], [`xml`], [`csv`] and [`lines`] find the records and collect each as a [tree](tokens::tree) of texts; [`scope`]
//! evaluates expressions over it and [`make`] makes occurrences of them.

mod csv;
mod giving;
mod json;
pub(super) mod lines;
mod make;
mod reading;
mod scope;
pub(super) mod transform;
mod xml;

pub(super) use csv::headers as csv_headers;
pub(super) use reading::Reading;
use report_formats::table::{Syntax, Table};

use super::Parser;

#[cfg(test)]
mod tests;

/// Reads a report as its tables say.
pub(super) fn parser(table: &'static Table, reading: &'static Reading) -> Box<dyn Parser> {
    match table.syntax {
        Syntax::Json => Box::new(json::JsonReport::new(table, reading)),
        Syntax::Xml => Box::new(xml::XmlRecords::new(table, reading)),
        Syntax::Csv => Box::new(csv::CsvReport::new(table, reading)),
        Syntax::Lines | Syntax::Html => Box::new(lines::LineReport::new(table, reading)),
    }
}
