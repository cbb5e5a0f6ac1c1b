//! Rows collected as columns, in the form in which the database takes them: array literals of PostgreSQL.

use memchr::memchr2;

use crate::{Cast, CastError, Cell, Type};

/// Rows of a dataset, as columns in the making.
#[derive(Debug)]
pub struct Columns {
    literals: Vec<Literal>,
    offsets: Vec<i64>,
    rescued: Literal,
    /// Rows that are in `rescued`; it is begun by the first that has anything.
    rescued_rows: usize,
    /// Rows to which the columns go back, and those that were in `rescued` then.
    marked: (usize, usize),
    /// What is written a second time, with its quotes.
    scratch: String,
}

/// What was collected, as parameters of a statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    /// For each column of the dataset an array literal with a value for each row.
    pub columns: Vec<String>,
    /// The offset of each row.
    pub offsets: Vec<i64>,
    /// An array literal with a JSON object, or NULL, for each row; empty where no row has one.
    pub rescued: String,
}

/// An array literal that is not yet closed.
#[derive(Debug)]
struct Literal {
    text: String,
    quoted: bool,
    mark: usize,
}

/// What an array literal begins with.
const START: &str = "{";

impl Columns {
    /// Without rows, for columns of these types.
    pub fn new(kinds: impl IntoIterator<Item = Type>) -> Self {
        Self {
            literals: kinds.into_iter().map(|kind| Literal::new(is_quoted(kind))).collect(),
            offsets: Vec::new(),
            rescued: Literal::new(true),
            rescued_rows: 0,
            marked: (0, 0),
            scratch: String::new(),
        }
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.offsets.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.offsets.is_empty()
    }

    /// How many columns there are.
    pub fn width(&self) -> usize {
        self.literals.len()
    }

    /// How many bytes the rows take.
    pub fn bytes(&self) -> usize {
        let literals: usize = self.literals.iter().map(|literal| literal.text.len()).sum();
        literals + self.rescued.text.len() + size_of_val(self.offsets.as_slice())
    }

    /// The rows; none are left.
    pub fn take(&mut self) -> Batch {
        let rescued = if self.rescued_rows == 0 {
            String::new()
        } else {
            self.fill_rescued();
            self.rescued_rows = 0;
            self.rescued.take()
        };
        self.marked = (0, 0);
        let offsets = Vec::with_capacity(self.offsets.len());
        Batch {
            columns: self.literals.iter_mut().map(Literal::take).collect(),
            offsets: std::mem::replace(&mut self.offsets, offsets),
            rescued,
        }
    }

    /// Remembers what there is, for [`roll_back`](Self::roll_back).
    pub(crate) fn mark(&mut self) {
        self.marked = (self.offsets.len(), self.rescued_rows);
        for literal in &mut self.literals {
            literal.mark = literal.text.len();
        }
        self.rescued.mark = self.rescued.text.len();
    }

    /// Drops what came since [`mark`](Self::mark), half a row or several of them.
    pub(crate) fn roll_back(&mut self) {
        let (rows, rescued_rows) = self.marked;
        self.offsets.truncate(rows);
        for literal in &mut self.literals {
            literal.text.truncate(literal.mark);
        }
        self.rescued.text.truncate(self.rescued.mark);
        self.rescued_rows = rescued_rows;
    }

    /// Appends a cell to a column; false where it is null. On an error nothing is appended.
    #[inline]
    pub(crate) fn push(&mut self, column: usize, cast: &Cast, cell: Cell<'_>) -> Result<bool, CastError> {
        self.literals.get_mut(column).map_or(Ok(false), |literal| literal.push(cast, cell, &mut self.scratch))
    }

    /// Appends a value, as its type writes it, to a column.
    pub(crate) fn push_text(&mut self, column: usize, text: &str) {
        if let Some(literal) = self.literals.get_mut(column) {
            literal.push_text(text);
        }
    }

    /// Appends no value to a column.
    pub(crate) fn push_null(&mut self, column: usize) {
        if let Some(literal) = self.literals.get_mut(column) {
            literal.push_null();
        }
    }

