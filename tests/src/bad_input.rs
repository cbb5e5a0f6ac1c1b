//! Reports that are none, or are broken: each ends in a state that says what is wrong and where, and harms nothing else.

use std::collections::BTreeSet;
use std::ops::Range;

use anyhow::{Context as _, Result};
use reqwest::{Method, Response, StatusCode};
use serde_json::{Value, json};

use crate::fixture::{PATIENCE, World, answers_on, nessus, world};

/// Imports something broken, and gives the reason that its import failed with.
async fn reason(world: &World, name: &str, report: impl Into<Vec<u8>>) -> Result<Value> {
    let status = world.import(name, report).await?;
    assert_eq!(status["state"], "failed", "{name}: {status}");
    assert_eq!(status["attempt"], 1, "{name}: what cannot pass is not tried again");
    let error = status["error"].clone();
    assert!(error["offset"].is_u64() && error["line"].is_u64(), "{name}: {error}");
    Ok(error)
}

/// Asserts the code of a reason and words of its message.
fn assert_says(name: &str, error: &Value, code: &str, words: &[&str]) {
    assert_eq!(error["code"], code, "{name}: {error}");
    let message = error["message"].as_str().unwrap_or_default();
    for word in words {
        assert!(message.contains(word), "{name}: {word:?} is not in {message:?}");
    }
}

#[tokio::test]
async fn what_is_no_report_is_named() -> Result<()> {
    let world = world().await?;
    for (name, report, words) in [
        ("text", b"just some text".as_slice(), ["XML", "JSON"].as_slice()),
        ("other.xml", b"<?xml version=\"1.0\"?><catalog><book/></catalog>", &["<catalog>", "nessus"]),
        ("other.json", b"{\"a\": 1}", &["sarif"]),
        ("number.json", b"17", &["known formats"]),
        ("binary", b"\x00\x01\x02\xff\xfe", &["known formats"]),
        ("blank", b"   \n  ", &["blank"]),
    ] {
        let error = reason(&world, name, report).await?;
        assert_says(name, &error, "unknown_format", words);
    }
    Ok(())
}

#[tokio::test]
async fn a_truncated_report_keeps_what_was_read() -> Result<()> {
    let report = nessus(5000, 20)?;
    let world = world().await?;
    let error = reason(&world, "cut.nessus", &report[..report.len() * 2 / 3]).await?;
    assert_says("cut.nessus", &error, "truncated", &["the document ends"]);
    assert!(error["offset"].as_u64() > Some(1000) && error["line"].as_u64() > Some(10), "{error}");
    let kept = world.client.list("occurrences", "").await?.len();
    assert!(kept > 3000, "only {kept} of the 3,333 records before the cut were kept");
    let notifications = world.client.get("/api/v1/notifications").await?;
    assert_eq!(notifications["items"][0]["kind"], "failed");
    assert!(notifications["items"][0]["links"]["retry"].is_string(), "{notifications}");

    let sarif =
        r#"{"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "t"}}, "results": [{"ruleId": "r", "message": {"text": "m"}}, {"ru"#;
    let error = reason(&world, "cut.sarif", sarif).await?;
    assert_says("cut.sarif", &error, "truncated", &[]);
    Ok(())
}

#[tokio::test]
async fn what_is_built_to_harm_is_refused() -> Result<()> {
    let world = world().await?;
    let nested = format!("<NessusClientData_v2>{}", "<a>".repeat(10_000));
    assert_says("nested.nessus", &reason(&world, "nested.nessus", nested).await?, "limit_exceeded", &["256"]);

    let nested = format!("{{\"version\": \"2.1.0\", \"runs\": [{{\"properties\": {}", "[".repeat(10_000));
    assert_says("nested.sarif", &reason(&world, "nested.sarif", nested).await?, "limit_exceeded", &["256"]);

    let laughs = "<?xml version=\"1.0\"?><!DOCTYPE NessusClientData_v2 [<!ENTITY a \"ha\"><!ENTITY b \"&a;&a;&a;&a;&a;&a;&a;&a;\">\
        <!ENTITY c \"&b;&b;&b;&b;&b;&b;&b;&b;\">]><NessusClientData_v2><Report name=\"&c;\"><ReportHost name=\"&c;\"/></Report></NessusClientData_v2>";
    let error = reason(&world, "laughs.nessus", laughs).await?;
    assert_says("laughs.nessus", &error, "syntax", &["entit"]);

    let mut attribute = b"<NessusClientData_v2><Report name=\"".to_vec();
    attribute.resize(100 * 1024 * 1024, b'a');
    attribute.extend_from_slice(b"\"/></NessusClientData_v2>");
    assert_says("attribute.nessus", &reason(&world, "attribute.nessus", attribute).await?, "limit_exceeded", &["1048576"]);

    let mut invalid = nessus(10, 1)?;
    let middle = invalid.len() / 2;
    invalid.splice(middle..middle, *b"\xff\xfe\xfa");
    assert_says("utf8.nessus", &reason(&world, "utf8.nessus", invalid).await?, "syntax", &["UTF-8"]);

    let sarif = b"{\"version\": \"2.1.0\", \"runs\": [{\"tool\": {\"driver\": {\"name\": \"\xff\xfe\"}}, \"results\": []}]}";
    assert_says("utf8.sarif", &reason(&world, "utf8.sarif", sarif).await?, "syntax", &["UTF-8"]);

    answers_on(world).await
}

