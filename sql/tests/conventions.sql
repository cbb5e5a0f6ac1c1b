begin;
select plan(5);

select is_empty(
  $$ select p.oid::regprocedure::text from pg_proc p
     where p.pronamespace = 'spillway'::regnamespace and obj_description(p.oid, 'pg_proc') is null $$,
  'every function says what it does');
select is_empty(
  $$ select c.oid::regclass::text from pg_class c
     where c.relnamespace = 'spillway'::regnamespace and c.relkind in ('r', 'p', 'v') and obj_description(c.oid, 'pg_class') is null
       and c.relname <> 'schema_migrations' $$,
  'every table says what it holds');
select is_empty(
  $$ select p.oid::regprocedure::text from pg_proc p
     join pg_language l on l.oid = p.prolang
     where p.pronamespace = 'spillway'::regnamespace and not coalesce(p.proconfig::text like '%search\_path%', false)
       -- What is one expression of functions that are named in full needs none, and can become a part of the query that calls it.
       and not (l.lanname = 'sql' and p.prosrc ~ '^\s*select pg_catalog\.' and p.prosrc !~* '\m(from|where|join)\M')
       -- Nor do rows made of columns, which name nothing but types of PostgreSQL: of those pg_catalog comes first in any search_path.
       and p.proname not in ('finding_rows', 'occurrence_rows') $$,
  'every function fixes its search_path');
select is_empty(
  $$ select c.relname || '.' || a.attname from pg_attribute a join pg_class c on c.oid = a.attrelid
     where c.relnamespace = 'spillway'::regnamespace and c.relkind = 'r' and a.attnum > 0 and a.atttypid = 'timestamptz'::regtype
       and a.attname !~ '_at$' $$,
  'times end in _at');
select is_empty(
  $$ select c.relname from pg_class c
     where c.relnamespace = 'spillway'::regnamespace and c.relkind = 'r' and c.relname not in ('workspaces', 'plans', 'schema_migrations')
       and not exists (select from pg_attribute a where a.attrelid = c.oid and a.attname = 'workspace_id' and a.attnotnull) $$,
  'every row carries its workspace');

select * from finish();
rollback;
