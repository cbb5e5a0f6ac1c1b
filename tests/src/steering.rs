//! The import in the user's hands: cancel, errors one by one, decisions, closing, notifications.

use anyhow::{Context as _, Result};
use generate::SarifSize;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::fixture::{PATIENCE, World, drain, nessus, stack_with, stack_without_wake_ups, world, world_in};

/// A rule of the database that refuses what is found on three hosts, each of which has one occurrence in the report.
const REFUSE: &str = "
    create function refuse() returns trigger language plpgsql as $$
    begin
      if (select identity from spillway.assets where workspace_id = new.workspace_id and id = new.asset_id) in ('10.0.0.7', '10.0.0.77', '10.0.3.137') then
        raise exception 'nothing is stored of this host';
      end if;
      return new;
    end $$;
    create trigger refuse before insert on spillway.occurrences for each row execute function refuse()";
const NO_LONGER: &str = "drop trigger refuse on spillway.occurrences";

async fn send(world: &World, method: Method, path: &str, body: &Value) -> Result<(StatusCode, Value)> {
    let answer = world.client.request(method, path).body(body.to_string()).send().await?;
    Ok((answer.status(), answer.json().await?))
}

/// The finding of the workspace, which has but one.
async fn only_finding(world: &World) -> Result<Value> {
    let mut findings = world.client.list("findings", "").await?;
    assert_eq!(findings.len(), 1, "{findings:?}");
    findings.pop().context("a finding")
}

#[tokio::test]
#[cfg_attr(external_app, ignore = "needs an app of its own")]
async fn three_bad_records_of_ten_thousand_are_errors_that_can_be_tried_again() -> Result<()> {
    let world = world_in(stack_with(&[]).await?.into()).await?;
    let database = world.stack.database.connect().await?;
    database.batch_execute(REFUSE).await?;
    let status = world.import("a.nessus", nessus(10_000, 10_000)?).await?;
    assert_eq!(status["state"], "completed", "{status}");
    assert_eq!((&status["counts"]["occurrences"]["new"], &status["counts"]["errors"]), (&json!(9_997), &json!(3)));
    assert_eq!(status["counts"]["errors_by_code"], json!({"P0001": 3}));

    let path = format!("imports/{}/errors", status["id"].as_str().context("id")?);
    let errors = world.client.list(&path, "").await?;
    assert_eq!(errors.len(), 3);
    for error in &errors {
        assert!(error["offset"].as_u64() > Some(0) && error["line"].as_u64() > Some(1), "no place: {error}");
        assert_eq!(error["item"]["occurrences"].as_array().map(Vec::len), Some(1), "no item: {error}");
    }
    let notifications = world.client.list("notifications", "").await?;
    assert_eq!(notifications[0]["kind"], "warning");
    let retry = notifications[0]["links"]["retry"].as_str().context("a link to retry")?;
    assert_eq!(Some(retry), status["links"]["retry_errors"].as_str());

    let (_, refused) = send(&world, Method::POST, retry, &json!({})).await?;
    assert_eq!((&refused["stored"], &refused["refused"]), (&json!(0), &json!(3)), "its cause is still there");
    database.batch_execute(NO_LONGER).await?;
    let (_, one) = send(&world, Method::POST, retry, &json!({"ids": [errors[1]["id"]]})).await?;
    assert_eq!((&one["stored"], &one["errors"]), (&json!(1), &json!(2)));
    let (_, all) = send(&world, Method::POST, retry, &Value::Null).await?;
    assert_eq!((&all["stored"], &all["errors"]), (&json!(2), &json!(0)));
    let status = world.client.status(status["id"].as_str().context("id")?).await?;
    assert_eq!((&status["counts"]["occurrences"]["new"], &status["counts"]["errors"]), (&json!(10_000), &json!(0)));
    assert_eq!(world.client.list(&path, "").await?.len(), 0);
    Ok(())
}

#[tokio::test]
async fn a_report_that_is_mostly_unusable_fails_loudly() -> Result<()> {
    let world = world().await?;
    let bad = "<ReportItem port=\"0\" protocol=\"tcp\" severity=\"1\"/>".repeat(3_000);
    let report =
        format!("<NessusClientData_v2><Report name=\"r\"><ReportHost name=\"h\">{bad}</ReportHost></Report></NessusClientData_v2>");
    let status = world.import("bad.nessus", report).await?;
    assert_eq!((&status["state"], &status["error"]["code"]), (&json!("failed"), &json!("too_many_errors")), "{status}");
    assert_eq!(status["counts"]["errors"], 1_000, "and does not go on");
    Ok(())
}

