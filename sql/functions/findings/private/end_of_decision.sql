create or replace function spillway.end_of_decision(p_status spillway.finding_status, p_ends_at text) returns timestamptz
language plpgsql stable set search_path = ''
as $$
declare
  c_longest constant interval := interval '10 years';
  v_ends_at constant timestamptz := spillway.time_of_text(p_ends_at);
begin
  if p_ends_at is null then
    return null;
  end if;
  if p_status <> 'accepted_risk' then
    raise exception using errcode = 'SW422', message = 'only accepted_risk has an end; leave ends_at away';
  end if;
  if v_ends_at > now() and v_ends_at < now() + c_longest then
    return v_ends_at;
  end if;
  raise exception using errcode = 'SW422', message = 'ends_at is a time in the next ten years, as 2027-01-31T00:00:00Z';
end
$$;
comment on function spillway.end_of_decision(spillway.finding_status, text) is 'when a decision ends; null: never. SW422 where that is no time in the next ten years, or the status has none';
