-- Lists of agents by name, by age and by activity: in one workspace, in all of them, and of one steward. A page is read from one
-- index, from where the page before has ended. To have a place in it, an agent that never acted counts as one that acted at 0.
ALTER TABLE agents ADD COLUMN acted_at INTEGER GENERATED ALWAYS AS (coalesce(last_active_at, 0)) VIRTUAL;
DROP INDEX agents_by_activity;
CREATE INDEX agents_by_activity ON agents (workspace_id, acted_at, id);
CREATE INDEX agents_by_age ON agents (workspace_id, created_at, id);
CREATE INDEX agents_everywhere_by_name ON agents (name, id);
CREATE INDEX agents_everywhere_by_age ON agents (created_at, id);
CREATE INDEX agents_everywhere_by_activity ON agents (acted_at, id);
CREATE INDEX agents_of_steward_by_name ON agents (steward, name, id);
CREATE INDEX agents_of_steward_by_age ON agents (steward, created_at, id);
CREATE INDEX agents_of_steward_by_activity ON agents (steward, acted_at, id);

-- Where the words of an agent's name begin, each with all that follows it: support-triage-eu stands here as itself, as
-- triage-eu and as eu. So the agents that a search means are a range of an index.
CREATE TABLE agent_name_words (
  agent_id     TEXT NOT NULL REFERENCES agents (id),
  word         TEXT NOT NULL,
  workspace_id TEXT NOT NULL,
  PRIMARY KEY (agent_id, word)
) WITHOUT ROWID;
CREATE INDEX agent_name_words_by_workspace ON agent_name_words (workspace_id, word);
CREATE INDEX agent_name_words_everywhere ON agent_name_words (word);

-- A list of as many zeros as the name has characters stands for the places in it.
CREATE TRIGGER agents_have_words AFTER INSERT ON agents BEGIN INSERT INTO agent_name_words (agent_id, word, workspace_id) SELECT NEW.id, substr(NEW.name, place.key + 1), NEW.workspace_id FROM json_each('[0' || replace(hex(zeroblob(length(NEW.name) - 1)), '00', ',0') || ']') AS place WHERE place.key = 0 OR (substr(NEW.name, place.key, 1) = '-' AND substr(NEW.name, place.key + 1, 1) NOT IN ('-', '')); END;

INSERT INTO agent_name_words (agent_id, word, workspace_id)
SELECT agents.id, substr(agents.name, place.key + 1), agents.workspace_id
FROM agents, json_each('[0' || replace(hex(zeroblob(length(agents.name) - 1)), '00', ',0') || ']') AS place
WHERE place.key = 0 OR (substr(agents.name, place.key, 1) = '-' AND substr(agents.name, place.key + 1, 1) NOT IN ('-', ''));

-- The keys of an agent that may be live, to be counted without those that are over.
CREATE INDEX api_keys_not_revoked ON api_keys (agent_id, expires_at) WHERE revoked_at IS NULL;

-- A copy of the stop that a suspended or revoked agent is under, for listing: by whom, why, and by which halt.
ALTER TABLE agents ADD COLUMN stop TEXT;
