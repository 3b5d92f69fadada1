-- one row per failure category among the images of `selected`; rates are of all images
SELECT
    coalesce(failure_category, 'uncategorised') AS failure_category,
    count(*) AS image_count,
    count(*) / (SELECT count(*) FROM selected) AS failure_rate,
    count(DISTINCT run) AS run_count
FROM selected
WHERE status = 'ko'
GROUP BY ALL
ORDER BY image_count DESC, failure_category ASC
