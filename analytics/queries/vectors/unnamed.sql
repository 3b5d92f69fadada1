-- one row: how many images have no sha256, so that nothing can be kept about their content
SELECT count(*) AS images
FROM image_all
WHERE
    sha256 IS NULL
    AND NOT is_deleted
    AND ($project IS NULL OR project = $project)
