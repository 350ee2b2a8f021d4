-- why: `moved` too: the tool has another address since the operation was approved. A CHECK changes only with its table.
CREATE TABLE tool_operations_next (
  tool_id      TEXT    NOT NULL REFERENCES catalog_tools (id),
  workspace_id TEXT    NOT NULL REFERENCES workspaces (id),
  name         TEXT    NOT NULL,
  state        TEXT    NOT NULL CHECK (state IN ('pinned', 'quarantined')),
  why          TEXT    CHECK (why IN ('new', 'changed', 'gone', 'moved')),
  hash         TEXT,
  definition   TEXT,
  pending_hash TEXT,
  pending      TEXT,
  read_only    INTEGER NOT NULL DEFAULT 0,
  destructive  INTEGER NOT NULL DEFAULT 1,
  approved_by  TEXT,
  approved_at  INTEGER,
  changed_at   INTEGER NOT NULL,
  PRIMARY KEY (tool_id, name),
  CHECK ((state = 'pinned') = (why IS NULL)),
  CHECK (state = 'quarantined' OR hash IS NOT NULL)
) STRICT, WITHOUT ROWID;
INSERT INTO tool_operations_next
  SELECT tool_id, workspace_id, name, state, why, hash, definition, pending_hash, pending, read_only, destructive,
         approved_by, approved_at, changed_at
  FROM tool_operations;
DROP TABLE tool_operations;
ALTER TABLE tool_operations_next RENAME TO tool_operations;
CREATE INDEX tool_operations_by_workspace ON tool_operations (workspace_id, tool_id, name);
-- How many operations of a tool are quarantined: counted in the batch that changes them.
ALTER TABLE catalog_tools ADD COLUMN quarantined INTEGER NOT NULL DEFAULT 0;
UPDATE catalog_tools SET quarantined =
  (SELECT count(*) FROM tool_operations WHERE tool_id = catalog_tools.id AND state = 'quarantined');
