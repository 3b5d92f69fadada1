-- one row per varied axis of one image
SELECT axis, value
FROM variations
WHERE image = $image
ORDER BY axis;
