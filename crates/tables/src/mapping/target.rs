//! A column of a dataset: its value out of a row, and what is done where there is none that fits.

use std::borrow::Cow;

use super::conditions::{CheckOf, Filter};
use super::document::{ColumnRule, Condition, Input, OnError};
use super::mapper::Fields;
use super::rescued::{Rescued, key};
use super::steps::{Step, Work};
use super::{Column, Counts, Mapping, MappingError};
use crate::{Cast, CastError, CastOptions, Cell, Columns, Pattern, Type};

/// What is wrong with a value or a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Flaw {
    pub(super) code: &'static str,
    pub(super) message: Cow<'static, str>,
}

impl Flaw {
    pub(super) fn new(code: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self { code, message: message.into() }
    }
}

impl From<CastError> for Flaw {
    fn from(error: CastError) -> Self {
        Self::new(error.code, error.message)
    }
}

/// Why a row is not stored.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) flaw: Flaw,
    /// The dataset's column, or the file's field.
    pub(super) column: Option<String>,
    /// Whether the run fails.
    pub(super) fails: bool,
}

impl From<Flaw> for Fault {
    fn from(flaw: Flaw) -> Self {
        Self { flaw, column: None, fails: false }
    }
}

/// Texts that stand for no value.
#[derive(Clone, Debug, Default)]
pub(super) struct Nulls {
    texts: Vec<String>,
    empty: bool,
    longest: usize,
}

impl Nulls {
    /// Those of a column, or else of the file, or else the empty text where all that the file has is text.
    pub(super) fn of(column: Option<&ColumnRule>, input: Option<&Input>, fields: Fields) -> Self {
        match column.and_then(|rule| rule.null.as_ref()).or_else(|| input.and_then(|input| input.null.as_ref())) {
            None => Self { empty: fields == Fields::Texts, ..Self::default() },
            Some(texts) => {
                let texts: Vec<String> = texts.clone();
                let longest = texts.iter().map(String::len).max().unwrap_or_default();
                Self { empty: texts.iter().any(String::is_empty), texts, longest }
            }
        }
    }

    /// Whether a cell is no value.
    #[inline]
    pub(super) fn has(&self, cell: Cell<'_>) -> bool {
        match cell {
            Cell::Missing | Cell::Null => true,
            Cell::Text("") => self.empty,
            Cell::Text(text) | Cell::Number(text) => text.len() <= self.longest && self.texts.iter().any(|null| null == text),
            _ => false,
        }
    }
}

/// What rows are written with, one after the other.
#[derive(Debug, Default)]
pub(super) struct Bench {
    work: Work,
    pub(super) rescued: Rescued,
    /// Of values of the row.
    pub(super) counts: Counts,
}

/// A column of the dataset that a rule is for.
#[derive(Debug)]
pub(super) struct Target {
    /// Its place in the dataset.
    column: usize,
    name: String,
    /// Its name, as it is written in `_rescued`.
    key: String,
    cast: Cast,
    /// The same for what is not as the file writes it.
    plain: Cast,
    /// Slots of the fields of which the first counts that the row has.
    sources: Vec<usize>,
    nulls: Nulls,
    steps: Vec<Step>,
    check: Option<CheckOf>,
    filters: Vec<Filter>,
    required: bool,
    on_error: OnError,
    /// The value, where it has to be looked at before it is appended.
    value: String,
    is_null: bool,
}

/// How the file writes values of a column.
fn cast_of(rule: &ColumnRule, kind: Type, input: Option<&Input>, path: &str) -> Result<Cast, MappingError> {
    let format = |(index, format): (usize, &String)| {
        Pattern::parse(format).map_err(|message| MappingError::new(format!("{path}/formats/{index}"), message))
    };
    let options = CastOptions {
        formats: rule.formats.iter().enumerate().map(format).collect::<Result<_, _>>()?,
        timezone: rule.timezone.clone(),
        decimal: input.and_then(|input| input.decimal).unwrap_or_default(),
        grouped: false,
    };
    let place = if rule.timezone.is_some() && rule.formats.is_empty() { "timezone" } else { "formats" };
    Cast::with(kind, options).map_err(|message| MappingError::new(format!("{path}/{place}"), message))
}

/// Points in time in a zone with rules of its own are known to the database alone.
fn can_be_compared(mapping: &Mapping, rule: &ColumnRule, kind: Type, path: &str) -> Result<(), MappingError> {
    let by_rules = kind == Type::Timestamptz && rule.timezone.as_ref().is_some_and(|zone| !matches!(zone.as_str(), "UTC" | "GMT"));
    let mut conditions = mapping.conditions.iter().filter(|it| it.column == rule.to);
    let compares =
        |it: &Condition| it.within.is_some() || it.not_in.is_some() || it.equals.is_some() || it.min.is_some() || it.max.is_some();
    if by_rules && (rule.check.is_some() || conditions.any(compares)) {
        let message =
            "a column with a time zone has neither checks nor conditions, since only the database knows which points in time they are";
        return Err(MappingError::new(format!("{path}/timezone"), message));
    }
    Ok(())
}

