-- one row per image in `touched_images` that has events: the latest value of each field
INSERT INTO image_marks
WITH set_fields AS (
    SELECT
        a.image,
        a.id,
        a.annotated_at,
        a.annotated_by,
        a.changes,
        json_keys(a.changes) AS fields
    FROM annotations AS a
    WHERE a.target = 'image' AND a.image IN (SELECT image FROM touched_images)
)

SELECT
    image,
    arg_max_null(changes ->> '$.technical_quality', id)
    FILTER (list_contains(fields, 'technical_quality')),
    arg_max_null(changes ->> '$.status', id) FILTER (list_contains(fields, 'status')),
    arg_max_null(changes ->> '$.is_liked', id) FILTER (list_contains(fields, 'is_liked'))::BOOLEAN,
    arg_max_null(changes ->> '$.failure_category', id)
    FILTER (list_contains(fields, 'failure_category')),
    arg_max_null(changes ->> '$.failure_notes', id) FILTER (list_contains(fields, 'failure_notes')),
    arg_max_null(changes ->> '$.notes', id) FILTER (list_contains(fields, 'notes')),
    arg_max_null(changes ->> '$.rating', id) FILTER (list_contains(fields, 'rating'))::DOUBLE,
    arg_max_null(changes ->> '$.is_deleted', id)
    FILTER (list_contains(fields, 'is_deleted'))::BOOLEAN,
    arg_max_null(changes ->> '$.ml_predictions', id)
    FILTER (list_contains(fields, 'ml_predictions')),
    arg_max_null(changes ->> '$.extra', id) FILTER (list_contains(fields, 'extra')),
    arg_max_null(annotated_at, id),
    arg_max_null(annotated_by, id)
FROM set_fields
GROUP BY image;
