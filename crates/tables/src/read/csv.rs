//! Tables of separated values (RFC 4180, and what else is called CSV) as rows.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use tokens::csv::{Dialect, Token, Tokenizer};
use tokens::{Position, ReadError, TakesBytes};

use super::{Cut, RowStep, Rows, broken_checkpoint, cut, too_many_names};
use crate::{Cell, limits};

/// What has to be known of a file before it is read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Options {
    /// How its fields are told apart.
    pub dialect: Dialect,
    /// Rows before its header, or before its first row: they are passed over. Blank lines are none.
    pub skip_rows: u32,
    /// Whether the first row has the names of the columns; else they are `column_1` and so on.
    pub has_header: bool,
    /// Rows behind the header that are no data, and passed over, too.
    pub skip_after_header: u32,
}

/// Reads one.
pub struct Reader {
    options: Options,
    tokens: Tokenizer,
    state: State,
    columns: usize,
}

/// What is known besides the place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct State {
    /// Rows that are yet to be passed over.
    skip: u32,
    /// The header is yet to come.
    wants_header: bool,
    names: Vec<String>,
}

/// The place, as it is saved.
#[derive(Serialize, Deserialize)]
struct Checkpoint {
    options: Options,
    place: String,
    state: State,
}

impl Reader {
    /// From the start of a file.
    pub fn new(options: Options) -> Self {
        let state = State { skip: options.skip_rows, wants_header: options.has_header, names: Vec::new() };
        Self { tokens: Tokenizer::of(options.dialect, Position::START), options, state, columns: 0 }
    }

    /// From a checkpoint.
    pub fn resume(checkpoint: &[u8]) -> Result<Self, String> {
        let Checkpoint { options, place, state } = postcard::from_bytes(checkpoint).map_err(broken_checkpoint)?;
        let place = serde_json::from_str(&place).map_err(broken_checkpoint)?;
        Ok(Self { tokens: Tokenizer::of(options.dialect, place), options, state, columns: 0 })
    }

    /// The checkpoint of a reader that goes on with the row at the place.
    fn checkpoint_at(&self, place: Position) -> Vec<u8> {
        let place = serde_json::to_string(&place).unwrap_or_default();
        postcard::to_stdvec(&Checkpoint { options: self.options.clone(), place, state: self.state.clone() }).unwrap_or_default()
    }

    /// What finds the rows at which what is left can be cut, each at least so many bytes behind the one before. None before the header is read.
    pub fn cutter(&self, spacing: u64) -> Option<Cutter> {
        (!self.state.wants_header && self.state.skip == 0).then(|| {
            let tokens = Tokenizer::of(self.options.dialect, self.tokens.place());
            // Not in what this reader has already.
            let next = self.tokens.position().max(self.tokens.place().offset + spacing);
            Cutter { options: self.options.clone(), state: self.state.clone(), tokens, spacing, next }
        })
    }

    fn take_header(&mut self) -> Result<(), ReadError> {
        let names: Vec<String> = self.tokens.fields().map(Cow::into_owned).collect();
        if names.len() > limits::COLUMNS || names.iter().map(String::len).sum::<usize>() > limits::NAMES {
            return Err(too_many_names(names.len(), self.tokens.row_start()));
        }
        self.state.names = names;
        self.state.wants_header = false;
        self.state.skip = self.options.skip_after_header;
        Ok(())
    }

    /// Gives names to columns that the header does not name.
    fn name_columns(&mut self) {
        self.tokens.make_text();
        self.columns = self.tokens.count();
        while self.state.names.len() < self.columns {
            self.state.names.push(format!("column_{}", self.state.names.len() + 1));
        }
    }
}

impl TakesBytes for Reader {
    fn position(&self) -> u64 {
        self.tokens.position()
    }

    fn progress(&self) -> u64 {
        self.tokens.progress()
    }

    fn feed(&mut self, bytes: &[u8]) {
        self.tokens.feed(bytes);
    }

    fn end_of_input(&mut self) {
        self.tokens.end_of_input();
    }

    fn work(&self) -> u64 {
        self.tokens.work()
    }
}

impl Rows for Reader {
    fn next(&mut self) -> Result<RowStep, ReadError> {
        loop {
            match self.tokens.next()? {
                Token::NeedInput => return Ok(RowStep::NeedInput),
                Token::End => return Ok(RowStep::End),
                Token::Row | Token::TooLarge if self.state.skip > 0 => self.state.skip -= 1,
                Token::Row if self.state.wants_header => self.take_header()?,
                Token::TooLarge if self.state.wants_header => return Err(too_many_names(usize::MAX, self.tokens.row_start())),
                Token::Row if self.tokens.count() > limits::COLUMNS => {
                    self.columns = 0;
                    return Ok(RowStep::Bad { code: "too_many_columns", message: "the row has more than 1,000 fields" });
                }
                Token::Row => {
                    self.name_columns();
                    return Ok(RowStep::Row);
                }
                Token::TooLarge => {
                    self.columns = 0;
                    return Ok(RowStep::Bad {
                        code: "row_too_large",
                        message: "the row has more than 4 MiB or 4,096 fields; is a quote missing in it?",
                    });
                }
            }
        }
    }

    fn names(&self) -> &[String] {
        &self.state.names
    }

    fn cells<'a>(&'a self, mut take: impl FnMut(usize, Cell<'a>)) {
        let (text, ends) = self.tokens.text();
        let mut start = 0;
        for (index, end) in ends[..self.columns].iter().enumerate() {
            take(index, Cell::Text(text.get(start..*end).unwrap_or_default()));
            start = *end;
        }
    }

