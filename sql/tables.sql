-- The tables as they are after all migrations. Generated: `cargo xtask tables` writes it, CI fails on a difference.

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

CREATE TYPE spillway.severity AS ENUM (
    'info',
    'low',
    'medium',
    'high',
    'critical'
);

COMMENT ON TYPE spillway.severity IS 'from harmless to worst';

CREATE TYPE spillway.finding_columns AS (
	id uuid[],
	tool text[],
	kind spillway.finding_kind[],
	rule_id text[],
	title text[],
	severity spillway.severity[],
	status spillway.finding_status[],
	description text[],
	solution text[],
	vulnerability_ids text[],
	cwes text[],
	cvss text[],
	reference_urls text[],
	component text[],
	attributes text[],
	source_offset bigint[]
);

COMMENT ON TYPE spillway.finding_columns IS 'findings on their way in, column by column: arrays of one length, or null or empty where a column is null in all of them. Lists are texts in the form of arrays, {"a","b"}; cvss, component and attributes are JSON';

CREATE TYPE spillway.import_kind AS ENUM (
    'report',
    'table'
);

COMMENT ON TYPE spillway.import_kind IS 'what an import brings: report, a report of a security scanner; table, rows of a dataset';

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

CREATE TYPE spillway.key_scope AS ENUM (
    'upload',
    'read',
    'triage',
    'admin'
);

COMMENT ON TYPE spillway.key_scope IS 'what a key may do: upload reports and steer their imports; read; decide of findings and mark notifications read; rule its workspace';

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

CREATE TYPE spillway.open_uploads AS (
	uploads integer,
	reserved_bytes bigint
);

COMMENT ON TYPE spillway.open_uploads IS 'the uploads of a workspace that are under way, and the bytes that are reserved for them';

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

CREATE TYPE spillway.write_mode AS ENUM (
    'append',
    'merge',
    'replace'
);

COMMENT ON TYPE spillway.write_mode IS 'what becomes of rows: append adds them; merge writes them in the place of those with the same key; replace puts all rows of an import in the place of all that were there, at its end';

CREATE TABLE spillway.api_keys (
    workspace_id integer NOT NULL,
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    name text NOT NULL,
    hash bytea NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    expires_at timestamp with time zone,
    revoked_at timestamp with time zone,
    last_used_at timestamp with time zone,
    scopes spillway.key_scope[] NOT NULL,
    member_id uuid,
    CONSTRAINT api_key_hash_is_sha256 CHECK ((octet_length(hash) = 32)),
    CONSTRAINT keys_may_something CHECK ((cardinality(scopes) > 0))
);

COMMENT ON TABLE spillway.api_keys IS 'who may call the API for a workspace';

COMMENT ON COLUMN spillway.api_keys.hash IS 'SHA-256 of the key; the key itself (256 random bits) is shown once and never stored';

COMMENT ON COLUMN spillway.api_keys.expires_at IS 'until when it is valid; null: until it is revoked';

COMMENT ON COLUMN spillway.api_keys.last_used_at IS 'when it was last used, to the hour: see note_key_use';

COMMENT ON COLUMN spillway.api_keys.scopes IS 'what it may do; each request needs one of those that it names';

COMMENT ON COLUMN spillway.api_keys.member_id IS 'whose it is; null: a program''s';

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

CREATE TABLE spillway.closed_scopes (
    workspace_id integer NOT NULL,
    import_id uuid NOT NULL,
    finding_id uuid NOT NULL
);

COMMENT ON TABLE spillway.closed_scopes IS 'The findings that were no longer shown in the scope of an import that closes what is missing, also those that stayed open since another scope shows them';

CREATE TABLE spillway.dataset_columns (
    workspace_id integer NOT NULL,
    dataset_id integer NOT NULL,
    ordinal smallint NOT NULL,
    name text NOT NULL,
    type text NOT NULL,
    required boolean DEFAULT false NOT NULL,
    schema_version integer DEFAULT 1 NOT NULL,
    CONSTRAINT names_fit_the_database CHECK (((octet_length(name) >= 1) AND (octet_length(name) <= 63))),
    CONSTRAINT types_are_known CHECK ((type = ANY (ARRAY['boolean'::text, 'bigint'::text, 'numeric'::text, 'float8'::text, 'text'::text, 'date'::text, 'timestamp'::text, 'timestamptz'::text, 'time'::text, 'uuid'::text, 'jsonb'::text, 'bytea'::text])))
);

COMMENT ON TABLE spillway.dataset_columns IS 'Columns of datasets, in their order. None is ever removed';

COMMENT ON COLUMN spillway.dataset_columns.required IS 'a row without a value for it is rejected';

COMMENT ON COLUMN spillway.dataset_columns.schema_version IS 'since when it is there';

CREATE TABLE spillway.datasets (
    workspace_id integer NOT NULL,
    id integer NOT NULL,
    name text NOT NULL,
    description text DEFAULT ''::text NOT NULL,
    write_mode spillway.write_mode DEFAULT 'append'::spillway.write_mode NOT NULL,
    key text[] DEFAULT '{}'::text[] NOT NULL,
    partition_by text,
    partition_column text,
    partitions smallint,
    indexes jsonb DEFAULT '[]'::jsonb NOT NULL,
    schema_version integer DEFAULT 1 NOT NULL,
    generation integer DEFAULT 1 NOT NULL,
    last_run integer DEFAULT 0 NOT NULL,
    rows bigint DEFAULT 0 NOT NULL,
    version bigint DEFAULT 1 NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT dataset_names_are_short_words CHECK ((name ~ '^[a-z][a-z0-9_-]{0,62}$'::text)),
    CONSTRAINT descriptions_are_short CHECK ((length(description) <= 2000)),
    CONSTRAINT hashes_are_of_a_key CHECK (((partition_by IS DISTINCT FROM 'hash'::text) OR (cardinality(key) > 0))),
    CONSTRAINT hashes_have_a_number_of_partitions CHECK ((((NOT (partition_by IS DISTINCT FROM 'hash'::text)) = (partitions IS NOT NULL)) AND ((partitions >= 2) AND (partitions <= 64)))),
    CONSTRAINT keys_are_short CHECK ((cardinality(key) <= 16)),
    CONSTRAINT months_are_those_of_a_column CHECK (((NOT (partition_by IS DISTINCT FROM 'month'::text)) = (partition_column IS NOT NULL))),
    CONSTRAINT partitions_are_by_month_arrival_or_hash CHECK ((partition_by = ANY (ARRAY['month'::text, 'arrival'::text, 'hash'::text]))),
    CONSTRAINT what_is_appended_has_no_key CHECK (((write_mode <> 'append'::spillway.write_mode) OR (cardinality(key) = 0))),
    CONSTRAINT what_is_merged_has_a_key CHECK (((write_mode <> 'merge'::spillway.write_mode) OR (cardinality(key) > 0))),
    CONSTRAINT what_is_merged_is_not_in_months CHECK (((cardinality(key) = 0) OR (partition_by IS NULL) OR (partition_by = 'hash'::text)))
);

