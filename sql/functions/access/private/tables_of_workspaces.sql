create or replace function spillway.tables_of_workspaces() returns setof text
language sql stable set search_path = ''
as $$
  with recursive tables as (
    select c.oid, c.relname::text as name
    from pg_catalog.pg_class c join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attname = 'workspace_id' and not a.attisdropped
    where c.relnamespace = 'spillway'::regnamespace and c.relkind = 'r' and c.relname not in ('uploads', 'removals')
  ), referred (oid, depth) as (
    select t.oid, 0 from tables t
    union
    select k.confrelid, r.depth + 1
    from referred r join pg_catalog.pg_constraint k on k.conrelid = r.oid and k.contype = 'f' and k.confrelid <> k.conrelid
    -- Deeper than any chain of tables; an end also where they refer to each other in a circle.
    where r.depth < 10
  )
  select t.name from tables t join referred r on r.oid = t.oid group by t.name order by max(r.depth), t.name
$$;
comment on function spillway.tables_of_workspaces() is
  'the tables whose rows are a workspace''s, as the catalog has them: each after those that refer to it, so that their rows can be removed in this order. Without uploads, whose rows go when the store has removed what they stand for, and removals, which stay';
