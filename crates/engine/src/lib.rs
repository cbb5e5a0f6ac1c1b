//! What a drain decides, apart from what it works on and with: no database, no store, no host, no clock of its own. Whoever drives it does what
//! it asks for, and tells it what came of that.
//!
//! - [`Shift`]: which claim comes next, and who is woken.
//! - [`Turn`]: the work on one claimed segment, batch by batch.
//! - [`Filling`]: one batch, record by record.
//! - [`Search`]: where a segment can be cut in two.
//! - [`Memory`]: what one segment teaches of the next.
//!
//! What is read and stored is a [`Work`]; [`Report`] and [`Table`] are the kinds that there are.

mod filling;
pub mod limits;
mod memory;
mod report;
mod search;
mod shift;
mod table;
mod turn;
mod work;

pub use filling::{BatchEnd, Filling, Need, is_full};
pub use memory::{Memory, ReportPlace};
pub use report::Report;
pub use search::{Cut, Cutter, Search};
pub use shift::{Next, Shift};
pub use table::{Origin, Table, TableBatch};
pub use turn::{Ended, Filled, Looked, Task, Turn, TurnSettings, Unit, Verdict};
pub use work::{Work, WorkStep};