COMMENT ON TABLE spillway.datasets IS 'Tables of a workspace. The rows of one lie in spillway_data, in the table spillway.data_table(id, generation)';

COMMENT ON COLUMN spillway.datasets.id IS 'part of the names of what is made for it: of its own in the whole database';

COMMENT ON COLUMN spillway.datasets.name IS 'by which callers know it';

COMMENT ON COLUMN spillway.datasets.key IS 'columns that tell rows apart: of rows with the same, the last of the last import stays';

COMMENT ON COLUMN spillway.datasets.partition_by IS 'month: of partition_column; arrival: the month in which rows came; hash: of the key, in so many partitions; null: one table';

COMMENT ON COLUMN spillway.datasets.indexes IS 'as asked for: [{"columns": […], "kind": "btree" or "brin"}]';

COMMENT ON COLUMN spillway.datasets.schema_version IS 'counts on with every column that is added: rows are put by a function of their version';

COMMENT ON COLUMN spillway.datasets.generation IS 'whose table is read. An import that replaces fills another, which takes its place at the end';

COMMENT ON COLUMN spillway.datasets.last_run IS 'the number of the last import that was made for it';

COMMENT ON COLUMN spillway.datasets.rows IS 'how many it has, counted when imports end, also those that fail or are cancelled, whose rows stay unless they were to replace others';

COMMENT ON COLUMN spillway.datasets.version IS 'counts on with every change that a reader can see';

ALTER TABLE spillway.datasets ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME spillway.datasets_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE spillway.decision_findings (
    workspace_id integer NOT NULL,
    decision_id uuid NOT NULL,
    finding_id uuid NOT NULL,
    decided_at timestamp with time zone,
    previous_status spillway.finding_status NOT NULL,
    previous_decided_at timestamp with time zone,
    previous_closed_import_id uuid,
    previous_actor text,
    previous_reason text,
    previous_ends_at timestamp with time zone
);

COMMENT ON TABLE spillway.decision_findings IS 'The findings that a decision was of, as they were before it, as long as it can be undone';

COMMENT ON COLUMN spillway.decision_findings.decided_at IS 'the finding''s decided_at since then: with another, somebody or something has changed it after that';

CREATE TABLE spillway.decisions (
    workspace_id integer NOT NULL,
    id uuid NOT NULL,
    actor text NOT NULL,
    status spillway.finding_status NOT NULL,
    reason text,
    ends_at timestamp with time zone,
    findings bigint DEFAULT 0 NOT NULL,
    undone bigint DEFAULT 0 NOT NULL,
    decided_at timestamp with time zone DEFAULT now() NOT NULL
);

COMMENT ON TABLE spillway.decisions IS 'What was decided of many findings at once';

COMMENT ON COLUMN spillway.decisions.actor IS 'who: see events.actor';

COMMENT ON COLUMN spillway.decisions.findings IS 'of how many';

COMMENT ON COLUMN spillway.decisions.undone IS 'and of how many it was taken back';

CREATE TABLE spillway.earlier_states (
    workspace_id integer NOT NULL,
    object_id uuid NOT NULL,
    import_id uuid NOT NULL,
    previous_import_id uuid NOT NULL,
    previous_seen_as spillway.seen_as NOT NULL,
    previous_seen_at timestamp with time zone NOT NULL,
    previous_offset bigint,
    previous_status spillway.finding_status,
    words jsonb,
    told jsonb
);

COMMENT ON TABLE spillway.earlier_states IS 'Assets, findings and occurrences that an import saw again, as they were before it: each row leads to the import that saw the object before. No foreign keys: only triggers write here, in the statement that stores';

COMMENT ON COLUMN spillway.earlier_states.object_id IS 'of an asset, a finding or an occurrence: hashes, of which no two are the same';

COMMENT ON COLUMN spillway.earlier_states.import_id IS 'which saw it again';

COMMENT ON COLUMN spillway.earlier_states.previous_import_id IS 'last_import_id before that; the next four are of the same moment';

COMMENT ON COLUMN spillway.earlier_states.previous_offset IS 'source_offset; null: of an asset';

COMMENT ON COLUMN spillway.earlier_states.previous_status IS 'status; null: of no finding';

COMMENT ON COLUMN spillway.earlier_states.words IS 'what the object said before; null: the same as after';

COMMENT ON COLUMN spillway.earlier_states.told IS 'what the import said of it first, by which it is updated or unchanged; null: what it says at last';

CREATE TABLE spillway.events (
    workspace_id integer NOT NULL,
    id uuid NOT NULL,
    happened_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    actor text NOT NULL,
    key_id uuid,
    action text NOT NULL,
    object_id text,
    before jsonb,
    after jsonb,
    reason text,
    member_id uuid,
    CONSTRAINT event_action_is_a_name CHECK (((action ~ '^[a-z_]+\.[a-z_]+$'::text) AND (length(action) <= 100)))
);

COMMENT ON TABLE spillway.events IS 'what people and programs did in a workspace: never changed, and kept for event_retention()';

COMMENT ON COLUMN spillway.events.id IS 'UUID version 7: events are ordered by it';

COMMENT ON COLUMN spillway.events.actor IS 'the name of the API key, or of the role of the database where there was none: spillway_drain for what happens by itself';

COMMENT ON COLUMN spillway.events.key_id IS 'the API key; null: an operator, or nobody';

COMMENT ON COLUMN spillway.events.action IS 'the kind of thing and what was done to it: finding.decided';

COMMENT ON COLUMN spillway.events.object_id IS 'to which one';

COMMENT ON COLUMN spillway.events.before IS 'what was changed, as it was';

COMMENT ON COLUMN spillway.events.after IS 'and as it became';

COMMENT ON COLUMN spillway.events.reason IS 'in the words of whoever did it';

COMMENT ON COLUMN spillway.events.member_id IS 'the member whose key it was; null: nobody''s';

CREATE TABLE spillway.finding_counts (
    workspace_id integer NOT NULL,
    counted_at timestamp with time zone NOT NULL,
    due_at timestamp with time zone NOT NULL
);

COMMENT ON TABLE spillway.finding_counts IS 'when the findings of a workspace were counted last: see count_findings_of_day';

COMMENT ON COLUMN spillway.finding_counts.due_at IS 'when they are counted next: counting takes a fiftieth of the time at most';

CREATE TABLE spillway.finding_days (
    workspace_id integer NOT NULL,
    day date NOT NULL,
    severity spillway.severity NOT NULL,
    status spillway.finding_status NOT NULL,
    tool text NOT NULL,
    findings bigint NOT NULL
);

COMMENT ON TABLE spillway.finding_days IS 'how many findings there were, as they were counted last on a day (UTC)';

