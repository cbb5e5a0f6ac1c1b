-- Keys are made over HTTP: they are listed by age, and those that are valid are counted.

create index api_keys_by_age on spillway.api_keys (workspace_id, created_at, id);
create index api_keys_by_end on spillway.api_keys (workspace_id, (coalesce(expires_at, 'infinity'))) where revoked_at is null;
