create or replace function spillway.list_findings(
  p_workspace integer, p_filter jsonb, p_after_severity spillway.severity, p_after uuid, p_limit integer
) returns spillway.page
language plpgsql stable parallel safe security definer set search_path = ''
as $$
declare
  -- So many are looked at for a page, where no index leads to those that are wanted.
  c_window constant bigint := 4000;
  v_walk constant text := spillway.findings_walk(p_workspace, p_filter, p_after_severity, p_after, c_window);
  v_page spillway.page;
begin
  v_page := spillway.read_page(format($query$
    select concat_ws(' ', k.severity, k.id) as place, spillway.finding_summary(f) as document
    from (%1$s) as k
    join spillway.findings f on f.workspace_id = %2$s and f.id = k.id
    order by k.severity desc, k.id desc
  $query$, spillway.findings_passing(p_workspace, p_filter, v_walk, p_limit + 1), p_workspace), p_limit);
  if v_page.next is null then
    -- What has not been looked at is on the next page, even if this one is empty.
    execute format('select concat_ws('' '', k.severity, k.id) from (%s) k order by k.severity desc, k.id desc offset %s limit 1',
      v_walk, c_window - 1) into v_page.next;
  end if;
  return v_page;
end
$$;
comment on function spillway.list_findings(integer, jsonb, spillway.severity, uuid, integer) is
  'a page of the findings that pass a filter (see findings_walk), in short, worst first, after the place given. It may have fewer than there are, or none, where many had to be looked at: as long as there is a next place there may be more';
