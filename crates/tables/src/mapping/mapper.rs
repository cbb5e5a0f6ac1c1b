//! Applies a mapping: rows of a file to rows of a dataset.

use std::borrow::Cow;

use foldhash::{HashMap, HashMapExt, HashSet};

use super::document::{ColumnRule, Mapping, UnknownColumns};
use super::rescued::{Rescued, key};
use super::target::{Bench, Fault, Flaw, Nulls, Target};
use super::unfold::{Unfold, Unfolded};
use super::{Column, Counts, Mapped, MappingError, Problem};
use crate::read::Rows;
use crate::{Cell, Columns, limits};

/// What the fields of a file are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fields {
    /// All of them are text, and an empty one is no value if nothing else is said: CSV and the like.
    Texts,
    /// The file says what is text and what is no value.
    Typed,
}

impl Fields {
    /// Of a file in this [format](crate::read::Reader::format).
    pub fn of_format(format: &str) -> Self {
        if format == "csv" { Self::Texts } else { Self::Typed }
    }
}

/// Maps the rows of one file, without allocating anything for a row that fits.
#[derive(Debug)]
pub struct Mapper {
    /// Those that say which rows are taken come first.
    targets: Vec<Target>,
    filters: usize,
    /// Columns that no rule is for.
    others: Vec<usize>,
    unfold: Option<Unfold>,
    routes: Routes,
    /// Of fields that no rule reads.
    nulls: Nulls,
    unknown_columns: UnknownColumns,
    /// Room for the cells of a row: those that are read, by their slots, and the others, by their fields.
    cells: Vec<Cell<'static>>,
    unread: Vec<(usize, Cell<'static>)>,
    bench: Bench,
    counts: Counts,
    /// Where the file begins in what was uploaded.
    starts_at: u64,
}

/// Where the fields of the file go.
#[derive(Debug)]
struct Routes {
    /// For each of the file's fields that was met.
    fields: Vec<Route>,
    /// Slots by the names of the fields, and whether a field of the file has taken it.
    slots: HashMap<String, (usize, bool)>,
    ignored: HashSet<String>,
    /// The dataset's columns.
    columns: HashSet<String>,
    /// Names in `_rescued`, so that no two fields have the same.
    keys: HashSet<String>,
    /// Names that the dataset lacks.
    unknown: Vec<String>,
}

#[derive(Debug)]
enum Route {
    Slot(usize),
    Ignored,
    /// To `_rescued`, under this key.
    Unread {
        key: String,
        /// Whether its name was told, or need not be.
        told: bool,
    },
}

/// A row, as it is or taken apart.
pub(super) trait Row {
    fn names(&self) -> &[String];

    /// Gives each cell with its place in the names, and whether its members are given as well.
    fn cells<'a>(&'a self, take: impl FnMut(usize, Cell<'a>, bool));
}

/// A row as it is.
struct Whole<'a, R>(&'a R);

impl<R: Rows> Row for Whole<'_, R> {
    #[inline]
    fn names(&self) -> &[String] {
        self.0.names()
    }

    #[inline]
    fn cells<'a>(&'a self, mut take: impl FnMut(usize, Cell<'a>, bool)) {
        self.0.cells(|index, cell| take(index, cell, false));
    }
}

impl Mapper {
    /// For a dataset's columns, in their order; without a mapping each column comes from the field of its name.
    pub fn of(mapping: Option<&Mapping>, columns: &[Column], fields: Fields) -> Result<Self, MappingError> {
        match mapping {
            Some(mapping) => Self::new(mapping, columns, fields),
            None => Self::new(&Mapping::of_columns(columns), columns, fields),
        }
    }

