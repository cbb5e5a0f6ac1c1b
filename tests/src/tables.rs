//! Tables: from a file to rows that can be asked for.

use std::fmt::Write as _;
use std::time::Duration;

use admin::key::{self, Scope};
use anyhow::{Context as _, Result};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use stack::client::Client;

use crate::fixture::{DRAIN_TOKEN, PATIENCE, World, alone, drain, gzip, stack_with, stack_without_wake_ups, world, world_in};

/// Sends a document, and gives the status and the answer's.
async fn send(world: &World, method: Method, path: &str, body: &Value) -> Result<(StatusCode, Value)> {
    let answer = world.client.request(method, path).body(body.to_string()).send().await?;
    Ok((answer.status(), answer.json().await?))
}

/// Makes a dataset.
async fn make(world: &World, dataset: Value) -> Result<Value> {
    let (status, made) = send(world, Method::POST, "/api/v1/datasets", &dataset).await?;
    assert_eq!(status, StatusCode::CREATED, "{made}");
    Ok(made)
}

/// Sends a file for a dataset and waits for the end of its import.
async fn import(world: &World, query: &str, file: impl Into<Vec<u8>>) -> Result<Value> {
    let (status, answer) = upload(world, query, file).await?;
    assert_eq!(status, StatusCode::ACCEPTED, "{answer}");
    world.client.wait(answer["id"].as_str().context("an id")?, PATIENCE, |_| ()).await
}

async fn upload(world: &World, query: &str, file: impl Into<Vec<u8>>) -> Result<(StatusCode, Value)> {
    let request = world.client.request(Method::POST, &format!("/api/v1/imports?{query}"));
    let answer = request.header("content-type", "application/octet-stream").body(file.into()).send().await?;
    Ok((answer.status(), answer.json().await?))
}

/// Removes a dataset, as an admin.
async fn remove(world: &World, name: &str) -> Result<()> {
    let admin = key::create(&world.stack.database.connect().await?, &world.workspace, "admin", &[Scope::Admin], Some(1.0)).await?;
    let removed = Client::new(world.stack.url(), &admin.secret).request(Method::DELETE, &format!("/api/v1/datasets/{name}")).send().await?;
    assert_eq!(removed.status(), StatusCode::OK);
    Ok(())
}

/// What a run did with its rows: read, stored, updated, unchanged, filtered, rejected.
fn rows(import: &Value) -> [u64; 6] {
    ["read", "stored", "updated", "unchanged", "filtered", "rejected"]
        .map(|what| import["counts"]["rows"][what].as_u64().unwrap_or(u64::MAX))
}

async fn items(world: &World, path: &str) -> Result<Vec<Value>> {
    let answer = world.client.get(path).await?;
    Ok(answer["items"].as_array().with_context(|| format!("{path}: {answer}"))?.clone())
}

const ORDERS: &str =
    "Order ID,Country,Amount,Ordered at\n1,DE,10.50,2026-01-31T23:00:00Z\n2,ES,,2026-02-01 10:00\n3,DE,\"1,5\",2026-02-02\n";

