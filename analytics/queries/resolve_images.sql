-- one row per name and image it may mean: key, sha256 prefix, generation id, RUN/ITERATION
SELECT
    n.name,
    i.image
FROM (SELECT unnest($names::VARCHAR[]) AS name) AS n
INNER JOIN images AS i
    ON
        n.name = i.image
        OR n.name = i.generation_id
        OR n.name = concat(i.run, '/', i.iteration)
        OR n.name = concat(i.run_id, '/', i.iteration)
        OR (length(n.name) >= 6 AND starts_with(i.sha256, lower(n.name)))
ORDER BY n.name, i.image;
