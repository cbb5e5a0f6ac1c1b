create or replace function spillway.activity(p_workspace integer, p_known text default null)
returns table (version text, document text)
language plpgsql stable parallel safe security definer set search_path = ''
as $$
declare
  c_active constant integer := 50;
  c_ended constant integer := 10;
  v_active uuid[];
  v_ended uuid[];
  v_imports text;
  v_running boolean;
  v_workspace jsonb := spillway.workspace_document(p_workspace);
  v_unread bigint := spillway.count_unread(p_workspace);
begin
  -- Each state by itself, as the index has them: what is looked at are the imports that are shown, however many there are.
  with found as (
    select i.id, i.version, i.state, s.active, row_number() over (partition by s.active order by i.id desc) as n
    from (values ('running', true), ('queued', true), ('completed', false), ('failed', false), ('cancelled', false)) as s (state, active)
    cross join lateral (
      select i.id, i.version, i.state from spillway.imports i
      where i.workspace_id = p_workspace and i.state = s.state::spillway.import_state
      order by i.id desc limit case when s.active then c_active else c_ended end
    ) as i
  ), shown as (
    select f.* from found f where f.n <= case when f.active then c_active else c_ended end
  )
  select array_agg(s.id order by s.id desc) filter (where s.active), array_agg(s.id order by s.id desc) filter (where not s.active),
    string_agg(concat(s.id, s.version), ' ' order by s.id), coalesce(bool_or(s.state = 'running'), false)
  into v_active, v_ended, v_imports, v_running
  from shown s;
  version := md5(concat_ws(' ', v_imports, v_unread, v_workspace));
  if version is distinct from p_known then
    document := json_build_object('active', spillway.import_texts(p_workspace, v_active), 'ended', spillway.import_texts(p_workspace, v_ended),
      'unread', v_unread, 'workspace', v_workspace,
      'poll_after_ms', case when v_running then 2000 when v_active is not null then 1000 else 15000 end)::text;
  end if;
  return next;
end
$$;
comment on function spillway.activity(integer, text) is
  'all that a page polls, and its version: the newest 50 imports that are active, the newest 10 that have ended, the number of notifications that nobody has read, the workspace, and when to ask again; no document where the version is known already';
