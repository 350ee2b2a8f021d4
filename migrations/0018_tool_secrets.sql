-- The credentials of one tool are found without those of every other one: to list them, and to remove the tool.
CREATE INDEX tool_secrets_by_tool ON tool_secrets (tool_id, created_at, id);
