create or replace function spillway.rows_of(p_occurrences spillway.occurrence_columns) returns setof spillway.new_occurrence
language sql immutable parallel safe set search_path = ''
as $$
  select o.* from unnest(
    p_occurrences.id, p_occurrences.finding_id, p_occurrences.asset_id, p_occurrences.host, p_occurrences.port, p_occurrences.protocol,
    p_occurrences.service, p_occurrences.url, p_occurrences.parameter, p_occurrences.path, p_occurrences.line, p_occurrences.evidence,
    p_occurrences.source_offset, p_occurrences.source_line) as o
$$;
comment on function spillway.rows_of(spillway.occurrence_columns) is 'occurrences one by one, for what happens seldom';
