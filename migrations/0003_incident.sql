-- Projections of stops, for listing only: a workspace that is halted, and an agent that is draining. The version guards
-- against an older projection that arrives late.
ALTER TABLE workspaces ADD COLUMN halted INTEGER NOT NULL DEFAULT 0;
ALTER TABLE workspaces ADD COLUMN halt_version INTEGER NOT NULL DEFAULT 0;
ALTER TABLE agents ADD COLUMN draining TEXT;
