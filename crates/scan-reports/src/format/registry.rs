//! The formats, as the build script wrote them.

use std::sync::{LazyLock, OnceLock};

use report_formats::Catalogue;
use report_formats::table::Table;

use super::Parser;
use super::described::Reading;

include!(concat!(env!("OUT_DIR"), "/formats.rs"));

/// The tables of all formats: what tells them, and how each is read.
static CATALOGUE: LazyLock<Catalogue> = LazyLock::new(|| {
    let catalogue = Catalogue::unpack(include_bytes!(concat!(env!("OUT_DIR"), "/formats.bin")));
    catalogue.unwrap_or_else(|error| unreachable!("the build script packed it: {error}"))
});

/// How formats are read, once somebody has asked for it.
static READINGS: [OnceLock<Option<Reading>>; Format::ALL.len()] = [const { OnceLock::new() }; Format::ALL.len()];

impl Format {
    pub(in crate::format) fn table(self) -> &'static Table {
        &CATALOGUE.tables()[self as usize]
    }

    /// How it is read; none where a module of its own does.
    pub(in crate::format) fn reading(self) -> Option<&'static Reading> {
        let decoded = || CATALOGUE.reading(self as usize).unwrap_or_else(|error| unreachable!("the build script packed it: {error}"));
        READINGS[self as usize].get_or_init(|| Some(Reading::new(decoded()?, self.table().syntax))).as_ref()
    }
}
