//! A row of a sheet, held in buffers that are used again.

use super::dates;
use super::texts::SharedTexts;
use crate::{Cell, calendar, limits};

/// The value of a cell. Texts are ranges of the row's.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Value {
    Null,
    Text(u32, u32),
    /// A text that cells share, by its number.
    Shared(u32),
    Number(u32, u32),
    Float(f64),
    Boolean(bool),
    Date(i32),
    Time(i64),
    Timestamp(i64),
}

/// Why a row cannot be used: a code for programs, a message for people.
pub(super) type Problem = (&'static str, &'static str);

pub(super) const TOO_MANY_COLUMNS: Problem = ("too_many_columns", "the row has more than 1,000 columns; remove those that are not needed");
pub(super) const TOO_LARGE: Problem = ("row_too_large", "the row has more than 16 MiB of text; shorten its texts, or split the row");
pub(super) const NO_SUCH_TEXT: Problem =
    ("no_such_text", "a cell names a shared text that the workbook does not have; save it again with a spreadsheet program");
pub(super) const NO_SUCH_CELL: Problem =
    ("no_such_cell", "a cell has a reference that is none in its row; save the workbook again with a spreadsheet program");

/// The cells of a row.
#[derive(Debug)]
pub(super) struct Row {
    /// From 1 on; before the first row, 0.
    pub(super) number: u32,
    /// The texts of its cells.
    pub(super) texts: String,
    /// The values with their columns.
    cells: Vec<(u16, Value)>,
    /// For each column, the number of its value from 1 on, or 0.
    places: Vec<u16>,
    /// Bytes of the shared texts in it.
    shared: usize,
    has_value: bool,
    problem: Option<Problem>,
    /// Columns up to the last that has a value.
    width: usize,
}

impl Row {
    pub(super) fn new(number: u32) -> Self {
        let (texts, cells, places) = (String::new(), Vec::new(), vec![0; limits::COLUMNS]);
        Self { number, texts, cells, places, shared: 0, has_value: false, problem: None, width: 0 }
    }

    pub(super) fn clear(&mut self) {
        for (column, _) in self.cells.drain(..) {
            if let Some(place) = self.places.get_mut(usize::from(column)) {
                *place = 0;
            }
        }
        self.texts.clear();
        (self.shared, self.has_value, self.problem, self.width) = (0, false, None, 0);
    }

    /// Notes why the row cannot be used: the first reason counts.
    pub(super) fn refuse(&mut self, problem: Problem) {
        self.problem.get_or_insert(problem);
    }

    pub(super) fn problem(&self) -> Option<Problem> {
        self.problem
    }

    /// Appends to its texts what finds room, and gives where it stands.
    pub(super) fn push(&mut self, text: &str) -> Option<(u32, u32)> {
        if self.texts.len() + text.len() > limits::ROW {
            self.refuse(TOO_LARGE);
            return None;
        }
        let start = self.texts.len();
        self.texts.push_str(text);
        Some((index_in_row(start), index_in_row(self.texts.len())))
    }

    /// Puts a value in a column, counted from 0; the last that comes for a column counts.
    pub(super) fn put(&mut self, column: u32, value: Value, shared: usize) {
        let index = column as usize;
        let Some(place) = self.places.get_mut(index) else { return self.refuse(TOO_MANY_COLUMNS) };
        let known = usize::from(*place).checked_sub(1).and_then(|at| self.cells.get_mut(at));
        if let Some((_, before)) = known {
            *before = value;
        } else if let (Ok(column), Ok(count)) = (u16::try_from(column), u16::try_from(self.cells.len() + 1)) {
            self.cells.push((column, value));
            *place = count;
        }
        self.has_value |= match value {
            Value::Null => false,
            Value::Text(start, end) => start < end,
            Value::Shared(_) => shared > 0,
            _ => true,
        };
        self.shared += shared;
        self.width = self.width.max(index + 1);
        if self.texts.len() + self.shared > limits::ROW {
            self.refuse(TOO_LARGE);
        }
    }

    /// Whether there is nothing in it: no value, or only texts of no letter, which formulas leave in rows that are not used.
    pub(super) fn is_empty(&self) -> bool {
        !self.has_value && self.problem.is_none()
    }

