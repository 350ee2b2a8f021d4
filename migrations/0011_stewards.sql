-- The steward of an agent: who answers for it now, beside the owner, who is part of the record and stays. Both are the same
-- until the agent is transferred.
ALTER TABLE agents ADD COLUMN steward TEXT NOT NULL DEFAULT '';
ALTER TABLE agents ADD COLUMN steward_since INTEGER NOT NULL DEFAULT 0;
UPDATE agents SET steward = owner, steward_since = created_at;
CREATE INDEX agents_by_steward ON agents (steward, workspace_id);

-- A version of Dome that knows no stewards registers an agent all the same.
CREATE TRIGGER agents_begin_with_their_owner AFTER INSERT ON agents WHEN NEW.steward = '' BEGIN UPDATE agents SET steward = NEW.owner, steward_since = NEW.created_at WHERE id = NEW.id; END;

-- Somebody answers for every agent, and the date is that of the steward.
CREATE TRIGGER agents_have_a_dated_steward BEFORE UPDATE OF steward, steward_since ON agents WHEN NEW.steward = '' OR (NEW.steward IS OLD.steward AND NEW.steward_since IS NOT OLD.steward_since) BEGIN SELECT RAISE(ABORT, 'dome: the date of a steward goes with the steward'); END;
