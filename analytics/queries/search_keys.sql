-- one row per image of `selected`: its key, in order
SELECT image
FROM selected
ORDER BY image