#[tokio::test]
async fn nul_characters_do_no_harm() -> Result<()> {
    let world = world().await?;
    let sarif = r#"{"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "t"}}, "results": [
        {"ruleId": "r\u0000", "message": {"text": "a\u0000b"}, "locations": [{"physicalLocation": {"artifactLocation": {"uri": "x\u0000y"}}}]}]}]}"#;
    let status = world.import("nul.sarif", sarif).await?;
    assert_eq!(status["state"], "completed", "{status}");
    let findings = world.client.list("findings", "").await?;
    assert_eq!(findings[0]["title"], "a\u{fffd}b");
    Ok(())
}

#[tokio::test]
async fn an_unusable_record_does_not_stop_the_others() -> Result<()> {
    let world = world().await?;
    let report = String::from_utf8(nessus(200, 2)?)?;
    // One without a plugin id, and one that the database refuses.
    let broken = report.replacen("pluginID=", "pluginNumber=", 1);
    let status = world.import("a.nessus", broken).await?;
    assert_eq!(status["state"], "completed", "{status}");
    assert_eq!((&status["counts"]["occurrences"]["new"], &status["counts"]["errors"]), (&199.into(), &1.into()), "{status}");
    let path = format!("imports/{}/errors", status["id"].as_str().unwrap_or_default());
    let errors = world.client.list(&path, "").await?;
    assert_eq!((errors.len(), &errors[0]["code"]), (1, &"missing_field".into()));
    assert!(errors[0]["offset"].as_u64() > Some(0) && errors[0]["line"].as_u64() > Some(1), "{errors:?}");
    assert!(errors[0]["excerpt"].as_str().is_some_and(|excerpt| excerpt.contains("pluginNumber")), "{errors:?}");
    assert_eq!(world.client.get("/api/v1/notifications").await?["items"][0]["kind"], "warning");
    Ok(())
}

/// Imports a record for each of these ports while the database refuses those of the workspace for which `condition` does not hold.
async fn import_refused(world: &World, ports: Range<u16>, condition: &str) -> Result<Value> {
    let database = world.stack.database.connect().await?;
    let id: i32 = database.query_one("select id from spillway.workspaces where name = $1", &[&world.workspace]).await?.get(0);
    let rule = |action: &str| format!("alter table spillway.occurrences {action}");
    let name = format!("no_port_of_{id}");
    let add = rule(&format!("add constraint {name} check (workspace_id <> {id} or {condition}) not valid"));
    database.batch_execute(&add).await?;
    let item = |port: u16| {
        format!(
            "<ReportItem port=\"{port}\" svc_name=\"www\" protocol=\"tcp\" severity=\"1\" pluginID=\"{port}\" pluginName=\"p\" pluginFamily=\"f\"/>"
        )
    };
    let items: String = ports.map(item).collect();
    let report = format!(
        "<NessusClientData_v2><Report name=\"r\"><ReportHost name=\"10.0.0.1\">{items}</ReportHost></Report></NessusClientData_v2>"
    );
    let status = world.import("a.nessus", report).await;
    database.batch_execute(&rule(&format!("drop constraint {name}"))).await?;
    status
}

#[tokio::test]
async fn a_record_that_the_database_refuses_is_isolated() -> Result<()> {
    let world = world().await?;
    let status = import_refused(&world, 12_000..13_000, "port is distinct from 12345").await?;
    assert_eq!(status["state"], "completed", "{status}");
    assert_eq!((&status["counts"]["occurrences"]["new"], &status["counts"]["errors"]), (&999.into(), &1.into()), "{status}");
    let errors = world.client.list(&format!("imports/{}/errors", status["id"].as_str().unwrap_or_default()), "").await?;
    assert_eq!((&errors[0]["code"], &errors[0]["item"]["occurrences"][0]["port"]), (&"23514".into(), &12345.into()), "{errors:?}");
    Ok(())
}

