-- Identity providers: whose ID tokens a workspace accepts, and for which of its agents. An issuer is trusted once per
-- workspace: two sets of rules for one issuer would leave it open which of them holds.
CREATE TABLE identity_providers (
  workspace_id         TEXT    NOT NULL REFERENCES workspaces (id),
  name                 TEXT    NOT NULL,
  id                   TEXT    NOT NULL UNIQUE,
  issuer               TEXT    NOT NULL,
  audiences            TEXT    NOT NULL,
  audience_scope       TEXT    NOT NULL CHECK (audience_scope IN ('agent', 'workspace')),
  authorized_parties   TEXT    NOT NULL,
  algorithms           TEXT    NOT NULL,
  subject_claim        TEXT    NOT NULL DEFAULT 'sub',
  email_claim          TEXT    NOT NULL DEFAULT 'email',
  groups_claim         TEXT,
  tenant               TEXT,
  max_age_seconds      INTEGER NOT NULL DEFAULT 600 CHECK (max_age_seconds BETWEEN 30 AND 3600),
  max_auth_age_seconds INTEGER,
  acr_values           TEXT    NOT NULL,
  description          TEXT,
  created_at           INTEGER NOT NULL,
  PRIMARY KEY (workspace_id, name),
  UNIQUE (workspace_id, issuer)
);
