-- A copy of the hold that a suspended agent is under, for listing: only certain roles lift it.
ALTER TABLE agents ADD COLUMN hold TEXT;
