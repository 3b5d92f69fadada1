-- one row per annotated run: what the warehouse knows, overlaid by what was said since
CREATE OR REPLACE TEMP TABLE run_marks AS
WITH fresh AS (
    SELECT unnest(
        from_json(
            $marks,
            '[{
                "run": "VARCHAR", "is_test": "BOOLEAN", "is_failed": "BOOLEAN",
                "is_archived": "BOOLEAN", "is_deleted": "BOOLEAN", "display_name": "VARCHAR",
                "notes": "VARCHAR", "extra": "VARCHAR",
                "annotated_at": "TIMESTAMP", "annotated_by": "VARCHAR"
            }]'
        ),
        max_depth := 2
    )
)

SELECT * FROM main.run_marks
WHERE run NOT IN (SELECT run FROM fresh)
UNION ALL BY NAME
SELECT * FROM fresh;
