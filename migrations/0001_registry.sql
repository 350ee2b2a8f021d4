-- The registry: what exists. Lifecycle state here is a projection for listing; it never admits a call.
-- Times are milliseconds since the Unix epoch.
-- Tables whose rows must never go have no row number: REPLACE would take a row away by it, past every trigger (P2).

CREATE TABLE workspaces (
  id                TEXT    NOT NULL PRIMARY KEY,
  name              TEXT    NOT NULL UNIQUE,
  created_at        INTEGER NOT NULL,
  description       TEXT,
  config_epoch      INTEGER NOT NULL DEFAULT 0,
  fence             INTEGER NOT NULL DEFAULT 0,
  last_change       TEXT,
  object_started_at INTEGER
) WITHOUT ROWID;

CREATE TABLE agents (
  id                TEXT    NOT NULL PRIMARY KEY,
  workspace_id      TEXT    NOT NULL REFERENCES workspaces (id),
  name              TEXT    NOT NULL,
  owner             TEXT    NOT NULL,
  created_at        INTEGER NOT NULL,
  contact           TEXT,
  tier              TEXT    NOT NULL,
  description       TEXT,
  labels            TEXT    NOT NULL DEFAULT '{}',
  parent_id         TEXT    REFERENCES agents (id),
  require_actas     TEXT,
  delegates_to      TEXT    NOT NULL DEFAULT '[]',
  expires_at        INTEGER,
  freshness         TEXT,
  record_version    INTEGER NOT NULL DEFAULT 1,
  fence             INTEGER NOT NULL DEFAULT 0,
  last_change       TEXT,
  object_started_at INTEGER,
  state             TEXT    NOT NULL DEFAULT 'provisioned',
  state_version     INTEGER NOT NULL DEFAULT 0,
  state_changed_at  INTEGER NOT NULL,
  revoked_at        INTEGER,
  UNIQUE (workspace_id, name)
) WITHOUT ROWID;
CREATE INDEX agents_by_parent ON agents (parent_id) WHERE parent_id IS NOT NULL;
CREATE INDEX agents_by_owner ON agents (workspace_id, owner);

CREATE TABLE agent_surfaces (
  agent_id TEXT NOT NULL REFERENCES agents (id),
  kind     TEXT NOT NULL CHECK (kind IN ('tool', 'pool', 'integration')),
  name     TEXT NOT NULL,
  PRIMARY KEY (agent_id, kind, name)
) WITHOUT ROWID;
CREATE INDEX agent_surfaces_by_name ON agent_surfaces (kind, name);

-- The peppered digest of a key names its agent, for ever. Whether the key is live is the AgentObject's word.
CREATE TABLE api_keys (
  id               TEXT    NOT NULL PRIMARY KEY,
  agent_id         TEXT    NOT NULL REFERENCES agents (id),
  digest           TEXT    NOT NULL UNIQUE,
  root_key_version TEXT    NOT NULL,
  last4            TEXT    NOT NULL,
  created_at       INTEGER NOT NULL,
  expires_at       INTEGER,
  revoked_at       INTEGER,
  last_used_at     INTEGER
) WITHOUT ROWID;
CREATE INDEX api_keys_by_agent ON api_keys (agent_id);

CREATE TABLE operator_tokens (
  id               TEXT    NOT NULL PRIMARY KEY,
  digest           TEXT    NOT NULL UNIQUE,
  root_key_version TEXT    NOT NULL,
  last4            TEXT    NOT NULL,
  subject          TEXT    NOT NULL,
  description      TEXT,
  role             TEXT    NOT NULL,
  workspaces       TEXT,
  created_at       INTEGER NOT NULL,
  created_by       TEXT    NOT NULL,
  expires_at       INTEGER NOT NULL,
  revoked_at       INTEGER,
  last_used_at     INTEGER
);

CREATE TABLE catalog_tools (
  workspace_id    TEXT    NOT NULL REFERENCES workspaces (id),
  name            TEXT    NOT NULL,
  id              TEXT    NOT NULL UNIQUE,
  kind            TEXT    NOT NULL,
  description     TEXT,
  operations      TEXT,
  clear_arguments INTEGER NOT NULL DEFAULT 0,
  created_at      INTEGER NOT NULL,
  PRIMARY KEY (workspace_id, name)
);

CREATE TABLE catalog_pools (
  workspace_id TEXT    NOT NULL REFERENCES workspaces (id),
  name         TEXT    NOT NULL,
  id           TEXT    NOT NULL UNIQUE,
  description  TEXT,
  models       TEXT,
  created_at   INTEGER NOT NULL,
  PRIMARY KEY (workspace_id, name)
);

CREATE TABLE catalog_integrations (
  workspace_id TEXT    NOT NULL REFERENCES workspaces (id),
  name         TEXT    NOT NULL,
  id           TEXT    NOT NULL UNIQUE,
  description  TEXT,
  created_at   INTEGER NOT NULL,
  PRIMARY KEY (workspace_id, name)
);

-- Signing keys of the organization; the private half is sealed under the root key.
CREATE TABLE signing_keys (
  kid            TEXT    NOT NULL PRIMARY KEY,
  use            TEXT    NOT NULL CHECK (use IN ('token', 'receipt')),
  public_jwk     TEXT    NOT NULL,
  sealed_jwk     TEXT    NOT NULL,
  created_at     INTEGER NOT NULL,
  not_before     INTEGER NOT NULL,
  retire_at      INTEGER,
  compromised_at INTEGER
);

-- The organization itself: one row, so that its owner object has a fence like every other.
CREATE TABLE organization (
  id                TEXT    NOT NULL PRIMARY KEY CHECK (id = 'org'),
  config_epoch      INTEGER NOT NULL DEFAULT 0,
  fence             INTEGER NOT NULL DEFAULT 0,
  last_change       TEXT,
  object_started_at INTEGER
);
INSERT INTO organization (id) VALUES ('org');

