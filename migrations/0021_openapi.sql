-- openapi: where the operations of an HTTP tool are described: the URL of the document, or `given` by an operator.
-- additional_query: whether calls may have query parameters that the document does not declare.
ALTER TABLE catalog_tools ADD COLUMN openapi TEXT;
ALTER TABLE catalog_tools ADD COLUMN additional_query INTEGER NOT NULL DEFAULT 0;
