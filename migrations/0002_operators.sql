-- Operator tokens: rotation, and what never changes of a token once it was issued. `digest` and `root_key_version` may
-- follow a newer root key.

-- As a table without row numbers, because REPLACE would take a row away by its number, past every trigger.
CREATE TABLE operator_tokens_now (
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
  last_used_at     INTEGER,
  replaces         TEXT
) WITHOUT ROWID;
INSERT INTO operator_tokens_now
  SELECT id, digest, root_key_version, last4, subject, description, role, workspaces, created_at, created_by,
         expires_at, revoked_at, last_used_at, NULL
  FROM operator_tokens;
DROP TABLE operator_tokens;
ALTER TABLE operator_tokens_now RENAME TO operator_tokens;

CREATE TRIGGER operator_tokens_are_never_deleted BEFORE DELETE ON operator_tokens BEGIN SELECT RAISE(ABORT, 'dome: an operator token is never deleted'); END;

CREATE TRIGGER operator_tokens_are_never_replaced BEFORE INSERT ON operator_tokens WHEN EXISTS (SELECT 1 FROM operator_tokens WHERE id = NEW.id OR digest = NEW.digest) BEGIN SELECT RAISE(ABORT, 'dome: the operator token exists'); END;

-- A successor is its predecessor with another secret: rotation gives nobody more than they had.
CREATE TRIGGER operator_tokens_succeed_live_ones BEFORE INSERT ON operator_tokens WHEN NEW.replaces IS NOT NULL AND NOT EXISTS (SELECT 1 FROM operator_tokens AS old WHERE old.id = NEW.replaces AND old.revoked_at IS NULL AND old.expires_at > NEW.created_at AND old.subject = NEW.subject AND old.role = NEW.role AND old.workspaces IS NEW.workspaces) BEGIN SELECT RAISE(ABORT, 'dome: the operator token is not live'); END;

CREATE TRIGGER operator_tokens_are_immutable BEFORE UPDATE OF id, subject, description, role, workspaces, created_at, created_by, replaces ON operator_tokens WHEN NEW.id IS NOT OLD.id OR NEW.subject IS NOT OLD.subject OR NEW.description IS NOT OLD.description OR NEW.role IS NOT OLD.role OR NEW.workspaces IS NOT OLD.workspaces OR NEW.created_at IS NOT OLD.created_at OR NEW.created_by IS NOT OLD.created_by OR NEW.replaces IS NOT OLD.replaces BEGIN SELECT RAISE(ABORT, 'dome: what an operator token allows never changes'); END;

CREATE TRIGGER operator_tokens_only_end_earlier BEFORE UPDATE OF expires_at ON operator_tokens WHEN NEW.expires_at > OLD.expires_at BEGIN SELECT RAISE(ABORT, 'dome: an operator token is not prolonged'); END;

CREATE TRIGGER operator_tokens_stay_revoked BEFORE UPDATE OF revoked_at ON operator_tokens WHEN OLD.revoked_at IS NOT NULL BEGIN SELECT RAISE(ABORT, 'dome: the operator token is not live'); END;