    /// Columns up to the last that has a value.
    pub(super) fn width(&self) -> usize {
        self.width
    }

    pub(super) fn cells<'a>(&'a self, shared: &'a SharedTexts, mut take: impl FnMut(usize, Cell<'a>)) {
        for (column, value) in &self.cells {
            take(usize::from(*column), self.cell(*value, shared));
        }
    }

    #[inline]
    fn cell<'a>(&'a self, value: Value, shared: &'a SharedTexts) -> Cell<'a> {
        let text = |start: u32, end: u32| self.texts.get(start as usize..end as usize).unwrap_or_default();
        match value {
            Value::Null => Cell::Null,
            Value::Text(start, end) => Cell::Text(text(start, end)),
            Value::Shared(index) => Cell::Text(shared.get(index).unwrap_or_default()),
            Value::Number(start, end) => Cell::Number(text(start, end)),
            Value::Float(number) => Cell::Float(number),
            Value::Boolean(value) => Cell::Boolean(value),
            Value::Date(day) => Cell::Date(day),
            Value::Time(micros) => Cell::Time(micros),
            Value::Timestamp(micros) => Cell::Timestamp(micros),
        }
    }

    /// The row as names of columns: those that are empty have their number.
    pub(super) fn names(&self, shared: &SharedTexts) -> Vec<String> {
        let mut names = vec![String::new(); self.width];
        self.cells(shared, |column, cell| {
            if let Some(name) = names.get_mut(column) {
                write_text(name, cell);
            }
        });
        for (index, name) in names.iter_mut().enumerate().filter(|(_, name)| name.trim().is_empty()) {
            *name = column_name(index);
        }
        names
    }

    /// The row as a JSON object of at most [`RAW`](limits::RAW) bytes; values that find no room are left out.
    pub(super) fn json(&self, names: &[String], shared: &SharedTexts) -> String {
        let (mut json, mut member, mut text) = (String::from("{"), String::new(), String::new());
        self.cells(shared, |column, cell| {
            let room = limits::RAW - json.len();
            let name = names.get(column).map_or("", String::as_str);
            member.clear();
            if json.len() > 1 {
                member.push(',');
            }
            write_string(&mut member, name, room);
            member.push(':');
            match cell {
                Cell::Null => member.push_str("null"),
                Cell::Number(_) | Cell::Float(_) | Cell::Boolean(_) => write_text(&mut member, cell),
                Cell::Text(value) => write_string(&mut member, value, room),
                _ => {
                    text.clear();
                    write_text(&mut text, cell);
                    write_string(&mut member, &text, room);
                }
            }
            // One byte is left for the end.
            if member.len() < room {
                json.push_str(&member);
            }
        });
        json.push('}');
        json
    }
}

/// An index in the texts of a row, which their limit keeps small.
pub(super) fn index_in_row(index: usize) -> u32 {
    u32::try_from(index).unwrap_or(u32::MAX)
}

/// The name of a column that the sheet gives none, by its index.
pub(super) fn column_name(index: usize) -> String {
    format!("column_{}", index + 1)
}

/// Appends a string of JSON; of one that is too long for the room it is given, as much as shows that.
fn write_string(out: &mut String, text: &str, room: usize) {
    let text = if text.len() > room { &text[..text.floor_char_boundary(room)] } else { text };
    // A string is always JSON.
    out.push_str(&serde_json::to_string(text).unwrap_or_default());
}

/// Appends a cell as text.
fn write_text(out: &mut String, cell: Cell<'_>) {
    match cell {
        Cell::Text(text) | Cell::Number(text) => out.push_str(text),
        Cell::Float(number) => out.push_str(&number.to_string()),
        Cell::Boolean(value) => out.push_str(if value { "true" } else { "false" }),
        Cell::Date(day) => dates::write_date(out, day.into()),
        Cell::Time(micros) => calendar::write_time(micros, out),
        Cell::Timestamp(micros) => dates::write_timestamp(out, micros),
        // What sheets have none of, or no value.
        _ => {}
    }
}
