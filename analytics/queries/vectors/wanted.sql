-- one row per content of images not deleted: its sha256 as bytes, and one image that has it
SELECT
    min(image) AS image,
    unhex(sha256) AS digest
FROM image_all
WHERE
    regexp_full_match(sha256, '[0-9a-f]{64}')
    AND NOT is_deleted
    AND ($project IS NULL OR project = $project)
GROUP BY sha256
ORDER BY image