#[tokio::test]
async fn a_csv_file_becomes_rows_that_can_be_asked_for() -> Result<()> {
    let world = world().await?;
    let columns = json!([{"name": "Order ID", "type": "bigint"}, {"name": "Country", "type": "text"}, {"name": "Amount", "type": "numeric"},
        {"name": "Ordered at", "type": "timestamptz"}]);
    let made = make(&world, json!({"name": "orders", "columns": columns, "partition": {"by": "month", "column": "Ordered at"}})).await?;
    assert_eq!((&made["rows"], &made["write"]), (&json!(0), &json!("append")));
    let import = import(&world, "dataset=orders&file_name=orders.csv", ORDERS).await?;
    assert_eq!((&import["state"], rows(&import)), (&json!("completed"), [3, 3, 0, 0, 0, 0]), "{import}");
    assert_eq!((&import["kind"], &import["format"], &import["dataset"]["name"]), (&json!("table"), &json!("csv"), &json!("orders")));
    assert_eq!(import["counts"]["values_rescued"], 1, "what is no number is kept: {import}");

    let all = items(&world, "/api/v1/datasets/orders/rows").await?;
    assert_eq!(
        all[0],
        json!({"Order ID": 1, "Country": "DE", "Amount": 10.50, "Ordered at": "2026-01-31T23:00:00+00:00", "_rescued": null})
    );
    assert_eq!((&all[2]["Amount"], &all[2]["_rescued"]), (&Value::Null, &json!({"Amount": "1,5"})));
    let germany = items(&world, "/api/v1/datasets/orders/rows?columns=Order%20ID&where=[{\"column\":\"Country\",\"in\":[\"DE\"]}]").await?;
    assert_eq!(germany, [json!({"Order ID": 1}), json!({"Order ID": 3})]);
    let numbers = world.client.get("/api/v1/datasets/orders/aggregate?sum=Amount&max=Ordered%20at&top=Country&n=1").await?;
    assert_eq!(
        (&numbers["count"], &numbers["sum"]["Amount"], &numbers["top"]),
        (&json!(3), &json!(10.50), &json!([{"value": "DE", "count": 2}]))
    );
    assert_eq!(world.client.get("/api/v1/datasets/orders").await?["rows"], 3);
    Ok(())
}

#[tokio::test]
async fn pages_of_rows_are_all_of_them_and_so_is_a_file() -> Result<()> {
    let world = world().await?;
    make(&world, json!({"name": "n", "columns": [{"name": "n", "type": "bigint"}, {"name": "t", "type": "text"}]})).await?;
    let mut file = String::from("n,t\n");
    for n in 0..2_500 {
        writeln!(file, "{n},\"a \"\"text\"\" of {n}\"")?;
    }
    let import = import(&world, "dataset=n", gzip(file.as_bytes())?).await?;
    assert_eq!(rows(&import), [2_500, 2_500, 0, 0, 0, 0], "{import}");
    let mut seen = world.client.list_in_pages("datasets/n/rows", "", 200, |_| {}).await?;
    assert_eq!(seen.len(), 2_500);
    seen.sort_by_key(|row| row["n"].as_u64());
    assert_eq!(seen[2_499]["t"], "a \"text\" of 2499");
    let filtered = world.client.list_in_pages("datasets/n/rows", "where=[{\"column\":\"n\",\"min\":2400}]", 50, |_| {}).await?;
    assert_eq!(filtered.len(), 100);

    let text = world.answer(Method::GET, "/api/v1/datasets/n/rows?format=csv").await?.text().await?;
    assert!(text.starts_with("n,t\r\n0,\"a \"\"text\"\" of 0\"\r\n"), "{}", &text[..100]);
    assert_eq!(text.lines().count(), 2_501);
    let lines = world.answer(Method::GET, "/api/v1/datasets/n/rows?format=jsonl&columns=n").await?.text().await?;
    assert_eq!(lines.lines().nth(7), Some("{\"n\":7}"));
    assert_eq!(lines.lines().count(), 2_500);

    let tail = world.answer(Method::GET, "/api/v1/datasets/n/tail").await?;
    let tag = tail.headers()["etag"].to_str()?.to_owned();
    let tail: Value = tail.json().await?;
    assert_eq!((tail["items"].as_array().map(Vec::len), &tail["items"][999]["n"]), (Some(1_000), &json!(2_499)));
    let again = world.client.request(Method::GET, "/api/v1/datasets/n/tail").header("if-none-match", tag).send().await?;
    assert_eq!(again.status(), StatusCode::NOT_MODIFIED);
    Ok(())
}

