//! The way of a report: from the upload to the findings.

use std::collections::BTreeMap;
use std::path::Path;

use admin::parse;
use anyhow::{Context as _, Result, ensure};
use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use reqwest::{Method, StatusCode};
use scan_reports::{Asset, Finding, Occurrence, Record};
use serde_json::{Value, json};

use crate::fixture::{
    PATIENCE, World, assert_same, drain, name, nessus, samples, stack_with, stack_without_wake_ups, totals, world, world_in,
};

/// Samples that are imported at a time.
const AT_ONCE: usize = 4;

#[tokio::test]
#[cfg_attr(external_app, ignore = "needs an app of its own")]
async fn an_upload_is_answered_before_the_file_is_read() -> Result<()> {
    let world = world_in(stack_without_wake_ups(&[]).await?.into()).await?;
    let upload = world.upload("big.nessus", nessus(500, 10)?).await?;
    assert_eq!(upload.body["state"], "queued");
    assert_eq!(upload.location, format!("/api/v1/imports/{}/status", upload.id));
    let status = world.client.status(&upload.id).await?;
    assert_eq!(status["progress"]["bytes_read"], 0);
    assert_eq!(drain(&world.stack).await?["completed"], 1);
    assert_eq!(world.client.status(&upload.id).await?["state"], "completed");
    Ok(())
}

#[tokio::test]
async fn progress_only_grows_and_ends_at_100() -> Result<()> {
    let world = world().await?;
    let upload = world.upload("big.nessus", nessus(15_000, 100)?).await?;
    let mut seen = Vec::new();
    let status = world.client.wait(&upload.id, PATIENCE, |status| seen.push(status["progress"]["percentage"].as_f64())).await?;
    assert_eq!(status["state"], "completed");
    assert_eq!(seen.last(), Some(&Some(100.0)));
    assert!(seen.is_sorted(), "progress went back: {seen:?}");
    assert!(seen.iter().any(|p| p.is_some_and(|p| p > 0.0 && p < 100.0)), "no progress was seen on the way: {seen:?}");
    assert_eq!(status["poll_after_ms"], Value::Null);
    Ok(())
}

#[tokio::test]
async fn the_findings_read_back_are_those_of_the_parser() -> Result<()> {
    // Held, so that not every workspace gets a stack of its own where no other test holds one.
    let _stack = world().await?.stack;
    let samples = stream::iter(samples()?.into_iter().map(anyhow::Ok));
    samples.try_for_each_concurrent(AT_ONCE, async |sample| read_back(&sample).await.with_context(|| sample.display().to_string())).await
}

async fn read_back(sample: &Path) -> Result<()> {
    let world = world().await?;
    let status = world.import(&name(sample), std::fs::read(sample)?).await?;
    ensure!(status["state"] == "completed", "{status}");
    compare(&world, sample, &status).await
}

async fn compare(world: &World, sample: &Path, status: &Value) -> Result<()> {
    let parsed = Parsed::of(sample)?;
    assert_eq!(stored_findings(world).await?, parsed.findings, "findings of {}", sample.display());
    assert_eq!(stored_occurrences(world).await?, parsed.occurrences, "occurrences of {}", sample.display());
    assert_eq!(stored_assets(world).await?, parsed.assets, "assets of {}", sample.display());
    assert_eq!(status["counts"]["errors"], parsed.problems, "errors of {}", sample.display());
    assert_eq!(status["progress"]["items"], parsed.records, "items of {}", sample.display());
    Ok(())
}

/// What the parser reads, in the form in which it is read back.
#[derive(Default)]
struct Parsed {
    findings: BTreeMap<String, Value>,
    occurrences: BTreeMap<String, Value>,
    assets: BTreeMap<String, Asset>,
    problems: usize,
    records: usize,
}

impl Parsed {
    fn of(file: &Path) -> Result<Self> {
        let mut parsed = Self::default();
        parse::read(file, None, |_, record| {
            parsed.records += 1;
            match record {
                Record::Occurrence(occurrence) => parsed.push(*occurrence),
                Record::Asset(asset) => parsed.push_asset(asset),
                Record::Problem(_) => parsed.problems += 1,
                Record::Tool { .. } => parsed.records -= 1,
            }
            Ok(())
        })?;
        Ok(parsed)
    }

