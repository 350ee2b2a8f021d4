-- The servers behind tools that Dome calls itself: where, how it authenticates, and what passes.
ALTER TABLE catalog_tools ADD COLUMN url TEXT;
ALTER TABLE catalog_tools ADD COLUMN auth TEXT NOT NULL DEFAULT '{"type":"none"}';
ALTER TABLE catalog_tools ADD COLUMN forward_headers TEXT NOT NULL DEFAULT '[]';
-- A count of tool_secrets, written in the batch that changes them.
ALTER TABLE catalog_tools ADD COLUMN secrets INTEGER NOT NULL DEFAULT 0;

-- What Dome authenticates with to these servers, sealed under the root key.
CREATE TABLE tool_secrets (
  id           TEXT    NOT NULL PRIMARY KEY,
  tool_id      TEXT    NOT NULL REFERENCES catalog_tools (id),
  workspace_id TEXT    NOT NULL REFERENCES workspaces (id),
  sealed       TEXT    NOT NULL,
  created_at   INTEGER NOT NULL,
  created_by   TEXT    NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX tool_secrets_by_workspace ON tool_secrets (workspace_id, tool_id, created_at, id);
