-- The schema as it is after all migrations. Generated: `cargo xtask schema` writes it, CI fails on a difference.

CREATE SCHEMA spillway;

COMMENT ON SCHEMA spillway IS 'Reports of security scanners: imports, and what was found where';

CREATE TYPE spillway.asset_kind AS ENUM (
    'host',
    'site',
    'repository',
    'image',
    'cloud_resource'
);

CREATE TYPE spillway.finding_kind AS ENUM (
    'host',
    'web',
    'code',
    'dependency',
    'secret',
    'configuration'
);

CREATE TYPE spillway.finding_status AS ENUM (
    'open',
    'closed',
    'false_positive',
    'accepted_risk'
);

CREATE TYPE spillway.import_stage AS ENUM (
    'queued',
    'parsing',
    'assets',
    'findings',
    'finalizing',
    'done'
);

COMMENT ON TYPE spillway.import_stage IS 'what a running import is doing, for people';

CREATE TYPE spillway.import_state AS ENUM (
    'queued',
    'running',
    'completed',
    'failed',
    'cancelled'
);

COMMENT ON TYPE spillway.import_state IS 'queued and running imports have a row in import_queue, ended ones have none';

CREATE TYPE spillway.notification_kind AS ENUM (
    'completed',
    'warning',
    'failed'
);

CREATE TYPE spillway.seen_as AS ENUM (
    'new',
    'updated',
    'reopened'
);

COMMENT ON TYPE spillway.seen_as IS 'what an import meant for something that it saw';

CREATE TYPE spillway.severity AS ENUM (
    'info',
    'low',
    'medium',
    'high',
    'critical'
);

COMMENT ON TYPE spillway.severity IS 'from harmless to worst';

CREATE FUNCTION spillway.add_counts(p_one jsonb, p_other jsonb) RETURNS jsonb
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    SET search_path TO ''
    AS $$
  select coalesce(jsonb_object_agg(key, case
      when jsonb_typeof(coalesce(a.value, b.value)) = 'object' then spillway.add_counts(coalesce(a.value, '{}'), coalesce(b.value, '{}'))
      else to_jsonb(coalesce(a.value::text::bigint, 0) + coalesce(b.value::text::bigint, 0)) end), '{}')
  from jsonb_each(p_one) a full join jsonb_each(p_other) b using (key)
$$;

COMMENT ON FUNCTION spillway.add_counts(p_one jsonb, p_other jsonb) IS 'two documents of counts added up, number by number';

CREATE FUNCTION spillway.batch_insert_assets(p_workspace integer, p_import uuid, p_assets jsonb) RETURNS jsonb
    LANGUAGE sql
    SET search_path TO ''
    AS $$
  with given as materialized (
    select * from jsonb_to_recordset(p_assets) as (id uuid, kind spillway.asset_kind, identity text, hostname text, attributes jsonb)
  ), known as materialized (
    select a.id from given g join spillway.assets a on a.workspace_id = p_workspace and a.id = g.id
  ), stored as (
    insert into spillway.assets as a (workspace_id, id, kind, identity, hostname, attributes, first_import_id, last_import_id)
    -- In the order of the key: two batches that store the same rows wait for each other instead of dying together.
    select p_workspace, g.id, g.kind, g.identity, g.hostname, coalesce(g.attributes, '{}'), p_import, p_import from given g order by g.id
    on conflict (workspace_id, id) do update
    set hostname = coalesce(excluded.hostname, a.hostname),
      attributes = case when a.attributes @> excluded.attributes then a.attributes else a.attributes || excluded.attributes end,
      last_import_id = excluded.last_import_id, last_seen_at = excluded.last_seen_at
    where a.last_import_id < excluded.last_import_id
      or a.last_import_id = excluded.last_import_id
        and (a.hostname is distinct from coalesce(excluded.hostname, a.hostname) or not a.attributes @> excluded.attributes)
  ), seen as (
    insert into spillway.import_assets as s (workspace_id, import_id, asset_id, seen_as)
    select p_workspace, p_import, g.id, case when k.id is null then 'new' else 'updated' end::spillway.seen_as
    from given g left join known k on k.id = g.id
    order by g.id
    on conflict do nothing
    returning s.seen_as
  )
  select jsonb_build_object(
    'new', count(*) filter (where seen_as = 'new'),
    'updated', count(*) filter (where seen_as = 'updated'))
  from seen
$$;

COMMENT ON FUNCTION spillway.batch_insert_assets(p_workspace integer, p_import uuid, p_assets jsonb) IS 'stores assets [{id, kind, identity, hostname, attributes}], each id once, and counts those that the import saw for the first time; the newest import wins';

CREATE FUNCTION spillway.batch_insert_findings(p_workspace integer, p_import uuid, p_findings jsonb) RETURNS jsonb
    LANGUAGE sql
    SET search_path TO ''
    AS $$
  with given as materialized (
    select * from jsonb_to_recordset(p_findings) as (
      identity uuid, tool text, kind spillway.finding_kind, rule_id text, title text, severity spillway.severity,
      status spillway.finding_status, description text, solution text, vulnerability_ids text[], cwes integer[], cvss jsonb,
      "references" text[], component jsonb, attributes jsonb, "offset" bigint)
  ), known as materialized (
    select f.id, f.status, f.last_import_id
    from given g join spillway.findings f on f.workspace_id = p_workspace and f.id = g.identity
  ), stored as (
    insert into spillway.findings as f (
      workspace_id, id, tool, kind, rule_id, title, severity, status, description, solution, vulnerability_ids, cwes, cvss, reference_urls,
      component, attributes, source_offset, first_import_id, last_import_id)
    -- In the order of the key: two batches that store the same rows wait for each other instead of dying together.
    select p_workspace, g.identity, g.tool, g.kind, g.rule_id, g.title, g.severity, g.status, coalesce(g.description, ''),
      coalesce(g.solution, ''), coalesce(g.vulnerability_ids, '{}'), coalesce(g.cwes, '{}'), coalesce(g.cvss, '[]'),
      coalesce(g."references", '{}'), g.component, coalesce(g.attributes, '{}'), g."offset", p_import, p_import
    from given g order by g.identity
    on conflict (workspace_id, id) do update
    set title = excluded.title, severity = excluded.severity,
      -- A person's decision stays, but what a person closed and is seen again is open.
      status = case when f.decided_at is null or f.status = 'closed' then excluded.status else f.status end,
      description = excluded.description, solution = excluded.solution, vulnerability_ids = excluded.vulnerability_ids,
      cwes = excluded.cwes, cvss = excluded.cvss, reference_urls = excluded.reference_urls, component = excluded.component,
      attributes = excluded.attributes, source_offset = excluded.source_offset, last_import_id = excluded.last_import_id,
      last_seen_at = excluded.last_seen_at
    -- The newest import wins, in it the first record: in whatever order the batches of several imports arrive, the same is stored.
    where f.last_import_id < excluded.last_import_id
      or f.last_import_id = excluded.last_import_id and f.source_offset > excluded.source_offset
  ), seen as (
    insert into spillway.import_findings as s (workspace_id, import_id, finding_id, seen_as)
    select p_workspace, p_import, g.identity,
      case
        when k.id is null then 'new'
        when k.status = 'closed' and g.status = 'open' and k.last_import_id < p_import then 'reopened'
        else 'updated' end::spillway.seen_as
    from given g left join known k on k.id = g.identity
    order by g.identity
    on conflict do nothing
    returning s.seen_as
  )
  select jsonb_build_object(
    'new', count(*) filter (where seen_as = 'new'),
    'updated', count(*) filter (where seen_as = 'updated'),
    'reopened', count(*) filter (where seen_as = 'reopened'))
  from seen
$$;

COMMENT ON FUNCTION spillway.batch_insert_findings(p_workspace integer, p_import uuid, p_findings jsonb) IS 'stores findings, each identity once, and counts those that the import saw for the first time; the newest import wins';