#[tokio::test]
async fn an_import_of_which_the_database_refuses_too_much_ends_soon_and_goes_on_once_the_cause_is_gone() -> Result<()> {
    let world = world().await?;
    // All of what follows the trial.
    let status = import_refused(&world, 10_000..40_000, "port < 11000").await?;
    assert_eq!((&status["state"], &status["attempt"]), (&json!("failed"), &json!(1)), "{status}");
    assert_says("a.nessus", &status["error"], "too_many_errors", &["refused 1001 records", "it may be 1000", "list of errors"]);
    assert_eq!((&status["counts"]["occurrences"]["new"], &status["counts"]["errors"]), (&json!(1000), &json!(1001)), "{status}");
    let id = status["id"].as_str().context("id")?;
    let retried = world.answer(Method::POST, &format!("/api/v1/imports/{id}/retry")).await?;
    assert_eq!(retried.status(), StatusCode::ACCEPTED);
    let status = world.client.wait(id, PATIENCE, |_| ()).await?;
    assert_eq!((&status["state"], &status["counts"]["occurrences"]["new"]), (&json!("completed"), &json!(30_000)), "{status}");
    Ok(())
}

/// Most bytes of a page, and what stands around its items.
const PAGE_BYTES: u64 = (1 << 20) + 1000;

/// The items of a list as one page after the other gives them, each within its bytes.
async fn within_bytes(world: &World, list: &str) -> Result<Vec<Value>> {
    let look = |answer: &Response| assert!(answer.content_length() < Some(PAGE_BYTES), "{list}: {:?}", answer.content_length());
    world.client.list_in_pages(list, "", 200, look).await
}

#[tokio::test]
async fn large_findings_and_occurrences_can_be_read_a_page_at_a_time() -> Result<()> {
    let world = world().await?;
    let links: Vec<String> = (0..200).map(|n| format!("https://example.org/{n}/{}", "x".repeat(1000))).collect();
    let large = |n: usize| {
        let text = "y".repeat(64_000);
        let name = "z".repeat(400);
        json!({"VulnerabilityID": format!("CVE-2024-{n:04}"), "PkgName": name, "InstalledVersion": "1", "Severity": "HIGH", "Title": name,
            "Description": text, "References": links})
    };
    let vulnerabilities: Vec<Value> = (0..60).map(large).collect();
    // As text, since what says which format it is has to come first.
    let trivy = format!(
        r#"{{"SchemaVersion": 2, "ArtifactName": "image", "ArtifactType": "container_image", "Results": [{}]}}"#,
        json!({"Target": "a", "Class": "os-pkgs", "Type": "debian", "Vulnerabilities": vulnerabilities})
    );
    let status = world.import("large.json", trivy).await?;
    assert_eq!((&status["state"], &status["counts"]["findings"]["new"]), (&json!("completed"), &json!(60)), "{status}");

    let item = |n: usize| {
        format!(
            "<ReportItem port=\"{n}\" svc_name=\"www\" protocol=\"tcp\" severity=\"1\" pluginID=\"7\" pluginName=\"large\" pluginFamily=\"f\">\
             <plugin_output>{}</plugin_output></ReportItem>",
            "o".repeat(40_000)
        )
    };
    let items: String = (1..=60).map(item).collect();
    let report = format!(
        "<NessusClientData_v2><Report name=\"r\"><ReportHost name=\"10.0.0.1\">{items}</ReportHost></Report></NessusClientData_v2>"
    );
    let status = world.import("large.nessus", report).await?;
    assert_eq!((&status["state"], &status["counts"]["occurrences"]["new"]), (&json!("completed"), &json!(60)), "{status}");

    let findings = within_bytes(&world, "findings").await?;
    assert_eq!(findings.len(), 61);
    assert_eq!(findings[0]["description"], Value::Null, "a list has no long texts");
    let whole = world.client.get(&format!("/api/v1/findings/{}", findings[0]["id"].as_str().context("id")?)).await?;
    let description = whole["description"].as_str().context("description")?;
    assert!(
        description.len() > 60_000 && whole["references"].as_array().is_some_and(|links| links.len() > 50),
        "{} bytes",
        description.len()
    );

    let occurrences = within_bytes(&world, "occurrences").await?;
    let ports: BTreeSet<_> = occurrences.iter().filter_map(|occurrence| occurrence["location"]["port"].as_u64()).collect();
    assert_eq!((occurrences.len(), ports.len()), (120, 60), "each once");
    within_bytes(&world, "assets").await?;
    Ok(())
}
