-- When an agent has used what it declares, by day, and what has lapsed unused. Days count from 1970-01-01, in UTC.
ALTER TABLE agent_surfaces ADD COLUMN declared_on INTEGER;

ALTER TABLE agent_surfaces ADD COLUMN used_on INTEGER;

ALTER TABLE agent_surfaces ADD COLUMN lapses_on INTEGER;

ALTER TABLE agent_surfaces ADD COLUMN lapsed_on INTEGER;

-- Of earlier uses nothing is known: everything counts as declared today.
UPDATE agent_surfaces SET declared_on = unixepoch() / 86400;

UPDATE tiers SET settings = json_set(settings, '$.lapse_after_days', NULL);
