//! What would come of a file: its columns and their types as its first rows show them, a mapping for them, and the rows beside what they would be.

use serde::Serialize;
use serde_json::{Map, Value, json};
use tokens::{ReadError, TakesBytes as _};

use crate::columns::elements;
use crate::mapping::{Column, ColumnRule, Fields, From, Input, Mapped, Mapper, Mapping, MappingError, Problem};
use crate::read::{Reader, RowStep, Rows as _};
use crate::{Cast, Cell, Columns, Decimal, Inference, Proposal, Type, clean_names, limits};

/// Rows that are shown.
const SHOWN: usize = 50;
/// Characters of a value that are shown.
const SHOWN_TEXT: usize = 200;

/// Looks at the first rows of a file.
pub struct Preview {
    reader: Reader,
    columns: Vec<Inference>,
    shown: Vec<Shown>,
    rows: usize,
    bad: Vec<&'static str>,
    began: u64,
    trial: Option<Trial>,
}

/// A mapping that is tried.
struct Trial {
    mapper: Mapper,
    columns: Vec<Column>,
    room: Columns,
    rows: Vec<Value>,
}

/// A row that is shown.
struct Shown {
    line: u64,
    texts: Vec<Option<String>>,
}

/// What comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PreviewStep {
    /// The bytes at this offset; none where there are no more.
    Bytes(u64),
    /// Nothing: enough was seen.
    Enough,
}

/// What would come of a file.
#[derive(Debug, Serialize)]
pub struct Previewed {
    /// What it is: a name of a format.
    pub format: &'static str,
    /// How it is written.
    pub input: Value,
    /// Rows that were looked at.
    pub rows_seen: usize,
    /// Its columns.
    pub columns: Vec<Value>,
    /// The columns of a dataset that takes them.
    pub dataset_columns: Vec<Column>,
    /// The mapping that brings them there.
    pub mapping: Mapping,
    /// The first rows: {line, raw, values, problems}.
    pub rows: Vec<Value>,
    /// How many of the rows that were looked at cannot be read, by code.
    pub problems: Map<String, Value>,
    /// What a mapping makes of the rows, where one is tried.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mapped: Option<Value>,
}

impl Preview {
    /// Of what a reader reads.
    pub fn new(reader: Reader) -> Self {
        let began = reader.progress();
        Self { reader, columns: Vec::new(), shown: Vec::new(), rows: 0, bad: Vec::new(), began, trial: None }
    }

    /// With what a mapping makes of the rows, for a dataset with these columns.
    pub fn through(self, mapping: Option<&Mapping>, columns: Vec<Column>) -> Result<Self, MappingError> {
        let mapper = Mapper::of(mapping, &columns, self.reader.fields())?;
        let room = Columns::new(columns.iter().map(|column| column.kind));
        Ok(Self { trial: Some(Trial { mapper, columns, room, rows: Vec::new() }), ..self })
    }

    /// Looks on.
    pub fn look(&mut self) -> Result<PreviewStep, ReadError> {
        while self.rows < limits::SAMPLE_ROWS && self.reader.progress() - self.began < limits::SAMPLE as u64 {
            match self.reader.next()? {
                RowStep::Row => self.take_row(),
                RowStep::Bad { code, .. } => {
                    self.rows += 1;
                    self.bad.push(code);
                }
                RowStep::NeedInput => return Ok(PreviewStep::Bytes(self.reader.position())),
                RowStep::Working => {}
                RowStep::End => return Ok(PreviewStep::Enough),
            }
        }
        Ok(PreviewStep::Enough)
    }

    /// Takes the bytes that were asked for; none where there are no more.
    pub fn feed(&mut self, bytes: &[u8]) {
        if bytes.is_empty() {
            self.reader.end_of_input();
        } else {
            self.reader.feed(bytes);
        }
    }

    fn take_row(&mut self) {
        let Self { reader, columns, shown, rows, trial, .. } = self;
        *rows += 1;
        let is_text = reader.fields() == Fields::Texts;
        let mut texts = (*rows <= SHOWN).then(Vec::new);
        reader.cells(|index, cell| {
            if columns.len() <= index {
                columns.resize_with(index + 1, Inference::default);
            }
            let cell = if is_text && cell == Cell::Text("") { Cell::Null } else { cell };
            columns[index].observe(cell);
            if let Some(texts) = &mut texts {
                texts.resize(texts.len().max(index + 1), None);
                texts[index] = text_of(cell);
            }
        });
        if let Some(trial) = trial {
            trial.take(reader, texts.is_some());
        }
        if let Some(texts) = texts {
            shown.push(Shown { line: reader.line(), texts });
        }
    }