    /// Of several records of one finding or place the first counts.
    fn push(&mut self, occurrence: Occurrence) {
        let Occurrence { finding, asset, location, evidence, .. } = occurrence;
        let place = json!({"finding": finding.identity.to_string(), "asset": asset.identity, "location": without_service(json!(location))});
        let seen = json!({"service": location.service, "evidence": evidence});
        self.occurrences.entry(place.to_string()).or_insert(seen);
        self.findings.entry(finding.identity.to_string()).or_insert_with(|| parsed_finding(&finding));
        self.push_asset(asset);
    }

    fn push_asset(&mut self, asset: Asset) {
        let known = self.assets.entry(asset.identity.clone()).or_insert_with(|| Asset { attributes: BTreeMap::new(), ..asset.clone() });
        known.hostname = asset.hostname.or(known.hostname.take());
        known.attributes.extend(asset.attributes);
    }
}

/// The service's name is no part of a place; absent and null are the same.
fn without_service(location: Value) -> Value {
    let fields = location.as_object().into_iter().flatten().filter(|(name, value)| *name != "service" && !value.is_null());
    fields.map(|(name, value)| (name.clone(), value.clone())).collect::<serde_json::Map<_, _>>().into()
}

fn parsed_finding(f: &Finding) -> Value {
    json!({
        "tool": f.tool, "kind": f.kind, "rule_id": f.rule_id, "title": f.title, "severity": f.severity, "status": f.status,
        "description": f.description, "solution": f.solution, "vulnerability_ids": f.vulnerability_ids, "cwes": f.cwes,
        "cvss": f.cvss, "references": f.references, "component": f.component, "attributes": f.attributes,
    })
}

/// Findings as each is shown by itself; what the list shows of them is the same.
async fn stored_findings(world: &World) -> Result<BTreeMap<String, Value>> {
    let whole = async |summary: Value| {
        let id = summary["id"].as_str().context("a finding has an id")?;
        let finding = world.client.get(&format!("/api/v1/findings/{id}")).await?;
        let shown = summary.as_object().context("a finding is an object")?;
        assert!(shown.iter().all(|(name, value)| finding[name] == *value), "{summary} is not in short what {finding} is");
        Ok::<_, anyhow::Error>(finding)
    };
    let summaries = world.client.list("findings", "").await?;
    let whole: Vec<Value> = stream::iter(summaries.into_iter().map(whole)).buffer_unordered(4).try_collect().await?;
    let mut findings = BTreeMap::new();
    for mut finding in whole {
        let fields = finding.as_object_mut().context("a finding is an object")?;
        let id = fields.remove("id").and_then(|id| id.as_str().map(|id| id.replace('-', ""))).context("a finding has an id")?;
        // Where it was seen is compared with the occurrences; what nobody has decided yet is not what the parser says either.
        let beside = ["decision", "history", "scopes", "occurrences"];
        fields.retain(|name, _| !name.ends_with("_at") && !name.ends_with("_import_id") && !beside.contains(&name.as_str()));
        findings.insert(id, finding);
    }
    Ok(findings)
}

async fn stored_occurrences(world: &World) -> Result<BTreeMap<String, Value>> {
    let occurrences = world.client.list("occurrences", "").await?;
    let place = |o: &Value| {
        let finding = o["finding_id"].as_str().unwrap_or_default().replace('-', "");
        json!({"finding": finding, "asset": o["asset_identity"], "location": without_service(o["location"].clone())}).to_string()
    };
    Ok(occurrences.iter().map(|o| (place(o), json!({"service": o["location"]["service"], "evidence": o["evidence"]}))).collect())
}

async fn stored_assets(world: &World) -> Result<BTreeMap<String, Asset>> {
    let assets = world.client.list("assets", "").await?;
    let asset = |value: Value| -> Result<_> {
        let asset: Asset = serde_json::from_value(value)?;
        Ok((asset.identity.clone(), asset))
    };
    assets.into_iter().map(asset).collect()
}