CREATE TABLE spillway.finding_decisions (
    workspace_id integer NOT NULL,
    finding_id uuid NOT NULL,
    decided_at timestamp with time zone NOT NULL,
    actor text NOT NULL,
    reason text,
    ends_at timestamp with time zone,
    CONSTRAINT decision_reason_is_short CHECK (((length(reason) >= 1) AND (length(reason) <= 2000)))
);

COMMENT ON TABLE spillway.finding_decisions IS 'why a person set the status that a finding has; it holds as long as decided_at is that of the finding';

COMMENT ON COLUMN spillway.finding_decisions.actor IS 'who: see events.actor';

COMMENT ON COLUMN spillway.finding_decisions.reason IS 'in their own words';

COMMENT ON COLUMN spillway.finding_decisions.ends_at IS 'until when the risk is accepted: then the finding is open again; null: until somebody decides otherwise';

CREATE TABLE spillway.finding_scopes (
    workspace_id integer NOT NULL,
    scope text NOT NULL,
    finding_id uuid NOT NULL,
    last_import_id uuid NOT NULL
)
WITH (fillfactor='50');

COMMENT ON TABLE spillway.finding_scopes IS 'the scopes in which a finding is seen at present; one that is seen in none any more is closed';

COMMENT ON COLUMN spillway.finding_scopes.last_import_id IS 'the newest import of the scope that saw it';

CREATE TABLE spillway.finding_terms (
    workspace_id integer NOT NULL,
    finding_id uuid NOT NULL,
    severity spillway.severity NOT NULL,
    terms text[] NOT NULL
);

COMMENT ON TABLE spillway.finding_terms IS 'what findings are looked for by';

COMMENT ON COLUMN spillway.finding_terms.severity IS 'the finding''s, so that only those of a page are looked up';

COMMENT ON COLUMN spillway.finding_terms.terms IS 'the words by which an index leads to it: see terms_of';

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
ALTER TABLE ONLY spillway.findings ALTER COLUMN title SET COMPRESSION lz4;
ALTER TABLE ONLY spillway.findings ALTER COLUMN description SET COMPRESSION lz4;
ALTER TABLE ONLY spillway.findings ALTER COLUMN solution SET COMPRESSION lz4;
ALTER TABLE ONLY spillway.findings ALTER COLUMN cvss SET COMPRESSION lz4;
ALTER TABLE ONLY spillway.findings ALTER COLUMN reference_urls SET COMPRESSION lz4;
ALTER TABLE ONLY spillway.findings ALTER COLUMN attributes SET COMPRESSION lz4;

COMMENT ON TABLE spillway.findings IS 'what is wrong, once a workspace; where it was seen is in occurrences';

COMMENT ON COLUMN spillway.findings.id IS 'the fingerprint: hash of tool, rule and what the kind of finding adds';

COMMENT ON COLUMN spillway.findings.decided_at IS 'when a person set the status. false_positive and accepted_risk then stay; closed stays until an import that was uploaded later sees it. null: the status comes from the imports';

COMMENT ON COLUMN spillway.findings.cvss IS 'scores as a list of version, vector, score, newest version first';

COMMENT ON COLUMN spillway.findings.source_offset IS 'where the texts stand in the report of last_import_id: of several records of one finding the first counts';

COMMENT ON COLUMN spillway.findings.last_import_id IS 'the newest import that saw it; its words are stored';

COMMENT ON COLUMN spillway.findings.seen_as IS 'what last_import_id meant for it';

COMMENT ON COLUMN spillway.findings.closed_import_id IS 'the import that closed it by not seeing it';

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
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    item_id text,
    tries smallint DEFAULT 1 NOT NULL,
    column_name text
);

COMMENT ON TABLE spillway.import_errors IS 'the records of a report that could not be used';

COMMENT ON COLUMN spillway.import_errors.kind IS 'record: the report is wrong there; asset or occurrence: the database refused it';

COMMENT ON COLUMN spillway.import_errors.code IS 'the parser''s problem code or the SQLSTATE';

COMMENT ON COLUMN spillway.import_errors.item IS 'the record as a batch of its own, so that it can be stored once the cause is gone';

COMMENT ON COLUMN spillway.import_errors.item_id IS 'the id of the occurrence or asset that the database refused';

COMMENT ON COLUMN spillway.import_errors.tries IS 'how often it was tried to store the item';

COMMENT ON COLUMN spillway.import_errors.column_name IS 'the column of the dataset that has to do with it';

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
    trial_failed boolean DEFAULT false NOT NULL,
    request_sha256 bytea,
    findings_counted bigint DEFAULT 0 NOT NULL,
    gate jsonb,
    traced boolean DEFAULT true NOT NULL,
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

COMMENT ON COLUMN spillway.imports.trial_failed IS 'more than half of its first trial_records() cannot be used, or the database refused more than max_refused_records() of it: whoever works on it ends it. A person may have it tried again all the same';

COMMENT ON COLUMN spillway.imports.request_sha256 IS 'SHA-256 of what was asked for with the Idempotency-Key beside the report (format, scope, close_missing, priority); null where none was sent';

COMMENT ON COLUMN spillway.imports.findings_counted IS 'how many of findings_new are in workspaces.findings';

COMMENT ON COLUMN spillway.imports.gate IS 'findings by severity, as note_gate wrote them at the end; null before that, and of other imports than reports';

COMMENT ON COLUMN spillway.imports.traced IS 'what it changes is kept in earlier_states and closed_scopes; not so of imports of before there were these';

CREATE UNLOGGED TABLE spillway.key_rates (
    workspace_id integer NOT NULL,
    key_id uuid NOT NULL,
    full_at timestamp with time zone NOT NULL,
    open_at timestamp with time zone NOT NULL
)
WITH (fillfactor='50', autovacuum_vacuum_scale_factor='0', autovacuum_vacuum_threshold='1000');

COMMENT ON TABLE spillway.key_rates IS 'how much of its requests each key has used up (GCRA: ITU-T I.371, annex A)';

COMMENT ON COLUMN spillway.key_rates.full_at IS 'when it may have a whole burst again: each request moves that by a minute / requests_per_minute';

COMMENT ON COLUMN spillway.key_rates.open_at IS 'when its next request is taken';

CREATE TABLE spillway.mappings (
    workspace_id integer NOT NULL,
    dataset_id integer NOT NULL,
    number integer NOT NULL,
    document jsonb NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT mappings_are_small CHECK ((octet_length((document)::text) <= 524288))
);

COMMENT ON TABLE spillway.mappings IS 'Rules by which files become rows of a dataset; none is ever changed, an import keeps the one that it began with';

COMMENT ON COLUMN spillway.mappings.document IS 'as /api/v1/schemas/mapping/1 says';

CREATE TABLE spillway.members (
    workspace_id integer NOT NULL,
    id uuid NOT NULL,
    name text NOT NULL,
    email text NOT NULL,
    scopes spillway.key_scope[] NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    removed_at timestamp with time zone,
    CONSTRAINT members_may_something CHECK ((cardinality(scopes) > 0))
);

COMMENT ON TABLE spillway.members IS 'the people of a workspace; what one who was removed has done stays theirs';

