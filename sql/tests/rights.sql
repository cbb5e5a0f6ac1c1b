begin;
select plan(20);

create temporary view roles as select r.rolname as name, r.* from pg_roles r where r.rolname ~ '^spillway_(api|read|access|drain|admin)$';
create temporary view functions as select p.oid, p.proname::text as name, p.prosecdef, p.proconfig, p.proargnames, p.prorettype, p.proacl
  from pg_proc p where p.pronamespace = 'spillway'::regnamespace;
create function pg_temp.of(p_role text) returns setof text language sql as $$
  select name from functions where has_function_privilege(p_role, oid, 'execute') order by name $$;
-- What becomes of a statement of a role: its SQLSTATE, or ok.
create function pg_temp.as_role(p_role text, p_statement text) returns text language plpgsql as $$
begin
  perform set_config('role', p_role, true);
  execute p_statement;
  perform set_config('role', 'none', true);
  return 'ok';
exception when others then
  return sqlstate;
end $$;

select is((select count(*)::integer from roles), 5, 'there are five roles beside the owner');
select is_empty($$ select name from roles where rolsuper or rolcreaterole or rolcreatedb or rolreplication or rolbypassrls $$, 'which can nothing special');
select is_empty($$ select r.name from roles r join pg_auth_members m on m.member = r.oid $$, 'and have no rights of others');

-- Tables.
select is_empty($$ select r.name, c.relname from roles r, pg_class c where c.relnamespace = 'spillway'::regnamespace and c.relkind in ('r', 'p', 'v', 'm')
    and (has_table_privilege(r.oid, c.oid, 'select, insert, update, delete, truncate, references, trigger')
      or has_any_column_privilege(r.oid, c.oid, 'select, insert, update, references')) $$, 'none may do anything with a table');
select is_empty($$ select r.name, c.relname from roles r, pg_class c where c.relnamespace = 'spillway'::regnamespace and c.relkind = 'S'
    and has_sequence_privilege(r.oid, c.oid, 'usage, select, update') $$, 'nor with a sequence');
select is_empty($$ select c.relname from pg_class c where c.relnamespace = 'spillway'::regnamespace and c.relkind in ('r', 'p') and not c.relrowsecurity $$,
  'every table shows its rows to its owner only');
select is_empty($$ select polname from pg_policy p join pg_class c on c.oid = p.polrelid where c.relnamespace = 'spillway'::regnamespace $$, 'without an exception');
select is_empty($$ select name from roles where has_schema_privilege(oid, 'spillway', 'create') or has_database_privilege(oid, current_database(), 'temporary, create') $$,
  'and none can put anything of its own in the way');

-- Functions.
select is_empty($$ select f.name from functions f, aclexplode(coalesce(f.proacl, acldefault('f', 10))) a where a.grantee = 0 $$, 'no function is everybody''s');
select is_empty($$ select f.name from functions f where exists (select from roles r where has_function_privilege(r.oid, f.oid, 'execute'))
    and not (f.prosecdef and coalesce(f.proconfig::text like '%search\_path=%', false)) $$,
  'what a role may call does it with the rights of the owner, in names that are fixed');
select is_empty($$ select f.name from functions f where f.prosecdef and f.prorettype <> 'trigger'::regtype
    and not exists (select from roles r where has_function_privilege(r.oid, f.oid, 'execute')) $$, 'and nothing else does');
select results_eq($$ select * from pg_temp.of('spillway_api') $$, $$ values ('cancel_import'), ('charge_read'), ('charge_request'), ('close_upload'),
  ('create_dataset'), ('create_import'), ('get_dataset'), ('hold_upload'), ('import_status'), ('list_import_errors'), ('list_imports'), ('note_upload_parts'), ('open_upload'), ('remove_import'), ('retry_errors'), ('retry_import'), ('retry_rows'), ('stored_report'), ('workspace_of_key') $$, 'api');
select results_eq($$ select * from pg_temp.of('spillway_read') $$, $$ values ('activity'), ('add_mapping'), ('aggregate_rows'), ('change_dataset'), ('charge_read'),
  ('charge_request'), ('count_unread'), ('create_dataset'), ('decide_finding'), ('decide_findings'), ('get_asset'), ('get_dataset'), ('get_finding'), ('get_finding_days'), ('get_tail'), ('get_workspace'), ('import_status'),
  ('list_assets'), ('list_datasets'), ('list_decisions'), ('list_events'), ('list_findings'), ('list_mappings'), ('list_notifications'),
  ('list_occurrences'), ('mark_notifications_read'), ('read_rows'), ('remove_dataset'), ('undo_decision'), ('workspace_of_key') $$, 'read');
select results_eq($$ select * from pg_temp.of('spillway_access') $$, $$ values ('change_member'), ('charge_read'), ('charge_request'), ('create_key'), ('create_member'),
  ('create_session'), ('end_session'), ('get_session'), ('list_keys'), ('list_members'), ('remove_member'), ('revoke_key'), ('rotate_key'), ('workspace_of_key') $$, 'access');
select results_eq($$ select * from pg_temp.of('spillway_drain') $$, $$ values ('claim_import'), ('claim_leftovers'), ('clean_up'), ('count_findings_of_day'), ('cut_segment'), ('fail_import'),
  ('fail_trial'), ('finish_import'), ('forget_leftovers'), ('index_findings'), ('ingest_batch'), ('ingest_rows'), ('make_partitions'), ('release_import'), ('take_back_imports'), ('unattended_seconds'), ('wants_segments') $$, 'drain');
select results_eq($$ select * from pg_temp.of('spillway_admin') $$, $$ values ('begin_removal'), ('create_api_key'), ('create_workspace'), ('list_api_keys'),
  ('list_plans'), ('list_workspaces'), ('remove_some'), ('revoke_api_key'), ('rotate_api_key'), ('set_plan'), ('set_workspace_limits') $$, 'admin');
select is(pg_temp.as_role('spillway_read', 'select from spillway.findings'), '42501', 'so it is where it is tried');
select is(pg_temp.as_role('spillway_read', 'select spillway.count_unread(1)'), 'ok', 'both ways');

-- Time.
select is((select count(*)::integer from roles r, unnest(array['statement', 'lock', 'idle_in_transaction_session']) s (limit_)
    join pg_db_role_setting d on d.setdatabase = (select oid from pg_database where datname = current_database())
    where d.setrole = r.oid and d.setconfig::text like '%' || s.limit_ || '\_timeout=%'), 15, 'the time of each is limited in three ways');

-- Whose rows.
select is_empty($$ select f.name from functions f, unnest(array['spillway_api', 'spillway_read', 'spillway_access']) r (name) where has_function_privilege(r.name, f.oid, 'execute')
    and f.proargnames[1] <> 'p_workspace' and f.name not in ('workspace_of_key', 'charge_request', 'charge_read') $$, 'whatever is done for a caller is told the workspace');

select * from finish();
rollback;
