-- one row per image with a number no reader should let in; there must be none
SELECT image
FROM images
WHERE
    NOT coalesce(overall_score BETWEEN 0 AND 100, TRUE)
    OR NOT coalesce(composite_score BETWEEN 0 AND 10, TRUE)
    OR NOT coalesce(coverage BETWEEN 0 AND 1, TRUE)
    OR criteria_met > criteria_count
    OR coalesce(isnan(cfg) OR isnan(denoise) OR isnan(similarity_score), FALSE);
