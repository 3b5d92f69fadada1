-- one row per run that the view shows more than once; there must be none
SELECT
    run,
    count(*) AS row_count
FROM run_all
GROUP BY run
HAVING count(*) > 1;