#[tokio::test]
#[cfg_attr(external_app, ignore = "needs an app of its own")]
async fn a_cancelled_big_import_stops_within_two_batches_and_others_go_on() -> Result<()> {
    let world = world_in(stack_with(&[("drain_parallelism", "1")]).await?.into()).await?;
    let big = world.upload("big.nessus", nessus(40_000, 400)?).await?;
    let small = world.upload("small.nessus", nessus(10, 1)?).await?;
    let items = |status: &Value| status["progress"]["items"].as_u64().unwrap_or_default();
    loop {
        let status = world.client.status(&big.id).await?;
        anyhow::ensure!(status["state"] != "completed", "it was too fast to be cancelled");
        if items(&status) > 0 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    let (code, cancelled) = send(&world, Method::POST, &format!("/api/v1/imports/{}/cancel", big.id), &Value::Null).await?;
    assert_eq!((code, &cancelled["state"]), (StatusCode::OK, &json!("cancelled")));
    assert_eq!(world.client.wait(&small.id, PATIENCE, |_| ()).await?["state"], "completed", "the queue goes on");
    let later = world.client.status(&big.id).await?;
    assert_eq!((&later["state"], items(&later)), (&json!("cancelled"), items(&cancelled)), "nothing is stored after it");
    let (code, refused) = send(&world, Method::POST, &format!("/api/v1/imports/{}/cancel", small.id), &Value::Null).await?;
    assert_eq!(code, StatusCode::CONFLICT);
    assert_eq!(refused["detail"], "the import is completed; only a queued or running one can be cancelled");
    let (code, _) = send(&world, Method::POST, &format!("/api/v1/imports/{}/retry", small.id), &Value::Null).await?;
    assert_eq!(code, StatusCode::CONFLICT);
    Ok(())
}

#[tokio::test]
async fn a_persons_decision_survives_the_next_import() -> Result<()> {
    let world = world().await?;
    let report = nessus(1, 1)?;
    world.import("a.nessus", report.clone()).await?;
    let path = format!("/api/v1/findings/{}", only_finding(&world).await?["id"].as_str().context("id")?);
    let (code, _) = send(&world, Method::PATCH, &path, &json!({"status": "gone"})).await?;
    assert_eq!(code, StatusCode::BAD_REQUEST);
    let (code, decided) = send(&world, Method::PATCH, &path, &json!({"status": "false_positive"})).await?;
    assert_eq!((code, &decided["status"]), (StatusCode::OK, &json!("false_positive")));
    world.import("a.nessus", report.clone()).await?;
    assert_eq!(world.client.get(&path).await?["status"], "false_positive");

    send(&world, Method::PATCH, &path, &json!({"status": "closed"})).await?;
    let again = world.import("a.nessus", report.clone()).await?;
    assert_eq!(again["counts"]["findings"]["reopened"], 1, "what is closed and seen again is open: {again}");
    assert_eq!(world.client.get(&path).await?["status"], "open");
    let (code, _) =
        send(&world, Method::PATCH, "/api/v1/findings/00000000-0000-8000-8000-000000000000", &json!({"status": "open"})).await?;
    assert_eq!(code, StatusCode::NOT_FOUND);
    Ok(())
}

#[tokio::test]
async fn what_a_newer_report_of_the_same_scope_does_not_show_is_closed() -> Result<()> {
    let world = world().await?;
    let report = |results| {
        let mut report = Vec::new();
        generate::sarif(SarifSize { results, seed: 7, problems: 0 }, &mut report).map(|()| report)
    };
    let (code, refused) = send(&world, Method::POST, "/api/v1/imports?close_missing=true", &Value::Null).await?;
    assert_eq!(code, StatusCode::BAD_REQUEST, "{refused}");
    let import = async |results| {
        let path = "/api/v1/imports?scope=shop%20main&close_missing=true";
        let upload: Value = world.client.request(Method::POST, path).body(report(results)?).send().await?.json().await?;
        world.client.wait(upload["id"].as_str().context("id")?, PATIENCE, |_| ()).await
    };
    let many = import(200).await?;
    assert_eq!((&many["scope"], &many["counts"]["findings"]["closed"]), (&json!("shop main"), &json!(0)));
    // Some are closed by the report itself.
    let found = world.client.list("findings", "status=open").await?.len();
    assert!(found > 100, "{many}");
    let none = import(0).await?;
    assert_eq!(none["counts"]["findings"]["closed"], found, "{none}");
    assert_eq!(world.client.list("findings", "status=open").await?.len(), 0);
    assert_eq!(world.client.list("notifications", "").await?[0]["kind"], "closed");
    assert_eq!(import(200).await?["counts"]["findings"]["reopened"], found);
    Ok(())
}

#[tokio::test]
async fn notifications_are_counted_and_read() -> Result<()> {
    let world = world().await?;
    for _ in 0..2 {
        world.import("a.nessus", nessus(1, 1)?).await?;
    }
    let unread = async || Ok::<_, anyhow::Error>(world.client.get("/api/v1/notifications/unread").await?["unread"].clone());
    assert_eq!(unread().await?, 2);
    let newest = world.client.list("notifications", "").await?[0]["id"].as_str().context("id")?.to_owned();
    send(&world, Method::POST, &format!("/api/v1/notifications/{newest}/read"), &Value::Null).await?;
    assert_eq!(unread().await?, 1);
    let (_, all) = send(&world, Method::POST, "/api/v1/notifications/read", &Value::Null).await?;
    assert_eq!((&all["unread"], unread().await?), (&json!(0), json!(0)));
    Ok(())
}

#[tokio::test]
async fn a_session_that_is_idle_in_a_transaction_neither_stops_nor_wrongs_an_import() -> Result<()> {
    let world = world().await?;
    let mut other = world.stack.database.connect().await?;
    let transaction = other.transaction().await?;
    let before: i64 = transaction.query_one("select count(*) from spillway.occurrences, spillway.import_queue", &[]).await?.get(0);
    let status = world.import("a.nessus", nessus(5_000, 50)?).await?;
    assert_eq!((&status["state"], &status["counts"]["occurrences"]["new"]), (&json!("completed"), &json!(5_000)));
    transaction.query_one("select $1::bigint", &[&before]).await?;
    transaction.commit().await?;
    Ok(())
}

#[tokio::test]
#[cfg_attr(external_app, ignore = "needs an app of its own")]
async fn the_drain_removes_what_nobody_needs_any_more() -> Result<()> {
    let world = world_in(stack_without_wake_ups(&[("report_retention_days", "0")]).await?.into()).await?;
    let upload = world.upload("a.nessus", nessus(1, 1)?).await?;
    let broken = world.upload("b.nessus", nessus(1, 1)?).await?;
    // An upload whose function was killed between the store and the database, some time ago.
    let lose = "
        with lost as (delete from spillway.imports where id = $1::text::uuid returning workspace_id, id, object_key)
        insert into spillway.uploads (workspace_id, id, object_key, parts_id, seen_at)
        select workspace_id, id, object_key, 'a part that is gone', now() - spillway.upload_lease() - interval '1 minute' from lost";
    let database = world.stack.database.connect().await?;
    database.execute(lose, &[&broken.id]).await?;
    assert_eq!(world.stack.store.list_objects().await?.len(), 2);
    let (_, cancelled) = send(&world, Method::POST, &format!("/api/v1/imports/{}/cancel", upload.id), &Value::Null).await?;
    assert!(cancelled["links"]["retry"].is_string());
    drain(&world.stack).await?;
    assert_eq!(world.stack.store.list_objects().await?, [""; 0]);
    let left: i64 = database.query_one("select count(*) from spillway.uploads", &[]).await?.get(0);
    assert_eq!(left, 0, "and notes it");
    let (code, refused) = send(&world, Method::POST, &format!("/api/v1/imports/{}/retry", upload.id), &Value::Null).await?;
    assert_eq!(code, StatusCode::CONFLICT);
    assert!(refused["detail"].as_str().is_some_and(|detail| detail.contains("its report was removed")), "{refused}");
    Ok(())
}