#[tokio::test]
async fn of_rows_with_one_key_the_last_stays() -> Result<()> {
    let world = world().await?;
    let columns = json!([{"name": "id", "type": "bigint"}, {"name": "v", "type": "text"}]);
    make(&world, json!({"name": "m", "columns": columns, "write": "merge", "key": ["id"], "partition": {"by": "hash", "partitions": 4}}))
        .await?;
    let first = import(&world, "dataset=m", "id,v\n1,a\n2,b\n1,c\n,d\n").await?;
    assert_eq!(rows(&first), [4, 2, 0, 1, 0, 1], "{first}");
    let second = import(&world, "dataset=m", "id,v\n2,b\n1,x\n3,y\n").await?;
    assert_eq!(rows(&second), [3, 1, 1, 1, 0, 0], "{second}");
    let all = items(&world, "/api/v1/datasets/m/rows?columns=id,v").await?;
    assert_eq!(all, [json!({"id": 1, "v": "x"}), json!({"id": 2, "v": "b"}), json!({"id": 3, "v": "y"})]);
    let errors = world.client.list(&format!("imports/{}/errors", first["id"].as_str().context("id")?), "").await?;
    assert_eq!(
        (&errors[0]["code"], &errors[0]["line"], &errors[0]["column"], &errors[0]["excerpt"]),
        (&json!("required"), &json!(5), &json!("id"), &json!(",d"))
    );
    Ok(())
}

#[tokio::test]
async fn rows_that_were_rejected_are_stored_once_the_mapping_is_mended() -> Result<()> {
    let world = world().await?;
    let columns = json!([{"name": "id", "type": "bigint"}, {"name": "amount", "type": "numeric"}, {"name": "on", "type": "date"}]);
    let strict = json!({"version": 1, "type_errors": "reject", "columns": [{"to": "id"}, {"to": "amount"}, {"to": "on"}]});
    let partition = json!({"by": "month", "column": "on"});
    make(&world, json!({"name": "mended", "columns": columns, "mapping": strict, "partition": partition})).await?;
    let file = "id,amount,on\n1,10.50,2026-01-01\n2,\"1,5\",2026-01-02\n3,\"2,5\",2027-05-05\nx,4,2026-01-04\n";
    let import = import(&world, "dataset=mended&file_name=a.csv", gzip(file.as_bytes())?).await?;
    assert_eq!(rows(&import), [4, 1, 0, 0, 0, 3], "{import}");
    let path = format!("imports/{}/errors", import["id"].as_str().context("id")?);
    let retry = async |body: Value| send(&world, Method::POST, &format!("/api/v1/{path}/retry"), &body).await;
    let counted = |answer: &Value| ["stored", "refused", "errors"].map(|what| answer[what].as_u64());

    let errors = world.client.list(&path, "").await?;
    assert_eq!(errors[0]["item"], json!({"id": "2", "amount": "1,5", "on": "2026-01-02"}), "what is tried again is shown");
    assert_eq!(counted(&retry(json!({})).await?.1), [Some(0), Some(3), Some(3)], "nothing has changed yet");
    let lenient = json!({"version": 1, "type_errors": "reject", "columns": [{"to": "id"}, {"to": "amount", "steps": [{"replace": {"from": ",", "to": "."}}]}, {"to": "on"}]});
    let (status, mapping) = send(&world, Method::POST, "/api/v1/datasets/mended/mappings", &lenient).await?;
    assert_eq!(status, StatusCode::CREATED, "{mapping}");
    assert_eq!(counted(&retry(json!({"ids": [errors[0]["id"]]})).await?.1), [Some(1), Some(0), Some(2)], "one");
    assert_eq!(counted(&retry(json!({})).await?.1), [Some(1), Some(1), Some(1)], "all, into a month that was not there");

    let all = items(&world, "/api/v1/datasets/mended/rows?columns=id,amount,on").await?;
    let expected = [
        json!({"id": 1, "amount": 10.50, "on": "2026-01-01"}),
        json!({"id": 2, "amount": 1.5, "on": "2026-01-02"}),
        json!({"id": 3, "amount": 2.5, "on": "2027-05-05"}),
    ];
    assert_eq!(all, expected);
    let status = world.client.get(&format!("/api/v1/imports/{}", import["id"].as_str().context("id")?)).await?;
    assert_eq!((rows(&status), &status["counts"]["errors"]), ([4, 3, 0, 0, 0, 1], &json!(1)), "{status}");
    assert_eq!(world.client.get("/api/v1/datasets/mended").await?["rows"], 3);
    let errors = world.client.list(&path, "").await?;
    assert_eq!(
        (errors.len(), &errors[0]["column"], &errors[0]["line"], &errors[0]["tries"]),
        (1, &json!("id"), &json!(5), &json!(3)),
        "{errors:?}"
    );
    Ok(())
}

