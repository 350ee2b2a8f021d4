-- Removing a catalog entry that agents declare is refused inside the batch itself, so that a declaration made at the
-- same time cannot slip in between.
ALTER TABLE batch_guard ADD COLUMN unused_ok INTEGER DEFAULT 1 CONSTRAINT entry_in_use CHECK (unused_ok IS 1);