    /// For a dataset's columns, in their order.
    pub fn new(mapping: &Mapping, columns: &[Column], fields: Fields) -> Result<Self, MappingError> {
        mapping.validate()?;
        let mapping = &*with_added(mapping, columns);
        let mut slots = HashMap::new();
        let mut slot = |name: &str| {
            let next = slots.len();
            slots.entry(name.to_owned()).or_insert((next, false)).0
        };
        let places: HashMap<&str, usize> = columns.iter().enumerate().map(|(index, column)| (column.name.as_str(), index)).collect();
        let mut targets = Vec::with_capacity(columns.len());
        let mut others: Vec<bool> = vec![true; columns.len()];
        for (index, rule) in mapping.columns.iter().enumerate() {
            let path = format!("/columns/{index}");
            let lacking = || MappingError::new(format!("{path}/to"), "the dataset has no such column");
            let place = *places.get(rule.to.as_str()).ok_or_else(lacking)?;
            targets.push(Target::of((mapping, rule, &path), (place, &columns[place]), fields, &mut slot)?);
            others[place] = false;
        }
        if let Some((_, column)) = others.iter().zip(columns).find(|(other, column)| **other && column.required) {
            let message = format!("the dataset's column {} is required, and no rule is for it", column.name);
            return Err(MappingError::new("/columns", message));
        }
        targets.sort_by_key(|target| !target.filters());
        Ok(Self {
            filters: targets.iter().filter(|target| target.filters()).count(),
            targets,
            others: (0..columns.len()).filter(|place| others[*place]).collect(),
            unfold: Unfold::of(mapping),
            routes: Routes::new(slots, mapping, columns),
            nulls: Nulls::of(None, mapping.input.as_ref(), fields),
            unknown_columns: mapping.unknown_columns,
            cells: Vec::new(),
            unread: Vec::new(),
            bench: Bench::default(),
            counts: Counts::default(),
            starts_at: 0,
        })
    }

    /// For a file that begins there in what was uploaded: where its rows are is counted from the start of all.
    #[must_use]
    pub fn starting_at(self, starts_at: u64) -> Self {
        Self { starts_at, ..self }
    }

    /// What follows comes from another reader: its names may be others.
    pub fn restart(&mut self) {
        self.routes.restart();
        if let Some(unfold) = &mut self.unfold {
            unfold.restart();
        }
    }

    /// Appends what a row is in the dataset: to all columns, or to none. `to` has the dataset's columns.
    ///
    /// An exploded row is stored whole or not at all as well. Its rows have offsets that begin at the row's, times [`ELEMENTS`](limits::ELEMENTS).
    pub fn map(&mut self, row: &impl Rows, to: &mut Columns) -> Mapped {
        to.mark();
        let before = to.len();
        let counts = self.counts;
        match self.rows(row, to) {
            Ok(rows) => {
                let stored = to.len() - before;
                self.counts.read += count(rows);
                self.counts.stored += count(stored);
                self.counts.filtered += count(rows - stored);
                if stored == 0 { Mapped::Filtered } else { Mapped::Stored(stored) }
            }
            Err(fault) => {
                to.roll_back();
                self.counts = Counts { read: counts.read + 1, rejected: counts.rejected + 1, ..counts };
                let fails = fault.fails;
                let problem = problem(fault, row);
                if fails { Mapped::Fail(problem) } else { Mapped::Rejected(problem) }
            }
        }
    }

    /// What became of the rows since this was asked last.
    pub fn take_counts(&mut self) -> Counts {
        std::mem::take(&mut self.counts)
    }

    /// Names of fields with values that neither a rule reads nor the dataset has, as they came, at most [`COLUMNS`](limits::COLUMNS). They are
    /// collected where unknown columns are to be added; until there are such columns, the values are in `_rescued`.
    pub fn unknown(&self) -> &[String] {
        &self.routes.unknown
    }

    /// How many rows there are, with those that are not taken.
    fn rows(&mut self, row: &impl Rows, to: &mut Columns) -> Result<usize, Fault> {
        let Some(mut unfold) = self.unfold.take() else {
            self.write(&Whole(row), self.offset(row, None)?, to)?;
            return Ok(1);
        };
        let result = self.unfolded(&mut unfold, row, to);
        self.unfold = Some(unfold);
        result
    }

