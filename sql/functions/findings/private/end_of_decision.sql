create or replace function spillway.end_of_decision(p_status spillway.finding_status, p_ends_at text) returns timestamptz
language plpgsql stable set search_path = ''
as $$
begin
  if p_ends_at is null then
    return null;
  end if;
  if p_status <> 'accepted_risk' then
    raise exception using errcode = 'SW422', message = 'only accepted_risk has an end; leave ends_at away';
  end if;
  return spillway.future_time('ends_at', p_ends_at);
end
$$;
comment on function spillway.end_of_decision(spillway.finding_status, text) is 'when a decision ends; null: never. SW422 where that is no time in the next ten years, or the status has none';
