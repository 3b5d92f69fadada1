-- one row per annotated image: what the warehouse knows, overlaid by what was said since
CREATE OR REPLACE TEMP TABLE image_marks AS
WITH fresh AS (
    SELECT unnest(
        from_json(
            $marks,
            '[{
                "image": "VARCHAR", "technical_quality": "VARCHAR", "status": "VARCHAR",
                "is_liked": "BOOLEAN", "failure_category": "VARCHAR",
                "failure_notes": "VARCHAR", "notes": "VARCHAR", "rating": "DOUBLE",
                "is_deleted": "BOOLEAN", "ml_predictions": "VARCHAR", "extra": "VARCHAR",
                "annotated_at": "TIMESTAMP", "annotated_by": "VARCHAR"
            }]'
        ),
        max_depth := 2
    )
)

SELECT * FROM main.image_marks
WHERE image NOT IN (SELECT image FROM fresh)
UNION ALL BY NAME
SELECT * FROM fresh;