CREATE FUNCTION spillway.batch_insert_occurrences(p_workspace integer, p_import uuid, p_occurrences jsonb) RETURNS jsonb
    LANGUAGE sql
    SET search_path TO ''
    AS $$
  with given as materialized (
    select * from jsonb_to_recordset(p_occurrences) as (
      id uuid, finding_id uuid, asset_id uuid, host text, port integer, protocol text, service text, url text, parameter text, path text,
      line bigint, evidence text)
  ), known as materialized (
    select o.id, o.last_import_id
    from given g join spillway.occurrences o on o.workspace_id = p_workspace and o.id = g.id
  ), stored as (
    insert into spillway.occurrences as o (
      workspace_id, id, finding_id, asset_id, host, port, protocol, service, url, parameter, path, line, evidence,
      first_import_id, last_import_id)
    -- In the order of the key: two batches that store the same rows wait for each other instead of dying together.
    select p_workspace, g.id, g.finding_id, g.asset_id, g.host, g.port, g.protocol, g.service, g.url, g.parameter, g.path, g.line,
      coalesce(g.evidence, ''), p_import, p_import
    from given g order by g.id
    on conflict (workspace_id, id) do update
    set service = excluded.service, evidence = excluded.evidence, last_import_id = excluded.last_import_id,
      last_seen_at = excluded.last_seen_at
    where o.last_import_id < excluded.last_import_id
    returning o.id
  )
  select jsonb_build_object(
    'new', count(*) filter (where k.id is null),
    'updated', count(*) filter (where k.last_import_id < p_import))
  from stored s left join known k on k.id = s.id
$$;

COMMENT ON FUNCTION spillway.batch_insert_occurrences(p_workspace integer, p_import uuid, p_occurrences jsonb) IS 'stores occurrences, each id once, and counts those that are new and those that only an older import had seen; their findings and assets are stored before';

CREATE FUNCTION spillway.batch_slice(p_batch jsonb, p_from integer, p_to integer) RETURNS jsonb
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    SET search_path TO ''
    AS $$
  with units as (
    select o.value as occurrence, null::jsonb as asset, row_number() over (order by o.ordinality) as n
    from jsonb_array_elements(p_batch -> 'occurrences') with ordinality o
    union all
    -- An asset without an occurrence is a unit of its own.
    select null, a.value, jsonb_array_length(p_batch -> 'occurrences') + row_number() over (order by a.ordinality)
    from jsonb_array_elements(p_batch -> 'assets') with ordinality a
    where a.value ->> 'id' not in (select o ->> 'asset_id' from jsonb_array_elements(p_batch -> 'occurrences') o)
  ), chosen as (
    select * from units where n between p_from and p_to
  )
  select jsonb_build_object(
    'occurrences', coalesce((select jsonb_agg(occurrence order by n) from chosen where occurrence is not null), '[]'),
    'findings', coalesce((select jsonb_agg(f) from jsonb_array_elements(p_batch -> 'findings') f
      where f ->> 'identity' in (select occurrence ->> 'finding_id' from chosen)), '[]'),
    'assets', coalesce((select jsonb_agg(a) from jsonb_array_elements(p_batch -> 'assets') a
      where a ->> 'id' in (select coalesce(occurrence ->> 'asset_id', asset ->> 'id') from chosen)), '[]'),
    'units', (select count(*) from chosen))
$$;

COMMENT ON FUNCTION spillway.batch_slice(p_batch jsonb, p_from integer, p_to integer) IS 'units p_from to p_to of a batch as a batch: occurrences with their findings and assets, then assets without occurrences; units counts them';

CREATE FUNCTION spillway.cancel_import(p_workspace integer, p_import uuid) RETURNS jsonb
    LANGUAGE plpgsql
    SET search_path TO ''
    AS $$
declare
  v_import spillway.imports;
begin
  -- Without its queue row no drain can write for the import any more: a running one learns it with its next batch.
  delete from spillway.import_queue where workspace_id = p_workspace and import_id = p_import;
  update spillway.imports i
  set state = 'cancelled', finished_at = now(), updated_at = now(), version = i.version + 1
  where i.workspace_id = p_workspace and i.id = p_import and i.state in ('queued', 'running')
  returning i.* into v_import;
  if found then
    return spillway.import_document(v_import);
  end if;
  select i.* into v_import from spillway.imports i where i.workspace_id = p_workspace and i.id = p_import;
  if not found then
    raise exception using errcode = 'SW404', message = 'there is no such import';
  end if;
  raise exception using errcode = 'SW409', message = format('the import is %s and can no longer be cancelled', v_import.state);
end
$$;

COMMENT ON FUNCTION spillway.cancel_import(p_workspace integer, p_import uuid) IS 'ends a queued or running import and keeps what it stored; SW409 where it has ended, SW404 where the workspace has no such import';

CREATE FUNCTION spillway.claim_imports(p_limit integer, p_lease interval) RETURNS jsonb
    LANGUAGE plpgsql
    SET search_path TO ''
    AS $$
declare
  v_claims jsonb;
begin
  perform spillway.end_dead_imports();
  -- Lock and mark in one statement, in the order of the index, past what others hold.
  with candidates as materialized (
    select q.import_id
    from spillway.import_queue q
    where q.available_at <= now()
      and (select count(*) from spillway.import_queue r where r.workspace_id = q.workspace_id and r.claimed and r.available_at > now())
        < (select w.max_running_imports from spillway.workspaces w where w.id = q.workspace_id)
    order by q.priority, q.available_at, q.import_id
    limit p_limit
    for update of q skip locked
  ), claimed as (
    update spillway.import_queue q
    set attempt = q.attempt + 1, available_at = now() + p_lease, claimed = true,
      -- A lease that ran out is a drain that died.
      failures = q.failures + q.claimed::integer
    from candidates c
    where q.import_id = c.import_id
    returning q.workspace_id, q.import_id, q.attempt, q.priority
  ), started as (
    update spillway.imports i
    set state = 'running', stage = case when i.stage = 'queued' then 'parsing' else i.stage end, attempt = c.attempt,
      started_at = coalesce(i.started_at, now()), updated_at = now(), version = i.version + 1
    from claimed c
    where i.workspace_id = c.workspace_id and i.id = c.import_id
    returning c.priority, i.*
  )
  select coalesce(jsonb_agg(jsonb_build_object(
      'import_id', s.id, 'attempt', s.attempt, 'file_name', s.file_name, 'object_key', s.object_key, 'size_bytes', s.size_bytes,
      'format', s.format, 'bytes_read', s.bytes_read, 'checkpoint', translate(encode(s.checkpoint, 'base64'), E'\n', ''))
    order by s.priority, s.id), '[]')
  into v_claims from started s;
  return v_claims;
end
$$;

COMMENT ON FUNCTION spillway.claim_imports(p_limit integer, p_lease interval) IS 'takes up to so many imports that may be worked on, for the time of the lease, each with a new attempt number that every later write must present';

CREATE FUNCTION spillway.create_api_key(p_workspace text, p_name text, p_hash bytea, p_expires_at timestamp with time zone DEFAULT NULL::timestamp with time zone) RETURNS jsonb
    LANGUAGE sql
    SET search_path TO ''
    AS $$
  insert into spillway.api_keys (workspace_id, name, hash, expires_at)
  values (spillway.create_workspace(p_workspace), p_name, p_hash, p_expires_at)
  returning jsonb_build_object('id', id, 'workspace_id', workspace_id, 'name', name, 'expires_at', spillway.utc_text(expires_at))
$$;

COMMENT ON FUNCTION spillway.create_api_key(p_workspace text, p_name text, p_hash bytea, p_expires_at timestamp with time zone) IS 'stores the SHA-256 of a new key for the workspace of that name, which is made if there is none';

CREATE FUNCTION spillway.create_import(p_workspace integer, p_id uuid, p_file_name text, p_object_key text, p_size bigint, p_sha256 bytea, p_idempotency_key text) RETURNS jsonb
    LANGUAGE plpgsql
    SET search_path TO ''
    AS $$
declare
  v_import spillway.imports;
