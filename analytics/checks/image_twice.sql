-- one row per image that has more than one row in images; there must be none
SELECT
    image,
    count(*) AS row_count
FROM images
GROUP BY image
HAVING count(*) > 1;
