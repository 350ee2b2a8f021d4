-- The root key rotates, and the digests of keys and operator tokens follow it: at the next use under a newer root key
-- another digest is added here. The one that a key was issued with stays in its own row for ever (P2), so nothing that
-- a key means is ever rewritten.
-- No row numbers: REPLACE would take a row away by it, past every trigger.
CREATE TABLE key_digests (
  holder           TEXT    NOT NULL,
  root_key_version TEXT    NOT NULL,
  digest           TEXT    NOT NULL UNIQUE,
  created_at       INTEGER NOT NULL,
  PRIMARY KEY (holder, root_key_version)
) WITHOUT ROWID;

CREATE TRIGGER key_digests_are_immutable BEFORE UPDATE ON key_digests BEGIN SELECT RAISE(ABORT, 'dome: a digest names its key for ever'); END;

CREATE TRIGGER key_digests_are_never_deleted BEFORE DELETE ON key_digests BEGIN SELECT RAISE(ABORT, 'dome: a digest names its key for ever'); END;

CREATE TRIGGER key_digests_are_never_replaced BEFORE INSERT ON key_digests WHEN EXISTS (SELECT 1 FROM key_digests WHERE digest = NEW.digest) OR EXISTS (SELECT 1 FROM key_digests WHERE holder = NEW.holder AND root_key_version = NEW.root_key_version) OR EXISTS (SELECT 1 FROM api_keys WHERE digest = NEW.digest) OR EXISTS (SELECT 1 FROM operator_tokens WHERE digest = NEW.digest) BEGIN SELECT RAISE(ABORT, 'dome: the digest is known'); END;
