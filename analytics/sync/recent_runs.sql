-- one row per project: the earliest run id from which on its store is likely to have changed
WITH named AS (
    SELECT
        split_part(source, '/', 1) AS project,
        split_part(source, '/', 3) AS run_id
    FROM sources
    WHERE regexp_matches(source, '^[^/]+/working/[0-9]{4}-[0-9]{2}-[0-9]{2}_')
),

latest AS (
    SELECT
        project,
        max(run_id) AS run_id
    FROM named
    GROUP BY project
),

unfinished AS (
    SELECT
        r.project,
        min(r.run_id) AS run_id
    FROM runs AS r
    ANTI JOIN run_results AS c ON r.run = c.run
    INNER JOIN latest AS l ON r.project = l.project
    WHERE r.run_id >= strftime(try_cast(left(l.run_id, 10) AS DATE) - 30, '%Y-%m-%d')
    GROUP BY r.project
)

SELECT
    l.project,
    least(
        u.run_id, strftime(try_cast(left(l.run_id, 10) AS DATE) - 2, '%Y-%m-%d')
    ) AS run_id
FROM latest AS l
LEFT JOIN unfinished AS u ON l.project = u.project;
