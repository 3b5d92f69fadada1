-- one row per event of the given ids that the warehouse has taken in
SELECT id
FROM annotations
WHERE id IN (SELECT unnest($ids));
