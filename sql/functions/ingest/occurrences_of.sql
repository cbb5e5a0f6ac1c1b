create or replace function spillway.occurrences_of(
  p_id text, p_finding_id text, p_asset_id text, p_host text[], p_port integer[], p_protocol text[], p_service text[], p_url text[],
  p_parameter text[], p_path text[], p_line bigint[], p_evidence text[], p_source_offset bigint[], p_source_line bigint[]
) returns spillway.occurrence_columns
language sql immutable parallel safe set search_path = ''
as $$
  select row(string_to_array(p_id, ',')::uuid[], string_to_array(p_finding_id, ',')::uuid[], string_to_array(p_asset_id, ',')::uuid[],
    p_host, p_port, p_protocol, p_service, p_url, p_parameter, p_path, p_line, p_evidence, p_source_offset, p_source_line)::spillway.occurrence_columns
$$;
comment on function spillway.occurrences_of(
  text, text, text, text[], integer[], text[], text[], text[], text[], text[], bigint[], text[], bigint[], bigint[]
) is 'occurrences in the form in which a client can send them: columns, those of ids as one text each, separated by commas';