    /// Ends a row to each of whose columns something was appended. `rescued` is a JSON object, or empty.
    #[inline]
    pub(crate) fn end_row(&mut self, offset: i64, rescued: &str) {
        if !rescued.is_empty() {
            self.fill_rescued();
            self.rescued.push_text(rescued);
            self.rescued_rows += 1;
        }
        self.offsets.push(offset);
    }

    /// Rows that have nothing up to here.
    fn fill_rescued(&mut self) {
        for _ in self.rescued_rows..self.offsets.len() {
            self.rescued.push_null();
        }
        self.rescued_rows = self.offsets.len();
    }
}

impl Literal {
    fn new(quoted: bool) -> Self {
        Self { text: START.to_owned(), quoted, mark: START.len() }
    }

    /// The literal; a new one is begun, with room for as much.
    fn take(&mut self) -> String {
        let mut text = String::with_capacity(self.text.len());
        text.push_str(START);
        self.mark = START.len();
        std::mem::swap(&mut self.text, &mut text);
        text.push('}');
        text
    }

    #[inline]
    fn separate(&mut self) {
        if self.text.len() > START.len() {
            self.text.push(',');
        }
    }

    fn push_null(&mut self) {
        self.separate();
        self.text.push_str("NULL");
    }

    fn push_text(&mut self, text: &str) {
        self.separate();
        if self.quoted {
            self.text.push('"');
            escape(text, &mut self.text);
            self.text.push('"');
        } else {
            self.text.push_str(text);
        }
    }

    #[inline]
    fn push(&mut self, cast: &Cast, cell: Cell<'_>, scratch: &mut String) -> Result<bool, CastError> {
        let before = self.text.len();
        self.separate();
        let separated = self.text.len();
        if self.quoted {
            self.text.push('"');
        }
        let start = self.text.len();
        match cast.write(cell, &mut self.text) {
            Ok(true) => {}
            Ok(false) => {
                self.text.truncate(separated);
                self.text.push_str("NULL");
                return Ok(false);
            }
            Err(error) => {
                self.text.truncate(before);
                return Err(error);
            }
        }
        if self.quoted {
            // Most texts have nothing to escape, and are where they belong.
            if let Some(first) = memchr2(b'"', b'\\', self.text.as_bytes().get(start..).unwrap_or_default()) {
                scratch.clear();
                scratch.push_str(self.text.get(start + first..).unwrap_or_default());
                self.text.truncate(start + first);
                escape(scratch, &mut self.text);
            }
            self.text.push('"');
        }
        Ok(true)
    }
}

/// Whether values of a type may hold what an array literal sees as its own. Values of the others have letters, digits, signs, and blanks between them.
fn is_quoted(kind: Type) -> bool {
    match kind {
        Type::Boolean | Type::Bigint | Type::Numeric | Type::Float8 | Type::Date | Type::Time | Type::Uuid => false,
        Type::Text | Type::Timestamp | Type::Timestamptz | Type::Jsonb | Type::Bytea => true,
    }
}

fn escape(text: &str, to: &mut String) {
    let mut rest = text;
    while let Some(at) = memchr2(b'"', b'\\', rest.as_bytes()) {
        // The byte is one of ASCII, so both sides are texts.
        let (before, after) = rest.split_at(at);
        to.push_str(before);
        to.push('\\');
        to.push_str(&after[..1]);
        rest = &after[1..];
    }
    to.push_str(rest);
}