begin
  insert into spillway.imports as i (workspace_id, id, file_name, object_key, size_bytes, sha256, idempotency_key)
  values (p_workspace, p_id, p_file_name, p_object_key, p_size, p_sha256, p_idempotency_key)
  on conflict (workspace_id, idempotency_key) do nothing
  returning i.* into v_import;
  if found then
    insert into spillway.import_queue (workspace_id, import_id) values (p_workspace, p_id);
  else
    select i.* into strict v_import from spillway.imports i
    where i.workspace_id = p_workspace and i.idempotency_key = p_idempotency_key;
    if v_import.sha256 <> p_sha256 then
      raise exception using errcode = 'SW422', message = 'the Idempotency-Key was used for another report';
    end if;
  end if;
  return spillway.import_document(v_import);
end
$$;

COMMENT ON FUNCTION spillway.create_import(p_workspace integer, p_id uuid, p_file_name text, p_object_key text, p_size bigint, p_sha256 bytea, p_idempotency_key text) IS 'writes an uploaded report down as import and queue row; where the Idempotency-Key was used for the same report, gives that import instead (SW422: for another)';

CREATE FUNCTION spillway.create_workspace(p_name text) RETURNS integer
    LANGUAGE sql
    SET search_path TO ''
    AS $$
  with inserted as (
    insert into spillway.workspaces (name) values (p_name)
    on conflict (name) do nothing
    returning id
  )
  select id from inserted union all select id from spillway.workspaces where name = p_name limit 1
$$;

COMMENT ON FUNCTION spillway.create_workspace(p_name text) IS 'the id of the workspace of that name, which is made if there is none';

CREATE FUNCTION spillway.end_dead_imports() RETURNS integer
    LANGUAGE plpgsql
    SET search_path TO ''
    AS $$
declare
  v_dead record;
  v_count integer := 0;
begin
  for v_dead in
    select q.import_id, q.attempt from spillway.import_queue q
    where q.claimed and q.available_at <= now() and q.failures >= spillway.max_failures() - 1
    order by q.available_at limit 100
    for update skip locked
  loop
    perform spillway.fail_import(v_dead.import_id, v_dead.attempt, jsonb_build_object(
      'code', 'no_progress', 'message', format('%s attempts ended without an answer; the last lease ran out', spillway.max_failures())), false);
    v_count := v_count + 1;
  end loop;
  return v_count;
end
$$;

COMMENT ON FUNCTION spillway.end_dead_imports() IS 'fails the imports whose drain died too often without progress';

CREATE FUNCTION spillway.fail_import(p_import uuid, p_attempt integer, p_error jsonb, p_may_pass boolean) RETURNS jsonb
    LANGUAGE plpgsql
    SET search_path TO ''
    AS $$
declare
  v_queue spillway.import_queue;
  v_import spillway.imports;
begin
  select q.* into v_queue from spillway.import_queue q
  where q.import_id = p_import and q.attempt = p_attempt and q.claimed
  for update;
  if not found then
    return jsonb_build_object('state', 'stale');
  end if;
  if p_may_pass and v_queue.failures + 1 < spillway.max_failures() then
    -- 2, 4, 8 … seconds, half of it by chance: those that failed together do not come back together.
    update spillway.import_queue
    set claimed = false, failures = failures + 1, available_at = now() + interval '1 second' * 2 ^ (failures + 1) * (0.5 + random() / 2)
    where import_id = p_import;
    return jsonb_build_object('state', 'queued');
  end if;
  delete from spillway.import_queue where import_id = p_import;
  update spillway.imports i
  set state = 'failed', error = p_error, finished_at = now(), updated_at = now(), version = i.version + 1
  where i.workspace_id = v_queue.workspace_id and i.id = p_import
  returning i.* into v_import;
  perform spillway.notify(v_import.workspace_id, p_import, 'failed', 'Import failed',
    format('%s: %s; %s records were stored before', v_import.file_name, p_error ->> 'message', v_import.items));
  return jsonb_build_object('state', 'failed');
end
$$;

COMMENT ON FUNCTION spillway.fail_import(p_import uuid, p_attempt integer, p_error jsonb, p_may_pass boolean) IS 'notes a failed attempt {code, message, offset, line}: what may pass is tried again after a growing wait, up to max_failures() times without progress; everything else ends the import. What was stored stays';

CREATE FUNCTION spillway.finish_import(p_import uuid, p_attempt integer) RETURNS jsonb
    LANGUAGE plpgsql
    SET search_path TO ''
    AS $$
declare
  v_import spillway.imports;
begin
  delete from spillway.import_queue q using spillway.imports i
  where q.import_id = p_import and q.attempt = p_attempt and q.claimed and i.workspace_id = q.workspace_id and i.id = q.import_id
  returning i.* into v_import;
  if not found then
    return jsonb_build_object('state', 'stale');
  end if;
  update spillway.imports i
  set state = 'completed', stage = 'done', checkpoint = null, bytes_read = i.size_bytes, finished_at = now(), updated_at = now(),
    version = i.version + 1
  where i.workspace_id = v_import.workspace_id and i.id = p_import;
  perform spillway.notify(v_import.workspace_id, p_import, case when v_import.errors = 0 then 'completed' else 'warning' end::spillway.notification_kind,
    case when v_import.errors = 0 then 'Import completed' else 'Import completed with errors' end,
    format('%s: %s findings are new, %s updated, %s reopened', v_import.file_name, v_import.findings_new, v_import.findings_updated,
      v_import.findings_reopened) || case when v_import.errors = 0 then '' else format('; %s records could not be stored', v_import.errors) end);
  return jsonb_build_object('state', 'completed');
end
$$;

COMMENT ON FUNCTION spillway.finish_import(p_import uuid, p_attempt integer) IS 'ends an import whose report is read to its end, and tells the workspace; stale where the attempt is over';

CREATE TABLE spillway.imports (
    workspace_id integer NOT NULL,
    id uuid NOT NULL,
    file_name text NOT NULL,
    object_key text NOT NULL,
    size_bytes bigint NOT NULL,
    sha256 bytea NOT NULL,
    idempotency_key text,
    format text,
    state spillway.import_state DEFAULT 'queued'::spillway.import_state NOT NULL,
    stage spillway.import_stage DEFAULT 'queued'::spillway.import_stage NOT NULL,
    attempt integer DEFAULT 0 NOT NULL,
    checkpoint bytea,
    bytes_read bigint DEFAULT 0 NOT NULL,
    items bigint DEFAULT 0 NOT NULL,
    assets_new bigint DEFAULT 0 NOT NULL,
    assets_updated bigint DEFAULT 0 NOT NULL,
    findings_new bigint DEFAULT 0 NOT NULL,
    findings_updated bigint DEFAULT 0 NOT NULL,
    findings_reopened bigint DEFAULT 0 NOT NULL,
    findings_closed bigint DEFAULT 0 NOT NULL,
    occurrences_new bigint DEFAULT 0 NOT NULL,
    occurrences_updated bigint DEFAULT 0 NOT NULL,
    errors bigint DEFAULT 0 NOT NULL,
    error jsonb,
    version bigint DEFAULT 1 NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    started_at timestamp with time zone,
    finished_at timestamp with time zone,
    CONSTRAINT checkpoint_is_small CHECK ((octet_length(checkpoint) <= 65536)),
    CONSTRAINT ended_imports_are_done CHECK (((state = 'completed'::spillway.import_state) = (stage = 'done'::spillway.import_stage))),
    CONSTRAINT ended_imports_have_an_end CHECK (((state = ANY (ARRAY['completed'::spillway.import_state, 'failed'::spillway.import_state, 'cancelled'::spillway.import_state])) = (finished_at IS NOT NULL))),
    CONSTRAINT failed_imports_say_why CHECK (((state = 'failed'::spillway.import_state) = (error IS NOT NULL))),
    CONSTRAINT file_name_is_short CHECK (((length(file_name) >= 1) AND (length(file_name) <= 1024))),
    CONSTRAINT idempotency_key_is_short CHECK (((length(idempotency_key) >= 1) AND (length(idempotency_key) <= 255))),
    CONSTRAINT import_hash_is_sha256 CHECK ((octet_length(sha256) = 32)),
    CONSTRAINT nothing_is_read_beyond_the_end CHECK (((bytes_read >= 0) AND (bytes_read <= size_bytes)))
)
WITH (fillfactor='70');

