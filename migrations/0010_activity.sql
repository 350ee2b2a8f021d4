-- When an agent was active last, as its object tells it at most once an hour; to be sorted by.
ALTER TABLE agents ADD COLUMN last_active_at INTEGER;
CREATE INDEX agents_by_activity ON agents (workspace_id, last_active_at);
