//! Lists: every one of the API, whole and filtered, its first page and one late in it, beside a running import.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use reqwest::Method;
use stack::client::Client;
use stack::progress::{Percentage, Step};
use stack::sample::Sample;
use tokio_postgres::Client as Connection;

use crate::drain::upload;
use crate::input::Report;
use crate::rig::{Rig, WORKSPACE};
use crate::session::Session;
use crate::sizes::{SEED, nessus};
use crate::status::import_until;
use crate::table::{Figure, Row, Target, float, number};

const SUBJECT: &str = "lists";

/// Entries of a page: as many as whoever asks for no other number gets.
const LIMIT: usize = 50;

/// The workspace whose lists are read. The import beside them runs in another.
const LISTED: &str = "listed";

/// Milliseconds that a page may take, by the findings that there are.
const MOST_P95: f64 = 30.0;
const MOST_P95_OF_MANY: f64 = 60.0;
/// Findings beyond which it may take the longer.
const MANY: u64 = 1_000_000;
/// How much longer the function may take than the plain query.
const MOST_OF_PLAIN: f64 = 3.0;

/// Rows that are made with one statement.
const PIECE: u64 = 50_000;

/// The import that all rows are of.
const IMPORT: &str = "01900000-0000-7000-9000-000000000001";
/// In the middle of ids without order.
const HALF: &str = "80000000-0000-0000-0000-000000000000";

/// Imports, and notifications of them, before everything else; of a thousand imports, one is cancelled.
const FIRST: &str = "
    insert into spillway.imports (workspace_id, id, file_name, object_key, size_bytes, sha256, state, stage, bytes_read, finished_at)
    select w.id, ('01900000-0000-7000-9000-' || lpad(to_hex(n), 12, '0'))::uuid, 'report ' || n, 'key ' || n, 1, sha256('x'),
      case when n % 1000 = 0 then 'cancelled' else 'completed' end::spillway.import_state,
      case when n % 1000 = 0 then 'queued' else 'done' end::spillway.import_stage, 1, now()
    from spillway.workspaces w, generate_series(1, 100000) n where w.name = 'listed';
    insert into spillway.notifications (workspace_id, id, kind, import_id, title, message)
    select workspace_id, id, 'completed', id, 'An import has completed', 'It had much in it.' from spillway.imports where object_key like 'key %';
    insert into spillway.import_errors (workspace_id, import_id, kind, code, message, source_offset)
    select w.id, '01900000-0000-7000-9000-000000000001', 'record', 'missing_field', 'The record has no name.', n
    from spillway.workspaces w, generate_series(1, 100000) n where w.name = 'listed'";

/// Rows $1 to $2, all seen by one import: one finding in a hundred is critical, one in twenty closed; one occurrence a finding, but half of them of
/// the first; an asset for ten.
const FINDINGS: &str = "
    insert into spillway.findings (
      workspace_id, id, tool, kind, rule_id, title, severity, status, description, vulnerability_ids, cwes, component, source_offset, first_import_id,
      last_import_id)
    select w.id, md5('finding ' || n)::uuid, 'filler-' || n % 7, 'host', 'rule-' || n % 200000, 'What was found in part-' || n % 1000 || ' of unit-' || n % 20000,
      case when n % 100 = 0 then 'critical' when n % 10 = 0 then 'high' when n % 3 = 0 then 'medium' else 'info' end::spillway.severity,
      case when n % 1000 = 0 then 'false_positive' when n % 20 = 0 then 'closed' else 'open' end::spillway.finding_status,
      repeat('What is wrong here. ', 25), array['CVE-2024-' || n % 500000], array[n % 900],
      jsonb_build_object('name', 'component' || n % 50000, 'version', '1.0'), n, $3::text::uuid, $3::text::uuid
    from spillway.workspaces w, generate_series($1::bigint + 1, $2::bigint) n where w.name = 'listed'";
/// The words by which they are found.
const TERMS: &str = "
    insert into spillway.finding_terms (workspace_id, finding_id, severity, terms)
    select f.workspace_id, f.id, f.severity, spillway.terms_of(f)
    from spillway.workspaces w, generate_series($1::bigint + 1, $2::bigint) n
      join spillway.findings f on f.id = md5('finding ' || n)::uuid where w.name = 'listed' and f.workspace_id = w.id and f.last_import_id = $3::text::uuid";
/// Where all are there the index is made as a whole: row by row, 10 million would take half an hour.
const UNINDEXED: &str = "drop index spillway.findings_by_term";
const INDEXED: &str =
    "create index findings_by_term on spillway.finding_terms using gin (terms) with (fastupdate = on, gin_pending_list_limit = 256)";
