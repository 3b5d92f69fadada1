-- one row per annotated image or run and field: the latest value, as JSON, and who set it
CREATE VIEW annotation_latest AS
WITH set_fields AS (
    SELECT
        a.*,
        unnest(json_keys(a.changes)) AS field
    FROM annotations AS a
)

SELECT
    target,
    image,
    run,
    field,
    json_extract(changes, concat('$."', field, '"')) AS value,
    id,
    annotated_at,
    annotated_by
FROM set_fields
QUALIFY row_number() OVER (PARTITION BY image, run, field ORDER BY id DESC) = 1;