impl Target {
    /// Of a rule, at a place in the document; `slot` gives the number of a field.
    pub(super) fn of(
        (mapping, rule, path): (&Mapping, &ColumnRule, &str),
        (column, of_dataset): (usize, &Column),
        fields: Fields,
        slot: &mut impl FnMut(&str) -> usize,
    ) -> Result<Self, MappingError> {
        let (input, kind) = (mapping.input.as_ref(), of_dataset.kind);
        if rule.kind.is_some_and(|of_rule| of_rule != kind) {
            return Err(MappingError::new(format!("{path}/type"), format!("the dataset's column is of type {kind}")));
        }
        let conditions = mapping.conditions.iter().enumerate().filter(|(_, it)| it.column == rule.to);
        can_be_compared(mapping, rule, kind, path)?;
        Ok(Self {
            column,
            name: rule.to.clone(),
            key: key(&rule.to),
            cast: cast_of(rule, kind, input, path)?,
            plain: Cast::new(kind),
            sources: sources(rule, slot),
            nulls: Nulls::of(Some(rule), input, fields),
            steps: steps(rule, path, slot)?,
            check: rule.check.as_ref().map(|check| CheckOf::of(check, kind, &format!("{path}/check"))).transpose()?,
            filters: conditions.map(|(index, it)| Filter::of(it, kind, &format!("/where/{index}"))).collect::<Result<_, _>>()?,
            required: rule.required || of_dataset.required,
            on_error: rule.on_error.unwrap_or(mapping.type_errors),
            value: String::new(),
            is_null: true,
        })
    }

    /// Whether it says which rows are taken.
    pub(super) fn filters(&self) -> bool {
        !self.filters.is_empty()
    }

    /// Looks at the value of a row, without appending it; false where the row is not taken.
    pub(super) fn look(&mut self, cells: &[Cell<'_>], bench: &mut Bench) -> Result<bool, Fault> {
        let source = self.source(cells);
        if let Err(flaw) = self.value(source, cells, bench) {
            self.is_null = true;
            self.not_fitting(flaw, source, bench)?;
        }
        let value = (!self.is_null).then_some(self.value.as_str());
        let taken = self.filters.iter().all(|filter| filter.holds(value));
        // A row that is not taken may be without a value that others must have.
        if taken && self.is_null { self.not_there().map(|()| true) } else { Ok(taken) }
    }

    /// Appends what was looked at.
    pub(super) fn append(&self, to: &mut Columns) {
        if self.is_null {
            to.push_null(self.column);
        } else {
            to.push_text(self.column, &self.value);
        }
    }

    /// Appends the value of a row.
    #[inline]
    pub(super) fn write(&mut self, cells: &[Cell<'_>], bench: &mut Bench, to: &mut Columns) -> Result<(), Fault> {
        if !self.steps.is_empty() || self.check.is_some() {
            self.look(cells, bench)?;
            self.append(to);
            return Ok(());
        }
        let source = self.source(cells);
        if self.nulls.has(source) {
            to.push_null(self.column);
            return self.not_there();
        }
        match to.push(self.column, &self.cast, source) {
            Ok(true) => Ok(()),
            Ok(false) => self.not_there(),
            Err(error) => {
                to.push_null(self.column);
                self.not_fitting(error.into(), source, bench)
            }
        }
    }

    /// The field that it is read from.
    #[inline]
    fn source<'a>(&self, cells: &[Cell<'a>]) -> Cell<'a> {
        let mut cells = self.sources.iter().filter_map(|slot| cells.get(*slot).copied());
        cells.find(|cell| !matches!(cell, Cell::Missing)).unwrap_or(Cell::Missing)
    }

    /// Its value by its steps and its type, checked.
    fn value(&mut self, source: Cell<'_>, cells: &[Cell<'_>], bench: &mut Bench) -> Result<(), Flaw> {
        let (mut cell, mut cast) = (if self.nulls.has(source) { Cell::Null } else { source }, &self.cast);
        if !self.steps.is_empty() {
            bench.work.begin(cell)?;
            for step in &mut self.steps {
                step.apply(&mut bench.work, cells, &self.nulls)?;
            }
            cell = bench.work.cell();
            if bench.work.is_plain {
                cast = &self.plain;
            }
            if self.nulls.has(cell) {
                cell = Cell::Null;
            }
        }
        self.value.clear();
        self.is_null = !cast.write(cell, &mut self.value)?;
        if self.is_null { Ok(()) } else { self.check.as_ref().map_or(Ok(()), |check| check.holds(&self.value)) }
    }

    /// Does with a value what is to be done with those that do not fit.
    #[cold]
    fn not_fitting(&self, flaw: Flaw, source: Cell<'_>, bench: &mut Bench) -> Result<(), Fault> {
        match self.on_error {
            OnError::Rescue if !self.required => {
                // Where the row has no field for it, what its steps made.
                let value = if source.is_null() { bench.work.cell() } else { source };
                bench.rescued.add(&self.key, value);
                bench.counts.rescued_values += 1;
                Ok(())
            }
            OnError::Null if !self.required => {
                bench.counts.nulled += 1;
                Ok(())
            }
            on_error => Err(Fault { flaw, column: Some(self.name.clone()), fails: on_error == OnError::Fail }),
        }
    }

    /// There is no value.
    #[inline]
    fn not_there(&self) -> Result<(), Fault> {
        if self.required { Err(self.missing()) } else { Ok(()) }
    }

    #[cold]
    fn missing(&self) -> Fault {
        let flaw = Flaw::new("required", "there is no value, and the column is required");
        Fault { flaw, column: Some(self.name.clone()), fails: self.on_error == OnError::Fail }
    }
}

fn sources(rule: &ColumnRule, slot: &mut impl FnMut(&str) -> usize) -> Vec<usize> {
    use super::document::Step::{Coalesce, Concat, Constant};
    match (&rule.from, rule.steps.first()) {
        (Some(from), _) => from.names().iter().map(|name| slot(name)).collect(),
        (None, Some(Coalesce { .. } | Concat { .. } | Constant { .. })) => Vec::new(),
        (None, _) => vec![slot(&rule.to)],
    }
}

fn steps(rule: &ColumnRule, path: &str, slot: &mut impl FnMut(&str) -> usize) -> Result<Vec<Step>, MappingError> {
    rule.steps.iter().enumerate().map(|(index, step)| Step::of(step, &format!("{path}/steps/{index}"), slot)).collect()
}