#[tokio::test]
async fn a_preview_shows_what_a_mapping_makes_of_a_file() -> Result<()> {
    let world = world().await?;
    let columns = json!([{"name": "id", "type": "bigint"}, {"name": "amount", "type": "numeric"}]);
    let mapping = json!({"version": 1, "input": {"delimiter": ";", "decimal": ","}, "type_errors": "reject", "where": [{"column": "id", "not_in": [2]}],
        "columns": [{"to": "id"}, {"to": "amount", "from": "Betrag"}]});
    make(&world, json!({"name": "tried", "columns": columns, "mapping": mapping})).await?;
    let preview = async |query: &str| -> Result<(StatusCode, Value)> {
        let request = world.client.request(Method::POST, &format!("/api/v1/datasets/preview?{query}"));
        let answer = request.header("content-type", "text/csv").body("id;Betrag;x\n1;1,5;a\n2;2;b\n3;viel;c\n").send().await?;
        Ok((answer.status(), answer.json().await?))
    };
    let (status, seen) = preview("dataset=tried&mapping=1").await?;
    assert_eq!(status, StatusCode::OK, "{seen}");
    let counts = &seen["mapped"]["counts"];
    assert_eq!(
        ["read", "stored", "filtered", "rejected"].map(|what| counts[what].as_u64()),
        [Some(3), Some(1), Some(1), Some(1)],
        "{seen}"
    );
    let rows = &seen["mapped"]["rows"];
    assert_eq!(rows[0], json!({"line": 2, "rows": [{"id": "1", "amount": "1.5"}], "rescued": ["{\"x\":\"a\"}"]}));
    assert_eq!(rows[1]["rows"], json!([]), "a condition does not let it pass");
    assert_eq!((&rows[2]["rejected"]["code"], &rows[2]["rejected"]["column"]), (&json!("invalid"), &json!("amount")), "{seen}");
    assert_eq!(preview("dataset=tried&mapping=2").await?.0, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(preview("dataset=nobody").await?.0, StatusCode::NOT_FOUND);
    assert_eq!(preview("mapping=1").await?.0, StatusCode::BAD_REQUEST);
    assert_eq!(world.client.get("/api/v1/datasets/tried").await?["rows"], 0, "nothing is written");
    Ok(())
}

#[tokio::test]
async fn a_row_that_is_tried_again_takes_the_place_of_none_that_came_after_it() -> Result<()> {
    let world = world().await?;
    let columns = json!([{"name": "id", "type": "bigint"}, {"name": "v", "type": "bigint"}]);
    let strict = json!({"version": 1, "type_errors": "reject", "columns": [{"to": "id"}, {"to": "v"}]});
    make(&world, json!({"name": "late", "columns": columns, "mapping": strict, "write": "merge", "key": ["id"]})).await?;
    let first = import(&world, "dataset=late", "[{\"id\": 1, \"v\": \"x\"}, {\"id\": 2, \"v\": \"x\"}]").await?;
    assert_eq!(rows(&first), [2, 0, 0, 0, 0, 2], "{first}");
    import(&world, "dataset=late", "id,v\n1,9\n").await?;
    let lenient = json!({"version": 1, "type_errors": "reject", "columns": [{"to": "id"}, {"to": "v", "steps": [{"map": {"values": {"x": "7"}, "else": "keep"}}]}]});
    send(&world, Method::POST, "/api/v1/datasets/late/mappings", &lenient).await?;
    let path = format!("/api/v1/imports/{}", first["id"].as_str().context("id")?);
    let (_, retried) = send(&world, Method::POST, &format!("{path}/errors/retry"), &json!({})).await?;
    assert_eq!((&retried["stored"], &retried["errors"]), (&json!(2), &json!(0)), "{retried}");
    assert_eq!(rows(&world.client.get(&path).await?), [2, 1, 0, 1, 0, 0], "the one has come too late");
    let all = items(&world, "/api/v1/datasets/late/rows?columns=id,v").await?;
    assert_eq!(all, [json!({"id": 1, "v": 9}), json!({"id": 2, "v": 7})]);
    Ok(())
}

#[tokio::test]
async fn an_import_whose_dataset_is_gone_is_in_nobodys_way() -> Result<()> {
    let world = world().await?;
    make(&world, json!({"name": "gone", "columns": [{"name": "n", "type": "bigint"}]})).await?;
    let failed = import(&world, "dataset=gone&format=parquet", "no Parquet").await?;
    assert_eq!(failed["state"], "failed", "{failed}");
    let path = format!("/api/v1/imports/{}", failed["id"].as_str().context("id")?);
    remove(&world, "gone").await?;
    let (status, problem) = send(&world, Method::POST, &format!("{path}/retry"), &json!({})).await?;
    assert_eq!(status, StatusCode::CONFLICT, "{problem}");
    assert!(problem["detail"].as_str().is_some_and(|detail| detail.contains("has been removed")), "{problem}");
    let (status, problem) = send(&world, Method::POST, &format!("{path}/errors/retry"), &json!({})).await?;
    assert_eq!(status, StatusCode::CONFLICT, "{problem}");
    let columns = json!([{"name": "$put$ $$ '", "type": "bigint"}, {"name": "n", "type": "bigint"}]);
    make(&world, json!({"name": "odd", "columns": columns})).await?;
    assert_eq!(rows(&import(&world, "dataset=odd", "n,$put$ $$ '\n1,2\n").await?), [1, 1, 0, 0, 0, 0]);
    Ok(())
}

#[tokio::test]
async fn what_replaces_is_there_at_once_and_what_fails_replaces_nothing() -> Result<()> {
    let world = world().await?;
    let mapping =
        json!({"version": 1, "columns": [{"to": "n"}], "checks": [{"rows": {"min": 2}}, {"sum": {"column": "n", "equals": "6"}}]});
    make(&world, json!({"name": "r", "columns": [{"name": "n", "type": "bigint"}], "write": "replace", "mapping": mapping, "indexes": [{"columns": ["n"]}]})).await?;
    let first = import(&world, "dataset=r", "n\n1\n2\n3\n").await?;
    assert_eq!(first["state"], "completed", "{first}");
    let wrong = import(&world, "dataset=r", "n\n1\n2\n").await?;
    assert_eq!((&wrong["state"], &wrong["error"]["code"]), (&json!("failed"), &json!("check")), "{wrong}");
    assert_eq!(wrong["error"]["message"], "the sum of the column n is 3, it is to be 6");
    assert_eq!(items(&world, "/api/v1/datasets/r/rows?columns=n").await?.len(), 3, "the rows of before are there");
    let second = import(&world, "dataset=r", "n\n6\n0\n").await?;
    assert_eq!(second["state"], "completed", "{second}");
    assert_eq!(items(&world, "/api/v1/datasets/r/rows?columns=n").await?, [json!({"n": 6}), json!({"n": 0})]);
    assert_eq!(world.client.get("/api/v1/datasets/r").await?["rows"], 2);
    Ok(())
}

/// Ends whoever waits for a lock.
const END_WAITING: &str = "
    select count(*) filter (where pg_terminate_backend(pid, 5000)) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'";

#[tokio::test]
#[cfg_attr(external_app, ignore = "needs an app of its own")]
async fn an_import_that_is_killed_just_before_its_end_has_replaced_nothing() -> Result<()> {
    let mut world = world_in(stack_without_wake_ups(&[("drain_lease_seconds", "2")]).await?.into()).await?;
    make(&world, json!({"name": "r", "columns": [{"name": "n", "type": "bigint"}], "write": "replace"})).await?;
    upload(&world, "dataset=r", "n\n1\n2\n").await?;
    drain(&world.stack).await?;
    let (_, second) = upload(&world, "dataset=r", "n\n3\n4\n").await?;
    let id = second["id"].as_str().context("an id")?;
    let (database, other) = (world.stack.database.connect().await?, world.stack.database.connect().await?);
    // The end of the import waits for this, when all of its rows are stored.
    database.batch_execute("begin; select from spillway.datasets for update").await?;
    let drained = tokio::spawn(stack::client::drain(world.stack.url(), DRAIN_TOKEN).send());
    let stored = "select exists (select from spillway.runs where rows_stored = 2 and run = 2)
        and exists (select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock')";
    while !other.query_one(stored, &[]).await?.get::<_, bool>(0) {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let rows = "/api/v1/datasets/r/rows?columns=n";
    assert_eq!(items(&world, rows).await?, [json!({"n": 1}), json!({"n": 2})]);
    alone(&mut world)?.runtime.as_mut().context("no runtime")?.kill();
    let ended: i64 = other.query_one(END_WAITING, &[]).await?.get(0);
    database.batch_execute("rollback").await?;
    alone(&mut world)?.runtime.as_mut().context("no runtime")?.restart().await?;
    // Its head may have come before.
    let was_killed = match drained.await? {
        Ok(answer) => answer.bytes().await.is_err(),
        Err(_) => true,
    };
    assert_eq!((ended, was_killed), (1, true), "it was killed");
    assert_eq!(items(&world, rows).await?, [json!({"n": 1}), json!({"n": 2})]);
    while world.client.status(id).await?["state"] != "completed" {
        drain(&world.stack).await?;
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    assert_eq!(items(&world, rows).await?, [json!({"n": 3}), json!({"n": 4})]);
    Ok(())
}

#[tokio::test]
async fn json_lines_and_documents_are_read_and_a_dataset_is_made_of_what_a_file_shows() -> Result<()> {
    let world = world().await?;
    let lines = "{\"id\":1,\"at\":\"2026-01-02T03:04:05Z\",\"tags\":[\"a\"],\"ok\":true}\n{\"id\":2,\"price\":1.25}\n";
    let made = import(&world, "dataset=events&create=true&file_name=events.jsonl", lines).await?;
    assert_eq!((&made["state"], rows(&made)), (&json!("completed"), [2, 2, 0, 0, 0, 0]), "{made}");
    let dataset = world.client.get("/api/v1/datasets/events").await?;
    let types: Vec<_> =
        dataset["columns"].as_array().context("columns")?.iter().map(|column| format!("{} {}", column["name"], column["type"])).collect();
    assert_eq!(types, ["\"id\" \"bigint\"", "\"at\" \"timestamptz\"", "\"tags\" \"jsonb\"", "\"ok\" \"boolean\"", "\"price\" \"numeric\""]);
    let again = import(&world, "dataset=events&create=true&file_name=more.json", "[{\"id\": 3, \"new\": \"x\"}]").await?;
    assert_eq!((&again["format"], rows(&again)), (&json!("json"), [1, 1, 0, 0, 0, 0]), "{again}");
    let all = items(&world, "/api/v1/datasets/events/rows").await?;
    assert_eq!((&all[0]["tags"], &all[1]["price"], &all[2]["_rescued"]), (&json!(["a"]), &json!(1.25), &json!({"new": "x"})));
    Ok(())
}

#[tokio::test]
async fn columns_that_come_later_are_added_where_that_is_wanted() -> Result<()> {
    let world = world().await?;
    let mapping = json!({"version": 1, "columns": [{"to": "id"}], "unknown_columns": "add"});
    make(&world, json!({"name": "grows", "columns": [{"name": "id", "type": "bigint"}], "mapping": mapping})).await?;
    let mut file = String::new();
    for n in 0..3_000 {
        writeln!(file, "{}", if n < 2_500 { json!({"id": n}) } else { json!({"id": n, "late": format!("v{n}"), "deep": {"a": 1}}) })?;
    }
    let import = import(&world, "dataset=grows&file_name=g.jsonl", file).await?;
    assert_eq!((&import["state"], rows(&import)), (&json!("completed"), [3_000, 3_000, 0, 0, 0, 0]), "{import}");
    let late = items(&world, "/api/v1/datasets/grows/rows?where=[{\"column\":\"late\",\"in\":[\"v2500\",\"v2999\"]}]").await?;
    assert_eq!(late[0], json!({"id": 2_500, "deep": "{\"a\": 1}", "late": "v2500", "_rescued": null}), "{late:?}");
    assert_eq!(late.len(), 2);
    let more = self::import(&world, "dataset=grows&file_name=h.jsonl", "{\"id\":1,\"late\":\"x\"}\n").await?;
    assert_eq!((rows(&more), &more["counts"]["values_rescued"]), ([1, 1, 0, 0, 0, 0], &json!(0)), "{more}");
    Ok(())
}

#[tokio::test]
async fn a_preview_says_what_would_come_of_a_file_and_writes_nothing() -> Result<()> {
    let world = world().await?;
    let file = "Kunde;Betrag;Datum\nA;1.234,50;31.12.2025\nB;7,00;01.01.2026\n";
    let answer = world.client.request(Method::POST, "/api/v1/datasets/preview?file_name=k.csv").body(file).send().await?;
    assert_eq!(answer.status(), StatusCode::OK);
    let seen: Value = answer.json().await?;
    let kinds: Vec<_> =
        seen["dataset_columns"].as_array().context("columns")?.iter().map(|column| column["type"].as_str().unwrap_or_default()).collect();
    assert_eq!(kinds, ["text", "numeric", "date"], "{seen}");
    assert_eq!(
        (&seen["rows"][0]["values"]["Betrag"], &seen["rows"][0]["values"]["Datum"]),
        (&json!("1234.50"), &json!("2025-12-31")),
        "{seen}"
    );
    assert_eq!(world.client.list("datasets", "").await?.len(), 0);
    make(&world, json!({"name": "kunden", "columns": seen["dataset_columns"], "mapping": seen["mapping"]})).await?;
    let import = import(&world, "dataset=kunden&file_name=k.csv", file).await?;
    assert_eq!((rows(&import), &import["counts"]["values_rescued"]), ([2, 2, 0, 0, 0, 0], &json!(0)), "{import}");
    Ok(())
}

#[tokio::test]
async fn what_cannot_be_is_refused_with_a_reason() -> Result<()> {
    let world = world().await?;
    let column = json!([{"name": "a", "type": "bigint"}]);
    for (dataset, status, reason) in [
        (json!({"name": "Bad name", "columns": column}), 422, "a dataset has a name of at most 63"),
        (json!({"name": "x", "columns": []}), 422, "a dataset has at least one column"),
        (json!({"name": "x", "columns": [{"name": "a", "type": "money"}]}), 400, "unknown variant `money`"),
        (json!({"name": "x", "columns": [{"name": "_run", "type": "text"}]}), 422, "a column has a name"),
        (json!({"name": "x", "columns": [{"name": "a", "type": "text"}, {"name": "a", "type": "text"}]}), 422, "the same name"),
        (json!({"name": "x", "columns": column, "write": "merge"}), 422, "merge (with a key"),
        (json!({"name": "x", "columns": column, "write": "merge", "key": ["b"]}), 422, "there is none of the name b"),
        (json!({"name": "x", "columns": column, "partition": {"by": "month", "column": "a"}}), 422, "months are those of"),
        (json!({"name": "x", "columns": column, "surprise": 1}), 400, "unknown field `surprise`"),
        (
            json!({"name": "x", "columns": column, "mapping": {"version": 1, "columns": [{"to": "b"}]}}),
            422,
            "the dataset has no such column",
        ),
        (json!({"name": "x", "columns": column, "mapping": {"version": 1, "columns": [], "eval": "1"}}), 422, "unknown field `eval`"),
    ] {
        let (code, answer) = send(&world, Method::POST, "/api/v1/datasets", &dataset).await?;
        assert_eq!(code.as_u16(), status, "{dataset}: {answer}");
        assert!(answer["detail"].as_str().is_some_and(|detail| detail.contains(reason)), "{dataset}: {answer}");
    }
    let sql = "a\"; drop table spillway.imports; --";
    make(&world, json!({"name": "x", "columns": [{"name": sql, "type": "text"}]})).await?;
    let odd = import(&world, "dataset=x", format!("\"{}\"\nv\n", sql.replace('"', "\"\""))).await?;
    assert_eq!(rows(&odd), [1, 1, 0, 0, 0, 0], "{odd}");
    for (query, status) in [
        ("dataset=nothing", 404),
        ("dataset=x&scope=s", 400),
        ("create=true", 400),
        ("dataset=x&mapping=7", 422),
        ("dataset=x&format=nessus", 400),
    ] {
        let (code, answer) = upload(&world, query, "a\n1\n").await?;
        assert_eq!(code.as_u16(), status, "{query}: {answer}");
    }
    for query in ["where=x", "where=[{\"column\":\"no\",\"equals\":1}]", "columns=no", "where=[{\"column\":\"no\"}]&n=1"] {
        let answer = world.answer(Method::GET, &format!("/api/v1/datasets/x/rows?{query}")).await?;
        assert_eq!(answer.status(), StatusCode::BAD_REQUEST, "{query}");
    }
    Ok(())
}

#[tokio::test]
async fn a_big_file_is_read_by_several_drains_and_every_row_is_there_once() -> Result<()> {
    let world = world_in(stack_with(&[("drain_segment_bytes", "100000")]).await?.into()).await?;
    let columns = json!([{"name": "id", "type": "bigint"}, {"name": "t", "type": "text"}]);
    make(&world, json!({"name": "a", "columns": columns})).await?;
    make(&world, json!({"name": "m", "columns": columns, "write": "merge", "key": ["id"]})).await?;
    let mut file = String::from("id,t\n");
    for n in 0..60_000 {
        writeln!(file, "{},\"line {n}\nanother, {n}\"", n % 50_000)?;
    }
    let appended = import(&world, "dataset=a", file.clone()).await?;
    assert_eq!(rows(&appended), [60_000, 60_000, 0, 0, 0, 0], "{appended}");
    let numbers = world.client.get("/api/v1/datasets/a/aggregate?sum=id").await?;
    assert_eq!(numbers["sum"]["id"], 50_000_u64 * 49_999 / 2 + 10_000 * 9_999 / 2);
    let merged = import(&world, "dataset=m", file).await?;
    assert_eq!((rows(&merged)[0], merged["counts"]["rows"]["stored"].as_u64()), (60_000, Some(50_000)), "{merged}");
    let last = items(&world, "/api/v1/datasets/m/rows?limit=1").await?;
    assert_eq!(last[0]["t"], "line 50000\nanother, 50000", "the last record of the file wins in whatever order its parts come");
    let segments: i64 =
        world.stack.database.connect().await?.query_one("select count(distinct _segment) from spillway_data.d1_g1", &[]).await?.get(0);
    assert!(segments > 1, "it was read in {segments} parts");
    Ok(())
}

#[tokio::test]
async fn a_dataset_that_is_removed_is_gone_with_its_rows() -> Result<()> {
    let world = world().await?;
    make(&world, json!({"name": "gone", "columns": [{"name": "a", "type": "bigint"}]})).await?;
    import(&world, "dataset=gone", "a\n1\n").await?;
    let (status, changed) =
        send(&world, Method::PATCH, "/api/v1/datasets/gone", &json!({"add_columns": [{"name": "b", "type": "text"}]})).await?;
    assert_eq!((status, &changed["schema_version"]), (StatusCode::OK, &json!(2)), "{changed}");
    let wider = import(&world, "dataset=gone", "a,b\n2,x\n").await?;
    assert_eq!(rows(&wider), [1, 1, 0, 0, 0, 0], "{wider}");
    assert_eq!(items(&world, "/api/v1/datasets/gone/rows?columns=a,b").await?, [json!({"a": 1, "b": null}), json!({"a": 2, "b": "x"})]);
    let (status, refused) = send(&world, Method::DELETE, "/api/v1/datasets/gone", &Value::Null).await?;
    assert_eq!(status, StatusCode::FORBIDDEN, "it takes the scope admin: {refused}");
    remove(&world, "gone").await?;
    assert_eq!(world.answer(Method::GET, "/api/v1/datasets/gone/rows").await?.status(), StatusCode::NOT_FOUND);
    Ok(())
}
