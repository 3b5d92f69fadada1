-- one row per attempt that failed, in runs that nobody deleted, and whether it was made good since
CREATE VIEW failure AS
SELECT
    f.* EXCLUDE (document),
    CASE f.kind
        WHEN 'drawing'
            THEN EXISTS (
                SELECT 1 FROM images AS i
                WHERE i.job_key = f.job_key AND i.project = f.project
            )
        ELSE EXISTS (
            SELECT 1 FROM images AS i
            WHERE i.run = f.run AND i.composite_score >= f.threshold
        )
    END AS is_mended
FROM failures AS f
LEFT JOIN run_marks AS m ON f.run = m.run
WHERE f.cause IS DISTINCT FROM 'duplicate' AND NOT coalesce(m.is_deleted, FALSE);
