//! The order of locks, which `ARCHITECTURE.md` gives: whoever waits holds nothing of what comes later. In each test one session holds what another
//! needs, and then takes what that one must not hold yet. It needs no app: only the database.

use std::sync::Arc;
use std::time::{Duration, Instant};

use admin::{Database, random};
use anyhow::{Context as _, Result, ensure};
use stack::postgres::Cluster;
use tokio::task::JoinHandle;
use tokio_postgres::Client;
use tokio_postgres::error::SqlState;

/// How long a session waits for a lock before the test fails; until then it may be on its way.
const PATIENCE: Duration = Duration::from_secs(10);

/// Imports, which are numbered, of one workspace; and the batches of their drains.
const SETUP: &str = "
    create function public.id(n integer) returns uuid language sql as $$ select ('01900000-0000-7000-8000-' || lpad(n::text, 12, '0'))::uuid $$;
    select spillway.create_workspace('one');
    -- An import that has so many segments, all claimed: their attempts are numbered from 1.
    create function public.make(n integer, p_segments integer default 1, p_scope text default null, p_close boolean default false) returns void language sql as $$
      select spillway.open_upload(1, public.id(n));
      select spillway.create_import(1, public.id(n), n::text, 10, sha256('x'), p_scope => p_scope, p_close_missing => p_close, p_entries =>
        case when p_segments > 1 then (
          select jsonb_agg(jsonb_build_object('name', s, 'offset', s, 'size', 1, 'format', 'nmap')) from generate_series(0, p_segments - 1) s) end);
      select spillway.claim_import('1 hour', 100) from generate_series(1, p_segments) $$;
    create function public.findings(p_rules text[], p_title text default 'title') returns jsonb language sql as $$
      select jsonb_agg(jsonb_build_object('id', lpad(r, 32, '0'), 'tool', 'bandit', 'kind', 'code', 'rule_id', r, 'title', p_title, 'severity', 'high',
        'status', 'open', 'source_offset', 1)) from unnest(p_rules) r $$;
    create function public.columns(p_findings jsonb) returns spillway.finding_columns language sql as $$
      select spillway.findings_of(p_findings) $$;
    create function public.ingest(n integer, p_attempt integer, p_findings jsonb, p_problems integer default 0) returns text language sql as $$
      select spillway.ingest_batch(public.id(n), p_attempt, (select fence from spillway.import_queue where import_id = public.id(n) and attempt = p_attempt),
        '1 hour', jsonb_build_object(
          'assets', jsonb_build_array(jsonb_build_object('id', md5('a'), 'kind', 'repository', 'identity', 'a')), 'tools', '[\"bandit\"]'::jsonb,
          'problems', (select coalesce(jsonb_agg(jsonb_build_object('code', 'c', 'message', 'm', 'offset', p)), '[]') from generate_series(1, p_problems) p)),
        public.columns(p_findings), jsonb_populate_record(null::spillway.occurrence_columns, spillway.columns_of((
          select jsonb_agg(jsonb_build_object('id', f -> 'id', 'finding_id', f -> 'id', 'asset_id', md5('a'), 'source_offset', 1, 'source_line', 1))
          from jsonb_array_elements(p_findings) f))),
        1000, 'nmap', '\\x01', 0) ->> 'state' $$;
    create function public.finish(n integer, p_attempt integer) returns text language sql as $$
      select spillway.finish_import(public.id(n), p_attempt, (select fence from spillway.import_queue where import_id = public.id(n) and attempt = p_attempt)) ->> 'state' $$";

/// A database of its own.
struct Rig {
    database: Database,
    _cluster: Arc<Cluster>,
}

impl Rig {
    /// With these imports and batches.
    async fn new(setup: &str) -> Result<Self> {
        let cluster = Cluster::shared().await?;
        let rig = Self { database: cluster.create_migrated(&format!("locks_{}", random::hex(6)?)).await?, _cluster: cluster };
        let client = rig.database.connect().await?;
        client.batch_execute(SETUP).await.context("the setup of all")?;
        client.batch_execute(setup).await.context("the setup")?;
        Ok(rig)
    }

    /// A session that gives up where it waits for long.
    async fn session(&self) -> Result<Client> {
        let client = self.database.connect().await?;
        client.batch_execute(&format!("set lock_timeout = '{} s'", PATIENCE.as_secs())).await?;
        Ok(client)
    }

    /// A session in whose transaction this has been done.
    async fn holder(&self, statement: &str) -> Result<Client> {
        let client = self.session().await?;
        client.batch_execute("begin").await?;
        client.batch_execute(statement).await.context("what is held")?;
        Ok(client)
    }

