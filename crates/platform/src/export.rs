//! A list as a whole: all its pages, one after the other, as CSV or JSON Lines.

use std::collections::HashMap;
use std::fmt;

use axum::body::Body;
use bytes::Bytes;
use futures::future::BoxFuture;
use futures::stream::{Stream, unfold};
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Response};
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::http::{Answer, PageOfItems, Problem};

/// Entries that are asked for at a time; the database ends a page after a MiB.
const AT_A_TIME: i32 = 5000;

/// How a list is written that is no page of JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// RFC 4180, with a line of names.
    Csv,
    /// A JSON document a line.
    JsonLines,
}

/// A page of a list, when it is there.
pub type Fetching = BoxFuture<'static, Result<PageOfItems, Problem>>;

/// A list on its way out.
pub struct Export<F> {
    /// Gives the page after a place, of so many entries at most.
    fetch: F,
    form: Form,
    after: Option<String>,
    /// Names of the columns; those of the first entry where nobody has said.
    columns: Option<Vec<String>>,
    /// Whether what a spreadsheet would take for a formula is kept from being one.
    harmless: bool,
    began: bool,
}

impl<F: FnMut(Option<String>, i32) -> Fetching + Send + 'static> Export<F> {
    /// Of the entries of one of our lists, in which texts of others stand: they are harmless.
    pub fn of_list(form: Form, after: Option<String>, fetch: F) -> Self {
        Self { fetch, form, after, columns: None, harmless: true, began: false }
    }

    /// Of the rows of a table, which are given back as they are.
    pub fn of_rows(form: Form, after: Option<String>, columns: Vec<String>, fetch: F) -> Self {
        Self { fetch, form, after, columns: Some(columns), harmless: false, began: false }
    }

    /// The first page before the head, so that what is wrong with the question is told by the status.
    pub async fn answer(mut self) -> Answer {
        let kind = match self.form {
            Form::Csv => "text/csv; charset=utf-8; header=present",
            Form::JsonLines => "application/jsonl",
        };
        let first = self.next().await?;
        let rest = self.after.is_some().then_some(self);
        let mut response = Response::new(Body::from_stream(pages(first, rest)));
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
        Ok(response)
    }

    /// The next page, written.
    async fn next(&mut self) -> Result<Bytes, Problem> {
        let page = (self.fetch)(self.after.take(), AT_A_TIME).await?;
        self.after = page.next;
        let entries: Vec<&RawValue> = read(&page.items)?;
        let mut text = String::with_capacity(page.items.len());
        for entry in &entries {
            match self.form {
                Form::Csv => self.push_entry(&mut text, entry.get())?,
                Form::JsonLines => {
                    text.push_str(entry.get());
                    text.push('\n');
                }
            }
        }
        if entries.is_empty() && self.form == Form::Csv {
            self.begin(&mut text);
        }
        Ok(text.into())
    }

    fn push_entry(&mut self, text: &mut String, entry: &str) -> Result<(), Problem> {
        let Fields(fields) = read(entry)?;
        if self.columns.is_none() {
            self.columns = Some(fields.iter().map(|(name, _)| name.clone()).collect());
        }
        self.begin(text);
        let values: HashMap<String, Value> = fields.into_iter().collect();
        let cells: Vec<String> = self.columns.iter().flatten().map(|name| self.cell(values.get(name))).collect();
        push_row(text, cells.iter().map(String::as_str));
        Ok(())
    }

    /// Writes the names, once they are known.
    fn begin(&mut self, text: &mut String) {
        if let Some(columns) = &self.columns
            && !std::mem::replace(&mut self.began, true)
        {
            push_row(text, columns.iter().map(String::as_str));
        }
    }

    fn cell(&self, value: Option<&Value>) -> String {
        match value {
            None | Some(Value::Null) => String::new(),
            Some(Value::String(text)) => self.harmless_text(text.clone()),
            Some(Value::Array(list)) if self.harmless && list.iter().all(|value| !value.is_object() && !value.is_array()) => {
                self.harmless_text(list.iter().map(|value| self.cell(Some(value))).collect::<Vec<_>>().join(" "))
            }
            Some(other) => other.to_string(),
        }
    }

    /// An apostrophe before what begins like a formula (OWASP, CSV injection).
    fn harmless_text(&self, text: String) -> String {
        if self.harmless && text.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{text}") } else { text }
    }
}

fn read<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, Problem> {
    serde_json::from_str(text).map_err(|error| Problem::internal(error.into()))
}

