-- one row: how many images `selected` has
SELECT count(*) AS image_count
FROM selected