    fn offset(&self) -> u64 {
        self.tokens.row_start().offset
    }

    fn line(&self) -> u64 {
        self.tokens.row_start().line
    }

    /// Written anew, with quotes where they are needed.
    fn raw(&self) -> String {
        let Dialect { delimiter, quote, .. } = self.options.dialect;
        let (quote, mut raw) = (char::from(quote.unwrap_or(b'"')), String::new());
        for field in self.tokens.fields() {
            if raw.len() > limits::RAW {
                break;
            }
            if field.contains([char::from(delimiter), quote, '\r', '\n']) {
                raw.push(quote);
                raw.push_str(&field.replace(quote, &format!("{quote}{quote}")));
                raw.push(quote);
            } else {
                raw.push_str(&field);
            }
            raw.push(char::from(delimiter));
        }
        raw.pop();
        cut(raw)
    }

    fn checkpoint(&self) -> Vec<u8> {
        self.checkpoint_at(self.tokens.place())
    }
}

/// Finds the places between rows at which a table can be cut: by reading it, from a place that a reader has come to. Nothing is guessed of quotes.
pub struct Cutter {
    options: Options,
    state: State,
    tokens: Tokenizer,
    spacing: u64,
    next: u64,
}

impl Cutter {
    /// Offset of what [`feed`](Self::feed) wants next.
    pub fn position(&self) -> u64 {
        self.tokens.position()
    }

    /// Takes the bytes at [`position`](Self::position), and gives the cuts in them, in order.
    pub fn feed(&mut self, bytes: &[u8]) -> Vec<Cut> {
        self.tokens.feed(bytes);
        let mut cuts = Vec::new();
        while let Ok(Token::Row | Token::TooLarge) = self.tokens.next() {
            let place = self.tokens.place();
            if place.offset >= self.next {
                self.next = place.offset + self.spacing;
                let (options, state) = (self.options.clone(), self.state.clone());
                let place_text = serde_json::to_string(&place).unwrap_or_default();
                let checkpoint = postcard::to_stdvec(&Checkpoint { options, place: place_text, state }).unwrap_or_default();
                cuts.push(Cut { offset: place.offset, checkpoint });
            }
        }
        cuts
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::read::testing::{Seen, read, read_cut};

    const OPTIONS: Options = Options { dialect: Dialect::separated_by(b','), skip_rows: 0, has_header: true, skip_after_header: 0 };

    fn rows(file: &str, options: &Options) -> Seen {
        read(file.as_bytes(), || Reader::new(options.clone()), |checkpoint| Reader::resume(checkpoint).expect("a checkpoint"))
    }

    #[test]
    fn a_header_names_the_columns_and_rows_may_have_more_or_fewer() {
        let seen = rows("a,b\n1,2\n3\n4,5,6\n", &OPTIONS);
        assert_eq!(seen.rows, ["4:2 a=1 b=2", "8:3 a=3", "10:4 a=4 b=5 column_3=6"]);
    }

    #[test]
    fn what_comes_before_the_header_is_passed_over() {
        let options = Options { skip_rows: 2, ..OPTIONS };
        assert_eq!(rows("# of today\n\n# all\na\n1\n", &options).rows, ["20:5 a=1"]);
        assert_eq!(rows("1,2\n", &Options { has_header: false, ..OPTIONS }).rows, ["0:1 column_1=1 column_2=2"]);
        assert_eq!(rows("a,b\n", &OPTIONS), Seen::default(), "a header only");
    }

    #[test]
    fn rows_behind_the_header_may_be_no_data() {
        let options = Options { skip_after_header: 1, ..OPTIONS };
        assert_eq!(rows("a\nin metres\n1\n", &options).rows, ["12:3 a=1"]);
    }

    #[test]
    fn quotes_line_ends_and_encodings_are_read_as_people_mean_them() {
        assert_eq!(
            rows("a,b\r\r\n\"x\r\ny\",5\" pipe\r\r\nlast,\"q\"\"q\"", &OPTIONS).rows,
            ["6:2 a=x\r\ny b=5\" pipe", "23:4 a=last b=q\"q"]
        );
        let windows =
            read(b"a,b\n\xe9,\xc3\xa9\n", || Reader::new(OPTIONS), |checkpoint| Reader::resume(checkpoint).expect("a checkpoint"));
        assert_eq!(windows.rows, ["4:2 a=é b=é"]);
    }

    #[test]
    fn a_table_can_be_cut_between_rows_only() {
        let file = (0..200).map(|n| format!("{n},\"line\nand \"\"another\"\", {n}\"\n")).collect::<Vec<_>>().concat();
        let file = format!("id,text\n{file}");
        let whole = rows(&file, &OPTIONS);
        for spacing in [1, 50, 1000] {
            assert_eq!(read_cut(file.as_bytes(), Reader::new(OPTIONS), spacing), whole, "{spacing}");
        }
    }

    #[test]
    fn a_row_without_end_and_one_of_too_many_fields_are_bad_rows() {
        let wide = format!("a\n{}\n1\n", ",".repeat(limits::COLUMNS));
        assert_eq!(rows(&wide, &OPTIONS).rows, ["2:2 too_many_columns", "1003:3 a=1"]);
        let long = format!("a\n{}\n1\n", "x".repeat(5 * 1024 * 1024));
        assert_eq!(rows(&long, &OPTIONS).rows, ["2:2 row_too_large", "5242883:3 a=1"]);
    }
}
