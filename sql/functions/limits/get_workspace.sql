create or replace function spillway.get_workspace(p_workspace integer) returns jsonb
language plpgsql volatile security definer set search_path = ''
as $$
declare
  v_rate text[] := (
    select string_to_array(spillway.rate_text(spillway.limits_of(p_workspace), r.full_at), ' ')
    from spillway.api_keys k left join spillway.key_rates r on r.workspace_id = k.workspace_id and r.key_id = k.id
    where k.workspace_id = p_workspace and k.id = spillway.acting_key());
begin
  return spillway.workspace_document(p_workspace) || jsonb_build_object('requests', jsonb_build_object('quota', v_rate[1]::integer,
    'window_seconds', v_rate[2]::integer, 'available', v_rate[3]::integer, 'all_available_in_seconds', v_rate[4]::integer));
end
$$;
comment on function spillway.get_workspace(integer) is 'a workspace with its limits, what it uses of them, and how many requests the key of the statement has left';
