//! Bytes to events: XML, JSON, CSV, lines, and HTML as lines. Knows no scanner.
//!
//! A tokenizer takes the bytes of one file in pieces of any size and gives its events one by one. It never reads, waits or holds the file.
//! Between two events it is at a place, a small value that goes through serde; a new tokenizer goes on from there. Four laws hold for each
//! of them:
//!
//! 1. *Cut anywhere*: the events do not depend on how the bytes were cut.
//! 2. *Suspend anywhere*: nor on where the tokenizer was dropped and resumed from its place.
//! 3. *Bounded*: places and what is held of the bytes stay within [`limits`], whatever the bytes are.
//! 4. *In proportion*: twice the bytes take twice the [work](TakesBytes::work). What was looked at ahead is not looked at again.
//!
//! All of them take bytes alike ([`TakesBytes`]) and read UTF-8, UTF-16, and what an XML declaration names, with or without a byte order mark; where the
//! syntax leaves it open, what is no UTF-8 is Windows-1252. [Positions](Position) are those of the file as it is stored. [`look`] tells which tokenizer
//! a file is for; a file that shows only later how it is read begins with a [`Start`].
//!
//! What is called for every value is `#[inline]`, since readers are other crates: without that they are up to a tenth slower where crates are
//! not optimised as one.

pub mod limits;

mod error;
pub use error::{ReadError, ReadErrorKind};

mod decode;
pub use decode::Position;

mod start;
pub use start::{Start, TakesBytes};

pub mod xml;

pub mod tree;

pub mod json;

pub mod csv;

pub mod lines;

pub mod html;

mod look;
pub use look::{Look, look};

#[cfg(any(test, feature = "fuzzing"))]
pub mod fuzzing;
