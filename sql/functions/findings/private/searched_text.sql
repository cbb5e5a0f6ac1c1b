create or replace function spillway.searched_text(f spillway.findings) returns text
language sql stable parallel safe
as $$
  select pg_catalog.concat_ws(' ', f.title, f.rule_id, f.component ->> 'name', pg_catalog.array_to_string(f.vulnerability_ids[:1000], ' '))
$$;
comment on function spillway.searched_text(spillway.findings) is 'the texts of a finding whose words are searched: title, rule, name of the component, and its first 1,000 identifiers';
