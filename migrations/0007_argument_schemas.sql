-- What the arguments of a tool's operations must look like: {operation: JSON Schema}.
ALTER TABLE catalog_tools ADD COLUMN argument_schemas TEXT;

-- Owner objects that could not deliver their outbox at the last try. Written after a failed try and deleted after the
-- next one that succeeds: a note for operators, on which nothing depends.
CREATE TABLE outbox_backlog (
  owner TEXT PRIMARY KEY, depth INTEGER NOT NULL, oldest_at INTEGER, noted_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