COMMENT ON TABLE spillway.imports IS 'one uploaded report and how far it is read';

COMMENT ON COLUMN spillway.imports.id IS 'UUID version 7, made by the upload: imports are ordered by it, and the newer import wins where two saw the same';

COMMENT ON COLUMN spillway.imports.object_key IS 'where the report lies in the object store';

COMMENT ON COLUMN spillway.imports.size_bytes IS 'length of the stored report';

COMMENT ON COLUMN spillway.imports.format IS 'the report format, once it is known';

COMMENT ON COLUMN spillway.imports.attempt IS 'the number of the last claim';

COMMENT ON COLUMN spillway.imports.checkpoint IS 'where the decoder goes on; null: at the start';

COMMENT ON COLUMN spillway.imports.bytes_read IS 'how far the report is read and stored';

COMMENT ON COLUMN spillway.imports.items IS 'records read and stored';

COMMENT ON COLUMN spillway.imports.errors IS 'records that could not be stored; they lie in import_errors';

COMMENT ON COLUMN spillway.imports.error IS 'why it failed: code, message and, where it is known, offset and line';

COMMENT ON COLUMN spillway.imports.version IS 'grows with every change that a status shows: the ETag';

CREATE FUNCTION spillway.import_document(i spillway.imports) RETURNS jsonb
    LANGUAGE sql STABLE PARALLEL SAFE
    SET search_path TO ''
    AS $$
  select jsonb_build_object(
    'id', i.id, 'file_name', i.file_name, 'size_bytes', i.size_bytes, 'sha256', encode(i.sha256, 'hex'),
    'format', i.format, 'state', i.state, 'stage', i.stage, 'version', i.version,
    'progress', jsonb_build_object(
      -- 100 is kept for the end: a person takes it for "done".
      'percentage', case when i.state = 'completed' then 100 else least(round(100.0 * i.bytes_read / greatest(i.size_bytes, 1), 1), 99.9) end,
      'bytes_read', i.bytes_read, 'bytes_total', i.size_bytes, 'items', i.items,
      'items_per_second', round(i.items / p.seconds),
      'eta_seconds', case when i.state = 'running' and i.bytes_read > 0
        then round((i.size_bytes - i.bytes_read) * p.seconds / i.bytes_read) end),
    'counts', jsonb_build_object(
      'assets', jsonb_build_object('new', i.assets_new, 'updated', i.assets_updated),
      'findings', jsonb_build_object('new', i.findings_new, 'updated', i.findings_updated, 'reopened', i.findings_reopened,
        'closed', i.findings_closed),
      'occurrences', jsonb_build_object('new', i.occurrences_new, 'updated', i.occurrences_updated),
      'errors', i.errors),
    'attempt', i.attempt, 'error', i.error,
    'poll_after_ms', case i.state when 'running' then 2000 when 'queued' then 1000 end,
    'created_at', spillway.utc_text(i.created_at), 'started_at', spillway.utc_text(i.started_at),
    'finished_at', spillway.utc_text(i.finished_at),
    'links', jsonb_build_object(
      'self', l.import, 'status', l.import || '/status', 'errors', l.import || '/errors',
      'cancel', case when i.state in ('queued', 'running') then l.import || '/cancel' end,
      'retry', case when i.state in ('failed', 'cancelled') then l.import || '/retry' end))
  from (select '/api/v1/imports/' || i.id) as l (import),
    -- By the time of the last change, not the clock: the document is the same as long as its version is.
    (select greatest(extract(epoch from i.updated_at - i.started_at), 0.001)) as p (seconds)
$$;

COMMENT ON FUNCTION spillway.import_document(i spillway.imports) IS 'an import as the API shows it; links are paths of the same host';

CREATE FUNCTION spillway.import_status(p_workspace integer, p_import uuid, p_known_version bigint DEFAULT NULL::bigint) RETURNS TABLE(version bigint, document jsonb)
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path TO ''
    AS $$
begin
  return query
    select i.version, case when i.version is distinct from p_known_version then spillway.import_document(i) end
    from spillway.imports i where i.workspace_id = p_workspace and i.id = p_import;
  if not found then
    raise exception using errcode = 'SW404', message = 'there is no such import';
  end if;
end
$$;

COMMENT ON FUNCTION spillway.import_status(p_workspace integer, p_import uuid, p_known_version bigint) IS 'an import and its version; no document where the version is known already. SW404 where the workspace has no such import';

CREATE FUNCTION spillway.ingest_batch(p_import uuid, p_attempt integer, p_lease interval, p_batch jsonb, p_records integer, p_format text, p_checkpoint bytea, p_bytes_read bigint) RETURNS jsonb
    LANGUAGE plpgsql
    SET search_path TO ''
    AS $$
declare
  v_workspace integer;
  v_counts jsonb;
  v_errors bigint;
