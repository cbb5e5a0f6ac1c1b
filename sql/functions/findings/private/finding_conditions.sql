create or replace function spillway.finding_conditions(p_workspace integer, p_filter jsonb) returns text
language plpgsql stable parallel safe set search_path = ''
as $$
declare
  v_words constant text[] := spillway.words_of('', p_filter ->> 'q');
  v_first_seen_after constant timestamptz := spillway.time_of_text(p_filter ->> 'first_seen_after');
begin
  if v_first_seen_after is null and p_filter ? 'first_seen_after' then
    raise exception using errcode = 'SW400', message = 'first_seen_after is a time, as 2027-01-31T00:00:00Z';
  end if;
  return concat_ws(' and ', (
    select string_agg(format(c.condition, spillway.texts_of(p_filter -> c.name), p_workspace, p_filter ->> 'import_id'), ' and ') from (values
      -- "is true": not for the index of statuses, which looks as good as the key before a table is analyzed, and is gone through for each finding then.
      ('status', '(f.status = any (%1$L::spillway.finding_status[])) is true'),
      ('tool', 'f.tool = any (%1$L::text[])'),
      ('kind', 'f.kind = any (%1$L::spillway.finding_kind[])'),
      ('rule', 'f.rule_id = any (%1$L::text[])'),
      ('cve', 'exists (select from unnest(f.vulnerability_ids) v where lower(v) = any (lower(%1$L)::text[]))'),
      ('cwe', 'f.cwes && %1$L::integer[]'),
      ('component', 'f.component ->> ''name'' = any (%1$L::text[])'),
      ('scope', 'exists (select from spillway.finding_scopes s where s.workspace_id = %2$s and s.scope = any (%1$L::text[]) and s.finding_id = f.id)'),
      -- A finding may have millions of occurrences: those on an asset are a range of them.
      ('asset_id', 'exists (select from unnest(%1$L::uuid[]) a cross join lateral (select from spillway.occurrences o where o.workspace_id = %2$s and o.finding_id = f.id
        and o.asset_id = a and o.id between spillway.first_on_asset(a) and spillway.last_on_asset(a) offset 0) o)'),
      ('seen_as', 'exists (select from spillway.import_findings s where s.workspace_id = %2$s and s.import_id = %3$L and s.finding_id = f.id
        and s.seen_as = any (%1$L::spillway.seen_as[]))')
    ) as c (name, condition) where p_filter ? c.name),
    case when v_first_seen_after is not null then format('f.first_seen_at > %L', v_first_seen_after) end,
    -- The first word alone tells most of what has not all of them, in a tenth of the time.
    case when v_words <> '{}' then format('strpos(lower(spillway.searched_text(f)), %L) > 0 and spillway.words_of('''', spillway.searched_text(f)) @> %L', v_words[1], v_words) end);
end
$$;
comment on function spillway.finding_conditions(integer, jsonb) is
  'the condition on a finding (f) that passes a filter of findings_walk, but for its severity, by which the walk goes; empty where there is none. SW400 where first_seen_after is no time';
