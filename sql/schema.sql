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

CREATE TYPE spillway.import_kind AS ENUM (
    'report'
);

COMMENT ON TYPE spillway.import_kind IS 'what an import brings: report, a report of a security scanner';

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

CREATE TYPE spillway.severity AS ENUM (
    'info',
    'low',
    'medium',
    'high',
    'critical'
);

COMMENT ON TYPE spillway.severity IS 'from harmless to worst';

CREATE TYPE spillway.new_finding AS (
	identity uuid,
	tool text,
	kind spillway.finding_kind,
	rule_id text,
	title text,
	severity spillway.severity,
	status spillway.finding_status,
	description text,
	solution text,
	vulnerability_ids text[],
	cwes integer[],
	cvss jsonb,
	"references" text[],
	component jsonb,
	attributes jsonb,
	"offset" bigint
);

COMMENT ON TYPE spillway.new_finding IS 'a finding on its way in: identity is its id, offset where in the report the record stands that it was read from';

CREATE TYPE spillway.new_occurrence AS (
	id uuid,
	finding_id uuid,
	asset_id uuid,
	host text,
	port integer,
	protocol text,
	service text,
	url text,
	parameter text,
	path text,
	line bigint,
	evidence text,
	source_offset bigint,
	source_line bigint
);

COMMENT ON TYPE spillway.new_occurrence IS 'an occurrence on its way in: the columns of the table, and where in the report it stands';

CREATE TYPE spillway.notification_kind AS ENUM (
    'completed',
    'warning',
    'failed',
    'closed'
);

COMMENT ON TYPE spillway.notification_kind IS 'completed; completed with errors; failed; findings closed';

CREATE TYPE spillway.occurrence_columns AS (
	id uuid[],
	finding_id uuid[],
	asset_id uuid[],
	host text[],
	port integer[],
	protocol text[],
	service text[],
	url text[],
	parameter text[],
	path text[],
	line bigint[],
	evidence text[],
	source_offset bigint[],
	source_line bigint[]
);

COMMENT ON TYPE spillway.occurrence_columns IS 'occurrences on their way in, column by column (see new_occurrence): arrays of one length, or null or empty where a column is null in all of them';

CREATE TYPE spillway.page AS (
	items text,
	next text
);

COMMENT ON TYPE spillway.page IS 'a page of a list: its items as a JSON array, and the place after which the next page begins; null where there is none';

CREATE TYPE spillway.seen_as AS ENUM (
    'new',
    'updated',
    'reopened',
    'unchanged'
);

COMMENT ON TYPE spillway.seen_as IS 'what an import meant for something that it saw: new; known, and changed by it; closed, and open again; known, and the same';

CREATE TYPE spillway.unit AS (
	workspace_id integer,
	import_id uuid,
	attempt integer,
	segment smallint,
	checkpoint bytea,
	bytes_read bigint,
	ends_at bigint,
	format text,
	entry_name text,
	entry_starts_at bigint,
	keeps_errors boolean
);

COMMENT ON TYPE spillway.unit IS 'a unit of work that is open: the segment that it is of as it was before, where it ends, and keeps_errors: whether the import has room for more errors';

CREATE FUNCTION spillway.add_counts(p_one jsonb, p_other jsonb) RETURNS jsonb
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    SET search_path TO ''
    AS $$
begin
  return (
    select coalesce(jsonb_object_agg(key, case
        when jsonb_typeof(coalesce(a.value, b.value)) = 'object' then spillway.add_counts(coalesce(a.value, '{}'), coalesce(b.value, '{}'))
        else to_jsonb(coalesce(a.value::text::bigint, 0) + coalesce(b.value::text::bigint, 0)) end), '{}')
    from jsonb_each(p_one) a full join jsonb_each(p_other) b using (key)
  );
end
$$;

COMMENT ON FUNCTION spillway.add_counts(p_one jsonb, p_other jsonb) IS 'two documents of counts added up, number by number';

CREATE FUNCTION spillway.add_import_counts(p_workspace integer, p_import uuid, p_counts jsonb, p_tools jsonb DEFAULT NULL::jsonb, p_only_new_findings boolean DEFAULT true, p_only_new_occurrences boolean DEFAULT true) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO ''
    AS $$
