-- one row per run that nobody deleted
CREATE VIEW run AS
SELECT *
FROM run_all
WHERE NOT is_deleted;