-- One row per control-plane mutation that wrote to D1 (P12). `fence` guards a claim that was taken over.
CREATE TABLE idempotency (
  subject       TEXT    NOT NULL,
  key           TEXT    NOT NULL,
  body_digest   TEXT    NOT NULL,
  target        TEXT    NOT NULL,
  fence         INTEGER NOT NULL DEFAULT 0,
  claimed_until INTEGER NOT NULL,
  status        INTEGER,
  body          TEXT,
  created_at    INTEGER NOT NULL,
  PRIMARY KEY (subject, key)
) WITHOUT ROWID;
CREATE INDEX idempotency_by_age ON idempotency (created_at);

-- Audit records that were committed with a change, until their owner object has delivered them (P8).
CREATE TABLE audit_producers (
  producer TEXT    NOT NULL PRIMARY KEY,
  last_n   INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE audit_outbox (
  producer   TEXT    NOT NULL,
  n          INTEGER NOT NULL,
  owner      TEXT    NOT NULL,
  record     TEXT    NOT NULL,
  created_at INTEGER NOT NULL,
  PRIMARY KEY (producer, n)
) WITHOUT ROWID;
CREATE INDEX audit_outbox_by_owner ON audit_outbox (owner, n);

-- D1 has no interactive transactions: a batch begins by writing here what must be true, and the named constraint
-- that is not met aborts all of it. Every batch deletes its row at its end.
CREATE TABLE batch_guard (
  fence_ok  INTEGER DEFAULT 1 CONSTRAINT fence_moved CHECK (fence_ok IS 1),
  claim_ok  INTEGER DEFAULT 1 CONSTRAINT claim_lost CHECK (claim_ok IS 1),
  parent_ok INTEGER DEFAULT 1 CONSTRAINT parent_cycle CHECK (parent_ok IS 1)
);

-- P2: the record is immutable. A BEFORE INSERT trigger is what stops INSERT OR REPLACE and upserts: SQLite does not
-- fire delete triggers for rows that REPLACE removes.
CREATE TRIGGER agents_record_is_immutable BEFORE UPDATE OF id, name, owner, workspace_id, created_at ON agents WHEN NEW.id IS NOT OLD.id OR NEW.name IS NOT OLD.name OR NEW.owner IS NOT OLD.owner OR NEW.workspace_id IS NOT OLD.workspace_id OR NEW.created_at IS NOT OLD.created_at BEGIN SELECT RAISE(ABORT, 'dome: the record of an agent is immutable'); END;

CREATE TRIGGER agents_are_never_deleted BEFORE DELETE ON agents BEGIN SELECT RAISE(ABORT, 'dome: an agent is never deleted'); END;

CREATE TRIGGER agents_are_never_replaced BEFORE INSERT ON agents WHEN EXISTS (SELECT 1 FROM agents WHERE id = NEW.id) BEGIN SELECT RAISE(ABORT, 'dome: the id of an agent is taken'); END;

CREATE TRIGGER agents_names_are_never_reused BEFORE INSERT ON agents WHEN EXISTS (SELECT 1 FROM agents WHERE workspace_id = NEW.workspace_id AND name = NEW.name) BEGIN SELECT RAISE(ABORT, 'dome: the name of an agent is taken'); END;

-- P5: revoked is final.
CREATE TRIGGER agents_stay_revoked BEFORE UPDATE OF state, revoked_at ON agents WHEN (OLD.revoked_at IS NOT NULL AND NEW.revoked_at IS NOT OLD.revoked_at) OR (OLD.state = 'revoked' AND NEW.state IS NOT 'revoked') BEGIN SELECT RAISE(ABORT, 'dome: revoked is final'); END;

CREATE TRIGGER workspaces_record_is_immutable BEFORE UPDATE OF id, name, created_at ON workspaces WHEN NEW.id IS NOT OLD.id OR NEW.name IS NOT OLD.name OR NEW.created_at IS NOT OLD.created_at BEGIN SELECT RAISE(ABORT, 'dome: the record of a workspace is immutable'); END;

CREATE TRIGGER workspaces_are_never_deleted BEFORE DELETE ON workspaces BEGIN SELECT RAISE(ABORT, 'dome: a workspace is never deleted'); END;

CREATE TRIGGER workspaces_are_never_replaced BEFORE INSERT ON workspaces WHEN EXISTS (SELECT 1 FROM workspaces WHERE id = NEW.id OR name = NEW.name) BEGIN SELECT RAISE(ABORT, 'dome: the name of a workspace is taken'); END;

CREATE TRIGGER api_keys_are_immutable BEFORE UPDATE OF id, agent_id, digest, root_key_version, created_at ON api_keys WHEN NEW.id IS NOT OLD.id OR NEW.agent_id IS NOT OLD.agent_id OR NEW.digest IS NOT OLD.digest OR NEW.root_key_version IS NOT OLD.root_key_version OR NEW.created_at IS NOT OLD.created_at BEGIN SELECT RAISE(ABORT, 'dome: a key names its agent for ever'); END;

CREATE TRIGGER api_keys_are_never_deleted BEFORE DELETE ON api_keys BEGIN SELECT RAISE(ABORT, 'dome: a key is never deleted'); END;

CREATE TRIGGER api_keys_are_never_replaced BEFORE INSERT ON api_keys WHEN EXISTS (SELECT 1 FROM api_keys WHERE id = NEW.id OR digest = NEW.digest) BEGIN SELECT RAISE(ABORT, 'dome: the key exists'); END;
