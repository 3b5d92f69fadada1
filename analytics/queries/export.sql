-- one row per image of `selected`: every column; LoRAs and variations as JSON
SELECT
    s.* EXCLUDE (document),
    l.loras,
    v.variations,
    CASE WHEN $documents::BOOLEAN THEN s.document END AS document
FROM selected AS s
LEFT JOIN (
    SELECT
        image,
        to_json(list(struct_pack(name, strength) ORDER BY position))::VARCHAR AS loras
    FROM image_loras
    GROUP BY image
) AS l ON s.image = l.image
LEFT JOIN (
    SELECT
        image,
        to_json(
            map_from_entries(list(struct_pack(axis, value) ORDER BY axis))
        )::VARCHAR AS variations
    FROM variations
    GROUP BY image
) AS v ON s.image = v.image
ORDER BY s.created_at, s.image
