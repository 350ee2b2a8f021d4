-- A repeat is known by operator subject, owner and key: two tokens of one subject that are bound to different
-- workspaces may send the same bytes under the same key and mean different things. `owner` is the object that a request
-- changes; of a registration it is the workspace, and of a workspace's creation `org`.
CREATE TABLE idempotency_now (
  subject       TEXT    NOT NULL,
  owner         TEXT    NOT NULL,
  key           TEXT    NOT NULL,
  body_digest   TEXT    NOT NULL,
  target        TEXT    NOT NULL,
  fence         INTEGER NOT NULL DEFAULT 0,
  claimed_until INTEGER NOT NULL,
  status        INTEGER,
  body          TEXT,
  created_at    INTEGER NOT NULL,
  PRIMARY KEY (subject, owner, key)
) WITHOUT ROWID;

-- Answers keep their seven days. Every answer but those of registrations and of new workspaces has its owner as its
-- target already. Claims without an answer go: whoever holds one is refused and asks again.
INSERT INTO idempotency_now
  SELECT subject,
         CASE
           WHEN json_extract(body, '$.agent.id') = target AND json_extract(body, '$.api_key') IS NOT NULL
             THEN (SELECT workspace_id FROM agents WHERE agents.id = target)
           WHEN json_extract(body, '$.id') = target AND json_extract(body, '$.config_epoch') = 1 THEN 'org'
           ELSE target
         END,
         key, body_digest, target, fence, claimed_until, status, body, created_at
  FROM idempotency
  WHERE status IS NOT NULL AND json_valid(body);
DROP TABLE idempotency;
ALTER TABLE idempotency_now RENAME TO idempotency;
CREATE INDEX idempotency_by_age ON idempotency (created_at);
