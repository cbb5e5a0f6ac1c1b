//! Report formats that are described instead of programmed.
//!
//! A description is a file `<name>.toml`; `crates/scan-reports/formats/README.md` is the reference of its language. With the feature
//! `compile`, [`Description`] is its one reader: [`compile`](Description::compile) makes [tables](table) of it, and names every mistake.
//! [`Catalogue`] is the tables of all formats as bytes that go into a binary, and are read there again.

mod expression;
pub mod kinds;
pub mod table;

mod pattern;
pub use pattern::Taken;

mod catalogue;
pub use catalogue::Catalogue;

#[cfg(feature = "compile")]
pub mod language;

#[cfg(feature = "compile")]
pub mod description;
#[cfg(feature = "compile")]
pub use description::Description;

#[cfg(feature = "compile")]
mod compile;
#[cfg(feature = "compile")]
pub use compile::Compiled;

#[cfg(all(test, feature = "compile"))]
mod tests;
