-- How many ancestors an agent may have is held inside the batch itself, so that two changes of one tree, each of which
-- would be right alone, cannot make it deeper together.
ALTER TABLE batch_guard ADD COLUMN depth_ok INTEGER DEFAULT 1 CONSTRAINT parent_too_deep CHECK (depth_ok IS 1);
