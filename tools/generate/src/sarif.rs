//! A SARIF report of any size, as a code scanner would write it.

use std::io;

use serde_json::{Value, json};

use crate::dice::Dice;
use crate::problems_after;

/// What the report holds.
#[derive(Clone, Copy, Debug)]
pub struct SarifSize {
    /// Number of results.
    pub results: usize,
    /// The same seed gives the same report.
    pub seed: u64,
    /// Further elements of `results` that are none.
    pub problems: usize,
}

/// A kind of weakness: id, title, CWE, severity as a score, a line of code.
const RULES: [(&str, &str, u32, &str, &str); 10] = [
    (
        "sql-injection",
        "Query built from user-controlled sources",
        89,
        "8.8",
        "connection.execute(\"select * from orders where id = \" + id)",
    ),
    ("command-injection", "Command line built from user-controlled sources", 78, "9.8", "subprocess.run(command, shell=True)"),
    ("path-traversal", "File name built from user-controlled sources", 22, "7.5", "open(os.path.join(ROOT, request.args[\"name\"]))"),
    ("reflected-xss", "User-controlled text in a page", 79, "6.1", "return \"<p>Hello \" + request.args[\"name\"] + \"</p>\""),
    ("hard-coded-password", "Password in the code", 798, "9.1", "connect(user=\"admin\", password=\"admin\")"),
    ("weak-hash", "Broken or weak hash", 327, "5.9", "hashlib.md5(password.encode()).hexdigest()"),
    ("insecure-random", "Predictable random number", 338, "4.3", "token = random.randint(0, 10**9)"),
    ("open-redirect", "Redirect to a user-controlled address", 601, "6.1", "return redirect(request.args[\"next\"])"),
    ("clear-text-logging", "Sensitive data in a log", 532, "3.7", "log.info(\"signing in %s with %s\", name, password)"),
    ("empty-except", "Exception is swallowed", 390, "0.0", "except Exception:\n    pass"),
];

/// Language and file extension.
const LANGUAGES: [(&str, &str); 4] = [("py", "py"), ("java", "java"), ("js", "ts"), ("go", "go")];
const WORDS: [&str; 12] =
    ["account", "basket", "billing", "catalog", "checkout", "delivery", "invoice", "login", "orders", "payment", "search", "users"];

/// What follows a result and is none.
const PROBLEM: &str = ",\n\"not a result\"";

/// Writes a report. Nothing of it is held but one result.
pub fn sarif(size: SarifSize, out: &mut impl io::Write) -> io::Result<()> {
    let mut dice = Dice::new(size.seed);
    let rules: Vec<Value> = LANGUAGES.iter().flat_map(|(language, _)| RULES.iter().map(move |found| rule(language, found))).collect();
    let tool = json!({"driver": {"name": "ExampleScan", "semanticVersion": "3.2.1", "rules": rules}});
    let repository = json!([{"repositoryUri": "https://git.example/shop/backend", "revisionId": "5f0c2a7e", "branch": "main"}]);
    write!(
        out,
        "{{\n\"$schema\": \"https://json.schemastore.org/sarif-2.1.0.json\",\n\"version\": \"2.1.0\",\n\"runs\": [{{\n\"tool\": {tool},\n"
    )?;
    writeln!(out, "\"versionControlProvenance\": {repository},\n\"results\": [")?;
    for number in 0..size.results {
        let separator = if number == 0 { "" } else { ",\n" };
        out.write_all(separator.as_bytes())?;
        serde_json::to_writer(&mut *out, &result(&mut dice))?;
        out.write_all(PROBLEM.repeat(problems_after(number, size.results, size.problems)).as_bytes())?;
    }
    let end = if size.results == 0 { "" } else { "\n" };
    out.write_all(end.as_bytes())?;
    out.write_all(b"],\n\"columnKind\": \"utf16CodeUnits\"\n}]\n}\n")
}

fn rule(language: &str, (id, title, cwe, score, _): &(&str, &str, u32, &str, &str)) -> Value {
    let id = format!("{language}/{id}");
    json!({
        "id": id, "name": id,
        "shortDescription": {"text": title},
        "fullDescription": {"text": format!("{title}: what a user sends reaches a place where it can do harm.")},
        "defaultConfiguration": {"level": if *score < "7" { "warning" } else { "error" }},
        "help": {"text": format!("Check what comes from outside before it is used. See CWE-{cwe}.")},
        "helpUri": format!("https://cwe.mitre.org/data/definitions/{cwe}.html"),
        "properties": {"tags": ["security", format!("external/cwe/cwe-{cwe:03}")], "precision": "high", "security-severity": score},
    })
}

fn result(dice: &mut Dice) -> Value {
    let (language, extension) = *one_of(dice, &LANGUAGES);
    let (id, title, _, _, code) = *one_of(dice, &RULES);
    let (source, sink) = (file(dice, extension), file(dice, extension));
    let (from, line) = (dice.between(1, 2_000), dice.between(1, 2_000));
    let mark = (u64::from(dice.below(u32::MAX)) << 32) | u64::from(dice.below(u32::MAX));
    let mut result = json!({
        "ruleId": format!("{language}/{id}"),
        "message": {"text": format!("{title}: this depends on a [value from a user](1).")},
        "locations": [{"physicalLocation": place(&sink, line, code)}],
        "partialFingerprints": {"primaryLocationLineHash": format!("{mark:016x}:1"), "primaryLocationStartColumnFingerprint": "8"},
        "relatedLocations": [{"id": 1, "physicalLocation": place(&source, from, "request.args"), "message": {"text": "value from a user"}}],
    });
    if dice.percent(33) {
        let steps: Vec<Value> =
            (0..dice.between(2, 8)).map(|step| json!({"location": {"physicalLocation": place(&sink, line + step, code)}})).collect();
        result["codeFlows"] = json!([{"threadFlows": [{"locations": steps}]}]);
    }
    if dice.percent(2) {
        result["suppressions"] = json!([{"kind": "inSource", "status": "accepted"}]);
    }
    result
}

fn one_of<'a, T>(dice: &mut Dice, from: &'a [T]) -> &'a T {
    &from[dice.below(u32::try_from(from.len()).unwrap_or(u32::MAX)) as usize]
}

fn file(dice: &mut Dice, extension: &str) -> String {
    let mut word = || dice.pick(&WORDS);
    format!("src/{}/{}_{}.{extension}", word(), word(), word())
}

fn place(file: &str, line: u32, code: &str) -> Value {
    json!({
        "artifactLocation": {"uri": file, "uriBaseId": "%SRCROOT%"},
        "region": {"startLine": line, "startColumn": 8, "endColumn": 8 + code.len(), "snippet": {"text": code}},
    })
}

#[cfg(test)]
mod tests {
    use scan_reports::{Format, Record};

    use super::*;
    use crate::records;

    #[test]
    fn problems_are_added_and_change_nothing_else() {
        let report = |problems| {
            let mut out = Vec::new();
            sarif(SarifSize { results: 50, seed: 1, problems }, &mut out).expect("memory takes all");
            String::from_utf8(out).expect("text")
        };
        assert_eq!(report(5).replace(PROBLEM, ""), report(0));
        let read = records(Format::Sarif, report(5).as_bytes());
        assert_eq!(read.iter().filter(|record| matches!(record, Record::Problem(_))).count(), 5);
        assert_eq!(read.iter().filter(|record| matches!(record, Record::Occurrence(_))).count(), 50);
    }
}
