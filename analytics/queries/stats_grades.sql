-- one row per grade among the images of `selected`
SELECT
    grade,
    count(*) AS image_count
FROM selected
WHERE grade IS NOT NULL
GROUP BY grade
ORDER BY grade
