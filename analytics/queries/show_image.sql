-- one row: everything known of one image, the sidecar's text included
SELECT
    *,
    coalesce(validation_score, composite_score / 10) AS score,
    CASE WHEN criteria_count > 0 THEN criteria_met = criteria_count END AS is_accepted
FROM image_all
WHERE image = $image;