#[tokio::test]
async fn the_same_file_again_gives_nothing_new_and_the_same_totals() -> Result<()> {
    let world = world().await?;
    let report = nessus(3000, 30)?;
    let first = world.import("a.nessus", report.clone()).await?;
    let contents = world.contents().await?;
    let second = world.import("a.nessus", report).await?;
    for what in ["assets", "findings", "occurrences"] {
        assert_eq!(second["counts"][what]["new"], 0, "new {what}");
        assert_eq!(second["counts"][what]["unchanged"], first["counts"][what]["new"], "unchanged {what}");
    }
    assert_eq!(totals(&first), totals(&second));
    assert_same(&contents, &world.contents().await?);
    Ok(())
}

#[tokio::test]
async fn two_imports_run_at_once() -> Result<()> {
    let world = world().await?;
    let report = nessus(20_000, 200)?;
    let (one, other) = tokio::try_join!(world.upload("one.nessus", report.clone()), world.upload("other.nessus", report))?;
    let mut together = false;
    loop {
        let (one, other) = (world.client.status(&one.id).await?, world.client.status(&other.id).await?);
        together |= one["state"] == "running" && other["state"] == "running";
        if one["state"] == "completed" && other["state"] == "completed" {
            break;
        }
        ensure!(one["state"] != "failed" && other["state"] != "failed", "{one} {other}");
    }
    assert!(together, "the two imports were never seen running at the same time");
    Ok(())
}

#[tokio::test]
#[cfg_attr(external_app, ignore = "needs an app of its own")]
async fn an_import_in_many_turns_ends_as_in_one() -> Result<()> {
    let report = nessus(8_000, 80)?;
    let in_one = world().await?;
    let status = in_one.import("a.nessus", report.clone()).await?;
    let in_many = world_in(stack_with(&[("drain_budget_ms", "50"), ("drain_parallelism", "1")]).await?.into()).await?;
    let status_of_many = in_many.import("a.nessus", report).await?;
    assert!(status_of_many["attempt"].as_u64() > Some(3), "it took only {} turns", status_of_many["attempt"]);
    assert_eq!(status["counts"], status_of_many["counts"]);
    assert_same(&in_one.contents().await?, &in_many.contents().await?);
    Ok(())
}

#[tokio::test]
#[cfg_attr(external_app, ignore = "needs an app of its own")]
async fn a_big_report_is_read_in_segments_and_gives_the_same() -> Result<()> {
    let report = nessus(8_000, 200)?;
    let whole = world().await?;
    let expected = whole.import("big.nessus", report.clone()).await?;
    let world = world_in(stack_with(&[("drain_segment_bytes", "200000")]).await?.into()).await?;
    let status = world.import("big.nessus", report.clone()).await?;
    assert_eq!(status["state"], "completed", "{status}");
    let segments = report.len() / 200_000;
    let claims = status["attempt"].as_u64().context("attempt")?;
    assert!(claims >= segments as u64 / 2, "{claims} claims of about {segments} segments");
    assert_eq!((totals(&status), &status["progress"]["items"]), (totals(&expected), &expected["progress"]["items"]));
    assert_same(&whole.contents().await?, &world.contents().await?);
    Ok(())
}

#[tokio::test]
#[cfg_attr(external_app, ignore = "needs an app of its own")]
async fn two_drains_never_work_on_the_same_import() -> Result<()> {
    let world = world_in(stack_without_wake_ups(&[]).await?.into()).await?;
    let upload = world.upload("a.nessus", nessus(5000, 50)?).await?;
    let (one, other) = tokio::join!(drain(&world.stack), drain(&world.stack));
    let completed = |done: &Value| done["completed"].as_u64().unwrap_or_default();
    assert_eq!(completed(&one?) + completed(&other?), 1);
    let status = world.client.status(&upload.id).await?;
    assert_eq!(status["attempt"], 1);
    assert_eq!(status["progress"]["items"].as_u64().map(|items| items >= 5000), Some(true));
    Ok(())
}