/// The pages that are left. An error in the middle breaks the answer off: whoever reads it must not take a part for the whole.
fn pages<F>(first: Bytes, rest: Option<Export<F>>) -> impl Stream<Item = Result<Bytes, std::io::Error>> + Send
where
    F: FnMut(Option<String>, i32) -> Fetching + Send + 'static,
{
    unfold((Some(first), rest), |(first, rest)| async move {
        if let Some(first) = first {
            return Some((Ok(first), (None, rest)));
        }
        let mut export = rest?;
        match export.next().await {
            Ok(page) => {
                let rest = export.after.is_some().then_some(export);
                Some((Ok(page), (None, rest)))
            }
            Err(problem) => Some((Err(std::io::Error::other(format!("{problem:?}"))), (None, None))),
        }
    })
}

/// A row of CSV (RFC 4180).
fn push_row<'a>(text: &mut String, cells: impl Iterator<Item = &'a str>) {
    for (index, cell) in cells.enumerate() {
        if index > 0 {
            text.push(',');
        }
        if cell.contains(['"', ',', '\r', '\n']) {
            text.push('"');
            text.push_str(&cell.replace('"', "\"\""));
            text.push('"');
        } else {
            text.push_str(cell);
        }
    }
    text.push_str("\r\n");
}

/// The members of a JSON object in their order.
struct Fields(Vec<(String, Value)>);

impl<'de> Deserialize<'de> for Fields {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(FieldsVisitor)
    }
}

struct FieldsVisitor;

impl<'de> Visitor<'de> for FieldsVisitor {
    type Value = Fields;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields, A::Error> {
        let mut fields = Vec::new();
        while let Some(field) = map.next_entry()? {
            fields.push(field);
        }
        Ok(Fields(fields))
    }
}

#[cfg(test)]
mod tests {
    use futures::executor::block_on;
    use futures::{FutureExt as _, StreamExt as _};
    use http_body_util::BodyExt as _;

    use super::*;

    fn fetch(pages: Vec<(&'static str, Option<&'static str>)>) -> impl FnMut(Option<String>, i32) -> Fetching + Send + 'static {
        let mut pages = pages.into_iter();
        move |_, _| {
            let page = pages.next().map(|(items, next)| PageOfItems { items: items.to_owned(), next: next.map(str::to_owned) });
            async move { page.ok_or_else(|| Problem::internal(anyhow::anyhow!("away"))) }.boxed()
        }
    }

    fn text<F: FnMut(Option<String>, i32) -> Fetching + Send + 'static>(export: Export<F>) -> String {
        let body = block_on(block_on(export.answer()).expect("an answer").into_body().collect()).expect("whole").to_bytes();
        String::from_utf8(body.to_vec()).expect("UTF-8")
    }

    const ITEMS: &str = r#"[{"z":"=1+1","a":["CVE-1","CVE-2"],"m":{"k":[1]},"n":-3,"x":null}]"#;

    #[test]
    fn columns_are_in_the_order_of_the_entries_and_nothing_is_a_formula() {
        let csv = text(Export::of_list(Form::Csv, None, fetch(vec![(ITEMS, Some("p")), (r#"[{"a":["-x"],"z":"a,\"b\""}]"#, None)])));
        assert_eq!(csv, "z,a,m,n,x\r\n'=1+1,CVE-1 CVE-2,\"{\"\"k\"\":[1]}\",-3,\r\n\"a,\"\"b\"\"\",'-x,,,\r\n");
    }

    #[test]
    fn rows_of_tables_are_given_back_as_they_are() {
        let columns = vec!["z".to_owned(), "a".to_owned()];
        assert_eq!(
            text(Export::of_rows(Form::Csv, None, columns.clone(), fetch(vec![(ITEMS, None)]))),
            "z,a\r\n=1+1,\"[\"\"CVE-1\"\",\"\"CVE-2\"\"]\"\r\n"
        );
        assert_eq!(text(Export::of_rows(Form::Csv, None, columns, fetch(vec![("[]", None)]))), "z,a\r\n");
    }

    #[test]
    fn lines_of_json_are_the_entries() {
        assert_eq!(text(Export::of_list(Form::JsonLines, None, fetch(vec![(r#"[{"a":1},{"a":2}]"#, None)]))), "{\"a\":1}\n{\"a\":2}\n");
    }

    #[test]
    fn an_error_in_the_middle_breaks_the_answer_off() {
        let export = Export::of_list(Form::JsonLines, None, fetch(vec![(ITEMS, Some("p"))]));
        let mut body = block_on(export.answer()).expect("the first page is there").into_body().into_data_stream();
        assert!(block_on(body.next()).expect("a page").is_ok());
        assert!(block_on(body.next()).expect("an end").is_err());
    }
}