/// In one of its scopes stands what one in a thousand findings is of.
const SCOPES: &str = "
    insert into spillway.finding_scopes (workspace_id, scope, finding_id, last_import_id)
    select w.id, case when n % 1000 = 0 then 'small' else 'large' end, md5('finding ' || n)::uuid, $3::text::uuid
    from spillway.workspaces w, generate_series($1::bigint + 1, $2::bigint) n where w.name = 'listed'";
const SEEN: &str = "
    insert into spillway.import_findings (workspace_id, import_id, finding_id, seen_as, severity, source_offset)
    select f.workspace_id, f.last_import_id, f.id, 'new', f.severity, f.source_offset
    from spillway.workspaces w, generate_series($1::bigint + 1, $2::bigint) n
      join spillway.findings f on f.id = md5('finding ' || n)::uuid where w.name = 'listed' and f.workspace_id = w.id and f.last_import_id = $3::text::uuid";
const ASSETS: &str = "
    insert into spillway.assets (workspace_id, id, kind, identity, first_import_id, last_import_id)
    select w.id, md5('asset ' || n)::uuid, 'host', 'filled ' || n, $3::text::uuid, $3::text::uuid
    from spillway.workspaces w, generate_series($1::bigint / 10 + 1, $2::bigint / 10) n where w.name = 'listed'";
const OCCURRENCES: &str = "
    insert into spillway.occurrences (
      workspace_id, id, finding_id, asset_id, host, port, protocol, service, evidence, first_import_id, last_import_id)
    select w.id, overlay(md5('occurrence ' || n) placing left(md5('asset ' || n / 10 + 1), 8) from 1)::uuid, md5('finding ' || case when n % 2 = 0 then 1 else n end)::uuid, md5('asset ' || n / 10 + 1)::uuid, 'host',
      n % 65536, 'tcp', 'www', repeat('What the scanner saw. ', 5), $3::text::uuid, $3::text::uuid
    from spillway.workspaces w, generate_series($1::bigint + 1, $2::bigint) n where w.name = 'listed'";

/// A list, as it is asked for over HTTP, of the database's function, and by a plain keyset query that makes the same documents.
struct List {
    name: &'static str,
    /// Path and filters.
    path: String,
    /// A call of the function, in which the place is written `{after}`.
    function: String,
    /// What the function takes for no place, and for one late in the list.
    after: [String; 2],
    /// That place as a cursor says it.
    place: String,
    /// The plain query, in which the condition on the place is written `{after}`, and that condition.
    plain: String,
    condition: String,
}

/// Where a page begins.
#[derive(Clone, Copy)]
enum Place {
    First,
    Late,
}

impl List {
    fn path(&self, place: Place) -> String {
        let separator = if self.path.contains('?') { '&' } else { '?' };
        match place {
            Place::First => self.path.clone(),
            Place::Late => format!("{}{separator}cursor={}", self.path, self.cursor()),
        }
    }

    /// Of the late page: whoever follows the pages of a list never has to make one.
    fn cursor(&self) -> String {
        let (path, filters) = self.path.split_once('?').unwrap_or((&self.path, ""));
        cursors::encode(&cursors::scope(path, filters), &self.place)
    }

    fn function(&self, place: Place) -> String {
        let call = self.function.replace("{after}", &self.after[place as usize]);
        format!("select p.items, p.next from spillway.{call} p")
    }

    fn plain(&self, place: Place) -> String {
        let condition = if matches!(place, Place::First) { String::new() } else { format!("and {}", self.condition) };
        format!("{} limit {LIMIT} + 1", self.plain.replace("{after}", &condition))
    }
}

/// Findings of a workspace, of a severity or a status or of all; `null` is all.
fn findings(workspace: i32, name: &'static str, query: &str, [severity, status]: [&str; 2], at: &str) -> List {
    let asked = [("severity", severity), ("status", status)].map(|(name, value)| (name, value.trim_matches('\'')));
    let asked: serde_json::Map<_, _> = asked
        .into_iter()
        .filter(|(_, value)| *value != "null")
        .map(|(name, value)| (name.to_owned(), serde_json::json!([value])))
        .collect();
    let asked = serde_json::Value::Object(asked);
    let filter = if severity == "null" { String::new() } else { format!("and f.severity = {severity}") };
    // Where the status is not filtered, no one index has what is asked for: the plain query asks for those that are open.
    let plain_status = if status == "null" { "'open'" } else { status };
    List {
        name,
        path: format!("/api/v1/findings{query}"),
        function: format!("list_findings({workspace}, '{asked}', {{after}}, {LIMIT})"),
        after: ["null, null".to_owned(), format!("'{at}', '{HALF}'")],
        place: format!("{at} {HALF}"),
        plain: format!(
            "select spillway.finding_summary(f) from spillway.findings f
            where f.workspace_id = {workspace} and f.status = {plain_status} {filter} {{after}} order by f.severity desc, f.id desc"
        ),
        condition: format!("(f.severity, f.id) < ('{at}', '{HALF}')"),
    }
}

