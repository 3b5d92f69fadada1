-- one row per image that was made from the one with this sha256
SELECT image, run, iteration, created_at
FROM image
WHERE parent_sha256 = $sha256
ORDER BY created_at, image;
