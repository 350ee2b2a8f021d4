-- Operator tokens: rotation, and what never changes of a token once it was issued. `digest` and `root_key_version` may
-- follow a newer root key.

ALTER TABLE operator_tokens ADD COLUMN replaces TEXT REFERENCES operator_tokens (id);

CREATE TRIGGER operator_tokens_are_never_deleted
BEFORE DELETE ON operator_tokens
BEGIN SELECT RAISE(ABORT, 'dome: an operator token is never deleted'); END;

CREATE TRIGGER operator_tokens_are_never_replaced
BEFORE INSERT ON operator_tokens
WHEN EXISTS (SELECT 1 FROM operator_tokens WHERE id = NEW.id OR digest = NEW.digest)
BEGIN SELECT RAISE(ABORT, 'dome: the operator token exists'); END;

-- A successor is its predecessor with another secret: rotation gives nobody more than they had.
CREATE TRIGGER operator_tokens_succeed_live_ones
BEFORE INSERT ON operator_tokens
WHEN NEW.replaces IS NOT NULL AND NOT EXISTS (
  SELECT 1 FROM operator_tokens AS old
  WHERE old.id = NEW.replaces AND old.revoked_at IS NULL AND old.expires_at > NEW.created_at
    AND old.subject = NEW.subject AND old.role = NEW.role AND old.workspaces IS NEW.workspaces
)
BEGIN SELECT RAISE(ABORT, 'dome: the operator token is not live'); END;

CREATE TRIGGER operator_tokens_are_immutable
BEFORE UPDATE OF id, subject, description, role, workspaces, created_at, created_by, replaces ON operator_tokens
WHEN NEW.id IS NOT OLD.id OR NEW.subject IS NOT OLD.subject OR NEW.description IS NOT OLD.description
  OR NEW.role IS NOT OLD.role OR NEW.workspaces IS NOT OLD.workspaces OR NEW.created_at IS NOT OLD.created_at
  OR NEW.created_by IS NOT OLD.created_by OR NEW.replaces IS NOT OLD.replaces
BEGIN SELECT RAISE(ABORT, 'dome: what an operator token allows never changes'); END;

CREATE TRIGGER operator_tokens_only_end_earlier
BEFORE UPDATE OF expires_at ON operator_tokens
WHEN NEW.expires_at > OLD.expires_at
BEGIN SELECT RAISE(ABORT, 'dome: an operator token is not prolonged'); END;

CREATE TRIGGER operator_tokens_stay_revoked
BEFORE UPDATE OF revoked_at ON operator_tokens
WHEN OLD.revoked_at IS NOT NULL
BEGIN SELECT RAISE(ABORT, 'dome: the operator token is not live'); END;
