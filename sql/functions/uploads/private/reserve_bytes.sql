create or replace function spillway.reserve_bytes(p_workspace integer, p_bytes bigint, p_own bigint, p_wanted bigint) returns bigint
language plpgsql volatile set search_path = ''
as $$
declare
  v_limit bigint := (spillway.limits_of(p_workspace)).max_stored_bytes;
  v_stored bigint;
  v_reserved bigint;
  v_room bigint;
begin
  -- The lock makes the quota strict: two that ask at once would both find the last room free.
  select w.stored_bytes into v_stored from spillway.workspaces w where w.id = p_workspace for no key update;
  v_reserved := (spillway.open_uploads_of(p_workspace)).reserved_bytes - p_own;
  v_room := v_limit - v_stored - v_reserved;
  if p_bytes > v_room then
    perform spillway.refuse(403, 'storage-quota', 'The storage of the workspace is used up', format(
      'the workspace may store %s bytes: %s are stored and %s reserved for other uploads, this one needs %s; reports are removed some time after their '
      'import has ended, or ask the operator for more', v_limit, v_stored, v_reserved, p_bytes),
      jsonb_build_object('members', jsonb_build_object('limit', v_limit, 'used', v_stored, 'reserved', v_reserved, 'needed', p_bytes)));
  end if;
  return least(greatest(p_bytes, p_wanted), v_room);
end
$$;
comment on function spillway.reserve_bytes(integer, bigint, bigint, bigint) is
  'how many bytes an upload may have reserved, which has p_own: at least p_bytes, and up to p_wanted where there is room; SW403 where there is none. Locks the workspace''s row';
