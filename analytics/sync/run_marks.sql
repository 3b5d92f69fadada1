-- one row per run in `touched_runs` that has events: the latest value of each field
INSERT INTO run_marks
WITH set_fields AS (
    SELECT
        a.run,
        a.id,
        a.annotated_at,
        a.annotated_by,
        a.changes,
        json_keys(a.changes) AS fields
    FROM annotations AS a
    WHERE a.target = 'run' AND a.run IN (SELECT run FROM touched_runs)
)

SELECT
    run,
    arg_max_null(changes ->> '$.is_test', id) FILTER (list_contains(fields, 'is_test'))::BOOLEAN,
    arg_max_null(changes ->> '$.is_failed', id)
    FILTER (list_contains(fields, 'is_failed'))::BOOLEAN,
    arg_max_null(changes ->> '$.is_archived', id)
    FILTER (list_contains(fields, 'is_archived'))::BOOLEAN,
    arg_max_null(changes ->> '$.is_deleted', id)
    FILTER (list_contains(fields, 'is_deleted'))::BOOLEAN,
    arg_max_null(changes ->> '$.display_name', id) FILTER (list_contains(fields, 'display_name')),
    arg_max_null(changes ->> '$.notes', id) FILTER (list_contains(fields, 'notes')),
    arg_max_null(changes ->> '$.extra', id) FILTER (list_contains(fields, 'extra')),
    arg_max_null(annotated_at, id),
    arg_max_null(annotated_by, id)
FROM set_fields
GROUP BY run;
