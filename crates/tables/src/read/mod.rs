//! Files of rows: what all readers have in common.

use std::fmt::Display;

use tokens::{Position, ReadErrorKind, TakesBytes};

pub use tokens::ReadError;

use crate::{Cell, limits};

pub mod csv;
pub mod json;

mod reader;
pub use reader::{Cutter, Hints, Reader};

#[cfg(test)]
mod testing;

pub mod xlsx;

pub mod parquet;

/// What a reader found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowStep {
    /// A row: [`Rows::cells`].
    Row,
    /// A row that cannot be used, and why; it was passed.
    Bad {
        /// Stable, for programs.
        code: &'static str,
        /// For people.
        message: &'static str,
    },
    /// It wants the bytes at [`TakesBytes::position`], or to hear that there are none.
    NeedInput,
    /// Nothing yet, after as much work as one step may take.
    Working,
    /// The file is read to its end.
    End,
}

/// Gives the rows of a file one by one, from bytes in pieces of any size. A position may jump; whoever feeds it gives the bytes that it asks for. What it
/// gives depends neither on how the bytes were cut nor on where it was dropped and resumed from its [checkpoint](Self::checkpoint).
pub trait Rows: TakesBytes {
    /// The next row.
    fn next(&mut self) -> Result<RowStep, ReadError>;

    /// The names of the file's columns that are known so far, in the order in which they came. More may come with any row, of formats whose rows name their
    /// fields. Those of a reader that was resumed may be others, in another order.
    fn names(&self) -> &[String];

    /// Gives the row's cells to `take`, each with the index of its column in [`names`](Self::names), in any order, at most once. A column that the row does
    /// not have may be left out.
    fn cells<'a>(&'a self, take: impl FnMut(usize, Cell<'a>));

    /// Where the row begins, in bytes; of formats without such a place, a number that grows with every row. No two rows of a file have the same.
    fn offset(&self) -> u64;

    /// The line in which the row begins, or its number, counted from 1.
    fn line(&self) -> u64;

    /// The row as the file has it, or as JSON where that is nothing that a person reads: at most [`RAW`](crate::limits::RAW) bytes.
    fn raw(&self) -> String;

    /// The place after the row, at most [`CHECKPOINT`](crate::limits::CHECKPOINT) bytes.
    fn checkpoint(&self) -> Vec<u8>;
}

/// A place at which what is left of a file can be two.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cut {
    /// Offset of the first byte behind it.
    pub offset: u64,
    /// The [checkpoint](Rows::checkpoint) of a reader there.
    pub checkpoint: Vec<u8>,
}

fn broken_checkpoint(error: impl Display) -> String {
    format!("the saved place is none of this version: {error}")
}

fn too_many_names(names: usize, at: Position) -> ReadError {
    let columns = if names == usize::MAX { "too many columns".to_owned() } else { format!("{names} columns") };
    let message = format!(
        "the header has {columns}, or names of more than {} bytes in all; a file may have {} columns. Is it the header, and are its fields told apart by \
         another character?",
        limits::NAMES,
        limits::COLUMNS
    );
    ReadError { kind: ReadErrorKind::LimitExceeded, message, offset: at.offset, line: at.line }
}

/// Leaves so much of a row's text as is kept.
fn cut(mut raw: String) -> String {
    if raw.len() > limits::RAW {
        let end = (0..=limits::RAW).rev().find(|end| raw.is_char_boundary(*end)).unwrap_or_default();
        raw.truncate(end);
    }
    raw
}
