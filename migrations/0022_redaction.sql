-- What of the answers of a tool's server no agent gets, and what becomes of answers that cannot be redacted.
ALTER TABLE catalog_tools ADD COLUMN redact_paths TEXT NOT NULL DEFAULT '[]';
ALTER TABLE catalog_tools ADD COLUMN redact_patterns TEXT NOT NULL DEFAULT '[]';
ALTER TABLE catalog_tools ADD COLUMN redact_unreadable TEXT NOT NULL DEFAULT 'refuse';
