-- one row per image of a trial that somebody judged, with whether it failed
SELECT
    image,
    failed
FROM pattern_scope
WHERE list_contains($images::VARCHAR[], image)
ORDER BY image;