    /// What was seen.
    pub fn finish(self, input: Input) -> Previewed {
        let names = self.reader.names().to_vec();
        let proposals: Vec<Proposal> = (0..names.len())
            .map(|index| self.columns.get(index).map_or_else(|| Inference::default().proposal(), Inference::proposal))
            .collect();
        // One sign for the whole file.
        let comma = proposals.iter().any(|proposal| proposal.decimal_comma);
        let input = Input { decimal: input.decimal.or(comma.then_some(Decimal::Comma)), ..input };
        let columns: Vec<Column> = clean_names(&names)
            .into_iter()
            .zip(&proposals)
            .map(|(name, proposal)| Column {
                name,
                kind: if comma && is_pointed(proposal) { Type::Text } else { proposal.kind },
                required: false,
            })
            .collect();
        let rules: Vec<ColumnRule> =
            columns.iter().zip(&names).zip(&proposals).map(|((column, name), proposal)| rule(column, name, proposal)).collect();
        let mapping = Mapping { input: Some(input.clone()), columns: rules, ..Mapping::of_columns(&[]) };
        let rows = self.shown.iter().map(|row| shown(row, &names, &columns, &proposals, comma)).collect();
        let mut problems = Map::new();
        for code in &self.bad {
            let count = problems.get(*code).and_then(Value::as_u64).unwrap_or_default() + 1;
            problems.insert((*code).to_owned(), count.into());
        }
        let described =
            columns.iter().zip(&names).zip(&proposals).map(|((column, name), proposal)| described(column, name, proposal)).collect();
        Previewed {
            format: self.reader.format(),
            input: serde_json::to_value(&input).unwrap_or_default(),
            rows_seen: self.rows,
            columns: described,
            dataset_columns: columns,
            mapping,
            rows,
            problems,
            mapped: self.trial.map(Trial::finish),
        }
    }
}

impl Trial {
    fn take(&mut self, row: &Reader, is_shown: bool) {
        let became = self.mapper.map(row, &mut self.room);
        let batch = self.room.take();
        if !is_shown {
            return;
        }
        let (line, told) =
            (row.line(), |problem: Problem| json!({"code": problem.code, "message": problem.message, "column": problem.column}));
        self.rows.push(match became {
            Mapped::Stored(_) | Mapped::Filtered => {
                json!({"line": line, "rows": self.values(&batch.columns), "rescued": elements(&batch.rescued).unwrap_or_default()})
            }
            Mapped::Rejected(problem) => json!({"line": line, "rejected": told(problem)}),
            Mapped::Fail(problem) => json!({"line": line, "fails": told(problem)}),
        });
    }

    /// Values of a batch as rows, each with its columns' names.
    fn values(&self, literals: &[String]) -> Vec<Map<String, Value>> {
        let mut rows: Vec<Map<String, Value>> = Vec::new();
        for (column, literal) in self.columns.iter().zip(literals) {
            for (index, value) in elements(literal).unwrap_or_default().into_iter().enumerate() {
                if rows.len() <= index {
                    rows.push(Map::new());
                }
                rows[index].insert(column.name.clone(), value.map(|value| shortened(&value)).into());
            }
        }
        rows
    }

    fn finish(mut self) -> Value {
        let counts = self.mapper.take_counts();
        json!({"counts": counts, "unknown_columns": self.mapper.unknown(), "rows": self.rows})
    }
}

/// Whether a column has numbers with a point, where others of the file have a comma.
fn is_pointed(proposal: &Proposal) -> bool {
    matches!(proposal.kind, Type::Numeric | Type::Float8) && !proposal.decimal_comma
}

fn rule(column: &Column, name: &str, proposal: &Proposal) -> ColumnRule {
    let from = Some(From::One(name.to_owned()));
    ColumnRule { to: column.name.clone(), from, kind: Some(column.kind), formats: proposal.formats.clone(), ..ColumnRule::default() }
}

fn described(column: &Column, name: &str, proposal: &Proposal) -> Value {
    json!({"name": column.name, "from": name, "type": column.kind, "formats": proposal.formats, "values": proposal.values, "nulls": proposal.nulls,
        "examples": proposal.examples, "ambiguous": proposal.ambiguous})
}

fn shown(row: &Shown, names: &[String], columns: &[Column], proposals: &[Proposal], comma: bool) -> Value {
    let (mut raw, mut values, mut problems) = (Map::new(), Map::new(), Vec::new());
    for (index, column) in columns.iter().enumerate() {
        let text = row.texts.get(index).and_then(Option::as_deref);
        raw.insert(names[index].clone(), text.map(shortened).into());
        let value = text.map(|text| cast(text, column.kind, &proposals[index], comma)).transpose();
        match value {
            Ok(value) => drop(values.insert(column.name.clone(), value.map(|value| shortened(&value)).into())),
            Err(message) => problems.push(json!({"column": column.name, "message": message})),
        }
    }
    json!({"line": row.line, "raw": raw, "values": values, "problems": problems})
}

fn cast(text: &str, kind: Type, proposal: &Proposal, comma: bool) -> Result<String, String> {
    let patterns = proposal.formats.iter().map(|format| crate::Pattern::parse(format)).collect::<Result<_, _>>()?;
    let decimal = if comma { crate::Decimal::Comma } else { crate::Decimal::Point };
    let options = crate::CastOptions { formats: patterns, decimal, ..crate::CastOptions::default() };
    let mut value = String::new();
    Cast::with(kind, options)?.write(Cell::Text(text), &mut value).map_err(|error| error.message)?;
    Ok(value)
}

fn text_of(cell: Cell<'_>) -> Option<String> {
    let mut text = String::new();
    match Cast::new(Type::Text).write(cell, &mut text) {
        Ok(true) => Some(text),
        _ => None,
    }
}

fn shortened(text: &str) -> String {
    text.chars().take(SHOWN_TEXT).collect()
}
