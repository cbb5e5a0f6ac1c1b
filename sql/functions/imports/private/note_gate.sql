create or replace function spillway.note_gate(p_workspace integer, p_import uuid) returns void
language plpgsql volatile set search_path = '' set plan_cache_mode = force_custom_plan
as $$
declare
  v_gate jsonb;
begin
  with counts as (
    select case s.seen_as when 'new' then 'new' when 'reopened' then 'reopened' else 'known' end as kind, s.severity, count(*) as findings
    from spillway.import_findings s
    where s.workspace_id = p_workspace and s.import_id = p_import
      -- Not "=", for which there is an index, too: before the tables are analyzed it looks as good as that of the key, and is walked for each finding.
      and exists (select from spillway.findings f where f.workspace_id = s.workspace_id and f.id = s.finding_id and f.status is not distinct from 'open')
    group by 1, 2
  )
  select jsonb_object_agg(k.kind, (
    select jsonb_object_agg(s.severity, coalesce(c.findings, 0)) from unnest(enum_range(null::spillway.severity)) as s (severity)
    left join counts c on c.kind = k.kind and c.severity = s.severity))
  into v_gate
  from unnest('{new,reopened,known}'::text[]) as k (kind);
  update spillway.imports i set gate = v_gate, version = i.version + 1 where i.workspace_id = p_workspace and i.id = p_import;
end
$$;
comment on function spillway.note_gate(integer, uuid) is
  'writes down how many findings of an import of a report are open, by severity as its report says: those that it was the first to show, those that were closed before it, and those that were open already. For whoever has the import''s row locked, once all is stored: {new, reopened, known: {severity: number}}';