begin
  -- The fence: whoever lost the import, or works on a cancelled one, changes nothing. The lock keeps a new claim and a cancel waiting.
  update spillway.import_queue set available_at = now() + p_lease, failures = 0
  where import_id = p_import and attempt = p_attempt and claimed
  returning workspace_id into v_workspace;
  if not found then
    return jsonb_build_object('state', 'stale');
  end if;
  v_counts := spillway.ingest_isolating(v_workspace, p_import, p_batch);
  v_errors := spillway.note_problems(v_workspace, p_import, p_batch -> 'problems') + coalesce((v_counts -> 'errors')::bigint, 0);
  update spillway.imports i
  set format = p_format, checkpoint = p_checkpoint, stage = 'findings',
    bytes_read = greatest(i.bytes_read, least(p_bytes_read, i.size_bytes)), items = i.items + p_records,
    assets_new = i.assets_new + coalesce((v_counts #> '{assets,new}')::bigint, 0),
    assets_updated = i.assets_updated + coalesce((v_counts #> '{assets,updated}')::bigint, 0),
    findings_new = i.findings_new + coalesce((v_counts #> '{findings,new}')::bigint, 0),
    findings_updated = i.findings_updated + coalesce((v_counts #> '{findings,updated}')::bigint, 0),
    findings_reopened = i.findings_reopened + coalesce((v_counts #> '{findings,reopened}')::bigint, 0),
    occurrences_new = i.occurrences_new + coalesce((v_counts #> '{occurrences,new}')::bigint, 0),
    occurrences_updated = i.occurrences_updated + coalesce((v_counts #> '{occurrences,updated}')::bigint, 0),
    errors = i.errors + v_errors, updated_at = now(), version = i.version + 1
  where i.workspace_id = v_workspace and i.id = p_import;
  return jsonb_build_object('state', 'running');
end
$$;

COMMENT ON FUNCTION spillway.ingest_batch(p_import uuid, p_attempt integer, p_lease interval, p_batch jsonb, p_records integer, p_format text, p_checkpoint bytea, p_bytes_read bigint) IS 'one unit of an import: fence, {assets, findings, occurrences, problems}, counts, checkpoint, progress and a longer lease in one statement; stale where the attempt is over, and then nothing is changed';

CREATE FUNCTION spillway.ingest_isolating(p_workspace integer, p_import uuid, p_batch jsonb) RETURNS jsonb
    LANGUAGE plpgsql
    SET search_path TO ''
    AS $$
declare
  v_units integer;
  v_state text;
  v_message text;
begin
  begin
    return spillway.ingest_records(p_workspace, p_import, p_batch);
  exception when others then
    get stacked diagnostics v_state = returned_sqlstate, v_message = message_text;
    -- Only what a record can be to blame for: data (22), constraints (23), limits of a row (54), a trigger's refusal (P0001).
    if v_state !~ '^(22|23|54|P0001)' then
      raise;
    end if;
  end;
  v_units := (spillway.batch_slice(p_batch, 1, 2147483647) ->> 'units')::integer;
  if v_units <= 1 then
    return spillway.note_refused_record(p_workspace, p_import, p_batch, v_state, v_message);
  end if;
  return spillway.add_counts(
    spillway.ingest_isolating(p_workspace, p_import, spillway.batch_slice(p_batch, 1, v_units / 2)),
    spillway.ingest_isolating(p_workspace, p_import, spillway.batch_slice(p_batch, v_units / 2 + 1, v_units)));
end
$$;

COMMENT ON FUNCTION spillway.ingest_isolating(p_workspace integer, p_import uuid, p_batch jsonb) IS 'stores a batch; where the database refuses it, stores its halves, and so on down to the records that are to blame, which are noted as errors';

CREATE FUNCTION spillway.ingest_records(p_workspace integer, p_import uuid, p_batch jsonb) RETURNS jsonb
    LANGUAGE sql
    SET search_path TO ''
    AS $$
  select jsonb_build_object(
    'assets', spillway.batch_insert_assets(p_workspace, p_import, p_batch -> 'assets'),
    'findings', spillway.batch_insert_findings(p_workspace, p_import, p_batch -> 'findings'),
    'occurrences', spillway.batch_insert_occurrences(p_workspace, p_import, p_batch -> 'occurrences'))
$$;

COMMENT ON FUNCTION spillway.ingest_records(p_workspace integer, p_import uuid, p_batch jsonb) IS 'stores the assets, findings and occurrences of a batch, all or none, and counts them';

CREATE FUNCTION spillway.list_assets(p_workspace integer, p_after uuid, p_limit integer) RETURNS jsonb
    LANGUAGE sql STABLE PARALLEL SAFE
    SET search_path TO ''
    AS $$
  with page as materialized (
    select a.* from spillway.assets a
    where a.workspace_id = p_workspace and (p_after is null or a.id > p_after)
    order by a.id limit p_limit + 1
  ), shown as (
    select * from page order by id limit p_limit
  )
  select jsonb_build_object(
    'items', coalesce((select jsonb_agg(jsonb_build_object(
        'id', s.id, 'kind', s.kind, 'identity', s.identity, 'hostname', s.hostname, 'attributes', s.attributes,
        'first_import_id', s.first_import_id, 'last_import_id', s.last_import_id,
        'first_seen_at', spillway.utc_text(s.first_seen_at), 'last_seen_at', spillway.utc_text(s.last_seen_at))
      order by s.id) from shown s), '[]'),
    'next', (select s.id::text from shown s where (select count(*) from page) > p_limit order by s.id desc limit 1))
$$;

COMMENT ON FUNCTION spillway.list_assets(p_workspace integer, p_after uuid, p_limit integer) IS 'a page of assets after the one given; next is the place of the next page';

CREATE FUNCTION spillway.list_findings(p_workspace integer, p_after_severity spillway.severity, p_after uuid, p_limit integer, p_severity spillway.severity, p_status spillway.finding_status, p_import uuid) RETURNS jsonb
    LANGUAGE sql STABLE PARALLEL SAFE
    SET search_path TO ''
    AS $$
  with page as materialized (
    select f.* from spillway.findings f
    where f.workspace_id = p_workspace
      and (p_after is null or f.severity < p_after_severity or f.severity = p_after_severity and f.id > p_after)
      and (p_severity is null or f.severity = p_severity)
      and (p_status is null or f.status = p_status)
      and (p_import is null or exists (select from spillway.import_findings s
        where s.workspace_id = p_workspace and s.import_id = p_import and s.finding_id = f.id))
    order by f.severity desc, f.id limit p_limit + 1
  ), shown as (
    select * from page order by severity desc, id limit p_limit
  )
  select jsonb_build_object(
    'items', coalesce((select jsonb_agg(jsonb_build_object(
        'id', s.id, 'tool', s.tool, 'kind', s.kind, 'rule_id', s.rule_id, 'title', s.title, 'severity', s.severity, 'status', s.status,
        'description', s.description, 'solution', s.solution, 'vulnerability_ids', s.vulnerability_ids, 'cwes', s.cwes, 'cvss', s.cvss,
        'references', s.reference_urls, 'component', s.component, 'attributes', s.attributes,
        'first_import_id', s.first_import_id, 'last_import_id', s.last_import_id,
        'first_seen_at', spillway.utc_text(s.first_seen_at), 'last_seen_at', spillway.utc_text(s.last_seen_at))
      order by s.severity desc, s.id) from shown s), '[]'),
    'next', (select s.severity || ' ' || s.id from shown s where (select count(*) from page) > p_limit order by s.severity, s.id desc limit 1))
$$;

COMMENT ON FUNCTION spillway.list_findings(p_workspace integer, p_after_severity spillway.severity, p_after uuid, p_limit integer, p_severity spillway.severity, p_status spillway.finding_status, p_import uuid) IS 'a page of findings, worst first, after the one given, with filters; next is the place of the next page';

CREATE FUNCTION spillway.list_import_errors(p_workspace integer, p_import uuid, p_after bigint, p_limit integer) RETURNS jsonb
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path TO ''
    AS $$
declare
  v_items jsonb;
  v_count bigint;
begin
  perform from spillway.imports i where i.workspace_id = p_workspace and i.id = p_import;
  if not found then
    raise exception using errcode = 'SW404', message = 'there is no such import';
  end if;
  with page as materialized (
    select e.* from spillway.import_errors e
    where e.workspace_id = p_workspace and e.import_id = p_import and e.id > coalesce(p_after, 0)
    order by e.id limit p_limit + 1
  ), shown as (
    select * from page order by id limit p_limit
  )
  select coalesce(jsonb_agg(jsonb_build_object(
      'id', s.id, 'kind', s.kind, 'code', s.code, 'message', s.message, 'offset', s.source_offset, 'line', s.source_line,
      'excerpt', s.excerpt, 'item', s.item, 'created_at', spillway.utc_text(s.created_at))
    order by s.id), '[]'), (select count(*) from page)
  into v_items, v_count from shown s;
  return jsonb_build_object('items', v_items, 'next', case when v_count > p_limit then v_items #>> '{-1,id}' end);
end
$$;

COMMENT ON FUNCTION spillway.list_import_errors(p_workspace integer, p_import uuid, p_after bigint, p_limit integer) IS 'a page of the records of an import that could not be stored, in the order in which they were met; SW404 where the workspace has no such import';

CREATE FUNCTION spillway.list_imports(p_workspace integer, p_after uuid, p_limit integer) RETURNS jsonb
    LANGUAGE sql STABLE PARALLEL SAFE
    SET search_path TO ''
    AS $$
  with page as (
    select i.* from spillway.imports i
    where i.workspace_id = p_workspace and (p_after is null or i.id < p_after)
    order by i.id desc limit p_limit + 1
  )
  select jsonb_build_object(
    'items', coalesce((select jsonb_agg(spillway.import_document(p::spillway.imports) order by p.id desc)
      from (select * from page order by id desc limit p_limit) p), '[]'),
    'next', (select min(p.id::text) from (select id from page order by id desc limit p_limit) p where (select count(*) from page) > p_limit))
$$;

COMMENT ON FUNCTION spillway.list_imports(p_workspace integer, p_after uuid, p_limit integer) IS 'a page of imports, newest first, after the one given; next is the place of the next page';

CREATE FUNCTION spillway.list_notifications(p_workspace integer, p_after uuid, p_limit integer) RETURNS jsonb
    LANGUAGE sql STABLE PARALLEL SAFE
    SET search_path TO ''
    AS $$
  with page as materialized (
    select n.* from spillway.notifications n
    where n.workspace_id = p_workspace and (p_after is null or n.id < p_after)
    order by n.id desc limit p_limit + 1
  ), shown as (
    select * from page order by id desc limit p_limit
  )
  select jsonb_build_object(
    'items', coalesce((select jsonb_agg(jsonb_build_object(
        'id', s.id, 'kind', s.kind, 'import_id', s.import_id, 'title', s.title, 'message', s.message,
        'created_at', spillway.utc_text(s.created_at), 'read_at', spillway.utc_text(s.read_at),
        'links', jsonb_build_object('import', '/api/v1/imports/' || s.import_id,
          'retry', case when s.kind = 'failed' then '/api/v1/imports/' || s.import_id || '/retry' end))
      order by s.id desc) from shown s), '[]'),
    'unread', (select count(*) from spillway.notifications n where n.workspace_id = p_workspace and n.read_at is null),
    'next', (select s.id::text from shown s where (select count(*) from page) > p_limit order by s.id limit 1))
$$;

COMMENT ON FUNCTION spillway.list_notifications(p_workspace integer, p_after uuid, p_limit integer) IS 'a page of notifications, newest first, with the number of unread ones';

CREATE FUNCTION spillway.list_occurrences(p_workspace integer, p_finding uuid, p_after uuid, p_limit integer) RETURNS jsonb
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path TO ''
    AS $$
declare
  v_items jsonb;
  v_count bigint;
begin
  -- Two queries rather than one with "or": each walks its own index.
  with page as materialized (
    (select o.* from spillway.occurrences o
     where p_finding is null and o.workspace_id = p_workspace and o.id > coalesce(p_after, '00000000-0000-0000-0000-000000000000')
     order by o.id limit p_limit + 1)
    union all
    (select o.* from spillway.occurrences o
     where o.finding_id = p_finding and o.workspace_id = p_workspace and o.id > coalesce(p_after, '00000000-0000-0000-0000-000000000000')
     order by o.id limit p_limit + 1)
  ), shown as (
    select * from page order by id limit p_limit
  )
  select coalesce(jsonb_agg(jsonb_build_object(
      'id', s.id, 'finding_id', s.finding_id, 'asset_id', s.asset_id, 'asset_identity', a.identity,
      'location', jsonb_build_object('host', s.host, 'port', s.port, 'protocol', s.protocol, 'service', s.service, 'url', s.url,
        'parameter', s.parameter, 'path', s.path, 'line', s.line),
      'evidence', s.evidence, 'first_import_id', s.first_import_id, 'last_import_id', s.last_import_id,
      'first_seen_at', spillway.utc_text(s.first_seen_at), 'last_seen_at', spillway.utc_text(s.last_seen_at))
    order by s.id), '[]'), (select count(*) from page)
  into v_items, v_count
  from shown s join spillway.assets a on a.workspace_id = p_workspace and a.id = s.asset_id;
  return jsonb_build_object('items', v_items, 'next', case when v_count > p_limit then v_items #>> '{-1,id}' end);
end
$$;

COMMENT ON FUNCTION spillway.list_occurrences(p_workspace integer, p_finding uuid, p_after uuid, p_limit integer) IS 'a page of occurrences, of one finding or of all, after the one given; next is the place of the next page';

CREATE FUNCTION spillway.mark_notifications_read(p_workspace integer, p_id uuid) RETURNS jsonb
    LANGUAGE plpgsql
    SET search_path TO ''
    AS $$
begin
  update spillway.notifications n set read_at = now()
  where n.workspace_id = p_workspace and n.read_at is null and (p_id is null or n.id = p_id);
  if p_id is not null then
    perform from spillway.notifications n where n.workspace_id = p_workspace and n.id = p_id;
    if not found then
      raise exception using errcode = 'SW404', message = 'there is no such notification';
    end if;
  end if;
  return jsonb_build_object('unread', (select count(*) from spillway.notifications n where n.workspace_id = p_workspace and n.read_at is null));
end
$$;

COMMENT ON FUNCTION spillway.mark_notifications_read(p_workspace integer, p_id uuid) IS 'marks one notification read, or all of them (null); SW404 where the workspace has no such one';

CREATE FUNCTION spillway.max_failures() RETURNS smallint
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    SET search_path TO ''
    AS $$ select 3::smallint $$;

COMMENT ON FUNCTION spillway.max_failures() IS 'after so many failed attempts without progress an import fails';

CREATE FUNCTION spillway.new_id() RETURNS uuid
    LANGUAGE sql
    SET search_path TO ''
    AS $$
  -- The first 48 bits are the Unix time in milliseconds, the next four the version (RFC 9562, section 5.7); the rest stays random.
  select encode(
    set_bit(set_bit(
      overlay(uuid_send(gen_random_uuid())
        placing substring(int8send((extract(epoch from clock_timestamp()) * 1000)::bigint) from 3) from 1 for 6),
      52, 1), 53, 1), 'hex')::uuid
$$;

COMMENT ON FUNCTION spillway.new_id() IS 'a UUID of version 7: ordered by time';

CREATE FUNCTION spillway.note_problems(p_workspace integer, p_import uuid, p_problems jsonb) RETURNS bigint
    LANGUAGE sql
    SET search_path TO ''
    AS $$
  with noted as (
    insert into spillway.import_errors (workspace_id, import_id, kind, code, message, source_offset, source_line, excerpt)
    select p_workspace, p_import, 'record', p.code, p.message, p."offset", p.line, coalesce(p.excerpt, '')
    from jsonb_to_recordset(p_problems) as p (code text, message text, "offset" bigint, line bigint, excerpt text)
    on conflict do nothing
    returning id
  )
  select count(*) from noted
$$;

COMMENT ON FUNCTION spillway.note_problems(p_workspace integer, p_import uuid, p_problems jsonb) IS 'notes the records that the parser could not use, each once, and counts those that were not noted before';

CREATE FUNCTION spillway.note_refused_record(p_workspace integer, p_import uuid, p_item jsonb, p_code text, p_message text) RETURNS jsonb
    LANGUAGE sql
    SET search_path TO ''
    AS $$
  with noted as (
    insert into spillway.import_errors (workspace_id, import_id, kind, code, message, source_offset, source_line, item)
    select p_workspace, p_import, case when jsonb_array_length(p_item -> 'occurrences') > 0 then 'occurrence' else 'asset' end,
      p_code, left(p_message, 1000), (p_item #>> '{occurrences,0,source_offset}')::bigint, (p_item #>> '{occurrences,0,source_line}')::bigint,
      p_item - 'units'
    on conflict do nothing
    returning id
  )
  select jsonb_build_object('errors', count(*)) from noted
$$;

COMMENT ON FUNCTION spillway.note_refused_record(p_workspace integer, p_import uuid, p_item jsonb, p_code text, p_message text) IS 'notes a record that the database refused, once, with the record itself so that it can be tried again';

CREATE FUNCTION spillway.notify(p_workspace integer, p_import uuid, p_kind spillway.notification_kind, p_title text, p_message text) RETURNS void
    LANGUAGE sql
    SET search_path TO ''
    AS $$
  insert into spillway.notifications (workspace_id, id, kind, import_id, title, message)
  values (p_workspace, spillway.new_id(), p_kind, p_import, p_title, p_message)
$$;

COMMENT ON FUNCTION spillway.notify(p_workspace integer, p_import uuid, p_kind spillway.notification_kind, p_title text, p_message text) IS 'tells a workspace about one of its imports';

CREATE FUNCTION spillway.open_upload(p_workspace integer, p_idempotency_key text, p_size bigint) RETURNS jsonb
    LANGUAGE plpgsql STABLE
    SET search_path TO ''
    AS $$
declare
  v_max bigint := (select max_import_bytes from spillway.workspaces where id = p_workspace);
begin
  if p_size > v_max then
    raise exception using errcode = 'SW413', message = format('the report has %s bytes, this workspace takes at most %s', p_size, v_max);
  end if;
  return jsonb_build_object(
    'workspace_id', p_workspace, 'max_bytes', v_max,
    'existing', (select spillway.import_document(i) from spillway.imports i
      where i.workspace_id = p_workspace and i.idempotency_key = p_idempotency_key));
end
$$;

COMMENT ON FUNCTION spillway.open_upload(p_workspace integer, p_idempotency_key text, p_size bigint) IS 'what an upload may be before its body is read (SW413 where it says that it is too large), and the import that the same Idempotency-Key made';

CREATE FUNCTION spillway.release_import(p_import uuid, p_attempt integer) RETURNS jsonb
    LANGUAGE sql
    SET search_path TO ''
    AS $$
  with released as (
    update spillway.import_queue set claimed = false, available_at = now()
    where import_id = p_import and attempt = p_attempt and claimed
    returning import_id
  )
  select jsonb_build_object('state', case when exists (select from released) then 'released' else 'stale' end)
$$;

COMMENT ON FUNCTION spillway.release_import(p_import uuid, p_attempt integer) IS 'gives an import back with its place kept, at once and without counting a failure; stale where the attempt is over';

CREATE FUNCTION spillway.retry_import(p_workspace integer, p_import uuid) RETURNS jsonb
    LANGUAGE plpgsql
    SET search_path TO ''
    AS $$
declare
  v_import spillway.imports;
begin
  update spillway.imports i
  set state = 'queued', error = null, finished_at = null, updated_at = now(), version = i.version + 1,
    stage = case when i.checkpoint is null then 'queued' else i.stage end
  where i.workspace_id = p_workspace and i.id = p_import and i.state in ('failed', 'cancelled')
  returning i.* into v_import;
  if found then
    -- The attempts go on counting: a drain of before must not be taken for one of now.
    insert into spillway.import_queue (workspace_id, import_id, attempt) values (p_workspace, p_import, v_import.attempt);
    return spillway.import_document(v_import);
  end if;
  select i.* into v_import from spillway.imports i where i.workspace_id = p_workspace and i.id = p_import;
  if not found then
    raise exception using errcode = 'SW404', message = 'there is no such import';
  end if;
  raise exception using errcode = 'SW409', message = format('the import is %s; only a failed or cancelled one can be tried again', v_import.state);
end
$$;

COMMENT ON FUNCTION spillway.retry_import(p_workspace integer, p_import uuid) IS 'queues a failed or cancelled import again, at the place where it stopped; SW409 in any other state, SW404 where the workspace has no such import';

CREATE FUNCTION spillway.revoke_api_key(p_hash bytea) RETURNS boolean
    LANGUAGE sql
    SET search_path TO ''
    AS $$
  with revoked as (
    update spillway.api_keys set revoked_at = now() where hash = p_hash and revoked_at is null returning id
  )
  select exists (select from revoked)
$$;

COMMENT ON FUNCTION spillway.revoke_api_key(p_hash bytea) IS 'ends a key (its SHA-256) at once; false where there is none that is valid';

CREATE FUNCTION spillway.utc_text(p_at timestamp with time zone) RETURNS text
    LANGUAGE sql STABLE STRICT PARALLEL SAFE
    SET search_path TO ''
    AS $$ select to_char(p_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') $$;

COMMENT ON FUNCTION spillway.utc_text(p_at timestamp with time zone) IS 'a time as RFC 3339 text in UTC, to the millisecond';

CREATE FUNCTION spillway.workspace_of_key(p_hash bytea) RETURNS integer
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path TO ''
    AS $$
declare
  v_workspace integer;
begin
  select workspace_id into v_workspace from spillway.api_keys
  where hash = p_hash and revoked_at is null and (expires_at is null or expires_at > now());
  if not found then
    raise exception using errcode = 'SW401', message = 'the API key is unknown, revoked or expired';
  end if;
  return v_workspace;
end
$$;

COMMENT ON FUNCTION spillway.workspace_of_key(p_hash bytea) IS 'the workspace that a key (its SHA-256) opens; SW401 where it opens none';

CREATE TABLE spillway.api_keys (
    workspace_id integer NOT NULL,
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    name text NOT NULL,
    hash bytea NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    expires_at timestamp with time zone,
    revoked_at timestamp with time zone,
    CONSTRAINT api_key_hash_is_sha256 CHECK ((octet_length(hash) = 32))
);

COMMENT ON TABLE spillway.api_keys IS 'who may call the API for a workspace';

COMMENT ON COLUMN spillway.api_keys.hash IS 'SHA-256 of the key; the key itself (256 random bits) is shown once and never stored';

CREATE TABLE spillway.assets (
    workspace_id integer NOT NULL,
    id uuid NOT NULL,
    kind spillway.asset_kind NOT NULL,
    identity text NOT NULL,
    hostname text,
    attributes jsonb DEFAULT '{}'::jsonb NOT NULL,
    first_import_id uuid NOT NULL,
    last_import_id uuid NOT NULL,
    first_seen_at timestamp with time zone DEFAULT now() NOT NULL,
    last_seen_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT asset_identity_is_short CHECK (((length(identity) >= 1) AND (length(identity) <= 1024)))
)
WITH (fillfactor='85');

COMMENT ON TABLE spillway.assets IS 'what was scanned: a host, site, repository, image or cloud resource';

COMMENT ON COLUMN spillway.assets.id IS 'hash of kind and identity';

COMMENT ON COLUMN spillway.assets.last_import_id IS 'the newest import that saw it';

CREATE TABLE spillway.findings (
    workspace_id integer NOT NULL,
    id uuid NOT NULL,
    tool text NOT NULL,
    kind spillway.finding_kind NOT NULL,
    rule_id text NOT NULL,
    title text NOT NULL,
    severity spillway.severity NOT NULL,
    status spillway.finding_status DEFAULT 'open'::spillway.finding_status NOT NULL,
    decided_at timestamp with time zone,
    description text DEFAULT ''::text NOT NULL,
    solution text DEFAULT ''::text NOT NULL,
    vulnerability_ids text[] DEFAULT '{}'::text[] NOT NULL,
    cwes integer[] DEFAULT '{}'::integer[] NOT NULL,
    cvss jsonb DEFAULT '[]'::jsonb NOT NULL,
    reference_urls text[] DEFAULT '{}'::text[] NOT NULL,
    component jsonb,
    attributes jsonb DEFAULT '{}'::jsonb NOT NULL,
    source_offset bigint NOT NULL,
    first_import_id uuid NOT NULL,
    last_import_id uuid NOT NULL,
    first_seen_at timestamp with time zone DEFAULT now() NOT NULL,
    last_seen_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT finding_title_is_short CHECK (((length(title) >= 1) AND (length(title) <= 1024)))
)
WITH (fillfactor='85');

COMMENT ON TABLE spillway.findings IS 'what is wrong, once a workspace; where it was seen is in occurrences';

COMMENT ON COLUMN spillway.findings.id IS 'the fingerprint: hash of tool, rule and what the kind of finding adds';

COMMENT ON COLUMN spillway.findings.decided_at IS 'when a person set the status, which no import then overwrites; null: the status comes from the imports';

COMMENT ON COLUMN spillway.findings.cvss IS 'scores as a list of version, vector, score, newest version first';

COMMENT ON COLUMN spillway.findings.source_offset IS 'where the texts stand in the report of last_import_id: of several records of one finding the first counts';

COMMENT ON COLUMN spillway.findings.last_import_id IS 'the newest import that saw it; its words are stored';

CREATE TABLE spillway.import_assets (
    workspace_id integer NOT NULL,
    import_id uuid NOT NULL,
    asset_id uuid NOT NULL,
    seen_as spillway.seen_as NOT NULL
);

COMMENT ON TABLE spillway.import_assets IS 'the assets that an import saw, each once: what makes its counts exact, however often and in whatever order its records are stored';

CREATE TABLE spillway.import_errors (
    workspace_id integer NOT NULL,
    import_id uuid NOT NULL,
    id bigint NOT NULL,
    kind text NOT NULL,
    code text NOT NULL,
    message text NOT NULL,
    source_offset bigint,
    source_line bigint,
    excerpt text DEFAULT ''::text NOT NULL,
    item jsonb,
    created_at timestamp with time zone DEFAULT now() NOT NULL
);

COMMENT ON TABLE spillway.import_errors IS 'the records of a report that could not be used';

COMMENT ON COLUMN spillway.import_errors.kind IS 'record: the report is wrong there; asset or occurrence: the database refused it';

COMMENT ON COLUMN spillway.import_errors.code IS 'the parser''s problem code or the SQLSTATE';

COMMENT ON COLUMN spillway.import_errors.item IS 'the record as a batch of its own, so that it can be stored once the cause is gone';

ALTER TABLE spillway.import_errors ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME spillway.import_errors_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE spillway.import_findings (
    workspace_id integer NOT NULL,
    import_id uuid NOT NULL,
    finding_id uuid NOT NULL,
    seen_as spillway.seen_as NOT NULL
);

COMMENT ON TABLE spillway.import_findings IS 'the findings that an import saw, each once: what makes its counts exact, however often and in whatever order its records are stored';

CREATE TABLE spillway.import_queue (
    workspace_id integer NOT NULL,
    import_id uuid NOT NULL,
    priority smallint DEFAULT 100 NOT NULL,
    available_at timestamp with time zone DEFAULT now() NOT NULL,
    claimed boolean DEFAULT false NOT NULL,
    attempt integer DEFAULT 0 NOT NULL,
    failures smallint DEFAULT 0 NOT NULL
)
WITH (fillfactor='50', autovacuum_vacuum_scale_factor='0', autovacuum_vacuum_threshold='1000');

COMMENT ON TABLE spillway.import_queue IS 'the imports that are still to be worked on: narrow and hot';

COMMENT ON COLUMN spillway.import_queue.priority IS 'smaller is sooner';

COMMENT ON COLUMN spillway.import_queue.available_at IS 'when it may be claimed: schedule, end of the wait after a failure, and end of the lease in one';

COMMENT ON COLUMN spillway.import_queue.claimed IS 'a drain holds it until available_at';

COMMENT ON COLUMN spillway.import_queue.attempt IS 'the fencing token: every write for the import must present it';

COMMENT ON COLUMN spillway.import_queue.failures IS 'failed attempts since the last progress';

CREATE TABLE spillway.notifications (
    workspace_id integer NOT NULL,
    id uuid NOT NULL,
    kind spillway.notification_kind NOT NULL,
    import_id uuid NOT NULL,
    title text NOT NULL,
    message text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    read_at timestamp with time zone
);

COMMENT ON TABLE spillway.notifications IS 'what people of a workspace are told';

CREATE TABLE spillway.occurrences (
    workspace_id integer NOT NULL,
    id uuid NOT NULL,
    finding_id uuid NOT NULL,
    asset_id uuid NOT NULL,
    host text,
    port integer,
    protocol text,
    service text,
    url text,
    parameter text,
    path text,
    line bigint,
    evidence text DEFAULT ''::text NOT NULL,
    first_import_id uuid NOT NULL,
    last_import_id uuid NOT NULL,
    first_seen_at timestamp with time zone DEFAULT now() NOT NULL,
    last_seen_at timestamp with time zone DEFAULT now() NOT NULL
)
WITH (fillfactor='90');

COMMENT ON TABLE spillway.occurrences IS 'where a finding was seen. No foreign keys: only ingest_batch writes here, finding and asset in the same statement; checking each row again costs a third of the time';

COMMENT ON COLUMN spillway.occurrences.id IS 'hash of finding, asset and location';

CREATE TABLE spillway.schema_migrations (
    version integer NOT NULL,
    name text NOT NULL,
    sha256 text NOT NULL,
    applied_at timestamp with time zone DEFAULT now() NOT NULL
);

COMMENT ON TABLE spillway.schema_migrations IS 'What the schema was made of. Version 0 stands for all functions together';

COMMENT ON COLUMN spillway.schema_migrations.version IS 'Number at the start of the file''s name; 0 for the functions';

COMMENT ON COLUMN spillway.schema_migrations.name IS 'Name of the file';

COMMENT ON COLUMN spillway.schema_migrations.sha256 IS 'SHA-256 of what was applied, in hexadecimal digits';

COMMENT ON COLUMN spillway.schema_migrations.applied_at IS 'When it was applied';

CREATE TABLE spillway.workspaces (
    id integer NOT NULL,
    name text NOT NULL,
    max_import_bytes bigint DEFAULT '5368709120'::bigint NOT NULL,
    max_running_imports smallint DEFAULT 4 NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT workspace_limits_are_positive CHECK (((max_import_bytes > 0) AND (max_running_imports > 0))),
    CONSTRAINT workspace_name_is_short CHECK (((length(name) >= 1) AND (length(name) <= 200)))
);

COMMENT ON TABLE spillway.workspaces IS 'a team; it sees nothing of another';

COMMENT ON COLUMN spillway.workspaces.max_import_bytes IS 'the largest report it may upload, in bytes after Content-Encoding is undone';

COMMENT ON COLUMN spillway.workspaces.max_running_imports IS 'how many of its imports are worked on at a time';

ALTER TABLE spillway.workspaces ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME spillway.workspaces_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

ALTER TABLE ONLY spillway.api_keys
    ADD CONSTRAINT api_key_hashes_are_unique UNIQUE (hash);

ALTER TABLE ONLY spillway.api_keys
    ADD CONSTRAINT api_keys_pkey PRIMARY KEY (workspace_id, id);

ALTER TABLE ONLY spillway.assets
    ADD CONSTRAINT assets_pkey PRIMARY KEY (workspace_id, id);

ALTER TABLE ONLY spillway.findings
    ADD CONSTRAINT findings_pkey PRIMARY KEY (workspace_id, id);

ALTER TABLE ONLY spillway.imports
    ADD CONSTRAINT idempotency_keys_are_used_once UNIQUE (workspace_id, idempotency_key);

ALTER TABLE ONLY spillway.import_assets
    ADD CONSTRAINT import_assets_pkey PRIMARY KEY (workspace_id, import_id, asset_id);

ALTER TABLE ONLY spillway.import_errors
    ADD CONSTRAINT import_errors_are_noted_once UNIQUE NULLS NOT DISTINCT (workspace_id, import_id, kind, source_offset, code);

ALTER TABLE ONLY spillway.import_errors
    ADD CONSTRAINT import_errors_pkey PRIMARY KEY (workspace_id, import_id, id);

ALTER TABLE ONLY spillway.import_findings
    ADD CONSTRAINT import_findings_pkey PRIMARY KEY (workspace_id, import_id, finding_id);

ALTER TABLE ONLY spillway.import_queue
    ADD CONSTRAINT import_queue_pkey PRIMARY KEY (import_id);

ALTER TABLE ONLY spillway.imports
    ADD CONSTRAINT imports_pkey PRIMARY KEY (workspace_id, id);

ALTER TABLE ONLY spillway.notifications
    ADD CONSTRAINT notifications_pkey PRIMARY KEY (workspace_id, id);

ALTER TABLE ONLY spillway.occurrences
    ADD CONSTRAINT occurrences_pkey PRIMARY KEY (workspace_id, id);

ALTER TABLE ONLY spillway.schema_migrations
    ADD CONSTRAINT schema_migrations_are_applied_once PRIMARY KEY (version);

ALTER TABLE ONLY spillway.workspaces
    ADD CONSTRAINT workspace_names_are_unique UNIQUE (name);

ALTER TABLE ONLY spillway.workspaces
    ADD CONSTRAINT workspaces_pkey PRIMARY KEY (id);

CREATE INDEX findings_by_severity ON spillway.findings USING btree (workspace_id, severity DESC, id);

CREATE INDEX import_queue_claim ON spillway.import_queue USING btree (priority, available_at, import_id);

CREATE INDEX import_queue_running ON spillway.import_queue USING btree (workspace_id, available_at) WHERE claimed;

CREATE INDEX notifications_unread ON spillway.notifications USING btree (workspace_id) WHERE (read_at IS NULL);

CREATE INDEX occurrences_by_finding ON spillway.occurrences USING btree (workspace_id, finding_id, id);

ALTER TABLE ONLY spillway.api_keys
    ADD CONSTRAINT api_keys_belong_to_a_workspace FOREIGN KEY (workspace_id) REFERENCES spillway.workspaces(id) ON DELETE CASCADE;

ALTER TABLE ONLY spillway.import_errors
    ADD CONSTRAINT import_errors_belong_to_an_import FOREIGN KEY (workspace_id, import_id) REFERENCES spillway.imports(workspace_id, id) ON DELETE CASCADE;

ALTER TABLE ONLY spillway.imports
    ADD CONSTRAINT imports_belong_to_a_workspace FOREIGN KEY (workspace_id) REFERENCES spillway.workspaces(id);

ALTER TABLE ONLY spillway.notifications
    ADD CONSTRAINT notifications_belong_to_an_import FOREIGN KEY (workspace_id, import_id) REFERENCES spillway.imports(workspace_id, id) ON DELETE CASCADE;

ALTER TABLE ONLY spillway.import_queue
    ADD CONSTRAINT queued_imports_exist FOREIGN KEY (workspace_id, import_id) REFERENCES spillway.imports(workspace_id, id) ON DELETE CASCADE;
