create or replace function spillway.list_plans() returns jsonb
language plpgsql stable security definer set search_path = ''
as $$
begin
  return (
    select coalesce(jsonb_agg(jsonb_build_object('name', p.name, 'workspaces', (select count(*) from spillway.workspaces w where w.plan = p.name),
      'limits', spillway.limits_document(p)) order by p.name), '[]')
    from spillway.plans p
  );
end
$$;
comment on function spillway.list_plans() is 'the plans with their limits, and how many workspaces have them';
