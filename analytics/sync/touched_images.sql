-- one row per image whose events are among the documents in `changed`
SELECT DISTINCT image
FROM annotations
WHERE target = 'image' AND source IN (SELECT source FROM changed);
