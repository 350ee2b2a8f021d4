-- Whether calls of a tool carry a signed Dome-Context, and for which audience.
ALTER TABLE catalog_tools ADD COLUMN dome_context TEXT;
