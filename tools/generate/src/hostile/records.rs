//! Reports of which far more comes than they are, each within every limit of a text or a list.

use serde_json::{Value, json};

/// A report of Trivy: so many findings, each with 200 references and 64 KB of text.
pub fn large_findings(findings: usize) -> String {
    let references: Vec<String> = (0..200).map(|n| format!("https://example.org/{n}/{}", "x".repeat(1_000))).collect();
    let (name, text) = ("z".repeat(400), "y".repeat(64_000));
    let finding = |n: usize| {
        json!({"VulnerabilityID": format!("CVE-2024-{n:04}"), "PkgName": name, "InstalledVersion": "1", "Severity": "HIGH", "Title": name,
            "Description": text, "References": references})
    };
    let findings: Vec<Value> = (0..findings).map(finding).collect();
    // As text, since what says which format it is has to come first.
    format!(
        r#"{{"SchemaVersion": 2, "ArtifactName": "image", "ArtifactType": "container_image", "Results": [{}]}}"#,
        json!({"Target": "a", "Class": "os-pkgs", "Type": "debian", "Vulnerabilities": findings})
    )
}

/// A report of the generic format: one finding with so many endpoints and 60 KB of evidence, which would be stored for each of them.
pub fn many_endpoints(endpoints: u16) -> String {
    let endpoints: Vec<String> = (1..=endpoints).map(|port| format!(r#"{{"host":"h","port":{port}}}"#)).collect();
    format!(
        r#"{{"findings":[{{"title":"t","severity":"high","description":"d","steps_to_reproduce":"{}","endpoints":[{}]}}]}}"#,
        "e".repeat(60_000),
        endpoints.join(",")
    )
}

/// Reports of SARIF: a result in so many places, whose message has placeholders without end, for an argument of 4 KB.
pub fn placeholders(places: usize) -> [String; 5] {
    let (argument, places) = ("a".repeat(4_000), vec!["{}"; places].join(","));
    [("{0}", 21_000), ("{a", 32_000), ("{", 60_000), ("{{}}", 16_000), ("{00", 20_000)].map(|(placeholder, times)| {
        let message = format!(r#""message":{{"text":"{}","arguments":["{argument}"]}}"#, placeholder.repeat(times));
        sarif(&format!(r#"{{"ruleId":"r",{message},"locations":[{places}]}}"#))
    })
}

/// Rules and so on around a result of SARIF.
pub fn sarif(result: &str) -> String {
    format!(r#"{{"version":"2.1.0","runs":[{{"tool":{{"driver":{{"name":"a","rules":[{{"id":"r"}}]}}}},"results":[{result}]}}]}}"#)
}
