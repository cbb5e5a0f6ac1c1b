//! The rows of a dataset: pages, all of them as CSV or JSON Lines, numbers, and the last ones.

use std::sync::Arc;

use axum::extract::Path;
use futures::FutureExt as _;
use http::{HeaderMap, StatusCode};
use platform::auth::Caller;
use platform::db::{Db, RowsAsked};
use platform::export::Export;
use platform::http::{
    Answer, List, Nothing, PageOfItems, Parameters, Params, Problem, document_response, known_tag, not_modified, set_tag, tag_of,
};
use serde::Deserialize;
use serde_json::{Value, json};
use tables::limits;

/// Values of `top` that are given where nothing is said, and at most.
const TOP: u32 = 10;
const MOST_TOP: u32 = 1000;
/// Columns of which sums, least and greatest values are given at once.
const AGGREGATED: usize = 50;

/// Which rows, and in which form.
#[derive(Deserialize)]
pub(crate) struct RowsQuery {
    columns: Option<String>,
    r#where: Option<String>,
}

impl Parameters for RowsQuery {
    const NAMES: &'static [&'static str] = &["columns", "where"];
}

/// A filter: a column, and what its value is to be.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "it is only looked at whether they are there")]
struct Filter {
    column: String,
    equals: Option<Value>,
    r#in: Option<Vec<Value>>,
    not_in: Option<Vec<Value>>,
    min: Option<Value>,
    max: Option<Value>,
    is_null: Option<bool>,
}

/// Filters, as the database takes them.
fn filters(given: Option<&str>) -> Result<Option<&str>, Problem> {
    let Some(text) = given else { return Ok(None) };
    let refused = |error| {
        Problem::bad_request(format!(
            "where is a JSON array of filters such as [{{\"column\": \"country\", \"in\": [\"DE\"]}}], each with one or more of equals, in, not_in, min, max \
             and is_null: {error}"
        ))
    };
    let filters: Vec<Filter> = serde_json::from_str(text).map_err(refused)?;
    if filters.len() > limits::CONDITIONS {
        return Err(Problem::bad_request(format!("where has {} filters, it can have {}", filters.len(), limits::CONDITIONS)));
    }
    let lists = filters.iter().flat_map(|filter| [&filter.r#in, &filter.not_in]).flatten();
    if lists.map(Vec::len).sum::<usize>() > limits::VALUES {
        return Err(Problem::bad_request(format!("the lists in where have more than {} values", limits::VALUES)));
    }
    Ok(Some(text))
}

/// The names in a list with commas, or, where names have commas, in a JSON array.
fn names(list: Option<&str>) -> Result<Option<Vec<String>>, Problem> {
    let Some(list) = list else { return Ok(None) };
    let names: Vec<String> = if list.trim_start().starts_with('[') {
        serde_json::from_str(list)
            .map_err(|error| Problem::bad_request(format!("the names are a JSON array, or have commas between them: {error}")))?
    } else {
        list.split(',').map(str::to_owned).collect()
    };
    if names.len() > limits::COLUMNS {
        return Err(Problem::bad_request(format!("a list of columns can have {}", limits::COLUMNS)));
    }
    Ok(Some(names))
}

/// `GET …/rows`: a page as JSON; with `format=csv` or `format=jsonl` all rows, one page after the other.
pub(crate) async fn list(caller: Caller, Path(name): Path<String>, list: List<RowsQuery>) -> Answer {
    let RowsQuery { columns, r#where } = &list.filter;
    let (columns, filters) = (names(columns.as_deref())?, filters(r#where.as_deref())?);
    let db = Db::open().await?;
    let Some(form) = list.form else {
        let asked = RowsAsked { columns: columns.as_deref(), filters, after: list.after.as_deref() };
        return list.answer(&db.read_rows(caller, &name, &asked, list.limit).await?);
    };
    let columns = match columns {
        Some(columns) => columns,
        None => columns_of(&db.get_dataset(caller, &name).await?),
    };
    let rows = Arc::new(Rows { db, caller, name, columns: columns.clone(), filters: filters.map(str::to_owned) });
    Export::of_rows(form, list.after.clone(), columns, move |after, limit| Arc::clone(&rows).page(after, limit).boxed()).answer().await
}

fn columns_of(dataset: &Value) -> Vec<String> {
    let columns = dataset["columns"].as_array().map(Vec::as_slice).unwrap_or_default();
    columns.iter().filter_map(|column| column["name"].as_str().map(str::to_owned)).collect()
}

/// Which rows are sent.
struct Rows {
    db: Db,
    caller: Caller,
    name: String,
    columns: Vec<String>,
    filters: Option<String>,
}

impl Rows {
    async fn page(self: Arc<Self>, after: Option<String>, limit: i32) -> Result<PageOfItems, Problem> {
        let asked = RowsAsked { columns: Some(&self.columns), filters: self.filters.as_deref(), after: after.as_deref() };
        Ok(self.db.read_rows(self.caller, &self.name, &asked, limit).await?)
    }
}

/// What is to be counted.
#[derive(Deserialize)]
pub(crate) struct AggregateQuery {
    sum: Option<String>,
    min: Option<String>,
    max: Option<String>,
    top: Option<String>,
    n: Option<u32>,
    r#where: Option<String>,
}

impl Parameters for AggregateQuery {
    const NAMES: &'static [&'static str] = &["sum", "min", "max", "top", "n", "where"];
}

/// `GET …/aggregate`: how many rows there are, and of columns sums, least and greatest values, and those that most rows have.
pub(crate) async fn aggregate(caller: Caller, Path(name): Path<String>, Params(query): Params<AggregateQuery>) -> Answer {
    let AggregateQuery { sum, min, max, top, n, r#where } = query;
    let n = n.unwrap_or(TOP);
    if !(1..=MOST_TOP).contains(&n) {
        return Err(Problem::bad_request(format!("n is {n}, it can be 1 to {MOST_TOP}")));
    }
    let (mut asked, mut count) = (json!({"n": n}), 0);
    for (function, columns) in [("sum", sum), ("min", min), ("max", max)] {
        let columns = names(columns.as_deref())?.unwrap_or_default();
        count += columns.len();
        asked[function] = json!(columns);
    }
    if count > AGGREGATED {
        return Err(Problem::bad_request(format!("sum, min and max can have {AGGREGATED} columns in all")));
    }
    if let Some(top) = top {
        asked["top"] = json!(top);
    }
    let numbers = Db::open().await?.aggregate_rows(caller, &name, &asked, filters(r#where.as_deref())?).await?;
    Ok(document_response(StatusCode::OK, numbers))
}

/// What entity tags of tails begin with.
const TAIL: &str = "tail";

/// `GET …/tail`: the last rows. Who has them already gets 304.
pub(crate) async fn tail(caller: Caller, Path(name): Path<String>, _: Params<Nothing>, headers: HeaderMap) -> Answer {
    let known = known_tag(&headers, TAIL).and_then(|version| version.parse().ok());
    let (version, document) = Db::open().await?.get_tail(caller, &name, known).await?;
    let tag = tag_of(TAIL, version);
    let Some(document) = document else { return Ok(not_modified(&tag)) };
    let mut response = document_response(StatusCode::OK, document);
    set_tag(&mut response, &tag);
    Ok(response)
}
