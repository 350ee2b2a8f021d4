-- Everything that is configured has a version, raised by each change of it: what `ETag` shows and `If-Match` compares.
-- Agents (`record_version`) and workspaces (`config_epoch`) have theirs already.
ALTER TABLE catalog_tools ADD COLUMN version INTEGER NOT NULL DEFAULT 1;
ALTER TABLE catalog_pools ADD COLUMN version INTEGER NOT NULL DEFAULT 1;
ALTER TABLE catalog_integrations ADD COLUMN version INTEGER NOT NULL DEFAULT 1;
ALTER TABLE identity_providers ADD COLUMN version INTEGER NOT NULL DEFAULT 1;
ALTER TABLE operator_tokens ADD COLUMN version INTEGER NOT NULL DEFAULT 1;
