-- one row per name and run it may mean: PROJECT/RUN_ID or RUN_ID
SELECT
    n.name,
    r.run
FROM (SELECT unnest($names::VARCHAR[]) AS name) AS n
INNER JOIN run_all AS r ON n.name = r.run OR n.name = r.run_id
ORDER BY n.name, r.run;
