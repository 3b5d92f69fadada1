-- one row per image of one run that nobody deleted, in order
SELECT
    i.image,
    i.iteration,
    i.overall_score,
    i.composite_score,
    i.grade,
    i.seed,
    i.steps,
    i.cfg,
    i.denoise,
    i.rating,
    i.is_liked,
    i.status,
    i.failure_category,
    r.position AS place,
    r.note AS ranking_note
FROM image AS i
LEFT JOIN rankings AS r ON i.run = r.run AND i.iteration = r.iteration
WHERE i.run = $run
ORDER BY i.iteration, i.image;
