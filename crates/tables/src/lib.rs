//! Files of rows to typed columns: streaming, resumable, bounded. No IO, clock, database or Spin.
//!
//! A [reader](read::Rows) gives the rows of a file one by one, each as [cells](Cell) beside the names of its columns. A mapping says which columns of a
//! dataset come of them, by which steps and checks, and casts them to the dataset's [types](Type). What comes of it is collected as columns, in the form in
//! which the database takes them.

mod calendar;

mod cell;
pub use cell::Cell;

mod types;
pub use types::Type;

mod cast;
pub use cast::{Cast, CastError, CastOptions, Decimal, Pattern, compare};

mod infer;
pub use infer::{Inference, Proposal};

mod sniff;
pub use sniff::{Dialect, clean_names, sniff};

pub mod limits;

pub mod read;

pub mod mapping;

mod columns;
pub use columns::{Batch, Columns};

mod again;
pub use again::{Again, Outcome, RejectedRow};

mod preview;
pub use preview::{Preview, PreviewStep, Previewed};

#[cfg(any(test, feature = "fuzzing"))]
pub mod fuzzing;