COMMENT ON COLUMN spillway.members.id IS 'UUID version 7: members are listed by it';

COMMENT ON COLUMN spillway.members.scopes IS 'what keys of theirs may do at most';

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
    last_seen_at timestamp with time zone DEFAULT now() NOT NULL,
    seen_as spillway.seen_as DEFAULT 'new'::spillway.seen_as NOT NULL,
    source_offset bigint DEFAULT 0 NOT NULL
)
WITH (fillfactor='50', autovacuum_vacuum_scale_factor='0.05', autovacuum_analyze_scale_factor='0.05');
ALTER TABLE ONLY spillway.occurrences ALTER COLUMN evidence SET COMPRESSION lz4;

COMMENT ON TABLE spillway.occurrences IS 'where a finding was seen. No foreign keys: only ingest_batch writes here, finding and asset in the same statement; checking each row again costs a third of the time';

COMMENT ON COLUMN spillway.occurrences.id IS 'hash of finding, asset and location';

COMMENT ON COLUMN spillway.occurrences.seen_as IS 'what last_import_id meant for it';

COMMENT ON COLUMN spillway.occurrences.source_offset IS 'where in the report of last_import_id it stands';

CREATE TABLE spillway.partitions (
    workspace_id integer NOT NULL,
    dataset_id integer NOT NULL,
    generation integer NOT NULL,
    starts_on date NOT NULL
);

COMMENT ON TABLE spillway.partitions IS 'Months of datasets for which there is a partition';

CREATE TABLE spillway.plans (
    name text NOT NULL,
    max_import_bytes bigint DEFAULT '5368709120'::bigint NOT NULL,
    max_stored_bytes bigint DEFAULT '1099511627776'::bigint NOT NULL,
    max_active_imports integer DEFAULT 20000 NOT NULL,
    max_running_imports smallint DEFAULT 4 NOT NULL,
    max_open_uploads integer DEFAULT 256 NOT NULL,
    max_findings bigint DEFAULT 20000000 NOT NULL,
    requests_per_minute integer DEFAULT 6000 NOT NULL,
    request_burst integer DEFAULT 1000 NOT NULL,
    CONSTRAINT plan_bursts_have_room_for_a_sample CHECK ((request_burst >= 16)),
    CONSTRAINT plan_limits_are_positive CHECK (((max_import_bytes > 0) AND (max_stored_bytes >= 0) AND (max_active_imports >= 0) AND (max_running_imports > 0) AND (max_open_uploads >= 0) AND (max_findings >= 0) AND (requests_per_minute > 0))),
    CONSTRAINT plan_name_is_short CHECK (((length(name) >= 1) AND (length(name) <= 200)))
);

COMMENT ON TABLE spillway.plans IS 'limits of many workspaces, by name';

COMMENT ON COLUMN spillway.plans.max_import_bytes IS 'the largest report, in bytes after Content-Encoding is undone';

COMMENT ON COLUMN spillway.plans.max_stored_bytes IS 'bytes of reports in the store, with those that are being uploaded';

COMMENT ON COLUMN spillway.plans.max_active_imports IS 'imports that are queued or running';

COMMENT ON COLUMN spillway.plans.max_running_imports IS 'imports that are worked on at a time; the others wait';

COMMENT ON COLUMN spillway.plans.max_open_uploads IS 'uploads at a time';

COMMENT ON COLUMN spillway.plans.max_findings IS 'findings from which on no further report is taken';

COMMENT ON COLUMN spillway.plans.requests_per_minute IS 'requests of each key, in the long run';

COMMENT ON COLUMN spillway.plans.request_burst IS 'requests of each key at once, before that rate holds';

CREATE TABLE spillway.removals (
    workspace_id integer NOT NULL,
    name text NOT NULL,
    removed_by text NOT NULL,
    begun_at timestamp with time zone DEFAULT now() NOT NULL,
    ended_at timestamp with time zone,
    counts jsonb DEFAULT '{}'::jsonb NOT NULL
);

COMMENT ON TABLE spillway.removals IS 'workspaces that were removed, or are being removed: the proof, which holds nothing of theirs but their names';

COMMENT ON COLUMN spillway.removals.removed_by IS 'the user of the database who began it';

COMMENT ON COLUMN spillway.removals.ended_at IS 'when the last row and the last report were gone; null: it can be gone on with';

COMMENT ON COLUMN spillway.removals.counts IS 'what was removed: rows by table; and objects, the reports that lay in the store, with their bytes';

CREATE TABLE spillway.removed_imports (
    workspace_id integer NOT NULL,
    id uuid NOT NULL,
    scope text,
    closes boolean NOT NULL,
    tools text[] NOT NULL,
    started_at timestamp with time zone,
    weighs_closings boolean NOT NULL,
    closing_stopped_at timestamp with time zone NOT NULL,
    removed_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    ended_at timestamp with time zone,
    finding_id uuid,
    occurrence_id uuid,
    findings bigint DEFAULT 0 NOT NULL
);

COMMENT ON TABLE spillway.removed_imports IS 'Imports that a person removed: their own row is gone, what they stored is taken back in steps';

COMMENT ON COLUMN spillway.removed_imports.scope IS 'imports.scope';

COMMENT ON COLUMN spillway.removed_imports.closes IS 'it has closed what its scope no longer shows; with tools and started_at as in imports';

COMMENT ON COLUMN spillway.removed_imports.weighs_closings IS 'something may have been closed, or kept open, because of it';

COMMENT ON COLUMN spillway.removed_imports.closing_stopped_at IS 'since when nothing is closed in the workspace: when the first of the removals began that were under way at once';

COMMENT ON COLUMN spillway.removed_imports.ended_at IS 'when all was taken back; null: not yet';

COMMENT ON COLUMN spillway.removed_imports.finding_id IS 'whose occurrences are being taken back; null: the next finding''s';

COMMENT ON COLUMN spillway.removed_imports.occurrence_id IS 'up to which one';

COMMENT ON COLUMN spillway.removed_imports.findings IS 'how many findings were taken back so far';

CREATE TABLE spillway.runs (
    workspace_id integer NOT NULL,
    import_id uuid NOT NULL,
    dataset_id integer NOT NULL,
    run integer NOT NULL,
    mapping_number integer,
    generation integer NOT NULL,
    rows_read bigint DEFAULT 0 NOT NULL,
    rows_stored bigint DEFAULT 0 NOT NULL,
    rows_updated bigint DEFAULT 0 NOT NULL,
    rows_unchanged bigint DEFAULT 0 NOT NULL,
    rows_filtered bigint DEFAULT 0 NOT NULL,
    rows_rejected bigint DEFAULT 0 NOT NULL,
    values_rescued bigint DEFAULT 0 NOT NULL,
    rows_counted bigint DEFAULT 0 NOT NULL,
    unknown_columns text[] DEFAULT '{}'::text[] NOT NULL,
    CONSTRAINT the_books_balance CHECK ((rows_read = ((((rows_stored + rows_updated) + rows_unchanged) + rows_filtered) + rows_rejected)))
);

