-- How much the agents of a tier may do at once, and how far they are trusted. Null: no bound.
UPDATE tiers SET settings = json_set(
  settings,
  '$.calls_per_minute', NULL,
  '$.open_calls', NULL,
  '$.trust', CASE name WHEN 'restricted' THEN 25 WHEN 'trusted' THEN 75 ELSE 50 END
);
