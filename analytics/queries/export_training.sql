-- one row per image of `selected`: what a training set needs
SELECT
    image,
    project,
    run_id,
    sha256,
    prompt
FROM selected
ORDER BY created_at, image
