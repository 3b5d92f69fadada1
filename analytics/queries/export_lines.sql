-- one row per image of `selected`: every column as one JSON object
WITH exported AS (
    SELECT
        s.* EXCLUDE (document) REPLACE (
            s.ml_predictions::JSON AS ml_predictions,
            s.extra::JSON AS extra
        ),
        coalesce(l.loras, []) AS loras,
        coalesce(v.variations, '{}'::JSON) AS variations,
        CASE WHEN $documents::BOOLEAN THEN s.document::JSON END AS document
    FROM selected AS s
    LEFT JOIN (
        SELECT
            image,
            list(struct_pack(name, strength) ORDER BY position) AS loras
        FROM image_loras
        GROUP BY image
    ) AS l ON s.image = l.image
    LEFT JOIN (
        SELECT
            image,
            to_json(map_from_entries(list(struct_pack(axis, value) ORDER BY axis))) AS variations
        FROM variations
        GROUP BY image
    ) AS v ON s.image = v.image
    ORDER BY s.created_at, s.image
)

SELECT
    CASE
        WHEN $documents::BOOLEAN THEN to_json(exported)::VARCHAR
        -- without documents, their empty place at the end of each line goes as well
        ELSE concat(left(to_json(exported)::VARCHAR, -length(',"document":null}')), '}')
    END AS line
FROM exported
