//! From a reader that finds records to the occurrences of each, one by one: what the readers of all syntaxes have in common.

use tokens::tree::Tree;

use super::Reading;
use super::make::{Item, Made};
use super::scope::Slots;
use crate::budget::Wanted;
use crate::format::Parser;
use crate::{ReadError, Record, Step, limits};

/// A reader of records.
pub(super) trait Reader: Parser {
    /// The record in work, how it is read, and the values around it.
    fn giving(&mut self) -> (&mut Giving, &'static Reading, &Slots);
    /// All of the record is given: the place behind it is one to suspend at, and its tree can be used again.
    fn given_all(&mut self, tree: Tree);
    /// Goes on to the next record, a little at a time.
    fn advance(&mut self) -> Result<Flow, ReadError>;

    /// The next occurrence, or what it needs for that.
    fn next(&mut self, mut wanted: Wanted<'_>) -> Result<Step, ReadError> {
        let most = self.work() + wanted.budget.work() + limits::STEP;
        loop {
            let (giving, reading, slots) = self.giving();
            match giving.next(reading, slots, &mut wanted)? {
                Given::Record(record) => return Ok(Step::Record(record)),
                Given::All(tree) => self.given_all(tree),
                Given::Nothing => {}
            }
            if self.work() + wanted.budget.work() > most {
                return Ok(Step::Working);
            }
            if self.giving().0.is_busy() {
                continue;
            }
            match self.advance()? {
                Flow::Goes => {}
                Flow::NeedsInput => return Ok(Step::NeedInput),
                Flow::Ended => return Ok(Step::End),
            }
        }
    }
}

/// Whether a reader can go on by itself.
pub(super) enum Flow {
    Goes,
    NeedsInput,
    Ended,
}

/// Gives the occurrences of a record one by one: a large one may have many. A checkpoint is before the record, and holds how many were given.
#[derive(Debug, Default)]
pub(super) struct Giving {
    item: Option<Item>,
    given: usize,
    /// Those of the next record that were given before a suspension.
    skip: usize,
    /// See [`Parser::has_list`](crate::format::Parser::has_list).
    has_list: bool,
}

/// What there is to give.
enum Given {
    Record(Record),
    All(Tree),
    Nothing,
}

impl Giving {
    /// Begins with a record.
    pub(super) fn begin(&mut self, item: Item) {
        self.item = Some(item);
    }

    /// Occurrences of the next record that a checkpoint says were given.
    pub(super) fn resume(&mut self, given: usize) {
        self.skip = given;
    }

    /// Occurrences of the record that were given, for a checkpoint.
    pub(super) fn given(&self) -> usize {
        self.given + self.skip
    }

    /// A list of records was read, which is empty.
    pub(super) fn saw_list(&mut self) {
        self.has_list = true;
    }

    pub(super) fn has_list(&self) -> bool {
        self.has_list
    }

    /// Whether a record is in work.
    fn is_busy(&self) -> bool {
        self.item.is_some()
    }

    /// Goes on by one occurrence, if there is one.
    fn next(&mut self, reading: &'static Reading, slots: &Slots, wanted: &mut Wanted<'_>) -> Result<Given, ReadError> {
        let Some(item) = &mut self.item else { return Ok(Given::Nothing) };
        match item.next(reading, slots, wanted, self.skip > 0)? {
            Made::Record(record) => {
                self.given += 1;
                Ok(Given::Record(record))
            }
            Made::Skipped => {
                (self.given, self.skip) = (self.given + 1, self.skip - 1);
                Ok(Given::Nothing)
            }
            Made::Nothing => Ok(Given::Nothing),
            Made::All => {
                let tree = std::mem::take(&mut item.tree);
                wanted.budget.save();
                *self = Self { has_list: self.has_list | item.left_out, ..Self::default() };
                Ok(Given::All(tree))
            }
        }
    }
}