COMMENT ON TABLE spillway.runs IS 'Imports of tables: to which dataset, by which mapping, and what became of the rows';

COMMENT ON COLUMN spillway.runs.run IS 'number of the import among those of its dataset: the column _run of its rows';

COMMENT ON COLUMN spillway.runs.mapping_number IS 'null: each column from the column of the same name';

COMMENT ON COLUMN spillway.runs.generation IS 'the table of the dataset that it fills';

COMMENT ON COLUMN spillway.runs.rows_unchanged IS 'rows that were there already as they came, and rows that another of the same file and key took the place of';

COMMENT ON COLUMN spillway.runs.values_rescued IS 'values that did not fit their column, or had none, and are kept in _rescued';

COMMENT ON COLUMN spillway.runs.rows_counted IS 'how many of rows_stored the dataset has counted: it counts them when the import ends';

COMMENT ON COLUMN spillway.runs.unknown_columns IS 'fields of the file that the dataset lacks and its mapping wants to be added, which is done at the end';

CREATE TABLE spillway.schema_migrations (
    version integer NOT NULL,
    name text NOT NULL,
    sha256 text NOT NULL,
    applied_at timestamp with time zone DEFAULT now() NOT NULL
);

COMMENT ON TABLE spillway.schema_migrations IS 'What the schema was made of. Version 0 stands for all functions and triggers together';

COMMENT ON COLUMN spillway.schema_migrations.version IS 'Number at the start of the file''s name; 0 for the functions and triggers';

COMMENT ON COLUMN spillway.schema_migrations.name IS 'Name of the file';

COMMENT ON COLUMN spillway.schema_migrations.sha256 IS 'SHA-256 of what was applied, in hexadecimal digits';

COMMENT ON COLUMN spillway.schema_migrations.applied_at IS 'When it was applied';

CREATE TABLE spillway.sessions (
    workspace_id integer NOT NULL,
    key_id uuid NOT NULL,
    hash bytea NOT NULL,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    CONSTRAINT session_hash_is_sha256 CHECK ((octet_length(hash) = 32))
);

COMMENT ON TABLE spillway.sessions IS 'what pages show in a cookie instead of the key that each was made with, whose rights and end are its own';

COMMENT ON COLUMN spillway.sessions.hash IS 'SHA-256 of the token in the cookie (256 random bits)';

COMMENT ON COLUMN spillway.sessions.expires_at IS 'until when it is valid, if its key is as long; the past where it was ended';

CREATE TABLE spillway.tails (
    workspace_id integer NOT NULL,
    dataset_id integer NOT NULL,
    document text NOT NULL,
    version bigint NOT NULL
);

COMMENT ON TABLE spillway.tails IS 'The last rows of each dataset as one document, written at the end of each import';

COMMENT ON COLUMN spillway.tails.version IS 'the version of the dataset when it was written';

CREATE TABLE spillway.unindexed_imports (
    workspace_id integer NOT NULL,
    import_id uuid NOT NULL,
    ended_at timestamp with time zone,
    after_id uuid
);

COMMENT ON TABLE spillway.unindexed_imports IS 'imports of which findings are not in finding_terms yet';

COMMENT ON COLUMN spillway.unindexed_imports.ended_at IS 'since when it waits for index_findings; null: it still stores findings';

COMMENT ON COLUMN spillway.unindexed_imports.after_id IS 'its findings up to this one are there';

CREATE TABLE spillway.uploads (
    workspace_id integer NOT NULL,
    id uuid NOT NULL,
    object_key text NOT NULL,
    parts_id text,
    started_at timestamp with time zone DEFAULT now() NOT NULL,
    abandoned_at timestamp with time zone,
    seen_at timestamp with time zone DEFAULT now() NOT NULL,
    reserved_bytes bigint DEFAULT 0 NOT NULL
);

COMMENT ON TABLE spillway.uploads IS 'reports that are being uploaded: written before the first byte is stored, gone when the import is there. What stays here for too long broke off';

COMMENT ON COLUMN spillway.uploads.id IS 'the id of the import that it will be';

COMMENT ON COLUMN spillway.uploads.parts_id IS 'the store''s id of an upload in parts';

COMMENT ON COLUMN spillway.uploads.abandoned_at IS 'when it was given up; no import can come of it any more';

COMMENT ON COLUMN spillway.uploads.seen_at IS 'the last sign of life: without one for upload_lease() it is given up';

COMMENT ON COLUMN spillway.uploads.reserved_bytes IS 'of its workspace''s max_stored_bytes, until it is an import; 0 where nothing is stored';

CREATE TABLE spillway.workspaces (
    id integer NOT NULL,
    name text NOT NULL,
    max_import_bytes bigint,
    max_running_imports smallint,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    served_at timestamp with time zone DEFAULT '-infinity'::timestamp with time zone NOT NULL,
    plan text DEFAULT 'standard'::text NOT NULL,
    max_stored_bytes bigint,
    max_active_imports integer,
    max_open_uploads integer,
    max_findings bigint,
    requests_per_minute integer,
    request_burst integer,
    stored_bytes bigint DEFAULT 0 NOT NULL,
    active_imports integer DEFAULT 0 NOT NULL,
    findings bigint DEFAULT 0 NOT NULL,
    removed_at timestamp with time zone,
    CONSTRAINT workspace_limits_are_positive CHECK (((max_import_bytes > 0) AND (max_stored_bytes >= 0) AND (max_active_imports >= 0) AND (max_running_imports > 0) AND (max_open_uploads >= 0) AND (max_findings >= 0) AND (requests_per_minute > 0) AND (request_burst >= 16))),
    CONSTRAINT workspace_name_is_short CHECK (((length(name) >= 1) AND (length(name) <= 200))),
    CONSTRAINT workspace_usage_is_counted CHECK (((stored_bytes >= 0) AND (active_imports >= 0) AND (findings >= 0)))
)
WITH (fillfactor='50', autovacuum_vacuum_scale_factor='0', autovacuum_vacuum_threshold='1000');

COMMENT ON TABLE spillway.workspaces IS 'a team; it sees nothing of another';

COMMENT ON COLUMN spillway.workspaces.max_import_bytes IS 'instead of the plan''s; null: the plan''s. So are the other limits';

COMMENT ON COLUMN spillway.workspaces.served_at IS 'when one of its imports was last claimed: whoever waits longest is next';

COMMENT ON COLUMN spillway.workspaces.plan IS 'whose limits hold where the workspace has none of its own';

COMMENT ON COLUMN spillway.workspaces.stored_bytes IS 'bytes of its reports in the store; what is being uploaded is reserved in uploads';

COMMENT ON COLUMN spillway.workspaces.active_imports IS 'its imports that are queued or running';

COMMENT ON COLUMN spillway.workspaces.findings IS 'its findings, as of the last import that ended';

