-- one row per image that passes every filter given; a condition whose parameter is not
-- given is left out, so this text as it stands is the search with every filter at once
SELECT
    i.*,
    coalesce(i.validation_score, i.composite_score / 10) AS score,
    CASE WHEN i.criteria_count > 0 THEN i.criteria_met = i.criteria_count END AS is_accepted
FROM image_all AS i
WHERE
    TRUE
    -- which images
    AND list_contains($images, i.image)
    AND list_contains($projects, i.project)
    AND (list_contains($runs, i.run) OR list_contains($runs, i.run_id))
    AND i.iteration BETWEEN $iteration_from AND $iteration_to
    AND i.created_at >= $since
    AND i.created_at < $until
    -- what was asked for
    AND contains(lower(i.prompt), lower($prompt))
    AND NOT contains(lower(i.prompt), lower($without))
    AND contains(lower(i.negative_prompt), lower($negative))
    AND contains(lower(i.model), lower($model))
    AND contains(lower(i.workflow), lower($workflow))
    AND i.preset = $preset
    AND i.sampler = $sampler
    AND i.scheduler = $scheduler
    AND i.seed BETWEEN $seed_from AND $seed_to
    AND i.steps BETWEEN $steps_from AND $steps_to
    AND i.cfg BETWEEN $cfg_from AND $cfg_to
    AND i.guidance BETWEEN $guidance_from AND $guidance_to
    AND i.denoise BETWEEN $denoise_from AND $denoise_to
    AND i.width BETWEEN $width_from AND $width_to
    AND i.height BETWEEN $height_from AND $height_to
    AND i.strategy = $strategy
    AND i.image IN (
        SELECT l.image FROM image_loras AS l WHERE contains(lower(l.name), lower($lora))
    )
    AND i.image IN (
        SELECT v.image FROM variations AS v WHERE v.axis = $axis AND v.value = $axis_value
    )
    -- how it came out
    AND coalesce(i.validation_score, i.composite_score / 10) BETWEEN $score_from AND $score_to
    AND i.composite_score BETWEEN $quality_from AND $quality_to
    AND i.overall_score BETWEEN $criteria_from AND $criteria_to
    AND i.similarity_score BETWEEN $similarity_from AND $similarity_to
    AND list_contains($grades, i.grade)
    AND i.criteria_count > 0 AND (i.criteria_met = i.criteria_count) = $accepted
    AND i.image IN (SELECT c.image FROM criteria AS c WHERE c.field = $passed AND c.passed)
    AND i.image IN (SELECT c.image FROM criteria AS c WHERE c.field = $missed AND NOT c.passed)
    AND i.image IN (
        SELECT s.image FROM score_latest AS s
        WHERE s.metric = $metric AND s.normalised BETWEEN $metric_from AND $metric_to
    )
    -- what people said
    AND i.is_liked = $liked
    AND i.status = $status
    AND i.technical_quality = $technical_quality
    AND list_contains($failures, i.failure_category)
    AND i.rating BETWEEN $rating_from AND $rating_to
    AND i.is_annotated = $annotated
    AND (
        list_contains(json_exists(i.extra, $extra_keys), TRUE)
        OR list_contains(json_exists(json_extract(i.document, '/extra'), $extra_keys), TRUE)
    )
    AND (
        list_contains(json_extract_string(i.extra, $extra_keys), $extra_value)
        OR list_contains(
            json_extract_string(json_extract(i.document, '/extra'), $extra_keys), $extra_value
        )
    )
    AND contains(lower(concat_ws(' ', i.notes, i.failure_notes)), lower($notes))
    -- what is left out unless asked for
    AND i.is_test = $tests
    AND i.is_archived = $archived
    AND i.is_deleted = $deleted
