-- Headers of the caller that are part of the context of a call: what is decided on, recorded and told to the server.
ALTER TABLE catalog_tools ADD COLUMN context_headers TEXT NOT NULL DEFAULT '[]';