COMMENT ON COLUMN spillway.workspaces.removed_at IS 'since when it is being removed: its keys open nothing, and nothing of it is taken in, admitted or claimed any more; null: it is not';

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

ALTER TABLE ONLY spillway.closed_scopes
    ADD CONSTRAINT closed_scopes_are_found_by_import PRIMARY KEY (workspace_id, import_id, finding_id);

ALTER TABLE ONLY spillway.dataset_columns
    ADD CONSTRAINT dataset_columns_are_in_order PRIMARY KEY (workspace_id, dataset_id, ordinal);

ALTER TABLE ONLY spillway.dataset_columns
    ADD CONSTRAINT dataset_columns_have_a_name_of_their_own UNIQUE (workspace_id, dataset_id, name);

ALTER TABLE ONLY spillway.datasets
    ADD CONSTRAINT datasets_are_found_by_number PRIMARY KEY (workspace_id, id);

ALTER TABLE spillway.datasets
    ADD CONSTRAINT datasets_are_not_named_as_paths CHECK ((name <> 'preview'::text)) NOT VALID;

ALTER TABLE ONLY spillway.datasets
    ADD CONSTRAINT datasets_have_a_name_of_their_own UNIQUE (workspace_id, name);

ALTER TABLE ONLY spillway.decision_findings
    ADD CONSTRAINT decided_findings_are_of_a_decision PRIMARY KEY (workspace_id, decision_id, finding_id);

ALTER TABLE ONLY spillway.decisions
    ADD CONSTRAINT decisions_are_found_by_id PRIMARY KEY (workspace_id, id);

ALTER TABLE ONLY spillway.earlier_states
    ADD CONSTRAINT earlier_states_are_found_by_object PRIMARY KEY (workspace_id, object_id, import_id);

ALTER TABLE ONLY spillway.events
    ADD CONSTRAINT events_pkey PRIMARY KEY (workspace_id, id);

ALTER TABLE ONLY spillway.finding_counts
    ADD CONSTRAINT finding_counts_pkey PRIMARY KEY (workspace_id);

ALTER TABLE ONLY spillway.finding_days
    ADD CONSTRAINT finding_days_pkey PRIMARY KEY (workspace_id, day, severity, status, tool);

ALTER TABLE ONLY spillway.finding_decisions
    ADD CONSTRAINT finding_decisions_pkey PRIMARY KEY (workspace_id, finding_id);

ALTER TABLE ONLY spillway.finding_scopes
    ADD CONSTRAINT finding_scopes_pkey PRIMARY KEY (workspace_id, scope, finding_id);

ALTER TABLE ONLY spillway.finding_terms
    ADD CONSTRAINT finding_terms_pkey PRIMARY KEY (workspace_id, finding_id);

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

ALTER TABLE ONLY spillway.key_rates
    ADD CONSTRAINT key_rates_pkey PRIMARY KEY (workspace_id, key_id);

ALTER TABLE ONLY spillway.mappings
    ADD CONSTRAINT mappings_are_counted PRIMARY KEY (workspace_id, dataset_id, number);

ALTER TABLE ONLY spillway.members
    ADD CONSTRAINT members_pkey PRIMARY KEY (workspace_id, id);

ALTER TABLE spillway.dataset_columns
    ADD CONSTRAINT names_are_not_those_of_the_system CHECK ((name <> ALL (ARRAY['_run'::text, '_segment'::text, '_offset'::text, '_rescued'::text, '_updates'::text, '_at'::text, 'tableoid'::text, 'ctid'::text, 'xmin'::text, 'xmax'::text, 'cmin'::text, 'cmax'::text]))) NOT VALID;

ALTER TABLE ONLY spillway.notifications
    ADD CONSTRAINT notifications_pkey PRIMARY KEY (workspace_id, id);

ALTER TABLE ONLY spillway.datasets
    ADD CONSTRAINT numbers_of_datasets_are_used_once UNIQUE (id);

ALTER TABLE ONLY spillway.occurrences
    ADD CONSTRAINT occurrences_pkey PRIMARY KEY (workspace_id, id);

ALTER TABLE ONLY spillway.partitions
    ADD CONSTRAINT partitions_are_months PRIMARY KEY (workspace_id, dataset_id, generation, starts_on);

ALTER TABLE ONLY spillway.plans
    ADD CONSTRAINT plans_pkey PRIMARY KEY (name);

ALTER TABLE ONLY spillway.removals
    ADD CONSTRAINT removals_pkey PRIMARY KEY (workspace_id);

ALTER TABLE ONLY spillway.removed_imports
    ADD CONSTRAINT removed_imports_are_found_by_id PRIMARY KEY (workspace_id, id);

ALTER TABLE ONLY spillway.runs
    ADD CONSTRAINT runs_are_counted UNIQUE (workspace_id, dataset_id, run);

ALTER TABLE ONLY spillway.runs
    ADD CONSTRAINT runs_are_imports PRIMARY KEY (workspace_id, import_id);

ALTER TABLE ONLY spillway.schema_migrations
    ADD CONSTRAINT schema_migrations_are_applied_once PRIMARY KEY (version);

ALTER TABLE ONLY spillway.sessions
    ADD CONSTRAINT sessions_are_found_by_hash UNIQUE (hash);

ALTER TABLE ONLY spillway.sessions
    ADD CONSTRAINT sessions_pkey PRIMARY KEY (workspace_id, key_id, hash);

ALTER TABLE ONLY spillway.tails
    ADD CONSTRAINT tails_are_of_a_dataset_each PRIMARY KEY (workspace_id, dataset_id);

ALTER TABLE ONLY spillway.unindexed_imports
    ADD CONSTRAINT unindexed_imports_pkey PRIMARY KEY (workspace_id, import_id);

ALTER TABLE ONLY spillway.uploads
    ADD CONSTRAINT uploads_pkey PRIMARY KEY (workspace_id, id);

ALTER TABLE ONLY spillway.workspaces
    ADD CONSTRAINT workspace_names_are_unique UNIQUE (name);

ALTER TABLE ONLY spillway.workspaces
    ADD CONSTRAINT workspaces_pkey PRIMARY KEY (id);

CREATE INDEX api_keys_by_age ON spillway.api_keys USING btree (workspace_id, created_at, id);

CREATE INDEX api_keys_by_end ON spillway.api_keys USING btree (workspace_id, COALESCE(expires_at, 'infinity'::timestamp with time zone)) WHERE (revoked_at IS NULL);

CREATE INDEX api_keys_by_member ON spillway.api_keys USING btree (workspace_id, member_id) WHERE (member_id IS NOT NULL);