/// The elements of an array literal, as PostgreSQL's manual describes it (section 8.15.6); none where it is none.
pub(crate) fn elements(literal: &str) -> Option<Vec<Option<String>>> {
    let mut inner = literal.strip_prefix('{')?.strip_suffix('}')?.chars().peekable();
    let mut elements = Vec::new();
    while inner.peek().is_some() {
        let mut element = String::new();
        let quoted = inner.next_if_eq(&'"').is_some();
        while let Some(next) = inner.next_if(|next| if quoted { *next != '"' } else { *next != ',' }) {
            if !quoted && "{}\"\\".contains(next) {
                return None;
            }
            element.push(if next == '\\' { inner.next()? } else { next });
        }
        let closed = !quoted || inner.next() == Some('"');
        let null = !quoted && element == "NULL";
        let plain = quoted || (element.trim() == element && !element.is_empty());
        let separated = inner.next().is_none_or(|next| next == ',' && inner.peek().is_some());
        if !(closed && plain && separated) {
            return None;
        }
        elements.push((!null).then_some(element));
    }
    Some(elements)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn elements(literal: &str) -> Vec<Option<String>> {
        super::elements(literal).expect(literal)
    }

    #[test]
    fn texts_come_back_as_they_were() {
        let texts = ["", "NULL", "null", "a", "a,b", "{}", "\"", "\\", "\\\"", "say \"hi\"\\", " é\u{1F600}\n", "\"\"", "a\\b\"c\"d"];
        let mut columns = Columns::new([Type::Text, Type::Jsonb]);
        let cast = Cast::new(Type::Text);
        for (offset, text) in (0..).zip(texts) {
            columns.mark();
            assert_eq!(columns.push(0, &cast, Cell::Text(text)), Ok(true));
            columns.push_text(1, text);
            columns.end_row(offset, "");
        }
        let batch = columns.take();
        let expected: Vec<Option<String>> = texts.iter().map(|text| Some((*text).to_owned())).collect();
        assert_eq!(elements(&batch.columns[0]), expected);
        assert_eq!(batch.columns[0], batch.columns[1], "both ways write the same");
        assert_eq!(batch.offsets.len(), texts.len());
        assert_eq!(batch.rescued, "");
    }

    #[test]
    fn values_that_need_no_quotes_have_none() {
        let mut columns = Columns::new([Type::Bigint]);
        let cast = Cast::new(Type::Bigint);
        for cell in [Cell::Integer(-1), Cell::Null, Cell::Text("2")] {
            columns.push(0, &cast, cell).expect("a value");
        }
        assert_eq!(columns.take().columns, ["{-1,NULL,2}"]);
        assert_eq!(columns.take().columns, ["{}"]);
    }

    #[test]
    fn a_value_that_does_not_fit_leaves_nothing() {
        let mut columns = Columns::new([Type::Bigint]);
        let cast = Cast::new(Type::Bigint);
        assert!(columns.push(0, &cast, Cell::Text("x")).is_err());
        assert_eq!(columns.push(0, &cast, Cell::Text("1")), Ok(true));
        assert!(columns.push(0, &cast, Cell::Text("x")).is_err());
        assert_eq!(columns.take().columns, ["{1}"]);
    }

    #[test]
    fn what_is_rescued_is_there_for_all_rows_or_for_none() {
        let mut columns = Columns::new([]);
        for rescued in ["", "", "{\"a\":1}", "", "{\"b\":\"\\\"\"}", ""] {
            columns.mark();
            columns.end_row(0, rescued);
        }
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(elements(&columns.take().rescued), [None, None, some("{\"a\":1}"), None, some("{\"b\":\"\\\"\"}"), None]);
        columns.end_row(0, "");
        assert_eq!(columns.take().rescued, "");
    }

    #[test]
    fn rows_that_are_taken_back_leave_nothing() {
        let mut columns = Columns::new([Type::Text]);
        let mut expected = Columns::new([Type::Text]);
        for (kept, rescued) in
            [(true, ""), (false, "{}"), (true, ""), (true, "{\"a\":1}"), (false, "{}"), (false, ""), (true, ""), (true, "{}")]
        {
            columns.mark();
            // Two rows of one, and half of a third.
            for columns in if kept { vec![&mut columns, &mut expected] } else { vec![&mut columns] } {
                columns.push_text(0, "a");
                columns.end_row(1, rescued);
                columns.push_null(0);
                columns.end_row(2, "");
            }
            if !kept {
                columns.push_text(0, "half");
                columns.roll_back();
            }
        }
        assert_eq!(columns.bytes(), expected.bytes());
        assert_eq!(columns.take(), expected.take());
    }
}
