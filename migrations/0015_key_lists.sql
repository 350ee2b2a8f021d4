-- Lists of keys over agents, by age, by end and by last use: in one workspace, and in all of them. A page is read from one index,
-- from where the page before has ended. To have a place in it, a key without an end counts as one that ends after every other,
-- and a key that was never used as one that was used at 0.
ALTER TABLE api_keys ADD COLUMN workspace_id TEXT;
ALTER TABLE api_keys ADD COLUMN ends_at INTEGER GENERATED ALWAYS AS (coalesce(expires_at, 253402300799999)) VIRTUAL;
ALTER TABLE api_keys ADD COLUMN used_at INTEGER GENERATED ALWAYS AS (coalesce(last_used_at, 0)) VIRTUAL;
UPDATE api_keys SET workspace_id = (SELECT agents.workspace_id FROM agents WHERE agents.id = api_keys.agent_id);
CREATE INDEX api_keys_by_age ON api_keys (workspace_id, created_at, id);
CREATE INDEX api_keys_by_end ON api_keys (workspace_id, ends_at, id);
CREATE INDEX api_keys_by_use ON api_keys (workspace_id, used_at, id);
CREATE INDEX api_keys_everywhere_by_age ON api_keys (created_at, id);
CREATE INDEX api_keys_everywhere_by_end ON api_keys (ends_at, id);
CREATE INDEX api_keys_everywhere_by_use ON api_keys (used_at, id);

-- A version of Dome that knows no workspace of a key issues keys all the same.
CREATE TRIGGER api_keys_begin_in_their_workspace AFTER INSERT ON api_keys WHEN NEW.workspace_id IS NULL BEGIN UPDATE api_keys SET workspace_id = (SELECT agents.workspace_id FROM agents WHERE agents.id = NEW.agent_id) WHERE id = NEW.id; END;

-- The workspace is the boundary of what a reader sees: a key is never listed in another one than that of its agent (P11).
CREATE TRIGGER api_keys_are_in_the_workspace_of_their_agent BEFORE INSERT ON api_keys WHEN NEW.workspace_id IS NOT NULL AND NEW.workspace_id IS NOT (SELECT agents.workspace_id FROM agents WHERE agents.id = NEW.agent_id) BEGIN SELECT RAISE(ABORT, 'dome: a key is in the workspace of its agent'); END;

CREATE TRIGGER api_keys_stay_in_the_workspace_of_their_agent BEFORE UPDATE OF workspace_id ON api_keys WHEN NEW.workspace_id IS NOT (SELECT agents.workspace_id FROM agents WHERE agents.id = NEW.agent_id) BEGIN SELECT RAISE(ABORT, 'dome: a key is in the workspace of its agent'); END;
