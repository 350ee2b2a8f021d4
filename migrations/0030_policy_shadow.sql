-- A version that is evaluated beside the one in force; its differences are recorded, and it decides nothing.
ALTER TABLE policy_bundles ADD COLUMN shadow INTEGER CHECK (shadow IS NULL OR shadow BETWEEN 1 AND latest);
