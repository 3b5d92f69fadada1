-- one row per event on one of the given images or runs, oldest first
SELECT
    id,
    annotated_at,
    annotated_by,
    CASE target WHEN 'run' THEN run ELSE image END AS name,
    changes
FROM annotations
WHERE
    (target = 'image' AND image IN (SELECT unnest($images)))
    OR (target = 'run' AND run IN (SELECT unnest($runs)))
ORDER BY id;
