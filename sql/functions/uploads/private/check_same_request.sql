create or replace function spillway.check_same_request(p_import spillway.imports, p_request bytea, p_sha256 bytea default null) returns void
language plpgsql immutable set search_path = ''
as $$
begin
  if p_import.request_sha256 <> p_request then
    raise exception using errcode = 'SW422', message = format(
      'the Idempotency-Key was used for the import %s with another format, scope, close_missing or priority; take a new one', p_import.id);
  end if;
  if p_import.sha256 <> p_sha256 then
    raise exception using errcode = 'SW422', message = format(
      'the Idempotency-Key was used for the import %s of another report; take a new one', p_import.id);
  end if;
end
$$;
comment on function spillway.check_same_request(spillway.imports, bytea, bytea) is
  'refuses (SW422) a request that comes with the Idempotency-Key of an import, but asks for something else (hash p_request) or has another report (hash p_sha256). What is null is not compared';
