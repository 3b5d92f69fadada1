-- one row per image that counts for failure patterns, in the order of their numbers
SELECT
    image,
    run,
    steps,
    cfg,
    guidance,
    denoise,
    failure_category,
    twins,
    failed
FROM pattern_scope
ORDER BY nth;
