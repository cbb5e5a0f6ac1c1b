//! Reports that are none, or are broken: each ends in a state that says what is wrong and where, and harms nothing else.

use std::collections::BTreeSet;
use std::ops::Range;

use anyhow::{Context as _, Result};
use generate::hostile::records::large_findings;
use reqwest::header::HeaderValue;
use reqwest::{Method, Response, StatusCode};
use serde_json::{Value, json};
use stack::client::Client;

use crate::fixture::{PATIENCE, World, answers_on, nessus, stack_with, world, world_in};

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
async fn what_a_database_or_a_path_cannot_hold_is_the_callers_affair() -> Result<()> {
    let world = world().await?;
    let nul = "{\"name\": \"a\", \"description\": \"\\u0000\", \"columns\": [{\"name\": \"n\", \"type\": \"bigint\"}]}";
    for (method, path, body) in [
        (Method::POST, "/api/v1/datasets", nul),
        (Method::GET, "/api/v1/datasets/%00", ""),
        (Method::GET, "/api/v1/datasets/%FF", ""),
        (Method::GET, "/api/v1/events?action=%00", ""),
        (Method::GET, "/api/v1/findings?severity=%FF", ""),
        (Method::GET, "/api/v1/occurrences?finding_id=x", ""),
        (Method::POST, "/api/v1/datasets/preview?dataset=%00", "a,b"),
    ] {
        let answer = world.client.request(method.clone(), path).body(body).send().await?;
        let (status, kind) = (answer.status(), answer.headers()["content-type"].clone());
        let problem: Value = answer.json().await?;
        assert_eq!((status, kind.to_str()?), (StatusCode::BAD_REQUEST, "application/problem+json"), "{method} {path}: {problem}");
        assert_eq!(problem["type"], "urn:spillway:problem:bad-request", "{method} {path}: {problem}");
    }
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
    let status = world.import("large.json", large_findings(60)).await?;
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

#[tokio::test]
async fn texts_of_callers_have_nothing_that_nobody_sees() -> Result<()> {
    let world = world().await?;
    // Nobody's key: texts are looked at before anybody is asked who it is.
    let nobody = Client::new(world.stack.url(), "spw_nobody");
    let long = format!("scope={}", "%E5%A0%B1".repeat(256));
    for (query, words) in [
        ("scope=", "scope is empty"),
        ("scope=%20%20", "scope is empty"),
        (long.as_str(), "scope has 256 characters, it can have 1 to 255"),
        ("scope=a%00b", "U+0000 at place 2"),
        ("scope=a%0Ab", "U+000A at place 2"),
        ("scope=%E5%A0%B1%1B[2J", "U+001B at place 2"),
        ("scope=a%C2%85b", "U+0085 at place 2"),
        ("scope=%E2%80%AEcod.shop", "U+202E at place 1"),
        ("scope=a%E2%81%A6b", "U+2066 at place 2"),
        ("scope=shop%EF%BB%BF", "U+FEFF at place 5"),
    ] {
        let answer = nobody.request(Method::POST, &format!("/api/v1/imports?{query}")).body("x").send().await?;
        assert_eq!(answer.status(), StatusCode::BAD_REQUEST, "{query}");
        let problem: Value = answer.json().await?;
        assert!(problem["detail"].as_str().is_some_and(|detail| detail.contains(words)), "{query}: {problem}");
    }
    for (key, words) in
        [(&b"k\ty"[..], "U+0009 at place 2"), ("kéy".as_bytes(), "U+00E9 at place 2, which is not ASCII"), (b"\"\"", "is empty")]
    {
        let request = nobody.request(Method::POST, "/api/v1/imports").header("idempotency-key", HeaderValue::from_bytes(key)?);
        let answer = request.body("x").send().await?;
        assert_eq!(answer.status(), StatusCode::BAD_REQUEST, "{words}");
        let problem: Value = answer.json().await?;
        assert!(problem["detail"].as_str().is_some_and(|detail| detail.contains(words)), "{words}: {problem}");
    }

    // A file is not renamed for it.
    let name = "%E5%A0%B1%E2%80%AEgnp.%00%1B[2J%EF%BB%BF%0Anessus";
    let scope = "?scope=%E5%A0%B1%20%D9%85%DB%8C%E2%80%8C%D8%AE";
    let upload = world.client.request(Method::POST, &format!("/api/v1/imports{scope}")).header("x-file-name", name).body(nessus(1, 1)?);
    let answer = upload.send().await?;
    assert_eq!(answer.status(), StatusCode::ACCEPTED);
    let import: Value = answer.json().await?;
    assert_eq!(import["file_name"], "報gnp.[2Jnessus");
    let kept = "select scope from spillway.imports where id = $1::text::uuid";
    let kept = world.stack.database.connect().await?.query_one(kept, &[&import["id"].as_str()]).await?;
    assert_eq!(kept.get::<_, &str>(0), "報 می\u{200c}خ", "what is needed to write stays");
    Ok(())
}

/// Stands in all that a caller sends.
const MARKER: &str = "marker7c1f";

/// A report with the marker in each of its texts, of which the database may refuse one record.
fn marked(port: &str, plugin_id: &str) -> String {
    let text = format!("{MARKER} 'it' \"is\": here");
    let text = text.replace('"', "&quot;");
    format!(
        "<NessusClientData_v2><Report name=\"{text}\"><ReportHost name=\"{MARKER}.example\">\
         <ReportItem port=\"{port}\" svc_name=\"{MARKER}\" protocol=\"tcp\" severity=\"1\" {plugin_id}=\"7\" pluginName=\"{text}\" pluginFamily=\"{text}\">\
         <description>{text}</description><plugin_output>{text}</plugin_output></ReportItem></ReportHost></Report></NessusClientData_v2>"
    )
}

/// Everything that the app has logged, and its host.
fn log(world: &World) -> Result<String> {
    let runtime = world.stack.runtime.as_ref().context("no runtime")?;
    let components = ["imports", "drain", "tick", "status", "findings"].map(|component| runtime.component_log(component));
    Ok(components.concat() + &std::fs::read_to_string(runtime.log_file())?)
}

/// Asks for all kinds of things by the marker, each of which is an error.
async fn ask_for_the_marker(world: &World) -> Result<()> {
    let nobody = Client::new(world.stack.url(), &format!("spw_{MARKER}"));
    let finding = "/api/v1/findings/00000000-0000-8000-8000-000000000000";
    let request = |method: Method, path: &str| world.client.request(method, &path.replace("MARKER", MARKER));
    let requests = [
        nobody.request(Method::GET, "/api/v1/findings"),
        nobody.request(Method::POST, "/internal/drain"),
        request(Method::GET, "/MARKER"),
        request(Method::GET, "/api/v1/findings/MARKER"),
        request(Method::GET, "/api/v1/findings?MARKER=1"),
        request(Method::GET, "/api/v1/findings?severity=MARKER"),
        request(Method::GET, "/api/v1/findings?import_id=MARKER"),
        request(Method::GET, "/api/v1/findings?cursor=MARKER"),
        request(Method::GET, "/api/v1/occurrences?finding_id=MARKER"),
        request(Method::GET, "/api/v1/imports?state=MARKER"),
        request(Method::POST, "/api/v1/imports?format=MARKER").body("x"),
        request(Method::POST, "/api/v1/imports?scope=%00MARKER").body("x"),
        request(Method::POST, "/api/v1/imports").header("content-encoding", MARKER).body("x"),
        request(Method::POST, "/api/v1/imports").header("content-type", format!("multipart/form-data; boundary={MARKER}")).body(MARKER),
        request(Method::POST, "/api/v1/imports")
            .header("x-file-name", HeaderValue::from_bytes(format!("{MARKER}\u{f1}").as_bytes())?)
            .body(""),
        // The host passes on what is UTF-8 only.
        request(Method::GET, "/api/v1/findings").header("x-other", HeaderValue::from_bytes(&[MARKER.as_bytes(), b"\xf1"].concat())?),
        request(Method::PATCH, finding).body(json!({"status": MARKER}).to_string()),
        request(Method::PATCH, finding).body(format!("{{{MARKER}")),
    ];
    for request in requests {
        let answer = request.send().await?;
        assert!(answer.status().is_client_error() || answer.status().is_server_error(), "{}: {}", answer.url(), answer.status());
    }
    Ok(())
}

#[tokio::test]
#[cfg_attr(external_app, ignore = "needs an app of its own")]
async fn nothing_of_callers_and_rows_comes_out_in_the_log() -> Result<()> {
    let world = world_in(stack_with(&[]).await?.into()).await?;
    let database = world.stack.database.connect().await?;
    let refuse = async |table: &str, check: &str| {
        database.batch_execute(&format!("alter table spillway.{table} add constraint no_{table} check ({check}) not valid")).await
    };
    // A record that the database refuses.
    refuse("occurrences", "port is distinct from 12345").await?;
    let status = world.import(&format!("{MARKER}.nessus"), marked("12345", "pluginID")).await?;
    assert_eq!((&status["state"], &status["counts"]["errors"]), (&json!("completed"), &json!(1)), "{status}");
    let errors = world.client.list(&format!("imports/{}/errors", status["id"].as_str().context("id")?), "").await?;
    assert!(errors[0]["item"].to_string().contains(MARKER), "whose it is sees it: {errors:?}");

    // A batch, whose error quotes the excerpt of a record.
    refuse("import_errors", "kind <> 'record'").await?;
    let status = world.import(&format!("{MARKER}.nessus"), marked("80", "pluginNumber")).await?;
    assert_eq!((&status["state"], &status["error"]["code"]), (&json!("failed"), &json!("database")), "{status}");

    // An import, whose error quotes all that was said of it.
    refuse("imports", "scope is null").await?;
    let upload = world.client.request(Method::POST, &format!("/api/v1/imports?scope={MARKER}&file_name={MARKER}"));
    let answer = upload.header("idempotency-key", MARKER).body(marked("80", "pluginID")).send().await?;
    assert_eq!(answer.status(), StatusCode::INTERNAL_SERVER_ERROR);

    ask_for_the_marker(&world).await?;
    let log = log(&world)?;
    for table in ["import_errors", "imports"] {
        let said = format!("23514: new row for relation \"{table}\" violates check constraint \"no_{table}\"");
        assert!(log.contains(&said), "{said} is not in the log:\n{log}");
    }
    assert!(!log.contains(MARKER), "{log}");
    Ok(())
}
