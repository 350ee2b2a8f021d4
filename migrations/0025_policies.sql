-- Policy bundles of the organization, of workspaces, tiers and agents, in numbered versions that never change.
CREATE TABLE policy_bundles (
  id           TEXT    NOT NULL PRIMARY KEY, -- `org`, the id of a workspace or agent, or `tier:` and the name of a tier
  scope        TEXT    NOT NULL CHECK (scope IN ('organization', 'workspace', 'tier', 'agent')),
  workspace_id TEXT    REFERENCES workspaces (id),
  name         TEXT,
  latest       INTEGER NOT NULL,
  active       INTEGER,
  previous     INTEGER,
  activated_by TEXT,
  activated_at INTEGER,
  CHECK ((scope IN ('workspace', 'agent')) = (workspace_id IS NOT NULL)),
  CHECK (active IS NULL OR active BETWEEN 1 AND latest),
  CHECK (previous IS NULL OR previous BETWEEN 1 AND latest)
) STRICT, WITHOUT ROWID;
CREATE INDEX policy_bundles_by_workspace ON policy_bundles (workspace_id, id);

CREATE TABLE policy_versions (
  bundle    TEXT    NOT NULL REFERENCES policy_bundles (id),
  number    INTEGER NOT NULL CHECK (number >= 1),
  digest    TEXT    NOT NULL,
  source    TEXT    NOT NULL,
  compiled  TEXT    NOT NULL,
  policies  INTEGER NOT NULL,
  message   TEXT,
  pushed_by TEXT    NOT NULL,
  pushed_at INTEGER NOT NULL,
  PRIMARY KEY (bundle, number)
) STRICT, WITHOUT ROWID;

-- A decision names the version of a bundle, so the version must stay what it was.
CREATE TRIGGER policy_versions_are_immutable BEFORE UPDATE ON policy_versions BEGIN SELECT RAISE(ABORT, 'dome: a version of a policy bundle never changes'); END;

CREATE TRIGGER policy_versions_are_never_deleted BEFORE DELETE ON policy_versions BEGIN SELECT RAISE(ABORT, 'dome: a version of a policy bundle is never deleted'); END;

CREATE TRIGGER policy_versions_are_never_replaced BEFORE INSERT ON policy_versions WHEN EXISTS (SELECT 1 FROM policy_versions WHERE bundle = NEW.bundle AND number = NEW.number) BEGIN SELECT RAISE(ABORT, 'dome: the version of a policy bundle exists'); END;
