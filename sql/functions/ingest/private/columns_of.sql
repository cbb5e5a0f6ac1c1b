create or replace function spillway.columns_of(p_occurrences spillway.new_occurrence[]) returns spillway.occurrence_columns
language sql immutable parallel safe set search_path = ''
as $$
  select row(
    coalesce(array_agg(o.id), '{}'), array_agg(o.finding_id), array_agg(o.asset_id), array_agg(o.host), array_agg(o.port), array_agg(o.protocol),
    array_agg(o.service), array_agg(o.url), array_agg(o.parameter), array_agg(o.path), array_agg(o.line), array_agg(o.evidence),
    array_agg(o.source_offset), array_agg(o.source_line))::spillway.occurrence_columns
  from unnest(p_occurrences) o
$$;
comment on function spillway.columns_of(spillway.new_occurrence[]) is 'the opposite of rows_of';