#[tokio::test]
#[cfg_attr(external_app, ignore = "needs an app of its own")]
async fn the_schedule_alone_is_enough() -> Result<()> {
    // The row is there, for the same report, but whoever wrote it woke nobody.
    let world = world().await?;
    let upload = world.import("a.nessus", nessus(10, 1)?).await?;
    let database = world.stack.database.connect().await?;
    let open = "
        with opened as (select spillway.open_upload(workspace_id, spillway.new_id()) from spillway.imports where id = $1::text::uuid)
        select count(*) from opened";
    let create = "
        with upload as (
          update spillway.uploads u set object_key = i.object_key from spillway.imports i
          where i.id = $1::text::uuid and u.workspace_id = i.workspace_id returning i.*, u.id as upload_id)
        select spillway.create_import(workspace_id, upload_id, 'again', size_bytes, sha256) ->> 'id' from upload";
    let id = upload["id"].as_str().context("id")?;
    database.execute(open, &[&id]).await?;
    let id: String = database.query_one(create, &[&id]).await?.get(0);
    let status = world.client.wait(&id, PATIENCE, |_| ()).await?;
    assert_eq!((&status["state"], &status["counts"]["occurrences"]["unchanged"]), (&json!("completed"), &json!(10)));
    Ok(())
}

#[tokio::test]
async fn an_unchanged_status_is_not_sent_again() -> Result<()> {
    let world = world().await?;
    let status = world.import("a.nessus", nessus(10, 1)?).await?;
    let path = format!("/api/v1/imports/{}/status", status["id"].as_str().context("id")?);
    let first = world.answer(Method::GET, &path).await?;
    assert_eq!(first.status(), StatusCode::OK);
    assert_eq!(first.headers().get("retry-after"), None, "an ended import need not be looked at again");
    let tag = first.headers()["etag"].clone();
    let again = world.client.request(Method::GET, &path).header("if-none-match", &tag).send().await?;
    assert_eq!(again.status(), StatusCode::NOT_MODIFIED);
    assert_eq!(again.headers()["etag"], tag);
    assert_eq!(again.headers().get("content-length"), None, "there is no body that it could be the length of");
    let other = world.client.request(Method::GET, &path).header("if-none-match", "W/\"other\"").send().await?;
    assert_eq!(other.status(), StatusCode::OK);
    Ok(())
}

#[tokio::test]
async fn a_page_polls_all_that_it_shows_at_once() -> Result<()> {
    let world = world().await?;
    let status = world.import("a.nessus", nessus(10, 1)?).await?;
    let first = world.answer(Method::GET, "/api/v1/activity").await?;
    let tag = first.headers()["etag"].clone();
    let activity: Value = first.json().await?;
    assert_eq!(
        (&activity["active"], &activity["ended"][0]["id"], &activity["unread"]),
        (&json!([]), &status["id"], &json!(1)),
        "{activity}"
    );
    assert_eq!(activity["poll_after_ms"], 15_000);
    let poll = async || world.client.request(Method::GET, "/api/v1/activity").header("if-none-match", &tag).send().await;
    assert_eq!(poll().await?.status(), StatusCode::NOT_MODIFIED);
    world.client.request(Method::POST, "/api/v1/notifications/read").send().await?.error_for_status()?;
    assert_eq!(poll().await?.json::<Value>().await?["unread"], 0, "what a person has read is known at once");
    Ok(())
}

#[tokio::test]
async fn whoever_waits_for_an_import_is_told_what_it_means() -> Result<()> {
    let world = world().await?;
    let first = world.import("a.nessus", nessus(10, 1)?).await?;
    let severities = |import: &Value, kind: &str| -> u64 {
        ["info", "low", "medium", "high", "critical"].iter().filter_map(|severity| import["gate"][kind][severity].as_u64()).sum()
    };
    let new = first["counts"]["findings"]["new"].as_u64();
    assert_eq!((Some(severities(&first, "new")), severities(&first, "known")), (new, 0), "{first}");
    let again = world.import("a.nessus", nessus(10, 1)?).await?;
    assert_eq!((severities(&again, "new"), Some(severities(&again, "known"))), (0, new), "{again}");
    Ok(())
}

