//! The names that records have, by numbers.

use std::collections::HashMap;

use crate::limits;

/// All names that were met, in their order.
#[derive(Default)]
pub(super) struct Names {
    all: Vec<String>,
    by_name: HashMap<String, usize>,
    bytes: usize,
    /// In which record each was met last.
    met: Vec<u64>,
    record: u64,
    /// The number that most likely comes next: records mostly have the same names in the same order.
    next: usize,
}

impl Names {
    pub(super) fn all(&self) -> &[String] {
        &self.all
    }

    pub(super) fn begin_record(&mut self) {
        self.record += 1;
        self.next = 0;
    }

    /// The number of a name, a new one where it was not met; none where there are too many.
    pub(super) fn index_of(&mut self, name: &str) -> Option<usize> {
        let index = match self.all.get(self.next) {
            Some(next) if next == name => self.next,
            _ => match self.by_name.get(name) {
                Some(index) => *index,
                None => self.add(name)?,
            },
        };
        self.next = index + 1;
        Some(index)
    }

    fn add(&mut self, name: &str) -> Option<usize> {
        if self.all.len() == limits::COLUMNS || self.bytes + name.len() > limits::NAMES {
            return None;
        }
        self.bytes += name.len();
        self.by_name.insert(name.to_owned(), self.all.len());
        self.all.push(name.to_owned());
        self.met.push(0);
        Some(self.all.len() - 1)
    }

    /// Whether the record had the name already. Now it has.
    pub(super) fn met_before(&mut self, index: usize) -> bool {
        let record = self.record;
        self.met.get_mut(index).is_some_and(|met| std::mem::replace(met, record) == record)
    }
}
