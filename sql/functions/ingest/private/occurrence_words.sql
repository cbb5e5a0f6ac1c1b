create or replace function spillway.occurrence_words(o spillway.occurrences) returns jsonb
language sql immutable parallel safe set search_path = ''
as $$
  select jsonb_build_object('service', o.service, 'evidence', o.evidence)
$$;
comment on function spillway.occurrence_words(spillway.occurrences) is 'what the newest import says of an occurrence: the columns by which it is updated or unchanged';