#[tokio::test]
async fn what_was_uploaded_can_be_had_again() -> Result<()> {
    let world = world().await?;
    let report = nessus(100, 10)?;
    let import = world.import("Übersicht 1.nessus", report.clone()).await?;
    let path = import["links"]["report"].as_str().context("a link")?;
    let answer = world.answer(Method::GET, path).await?;
    assert_eq!(answer.status(), StatusCode::OK);
    assert_eq!(answer.headers()["content-disposition"], "attachment; filename*=UTF-8''%C3%9Cbersicht%201.nessus");
    let tag = answer.headers()["etag"].clone();
    assert!(answer.bytes().await? == report, "it is as it was sent");
    let again = world.client.request(Method::GET, path).header("if-none-match", tag).send().await?;
    assert_eq!(again.status(), StatusCode::NOT_MODIFIED);
    let stranger = world.stack.client("another").await?;
    assert_eq!(stranger.request(Method::GET, path).send().await?.status(), StatusCode::NOT_FOUND);
    Ok(())
}

#[tokio::test]
async fn a_completed_import_is_told_and_the_telling_marked_read() -> Result<()> {
    let world = world().await?;
    let status = world.import("a.nessus", nessus(10, 1)?).await?;
    let list = world.client.get("/api/v1/notifications").await?;
    assert_eq!((&list["unread"], &list["items"][0]["kind"]), (&json!(1), &json!("completed")));
    assert_eq!(list["items"][0]["import_id"], status["id"]);
    let path = format!("/api/v1/notifications/{}/read", list["items"][0]["id"].as_str().context("id")?);
    assert_eq!(world.answer(Method::POST, &path).await?.status(), StatusCode::OK);
    assert_eq!(world.client.get("/api/v1/notifications").await?["unread"], 0);
    Ok(())
}

#[tokio::test]
async fn a_completed_import_can_be_neither_cancelled_nor_tried_again() -> Result<()> {
    let world = world().await?;
    let status = world.import("a.nessus", nessus(10, 1)?).await?;
    for what in ["cancel", "retry"] {
        let path = format!("/api/v1/imports/{}/{what}", status["id"].as_str().context("id")?);
        let answer = world.answer(Method::POST, &path).await?;
        assert_eq!(answer.status(), StatusCode::CONFLICT);
        assert_eq!(answer.json::<Value>().await?["type"], "urn:spillway:problem:conflict");
    }
    Ok(())
}

#[tokio::test]
#[cfg_attr(external_app, ignore = "needs an app of its own")]
async fn a_cancelled_import_stops_and_goes_on_when_it_is_tried_again() -> Result<()> {
    let world = world_in(stack_without_wake_ups(&[("drain_budget_ms", "20")]).await?.into()).await?;
    let report = nessus(4_000, 40)?;
    let upload = world.upload("a.nessus", report.clone()).await?;
    assert_eq!(drain(&world.stack).await?["yielded"], 1);
    let cancel = format!("/api/v1/imports/{}/cancel", upload.id);
    assert_eq!(world.answer(Method::POST, &cancel).await?.status(), StatusCode::OK);
    let cancelled = world.client.status(&upload.id).await?;
    assert_eq!(cancelled["state"], "cancelled");
    assert!(cancelled["progress"]["items"].as_u64() > Some(0), "what was stored stays");
    let idle = drain(&world.stack).await?;
    assert!(["completed", "yielded", "failed"].iter().all(|what| idle[what] == 0), "{idle}");
    let retry = format!("/api/v1/imports/{}/retry", upload.id);
    assert_eq!(world.answer(Method::POST, &retry).await?.status(), StatusCode::ACCEPTED);
    // Each drain may end one segment of it.
    loop {
        let status = world.client.status(&upload.id).await?;
        if status["state"] == "completed" {
            break;
        }
        ensure!(status["state"] != "failed", "{status}");
        drain(&world.stack).await?;
    }
    let in_one = self::world().await?;
    let status = in_one.import("a.nessus", report).await?;
    assert_eq!(world.client.status(&upload.id).await?["counts"], status["counts"]);
    assert_same(&in_one.contents().await?, &world.contents().await?);
    Ok(())
}