    /// Another session's statement, which gives a text; it waits for a lock by now.
    async fn waiter(&self, statement: &'static str) -> Result<JoinHandle<Result<String>>> {
        let client = self.database.connect().await?;
        let pid: i32 = client.query_one("select pg_backend_pid()", &[]).await?.get(0);
        let waiter = tokio::spawn(async move { text(&client, statement).await });
        let watcher = self.database.connect().await?;
        let waits = "select wait_event_type = 'Lock' from pg_stat_activity where pid = $1";
        let started = Instant::now();
        while watcher.query_one(waits, &[&pid]).await?.get::<_, Option<bool>>(0) != Some(true) {
            ensure!(!waiter.is_finished() && started.elapsed() < PATIENCE, "it waits for nobody: {statement}");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        Ok(waiter)
    }
}

async fn text(client: &Client, statement: &str) -> Result<String> {
    Ok(client.query_one(statement, &[]).await.with_context(|| statement.to_owned())?.get(0))
}

#[tokio::test]
async fn a_failed_trial_is_found_out_without_a_wait_for_the_other_segments() -> Result<()> {
    let rig = Rig::new("select public.make(1, 2)").await?;
    let other = rig.holder("select from spillway.import_queue where attempt = 1 for no key update").await?;
    assert_eq!(text(&rig.session().await?, "select public.ingest(1, 2, public.findings('{1}'), 501)").await?, "trial_failed");
    let end = rig.waiter("select spillway.fail_trial(public.id(1), 2) ->> 'state'").await?;
    other.batch_execute("update spillway.imports set items = items; update spillway.workspaces set served_at = now(); commit").await?;
    assert_eq!(end.await??, "failed");
    Ok(())
}

#[tokio::test]
async fn who_closes_what_is_missing_waits_for_a_batch_with_neither_scopes_nor_workspace() -> Result<()> {
    let setup = "select public.make(1, p_scope => 'main'), public.ingest(1, 1, public.findings('{1}')), public.finish(1, 1);
        select public.make(2, p_scope => 'main', p_close => true), public.ingest(2, 1, public.findings('{2}'))";
    let rig = Rig::new(setup).await?;
    let batch = rig.holder("select from spillway.findings where rule_id = '1' for no key update").await?;
    let end = rig.waiter("select public.finish(2, 1)").await?;
    batch.batch_execute("select from spillway.finding_scopes for update; update spillway.workspaces set served_at = now(); commit").await?;
    assert_eq!(end.await??, "completed");
    let closed = "select string_agg(rule_id, ' ') from spillway.findings where status = 'closed'";
    assert_eq!(text(&rig.session().await?, closed).await?, "1");
    Ok(())
}

#[tokio::test]
async fn what_a_batch_has_stored_meanwhile_is_not_closed() -> Result<()> {
    let setup = "select public.make(1, p_scope => 'main'), public.ingest(1, 1, public.findings('{1}')), public.finish(1, 1);
        select public.make(2, p_scope => 'main', p_close => true), public.ingest(2, 1, public.findings('{2}'));
        select public.make(3, p_scope => 'main')";
    let rig = Rig::new(setup).await?;
    let batch = rig.holder("select public.ingest(3, 1, public.findings('{1}'))").await?;
    let end = rig.waiter("select public.finish(2, 1)").await?;
    batch.batch_execute("commit").await?;
    assert_eq!(end.await??, "completed");
    assert_eq!(text(&rig.session().await?, "select string_agg(status::text, ' ') from spillway.findings").await?, "open open");
    Ok(())
}

#[tokio::test]
async fn who_tries_errors_again_waits_for_batches_with_no_finding_in_hand() -> Result<()> {
    // Of two that were refused, the second by its id is tried first.
    let setup = "select public.make(1), public.make(2), public.ingest(1, 1, public.findings('{1,2}', '')), public.finish(1, 1);
        update spillway.import_errors set item = jsonb_set(item, '{findings,0,title}', '\"mended\"'),
          tries = case when item #>> '{findings,0,rule_id}' = '1' then 2 else 1 end";
    let rig = Rig::new(setup).await?;
    let store = |rule| format!("select spillway.batch_insert_findings(1, public.id(2), public.columns(public.findings('{{{rule}}}')))");
    let batch = rig.holder(&format!("select spillway.lock_storing(1, false); {}", store(1))).await?;
    let retry = rig.waiter("select spillway.retry_errors(1, public.id(1)) ->> 'stored'").await?;
    batch.batch_execute(&format!("{}; commit", store(2))).await?;
    assert_eq!(retry.await??, "2");
    Ok(())
}

#[tokio::test]
async fn a_batch_that_is_halved_waits_for_others_with_no_finding_in_hand() -> Result<()> {
    let rig = Rig::new("select public.make(1), public.make(2)").await?;
    let store = |rule| format!("select spillway.batch_insert_findings(1, public.id(2), public.columns(public.findings('{{{rule}}}')))");
    let batch = rig.holder(&format!("select spillway.lock_storing(1, false); {}", store(11))).await?;
    let halved = rig.waiter("select public.ingest(1, 1, jsonb_set(public.findings('{12,10,11,14}'), '{1,title}', '\"\"'))").await?;
    batch.batch_execute(&format!("{}; commit", store(12))).await?;
    assert_eq!(halved.await??, "running");
    Ok(())
}

#[tokio::test]
async fn a_claim_does_not_wait_for_who_works_on_an_import_that_looks_dead() -> Result<()> {
    let setup = "select public.make(1, 2); update spillway.import_queue set failures = 2, available_at = now() - interval '1 s'";
    let rig = Rig::new(setup).await?;
    let late = rig.holder("select from spillway.import_queue for no key update").await?;
    let claim = "select coalesce(spillway.claim_import('1 hour', 100) #>> '{claim,attempt}', 'nothing')";
    assert_eq!(text(&rig.session().await?, claim).await?, "nothing");
    late.batch_execute("commit").await?;
    assert_eq!(text(&rig.session().await?, claim).await?, "nothing");
    assert_eq!(text(&rig.session().await?, "select error ->> 'code' from spillway.imports").await?, "no_progress");
    Ok(())
}

#[tokio::test]
async fn a_removal_finds_what_was_under_way_when_it_began() -> Result<()> {
    let rig = Rig::new("select spillway.create_api_key('one', 'k', sha256('k'), '{read}', null)").await?;
    let upload = rig.holder("select spillway.open_upload(1, public.id(1)); update spillway.api_keys set name = name").await?;
    let removal = rig.waiter("select spillway.begin_removal('one') ->> 'workspace'").await?;
    // A key in the place of another, whose place is held.
    let rotated = "insert into spillway.api_keys (workspace_id, name, hash, scopes) values (1, 'k', sha256('new'), '{read}'); commit";
    upload.batch_execute(rotated).await?;
    assert_eq!(removal.await??, "one");
    let session = rig.session().await?;
    for key in ["k", "new"] {
        let opened = session.query_one("select spillway.workspace_of_key(sha256($1::text::bytea), '{read}')", &[&key]).await;
        assert_eq!(opened.expect_err("no key opens it").code().map(SqlState::code), Some("SW401"), "{key}");
    }
    for removed in [r#"{"events": 2}"#, r#"{"api_keys": 2}"#] {
        assert_eq!(text(&session, "select spillway.remove_some('one', 10) ->> 'removed'").await?, removed);
    }
    assert_eq!(text(&session, "select spillway.remove_some('one', 10) ->> 'uploads_open'").await?, "1");
    Ok(())
}

#[tokio::test]
async fn who_removes_a_workspace_waits_for_a_batch_with_neither_findings_nor_workspace() -> Result<()> {
    let setup = "select public.make(1), public.ingest(1, 1, public.findings('{1}')); select spillway.begin_removal('one')";
    let rig = Rig::new(setup).await?;
    let batch = rig.holder("select from spillway.import_queue for no key update").await?;
    let removal = rig.waiter("select spillway.remove_some('one', 10) ->> 'removed'").await?;
    let rest = "select from spillway.findings for update; update spillway.imports set items = items; update spillway.workspaces set served_at = now(); commit";
    batch.batch_execute(rest).await?;
    assert_eq!(removal.await??, r#"{"import_queue": 1}"#);
    Ok(())
}

#[tokio::test]
async fn who_removes_a_workspace_waits_for_whoever_stores_in_it_still() -> Result<()> {
    let setup = "select public.make(1), public.ingest(1, 1, public.findings('{1}', '')), public.finish(1, 1);
        update spillway.import_errors set item = jsonb_set(item, '{findings,0,title}', '\"mended\"'); select spillway.begin_removal('one')";
    let rig = Rig::new(setup).await?;
    let retry = rig.holder("select spillway.retry_errors(1, public.id(1))").await?;
    let removal = rig.waiter("select spillway.remove_some('one', 10) ->> 'removed'").await?;
    retry.batch_execute("commit").await?;
    removal.await??;
    let session = rig.session().await?;
    while text(&session, "select spillway.remove_some('one', 10) ->> 'removed'").await? != "{}" {}
    assert_eq!(text(&session, "select count(*)::text from spillway.findings").await?, "0");
    assert_eq!(text(&session, "select counts ->> 'findings' from spillway.removals").await?, "1");
    Ok(())
}

#[tokio::test]
async fn who_ends_the_keys_of_a_member_waits_for_them_without_the_workspace() -> Result<()> {
    let remove = "select spillway.remove_member(1, m.id) ->> 'name' from spillway.members m";
    let narrow = r#"select spillway.change_member(1, m.id, '{"scopes": ["triage"]}') ->> 'name' from spillway.members m"#;
    for end in [remove, narrow] {
        let setup = r#"select spillway.create_member(1, '{"name": "Ann", "email": "ann@a.example", "scopes": ["read"]}');
            select spillway.create_key(1, sha256(n::text::bytea), jsonb_build_object('name', n, 'scopes', '["read"]'::jsonb, 'member_id', m.id))
            from spillway.members m, generate_series(1, 20) n"#;
        let rig = Rig::new(setup).await?;
        let removal = rig.holder("select from spillway.api_keys order by id for no key update").await?;
        let ended = rig.waiter(end).await?;
        removal.batch_execute("select from spillway.workspaces for update; commit").await?;
        assert_eq!(ended.await??, "Ann");
        let valid = "select count(*)::text from spillway.api_keys where revoked_at is null";
        assert_eq!(text(&rig.session().await?, valid).await?, "0");
    }
    Ok(())
}
