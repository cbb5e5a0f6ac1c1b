create or replace function spillway.terms_asked(p_workspace integer, p_filter jsonb) returns text
language plpgsql immutable parallel safe set search_path = ''
as $$
begin
  return (
    select string_agg(a.condition, ' and ') from (
      select (
        select format('(%s)', string_agg(format('t.terms @> %L', spillway.words_of(p_workspace || ' ', v)), ' or ')) from unnest(spillway.texts_of(p_filter -> name)) v
      ) as condition
      from unnest(array['tool', 'kind', 'rule', 'cve', 'cwe', 'component']) name where p_filter ? name
      union all
      select format('t.terms @> %L', spillway.words_of(p_workspace || ' ', p_filter ->> 'q')) where p_filter ? 'q'
    ) as a);
end
$$;
comment on function spillway.terms_asked(integer, jsonb) is
  'the condition on finding_terms (t) that what passes a filter fulfils: all words of q, and of each of its lists all of some value; null where it asks for none';
