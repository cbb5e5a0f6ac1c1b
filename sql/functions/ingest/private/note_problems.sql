create or replace function spillway.note_problems(
  p_workspace integer, p_import uuid, p_problems jsonb, p_keep boolean, p_entry text default null, p_starts_at bigint default 0
) returns jsonb
language plpgsql volatile set search_path = ''
as $$
declare
  v_counts jsonb;
begin
  with given as materialized (
    select * from jsonb_to_recordset(p_problems) as (code text, message text, "offset" bigint, line bigint, "column" text, excerpt text, record text)
  ), noted as (
    insert into spillway.import_errors (workspace_id, import_id, kind, code, message, source_offset, source_line, column_name, excerpt, item)
    select p_workspace, p_import, 'record', g.code, concat_ws(': ', p_entry, g.message), g."offset" + p_starts_at, g.line, g."column",
      coalesce(g.excerpt, ''), g.record::jsonb
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
comment on function spillway.note_problems(integer, uuid, jsonb, boolean, text, bigint) is
  'counts the records that the parser could not use by code, and keeps them (p_keep), each once; p_entry: the name of the report that they are of, where an upload has several, and p_starts_at where it begins';
