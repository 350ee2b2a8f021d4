-- The operations of MCP servers behind tools, each with the definition that was approved and the one that waits.
CREATE TABLE tool_operations (
  tool_id      TEXT    NOT NULL REFERENCES catalog_tools (id),
  workspace_id TEXT    NOT NULL REFERENCES workspaces (id),
  name         TEXT    NOT NULL,
  state        TEXT    NOT NULL CHECK (state IN ('pinned', 'quarantined')),
  why          TEXT    CHECK (why IN ('new', 'changed', 'gone')),
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
CREATE INDEX tool_operations_by_workspace ON tool_operations (workspace_id, tool_id, name);
