//! From a reader that finds records to the occurrences of each, one by one: what the readers of all syntaxes have in common.

use tokens::tree::Tree;

use super::Reading;
use super::make::Item;
use super::scope::Slots;
use crate::{KnownFindings, ReadError, Record, Step};

/// A reader of records.
pub(super) trait Reader {
    /// The record in work, how it is read, and the values around it.
    fn giving(&mut self) -> (&mut Giving, &'static Reading, &Slots);
    /// All of the record is given: the place behind it is one to suspend at, and its tree can be used again.
    fn given_all(&mut self, tree: Tree);
    /// Goes on to the next record, a little at a time.
    fn advance(&mut self) -> Result<Flow, ReadError>;

    /// The next occurrence, or what it needs for that.
    fn next(&mut self, known: &KnownFindings) -> Result<Step, ReadError> {
        loop {
            let (giving, reading, slots) = self.giving();
            match giving.next(reading, slots, known)? {
                Given::Record(record) => return Ok(Step::Record(record)),
                Given::All(tree) => self.given_all(tree),
                Given::Nothing => {}
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

    fn next(&mut self, reading: &'static Reading, slots: &Slots, known: &KnownFindings) -> Result<Given, ReadError> {
        let Some(item) = &mut self.item else { return Ok(Given::Nothing) };
        while let Some(record) = item.next(reading, slots, known)? {
            self.given += 1;
            if self.skip == 0 {
                return Ok(Given::Record(record));
            }
            self.skip -= 1;
        }
        let tree = std::mem::take(&mut item.tree);
        *self = Self { has_list: self.has_list | item.left_out, ..Self::default() };
        Ok(Given::All(tree))
    }
}
