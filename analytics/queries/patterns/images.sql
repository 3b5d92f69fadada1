-- one row per image that counts for failure patterns, in the order of their numbers
SELECT
    image,
    run,
    steps,
    cfg,
    failure_category,
    failed
FROM pattern_scope
ORDER BY nth;
