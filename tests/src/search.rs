//! Findings are found by what they are, over HTTP, and lists come as CSV and JSON Lines.

use anyhow::{Context as _, Result};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::fixture::{PATIENCE, World, world};

/// A report of Trivy of two packages.
fn trivy() -> String {
    let vulnerability = |id: &str, package: &str, severity: &str, title: &str| {
        json!({"VulnerabilityID": id, "PkgName": package, "InstalledVersion": "1.0", "FixedVersion": "1.1", "Severity": severity, "Title": title,
            "CweIDs": ["CWE-79"]})
    };
    json!({"SchemaVersion": 2, "ArtifactName": "app:1", "ArtifactType": "container_image", "Results": [{"Target": "app:1 (debian 12)", "Class": "os-pkgs", "Type": "debian",
        "Vulnerabilities": [
            vulnerability("CVE-2024-0001", "openssl", "HIGH", "remote code execution"),
            vulnerability("CVE-2024-0002", "zlib1g", "LOW", "Überlauf im Heap"),
            vulnerability("CVE-2024-0003", "zlib1g", "CRITICAL", "heap buffer overflow"),
        ]}]})
    .to_string()
}

/// One whose rule a spreadsheet would calculate.
fn sarif() -> String {
    let place = json!({"physicalLocation": {"artifactLocation": {"uri": "a.c"}, "region": {"startLine": 1}}});
    let result = json!({"ruleId": "=cmd|' /C calc'!A0", "level": "error", "message": {"text": "m"}, "locations": [place]});
    json!({"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "t"}}, "results": [result]}]}).to_string()
}

async fn found(world: &World, query: &str) -> Result<Vec<String>> {
    let page = world.client.get(&format!("/api/v1/findings?{query}")).await?;
    let items = page["items"].as_array().context("items")?;
    Ok(items.iter().filter_map(|item| item["vulnerability_ids"][0].as_str().map(|id| id[id.len() - 1..].to_owned())).collect())
}

async fn refused(world: &World, query: &str) -> Result<String> {
    let answer = world.client.request(Method::GET, &format!("/api/v1/findings?{query}")).send().await?;
    assert_eq!(answer.status(), StatusCode::BAD_REQUEST, "{query}");
    Ok(answer.json::<Value>().await?["detail"].as_str().context("detail")?.to_owned())
}

#[tokio::test]
async fn findings_are_found_by_what_they_are() -> Result<()> {
    let world = world().await?;
    let import = world.import("trivy.json", trivy()).await?;
    let id = import["id"].as_str().context("id")?;
    // What the drain has indexed by now and what it has not is found alike; a second time, when it is done.
    for round in 0..2 {
        for (query, expected) in [
            ("tool=trivy", "312"),
            ("tool=nessus&tool=trivy", "312"),
            ("severity=low&severity=high", "12"),
            ("cve=cve-2024-0001", "1"),
            ("cve=CVE-2024-0001&cve=CVE-2024-0003", "31"),
            ("cwe=CWE-79&component=zlib1g", "32"),
            ("cwe=80", ""),
            ("q=HEAP", "32"),
            ("q=%C3%BCberlauf", "2"),
            ("q=CVE-2024-0003+buffer", "3"),
            ("q=buf", ""),
            ("status=open&q=zlib1g", "32"),
            ("first_seen_after=2020-01-01T00:00:00Z", "312"),
            ("first_seen_after=2999-01-01T00:00:00%2B02:00", ""),
            ("scope=elsewhere", ""),
        ] {
            assert_eq!(found(&world, query).await?.concat(), expected, "{query}, round {round}");
        }
        assert_eq!(found(&world, &format!("import_id={id}&seen_as=new&q=heap")).await?.concat(), "32");
        let assets = world.client.list("assets", "").await?;
        let asset = assets[0]["id"].as_str().context("id")?;
        assert_eq!(found(&world, &format!("asset_id={asset}")).await?.concat(), "312");
        let asset = world.client.get(&format!("/api/v1/assets/{asset}")).await?;
        assert_eq!(asset["open_findings"], json!({"info": 0, "low": 1, "medium": 0, "high": 1, "critical": 1}), "{asset}");
        for (query, assets) in [("q=APP", 1), ("q=app&kind=image&kind=host", 1), ("q=app&kind=host", 0), ("q=nowhere", 0)] {
            assert_eq!(world.client.list("assets", query).await?.len(), assets, "{query}");
        }
        stack::contents::indexed(&world.stack.database.connect().await?, &world.workspace, PATIENCE).await?;
    }
    for (query, detail) in [
        ("q=%20", "q is empty, it can have 1 to 500 characters"),
        ("q=...", "q has 0 words"),
        ("cwe=many", "cwe is a number"),
        ("kind=packages", "kind can be host"),
        ("seen_as=new", "give import_id"),
        ("asset_id=7", "asset_id is the id"),
        ("first_seen_after=yesterday", "first_seen_after is a time"),
        ("sevrity=low", "known are: severity, status"),
        ("format=xml", "format can be json, csv, jsonl"),
        ("q=a&q=b", "is there twice"),
    ] {
        let said = refused(&world, query).await?;
        assert!(said.contains(detail), "{query}: {said}");
    }
    let many = (0..1000).map(|n| format!("tool=t{n}")).collect::<Vec<_>>().join("&");
    assert!(refused(&world, &many).await?.contains("tool has 1000 values, it can have 1 to 20"));
    Ok(())
}

#[tokio::test]
async fn findings_are_counted_day_by_day() -> Result<()> {
    let world = world().await?;
    let counted = |days: Value| {
        (days["items"].as_array().map(|items| items.iter().filter_map(|item| item["findings"].as_u64()).sum::<u64>())).unwrap_or_default()
    };
    world.import("trivy.json", trivy()).await?;
    let began = std::time::Instant::now();
    while counted(world.client.get("/api/v1/findings/days?days=1").await?) != 3 {
        assert!(began.elapsed() < PATIENCE, "nobody counts");
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    }
    let answer = world.client.request(Method::GET, "/api/v1/findings/days?days=401").send().await?;
    assert_eq!(answer.status(), StatusCode::BAD_REQUEST);
    Ok(())
}

#[tokio::test]
async fn a_finding_shows_where_it_was_seen_and_what_was_decided_of_it() -> Result<()> {
    let world = world().await?;
    world.import("trivy.json", trivy()).await?;
    let page = world.client.get("/api/v1/findings?cve=CVE-2024-0001").await?;
    let path = format!("/api/v1/findings/{}", page["items"][0]["id"].as_str().context("id")?);
    let answer = world
        .client
        .request(Method::PATCH, &path)
        .body(json!({"status": "false_positive", "reason": "not reachable"}).to_string())
        .send()
        .await?;
    assert_eq!(answer.status(), StatusCode::OK);
    let decision = json!({"status": "accepted_risk", "filter": {"cve": "cve-2024-0001", "tool": ["trivy"]}, "expected": 1}).to_string();
    let answer = world.client.request(Method::POST, "/api/v1/findings/decisions").body(decision).send().await?;
    assert_eq!(answer.json::<Value>().await?["changed"], 1);
    let finding = world.client.get(&path).await?;
    let said: Vec<_> = finding["history"]
        .as_array()
        .context("history")?
        .iter()
        .map(|h| (h["previous_status"].clone(), h["status"].clone(), h["reason"].clone()))
        .collect();
    assert_eq!(
        said,
        [(json!("false_positive"), json!("accepted_risk"), Value::Null), (json!("open"), json!("false_positive"), json!("not reachable"))]
    );
    assert_eq!(finding["occurrences"]["items"].as_array().map(Vec::len), Some(1), "{finding}");
    assert_eq!(finding["occurrences"]["next_cursor"], Value::Null);
    Ok(())
}

#[tokio::test]
async fn lists_come_as_csv_and_lines_of_json() -> Result<()> {
    let world = world().await?;
    world.import("trivy.json", trivy()).await?;
    world.import("rules.sarif", sarif()).await?;
    let answer = world.client.request(Method::GET, "/api/v1/findings?format=csv&limit=1").send().await?;
    assert_eq!(answer.headers()["content-type"], "text/csv; charset=utf-8; header=present");
    let text = answer.text().await?;
    let lines: Vec<_> = text.lines().collect();
    assert!(lines[0].starts_with("id,tool,kind,rule_id,title,severity,status,"), "{text}");
    assert_eq!(lines.len(), 5, "{text}");
    assert!(text.contains(",code,'=cmd|' /C calc'!A0,"), "no cell is a formula: {text}");
    let answer = world.client.request(Method::GET, "/api/v1/findings?format=jsonl&q=zlib1g&severity=low").send().await?;
    assert_eq!(answer.headers()["content-type"], "application/jsonl");
    let text = answer.text().await?;
    let finding: Value = serde_json::from_str(text.trim_end())?;
    assert_eq!(finding["title"], "CVE-2024-0002 in zlib1g: Überlauf im Heap");
    for list in ["imports", "assets", "occurrences", "notifications", "findings/decisions", "datasets"] {
        let answer = world.client.request(Method::GET, &format!("/api/v1/{list}?format=csv")).send().await?;
        assert_eq!(answer.status(), StatusCode::OK, "{list}");
        answer.text().await?;
    }
    Ok(())
}

#[tokio::test]
async fn the_api_is_told_as_a_page_and_each_request_has_an_id() -> Result<()> {
    let world = world().await?;
    let answer = reqwest::get(format!("{}/docs", world.stack.url())).await?;
    assert_eq!(answer.headers()["content-type"], "text/html; charset=utf-8");
    assert!(answer.headers()["content-security-policy"].to_str()?.starts_with("default-src 'none'"));
    assert!(answer.headers()["x-request-id"].len() == 32);
    let page = answer.text().await?;
    assert!(page.contains("<section id=\"listFindings\">") && !page.contains("<script"));
    let answer =
        world.client.request(Method::GET, "/api/v1/activity").header("x-request-id", "mine-7").header("if-none-match", "*").send().await?;
    assert_eq!((answer.status(), answer.headers()["x-request-id"].to_str()?), (StatusCode::NOT_MODIFIED, "mine-7"));
    Ok(())
}
