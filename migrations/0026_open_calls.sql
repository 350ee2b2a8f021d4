-- How many calls of a tool may be open at once, in one isolate.
ALTER TABLE catalog_tools ADD COLUMN max_open_calls INTEGER NOT NULL DEFAULT 512;
