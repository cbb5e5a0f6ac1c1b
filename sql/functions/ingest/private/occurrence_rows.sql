create or replace function spillway.occurrence_rows(p_occurrences spillway.occurrence_columns) returns table (
  id uuid, finding_id uuid, asset_id uuid, host text, port integer, protocol text, service text, url text, parameter text, path text, line bigint,
  evidence text, source_offset bigint)
-- Without a search_path, so that it becomes a part of the query that calls it. A call would gather all rows first.
language sql immutable parallel safe
as $$
  select g.id, g.finding_id, g.asset_id, g.host, g.port, g.protocol, g.service, g.url, g.parameter, g.path, g.line, coalesce(g.evidence, ''),
    coalesce(g.source_offset, 0)
  from (
    -- As columns of a select: in its from, each would be gathered first, which takes four times as long (PostgreSQL 15: 0.9 ms instead of 0.24).
    select unnest(p_occurrences.id) as id, unnest(p_occurrences.finding_id) as finding_id, unnest(p_occurrences.asset_id) as asset_id,
      unnest(p_occurrences.host) as host, unnest(p_occurrences.port) as port, unnest(p_occurrences.protocol) as protocol,
      unnest(p_occurrences.service) as service, unnest(p_occurrences.url) as url, unnest(p_occurrences.parameter) as parameter,
      unnest(p_occurrences.path) as path, unnest(p_occurrences.line) as line, unnest(p_occurrences.evidence) as evidence,
      unnest(p_occurrences.source_offset) as source_offset
  ) g
$$;
comment on function spillway.occurrence_rows(spillway.occurrence_columns) is 'occurrences of a batch one by one, in their order, with what an absent field stands for';