CREATE INDEX assets_by_word ON spillway.assets USING gin (array_remove(string_to_array((((workspace_id)::text || ' '::text) || replace(lower(translate(identity, '	
!"#$%&''()*+,-./:;<=>?@[\]^_`{|}~'::text, repeat(' '::text, 35))), ' '::text, ('
'::text || ((workspace_id)::text || ' '::text)))), '
'::text), ((workspace_id)::text || ' '::text))) WITH (fastupdate='on', gin_pending_list_limit='256');

CREATE INDEX decision_findings_by_finding ON spillway.decision_findings USING btree (workspace_id, finding_id, decision_id);

CREATE INDEX decisions_by_age ON spillway.decisions USING btree (decided_at);

CREATE INDEX decisions_that_end ON spillway.finding_decisions USING btree (ends_at) WHERE (ends_at IS NOT NULL);

CREATE INDEX earlier_states_by_import ON spillway.earlier_states USING brin (import_id);

CREATE INDEX events_by_action ON spillway.events USING btree (workspace_id, action, id);

CREATE INDEX events_by_age ON spillway.events USING btree (happened_at);

CREATE INDEX events_by_object ON spillway.events USING btree (workspace_id, object_id, id);

CREATE INDEX finding_counts_by_due ON spillway.finding_counts USING btree (due_at);

CREATE INDEX finding_scopes_by_finding ON spillway.finding_scopes USING btree (workspace_id, finding_id);

CREATE INDEX findings_by_status ON spillway.findings USING btree (workspace_id, status, severity, id);

CREATE INDEX findings_by_term ON spillway.finding_terms USING gin (terms) WITH (fastupdate='on', gin_pending_list_limit='256');

CREATE INDEX import_findings_by_severity ON spillway.import_findings USING btree (workspace_id, import_id, severity, finding_id);

CREATE INDEX import_queue_admitted ON spillway.import_queue USING btree (workspace_id) WHERE admitted;

CREATE INDEX import_queue_claim ON spillway.import_queue USING btree (turn_at, priority, import_id, segment, available_at) WHERE admitted;

CREATE INDEX import_queue_leases ON spillway.import_queue USING btree (available_at) WHERE claimed;

CREATE INDEX import_queue_waiting ON spillway.import_queue USING btree (workspace_id, priority, import_id, segment) WHERE (NOT admitted);

CREATE INDEX imports_by_state ON spillway.imports USING btree (workspace_id, state, id);

CREATE INDEX imports_that_close ON spillway.imports USING btree (workspace_id, scope, id) WHERE close_missing;

CREATE INDEX imports_with_reports ON spillway.imports USING btree (finished_at) WHERE ((finished_at IS NOT NULL) AND (report_removed_at IS NULL));

CREATE INDEX imports_without_reports ON spillway.imports USING btree (finished_at) WHERE (report_removed_at IS NOT NULL);

CREATE UNIQUE INDEX members_by_email ON spillway.members USING btree (workspace_id, lower(email)) WHERE (removed_at IS NULL);

CREATE INDEX notifications_by_age ON spillway.notifications USING btree (created_at);

CREATE INDEX notifications_by_import ON spillway.notifications USING btree (workspace_id, import_id);

CREATE INDEX notifications_unread ON spillway.notifications USING btree (workspace_id) WHERE (read_at IS NULL);

CREATE INDEX occurrences_by_finding ON spillway.occurrences USING btree (workspace_id, finding_id, id);

CREATE INDEX present_members ON spillway.members USING btree (workspace_id, id) WHERE (removed_at IS NULL);

CREATE INDEX removals_under_way ON spillway.removed_imports USING btree (removed_at) WHERE (ended_at IS NULL);

CREATE INDEX removed_imports_by_end ON spillway.removed_imports USING btree (ended_at) WHERE (ended_at IS NOT NULL);

CREATE INDEX sessions_by_end ON spillway.sessions USING btree (expires_at);

CREATE INDEX sessions_of_key ON spillway.sessions USING btree (workspace_id, key_id, expires_at);

CREATE INDEX unindexed_imports_that_ended ON spillway.unindexed_imports USING btree (ended_at) WHERE (ended_at IS NOT NULL);

CREATE INDEX uploads_by_sign_of_life ON spillway.uploads USING btree (seen_at);

ALTER TABLE ONLY spillway.api_keys
    ADD CONSTRAINT api_keys_belong_to_a_workspace FOREIGN KEY (workspace_id) REFERENCES spillway.workspaces(id) ON DELETE CASCADE;

ALTER TABLE ONLY spillway.dataset_columns
    ADD CONSTRAINT dataset_columns_are_of_a_dataset FOREIGN KEY (workspace_id, dataset_id) REFERENCES spillway.datasets(workspace_id, id) ON DELETE CASCADE;

ALTER TABLE ONLY spillway.datasets
    ADD CONSTRAINT datasets_belong_to_a_workspace FOREIGN KEY (workspace_id) REFERENCES spillway.workspaces(id);

ALTER TABLE ONLY spillway.decision_findings
    ADD CONSTRAINT decided_findings_belong_to_their_decision FOREIGN KEY (workspace_id, decision_id) REFERENCES spillway.decisions(workspace_id, id) ON DELETE CASCADE;

ALTER TABLE ONLY spillway.finding_decisions
    ADD CONSTRAINT decisions_are_of_a_finding FOREIGN KEY (workspace_id, finding_id) REFERENCES spillway.findings(workspace_id, id) ON DELETE CASCADE;

ALTER TABLE ONLY spillway.decisions
    ADD CONSTRAINT decisions_belong_to_a_workspace FOREIGN KEY (workspace_id) REFERENCES spillway.workspaces(id);

ALTER TABLE ONLY spillway.events
    ADD CONSTRAINT events_belong_to_a_workspace FOREIGN KEY (workspace_id) REFERENCES spillway.workspaces(id);

ALTER TABLE ONLY spillway.finding_counts
    ADD CONSTRAINT finding_counts_workspace_id_fkey FOREIGN KEY (workspace_id) REFERENCES spillway.workspaces(id) ON DELETE CASCADE;

ALTER TABLE ONLY spillway.finding_days
    ADD CONSTRAINT finding_days_workspace_id_fkey FOREIGN KEY (workspace_id) REFERENCES spillway.workspaces(id) ON DELETE CASCADE;

ALTER TABLE ONLY spillway.import_errors
    ADD CONSTRAINT import_errors_belong_to_an_import FOREIGN KEY (workspace_id, import_id) REFERENCES spillway.imports(workspace_id, id) ON DELETE CASCADE;

ALTER TABLE ONLY spillway.imports
    ADD CONSTRAINT imports_belong_to_a_workspace FOREIGN KEY (workspace_id) REFERENCES spillway.workspaces(id);

ALTER TABLE ONLY spillway.api_keys
    ADD CONSTRAINT keys_may_be_of_a_member FOREIGN KEY (workspace_id, member_id) REFERENCES spillway.members(workspace_id, id);

ALTER TABLE ONLY spillway.mappings
    ADD CONSTRAINT mappings_are_of_a_dataset FOREIGN KEY (workspace_id, dataset_id) REFERENCES spillway.datasets(workspace_id, id) ON DELETE CASCADE;

ALTER TABLE ONLY spillway.members
    ADD CONSTRAINT members_belong_to_a_workspace FOREIGN KEY (workspace_id) REFERENCES spillway.workspaces(id);

ALTER TABLE ONLY spillway.notifications
    ADD CONSTRAINT notifications_belong_to_an_import FOREIGN KEY (workspace_id, import_id) REFERENCES spillway.imports(workspace_id, id) ON DELETE CASCADE;

ALTER TABLE ONLY spillway.partitions
    ADD CONSTRAINT partitions_are_of_a_dataset FOREIGN KEY (workspace_id, dataset_id) REFERENCES spillway.datasets(workspace_id, id) ON DELETE CASCADE;

ALTER TABLE ONLY spillway.import_queue
    ADD CONSTRAINT queued_imports_are_still_to_do FOREIGN KEY (workspace_id, import_id, active) REFERENCES spillway.imports(workspace_id, id, active) ON DELETE CASCADE;

ALTER TABLE ONLY spillway.import_queue
    ADD CONSTRAINT queued_segments_exist FOREIGN KEY (workspace_id, import_id, segment) REFERENCES spillway.import_segments(workspace_id, import_id, segment) ON DELETE CASCADE;

ALTER TABLE ONLY spillway.key_rates
    ADD CONSTRAINT rates_belong_to_a_key FOREIGN KEY (workspace_id, key_id) REFERENCES spillway.api_keys(workspace_id, id) ON DELETE CASCADE;

ALTER TABLE ONLY spillway.removed_imports
    ADD CONSTRAINT removed_imports_belong_to_a_workspace FOREIGN KEY (workspace_id) REFERENCES spillway.workspaces(id);

ALTER TABLE ONLY spillway.runs
    ADD CONSTRAINT runs_are_of_a_dataset FOREIGN KEY (workspace_id, dataset_id) REFERENCES spillway.datasets(workspace_id, id) ON DELETE CASCADE;

ALTER TABLE ONLY spillway.runs
    ADD CONSTRAINT runs_belong_to_an_import FOREIGN KEY (workspace_id, import_id) REFERENCES spillway.imports(workspace_id, id) ON DELETE CASCADE;

ALTER TABLE ONLY spillway.import_segments
    ADD CONSTRAINT segments_belong_to_an_import FOREIGN KEY (workspace_id, import_id) REFERENCES spillway.imports(workspace_id, id) ON DELETE CASCADE;

ALTER TABLE ONLY spillway.sessions
    ADD CONSTRAINT sessions_are_of_a_key FOREIGN KEY (workspace_id, key_id) REFERENCES spillway.api_keys(workspace_id, id) ON DELETE CASCADE;

ALTER TABLE ONLY spillway.tails
    ADD CONSTRAINT tails_belong_to_a_dataset FOREIGN KEY (workspace_id, dataset_id) REFERENCES spillway.datasets(workspace_id, id) ON DELETE CASCADE;

ALTER TABLE ONLY spillway.finding_terms
    ADD CONSTRAINT terms_are_of_a_finding FOREIGN KEY (workspace_id, finding_id) REFERENCES spillway.findings(workspace_id, id) ON DELETE CASCADE;

ALTER TABLE ONLY spillway.unindexed_imports
    ADD CONSTRAINT unindexed_are_imports FOREIGN KEY (workspace_id, import_id) REFERENCES spillway.imports(workspace_id, id) ON DELETE CASCADE;

ALTER TABLE ONLY spillway.uploads
    ADD CONSTRAINT uploads_belong_to_a_workspace FOREIGN KEY (workspace_id) REFERENCES spillway.workspaces(id) ON DELETE CASCADE;

ALTER TABLE ONLY spillway.workspaces
    ADD CONSTRAINT workspaces_have_a_plan FOREIGN KEY (plan) REFERENCES spillway.plans(name);

ALTER TABLE spillway.api_keys ENABLE ROW LEVEL SECURITY;

ALTER TABLE spillway.assets ENABLE ROW LEVEL SECURITY;

ALTER TABLE spillway.closed_scopes ENABLE ROW LEVEL SECURITY;

ALTER TABLE spillway.dataset_columns ENABLE ROW LEVEL SECURITY;

ALTER TABLE spillway.datasets ENABLE ROW LEVEL SECURITY;

ALTER TABLE spillway.decision_findings ENABLE ROW LEVEL SECURITY;

ALTER TABLE spillway.decisions ENABLE ROW LEVEL SECURITY;

ALTER TABLE spillway.earlier_states ENABLE ROW LEVEL SECURITY;

ALTER TABLE spillway.events ENABLE ROW LEVEL SECURITY;

ALTER TABLE spillway.finding_counts ENABLE ROW LEVEL SECURITY;

ALTER TABLE spillway.finding_days ENABLE ROW LEVEL SECURITY;

ALTER TABLE spillway.finding_decisions ENABLE ROW LEVEL SECURITY;

ALTER TABLE spillway.finding_scopes ENABLE ROW LEVEL SECURITY;

ALTER TABLE spillway.finding_terms ENABLE ROW LEVEL SECURITY;

ALTER TABLE spillway.findings ENABLE ROW LEVEL SECURITY;

ALTER TABLE spillway.import_assets ENABLE ROW LEVEL SECURITY;

ALTER TABLE spillway.import_errors ENABLE ROW LEVEL SECURITY;

ALTER TABLE spillway.import_findings ENABLE ROW LEVEL SECURITY;

ALTER TABLE spillway.import_queue ENABLE ROW LEVEL SECURITY;

ALTER TABLE spillway.import_segments ENABLE ROW LEVEL SECURITY;

ALTER TABLE spillway.imports ENABLE ROW LEVEL SECURITY;

ALTER TABLE spillway.key_rates ENABLE ROW LEVEL SECURITY;

ALTER TABLE spillway.mappings ENABLE ROW LEVEL SECURITY;

ALTER TABLE spillway.members ENABLE ROW LEVEL SECURITY;

ALTER TABLE spillway.notifications ENABLE ROW LEVEL SECURITY;

ALTER TABLE spillway.occurrences ENABLE ROW LEVEL SECURITY;

ALTER TABLE spillway.partitions ENABLE ROW LEVEL SECURITY;

ALTER TABLE spillway.plans ENABLE ROW LEVEL SECURITY;

ALTER TABLE spillway.removals ENABLE ROW LEVEL SECURITY;

ALTER TABLE spillway.removed_imports ENABLE ROW LEVEL SECURITY;

ALTER TABLE spillway.runs ENABLE ROW LEVEL SECURITY;

ALTER TABLE spillway.schema_migrations ENABLE ROW LEVEL SECURITY;

ALTER TABLE spillway.sessions ENABLE ROW LEVEL SECURITY;

ALTER TABLE spillway.tails ENABLE ROW LEVEL SECURITY;

ALTER TABLE spillway.unindexed_imports ENABLE ROW LEVEL SECURITY;

ALTER TABLE spillway.uploads ENABLE ROW LEVEL SECURITY;

ALTER TABLE spillway.workspaces ENABLE ROW LEVEL SECURITY;