    fn unfolded(&mut self, unfold: &mut Unfold, row: &impl Rows, to: &mut Columns) -> Result<usize, Fault> {
        if unfold.is_full() {
            unfold.restart();
            self.routes.restart();
        }
        let rows = unfold.read(row)?;
        for index in 0..rows {
            unfold.element(index)?;
            let offset = self.offset(row, unfold.explodes().then_some(index))?;
            self.write(&Unfolded { unfold, row }, offset, to)?;
        }
        Ok(rows)
    }

    /// Where the row is, as the dataset has it.
    fn offset(&self, row: &impl Rows, element: Option<usize>) -> Result<i64, Fault> {
        let times = if element.is_some() { count(limits::ELEMENTS) } else { 1 };
        let offset = self.starts_at.checked_add(row.offset()).and_then(|offset| offset.checked_mul(times));
        let offset = offset.and_then(|offset| offset.checked_add(count(element.unwrap_or_default())));
        let offset = offset.and_then(|offset| i64::try_from(offset).ok());
        offset.ok_or_else(|| Fault {
            fails: true,
            ..Flaw::new("offset", "the file is too large: the row's offset is no number of 64 bits").into()
        })
    }

    /// Appends a row, if it is taken.
    fn write(&mut self, row: &impl Row, offset: i64, to: &mut Columns) -> Result<(), Fault> {
        let names = row.names();
        if names.len() != self.routes.fields.len() {
            self.routes.extend(names, self.unknown_columns);
        }
        let mut cells = recycled(std::mem::take(&mut self.cells), || Cell::Missing);
        let mut unread = recycled(std::mem::take(&mut self.unread), || (0, Cell::Missing));
        cells.resize(self.routes.slots.len(), Cell::Missing);
        let routes = &self.routes.fields;
        row.cells(|index, cell, apart| match routes.get(index) {
            Some(Route::Slot(slot)) => {
                if let Some(place) = cells.get_mut(*slot) {
                    *place = cell;
                }
            }
            Some(Route::Unread { .. }) if !apart => unread.push((index, cell)),
            _ => {}
        });
        let result = self.write_cells(names, &cells, &unread, offset, to);
        self.cells = recycled(cells, || Cell::Missing);
        self.unread = recycled(unread, || (0, Cell::Missing));
        result
    }

    fn write_cells(
        &mut self,
        names: &[String],
        cells: &[Cell<'_>],
        unread: &[(usize, Cell<'_>)],
        offset: i64,
        to: &mut Columns,
    ) -> Result<(), Fault> {
        let bench = &mut self.bench;
        bench.rescued.clear();
        bench.counts = Counts::default();
        let (filters, others) = self.targets.split_at_mut(self.filters);
        for target in &mut *filters {
            if !target.look(cells, bench)? {
                return Ok(());
            }
        }
        for (index, cell) in unread {
            self.routes.rescue((*index, *cell), names, &self.nulls, self.unknown_columns, bench)?;
        }
        for target in filters {
            target.append(to);
        }
        for target in others {
            target.write(cells, bench, to)?;
        }
        for column in &self.others {
            to.push_null(*column);
        }
        self.counts.rescued_values += bench.counts.rescued_values;
        self.counts.nulled += bench.counts.nulled;
        to.end_row(offset, bench.rescued.finish());
        Ok(())
    }
}

/// Columns that were added since the mapping was made are read as it would have had them added: from the fields of their names.
fn with_added<'a>(mapping: &'a Mapping, columns: &[Column]) -> Cow<'a, Mapping> {
    let mut mapping = Cow::Borrowed(mapping);
    if mapping.unknown_columns == UnknownColumns::Add {
        let added = columns.iter().filter(|column| !mapping.columns.iter().any(|rule| rule.to == column.name));
        let rules: Vec<_> = added.map(|column| ColumnRule { to: column.name.clone(), ..ColumnRule::default() }).collect();
        if !rules.is_empty() {
            mapping.to_mut().columns.extend(rules);
        }
    }
    mapping
}

impl Routes {
    fn new(slots: HashMap<String, (usize, bool)>, mapping: &Mapping, columns: &[Column]) -> Self {
        let columns: HashSet<String> = columns.iter().map(|column| column.name.clone()).collect();
        let ignored = mapping.ignore.iter().cloned().collect();
        Self { fields: Vec::new(), slots, ignored, keys: columns.clone(), columns, unknown: Vec::new() }
    }

