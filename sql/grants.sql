-- Who may do what. The app's roles (sql/roles.sql) reach the tables through functions only: those here, which do it with the rights of the owner. What is
-- not said here nobody may, beside the owner. Each time that the database is migrated, all is taken away and given again.

revoke all on all tables in schema spillway from public, spillway_api, spillway_read, spillway_access, spillway_drain, spillway_admin;
revoke all on all sequences in schema spillway from public, spillway_api, spillway_read, spillway_access, spillway_drain, spillway_admin;
revoke all on all routines in schema spillway from public, spillway_api, spillway_read, spillway_access, spillway_drain, spillway_admin;
revoke all on schema spillway from public, spillway_api, spillway_read, spillway_access, spillway_drain, spillway_admin;
grant usage on schema spillway to spillway_api, spillway_read, spillway_access, spillway_drain, spillway_admin;

-- Names of tables and types are looked for among a session's temporary ones first, also by a function with the rights of its owner: nobody makes any.
do $$
begin
  execute format('revoke temporary on database %I from public, spillway_api, spillway_read, spillway_access, spillway_drain, spillway_admin', current_database());
end
$$;

-- imports
grant execute on function
  spillway.workspace_of_key, spillway.charge_request, spillway.charge_read, spillway.open_upload, spillway.hold_upload, spillway.note_upload_parts, spillway.close_upload, spillway.create_import, spillway.list_imports,
  spillway.import_status, spillway.cancel_import, spillway.remove_import, spillway.retry_import, spillway.list_import_errors, spillway.retry_errors, spillway.retry_rows, spillway.stored_report, spillway.get_dataset,
  spillway.create_dataset
to spillway_api;

-- status and findings. Two of them write, a row that a person has chosen, and a page's worth of marks.
grant execute on function
  spillway.workspace_of_key, spillway.charge_request, spillway.charge_read, spillway.get_workspace, spillway.list_events, spillway.import_status, spillway.activity,
  spillway.list_notifications, spillway.count_unread, spillway.mark_notifications_read,
  spillway.list_findings, spillway.get_finding, spillway.get_finding_days, spillway.get_asset, spillway.decide_finding, spillway.decide_findings, spillway.undo_decision, spillway.list_decisions, spillway.list_assets,
  spillway.list_occurrences
to spillway_read;

-- datasets: what people wait for, too. To make a dataset takes milliseconds.
grant execute on function
  spillway.list_datasets, spillway.get_dataset, spillway.create_dataset, spillway.change_dataset, spillway.remove_dataset, spillway.add_mapping,
  spillway.list_mappings, spillway.read_rows, spillway.aggregate_rows, spillway.get_tail
to spillway_read;

-- access: nobody else makes keys for callers
grant execute on function
  spillway.workspace_of_key, spillway.charge_request, spillway.charge_read, spillway.list_keys, spillway.create_key, spillway.rotate_key, spillway.revoke_key,
  spillway.create_session, spillway.get_session, spillway.end_session,
  spillway.list_members, spillway.create_member, spillway.change_member, spillway.remove_member
to spillway_access;

-- drain and tick
grant execute on function
  spillway.claim_import, spillway.ingest_batch, spillway.ingest_rows, spillway.make_partitions, spillway.wants_segments, spillway.cut_segment, spillway.release_import, spillway.finish_import,
  spillway.fail_import, spillway.fail_trial, spillway.claim_leftovers, spillway.forget_leftovers, spillway.clean_up, spillway.index_findings, spillway.count_findings_of_day, spillway.take_back_imports, spillway.unattended_seconds
to spillway_drain;

-- spillway-admin, but for what only the owner can: migrate, and passwords
grant execute on function
  spillway.create_workspace, spillway.list_workspaces, spillway.set_workspace_limits, spillway.list_plans, spillway.set_plan,
  spillway.create_api_key, spillway.list_api_keys, spillway.rotate_api_key, spillway.revoke_api_key, spillway.begin_removal, spillway.remove_some
to spillway_admin;
