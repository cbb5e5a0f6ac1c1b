create or replace function spillway.note_problems(p_workspace integer, p_import uuid, p_problems jsonb) returns bigint
language sql volatile set search_path = ''
as $$
  with noted as (
    insert into spillway.import_errors (workspace_id, import_id, kind, code, message, source_offset, source_line, excerpt)
    select p_workspace, p_import, 'record', p.code, p.message, p."offset", p.line, coalesce(p.excerpt, '')
    from jsonb_to_recordset(p_problems) as p (code text, message text, "offset" bigint, line bigint, excerpt text)
    on conflict do nothing
    returning id
  )
  select count(*) from noted
$$;
comment on function spillway.note_problems(integer, uuid, jsonb) is 'notes the records that the parser could not use, each once, and counts those that were not noted before';