begin
  update spillway.imports i
  set assets_new = i.assets_new + coalesce((p_counts #> '{assets,new}')::bigint, 0),
    assets_updated = i.assets_updated + coalesce((p_counts #> '{assets,updated}')::bigint, 0),
    assets_unchanged = i.assets_unchanged + coalesce((p_counts #> '{assets,unchanged}')::bigint, 0),
    findings_new = i.findings_new + coalesce((p_counts #> '{findings,new}')::bigint, 0),
    findings_updated = i.findings_updated + coalesce((p_counts #> '{findings,updated}')::bigint, 0),
    findings_reopened = i.findings_reopened + coalesce((p_counts #> '{findings,reopened}')::bigint, 0),
    findings_unchanged = i.findings_unchanged + coalesce((p_counts #> '{findings,unchanged}')::bigint, 0),
    occurrences_new = i.occurrences_new + coalesce((p_counts #> '{occurrences,new}')::bigint, 0),
    occurrences_updated = i.occurrences_updated + coalesce((p_counts #> '{occurrences,updated}')::bigint, 0),
    occurrences_unchanged = i.occurrences_unchanged + coalesce((p_counts #> '{occurrences,unchanged}')::bigint, 0),
    errors = i.errors + (select coalesce(sum(value::bigint), 0) from jsonb_each_text(p_counts -> 'errors')),
    error_counts = (
      select coalesce(jsonb_object_agg(key, value) filter (where value <> '0'), '{}')
      from jsonb_each(spillway.add_counts(i.error_counts, coalesce(p_counts -> 'errors', '{}')))),
    tools = case when p_tools is null then i.tools else array(
      select distinct unnest(i.tools || array(select jsonb_array_elements_text(p_tools))) order by 1 limit 1000) end,
    -- Findings are what a report brings first: whoever adds a batch of it has come so far.
    stage = case when p_tools is null then i.stage else 'findings' end,
    only_new_findings = i.only_new_findings and p_only_new_findings, only_new_occurrences = i.only_new_occurrences and p_only_new_occurrences,
    updated_at = clock_timestamp(), version = i.version + 1
  where i.workspace_id = p_workspace and i.id = p_import;
end
$$;

COMMENT ON FUNCTION spillway.add_import_counts(p_workspace integer, p_import uuid, p_counts jsonb, p_tools jsonb, p_only_new_findings boolean, p_only_new_occurrences boolean) IS 'adds {assets, findings, occurrences: {new, updated, …}, errors: {code: number}} to the counts of an import of a report; of a batch also the tools that it names, and whether all its findings and occurrences were new';

CREATE FUNCTION spillway.admit_imports(p_workspace integer) RETURNS integer
    LANGUAGE plpgsql
    SET search_path TO ''
    AS $$
declare
  v_workspace spillway.workspaces;
  v_count integer;
begin
  -- The lock makes the limit strict: two that admit at once would both find the last place free.
  select w.* into v_workspace from spillway.workspaces w where w.id = p_workspace for no key update;
  -- Chosen once, whatever the plan: looked for again for each segment, the next look would pass over an import whose first is admitted by then.
  with next_imports as materialized (
    select n.import_id from spillway.import_queue n
    where n.workspace_id = p_workspace and not n.admitted
      -- Each import by its first segment.
      and not exists (select from spillway.import_queue f where f.import_id = n.import_id and f.segment < n.segment)
    order by n.priority, n.import_id
    limit greatest(v_workspace.max_running_imports
      - (select count(distinct a.import_id) from spillway.import_queue a where a.workspace_id = p_workspace and a.admitted), 0)
    -- What is locked is being cancelled, and whoever does that comes here next.
    for no key update skip locked
  )
  update spillway.import_queue q set admitted = true, turn_at = v_workspace.served_at
  from next_imports n where q.import_id = n.import_id;
  get diagnostics v_count = row_count;
  return v_count;
end
$$;

COMMENT ON FUNCTION spillway.admit_imports(p_workspace integer) IS 'lets the next imports of a workspace be claimed, the most urgent and oldest first, as many as have room; to be called whenever one comes or ends';

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
    seen_as spillway.seen_as DEFAULT 'new'::spillway.seen_as NOT NULL,
    hostname_import_id uuid,
    attribute_imports jsonb DEFAULT '{}'::jsonb NOT NULL,
    CONSTRAINT asset_identity_is_short CHECK (((length(identity) >= 1) AND (length(identity) <= 1024)))
)
WITH (fillfactor='50');

COMMENT ON TABLE spillway.assets IS 'what was scanned: a host, site, repository, image or cloud resource';

COMMENT ON COLUMN spillway.assets.id IS 'hash of kind and identity';

COMMENT ON COLUMN spillway.assets.last_import_id IS 'the newest import that saw it';

COMMENT ON COLUMN spillway.assets.seen_as IS 'what last_import_id meant for it';

COMMENT ON COLUMN spillway.assets.hostname_import_id IS 'the newest import that named it';

COMMENT ON COLUMN spillway.assets.attribute_imports IS 'for each attribute the newest import that told it';

CREATE FUNCTION spillway.asset_document(a spillway.assets) RETURNS json
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$
  select pg_catalog.json_build_object(
    'id', a.id, 'kind', a.kind, 'identity', a.identity, 'hostname', a.hostname, 'attributes', a.attributes,
    'first_import_id', a.first_import_id, 'last_import_id', a.last_import_id,
    'first_seen_at', spillway.utc_text(a.first_seen_at), 'last_seen_at', spillway.utc_text(a.last_seen_at))
$$;

COMMENT ON FUNCTION spillway.asset_document(a spillway.assets) IS 'an asset as the API shows it';

CREATE FUNCTION spillway.batch_insert_assets(p_workspace integer, p_import uuid, p_assets jsonb) RETURNS jsonb
    LANGUAGE plpgsql
    SET search_path TO ''
    AS $$
declare
  v_counts jsonb;
begin
  with given as materialized (
    select g.id, g.kind, g.identity, g.hostname, coalesce(g.attributes, '{}') as attributes,
      (select coalesce(jsonb_object_agg(k, p_import), '{}') from jsonb_object_keys(coalesce(g.attributes, '{}')) k) as attribute_imports
    from jsonb_to_recordset(p_assets) as g (id uuid, kind spillway.asset_kind, identity text, hostname text, attributes jsonb)
  ), stored as (
    insert into spillway.assets as a (
      workspace_id, id, kind, identity, hostname, hostname_import_id, attributes, attribute_imports, first_import_id, last_import_id)
    -- In the order of the key: two batches that store the same rows wait for each other instead of dying together.
    select p_workspace, g.id, g.kind, g.identity, g.hostname, case when g.hostname is not null then p_import end, g.attributes,
      g.attribute_imports, p_import, p_import
    from given g order by g.id
    -- Fact by fact the newest import that tells it counts, in whatever order imports arrive.
    on conflict (workspace_id, id) do update
    set (hostname, hostname_import_id, attributes, attribute_imports, seen_as) = (
        select
          case when n.is_named then excluded.hostname else a.hostname end,
          case when n.is_named then p_import else a.hostname_import_id end,
          a.attributes || n.attributes,
          a.attribute_imports || (select coalesce(jsonb_object_agg(k, p_import), '{}') from jsonb_object_keys(n.attributes) k),
          case
            when a.last_import_id >= p_import then a.seen_as
            when a.attributes @> n.attributes and not (n.is_named and a.hostname is distinct from excluded.hostname) then 'unchanged'
            else 'updated' end::spillway.seen_as
        from (
          select spillway.later_attributes(a.attribute_imports, excluded.attributes, p_import) as attributes,
            excluded.hostname is not null and coalesce(a.hostname_import_id <= p_import, true) as is_named
        ) as n),
      last_import_id = greatest(a.last_import_id, p_import),
      last_seen_at = case when a.last_import_id < p_import then excluded.last_seen_at else a.last_seen_at end
    where a.last_import_id < p_import
      or not a.attributes @> excluded.attributes or not a.attribute_imports @> excluded.attribute_imports
      or excluded.hostname is not null and (a.hostname_import_id is distinct from p_import or a.hostname <> excluded.hostname)
    returning a.id, a.last_import_id, a.seen_as
  ), seen as (
    insert into spillway.import_assets as s (workspace_id, import_id, asset_id, seen_as)
    select p_workspace, p_import, g.id, case when w.last_import_id = p_import then w.seen_as else 'unchanged' end
    from given g left join stored w on w.id = g.id
    order by g.id
    on conflict do nothing
    returning s.seen_as
  )
  select jsonb_build_object(
    'new', count(*) filter (where seen_as = 'new'),
    'updated', count(*) filter (where seen_as = 'updated'),
    'unchanged', count(*) filter (where seen_as = 'unchanged'))
  into v_counts from seen;
  return v_counts;
end
$$;

COMMENT ON FUNCTION spillway.batch_insert_assets(p_workspace integer, p_import uuid, p_assets jsonb) IS 'stores assets [{id, kind, identity, hostname, attributes}], each id once, and counts those that the import saw for the first time; of each fact the newest import''s word is kept';

CREATE FUNCTION spillway.batch_insert_findings(p_workspace integer, p_import uuid, p_findings jsonb) RETURNS jsonb
    LANGUAGE plpgsql
    SET search_path TO ''
    SET enable_seqscan TO 'off'
    AS $$
declare
  -- What an empty field of a finding is, which is not sent.
  c_defaults constant spillway.new_finding := row(
    null, null, null, null, null, null, null, '', '', '{}'::text[], '{}'::integer[], '[]'::jsonb, '{}'::text[], null, '{}'::jsonb, null);
  v_counts jsonb;
  v_new integer;
begin
  if (select i.only_new_findings from spillway.imports i where i.workspace_id = p_workspace and i.id = p_import) then
    -- Not to look first whether each is there saves a quarter of the time of short findings (PostgreSQL 15, those of Gitleaks).
    begin
      with stored as (
        insert into spillway.findings (
          workspace_id, id, tool, kind, rule_id, title, severity, status, description, solution, vulnerability_ids, cwes, cvss, reference_urls,
          component, attributes, source_offset, first_import_id, last_import_id)
        select p_workspace, g.identity, g.tool, g.kind, g.rule_id, g.title, g.severity, g.status, g.description, g.solution, g.vulnerability_ids,
          g.cwes, g.cvss, g."references", g.component, g.attributes, g."offset", p_import, p_import
        from jsonb_populate_recordset(c_defaults, p_findings) g order by g.identity
        returning id, severity, source_offset
      )
      -- Made of what is stored, so that this comes after it, as it does below: who writes in another order may wait in a circle.
      insert into spillway.import_findings (workspace_id, import_id, finding_id, seen_as, severity, source_offset)
      select p_workspace, p_import, s.id, 'new', s.severity, s.source_offset from stored s order by s.id;
      get diagnostics v_new = row_count;
      return jsonb_build_object('new', v_new);
    exception when unique_violation then
      -- Some are there: nothing of this is kept.
    end;
  end if;
  with given as materialized (
    select * from jsonb_populate_recordset(c_defaults, p_findings)
  ), news as (
    -- What is stored already as it is to be is not even locked: segments of one import, and imports of one workspace, share most findings.
    -- It stays so, whatever others write meanwhile.
    select g.* from given g
    -- One by one (limit) by the index of their key (enable_seqscan): the plan is kept, and when it is made the table is as good as empty. A join
    -- was then one with all findings of the workspace, for every batch.
    left join lateral (
      select f.last_import_id, f.source_offset from spillway.findings f where f.workspace_id = p_workspace and f.id = g.identity limit 1
    ) k on true
    where k.last_import_id is null or k.last_import_id < p_import or k.last_import_id = p_import and k.source_offset > g."offset"
  ), stored as (
    insert into spillway.findings as f (
      workspace_id, id, tool, kind, rule_id, title, severity, status, description, solution, vulnerability_ids, cwes, cvss, reference_urls,
      component, attributes, source_offset, first_import_id, last_import_id)
    -- In the order of the key: two batches that store the same rows wait for each other instead of dying together.
    select p_workspace, g.identity, g.tool, g.kind, g.rule_id, g.title, g.severity, g.status, g.description, g.solution, g.vulnerability_ids,
      g.cwes, g.cvss, g."references", g.component, g.attributes, g."offset", p_import, p_import
    from news g order by g.identity
    on conflict (workspace_id, id) do update
    set title = excluded.title, severity = excluded.severity,
      -- The old value where it is the same: PostgreSQL then leaves a text that it keeps outside of the row where it is.
      description = case when f.description = excluded.description then f.description else excluded.description end,
      solution = case when f.solution = excluded.solution then f.solution else excluded.solution end,
      reference_urls = case when f.reference_urls = excluded.reference_urls then f.reference_urls else excluded.reference_urls end,
      attributes = case when f.attributes = excluded.attributes then f.attributes else excluded.attributes end,
      vulnerability_ids = excluded.vulnerability_ids, cwes = excluded.cwes, cvss = excluded.cvss, component = excluded.component,
      (status, decided_at, closed_import_id, seen_as) = (
        select n.status, case when n.status = f.status then f.decided_at end, case when n.status = f.status then f.closed_import_id end,
          case
            when f.last_import_id = p_import then f.seen_as
            when f.status = 'closed' and n.status = 'open' then 'reopened'
            when n.status = f.status and f.title = excluded.title and f.severity = excluded.severity
              and f.description = excluded.description and f.solution = excluded.solution
              and f.vulnerability_ids = excluded.vulnerability_ids and f.cwes = excluded.cwes and f.cvss = excluded.cvss
              and f.reference_urls = excluded.reference_urls and f.component is not distinct from excluded.component
              and f.attributes = excluded.attributes then 'unchanged'
            else 'updated' end::spillway.seen_as
        from (
          select case
            -- A person's decision stays; what a person closed is opened only by a report of later.
            when f.decided_at is not null and (f.status <> 'closed' or f.decided_at > spillway.time_of_id(p_import)) then f.status
            -- A newer import has missed it already.
            when f.closed_import_id > p_import then f.status
            else excluded.status end
        ) as n (status)),
      source_offset = excluded.source_offset, last_import_id = p_import,
      last_seen_at = case when f.last_import_id = p_import then f.last_seen_at else excluded.last_seen_at end
    -- The newest import wins, in it the first record: in whatever order the batches of several imports arrive, the same is stored.
    where f.last_import_id < p_import or f.last_import_id = p_import and f.source_offset > excluded.source_offset
    returning f.id, f.seen_as
  ), seen as (
    insert into spillway.import_findings as s (workspace_id, import_id, finding_id, seen_as, severity, source_offset)
    select p_workspace, p_import, g.identity, coalesce(w.seen_as, 'unchanged'), g.severity, g."offset"
    from given g left join stored w on w.id = g.identity
    order by g.identity
    -- Of two records of one report the first says how bad it is, whichever came first.
    on conflict (workspace_id, import_id, finding_id) do update set severity = excluded.severity, source_offset = excluded.source_offset
    where s.source_offset > excluded.source_offset
    -- A row that was there before has been counted.
    returning case when s.xmax = 0 then s.seen_as end as seen_as
  )
  select jsonb_build_object(
    'new', count(*) filter (where seen_as = 'new'),
    'updated', count(*) filter (where seen_as = 'updated'),
    'reopened', count(*) filter (where seen_as = 'reopened'),
    'unchanged', count(*) filter (where seen_as = 'unchanged'))
  into v_counts from seen;
  return v_counts;
end
$$;

COMMENT ON FUNCTION spillway.batch_insert_findings(p_workspace integer, p_import uuid, p_findings jsonb) IS 'stores findings, each identity once, and counts those that the import saw for the first time; the newest import wins';

CREATE FUNCTION spillway.batch_insert_occurrences(p_workspace integer, p_import uuid, p_occurrences spillway.occurrence_columns) RETURNS jsonb
    LANGUAGE plpgsql
    SET search_path TO ''
    AS $$
declare
  v_counts jsonb;
  v_stored integer;
begin
  if (select i.only_new_occurrences from spillway.imports i where i.workspace_id = p_workspace and i.id = p_import) then
    -- Not to look first whether each is there saves a fifth of the time (PostgreSQL 15, 2,000 rows of 400 bytes). And unnest as columns of a select: in
    -- its from, each would be gathered first, which takes four times as long (0.9 ms instead of 0.24).
    begin
      insert into spillway.occurrences (
        workspace_id, id, finding_id, asset_id, host, port, protocol, service, url, parameter, path, line, evidence, source_offset,
        first_import_id, last_import_id)
      select p_workspace, g.id, g.finding_id, g.asset_id, g.host, g.port, g.protocol, g.service, g.url, g.parameter, g.path, g.line,
        coalesce(g.evidence, ''), coalesce(g.source_offset, 0), p_import, p_import
      from (
        select unnest(p_occurrences.id) as id, unnest(p_occurrences.finding_id) as finding_id, unnest(p_occurrences.asset_id) as asset_id,
          unnest(p_occurrences.host) as host, unnest(p_occurrences.port) as port, unnest(p_occurrences.protocol) as protocol,
          unnest(p_occurrences.service) as service, unnest(p_occurrences.url) as url, unnest(p_occurrences.parameter) as parameter,
          unnest(p_occurrences.path) as path, unnest(p_occurrences.line) as line, unnest(p_occurrences.evidence) as evidence,
          unnest(p_occurrences.source_offset) as source_offset
      ) g
      order by g.id;
      get diagnostics v_stored = row_count;
      return jsonb_build_object('new', v_stored);
    exception when unique_violation then
      -- Some are there: nothing of this is kept.
    end;
  end if;
  with stored as (
    insert into spillway.occurrences as o (
      workspace_id, id, finding_id, asset_id, host, port, protocol, service, url, parameter, path, line, evidence, source_offset,
      first_import_id, last_import_id)
    -- In the order of the key: two batches that store the same rows wait for each other instead of dying together.
    select p_workspace, g.id, g.finding_id, g.asset_id, g.host, g.port, g.protocol, g.service, g.url, g.parameter, g.path, g.line,
      coalesce(g.evidence, ''), coalesce(g.source_offset, 0), p_import, p_import
    from (
      select unnest(p_occurrences.id) as id, unnest(p_occurrences.finding_id) as finding_id, unnest(p_occurrences.asset_id) as asset_id,
        unnest(p_occurrences.host) as host, unnest(p_occurrences.port) as port, unnest(p_occurrences.protocol) as protocol,
        unnest(p_occurrences.service) as service, unnest(p_occurrences.url) as url, unnest(p_occurrences.parameter) as parameter,
        unnest(p_occurrences.path) as path, unnest(p_occurrences.line) as line, unnest(p_occurrences.evidence) as evidence,
        unnest(p_occurrences.source_offset) as source_offset
    ) g
    order by g.id
    on conflict (workspace_id, id) do update
    set service = excluded.service,
      evidence = case when o.evidence = excluded.evidence then o.evidence else excluded.evidence end,
      seen_as = case when o.evidence = excluded.evidence and o.service is not distinct from excluded.service then 'unchanged'
        else 'updated' end::spillway.seen_as,
      source_offset = excluded.source_offset, last_import_id = p_import, last_seen_at = excluded.last_seen_at
    where o.last_import_id < p_import
    returning o.seen_as
  )
  select jsonb_build_object(
      'new', count(*) filter (where seen_as = 'new'),
      'updated', count(*) filter (where seen_as = 'updated'),
      'unchanged', count(*) filter (where seen_as = 'unchanged')),
    count(*)
  into v_counts, v_stored from stored;
  if v_stored = coalesce(cardinality(p_occurrences.id), 0) then
    return v_counts;
  end if;
  return spillway.add_counts(v_counts, spillway.keep_first_occurrences(p_workspace, p_import, p_occurrences));
end
$$;

COMMENT ON FUNCTION spillway.batch_insert_occurrences(p_workspace integer, p_import uuid, p_occurrences spillway.occurrence_columns) IS 'stores occurrences, each id once, and counts them; their findings and assets are stored before. What a report shows in two batches is counted twice only where a newer import has seen it in between';

CREATE FUNCTION spillway.batch_part(p_batch jsonb, p_occurrences spillway.occurrence_columns) RETURNS jsonb
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    SET search_path TO ''
    AS $$
  select jsonb_build_object(
    'assets', coalesce((select jsonb_agg(a) from jsonb_array_elements(p_batch -> 'assets') a
      where (a ->> 'id')::uuid in (select unnest(p_occurrences.asset_id))), '[]'),
    'findings', coalesce((select jsonb_agg(f) from jsonb_array_elements(p_batch -> 'findings') f
      where (f ->> 'identity')::uuid in (select unnest(p_occurrences.finding_id))), '[]'))
$$;

COMMENT ON FUNCTION spillway.batch_part(p_batch jsonb, p_occurrences spillway.occurrence_columns) IS 'what these occurrences need of a batch: their assets and findings';

CREATE FUNCTION spillway.cancel_import(p_workspace integer, p_import uuid) RETURNS jsonb
    LANGUAGE plpgsql
    SET search_path TO ''
    AS $$
declare
  v_import spillway.imports;
begin
  -- Without its queue rows no drain can write for the import any more: a running one learns it with its next batch.
  perform from spillway.import_queue q where q.workspace_id = p_workspace and q.import_id = p_import order by q.segment for update;
  delete from spillway.import_queue where workspace_id = p_workspace and import_id = p_import;
  update spillway.imports i
  set state = 'cancelled', finished_at = now(), updated_at = now(), version = i.version + 1
  where i.workspace_id = p_workspace and i.id = p_import and i.state in ('queued', 'running')
  returning i.* into v_import;
  if not found then
    perform spillway.refuse_step(p_workspace, p_import, 'only a queued or running one can be cancelled');
  end if;
  perform spillway.admit_imports(p_workspace);
  return spillway.import_document(v_import);
end
$$;

COMMENT ON FUNCTION spillway.cancel_import(p_workspace integer, p_import uuid) IS 'ends a queued or running import and keeps what it stored; SW409 where it has ended, SW404 where the workspace has no such import';

CREATE FUNCTION spillway.check_import_is_queued() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO ''
    AS $$
begin
  if exists (select from spillway.imports i where i.workspace_id = new.workspace_id and i.id = new.id and i.active)
    and not exists (select from spillway.import_queue q where q.import_id = new.id) then
    raise exception using errcode = 'check_violation', message = format('import %s is %s, but has no place in the queue', new.id, new.state);
  end if;
  return null;
end
$$;

COMMENT ON FUNCTION spillway.check_import_is_queued() IS 'trigger: at the end of a transaction, an import that is still to be worked on has a row in the queue';

CREATE FUNCTION spillway.check_import_transition() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO ''
    AS $$
begin
  if (old.state, new.state) not in (
    ('queued', 'running'), ('queued', 'cancelled'), ('running', 'completed'), ('running', 'failed'), ('running', 'cancelled'),
    ('failed', 'queued'), ('cancelled', 'queued'))
  then
    raise exception using errcode = 'check_violation', message = format('an import cannot go from %s to %s', old.state, new.state);
  end if;
  return new;
end
$$;

COMMENT ON FUNCTION spillway.check_import_transition() IS 'trigger: the steps that an import''s state can take; they are drawn in ARCHITECTURE.md';

CREATE FUNCTION spillway.claim_documents(p_imports uuid[], p_segments smallint[]) RETURNS jsonb
    LANGUAGE plpgsql STABLE
    SET search_path TO ''
    SET enable_seqscan TO 'off'
    SET plan_cache_mode TO 'force_generic_plan'
    AS $$
begin
  return (
    select coalesce(jsonb_agg(jsonb_build_object(
        'import_id', i.id, 'kind', i.kind, 'attempt', q.attempt, 'fence', q.fence, 'file_name', i.file_name, 'object_key', i.object_key, 'size_bytes', i.size_bytes,
        'items', i.items, 'format', coalesce(s.format, i.format), 'ends_at', s.ends_at,
        'entry_name', s.entry_name, 'entry_starts_at', s.entry_starts_at, 'entry_ends_at', coalesce(s.entry_ends_at, i.size_bytes),
        'checkpoint', translate(encode(s.checkpoint, 'base64'), E'\n', ''))
      order by c.n), '[]')
    from unnest(p_imports, p_segments) with ordinality as c (import_id, segment, n)
    cross join lateral (select * from spillway.import_queue q where q.import_id = c.import_id and q.segment = c.segment limit 1) q
    cross join lateral (select * from spillway.imports i where i.workspace_id = q.workspace_id and i.id = q.import_id limit 1) i
    cross join lateral (
      select * from spillway.import_segments s
      where s.workspace_id = q.workspace_id and s.import_id = q.import_id and s.segment = q.segment limit 1
    ) s
  );
end
$$;

COMMENT ON FUNCTION spillway.claim_documents(p_imports uuid[], p_segments smallint[]) IS 'claimed segments of imports, in this order, as whoever claims them is told of them';

CREATE FUNCTION spillway.claim_imports(p_limit integer, p_lease interval, p_parallelism integer) RETURNS jsonb
    LANGUAGE plpgsql
    SET search_path TO ''
    AS $$
declare
  v_now timestamptz;
  v_free bigint;
  v_imports uuid[];
  v_segments smallint[];
  v_workspaces integer[];
begin
  -- One claim at a time, so that p_parallelism is strict; a claim takes a millisecond.
  perform pg_advisory_xact_lock(hashtextextended('spillway.claim_imports', 0));
  perform spillway.end_dead_imports();
  -- Not now(): that was before the wait for the lock.
  v_now := clock_timestamp();
  v_free := p_parallelism - (select count(*) from spillway.import_queue q where q.claimed and q.available_at > v_now);
  -- Lock and mark in one statement, in the order of the index, past what others hold.
  with candidates as materialized (
    select q.workspace_id, q.import_id, q.segment, q.turn_at, q.priority
    from spillway.import_queue q
    where q.admitted and q.available_at <= v_now
    order by q.turn_at, q.priority, q.import_id, q.segment
    limit greatest(least(p_limit, v_free), 0)
    for no key update of q skip locked
  ), numbered as (
    select c.import_id, c.segment, i.attempt + row_number() over (partition by c.import_id order by c.segment) as attempt,
      row_number() over (order by c.turn_at, c.priority, c.import_id, c.segment) as n
    from candidates c join spillway.imports i on i.workspace_id = c.workspace_id and i.id = c.import_id
  ), claimed as (
    update spillway.import_queue q
    set attempt = n.attempt, available_at = v_now + p_lease, claimed = true, turn_at = v_now,
      -- Random: the same number of an attempt is given twice where the database has lost the claim.
      fence = (random() * 2 ^ 48)::bigint,
      -- A lease that ran out is a drain that died.
      failures = q.failures + q.claimed::integer, stalled_at = coalesce(q.stalled_at, v_now)
    from numbered n
    where q.import_id = n.import_id and q.segment = n.segment
    returning q.workspace_id, q.import_id, q.segment, q.attempt, n.n
  ), started as (
    update spillway.imports i
    set state = 'running', stage = case when i.stage = 'queued' then 'parsing' else i.stage end, attempt = c.attempt,
      started_at = coalesce(i.started_at, v_now), updated_at = v_now, version = i.version + 1
    from (select workspace_id, import_id, max(attempt) as attempt from claimed group by workspace_id, import_id) as c
    where i.workspace_id = c.workspace_id and i.id = c.import_id
  )
  select array_agg(import_id order by n), array_agg(segment order by n), array_agg(distinct workspace_id)
  into v_imports, v_segments, v_workspaces from claimed;
  -- The workspaces have had their turn, with all that is theirs. Who is locked keeps an older turn: nobody waits here for a long closing.
  with served as materialized (
    select w.id from spillway.workspaces w where w.id = any (v_workspaces) for no key update skip locked
  )
  update spillway.workspaces w set served_at = v_now from served s where w.id = s.id;
  with waiting as materialized (
    select q.import_id, q.segment from spillway.import_queue q
    where q.workspace_id = any (v_workspaces) and q.admitted and not q.claimed
    for no key update skip locked
  )
  update spillway.import_queue q set turn_at = v_now from waiting w where q.import_id = w.import_id and q.segment = w.segment;
  return jsonb_build_object(
    'claims', spillway.claim_documents(v_imports, v_segments),
    'more', v_free > coalesce(cardinality(v_imports), 0)
      and exists (select from spillway.import_queue q where q.admitted and q.available_at <= v_now));
end
$$;

COMMENT ON FUNCTION spillway.claim_imports(p_limit integer, p_lease interval, p_parallelism integer) IS 'takes up to p_limit segments of imports that may be worked on, for the time of the lease, each with a new attempt number and a fence, which every later write must present; the workspace that was not served for the longest time comes first. Gives none where p_parallelism are held already; more says whether another drain would find work';

CREATE FUNCTION spillway.claim_leftovers(p_report_days integer, p_limit integer) RETURNS jsonb
    LANGUAGE plpgsql
    SET search_path TO ''
    AS $$
declare
  c_upload_time constant interval := interval '24 hours';
  c_notification_time constant interval := interval '90 days';
  v_uploads jsonb;
  v_reports jsonb;
begin
  with old as materialized (
    select n.workspace_id, n.id from spillway.notifications n
    where n.created_at < now() - c_notification_time order by n.created_at limit p_limit * 10
    for update skip locked
  )
  delete from spillway.notifications n using old o where n.workspace_id = o.workspace_id and n.id = o.id;
  -- From here on no import can come of these uploads, so that what they left in the store may go.
  with old as materialized (
    select u.workspace_id, u.id from spillway.uploads u
    where u.started_at < now() - c_upload_time order by u.started_at limit p_limit
    for update skip locked
  ), given_up as (
    update spillway.uploads u set abandoned_at = coalesce(u.abandoned_at, now()) from old o
    where u.workspace_id = o.workspace_id and u.id = o.id
    returning u.*
  )
  select coalesce(jsonb_agg(jsonb_build_object('id', id, 'object_key', object_key, 'parts_id', parts_id)), '[]') into v_uploads from given_up;
  -- Marked before they are removed: nobody may try an import again whose report is about to go.
  with old as materialized (
    select i.workspace_id, i.id from spillway.imports i
    where i.finished_at < now() - make_interval(days => p_report_days) and i.report_removed_at is null
    order by i.finished_at limit p_limit
    for no key update skip locked
  ), marked as (
    update spillway.imports i set report_removed_at = now(), version = i.version + 1 from old o
    where i.workspace_id = o.workspace_id and i.id = o.id
    returning i.workspace_id, i.id, i.object_key
  ), noted as (
    -- Until the store has removed it: who dies in between finds it here again.
    insert into spillway.uploads (workspace_id, id, object_key, started_at, abandoned_at)
    select m.workspace_id, m.id, m.object_key, '-infinity', now() from marked m
    on conflict do nothing
  )
  select coalesce(jsonb_agg(jsonb_build_object('id', id, 'object_key', object_key)), '[]') into v_reports from marked;
  return v_uploads || v_reports;
end
$$;

COMMENT ON FUNCTION spillway.claim_leftovers(p_report_days integer, p_limit integer) IS 'what may be removed from the store, p_limit of each: uploads that broke off over a day ago, and the reports of imports that ended p_report_days ago, as [{id, object_key, parts_id}]; to be confirmed by forget_leftovers. Notifications of over 90 days ago are deleted here';

CREATE FUNCTION spillway.close_missing_findings(p_workspace integer, p_scope text) RETURNS integer
    LANGUAGE plpgsql
    SET search_path TO ''
    SET plan_cache_mode TO 'force_custom_plan'
    AS $$
declare
  v_import spillway.imports;
  v_closed integer;
begin
  -- One end of an import at a time: of two that end at once, the second sees the first.
  perform from spillway.workspaces w where w.id = p_workspace and p_scope is not null for no key update;
  -- The newest word on the scope counts, whichever import has just ended: one that comes late must not keep open what a newer one missed.
  -- An import with errors may have seen more than it could store.
  select i.* into v_import from spillway.imports i
  where i.workspace_id = p_workspace and i.scope = p_scope and i.close_missing and i.state = 'completed' and i.errors = 0
  order by i.id desc limit 1
  for no key update;
  if not found then
    return 0;
  end if;
  with gone as (
    delete from spillway.finding_scopes s using spillway.findings f
    where s.workspace_id = p_workspace and s.scope = p_scope and s.last_import_id < v_import.id
      and f.workspace_id = p_workspace and f.id = s.finding_id and f.tool = any (v_import.tools)
    returning s.finding_id
  ), closable as (
    select f.id from gone g join spillway.findings f on f.workspace_id = p_workspace and f.id = g.finding_id
    where f.status = 'open' and f.last_import_id < v_import.id
      -- Another scope still shows it, or an import of no scope was the last to see it.
      and not exists (select from spillway.finding_scopes o where o.workspace_id = p_workspace and o.finding_id = f.id and o.scope <> p_scope)
      and exists (select from spillway.imports l where l.workspace_id = p_workspace and l.id = f.last_import_id and l.scope is not null)
    order by f.id
    for no key update of f
  )
  update spillway.findings f set status = 'closed', closed_import_id = v_import.id
  from closable c
  where f.workspace_id = p_workspace and f.id = c.id;
  get diagnostics v_closed = row_count;
  if v_closed > 0 then
    update spillway.imports i
    set findings_closed = i.findings_closed + v_closed, updated_at = clock_timestamp(), version = i.version + 1
    where i.workspace_id = p_workspace and i.id = v_import.id;
    perform spillway.notify(p_workspace, v_import.id, 'closed', 'Findings closed',
      format('%s: %s findings of %s are no longer seen and are closed', v_import.file_name, v_closed, p_scope));
  end if;
  return v_closed;
end
$$;

COMMENT ON FUNCTION spillway.close_missing_findings(p_workspace integer, p_scope text) IS 'closes the open findings of a scope that its newest completed import with close_missing did not see, for the tools that this import holds, unless another scope shows them; gives their number';

CREATE FUNCTION spillway.close_unit(p_unit spillway.unit, p_lease interval, p_records integer, p_format text, p_checkpoint bytea, p_bytes_read bigint) RETURNS text
    LANGUAGE plpgsql
    SET search_path TO ''
    AS $$
declare
  v_import spillway.imports;
  v_bytes bigint := greatest(p_unit.bytes_read, least(p_bytes_read, p_unit.ends_at));
  v_got_further boolean := p_records > 0 or p_checkpoint is distinct from p_unit.checkpoint;
begin
  update spillway.import_segments s set checkpoint = p_checkpoint, bytes_read = v_bytes
  where s.workspace_id = p_unit.workspace_id and s.import_id = p_unit.import_id and s.segment = p_unit.segment;
  update spillway.import_queue q
  set available_at = clock_timestamp() + p_lease, fence = q.fence + 1, failures = case when v_got_further then 0 else q.failures end,
    stalled_at = case when not v_got_further then q.stalled_at end
  where q.import_id = p_unit.import_id and q.segment = p_unit.segment;
  update spillway.imports i
  set format = case when p_unit.format is null then p_format else i.format end, bytes_read = i.bytes_read + v_bytes - p_unit.bytes_read,
    items = i.items + p_records, updated_at = clock_timestamp(), version = i.version + 1
  where i.workspace_id = p_unit.workspace_id and i.id = p_unit.import_id
  returning i.* into v_import;
  if v_import.items - p_records < spillway.trial_records() and v_import.items >= spillway.trial_records() and v_import.errors * 2 > v_import.items then
    return spillway.fail_import(p_unit.import_id, p_unit.attempt, jsonb_build_object('code', 'too_many_errors', 'message',
      format('%s of the first %s records cannot be used; the list of errors says why', v_import.errors, v_import.items)), false) ->> 'state';
  end if;
  return 'running';
end
$$;

COMMENT ON FUNCTION spillway.close_unit(p_unit spillway.unit, p_lease interval, p_records integer, p_format text, p_checkpoint bytea, p_bytes_read bigint) IS 'ends a unit of work of any kind: checkpoint, progress, a longer lease and the next fence; p_records are those that it read, with those that cannot be used, whose number the import has by now. running; failed where more than half of the first trial_records() cannot be used';

CREATE FUNCTION spillway.close_upload(p_workspace integer, p_id uuid) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO ''
    AS $$
begin
  delete from spillway.uploads where workspace_id = p_workspace and id = p_id;
end
$$;

COMMENT ON FUNCTION spillway.close_upload(p_workspace integer, p_id uuid) IS 'forgets an upload that broke off and left nothing in the store';

CREATE FUNCTION spillway.columns_of(p_occurrences spillway.new_occurrence[]) RETURNS spillway.occurrence_columns
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    SET search_path TO ''
    AS $$
  select row(
    coalesce(array_agg(o.id), '{}'), array_agg(o.finding_id), array_agg(o.asset_id), array_agg(o.host), array_agg(o.port), array_agg(o.protocol),
    array_agg(o.service), array_agg(o.url), array_agg(o.parameter), array_agg(o.path), array_agg(o.line), array_agg(o.evidence),
    array_agg(o.source_offset), array_agg(o.source_line))::spillway.occurrence_columns
  from unnest(p_occurrences) o
$$;

COMMENT ON FUNCTION spillway.columns_of(p_occurrences spillway.new_occurrence[]) IS 'the opposite of rows_of';

CREATE FUNCTION spillway.count_unread(p_workspace integer) RETURNS bigint
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path TO ''
    AS $$
begin
  return (
    select count(*) from (
      select from spillway.notifications n where n.workspace_id = p_workspace and n.read_at is null limit 1000
    ) as n
  );
end
$$;

COMMENT ON FUNCTION spillway.count_unread(p_workspace integer) IS 'the number of notifications that nobody has read, up to 1,000: a badge shows no more, and a look at the index of the unread ones is all that it costs';

CREATE FUNCTION spillway.create_api_key(p_workspace text, p_name text, p_hash bytea, p_expires_at timestamp with time zone DEFAULT NULL::timestamp with time zone) RETURNS jsonb
    LANGUAGE sql
    SET search_path TO ''
    AS $$
  insert into spillway.api_keys (workspace_id, name, hash, expires_at)
  values (spillway.create_workspace(p_workspace), p_name, p_hash, p_expires_at)
  returning jsonb_build_object('id', id, 'workspace_id', workspace_id, 'name', name, 'expires_at', spillway.utc_text(expires_at))
$$;

COMMENT ON FUNCTION spillway.create_api_key(p_workspace text, p_name text, p_hash bytea, p_expires_at timestamp with time zone) IS 'stores the SHA-256 of a new key for the workspace of that name, which is made if there is none';

CREATE FUNCTION spillway.create_import(p_workspace integer, p_id uuid, p_file_name text, p_size bigint, p_sha256 bytea, p_idempotency_key text DEFAULT NULL::text, p_scope text DEFAULT NULL::text, p_close_missing boolean DEFAULT false, p_priority smallint DEFAULT 100, p_format text DEFAULT NULL::text, p_entries jsonb DEFAULT NULL::jsonb, p_left_out text DEFAULT NULL::text) RETURNS jsonb
    LANGUAGE plpgsql
    SET search_path TO ''
    AS $$
declare
  v_upload spillway.uploads;
  v_import spillway.imports;
begin
  delete from spillway.uploads u where u.workspace_id = p_workspace and u.id = p_id returning u.* into v_upload;
  if not found or v_upload.abandoned_at is not null then
    raise exception using errcode = 'SW409', message = 'the upload took too long and was given up; send the report again';
  end if;
  insert into spillway.imports as i (
    workspace_id, id, file_name, object_key, size_bytes, sha256, idempotency_key, scope, close_missing, format, entries)
  values (p_workspace, p_id, p_file_name, v_upload.object_key, p_size, p_sha256, p_idempotency_key, p_scope, p_close_missing,
    -- Reports of several formats have none in common.
    coalesce(p_format, (select min(e ->> 'format') from jsonb_array_elements(p_entries) e having count(distinct e ->> 'format') = 1)),
    (select jsonb_agg(e - 'offset' order by n) from jsonb_array_elements(p_entries) with ordinality as e (e, n) where n <= 100))
  on conflict (workspace_id, idempotency_key) do nothing
  returning i.* into v_import;
  if found then
    if p_entries is null then
      insert into spillway.import_segments (workspace_id, import_id, segment) values (p_workspace, p_id, 0);
    else
      insert into spillway.import_segments (
        workspace_id, import_id, segment, starts_at, ends_at, bytes_read, entry_name, entry_starts_at, entry_ends_at, format)
      select p_workspace, p_id, e.n - 1, e."offset", e."offset" + e.size, e."offset", e.name, e."offset", e."offset" + e.size, e.format
      from rows from (jsonb_to_recordset(p_entries) as (name text, "offset" bigint, size bigint, format text)) with ordinality
        as e (name, "offset", size, format, n);
    end if;
    insert into spillway.import_queue (workspace_id, import_id, segment, priority)
    select p_workspace, p_id, s.segment, p_priority from spillway.import_segments s where s.workspace_id = p_workspace and s.import_id = p_id;
    if p_left_out is not null then
      perform spillway.add_import_counts(p_workspace, p_id, spillway.note_problems(p_workspace, p_id,
        jsonb_build_array(jsonb_build_object('code', 'unknown_entry', 'message', p_left_out)), true));
      select i.* into strict v_import from spillway.imports i where i.workspace_id = p_workspace and i.id = p_id;
    end if;
    perform spillway.admit_imports(p_workspace);
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

COMMENT ON FUNCTION spillway.create_import(p_workspace integer, p_id uuid, p_file_name text, p_size bigint, p_sha256 bytea, p_idempotency_key text, p_scope text, p_close_missing boolean, p_priority smallint, p_format text, p_entries jsonb, p_left_out text) IS 'makes an import of an upload, and queues it; where the Idempotency-Key was used for the same report, gives that import instead (SW422: for another). p_format: what the uploader says it is; null: its content tells. p_entries: of a packed upload the reports in it [{name, offset, size, format}], each read by itself; p_left_out: what is to be noted of its other files. SW409 where the upload was given up';

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

CREATE FUNCTION spillway.cut_segment(p_import uuid, p_attempt integer, p_fence bigint, p_lease interval, p_offsets bigint[], p_checkpoints text[]) RETURNS jsonb
    LANGUAGE plpgsql
    SET search_path TO ''
    AS $$
declare
  v_queue spillway.import_queue;
  v_segment spillway.import_segments;
  v_last smallint;
begin
  update spillway.import_queue q set available_at = clock_timestamp() + p_lease, fence = q.fence + 1
  where q.import_id = p_import and q.attempt = p_attempt and q.fence = p_fence and q.claimed
  returning q.* into v_queue;
  if not found then
    return jsonb_build_object('state', 'stale');
  end if;
  -- Two segments of an import may be cut at once: their parts must get other numbers.
  perform from spillway.imports i where i.workspace_id = v_queue.workspace_id and i.id = p_import for no key update;
  select max(s.segment) into v_last from spillway.import_segments s where s.workspace_id = v_queue.workspace_id and s.import_id = p_import;
  select s.* into v_segment from spillway.import_segments s
  where s.workspace_id = v_queue.workspace_id and s.import_id = p_import and s.segment = v_queue.segment;
  if p_offsets[1] <= v_segment.bytes_read then
    raise exception using errcode = 'check_violation', message = 'a segment cannot be cut in what is read already';
  end if;
  update spillway.import_segments s set ends_at = p_offsets[1]
  where s.workspace_id = v_queue.workspace_id and s.import_id = p_import and s.segment = v_queue.segment;
  with cuts as (
    select v_last + n as segment, c.starts_at, coalesce(lead(c.starts_at) over (order by n), v_segment.ends_at) as ends_at, c.checkpoint
    from unnest(p_offsets, p_checkpoints) with ordinality as c (starts_at, checkpoint, n)
  ), added as (
    insert into spillway.import_segments (
      workspace_id, import_id, segment, starts_at, ends_at, bytes_read, checkpoint, entry_name, entry_starts_at, entry_ends_at, format)
    select v_queue.workspace_id, p_import, c.segment, c.starts_at, c.ends_at, c.starts_at, decode(c.checkpoint, 'base64'),
      v_segment.entry_name, v_segment.entry_starts_at, v_segment.entry_ends_at, v_segment.format from cuts c
  )
  insert into spillway.import_queue (workspace_id, import_id, segment, priority, admitted, turn_at)
  select v_queue.workspace_id, p_import, c.segment, v_queue.priority, true, v_queue.turn_at from cuts c;
  return jsonb_build_object('state', 'running');
end
$$;

COMMENT ON FUNCTION spillway.cut_segment(p_import uuid, p_attempt integer, p_fence bigint, p_lease interval, p_offsets bigint[], p_checkpoints text[]) IS 'cuts what is left of the segment of an attempt at these offsets, in ascending order: it keeps the part before the first, the others become segments of their own, each with its decoder''s checkpoint (base64). A longer lease; stale where the attempt is over or the fence is another, and then nothing is changed';

CREATE FUNCTION spillway.decide_finding(p_workspace integer, p_finding uuid, p_status spillway.finding_status) RETURNS jsonb
    LANGUAGE plpgsql
    SET search_path TO ''
    AS $$
begin
  update spillway.findings f
  set status = p_status, decided_at = case when p_status <> 'open' then clock_timestamp() end, closed_import_id = null
  where f.workspace_id = p_workspace and f.id = p_finding;
  return spillway.get_finding(p_workspace, p_finding);
end
$$;

COMMENT ON FUNCTION spillway.decide_finding(p_workspace integer, p_finding uuid, p_status spillway.finding_status) IS 'sets the status of a finding as a person decided; open leaves it to the imports again. SW404 where the workspace has no such finding';

CREATE FUNCTION spillway.end_dead_imports() RETURNS integer
    LANGUAGE plpgsql
    SET search_path TO ''
    AS $$
declare
  v_import uuid;
  v_attempt integer;
  v_count integer := 0;
begin
  for v_import in
    select distinct on (q.available_at, q.import_id) q.import_id from spillway.import_queue q
    where q.claimed and q.available_at <= now()
      and (q.failures >= spillway.max_failures() - 1 or q.stalled_at < now() - spillway.max_stall())
    order by q.available_at, q.import_id limit 100
  loop
    -- As fail_import does: whoever locks several segments does so in their order. One of them may have got further meanwhile.
    perform from spillway.import_queue q where q.import_id = v_import order by q.segment for update;
    select q.attempt into v_attempt from spillway.import_queue q
    where q.import_id = v_import and q.claimed and q.available_at <= now()
      and (q.failures >= spillway.max_failures() - 1 or q.stalled_at < now() - spillway.max_stall())
    limit 1;
    if found then
      perform spillway.fail_import(v_import, v_attempt, jsonb_build_object(
        'code', 'no_progress', 'message', 'the import was given up: whoever worked on it ended again and again without an answer'), false);
      v_count := v_count + 1;
    end if;
  end loop;
  return v_count;
end
$$;

COMMENT ON FUNCTION spillway.end_dead_imports() IS 'fails the imports of which a drain died too often, or that are worked on for too long, without progress';

CREATE FUNCTION spillway.fail_import(p_import uuid, p_attempt integer, p_error jsonb, p_may_pass boolean) RETURNS jsonb
    LANGUAGE plpgsql
    SET search_path TO ''
    AS $$
declare
  v_queue spillway.import_queue;
  v_import spillway.imports;
begin
  -- All segments, in the order in which everybody locks several: two may fail at once.
  perform from spillway.import_queue q where q.import_id = p_import order by q.segment for update;
  select q.* into v_queue from spillway.import_queue q
  where q.import_id = p_import and q.attempt = p_attempt and q.claimed;
  if not found then
    return jsonb_build_object('state', 'stale');
  end if;
  if p_may_pass and v_queue.failures + 1 < spillway.max_failures()
    and (v_queue.stalled_at is null or v_queue.stalled_at > now() - spillway.max_stall())
  then
    update spillway.import_queue
    set claimed = false, failures = failures + 1, available_at = clock_timestamp() + spillway.retry_wait(failures)
    where import_id = p_import and segment = v_queue.segment;
    return jsonb_build_object('state', 'queued');
  end if;
  delete from spillway.import_queue where import_id = p_import;
  update spillway.imports i
  set state = 'failed', error = p_error, finished_at = clock_timestamp(), updated_at = clock_timestamp(), version = i.version + 1
  where i.workspace_id = v_queue.workspace_id and i.id = p_import
  returning i.* into v_import;
  perform spillway.admit_imports(v_import.workspace_id);
  perform spillway.notify(v_import.workspace_id, p_import, 'failed', 'Import failed',
    format('%s: %s; %s records were stored before', v_import.file_name, p_error ->> 'message', v_import.items - v_import.errors));
  return jsonb_build_object('state', 'failed');
end
$$;

COMMENT ON FUNCTION spillway.fail_import(p_import uuid, p_attempt integer, p_error jsonb, p_may_pass boolean) IS 'notes a failed attempt on a segment {code, message, offset, line}: what may pass is tried again after a growing wait, up to max_failures() times without progress; everything else ends the import, with all of its segments. What was stored stays';

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
    seen_as spillway.seen_as DEFAULT 'new'::spillway.seen_as NOT NULL,
    closed_import_id uuid,
    CONSTRAINT finding_title_is_short CHECK (((length(title) >= 1) AND (length(title) <= 1024)))
)
WITH (fillfactor='50', autovacuum_vacuum_scale_factor='0.05', autovacuum_analyze_scale_factor='0.05');

COMMENT ON TABLE spillway.findings IS 'what is wrong, once a workspace; where it was seen is in occurrences';

COMMENT ON COLUMN spillway.findings.id IS 'the fingerprint: hash of tool, rule and what the kind of finding adds';

COMMENT ON COLUMN spillway.findings.decided_at IS 'when a person set the status. false_positive and accepted_risk then stay; closed stays until an import that was uploaded later sees it. null: the status comes from the imports';

COMMENT ON COLUMN spillway.findings.cvss IS 'scores as a list of version, vector, score, newest version first';

COMMENT ON COLUMN spillway.findings.source_offset IS 'where the texts stand in the report of last_import_id: of several records of one finding the first counts';

COMMENT ON COLUMN spillway.findings.last_import_id IS 'the newest import that saw it; its words are stored';

COMMENT ON COLUMN spillway.findings.seen_as IS 'what last_import_id meant for it';

COMMENT ON COLUMN spillway.findings.closed_import_id IS 'the import that closed it by not seeing it';

CREATE FUNCTION spillway.finding_document(f spillway.findings) RETURNS jsonb
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path TO ''
    AS $$
begin
  return spillway.finding_summary(f)::jsonb || jsonb_build_object(
    'description', f.description, 'solution', f.solution, 'references', f.reference_urls, 'attributes', f.attributes);
end
$$;

COMMENT ON FUNCTION spillway.finding_document(f spillway.findings) IS 'a finding as the API shows it';

CREATE FUNCTION spillway.finding_summary(f spillway.findings) RETURNS json
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$
  select pg_catalog.json_build_object(
    'id', f.id, 'tool', f.tool, 'kind', f.kind, 'rule_id', f.rule_id, 'title', f.title, 'severity', f.severity, 'status', f.status,
    'decided_at', spillway.utc_text(f.decided_at), 'closed_import_id', f.closed_import_id,
    'vulnerability_ids', f.vulnerability_ids, 'cwes', f.cwes, 'cvss', f.cvss, 'component', f.component,
    'first_import_id', f.first_import_id, 'last_import_id', f.last_import_id,
    'first_seen_at', spillway.utc_text(f.first_seen_at), 'last_seen_at', spillway.utc_text(f.last_seen_at))
$$;

COMMENT ON FUNCTION spillway.finding_summary(f spillway.findings) IS 'a finding as lists show it: without its long texts, links and further facts';

CREATE FUNCTION spillway.finish_import(p_import uuid, p_attempt integer, p_fence bigint) RETURNS jsonb
    LANGUAGE plpgsql
    SET search_path TO ''
    AS $$
declare
  v_workspace integer;
  v_segment smallint;
  v_import spillway.imports;
begin
  delete from spillway.import_queue q where q.import_id = p_import and q.attempt = p_attempt and q.fence = p_fence and q.claimed
  returning q.workspace_id, q.segment into v_workspace, v_segment;
  if not found then
    return jsonb_build_object('state', 'stale');
  end if;
  -- Of two segments that end at once, the second sees the first.
  perform from spillway.imports i where i.workspace_id = v_workspace and i.id = p_import for no key update;
  if exists (select from spillway.import_queue q where q.import_id = p_import) then
    with ended as (
      update spillway.import_segments s set completed = true, checkpoint = null, bytes_read = coalesce(s.ends_at, i.size_bytes)
      from spillway.import_segments before join spillway.imports i on i.workspace_id = before.workspace_id and i.id = before.import_id
      where s.workspace_id = v_workspace and s.import_id = p_import and s.segment = v_segment
        and before.workspace_id = v_workspace and before.import_id = p_import and before.segment = v_segment
      returning s.bytes_read - before.bytes_read as bytes
    )
    update spillway.imports i
    set bytes_read = i.bytes_read + ended.bytes, updated_at = clock_timestamp(), version = i.version + 1
    from ended where i.workspace_id = v_workspace and i.id = p_import;
    return jsonb_build_object('state', 'running');
  end if;
  delete from spillway.import_segments s where s.workspace_id = v_workspace and s.import_id = p_import;
  update spillway.imports i
  set state = 'completed', stage = 'done', bytes_read = i.size_bytes, finished_at = clock_timestamp(),
    updated_at = clock_timestamp(), version = i.version + 1
  where i.workspace_id = v_workspace and i.id = p_import
  returning i.* into v_import;
  perform spillway.admit_imports(v_workspace);
  perform spillway.notify_completed(v_import);
  perform spillway.close_missing_findings(v_workspace, v_import.scope);
  return jsonb_build_object('state', 'completed');
end
$$;

COMMENT ON FUNCTION spillway.finish_import(p_import uuid, p_attempt integer, p_fence bigint) IS 'ends a segment that is read to its end (running: others are left), and with the last of them the import: tells the workspace, and closes what its scope no longer shows; stale where the attempt is over or the fence is another';

CREATE FUNCTION spillway.forget_leftovers(p_ids jsonb) RETURNS integer
    LANGUAGE plpgsql
    SET search_path TO ''
    AS $$
declare
  v_count integer;
begin
  delete from spillway.uploads u where u.id in (select i::uuid from jsonb_array_elements_text(p_ids) i) and u.abandoned_at is not null;
  get diagnostics v_count = row_count;
  return v_count;
end
$$;

COMMENT ON FUNCTION spillway.forget_leftovers(p_ids jsonb) IS 'notes that the store holds nothing any more of these leftovers [id]; gives how many there were';

CREATE FUNCTION spillway.get_finding(p_workspace integer, p_finding uuid) RETURNS jsonb
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path TO ''
    AS $$
declare
  v_finding spillway.findings;
begin
  select f.* into v_finding from spillway.findings f where f.workspace_id = p_workspace and f.id = p_finding;
  if not found then
    raise exception using errcode = 'SW404', message = 'there is no such finding';
  end if;
  return spillway.finding_document(v_finding);
end
$$;

COMMENT ON FUNCTION spillway.get_finding(p_workspace integer, p_finding uuid) IS 'one finding; SW404 where the workspace has no such one';

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
    active boolean GENERATED ALWAYS AS ((state = ANY (ARRAY['queued'::spillway.import_state, 'running'::spillway.import_state]))) STORED NOT NULL,
    assets_unchanged bigint DEFAULT 0 NOT NULL,
    findings_unchanged bigint DEFAULT 0 NOT NULL,
    occurrences_unchanged bigint DEFAULT 0 NOT NULL,
    error_counts jsonb DEFAULT '{}'::jsonb NOT NULL,
    scope text,
    close_missing boolean DEFAULT false NOT NULL,
    tools text[] DEFAULT '{}'::text[] NOT NULL,
    report_removed_at timestamp with time zone,
    entries jsonb,
    only_new_findings boolean DEFAULT true NOT NULL,
    only_new_occurrences boolean DEFAULT true NOT NULL,
    kind spillway.import_kind DEFAULT 'report'::spillway.import_kind NOT NULL,
    CONSTRAINT closing_needs_a_scope CHECK (((scope IS NOT NULL) OR (NOT close_missing))),
    CONSTRAINT ended_imports_are_done CHECK (((state = 'completed'::spillway.import_state) = (stage = 'done'::spillway.import_stage))),
    CONSTRAINT ended_imports_have_an_end CHECK (((state = ANY (ARRAY['completed'::spillway.import_state, 'failed'::spillway.import_state, 'cancelled'::spillway.import_state])) = (finished_at IS NOT NULL))),
    CONSTRAINT errors_are_counted CHECK ((errors >= 0)),
    CONSTRAINT failed_imports_say_why CHECK (((state = 'failed'::spillway.import_state) = (error IS NOT NULL))),
    CONSTRAINT file_name_is_short CHECK (((length(file_name) >= 1) AND (length(file_name) <= 1024))),
    CONSTRAINT idempotency_key_is_short CHECK (((length(idempotency_key) >= 1) AND (length(idempotency_key) <= 255))),
    CONSTRAINT import_hash_is_sha256 CHECK ((octet_length(sha256) = 32)),
    CONSTRAINT nothing_is_read_beyond_the_end CHECK (((bytes_read >= 0) AND (bytes_read <= size_bytes))),
    CONSTRAINT scope_is_short CHECK (((length(scope) >= 1) AND (length(scope) <= 255))),
    CONSTRAINT tools_are_few CHECK ((cardinality(tools) <= 1000))
)
WITH (fillfactor='70');

COMMENT ON TABLE spillway.imports IS 'one uploaded report and how far it is read';

COMMENT ON COLUMN spillway.imports.id IS 'UUID version 7, made by the upload: imports are ordered by it, and the newer import wins where two saw the same';

COMMENT ON COLUMN spillway.imports.object_key IS 'where the report lies in the object store';

COMMENT ON COLUMN spillway.imports.size_bytes IS 'length of the stored report';

COMMENT ON COLUMN spillway.imports.format IS 'the report format, once it is known';

COMMENT ON COLUMN spillway.imports.attempt IS 'how often it or a segment of it was claimed: the number of the last claim';

COMMENT ON COLUMN spillway.imports.bytes_read IS 'how much of the report is read and stored';

COMMENT ON COLUMN spillway.imports.items IS 'records read and stored';

COMMENT ON COLUMN spillway.imports.errors IS 'records that could not be stored; the first max_kept_errors() of them lie in import_errors';

COMMENT ON COLUMN spillway.imports.error IS 'why it failed: code, message and, where it is known, offset and line';

COMMENT ON COLUMN spillway.imports.version IS 'grows with every change that a status shows: the ETag';

COMMENT ON COLUMN spillway.imports.active IS 'whether there is still something to do';

COMMENT ON COLUMN spillway.imports.error_counts IS 'errors by code';

COMMENT ON COLUMN spillway.imports.scope IS 'what the report covers, in the uploader''s words: a repository and branch, a network. Reports of one scope follow each other';

COMMENT ON COLUMN spillway.imports.close_missing IS 'findings of the same scope and tools that this import no longer sees are closed when it completes';

COMMENT ON COLUMN spillway.imports.tools IS 'the scanners whose results the report holds, also where there are none';

COMMENT ON COLUMN spillway.imports.report_removed_at IS 'when the report was removed from the store, some days after the import ended';

COMMENT ON COLUMN spillway.imports.entries IS 'of a packed upload the reports in it, the first hundred: name, size in bytes and, where it was told at once, format; null: the report came plain';

COMMENT ON COLUMN spillway.imports.only_new_findings IS 'whether none of the findings that it has brought so far was stored before: then the next ones are inserted without a look whether they are there';

COMMENT ON COLUMN spillway.imports.only_new_occurrences IS 'the same of its occurrences';

COMMENT ON COLUMN spillway.imports.kind IS 'what it brings, and so who reads and stores it';

CREATE FUNCTION spillway.import_document(i spillway.imports) RETURNS jsonb
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path TO ''
    AS $$
begin
  return (
    select jsonb_build_object(
      'id', i.id, 'kind', i.kind, 'file_name', i.file_name, 'size_bytes', i.size_bytes, 'sha256', encode(i.sha256, 'hex'),
      'format', i.format, 'entries', i.entries, 'tools', i.tools, 'scope', i.scope, 'close_missing', i.close_missing, 'state', i.state, 'stage', i.stage, 'version', i.version,
      'progress', jsonb_build_object(
        -- 100 is kept for the end: a person takes it for "done".
        'percentage', case when i.state = 'completed' then 100 else least(round(100.0 * i.bytes_read / greatest(i.size_bytes, 1), 1), 99.9) end,
        'bytes_read', i.bytes_read, 'bytes_total', i.size_bytes, 'items', i.items,
        'items_per_second', round(i.items / p.seconds),
        'eta_seconds', case when i.state = 'running' and i.bytes_read > 0
          then round((i.size_bytes - i.bytes_read) * p.seconds / i.bytes_read) end),
      'counts', jsonb_build_object(
        'assets', jsonb_build_object('new', i.assets_new, 'updated', i.assets_updated, 'unchanged', i.assets_unchanged),
        'findings', jsonb_build_object('new', i.findings_new, 'updated', i.findings_updated, 'reopened', i.findings_reopened,
          'unchanged', i.findings_unchanged, 'closed', i.findings_closed),
        'occurrences', jsonb_build_object('new', i.occurrences_new, 'updated', i.occurrences_updated, 'unchanged', i.occurrences_unchanged),
        'errors', i.errors, 'errors_by_code', i.error_counts),
      'attempt', i.attempt, 'error', i.error,
      'poll_after_ms', case i.state when 'running' then 2000 when 'queued' then 1000 end,
      'created_at', spillway.utc_text(i.created_at), 'started_at', spillway.utc_text(i.started_at),
      'finished_at', spillway.utc_text(i.finished_at),
      'links', jsonb_build_object(
        'self', l.import, 'status', l.import || '/status', 'errors', l.import || '/errors',
        'cancel', case when i.active then l.import || '/cancel' end,
        'retry', case when i.state in ('failed', 'cancelled') and i.report_removed_at is null then l.import || '/retry' end,
        'retry_errors', case when i.errors > 0 and not i.active then l.import || '/errors/retry' end))
    from (select '/api/v1/imports/' || i.id) as l (import),
      -- By the time of the last change, not the clock: the document is the same as long as its version is.
      (select greatest(extract(epoch from i.updated_at - i.started_at), 0.001)) as p (seconds)
  );
end
$$;

COMMENT ON FUNCTION spillway.import_document(i spillway.imports) IS 'an import as the API shows it; links are paths of the same host';

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
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    item_id text,
    tries smallint DEFAULT 1 NOT NULL
);

COMMENT ON TABLE spillway.import_errors IS 'the records of a report that could not be used';

COMMENT ON COLUMN spillway.import_errors.kind IS 'record: the report is wrong there; asset or occurrence: the database refused it';

COMMENT ON COLUMN spillway.import_errors.code IS 'the parser''s problem code or the SQLSTATE';

COMMENT ON COLUMN spillway.import_errors.item IS 'the record as a batch of its own, so that it can be stored once the cause is gone';

COMMENT ON COLUMN spillway.import_errors.item_id IS 'the id of the occurrence or asset that the database refused';

COMMENT ON COLUMN spillway.import_errors.tries IS 'how often it was tried to store the item';

CREATE FUNCTION spillway.import_error_document(e spillway.import_errors) RETURNS json
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$
  select pg_catalog.json_build_object(
    'id', e.id, 'kind', e.kind, 'code', e.code, 'message', e.message, 'offset', e.source_offset, 'line', e.source_line,
    'excerpt', e.excerpt, 'item', e.item, 'tries', e.tries, 'created_at', spillway.utc_text(e.created_at))
$$;

COMMENT ON FUNCTION spillway.import_error_document(e spillway.import_errors) IS 'a record that could not be stored, as the API shows it';

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

CREATE FUNCTION spillway.ingest_batch(p_import uuid, p_attempt integer, p_fence bigint, p_lease interval, p_batch jsonb, p_occurrences spillway.occurrence_columns, p_records integer, p_format text, p_checkpoint bytea, p_bytes_read bigint) RETURNS jsonb
    LANGUAGE plpgsql
    SET search_path TO ''
    AS $$
declare
  v_unit spillway.unit := spillway.open_unit(p_import, p_attempt, p_fence);
  v_refused boolean;
begin
  if v_unit.import_id is null then
    return jsonb_build_object('state', 'stale');
  end if;
  v_refused := spillway.store_report_batch(v_unit, p_batch, p_occurrences);
  return jsonb_build_object('state', spillway.close_unit(v_unit, p_lease, p_records, p_format, p_checkpoint, p_bytes_read), 'refused', v_refused);
end
$$;

COMMENT ON FUNCTION spillway.ingest_batch(p_import uuid, p_attempt integer, p_fence bigint, p_lease interval, p_batch jsonb, p_occurrences spillway.occurrence_columns, p_records integer, p_format text, p_checkpoint bytea, p_bytes_read bigint) IS 'one unit of a segment of an import: fence, {assets, findings, problems, tools} and occurrences, counts, checkpoint, progress and a longer lease in one statement; stale where the attempt is over or the fence is another, and then nothing is changed; failed where more than half of the first trial_records() cannot be used. refused: some of it, perhaps a finding that later batches rely on, was not stored';

CREATE FUNCTION spillway.ingest_isolating(p_workspace integer, p_import uuid, p_batch jsonb, p_occurrences spillway.occurrence_columns, p_keep_errors boolean) RETURNS jsonb
    LANGUAGE plpgsql
    SET search_path TO ''
    AS $$
declare
  v_state text;
  v_message text;
  v_rows spillway.new_occurrence[];
  v_half integer;
  v_ones spillway.occurrence_columns;
  v_others spillway.occurrence_columns;
  v_first jsonb;
  v_second jsonb;
  v_bare jsonb;
begin
  begin
    return spillway.ingest_records(p_workspace, p_import, p_batch, p_occurrences);
  exception when others then
    get stacked diagnostics v_state = returned_sqlstate, v_message = message_text;
    if not spillway.is_of_record(v_state) then
      raise;
    end if;
  end;
  v_rows := array(select spillway.rows_of(p_occurrences));
  v_half := (cardinality(v_rows) + 1) / 2;
  v_ones := spillway.columns_of(v_rows[:v_half]);
  v_others := spillway.columns_of(v_rows[v_half + 1:]);
  -- Assets without an occurrence are units of their own, and come last.
  select coalesce(jsonb_agg(a order by n), '[]') into v_bare from jsonb_array_elements(p_batch -> 'assets') with ordinality as x (a, n)
  where (a ->> 'id')::uuid not in (select o.asset_id from unnest(v_rows) o);
  if cardinality(v_rows) + jsonb_array_length(v_bare) <= 1 then
    return spillway.note_refused_record(p_workspace, p_import, p_batch, p_occurrences, v_state, v_message, p_keep_errors);
  end if;
  if v_half > 0 then
    v_first := spillway.batch_part(p_batch, v_ones);
    v_second := spillway.batch_part(p_batch, v_others);
    v_second := jsonb_set(v_second, '{assets}', (v_second -> 'assets') || v_bare);
  else
    v_half := jsonb_array_length(v_bare) / 2;
    select jsonb_build_object('findings', '[]'::jsonb, 'assets', jsonb_agg(a) filter (where n <= v_half)),
      jsonb_build_object('findings', '[]'::jsonb, 'assets', jsonb_agg(a) filter (where n > v_half))
    into v_first, v_second
    from jsonb_array_elements(v_bare) with ordinality as x (a, n);
  end if;
  return spillway.add_counts(
    spillway.ingest_isolating(p_workspace, p_import, v_first, v_ones, p_keep_errors),
    spillway.ingest_isolating(p_workspace, p_import, v_second, v_others, p_keep_errors));
end
$$;

COMMENT ON FUNCTION spillway.ingest_isolating(p_workspace integer, p_import uuid, p_batch jsonb, p_occurrences spillway.occurrence_columns, p_keep_errors boolean) IS 'stores a batch; where the database refuses it, stores its halves, and so on down to the records that are to blame, which are noted as errors';

CREATE FUNCTION spillway.ingest_records(p_workspace integer, p_import uuid, p_batch jsonb, p_occurrences spillway.occurrence_columns) RETURNS jsonb
    LANGUAGE plpgsql
    SET search_path TO ''
    AS $$
declare
  v_counts jsonb;
begin
  -- In this order, everywhere: what is stored later refers to what is stored before, and no two batches wait for each other in a circle.
  v_counts := jsonb_build_object('assets', spillway.batch_insert_assets(p_workspace, p_import, p_batch -> 'assets'));
  v_counts := v_counts || jsonb_build_object('findings', spillway.batch_insert_findings(p_workspace, p_import, p_batch -> 'findings'));
  v_counts := v_counts || jsonb_build_object('occurrences', spillway.batch_insert_occurrences(p_workspace, p_import, p_occurrences));
  perform spillway.note_scope(p_workspace, p_import, p_batch -> 'findings');
  return v_counts;
end
$$;

COMMENT ON FUNCTION spillway.ingest_records(p_workspace integer, p_import uuid, p_batch jsonb, p_occurrences spillway.occurrence_columns) IS 'stores the assets, findings and occurrences of a batch, all or none, and counts them';

CREATE FUNCTION spillway.is_of_record(p_sqlstate text) RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    SET search_path TO ''
    AS $$ select p_sqlstate ~ '^(22|23|54|P0001)' $$;

COMMENT ON FUNCTION spillway.is_of_record(p_sqlstate text) IS 'whether a record can be to blame for an error: data (22), constraints (23), limits of a row (54), a trigger''s refusal (P0001)';

CREATE FUNCTION spillway.keep_first_occurrences(p_workspace integer, p_import uuid, p_occurrences spillway.occurrence_columns) RETURNS jsonb
    LANGUAGE plpgsql
    SET search_path TO ''
    SET plan_cache_mode TO 'force_custom_plan'
    AS $$
declare
  v_newer bigint;
begin
  -- What was seen by this import before counts once: of two records the first of the report is kept, whichever came first.
  with earlier as materialized (
    select g.id, g.service, coalesce(g.evidence, '') as evidence, g.source_offset
    from spillway.rows_of(p_occurrences) g join spillway.occurrences o on o.workspace_id = p_workspace and o.id = g.id
    where o.last_import_id = p_import and o.source_offset > g.source_offset
    order by g.id
    for no key update of o
  )
  update spillway.occurrences o set service = e.service, evidence = e.evidence, source_offset = e.source_offset
  from earlier e where o.workspace_id = p_workspace and o.id = e.id;
  -- Or a newer import has seen it.
  select count(*) into v_newer from spillway.rows_of(p_occurrences) g
  join spillway.occurrences o on o.workspace_id = p_workspace and o.id = g.id and o.last_import_id > p_import;
  return jsonb_build_object('unchanged', v_newer);
end
$$;

COMMENT ON FUNCTION spillway.keep_first_occurrences(p_workspace integer, p_import uuid, p_occurrences spillway.occurrence_columns) IS 'of occurrences of a batch that are stored already: takes over those that stand earlier in the same import''s report, and counts those that a newer import has seen';

CREATE FUNCTION spillway.later_attributes(p_known_imports jsonb, p_attributes jsonb, p_import uuid) RETURNS jsonb
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    SET search_path TO ''
    AS $$
begin
  -- Ids of imports are UUIDs of version 7: as text, too, the later one is the greater.
  return (
    select coalesce(jsonb_object_agg(n.key, n.value), '{}')
    from jsonb_each(p_attributes) n
    where coalesce(p_known_imports ->> n.key, '') <= p_import::text
  );
end
$$;

COMMENT ON FUNCTION spillway.later_attributes(p_known_imports jsonb, p_attributes jsonb, p_import uuid) IS 'those of the attributes that no newer import has told, p_known_imports naming for each attribute the newest that did';

CREATE FUNCTION spillway.list_assets(p_workspace integer, p_after uuid, p_limit integer) RETURNS spillway.page
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path TO ''
    AS $_$
begin
  return spillway.read_page(format($query$
    select a.id as place, spillway.asset_document(a) as document
    from (
      select a.* from spillway.assets a
      where a.workspace_id = %1$s and (%2$L is null or a.id > %2$L)
      order by a.id limit %3$s + 1
    ) as a
    order by a.id
  $query$, p_workspace, p_after, p_limit), p_limit);
end
$_$;

COMMENT ON FUNCTION spillway.list_assets(p_workspace integer, p_after uuid, p_limit integer) IS 'a page of assets after the place given';

CREATE FUNCTION spillway.list_findings(p_workspace integer, p_after_severity spillway.severity, p_after uuid, p_limit integer, p_severity spillway.severity, p_status spillway.finding_status) RETURNS spillway.page
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path TO ''
    AS $_$
begin
  return spillway.read_page(format($query$
    select concat_ws(' ', f.severity, f.id) as place, spillway.finding_summary(f) as document
    from (
      -- An index has them in order, status by status.
      select k.severity, k.id
      from unnest(case when %6$L is null then enum_range(null::spillway.finding_status) else array[%6$L]::spillway.finding_status[] end) as of (status)
      cross join lateral (
        select f.severity, f.id from spillway.findings f
        where f.workspace_id = %1$s and f.status = of.status and (%5$L is null or f.severity = %5$L)
          and (%3$L is null or %5$L is null and (f.severity, f.id) < (%2$L, %3$L) or %5$L is not null and f.id < %3$L)
        order by f.severity desc, f.id desc limit %4$s + 1
      ) as k
      order by k.severity desc, k.id desc limit %4$s + 1
    ) as k
    join spillway.findings f on f.workspace_id = %1$s and f.id = k.id
    order by k.severity desc, k.id desc
  $query$, p_workspace, p_after_severity, p_after, p_limit, p_severity, p_status), p_limit);
end
$_$;

COMMENT ON FUNCTION spillway.list_findings(p_workspace integer, p_after_severity spillway.severity, p_after uuid, p_limit integer, p_severity spillway.severity, p_status spillway.finding_status) IS 'a page of a workspace''s findings in short, worst first, after the place given, of one severity or status or of all';

CREATE FUNCTION spillway.list_import_errors(p_workspace integer, p_import uuid, p_after bigint, p_limit integer) RETURNS spillway.page
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path TO ''
    AS $_$
begin
  perform from spillway.imports i where i.workspace_id = p_workspace and i.id = p_import;
  if not found then
    raise exception using errcode = 'SW404', message = 'there is no such import';
  end if;
  return spillway.read_page(format($query$
    select e.id as place, spillway.import_error_document(e) as document
    from (
      select e.* from spillway.import_errors e
      where e.workspace_id = %1$s and e.import_id = %2$L and (%3$L is null or e.id > %3$L)
      order by e.id limit %4$s + 1
    ) as e
    order by e.id
  $query$, p_workspace, p_import, p_after, p_limit), p_limit);
end
$_$;

COMMENT ON FUNCTION spillway.list_import_errors(p_workspace integer, p_import uuid, p_after bigint, p_limit integer) IS 'a page of the records of an import that could not be stored, in the order in which they were met, after the place given; SW404 where the workspace has no such import';

CREATE FUNCTION spillway.list_import_findings(p_workspace integer, p_import uuid, p_after_severity spillway.severity, p_after uuid, p_limit integer, p_severity spillway.severity, p_status spillway.finding_status) RETURNS spillway.page
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path TO ''
    AS $_$
begin
  return spillway.read_page(format($query$
    select concat_ws(' ', k.severity, k.id) as place, spillway.finding_summary(f) as document
    from (
      select s.severity, s.finding_id as id
      from spillway.import_findings s
      -- offset 0: looked at for each row of the walk. Joined, the findings were walked for the import's.
      where s.workspace_id = %1$s and s.import_id = %2$L and (%6$L is null or s.severity = %6$L)
        and (%7$L is null or exists (
          select from spillway.findings f where f.workspace_id = %1$s and f.id = s.finding_id and f.status = %7$L offset 0
        ))
        and (%4$L is null or %6$L is null and (s.severity, s.finding_id) < (%3$L, %4$L) or %6$L is not null and s.finding_id < %4$L)
      order by s.severity desc, s.finding_id desc limit %5$s + 1
    ) as k
    join spillway.findings f on f.workspace_id = %1$s and f.id = k.id
    order by k.severity desc, k.id desc
  $query$, p_workspace, p_import, p_after_severity, p_after, p_limit, p_severity, p_status), p_limit);
end
$_$;

COMMENT ON FUNCTION spillway.list_import_findings(p_workspace integer, p_import uuid, p_after_severity spillway.severity, p_after uuid, p_limit integer, p_severity spillway.severity, p_status spillway.finding_status) IS 'a page of the findings that an import saw, in short, worst first as its report says, after the place given; p_severity is the report''s, too';

CREATE FUNCTION spillway.list_imports(p_workspace integer, p_after uuid, p_limit integer, p_state spillway.import_state DEFAULT NULL::spillway.import_state) RETURNS spillway.page
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path TO ''
    AS $_$
begin
  return spillway.read_page(format($query$
    select i.id as place, spillway.import_document(i) as document
    from (
      select i.* from spillway.imports i
      where i.workspace_id = %1$s and (%2$L is null or i.id < %2$L) and (%4$L is null or i.state = %4$L)
      order by i.id desc limit %3$s + 1
    ) as i
    order by i.id desc
  $query$, p_workspace, p_after, p_limit, p_state), p_limit);
end
$_$;

COMMENT ON FUNCTION spillway.list_imports(p_workspace integer, p_after uuid, p_limit integer, p_state spillway.import_state) IS 'a page of imports, newest first, after the place given, of one state or of all';

CREATE FUNCTION spillway.list_notifications(p_workspace integer, p_after uuid, p_limit integer) RETURNS spillway.page
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path TO ''
    AS $_$
begin
  return spillway.read_page(format($query$
    select n.id as place, spillway.notification_document(n) as document
    from (
      select n.* from spillway.notifications n
      where n.workspace_id = %1$s and (%2$L is null or n.id < %2$L)
      order by n.id desc limit %3$s + 1
    ) as n
    order by n.id desc
  $query$, p_workspace, p_after, p_limit), p_limit);
end
$_$;

COMMENT ON FUNCTION spillway.list_notifications(p_workspace integer, p_after uuid, p_limit integer) IS 'a page of notifications, newest first, after the place given';

CREATE FUNCTION spillway.list_occurrences(p_workspace integer, p_finding uuid, p_after uuid, p_limit integer) RETURNS spillway.page
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path TO ''
    AS $_$
begin
  return spillway.read_page(format($query$
    select o.id as place, spillway.occurrence_document(o, a.identity) as document
    from (
      select o.* from spillway.occurrences o
      where o.workspace_id = %1$s and (%2$L is null or o.finding_id = %2$L) and (%3$L is null or o.id > %3$L)
      order by o.id limit %4$s + 1
    ) as o
    join spillway.assets a on a.workspace_id = %1$s and a.id = o.asset_id
    order by o.id
  $query$, p_workspace, p_finding, p_after, p_limit), p_limit);
end
$_$;

COMMENT ON FUNCTION spillway.list_occurrences(p_workspace integer, p_finding uuid, p_after uuid, p_limit integer) IS 'a page of occurrences, of one finding or of all, after the place given';

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
  return jsonb_build_object('unread', spillway.count_unread(p_workspace));
end
$$;

COMMENT ON FUNCTION spillway.mark_notifications_read(p_workspace integer, p_id uuid) IS 'marks one notification read, or all of them (null); SW404 where the workspace has no such one';

CREATE FUNCTION spillway.max_failures() RETURNS smallint
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    SET search_path TO ''
    AS $$ select 3::smallint $$;

COMMENT ON FUNCTION spillway.max_failures() IS 'after so many failed attempts without progress an import fails';

CREATE FUNCTION spillway.max_kept_errors() RETURNS integer
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    SET search_path TO ''
    AS $$ select 10000 $$;

COMMENT ON FUNCTION spillway.max_kept_errors() IS 'so many errors of an import are kept with their items, and can be tried again; what goes beyond is only counted';

CREATE FUNCTION spillway.max_page_bytes() RETURNS integer
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    SET search_path TO ''
    AS $$ select 1048576 $$;

COMMENT ON FUNCTION spillway.max_page_bytes() IS 'how many bytes of items a page has at most, unless its first item alone has more';

CREATE FUNCTION spillway.max_stall() RETURNS interval
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    SET search_path TO ''
    AS $$ select interval '30 minutes' $$;

COMMENT ON FUNCTION spillway.max_stall() IS 'an import that is worked on for so long without getting any further fails';

CREATE FUNCTION spillway.new_id() RETURNS uuid
    LANGUAGE plpgsql
    SET search_path TO ''
    AS $$
begin
  -- The first 48 bits are the Unix time in milliseconds, the next four the version (RFC 9562, section 5.7); the rest stays random.
  return encode(
    set_bit(set_bit(
      overlay(uuid_send(gen_random_uuid())
        placing substring(int8send((extract(epoch from clock_timestamp()) * 1000)::bigint) from 3) from 1 for 6),
      52, 1), 53, 1), 'hex')::uuid;
end
$$;

COMMENT ON FUNCTION spillway.new_id() IS 'a UUID of version 7: ordered by time';

CREATE FUNCTION spillway.note_problems(p_workspace integer, p_import uuid, p_problems jsonb, p_keep boolean, p_entry text DEFAULT NULL::text, p_starts_at bigint DEFAULT 0) RETURNS jsonb
    LANGUAGE plpgsql
    SET search_path TO ''
    AS $$
declare
  v_counts jsonb;
begin
  with given as materialized (
    select * from jsonb_to_recordset(p_problems) as (code text, message text, "offset" bigint, line bigint, excerpt text)
  ), noted as (
    insert into spillway.import_errors (workspace_id, import_id, kind, code, message, source_offset, source_line, excerpt)
    select p_workspace, p_import, 'record', g.code, concat_ws(': ', p_entry, g.message), g."offset" + p_starts_at, g.line, coalesce(g.excerpt, '')
    from given g where p_keep
    on conflict do nothing
    returning code
  ), counted as (
    select code, count(*) from (select code from noted union all select code from given where not p_keep) as c group by code
  )
  select jsonb_build_object('errors', (select coalesce(jsonb_object_agg(code, count), '{}') from counted))
  into v_counts;
  return v_counts;
end
$$;

COMMENT ON FUNCTION spillway.note_problems(p_workspace integer, p_import uuid, p_problems jsonb, p_keep boolean, p_entry text, p_starts_at bigint) IS 'counts the records that the parser could not use by code, and keeps them (p_keep), each once; p_entry: the name of the report that they are of, where an upload has several, and p_starts_at where it begins';

CREATE FUNCTION spillway.note_refused_record(p_workspace integer, p_import uuid, p_batch jsonb, p_occurrences spillway.occurrence_columns, p_code text, p_message text, p_keep boolean) RETURNS jsonb
    LANGUAGE plpgsql
    SET search_path TO ''
    AS $$
declare
  v_counts jsonb;
begin
  with noted as (
    insert into spillway.import_errors (workspace_id, import_id, kind, code, message, source_offset, source_line, item_id, item)
    select p_workspace, p_import, case when o.id is not null then 'occurrence' else 'asset' end, p_code, left(p_message, 1000),
      o.source_offset, o.source_line, coalesce(o.id::text, p_batch #>> '{assets,0,id}'),
      jsonb_build_object('assets', p_batch -> 'assets', 'findings', p_batch -> 'findings', 'occurrences', (select coalesce(jsonb_agg(o), '[]') from spillway.rows_of(p_occurrences) o))
    from (select) as one left join spillway.rows_of(p_occurrences) o on true
    where p_keep
    on conflict do nothing
    returning id
  )
  select jsonb_build_object('errors', jsonb_build_object(p_code, case when p_keep then (select count(*) from noted) else 1 end))
  into v_counts;
  return v_counts;
end
$$;

COMMENT ON FUNCTION spillway.note_refused_record(p_workspace integer, p_import uuid, p_batch jsonb, p_occurrences spillway.occurrence_columns, p_code text, p_message text, p_keep boolean) IS 'counts a record that the database refused, and keeps it (p_keep), once, with the record itself so that it can be tried again';

CREATE FUNCTION spillway.note_scope(p_workspace integer, p_import uuid, p_findings jsonb) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO ''
    AS $$
declare
  v_scope text := (select i.scope from spillway.imports i where i.workspace_id = p_workspace and i.id = p_import);
begin
  if v_scope is null then
    return;
  end if;
  insert into spillway.finding_scopes as s (workspace_id, scope, finding_id, last_import_id)
  select p_workspace, v_scope, (f ->> 'identity')::uuid, p_import from jsonb_array_elements(p_findings) f order by 3
  on conflict (workspace_id, scope, finding_id) do update set last_import_id = p_import
  where s.last_import_id < p_import;
end
$$;

COMMENT ON FUNCTION spillway.note_scope(p_workspace integer, p_import uuid, p_findings jsonb) IS 'notes that the scope of an import, if it has one, shows these findings';

CREATE FUNCTION spillway.note_upload_parts(p_workspace integer, p_id uuid, p_parts_id text) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO ''
    AS $$
begin
  update spillway.uploads set parts_id = p_parts_id where workspace_id = p_workspace and id = p_id;
end
$$;

COMMENT ON FUNCTION spillway.note_upload_parts(p_workspace integer, p_id uuid, p_parts_id text) IS 'notes that an upload goes into the store in parts, so that they can be found if it breaks off';

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

CREATE FUNCTION spillway.notification_document(n spillway.notifications) RETURNS json
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$
  select pg_catalog.json_build_object(
    'id', n.id, 'kind', n.kind, 'import_id', n.import_id, 'title', n.title, 'message', n.message,
    'created_at', spillway.utc_text(n.created_at), 'read_at', spillway.utc_text(n.read_at),
    'links', pg_catalog.json_build_object(
      'import', pg_catalog.concat('/api/v1/imports/', n.import_id),
      'retry', case n.kind when 'failed' then pg_catalog.concat('/api/v1/imports/', n.import_id, '/retry')
        when 'warning' then pg_catalog.concat('/api/v1/imports/', n.import_id, '/errors/retry') end))
$$;

COMMENT ON FUNCTION spillway.notification_document(n spillway.notifications) IS 'a notification as the API shows it';

CREATE FUNCTION spillway.notify(p_workspace integer, p_import uuid, p_kind spillway.notification_kind, p_title text, p_message text) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO ''
    AS $$
begin
  insert into spillway.notifications (workspace_id, id, kind, import_id, title, message)
  values (p_workspace, spillway.new_id(), p_kind, p_import, p_title, p_message);
end
$$;

COMMENT ON FUNCTION spillway.notify(p_workspace integer, p_import uuid, p_kind spillway.notification_kind, p_title text, p_message text) IS 'tells a workspace about one of its imports';

CREATE FUNCTION spillway.notify_completed(i spillway.imports) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO ''
    AS $$
begin
  perform spillway.notify(i.workspace_id, i.id,
    case when i.errors = 0 then 'completed' else 'warning' end::spillway.notification_kind,
    case when i.errors = 0 then 'Import completed' else 'Import completed with errors' end,
    format('%s: %s findings are new, %s updated, %s reopened, %s unchanged', i.file_name, i.findings_new, i.findings_updated,
        i.findings_reopened, i.findings_unchanged)
      || case when i.errors = 0 then '' else format('; %s records could not be stored', i.errors) end
      || case when i.errors > 0 and i.close_missing then ', so nothing is closed' else '' end);
end
$$;

COMMENT ON FUNCTION spillway.notify_completed(i spillway.imports) IS 'tells a workspace that an import is completed, with what it brought';

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
    last_seen_at timestamp with time zone DEFAULT now() NOT NULL,
    seen_as spillway.seen_as DEFAULT 'new'::spillway.seen_as NOT NULL,
    source_offset bigint DEFAULT 0 NOT NULL
)
WITH (fillfactor='50', autovacuum_vacuum_scale_factor='0.05', autovacuum_analyze_scale_factor='0.05');

COMMENT ON TABLE spillway.occurrences IS 'where a finding was seen. No foreign keys: only ingest_batch writes here, finding and asset in the same statement; checking each row again costs a third of the time';

COMMENT ON COLUMN spillway.occurrences.id IS 'hash of finding, asset and location';

COMMENT ON COLUMN spillway.occurrences.seen_as IS 'what last_import_id meant for it';

COMMENT ON COLUMN spillway.occurrences.source_offset IS 'where in the report of last_import_id it stands';

CREATE FUNCTION spillway.occurrence_document(o spillway.occurrences, p_asset_identity text) RETURNS json
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$
  select pg_catalog.json_build_object(
    'id', o.id, 'finding_id', o.finding_id, 'asset_id', o.asset_id, 'asset_identity', p_asset_identity,
    'location', pg_catalog.json_build_object('host', o.host, 'port', o.port, 'protocol', o.protocol, 'service', o.service, 'url', o.url,
      'parameter', o.parameter, 'path', o.path, 'line', o.line),
    'evidence', o.evidence, 'first_import_id', o.first_import_id, 'last_import_id', o.last_import_id,
    'first_seen_at', spillway.utc_text(o.first_seen_at), 'last_seen_at', spillway.utc_text(o.last_seen_at))
$$;

COMMENT ON FUNCTION spillway.occurrence_document(o spillway.occurrences, p_asset_identity text) IS 'an occurrence as the API shows it, with the identity of its asset';

CREATE FUNCTION spillway.occurrences_of(p_id text, p_finding_id text, p_asset_id text, p_host text[], p_port integer[], p_protocol text[], p_service text[], p_url text[], p_parameter text[], p_path text[], p_line bigint[], p_evidence text[], p_source_offset bigint[], p_source_line bigint[]) RETURNS spillway.occurrence_columns
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    SET search_path TO ''
    AS $$
  select row(string_to_array(p_id, ',')::uuid[], string_to_array(p_finding_id, ',')::uuid[], string_to_array(p_asset_id, ',')::uuid[],
    p_host, p_port, p_protocol, p_service, p_url, p_parameter, p_path, p_line, p_evidence, p_source_offset, p_source_line)::spillway.occurrence_columns
$$;

COMMENT ON FUNCTION spillway.occurrences_of(p_id text, p_finding_id text, p_asset_id text, p_host text[], p_port integer[], p_protocol text[], p_service text[], p_url text[], p_parameter text[], p_path text[], p_line bigint[], p_evidence text[], p_source_offset bigint[], p_source_line bigint[]) IS 'occurrences in the form in which a client can send them: columns, those of ids as one text each, separated by commas';

CREATE FUNCTION spillway.open_unit(p_import uuid, p_attempt integer, p_fence bigint) RETURNS spillway.unit
    LANGUAGE plpgsql
    SET search_path TO ''
    AS $$
declare
  v_queue spillway.import_queue;
  v_unit spillway.unit;
begin
  -- The fence: whoever lost the import, works on a cancelled one, or has written what is not here, changes nothing. The lock keeps a new claim and a
  -- cancel waiting.
  select q.* into v_queue from spillway.import_queue q
  where q.import_id = p_import and q.attempt = p_attempt and q.fence = p_fence and q.claimed
  for no key update;
  if not found then
    return null;
  end if;
  -- Nobody waits for the disk: what a crash of the server takes back is read again. Who ends the import waits, and then all this is there, too, since the
  -- log is written in order. Two connections store 8 % more (medians of three, a disk that needs 0.4 ms); the slower the disk, the more.
  perform set_config('synchronous_commit', 'off', true);
  select s.workspace_id, s.import_id, v_queue.attempt, s.segment, s.checkpoint, s.bytes_read, coalesce(s.ends_at, i.size_bytes), s.format, s.entry_name,
    s.entry_starts_at, i.errors < spillway.max_kept_errors()
  into strict v_unit
  from spillway.import_segments s, spillway.imports i
  where s.workspace_id = v_queue.workspace_id and s.import_id = p_import and s.segment = v_queue.segment
    and i.workspace_id = v_queue.workspace_id and i.id = p_import;
  return v_unit;
end
$$;

COMMENT ON FUNCTION spillway.open_unit(p_import uuid, p_attempt integer, p_fence bigint) IS 'begins a unit of work of any kind on a claimed segment, and locks its place in the queue; null where the attempt is over or the fence is another: then nothing may be written. What comes between this and close_unit is in the same statement, and must not touch the row of imports before all else is written: other segments of the import wait for it';

CREATE FUNCTION spillway.open_upload(p_workspace integer, p_id uuid, p_idempotency_key text DEFAULT NULL::text, p_size bigint DEFAULT NULL::bigint) RETURNS jsonb
    LANGUAGE plpgsql
    SET search_path TO ''
    AS $$
declare
  v_max bigint := (select max_import_bytes from spillway.workspaces where id = p_workspace);
  v_existing jsonb := (select spillway.import_document(i) from spillway.imports i
    where i.workspace_id = p_workspace and i.idempotency_key = p_idempotency_key);
  v_key text := format('imports/%s/%s', p_workspace, p_id);
begin
  if p_size > v_max then
    raise exception using errcode = 'SW413', message = format('the report has %s bytes, this workspace takes at most %s', p_size, v_max);
  end if;
  if v_existing is null then
    insert into spillway.uploads (workspace_id, id, object_key) values (p_workspace, p_id, v_key);
  end if;
  return jsonb_build_object('workspace_id', p_workspace, 'object_key', v_key, 'max_bytes', v_max, 'existing', v_existing);
end
$$;

COMMENT ON FUNCTION spillway.open_upload(p_workspace integer, p_id uuid, p_idempotency_key text, p_size bigint) IS 'notes an upload before its body is read, and says what it may be and where it goes (SW413 where it says that it is too large); where the same Idempotency-Key made an import already, gives that instead';

CREATE FUNCTION spillway.read_page(p_rows text, p_limit integer) RETURNS spillway.page
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path TO ''
    AS $$
declare
  v_places text[];
  v_documents text[];
  v_shown integer;
  v_items text;
begin
  -- Planned for every call, with its values in the text: what is not asked for is no condition then, and a place is one that an index is walked from.
  execute 'select array_agg(i.place::text), array_agg(i.document::text) from (' || p_rows || ') as i' into v_places, v_documents;
  v_shown := least(p_limit, cardinality(v_documents));
  v_items := array_to_string(v_documents[:v_shown], ',');
  if octet_length(v_items) > spillway.max_page_bytes() then
    select greatest(count(*), 1) into v_shown
    from (
      select sum(octet_length(d.document)) over (order by d.n) as bytes
      from unnest(v_documents[:v_shown]) with ordinality as d (document, n)
    ) as d
    where d.bytes <= spillway.max_page_bytes();
    v_items := array_to_string(v_documents[:v_shown], ',');
  end if;
  return row('[' || coalesce(v_items, '') || ']', case when v_shown < cardinality(v_documents) then v_places[v_shown] end);
end
$$;

COMMENT ON FUNCTION spillway.read_page(p_rows text, p_limit integer) IS 'the frame of every list. p_rows is a query that gives the columns place and document, in order, one more than p_limit where there are more; its values are quoted by whoever wrote it (format''s %L). The page has at most p_limit of them, and max_page_bytes() bytes unless the first alone has more';

CREATE FUNCTION spillway.refuse_step(p_workspace integer, p_import uuid, p_rule text) RETURNS void
    LANGUAGE plpgsql STABLE
    SET search_path TO ''
    AS $$
declare
  v_import spillway.imports;
begin
  select i.* into v_import from spillway.imports i where i.workspace_id = p_workspace and i.id = p_import;
  if not found then
    raise exception using errcode = 'SW404', message = 'there is no such import';
  end if;
  raise exception using errcode = 'SW409', message = format('the import is %s%s; %s', v_import.state,
    case when v_import.report_removed_at is not null then ' and its report was removed from the store' else '' end, p_rule);
end
$$;

COMMENT ON FUNCTION spillway.refuse_step(p_workspace integer, p_import uuid, p_rule text) IS 'says why a step is not possible for an import: SW404 where the workspace has none of this id, else SW409 with its state and the rule';

CREATE FUNCTION spillway.release_import(p_import uuid, p_attempt integer) RETURNS jsonb
    LANGUAGE plpgsql
    SET search_path TO ''
    AS $$
begin
  update spillway.import_queue set claimed = false, available_at = clock_timestamp()
  where import_id = p_import and attempt = p_attempt and claimed and (stalled_at is null or stalled_at > now() - spillway.max_stall());
  if found then
    return jsonb_build_object('state', 'released');
  end if;
  -- Stale, or it has yielded for half an hour without getting any further.
  return spillway.fail_import(p_import, p_attempt, jsonb_build_object(
    'code', 'no_progress', 'message', format('the import got no further for %s', spillway.max_stall())), false);
end
$$;

COMMENT ON FUNCTION spillway.release_import(p_import uuid, p_attempt integer) IS 'gives a segment of an import back with its place kept, at once and without counting a failure; stale where the attempt is over, failed where it got no further for max_stall()';

CREATE FUNCTION spillway.retry_errors(p_workspace integer, p_import uuid, p_errors bigint[] DEFAULT NULL::bigint[]) RETURNS jsonb
    LANGUAGE plpgsql
    SET search_path TO ''
    AS $$
declare
  c_limit constant integer := 1000;
  v_import spillway.imports;
  v_error record;
  v_counts jsonb := '{}';
  v_stored integer := 0;
  v_refused integer := 0;
  v_code text;
  v_message text;
begin
  select i.* into v_import from spillway.imports i where i.workspace_id = p_workspace and i.id = p_import and not i.active;
  if not found then
    perform spillway.refuse_step(p_workspace, p_import, 'its errors can be tried again when it has ended');
  end if;
  if v_import.scope is not null then
    -- Before any finding is locked, as in finish_import: close_missing_findings must not wait for who waits for it.
    perform from spillway.workspaces w where w.id = p_workspace for no key update;
  end if;
  for v_error in
    select e.id, e.code, e.item from spillway.import_errors e
    where e.workspace_id = p_workspace and e.import_id = p_import and e.item is not null and (p_errors is null or e.id = any (p_errors))
    -- Those that were tried least often first: who calls again and again comes past all.
    order by e.tries, e.id limit c_limit
    for update
  loop
    begin
      v_counts := spillway.add_counts(v_counts, spillway.ingest_records(p_workspace, p_import, v_error.item,
        spillway.columns_of(array(select jsonb_populate_recordset(null::spillway.new_occurrence, v_error.item -> 'occurrences')))));
      v_counts := spillway.add_counts(v_counts, jsonb_build_object('errors', jsonb_build_object(v_error.code, -1)));
      delete from spillway.import_errors e where e.workspace_id = p_workspace and e.import_id = p_import and e.id = v_error.id;
      v_stored := v_stored + 1;
    exception when others then
      get stacked diagnostics v_code = returned_sqlstate, v_message = message_text;
      if not spillway.is_of_record(v_code) then
        raise;
      end if;
      update spillway.import_errors e
      set tries = least(e.tries + 1, 32767), message = left(v_message, 1000)
      where e.workspace_id = p_workspace and e.import_id = p_import and e.id = v_error.id;
      v_refused := v_refused + 1;
    end;
  end loop;
  perform spillway.add_import_counts(p_workspace, p_import, v_counts);
  -- The last error may have been what kept it from closing anything.
  perform spillway.close_missing_findings(p_workspace, v_import.scope);
  select i.* into v_import from spillway.imports i where i.workspace_id = p_workspace and i.id = p_import;
  return jsonb_build_object('stored', v_stored, 'refused', v_refused, 'errors', v_import.errors, 'links', spillway.import_document(v_import) -> 'links');
end
$$;

COMMENT ON FUNCTION spillway.retry_errors(p_workspace integer, p_import uuid, p_errors bigint[]) IS 'tries again to store the items that the database refused, those given or all (null), 1,000 at a time: {stored, refused, errors: how many are left}. What the report itself says wrongly has no item and stays. SW409 while the import is active, SW404 where there is none';

CREATE FUNCTION spillway.retry_import(p_workspace integer, p_import uuid) RETURNS jsonb
    LANGUAGE plpgsql
    SET search_path TO ''
    AS $$
declare
  v_import spillway.imports;
begin
  update spillway.imports i
  set state = 'queued', error = null, finished_at = null, updated_at = now(), version = i.version + 1,
    stage = case when i.items = 0 then 'queued' else i.stage end
  where i.workspace_id = p_workspace and i.id = p_import and i.state in ('failed', 'cancelled') and i.report_removed_at is null
  returning i.* into v_import;
  if not found then
    perform spillway.refuse_step(p_workspace, p_import, 'only a failed or cancelled one whose report is still there can be tried again');
  end if;
  -- The attempts go on counting: a drain of before must not be taken for one of now.
  insert into spillway.import_queue (workspace_id, import_id, segment, attempt)
  select p_workspace, p_import, s.segment, v_import.attempt from spillway.import_segments s
  where s.workspace_id = p_workspace and s.import_id = p_import and not s.completed;
  perform spillway.admit_imports(p_workspace);
  return spillway.import_document(v_import);
end
$$;

COMMENT ON FUNCTION spillway.retry_import(p_workspace integer, p_import uuid) IS 'queues a failed or cancelled import again, each segment at the place where it stopped; SW409 in any other state or when its report was removed, SW404 where the workspace has no such import';

CREATE FUNCTION spillway.retry_wait(p_failures smallint) RETURNS interval
    LANGUAGE plpgsql
    SET search_path TO ''
    AS $$
begin
  -- 2 s, 20 s: half of it by chance, so that those that failed together do not come back together.
  return interval '2 seconds' * 10 ^ p_failures * (0.5 + random() / 2);
end
$$;

COMMENT ON FUNCTION spillway.retry_wait(p_failures smallint) IS 'the wait before the next attempt, after so many failures before this one';

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

CREATE FUNCTION spillway.rows_of(p_occurrences spillway.occurrence_columns) RETURNS SETOF spillway.new_occurrence
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    SET search_path TO ''
    AS $$
  select o.* from unnest(
    p_occurrences.id, p_occurrences.finding_id, p_occurrences.asset_id, p_occurrences.host, p_occurrences.port, p_occurrences.protocol,
    p_occurrences.service, p_occurrences.url, p_occurrences.parameter, p_occurrences.path, p_occurrences.line, p_occurrences.evidence,
    p_occurrences.source_offset, p_occurrences.source_line) as o
$$;

COMMENT ON FUNCTION spillway.rows_of(p_occurrences spillway.occurrence_columns) IS 'occurrences one by one, for what happens seldom';

CREATE FUNCTION spillway.store_report_batch(p_unit spillway.unit, p_batch jsonb, p_occurrences spillway.occurrence_columns) RETURNS boolean
    LANGUAGE plpgsql
    SET search_path TO ''
    AS $$
declare
  v_stored jsonb := spillway.ingest_isolating(p_unit.workspace_id, p_unit.import_id, p_batch, p_occurrences, p_unit.keeps_errors);
  v_problems jsonb := spillway.note_problems(p_unit.workspace_id, p_unit.import_id, p_batch -> 'problems', p_unit.keeps_errors, p_unit.entry_name,
    p_unit.entry_starts_at);
begin
  perform spillway.add_import_counts(p_unit.workspace_id, p_unit.import_id, spillway.add_counts(v_stored, v_problems), coalesce(p_batch -> 'tools', '[]'),
    coalesce((v_stored #>> '{findings,new}')::integer, 0) = coalesce(jsonb_array_length(p_batch -> 'findings'), 0),
    coalesce((v_stored #>> '{occurrences,new}')::integer, 0) = coalesce(cardinality(p_occurrences.id), 0));
  return v_stored ? 'errors';
end
$$;

COMMENT ON FUNCTION spillway.store_report_batch(p_unit spillway.unit, p_batch jsonb, p_occurrences spillway.occurrence_columns) IS 'stores a batch of a report, {assets, findings, problems, tools} and occurrences, with its counts; gives whether some of it was refused, perhaps a finding that later batches rely on';

CREATE FUNCTION spillway.time_of_id(p_id uuid) RETURNS timestamp with time zone
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    SET search_path TO ''
    AS $$
  -- Twelve hexadecimal digits of milliseconds since 1970 (RFC 9562, section 5.7).
  select to_timestamp(('x0000' || left(replace(p_id::text, '-', ''), 12))::bit(64)::bigint / 1000.0)
$$;

COMMENT ON FUNCTION spillway.time_of_id(p_id uuid) IS 'when a UUID of version 7 was made';

CREATE FUNCTION spillway.trial_records() RETURNS integer
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    SET search_path TO ''
    AS $$ select 1000 $$;

COMMENT ON FUNCTION spillway.trial_records() IS 'an import of whose first records (so many) more than half cannot be used fails';

CREATE FUNCTION spillway.unattended_seconds() RETURNS double precision
    LANGUAGE plpgsql STABLE
    SET search_path TO ''
    AS $$
declare
  v_now timestamptz := clock_timestamp();
  v_due timestamptz;
  v_served timestamptz;
begin
  if exists (select from spillway.import_queue q where q.claimed and q.available_at > v_now) then
    return null;
  end if;
  select min(q.available_at) into v_due from spillway.import_queue q where q.admitted and q.available_at <= v_now;
  -- Who waited behind others waits for a drain only since the last of them was claimed.
  select max(w.served_at) into v_served from spillway.workspaces w where w.served_at > v_due;
  return extract(epoch from v_now - coalesce(v_served, v_due));
end
$$;

COMMENT ON FUNCTION spillway.unattended_seconds() IS 'for how long imports have waited though no drain works on any; null where none waits, or one works. More than a period of the schedule means that no drain comes';

CREATE FUNCTION spillway.utc_text(p_at timestamp with time zone) RETURNS text
    LANGUAGE sql STABLE STRICT PARALLEL SAFE
    AS $$ select pg_catalog.to_char(pg_catalog.timezone('UTC', p_at), 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') $$;

COMMENT ON FUNCTION spillway.utc_text(p_at timestamp with time zone) IS 'a time as RFC 3339 text in UTC, to the millisecond';

CREATE FUNCTION spillway.wants_segments(p_import uuid, p_attempt integer, p_parallelism integer) RETURNS boolean
    LANGUAGE plpgsql STABLE
    SET search_path TO ''
    AS $$
begin
  return not exists (select from spillway.import_queue q where q.admitted and q.available_at <= now())
    and (p_parallelism > (select count(*) from spillway.import_queue q where q.claimed and q.available_at > now())
      or exists (select from spillway.import_queue q where q.import_id = p_import and q.attempt <> p_attempt));
end
$$;

COMMENT ON FUNCTION spillway.wants_segments(p_import uuid, p_attempt integer, p_parallelism integer) IS 'whether it is worth cutting what is left of the segment of an attempt: nothing waits to be claimed, and one drain more could work, or others work on the import, which soon come for the next segment';

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

CREATE TABLE spillway.finding_scopes (
    workspace_id integer NOT NULL,
    scope text NOT NULL,
    finding_id uuid NOT NULL,
    last_import_id uuid NOT NULL
)
WITH (fillfactor='50');

COMMENT ON TABLE spillway.finding_scopes IS 'the scopes in which a finding is seen at present; one that is seen in none any more is closed';

COMMENT ON COLUMN spillway.finding_scopes.last_import_id IS 'the newest import of the scope that saw it';

CREATE TABLE spillway.import_assets (
    workspace_id integer NOT NULL,
    import_id uuid NOT NULL,
    asset_id uuid NOT NULL,
    seen_as spillway.seen_as NOT NULL
);

COMMENT ON TABLE spillway.import_assets IS 'the assets that an import saw, each once: what makes its counts exact, however often and in whatever order its records are stored';

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
    seen_as spillway.seen_as NOT NULL,
    severity spillway.severity NOT NULL,
    source_offset bigint NOT NULL
);

COMMENT ON TABLE spillway.import_findings IS 'the findings that an import saw, each once: what makes its counts exact, however often and in whatever order its records are stored';

COMMENT ON COLUMN spillway.import_findings.severity IS 'how bad the import''s report says it is: what the import''s own list is ordered by, whatever newer imports say';

COMMENT ON COLUMN spillway.import_findings.source_offset IS 'where in the report: of several records of one finding the first says how bad it is';

CREATE TABLE spillway.import_queue (
    workspace_id integer NOT NULL,
    import_id uuid NOT NULL,
    priority smallint DEFAULT 100 NOT NULL,
    available_at timestamp with time zone DEFAULT now() NOT NULL,
    claimed boolean DEFAULT false NOT NULL,
    attempt integer DEFAULT 0 NOT NULL,
    failures smallint DEFAULT 0 NOT NULL,
    admitted boolean DEFAULT false NOT NULL,
    turn_at timestamp with time zone DEFAULT '-infinity'::timestamp with time zone NOT NULL,
    stalled_at timestamp with time zone,
    active boolean DEFAULT true NOT NULL,
    segment smallint DEFAULT 0 NOT NULL,
    fence bigint DEFAULT 0 NOT NULL,
    CONSTRAINT claims_are_numbered CHECK (((attempt > 0) OR (NOT claimed))),
    CONSTRAINT failures_are_counted CHECK ((failures >= 0)),
    CONSTRAINT only_admitted_imports_are_claimed CHECK ((admitted OR (NOT claimed))),
    CONSTRAINT queued_imports_are_active CHECK (active)
)
WITH (fillfactor='50', autovacuum_vacuum_scale_factor='0', autovacuum_vacuum_threshold='1000');

COMMENT ON TABLE spillway.import_queue IS 'the segments of imports that are still to be worked on: narrow and hot';

COMMENT ON COLUMN spillway.import_queue.priority IS 'smaller is sooner';

COMMENT ON COLUMN spillway.import_queue.available_at IS 'when it may be claimed: schedule, end of the wait after a failure, and end of the lease in one';

COMMENT ON COLUMN spillway.import_queue.claimed IS 'a drain holds it until available_at';

COMMENT ON COLUMN spillway.import_queue.attempt IS 'the fencing token: every write for the segment must present it. No other segment of the import has the same';

COMMENT ON COLUMN spillway.import_queue.failures IS 'failed attempts since the last progress of the segment';

COMMENT ON COLUMN spillway.import_queue.admitted IS 'among the imports that its workspace may have worked on at a time; the others wait for one of those to end';

COMMENT ON COLUMN spillway.import_queue.turn_at IS 'workspaces.served_at, here for the index';

COMMENT ON COLUMN spillway.import_queue.stalled_at IS 'since when it has been worked on without getting any further; null: it got further in this attempt';

COMMENT ON COLUMN spillway.import_queue.active IS 'always true: for the foreign key';

COMMENT ON COLUMN spillway.import_queue.fence IS 'what the next write of the attempt has to present: a random number at the claim, and one more after each write';

CREATE TABLE spillway.import_segments (
    workspace_id integer NOT NULL,
    import_id uuid NOT NULL,
    segment smallint NOT NULL,
    starts_at bigint DEFAULT 0 NOT NULL,
    ends_at bigint,
    bytes_read bigint DEFAULT 0 NOT NULL,
    checkpoint bytea,
    completed boolean DEFAULT false NOT NULL,
    entry_name text,
    entry_starts_at bigint DEFAULT 0 NOT NULL,
    entry_ends_at bigint,
    format text,
    CONSTRAINT checkpoint_is_small CHECK ((octet_length(checkpoint) <= 65536)),
    CONSTRAINT nothing_is_read_beyond_a_segment CHECK (((bytes_read >= starts_at) AND (bytes_read <= ends_at))),
    CONSTRAINT segments_are_counted CHECK ((segment >= 0)),
    CONSTRAINT segments_are_not_empty CHECK (((starts_at >= 0) AND (ends_at > starts_at))),
    CONSTRAINT segments_lie_in_their_entry CHECK (((entry_starts_at <= starts_at) AND (ends_at <= entry_ends_at)))
)
WITH (fillfactor='70', autovacuum_vacuum_scale_factor='0', autovacuum_vacuum_threshold='1000');

COMMENT ON TABLE spillway.import_segments IS 'the parts of a report that are read by themselves, until its import is completed: most reports have one';

COMMENT ON COLUMN spillway.import_segments.starts_at IS 'offset of its first byte';

COMMENT ON COLUMN spillway.import_segments.ends_at IS 'offset behind its last byte, where the next one starts; null: the end of the report';

COMMENT ON COLUMN spillway.import_segments.bytes_read IS 'offset up to which it is read and stored';

COMMENT ON COLUMN spillway.import_segments.checkpoint IS 'where the decoder goes on; null: at the start';

COMMENT ON COLUMN spillway.import_segments.completed IS 'read to its end';

COMMENT ON COLUMN spillway.import_segments.entry_name IS 'the report that it is of, as a packed upload named it; null: the upload is one plain report';

COMMENT ON COLUMN spillway.import_segments.entry_starts_at IS 'offset of that report''s first byte: its decoder counts from there';

COMMENT ON COLUMN spillway.import_segments.entry_ends_at IS 'offset behind that report''s last byte; null: the end of the upload';

COMMENT ON COLUMN spillway.import_segments.format IS 'that report''s format, where it was told at the upload';

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

CREATE TABLE spillway.uploads (
    workspace_id integer NOT NULL,
    id uuid NOT NULL,
    object_key text NOT NULL,
    parts_id text,
    started_at timestamp with time zone DEFAULT now() NOT NULL,
    abandoned_at timestamp with time zone
);

COMMENT ON TABLE spillway.uploads IS 'reports that are being uploaded: written before the first byte is stored, gone when the import is there. What stays here for too long broke off';

COMMENT ON COLUMN spillway.uploads.id IS 'the id of the import that it will be';

COMMENT ON COLUMN spillway.uploads.parts_id IS 'the store''s id of an upload in parts';

COMMENT ON COLUMN spillway.uploads.abandoned_at IS 'when it was given up; no import can come of it any more';

CREATE TABLE spillway.workspaces (
    id integer NOT NULL,
    name text NOT NULL,
    max_import_bytes bigint DEFAULT '5368709120'::bigint NOT NULL,
    max_running_imports smallint DEFAULT 4 NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    served_at timestamp with time zone DEFAULT '-infinity'::timestamp with time zone NOT NULL,
    CONSTRAINT workspace_limits_are_positive CHECK (((max_import_bytes > 0) AND (max_running_imports > 0))),
    CONSTRAINT workspace_name_is_short CHECK (((length(name) >= 1) AND (length(name) <= 200)))
);

COMMENT ON TABLE spillway.workspaces IS 'a team; it sees nothing of another';

COMMENT ON COLUMN spillway.workspaces.max_import_bytes IS 'the largest report it may upload, in bytes after Content-Encoding is undone';

COMMENT ON COLUMN spillway.workspaces.max_running_imports IS 'how many of its imports are worked on at a time';

COMMENT ON COLUMN spillway.workspaces.served_at IS 'when one of its imports was last claimed: whoever waits longest is next';

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

ALTER TABLE ONLY spillway.finding_scopes
    ADD CONSTRAINT finding_scopes_pkey PRIMARY KEY (workspace_id, scope, finding_id);

ALTER TABLE ONLY spillway.findings
    ADD CONSTRAINT findings_pkey PRIMARY KEY (workspace_id, id);

ALTER TABLE ONLY spillway.imports
    ADD CONSTRAINT idempotency_keys_are_used_once UNIQUE (workspace_id, idempotency_key);

ALTER TABLE ONLY spillway.import_assets
    ADD CONSTRAINT import_assets_pkey PRIMARY KEY (workspace_id, import_id, asset_id);

ALTER TABLE ONLY spillway.import_errors
    ADD CONSTRAINT import_errors_are_noted_once UNIQUE NULLS NOT DISTINCT (workspace_id, import_id, kind, source_offset, code, item_id);

ALTER TABLE ONLY spillway.import_errors
    ADD CONSTRAINT import_errors_pkey PRIMARY KEY (workspace_id, import_id, id);

ALTER TABLE ONLY spillway.import_findings
    ADD CONSTRAINT import_findings_pkey PRIMARY KEY (workspace_id, import_id, finding_id);

ALTER TABLE ONLY spillway.import_queue
    ADD CONSTRAINT import_queue_pkey PRIMARY KEY (import_id, segment);

ALTER TABLE ONLY spillway.import_segments
    ADD CONSTRAINT import_segments_pkey PRIMARY KEY (workspace_id, import_id, segment);

ALTER TABLE ONLY spillway.imports
    ADD CONSTRAINT imports_are_active_or_not UNIQUE (workspace_id, id, active);

ALTER TABLE ONLY spillway.imports
    ADD CONSTRAINT imports_pkey PRIMARY KEY (workspace_id, id);

ALTER TABLE ONLY spillway.notifications
    ADD CONSTRAINT notifications_pkey PRIMARY KEY (workspace_id, id);

ALTER TABLE ONLY spillway.occurrences
    ADD CONSTRAINT occurrences_pkey PRIMARY KEY (workspace_id, id);

ALTER TABLE ONLY spillway.schema_migrations
    ADD CONSTRAINT schema_migrations_are_applied_once PRIMARY KEY (version);

ALTER TABLE ONLY spillway.uploads
    ADD CONSTRAINT uploads_pkey PRIMARY KEY (workspace_id, id);

ALTER TABLE ONLY spillway.workspaces
    ADD CONSTRAINT workspace_names_are_unique UNIQUE (name);

ALTER TABLE ONLY spillway.workspaces
    ADD CONSTRAINT workspaces_pkey PRIMARY KEY (id);

CREATE INDEX finding_scopes_by_finding ON spillway.finding_scopes USING btree (workspace_id, finding_id);

CREATE INDEX findings_by_status ON spillway.findings USING btree (workspace_id, status, severity, id);

CREATE INDEX import_findings_by_severity ON spillway.import_findings USING btree (workspace_id, import_id, severity, finding_id);

CREATE INDEX import_queue_admitted ON spillway.import_queue USING btree (workspace_id) WHERE admitted;

CREATE INDEX import_queue_claim ON spillway.import_queue USING btree (turn_at, priority, import_id, segment, available_at) WHERE admitted;

CREATE INDEX import_queue_leases ON spillway.import_queue USING btree (available_at) WHERE claimed;

CREATE INDEX import_queue_waiting ON spillway.import_queue USING btree (workspace_id, priority, import_id, segment) WHERE (NOT admitted);

CREATE INDEX imports_by_state ON spillway.imports USING btree (workspace_id, state, id);

CREATE INDEX imports_that_close ON spillway.imports USING btree (workspace_id, scope, id) WHERE close_missing;

CREATE INDEX imports_with_reports ON spillway.imports USING btree (finished_at) WHERE ((finished_at IS NOT NULL) AND (report_removed_at IS NULL));

CREATE INDEX notifications_by_age ON spillway.notifications USING btree (created_at);

CREATE INDEX notifications_unread ON spillway.notifications USING btree (workspace_id) WHERE (read_at IS NULL);

CREATE INDEX occurrences_by_finding ON spillway.occurrences USING btree (workspace_id, finding_id, id);

CREATE INDEX uploads_by_start ON spillway.uploads USING btree (started_at);

CREATE CONSTRAINT TRIGGER active_imports_are_queued AFTER INSERT OR UPDATE OF state ON spillway.imports DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION spillway.check_import_is_queued();

CREATE TRIGGER imports_take_known_steps AFTER UPDATE OF state ON spillway.imports FOR EACH ROW WHEN ((old.state IS DISTINCT FROM new.state)) EXECUTE FUNCTION spillway.check_import_transition();

ALTER TABLE ONLY spillway.api_keys
    ADD CONSTRAINT api_keys_belong_to_a_workspace FOREIGN KEY (workspace_id) REFERENCES spillway.workspaces(id) ON DELETE CASCADE;

ALTER TABLE ONLY spillway.import_errors
    ADD CONSTRAINT import_errors_belong_to_an_import FOREIGN KEY (workspace_id, import_id) REFERENCES spillway.imports(workspace_id, id) ON DELETE CASCADE;

ALTER TABLE ONLY spillway.imports
    ADD CONSTRAINT imports_belong_to_a_workspace FOREIGN KEY (workspace_id) REFERENCES spillway.workspaces(id);

ALTER TABLE ONLY spillway.notifications
    ADD CONSTRAINT notifications_belong_to_an_import FOREIGN KEY (workspace_id, import_id) REFERENCES spillway.imports(workspace_id, id) ON DELETE CASCADE;

ALTER TABLE ONLY spillway.import_queue
    ADD CONSTRAINT queued_imports_are_still_to_do FOREIGN KEY (workspace_id, import_id, active) REFERENCES spillway.imports(workspace_id, id, active) ON DELETE CASCADE;

ALTER TABLE ONLY spillway.import_queue
    ADD CONSTRAINT queued_segments_exist FOREIGN KEY (workspace_id, import_id, segment) REFERENCES spillway.import_segments(workspace_id, import_id, segment) ON DELETE CASCADE;

ALTER TABLE ONLY spillway.import_segments
    ADD CONSTRAINT segments_belong_to_an_import FOREIGN KEY (workspace_id, import_id) REFERENCES spillway.imports(workspace_id, id) ON DELETE CASCADE;

ALTER TABLE ONLY spillway.uploads
    ADD CONSTRAINT uploads_belong_to_a_workspace FOREIGN KEY (workspace_id) REFERENCES spillway.workspaces(id) ON DELETE CASCADE;
