-- one row per image to compare: what it was asked for, how it was drawn, how it came out
SELECT
    i.image,
    i.run,
    i.iteration,
    i.prompt,
    i.negative_prompt,
    i.preset,
    i.workflow,
    i.model,
    i.model_sha256,
    i.vae,
    l.loras,
    i.seed,
    i.steps,
    i.cfg,
    i.guidance,
    i.sampler,
    i.scheduler,
    i.denoise,
    i.width,
    i.height,
    i.parent_sha256 AS input_image,
    v.variations,
    i.engine,
    i.engine_version,
    i.device,
    i.seconds,
    coalesce(i.validation_score, i.composite_score / 10) AS score,
    i.composite_score,
    i.grade,
    i.overall_score,
    i.similarity_score,
    i.rating,
    i.is_liked,
    i.status,
    i.technical_quality,
    i.failure_category,
    i.document
FROM image_all AS i
LEFT JOIN (
    SELECT
        image,
        string_agg(concat(name, ' x', strength), ', ' ORDER BY position) AS loras
    FROM image_loras
    WHERE list_contains($images, image)
    GROUP BY image
) AS l ON i.image = l.image
LEFT JOIN (
    SELECT
        image,
        string_agg(concat(axis, '=', value), ', ' ORDER BY axis) AS variations
    FROM variations
    WHERE list_contains($images, image)
    GROUP BY image
) AS v ON i.image = v.image
WHERE list_contains($images, i.image);
