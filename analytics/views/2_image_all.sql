-- one row per image, deleted ones too: the facts of the sidecar, the latest scores, what was said
CREATE VIEW image_all AS
SELECT
    i.* REPLACE (
        coalesce(s.composite_score, i.composite_score) AS composite_score,
        coalesce(s.grade, i.grade) AS grade,
        coalesce(s.coverage, i.coverage) AS coverage,
        coalesce(r.is_test, i.is_test) AS is_test
    ),
    s.measured_at AS scored_at, -- NULL where the scores are the sidecar's
    m.technical_quality,
    coalesce(m.status, 'ok') AS status,
    coalesce(m.is_liked, FALSE) AS is_liked,
    m.failure_category,
    m.failure_notes,
    m.notes,
    m.rating,
    m.ml_predictions,
    m.extra,
    m.annotated_at,
    m.annotated_by,
    m.image IS NOT NULL AS is_annotated,
    coalesce(r.is_failed, FALSE) AS is_run_failed,
    coalesce(r.is_archived, FALSE) AS is_archived,
    r.display_name AS run_name,
    coalesce(m.is_deleted, FALSE) OR coalesce(r.is_deleted, FALSE) AS is_deleted
FROM images AS i
LEFT JOIN score_current AS s ON i.image = s.image
LEFT JOIN image_marks AS m ON i.image = m.image
LEFT JOIN run_marks AS r ON i.run = r.run;
