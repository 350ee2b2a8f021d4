-- Tiers. The three of every new installation are rows like others, except that they stay.
CREATE TABLE tiers (
  name       TEXT    NOT NULL PRIMARY KEY,
  built_in   INTEGER NOT NULL DEFAULT 0,
  settings   TEXT    NOT NULL, -- JSON: the description, the limits and the defaults
  version    INTEGER NOT NULL DEFAULT 1,
  created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

INSERT INTO tiers (name, built_in, settings, created_at) VALUES
  ('restricted', 1, '{"description":"For agents nobody has come to trust yet: short tokens, and every call asks whether it is still allowed.","self_service":true,"token_ttl_seconds":60,"max_chain_depth":2,"max_batch":10,"max_key_days":90,"max_body_bytes":16384,"max_act_body_bytes":1048576,"max_act_seconds":60,"max_session_seconds":3600,"rate":"low","freshness":"always","audit":"before_release"}', 0),
  ('standard', 1, '{"description":"For agents with an owner and a purpose.","self_service":true,"token_ttl_seconds":300,"max_chain_depth":4,"max_batch":100,"max_key_days":365,"max_body_bytes":262144,"max_act_body_bytes":10485760,"max_act_seconds":300,"max_session_seconds":28800,"rate":"normal","freshness":"leased","audit":"before_release"}', 0),
  ('trusted', 1, '{"description":"For agents that other agents stand on: longer chains and larger requests.","self_service":false,"token_ttl_seconds":300,"max_chain_depth":8,"max_batch":500,"max_key_days":365,"max_body_bytes":1048576,"max_act_body_bytes":104857600,"max_act_seconds":3600,"max_session_seconds":28800,"rate":"high","freshness":"leased","audit":"before_release"}', 0);

CREATE INDEX agents_by_tier ON agents (tier) WHERE revoked_at IS NULL;

-- Without its tier, an agent has no limits, and everything is denied to it.
CREATE TRIGGER agents_begin_in_a_tier BEFORE INSERT ON agents WHEN NOT EXISTS (SELECT 1 FROM tiers WHERE name = NEW.tier) BEGIN SELECT RAISE(ABORT, 'dome: the tier does not exist'); END;

CREATE TRIGGER agents_stay_in_a_tier BEFORE UPDATE OF tier ON agents WHEN NEW.tier IS NOT OLD.tier AND NOT EXISTS (SELECT 1 FROM tiers WHERE name = NEW.tier) BEGIN SELECT RAISE(ABORT, 'dome: the tier does not exist'); END;

CREATE TRIGGER tiers_in_use_stay BEFORE DELETE ON tiers WHEN EXISTS (SELECT 1 FROM agents WHERE tier = OLD.name AND revoked_at IS NULL) BEGIN SELECT RAISE(ABORT, 'dome: agents are in the tier'); END;

CREATE TRIGGER built_in_tiers_stay BEFORE DELETE ON tiers WHEN OLD.built_in = 1 BEGIN SELECT RAISE(ABORT, 'dome: a built-in tier stays'); END;
