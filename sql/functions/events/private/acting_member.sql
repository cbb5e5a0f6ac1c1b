create or replace function spillway.acting_member(p_workspace integer) returns uuid
language plpgsql stable set search_path = ''
as $$
begin
  return (select k.member_id from spillway.api_keys k where k.workspace_id = p_workspace and k.id = spillway.acting_key());
end
$$;
comment on function spillway.acting_member(integer) is 'the member whose key acts; null: nobody''s';