/// Findings that the import saw, of a severity or of all.
fn seen(workspace: i32, name: &'static str, query: &str, severity: &str, at: &str) -> List {
    let filter = if severity == "null" { String::new() } else { format!("and s.severity = {severity}") };
    let asked = if severity == "null" {
        serde_json::json!({"import_id": IMPORT})
    } else {
        serde_json::json!({"import_id": IMPORT, "severity": [severity.trim_matches('\'')]})
    };
    List {
        name,
        path: format!("/api/v1/findings?import_id={IMPORT}{query}"),
        function: format!("list_findings({workspace}, '{asked}', {{after}}, {LIMIT})"),
        after: ["null, null".to_owned(), format!("'{at}', '{HALF}'")],
        place: format!("{at} {HALF}"),
        plain: format!(
            "select spillway.finding_summary(f) from spillway.import_findings s join spillway.findings f using (workspace_id)
            where s.workspace_id = {workspace} and s.import_id = '{IMPORT}' and f.id = s.finding_id {filter} {{after}}
            order by s.severity desc, s.finding_id desc"
        ),
        condition: format!("(s.severity, s.finding_id) < ('{at}', '{HALF}')"),
    }
}

/// A list in the order of one id: name, path, function, place, plain query, condition. In them stand `{w}` for the workspace, `{import}`,
/// `{finding}`, and `{at}` for the place.
type ById = [&'static str; 6];

const BY_ID: [ById; 7] = [
    [
        "assets",
        "assets",
        "list_assets({w}, '{}', {after}, 50)",
        HALF,
        "select spillway.asset_document(a) from spillway.assets a where a.workspace_id = {w} {after} order by a.id",
        "a.id > '{at}'",
    ],
    [
        "occurrences",
        "occurrences",
        "list_occurrences({w}, null, {after}, 50)",
        HALF,
        "select spillway.occurrence_document(o, a.identity) from spillway.occurrences o join spillway.assets a on a.workspace_id = {w} and a.id = o.asset_id
        where o.workspace_id = {w} {after} order by o.id",
        "o.id > '{at}'",
    ],
    [
        "occurrences of a finding",
        "occurrences?finding_id={finding}",
        "list_occurrences({w}, '{finding}', {after}, 50)",
        HALF,
        "select spillway.occurrence_document(o, a.identity) from spillway.occurrences o join spillway.assets a on a.workspace_id = {w} and a.id = o.asset_id
        where o.workspace_id = {w} and o.finding_id = '{finding}' {after} order by o.id",
        "o.id > '{at}'",
    ],
    [
        "imports",
        "imports",
        "list_imports({w}, {after}, 50)",
        "01900000-0000-7000-9000-000000008000",
        "select spillway.import_text(i) from spillway.imports i where i.workspace_id = {w} {after} order by i.id desc",
        "i.id < '{at}'",
    ],
    [
        "imports of a state",
        "imports?state=cancelled",
        "list_imports({w}, {after}, 50, 'cancelled')",
        "01900000-0000-7000-9000-000000018000",
        "select spillway.import_text(i) from spillway.imports i where i.workspace_id = {w} and i.state = 'cancelled' {after} order by i.id desc",
        "i.id < '{at}'",
    ],
    [
        "errors of an import",
        "imports/{import}/errors",
        "list_import_errors({w}, '{import}', {after}, 50)",
        "50000",
        "select spillway.import_error_document(e) from spillway.import_errors e
        where e.workspace_id = {w} and e.import_id = '{import}' {after} order by e.id",
        "e.id > '{at}'",
    ],
    [
        "notifications",
        "notifications",
        "list_notifications({w}, {after}, 50)",
        "01900000-0000-7000-9000-000000008000",
        "select spillway.notification_document(n) from spillway.notifications n where n.workspace_id = {w} {after} order by n.id desc",
        "n.id < '{at}'",
    ],
];

fn by_id([name, path, function, at, plain, condition]: ById, workspace: i32, finding: &str) -> List {
    let fill = |text: &str| {
        let text = text.replace("{w}", &workspace.to_string()).replace("{import}", IMPORT);
        text.replace("{finding}", finding).replace("{at}", at)
    };
    List {
        name,
        path: fill(&format!("/api/v1/{path}")),
        function: fill(function),
        after: ["null".to_owned(), format!("'{at}'")],
        place: at.to_owned(),
        plain: fill(plain),
        condition: fill(condition),
    }
}

/// What findings are looked for by, from what all have to what none has: a page may have fewer than are asked for.
const SEARCHES: [(&str, &str); 17] = [
    ("of a tool", "tool=filler-3"),
    ("of a tool and a status", "tool=filler-3&status=false_positive"),
    ("of a rule", "rule=rule-77"),
    ("of a CVE", "cve=CVE-2024-77"),
    ("of two CVEs", "cve=CVE-2024-77&cve=CVE-2024-79"),
    ("of a weakness", "cwe=79"),
    ("of a component", "component=component77"),
    ("of a small scope", "scope=small"),
    ("of a large scope", "scope=large"),
    ("on an asset", "asset_id={asset}"),
    ("first seen since tomorrow", "first_seen_after=2999-01-01T00:00:00Z"),
    ("of an import and a CVE", "import_id={import}&cve=CVE-2024-77"),
    ("with a rare word", "q=unit-77"),
    ("with a frequent word", "q=found"),
    ("with two words of which few have both", "q=part-77+unit-1077"),
    ("with a word of one in a thousand", "q=part-77"),
    ("with a word that none has", "q=nowhere"),
];

/// All lists of a workspace of this number and their filters.
fn lists(workspace: i32, finding: &str) -> Vec<List> {
    let findings = |name, query, filters, at| findings(workspace, name, query, filters, at);
    let mut lists = vec![
        findings("findings", "", ["null", "null"], "info"),
        findings("findings of a severity", "?severity=info", ["'info'", "null"], "info"),
        findings("findings of a status", "?status=closed", ["null", "'closed'"], "high"),
        findings("findings of a severity and a status", "?severity=high&status=closed", ["'high'", "'closed'"], "high"),
        seen(workspace, "findings of an import", "", "null", "info"),
        seen(workspace, "findings of an import, of a severity", "&severity=high", "'high'", "high"),
    ];
    lists.extend(BY_ID.map(|list| by_id(list, workspace, finding)));
    lists
}

/// Adds the rows of this subject.
pub(super) async fn rows(session: &Session, rows: &mut Vec<Row>) -> Result<()> {
    let busy = Report::nessus(session.dir.path(), nessus(session.sizes.nessus, SEED))?;
    let rig = Rig::driven(1).await?;
    let (bench, listed) = (rig.client(WORKSPACE).await?, rig.client(LISTED).await?);
    rig.connection.batch_execute(FIRST).await.context("cannot fill the tables")?;
    let mut held = 0;
    for findings in session.sizes.listed_findings.clone() {
        fill(&rig.connection, held, findings).await?;
        held = findings;
        rows.extend(beside_an_import(session, &rig, &bench, &listed, &busy, findings).await?);
    }
    rig.end().await
}

/// Fills the tables of the workspace that is listed from so many findings to so many.
async fn fill(connection: &Connection, from: u64, to: u64) -> Result<()> {
    let mut bar = Percentage::new(format!("filling the tables with {} findings", number(float(to))));
    let mut filled = from;
    connection.batch_execute(UNINDEXED).await.context("cannot drop an index")?;
    while filled < to {
        let next = (filled + PIECE).min(to);
        for statement in [FINDINGS, TERMS, SCOPES, SEEN, ASSETS, OCCURRENCES] {
            let bounds = (i64::try_from(filled)?, i64::try_from(next)?);
            connection.execute(statement, &[&bounds.0, &bounds.1, &IMPORT]).await.context("cannot fill the tables")?;
        }
        filled = next;
        bar.set(100.0 * float(filled - from) / float(to - from), "filling");
    }
    connection.batch_execute(INDEXED).await.context("cannot make an index")?;
    connection.batch_execute("vacuum analyze").await.context("cannot vacuum")
}

/// Every list while the same report is imported again and again.
async fn beside_an_import(session: &Session, rig: &Rig, bench: &Client, listed: &Client, busy: &Report, findings: u64) -> Result<Vec<Row>> {
    let asked = rig.stack.database.connect().await?;
    let workspace: i32 = asked.query_one("select id from spillway.workspaces where name = $1", &[&LISTED]).await?.get(0);
    let finding: String = asked.query_one("select md5('finding 1')::uuid::text", &[]).await?.get(0);
    let ended = &AtomicBool::new(false);
    let (first, _) = upload(bench, busy).await?;
    let step = Step::begin("reading every list");
    let measuring = async {
        let mut rows = Vec::new();
        for list in lists(workspace, &finding) {
            for place in [Place::First, Place::Late] {
                rows.extend(measure(session.sizes.pages, &asked, listed, &list, place, findings).await.with_context(|| list.name)?);
            }
        }
        let asset: String = asked.query_one("select md5('asset 77')::uuid::text", &[]).await?.get(0);
        for (name, query) in SEARCHES {
            let query = query.replace("{asset}", &asset).replace("{import}", IMPORT);
            rows.push(search(session.sizes.pages, listed, name, &query, findings).await?);
        }
        ended.store(true, Relaxed);
        Ok(rows)
    };
    let (rows, turns) = futures::future::try_join(measuring, import_until(rig, bench, busy, first, ended)).await?;
    step.done();
    ensure!(turns > 0, "no import ran beside the lists");
    Ok(rows)
}

/// The first page of what is looked for, again and again.
async fn search(pages: usize, client: &Client, name: &str, query: &str, findings: u64) -> Result<Row> {
    let mut times = Vec::new();
    let mut found = 0;
    for _ in 0..pages {
        let (time, page) = ask_page(client, &format!("/api/v1/findings?{query}")).await?;
        found = page["items"].as_array().map_or(0, Vec::len);
        times.push(time);
    }
    let times = Sample::new(times);
    let most = if findings > MANY { MOST_P95_OF_MANY } else { MOST_P95 };
    Ok(Row::new(
        SUBJECT,
        format!("{} findings: {name}, over HTTP, p95", number(float(findings))),
        Figure::milliseconds(times.percentile(95)),
    )
    .beside("p50", Figure::milliseconds(times.median()))
    .beside("entries", Figure::count(found as u64, ""))
    .target(Target::AtMost(most)))
}

/// One page, again and again: over HTTP, by the function, by the plain query, by turns.
async fn measure(pages: usize, connection: &Connection, client: &Client, list: &List, place: Place, findings: u64) -> Result<Vec<Row>> {
    let (path, function, plain) = (list.path(place), list.function(place), list.plain(place));
    let mut times = [const { Vec::new() }; 3];
    for _ in 0..pages {
        times[0].push(page(client, &path).await?);
        times[1].push(ask(connection, &function, 1).await?);
        times[2].push(ask(connection, &plain, LIMIT + 1).await?);
    }
    let [page, function, plain] = times.map(Sample::new);
    let place = if matches!(place, Place::First) { "first page" } else { "a late page" };
    let what = format!("{} findings: {}, {place}", number(float(findings)), list.name);
    let most = if findings > MANY { MOST_P95_OF_MANY } else { MOST_P95 };
    Ok(vec![
        Row::new(SUBJECT, format!("{what}, over HTTP, p95"), Figure::milliseconds(page.percentile(95)))
            .beside("p50", Figure::milliseconds(page.median()))
            .target(Target::AtMost(most)),
        Row::new(SUBJECT, format!("{what}, in the database, p50"), Figure::milliseconds(function.median()))
            .beside("plain keyset query", Figure::milliseconds(plain.median()))
            .target(Target::RatioAtMost(MOST_OF_PLAIN)),
    ])
}

/// The time of a page over HTTP.
async fn page(client: &Client, path: &str) -> Result<Duration> {
    let (time, page) = ask_page(client, path).await?;
    ensure!(page["items"].as_array().map(Vec::len) == Some(LIMIT) && page["next_cursor"].is_string(), "{path}: no whole page");
    Ok(time)
}

/// A page, and how long it took.
async fn ask_page(client: &Client, path: &str) -> Result<(Duration, serde_json::Value)> {
    let asked = Instant::now();
    let answer = client.request(Method::GET, path).send().await?;
    let status = answer.status();
    let text = answer.text().await?;
    let time = asked.elapsed();
    ensure!(status.is_success(), "{path}: {status} {text}");
    Ok((time, serde_json::from_str(&text)?))
}

/// The time of a statement, as text with its values in it.
async fn ask(connection: &Connection, statement: &str, rows: usize) -> Result<Duration> {
    let asked = Instant::now();
    let answer = connection.simple_query(statement).await.with_context(|| statement.to_owned())?;
    let time = asked.elapsed();
    let count = answer.iter().filter(|message| matches!(message, tokio_postgres::SimpleQueryMessage::Row(_))).count();
    ensure!(count == rows, "{count} rows instead of {rows}: {statement}");
    Ok(time)
}
