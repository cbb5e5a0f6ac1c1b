-- Under some plans, admit_imports let only the first segment of an import be claimed: such an import ran until that was read, and then stood still.
update spillway.import_queue q set admitted = true, turn_at = w.served_at
from spillway.imports i, spillway.workspaces w
where not q.admitted and i.workspace_id = q.workspace_id and i.id = q.import_id and w.id = q.workspace_id
  and (i.state = 'running' or exists (select from spillway.import_queue o where o.import_id = q.import_id and o.admitted));
