create or replace function spillway.acting_key() returns uuid
language sql stable set search_path = ''
as $$ select nullif(current_setting('spillway.key_id', true), '')::uuid $$;
comment on function spillway.acting_key() is 'the API key by which the present statement was let in (workspace_of_key, to the end of the transaction); null: an operator''s or the drain''s';
