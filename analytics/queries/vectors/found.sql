-- one row per image of `selected` whose content is among $digests, with what tells images apart
SELECT
    image,
    project,
    run,
    iteration,
    created_at,
    prompt,
    model,
    sampler,
    steps,
    cfg,
    seed,
    score,
    composite_score,
    grade,
    rating,
    is_liked,
    is_deleted,
    sha256
FROM selected
WHERE list_contains($digests, sha256)
ORDER BY image