    fn restart(&mut self) {
        self.fields.clear();
        self.slots.values_mut().for_each(|slot| slot.1 = false);
        self.keys.clone_from(&self.columns);
    }

    /// Finds where fields go that were not met yet.
    #[cold]
    fn extend(&mut self, names: &[String], unknown: UnknownColumns) {
        if names.len() < self.fields.len() {
            self.restart();
        }
        for name in names.get(self.fields.len()..).unwrap_or_default() {
            let route = match self.slots.get_mut(name) {
                Some((slot, taken @ false)) => {
                    *taken = true;
                    Route::Slot(*slot)
                }
                _ if unknown == UnknownColumns::Ignore || self.ignored.contains(name) => Route::Ignored,
                _ => self.unread(name, unknown),
            };
            self.fields.push(route);
        }
    }

    /// A value that does not fit is rescued under its column's name, so a field of that name has another there.
    fn unread(&mut self, name: &str, unknown: UnknownColumns) -> Route {
        let mut free = name.to_owned();
        while !self.keys.insert(free.clone()) {
            free.push('_');
        }
        let told = unknown != UnknownColumns::Add || self.columns.contains(name) || self.slots.contains_key(name);
        Route::Unread { key: key(&free), told }
    }

    /// Keeps a field that no rule reads.
    fn rescue(
        &mut self,
        (index, cell): (usize, Cell<'_>),
        names: &[String],
        nulls: &Nulls,
        unknown: UnknownColumns,
        bench: &mut Bench,
    ) -> Result<(), Fault> {
        let name = names.get(index).map_or("", String::as_str);
        if unknown == UnknownColumns::Fail && cell != Cell::Missing {
            let flaw = Flaw::new("unknown_column", "no rule reads this field; add one, ignore the field, or let it be rescued");
            return Err(Fault { flaw, column: Some(name.to_owned()), fails: true });
        }
        let Some(Route::Unread { key, told }) = self.fields.get_mut(index) else { return Ok(()) };
        if nulls.has(cell) {
            return Ok(());
        }
        bench.rescued.add(key, cell);
        if !*told && self.unknown.len() < limits::COLUMNS {
            self.unknown.push(name.to_owned());
        }
        *told = true;
        Ok(())
    }
}

#[cold]
fn problem(fault: Fault, row: &impl Rows) -> Problem {
    let Fault { flaw, column, .. } = fault;
    Problem {
        code: flaw.code.to_owned(),
        message: flaw.message.into_owned(),
        offset: row.offset(),
        line: row.line(),
        column,
        raw: row.raw(),
        record: record(row),
    }
}

/// The row's fields as a JSON object, if it is no longer than what is kept of a row.
fn record(row: &impl Rows) -> Option<String> {
    let (names, mut fields, mut most) = (row.names(), Rescued::default(), 0);
    row.cells(|index, cell| {
        if cell != Cell::Missing && most <= limits::RAW {
            fields.add(&key(names.get(index).map_or("", String::as_str)), cell);
            most = fields.bytes();
        }
    });
    (most <= limits::RAW).then(|| fields.finish().to_owned()).filter(|record| !record.is_empty())
}

/// The room of a list, for things that live shorter or longer. What is collected from a list of things of the same size stays where it was.
fn recycled<A, B>(mut list: Vec<A>, never: impl Fn() -> B) -> Vec<B> {
    list.clear();
    list.into_iter().map(|_| never()).collect()
}

fn count(rows: usize) -> u64 {
    u64::try_from(rows).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
