-- one row per document that is listed or quarantined twice; there must be none
SELECT source, 'sources' AS part FROM sources GROUP BY source HAVING count(*) > 1
UNION ALL
SELECT source, 'quarantine' AS part FROM quarantine GROUP BY source HAVING count(*) > 1;
