-- one row per document that could not be read, with the reason
SELECT
    source,
    kind,
    code,
    reason
FROM quarantine
WHERE $pattern IS NULL OR source LIKE $pattern
ORDER BY source
LIMIT $limit;
