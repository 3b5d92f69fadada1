-- one row per run whose events are among the documents in `changed`
SELECT DISTINCT run
FROM annotations
WHERE target = 'run' AND source IN (SELECT source FROM changed);
