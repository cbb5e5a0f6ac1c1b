//! Datasets: made, looked at, changed and removed, with their mappings; their rows; and what would come of a file.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::Path;
use axum::routing::{get, post};
use futures::FutureExt as _;
use http::{HeaderValue, StatusCode, header};
use platform::auth::Caller;
use platform::db::Db;
use platform::http::{Answer, List, Nothing, Params, Problem, document_response, json_body_of, pieces, place_as};
use platform::serving::serve;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use spin_sdk::http::{IntoResponse, Request};
use spin_sdk::http_service;
use tables::limits;
use tables::mapping::{Column, Mapping, MappingError, SCHEMA};

mod preview;
mod rows;

/// Bytes of the document of a dataset: of as many columns as it may have, and a mapping.
const DOCUMENT: usize = 2 * limits::MAPPING;

#[http_service]
async fn handle(request: Request) -> impl IntoResponse {
    let routes = Router::new()
        .route("/api/v1/datasets", get(list).post(create))
        .route("/api/v1/datasets/preview", post(preview::answer))
        .route("/api/v1/datasets/{name}", get(show).patch(change).delete(remove))
        .route("/api/v1/datasets/{name}/mappings", get(list_mappings).post(add_mapping))
        .route("/api/v1/datasets/{name}/rows", get(rows::list))
        .route("/api/v1/datasets/{name}/aggregate", get(rows::aggregate))
        .route("/api/v1/datasets/{name}/tail", get(rows::tail))
        .route("/api/v1/schemas/mapping/1", get(schema));
    serve(routes, request.map(|body| Body::from_stream(pieces(body)))).await
}

/// A dataset as callers make it. What the fields may be, the database knows.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct NewDataset {
    name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    columns: Vec<Column>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    write: Option<String>,
    #[serde(default)]
    key: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    partition: Option<Partition>,
    #[serde(default)]
    indexes: Vec<Index>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    mapping: Option<Value>,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Partition {
    by: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    column: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    partitions: Option<i16>,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Index {
    columns: Vec<String>,
    #[serde(default = "btree")]
    kind: String,
}

fn btree() -> String {
    "btree".to_owned()
}

/// What can be changed of a dataset.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Change {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    add_columns: Option<Vec<Column>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    indexes: Option<Vec<Index>>,
}

async fn list(caller: Caller, list: List<Nothing>) -> Answer {
    let db = Arc::new(Db::open().await?);
    list.answer_from(move |after, limit| {
        let db = Arc::clone(&db);
        async move { Ok(db.list_datasets(caller, after.as_deref(), limit).await?) }.boxed()
    })
    .await
}

async fn create(caller: Caller, _: Params<Nothing>, body: Body) -> Answer {
    let dataset: NewDataset = needed(json_body_of(body, DOCUMENT).await?, "the body says what the dataset is: its name and columns")?;
    if let Some(mapping) = &dataset.mapping {
        check_mapping(mapping, &dataset.columns)?;
    }
    let made = Db::open().await?.create_dataset(caller, document(&dataset)).await?;
    let mut response = document_response(StatusCode::CREATED, made.to_string());
    if let Ok(location) = HeaderValue::from_str(&format!("/api/v1/datasets/{}", dataset.name)) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    Ok(response)
}

async fn show(caller: Caller, Path(name): Path<String>, _: Params<Nothing>) -> Answer {
    Ok(document_response(StatusCode::OK, Db::open().await?.get_dataset(caller, &name).await?.to_string()))
}

async fn change(caller: Caller, Path(name): Path<String>, _: Params<Nothing>, body: Body) -> Answer {
    let change: Change =
        needed(json_body_of(body, DOCUMENT).await?, "the body says what is to be changed: description, add_columns, indexes")?;
    Ok(document_response(StatusCode::OK, Db::open().await?.change_dataset(caller, &name, document(&change)).await?.to_string()))
}

async fn remove(caller: Caller, Path(name): Path<String>, _: Params<Nothing>) -> Answer {
    Ok(document_response(StatusCode::OK, Db::open().await?.remove_dataset(caller, &name).await?.to_string()))
}

async fn list_mappings(caller: Caller, Path(name): Path<String>, list: List<Nothing>) -> Answer {
    let (db, name): (_, Arc<str>) = (Arc::new(Db::open().await?), name.into());
    list.answer_from(move |after, limit| {
        let (db, name) = (Arc::clone(&db), Arc::clone(&name));
        async move { Ok(db.list_mappings(caller, &name, place_as(after.as_deref())?, limit).await?) }.boxed()
    })
    .await
}

/// Adds a mapping, which imports use from now on, unless they name another.
async fn add_mapping(caller: Caller, Path(name): Path<String>, _: Params<Nothing>, body: Body) -> Answer {
    let mapping: Value = needed(json_body_of(body, DOCUMENT).await?, "the body is a mapping, as /api/v1/schemas/mapping/1 says")?;
    let db = Db::open().await?;
    db.may_upload(caller).await?;
    let dataset = db.get_dataset(caller, &name).await?;
    let columns: Vec<Column> = Vec::deserialize(&dataset["columns"]).map_err(|error| Problem::internal(error.into()))?;
    check_mapping(&mapping, &columns)?;
    let added = db.add_mapping(caller, &name, mapping.to_string().into_bytes()).await?;
    Ok(document_response(StatusCode::CREATED, added.to_string()))
}

/// The JSON Schema of mappings. Anybody may know.
async fn schema(_: Params<Nothing>) -> Answer {
    let mut response = document_response(StatusCode::OK, SCHEMA);
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/schema+json"));
    Ok(response)
}

/// 422 where a mapping cannot be used for a dataset with these columns, with the place in it.
fn check_mapping(mapping: &Value, columns: &[Column]) -> Result<(), Problem> {
    let mapping = Mapping::parse(&mapping.to_string()).map_err(unusable)?;
    tables::mapping::Mapper::new(&mapping, columns, tables::mapping::Fields::Typed).map(drop).map_err(unusable)
}

fn unusable(error: MappingError) -> Problem {
    Problem::unprocessable(format!("the mapping cannot be used: {error}"))
}

fn needed<T>(document: Option<T>, what: &str) -> Result<T, Problem> {
    document.ok_or_else(|| Problem::bad_request(what))
}

fn document(value: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(value).unwrap_or_default()
}
