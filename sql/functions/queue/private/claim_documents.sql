create or replace function spillway.claim_documents(p_imports uuid[], p_segments smallint[]) returns jsonb
language plpgsql stable
set search_path = ''
-- Row by row (limit) by the keys, whatever size the tables had when the plan was made: see batch_insert_findings.
set enable_seqscan = off
-- Otherwise it is planned for every claim anew, which takes three times as long as it does: PostgreSQL sees that the arrays are short.
set plan_cache_mode = force_generic_plan
as $$
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
comment on function spillway.claim_documents(uuid[], smallint[]) is 'claimed segments of imports, in this order, as whoever claims them is told of them';
